/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * xen-pt tests: the capability lists of devices that are broken or hostile
 *
 * Each ends in a list that a guest can follow and in one sentence.
 */
#include <string.h>

#include "fake-host.h"
#include "invariants.h"

static const XenPtOptions permissive = { .permissive = true };

/* The guest's conventional list as "40 50 80". */
static char *list(Fake *fake)
{
    GString *out = g_string_new(NULL);
    unsigned at = fake_read(fake, 0x34, 1);

    for (unsigned n = 0; at && n < 64; n++) {
        g_string_append_printf(out, "%s%02x", n ? " " : "", at);
        at = fake_read(fake, at + 1, 1);
    }
    return g_string_free(out, FALSE);
}

static char *extended_list(Fake *fake)
{
    GString *out = g_string_new(NULL);
    unsigned at = 0x100;

    for (unsigned n = 0; at && n < 1024; n++) {
        uint32_t head = fake_read(fake, at, 4);

        g_string_append_printf(out, "%s%03x:%04x", n ? " " : "", at,
                               head & 0xffff);
        at = head >> 20;
    }
    return g_string_free(out, FALSE);
}

static void check_said(Fake *fake, const char *said)
{
    for (guint i = 0; i < fake->vm->reports->len; i++) {
        g_test_message("%s", g_array_index(fake->vm->reports, FakeReport,
                                           i).sentence);
    }
    if (said) {
        g_assert_cmpuint(fake_said(fake->vm, said), ==, 1);
    }
    g_assert_cmpuint(fake->vm->reports->len, ==, said ? 1 : 0);
}

/* Opens, checks the list, what was said and the invariants, then closes. */
static void expect(FakeHost *host, const char *wanted, const char *said)
{
    Fake *fake = fake_start(host, NULL);
    char *got = list(fake);
    Invariants *inv;

    g_assert_cmpstr(got, ==, wanted);
    g_free(got);
    check_said(fake, said);
    inv = invariants_new(fake, NULL);
    for (unsigned n = 0; n < 2000; n++) {
        invariants_write(inv, g_test_rand_int_range(0, 256),
                         g_test_rand_int(), 1 << g_test_rand_int_range(0, 3));
    }
    invariants_check_all(inv);
    invariants_free(inv);
    fake_close(fake);
}

static void expect_extended(FakeHost *host, const char *wanted,
                            const char *said)
{
    Fake *fake = fake_start(host, NULL);
    char *got = extended_list(fake);

    g_assert_cmpstr(got, ==, wanted);
    g_free(got);
    check_said(fake, said);
    invariants_free(invariants_new(fake, NULL));
    fake_close(fake);
}

/* -- conventional ---------------------------------------------------------- */

static void a_sound_list_is_linked_anew_without_what_is_hidden(void)
{
    FakeHost *host = fake_host_new();

    fake_add_cap(host, 0x0a, 0xe0);      /* hidden, and the first */
    fake_add_pm(host, 0x80);
    fake_add_cap(host, 0x14, 0x90);      /* hidden, between */
    fake_add_cap(host, 0x7f, 0xa0);      /* unknown */
    fake_add_msi(host, 0x40, 0);
    fake_add_cap(host, 0x08, 0xc0);      /* hidden, at the end */
    expect(host, "80 40", NULL);
    expect(fake_host_standard(), "40 50 70 80", NULL);
}

static void no_list_is_walked_if_the_device_has_none(void)
{
    FakeHost *host = fake_host_standard();

    fake_set16(host, 0x06, 0);
    expect(host, "", NULL);
    host = fake_host_standard();
    fake_set8(host, 0x34, 0);
    expect(host, "", NULL);
}

static void a_loop_ends_the_list(void)
{
    FakeHost *host = fake_host_standard();

    fake_set8(host, 0x71, 0x40);
    expect(host, "40 50 70", "loops");
    host = fake_host_standard();
    fake_set8(host, 0x41, 0x40);
    expect(host, "40", "loops");
    /* of capabilities that nobody shows */
    host = fake_host_new();
    fake_add_cap(host, 0x7e, 0x40);
    fake_add_cap(host, 0x7f, 0x50);
    fake_set8(host, 0x51, 0x40);
    expect(host, "", "loops");
}

