/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * xen-pt explain: what a guest would see of a function, without a guest
 */
#include <inttypes.h>
#include <string.h>

#include "tool.h"
#include "xen-pt/dump.h"
#include "xen-pt/introspect.h"
#include "xen-pt/json.h"
#include "xen-pt/rules.h"
#include "xen-pt/sysfs.h"

#define MAX_RANGES 12
#define PCI_INTERRUPT_PIN 0x3d

static char *dump_file, *dump, *slot_text, *allow_text, *rules_file;
static gboolean permissive, real_power, allow_reset, refuse_shared, no_rom,
                verbose, no_decode;

typedef struct Explain {
    XenPtHostInfo info;         /* strings are not kept */
    char bdf[XEN_PT_BDF_LEN];
    char *name, *reset, *driver, *quirks, *forbid;
    XenPtRules rules;
    GPtrArray *warnings;
    DryRun *run;
    GError *error;              /* why it cannot be passed through */
    char *host_dump;
    bool sizes_known;           /* of the regions */
    unsigned others;            /* functions that the dump has besides */
    char **host_lspci, **guest_lspci;
} Explain;

/* -- getting at it -------------------------------------------------------- */

static int owner(void *opaque, const XenPtAddress *address)
{
    return xenstore_owner(opaque, address);
}

static XenPtHost *open_sysfs(const XenPtAddress *address, GPtrArray *warnings,
                             GError **errp)
{
    g_autofree char *root = tool_path("/sys/bus/pci/devices");
    const char *why;
    XenStore *xs = xenstore_open(&why);
    const XenPtSysfsOptions options = {
        .root = root, .read_only = true, .owner = xs ? owner : NULL,
        .opaque = xs,
    };
    XenPtHost *host = xen_pt_sysfs_open_with(&options, address, errp,
                                             warnings);
    uint8_t byte;

    xenstore_close(xs);
    if (host && host->ops->config_read(host, 0x40, &byte, 1) != 1) {
        char bdf[XEN_PT_BDF_LEN];

        g_set_error(errp, XEN_PT_ERROR, XEN_PT_ERROR_HOST,
                    "%s: only root may read all of its config space; run "
                    "this as root, or explain a dump that root made with "
                    "`lspci -s %s -xxxx`", xen_pt_address_format(address, bdf),
                    bdf);
        host->ops->close(host);
        return NULL;
    }
    return host;
}

/* What the text of a dump tells beyond the function. */
static void look_at_dump(Explain *e)
{
    g_autoptr(GArray) all = NULL;

    e->sizes_known = true;
    if (dump) {
        e->sizes_known = strstr(dump, "[size=");
        all = xen_pt_dump_list(dump);
        e->others = all->len ? all->len - 1 : 0;
    }
}

static char *join(const char *a, const char *b)
{
    return a && b ? g_strconcat(a, ",", b, NULL) : g_strdup(a ? a : b);
}

/* Options as the device model would have them, and the command line's. */
static bool find_options(Explain *e, const XenPtHostInfo *info,
                         XenPtOptions *options, GError **errp)
{
    g_autofree char *standard = tool_path("%s", XEN_PT_RULES_FILE);

    e->rules.permissive = permissive ? 1 : -1;
    e->rules.real_power = real_power ? 1 : -1;
    e->rules.allow_reset = allow_reset ? 1 : -1;
    e->rules.refuse_shared = refuse_shared ? 1 : -1;
    if (!dump_file || rules_file) {
        if (!xen_pt_rules_load(rules_file ? rules_file : standard,
                               rules_file, info, &e->rules, errp)) {
            return false;
        }
    }
    if (allow_text) {
        char *all = join(e->rules.allow, allow_text);

        g_free(e->rules.allow);
        e->rules.allow = all;
    }
    xen_pt_quirks_match(info, &e->quirks, &e->forbid);
    options->permissive = e->rules.permissive == 1;
    options->real_power = e->rules.real_power == 1;
    options->allow_reset = e->rules.allow_reset == 1;
    options->refuse_shared = e->rules.refuse_shared == 1;
    options->no_rom = no_rom;
    options->allow = e->rules.allow;
    options->quirks = e->quirks;
    options->forbid = e->forbid;
    return true;
}

