/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * xen-pt tests: a guest that writes anything anywhere
 */
#include <string.h>

#include "invariants.h"

/* A device with everything that is shown, and things that are not. */
static FakeHost *rich_host(void)
{
    FakeHost *host = fake_host_standard();
    unsigned at;

    fake_add_bar(host, XEN_PT_ROM_REGION, FAKE_BAR_ROM, false, 0xfd000000,
                 0x10000);
    fake_add_cap(host, 0x03, 0xbc);
    fake_set16(host, 0xbe, 0x8004);
    fake_add_cap(host, 0x09, 0xc4);
    fake_set8(host, 0xc6, 0x10);
    fake_add_cap(host, 0x07, 0xd4);
    fake_add_cap(host, 0x7f, 0xdc);
    fake_add_cap(host, 0x12, 0xe4);
    fake_set32(host, 0xe8, 0x0000000f);
    fake_add_cap(host, 0x13, 0xf4);
    fake_set32(host, 0xf4, 0x03060013);
    at = 0x160;
    for (unsigned id = 0x02; id <= 0x23; id++) {
        if (id == 0x03 || id == 0x18) {
            continue;
        }
        memset(host->config + at, 0x11 * (id & 0xf), 0x40);
        fake_add_ecap(host, id, 1, at);
        if (id == 0x0b || id == 0x23) {
            fake_set32(host, at + 4, 0x02011e00);
        } else if (id == 0x02 || id == 0x08 || id == 0x09) {
            fake_set32(host, at + 4, 0);
        } else if (id == 0x15) {
            fake_set32(host, at + 4, 0x00fffff0);
            fake_set32(host, at + 8, 0x00000020);
        } else if (id == 0x17) {
            fake_set32(host, at + 4, 0x00030201);
        }
        at += 0x50;
    }
    /* hardware as it is: errors clear by 1 */
    host->w1c[0x07] = 0xf9;
    host->w1c[0x8a] = 0x0f;
    host->w1c[0x93] = 0xc0;
    fake_set16(host, 0x06, fake_get16(host, 0x06) | 0xf900);
    fake_set8(host, 0x8a, 0x0f);
    return host;
}

static void every_access(const XenPtOptions *options)
{
    Fake *fake = fake_start(rich_host(), options);
    Invariants *inv = invariants_new(fake, options);
    static const unsigned widths[] = { 1, 2, 4 };
    static const uint32_t values[] = { 0, 0xffffffff };

    for (unsigned v = 0; v < G_N_ELEMENTS(values); v++) {
        for (unsigned w = 0; w < 3; w++) {
            for (uint32_t addr = 0; addr < 4096; addr++) {
                invariants_write(inv, addr, values[v], widths[w]);
                invariants_read(inv, addr, widths[w]);
            }
            invariants_check_all(inv);
        }
    }
    for (unsigned w = 0; w < 3; w++) {
        for (uint32_t addr = 0; addr < 4096; addr++) {
            for (unsigned n = 0; n < 3; n++) {
                invariants_write(inv, addr, g_test_rand_int(), widths[w]);
                invariants_read(inv, addr, widths[w]);
            }
            fake_vm_advance(fake->vm, g_test_rand_int_range(0, 40));
            if (addr % 64 == 0) {
                invariants_check_all(inv);
            }
        }
    }
    for (unsigned n = 0; n < 200000; n++) {
        /* half of them where most registers are */
        uint32_t addr = g_test_rand_int_range(0, n & 1 ? 0x100 : 0x1000);

        invariants_write(inv, addr, g_test_rand_int(),
                         widths[g_test_rand_int_range(0, 3)]);
        if (n % 16 == 0) {
            invariants_read(inv, addr, 4);
            fake_vm_advance(fake->vm, 7);
        }
        if (n % 512 == 0) {
            invariants_reset_done(inv);
            invariants_check_all(inv);
        }
    }
    invariants_reset_done(inv);
    invariants_check_all(inv);
    g_assert_false(xen_pt_device_gone(fake->dev));
    invariants_free(inv);
    fake_close(fake);
}

static void no_strict_write_reaches_what_it_must_not(void)
{
    every_access(NULL);
}

static void no_permissive_write_reaches_what_it_must_not(void)
{
    XenPtOptions options = { .permissive = true };

    every_access(&options);
}

static void all_options_on_hold_the_same(void)
{
    XenPtOptions options = { .real_power = true, .allow_reset = true };

    every_access(&options);
}

static void a_vf_holds_the_same(void)
{
    FakeHost *host = rich_host();
    Fake *fake;
    Invariants *inv;

    host->host.info.is_virtfn = true;
    fake_set32(host, 0, 0xffffffff);
    fake_set8(host, 0x3d, 0);
    host->host.info.gsi = 0;
    fake = fake_start(host, NULL);
    inv = invariants_new(fake, NULL);
    for (unsigned n = 0; n < 100000; n++) {
        invariants_write(inv, g_test_rand_int_range(0, 0x200),
                         g_test_rand_int(), 1 << g_test_rand_int_range(0, 3));
    }
    g_assert_cmphex(fake_read(fake, 0, 4), ==, 0x10d38086);
    invariants_check_all(inv);
    invariants_free(inv);
    fake_close(fake);
}

static void writes_of_odd_widths_and_places_do_nothing(void)
{
    Fake *fake = fake_start(rich_host(), NULL);
    Invariants *inv = invariants_new(fake, NULL);

    fake_host_forget(fake->host);
    for (unsigned len = 0; len < 10; len++) {
        if (len != 1 && len != 2 && len != 4) {
            invariants_write(inv, 0x04, 0xffffffff, len);
            g_assert_cmphex(fake_read(fake, 0x04, len), ==,
                            len == 0 ? 0 : len == 3 ? 0xffffff : 0xffffffff);
        }
        invariants_write(inv, 4096, 0xffffffff, len);
        invariants_write(inv, 0xfffffffc, 0xffffffff, len);
    }
    invariants_write(inv, 4093, 0xffffffff, 4);
    invariants_write(inv, 4095, 0xffffffff, 2);
    g_assert_cmphex(fake_read(fake, 4093, 4), ==, 0xffffffff);
    g_assert_cmphex(fake_read(fake, 4095, 2), ==, 0xffff);
    g_assert_cmphex(fake_read(fake, 4096, 1), ==, 0xff);
    g_assert_cmpuint(fake_host_count(fake->host, FAKE_CONFIG_WRITE), ==, 0);
    invariants_check_all(inv);
    invariants_free(inv);
    fake_close(fake);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define T(name) g_test_add_func("/invariants/" #name, name)
    T(no_strict_write_reaches_what_it_must_not);
    T(no_permissive_write_reaches_what_it_must_not);
    T(all_options_on_hold_the_same);
    T(a_vf_holds_the_same);
    T(writes_of_odd_widths_and_places_do_nothing);
    return g_test_run();
}
