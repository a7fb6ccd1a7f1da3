/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <glib/gstdio.h>
#include <string.h>

#include "xen-pt/dump.h"
#include "xen-pt/error.h"

#define TITLE "0000:03:00.0 Ethernet controller: Some Device (rev 03)\n"
#define ZERO16 " 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00\n"
/* BAR0 64 bit at 1_f1200000, BAR2 I/O e000, BAR3 f1100800, ROM f1300000 */
#define HEADER \
    "00: 86 80 d3 10 07 04 10 00 03 00 00 02 10 00 00 00\n" \
    "10: 0c 00 20 f1 01 00 00 00 01 e0 00 00 00 08 10 f1\n" \
    "20: 00 00 00 00 00 00 00 00 00 00 00 00 34 12 78 56\n" \
    "30: 00 00 30 f1 40 00 00 00 00 00 00 00 0b 01 00 00\n"

static char *with_256(const char *title, const char *header)
{
    GString *text = g_string_new(title);

    g_string_append(text, header);
    for (unsigned i = 0x40; i < 0x100; i += 16) {
        g_string_append_printf(text, "%02x:%s", i, ZERO16);
    }
    return g_string_free(text, FALSE);
}

static XenPtHost *parse(const char *text, const char *which)
{
    XenPtAddress address;
    GError *err = NULL;
    XenPtHost *host;

    if (which) {
        g_assert_true(xen_pt_address_parse(which, &address));
    }
    host = xen_pt_dump_parse(text, "the dump", which ? &address : NULL, &err);
    g_assert_no_error(err);
    g_assert_nonnull(host);
    return host;
}

static void refuse(const char *text, const char *which, int code,
                   const char *part)
{
    XenPtAddress address;
    GError *err = NULL;

    if (which) {
        g_assert_true(xen_pt_address_parse(which, &address));
    }
    if (xen_pt_dump_parse(text, "the dump", which ? &address : NULL, &err)) {
        g_error("opened, though '%s' was expected", part);
    }
    g_assert_error(err, XEN_PT_ERROR, code);
    if (!strstr(err->message, part) || strchr(err->message, '\n') ||
        !strstr(err->message, "; ")) {
        g_error("not one sentence with '%s': %s", part, err->message);
    }
    g_error_free(err);
}

static void the_header_is_understood(void)
{
    char *text = with_256(TITLE, HEADER);
    XenPtHost *h = parse(text, NULL);

    g_assert_cmphex(h->info.vendor, ==, 0x8086);
    g_assert_cmphex(h->info.device, ==, 0x10d3);
    g_assert_cmphex(h->info.class_code, ==, 0x020000);
    g_assert_cmphex(h->info.revision, ==, 3);
    g_assert_cmphex(h->info.subsystem_vendor, ==, 0x1234);
    g_assert_cmphex(h->info.subsystem_device, ==, 0x5678);
    g_assert_cmpuint(h->info.gsi, ==, 11);
    g_assert_cmpuint(h->info.address.bus, ==, 3);
    g_assert_null(h->info.driver);
    h->ops->close(h);
    g_free(text);
}

static void unsaid_sizes_are_bounded_by_the_address(void)
{
    char *text = with_256(TITLE, HEADER);
    XenPtHost *h = parse(text, NULL);
    const XenPtHostRegion *r = h->info.region;

    g_assert_cmphex(r[0].base, ==, 0x1f1200000);
    g_assert_cmphex(r[0].size, ==, 0x10000);
    g_assert_true(r[0].mem64 && r[0].prefetch && r[0].page_exclusive);
    g_assert_cmphex(r[1].size, ==, 0);
    g_assert_cmphex(r[2].base, ==, 0xe000);
    g_assert_cmphex(r[2].size, ==, 256);
    g_assert_true(r[2].io);
    g_assert_cmphex(r[3].size, ==, 0x800);
    g_assert_false(r[3].page_exclusive);
    g_assert_cmphex(r[6].base, ==, 0xf1300000);
    g_assert_cmphex(r[6].size, ==, 0x10000);
    h->ops->close(h);
    g_free(text);
}

static void a_guess_has_room_for_the_msix_table(void)
{
    XenPtHost *h;
    GString *text = g_string_new(TITLE HEADER);

    /* 64 entries, table at BAR0 + 2000, pending bits at BAR0 + 30000 */
    g_string_append(text, "40: 11 00 3f 00 00 20 00 00 00 00 03 00"
                    " 00 00 00 00\n");
    h = parse(text->str, NULL);
    g_assert_cmphex(h->info.region[0].size, ==, 0x40000);
    h->ops->close(h);
    g_string_free(text, TRUE);
}

