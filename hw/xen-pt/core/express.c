/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * xen-pt core: the PCI Express capability, versions 1 and 2
 *
 * The link and the fabric belong to the host: what the guest sets of payload
 * sizes, ASPM, LTR or link speed is kept for the guest and goes nowhere.  It
 * starts as the device's own, so that a guest that looks sees the truth.
 *
 * The Device/Port Type is what the guest's bus makes of the function, as an
 * operating system may refuse what cannot be there: on the root bus of a PCI
 * Express machine a function is integrated in the root complex and has no
 * link; behind a port it has one (PCIe 5.0, 1.3.2).  A conventional bus gives
 * the type no meaning, and drivers ask for the speed of the link: there it
 * is the device's own.
 */
#include "pci-regs.h"
#include "tables.h"

#define EXP_FLAGS     0x02
#define EXP_DEVCAP    0x04
#define  EXP_DEVCAP_FLR 0x10000000u
#define EXP_DEVCTL    0x08
#define  EXP_DEVCTL_FLR 0x8000
#define EXP_LNKCAP    0x0c
#define EXP_LNKCTL    0x10
#define EXP_LNKSTA    0x12
#define EXP_DEVCTL2   0x28
#define EXP_LNKCAP2   0x2c
#define EXP_LNKCTL2   0x30
#define EXP_LNKSTA2   0x32
#define LENGTH_V2     0x3c
#define LINK_X1_2_5GT 0x0011  /* in Link Capabilities and Link Status */
#define SPEEDS_2_5GT  0x0002  /* in Link Capabilities 2 */

enum {
    TYPE_ENDPOINT = 0,
    TYPE_LEGACY = 1,
    TYPE_RC_INTEGRATED = 9,
};

static const XenPtField fields[] = {
    { EXP_FLAGS, 2, "PCI Express Capabilities", .ro = 0xffff,
      .note = "on the root bus of a PCI Express machine (no xl guest has "
              "one) the type is that of an integrated endpoint, and the "
              "link registers read 0; behind a port an integrated endpoint "
              "of version 2 is an endpoint with a link of 2.5 GT/s, x1" },
    { EXP_DEVCAP, 4, "Device Capabilities",
      .ro = ~EXP_DEVCAP_FLR, .fixed = EXP_DEVCAP_FLR,
      .note = "function level reset is offered only if the guest may reset "
              "the function" },
    { EXP_DEVCTL, 2, "Device Control", .virt = 0x7fff, .fixed = 0x8000,
      .note = "starts as in hardware; bit 15 starts a function level reset "
              "if the guest may, and reads 0" },
    { 0x0a, 2, "Device Status", .rw1c = 0x000f, .live = 0xfff0 },
    { 0x0c, 4, "Link Capabilities", .ro = 0xffffffff },
    { EXP_LNKCTL, 2, "Link Control", .virt = 0x03cb, .fixed = 0xfc34,
      .note = "starts as in hardware; the rest is for downstream ports" },
    { 0x12, 2, "Link Status", .live = 0x3fff, .rw1c = 0xc000 },
    { 0x14, 4, "Slot Capabilities", .fixed = 0xffffffff },
    { 0x18, 2, "Slot Control", .fixed = 0xffff },
    { 0x1a, 2, "Slot Status", .fixed = 0xffff },
    { 0x1c, 2, "Root Control", .fixed = 0xffff },
    { 0x1e, 2, "Root Capabilities", .fixed = 0xffff },
    { 0x20, 4, "Root Status", .fixed = 0xffffffff },
    { 0x24, 4, "Device Capabilities 2", .ro = 0xffffffff },
    { EXP_DEVCTL2, 2, "Device Control 2", .virt = 0x775f, .fixed = 0x88a0,
      .note = "starts as in hardware; AtomicOp requests (bit 6) are not "
              "enabled in hardware, as a host path that does not route them "
              "raises fatal errors: allow CAP_EXP+28.w=0040 where it does" },
    { 0x2a, 2, "Device Status 2", .fixed = 0xffff },
    { 0x2c, 4, "Link Capabilities 2", .ro = 0xffffffff },
    { EXP_LNKCTL2, 2, "Link Control 2", .virt = 0xffbf, .ro = 0x0040,
      .note = "starts as in hardware" },
    { 0x32, 2, "Link Status 2", .live = 0xffff },
    { 0x34, 4, "Slot Capabilities 2", .fixed = 0xffffffff },
    { 0x38, 2, "Slot Control 2", .fixed = 0xffff },
    { 0x3a, 2, "Slot Status 2", .fixed = 0xffff },
    XEN_PT_FIELD_END
};