/* -- words ---------------------------------------------------------------- */

static uint32_t value_at(const uint8_t *bytes, unsigned at, unsigned size)
{
    uint32_t value = 0;

    for (unsigned i = 0; i < size && i < 4; i++) {
        value |= (uint32_t)bytes[at + i] << (8 * i);
    }
    return value;
}

typedef struct FieldView {
    uint32_t host, guest;       /* values */
    uint32_t own, through, clear, live;  /* masks */
} FieldView;

static FieldView field_view(const Explain *e, const XenPtInstance *inst,
                            const XenPtField *f)
{
    const XenPtConfig *c = xen_pt_device_config(e->run->dev);
    unsigned at = inst->offset + f->offset;
    FieldView v = {
        .host = value_at(e->run->host, at, f->size),
        .guest = value_at(e->run->guest, at, f->size),
        .own = value_at(c->write_virt, at, f->size),
        .through = value_at(c->write_host, at, f->size),
        .clear = value_at(c->rw1c, at, f->size),
        .live = ~value_at(c->virt, at, f->size),
    };

    v.clear &= v.through;
    v.through &= ~v.clear;
    return v;
}

/* The name of a field, for people; the table's MSI layout is the widest. */
static bool has_layout(const XenPtInstance *inst)
{
    return inst->cap && inst->cap->fields &&
           !(inst->id == 0x05 && !inst->extended);
}

static void append_name(GString *list, const char *format, ...)
    G_GNUC_PRINTF(2, 3);

static void append_name(GString *list, const char *format, ...)
{
    va_list ap;

    if (list->len) {
        g_string_append(list, ", ");
    }
    va_start(ap, format);
    g_string_append_vprintf(list, format, ap);
    va_end(ap);
}

/* -- capabilities --------------------------------------------------------- */

static void print_fields(GString *out, const Explain *e,
                         const XenPtInstance *inst)
{
    for (const XenPtField *f = inst->cap->fields; f && f->size; f++) {
        FieldView v;

        if (f->offset + f->size > inst->length) {
            continue;
        }
        v = field_view(e, inst, f);
        g_string_append_printf(out, "       +%02x.%c  %-30s host %0*x "
                               "guest %0*x", f->offset,
                               f->size == 1 ? 'b' : f->size == 2 ? 'w' : 'l',
                               f->name, f->size * 2, v.host, f->size * 2,
                               v.guest);
        if (v.own) {
            g_string_append_printf(out, "  own %x", v.own);
        }
        if (v.through) {
            g_string_append_printf(out, "  to device %x", v.through);
        }
        if (v.clear) {
            g_string_append_printf(out, "  clears %x", v.clear);
        }
        g_string_append_c(out, '\n');
        if (f->note) {
            tool_wrap(out, "", 17, f->note);
        }
    }
}

/* "shown", "filtered" or "hidden", and what to say about it. */
static const char *judge(const Explain *e, const XenPtInstance *inst,
                         GString *differs, GString *own, GString *through)
{
    bool filtered = false;

    if (!inst->shown) {
        return "hidden";
    }
    if (!has_layout(inst)) {
        return inst->cap && inst->cap->fields ? "filtered" : "shown";
    }
    for (const XenPtField *f = inst->cap->fields; f->size; f++) {
        unsigned head = inst->extended ? 4 : 2;
        FieldView v;

        if (f->offset < head || f->offset + f->size > inst->length) {
            continue;
        }
        v = field_view(e, inst, f);
        if (v.host != v.guest) {
            append_name(differs, "%s %0*x for %0*x", f->name, f->size * 2,
                        v.guest, f->size * 2, v.host);
        }
        if (v.own) {
            append_name(own, "%s", f->name);
        }
        if (v.through) {
            append_name(through, "%s", f->name);
        }
        filtered |= v.host != v.guest || v.own;
    }
    return filtered ? "filtered" : "shown";
}

