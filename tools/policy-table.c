/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * xen-pt: writes docs/policy.md from the tables that decide
 *
 *   policy-table               writes the document to standard output
 *   policy-table --check FILE  fails if FILE is not that document
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "xen-pt/config.h"

typedef struct Class {
    const char *name;
    size_t member;
} Class;

static const Class classes[] = {
    { "hooked", offsetof(XenPtField, hooked) },
    { "virt", offsetof(XenPtField, virt) },
    { "host", offsetof(XenPtField, host) },
    { "rw1c", offsetof(XenPtField, rw1c) },
    { "trigger", offsetof(XenPtField, trigger) },
    { "live", offsetof(XenPtField, live) },
    { "ro", offsetof(XenPtField, ro) },
    { "fixed", offsetof(XenPtField, fixed) },
};

static uint32_t mask_of(const XenPtField *f, const Class *class)
{
    uint32_t mask;

    memcpy(&mask, (const char *)f + class->member, sizeof(mask));
    return mask;
}

/* "15, 11:8, 0" */
static void append_bits(GString *out, uint32_t mask)
{
    const char *comma = "";

    for (int high = 31; high >= 0; high--) {
        int low = high;

        if (!(mask & (1u << high))) {
            continue;
        }
        while (low > 0 && (mask & (1u << (low - 1)))) {
            low--;
        }
        g_string_append_printf(out, high == low ? "%s%d" : "%s%d:%d", comma,
                               high, low);
        comma = ", ";
        high = low;
    }
}

static void append_classes(GString *out, const XenPtField *f)
{
    uint32_t all = f->size == 4 ? 0xffffffffu : (1u << (8 * f->size)) - 1;
    const char *semicolon = "";

    for (unsigned i = 0; i < G_N_ELEMENTS(classes); i++) {
        uint32_t mask = mask_of(f, &classes[i]);

        if (mask) {
            g_string_append_printf(out, "%s%s", semicolon, classes[i].name);
            if (mask != all) {
                g_string_append_c(out, ' ');
                append_bits(out, mask);
            }
            semicolon = "; ";
        }
    }
    if (f->permissive) {
        g_string_append(out, "; permissive: host");
        if (f->permissive != all) {
            g_string_append_c(out, ' ');
            append_bits(out, f->permissive);
        }
    }
}

static void append_fields(GString *out, const XenPtCapability *cap)
{
    g_string_append(out, "| offset | size | register | bits | starts as | "
                    "note |\n|---|---|---|---|---|---|\n");
    for (const XenPtField *f = cap->fields; f->size; f++) {
        g_string_append_printf(out, "| %02x | %u | %s | ", f->offset,
                               f->size, f->name);
        append_classes(out, f);
        g_string_append(out, " | ");
        if (f->fixed | f->virt | f->hooked) {
            g_string_append_printf(out, "%0*x", f->size * 2, f->init);
        }
        g_string_append_printf(out, " | %s |\n", f->note ? f->note : "");
    }
    g_string_append_c(out, '\n');
}

static void append_capability(GString *out, const XenPtCapability *cap,
                              bool header)
{
    if (header) {
        g_string_append_printf(out, "### %s\n\n", cap->name);
    } else {
        g_string_append_printf(out, cap->extended ? "### %04x %s\n\n"
                                                  : "### %02x %s\n\n",
                               cap->id, cap->name);
    }
    g_string_append_printf(out, "%s.", cap->spec);
    if (cap->length) {
        g_string_append_printf(out, " At least %u bytes, more as the device "
                               "says.", cap->min_length);
    } else {
        g_string_append_printf(out, " %u bytes.", cap->min_length);
    }
    if (cap->may_trim) {
        g_string_append(out, " Cut at the next capability.");
    }
    if (cap->single && !header) {
        g_string_append(out, " A second one is hidden.");
    }
    g_string_append(out, "\n\n");
    append_fields(out, cap);
}

static int by_space_and_id(gconstpointer a, gconstpointer b)
{
    const XenPtCapability *x = *(const XenPtCapability *const *)a;
    const XenPtCapability *y = *(const XenPtCapability *const *)b;

    return x->extended != y->extended ? x->extended - y->extended
                                      : (int)x->id - (int)y->id;
}

static void append_hidden(GString *out, GPtrArray *caps, bool extended)
{
    g_string_append(out, "| id | capability | hidden because | "
                    "specification |\n|---|---|---|---|\n");
    for (guint i = 0; i < caps->len; i++) {
        const XenPtCapability *cap = caps->pdata[i];

        if (cap->hidden && cap->extended == extended) {
            g_string_append_printf(out, extended ? "| %04x" : "| %02x",
                                   cap->id);
            g_string_append_printf(out, " | %s | %s | %s |\n", cap->name,
                                   cap->hidden, cap->spec);
        }
    }
    g_string_append_c(out, '\n');
}

