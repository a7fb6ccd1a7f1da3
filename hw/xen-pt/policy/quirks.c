/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * xen-pt: what vendors got wrong, and what drivers cannot do without
 *
 * The core knows no vendor.  A row opens fields on top of the strict policy,
 * as an allow rule of the administrator would, closes fields ("-" before the
 * rule), or forbids bytes that must not even be read.  Give the source of
 * each.
 */
#include "xen-pt/rules.h"

/* Linux, drivers/net/ethernet/broadcom/tg3.c: all that it drives */
static const uint16_t tg3[] = {
    0x1600, 0x1601, 0x1642, 0x1643, 0x1644, 0x1645, 0x1646, 0x1647, 0x1648,
    0x1649, 0x164d, 0x1653, 0x1654, 0x1655, 0x1656, 0x1657, 0x1658, 0x1659,
    0x165a, 0x165b, 0x165d, 0x165e, 0x165f, 0x1665, 0x1668, 0x166a, 0x166b,
    0x166e, 0x1672, 0x1673, 0x1674, 0x1676, 0x1677, 0x1678, 0x167a, 0x167b,
    0x167c, 0x167d, 0x167e, 0x1680, 0x1681, 0x1682, 0x1683, 0x1684, 0x1686,
    0x1687, 0x1688, 0x1689, 0x1690, 0x1691, 0x1692, 0x1693, 0x1694, 0x1696,
    0x1698, 0x1699, 0x169b, 0x169c, 0x169d, 0x16a0, 0x16a6, 0x16a7, 0x16a8,
    0x16b0, 0x16b1, 0x16b2, 0x16b3, 0x16b4, 0x16b5, 0x16b6, 0x16b7, 0x16c6,
    0x16c7, 0x16dd, 0x16f3, 0x16f7, 0x16fd, 0x16fe, 0x170d, 0x1712, 0x1713,
    0
};

/* Linux, sound/pci/hda/hda_intel.c: AZX_DCAPS_PRESET_{ATI,AMD}_SB */
static const uint16_t ati_southbridge[] = { 0x437b, 0x4383, 0 };
static const uint16_t amd_southbridge[] = {
    0x1457, 0x1487, 0x157a, 0x15e3, 0x780d, 0
};

/* Linux, drivers/isdn/hardware/mISDN/hfcpci.c: those of Cologne Chip */
static const uint16_t hfc_s[] = {
    0x2bd0, 0xb000, 0xb006, 0xb007, 0xb008, 0xb009, 0xb00a, 0xb00b, 0xb00c,
    0xb100, 0xb700, 0xb701, 0
};

/* Linux, drivers/pci/vpd.c: quirk_blacklist_vpd() */
static const uint16_t megaraid[] = {
    0x002f, 0x005b, 0x005d, 0x005f, 0x0060, 0x0071, 0x0073, 0x0078, 0x0079,
    0x007c, 0x0413, 0
};

#define AUDIO .class_code = 0x040300, .class_mask = 0xffff00

#define WHY_ATI "snd_hda_intel turns snooping on (42h bits 2:0) each time " \
                "it starts"
#define WHY_VPD "where its VPD ends cannot be told, and it may misbehave " \
                "when read behind that: Linux does not touch it"

static const XenPtQuirk quirks[] = {
    {
        .vendor = 0x8086, AUDIO,
        .allow = "44.b=07,79.b=08",
        .why = "snd_hda_intel sets the traffic class to 0 (TCSEL, 44h bits "
               "2:0) and snooping (DEVC, 79h bit 3) each time it starts; "
               "without them sound works on the first boot only",
    },
    {
        .vendor = 0x10de, AUDIO,
        .allow = "4c.b=01,4d.b=01,4e.b=0f",
        .why = "snd_hda_intel turns snooping on (4Ch bit 0, 4Dh bit 0, 4Eh "
               "bits 3:0) each time it starts",
    },
    {
        .vendor = 0x1002, .devices = ati_southbridge, AUDIO,
        .allow = "42.b=07", .why = WHY_ATI,
    },
    {
        .vendor = 0x1022, .devices = amd_southbridge, AUDIO,
        .allow = "42.b=07", .why = WHY_ATI,
    },
    {
        .vendor = 0x8086, .class_code = 0x0c0300, .class_mask = 0xffffff,
        .allow = "c1.b=20",
        .why = "a UHCI controller interrupts only with USBPIRQDEN (C0h bit "
               "13) set: uhci_hcd sets it, and clears it as dom0 lets go; "
               "the SMI enables beside it stay the host's",
    },
    {
        .vendor = 0x14e4, .devices = tg3,
        .allow = "68.l,70.l,78.l,7c.l,80.l,84.l,90.l,98.l,9c.l,a0.l,a4.l",
        .why = "tg3 sets byte order and access rights (68h, 70h) there after "
               "each reset of the chip, and reaches registers through the "
               "windows behind; BAR 0 has all of them, too.  Xen's "
               "xend-pci-quirks.sxp opened the same",
    },
    {
        .vendor = 0x1397, .devices = hfc_s, .allow = "80.l",
        .why = "an HFC-S card is told here, and nowhere else, where its "
               "FIFOs are in memory; the IOMMU bounds that",
    },
    {
        .vendor = 0x1000, .devices = megaraid, .allow = "-CAP_VPD+2.w",
        .why = WHY_VPD,
    },
    {
        .vendor = 0x1969, .allow = "-CAP_VPD+2.w", .why = WHY_VPD,
    },
    { .why = NULL },
};

const XenPtQuirk *xen_pt_quirks(void)
{
    return quirks;
}

static bool is_of(const uint16_t *devices, uint16_t device)
{
    if (!devices) {
        return true;
    }
    while (*devices && *devices != device) {
        devices++;
    }
    return *devices;
}

static void append(char **list, const char *more)
{
    char *old = *list;

    if (more) {
        *list = old ? g_strconcat(old, ",", more, NULL) : g_strdup(more);
        g_free(old);
    }
}

void xen_pt_quirks_match(const XenPtHostInfo *info, char **allow,
                         char **forbid)
{
    *allow = *forbid = NULL;
    for (const XenPtQuirk *q = quirks; q->why; q++) {
        if (q->vendor == info->vendor && is_of(q->devices, info->device) &&
            (info->class_code & q->class_mask) == q->class_code) {
            append(allow, q->allow);
            append(forbid, q->forbid);
        }
    }
}
