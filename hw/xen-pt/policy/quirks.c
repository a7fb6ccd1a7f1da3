/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * xen-pt: what vendors got wrong, and what drivers cannot do without
 *
 * The core knows no vendor.  A row opens fields on top of the strict policy,
 * as an allow rule of the administrator would, or forbids bytes that must
 * not even be read.  Give the source of each.
 */
#include "xen-pt/rules.h"

#define ANY 0xffff

static const XenPtQuirk quirks[] = {
    {
        .vendor = 0x8086, .device = ANY,
        .class_code = 0x040300, .class_mask = 0xffff00,
        .allow = "44.b=07,79.b=08",
        .why = "snd_hda_intel sets the traffic class to 0 (TCSEL, 44h bits "
               "2:0) and snooping (DEVC, 79h bit 3) each time it starts; "
               "without them sound works on the first boot only",
    },
    { .why = NULL },
};

const XenPtQuirk *xen_pt_quirks(void)
{
    return quirks;
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
        if (q->vendor == info->vendor &&
            (q->device == ANY || q->device == info->device) &&
            (info->class_code & q->class_mask) == q->class_code) {
            append(allow, q->allow);
            append(forbid, q->forbid);
        }
    }
}
