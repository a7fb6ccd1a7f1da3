/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The sysfs host against directories of files that look like sysfs.
 */
#define _GNU_SOURCE     /* memfd_create() */
#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "descriptors.h"
#include "xen-pt/error.h"
#include "xen-pt/sysfs.h"

#define BDF "0000:03:00.0"

#define NO_BAR "0x0000000000000000 0x0000000000000000 0x0000000000000000\n"
/* 64-bit prefetchable 16 KiB; 32 ports; 32-bit 64 KiB; ROM 64 KiB */
#define BAR0 "0x00000000f0000000 0x00000000f0003fff 0x000000000014220c\n"
#define BAR2 "0x000000000000e000 0x000000000000e01f 0x0000000000040101\n"
#define BAR3 "0x00000000f1000000 0x00000000f100ffff 0x0000000000040200\n"
#define ROM  "0x00000000f1010000 0x00000000f101ffff 0x000000000004e200\n"
#define RESOURCE BAR0 NO_BAR BAR2 BAR3 NO_BAR NO_BAR ROM

static const XenPtAddress address = { 0, 3, 0, 0 };

typedef struct Fixture {
    char *root;
    GPtrArray *warnings;
    unsigned fds;           /* open before anything was done */
    XenPtHost *host;
} Fixture;

/* -- files ---------------------------------------------------------------- */

static char *path_of(Fixture *f, const char *bdf, const char *file)
{
    return g_build_filename(f->root, bdf, file, NULL);
}

static void put_bytes(Fixture *f, const char *bdf, const char *file,
                      const void *bytes, size_t len)
{
    char *path = path_of(f, bdf, file);

    g_assert_true(g_file_set_contents(path, bytes, len, NULL));
    g_free(path);
}

static void put(Fixture *f, const char *bdf, const char *file,
                const char *text)
{
    put_bytes(f, bdf, file, text, strlen(text));
}

static void drop(Fixture *f, const char *bdf, const char *file)
{
    char *path = path_of(f, bdf, file);

    g_assert_cmpint(g_remove(path), ==, 0);
    g_free(path);
}

static char *get(Fixture *f, const char *bdf, const char *file)
{
    char *path = path_of(f, bdf, file), *text;

    g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
    g_free(path);
    return text;
}

/* driver NULL: none */
static void set_driver(Fixture *f, const char *bdf, const char *driver)
{
    char *path = path_of(f, bdf, "driver");

    g_remove(path);
    if (driver) {
        char *target = g_strdup_printf("../../drivers/%s", driver);

        g_assert_cmpint(symlink(target, path), ==, 0);
        g_free(target);
    }
    g_free(path);
}

static void add_device(Fixture *f, const char *bdf, const char *resource,
                       const char *driver)
{
    uint8_t config[256] = { 0x86, 0x80, 0xd3, 0x10, [0x08] = 0x07,
                            [0x2c] = 0x34, 0x12, 0x78, 0x56,
                            [0xff] = 0xa5 };
    char *dir = g_build_filename(f->root, bdf, NULL);

    g_assert_cmpint(g_mkdir(dir, 0700), ==, 0);
    g_free(dir);
    put_bytes(f, bdf, "config", config, sizeof(config));
    put(f, bdf, "resource", resource);
    put(f, bdf, "vendor", "0x8086\n");
    put(f, bdf, "device", "0x10d3\n");
    put(f, bdf, "class", "0x020000\n");
    put(f, bdf, "irq", strcmp(bdf, BDF) ? "21\n" : "20\n");
    put(f, bdf, "revision", "0x09\n");
    put(f, bdf, "subsystem_vendor", "0x1af4\n");
    put(f, bdf, "subsystem_device", "0x1100\n");
    put(f, bdf, "reset", "");
    put(f, bdf, "reset_method", "flr bus\n");
    set_driver(f, bdf, driver);
}

/* A region's file of size bytes, all zero. */
static void add_region(Fixture *f, const char *file, off_t size)
{
    char *path = path_of(f, BDF, file);
    int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    g_assert_cmpint(ftruncate(fd, size), ==, 0);
    close(fd);
    g_free(path);
}

static unsigned count_mappings(Fixture *f)
{
    char *maps;
    unsigned n = 0;

    g_assert_true(g_file_get_contents("/proc/self/maps", &maps, NULL, NULL));
    for (char *p = maps; (p = strstr(p, f->root)); p++) {
        n++;
    }
    g_free(maps);
    return n;
}

static void remove_tree(const char *path)
{
    const char *name;
    GDir *dir = g_dir_open(path, 0, NULL);

    while (dir && (name = g_dir_read_name(dir))) {
        char *child = g_build_filename(path, name, NULL);

        if (g_file_test(child, G_FILE_TEST_IS_DIR) &&
            !g_file_test(child, G_FILE_TEST_IS_SYMLINK)) {
            remove_tree(child);
        } else {
            g_remove(child);
        }
        g_free(child);
    }
    if (dir) {
        g_dir_close(dir);
    }
    g_rmdir(path);
}

/* -- fixture -------------------------------------------------------------- */

static void set_up(Fixture *f, gconstpointer data)
{
    f->root = g_dir_make_tmp("xen-pt-sysfs-XXXXXX", NULL);
    g_assert_nonnull(f->root);
    f->warnings = g_ptr_array_new_with_free_func(g_free);
    add_device(f, BDF, RESOURCE, "pciback");
    f->fds = count_fds();
}

static void close_host(Fixture *f)
{
    if (f->host) {
        f->host->ops->close(f->host);
        f->host = NULL;
    }
}

/* Each test ends with: nothing is left open or mapped. */
static void tear_down(Fixture *f, gconstpointer data)
{
    close_host(f);
    g_assert_cmpuint(count_fds(), ==, f->fds);
    g_assert_cmpuint(count_mappings(f), ==, 0);
    g_ptr_array_unref(f->warnings);
    remove_tree(f->root);
    g_free(f->root);
}

static XenPtHost *open_host(Fixture *f)
{
    GError *err = NULL;

    close_host(f);
    g_ptr_array_set_size(f->warnings, 0);
    f->host = xen_pt_sysfs_open(f->root, &address, &err, f->warnings);
    g_assert_no_error(err);
    g_assert_nonnull(f->host);
    return f->host;
}

static void check_sentence(const char *text, const char *part)
{
    if (!g_str_has_prefix(text, BDF ": ") || strchr(text, '\n') ||
        g_str_has_suffix(text, ".") || !strstr(text, part)) {
        g_error("not one sentence on " BDF " that says '%s': %s", part, text);
    }
}

/* Opening fails with code and one sentence that contains part. */
static void refuse(Fixture *f, XenPtErrorCode code, const char *part)
{
    GError *err = NULL;
    XenPtHost *host = xen_pt_sysfs_open(f->root, &address, &err, f->warnings);

    if (host) {
        g_error("opened, though '%s' was expected", part);
    }
    g_assert_error(err, XEN_PT_ERROR, (int)code);
    check_sentence(err->message, part);
    /* A cure follows the cause. */
    g_assert_nonnull(strchr(err->message, ';'));
    g_error_free(err);
    g_assert_cmpuint(count_fds(), ==, f->fds);
}

