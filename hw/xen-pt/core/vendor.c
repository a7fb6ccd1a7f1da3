/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * xen-pt core: the vendor-specific capability
 *
 * Its registers are whatever the vendor wanted, so they are read from the
 * device each time and written in permissive mode or by an allow rule only.
 * The length is the device's word for it: the chain keeps it from covering a
 * neighbour.
 */
#include "pci-regs.h"
#include "tables.h"

#define VENDOR_LENGTH 2

static const XenPtField fields[] = {
    { VENDOR_LENGTH, 1, "Length", .ro = 0xff },
    XEN_PT_FIELD_END
};

static uint16_t length(XenPtDevice *dev, const XenPtInstance *inst,
                       const char **why)
{
    uint8_t bytes = xen_pt_config_host(dev, inst->offset + VENDOR_LENGTH, 1);

    if (bytes < 3) {
        *why = "its length byte leaves no room for the length byte";
        return 0;
    }
    return bytes;
}

const XenPtCapability xen_pt_cap_vendor = {
    .id = PCI_CAP_ID_VNDR,
    .name = "Vendor-specific",
    .spec = "PCI 3.0, 6.7; PCIe 5.0, 7.9.4",
    .fields = fields,
    .min_length = 3,
    .may_trim = true,
    .length = length,
};