static void what_lspci_says_of_regions_is_preferred(void)
{
    char *text = with_256(
        TITLE "\tInterrupt: pin A routed to IRQ 275\n"
        "\tRegion 0: Memory at 1f1200000 (64-bit, prefetchable) [size=1M]\n"
        "\tRegion 2: I/O ports at e000 [disabled] [size=32]\n"
        "\tRegion 3: Memory at f1100800 (32-bit, non-prefetchable) "
        "[size=256]\n"
        "\t[virtual] Expansion ROM at f1300000 [disabled] [size=2K]\n"
        "\tKernel driver in use: e1000e\n", HEADER);
    XenPtHost *h = parse(text, "03:00.0");
    const XenPtHostRegion *r = h->info.region;

    g_assert_cmphex(r[0].size, ==, 1 << 20);
    g_assert_true(r[0].mem64 && r[0].prefetch);
    g_assert_cmphex(r[2].size, ==, 32);
    g_assert_true(r[2].io);
    g_assert_cmphex(r[3].size, ==, 256);
    g_assert_false(r[3].mem64 || r[3].prefetch);
    g_assert_cmphex(r[6].size, ==, 2048);
    g_assert_cmpuint(h->info.gsi, ==, 275);
    g_assert_cmpstr(h->info.driver, ==, "e1000e");
    h->ops->close(h);
    g_free(text);
}

static void regions_without_numbers_are_counted(void)
{
    char *text = with_256(
        TITLE "\tFlags: bus master, fast devsel, latency 0, IRQ 16\n"
        "\tMemory at 1f1200000 (64-bit, prefetchable) [size=512K]\n"
        "\tI/O ports at e000 [size=64]\n"
        "\tExpansion ROM at f1300000 [size=128K]\n", HEADER);
    XenPtHost *h = parse(text, NULL);

    g_assert_cmphex(h->info.region[0].size, ==, 512 << 10);
    g_assert_cmphex(h->info.region[2].size, ==, 64);
    g_assert_true(h->info.region[2].io);
    g_assert_cmphex(h->info.region[6].size, ==, 128 << 10);
    g_assert_cmpuint(h->info.gsi, ==, 16);
    h->ops->close(h);
    g_free(text);
}

static void a_region_without_an_address_is_not_there(void)
{
    char *text = with_256(
        TITLE "\tRegion 0: Memory at <unassigned> (64-bit, prefetchable)\n"
        "\tExpansion ROM at <ignored> [disabled]\n", HEADER);
    XenPtHost *h = parse(text, NULL);

    g_assert_cmphex(h->info.region[0].size, ==, 0);
    g_assert_cmphex(h->info.region[6].size, ==, 0);
    g_assert_cmphex(h->info.region[2].size, ==, 256);
    h->ops->close(h);
    g_free(text);
}

static void the_last_bar_has_no_upper_half(void)
{
    char *text = with_256(
        TITLE "\tRegion 5: Memory at f1400000 (64-bit, prefetchable) "
        "[size=16K]\n", HEADER);
    XenPtHost *h = parse(text, NULL);

    g_assert_cmphex(h->info.region[5].size, ==, 0x4000);
    g_assert_false(h->info.region[5].mem64);
    h->ops->close(h);
    g_free(text);
}

/* Behind VMD, Linux makes segments up that no 16 bits name. */
static void a_function_of_a_made_up_segment_is_nobodys(void)
{
    char *text = with_256("03:00.0 Ethernet controller\n", HEADER);
    char *foreign = with_256("10000:03:00.0 NVMe controller\n", HEADER);
    char *both = g_strconcat(text, "\n", foreign, NULL);
    GArray *list = xen_pt_dump_list(both);
    XenPtHost *h = parse(both, NULL);

    g_assert_cmpuint(list->len, ==, 1);
    g_assert_cmpuint(h->info.address.segment, ==, 0);
    h->ops->close(h);
    h = parse(both, "03:00.0");
    h->ops->close(h);
    h = xen_pt_dump_parse(foreign, "test", NULL, NULL);
    g_assert_null(h);
    g_array_unref(list);
    g_free(both);
    g_free(foreign);
    g_free(text);
}

