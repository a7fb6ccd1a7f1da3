/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * xen-pt: writing JSON
 *
 * Appends to a GString that the caller owns; puts the commas.  name is the
 * member's name within an object and NULL within an array.  Strings may hold
 * anything: what is not UTF-8 becomes U+FFFD, NULL becomes null.
 */
#ifndef XEN_PT_JSON_H
#define XEN_PT_JSON_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

/* open: '{' or '['; close: '}' or ']' */
void xen_pt_json_open(GString *out, const char *name, char open);
void xen_pt_json_close(GString *out, char close);
void xen_pt_json_string(GString *out, const char *name, const char *value);
void xen_pt_json_format(GString *out, const char *name, const char *format,
                        ...) G_GNUC_PRINTF(3, 4);
void xen_pt_json_int(GString *out, const char *name, int64_t value);
void xen_pt_json_bool(GString *out, const char *name, bool value);
/* A string in hexadecimal, "0x10": JSON's numbers carry 53 bits. */
void xen_pt_json_hex(GString *out, const char *name, uint64_t value);

#endif /* XEN_PT_JSON_H */