static void print_capability(GString *out, const Explain *e,
                             const XenPtInstance *inst)
{
    g_autoptr(GString) differs = g_string_new(NULL);
    g_autoptr(GString) own = g_string_new(NULL);
    g_autoptr(GString) through = g_string_new(NULL);
    const char *state = judge(e, inst, differs, own, through);
    g_autofree char *name = inst->cap ? g_strdup(inst->cap->name)
        : g_strdup_printf("unknown (id %02x)", inst->id);
    g_autofree char *head =
        g_strdup_printf("  %3x  %-37s %s", inst->offset, name,
                        inst->shown ? state : "");

    if (!inst->shown) {
        g_autofree char *text = g_strdup_printf("hidden: %s",
                                                inst->why ? inst->why : "");
        /* the offset and the name stand as in the other lines */
        tool_wrap(out, head, 45, text);
        return;
    }
    g_string_append_printf(out, "%s\n", head);
    if (inst->id == 0x05 && !inst->extended) {
        tool_wrap(out, "", 7, "address, data and masks are the guest's own; "
                  "Xen programs the device");
    }
    if (inst->id == 0x11 && !inst->extended) {
        tool_wrap(out, "", 7, "the table is the guest's own; Xen programs the "
                  "device's");
    }
    if (differs->len) {
        g_autofree char *text = g_strconcat("reads ", differs->str, NULL);

        tool_wrap(out, "", 7, text);
    }
    if (own->len && inst->id != 0x11) {
        g_autofree char *text = g_strconcat("the guest writes a copy of ",
                                            own->str, NULL);

        tool_wrap(out, "", 7, text);
    }
    if (through->len) {
        g_autofree char *text = g_strconcat("writes reach the device: ",
                                            through->str, NULL);

        tool_wrap(out, "", 7, text);
    }
    if (verbose && has_layout(inst)) {
        print_fields(out, e, inst);
    }
}

static void print_capabilities(GString *out, const Explain *e)
{
    g_autoptr(GArray) all = xen_pt_device_instances(e->run->dev);
    bool beyond = false;

    g_string_append(out, "\nCapabilities\n");
    if (!all->len) {
        g_string_append(out, "  none\n");
    }
    if (verbose) {
        XenPtInstance header = {
            .cap = xen_pt_header(), .length = 64, .shown = true,
        };

        g_string_append(out, "    0  the header\n");
        print_fields(out, e, &header);
    }
    for (unsigned i = 0; i < all->len; i++) {
        const XenPtInstance *inst = &g_array_index(all, XenPtInstance, i);

        print_capability(out, e, inst);
        beyond |= inst->extended && inst->shown;
    }
    if (beyond) {
        tool_wrap(out, "  ", 2, "(What is shown from 100 on, a guest reaches "
                  "on a PCI Express machine only; that of xl's guests, "
                  "i440fx, is none.)");
    }
    if (e->run->host_size > 256 || all->len == 0) {
        return;
    }
    for (unsigned i = 0; i < all->len; i++) {
        if (g_array_index(all, XenPtInstance, i).id == 0x10) {
            tool_wrap(out, "  ", 2, "(The dump ends at 256 bytes: extended "
                      "capabilities, if any, are not judged; `lspci -xxxx` has "
                      "them.)");
            return;
        }
    }
}

/* -- regions -------------------------------------------------------------- */