static void a_pointer_into_the_header_ends_the_list(void)
{
    static const uint8_t pointers[] = { 0x04, 0x10, 0x3c };

    for (unsigned i = 0; i < sizeof(pointers); i++) {
        FakeHost *host = fake_host_standard();

        fake_set8(host, 0x51, pointers[i]);
        expect(host, "40 50", "into the header");
        host = fake_host_standard();
        fake_set8(host, 0x34, pointers[i]);
        expect(host, "", "into the header");
    }
}

static void low_bits_of_a_pointer_are_ignored(void)
{
    FakeHost *host = fake_host_standard();

    fake_set8(host, 0x51, 0x73);
    expect(host, "40 50 70 80", "misaligned");
    host = fake_host_standard();
    fake_set8(host, 0x34, 0x42);
    expect(host, "40 50 70 80", "misaligned");
    /* 3 is as good as 0, after a word */
    host = fake_host_standard();
    fake_set8(host, 0x81, 0x03);
    expect(host, "40 50 70 80", "misaligned");
}

static void all_ones_are_no_capability(void)
{
    FakeHost *host = fake_host_standard();

    fake_set8(host, 0x81, 0xc0);
    fake_set32(host, 0xc0, 0xffffffff);
    expect(host, "40 50 70 80", "no capability");
}

static void a_second_pm_msi_or_express_is_hidden(void)
{
    FakeHost *host = fake_host_standard();

    fake_add_pm(host, 0xd0);
    expect(host, "40 50 70 80", "twice");
    host = fake_host_standard();
    fake_add_msi(host, 0xd0, 0x0180);
    expect(host, "40 50 70 80", "twice");
    host = fake_host_standard();
    fake_add_msix(host, 0xd0, 4, 0, 0x800);
    expect(host, "40 50 70 80", "twice");
    host = fake_host_new();
    fake_add_pcie(host, 0x40, 2, 0);
    fake_add_pcie(host, 0x80, 2, 0);
    expect(host, "40", "twice");
}

/* All of it: its data and mask bits too, which lie behind the least. */
static void a_second_msi_is_out_of_reach_in_permissive_mode(void)
{
    FakeHost *host = fake_host_standard();
    Fake *fake;

    fake_add_msi(host, 0xc0, 0x0180);
    memset(host->config + 0xc4, 0x11, 0x20);
    fake = fake_start(host, &permissive);
    for (unsigned at = 0xc0; at < 0xd8; at++) {
        fake_write(fake, at, 0xff, 1);
        g_assert_cmphex(fake_read(fake, at, 1), ==, 0);
    }
    g_assert_cmpuint(fake_config_writes(host, 0xc0, 0x18), ==, 0);
    fake_write(fake, 0xd8, 0x22, 1);
    g_assert_cmphex(fake_get8(host, 0xd8), ==, 0x22);
    fake_close(fake);
}

static void several_vendor_capabilities_are_all_shown(void)
{
    FakeHost *host = fake_host_standard();

    for (unsigned at = 0xc0; at < 0x100; at += 0x10) {
        fake_add_cap(host, 0x09, at);
        fake_set8(host, at + 2, 0x10);
    }
    expect(host, "40 50 70 80 c0 d0 e0 f0", NULL);
}

static void a_vendor_capability_without_length_is_hidden(void)
{
    for (unsigned length = 0; length < 3; length++) {
        FakeHost *host = fake_host_standard();

        fake_add_cap(host, 0x09, 0xc0);
        fake_set8(host, 0xc2, length);
        expect(host, "40 50 70 80", "length byte");
    }
}

/* It once shadowed the filters of the capabilities behind it. */
static void a_vendor_capability_cannot_swallow_msi(void)
{
    FakeHost *host = fake_host_new();
    Fake *fake;

    fake_add_cap(host, 0x09, 0x40);
    fake_set8(host, 0x42, 0xff);
    fake_add_msi(host, 0x50, 0x0080);
    expect(host, "40 50", "runs into what follows");

    host = fake_host_new();
    fake_add_cap(host, 0x09, 0x40);
    fake_set8(host, 0x42, 0xff);
    fake_add_msi(host, 0x50, 0x0080);
    fake = fake_start(host, &permissive);
    fake_host_forget(host);
    for (unsigned at = 0x50; at < 0x5e; at++) {
        if (at != 0x52 && at != 0x53) {
            fake_write(fake, at, 0xff, 1);
            g_assert_cmpuint(fake_config_writes(host, at, 1), ==, 0);
        }
    }
    fake_close(fake);
}

