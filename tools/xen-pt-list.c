/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * xen-pt list: the host's functions, and which can be passed through
 */
#include <stdlib.h>
#include <string.h>

#include "tool.h"
#include "xen-pt/json.h"

typedef struct Function {
    XenPtAddress address;
    char bdf[XEN_PT_BDF_LEN];
    char *name, *driver, *reset, *group, *owner;
    char *state;                /* for people */
    const char *verdict;        /* for machines */
    bool assignable;
    GString *siblings;          /* their BDFs, with commas */
    GString *with;              /* for people: ".1 .2" */
} Function;

static gboolean only_assignable;

static unsigned long number(const XenPtAddress *address, const char *name)
{
    g_autofree char *text = tool_attribute(address, name);

    return text ? strtoul(text, NULL, 0) : 0;
}

static bool is_pciback(const char *driver)
{
    return driver && (!strcmp(driver, "pciback") ||
                      !strcmp(driver, "xen-pciback"));
}

static void judge(Function *f, uint32_t class_code)
{
    uint8_t header = 0xff, config[64];

    if (tool_config(&f->address, config, sizeof(config)) > 14) {
        header = config[14] & 0x7f;
    }
    if (f->owner) {
        f->verdict = "assigned";
        f->state = g_strdup_printf("given to %s", f->owner);
    } else if (class_code >> 8 == 0x0600) {
        f->verdict = "host-bridge";
        f->state = g_strdup("no: the host bridge");
    } else if (header == 1 || header == 2 || class_code >> 16 == 0x06) {
        f->verdict = "bridge";
        f->state = g_strdup("no: a bridge");
    } else if (is_pciback(f->driver)) {
        f->verdict = "assignable";
        f->assignable = true;
        f->state = g_strdup("assignable");
    } else if (f->driver) {
        f->verdict = "driver";
        f->state = g_strdup_printf("not yet: %s has it", f->driver);
    } else {
        f->verdict = "unbound";
        f->state = g_strdup("not yet: not with pciback");
    }
}

static void function_free(gpointer p)
{
    Function *f = p;

    g_free(f->name);
    g_free(f->driver);
    g_free(f->reset);
    g_free(f->group);
    g_free(f->owner);
    g_free(f->state);
    g_string_free(f->siblings, true);
    g_string_free(f->with, true);
    g_free(f);
}

static Function *look(const XenPtAddress *address, XenStore *xs,
                      const GArray *all)
{
    Function *f = g_new0(Function, 1);
    uint32_t class_code = number(address, "class");
    char bdf[XEN_PT_BDF_LEN];

    f->address = *address;
    xen_pt_address_format(address, f->bdf);
    f->name = tool_device_name(class_code, number(address, "vendor"),
                               number(address, "device"));
    f->driver = tool_link(address, "driver");
    f->group = tool_link(address, "iommu_group");
    f->reset = tool_attribute(address, "reset_method");
    if (!f->reset) {
        g_autofree char *path = tool_path("/sys/bus/pci/devices/%s/reset",
                                          f->bdf);

        if (g_file_test(path, G_FILE_TEST_EXISTS)) {
            f->reset = g_strdup("yes");
        }
    }
    f->owner = xenstore_owner_name(xs, address);
    f->siblings = g_string_new(NULL);
    f->with = g_string_new(NULL);
    for (unsigned i = 0; i < all->len; i++) {
        const XenPtAddress *o = &g_array_index(all, XenPtAddress, i);

        if (o->segment == address->segment && o->bus == address->bus &&
            o->slot == address->slot && o->function != address->function) {
            g_string_append_printf(f->siblings, "%s%s",
                                   f->siblings->len ? "," : "",
                                   xen_pt_address_format(o, bdf));
            g_string_append_printf(f->with, "%s.%x", f->with->len ? " " : "",
                                   o->function);
        }
    }
    judge(f, class_code);
    return f;
}