static char *region_fate(const Explain *e, int i)
{
    const XenPtHostRegion *r = &xen_pt_device_info(e->run->dev)->region[i];
    uint64_t units = e->run->bar_units[i];
    uint64_t pages = (r->size + XEN_PT_PAGE_SIZE - 1) / XEN_PT_PAGE_SIZE;
    unsigned calls = e->run->bar_calls[i];
    const char *s = calls == 1 ? "" : "s";

    if (!xen_pt_device_region(e->run->dev, i).size) {
        return g_strdup("not offered to the guest");
    }
    if (i == XEN_PT_ROM_REGION && !units) {
        return g_strdup_printf("mapped while the guest enables it, %" PRIu64
                               " page%s", pages, pages == 1 ? "" : "s");
    }
    if (r->io) {
        return g_strdup_printf("mapped, %" PRIu64 " ports in %u call%s",
                               units, calls, s);
    }
    if (units == pages) {
        return g_strdup_printf("mapped, %" PRIu64 " page%s in %u call%s",
                               units, units == 1 ? "" : "s", calls, s);
    }
    if (units) {
        return g_strdup_printf("%" PRIu64 " of %" PRIu64 " pages mapped in "
                               "%u call%s; the rest (MSI-X table) is served by "
                               "the device model", units, pages, calls, s);
    }
    if (r->shared_with) {
        return g_strdup_printf("served by the device model: %s is in the "
                               "same page", r->shared_with);
    }
    if (r->size < XEN_PT_PAGE_SIZE && !r->page_exclusive) {
        return g_strdup("served by the device model: less than a page, and "
                        "maybe not alone in it");
    }
    if (r->size < XEN_PT_PAGE_SIZE &&
        ((r->base ^ e->run->guest_bar[i]) & (XEN_PT_PAGE_SIZE - 1))) {
        return g_strdup_printf("served by the device model: less than a "
                               "page, and %" PRIx64 " bytes into it on the "
                               "host",
                               (uint64_t)(r->base & (XEN_PT_PAGE_SIZE - 1)));
    }
    if (r->size >= XEN_PT_PAGE_SIZE && !r->served) {
        return g_strdup("served by the device model: the MSI-X table is in "
                        "all of its pages");
    }
    return g_strdup("served by the device model");
}

static void print_regions(GString *out, const Explain *e)
{
    const XenPtHostInfo *info = xen_pt_device_info(e->run->dev);
    unsigned any = 0;

    g_string_append(out, "\nRegions\n");
    for (int i = 0; i < XEN_PT_NUM_REGIONS; i++) {
        const XenPtHostRegion *r = &info->region[i];
        g_autofree char *fate = NULL, *size = NULL, *head = NULL,
                        *name = NULL;

        if (!r->size) {
            continue;
        }
        any++;
        fate = region_fate(e, i);
        size = tool_size(r->size);
        name = i == XEN_PT_ROM_REGION ? g_strdup("ROM")
                                      : g_strdup_printf("BAR %d", i);
        head = g_strdup_printf("  %-5s  %-13s %5s at %-10" PRIx64 "  ", name,
                               i == XEN_PT_ROM_REGION ? "memory"
                               : r->io ? "I/O ports"
                               : r->mem64 ? "64-bit memory"
                               : "32-bit memory", size, r->base);
        tool_wrap(out, head, strlen(head), fate);
    }
    if (!any && dump_file && e->info.is_virtfn) {
        tool_wrap(out, "  ", 2, "(The BARs of a VF are set up in its PF: the "
                  "dump does not have them, and MSI-X cannot be judged "
                  "without; `lspci -vvvxxxx` has them.)");
    } else if (!any) {
        g_string_append(out, "  none\n");
    } else if (!e->sizes_known) {
        tool_wrap(out, "  ", 2, "(The dump does not have the sizes: these are "
                  "bounds, guessed from the addresses; `lspci -vvvxxxx` has "
                  "them.)");
    }
}

/* -- the rest ------------------------------------------------------------- */