static void expect_warning(Fixture *f, const char *part)
{
    for (guint i = 0; i < f->warnings->len; i++) {
        const char *text = g_ptr_array_index(f->warnings, i);

        if (strstr(text, part)) {
            check_sentence(text, part);
            return;
        }
    }
    g_error("nobody warned of '%s'", part);
}

/* -- what is read --------------------------------------------------------- */

static void all_that_sysfs_says_is_known(Fixture *f, gconstpointer data)
{
    const XenPtHostInfo *i = &open_host(f)->info;

    g_assert_cmphex(i->vendor, ==, 0x8086);
    g_assert_cmphex(i->device, ==, 0x10d3);
    g_assert_cmphex(i->class_code, ==, 0x020000);
    g_assert_cmphex(i->revision, ==, 0x09);
    g_assert_cmphex(i->subsystem_vendor, ==, 0x1af4);
    g_assert_cmphex(i->subsystem_device, ==, 0x1100);
    g_assert_cmpuint(i->gsi, ==, 20);
    g_assert_false(i->is_virtfn);
    g_assert_cmpstr(i->driver, ==, "pciback");
    g_assert_cmpstr(i->reset_methods, ==, "flr bus");
    g_assert_cmpuint(i->address.bus, ==, 3);
    g_assert_cmpuint(f->warnings->len, ==, 0);

    g_assert_cmphex(i->region[0].base, ==, 0xf0000000);
    g_assert_cmphex(i->region[0].size, ==, 0x4000);
    g_assert_true(i->region[0].mem64 && i->region[0].prefetch);
    g_assert_true(i->region[0].page_exclusive);
    g_assert_false(i->region[0].io);
    g_assert_cmphex(i->region[1].size, ==, 0);
    g_assert_cmphex(i->region[2].base, ==, 0xe000);
    g_assert_cmphex(i->region[2].size, ==, 32);
    g_assert_true(i->region[2].io);
    g_assert_false(i->region[2].mem64 || i->region[2].prefetch);
    g_assert_cmphex(i->region[3].base, ==, 0xf1000000);
    g_assert_false(i->region[3].mem64 || i->region[3].prefetch);
    g_assert_cmphex(i->region[6].size, ==, 0x10000);
}

static void a_virtual_function_is_recognised(Fixture *f, gconstpointer data)
{
    char *path = path_of(f, BDF, "physfn");

    g_assert_cmpint(symlink("../0000:02:00.0", path), ==, 0);
    g_free(path);
    g_assert_true(open_host(f)->info.is_virtfn);
}

static void old_kernels_files_are_taken_from_config(Fixture *f,
                                                    gconstpointer data)
{
    const XenPtHostInfo *i;

    drop(f, BDF, "revision");
    put(f, BDF, "subsystem_vendor", "what?\n");
    drop(f, BDF, "subsystem_device");
    drop(f, BDF, "reset_method");
    i = &open_host(f)->info;
    g_assert_cmphex(i->revision, ==, 0x07);
    g_assert_cmphex(i->subsystem_vendor, ==, 0x1234);
    g_assert_cmphex(i->subsystem_device, ==, 0x5678);
    g_assert_cmpstr(i->reset_methods, ==, "unnamed");
    g_assert_nonnull(f->host->ops->reset);
}

static void an_unconnected_line_is_no_gsi(Fixture *f, gconstpointer data)
{
    put(f, BDF, "irq", "0\n");
    g_assert_cmpuint(open_host(f)->info.gsi, ==, 0);
    put(f, BDF, "irq", "255\n");
    g_assert_cmpuint(open_host(f)->info.gsi, ==, 0);
    put(f, BDF, "irq", "256\n");
    g_assert_cmpuint(open_host(f)->info.gsi, ==, 256);
    put(f, BDF, "irq", "4000\n");
    g_assert_cmpuint(open_host(f)->info.gsi, ==, 4000);
}

/* -- what is wrong -------------------------------------------------------- */

static void an_absent_device_is_refused(Fixture *f, gconstpointer data)
{
    char *dir = g_build_filename(f->root, BDF, NULL);

    remove_tree(dir);
    refuse(f, XEN_PT_ERROR_ABSENT, "`lspci -D`");
    refuse(f, XEN_PT_ERROR_ABSENT, "`xl pci-assignable-list`");
    put_bytes(f, "", BDF, "a file", 6);
    refuse(f, XEN_PT_ERROR_HOST, "cannot open its directory");
    g_free(dir);
}

static void a_host_without_sysfs_is_refused(Fixture *f, gconstpointer data)
{
    remove_tree(f->root);
    refuse(f, XEN_PT_ERROR_HOST, "mount it");
}

static void each_missing_file_is_named(Fixture *f, gconstpointer data)
{
    static const char *const needed[] = {
        "config", "resource", "vendor", "device", "class", "irq",
    };

    for (size_t i = 0; i < G_N_ELEMENTS(needed); i++) {
        char *absent = g_strdup_printf("cannot open or read its sysfs file "
                                       "'%s' (%s)", needed[i],
                                       g_strerror(ENOENT));
        char *folder = g_strdup_printf("cannot open or read its sysfs file "
                                       "'%s' (%s)", needed[i],
                                       g_strerror(EISDIR));
        char *path = path_of(f, BDF, needed[i]);
        char *aside = path_of(f, BDF, "aside");

        g_assert_cmpint(g_rename(path, aside), ==, 0);
        refuse(f, XEN_PT_ERROR_HOST, absent);
        g_assert_cmpint(g_mkdir(path, 0700), ==, 0);
        refuse(f, XEN_PT_ERROR_HOST, folder);
        g_assert_cmpint(g_rmdir(path), ==, 0);
        g_assert_cmpint(g_rename(aside, path), ==, 0);
        open_host(f);
        close_host(f);
        g_free(absent);
        g_free(folder);
        g_free(path);
        g_free(aside);
    }
}

/* Nothing is mapped at 0. */
static void a_config_that_cannot_be_read_is_named(Fixture *f,
                                                  gconstpointer data)
{
    char *path = path_of(f, BDF, "config");

    g_assert_cmpint(g_remove(path), ==, 0);
    g_assert_cmpint(symlink("/proc/self/mem", path), ==, 0);
    refuse(f, XEN_PT_ERROR_HOST, "'config' (Input/output error)");
    g_free(path);
}

static void each_garbage_number_is_named(Fixture *f, gconstpointer data)
{
    static const char *const file[] = { "vendor", "device", "class", "irq" };
    static const char *const bad[] = {
        "", "\n", "0x", "8086\n0x", "0x8086 1\n", "-1\n", "0x-1\n", "0xg\n",
        "nothing\n", "0x1000000\n", "4294967296\n",
        ("0x00000000000000000000000000000000000000000000000000000000000000"
         "00000000000000000\n"),
    };

    for (size_t i = 0; i < G_N_ELEMENTS(file); i++) {
        char *quoted = g_strdup_printf("'%s'", file[i]);
        char *good = get(f, BDF, file[i]);

        for (size_t k = 0; k < G_N_ELEMENTS(bad); k++) {
            put(f, BDF, file[i], bad[k]);
            refuse(f, XEN_PT_ERROR_HOST, quoted);
        }
        put_bytes(f, BDF, file[i], "0x12\0""34\n", 8);
        refuse(f, XEN_PT_ERROR_HOST, quoted);
        put(f, BDF, file[i], good);
        open_host(f);
        close_host(f);
        g_free(good);
        g_free(quoted);
    }
}