/* With MSI on, Linux names the number that it gave the message. */
static void an_irq_that_is_a_message_is_not_the_line(void)
{
    static const char *const control[] = { "80", "81" };
    static const unsigned gsi[] = { 275, 11 };

    for (unsigned i = 0; i < G_N_ELEMENTS(control); i++) {
        char *rows = g_strdup_printf(
            "00: 86 80 d3 10 06 04 10 00 00 00 00 02 00 00 00 00\n"
            "10:" ZERO16 "20:" ZERO16
            "30: 00 00 00 00 40 00 00 00 00 00 00 00 0b 01 00 00\n"
            "40: 05 00 %s 00 00 00 00 00 00 00 00 00 00 00 00 00\n",
            control[i]);
        char *text = g_strconcat("03:00.0 Ethernet controller: Intel\n"
                                 "\tInterrupt: pin A routed to IRQ 275\n",
                                 rows, NULL);
        XenPtHost *h = parse(text, NULL);

        g_assert_cmpuint(h->info.gsi, ==, gsi[i]);
        h->ops->close(h);
        g_free(text);
        g_free(rows);
    }
}

/* pciutils 3.15 names the messages, too, and no line that is turned off. */
static void the_line_is_told_from_the_messages_beside_it(void)
{
    static const struct {
        const char *said;
        unsigned gsi;
    } lines[] = {
        { "Interrupts: pin A routed to IRQ 275, MSI(X) routed to IRQ 40-47",
          275 },
        { "Interrupts: pin A routed to IRQ 275", 275 },
        { "Interrupts: pin A disabled, MSI(X) routed to IRQ 40-47", 11 },
        { "Interrupts: MSI(X) routed to IRQ 40", 11 },
        { "Interrupts: pin ", 11 },
    };

    for (unsigned i = 0; i < G_N_ELEMENTS(lines); i++) {
        char *title = g_strdup_printf(TITLE "\t%s\n", lines[i].said);
        char *text = with_256(title, HEADER);
        XenPtHost *h = parse(text, NULL);

        g_assert_cmpuint(h->info.gsi, ==, lines[i].gsi);
        h->ops->close(h);
        g_free(text);
        g_free(title);
    }
}

static void a_virtual_functions_ids_come_from_its_title(void)
{
    char *text = with_256(
        "0000:03:10.0 Ethernet controller [0200]: Intel VF [8086:10ca] "
        "(rev 01)\n"
        "\tRegion 0: [virtual] Memory at f1400000 (64-bit, prefetchable) "
        "[size=16K]\n",
        "00: ff ff ff ff 04 00 10 00 01 00 00 02 00 00 00 00\n"
        "10:" ZERO16 "20:" ZERO16 "30:" ZERO16);
    XenPtHost *h = parse(text, NULL);

    g_assert_cmphex(h->info.vendor, ==, 0x8086);
    g_assert_cmphex(h->info.device, ==, 0x10ca);
    g_assert_true(h->info.is_virtfn);
    g_assert_cmphex(h->info.region[0].base, ==, 0xf1400000);
    g_assert_cmphex(h->info.region[0].size, ==, 0x4000);
    g_assert_cmphex(h->info.region[1].size, ==, 0);
    h->ops->close(h);
    g_free(text);
}

/* lspci without -nn; a function that is gone has ones everywhere. */
static void a_virtual_function_is_one_without_ids_in_its_title(void)
{
    char *text = with_256(
        "03:10.0 Ethernet controller: Intel VF\n",
        "00: ff ff ff ff 04 00 10 00 01 00 00 02 00 00 00 00\n"
        "10:" ZERO16 "20:" ZERO16 "30:" ZERO16);
    XenPtHost *h = parse(text, NULL);

    g_assert_true(h->info.is_virtfn);
    g_assert_cmphex(h->info.vendor, ==, 0xffff);
    h->ops->close(h);
    g_free(text);
    text = with_256(
        "03:10.0 Ethernet controller [0200]: Intel VF [8086:10ca]\n",
        "00: ff ff ff ff ff ff ff ff ff ff ff ff ff ff ff ff\n"
        "10:" ZERO16 "20:" ZERO16 "30:" ZERO16);
    h = parse(text, NULL);
    g_assert_false(h->info.is_virtfn);
    h->ops->close(h);
    g_free(text);
}

