/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * xen-pt status: what a running guest's devices are doing
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "tool.h"
#include "xen-pt/json.h"

#define MAX_VECTORS 16

static gboolean all_counters;

static const char *clause(const char *how)
{
    static const struct {
        const char *how, *text;
    } all[] = {
        { "off", "not decoded" },
        { "mapped", "mapped" },
        { "part", "mapped in part, the rest served" },
        { "pending", "PENDING: Xen has not been told to grant it; retried" },
        { "refused", "REFUSED by Xen; served access by access" },
        { "trapped", "served access by access" },
    };

    for (unsigned i = 0; i < G_N_ELEMENTS(all); i++) {
        if (strcmp(all[i].how, how) == 0) {
            return all[i].text;
        }
    }
    return how;
}

static const char *kind_text(const char *kind)
{
    static const char *const all[][2] = {
        { "memory32", "32-bit memory" }, { "memory64", "64-bit memory" },
        { "io", "I/O ports" }, { "rom", "memory" },
    };

    for (unsigned i = 0; i < G_N_ELEMENTS(all); i++) {
        if (strcmp(all[i][0], kind) == 0) {
            return all[i][1];
        }
    }
    return kind;
}

/* Of a mapping: frames are numbers of pages. */
static uint64_t address(const Json *map, const char *which)
{
    uint64_t number = g_ascii_strtoull(json_str(map, which, "0"), NULL, 16);

    return strcmp(json_str(map, "unit", ""), "pages") == 0 ? number << 12
                                                           : number;
}

static void print_bars(GString *out, const Json *status)
{
    const Json *bars = json_get(status, "bars");

    for (unsigned i = 0; i < json_len(bars); i++) {
        const Json *bar = json_at(bars, i), *maps = json_get(bar, "maps");
        int64_t index = json_int(bar, "index", 0);
        g_autofree char *name = index == XEN_PT_ROM_REGION ? g_strdup("ROM")
            : g_strdup_printf("BAR %" PRId64, index);
        g_autofree char *size = tool_size(json_int(bar, "size", 0));

        g_string_append_printf(out, "  %-6s %s, %s, guest %s, host %s: %s",
                               name, kind_text(json_str(bar, "kind", "?")),
                               size, json_str(bar, "guest", "nowhere"),
                               json_str(bar, "host", "?"),
                               clause(json_str(bar, "how", "?")));
        if (json_str(bar, "shared_with", NULL)) {
            g_string_append_printf(out, " (shares a page with %s)",
                                   json_str(bar, "shared_with", ""));
        }
        g_string_append_c(out, '\n');
        for (unsigned k = 0; k < json_len(maps); k++) {
            const Json *map = json_at(maps, k);
            int64_t error = json_int(map, "error", 0);
            int64_t count = json_int(map, "count", 0);
            const char *unit = json_str(map, "unit", "?");

            if (strcmp(json_str(map, "state", ""), "mapped") == 0 &&
                json_len(maps) == 1) {
                continue;
            }
            g_string_append_printf(out, "         %" PRId64 " %.*s, guest "
                                   "0x%" PRIx64 ", host 0x%" PRIx64 ": %s",
                                   count, (int)strlen(unit) - (count == 1),
                                   unit,
                                   address(map, "guest"),
                                   address(map, "machine"),
                                   json_str(map, "state", "?"));
            if (error) {
                g_string_append_printf(out, " (%s)", g_strerror(error));
            }
            g_string_append_c(out, '\n');
        }
    }
}

