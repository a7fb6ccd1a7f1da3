/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * xen-pt: a host port on the text of lspci -xxx or -xxxx
 *
 * For dry runs, tests and reports from elsewhere: quoted, indented, after a
 * list without dumps, as people paste them.  With or without the text
 * of lspci -v between the dumps; what that says of BARs, interrupt, driver
 * and ids is preferred.  Where it says nothing:
 *
 *   BAR sizes   a BAR lies at a multiple of its size, so the lowest bit that
 *               is set in its address bounds it; taken are that, or 64 KiB
 *               (256 ports, for I/O) if it is less, but always enough for
 *               the MSI-X table and pending bits.  The ROM: 64 KiB, too.
 *   the GSI     the Interrupt Line register, if there is a pin
 *   neighbours  a BAR that does not fill its pages is not alone in them
 *
 * Configuration space is kept in memory: writes store what is written, for
 * all bits alike.  Regions read as ones, and writes to them are lost.  There
 * is no reset.
 */
#ifndef XEN_PT_DUMP_H
#define XEN_PT_DUMP_H

#include "xen-pt/host.h"

/* The text of a file, "-": of the standard input; the caller frees it. */
char *xen_pt_dump_read(const char *path, GError **errp);
/*
 * The function at address, NULL: the first one.  The caller owns the host:
 * xen_pt_device_open() takes it over, or host->ops->close(host) frees it.
 */
XenPtHost *xen_pt_dump_open(const char *path, const XenPtAddress *address,
                            GError **errp);
/* The same of a text in memory; name stands for it in messages. */
XenPtHost *xen_pt_dump_parse(const char *text, const char *name,
                             const XenPtAddress *address, GError **errp);
/*
 * The functions that a text has hexadecimal dumps of, in their order:
 * XenPtAddress, for g_array_unref().  Maybe none.
 */
GArray *xen_pt_dump_list(const char *text);

#endif /* XEN_PT_DUMP_H */
