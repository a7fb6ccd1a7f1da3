/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * xen-pt core: what an administrator opens on top of strict, and what was
 * denied
 *
 * A rule is a register as setpci(8) names it, with an optional mask:
 *
 *   44.b   79.b=0x01   CAP_PM+4.w=0x0100   CAP09@1+8.l   ECAP0B+4.l
 *
 * Denied writes are counted per offset with the first value, and said once
 * per offset: the list is what becomes rules.
 */
#include <string.h>

#include "internal.h"
#include "pci-regs.h"

/* The names of setpci --dumpregs, by id. */
static const char *const cap_names[] = {
    [0x01] = "PM", [0x02] = "AGP", [0x03] = "VPD", [0x04] = "SLOTID",
    [0x05] = "MSI", [0x06] = "CHSWP", [0x07] = "PCIX", [0x08] = "HT",
    [0x09] = "VNDR", [0x0a] = "DBG", [0x0b] = "CCRC", [0x0c] = "HOTPLUG",
    [0x0d] = "SSVID", [0x0e] = "AGP3", [0x0f] = "SECURE", [0x10] = "EXP",
    [0x11] = "MSIX", [0x12] = "SATA", [0x13] = "AF", [0x14] = "EA",
};
static const char *const ecap_names[] = {
    [0x01] = "AER", [0x02] = "VC", [0x03] = "DSN", [0x04] = "PB",
    [0x05] = "RCLINK", [0x06] = "RCILINK", [0x07] = "RCEC", [0x08] = "MFVC",
    [0x09] = "VC2", [0x0a] = "RBCB", [0x0b] = "VNDR", [0x0d] = "ACS",
    [0x0e] = "ARI", [0x0f] = "ATS", [0x10] = "SRIOV", [0x11] = "MRIOV",
    [0x12] = "MCAST", [0x13] = "PRI", [0x15] = "REBAR", [0x16] = "DPA",
    [0x17] = "TPH", [0x18] = "LTR", [0x19] = "SECPCI", [0x1a] = "PMUX",
    [0x1b] = "PASID", [0x1c] = "LNR", [0x1d] = "DPC", [0x1e] = "L1PM",
    [0x1f] = "PTM", [0x20] = "M_PCIE", [0x21] = "FRS", [0x22] = "RTR",
    [0x23] = "DVSEC", [0x24] = "VF_REBAR", [0x25] = "DLNK", [0x26] = "16GT",
    [0x27] = "LMR", [0x28] = "HIER_ID", [0x29] = "NPEM", [0x2a] = "32GT",
    [0x30] = "IDE", [0x31] = "64GT", [0x32] = "FL",
};

/* With 0x before it or not. */
static bool parse_hex(const char **text, uint32_t *value)
{
    const char *start;
    uint64_t v = 0;

    if ((*text)[0] == '0' && ((*text)[1] | 0x20) == 'x') {
        *text += 2;
    }
    start = *text;
    while (g_ascii_isxdigit(**text)) {
        v = v * 16 + g_ascii_xdigit_value(**text);
        if (v > ALL_ONES) {
            return false;
        }
        (*text)++;
    }
    *value = v;
    return *text > start;
}

/* "_PM", behind CAP or ECAP, or an id. */
static bool parse_id(const char **text, bool extended, uint32_t *id)
{
    const char *const *names = extended ? ecap_names : cap_names;
    unsigned n = extended ? G_N_ELEMENTS(ecap_names)
                          : G_N_ELEMENTS(cap_names);
    size_t len = strcspn(*text, "@+.");

    if (**text != '_') {
        return parse_hex(text, id);
    }
    for (unsigned i = 0; i < n; i++) {
        if (names[i] && strlen(names[i]) == len - 1 &&
            g_ascii_strncasecmp(*text + 1, names[i], len - 1) == 0) {
            *text += len;
            *id = i;
            return true;
        }
    }
    return false;
}

/* "CAP_PM", "CAP01", "ECAP0B", with "@N" for the N-th of several. */
static bool parse_capability(XenPtDevice *dev, const char **text,
                             uint32_t *base, const char **why)
{
    bool extended = g_ascii_strncasecmp(*text, "ECAP", 4) == 0;
    uint32_t id = 0, nth = 0;

    *text += extended ? 4 : 3;
    if (!parse_id(text, extended, &id)) {
        *why = "it names no capability that xen-pt knows";
        return false;
    }
    if (**text == '@') {
        (*text)++;
        if (!parse_hex(text, &nth)) {
            *why = "a number must follow '@'";
            return false;
        }
    }
    if (extended) {
        xen_pt_config_open_extended(dev);
    }
    for (unsigned i = 0; i < dev->instances->len; i++) {
        const XenPtInstance *inst = dev->instances->pdata[i];

        if (inst->id == id && inst->extended == extended && nth-- == 0) {
            if (!inst->shown) {
                *why = "that capability is hidden from the guest";
                return false;
            }
            *base = inst->offset;
            return true;
        }
    }
    *why = "the device has no such capability";
    return false;
}

