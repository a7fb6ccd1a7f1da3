/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * xen-pt core: Advanced Features of conventional PCI, that is, function level
 * reset for functions without a PCI Express capability
 *
 * Resetting the function behind the host's back loses what dom0 and Xen have
 * set in it, so the guest's request goes to the host, and only if allowed.
 */
#include "pci-regs.h"
#include "tables.h"

#define AF_LENGTH 2
#define AF_CAP    3
#define  AF_CAP_TP  0x01
#define  AF_CAP_FLR 0x02

static const XenPtField fields[] = {
    { AF_LENGTH, 1, "AF Length", .ro = 0xff },
    { AF_CAP, 1, "AF Capabilities", .ro = 0x03, .fixed = 0xfc },
    { 4, 1, "AF Control", .hooked = 0x01, .fixed = 0xfe,
      .action = XEN_PT_ACTION_FLR,
      .note = "the host resets the function; reads 0" },
    { 5, 1, "AF Status", .live = 0x01, .fixed = 0xfe },
    XEN_PT_FIELD_END
};

static bool setup(XenPtDevice *dev, const XenPtInstance *inst,
                  const char **why)
{
    uint8_t cap = xen_pt_config_host(dev, inst->offset + AF_CAP, 1);

    if (!dev->options.allow_reset) {
        *why = "the guest may not reset the function";
        return false;
    }
    if ((cap & (AF_CAP_TP | AF_CAP_FLR)) != (AF_CAP_TP | AF_CAP_FLR)) {
        *why = "the device offers no reset by it";
        return false;
    }
    return true;
}

const XenPtCapability xen_pt_cap_af = {
    .id = PCI_CAP_ID_AF,
    .single = true,
    .name = "Advanced Features",
    .spec = "PCIe 5.0, 7.9.22",
    .fields = fields,
    .min_length = 6,
    .setup = setup,
};