static void a_config_shorter_than_the_header_is_refused(Fixture *f,
                                                        gconstpointer data)
{
    uint8_t zero[64] = { 0 };

    put_bytes(f, BDF, "config", zero, 63);
    refuse(f, XEN_PT_ERROR_HOST, "after 63 bytes");
    put_bytes(f, BDF, "config", zero, 0);
    refuse(f, XEN_PT_ERROR_HOST, "after 0 bytes");
    put_bytes(f, BDF, "config", zero, 64);
    open_host(f);
}

static void a_device_in_use_is_refused(Fixture *f, gconstpointer data)
{
    set_driver(f, BDF, "e1000e");
    refuse(f, XEN_PT_ERROR_DRIVER, "e1000e");
    refuse(f, XEN_PT_ERROR_DRIVER, "`xl pci-assignable-add " BDF "`");
    set_driver(f, BDF, "pciback2");
    refuse(f, XEN_PT_ERROR_DRIVER, "pciback2");
}

static void other_stubs_than_pciback_are_warned_of(Fixture *f,
                                                   gconstpointer data)
{
    set_driver(f, BDF, "pci-stub");
    open_host(f);
    expect_warning(f, "bound to pci-stub instead of pciback");
    set_driver(f, BDF, "vfio-pci");
    open_host(f);
    expect_warning(f, "MSI-X");
    set_driver(f, BDF, NULL);
    open_host(f);
    g_assert_null(f->host->info.driver);
    expect_warning(f, "no driver holds it");
    set_driver(f, BDF, "xen-pciback");
    open_host(f);
    g_assert_cmpuint(f->warnings->len, ==, 0);
}

static void warnings_may_be_unwanted(Fixture *f, gconstpointer data)
{
    set_driver(f, BDF, NULL);
    f->host = xen_pt_sysfs_open(f->root, &address, NULL, NULL);
    g_assert_nonnull(f->host);
    close_host(f);
    drop(f, BDF, "vendor");
    g_assert_null(xen_pt_sysfs_open(f->root, &address, NULL, NULL));
}

static void each_malformed_resource_is_refused(Fixture *f,
                                               gconstpointer data)
{
    static const struct {
        const char *text, *part;
    } bad[] = {
        { "", "line 1 of its sysfs file 'resource' is not" },
        { "\n\n\n\n\n\n\n", "line 1" },
        { NO_BAR NO_BAR NO_BAR NO_BAR NO_BAR NO_BAR,
          "line 7 of its sysfs file 'resource' is not" },
        { NO_BAR "0x0 0x0\n", "line 2" },
        { NO_BAR "0x0 0x0 0x0 0x0\n", "line 2" },
        { NO_BAR NO_BAR "f0000000 f0000fff 200\n", "line 3" },
        { "0xf0000000 0xf0000fff 0x200g\n", "line 1" },
        { "0x-f0000000 0xf0000fff 0x200\n", "line 1" },
        { "0x1f0000000f0000000 0xf0000fff 0x200\n", "line 1" },
        { "0xf0000000 0xf0000ffe 0x200\n" NO_BAR NO_BAR NO_BAR NO_BAR NO_BAR
          NO_BAR, "not a power of two" },
        { "0xf0000000 0xf0002fff 0x200\n" NO_BAR NO_BAR NO_BAR NO_BAR NO_BAR
          NO_BAR, "not a power of two" },
        { "0xf0000000 0xe0000fff 0x200\n" NO_BAR NO_BAR NO_BAR NO_BAR NO_BAR
          NO_BAR, "ends before it starts" },
        { NO_BAR NO_BAR "0xf0000000 0xf0000fff 0x300\n" NO_BAR NO_BAR NO_BAR
          NO_BAR, "BAR 2" },
        { NO_BAR "0xf0000000 0xf0000fff 0x0\n" NO_BAR NO_BAR NO_BAR NO_BAR
          NO_BAR, "either memory or I/O" },
        { NO_BAR "0xfff0 0x1000f 0x100\n" NO_BAR NO_BAR NO_BAR NO_BAR NO_BAR,
          "beyond 0xffff" },
        { NO_BAR NO_BAR NO_BAR NO_BAR NO_BAR
          "0xf0000000 0xf0000fff 0x100200\n" NO_BAR, "64 bits" },
        { "0xf0000000 0xf0000fff 0x100200\n0xf1000000 0xf1000fff 0x200\n"
          NO_BAR NO_BAR NO_BAR NO_BAR NO_BAR, "upper half" },
        { NO_BAR NO_BAR NO_BAR NO_BAR NO_BAR NO_BAR
          "0xe000 0xe01f 0x100\n", "expansion ROM" },
        { "0x0 0xffffffffffffffff 0x200\n" NO_BAR NO_BAR NO_BAR NO_BAR
          NO_BAR NO_BAR, "line 1" },
    };
    char *huge;

    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
        put(f, BDF, "resource", bad[i].text);
        refuse(f, XEN_PT_ERROR_HOST, bad[i].part);
    }
    huge = g_strnfill(100000, '0');
    put(f, BDF, "resource", huge);
    refuse(f, XEN_PT_ERROR_HOST, "'resource'");
    g_free(huge);
    put_bytes(f, BDF, "resource", "\0\0\0\0", 4);
    refuse(f, XEN_PT_ERROR_HOST, "'resource'");
}

static void lines_after_the_rom_are_not_ours(Fixture *f, gconstpointer data)
{
    put(f, BDF, "resource", RESOURCE
        "0xf2000000 0xf2002fff 0x200\nand what not\n");
    open_host(f);
    g_assert_cmpuint(f->warnings->len, ==, 0);
}

static void a_region_without_an_address_is_hidden(Fixture *f,
                                                  gconstpointer data)
{
    put(f, BDF, "resource", BAR0 NO_BAR
        "0x0 0xff 0x101\n" "0xf1000000 0xf1000fff 0x20000200\n"
        NO_BAR NO_BAR NO_BAR);
    open_host(f);
    expect_warning(f, "BAR 2 no address");
    expect_warning(f, "BAR 3 no address");
    expect_warning(f, "no address, so the guest will not see it");
    g_assert_cmpuint(f->host->info.region[2].size, ==, 0);
    g_assert_cmpuint(f->host->info.region[3].size, ==, 0);
    g_assert_cmpuint(f->host->info.region[0].size, ==, 0x4000);
}

static void a_rom_that_is_a_copy_in_ram_is_served_not_mapped(
    Fixture *f, gconstpointer data)
{
    uint64_t value;

    put(f, BDF, "resource", BAR0 NO_BAR NO_BAR NO_BAR NO_BAR NO_BAR
        "0xc0000 0xdffff 0x212\n");
    put_bytes(f, BDF, "rom", "\x55\xaa\x10\x20", 4);
    open_host(f);
    g_assert_true(f->host->info.region[6].served);
    g_assert_cmpuint(f->host->info.region[6].size, ==, 0x20000);
    g_assert_cmpint(f->host->ops->region_read(f->host, 6, 2, 2, &value), ==,
                    0);
    g_assert_cmphex(value, ==, 0x2010);
    put(f, BDF, "resource", RESOURCE);
    g_assert_false(open_host(f)->info.region[6].served);
    g_assert_false(f->host->info.region[0].served);
}

