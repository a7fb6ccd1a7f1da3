/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * xen-pt core: the type 0 header
 *
 * Nothing of it reaches the device by itself but the clearing of error bits
 * in Status.  Decoding and bus mastering are acted on by the device's code,
 * which keeps decoding on in hardware whatever the guest does (XSA-120, 126).
 */
#include <string.h>

#include "pci-regs.h"
#include "tables.h"

#define BAR_NOTE "address bits as the BAR's size leaves them, type bits as " \
                 "in hardware; starts at 0; the hardware's BAR is neither " \
                 "shown nor written; fixed at 0 where there is no BAR"

#define AS_BAR0 "as Base Address 0"

#define BAR(i, note_) { \
    PCI_BASE_ADDRESS_0 + 4 * (i), 4, "Base Address " #i, \
    .hooked = 0xfffffff0, .fixed = 0x0000000f, \
    .action = XEN_PT_ACTION_BARS, .note = note_, \
}

static const XenPtField fields[] = {
    { PCI_VENDOR_ID, 2, "Vendor ID", .fixed = 0xffff,
      .note = "as sysfs has it: a VF's own register reads FFFF" },
    { PCI_DEVICE_ID, 2, "Device ID", .fixed = 0xffff,
      .note = "as sysfs has it: a VF's own register reads FFFF" },
    { PCI_COMMAND, 2, "Command",
      .hooked = 0x0417, .virt = 0x0368, .fixed = 0xf880,
      .action = XEN_PT_ACTION_COMMAND,
      .note = "decoding stays on in hardware; bus master, memory write and "
              "invalidate and INTx disable follow the guest; special cycles, "
              "VGA snoop, parity, SERR# and fast back-to-back are the "
              "guest's own storage" },
    { PCI_STATUS, 2, "Status",
      .fixed = 0x0016, .ro = 0x06e1, .live = 0x0008, .rw1c = 0xf900,
      .init = PCI_STATUS_CAP_LIST,
      .note = "the capabilities bit follows the guest's list" },
    { PCI_REVISION_ID, 1, "Revision ID", .ro = 0xff, .permissive = 0xff },
    { PCI_CLASS_PROG, 1, "Programming Interface", .ro = 0xff,
      .permissive = 0xff },
    { PCI_CLASS_DEVICE, 2, "Class Code", .ro = 0xffff,
      .permissive = 0xffff },
    { PCI_CACHE_LINE_SIZE, 1, "Cache Line Size", .virt = 0xff },
    { PCI_LATENCY_TIMER, 1, "Latency Timer", .virt = 0xff },
    { PCI_HEADER_TYPE, 1, "Header Type", .fixed = 0xff,
      .note = "type 0 is required; the multi-function bit describes the "
              "guest's slot and is the machine's to set" },
    { PCI_BIST, 1, "BIST", .fixed = 0xff,
      .note = "reads as not capable: a self test takes the function off "
              "the bus for seconds and may hang it" },
    BAR(0, BAR_NOTE), BAR(1, AS_BAR0), BAR(2, AS_BAR0), BAR(3, AS_BAR0),
    BAR(4, AS_BAR0), BAR(5, AS_BAR0),
    { PCI_CARDBUS_CIS, 4, "CardBus CIS Pointer", .fixed = 0xffffffff },
    { PCI_SUBSYSTEM_VENDOR_ID, 2, "Subsystem Vendor ID", .ro = 0xffff,
      .permissive = 0xffff, .note = "of a VF: as sysfs has it" },
    { PCI_SUBSYSTEM_ID, 2, "Subsystem ID", .ro = 0xffff,
      .permissive = 0xffff, .note = "of a VF: as sysfs has it" },
    { PCI_ROM_ADDRESS, 4, "Expansion ROM Base Address",
      .hooked = 0xfffff801, .fixed = 0x000007fe,
      .action = XEN_PT_ACTION_BARS, .note = AS_BAR0 "; enabled in hardware "
      "while the guest reaches it" },
    { PCI_CAPABILITY_LIST, 1, "Capabilities Pointer", .fixed = 0xff,
      .note = "the first capability that the guest is shown" },
    { 0x35, 1, "Reserved", .ro = 0xff, .permissive = 0xff },
    { 0x36, 2, "Reserved", .ro = 0xffff, .permissive = 0xffff },
    { 0x38, 4, "Reserved", .ro = 0xffffffff, .permissive = 0xffffffff },
    { PCI_INTERRUPT_LINE, 1, "Interrupt Line", .virt = 0xff },
    { PCI_INTERRUPT_PIN, 1, "Interrupt Pin", .fixed = 0xff,
      .note = "the hardware's if the host has a line for it, else 0" },
    { PCI_MIN_GNT, 1, "Min_Gnt", .ro = 0xff, .permissive = 0xff },
    { PCI_MAX_LAT, 1, "Max_Lat", .ro = 0xff, .permissive = 0xff },
    XEN_PT_FIELD_END
};

