/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * xen-pt tests: one file of dumps, as a guest sees each function of it
 *
 *   corpus-view [--permissive] FILE
 *
 * Opens every function of the file, throws all kinds of writes at it with
 * the invariants as the oracle, resets it, and prints what a guest reads
 * after firmware has placed its BARs, in the form of lspci -xxxx.  Lines
 * with # say what was refused or hidden, and why: check.py reads them.
 */
#include <stdio.h>
#include <string.h>

#include "../unit/fake-host.h"
#include "../unit/invariants.h"
#include "xen-pt/dump.h"

/* A recording fake with the config space and the facts of the dump. */
static FakeHost *recording(XenPtHost *dump)
{
    FakeHost *fake = fake_host_new();
    int got = dump->ops->config_read(dump, 0, fake->config,
                                     sizeof(fake->config));

    fake->config_size = got > 0 ? got : 0;
    xen_pt_host_info_clear(&fake->host.info);
    fake->host.info = dump->info;
    fake->host.info.driver = g_strdup(dump->info.driver);
    fake->host.info.reset_methods = g_strdup("flr");
    for (int i = 0; i < XEN_PT_NUM_REGIONS; i++) {
        fake->host.info.region[i].shared_with =
            g_strdup(dump->info.region[i].shared_with);
    }
    dump->ops->close(dump);
    return fake;
}

static void hammer(Invariants *inv)
{
    static const uint32_t values[] = { 0xffffffff, 0, 0xa5a5a5a5 };

    for (unsigned v = 0; v < G_N_ELEMENTS(values); v++) {
        for (unsigned width = 1; width <= 4; width *= 2) {
            for (uint32_t at = 0; at < 4096; at++) {
                invariants_write(inv, at, values[v], width);
            }
            invariants_check_all(inv);
        }
    }
    for (unsigned n = 0; n < 20000; n++) {
        uint32_t at = g_random_int_range(0, n & 1 ? 0x100 : 0x1000);

        invariants_write(inv, at, g_random_int(),
                         1 << g_random_int_range(0, 3));
        invariants_read(inv, at, 4);
    }
    invariants_check_all(inv);
}

/* Large regions high, small ones low, none over another. */
static void place_bars(Fake *fake)
{
    uint64_t high = 1ull << 40, low = 0x80000000;
    uint32_t io = 0x1000;

    for (int i = 0; i < XEN_PT_ROM_REGION; i++) {
        XenPtGuestRegion r = xen_pt_device_region(fake->dev, i);
        unsigned at = 0x10 + 4 * i;

        if (!r.size) {
            continue;
        }
        if (r.io) {
            io = (io + r.size - 1) & ~(r.size - 1);
            fake_write(fake, at, io, 4);
            io += r.size;
        } else if (r.mem64) {
            high = (high + r.size - 1) & ~(r.size - 1);
            fake_write(fake, at, high, 4);
            fake_write(fake, at + 4, high >> 32, 4);
            high += r.size;
        } else {
            low = (low + r.size - 1) & ~(r.size - 1);
            fake_write(fake, at, low, 4);
            low += r.size;
        }
    }
    fake_write(fake, 4, 0x0007, 2);
    fake_vm_advance(fake->vm, 1000);
}

static void print_view(Fake *fake)
{
    const XenPtAddress *a = &xen_pt_device_info(fake->dev)->address;
    GArray *all = xen_pt_device_instances(fake->dev);

    printf("%04x:%02x:%02x.%x Class %04x: Device %04x:%04x (rev %02x)\n",
           a->segment, a->bus, a->slot, a->function, fake_read(fake, 10, 2),
           fake_read(fake, 0, 2), fake_read(fake, 2, 2),
           fake_read(fake, 8, 1));
    for (unsigned at = 0; at < 4096; at += 16) {
        printf("%02x:", at);
        for (unsigned i = 0; i < 16; i++) {
            printf(" %02x", fake_read(fake, at + i, 1));
        }
        printf("\n");
    }
    printf("\n");
    for (guint i = 0; i < all->len; i++) {
        const XenPtInstance *inst = &g_array_index(all, XenPtInstance, i);

        printf("# %s [%x] id %x%s: %s%s%s\n", xen_pt_device_name(fake->dev),
               inst->offset, inst->id, inst->extended ? " extended" : "",
               inst->shown ? "shown" : "hidden",
               inst->shown ? "" : ", ", inst->shown ? "" : inst->why);
    }
    for (guint i = 0; i < fake->vm->reports->len; i++) {
        printf("# said: %s\n", g_array_index(fake->vm->reports, FakeReport,
                                             i).sentence);
    }
    g_array_unref(all);
}

static void view(const char *path, const XenPtAddress *address,
                 const XenPtOptions *options)
{
    GError *err = NULL;
    XenPtHost *dump = xen_pt_dump_open(path, address, &err);
    FakeHost *host;
    Invariants *inv;
    Fake *fake;
    char bdf[XEN_PT_BDF_LEN], *sentence = NULL;
    uint8_t found[XEN_PT_CONFIG_EXT_SIZE];

    xen_pt_address_format(address, bdf);
    if (!dump) {
        printf("# %s refused: %s\n", bdf, err->message);
        g_error_free(err);
        return;
    }
    host = recording(dump);
    fake = fake_try_open(host, options, &sentence);
    if (!fake) {
        if (!strstr(sentence, bdf)) {
            g_error("the refusal does not name %s: %s", bdf, sentence);
        }
        printf("# %s refused: %s\n", bdf, sentence);
        g_free(sentence);
        return;
    }
    fake->hv->hv.max_gsi = UINT32_MAX;      /* the host's lines are no matter */
    if (!xen_pt_device_start(fake->dev, 0, 5, &err)) {
        g_error("%s", err->message);
    }
    fake_read(fake, 0x100, 4);
    inv = invariants_new(fake, options);
    memcpy(found, host->config, sizeof(found));
    hammer(inv);
    invariants_free(inv);
    memcpy(host->config, found, sizeof(found));
    xen_pt_device_reset(fake->dev);
    place_bars(fake);
    print_view(fake);
    fake_close(fake);
}

int main(int argc, char **argv)
{
    XenPtOptions options = { .permissive = false };
    char *text = NULL;
    GArray *addresses;
    GError *err = NULL;

    if (argc == 3 && strcmp(argv[1], "--permissive") == 0) {
        options.permissive = true;
        argv++;
        argc--;
    }
    if (argc != 2) {
        fprintf(stderr, "usage: corpus-view [--permissive] FILE\n");
        return 2;
    }
    if (!g_file_get_contents(argv[1], &text, NULL, &err)) {
        fprintf(stderr, "corpus-view: %s\n", err->message);
        g_error_free(err);
        return 1;
    }
    addresses = xen_pt_dump_list(text);
    for (guint i = 0; i < addresses->len; i++) {
        view(argv[1], &g_array_index(addresses, XenPtAddress, i), &options);
    }
    if (addresses->len == 0) {
        fprintf(stderr, "corpus-view: there is no dump in %s\n", argv[1]);
        return 1;
    }
    g_array_unref(addresses);
    g_free(text);
    return 0;
}