static void the_wanted_function_is_found_among_others(void)
{
    char *one = with_256("0001:03:00.0 First\n", HEADER);
    char *two = with_256("0000:03:00.1 Second\n",
                         "00: f4 1a 00 10 00 00 00 00 00 00 00 02 00 00 00 00"
                         "\n10:" ZERO16 "20:" ZERO16 "30:" ZERO16);
    char *text = g_strconcat(one, "\n", two, "\n\r\n", NULL);
    XenPtHost *h = parse(text, "0000:03:00.1");
    GArray *list;

    g_assert_cmphex(h->info.vendor, ==, 0x1af4);
    h->ops->close(h);
    h = parse(text, NULL);
    g_assert_cmphex(h->info.vendor, ==, 0x8086);
    g_assert_cmphex(h->info.address.segment, ==, 1);
    h->ops->close(h);
    refuse(text, "0000:03:00.0", XEN_PT_ERROR_ABSENT,
           "0000:03:00.0: the dump has no such function");

    list = xen_pt_dump_list(text);
    g_assert_cmpuint(list->len, ==, 2);
    g_assert_cmpuint(g_array_index(list, XenPtAddress, 0).segment, ==, 1);
    g_assert_cmpuint(g_array_index(list, XenPtAddress, 1).function, ==, 1);
    g_array_unref(list);
    list = xen_pt_dump_list("nothing\n");
    g_assert_cmpuint(list->len, ==, 0);
    g_array_unref(list);
    g_free(one);
    g_free(two);
    g_free(text);
}

/* Of mail and of forums: quoted, indented, with blanks put in or a mark. */
static void what_is_put_around_the_lines_is_taken_off(void)
{
    static const char *const before[] = { "> ", ">> > ", "    ", "\t", "" };
    char *text = with_256(
        TITLE "\tRegion 0: Memory at 1f1200000 (64-bit, prefetchable) "
        "[size=1M]\n", HEADER);
    char **lines = g_strsplit(text, "\n", -1);

    for (unsigned i = 0; i < G_N_ELEMENTS(before); i++) {
        GString *all = g_string_new("\xef\xbb\xbf");
        GArray *list;
        XenPtHost *h;

        for (char **line = lines; *line; line++) {
            g_string_append_printf(all, "%s%s \r\n", before[i], *line);
        }
        g_string_replace(all, "07 04 10 00", "07\t04  10 00", 0);
        h = parse(all->str, NULL);
        g_assert_cmphex(h->info.device, ==, 0x10d3);
        g_assert_cmphex(h->info.region[0].size, ==, 1 << 20);
        h->ops->close(h);
        list = xen_pt_dump_list(all->str);
        g_assert_cmpuint(list->len, ==, 1);
        g_array_unref(list);
        g_string_free(all, TRUE);
    }
    g_strfreev(lines);
    g_free(text);
}

/* `lspci -v`, and then `lspci -xxxx`, pasted into one file. */
static void a_list_before_the_dumps_is_no_dump(void)
{
    char *dump = with_256(TITLE, HEADER);
    char *text = g_strconcat("00:00.0 Host bridge: Some Host [8086:1234]\n"
                             "\tInterrupt: pin A routed to IRQ 275\n"
                             "\tRegion 2: I/O ports at d000 [size=32]\n"
                             "\tKernel driver in use: other\n",
                             TITLE, "\tKernel driver in use: e1000e\n\n",
                             dump, NULL);
    XenPtHost *h = parse(text, NULL);

    g_assert_cmpuint(h->info.address.bus, ==, 3);
    g_assert_cmphex(h->info.device, ==, 0x10d3);
    g_assert_cmpuint(h->info.gsi, ==, 11);
    g_assert_cmphex(h->info.region[2].base, ==, 0xe000);
    g_assert_cmpstr(h->info.driver, ==, "e1000e");
    h->ops->close(h);
    h = parse(text, "03:00.0");
    g_assert_cmpstr(h->info.driver, ==, "e1000e");
    h->ops->close(h);
    refuse(text, "00:00.0", XEN_PT_ERROR_HOST, "has 0 bytes");
    g_free(text);
    g_free(dump);
}