static void a_vendor_capability_ends_with_the_space(void)
{
    FakeHost *host = fake_host_standard();
    Fake *fake;
    GArray *all;

    fake_add_cap(host, 0x09, 0xf0);
    fake_set8(host, 0xf2, 0x40);
    fake = fake_start(host, NULL);
    all = xen_pt_device_instances(fake->dev);
    g_assert_cmpuint(g_array_index(all, XenPtInstance, 4).length, ==, 0x10);
    g_assert_true(g_array_index(all, XenPtInstance, 4).shown);
    g_array_unref(all);
    fake_close(fake);
}

/* Registers with side effects cannot be half there. */
static void a_capability_that_a_neighbour_cuts_is_hidden(void)
{
    FakeHost *host = fake_host_new();

    fake_add_pm(host, 0x40);
    fake_add_msi(host, 0x50, 0x0180);
    fake_add_cap(host, 0x09, 0x5c);
    fake_set8(host, 0x5e, 0x04);
    expect(host, "40 5c", "run into");

    host = fake_host_new();
    fake_add_pm(host, 0x40);
    fake_add_msi(host, 0x44, 0x0080);
    expect(host, "44", "run into");

    /* the end of the space */
    host = fake_host_new();
    fake_add_pm(host, 0xfc);
    expect(host, "", "run into");
}

/* MSI is hidden; the vendor's capability in its bytes must not open them. */
static void registers_of_a_hidden_msi_stay_out_of_reach(void)
{
    FakeHost *host = fake_host_new();
    Fake *fake;

    fake_add_msi(host, 0x50, 0x0180);
    fake_add_cap(host, 0x09, 0x58);
    fake_set8(host, 0x5a, 0x20);
    fake_set32(host, 0x60, 0x11111111);
    fake_set32(host, 0x68, 0x11111111);
    fake = fake_start(host, &permissive);
    fake_host_forget(host);
    for (unsigned at = 0x50; at < 0x68; at++) {
        fake_write(fake, at, 0xff, 1);
    }
    g_assert_cmpuint(fake_config_writes(host, 0x50, 0x18), ==, 0);
    fake_write(fake, 0x68, 0x22, 1);
    g_assert_cmphex(fake_get8(host, 0x68), ==, 0x22);
    fake_close(fake);
}

static void a_list_of_all_that_fits_is_walked_to_its_end(void)
{
    FakeHost *host = fake_host_new();
    GString *wanted = g_string_new(NULL);

    for (unsigned at = 0x40; at < 0x100; at += 4) {
        fake_add_cap(host, 0x09, at);
        fake_set8(host, at + 2, 4);
        g_string_append_printf(wanted, "%s%02x", at == 0x40 ? "" : " ", at);
    }
    expect(host, wanted->str, NULL);
    g_string_free(wanted, TRUE);
}

/* -- extended -------------------------------------------------------------- */

static void a_sound_extended_list_is_linked_anew(void)
{
    FakeHost *host = fake_host_new();

    fake_add_ecap(host, 0x0003, 1, 0x100);
    fake_add_ecap(host, 0x0010, 1, 0x140);   /* SR-IOV */
    fake_add_ecap(host, 0x0018, 1, 0x180);
    fake_add_ecap(host, 0x00ff, 1, 0x1a0);   /* unknown */
    fake_add_ecap(host, 0x001f, 1, 0x1c0);
    expect_extended(host, "100:0003 180:0018 1c0:001f", NULL);
}

/* The list starts at 100 for good: a null capability leads on. */
static void a_hidden_head_of_the_extended_list_leads_on(void)
{
    FakeHost *host = fake_host_new();
    Fake *fake;

    fake_add_ecap(host, 0x000e, 1, 0x100);   /* ARI */
    fake_add_ecap(host, 0x0003, 1, 0x140);
    expect_extended(host, "100:0000 140:0003", NULL);

    host = fake_host_new();
    fake_add_ecap(host, 0x00ff, 1, 0x100);   /* unknown */
    fake_set32(host, 0x104, 0x12345678);
    fake_add_ecap(host, 0x0003, 1, 0x140);
    fake = fake_start(host, &permissive);
    g_assert_cmphex(fake_read(fake, 0x100, 4), ==, 0x14000000);
    fake_write(fake, 0x100, 0, 4);
    g_assert_cmphex(fake_read(fake, 0x100, 4), ==, 0x14000000);
    g_assert_cmphex(fake_get32(host, 0x100), ==, 0x140100ff);
    fake_close(fake);
}

