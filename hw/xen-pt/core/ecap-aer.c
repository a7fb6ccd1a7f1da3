/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * xen-pt core: Advanced Error Reporting
 *
 * Errors of the function travel to the host's root port, where dom0 or the
 * firmware looks for their cause in these registers.  So the guest sees what
 * happened and clears nothing, and its masks are a story told to the guest.
 * The logged headers are hidden: they hold the addresses of requests as the
 * host's bus saw them.
 */
#include "pci-regs.h"
#include "tables.h"

#define ERR_UNCOR_MASK     0x08
#define ERR_UNCOR_SEVERITY 0x0c
#define ERR_COR_MASK       0x14
#define ERR_CAP            0x18

#define HEADER_NOTE "may hold host addresses"

static const XenPtField fields[] = {
    { 0x04, 4, "Uncorrectable Error Status", .live = 0xffffffff,
      .note = "cleared by the host, which needs it to find the cause" },
    { ERR_UNCOR_MASK, 4, "Uncorrectable Error Mask", .virt = 0xffffffff,
      .note = "starts as in hardware" },
    { ERR_UNCOR_SEVERITY, 4, "Uncorrectable Error Severity",
      .virt = 0xffffffff, .note = "starts as in hardware" },
    { 0x10, 4, "Correctable Error Status", .live = 0xffffffff,
      .note = "cleared by the host, which needs it to find the cause" },
    { ERR_COR_MASK, 4, "Correctable Error Mask", .virt = 0xffffffff,
      .note = "starts as in hardware" },
    { ERR_CAP, 4, "Advanced Error Capabilities and Control",
      .live = 0xfffff81f, .ro = 0x000002a0, .virt = 0x00000540,
      .note = "ECRC and multiple header recording are the guest's own "
              "storage and start as in hardware" },
    { 0x1c, 4, "Header Log 1", .fixed = 0xffffffff, .note = HEADER_NOTE },
    { 0x20, 4, "Header Log 2", .fixed = 0xffffffff, .note = HEADER_NOTE },
    { 0x24, 4, "Header Log 3", .fixed = 0xffffffff, .note = HEADER_NOTE },
    { 0x28, 4, "Header Log 4", .fixed = 0xffffffff, .note = HEADER_NOTE },
    { 0x2c, 4, "Root Error Command", .fixed = 0xffffffff,
      .note = "for root ports" },
    { 0x30, 4, "Root Error Status", .fixed = 0xffffffff,
      .note = "for root ports" },
    { 0x34, 4, "Error Source Identification", .fixed = 0xffffffff,
      .note = "for root ports" },
    { 0x38, 4, "TLP Prefix Log 1", .fixed = 0xffffffff, .note = HEADER_NOTE },
    { 0x3c, 4, "TLP Prefix Log 2", .fixed = 0xffffffff, .note = HEADER_NOTE },
    { 0x40, 4, "TLP Prefix Log 3", .fixed = 0xffffffff, .note = HEADER_NOTE },
    { 0x44, 4, "TLP Prefix Log 4", .fixed = 0xffffffff, .note = HEADER_NOTE },
    XEN_PT_FIELD_END
};

/*
 * The root registers and prefix logs behind the header log need not be
 * there, and nothing in the capability says so: what the next one in the
 * list leaves room for is claimed.
 */
static uint16_t length(XenPtDevice *dev, const XenPtInstance *inst,
                       const char **why)
{
    unsigned next = xen_pt_config_host(dev, inst->offset, 4) >> 20 & ~3u;

    (void)why;
    return next > inst->offset ? CLAMP(next - inst->offset, 0x2c, 0x48)
                               : 0x2c;
}

static bool setup(XenPtDevice *dev, const XenPtInstance *inst,
                  const char **why)
{
    (void)why;
    xen_pt_table_adopt(dev, inst, ERR_UNCOR_MASK);
    xen_pt_table_adopt(dev, inst, ERR_UNCOR_SEVERITY);
    xen_pt_table_adopt(dev, inst, ERR_COR_MASK);
    xen_pt_table_adopt(dev, inst, ERR_CAP);
    return true;
}

const XenPtCapability xen_pt_ecap_aer = {
    .id = 0x0001,
    .extended = true,
    .single = true,
    .name = "Advanced Error Reporting",
    .spec = "PCIe 5.0, 7.8.4",
    .fields = fields,
    .min_length = 0x2c,
    .length = length,
    .setup = setup,
};