static void print_interrupts(GString *out, const Explain *e,
                             const Json *status)
{
    const Json *interrupt = json_get(status, "interrupt");
    const Json *intx = json_get(interrupt, "intx");
    const Json *offered = json_get(interrupt, "offered");
    int64_t msi = json_int(offered, "msi", 0);
    int64_t msix = json_int(offered, "msix", 0);
    uint8_t pin = e->run->host[PCI_INTERRUPT_PIN];
    g_autoptr(GString) calls = NULL;
    g_autofree char *head = NULL;

    g_string_append(out, "\nInterrupts\n");
    if (intx && intx->type == JSON_OBJECT && json_bool(intx, "bound")) {
        g_string_append_printf(out, "  INT%c   routed by Xen from the host's "
                               "line %" PRId64 "\n",
                               'A' + (int)json_int(intx, "pin", 1) - 1,
                               json_int(intx, "gsi", 0));
    } else if (dump_file && pin >= 1 && pin <= 4 && !e->info.gsi) {
        head = g_strdup_printf("  INT%c   ", 'A' + pin - 1);
        tool_wrap(out, head, 9, "if the host has a line for it, which the "
                  "dump does not tell");
    } else {
        g_string_append(out, "  INTx   none\n");
    }
    if (msi) {
        g_string_append_printf(out, "  MSI    %" PRId64 " vector%s\n", msi,
                               msi == 1 ? "" : "s");
    }
    if (msix) {
        g_string_append_printf(out, "  MSI-X  %" PRId64 " vector%s\n", msix,
                               msix == 1 ? "" : "s");
    }
    if (e->run->vectors > 32) {
        tool_wrap(out, "  ", 9, "! Xen gives a guest 32 vectors unless told "
                  "otherwise: put extra_guest_irqs on Xen's command line if the "
                  "driver takes them all");
    }
    g_string_append(out, "\nHypercalls\n");
    calls = g_string_new(NULL);
    g_string_printf(calls, "%u to attach, %u each time the guest settles its "
                    "BARs", e->run->calls_attach, e->run->calls_bars);
    if (e->run->vectors) {
        g_string_append_printf(calls, ", %u if a driver takes %s%u vector%s",
                               e->run->calls_vectors,
                               e->run->vectors > 1 ? "all " : "its ",
                               e->run->vectors,
                               e->run->vectors > 1 ? "s" : "");
    }
    tool_wrap(out, "  ", 2, calls->str);
    g_string_append(out, "\nReset\n");
    if (e->reset) {
        g_string_append_printf(out, "  the kernel can: %s\n", e->reset);
    } else {
        tool_wrap(out, "  ", 2, dump_file ? "a dump does not tell"
             : "the kernel knows no way: the guest gets the device as its "
               "last user left it");
    }
}

/* Runs of bytes that read from the device, are unknown and cannot change. */
static GArray *read_only_ranges(const Explain *e, unsigned *bytes)
{
    const XenPtConfig *c = xen_pt_device_config(e->run->dev);
    GArray *all = g_array_new(false, false, sizeof(uint32_t));
    uint32_t range[2];
    const char *why;
    bool in = false;

    *bytes = 0;
    for (uint32_t at = 64; at <= (uint32_t)e->run->host_size &&
                           at <= XEN_PT_CONFIG_EXT_SIZE; at++) {
        bool closed = at < (uint32_t)e->run->host_size &&
            !c->claimed[at] && c->virt[at] == 0 && !c->write_host[at] &&
            xen_pt_introspect_may_allow(e->run->dev, at, &why);

        *bytes += closed;
        if (closed && !in) {
            range[0] = at;
        } else if (!closed && in) {
            range[1] = at - 1;
            g_array_append_vals(all, range, 2);
        }
        in = closed;
    }
    return all;
}

static void print_policy(GString *out, const Explain *e)
{
    unsigned bytes;
    g_autoptr(GArray) ranges = read_only_ranges(e, &bytes);
    g_autoptr(GString) text = g_string_new(NULL);
    bool open = e->rules.permissive == 1;

    g_string_append_printf(out, "\nPolicy: %s\n", open ? "permissive"
                                                       : "strict");
    if (e->quirks) {
        g_string_append_printf(text, "Quirks of this device open (and, "
                               "with a '-', close) %s. ", e->quirks);
    }
    if (e->rules.allow) {
        g_string_append_printf(text, "Rules open %s. ", e->rules.allow);
    }
    if (open) {
        g_string_append(text, "Registers that no table knows can be written. ");
    } else if (!bytes) {
        g_string_append(text, "There is no register that the guest can see "
                        "and no table knows. ");
    } else {
        g_string_append_printf(text, "The guest reads, but cannot write, %u "
                               "bytes that no table knows: ", bytes);
        for (unsigned i = 0; i < ranges->len; i += 2) {
            if (i / 2 == MAX_RANGES) {
                g_string_append_printf(text, "and %u more ranges",
                                       ranges->len / 2 - MAX_RANGES);
                break;
            }
            g_string_append_printf(text, "%s%x-%x", i ? ", " : "",
                                   g_array_index(ranges, uint32_t, i),
                                   g_array_index(ranges, uint32_t, i + 1));
        }
        g_string_append_printf(text, ". If the driver needs one of them, "
                               "allow=%x.b opens that byte; permissive=1 "
                               "opens all, which trusts the guest with the "
                               "device's undocumented registers. ",
                               g_array_index(ranges, uint32_t, 0));
    }
    tool_wrap(out, "  ", 2, g_strchomp(text->str));
}