static void nothing_is_left_of_a_list_that_is_all_hidden(void)
{
    FakeHost *host = fake_host_new();

    fake_add_ecap(host, 0x000d, 1, 0x100);
    fake_add_ecap(host, 0x000f, 1, 0x140);
    expect_extended(host, "100:0000", NULL);
    expect_extended(fake_host_new(), "100:0000", NULL);
}

static void a_null_capability_in_the_list_is_passed_over(void)
{
    FakeHost *host = fake_host_new();

    fake_add_ecap(host, 0x0000, 0, 0x100);
    fake_add_ecap(host, 0x0003, 1, 0x140);
    fake_add_ecap(host, 0x0000, 0, 0x150);
    fake_add_ecap(host, 0x0018, 1, 0x160);
    expect_extended(host, "100:0000 140:0003 160:0018", NULL);
}

static void an_extended_loop_ends_the_list(void)
{
    FakeHost *host = fake_host_standard();

    fake_set32(host, 0x150, 0x10010018);
    expect_extended(host, "100:0001 140:0003 150:0018", "loops");
    host = fake_host_standard();
    fake_set32(host, 0x100, 0x10020001);
    expect_extended(host, "100:0001", "loops");
}

static void an_extended_pointer_below_100_ends_the_list(void)
{
    FakeHost *host = fake_host_standard();

    fake_set32(host, 0x140, 0x04010003);
    expect_extended(host, "100:0001 140:0003", "below 0x100");
    host = fake_host_standard();
    fake_set32(host, 0x140, 0x15210003);
    expect_extended(host, "100:0001 140:0003 150:0018", "misaligned");
    host = fake_host_standard();
    fake_set32(host, 0x150, 0x20010018);
    fake_set32(host, 0x200, 0xffffffff);
    expect_extended(host, "100:0001 140:0003 150:0018",
                    "no extended capability");
}

static void an_extended_capability_cannot_swallow_its_neighbour(void)
{
    FakeHost *host = fake_host_new();

    fake_add_ecap(host, 0x000b, 1, 0x100);
    fake_set32(host, 0x104, 0xfff10001);
    fake_add_ecap(host, 0x0003, 1, 0x140);
    expect_extended(host, "100:000b 140:0003", "runs into what follows");

    host = fake_host_new();
    fake_add_ecap(host, 0x0003, 1, 0x100);
    fake_add_ecap(host, 0x0018, 1, 0x108);
    expect_extended(host, "100:0000 108:0018", "run into");

    host = fake_host_new();
    fake_add_ecap(host, 0x0003, 1, 0x100);
    fake_add_ecap(host, 0x001f, 1, 0xff8);
    expect_extended(host, "100:0003", "run into");
}

/* The virtual functions' BARs are host addresses, whoever lies upon them. */
static void registers_of_a_cut_sriov_stay_out_of_reach(void)
{
    FakeHost *host = fake_host_new();
    Fake *fake;

    fake_add_ecap(host, 0x0010, 1, 0x100);
    fake_add_ecap(host, 0x000b, 1, 0x120);
    fake_set32(host, 0x124, 0x06010001);
    fake = fake_start(host, &permissive);
    for (unsigned at = 0x100; at < 0x140; at++) {
        fake_write(fake, at, 0xff, 1);
    }
    g_assert_cmpuint(fake_config_writes(host, 0x100, 0x40), ==, 0);
    fake_write(fake, 0x140, 0x22, 1);
    g_assert_cmphex(fake_get8(host, 0x140), ==, 0x22);
    fake_close(fake);
}