static void truncated_and_absurd_dumps_are_refused(void)
{
    const int host = XEN_PT_ERROR_HOST;

    refuse("", NULL, XEN_PT_ERROR_ABSENT, "no line that begins");
    refuse("#!/bin/sh\necho hello\n", NULL, XEN_PT_ERROR_ABSENT,
           "no line that begins");
    refuse(HEADER, NULL, XEN_PT_ERROR_ABSENT, "no line that begins");
    refuse(TITLE, NULL, host, "has 0 bytes");
    refuse(TITLE "00:" ZERO16 "10:" ZERO16 "20:" ZERO16, NULL, host,
           "has 48 bytes");
    refuse(TITLE "00:" ZERO16 "20:" ZERO16, NULL, host, "line 3");
    refuse(TITLE "00:" ZERO16 "00:" ZERO16, NULL, host, "line 3");
    refuse(TITLE "10:" ZERO16, NULL, host, "line 2");
    refuse(TITLE "00: 86 80\n", NULL, host, "has 2 bytes");
    refuse(TITLE HEADER, NULL, host,
           "ends after 64 bytes of its configuration space, before its "
           "capabilities");
    refuse(TITLE "fff:" ZERO16, NULL, host, "at 0xfff");
    refuse(TITLE "\tRegion 0: Memory at f1200000 (32-bit) [size=3M]\n"
           HEADER, NULL, host, "no BAR can be");
    refuse(TITLE "\tRegion 0: Memory at f1200000 (32-bit) [size=1G]\n"
           HEADER, NULL, host, "no BAR can be");
}

static void nonsense_around_the_dump_is_passed_over(void)
{
    char *text = with_256(
        TITLE "\tRegion 7: Memory at f1200000 [size=64K]\n"
        "\tRegion -1: Memory at f1200000 [size=64K]\n"
        "\tRegion 99999999999999999999: I/O ports at e000 [size=32]\n"
        "\tRegion 3: Memory at f1100800 [size=99999999999999999999T]\n"
        "\tRegion\n\tMemory at\n\tInterrupt: pin A routed to IRQ \n"
        "00: 86 8g\n00 : 11\n0000: 00\n[size=\n", HEADER);
    XenPtHost *h = parse(text, NULL);

    g_assert_cmphex(h->info.region[0].size, ==, 0x10000);
    g_assert_cmphex(h->info.region[2].size, ==, 256);
    g_assert_cmphex(h->info.region[3].size, ==, 0x800);
    g_assert_cmphex(h->info.vendor, ==, 0x8086);
    h->ops->close(h);
    g_free(text);
}

static void every_prefix_of_a_dump_is_read_or_refused(void)
{
    char *text = with_256(
        TITLE "\tRegion 0: Memory at 1f1200000 (64-bit) [size=1M]\n", HEADER);
    size_t len = strlen(text);

    for (size_t i = 0; i <= len; i++) {
        char *part = g_strndup(text, i);
        GError *err = NULL;
        XenPtHost *h = xen_pt_dump_parse(part, "part", NULL, &err);

        g_assert_true((h != NULL) == (err == NULL));
        if (h) {
            h->ops->close(h);
        }
        g_clear_error(&err);
        g_free(part);
    }
    g_free(text);
}

static void config_is_kept_in_memory(void)
{
    char *text = with_256(TITLE, HEADER);
    XenPtHost *h = parse(text, NULL);
    uint8_t buf[8] = { 0 };

    g_assert_cmpint(h->ops->config_read(h, 0x2e, buf, 4), ==, 4);
    g_assert_cmpmem(buf, 4, "\x78\x56\x00\x00", 4);
    g_assert_cmpint(h->ops->config_write(h, 0xfe, "\x12\x34", 2), ==, 0);
    g_assert_cmpint(h->ops->config_read(h, 0xfe, buf, 8), ==, 2);
    g_assert_cmpmem(buf, 2, "\x12\x34", 2);
    g_assert_cmpint(h->ops->config_read(h, 0x100, buf, 4), ==, 0);
    g_assert_cmpint(h->ops->config_read(h, UINT32_MAX, buf, 4), ==, 0);
    g_assert_cmpint(h->ops->config_write(h, 0xff, "\x12\x34", 2), ==,
                    -EINVAL);
    g_assert_cmpint(h->ops->config_write(h, UINT32_MAX, buf, 4), ==,
                    -EINVAL);
    h->ops->close(h);
    g_free(text);
}

static void extended_dumps_are_read_to_their_end(void)
{
    GString *text = g_string_new(TITLE HEADER);
    uint8_t buf[4];
    XenPtHost *h;

    for (unsigned i = 0x40; i < 0x1000; i += 16) {
        g_string_append_printf(text, "%02x: %02x 00 00 00 00 00 00 00"
                               " 00 00 00 00 00 00 00 00\n", i, i >> 4 & 0xff);
    }
    h = parse(text->str, NULL);
    g_assert_cmpint(h->ops->config_read(h, 0xff0, buf, 4), ==, 4);
    g_assert_cmphex(buf[0], ==, 0xff);
    g_assert_cmpint(h->ops->config_read(h, 0x1000, buf, 4), ==, 0);
    h->ops->close(h);
    g_string_append(text, "1000:" ZERO16 "ff0:" ZERO16);
    refuse(text->str, NULL, XEN_PT_ERROR_HOST, "0x1000");
    g_string_free(text, TRUE);
}

