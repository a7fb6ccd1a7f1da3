/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * xen-pt core: the Power Management capability
 *
 * By default the guest's D-state is a story told to the guest: the device
 * stays in D0, where Xen and dom0 can reach it.  PME is hidden, as nothing
 * in the guest could receive it.  The Data register needs a Data_Select that
 * reaches the device, so it reads as not implemented: in the stock device
 * model Data_Select is written through while Data is not its answer.
 */
#include "pci-regs.h"
#include "tables.h"

#define PM_CTRL               4
#define  PM_CTRL_NO_SOFT_RESET  0x0008

static const XenPtField fields[] = {
    { 2, 2, "PMC", .ro = 0x0637, .fixed = 0xf9c8,
      .note = "no PME support, no auxiliary current" },
    { PM_CTRL, 2, "PMCSR",
      .hooked = 0x0003, .fixed = 0xfffc, .permissive = 0x7e00,
      .init = PM_CTRL_NO_SOFT_RESET, .action = XEN_PT_ACTION_PM,
      .note = "PowerState reaches the device only if real power states are "
              "asked for and it keeps its configuration through them, so "
              "No_Soft_Reset reads 1; PME_En, PME_Status and Data_Select "
              "read 0" },
    { 6, 1, "PMCSR_BSE", .fixed = 0xff, .note = "for bridges" },
    { 7, 1, "Data", .fixed = 0xff, .permissive = 0xff,
      .note = "opened with Data_Select, its index, or not at all" },
    XEN_PT_FIELD_END
};

const XenPtCapability xen_pt_cap_pm = {
    .id = PCI_CAP_ID_PM,
    .single = true,
    .name = "Power Management",
    .spec = "PCI PM 1.2, 3.2",
    .fields = fields,
    .min_length = 8,
};