/* The list that an auditor wants first. */
static void append_passed(GString *out, const XenPtCapability *cap,
                          bool header)
{
    for (const XenPtField *f = cap->fields; f && f->size; f++) {
        if (!(f->host | f->rw1c)) {
            continue;
        }
        g_string_append_printf(out, "- %s, %s: bits ",
                               header ? "header" : cap->name, f->name);
        append_bits(out, f->host | f->rw1c);
        g_string_append(out, f->host ? "\n" : " (to clear them)\n");
    }
}

static GString *document(void)
{
    GString *out = g_string_new(
        /* in two, or checkpatch takes it for this file's own */
        "<!-- SPDX-License-Identifier" ": GPL-2.0-or-later -->\n"
        "<!-- Written by tools/policy-table from the tables in "
        "hw/xen-pt/core: do not edit. -->\n"
        "# The policy of configuration space\n\n"
        "What a guest reads of each bit, and where its writes go. Offsets "
        "are hexadecimal and count from the\n"
        "start of the capability, as in setpci. Each bit is in one class:\n"
        "\n"
        "| class | the guest reads | the guest's write |\n"
        "|---|---|---|\n"
        "| fixed | what the table says | is dropped |\n"
        "| ro | the device's value, as read at open | is dropped |\n"
        "| live | the device's value, each time | is dropped |\n"
        "| trigger | as live | is dropped, and the device never sees a 1 "
        "there |\n"
        "| virt | what it wrote last | is kept for the guest alone |\n"
        "| hooked | what it wrote last | is kept, and xen-pt acts on it |\n"
        "| host | the device's value, each time | reaches the device |\n"
        "| rw1c | the device's value, each time | a 1 reaches the device and "
        "clears the bit |\n"
        "\n"
        "Bytes that no table covers, between the capabilities and in "
        "vendor-specific ones, are live; with\n"
        "`permissive` they are host, and so are the bits marked so below. "
        "`allow` rules open others, one by one.\n"
        "A hidden capability is out of the guest's list, its bytes read 0 "
        "and take no writes in any mode. An id\n"
        "that is not on this page is hidden, and its bytes are bytes that no "
        "table covers.\n\n");
    const XenPtCapability *const *all = xen_pt_capabilities();
    GPtrArray *caps = g_ptr_array_new();

    for (; *all; all++) {
        g_ptr_array_add(caps, (void *)*all);
    }
    g_ptr_array_sort(caps, by_space_and_id);

    g_string_append(out, "## What reaches the device, strict\n\n");
    append_passed(out, xen_pt_header(), true);
    for (guint i = 0; i < caps->len; i++) {
        append_passed(out, caps->pdata[i], false);
    }
    g_string_append(out, "\nBesides, xen-pt itself writes Command (bus "
                    "master, memory write and invalidate, INTx disable), the\n"
                    "enable bits of MSI, MSI-X and the expansion ROM, and "
                    "PowerState, each as the notes below say.\n\n"
                    "## Conventional space, shown\n\n");
    append_capability(out, xen_pt_header(), true);
    for (guint i = 0; i < caps->len; i++) {
        const XenPtCapability *cap = caps->pdata[i];

        if (!cap->hidden && !cap->extended) {
            append_capability(out, cap, false);
        }
    }
    g_string_append(out, "## Conventional space, hidden\n\n");
    append_hidden(out, caps, false);
    g_string_append(out, "## Extended space, shown\n\n");
    for (guint i = 0; i < caps->len; i++) {
        const XenPtCapability *cap = caps->pdata[i];

        if (!cap->hidden && cap->extended) {
            append_capability(out, cap, false);
        }
    }
    g_string_append(out, "## Extended space, hidden\n\n");
    append_hidden(out, caps, true);
    g_string_truncate(out, out->len - 1);
    g_ptr_array_unref(caps);
    return out;
}

static int check(const char *path, const GString *wanted)
{
    char *found = NULL;
    GError *err = NULL;
    int status = 0;

    if (!g_file_get_contents(path, &found, NULL, &err)) {
        fprintf(stderr, "policy-table: %s\n", err->message);
        g_error_free(err);
        return 1;
    }
    if (strcmp(found, wanted->str) != 0) {
        fprintf(stderr, "policy-table: %s is not what the tables say; write "
                "it anew with `policy-table > %s` and review the difference\n",
                path, path);
        status = 1;
    }
    g_free(found);
    return status;
}

int main(int argc, char **argv)
{
    GString *out;
    int status = 0;

    if (argc != 1 && !(argc == 3 && strcmp(argv[1], "--check") == 0)) {
        fprintf(stderr, "usage: policy-table [--check FILE]\n");
        return 2;
    }
    out = document();
    if (argc == 3) {
        status = check(argv[2], out);
    } else {
        fputs(out->str, stdout);
    }
    g_string_free(out, TRUE);
    return status;
}