static void print_decode(GString *out, const Explain *e)
{
    if (no_decode) {
        return;
    }
    if (!e->host_lspci || !e->guest_lspci) {
        g_string_append(out, "\n(lspci cannot be run here: install pciutils "
                        "to see both views decoded.)\n");
        return;
    }
    g_string_append(out, "\nAs lspci decodes it: - the host's view only, + "
                    "the guest's view only\n");
    lspci_compare(out, e->host_lspci, e->guest_lspci);
}

static void print_text(GString *out, const Explain *e)
{
    g_autofree char *sentence = NULL;

    g_string_append_printf(out, "%s %s [%04x:%04x] (rev %02x)\n", e->bdf,
                           e->name, e->info.vendor, e->info.device,
                           e->info.revision);
    if (e->error) {
        sentence = g_strdup_printf("It cannot be passed through. %s.",
                                   e->error->message);
        tool_wrap(out, "", 0, sentence);
    } else {
        g_string_append(out, "It can be passed through.\n");
    }
    for (unsigned i = 0; i < e->warnings->len; i++) {
        tool_wrap(out, "  ! ", 4, e->warnings->pdata[i]);
    }
    if (e->run) {
        Json *status = json_parse(e->run->status);

        for (unsigned i = 0; i < e->run->said->len; i++) {
            tool_wrap(out, "  ! ", 4, e->run->said->pdata[i]);
        }
        print_capabilities(out, e);
        print_regions(out, e);
        print_interrupts(out, e, status);
        print_policy(out, e);
        print_decode(out, e);
        json_free(status);
    }
    if (e->others && !slot_text) {
        g_string_append_printf(out, "\n(%u more function%s in this dump: "
                               "--slot BDF chooses.)", e->others,
                               e->others == 1 ? " is" : "s are");
    }
    while (out->len && out->str[out->len - 1] == '\n') {
        g_string_truncate(out, out->len - 1);
    }
}

/* -- JSON ----------------------------------------------------------------- */

static void put_lines(GString *out, const char *name, char **lines)
{
    if (!lines) {
        xen_pt_json_string(out, name, NULL);
        return;
    }
    xen_pt_json_open(out, name, '[');
    for (char **line = lines; *line; line++) {
        xen_pt_json_string(out, NULL, *line);
    }
    xen_pt_json_close(out, ']');
}

static void put_run(GString *out, const Explain *e)
{
    unsigned bytes;
    g_autoptr(GArray) ranges = read_only_ranges(e, &bytes);

    xen_pt_json_open(out, "hypercalls", '{');
    xen_pt_json_int(out, "attach", e->run->calls_attach);
    xen_pt_json_int(out, "bars", e->run->calls_bars);
    xen_pt_json_int(out, "vectors", e->run->calls_vectors);
    xen_pt_json_close(out, '}');
    xen_pt_json_int(out, "vectors", e->run->vectors);
    xen_pt_json_open(out, "writes_at_attach", '[');
    for (unsigned i = 0; i < e->run->writes->len; i++) {
        const DryWrite *w = &g_array_index(e->run->writes, DryWrite, i);

        xen_pt_json_open(out, NULL, '{');
        xen_pt_json_hex(out, "offset", w->offset);
        xen_pt_json_int(out, "size", w->len);
        xen_pt_json_hex(out, "value", w->value);
        xen_pt_json_close(out, '}');
    }
    xen_pt_json_close(out, ']');
    xen_pt_json_open(out, "read_only", '[');
    for (unsigned i = 0; i < ranges->len; i += 2) {
        xen_pt_json_open(out, NULL, '{');
        xen_pt_json_hex(out, "first", g_array_index(ranges, uint32_t, i));
        xen_pt_json_hex(out, "last", g_array_index(ranges, uint32_t, i + 1));
        xen_pt_json_close(out, '}');
    }
    xen_pt_json_close(out, ']');
    xen_pt_json_string(out, "host_config", e->host_dump);
    xen_pt_json_string(out, "guest_config", e->run->view);
    put_lines(out, "host_lspci", e->host_lspci);
    put_lines(out, "guest_lspci", e->guest_lspci);
    /* the status is an object of its own: it goes in as it is */
    xen_pt_json_open(out, "status", '{');
    g_string_append_len(out, e->run->status + 1,
                        strlen(e->run->status) - 1);
}

