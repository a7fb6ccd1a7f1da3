/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * xen-pt core: power budgeting and dynamic power allocation
 */
#include "pci-regs.h"
#include "tables.h"

static const XenPtField budget_fields[] = {
    { 4, 1, "Data Select", .host = 0xff,
      .note = "an index: without it Data would answer another question" },
    { 5, 1, "Reserved", .fixed = 0xff },
    { 6, 2, "Reserved", .fixed = 0xffff },
    { 8, 4, "Data", .live = 0xffffffff },
    { 0x0c, 1, "Power Budget Capability", .ro = 0xff },
    { 0x0d, 1, "Reserved", .fixed = 0xff },
    { 0x0e, 2, "Reserved", .fixed = 0xffff },
    XEN_PT_FIELD_END
};

const XenPtCapability xen_pt_ecap_power = {
    .id = 0x0004,
    .extended = true,
    .single = true,
    .name = "Power Budgeting",
    .spec = "PCIe 5.0, 7.8.1",
    .fields = budget_fields,
    .min_length = 0x10,
};

#define DPA_CAP            4
#define  DPA_CAP_SUBSTATES   0x1f

static const XenPtField dpa_fields[] = {
    { DPA_CAP, 4, "DPA Capability", .ro = 0xffffffff,
      .note = "the power allocation array behind the control: the same" },
    { 8, 4, "DPA Latency Indicator", .ro = 0xffffffff },
    { 0x0c, 2, "DPA Status", .live = 0xffff },
    { 0x0e, 2, "DPA Control", .ro = 0xffff,
      .note = "the host's power budget is dom0's; Status tells the guest "
              "that nothing has changed" },
    XEN_PT_FIELD_END
};

static uint16_t dpa_length(XenPtDevice *dev, const XenPtInstance *inst,
                           const char **why)
{
    uint32_t cap = xen_pt_config_host(dev, inst->offset + DPA_CAP, 4);

    (void)why;
    return 0x10 + (cap & DPA_CAP_SUBSTATES) + 1;
}

static bool dpa_setup(XenPtDevice *dev, const XenPtInstance *inst,
                      const char **why)
{
    (void)why;
    xen_pt_table_close(dev, inst);
    return true;
}

const XenPtCapability xen_pt_ecap_dpa = {
    .id = 0x0016,
    .extended = true,
    .single = true,
    .name = "Dynamic Power Allocation",
    .spec = "PCIe 5.0, 7.9.12",
    .fields = dpa_fields,
    .min_length = 0x11,
    .length = dpa_length,
    .setup = dpa_setup,
};
