/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * xen-pt core: Vital Product Data
 *
 * Writing the address with F clear reads; with F set it stores the Data
 * register.  A guest that could set F but not write Data would store what
 * was read last: so both are open, or neither is.
 */
#include "pci-regs.h"
#include "tables.h"

#define VPD_ADDRESS 2
#define VPD_DATA    4

static const XenPtField fields[] = {
    { VPD_ADDRESS, 2, "VPD Address and F",
      .host = 0x7ffc, .fixed = 0x0003, .trigger = 0x8000,
      .note = "F is never set by the guest: it may read VPD, not write it; "
              "permissive opens F and Data together" },
    { VPD_DATA, 4, "VPD Data", .live = 0xffffffff },
    XEN_PT_FIELD_END
};

static bool setup(XenPtDevice *dev, const XenPtInstance *inst,
                  const char **why)
{
    static const XenPtField open_address = {
        .size = 2, .host = 0xfffc, .fixed = 0x0003,
    };
    static const XenPtField open_data = { .size = 4, .host = 0xffffffff };

    (void)why;
    if (dev->options.permissive) {
        xen_pt_config_set(dev, inst->offset + VPD_ADDRESS, &open_address);
        xen_pt_config_set(dev, inst->offset + VPD_DATA, &open_data);
    }
    return true;
}

const XenPtCapability xen_pt_cap_vpd = {
    .id = PCI_CAP_ID_VPD,
    .single = true,
    .name = "Vital Product Data",
    .spec = "PCI 3.0, appendix I; PCIe 5.0, 7.9.19",
    .fields = fields,
    .min_length = 8,
    .setup = setup,
};
