/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * xen-pt: what the ports share: addresses, errors, the facts of a function
 */
#include <string.h>

#include "xen-pt/error.h"
#include "xen-pt/host.h"

G_DEFINE_QUARK(xen-pt-error-quark, xen_pt_error)

const char *xen_pt_address_format(const XenPtAddress *address, char *buf)
{
    g_snprintf(buf, XEN_PT_BDF_LEN, "%04x:%02x:%02x.%x", address->segment,
               address->bus, address->slot & 0x1f, address->function & 7);
    return buf;
}

/* One to digits hexadecimal digits, then the character end. */
static bool parse_hex(const char **text, unsigned digits, char end,
                      unsigned max, unsigned *value)
{
    const char *p = *text;
    unsigned n;

    *value = 0;
    for (n = 0; n < digits && g_ascii_isxdigit(*p); n++, p++) {
        *value = *value << 4 | g_ascii_xdigit_value(*p);
    }
    if (n == 0 || *p != end || *value > max) {
        return false;
    }
    *text = end ? p + 1 : p;
    return true;
}

bool xen_pt_address_parse(const char *text, XenPtAddress *address)
{
    unsigned segment = 0, bus, slot, function;
    const char *colon = text ? strchr(text, ':') : NULL;

    if (!colon) {
        return false;
    }
    if (strchr(colon + 1, ':') &&
        !parse_hex(&text, 4, ':', 0xffff, &segment)) {
        return false;
    }
    if (!parse_hex(&text, 2, ':', 0xff, &bus) ||
        !parse_hex(&text, 2, '.', 0x1f, &slot) ||
        !parse_hex(&text, 1, '\0', 7, &function)) {
        return false;
    }
    *address = (XenPtAddress) {
        .segment = segment, .bus = bus, .slot = slot, .function = function,
    };
    return true;
}

const char *xen_pt_region_name(int region)
{
    static const char *const name[XEN_PT_NUM_REGIONS] = {
        "BAR 0", "BAR 1", "BAR 2", "BAR 3", "BAR 4", "BAR 5",
        "expansion ROM",
    };

    return name[region];
}

void xen_pt_host_info_clear(XenPtHostInfo *info)
{
    g_clear_pointer(&info->driver, g_free);
    g_clear_pointer(&info->reset_methods, g_free);
    for (int i = 0; i < XEN_PT_NUM_REGIONS; i++) {
        g_clear_pointer(&info->region[i].shared_with, g_free);
    }
}
