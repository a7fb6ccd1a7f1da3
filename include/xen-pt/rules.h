/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * xen-pt: options from a rules file, and the quirk table
 *
 * Every option of a function can be given as a property of the device or in
 * the rules file, which is how an xl user sets one: xl forwards nothing but
 * `addr` and `permissive`.  The file is a glib key file; a group is a BDF, a
 * vendor:device, or `default`:
 *
 *   [8086:293e]
 *   allow = 44.b=0x07, 79.b
 *
 *   [0000:03:00.0]
 *   real-power = true
 *
 * A BDF's group wins over a vendor:device's, that over `default`; a property
 * that is set wins over all.  allow rules add up.
 */
#ifndef XEN_PT_RULES_H
#define XEN_PT_RULES_H

#include "xen-pt/device.h"

#define XEN_PT_RULES_FILE "/etc/xen/xen-pt.conf"

/*
 * Options with the names of properties and keys.  Unset booleans are -1;
 * strings are owned.
 */
typedef struct XenPtRules {
    int permissive, real_power, allow_reset, refuse_shared;
    char *allow;
} XenPtRules;

#define XEN_PT_RULES_INIT \
    { .permissive = -1, .real_power = -1, .allow_reset = -1, \
      .refuse_shared = -1 }

/*
 * Reads what the file says of the function into rules, which must be
 * initialised; what is set there already stays.  A file that does not exist
 * says nothing if must_exist is false.  On failure rules is unchanged.
 */
bool xen_pt_rules_load(const char *file, bool must_exist,
                       const XenPtHostInfo *info, XenPtRules *rules,
                       GError **errp);
void xen_pt_rules_clear(XenPtRules *rules);

/* What a vendor got wrong, or a driver cannot do without. */
typedef struct XenPtQuirk {
    uint16_t vendor;
    const uint16_t *devices;    /* ends with 0; NULL: any */
    uint32_t class_code;    /* with class_mask; 0/0: any */
    uint32_t class_mask;
    /* rules as in the file; one behind a "-" closes the field; or NULL */
    const char *allow;
    const char *forbid;     /* config ranges never to be read: "a0-a7" */
    const char *why;
} XenPtQuirk;

/* Ends with why == NULL. */
const XenPtQuirk *xen_pt_quirks(void);
/* The lists of all quirks that match, comma separated, or NULL; owned. */
void xen_pt_quirks_match(const XenPtHostInfo *info, char **allow,
                         char **forbid);

#endif /* XEN_PT_RULES_H */
