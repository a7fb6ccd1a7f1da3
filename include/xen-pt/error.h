/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * xen-pt: errors
 *
 * Every function that can fail for a reason a person may meet reports through
 * a GError of this domain.  The message is one sentence that names the
 * function (BDF), the cause and the cure: it is all that reaches the terminal
 * of xl, as QMP's error.desc.  Ownership of the GError is as in glib.
 */
#ifndef XEN_PT_ERROR_H
#define XEN_PT_ERROR_H

#include <glib.h>

#define XEN_PT_ERROR (xen_pt_error_quark())
GQuark xen_pt_error_quark(void);

typedef enum XenPtErrorCode {
    XEN_PT_ERROR_ADDRESS,      /* BDF malformed or missing */
    XEN_PT_ERROR_ABSENT,       /* no such device on the host */
    XEN_PT_ERROR_DRIVER,       /* a host driver has the device */
    XEN_PT_ERROR_HOST,         /* sysfs unreadable or nonsense */
    XEN_PT_ERROR_UNSUPPORTED,  /* header type, IGD, segment, ... */
    XEN_PT_ERROR_POLICY,       /* an option or rule that cannot be honoured */
    XEN_PT_ERROR_SHARING,      /* shares a page or must go with a sibling */
    XEN_PT_ERROR_HYPERVISOR,   /* Xen said no */
    XEN_PT_ERROR_GONE,         /* the device answers with all ones */
    XEN_PT_ERROR_INTERNAL,     /* a table of ours contradicts itself */
} XenPtErrorCode;

#endif /* XEN_PT_ERROR_H */
