/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * xen-pt core: vendor-specific and designated vendor-specific capabilities
 *
 * As the vendor-specific capability of conventional space: read from the
 * device each time, written in permissive mode or by an allow rule only, and
 * kept by the chain from covering a neighbour.
 */
#include "pci-regs.h"
#include "tables.h"

#define VSEC_HEADER        4
#define DVSEC_HEADER2      8
#define DVSEC_VENDOR_CXL   0x1e98

static const XenPtField vsec_fields[] = {
    { VSEC_HEADER, 4, "Vendor-Specific Header", .ro = 0xffffffff },
    XEN_PT_FIELD_END
};

static const XenPtField dvsec_fields[] = {
    { VSEC_HEADER, 4, "Designated Vendor-Specific Header 1",
      .ro = 0xffffffff },
    { DVSEC_HEADER2, 2, "Designated Vendor-Specific Header 2",
      .ro = 0xffff },
    XEN_PT_FIELD_END
};

/* Bits 31:20 of the header of either are the length with both headers. */
static uint16_t length(XenPtDevice *dev, const XenPtInstance *inst,
                       const char **why)
{
    uint16_t bytes =
        xen_pt_config_host(dev, inst->offset + VSEC_HEADER, 4) >> 20;

    if (bytes < inst->cap->min_length) {
        *why = "its length leaves no room for its headers";
        return 0;
    }
    return bytes;
}

static bool dvsec_setup(XenPtDevice *dev, const XenPtInstance *inst,
                        const char **why)
{
    uint16_t vendor =
        xen_pt_config_host(dev, inst->offset + VSEC_HEADER, 2);

    if (vendor == DVSEC_VENDOR_CXL) {
        *why = "CXL: it holds host addresses and controls the host's memory";
        return false;
    }
    return true;
}

const XenPtCapability xen_pt_ecap_vsec = {
    .id = 0x000b,
    .extended = true,
    .name = "Vendor-Specific Extended",
    .spec = "PCIe 5.0, 7.9.5",
    .fields = vsec_fields,
    .min_length = 8,
    .may_trim = true,
    .length = length,
};

const XenPtCapability xen_pt_ecap_dvsec = {
    .id = 0x0023,
    .extended = true,
    .name = "Designated Vendor-Specific Extended",
    .spec = "PCIe 5.0, 7.9.6",
    .fields = dvsec_fields,
    .min_length = 0x0a,
    .may_trim = true,
    .length = length,
    .setup = dvsec_setup,
};