static void regions_read_as_ones(void)
{
    char *text = with_256(TITLE, HEADER);
    XenPtHost *h = parse(text, NULL);
    uint64_t value;

    g_assert_cmpint(h->ops->region_read(h, 0, 0x10, 8, &value), ==, 0);
    g_assert_cmphex(value, ==, UINT64_MAX);
    g_assert_cmpint(h->ops->region_read(h, 0, 0x10, 2, &value), ==, 0);
    g_assert_cmphex(value, ==, 0xffff);
    g_assert_cmpint(h->ops->region_write(h, 0, 0x10, 4, 0), ==, 0);
    g_assert_cmpint(h->ops->region_read(h, 0, 0x10000, 1, &value), ==,
                    -EINVAL);
    g_assert_cmpint(h->ops->region_read(h, 1, 0, 1, &value), ==, -EINVAL);
    g_assert_cmpint(h->ops->region_write(h, 7, 0, 1, 0), ==, -EINVAL);
    g_assert_null(h->ops->reset);
    h->ops->close(h);
    g_free(text);
}

static void files_that_are_no_dump_are_refused(void)
{
    char *dir = g_dir_make_tmp("xen-pt-dump-XXXXXX", NULL);
    char *path = g_build_filename(dir, "dump", NULL);
    char *text = with_256(TITLE, HEADER);
    GError *err = NULL;
    XenPtHost *h;

    g_assert_null(xen_pt_dump_open(path, NULL, &err));
    g_assert_error(err, XEN_PT_ERROR, XEN_PT_ERROR_HOST);
    g_assert_nonnull(strstr(err->message, path));
    g_clear_error(&err);
    g_assert_null(xen_pt_dump_open(dir, NULL, &err));
    g_assert_error(err, XEN_PT_ERROR, XEN_PT_ERROR_HOST);
    g_clear_error(&err);
    g_assert_true(g_file_set_contents(path, "03:00.0 \0\0", 10, NULL));
    g_assert_null(xen_pt_dump_open(path, NULL, &err));
    g_assert_error(err, XEN_PT_ERROR, XEN_PT_ERROR_HOST);
    g_assert_nonnull(strstr(err->message, "not text"));
    g_clear_error(&err);
    g_assert_true(g_file_set_contents(path, text, -1, NULL));
    h = xen_pt_dump_open(path, NULL, &err);
    g_assert_no_error(err);
    g_assert_cmphex(h->info.device, ==, 0x10d3);
    h->ops->close(h);
    g_remove(path);
    g_rmdir(dir);
    g_free(path);
    g_free(dir);
    g_free(text);
}

#define TEST(name) g_test_add_func("/dump/" #name, name)

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    TEST(the_header_is_understood);
    TEST(unsaid_sizes_are_bounded_by_the_address);
    TEST(a_guess_has_room_for_the_msix_table);
    TEST(what_lspci_says_of_regions_is_preferred);
    TEST(regions_without_numbers_are_counted);
    TEST(a_region_without_an_address_is_not_there);
    TEST(the_last_bar_has_no_upper_half);
    TEST(a_function_of_a_made_up_segment_is_nobodys);
    TEST(an_irq_that_is_a_message_is_not_the_line);
    TEST(the_line_is_told_from_the_messages_beside_it);
    TEST(a_virtual_functions_ids_come_from_its_title);
    TEST(a_virtual_function_is_one_without_ids_in_its_title);
    TEST(the_wanted_function_is_found_among_others);
    TEST(what_is_put_around_the_lines_is_taken_off);
    TEST(a_list_before_the_dumps_is_no_dump);
    TEST(truncated_and_absurd_dumps_are_refused);
    TEST(nonsense_around_the_dump_is_passed_over);
    TEST(every_prefix_of_a_dump_is_read_or_refused);
    TEST(config_is_kept_in_memory);
    TEST(extended_dumps_are_read_to_their_end);
    TEST(regions_read_as_ones);
    TEST(files_that_are_no_dump_are_refused);
    return g_test_run();
}