/* -- pages that are shared ------------------------------------------------ */

#define SUB_PAGE "0xf2000800 0xf20008ff 0x200\n"
#define SUB_PAGE_RESOURCE SUB_PAGE NO_BAR NO_BAR NO_BAR NO_BAR NO_BAR NO_BAR
#define NEIGHBOUR NO_BAR "0xf2000c00 0xf2000cff 0x200\n" \
                  NO_BAR NO_BAR NO_BAR NO_BAR NO_BAR

static void a_sub_page_bar_may_have_its_page_alone(Fixture *f,
                                                   gconstpointer data)
{
    put(f, BDF, "resource", SUB_PAGE_RESOURCE);
    /* The next page; ports of the same number; a window; no address. */
    add_device(f, "0000:04:00.0",
               "0xf2001000 0xf20010ff 0x200\n" "0x2000 0x20ff 0x100\n"
               "0xf2000000 0xf2000fff 0x20000200\n"
               NO_BAR NO_BAR NO_BAR NO_BAR
               "0xf2000000 0xf20fffff 0x200\n", "pcieport");
    put_bytes(f, "", "not-a-device", "x", 1);
    open_host(f);
    g_assert_true(f->host->info.region[0].page_exclusive);
    g_assert_null(f->host->info.region[0].shared_with);
}

static void a_neighbour_in_use_is_named(Fixture *f, gconstpointer data)
{
    put(f, BDF, "resource", SUB_PAGE_RESOURCE);
    add_device(f, "0000:04:00.1", NEIGHBOUR, "snd_hda_intel");
    open_host(f);
    g_assert_false(f->host->info.region[0].page_exclusive);
    g_assert_cmpstr(f->host->info.region[0].shared_with, ==,
                    "0000:04:00.1 (driven by snd_hda_intel)");
}

static void an_idle_neighbour_is_no_offence_but_no_company(
    Fixture *f, gconstpointer data)
{
    static const char *const idle[] = { "pciback", "pci-stub", NULL };

    put(f, BDF, "resource", SUB_PAGE_RESOURCE);
    add_device(f, "0000:04:00.1", NEIGHBOUR, NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(idle); i++) {
        set_driver(f, "0000:04:00.1", idle[i]);
        open_host(f);
        g_assert_false(f->host->info.region[0].page_exclusive);
        g_assert_null(f->host->info.region[0].shared_with);
    }
}

static void a_sibling_bar_in_the_page_is_company(Fixture *f,
                                                 gconstpointer data)
{
    put(f, BDF, "resource", SUB_PAGE "0xf2000000 0xf20007ff 0x200\n"
        NO_BAR NO_BAR NO_BAR NO_BAR NO_BAR);
    open_host(f);
    g_assert_false(f->host->info.region[0].page_exclusive);
    g_assert_false(f->host->info.region[1].page_exclusive);
    g_assert_null(f->host->info.region[0].shared_with);
}

static void unreadable_neighbours_are_passed_over(Fixture *f,
                                                  gconstpointer data)
{
    put(f, BDF, "resource", SUB_PAGE_RESOURCE);
    add_device(f, "0000:04:00.0", "rubbish", "e1000e");
    add_device(f, "0000:04:00.1", NEIGHBOUR, "e1000e");
    drop(f, "0000:04:00.1", "resource");
    put_bytes(f, "", "0000:04:00.2", "x", 1);
    open_host(f);
    g_assert_null(f->host->info.region[0].shared_with);
}

static int domain_seven(void *opaque, const XenPtAddress *who)
{
    XenPtAddress *asked = opaque;

    *asked = *who;
    return 7;
}

static void a_neighbour_of_another_domain_is_named(Fixture *f,
                                                   gconstpointer data)
{
    XenPtAddress asked = { 0 };
    const XenPtSysfsOptions options = {
        .root = f->root, .owner = domain_seven, .opaque = &asked,
    };

    put(f, BDF, "resource", SUB_PAGE_RESOURCE);
    add_device(f, "0000:04:00.1", NEIGHBOUR, "pciback");
    f->host = xen_pt_sysfs_open_with(&options, &address, NULL, f->warnings);
    g_assert_nonnull(f->host);
    g_assert_cmpstr(f->host->info.region[0].shared_with, ==,
                    "0000:04:00.1 (passed to domain 7)");
    g_assert_cmpuint(asked.bus, ==, 4);
    g_assert_cmpuint(asked.function, ==, 1);
}

static void a_neighbour_in_the_same_guest_is_no_stranger(
    Fixture *f, gconstpointer data)
{
    XenPtAddress asked = { 0 };
    const XenPtSysfsOptions options = {
        .root = f->root, .domid = 7, .owner = domain_seven, .opaque = &asked,
    };

    put(f, BDF, "resource", SUB_PAGE_RESOURCE);
    add_device(f, "0000:04:00.1", NEIGHBOUR, "pciback");
    f->host = xen_pt_sysfs_open_with(&options, &address, NULL, f->warnings);
    g_assert_nonnull(f->host);
    g_assert_false(f->host->info.region[0].page_exclusive);
    g_assert_null(f->host->info.region[0].shared_with);
}

/* -- functions that must go together -------------------------------------- */

/* Moves a device to where path says; its link stays where it was. */
static void move_behind(Fixture *f, const char *bdf, const char *path)
{
    char *link = g_build_filename(f->root, bdf, NULL);
    char *target = g_build_filename("tree", path, bdf, NULL);
    char *place = g_build_filename(f->root, target, NULL);
    char *parent = g_path_get_dirname(place);

    g_assert_cmpint(g_mkdir_with_parents(parent, 0700), ==, 0);
    g_assert_cmpint(g_rename(link, place), ==, 0);
    g_assert_cmpint(symlink(target, link), ==, 0);
    g_free(link);
    g_free(target);
    g_free(place);
    g_free(parent);
}

/* port_type: of the PCIe capability, -1: none */
static void add_bridge(Fixture *f, const char *bdf, const char *path,
                       int port_type)
{
    uint8_t config[256] = { [0x0a] = 0x04, 0x06, [0x0e] = 0x01 };

    add_device(f, bdf, NO_BAR NO_BAR NO_BAR NO_BAR NO_BAR NO_BAR NO_BAR,
               "pcieport");
    if (port_type >= 0) {
        config[0x06] = 0x10;
        config[0x34] = 0x40;
        memcpy(config + 0x40, (const uint8_t[]) { 0x0d, 0x50 }, 2);
        memcpy(config + 0x50, (const uint8_t[]) { 0x10, 0x00, 0x02 }, 3);
        config[0x52] |= port_type << 4;
    }
    put_bytes(f, bdf, "config", config, sizeof(config));
    move_behind(f, bdf, path);
}

#define PORT   "0000:00:1c.0"
#define BRIDGE "0000:02:00.0"
#define SIBLING "0000:03:01.0"

/* Root port, then a bridge of that type, then two functions. */
static void add_siblings(Fixture *f, int port_type)
{
    add_bridge(f, PORT, "pci0000:00", 4);
    add_bridge(f, BRIDGE, "pci0000:00/" PORT, port_type);
    add_device(f, SIBLING, RESOURCE, "e1000");
    move_behind(f, BDF, "pci0000:00/" PORT "/" BRIDGE);
    move_behind(f, SIBLING, "pci0000:00/" PORT "/" BRIDGE);
}