static void print_interrupt(GString *out, const Json *status)
{
    const Json *interrupt = json_get(status, "interrupt");
    const Json *vectors = json_get(interrupt, "vectors");
    const Json *intx = json_get(interrupt, "intx");
    const char *mode = json_str(interrupt, "mode", "?");
    bool msi = !strcmp(mode, "msi"), msix = !strcmp(mode, "msix");
    unsigned bound = 0, shown = 0;

    for (unsigned i = 0; i < json_len(vectors); i++) {
        bound += json_bool(json_at(vectors, i), "bound");
    }
    g_string_append(out, "  interrupts: ");
    if (msi || msix) {
        g_string_append_printf(out, "%s, %u of %" PRId64 " vectors bound\n",
                               msi ? "MSI" : "MSI-X", bound,
                               json_int(json_get(interrupt, "offered"), mode,
                                        0));
    } else if (!strcmp(mode, "intx")) {
        g_string_append_printf(out, "INT%c, host line %" PRId64 ", pirq %"
                               PRId64 "\n",
                               'A' + (int)json_int(intx, "pin", 1) - 1,
                               json_int(intx, "gsi", 0),
                               json_int(intx, "pirq", -1));
    } else {
        g_string_append(out, "none\n");
    }
    for (unsigned i = 0; i < json_len(vectors); i++) {
        const Json *v = json_at(vectors, i);
        int64_t error = json_int(v, "error", 0);

        /* what is wrong is always shown */
        if (!error && shown++ >= MAX_VECTORS) {
            continue;
        }
        g_string_append_printf(out, "         %" PRId64 ": ",
                               json_int(v, "entry", 0));
        if (json_bool(v, "bound")) {
            g_string_append_printf(out, "pirq %" PRId64 " to the guest's "
                                   "vector 0x%" PRIx64, json_int(v, "pirq",
                                                                 -1),
                                   (uint64_t)json_int(v, "vector", 0));
        } else {
            g_string_append(out, "not bound");
        }
        if (json_bool(v, "masked")) {
            g_string_append(out, ", masked");
        }
        if (error) {
            g_string_append_printf(out, ", REFUSED (%s)", g_strerror(error));
        }
        g_string_append_c(out, '\n');
    }
    if (shown > MAX_VECTORS) {
        g_string_append_printf(out, "         and %u more; --json has all\n",
                               shown - MAX_VECTORS);
    }
}

typedef struct Denied {
    unsigned offset;
    int64_t count;
    const char *first, *rule, *why;
} Denied;

static Denied denied_at(const Json *list, unsigned i)
{
    const Json *json = json_at(list, i);
    Denied d = {
        .offset = g_ascii_strtoull(json_str(json, "offset", "0"), NULL, 16),
        .count = json_int(json, "count", 0),
        .first = json_str(json, "first_value", "?"),
        .rule = json_str(json, "rule", NULL),
        .why = json_str(json, "why", "it is not for opening"),
    };

    return d;
}

/*
 * How many bytes from i on go together: those that no rule opens for the
 * same reason; a dword or a word that was written as one.
 */
static unsigned denied_run(const Json *list, unsigned i)
{
    Denied first = denied_at(list, i);
    unsigned n = 1, width = 4;

    for (; i + n < json_len(list); n++) {
        Denied d = denied_at(list, i + n);

        if (d.offset != first.offset + n || !d.rule != !first.rule ||
            (first.rule ? d.count != first.count
                        : strcmp(d.why, first.why) != 0)) {
            break;
        }
    }
    if (!first.rule) {
        return n;
    }
    while (width > n || first.offset % width) {
        width /= 2;
    }
    return width;
}

static void print_denied(GString *out, const Json *status)
{
    const Json *list = json_get(status, "denied");
    unsigned n;

    if (!json_len(list)) {
        g_string_append(out, "  denied writes: none\n");
        return;
    }
    g_string_append(out, "  denied writes, and the rule that would allow "
                    "each:\n");
    for (unsigned i = 0; i < json_len(list); i += n) {
        Denied d = denied_at(list, i);

        n = denied_run(list, i);
        g_string_append_printf(out, "         0x%02x", d.offset);
        if (n > 1) {
            g_string_append_printf(out, "-0x%02x", d.offset + n - 1);
        }
        g_string_append_printf(out, ": %" PRId64 " time%s, first %s; ",
                               d.count, d.count == 1 ? "" : "s", d.first);
        if (d.rule) {
            g_string_append_printf(out, "allow=%x.%c\n", d.offset,
                                   n == 1 ? 'b' : n == 2 ? 'w' : 'l');
        } else if ((d.offset >= 0x10 && d.offset < 0x28) ||
                   (d.offset >= 0x30 && d.offset < 0x34)) {
            g_string_append(out, "none needed: a guest looks so for BARs\n");
        } else {
            g_string_append_printf(out, "none: %s\n", d.why);
        }
    }
}