static uint16_t length(XenPtDevice *dev, const XenPtInstance *inst,
                       const char **why)
{
    uint16_t flags = xen_pt_config_host(dev, inst->offset + EXP_FLAGS, 2);
    unsigned version = flags & 0xf, type = flags >> 4 & 0xf;

    if (version == 0) {
        *why = xen_pt_device_info(dev)->is_virtfn
               ? "its version is 0: this VF leaves it to its PF"
               : "its version is 0, which no specification knows";
        return 0;
    }
    if (type != TYPE_ENDPOINT && type != TYPE_LEGACY &&
        type != TYPE_RC_INTEGRATED) {
        *why = "it is that of a port, a bridge or an event collector, not "
               "of an endpoint";
        return 0;
    }
    if (version >= 2) {
        return LENGTH_V2;
    }
    /* version 1 has only the registers that apply: PCIe 1.1, 7.8 */
    return type == TYPE_RC_INTEGRATED ? 0x0c : 0x14;
}

/* size bytes at offset read as value, if the instance is that long. */
static void fix(XenPtDevice *dev, const XenPtInstance *inst, uint16_t offset,
                uint8_t size, uint32_t value)
{
    if (offset + size <= inst->length) {
        xen_pt_table_fix(dev, inst, offset, size, value);
    }
}

static void set_type(XenPtDevice *dev, const XenPtInstance *inst,
                     unsigned type, uint32_t link, uint32_t speeds)
{
    uint16_t flags = xen_pt_config_host(dev, inst->offset + EXP_FLAGS, 2);

    fix(dev, inst, EXP_FLAGS, 2, (flags & ~0xf0) | type << 4);
    fix(dev, inst, EXP_LNKCAP, 4, link);
    fix(dev, inst, EXP_LNKSTA, 2, link);
    fix(dev, inst, EXP_LNKCAP2, 4, speeds);
    fix(dev, inst, EXP_LNKSTA2, 2, 0);
    if (!link) {
        fix(dev, inst, EXP_LNKCTL, 2, 0);
        fix(dev, inst, EXP_LNKCTL2, 2, 0);
    }
}

static void fit_to_bus(XenPtDevice *dev, const XenPtInstance *inst)
{
    uint8_t type =
        xen_pt_config_host(dev, inst->offset + EXP_FLAGS, 2) >> 4 & 0xf;

    if (dev->options.bus == XEN_PT_BUS_ROOT_COMPLEX) {
        set_type(dev, inst, TYPE_RC_INTEGRATED, 0, 0);
    } else if (dev->options.bus == XEN_PT_BUS_BELOW_PORT &&
               type == TYPE_RC_INTEGRATED && inst->length == LENGTH_V2) {
        set_type(dev, inst, TYPE_ENDPOINT, LINK_X1_2_5GT, SPEEDS_2_5GT);
    }
}

static bool setup(XenPtDevice *dev, const XenPtInstance *inst,
                  const char **why)
{
    static const uint16_t own[] = {
        EXP_DEVCTL, EXP_LNKCTL, EXP_DEVCTL2, EXP_LNKCTL2,
    };
    uint32_t devcap = xen_pt_config_host(dev, inst->offset + EXP_DEVCAP, 4);

    (void)why;
    for (unsigned i = 0; i < G_N_ELEMENTS(own); i++) {
        xen_pt_table_adopt(dev, inst, own[i]);
    }
    if (dev->options.allow_reset && (devcap & EXP_DEVCAP_FLR)) {
        const XenPtField cap = {
            .size = 4, .ro = ~EXP_DEVCAP_FLR, .fixed = EXP_DEVCAP_FLR,
            .init = EXP_DEVCAP_FLR,
        };
        const XenPtField control = {
            .size = 2, .virt = 0x7fff, .hooked = EXP_DEVCTL_FLR,
            .action = XEN_PT_ACTION_FLR,
            .init = xen_pt_config_host(dev, inst->offset + EXP_DEVCTL, 2) &
                    0x7fff,
        };

        xen_pt_config_set(dev, inst->offset + EXP_DEVCAP, &cap);
        xen_pt_config_set(dev, inst->offset + EXP_DEVCTL, &control);
    }
    fit_to_bus(dev, inst);
    return true;
}

const XenPtCapability xen_pt_cap_express = {
    .id = PCI_CAP_ID_EXP,
    .single = true,
    .name = "PCI Express",
    .spec = "PCIe 5.0, 7.5.3",
    .fields = fields,
    .min_length = 0x0c,
    .may_trim = true,
    .length = length,
    .setup = setup,
};