static void print_json(GString *out, const Explain *e)
{
    xen_pt_json_open(out, NULL, '{');
    xen_pt_json_string(out, "address", e->bdf);
    xen_pt_json_string(out, "name", e->name);
    xen_pt_json_string(out, "source", dump_file ? "dump" : "sysfs");
    xen_pt_json_bool(out, "possible", !e->error);
    xen_pt_json_string(out, "error", e->error ? e->error->message : NULL);
    xen_pt_json_open(out, "warnings", '[');
    for (unsigned i = 0; i < e->warnings->len; i++) {
        xen_pt_json_string(out, NULL, e->warnings->pdata[i]);
    }
    for (unsigned i = 0; e->run && i < e->run->said->len; i++) {
        xen_pt_json_string(out, NULL, e->run->said->pdata[i]);
    }
    xen_pt_json_close(out, ']');
    xen_pt_json_string(out, "driver", e->driver);
    xen_pt_json_string(out, "reset_methods", e->reset);
    xen_pt_json_string(out, "quirks", e->quirks);
    xen_pt_json_string(out, "allow", e->rules.allow);
    if (e->run) {
        put_run(out, e);
    }
    xen_pt_json_close(out, '}');
}

/* -- the command ---------------------------------------------------------- */

static void explain_clear(Explain *e)
{
    dry_free(e->run);
    g_clear_error(&e->error);
    g_ptr_array_unref(e->warnings);
    xen_pt_rules_clear(&e->rules);
    g_strfreev(e->host_lspci);
    g_strfreev(e->guest_lspci);
    g_free(e->name);
    g_free(e->reset);
    g_free(e->driver);
    g_free(e->quirks);
    g_free(e->forbid);
    g_free(e->host_dump);
}

static int explain(Explain *e, XenPtHost *host)
{
    XenPtOptions options = { 0 };
    GError *error = NULL;
    GString *out;
    bool printed;

    e->info = host->info;
    xen_pt_address_format(&host->info.address, e->bdf);
    e->name = tool_device_name(e->info.class_code, e->info.vendor,
                               e->info.device);
    e->reset = g_strdup(host->info.reset_methods);
    e->driver = g_strdup(host->info.driver);
    e->host_dump = dry_host_dump(host);
    look_at_dump(e);
    if (!find_options(e, &host->info, &options, &error)) {
        host->ops->close(host);
        return tool_fail_error(EXIT_USAGE, error);
    }
    e->run = dry_run(host, &options, &e->error);
    if (!e->run && g_error_matches(e->error, XEN_PT_ERROR,
                                   XEN_PT_ERROR_POLICY)) {
        tool_fail(EXIT_USAGE, "%s", e->error->message);
        return EXIT_USAGE;
    }
    if (e->run && dump && e->run->host_size != XEN_PT_CONFIG_SIZE &&
        e->run->host_size != XEN_PT_CONFIG_EXT_SIZE) {
        g_ptr_array_add(e->warnings, g_strdup_printf(
            "%s: %s ends after %d bytes of its configuration space, so what "
            "comes after is not judged; make the dump again with `lspci "
            "-vvxxxx`, as root", e->bdf, dump_file, e->run->host_size));
    }
    if (e->run && !no_decode) {
        e->host_lspci = lspci_decode(e->host_dump);
        e->guest_lspci = lspci_decode(e->run->view);
    }
    out = g_string_new(NULL);
    if (tool_json) {
        print_json(out, e);
    } else {
        print_text(out, e);
    }
    printed = tool_print(out);
    g_string_free(out, true);
    return !printed ? EXIT_ENVIRONMENT : e->error ? EXIT_FINDING : EXIT_OK;
}