/* The bits of a BAR of that size that hold its address. */
static uint64_t address_bits(uint64_t size, uint64_t field)
{
    return ~(size - 1) & field;
}

static void set_bar(XenPtDevice *dev, uint16_t offset, uint32_t address,
                    uint32_t type)
{
    const XenPtField f = {
        .size = 4, .hooked = address, .fixed = ~address, .init = type,
        .action = XEN_PT_ACTION_BARS,
    };

    xen_pt_config_set(dev, offset, &f);
    /* to size a BAR that is not there is no denied write */
    memset(dev->config.claimed + offset, XEN_PT_CLAIMED_WRITABLE, 4);
}

static void setup_bars(XenPtDevice *dev, const XenPtInstance *inst)
{
    for (int i = 0; i < XEN_PT_ROM_REGION; i++) {
        XenPtGuestRegion region = xen_pt_device_region(dev, i);
        uint16_t offset = inst->offset + PCI_BASE_ADDRESS_0 + 4 * i;
        uint32_t type = region.prefetch ? PCI_BASE_ADDRESS_MEM_PREFETCH : 0;

        if (region.size == 0) {
            set_bar(dev, offset, 0, 0);
        } else if (region.io) {
            set_bar(dev, offset, address_bits(region.size, 0xfffffffc),
                    PCI_BASE_ADDRESS_SPACE_IO);
        } else if (region.mem64 && i + 1 < XEN_PT_ROM_REGION) {
            uint64_t bits = address_bits(region.size, ~0xfull);

            set_bar(dev, offset, bits, type | PCI_BASE_ADDRESS_MEM_TYPE_64);
            set_bar(dev, offset + 4, bits >> 32, 0);
            i++;
        } else {
            set_bar(dev, offset, address_bits(region.size, 0xfffffff0),
                    type);
        }
    }
}

static bool setup(XenPtDevice *dev, const XenPtInstance *inst,
                  const char **why)
{
    const XenPtHostInfo *info = xen_pt_device_info(dev);
    XenPtGuestRegion rom = xen_pt_device_region(dev, XEN_PT_ROM_REGION);
    uint8_t pin = xen_pt_config_host(dev, PCI_INTERRUPT_PIN, 1);

    (void)why;
    xen_pt_table_fix(dev, inst, PCI_VENDOR_ID, 2, info->vendor);
    xen_pt_table_fix(dev, inst, PCI_DEVICE_ID, 2, info->device);
    if (info->is_virtfn) {
        /* SR-IOV lets a VF leave these to its PF: PCIe 5.0, 9.3.4.1 */
        xen_pt_table_fix(dev, inst, PCI_REVISION_ID, 1, info->revision);
        xen_pt_table_fix(dev, inst, PCI_CLASS_PROG, 1, info->class_code);
        xen_pt_table_fix(dev, inst, PCI_CLASS_DEVICE, 2,
                         info->class_code >> 8);
        xen_pt_table_fix(dev, inst, PCI_SUBSYSTEM_VENDOR_ID, 2,
                         info->subsystem_vendor);
        xen_pt_table_fix(dev, inst, PCI_SUBSYSTEM_ID, 2,
                         info->subsystem_device);
    }
    xen_pt_table_fix(dev, inst, PCI_HEADER_TYPE, 1,
                     dev->options.multifunction
                     ? PCI_HEADER_TYPE_MFD : 0);
    setup_bars(dev, inst);
    set_bar(dev, inst->offset + PCI_ROM_ADDRESS, !rom.size ? 0 :
            address_bits(rom.size, PCI_ROM_ADDRESS_MASK) |
            PCI_ROM_ADDRESS_ENABLE, 0);
    /* 1 is INTA#, 4 is INTD#; a VF has none: PCIe 5.0, 7.5.1.1.13 */
    xen_pt_table_fix(dev, inst, PCI_INTERRUPT_PIN, 1,
                     info->gsi != 0 && pin <= 4 ? pin : 0);
    return true;
}

const XenPtCapability xen_pt_table_header = {
    .name = "Type 0 header",
    .spec = "PCI 3.0, 6.1 and 6.2",
    .fields = fields,
    .min_length = PCI_STD_HEADER_SIZEOF,
    .setup = setup,
};