static void a_second_serial_number_is_hidden_and_a_second_vsec_is_not(void)
{
    FakeHost *host = fake_host_new();

    fake_add_ecap(host, 0x0003, 1, 0x100);
    fake_add_ecap(host, 0x0003, 1, 0x110);
    fake_add_ecap(host, 0x000b, 1, 0x120);
    fake_set32(host, 0x124, 0x01010001);
    fake_add_ecap(host, 0x000b, 1, 0x140);
    fake_set32(host, 0x144, 0x01010001);
    expect_extended(host, "100:0003 120:000b 140:000b", "twice");
}

static void the_version_of_an_extended_capability_is_kept(void)
{
    Fake *fake = fake_start(fake_host_standard(), NULL);

    g_assert_cmphex(fake_read(fake, 0x100, 4), ==, 0x14020001);
    g_assert_cmphex(fake_read(fake, 0x140, 4), ==, 0x15010003);
    g_assert_cmphex(fake_read(fake, 0x150, 4), ==, 0x00010018);
    fake_close(fake);
}

/* -- anything -------------------------------------------------------------- */

/* A device of random bytes that has a list, as a hostile one would. */
static void no_random_device_breaks_an_invariant(void)
{
    for (unsigned n = 0; n < 500; n++) {
        XenPtOptions options = {
            .permissive = n & 1, .allow_reset = n & 2,
            .real_power = n % 512 == 0,
        };
        FakeHost *host = fake_host_new();
        Invariants *inv;
        Fake *fake;

        for (unsigned at = 0x40; at < 0x1000; at++) {
            host->config[at] = g_test_rand_int();
        }
        /* ids that mean something are likelier than chance has it */
        for (unsigned at = 0x40; at < 0x100; at += 4) {
            host->config[at] = g_test_rand_int_range(0, 0x18);
            host->config[at + 1] = g_test_rand_int_range(0x30, 0x100);
        }
        for (unsigned at = 0x100; at < 0x1000; at += 4) {
            fake_set16(host, at, g_test_rand_int_range(0, 0x40));
        }
        fake_set16(host, 0x06, 0x10);
        fake_set8(host, 0x34, g_test_rand_int_range(0x40, 0x100));
        fake_add_bar(host, 0, FAKE_BAR_MEM64, false, 0x4fe000000ull, 0x4000);
        host->host.info.is_virtfn = n & 8;
        fake = fake_start(host, &options);
        inv = invariants_new(fake, &options);
        for (unsigned i = 0; i < 200; i++) {
            uint32_t at = g_test_rand_int_range(0, i & 1 ? 0x100 : 0x1000);

            invariants_write(inv, at, g_test_rand_int(),
                             1 << g_test_rand_int_range(0, 3));
            invariants_read(inv, at, 4);
            invariants_reset_done(inv);
        }
        invariants_check_all(inv);
        invariants_free(inv);
        fake_close(fake);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define T(name) g_test_add_func("/chain/" #name, name)
    T(a_sound_list_is_linked_anew_without_what_is_hidden);
    T(no_list_is_walked_if_the_device_has_none);
    T(a_loop_ends_the_list);
    T(a_pointer_into_the_header_ends_the_list);
    T(low_bits_of_a_pointer_are_ignored);
    T(all_ones_are_no_capability);
    T(a_second_pm_msi_or_express_is_hidden);
    T(a_second_msi_is_out_of_reach_in_permissive_mode);
    T(several_vendor_capabilities_are_all_shown);
    T(a_vendor_capability_without_length_is_hidden);
    T(a_vendor_capability_cannot_swallow_msi);
    T(a_vendor_capability_ends_with_the_space);
    T(a_capability_that_a_neighbour_cuts_is_hidden);
    T(registers_of_a_hidden_msi_stay_out_of_reach);
    T(a_list_of_all_that_fits_is_walked_to_its_end);
    T(a_sound_extended_list_is_linked_anew);
    T(a_hidden_head_of_the_extended_list_leads_on);
    T(nothing_is_left_of_a_list_that_is_all_hidden);
    T(a_null_capability_in_the_list_is_passed_over);
    T(an_extended_loop_ends_the_list);
    T(an_extended_pointer_below_100_ends_the_list);
    T(an_extended_capability_cannot_swallow_its_neighbour);
    T(registers_of_a_cut_sriov_stay_out_of_reach);
    T(a_second_serial_number_is_hidden_and_a_second_vsec_is_not);
    T(the_version_of_an_extended_capability_is_kept);
    T(no_random_device_breaks_an_invariant);
    return g_test_run();
}