static void print_json(GString *out, const GPtrArray *all)
{
    xen_pt_json_open(out, NULL, '{');
    xen_pt_json_open(out, "functions", '[');
    for (unsigned i = 0; i < all->len; i++) {
        const Function *f = all->pdata[i];
        g_auto(GStrv) siblings = g_strsplit(f->siblings->str, ",", -1);
        g_auto(GStrv) methods = g_strsplit(f->reset ? f->reset : "", " ", -1);

        xen_pt_json_open(out, NULL, '{');
        xen_pt_json_string(out, "address", f->bdf);
        xen_pt_json_string(out, "name", f->name);
        xen_pt_json_string(out, "driver", f->driver);
        xen_pt_json_bool(out, "assignable", f->assignable);
        xen_pt_json_string(out, "verdict", f->verdict);
        xen_pt_json_string(out, "guest", f->owner);
        xen_pt_json_open(out, "reset_methods", '[');
        for (char **m = methods; *m && **m; m++) {
            xen_pt_json_string(out, NULL, *m);
        }
        xen_pt_json_close(out, ']');
        xen_pt_json_string(out, "iommu_group", f->group);
        xen_pt_json_open(out, "siblings", '[');
        for (char **s = siblings; *s && **s; s++) {
            xen_pt_json_string(out, NULL, *s);
        }
        xen_pt_json_close(out, ']');
        xen_pt_json_close(out, '}');
    }
    xen_pt_json_close(out, ']');
    xen_pt_json_close(out, '}');
}

static void print_text(GString *out, const GPtrArray *all,
                       const char *no_xenstore)
{
    unsigned assignable = 0, waiting = 0, width = 5, reset_width = 5;
    unsigned with_width = 4;

    for (unsigned i = 0; i < all->len; i++) {
        const Function *f = all->pdata[i];

        width = MAX(width, strlen(f->state));
        reset_width = MAX(reset_width, strlen(f->reset ? f->reset : ""));
        with_width = MAX(with_width, f->with->len);
    }
    g_string_append_printf(out, "%-12s  %-*s  %-*s  %-*s  %s\n", "FUNCTION",
                           width, "STATE", reset_width, "RESET", with_width,
                           "WITH", "DEVICE");
    for (unsigned i = 0; i < all->len; i++) {
        const Function *f = all->pdata[i];

        assignable += f->assignable;
        waiting += !strcmp(f->verdict, "driver") ||
                   !strcmp(f->verdict, "unbound");
        g_string_append_printf(out, "%-12s  %-*s  %-*s  %-*s  %s", f->bdf,
                               width, f->state, reset_width,
                               f->reset && *f->reset ? f->reset : "none",
                               with_width, f->with->len ? f->with->str : "-",
                               f->name);
        if (f->group) {
            g_string_append_printf(out, " (IOMMU group %s)", f->group);
        }
        g_string_append_c(out, '\n');
    }
    g_string_append_printf(out, "\n%u of %u can be passed through now.",
                           assignable, all->len);
    if (waiting) {
        g_string_append(out, " `xl pci-assignable-add BDF` takes one from "
                        "dom0.");
    }
    if (no_xenstore) {
        g_string_append_printf(out, "\nWhich guest has which is not known: "
                               "%s.", no_xenstore);
    }
}

static int run(int argc, char **argv)
{
    g_autoptr(GPtrArray) shown = g_ptr_array_new_with_free_func(function_free);
    g_autoptr(GArray) all = NULL;
    const char *why = NULL;
    GError *error = NULL;
    GString *out;
    XenStore *xs;
    bool printed;

    all = tool_functions(&error);
    if (!all) {
        return tool_fail_error(EXIT_ENVIRONMENT, error);
    }
    xs = xenstore_open(&why);
    for (unsigned i = 0; i < all->len; i++) {
        Function *f = look(&g_array_index(all, XenPtAddress, i), xs, all);

        if (f->assignable || !only_assignable) {
            g_ptr_array_add(shown, f);
        } else {
            function_free(f);
        }
    }
    if (xenstore_is_silent(xs)) {
        why = "xenstore does not answer";
    }
    xenstore_close(xs);

    out = g_string_new(NULL);
    if (tool_json) {
        print_json(out, shown);
    } else {
        print_text(out, shown, why);
    }
    printed = tool_print(out);
    g_string_free(out, true);
    return !printed ? EXIT_ENVIRONMENT
           : only_assignable && !shown->len ? EXIT_FINDING : EXIT_OK;
}

static const GOptionEntry options[] = {
    { "assignable", 'a', 0, G_OPTION_ARG_NONE, &only_assignable,
      "Only those that xl could give to a guest now", NULL },
    { NULL }
};

const ToolCommand command_list = {
    .name = "list",
    .arguments = "",
    .summary = "The host's functions and which can be passed through",
    .description = "Exit status: 0; with --assignable 1 if there is none; 2 "
                   "usage; 3 no sysfs.",
    .options = options,
    .run = run,
};
