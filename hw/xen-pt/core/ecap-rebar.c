/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * xen-pt core: Resizable BAR
 *
 * A BAR's size changes on the host, before the function is given away: the
 * guest may learn of it and is offered no other.
 */
#include "pci-regs.h"
#include "tables.h"

#define REBAR_CAP(i)        (4 + 8 * (i))
#define REBAR_CTRL(i)       (8 + 8 * (i))
#define  REBAR_CTRL_INDEX     0x00000007u
#define  REBAR_CTRL_COUNT     0x000000e0u
#define  REBAR_CTRL_SIZE      0x00003f00u
#define  REBAR_CTRL_SIZE_SHIFT 8
#define  REBAR_SIZE_MOST      43    /* 8 EiB, the last that fits 64 bits */
#define REBAR_MOST          6

#define NOTE "one size is offered: the current one"

#define REBAR(i) \
    { REBAR_CAP(i), 4, "Resizable BAR Capability " #i, \
      .fixed = 0xffffffff, .note = NOTE }, \
    { REBAR_CTRL(i), 4, "Resizable BAR Control " #i, .fixed = 0xffffffff, \
      .note = NOTE }

static const XenPtField fields[] = {
    REBAR(0), REBAR(1), REBAR(2), REBAR(3), REBAR(4), REBAR(5),
    XEN_PT_FIELD_END
};

static unsigned count(XenPtDevice *dev, const XenPtInstance *inst)
{
    return (xen_pt_config_host(dev, inst->offset + REBAR_CTRL(0), 4) &
            REBAR_CTRL_COUNT) >> 5;
}

static uint16_t length(XenPtDevice *dev, const XenPtInstance *inst,
                       const char **why)
{
    unsigned bars = count(dev, inst);

    if (bars == 0 || bars > REBAR_MOST) {
        *why = "it is for no BAR, or for more than there are";
        return 0;
    }
    return REBAR_CAP(bars);
}

/* log2 of the size in MiB, as the control register codes it */
static unsigned size_code(const XenPtDevice *dev, uint32_t control)
{
    unsigned bar = control & REBAR_CTRL_INDEX;
    unsigned told = (control & REBAR_CTRL_SIZE) >> REBAR_CTRL_SIZE_SHIFT;
    uint64_t mib;

    if (bar < XEN_PT_ROM_REGION) {
        mib = xen_pt_device_region(dev, bar).size >> 20;
        if (mib) {
            return g_bit_nth_msf(mib, -1);
        }
    }
    return told <= REBAR_SIZE_MOST ? told : 0;
}

static bool setup(XenPtDevice *dev, const XenPtInstance *inst,
                  const char **why)
{
    unsigned bars = count(dev, inst);

    (void)why;
    for (unsigned i = 0; i < bars; i++) {
        uint32_t control =
            xen_pt_config_host(dev, inst->offset + REBAR_CTRL(i), 4);
        unsigned code = size_code(dev, control);

        /* 1 MiB is bit 4; from 256 TiB on, the bits are in the control */
        xen_pt_table_fix(dev, inst, REBAR_CAP(i), 4,
                         code < 28 ? 1u << (code + 4) : 0);
        xen_pt_table_fix(dev, inst, REBAR_CTRL(i), 4,
                         (control & (REBAR_CTRL_INDEX | REBAR_CTRL_COUNT)) |
                         (code << REBAR_CTRL_SIZE_SHIFT & REBAR_CTRL_SIZE) |
                         (code >= 28 && code <= REBAR_SIZE_MOST
                          ? 1u << (code - 12) : 0));
    }
    return true;
}

const XenPtCapability xen_pt_ecap_rebar = {
    .id = 0x0015,
    .extended = true,
    .single = true,
    .name = "Resizable BAR",
    .spec = "PCIe 5.0, 7.8.6",
    .fields = fields,
    .min_length = REBAR_CAP(1),
    .length = length,
    .setup = setup,
};
