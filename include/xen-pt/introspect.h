/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * xen-pt: what a running device tells about itself
 *
 * The texts behind the QOM properties xen-pt-status and xen-pt-config; their
 * format is documented, and kept stable, in docs/introspection.md.  Looking
 * leaves no trace: no counter moves, no hypercall is made, nothing is written
 * to the device, and the extended space is not opened if the guest has not
 * done so (xen_pt_device_config() opens it).
 *
 * The strings are the caller's (g_free).  Neither function fails.
 */
#ifndef XEN_PT_INTROSPECT_H
#define XEN_PT_INTROSPECT_H

#include "xen-pt/device.h"

/*
 * A JSON object, UTF-8, without newline.  unplug_requested: the guest was
 * asked to eject the function and has not yet; only the adapter knows.
 */
char *xen_pt_introspect_status(XenPtDevice *dev, bool unplug_requested);

/*
 * The guest's view as `lspci -xxx` prints it: a line with the guest's
 * address, then 16 or 256 lines of 16 bytes.  Live bits are read from the
 * device now, uncounted.
 */
char *xen_pt_introspect_config(XenPtDevice *dev);

/* An allow rule may open the byte at offset; else *why not (static). */
bool xen_pt_introspect_may_allow(const XenPtDevice *dev, uint16_t offset,
                                 const char **why);

#endif /* XEN_PT_INTROSPECT_H */