static void a_sibling_in_use_is_refused(Fixture *f, gconstpointer data)
{
    XenPtSysfsOptions look = { .root = f->root, .read_only = true };

    add_siblings(f, 7);
    refuse(f, XEN_PT_ERROR_SHARING, SIBLING " (driven by e1000)");
    refuse(f, XEN_PT_ERROR_SHARING, BRIDGE);
    refuse(f, XEN_PT_ERROR_SHARING, "take that one away from its user first");
    f->host = xen_pt_sysfs_open_with(&look, &address, NULL, f->warnings);
    g_assert_nonnull(f->host);
    expect_warning(f, SIBLING " (driven by e1000)");
    expect_warning(f, "like itself; both must go to the same guest");
}

static void a_bridge_without_pcie_is_conventional(Fixture *f,
                                                  gconstpointer data)
{
    add_siblings(f, -1);
    refuse(f, XEN_PT_ERROR_SHARING, SIBLING " (driven by e1000)");
}

static void behind_pcie_ports_functions_are_their_own(Fixture *f,
                                                      gconstpointer data)
{
    add_siblings(f, 5);
    open_host(f);
    g_assert_cmpuint(f->warnings->len, ==, 0);
}

static void devices_elsewhere_are_no_siblings(Fixture *f, gconstpointer data)
{
    add_siblings(f, 7);
    set_driver(f, SIBLING, "pciback");
    add_device(f, "0000:00:1f.2", RESOURCE, "ahci");
    move_behind(f, "0000:00:1f.2", "pci0000:00");
    add_device(f, "0000:07:00.0", RESOURCE, "nvme");
    open_host(f);
    g_assert_cmpuint(f->warnings->len, ==, 1);
    g_assert_true(g_str_has_suffix(g_ptr_array_index(f->warnings, 0),
                                   "or stay unused: " SIBLING));
}

static void a_sibling_of_another_domain_is_refused(Fixture *f,
                                                   gconstpointer data)
{
    XenPtAddress asked = { 0 };
    XenPtSysfsOptions options = {
        .root = f->root, .domid = 8, .owner = domain_seven, .opaque = &asked,
    };
    GError *err = NULL;

    add_siblings(f, 7);
    set_driver(f, SIBLING, "pciback");
    g_assert_null(xen_pt_sysfs_open_with(&options, &address, &err, NULL));
    g_assert_error(err, XEN_PT_ERROR, XEN_PT_ERROR_SHARING);
    check_sentence(err->message, SIBLING " (passed to domain 7)");
    g_error_free(err);
    /* And in the same guest it is as it should be. */
    options.domid = 7;
    f->host = xen_pt_sysfs_open_with(&options, &address, NULL, f->warnings);
    g_assert_nonnull(f->host);
    g_assert_cmpuint(f->warnings->len, ==, 0);
}

static void a_bridge_that_cannot_be_read_is_no_reason(Fixture *f,
                                                      gconstpointer data)
{
    add_siblings(f, 7);
    put_bytes(f, BRIDGE, "config", "\0\0", 2);
    open_host(f);
    drop(f, BRIDGE, "config");
    open_host(f);
    g_assert_cmpuint(f->warnings->len, ==, 0);
}

/* -- accesses ------------------------------------------------------------- */

static void a_line_that_another_uses_is_told(Fixture *f, gconstpointer data)
{
    static const char other[] = "0000:04:00.1";
    XenPtSysfsOptions options = { .root = f->root, .owner = domain_seven };
    XenPtAddress asked = { 0 };
    char *path;

    options.opaque = &asked;
    add_device(f, other, RESOURCE, "e1000");
    open_host(f);
    g_assert_cmpuint(f->warnings->len, ==, 0);
    put(f, other, "irq", "20\n");
    open_host(f);
    expect_warning(f, "GSI 20, with 0000:04:00.1 (driven by e1000), and");
    expect_warning(f, "and a guest that leaves the line unanswered stops");
    /* With messages, it leaves the line alone. */
    path = path_of(f, other, "msi_irqs");
    g_assert_cmpint(g_mkdir(path, 0700), ==, 0);
    open_host(f);
    g_assert_cmpuint(f->warnings->len, ==, 0);
    g_assert_cmpint(g_rmdir(path), ==, 0);
    g_free(path);
    set_driver(f, other, "pciback");
    open_host(f);
    g_assert_cmpuint(f->warnings->len, ==, 0);
    options.domid = 8;
    close_host(f);
    f->host = xen_pt_sysfs_open_with(&options, &address, NULL, f->warnings);
    expect_warning(f, "with 0000:04:00.1 (passed to domain 7), and");
    /* No line, no company. */
    put(f, BDF, "irq", "0\n");
    put(f, other, "irq", "0\n");
    open_host(f);
    g_assert_cmpuint(f->warnings->len, ==, 0);
}

static void config_is_read_up_to_its_end(Fixture *f, gconstpointer data)
{
    XenPtHost *h = open_host(f);
    uint8_t buf[4096];

    g_assert_cmpint(h->ops->config_read(h, 0, buf, 4096), ==, 256);
    g_assert_cmphex(buf[0], ==, 0x86);
    g_assert_cmphex(buf[255], ==, 0xa5);
    g_assert_cmpint(h->ops->config_read(h, 254, buf, 4), ==, 2);
    g_assert_cmpint(h->ops->config_read(h, 256, buf, 4), ==, 0);
    g_assert_cmpint(h->ops->config_read(h, 0x2c, buf, 2), ==, 2);
    g_assert_cmphex(buf[0], ==, 0x34);
}

static void config_writes_reach_just_their_bytes(Fixture *f,
                                                 gconstpointer data)
{
    XenPtHost *h = open_host(f);
    char *config;

    g_assert_cmpint(h->ops->config_write(h, 0x41, "\x12\x34", 2), ==, 0);
    config = get(f, BDF, "config");
    g_assert_cmphex((uint8_t)config[0x40], ==, 0);
    g_assert_cmphex((uint8_t)config[0x41], ==, 0x12);
    g_assert_cmphex((uint8_t)config[0x42], ==, 0x34);
    g_assert_cmphex((uint8_t)config[0x43], ==, 0);
    g_free(config);
}

static void a_config_write_cut_short_is_an_error(Fixture *f,
                                                 gconstpointer data)
{
    XenPtHost *h = open_host(f);
    struct rlimit old, limit;
    int rc, none;

    g_assert_cmpint(getrlimit(RLIMIT_FSIZE, &old), ==, 0);
    limit = old;
    limit.rlim_cur = 0x42;
    signal(SIGXFSZ, SIG_IGN);
    g_assert_cmpint(setrlimit(RLIMIT_FSIZE, &limit), ==, 0);
    rc = h->ops->config_write(h, 0x40, "1234", 4);
    none = h->ops->config_write(h, 0x42, "1234", 4);
    g_assert_cmpint(setrlimit(RLIMIT_FSIZE, &old), ==, 0);
    g_assert_cmpint(rc, ==, -EIO);
    g_assert_cmpint(none, ==, -EFBIG);
}