static void print_strings(GString *out, const char *title, const Json *list)
{
    if (json_len(list)) {
        g_string_append_printf(out, "  %s:\n", title);
    }
    for (unsigned i = 0; i < json_len(list); i++) {
        const Json *item = json_at(list, i);

        if (item->type == JSON_STRING) {
            tool_wrap(out, "", 9, item->string);
        }
    }
}

static void print_counters(GString *out, const Json *status)
{
    const Json *counters = json_get(status, "counters");
    g_autoptr(GString) text = g_string_new(NULL);
    static const char *const some[] = {
        "config_reads", "config_writes", "host_reads", "host_writes",
        "region_reads", "region_writes", "maps", "map_errors", "binds",
        "irq_errors",
    };

    for (unsigned i = 0; all_counters && i < json_len(counters); i++) {
        g_string_append_printf(text, "%s %" PRId64 " ",
                               (char *)counters->names->pdata[i],
                               json_int(counters, counters->names->pdata[i],
                                        0));
    }
    for (unsigned i = 0; !all_counters && i < G_N_ELEMENTS(some); i++) {
        g_string_append_printf(text, "%s %" PRId64 " ", some[i],
                               json_int(counters, some[i], 0));
    }
    tool_wrap(out, "  counters:", 13, g_strchomp(text->str));
}

static void print_function(GString *out, const Json *status)
{
    const Json *host = json_get(status, "host");
    const Json *options = json_get(status, "options");
    g_autoptr(GString) text = g_string_new(NULL);
    g_autofree char *name = tool_device_name(
        g_ascii_strtoull(json_str(host, "class", "0"), NULL, 16),
        g_ascii_strtoull(json_str(host, "vendor", "0"), NULL, 16),
        g_ascii_strtoull(json_str(host, "device", "0"), NULL, 16));

    g_string_append_printf(out, "%s %s\n", json_str(host, "address", "?"),
                           name);
    g_string_append_printf(text, "%s; %s",
                           json_str(json_get(status, "guest"), "address",
                                    "none"),
                           json_str(status, "state", "?"));
    if (strcmp(json_str(status, "domain", ""), "running") != 0) {
        g_string_append_printf(text, "; the domain is %s",
                               json_str(status, "domain", "?"));
    }
    if (json_bool(status, "gone")) {
        g_string_append(text, "; GONE: the hardware does not answer any "
                        "more: detach it and check its power and link");
    }
    if (strcmp(json_str(status, "unplug", ""), "requested") == 0) {
        g_string_append(text, "; the guest was asked to eject it and has "
                        "not yet");
    }
    tool_wrap(out, "  guest slot: ", 14, text->str);
    g_string_append_printf(out, "  policy: %s%s%s\n",
                           json_bool(options, "permissive") ? "permissive"
                                                            : "strict",
                           json_bool(options, "real_power")
                           ? ", the guest's power states reach the device"
                           : "",
                           json_bool(options, "allow_reset")
                           ? ", the guest may reset it" : "");
    print_bars(out, status);
    print_interrupt(out, status);
    print_denied(out, status);
    print_strings(out, "said so far", json_get(status, "warnings"));
    print_counters(out, status);
}

