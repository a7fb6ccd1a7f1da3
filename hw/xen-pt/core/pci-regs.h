/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * xen-pt core: register names of the PCI Local Bus 3.0, PCI Power Management
 * 1.2 and PCI Express Base 6.0 specifications, spelt as Linux and QEMU spell
 * them.  Private to the core, which must not need either's headers.
 */
#ifndef XEN_PT_PCI_REGS_H
#define XEN_PT_PCI_REGS_H

/* Type 0 header: PCI 3.0, 6.1 */
#define PCI_VENDOR_ID           0x00
#define PCI_DEVICE_ID           0x02
#define PCI_COMMAND             0x04
#define  PCI_COMMAND_IO           0x0001
#define  PCI_COMMAND_MEMORY       0x0002
#define  PCI_COMMAND_MASTER       0x0004
#define  PCI_COMMAND_SPECIAL      0x0008
#define  PCI_COMMAND_INVALIDATE   0x0010
#define  PCI_COMMAND_VGA_PALETTE  0x0020
#define  PCI_COMMAND_PARITY       0x0040
#define  PCI_COMMAND_SERR         0x0100
#define  PCI_COMMAND_FAST_BACK    0x0200
#define  PCI_COMMAND_INTX_DISABLE 0x0400
#define PCI_STATUS              0x06
#define  PCI_STATUS_INTERRUPT     0x0008
#define  PCI_STATUS_CAP_LIST      0x0010
#define PCI_REVISION_ID         0x08
#define PCI_CLASS_PROG          0x09
#define PCI_CLASS_DEVICE        0x0a
#define PCI_CACHE_LINE_SIZE     0x0c
#define PCI_LATENCY_TIMER       0x0d
#define PCI_HEADER_TYPE         0x0e
#define  PCI_HEADER_TYPE_MASK     0x7f
#define  PCI_HEADER_TYPE_MFD      0x80
#define PCI_BIST                0x0f
#define PCI_BASE_ADDRESS_0      0x10
#define  PCI_BASE_ADDRESS_SPACE_IO     0x01
#define  PCI_BASE_ADDRESS_MEM_TYPE_64  0x04
#define  PCI_BASE_ADDRESS_MEM_PREFETCH 0x08
#define PCI_CARDBUS_CIS         0x28
#define PCI_SUBSYSTEM_VENDOR_ID 0x2c
#define PCI_SUBSYSTEM_ID        0x2e
#define PCI_ROM_ADDRESS         0x30
#define  PCI_ROM_ADDRESS_ENABLE   0x01
#define  PCI_ROM_ADDRESS_MASK     0xfffff800u
#define PCI_CAPABILITY_LIST     0x34
#define PCI_INTERRUPT_LINE      0x3c
#define PCI_INTERRUPT_PIN       0x3d
#define PCI_MIN_GNT             0x3e
#define PCI_MAX_LAT             0x3f
#define PCI_STD_HEADER_SIZEOF   0x40

/* Capability ids: PCI Code and ID Assignment Specification, section 2 */
#define PCI_CAP_ID_NULL   0x00
#define PCI_CAP_ID_PM     0x01
#define PCI_CAP_ID_AGP    0x02
#define PCI_CAP_ID_VPD    0x03
#define PCI_CAP_ID_SLOTID 0x04
#define PCI_CAP_ID_MSI    0x05
#define PCI_CAP_ID_CHSWP  0x06
#define PCI_CAP_ID_PCIX   0x07
#define PCI_CAP_ID_HT     0x08
#define PCI_CAP_ID_VNDR   0x09
#define PCI_CAP_ID_DBG    0x0a
#define PCI_CAP_ID_CCRC   0x0b
#define PCI_CAP_ID_SHPC   0x0c
#define PCI_CAP_ID_SSVID  0x0d
#define PCI_CAP_ID_AGP3   0x0e
#define PCI_CAP_ID_SECDEV 0x0f
#define PCI_CAP_ID_EXP    0x10
#define PCI_CAP_ID_MSIX   0x11
#define PCI_CAP_ID_SATA   0x12
#define PCI_CAP_ID_AF     0x13
#define PCI_CAP_ID_EA     0x14
#define PCI_CAP_ID_FPB    0x15

#define PCI_CAP_LIST_ID   0
#define PCI_CAP_LIST_NEXT 1

/* MSI: PCI 3.0, 6.8.1 */
#define PCI_MSI_FLAGS           0x02
#define  PCI_MSI_FLAGS_ENABLE     0x0001
#define  PCI_MSI_FLAGS_QMASK      0x000e
#define  PCI_MSI_FLAGS_QSIZE      0x0070
#define  PCI_MSI_FLAGS_64BIT      0x0080
#define  PCI_MSI_FLAGS_MASKBIT    0x0100
#define PCI_MSI_ADDRESS_LO      0x04
#define PCI_MSI_ADDRESS_HI      0x08
#define PCI_MSI_DATA_32         0x08
#define PCI_MSI_DATA_64         0x0c
#define PCI_MSI_MASK_32         0x0c
#define PCI_MSI_MASK_64         0x10
#define PCI_MSI_PENDING_32      0x10
#define PCI_MSI_PENDING_64      0x14

/* MSI-X: PCI 3.0, 6.8.2 */
#define PCI_MSIX_FLAGS          0x02
#define  PCI_MSIX_FLAGS_QSIZE     0x07ff
#define  PCI_MSIX_FLAGS_MASKALL   0x4000
#define  PCI_MSIX_FLAGS_ENABLE    0x8000
#define PCI_MSIX_TABLE          0x04
#define PCI_MSIX_PBA            0x08
#define  PCI_MSIX_BIR             0x00000007u
#define  PCI_MSIX_OFFSET          0xfffffff8u
#define PCI_CAP_MSIX_SIZEOF     12
#define PCI_MSIX_ENTRY_SIZE     16
#define  PCI_MSIX_ENTRY_LOWER_ADDR  0
#define  PCI_MSIX_ENTRY_UPPER_ADDR  4
#define  PCI_MSIX_ENTRY_DATA        8
#define  PCI_MSIX_ENTRY_VECTOR_CTRL 12
#define   PCI_MSIX_ENTRY_CTRL_MASKBIT 1u

#endif /* XEN_PT_PCI_REGS_H */