static void memory_is_accessed_by_each_width(Fixture *f, gconstpointer data)
{
    XenPtHost *h;
    uint64_t value;
    char *bytes;

    add_region(f, "resource3", 0x10000);
    h = open_host(f);
    g_assert_cmpint(h->ops->region_open(h, 3, 0), ==, 0);
    g_assert_cmpint(h->ops->region_write(h, 3, 0x8008, 8,
                                         0x1122334455667788), ==, 0);
    for (unsigned size = 1; size <= 8; size *= 2) {
        g_assert_cmpint(h->ops->region_read(h, 3, 0x8008, size, &value), ==,
                        0);
        g_assert_cmphex(value, ==, 0x1122334455667788 &
                        (UINT64_MAX >> (64 - 8 * size)));
    }
    g_assert_cmpint(h->ops->region_write(h, 3, 0xffff, 1, 0x1ff), ==, 0);
    g_assert_cmpint(h->ops->region_write(h, 3, 0x8008, 2, 0xabcd), ==, 0);
    bytes = get(f, BDF, "resource3");
    g_assert_cmphex((uint8_t)bytes[0xffff], ==, 0xff);
    g_assert_cmphex((uint8_t)bytes[0xfffe], ==, 0);
    g_assert_cmpmem(bytes + 0x8008, 4, "\xcd\xab\x66\x55", 4);
    g_free(bytes);
}

static void accesses_beyond_or_across_are_refused(Fixture *f,
                                                  gconstpointer data)
{
    static const struct {
        int region;
        uint64_t offset;
        unsigned size;
    } bad[] = {
        { 3, 0x10000, 1 }, { 3, 0x10000, 4 }, { 3, UINT64_MAX, 1 },
        { 3, UINT64_MAX - 7, 8 }, { 3, 0xfffc, 8 }, { 3, 1, 2 }, { 3, 2, 4 },
        { 3, 4, 8 }, { 3, 0, 3 }, { 3, 0, 0 }, { 3, 0, 16 }, { 2, 32, 1 },
        { 2, 30, 4 }, { 2, 0, 8 }, { 1, 0, 1 }, { 5, 0, 4 }, { -1, 0, 1 },
        { 7, 0, 1 }, { 6, 0x10000, 1 },
    };
    XenPtHost *h;
    uint64_t value;

    add_region(f, "resource2", 32);
    add_region(f, "resource3", 0x10000);
    h = open_host(f);
    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_assert_cmpint(h->ops->region_read(h, bad[i].region, bad[i].offset,
                                            bad[i].size, &value),
                        ==, -EINVAL);
        g_assert_cmpint(h->ops->region_write(h, bad[i].region, bad[i].offset,
                                             bad[i].size, 0), ==, -EINVAL);
    }
    g_assert_cmpint(h->ops->region_open(h, 1, 0), ==, -EINVAL);
    g_assert_cmpint(h->ops->region_open(h, -1, 0), ==, -EINVAL);
    g_assert_cmpint(h->ops->region_open(h, 7, 0), ==, -EINVAL);
}

static void a_region_shorter_than_it_claims_is_an_error_not_a_trap(
    Fixture *f, gconstpointer data)
{
    XenPtHost *h;
    uint64_t value;

    add_region(f, "resource3", 0x1000);
    add_region(f, "resource2", 2);
    h = open_host(f);
    g_assert_cmpint(h->ops->region_open(h, 3, 0), ==, -EIO);
    g_assert_cmpint(h->ops->region_read(h, 3, 0x8000, 4, &value), ==, -EIO);
    g_assert_cmpint(h->ops->region_write(h, 3, 0x8000, 4, 0), ==, -EIO);
    g_assert_cmpint(h->ops->region_read(h, 2, 0, 4, &value), ==, -EIO);
    g_assert_cmpint(h->ops->region_read(h, 0, 0, 4, &value), ==, -ENOENT);
    g_assert_cmpint(h->ops->region_open(h, 0, 0), ==, -ENOENT);
}

static void a_region_that_cannot_be_mapped_is_an_error(Fixture *f,
                                                       gconstpointer data)
{
    char *path = path_of(f, BDF, "resource3"), *target;
    int fd = memfd_create("resource3", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    uint64_t value;
    XenPtHost *h;

    g_assert_cmpint(ftruncate(fd, 0x10000), ==, 0);
    g_assert_cmpint(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE), ==, 0);
    target = g_strdup_printf("/proc/self/fd/%d", fd);
    g_assert_cmpint(symlink(target, path), ==, 0);
    h = open_host(f);
    g_assert_cmpint(h->ops->region_read(h, 3, 0, 4, &value), ==, -EPERM);
    g_assert_cmpint(h->ops->region_write(h, 3, 0, 4, 0), ==, -EPERM);
    close(fd);
    g_free(target);
    g_free(path);
}

static void a_sub_page_bar_is_found_inside_its_page(Fixture *f,
                                                    gconstpointer data)
{
    uint64_t value;
    XenPtHost *h;
    char *bytes;

    /* The kernel's file maps the page, and the BAR begins at 0x800 of it. */
    put(f, BDF, "resource", SUB_PAGE_RESOURCE);
    add_region(f, "resource0", 0x1000);
    h = open_host(f);
    g_assert_cmpint(h->ops->region_write(h, 0, 0x10, 4, 0x12345678), ==, 0);
    close_host(f);
    bytes = get(f, BDF, "resource0");
    g_assert_cmpmem(bytes + 0x810, 4, "\x78\x56\x34\x12", 4);
    g_free(bytes);
    h = open_host(f);
    g_assert_cmpint(h->ops->region_read(h, 0, 0x10, 2, &value), ==, 0);
    g_assert_cmphex(value, ==, 0x5678);
    g_assert_cmpint(h->ops->region_read(h, 0, 0x100, 1, &value), ==, -EINVAL);
}

static void an_opened_region_stays_accessible(Fixture *f, gconstpointer data)
{
    XenPtHost *h;
    uint64_t value = 0;

    add_region(f, "resource3", 0x10000);
    h = open_host(f);
    g_assert_cmpint(h->ops->region_open(h, 3, 0), ==, 0);
    drop(f, BDF, "resource3");
    g_assert_cmpint(h->ops->region_write(h, 3, 0x4000, 4, 99), ==, 0);
    g_assert_cmpint(h->ops->region_read(h, 3, 0x4000, 4, &value), ==, 0);
    g_assert_cmpuint(value, ==, 99);
    g_assert_cmpuint(count_mappings(f), ==, 1);
}

static void a_large_region_is_seen_through_one_window(Fixture *f,
                                                      gconstpointer data)
{
    const uint64_t size = 1ull << 30;
    XenPtHost *h;
    uint64_t value;

    put(f, BDF, "resource", "0x4000000000 0x403fffffff 0x14220c\n"
        NO_BAR NO_BAR NO_BAR NO_BAR NO_BAR NO_BAR);
    add_region(f, "resource0", size);
    h = open_host(f);
    for (uint64_t at = 0; at < size; at += size / 8) {
        g_assert_cmpint(h->ops->region_write(h, 0, at + 0x1234, 4, at >> 20),
                        ==, 0);
        g_assert_cmpuint(count_mappings(f), ==, 1);
    }
    g_assert_cmpint(h->ops->region_write(h, 0, size - 8, 8, 1), ==, 0);
    for (uint64_t at = 0; at < size; at += size / 8) {
        g_assert_cmpint(h->ops->region_read(h, 0, at + 0x1234, 4, &value),
                        ==, 0);
        g_assert_cmpuint(value, ==, at >> 20);
    }
    g_assert_cmpuint(count_mappings(f), ==, 1);
}