/* Something that a person should look after. */
static bool is_finding(const Json *status)
{
    const Json *bars = json_get(status, "bars");
    const Json *vectors = json_get(json_get(status, "interrupt"), "vectors");
    bool bad = json_bool(status, "gone");

    for (unsigned i = 0; i < json_len(bars); i++) {
        bad |= strcmp(json_str(json_at(bars, i), "how", ""), "refused") == 0;
    }
    for (unsigned i = 0; i < json_len(vectors); i++) {
        bad |= json_int(json_at(vectors, i), "error", 0) != 0;
    }
    return bad;
}

static void put_json(GString *out, const char *name, const Json *json)
{
    switch (json->type) {
    case JSON_NULL:
        xen_pt_json_string(out, name, NULL);
        break;
    case JSON_BOOL:
        xen_pt_json_bool(out, name, json->boolean);
        break;
    case JSON_NUMBER:
        xen_pt_json_int(out, name, (int64_t)CLAMP(json->number, -9e15, 9e15));
        break;
    case JSON_STRING:
        xen_pt_json_string(out, name, json->string);
        break;
    case JSON_ARRAY:
    case JSON_OBJECT:
        xen_pt_json_open(out, name, json->type == JSON_ARRAY ? '[' : '{');
        for (unsigned i = 0; i < json_len(json); i++) {
            put_json(out, json->type == JSON_ARRAY ? NULL
                     : json->names->pdata[i], json_at(json, i));
        }
        xen_pt_json_close(out, json->type == JSON_ARRAY ? ']' : '}');
        break;
    }
}

static int run(int argc, char **argv)
{
    g_autoptr(GPtrArray) all = NULL;
    XenPtAddress address;
    GError *error = NULL;
    int exit = EXIT_ENVIRONMENT;
    bool finding = false;
    GString *out;
    Qmp *qmp;

    if (argc > 1 && !tool_address(argv[1], &address)) {
        return EXIT_USAGE;
    }
    qmp = qmp_open(argv[0], &exit, &error);
    if (qmp) {
        all = qmp_status(qmp, argc > 1 ? &address : NULL, NULL, &exit,
                         &error);
    }
    if (!all) {
        qmp_close(qmp);
        return tool_fail_error(exit, error);
    }
    out = g_string_new(NULL);
    if (tool_json) {
        xen_pt_json_open(out, NULL, '{');
        xen_pt_json_string(out, "domain", qmp_domain(qmp));
        xen_pt_json_open(out, "functions", '[');
    } else if (!all->len) {
        g_string_append_printf(out, "%s has no passed-through function.\n",
                               qmp_domain(qmp));
    }
    for (unsigned i = 0; i < all->len; i++) {
        finding |= is_finding(all->pdata[i]);
        if (tool_json) {
            put_json(out, NULL, all->pdata[i]);
        } else {
            g_string_append(out, i ? "\n" : "");
            print_function(out, all->pdata[i]);
        }
    }
    if (tool_json) {
        xen_pt_json_close(out, ']');
        xen_pt_json_close(out, '}');
    } else {
        g_string_truncate(out, out->len - 1);
    }
    qmp_close(qmp);
    exit = !tool_print(out) ? EXIT_ENVIRONMENT
           : finding ? EXIT_FINDING : EXIT_OK;
    g_string_free(out, true);
    return exit;
}

static const GOptionEntry options[] = {
    { "counters", 'c', 0, G_OPTION_ARG_NONE, &all_counters,
      "All counters instead of the usual ones", NULL },
    { NULL }
};

const ToolCommand command_status = {
    .name = "status",
    .arguments = "DOMAIN [BDF]",
    .summary = "What a running guest's devices are doing",
    .description = "Asks the device model over its second monitor, which "
                   "libxl does not use.\nExit status: 0; 1 something is "
                   "wrong with a device (gone, a BAR or a vector\nrefused), "
                   "or the domain has no such device; 2 usage; 3 there is no "
                   "such domain,\nor its device model cannot be asked.",
    .options = options,
    .min_args = 1,
    .max_args = 2,
    .run = run,
};