/*
 * Fields on which xen-pt acts (Command, BARs, MSI, MSI-X), and the links of
 * the capability list, are not for opening: they would give the guest a
 * lever on the host or leave Xen and the device of two minds.
 */
bool xen_pt_policy_may_open(const XenPtDevice *dev, uint32_t offset,
                            const char **why)
{
    const XenPtConfig *c = &dev->config;

    if (dev->forbidden[offset]) {
        *why = "reading that register is forbidden";
        return false;
    }
    if (c->action[offset]) {
        *why = "xen-pt itself acts on that register";
        return false;
    }
    if (offset < PCI_CACHE_LINE_SIZE || offset == PCI_CAPABILITY_LIST ||
        (offset >= PCI_BASE_ADDRESS_0 && offset < PCI_CARDBUS_CIS) ||
        (offset >= PCI_ROM_ADDRESS && offset < PCI_CAPABILITY_LIST)) {
        *why = "that register of the header is never the guest's";
        return false;
    }
    for (unsigned i = 0; i < dev->instances->len; i++) {
        const XenPtInstance *inst = dev->instances->pdata[i];
        unsigned head = inst->extended ? 4 : 2;
        unsigned claims = MAX(inst->length, inst->claims);

        if (offset >= inst->offset && offset < inst->offset + head) {
            *why = "the links of the capability list are xen-pt's";
            return false;
        }
        if (offset >= inst->offset && offset < inst->offset + claims &&
            inst->cap && (!inst->shown || inst->cap == &xen_pt_cap_msi ||
                          inst->cap == &xen_pt_cap_msix)) {
            *why = "that capability is Xen's, or hidden from the guest";
            return false;
        }
    }
    return true;
}

/* Bits that are the device's own keep what it has, whatever a table says. */
static void close_field(XenPtDevice *dev, uint32_t offset, unsigned size,
                        uint32_t mask)
{
    for (unsigned i = 0; i < size; i++) {
        dev->config.write_host[offset + i] &= ~(mask >> (8 * i));
        dev->config.claimed[offset + i] = XEN_PT_CLAIMED;
    }
}

static void open_field(XenPtDevice *dev, uint32_t offset, unsigned size,
                       uint32_t mask)
{
    XenPtConfig *c = &dev->config;

    for (unsigned i = 0; i < size; i++) {
        uint8_t bits = mask >> (8 * i);
        unsigned at = offset + i;

        c->virt[at] &= ~bits;
        c->write_virt[at] &= ~bits;
        c->write_host[at] |= bits;
        c->rw1c[at] &= ~bits;
        c->with_next[at] = 0;
    }
}

static bool apply_rule(XenPtDevice *dev, const char *rule, bool open,
                       const char **why)
{
    const char *p = rule;
    uint32_t base = 0, offset = 0, mask = ALL_ONES;
    unsigned size = 0;
    bool named = false, masked = false;

    if (g_ascii_strncasecmp(p, "CAP", 3) == 0 ||
        g_ascii_strncasecmp(p, "ECAP", 4) == 0) {
        named = true;
        if (!parse_capability(dev, &p, &base, why)) {
            return false;
        }
        if (*p == '+') {
            p++;
            named = false;
        }
    }
    if (!named && (!parse_hex(&p, &offset) || g_ascii_isalnum(*p))) {
        *why = "an offset in hexadecimal is expected, or the name of a "
               "capability and one";
        return false;
    }
    if (*p == '.') {
        size = p[1] == 'b' || p[1] == 'B' ? 1
             : p[1] == 'w' || p[1] == 'W' ? 2
             : p[1] == 'l' || p[1] == 'L' ? 4 : 0;
        p += size ? 2 : 0;
    }
    if (!size) {
        *why = "the width must be given as .b, .w or .l";
        return false;
    }
    if (*p == '=') {
        p++;
        masked = true;
        if (!parse_hex(&p, &mask)) {
            *why = "a mask in hexadecimal must follow '='";
            return false;
        }
    }
    if (*p) {
        *why = "there is something behind its end";
        return false;
    }
    if (offset > XEN_PT_CONFIG_EXT_SIZE ||
        base + offset > XEN_PT_CONFIG_EXT_SIZE - size) {
        *why = "it lies outside of config space";
        return false;
    }
    offset += base;
    if (offset & (size - 1)) {
        *why = "the offset is not a multiple of the width";
        return false;
    }
    if (masked && size < 4 && mask >> (8 * size)) {
        *why = "its mask is wider than the register";
        return false;
    }
    if (!mask) {
        *why = "its mask opens no bit";
        return false;
    }
    if (offset >= XEN_PT_CONFIG_SIZE) {
        xen_pt_config_open_extended(dev);
    }
    for (unsigned i = 0; i < size; i++) {
        if (((mask >> (8 * i)) & 0xff) &&
            !xen_pt_policy_may_open(dev, offset + i, why)) {
            return false;
        }
    }
    (open ? open_field : close_field)(dev, offset, size, mask);
    return true;
}

