/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * xen-pt core: writing JSON
 */
#include <inttypes.h>
#include <string.h>

#include "xen-pt/json.h"

static void quote(GString *out, const char *text)
{
    g_autofree char *valid = g_utf8_make_valid(text, -1);

    g_string_append_c(out, '"');
    for (const char *p = valid; *p; p++) {
        unsigned char c = *p;

        if (c == '"' || c == '\\') {
            g_string_append_c(out, '\\');
            g_string_append_c(out, c);
        } else if (c == '\n') {
            g_string_append(out, "\\n");
        } else if (c < 0x20 || c == 0x7f) {
            g_string_append_printf(out, "\\u%04x", c);
        } else {
            g_string_append_c(out, c);
        }
    }
    g_string_append_c(out, '"');
}

/* What stands before a value: the comma, and the name. */
static void begin(GString *out, const char *name)
{
    if (out->len && !strchr("{[:", out->str[out->len - 1])) {
        g_string_append_c(out, ',');
    }
    if (name) {
        quote(out, name);
        g_string_append_c(out, ':');
    }
}

void xen_pt_json_open(GString *out, const char *name, char open)
{
    begin(out, name);
    g_string_append_c(out, open);
}

void xen_pt_json_close(GString *out, char close)
{
    g_string_append_c(out, close);
}

void xen_pt_json_string(GString *out, const char *name, const char *value)
{
    begin(out, name);
    if (value) {
        quote(out, value);
    } else {
        g_string_append(out, "null");
    }
}

void xen_pt_json_format(GString *out, const char *name, const char *format,
                        ...)
{
    g_autofree char *text = NULL;
    va_list ap;

    va_start(ap, format);
    text = g_strdup_vprintf(format, ap);
    va_end(ap);
    xen_pt_json_string(out, name, text);
}

void xen_pt_json_int(GString *out, const char *name, int64_t value)
{
    begin(out, name);
    g_string_append_printf(out, "%" PRId64, value);
}

void xen_pt_json_bool(GString *out, const char *name, bool value)
{
    begin(out, name);
    g_string_append(out, value ? "true" : "false");
}

void xen_pt_json_hex(GString *out, const char *name, uint64_t value)
{
    xen_pt_json_format(out, name, "0x%" PRIx64, value);
}
