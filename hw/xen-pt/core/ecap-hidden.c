/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * xen-pt core: extended capabilities that the guest is not shown, with the
 * reason
 *
 * Their registers read 0 and take no writes, in permissive mode too.  Where
 * the end of one cannot be told, everything up to the next capability is
 * taken to be its own.
 */
#include "pci-regs.h"
#include "tables.h"

/* An entry whose registers end at a known place, and one where not. */
#define HIDE(id_, bytes, name_, spec_, why) { \
    .id = id_, .extended = true, .name = name_, .spec = spec_, \
    .hidden = why, .min_length = bytes, \
}
#define HIDE_TO_NEXT(id_, name_, spec_, why) { \
    .id = id_, .extended = true, .name = name_, .spec = spec_, \
    .hidden = why, .min_length = 8, .length = xen_pt_table_to_next, \
}

#define WHY_LINK "the physical link is the host's"
#define WHY_ROOT "it describes the host's root complex and holds its " \
                 "addresses"
#define WHY_PORT "it is for ports"

const XenPtCapability xen_pt_ecaps_hidden[] = {
    HIDE(0x0000, 4, "Null", "PCIe 5.0, 7.9.28", "there is nothing in it"),
    HIDE_TO_NEXT(0x0005, "Root Complex Link Declaration", "PCIe 5.0, 7.9.8",
                 WHY_ROOT),
    HIDE(0x0006, 0x0c, "Root Complex Internal Link Control",
         "PCIe 5.0, 7.9.9", WHY_ROOT),
    HIDE(0x0007, 0x0c, "Root Complex Event Collector Association",
         "PCIe 5.0, 7.9.10", WHY_ROOT),
    HIDE(0x000a, 0x14, "RCRB Header", "PCIe 5.0, 7.9.7", WHY_ROOT),
    HIDE_TO_NEXT(0x000c, "Configuration Access Correlation",
                 "PCIe 1.1, obsolete", "it was withdrawn"),
    HIDE_TO_NEXT(0x000d, "Access Control Services", "PCIe 5.0, 7.7.8",
                 "it keeps the functions of the host apart"),
    HIDE(0x000e, 8, "Alternative Routing-ID Interpretation",
         "PCIe 5.0, 7.8.8", "it leads to functions that the guest does not "
         "have"),
    HIDE(0x000f, 8, "Address Translation Services", "PCIe 5.0, 10.5.1",
         "translated requests pass the host's IOMMU unchecked"),
    HIDE(0x0010, 0x40, "Single Root I/O Virtualization", "PCIe 5.0, 9.3.3",
         "new functions would appear on the host's bus"),
    HIDE_TO_NEXT(0x0011, "Multi-Root I/O Virtualization", "MR-IOV 1.0, 4.2",
                 "the fabric is the host's"),
    HIDE(0x0012, 0x30, "Multicast", "PCIe 5.0, 7.9.11", "its windows are "
         "host addresses"),
    HIDE(0x0013, 0x10, "Page Request Interface", "PCIe 5.0, 10.5.2",
         "page requests go to the host's IOMMU"),
    HIDE_TO_NEXT(0x0014, "Reserved for AMD", "PCI Code and ID 1.11, 3",
                 "nothing is published on it"),
    HIDE_TO_NEXT(0x0019, "Secondary PCI Express", "PCIe 5.0, 7.7.3",
                 WHY_LINK),
    HIDE_TO_NEXT(0x001a, "Protocol Multiplexing", "PCIe 5.0, appendix G",
                 WHY_LINK),
    HIDE(0x001b, 8, "Process Address Space ID", "PCIe 5.0, 7.8.9",
         "address spaces are the host's IOMMU's"),
    HIDE(0x001c, 8, "LN Requester", "PCIe 4.0, 7.9.14, obsolete",
         "it writes to host addresses by itself"),
    HIDE_TO_NEXT(0x001d, "Downstream Port Containment", "PCIe 5.0, 7.9.15",
                 WHY_PORT),
    HIDE_TO_NEXT(0x0020, "PCI Express over M-PHY", "PCIe 3.1, 7.33",
                 WHY_LINK),
    HIDE(0x0021, 0x10, "FRS Queueing", "PCIe 5.0, 7.8.10", WHY_PORT),
    HIDE_TO_NEXT(0x0024, "VF Resizable BAR", "PCIe 5.0, 7.8.7",
                 "it belongs to SR-IOV, which is hidden"),
    HIDE(0x0025, 0x0c, "Data Link Feature", "PCIe 5.0, 7.7.4", WHY_LINK),
    HIDE_TO_NEXT(0x0026, "Physical Layer 16.0 GT/s", "PCIe 5.0, 7.7.5",
                 WHY_LINK),
    HIDE_TO_NEXT(0x0027, "Lane Margining at the Receiver",
                 "PCIe 5.0, 7.7.7", WHY_LINK),
    HIDE_TO_NEXT(0x0028, "Hierarchy ID", "PCIe 5.0, 7.9.18",
                 "it identifies the host"),
    HIDE(0x0029, 0x10, "Native PCIe Enclosure Management",
         "PCIe 5.0, 7.9.20", "the enclosure is dom0's"),
    HIDE_TO_NEXT(0x002a, "Physical Layer 32.0 GT/s", "PCIe 5.0, 7.7.6",
                 WHY_LINK),
    HIDE_TO_NEXT(0x002b, "Alternate Protocol", "PCIe 5.0, 7.9.21", WHY_LINK),
    HIDE_TO_NEXT(0x002c, "System Firmware Intermediary", "PCIe 5.0, 7.9.23",
                 "it is between the host's firmware and its ports"),
    HIDE_TO_NEXT(0x002d, "Shadow Functions", "PCIe 6.0",
                 "it claims functions that the guest does not have"),
    HIDE_TO_NEXT(0x002e, "Data Object Exchange", "PCIe 6.0",
                 "its mailbox reaches firmware and keys of the device"),
    HIDE_TO_NEXT(0x002f, "Device 3", "PCIe 6.0", "tags and routing must "
                 "agree with the host's ports"),
    HIDE_TO_NEXT(0x0030, "Integrity and Data Encryption", "PCIe 6.0",
                 "its keys and streams are the host's, and it holds host "
                 "addresses"),
    HIDE_TO_NEXT(0x0031, "Physical Layer 64.0 GT/s", "PCIe 6.0", WHY_LINK),
    HIDE_TO_NEXT(0x0032, "Flit Logging", "PCIe 6.0", WHY_LINK),
    HIDE_TO_NEXT(0x0033, "Flit Performance Measurement", "PCIe 6.0",
                 WHY_LINK),
    HIDE_TO_NEXT(0x0034, "Flit Error Injection", "PCIe 6.0",
                 "it breaks the host's link on purpose"),
    HIDE_TO_NEXT(0x0035, "Streamlined Virtual Channel", "PCIe 6.0",
                 "channels must agree along the host's path"),
    HIDE_TO_NEXT(0x0036, "MMIO Register Block Locator", "PCIe 6.0",
                 "it leads to management registers that nobody has judged"),
    HIDE_TO_NEXT(0x0037, "NOP Flit", "PCIe 6.1", WHY_LINK),
    HIDE_TO_NEXT(0x0038, "Scalable I/O Virtualization", "SIOV 1.0",
                 "new functions would appear on the host's bus"),
    HIDE_TO_NEXT(0x0039, "Physical Layer 128.0 GT/s", "PCIe 7.0", WHY_LINK),
    HIDE_TO_NEXT(0x003a, "Captured Data", "PCIe 6.2",
                 "what it captured is the host's"),
    { .name = NULL }
};