/* Its registers cannot be written elsewhere once Xen watches the table. */
static void the_table_of_a_large_region_stays_mapped(Fixture *f,
                                                     gconstpointer data)
{
    const uint64_t size = 1ull << 30, table = size / 2 + (1 << 20) - 0x1000;
    char *path;
    XenPtHost *h;
    uint64_t value;

    put(f, BDF, "resource", "0x4000000000 0x403fffffff 0x14220c\n"
        NO_BAR NO_BAR NO_BAR NO_BAR NO_BAR NO_BAR);
    add_region(f, "resource0", size);
    h = open_host(f);
    g_assert_cmpint(h->ops->region_open(h, 0, table + 0x808), ==, 0);
    g_assert_cmpint(h->ops->region_write(h, 0, 0, 4, 1), ==, 0);
    g_assert_cmpuint(count_mappings(f), ==, 2);
    /* nothing more can be mapped */
    path = path_of(f, BDF, "resource0");
    g_assert_cmpint(truncate(path, size - 0x1000), ==, 0);
    g_free(path);
    g_assert_cmpint(h->ops->region_write(h, 0, size / 4, 4, 1), ==, -EIO);
    for (uint64_t at = table; at < table + 0x9000; at += 0x800) {
        g_assert_cmpint(h->ops->region_write(h, 0, at, 4, at >> 4), ==, 0);
        g_assert_cmpint(h->ops->region_read(h, 0, at, 4, &value), ==, 0);
        g_assert_cmphex(value, ==, at >> 4);
    }
}

static void cut(Fixture *f, const char *file)
{
    char *path = path_of(f, BDF, file);

    /* an access to a page beyond the end raises SIGBUS, as if it were gone */
    g_assert_cmpint(truncate(path, 0), ==, 0);
    g_free(path);
}

static void *pull_it_out(void *opaque)
{
    Fixture *f = opaque;
    uint64_t value = 5;
    sigset_t sigbus;

    sigemptyset(&sigbus);
    sigaddset(&sigbus, SIGBUS);
    g_assert_cmpint(pthread_sigmask(SIG_BLOCK, &sigbus, NULL), ==, 0);
    for (unsigned size = 1; size <= 8; size *= 2) {
        for (unsigned write = 0; write < 2; write++) {
            XenPtHost *h = open_host(f);

            add_region(f, "resource3", 0x10000);
            g_assert_cmpint(h->ops->region_open(h, 3, 0), ==, 0);
            cut(f, "resource3");
            g_assert_cmpint(write ? h->ops->region_write(h, 3, 8, size, 1)
                            : h->ops->region_read(h, 3, 8, size, &value),
                            ==, -ENODEV);
            /* what is there next is another device */
            add_region(f, "resource3", 0x10000);
            g_assert_cmpint(h->ops->region_read(h, 3, 0x8000, 4, &value),
                            ==, -ENODEV);
            g_assert_cmpint(h->ops->region_write(h, 3, 0x8000, 4, 1), ==,
                            -ENODEV);
            g_assert_cmpuint(value, ==, 5);
        }
    }
    return NULL;
}

/* In a thread that blocks the signal, as QEMU's main thread does. */
static void a_device_that_was_pulled_out_is_no_trap(Fixture *f,
                                                    gconstpointer data)
{
    g_thread_join(g_thread_new("main", pull_it_out, f));
}

static volatile sig_atomic_t seen;      /* volatile: set by a handler */

static void another_handler(int signal, siginfo_t *info, void *context)
{
    void *page = (void *)((uintptr_t)info->si_addr & ~(uintptr_t)0xfff);
    const int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED;

    /* cppcheck-suppress leakReturnValNotUsed ; it stays where the file was */
    /* cppcheck-suppress invalidFunctionArg ; mmap(2): -1 if anonymous */
    seen += mmap(page, 0x1000, PROT_READ, flags, -1, 0) == page;
}

/* In a process where it is there before the first access. */
static void another_s_sigbus_is_handed_on(Fixture *f, gconstpointer data)
{
    struct sigaction action = {
        .sa_sigaction = another_handler, .sa_flags = SA_SIGINFO,
    };
    volatile uint8_t *p;                /* volatile: read for the fault */
    uint64_t value;
    XenPtHost *h;
    char *path;
    int fd;

    if (!g_test_subprocess()) {
        g_test_trap_subprocess(NULL, 0, 0);
        g_test_trap_assert_passed();
        return;
    }
    g_assert_cmpint(sigaction(SIGBUS, &action, NULL), ==, 0);
    add_region(f, "resource3", 0x10000);
    h = open_host(f);
    g_assert_cmpint(h->ops->region_read(h, 3, 0, 4, &value), ==, 0);
    put(f, BDF, "other", "x");
    path = path_of(f, BDF, "other");
    fd = open(path, O_RDONLY | O_CLOEXEC);
    g_free(path);
    p = mmap(NULL, 0x1000, PROT_READ, MAP_SHARED, fd, 0);
    g_assert_true(p != MAP_FAILED);
    close(fd);
    cut(f, "other");
    g_assert_cmpint(*p, ==, 0);
    g_assert_cmpint(seen, ==, 1);
    munmap((void *)p, 0x1000);
}

static void ports_are_accessed_at_their_offset(Fixture *f,
                                               gconstpointer data)
{
    XenPtHost *h;
    uint64_t value;
    char *bytes;

    add_region(f, "resource2", 32);
    h = open_host(f);
    g_assert_cmpint(h->ops->region_open(h, 2, 0), ==, 0);
    g_assert_cmpint(h->ops->region_write(h, 2, 4, 4, 0xffff11223344), ==, 0);
    g_assert_cmpint(h->ops->region_write(h, 2, 31, 1, 0x55), ==, 0);
    g_assert_cmpint(h->ops->region_read(h, 2, 6, 2, &value), ==, 0);
    g_assert_cmphex(value, ==, 0x1122);
    bytes = get(f, BDF, "resource2");
    g_assert_cmpmem(bytes + 4, 5, "\x44\x33\x22\x11\x00", 5);
    g_assert_cmphex((uint8_t)bytes[31], ==, 0x55);
    g_free(bytes);
}

/* The file is too short to be mapped, which the kernel would not do. */
static void ports_are_not_mapped(Fixture *f, gconstpointer data)
{
    XenPtHost *h;
    uint64_t value;

    add_region(f, "resource2", 8);
    h = open_host(f);
    g_assert_cmpint(h->ops->region_open(h, 2, 0), ==, 0);
    g_assert_cmpint(h->ops->region_write(h, 2, 4, 4, 0x11223344), ==, 0);
    g_assert_cmpint(h->ops->region_read(h, 2, 4, 2, &value), ==, 0);
    g_assert_cmphex(value, ==, 0x3344);
}

static void a_rom_that_cannot_be_turned_on_is_an_error(Fixture *f,
                                                       gconstpointer data)
{
    char *path = path_of(f, BDF, "rom");
    uint64_t value;
    XenPtHost *h;

    g_assert_cmpint(symlink("/dev/full", path), ==, 0);
    h = open_host(f);
    g_assert_cmpint(h->ops->region_read(h, 6, 0, 4, &value), ==, -ENOSPC);
    g_free(path);
}