bool xen_pt_policy_allow(XenPtDevice *dev, const char *rules, GError **errp)
{
    char **list = g_strsplit_set(rules, ", \t\n", -1);
    const char *why = NULL;
    bool ok = true;

    for (char **rule = list; *rule && ok; rule++) {
        if (**rule && !apply_rule(dev, *rule, true, &why)) {
            g_set_error(errp, XEN_PT_ERROR, XEN_PT_ERROR_POLICY,
                        "%s: the allow rule '%s' cannot be honoured: %s; "
                        "rules look like 44.b or CAP_PM+4.w=0x0100",
                        dev->name, *rule, why);
            ok = false;
        }
    }
    g_strfreev(list);
    return ok;
}

/* A quirk may name what this model of the device lacks: that is no error. */
void xen_pt_policy_quirks(XenPtDevice *dev, const char *rules)
{
    char **list = g_strsplit_set(rules, ", \t\n", -1);
    const char *why;

    for (char **rule = list; *rule; rule++) {
        bool close = **rule == '-';

        if (**rule) {
            apply_rule(dev, *rule + close, !close, &why);
        }
    }
    g_strfreev(list);
}

bool xen_pt_policy_forbid(XenPtDevice *dev, const char *ranges,
                          GError **errp)
{
    char **list = g_strsplit_set(ranges, ", \t\n", -1);
    bool ok = true;

    for (char **range = list; *range && ok; range++) {
        const char *p = *range;
        uint32_t first = 0, last;

        if (!*p) {
            continue;
        }
        ok = parse_hex(&p, &first);
        last = first;
        if (ok && *p == '-') {
            p++;
            ok = parse_hex(&p, &last);
        }
        ok = ok && !*p && first >= PCI_STD_HEADER_SIZEOF && first <= last &&
             last < XEN_PT_CONFIG_EXT_SIZE;
        for (uint32_t at = first; ok && at <= last; at++) {
            xen_pt_config_forbid(dev, at);
        }
        if (!ok) {
            g_set_error(errp, XEN_PT_ERROR, XEN_PT_ERROR_POLICY,
                        "%s: '%s' is no range of config space that can be "
                        "left unread; write it like a0-a7", dev->name,
                        *range);
        }
    }
    g_strfreev(list);
    return ok;
}

/* -- what was denied ------------------------------------------------------ */

void xen_pt_policy_denied(XenPtDevice *dev, uint32_t addr, unsigned len,
                          uint32_t value, uint32_t denied_bytes)
{
    const char *why;
    unsigned openable = 0, news = 0, at = addr, width = len;

    dev->counters.denied_writes++;
    for (unsigned i = 0; i < len; i++) {
        XenPtDenied *d;

        /* what no rule can open is counted, but no news for a person */
        openable |= xen_pt_policy_may_open(dev, addr + i, &why) << i;
        if (!(denied_bytes & (1u << i))) {
            continue;
        }
        d = g_hash_table_lookup(dev->denied, GUINT_TO_POINTER(addr + i));
        if (!d) {
            d = g_new0(XenPtDenied, 1);
            d->offset = addr + i;
            d->first_value = value >> (8 * i);
            g_hash_table_insert(dev->denied, GUINT_TO_POINTER(addr + i), d);
            news |= 1u << i;
        }
        d->count += d->count < UINT32_MAX;
    }
    news &= openable;
    if (!news) {
        return;
    }
    xen_pt_event(dev, XEN_PT_EVENT_WRITE_DENIED, addr, len, value, NULL);
    if (dev->denied_lines++ < XEN_PT_MAX_DENIED_LINES) {
        if (addr % len || openable != (1u << len) - 1) {
            /* a rule for all of it would be refused */
            at = addr + g_bit_nth_lsf(news, -1);
            width = 1;
        }
        xen_pt_say(dev, XEN_PT_LEVEL_INFO, "%s: the guest's write of 0x%0*x "
                   "at config offset 0x%02x was not passed on; if its driver "
                   "needs that register, allow it with allow=%x.%c",
                   dev->name, len * 2, value, addr, at,
                   width == 1 ? 'b' : width == 2 ? 'w' : 'l');
    }
}

static int by_offset(gconstpointer a, gconstpointer b)
{
    const XenPtDenied *x = a, *y = b;

    return (int)x->offset - (int)y->offset;
}

GArray *xen_pt_device_denied(const XenPtDevice *dev)
{
    GArray *all = g_array_new(false, false, sizeof(XenPtDenied));
    GHashTableIter iter;
    gpointer denied;

    g_hash_table_iter_init(&iter, dev->denied);
    while (g_hash_table_iter_next(&iter, NULL, &denied)) {
        g_array_append_vals(all, denied, 1);
    }
    g_array_sort(all, by_offset);
    return all;
}