static int run(int argc, char **argv)
{
    Explain e = { .rules = XEN_PT_RULES_INIT };
    XenPtAddress address, *which = NULL;
    XenPtHost *host = NULL;
    GError *error = NULL;
    int ret;

    if (!dump_file && (argc != 1 || slot_text)) {
        return tool_fail(EXIT_USAGE, "explain takes the BDF of a function of "
                         "this host, or --dump FILE and maybe --slot BDF");
    }
    if (dump_file && argc == 1) {
        if (slot_text) {
            return tool_fail(EXIT_USAGE, "the function in the dump is named "
                             "twice; give --slot alone");
        }
        slot_text = argv[0];
    }
    if (!dump_file || slot_text) {
        which = &address;
        if (!tool_address(dump_file ? slot_text : argv[0], &address)) {
            return EXIT_USAGE;
        }
    }
    e.warnings = g_ptr_array_new_with_free_func(g_free);
    if (!dump_file) {
        host = open_sysfs(&address, e.warnings, &error);
    } else {
        dump = xen_pt_dump_read(dump_file, &error);
        host = dump ? xen_pt_dump_parse(dump, dump_file, which, &error)
                    : NULL;
    }
    ret = host ? explain(&e, host) : tool_fail_error(EXIT_ENVIRONMENT, error);
    explain_clear(&e);
    g_clear_pointer(&dump, g_free);
    return ret;
}

static const GOptionEntry options[] = {
    { "dump", 'd', 0, G_OPTION_ARG_FILENAME, &dump_file,
      "Explain what `lspci -vvvxxxx` printed; - is stdin",
      "FILE" },
    { "slot", 's', 0, G_OPTION_ARG_STRING, &slot_text,
      "Which function of the dump; without it the first", "BDF" },
    { "permissive", 'p', 0, G_OPTION_ARG_NONE, &permissive,
      "As with permissive=1", NULL },
    { "allow", 'a', 0, G_OPTION_ARG_STRING, &allow_text,
      "With these allow rules: 44.b,CAP_PM+4.w=0x0100", "RULES" },
    { "rules", 'r', 0, G_OPTION_ARG_FILENAME, &rules_file,
      "Take options from FILE instead of " XEN_PT_RULES_FILE, "FILE" },
    { "real-power", 0, 0, G_OPTION_ARG_NONE, &real_power,
      "As with real-power=on", NULL },
    { "allow-reset", 0, 0, G_OPTION_ARG_NONE, &allow_reset,
      "As with allow-reset=on", NULL },
    { "refuse-shared", 0, 0, G_OPTION_ARG_NONE, &refuse_shared,
      "As with refuse-shared=on", NULL },
    { "no-rom", 0, 0, G_OPTION_ARG_NONE, &no_rom, "As with rombar=0", NULL },
    { "no-decode", 'n', 0, G_OPTION_ARG_NONE, &no_decode,
      "Leave out what lspci decodes", NULL },
    { "verbose", 'v', 0, G_OPTION_ARG_NONE, &verbose,
      "Each register of each capability, with its masks", NULL },
    { NULL }
};

const ToolCommand command_explain = {
    .name = "explain",
    .arguments = "BDF | --dump FILE [--slot BDF]",
    .summary = "What a guest would see of a function, and why",
    .description = "Reads the function's config space and changes nothing; a "
                   "dump needs neither\nroot nor Xen.\nExit status: 0 it "
                   "can be passed through; 1 it cannot; 2 usage, or a rule\n"
                   "that cannot be honoured; 3 the function or the dump "
                   "cannot be read.",
    .options = options,
    .max_args = 1,
    .run = run,
};
