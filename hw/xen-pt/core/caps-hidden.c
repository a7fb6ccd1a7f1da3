/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * xen-pt core: capabilities of the conventional space that the guest is not
 * shown, with the reason
 *
 * Their registers read 0 and take no writes, in permissive mode too.
 */
#include "pci-regs.h"
#include "tables.h"

#define HT_TYPE_3BIT   0xe000
#define  HT_SLAVE        0x0000
#define  HT_HOST         0x2000
#define HT_TYPE_5BIT   0xf800
#define  HT_MSI_MAPPING  0xa800
#define  HT_MSI_FIXED    0x0002

/* HyperTransport I/O Link 3.10, 7.3 to 7.17 */
static uint16_t ht_length(XenPtDevice *dev, const XenPtInstance *inst,
                          const char **why)
{
    uint16_t command = xen_pt_config_host(dev, inst->offset + 2, 2);

    (void)why;
    switch (command & HT_TYPE_3BIT) {
    case HT_SLAVE:
        return 28;
    case HT_HOST:
        return 24;
    default:
        break;
    }
    if ((command & HT_TYPE_5BIT) == HT_MSI_MAPPING) {
        return command & HT_MSI_FIXED ? 4 : 12;
    }
    return 8;
}

/* PCI-X 2.0, 7.2: the ECC registers are there if the version says so */
static uint16_t pcix_length(XenPtDevice *dev, const XenPtInstance *inst,
                            const char **why)
{
    uint16_t command = xen_pt_config_host(dev, inst->offset + 2, 2);

    (void)why;
    return command & 0x3000 ? 24 : 8;
}

/* A head and at most 63 entries, each with its own size: PCIe 5.0, 7.8.5 */
static uint16_t ea_length(XenPtDevice *dev, const XenPtInstance *inst,
                          const char **why)
{
    unsigned entries = xen_pt_config_host(dev, inst->offset + 2, 1) & 0x3f;
    unsigned at = inst->offset + 4;

    (void)why;
    while (entries-- > 0 && at < XEN_PT_CONFIG_SIZE) {
        at += 4 + 4 * (xen_pt_config_host(dev, at, 1) & 7);
    }
    return MIN(at, XEN_PT_CONFIG_SIZE) - inst->offset;
}

const XenPtCapability xen_pt_caps_hidden[] = {
    { PCI_CAP_ID_NULL, .name = "Null", .spec = "PCIe 5.0, 7.9.28",
      .hidden = "there is nothing in it", .min_length = 2 },
    { PCI_CAP_ID_AGP, .name = "AGP", .spec = "AGP 2.0, 6.1",
      .hidden = "the bus speed and the aperture are the host's",
      .min_length = 12 },
    { PCI_CAP_ID_SLOTID, .name = "Slot Identification",
      .spec = "PCI Bridge 1.2, 13", .hidden = "it is for bridges and names "
      "the host's slots", .min_length = 4 },
    { PCI_CAP_ID_CHSWP, .name = "CompactPCI Hot Swap",
      .spec = "PICMG 2.1, 3", .hidden = "hot swap of the card is dom0's",
      .min_length = 4 },
    { PCI_CAP_ID_PCIX, .name = "PCI-X", .spec = "PCI-X 2.0, 7.2",
      .hidden = "its split transactions share the host's bus; drivers do "
      "without it", .min_length = 8, .length = pcix_length },
    { PCI_CAP_ID_HT, .name = "HyperTransport",
      .spec = "HyperTransport 3.10, 7", .hidden = "it steers the host's "
      "fabric and its interrupts", .min_length = 4, .length = ht_length },
    { PCI_CAP_ID_DBG, .name = "Debug Port", .spec = "EHCI 1.0, appendix C",
      .hidden = "Xen or dom0 may have its console there", .min_length = 4 },
    { PCI_CAP_ID_CCRC, .name = "CompactPCI Central Resource Control",
      .spec = "PICMG 2.13", .hidden = "the chassis is dom0's",
      .min_length = 4 },
    { PCI_CAP_ID_SHPC, .name = "Standard Hot-Plug Controller",
      .spec = "SHPC 1.0, 4.3", .hidden = "it is for bridges, and the host's "
      "slots are dom0's", .min_length = 8 },
    { PCI_CAP_ID_SSVID, .name = "Subsystem ID of a bridge",
      .spec = "PCIe 5.0, 7.9.24", .hidden = "it is for bridges; the header "
      "has an endpoint's", .min_length = 8 },
    { PCI_CAP_ID_AGP3, .name = "AGP 8x", .spec = "AGP 3.0, 4",
      .hidden = "the bus speed and the aperture are the host's",
      .min_length = 0x30 },
    { PCI_CAP_ID_SECDEV, .name = "Secure Device",
      .spec = "AMD I/O Virtualization 3.05, 3.2", .hidden = "it controls an "
      "IOMMU", .min_length = 0x18 },
    { PCI_CAP_ID_EA, .name = "Enhanced Allocation", .spec = "PCIe 5.0, 7.8.5",
      .hidden = "it holds host addresses; the guest's BARs can be placed "
      "instead", .min_length = 4, .length = ea_length },
    { PCI_CAP_ID_FPB, .name = "Flattening Portal Bridge",
      .spec = "PCIe 5.0, 7.8.11", .hidden = "it is for bridges",
      .min_length = 0x24 },
    { .name = NULL }
};
