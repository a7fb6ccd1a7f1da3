/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * xen-pt core: link power, latency and time
 *
 * The link's partner is the host's.  What the guest sets for latency and L1
 * substates is kept for the guest, so that its power management finds a
 * register that holds what it wrote.  Precision time is different: a driver
 * that believes it enabled waits for time stamps that never come.
 */
#include "pci-regs.h"
#include "tables.h"

#define LTR_SNOOP      4
#define LTR_NO_SNOOP   6
#define L1SS_CTL1      8
#define L1SS_CTL2      0x0c

#define ADOPTED "starts as in hardware"

static const XenPtField ltr_fields[] = {
    { LTR_SNOOP, 2, "Max Snoop Latency", .virt = 0xffff, .note = ADOPTED },
    { LTR_NO_SNOOP, 2, "Max No-Snoop Latency", .virt = 0xffff,
      .note = ADOPTED },
    XEN_PT_FIELD_END
};

static bool ltr_setup(XenPtDevice *dev, const XenPtInstance *inst,
                      const char **why)
{
    (void)why;
    xen_pt_table_adopt(dev, inst, LTR_SNOOP);
    xen_pt_table_adopt(dev, inst, LTR_NO_SNOOP);
    return true;
}

const XenPtCapability xen_pt_ecap_ltr = {
    .id = 0x0018,
    .extended = true,
    .single = true,
    .name = "Latency Tolerance Reporting",
    .spec = "PCIe 5.0, 7.8.2",
    .fields = ltr_fields,
    .min_length = 8,
    .setup = ltr_setup,
};

static const XenPtField l1ss_fields[] = {
    { 4, 4, "L1 PM Substates Capabilities", .ro = 0xffffffff },
    { L1SS_CTL1, 4, "L1 PM Substates Control 1", .virt = 0xffffffff,
      .note = ADOPTED },
    { L1SS_CTL2, 4, "L1 PM Substates Control 2", .virt = 0xffffffff,
      .note = ADOPTED },
    XEN_PT_FIELD_END
};

static bool l1ss_setup(XenPtDevice *dev, const XenPtInstance *inst,
                       const char **why)
{
    (void)why;
    xen_pt_table_adopt(dev, inst, L1SS_CTL1);
    xen_pt_table_adopt(dev, inst, L1SS_CTL2);
    return true;
}

const XenPtCapability xen_pt_ecap_l1ss = {
    .id = 0x001e,
    .extended = true,
    .single = true,
    .name = "L1 PM Substates",
    .spec = "PCIe 5.0, 7.8.3",
    .fields = l1ss_fields,
    .min_length = 0x10,
    .setup = l1ss_setup,
};

static const XenPtField ptm_fields[] = {
    { 4, 4, "PTM Capability", .ro = 0xffffffff },
    { 8, 4, "PTM Control", .ro = 0xffffffff,
      .note = "as the host has set it: it needs every port of the path" },
    XEN_PT_FIELD_END
};

const XenPtCapability xen_pt_ecap_ptm = {
    .id = 0x001f,
    .extended = true,
    .single = true,
    .name = "Precision Time Measurement",
    .spec = "PCIe 5.0, 7.9.16",
    .fields = ptm_fields,
    .min_length = 0x0c,
};