static void the_rom_is_copied_once_and_ends_in_ones(Fixture *f,
                                                    gconstpointer data)
{
    XenPtHost *h;
    uint64_t value;

    h = open_host(f);
    g_assert_cmpint(h->ops->region_open(h, 6, 0), ==, 0);
    g_assert_cmpint(h->ops->region_read(h, 6, 0, 4, &value), ==, -ENOENT);
    put_bytes(f, BDF, "rom", "\x55\xaa\x10\x20\x30\x40", 6);
    g_assert_cmpint(h->ops->region_read(h, 6, 2, 2, &value), ==, 0);
    g_assert_cmphex(value, ==, 0x2010);
    drop(f, BDF, "rom");
    g_assert_cmpint(h->ops->region_read(h, 6, 4, 4, &value), ==, 0);
    g_assert_cmphex(value, ==, 0xffff4030);
    g_assert_cmpint(h->ops->region_write(h, 6, 0, 4, 0), ==, 0);
    g_assert_cmpint(h->ops->region_read(h, 6, 4, 4, &value), ==, 0);
    g_assert_cmphex(value, ==, 0xffff4030);
}

static void reset_writes_one(Fixture *f, gconstpointer data)
{
    XenPtHost *h = open_host(f);
    char *text;

    g_assert_cmpint(h->ops->reset(h), ==, 0);
    text = get(f, BDF, "reset");
    g_assert_cmpstr(text, ==, "1");
    g_free(text);
    drop(f, BDF, "reset");
    g_assert_cmpint(h->ops->reset(h), ==, -ENOENT);
}

static void no_reset_is_offered_where_there_is_none(Fixture *f,
                                                    gconstpointer data)
{
    put(f, BDF, "reset_method", "\n");
    open_host(f);
    g_assert_null(f->host->ops->reset);
    g_assert_null(f->host->info.reset_methods);
    expect_warning(f, "no way to reset it");
    drop(f, BDF, "reset");
    put(f, BDF, "reset_method", "flr\n");
    open_host(f);
    g_assert_null(f->host->ops->reset);
    expect_warning(f, "no way to reset it");
}

static void looking_changes_nothing(Fixture *f, gconstpointer data)
{
    const XenPtSysfsOptions options = { .root = f->root, .read_only = true };
    uint64_t value = 1;
    XenPtHost *h;

    set_driver(f, BDF, "e1000e");
    add_region(f, "resource3", 0x10000);
    add_region(f, "resource2", 32);
    put_bytes(f, BDF, "rom", "\x55\xaa", 2);
    f->host = h = xen_pt_sysfs_open_with(&options, &address, NULL,
                                         f->warnings);
    g_assert_nonnull(h);
    expect_warning(f, "e1000e uses it");
    g_assert_cmpint(h->ops->config_write(h, 4, "\xff", 1), ==, -EROFS);
    g_assert_cmpint(h->ops->region_write(h, 3, 0, 4, 1), ==, -EROFS);
    g_assert_cmpint(h->ops->region_write(h, 2, 0, 4, 1), ==, -EROFS);
    g_assert_cmpint(h->ops->region_read(h, 6, 0, 2, &value), ==, -EROFS);
    g_assert_cmpint(h->ops->reset(h), ==, -EROFS);
    g_assert_cmpint(h->ops->region_read(h, 3, 0, 4, &value), ==, 0);
    g_assert_cmphex(value, ==, 0);
}

static void a_thousand_opens_leak_nothing(Fixture *f, gconstpointer data)
{
    uint64_t value;

    add_region(f, "resource3", 0x10000);
    add_region(f, "resource2", 32);
    for (int i = 0; i < 1000; i++) {
        XenPtHost *h = open_host(f);

        h->ops->region_read(h, 3, 0, 4, &value);
        h->ops->region_read(h, 2, 0, 4, &value);
        close_host(f);
        g_assert_cmpuint(count_fds(), ==, f->fds);
        g_assert_cmpuint(count_mappings(f), ==, 0);
    }
}

#define TEST(name) \
    g_test_add("/sysfs/" #name, Fixture, NULL, set_up, name, tear_down)

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    TEST(all_that_sysfs_says_is_known);
    TEST(a_virtual_function_is_recognised);
    TEST(old_kernels_files_are_taken_from_config);
    TEST(an_unconnected_line_is_no_gsi);
    TEST(an_absent_device_is_refused);
    TEST(a_host_without_sysfs_is_refused);
    TEST(each_missing_file_is_named);
    TEST(a_config_that_cannot_be_read_is_named);
    TEST(each_garbage_number_is_named);
    TEST(a_config_shorter_than_the_header_is_refused);
    TEST(a_device_in_use_is_refused);
    TEST(other_stubs_than_pciback_are_warned_of);
    TEST(warnings_may_be_unwanted);
    TEST(each_malformed_resource_is_refused);
    TEST(lines_after_the_rom_are_not_ours);
    TEST(a_region_without_an_address_is_hidden);
    TEST(a_rom_that_is_a_copy_in_ram_is_served_not_mapped);
    TEST(a_sub_page_bar_may_have_its_page_alone);
    TEST(a_neighbour_in_use_is_named);
    TEST(an_idle_neighbour_is_no_offence_but_no_company);
    TEST(a_sibling_bar_in_the_page_is_company);
    TEST(unreadable_neighbours_are_passed_over);
    TEST(a_neighbour_of_another_domain_is_named);
    TEST(a_neighbour_in_the_same_guest_is_no_stranger);
    TEST(a_sibling_in_use_is_refused);
    TEST(a_bridge_without_pcie_is_conventional);
    TEST(behind_pcie_ports_functions_are_their_own);
    TEST(devices_elsewhere_are_no_siblings);
    TEST(a_sibling_of_another_domain_is_refused);
    TEST(a_bridge_that_cannot_be_read_is_no_reason);
    TEST(a_line_that_another_uses_is_told);
    TEST(config_is_read_up_to_its_end);
    TEST(config_writes_reach_just_their_bytes);
    TEST(a_config_write_cut_short_is_an_error);
    TEST(memory_is_accessed_by_each_width);
    TEST(accesses_beyond_or_across_are_refused);
    TEST(a_region_shorter_than_it_claims_is_an_error_not_a_trap);
    TEST(a_region_that_cannot_be_mapped_is_an_error);
    TEST(a_sub_page_bar_is_found_inside_its_page);
    TEST(an_opened_region_stays_accessible);
    TEST(a_large_region_is_seen_through_one_window);
    TEST(the_table_of_a_large_region_stays_mapped);
    TEST(a_device_that_was_pulled_out_is_no_trap);
    TEST(another_s_sigbus_is_handed_on);
    TEST(ports_are_accessed_at_their_offset);
    TEST(ports_are_not_mapped);
    TEST(a_rom_that_cannot_be_turned_on_is_an_error);
    TEST(the_rom_is_copied_once_and_ends_in_ones);
    TEST(reset_writes_one);
    TEST(no_reset_is_offered_where_there_is_none);
    TEST(looking_changes_nothing);
    TEST(a_thousand_opens_leak_nothing);
    return g_test_run();
}
