/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * xen-pt tests: what the guest sees of a device, and what the device sees of
 * the guest, register by register
 */
#include <errno.h>
#include <string.h>

#include "fake-host.h"

static const XenPtOptions permissive = { .permissive = true };
static const XenPtOptions resettable = { .allow_reset = true };

static void write_all_widths(Fake *fake, unsigned from, unsigned bytes,
                             uint32_t value)
{
    for (unsigned width = 1; width <= 4; width *= 2) {
        for (unsigned at = from > 3 ? from - 3 : 0; at < from + bytes; at++) {
            fake_write(fake, at, value, width);
        }
    }
}

/* -- header ---------------------------------------------------------------- */

static void guest_reads_the_ids_of_sysfs(void)
{
    FakeHost *host = fake_host_standard();
    Fake *fake;

    host->host.info.vendor = 0x1234;
    host->host.info.device = 0x5678;
    fake = fake_start(host, NULL);
    g_assert_cmphex(fake_read(fake, 0, 4), ==, 0x56781234);
    fake_write(fake, 0, 0, 4);
    g_assert_cmphex(fake_read(fake, 0, 4), ==, 0x56781234);
    fake_close(fake);
}

static void guest_cannot_change_revision_class_or_subsystem(void)
{
    Fake *fake = fake_start(fake_host_standard(), NULL);

    write_all_widths(fake, 0x08, 4, 0x5a5a5a5a);
    write_all_widths(fake, 0x2c, 4, 0x5a5a5a5a);
    g_assert_cmphex(fake_read(fake, 0x08, 4), ==, 0x02000003);
    g_assert_cmphex(fake_read(fake, 0x2c, 4), ==, 0xa01f8086);
    g_assert_cmphex(fake_get32(fake->host, 0x08), ==, 0x02000003);
    g_assert_cmphex(fake_get32(fake->host, 0x2c), ==, 0xa01f8086);
    fake_close(fake);
}

static FakeHost *vf_host(void)
{
    FakeHost *host = fake_host_new();
    XenPtHostInfo *info = &host->host.info;

    info->is_virtfn = true;
    info->device = 0x10ed;
    info->revision = 1;
    info->class_code = 0x020030;
    info->subsystem_device = 0x7a12;
    fake_set32(host, 0x00, 0xffffffff);
    fake_set32(host, 0x08, 0);
    fake_set32(host, 0x2c, 0);
    return host;
}

static void the_identity_of_a_vf_comes_from_sysfs(void)
{
    Fake *fake = fake_start(vf_host(), NULL);

    g_assert_cmphex(fake_read(fake, 0x00, 4), ==, 0x10ed8086);
    g_assert_cmphex(fake_read(fake, 0x08, 4), ==, 0x02003001);
    g_assert_cmphex(fake_read(fake, 0x2c, 4), ==, 0x7a128086);
    fake_close(fake);
}

static void decoding_stays_on_in_hardware(void)
{
    Fake *fake = fake_start(fake_host_standard(), NULL);

    g_assert_cmphex(fake_get16(fake->host, 4) & 3, ==, 3);
    for (unsigned i = 0; i < 2; i++) {
        write_all_widths(fake, 4, 2, i ? 0xffffffff : 0);
        fake_vm_advance(fake->vm, 1000);
        g_assert_cmphex(fake_get16(fake->host, 4) & 3, ==, 3);
        g_assert_cmphex(fake_read(fake, 4, 2), ==, i ? 0x077f : 0);
    }
    fake_close(fake);
}

static void bus_mastering_follows_the_guest(void)
{
    Fake *fake = fake_start(fake_host_standard(), NULL);

    g_assert_cmphex(fake_get16(fake->host, 4) & 0x14, ==, 0);
    fake_write(fake, 4, 0x0016, 2);
    g_assert_cmphex(fake_get16(fake->host, 4), ==, 0x0017);
    fake_write(fake, 4, 0x0002, 1);
    g_assert_cmphex(fake_get16(fake->host, 4), ==, 0x0003);
    fake_close(fake);
}

static void parity_serr_and_vga_snoop_stay_with_the_guest(void)
{
    Fake *fake = fake_start(fake_host_standard(), NULL);

    fake_host_forget(fake->host);
    fake_write(fake, 4, 0x0368, 2);
    g_assert_cmphex(fake_read(fake, 4, 2), ==, 0x0368);
    g_assert_cmphex(fake_config_ones(fake->host, 4) & 0x68, ==, 0);
    g_assert_cmphex(fake_config_ones(fake->host, 5) & 0x03, ==, 0);
    fake_close(fake);
}

static void intx_disable_follows_the_guest_where_intx_is_routed(void)
{
    FakeHost *host = fake_host_standard();
    Fake *fake = fake_start(host, NULL);

    /* Nobody answers before the guest has enabled the function. */
    g_assert_cmphex(fake_get16(host, 4) & 0x0400, ==, 0x0400);
    fake_write(fake, 4, 0x0000, 2);
    g_assert_cmphex(fake_get16(host, 4) & 0x0400, ==, 0x0400);
    fake_write(fake, 4, 0x0002, 2);
    g_assert_cmphex(fake_get16(host, 4) & 0x0400, ==, 0);
    fake_write(fake, 4, 0x0402, 2);
    g_assert_cmphex(fake_get16(host, 4) & 0x0400, ==, 0x0400);
    fake_write(fake, 4, 0x0000, 2);
    g_assert_cmphex(fake_get16(host, 4) & 0x0400, ==, 0);
    fake_close(fake);

    host = fake_host_standard();
    host->host.info.gsi = 0;
    fake = fake_start(host, NULL);
    fake_write(fake, 4, 0x0002, 2);
    g_assert_cmphex(fake_get16(host, 4) & 0x0400, ==, 0x0400);
    fake_close(fake);
}

static void guest_clears_errors_that_it_names_and_no_other(void)
{
    FakeHost *host = fake_host_standard();
    Fake *fake;

    host->w1c[7] = 0xf9;
    fake_set16(host, 6, 0xf910);
    fake = fake_start(host, NULL);
    g_assert_cmphex(fake_read(fake, 6, 2), ==, 0xf910);
    fake_write(fake, 6, 0x0100, 2);
    g_assert_cmphex(fake_read(fake, 6, 2), ==, 0xf810);
    /* neighbours: a write of Command as a dword clears nothing */
    fake_write(fake, 4, 0x00000007, 4);
    g_assert_cmphex(fake_read(fake, 6, 2), ==, 0xf810);
    fake_write(fake, 7, 0x80, 1);
    g_assert_cmphex(fake_read(fake, 6, 2), ==, 0x7810);
    fake_close(fake);
}

static void interrupt_status_is_live(void)
{
    Fake *fake = fake_start(fake_host_standard(), NULL);

    g_assert_cmphex(fake_read(fake, 6, 2) & 8, ==, 0);
    fake_set16(fake->host, 6, 0x0018);
    g_assert_cmphex(fake_read(fake, 6, 2) & 8, ==, 8);
    fake_close(fake);
}

static void guest_bars_start_at_0_with_their_type(void)
{
    FakeHost *host = fake_host_new();
    Fake *fake;

    fake_add_bar(host, 0, FAKE_BAR_MEM64, true, 0x4fe000000ull, 0x4000);
    fake_add_bar(host, 2, FAKE_BAR_MEM32, true, 0xfeb00000, 0x1000);
    fake_add_bar(host, 3, FAKE_BAR_MEM32, false, 0xfec00000, 0x1000);
    fake_add_bar(host, 4, FAKE_BAR_IO, false, 0xe020, 0x20);
    fake_add_bar(host, XEN_PT_ROM_REGION, FAKE_BAR_ROM, false, 0xfd000000,
                 0x10000);
    fake_set32(host, 0x30, 0xfd000001);
    fake = fake_start(host, NULL);
    g_assert_cmphex(fake_read(fake, 0x10, 4), ==, 0x0000000c);
    g_assert_cmphex(fake_read(fake, 0x14, 4), ==, 0);
    g_assert_cmphex(fake_read(fake, 0x18, 4), ==, 0x00000008);
    g_assert_cmphex(fake_read(fake, 0x1c, 4), ==, 0x00000000);
    g_assert_cmphex(fake_read(fake, 0x20, 4), ==, 0x00000001);
    g_assert_cmphex(fake_read(fake, 0x24, 4), ==, 0);
    g_assert_cmphex(fake_read(fake, 0x30, 4), ==, 0);
    fake_close(fake);
}

static void check_sizing(Fake *fake, unsigned at, uint32_t low, uint32_t high)
{
    fake_write(fake, at, 0xffffffff, 4);
    fake_write(fake, at + 4, 0xffffffff, 4);
    g_assert_cmphex(fake_read(fake, at, 4), ==, low);
    g_assert_cmphex(fake_read(fake, at + 4, 4), ==, high);
    fake_write(fake, at, 0, 4);
    fake_write(fake, at + 4, 0, 4);
    g_assert_cmphex(fake_read(fake, at, 4), ==,
                    low & (low & 1 ? 3 : 15) & ~(low & 1 ? 2u : 0));
    g_assert_cmphex(fake_read(fake, at + 4, 4), ==, 0);
}

static void bars_size_as_in_hardware(void)
{
    static const struct {
        FakeBarKind kind;
        bool prefetch;
        uint64_t size;
        uint32_t low, high;
    } cases[] = {
        { FAKE_BAR_IO, false, 4, 0xfffffffd, 0 },
        { FAKE_BAR_IO, false, 0x100, 0xffffff01, 0 },
        { FAKE_BAR_MEM32, false, 0x10, 0xfffffff0, 0 },
        { FAKE_BAR_MEM32, false, 0x100, 0xffffff00, 0 },
        { FAKE_BAR_MEM32, true, 0x1000, 0xfffff008, 0 },
        { FAKE_BAR_MEM32, false, 0x80000000, 0x80000000, 0 },
        { FAKE_BAR_MEM64, false, 0x4000, 0xffffc004, 0xffffffff },
        { FAKE_BAR_MEM64, true, 0x80000000, 0x8000000c, 0xffffffff },
        { FAKE_BAR_MEM64, true, 0x100000000ull, 0x0000000c, 0xffffffff },
        { FAKE_BAR_MEM64, true, 0x1000000000ull, 0x0000000c, 0xfffffff0 },
    };

    for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
        for (unsigned bar = 0; bar < 5; bar++) {
            FakeHost *host = fake_host_new();
            Fake *fake;

            fake_add_bar(host, bar, cases[i].kind, cases[i].prefetch,
                         cases[i].size * 2, cases[i].size);
            fake = fake_start(host, NULL);
            check_sizing(fake, 0x10 + 4 * bar, cases[i].low, cases[i].high);
            fake_close(fake);
        }
    }
}

static void a_rom_sizes_as_in_hardware(void)
{
    FakeHost *host = fake_host_new();
    XenPtOptions no_rom = { .no_rom = true };
    Fake *fake;

    fake_add_bar(host, XEN_PT_ROM_REGION, FAKE_BAR_ROM, false, 0xfd000000,
                 0x10000);
    fake = fake_start(host, NULL);
    fake_write(fake, 0x30, 0xfffffffe, 4);
    g_assert_cmphex(fake_read(fake, 0x30, 4), ==, 0xffff0000);
    fake_write(fake, 0x30, 0xffffffff, 4);
    g_assert_cmphex(fake_read(fake, 0x30, 4), ==, 0xffff0001);
    fake_close(fake);

    host = fake_host_new();
    fake_add_bar(host, XEN_PT_ROM_REGION, FAKE_BAR_ROM, false, 0xfd000000,
                 0x10000);
    fake = fake_start(host, &no_rom);
    fake_write(fake, 0x30, 0xffffffff, 4);
    g_assert_cmphex(fake_read(fake, 0x30, 4), ==, 0);
    fake_close(fake);
}

static void absent_bars_read_0_whatever_the_device_has(void)
{
    FakeHost *host = fake_host_new();
    Fake *fake;

    memset(host->config + 0x10, 0xa5, 0x18);
    fake_set32(host, 0x30, 0xa5a5a5a5);
    fake = fake_start(host, &permissive);
    for (unsigned at = 0x10; at < 0x28; at += 4) {
        g_assert_cmphex(fake_read(fake, at, 4), ==, 0);
        fake_write(fake, at, 0xffffffff, 4);
        g_assert_cmphex(fake_read(fake, at, 4), ==, 0);
    }
    fake_write(fake, 0x30, 0xffffffff, 4);
    g_assert_cmphex(fake_read(fake, 0x30, 4), ==, 0);
    fake_close(fake);
}

static void hardware_bars_are_never_written(void)
{
    for (unsigned mode = 0; mode < 2; mode++) {
        Fake *fake = fake_start(fake_host_standard(),
                                mode ? &permissive : NULL);

        write_all_widths(fake, 0x10, 0x18, 0xffffffff);
        write_all_widths(fake, 0x10, 0x18, 0x12345678);
        fake_write(fake, 4, 7, 2);
        fake_vm_advance(fake->vm, 1000);
        g_assert_cmpuint(fake_config_writes(fake->host, 0x10, 0x18), ==, 0);
        fake_close(fake);
    }
}

static void guest_cannot_start_a_self_test(void)
{
    FakeHost *host = fake_host_standard();
    Fake *fake;

    fake_set8(host, 0x0f, 0x80);
    fake = fake_start(host, &permissive);
    g_assert_cmphex(fake_read(fake, 0x0f, 1), ==, 0);
    write_all_widths(fake, 0x0f, 1, 0xffffffff);
    g_assert_cmpuint(fake_config_writes(host, 0x0f, 1), ==, 0);
    fake_close(fake);
}

static void the_pin_is_shown_if_the_host_has_a_line(void)
{
    static const struct {
        uint8_t pin;
        uint32_t gsi;
        uint8_t shown;
    } cases[] = {
        { 1, 20, 1 }, { 4, 20, 4 }, { 5, 20, 0 }, { 0, 20, 0 },
        { 1, 0, 0 }, { 0xff, 20, 0 },
    };

    for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
        FakeHost *host = fake_host_standard();
        Fake *fake;

        fake_set8(host, 0x3d, cases[i].pin);
        host->host.info.gsi = cases[i].gsi;
        fake = fake_start(host, NULL);
        g_assert_cmphex(fake_read(fake, 0x3d, 1), ==, cases[i].shown);
        fake_write(fake, 0x3c, 0x030b, 2);
        g_assert_cmphex(fake_read(fake, 0x3c, 2), ==,
                        cases[i].shown << 8 | 0x0b);
        g_assert_cmpuint(fake_config_writes(host, 0x3c, 2), ==, 0);
        fake_close(fake);
    }
}

static void the_multi_function_bit_is_the_machines(void)
{
    FakeHost *host = fake_host_standard();
    Fake *fake;

    fake_set8(host, 0x0e, 0x80);
    fake = fake_start(host, NULL);
    g_assert_cmphex(fake_read(fake, 0x0e, 1), ==, 0);
    fake_close(fake);
}

static void a_header_that_is_no_endpoints_is_refused(void)
{
    for (unsigned type = 1; type < 4; type++) {
        FakeHost *host = fake_host_new();
        char *sentence;

        fake_set8(host, 0x0e, type | 0x80);
        sentence = fake_open_error(host, NULL);
        g_assert_nonnull(strstr(sentence, "0000:03:00.0"));
        g_assert_nonnull(strstr(sentence, "header"));
        g_free(sentence);
    }
}

/* -- power, VPD, vendor ---------------------------------------------------- */

static void power_states_are_faked(void)
{
    Fake *fake = fake_start(fake_host_standard(), NULL);

    /* D3hot and back; a driver finds in it what it wrote */
    g_assert_cmphex(fake_read(fake, 0x44, 2), ==, 0x0008);
    fake_host_forget(fake->host);
    fake_write(fake, 0x44, 0x810b, 2);
    g_assert_cmphex(fake_read(fake, 0x44, 2), ==, 0x000b);
    fake_write(fake, 0x44, 0x8000, 2);
    g_assert_cmphex(fake_read(fake, 0x44, 2), ==, 0x0008);
    g_assert_cmpuint(fake_config_writes(fake->host, 0x40, 8), ==, 0);
    fake_close(fake);
}

static void pme_and_auxiliary_power_are_hidden(void)
{
    Fake *fake = fake_start(fake_host_standard(), NULL);

    g_assert_cmphex(fake_read(fake, 0x42, 2), ==, 0x0023);
    fake_close(fake);
}

static FakeHost *vpd_host(void)
{
    FakeHost *host = fake_host_new();

    fake_add_cap(host, 0x03, 0x80);
    fake_set16(host, 0x82, 0x8010);          /* a read has completed */
    fake_set32(host, 0x84, 0x78563412);
    return host;
}

static void guest_can_read_vpd(void)
{
    Fake *fake = fake_start(vpd_host(), NULL);

    fake_write(fake, 0x82, 0x0024, 2);
    g_assert_cmphex(fake_get16(fake->host, 0x82), ==, 0x0024);
    fake_set16(fake->host, 0x82, 0x8024);    /* the device is done */
    g_assert_cmphex(fake_read(fake, 0x82, 2), ==, 0x8024);
    g_assert_cmphex(fake_read(fake, 0x84, 4), ==, 0x78563412);
    fake_close(fake);
}

/* Each write of the address is a read, whatever F is in guest and device. */
static void guest_cannot_start_a_vpd_write(void)
{
    Fake *fake = fake_start(vpd_host(), NULL);

    fake_write(fake, 0x84, 0xdeadbeef, 4);
    g_assert_cmpuint(fake_config_writes(fake->host, 0x84, 4), ==, 0);
    for (unsigned i = 0; i < 3; i++) {
        fake_set16(fake->host, 0x82, 0x8010);
        fake_host_forget(fake->host);
        switch (i) {
        case 0:
            fake_write(fake, 0x82, 0x8024, 2);
            break;
        case 1:
            fake_write(fake, 0x83, 0x80, 1);
            break;
        default:
            fake_write(fake, 0x80, 0x80240003, 4);
            break;
        }
        g_assert_cmphex(fake_config_ones(fake->host, 0x83) & 0x80, ==, 0);
    }
    fake_close(fake);
}

/* As a device that looks at its own F when the address is written. */
static void half_a_vpd_address_is_not_passed_on(void)
{
    const XenPtOptions open = { .allow = "82.b" };
    Fake *fake = fake_start(vpd_host(), NULL);
    g_autoptr(GArray) denied = NULL;

    fake_write(fake, 0x82, 0x24, 1);
    fake_write(fake, 0x81, 0x2400, 2);
    fake_write(fake, 0x7f, 0x24000000, 4);
    g_assert_cmpuint(fake_config_writes(fake->host, 0x80, 8), ==, 0);
    denied = xen_pt_device_denied(fake->dev);
    g_assert_cmpuint(denied->len, ==, 3);
    g_assert_cmphex(g_array_index(denied, XenPtDenied, 2).offset, ==, 0x82);
    g_assert_cmpuint(g_array_index(denied, XenPtDenied, 2).count, ==, 3);
    fake_write(fake, 0x83, 0, 1);
    g_assert_cmphex(fake_get16(fake->host, 0x82), ==, 0x0010);
    fake_close(fake);

    fake = fake_start(vpd_host(), &open);
    fake_write(fake, 0x82, 0x24, 1);
    g_assert_cmphex(fake_get8(fake->host, 0x82), ==, 0x24);
    fake_close(fake);
    fake = fake_start(vpd_host(), &permissive);
    fake_write(fake, 0x82, 0x24, 1);
    g_assert_cmphex(fake_get8(fake->host, 0x82), ==, 0x24);
    fake_close(fake);
}

static void permissive_stores_the_vpd_that_the_guest_wrote(void)
{
    Fake *fake = fake_start(vpd_host(), &permissive);

    fake_write(fake, 0x84, 0xdeadbeef, 4);
    fake_write(fake, 0x82, 0x8024, 2);
    g_assert_cmphex(fake_get32(fake->host, 0x84), ==, 0xdeadbeef);
    g_assert_cmphex(fake_get16(fake->host, 0x82), ==, 0x8024);
    fake_close(fake);
}

static FakeHost *vendor_host(uint8_t length)
{
    FakeHost *host = fake_host_new();

    memset(host->config + 0x80, 0x77, 0x40);
    fake_add_cap(host, 0x09, 0x80);
    fake_set8(host, 0x82, length);
    return host;
}

static void vendor_registers_are_readable_and_not_writable(void)
{
    Fake *fake = fake_start(vendor_host(0x20), NULL);

    g_assert_cmphex(fake_read(fake, 0x80, 4), ==, 0x77200009);
    fake_set8(fake->host, 0x90, 0x12);
    g_assert_cmphex(fake_read(fake, 0x90, 1), ==, 0x12);
    write_all_widths(fake, 0x80, 0x20, 0);
    g_assert_cmpuint(fake_config_writes(fake->host, 0x80, 0x20), ==, 0);
    fake_close(fake);
}

static void permissive_opens_vendor_registers_but_not_the_length(void)
{
    Fake *fake = fake_start(vendor_host(0x20), &permissive);

    fake_write(fake, 0x80, 0x00000000, 4);
    g_assert_cmphex(fake_read(fake, 0x80, 4), ==, 0x00200009);
    fake_write(fake, 0x90, 0x01020304, 4);
    g_assert_cmphex(fake_get32(fake->host, 0x90), ==, 0x01020304);
    g_assert_cmphex(fake_get8(fake->host, 0x82), ==, 0x20);
    fake_close(fake);
}

static void sata_index_pair_is_part_of_its_capability(void)
{
    FakeHost *host = fake_host_new();
    Fake *fake;

    fake_add_cap(host, 0x12, 0x80);
    fake_set32(host, 0x84, 0x0000000f);
    fake_set32(host, 0x88, 0x11111111);
    fake = fake_start(host, &permissive);
    g_assert_cmphex(fake_read(fake, 0x84, 4), ==, 0x0000000f);
    fake_write(fake, 0x84, 0, 4);
    g_assert_cmphex(fake_get32(host, 0x84), ==, 0x0000000f);
    fake_write(fake, 0x88, 0x22222222, 4);
    g_assert_cmphex(fake_get32(host, 0x88), ==, 0x22222222);
    fake_close(fake);
}

/* -- PCI Express ----------------------------------------------------------- */

static void device_control_starts_as_in_hardware_and_stays_there(void)
{
    Fake *fake = fake_start(fake_host_standard(), NULL);
    static const uint8_t control[] = { 0x88, 0x90, 0xa8, 0xb0 };

    g_assert_cmphex(fake_read(fake, 0x88, 2), ==, 0x2830);
    g_assert_cmphex(fake_read(fake, 0x90, 2), ==, 0x0040);
    g_assert_cmphex(fake_read(fake, 0xa8, 2), ==, 0x0005);
    g_assert_cmphex(fake_read(fake, 0xb0, 2), ==, 0x0001);
    fake_host_forget(fake->host);
    for (unsigned i = 0; i < sizeof(control); i++) {
        write_all_widths(fake, control[i], 2, 0);
        g_assert_cmphex(fake_read(fake, control[i], 2), ==, 0);
        fake_write(fake, control[i], 0xffff, 2);
        g_assert_cmphex(fake_read(fake, control[i], 2), !=, 0);
        g_assert_cmpuint(fake_config_writes(fake->host, control[i], 2), ==,
                         0);
    }
    g_assert_cmphex(fake_read(fake, 0x88, 2), ==, 0x7fff);
    g_assert_cmphex(fake_read(fake, 0x90, 2), ==, 0x03cb);
    g_assert_cmphex(fake_read(fake, 0xa8, 2), ==, 0x775f);
    xen_pt_device_reset(fake->dev);
    g_assert_cmphex(fake_read(fake, 0x88, 2), ==, 0x2830);
    fake_close(fake);
}

static void error_status_of_pcie_clears_by_what_the_guest_wrote(void)
{
    FakeHost *host = fake_host_standard();
    Fake *fake;

    host->w1c[0x8a] = 0x0f;
    fake_set16(host, 0x8a, 0x003f);
    fake = fake_start(host, NULL);
    fake_write(fake, 0x88, 0x00010000, 4);
    g_assert_cmphex(fake_read(fake, 0x8a, 2), ==, 0x003e);
    fake_write(fake, 0x88, 0, 4);
    g_assert_cmphex(fake_read(fake, 0x8a, 2), ==, 0x003e);
    fake_write(fake, 0x8a, 0xff, 1);
    g_assert_cmphex(fake_read(fake, 0x8a, 2), ==, 0x0030);
    fake_close(fake);
}

static void slot_and_root_registers_of_an_endpoint_read_0(void)
{
    FakeHost *host = fake_host_standard();
    Fake *fake;

    memset(host->config + 0x94, 0xee, 0x10);
    memset(host->config + 0xb4, 0xee, 0x08);
    fake = fake_start(host, NULL);
    for (unsigned at = 0x94; at < 0xa4; at++) {
        g_assert_cmphex(fake_read(fake, at, 1), ==, 0);
    }
    for (unsigned at = 0xb4; at < 0xbc; at++) {
        g_assert_cmphex(fake_read(fake, at, 1), ==, 0);
    }
    fake_close(fake);
}

static void function_level_reset_is_hidden_by_default(void)
{
    Fake *fake = fake_start(fake_host_standard(), NULL);

    g_assert_cmphex(fake_read(fake, 0x84, 4) & 0x10000000, ==, 0);
    fake_write(fake, 0x88, 0x8000, 2);
    g_assert_cmphex(fake_read(fake, 0x88, 2), ==, 0);
    g_assert_cmpuint(fake->vm->resets, ==, 0);
    g_assert_cmpuint(fake_config_writes(fake->host, 0x88, 2), ==, 0);
    fake_close(fake);
}

static void an_allowed_function_level_reset_is_the_hosts_to_do(void)
{
    Fake *fake = fake_start(fake_host_standard(), &resettable);

    g_assert_cmphex(fake_read(fake, 0x84, 4) & 0x10000000, ==, 0x10000000);
    g_assert_cmphex(fake_read(fake, 0x88, 2), ==, 0x2830);
    fake_write(fake, 0x88, 0x8123, 2);
    g_assert_cmpuint(fake->vm->resets, ==, 1);
    g_assert_cmpuint(fake_config_writes(fake->host, 0x88, 2), ==, 0);
    g_assert_cmphex(fake_read(fake, 0x00, 4), ==, 0xffffffff);
    xen_pt_device_reset_done(fake->dev, 0);
    g_assert_cmphex(fake_read(fake, 0x88, 2), ==, 0x2830);
    fake_close(fake);
}

static void reset_is_not_offered_if_the_device_has_none(void)
{
    FakeHost *host = fake_host_standard();
    Fake *fake;

    fake_set32(host, 0x84, 0x00008cc1);
    fake = fake_start(host, &resettable);
    g_assert_cmphex(fake_read(fake, 0x84, 4), ==, 0x00008cc1);
    fake_write(fake, 0x88, 0x8000, 2);
    g_assert_cmpuint(fake->vm->resets, ==, 0);
    fake_close(fake);
}

static const XenPtInstance *instance_of(Fake *fake, unsigned id,
                                        bool extended)
{
    static XenPtInstance found;
    GArray *all = xen_pt_device_instances(fake->dev);
    const XenPtInstance *inst = NULL;

    for (guint i = 0; !inst && i < all->len; i++) {
        found = g_array_index(all, XenPtInstance, i);
        inst = found.id == id && found.extended == extended ? &found : NULL;
    }
    g_array_unref(all);
    return inst;
}

static void check_pcie(unsigned version, unsigned type, bool vf,
                       unsigned length, const char *why)
{
    FakeHost *host = fake_host_new();
    const XenPtInstance *inst;
    Fake *fake;

    host->host.info.is_virtfn = vf;
    fake_add_pcie(host, 0x80, version, type);
    fake = fake_start(host, NULL);
    inst = instance_of(fake, 0x10, false);
    g_assert_cmpint(inst->shown, ==, !why);
    if (why) {
        g_assert_nonnull(strstr(inst->why, why));
        g_assert_cmphex(fake_read(fake, 0x34, 1), ==, 0);
        g_assert_cmphex(fake_read(fake, 0x82, 2), ==, 0);
    } else {
        g_assert_cmpuint(inst->length, ==, length);
        g_assert_cmphex(fake_read(fake, 0x34, 1), ==, 0x80);
        g_assert_cmphex(fake_read(fake, 0x82, 2), ==, version | type << 4);
    }
    fake_close(fake);
}

static void each_version_and_kind_of_pcie_is_told_apart(void)
{
    check_pcie(1, 0, false, 0x14, NULL);
    check_pcie(1, 1, false, 0x14, NULL);
    check_pcie(1, 9, false, 0x0c, NULL);
    check_pcie(2, 0, false, 0x3c, NULL);
    check_pcie(2, 1, false, 0x3c, NULL);
    check_pcie(2, 9, false, 0x3c, NULL);
    check_pcie(3, 0, true, 0x3c, NULL);
    check_pcie(0, 0, true, 0, "this VF leaves it to its PF");
    check_pcie(0, 0, false, 0, "no specification knows");
    check_pcie(2, 4, false, 0, "port");
    check_pcie(2, 5, false, 0, "port");
    check_pcie(2, 7, false, 0, "port");
    check_pcie(2, 10, false, 0, "port");
}

/* Version 1 has no second set of controls: those bytes are another's. */
static void registers_behind_a_version_1_capability_are_not_its_own(void)
{
    FakeHost *host = fake_host_new();
    Fake *fake;

    fake_add_pcie(host, 0x80, 1, 0);
    fake_set16(host, 0xa8, 0x1234);
    fake = fake_start(host, &permissive);
    fake_write(fake, 0xa8, 0x4321, 2);
    g_assert_cmphex(fake_get16(host, 0xa8), ==, 0x4321);
    fake_close(fake);
}

/* What the guest's bus makes of a function; fake_add_pcie() has a link. */
static Fake *pcie_on(XenPtBus bus, unsigned version, unsigned type)
{
    const XenPtOptions options = { .bus = bus };
    FakeHost *host = fake_host_new();

    fake_add_pcie(host, 0x80, version, type);
    fake_set32(host, 0x8c, 0x00475103);     /* x16, 8 GT/s */
    fake_set16(host, 0x90, 0x0040);
    fake_set16(host, 0x92, 0x1103);
    if (version > 1) {
        fake_set32(host, 0xac, 0x0000000e);
        fake_set16(host, 0xb0, 0x0003);
        fake_set16(host, 0xb2, 0x001f);
    } else {
        fake_set32(host, 0xac, 0x12345678);
    }
    return fake_start(host, &options);
}

static void check_link(Fake *fake, unsigned type, uint32_t cap,
                       uint16_t status, uint32_t speeds, uint16_t status2)
{
    g_assert_cmphex(fake_read(fake, 0x82, 2) >> 4, ==, type);
    g_assert_cmphex(fake_read(fake, 0x8c, 4), ==, cap);
    g_assert_cmphex(fake_read(fake, 0x92, 2), ==, status);
    g_assert_cmphex(fake_read(fake, 0xac, 4), ==, speeds);
    g_assert_cmphex(fake_read(fake, 0xb2, 2), ==, status2);
}

static void a_conventional_bus_leaves_the_type_and_the_link_as_they_are(void)
{
    static const unsigned types[] = { 0, 1, 9 };

    for (unsigned i = 0; i < G_N_ELEMENTS(types); i++) {
        Fake *fake = pcie_on(XEN_PT_BUS_CONVENTIONAL, 2, types[i]);

        check_link(fake, types[i], 0x00475103, 0x1103, 0x0e, 0x1f);
        fake_close(fake);
    }
}

static void on_a_root_complex_a_function_is_integrated_and_has_no_link(void)
{
    static const unsigned types[] = { 0, 1, 9 };

    for (unsigned i = 0; i < G_N_ELEMENTS(types); i++) {
        Fake *fake = pcie_on(XEN_PT_BUS_ROOT_COMPLEX, 2, types[i]);

        fake_write(fake, 0x90, 0xffff, 2);
        fake_write(fake, 0xb0, 0xffff, 2);
        check_link(fake, 9, 0, 0, 0, 0);
        g_assert_cmphex(fake_read(fake, 0x90, 2), ==, 0);
        g_assert_cmphex(fake_read(fake, 0xb0, 2), ==, 0);
        g_assert_cmphex(fake_read(fake, 0x80, 2), ==, 0x0010);
        g_assert_cmphex(fake_get32(fake->host, 0x8c), ==, 0x00475103);
        fake_close(fake);
    }
}

/* Nothing behind its 20 bytes is touched. */
static void on_a_root_complex_version_1_ends_where_it_did(void)
{
    Fake *fake = pcie_on(XEN_PT_BUS_ROOT_COMPLEX, 1, 0);

    check_link(fake, 9, 0, 0, 0x12345678, 0);
    fake_close(fake);
}

static void behind_a_port_an_integrated_endpoint_gets_a_link(void)
{
    Fake *fake = pcie_on(XEN_PT_BUS_BELOW_PORT, 2, 9);

    check_link(fake, 0, 0x11, 0x0011, 0x02, 0);
    fake_write(fake, 0x90, 0x0043, 2);
    g_assert_cmphex(fake_read(fake, 0x90, 2), ==, 0x0043);
    fake_close(fake);
    for (unsigned type = 0; type < 2; type++) {
        fake = pcie_on(XEN_PT_BUS_BELOW_PORT, 2, type);
        check_link(fake, type, 0x00475103, 0x1103, 0x0e, 0x1f);
        fake_close(fake);
    }
    /* of version 1: it has no room for the registers of a link */
    fake = pcie_on(XEN_PT_BUS_BELOW_PORT, 1, 9);
    check_link(fake, 9, 0x00475103, 0x1103, 0x12345678, 0);
    fake_close(fake);
}

/* -- Advanced Features ----------------------------------------------------- */

static FakeHost *af_host(uint8_t cap)
{
    FakeHost *host = fake_host_new();

    fake_add_cap(host, 0x13, 0x80);
    fake_set8(host, 0x82, 6);
    fake_set8(host, 0x83, cap);
    fake_set16(host, 0x84, 0xffff);
    return host;
}

static void af_reset_is_offered_only_if_allowed_and_there(void)
{
    Fake *fake = fake_start(af_host(3), NULL);

    g_assert_cmphex(fake_read(fake, 0x34, 1), ==, 0);
    g_assert_cmphex(fake_read(fake, 0x83, 1), ==, 0);
    fake_close(fake);
    fake = fake_start(af_host(1), &resettable);
    g_assert_cmphex(fake_read(fake, 0x34, 1), ==, 0);
    fake_close(fake);

    fake = fake_start(af_host(0xff), &resettable);
    g_assert_cmphex(fake_read(fake, 0x34, 1), ==, 0x80);
    g_assert_cmphex(fake_read(fake, 0x82, 2), ==, 0x0306);
    g_assert_cmphex(fake_read(fake, 0x84, 2), ==, 0x0100);
    fake_write(fake, 0x84, 0xfe, 1);
    g_assert_cmpuint(fake->vm->resets, ==, 0);
    fake_write(fake, 0x84, 0x01, 1);
    g_assert_cmpuint(fake->vm->resets, ==, 1);
    g_assert_cmpuint(fake_config_writes(fake->host, 0x84, 1), ==, 0);
    xen_pt_device_reset_done(fake->dev, 0);
    g_assert_cmphex(fake_read(fake, 0x84, 1), ==, 0);
    fake_close(fake);
}

/* -- MSI, as far as it is a matter of reach -------------------------------- */

static void guest_cannot_write_msi_address_data_or_mask(void)
{
    for (unsigned mode = 0; mode < 2; mode++) {
        Fake *fake = fake_start(fake_host_standard(),
                                mode ? &permissive : NULL);

        fake_host_forget(fake->host);
        for (unsigned i = 0; i < 2; i++) {
            write_all_widths(fake, 0x50, 2, i ? 0xffffffff : 0x55aa55aa);
            write_all_widths(fake, 0x54, 0x14, i ? 0xffffffff : 0x55aa55aa);
        }
        g_assert_cmpuint(fake_config_writes(fake->host, 0x50, 2), ==, 0);
        g_assert_cmpuint(fake_config_writes(fake->host, 0x54, 0x14), ==, 0);
        g_assert_cmpuint(fake_config_writes(fake->host, 0x70, 2), ==, 0);
        g_assert_cmpuint(fake_config_writes(fake->host, 0x74, 8), ==, 0);
        fake_close(fake);
    }
}

static void guest_cannot_change_where_the_msix_table_is(void)
{
    Fake *fake = fake_start(fake_host_standard(), NULL);

    for (unsigned i = 0; i < 2; i++) {
        uint32_t value = i ? 0xffffffff : 0;

        fake_write(fake, 0x72, value & 0x3fff, 2);
        fake_write(fake, 0x74, value, 4);
        fake_write(fake, 0x78, value, 4);
        g_assert_cmphex(fake_read(fake, 0x72, 2), ==, 0x003f);
        g_assert_cmphex(fake_read(fake, 0x74, 4), ==, 0x00002000);
        g_assert_cmphex(fake_read(fake, 0x78, 4), ==, 0x00003000);
    }
    fake_close(fake);
}

/* XSA-129 and the 64-bit flag that a guest once turned into its own end */
static void guest_cannot_change_what_msi_is_capable_of(void)
{
    Fake *fake = fake_start(fake_host_standard(), NULL);
    uint32_t before = fake_read(fake, 0x52, 2);

    fake_write(fake, 0x52, 0xfffe, 2);
    g_assert_cmphex(fake_read(fake, 0x52, 2) & ~0x70u, ==, before & ~0x70u);
    fake_write(fake, 0x52, 0, 2);
    g_assert_cmphex(fake_read(fake, 0x52, 2), ==, before);
    fake_close(fake);
}

/* -- extended space -------------------------------------------------------- */

static void logged_headers_are_hidden(void)
{
    FakeHost *host = fake_host_standard();
    Fake *fake;

    memset(host->config + 0x11c, 0xfe, 0x10);
    memset(host->config + 0x138, 0xfe, 0x08);
    fake = fake_start(host, &permissive);
    for (unsigned at = 0x11c; at < 0x140; at++) {
        g_assert_cmphex(fake_read(fake, at, 1), ==, 0);
        fake_write(fake, at, 0xff, 1);
    }
    g_assert_cmpuint(fake_config_writes(host, 0x11c, 0x24), ==, 0);
    fake_close(fake);
}

static void errors_stay_for_the_host_to_see(void)
{
    FakeHost *host = fake_host_standard();
    Fake *fake;

    fake_set32(host, 0x104, 0x00100000);
    fake_set32(host, 0x110, 0x00000001);
    fake_set32(host, 0x108, 0x00400000);
    fake_set32(host, 0x118, 0x000000a0);
    fake = fake_start(host, NULL);
    g_assert_cmphex(fake_read(fake, 0x104, 4), ==, 0x00100000);
    g_assert_cmphex(fake_read(fake, 0x108, 4), ==, 0x00400000);
    g_assert_cmphex(fake_read(fake, 0x118, 4), ==, 0x000000a0);
    write_all_widths(fake, 0x100, 0x40, 0xffffffff);
    g_assert_cmpuint(fake_config_writes(host, 0x100, 0x40), ==, 0);
    g_assert_cmphex(fake_read(fake, 0x104, 4), ==, 0x00100000);
    g_assert_cmphex(fake_read(fake, 0x108, 4), ==, 0xffffffff);
    g_assert_cmphex(fake_read(fake, 0x118, 4), ==, 0x000005e0);
    fake_close(fake);
}

/* Its registers may end before the root's: only the list tells. */
static void error_reporting_ends_where_the_next_begins(void)
{
    static const struct {
        uint16_t next, length;
    } cases[] = {
        { 0, 0x2c }, { 0x12c, 0x2c }, { 0x138, 0x38 }, { 0x148, 0x48 },
        { 0x400, 0x48 },
    };

    for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
        FakeHost *host = fake_host_new();
        Fake *fake;

        fake_add_ecap(host, 0x0001, 2, 0x100);
        if (cases[i].next) {
            fake_add_ecap(host, 0x0003, 1, cases[i].next);
        }
        fake = fake_start(host, NULL);
        g_assert_true(instance_of(fake, 1, true)->shown);
        g_assert_cmpuint(instance_of(fake, 1, true)->length, ==,
                         cases[i].length);
        g_assert_cmpuint(fake->vm->reports->len, ==, 0);
        fake_close(fake);
    }
}

static FakeHost *rebar_host(uint32_t control)
{
    FakeHost *host = fake_host_new();

    fake_add_bar(host, 0, FAKE_BAR_MEM64, true, 0x400000000ull, 0x10000000);
    fake_add_ecap(host, 0x0015, 1, 0x100);
    fake_set32(host, 0x104, 0x000fffff0);
    fake_set32(host, 0x108, control);
    return host;
}

static void a_resizable_bar_offers_its_current_size(void)
{
    Fake *fake = fake_start(rebar_host(0x00000820), &permissive);

    g_assert_cmphex(fake_read(fake, 0x104, 4), ==, 0x00001000);
    g_assert_cmphex(fake_read(fake, 0x108, 4), ==, 0x00000820);
    write_all_widths(fake, 0x104, 8, 0xffffffff);
    g_assert_cmphex(fake_read(fake, 0x104, 4), ==, 0x00001000);
    g_assert_cmphex(fake_read(fake, 0x108, 4), ==, 0x00000820);
    g_assert_cmpuint(fake_config_writes(fake->host, 0x100, 0x0c), ==, 0);
    fake_close(fake);

    /* the register lags behind what the host made of the BAR */
    fake = fake_start(rebar_host(0x00000320), NULL);
    g_assert_cmphex(fake_read(fake, 0x104, 4), ==, 0x00001000);
    g_assert_cmphex(fake_read(fake, 0x108, 4), ==, 0x00000820);
    fake_close(fake);

    /* for a BAR that is not there its own word is taken; 2^30 MiB */
    fake = fake_start(rebar_host(0x00001e22), NULL);
    g_assert_cmphex(fake_read(fake, 0x104, 4), ==, 0);
    g_assert_cmphex(fake_read(fake, 0x108, 4), ==, 0x00041e22);
    fake_close(fake);
    fake = fake_start(rebar_host(0x00000327), NULL);
    g_assert_cmphex(fake_read(fake, 0x104, 4), ==, 0x80);
    g_assert_cmphex(fake_read(fake, 0x108, 4), ==, 0x00000327);
    fake_close(fake);
    /* 2^43 MiB is the most; what is more is no size */
    fake = fake_start(rebar_host(0x00002b22), NULL);
    g_assert_cmphex(fake_read(fake, 0x108, 4), ==, 0x80002b22);
    fake_close(fake);
    fake = fake_start(rebar_host(0x00002c22), NULL);
    g_assert_cmphex(fake_read(fake, 0x104, 4), ==, 0x10);
    g_assert_cmphex(fake_read(fake, 0x108, 4), ==, 0x00000022);
    fake_close(fake);
}

static void a_resizable_bar_counts_from_1_to_6(void)
{
    for (unsigned count = 0; count < 8; count++) {
        Fake *fake = fake_start(rebar_host(count << 5), NULL);
        const XenPtInstance *inst = instance_of(fake, 0x15, true);

        g_assert_cmpint(inst->shown, ==, count >= 1 && count <= 6);
        if (inst->shown) {
            g_assert_cmpuint(inst->length, ==, 4 + 8 * count);
        }
        fake_close(fake);
    }
}

static void latencies_and_substates_are_the_guests_own(void)
{
    FakeHost *host = fake_host_standard();
    Fake *fake;

    fake_add_ecap(host, 0x001e, 1, 0x160);
    fake_set32(host, 0x164, 0x0028281f);
    fake_set32(host, 0x168, 0x40650a0f);
    fake_set32(host, 0x16c, 0x00000028);
    fake = fake_start(host, NULL);
    g_assert_cmphex(fake_read(fake, 0x154, 4), ==, 0x10031003);
    g_assert_cmphex(fake_read(fake, 0x164, 4), ==, 0x0028281f);
    g_assert_cmphex(fake_read(fake, 0x168, 4), ==, 0x40650a0f);
    g_assert_cmphex(fake_read(fake, 0x16c, 4), ==, 0x00000028);
    write_all_widths(fake, 0x154, 4, 0);
    write_all_widths(fake, 0x164, 12, 0);
    g_assert_cmphex(fake_read(fake, 0x154, 4), ==, 0);
    g_assert_cmphex(fake_read(fake, 0x164, 4), ==, 0x0028281f);
    g_assert_cmphex(fake_read(fake, 0x168, 4), ==, 0);
    g_assert_cmpuint(fake_config_writes(host, 0x150, 0x40), ==, 0);
    fake_close(fake);
}

static FakeHost *vsec_host(uint16_t id, uint32_t header)
{
    FakeHost *host = fake_host_new();

    memset(host->config + 0x100, 0x33, 0x100);
    fake_add_ecap(host, id, 1, 0x100);
    fake_set32(host, 0x104, header);
    return host;
}

static void vendor_extensions_are_read_only_unless_permissive(void)
{
    static const uint16_t ids[] = { 0x0b, 0x23 };

    for (unsigned i = 0; i < 2; i++) {
        Fake *fake = fake_start(vsec_host(ids[i], 0x02010042), NULL);

        g_assert_cmpuint(instance_of(fake, ids[i], true)->length, ==, 0x20);
        g_assert_cmphex(fake_read(fake, 0x110, 4), ==, 0x33333333);
        write_all_widths(fake, 0x100, 0x20, 0);
        g_assert_cmpuint(fake_config_writes(fake->host, 0x100, 0x20), ==, 0);
        fake_close(fake);

        fake = fake_start(vsec_host(ids[i], 0x02010042), &permissive);
        write_all_widths(fake, 0x104, 4, 0);
        g_assert_cmpuint(fake_config_writes(fake->host, 0x104, 4), ==, 0);
        fake_write(fake, 0x110, 0x44444444, 4);
        g_assert_cmphex(fake_get32(fake->host, 0x110), ==, 0x44444444);
        fake_close(fake);

        fake = fake_start(vsec_host(ids[i], 0x00410042), NULL);
        g_assert_false(instance_of(fake, ids[i], true)->shown);
        g_assert_cmphex(fake_read(fake, 0x100, 4), ==, 0);
        fake_close(fake);
    }
}

static void cxl_is_hidden(void)
{
    Fake *fake = fake_start(vsec_host(0x23, 0x03811e98), &permissive);

    g_assert_false(instance_of(fake, 0x23, true)->shown);
    for (unsigned at = 0x100; at < 0x138; at++) {
        g_assert_cmphex(fake_read(fake, at, 1), ==, 0);
    }
    fake_close(fake);
}

/* Registers that only repeat what the table shows of the first. */
static void tables_behind_a_capability_are_closed(void)
{
    static const struct {
        uint16_t id;
        uint32_t dword1, dword2;
        uint16_t length;
    } cases[] = {
        { 0x02, 0x00000000, 0, 0x1c },
        { 0x02, 0x00000001, 0, 0x28 },
        { 0x02, 0x00000c01, 0x03000002, 0x40 },
        { 0x02, 0x00000001, 0x03000004, 0x50 },
        { 0x02, 0x00000001, 0x03000008, 0x70 },
        { 0x02, 0x00000001, 0x00000008, 0x28 },
        { 0x08, 0x00000000, 0, 0x1c },
        { 0x09, 0x00000000, 0, 0x1c },
        { 0x16, 0x00000003, 0, 0x14 },
        { 0x17, 0x00000001, 0, 0x0c },
        { 0x17, 0x00030201, 0, 0x14 },
        { 0x17, 0x00030401, 0, 0x0c },
        { 0x17, 0x07ff0201, 0, 0x100c },
    };

    for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
        FakeHost *host = fake_host_new();
        const XenPtInstance *inst;
        Fake *fake;

        fake_add_ecap(host, cases[i].id, 1, 0x100);
        fake_set32(host, 0x104, cases[i].dword1);
        fake_set32(host, 0x108, cases[i].dword2);
        fake = fake_start(host, &permissive);
        inst = instance_of(fake, cases[i].id, true);
        if (cases[i].length > 0xf00) {
            /* more than there is: hidden */
            g_assert_false(inst->shown);
        } else {
            g_assert_true(inst->shown);
            g_assert_cmphex(inst->length, ==, cases[i].length);
            for (unsigned at = 0x100; at < 0x100u + inst->length; at++) {
                fake_write(fake, at, 0xff, 1);
            }
            g_assert_cmpuint(fake_config_writes(host, 0x100, inst->length),
                             ==, 0);
            fake_write(fake, 0x100 + inst->length, 0x5a, 1);
            g_assert_cmphex(fake_get8(host, 0x100 + inst->length), ==, 0x5a);
        }
        fake_close(fake);
    }
}

/* Each VC has its own arbitration table; its phases have a width. */
static void arbitration_tables_of_a_vc_are_measured(void)
{
    static const struct {
        uint32_t port, vc;
        uint16_t length;
    } cases[] = {
        { 0x00000000, 0x02000001, 0x1c },
        { 0x00000000, 0x02000002, 0x24 },
        { 0x00000400, 0x02000002, 0x28 },
        { 0x00000c00, 0x02000002, 0x40 },
        { 0x00000c00, 0x02000004, 0x60 },
        { 0x00000c00, 0x02000008, 0xa0 },
        { 0x00000c00, 0x02000010, 0xa0 },
        { 0x00000c00, 0x02000020, 0x120 },
    };

    static const uint16_t ids[] = { 0x02, 0x08, 0x09 };

    for (unsigned i = 0; i < 3 * G_N_ELEMENTS(cases); i++) {
        FakeHost *host = fake_host_new();
        uint16_t id = ids[i % 3];
        Fake *fake;

        fake_add_ecap(host, id, 1, 0x100);
        fake_set32(host, 0x104, cases[i / 3].port);
        fake_set32(host, 0x110, cases[i / 3].vc);
        fake = fake_start(host, NULL);
        g_assert_cmphex(instance_of(fake, id, true)->length, ==,
                        cases[i / 3].length);
        fake_close(fake);
    }
}

static void check_cut(FakeHost *host, unsigned id, bool extended,
                      unsigned length)
{
    Fake *fake = fake_start(host, NULL);
    const XenPtInstance *inst = instance_of(fake, id, extended);

    g_assert_true(inst->shown);
    g_assert_cmphex(inst->length, ==, length);
    fake_close(fake);
}

/* Its end is of no use to a guest that the neighbour is of more. */
static void what_runs_into_a_neighbour_may_be_cut_there(void)
{
    FakeHost *host = fake_host_new();

    fake_add_pcie(host, 0x80, 2, 0);
    fake_add_pm(host, 0xa8);
    check_cut(host, 0x10, false, 0x28);

    host = fake_host_new();
    fake_add_cap(host, 0x12, 0x80);
    fake_set32(host, 0x84, 0x0f);
    check_cut(host, 0x12, false, 0x10);

    host = fake_host_new();
    fake_add_cap(host, 0x12, 0x80);
    fake_set32(host, 0x84, 0x0f);
    fake_add_pm(host, 0x88);
    check_cut(host, 0x12, false, 8);

    host = fake_host_new();
    fake_add_ecap(host, 0x23, 1, 0x100);
    fake_set32(host, 0x104, 0x04000000 | 0x1a86);
    fake_add_ecap(host, 0x03, 1, 0x120);
    check_cut(host, 0x23, true, 0x20);
}

static void a_second_resizable_bar_capability_is_hidden(void)
{
    FakeHost *host = rebar_host(0x00000820);
    Fake *fake;

    fake_add_ecap(host, 0x0015, 1, 0x200);
    fake_set32(host, 0x208, 0x00000820);
    fake = fake_start(host, NULL);
    g_assert_cmphex(fake_read(fake, 0x100, 4) >> 20, ==, 0);
    g_assert_cmphex(fake_read(fake, 0x200, 4), ==, 0);
    fake_close(fake);
}

static void power_budget_data_answers_the_guests_select(void)
{
    FakeHost *host = fake_host_new();
    Fake *fake;

    fake_add_ecap(host, 0x04, 1, 0x100);
    fake = fake_start(host, NULL);
    fake_write(fake, 0x104, 0xffffff07, 4);
    g_assert_cmphex(fake_get32(host, 0x104), ==, 0x00000007);
    fake_set32(host, 0x108, 0x1234);
    g_assert_cmphex(fake_read(fake, 0x108, 4), ==, 0x1234);
    fake_write(fake, 0x108, 0, 4);
    g_assert_cmphex(fake_get32(host, 0x108), ==, 0x1234);
    fake_close(fake);
}

/* -- drivers that tripped -------------------------------------------------- */

static void nvidia_sets_command_and_status_in_one_dword(void)
{
    FakeHost *host = fake_host_standard();
    Fake *fake;

    host->w1c[7] = 0xf9;
    fake_set16(host, 6, 0x0910);
    fake = fake_start(host, NULL);
    fake_write(fake, 0x10, 0xf0000000, 4);
    fake_write(fake, 4, 0x00100403, 4);
    g_assert_cmphex(fake_read(fake, 4, 4), ==, 0x09100403);
    g_assert_cmphex(fake_get16(host, 4), ==, 0x0403);
    g_assert_cmphex(fake_get16(host, 6), ==, 0x0910);
    g_assert_cmpuint(fake_mapped(fake->hv), >, 0);
    fake_write(fake, 4, 0x00100407, 4);
    g_assert_cmphex(fake_get16(host, 4), ==, 0x0407);
    fake_close(fake);
}

static void iwlwifi_writes_over_the_id_of_msix(void)
{
    Fake *fake = fake_start(fake_host_standard(), NULL);
    uint32_t before = fake_read(fake, 0x70, 4);

    fake_host_forget(fake->host);
    fake_write(fake, 0x70, 0, 1);
    fake_write(fake, 0x71, 0, 1);
    fake_write(fake, 0x70, 0xffff, 2);
    g_assert_cmphex(fake_read(fake, 0x70, 4), ==, before);
    fake_write(fake, 0x70, 0x803f0000, 4);
    g_assert_cmphex(fake_read(fake, 0x70, 2), ==, before & 0xffff);
    g_assert_cmphex(fake_read(fake, 0x72, 2), ==, 0x803f);
    g_assert_cmpuint(fake_config_writes(fake->host, 0x70, 2), ==, 0);
    g_assert_cmpuint(fake_config_writes(fake->host, 0x74, 8), ==, 0);
    fake_close(fake);
}

static FakeHost *hda_host(void)
{
    FakeHost *host = fake_host_new();

    host->host.info.class_code = 0x040300;
    fake_set8(host, 0x44, 0x07);
    fake_set8(host, 0x79, 0x20);
    fake_add_pm(host, 0x50);
    fake_add_msi(host, 0x60, 0x0080);
    return host;
}

static void hda_drive(Fake *fake)
{
    uint32_t tcsel = fake_read(fake, 0x44, 1);

    fake_write(fake, 0x44, tcsel & 0xf8, 1);
    fake_write(fake, 0x79, fake_read(fake, 0x79, 1) & ~0x20u, 1);
}

static void what_snd_hda_intel_lacks_is_listed_and_can_be_allowed(void)
{
    XenPtOptions allowed = { .allow = "44.b=07,79.b" };
    Fake *fake = fake_start(hda_host(), NULL);
    GArray *denied;

    hda_drive(fake);
    hda_drive(fake);
    g_assert_cmphex(fake_get8(fake->host, 0x44), ==, 0x07);
    g_assert_cmphex(fake_get8(fake->host, 0x79), ==, 0x20);
    denied = xen_pt_device_denied(fake->dev);
    g_assert_cmpuint(denied->len, ==, 2);
    g_assert_cmphex(g_array_index(denied, XenPtDenied, 0).offset, ==, 0x44);
    g_assert_cmphex(g_array_index(denied, XenPtDenied, 0).first_value, ==, 0);
    g_assert_cmpuint(g_array_index(denied, XenPtDenied, 0).count, ==, 2);
    g_assert_cmphex(g_array_index(denied, XenPtDenied, 1).offset, ==, 0x79);
    g_assert_cmpuint(fake_said(fake->vm, "offset 0x44"), ==, 1);
    g_array_unref(denied);
    fake_close(fake);

    fake = fake_start(hda_host(), &allowed);
    hda_drive(fake);
    g_assert_cmphex(fake_get8(fake->host, 0x44), ==, 0);
    g_assert_cmphex(fake_get8(fake->host, 0x79), ==, 0);
    denied = xen_pt_device_denied(fake->dev);
    g_assert_cmpuint(denied->len, ==, 0);
    g_array_unref(denied);
    fake_close(fake);
}

/* A dword at port CFE arrives as four bytes at 0e, over header and BAR. */
static void a_dword_at_port_cfe_is_split_over_what_it_covers(void)
{
    Fake *fake = fake_start(fake_host_standard(), NULL);

    fake_write(fake, 0x10, 0xabcd0000, 4);
    g_assert_cmphex(fake_read(fake, 0x0e, 4), ==, 0x00040000);
    fake_write(fake, 0x0e, 0xffffffff, 4);
    g_assert_cmphex(fake_read(fake, 0x0c, 4), ==, 0);
    g_assert_cmphex(fake_read(fake, 0x10, 4), ==, 0xabcdc004);
    fake_write(fake, 0x0e, 0x12340000, 4);
    g_assert_cmphex(fake_read(fake, 0x10, 4), ==, 0xabcd0004);
    g_assert_cmphex(fake_read(fake, 0x0f, 4), ==, 0xcd000400);
    g_assert_cmpuint(fake->vm->reports->len, <=, 2);
    fake_close(fake);
}

/* -- permissive ------------------------------------------------------------ */

static FakeHost *gap_host(void)
{
    FakeHost *host = fake_host_standard();

    memset(host->config + 0xc0, 0x66, 0x40);
    fake_add_cap(host, 0x7f, 0xd0);          /* no table knows it */
    fake_add_cap(host, 0x0a, 0xe0);          /* one hides it */
    memset(host->config + 0x200, 0x66, 0x10);
    return host;
}

static void unknown_bytes_are_read_only_by_default(void)
{
    Fake *fake = fake_start(gap_host(), NULL);

    g_assert_cmphex(fake_read(fake, 0xc0, 4), ==, 0x66666666);
    g_assert_cmphex(fake_read(fake, 0xd4, 4), ==, 0x66666666);
    write_all_widths(fake, 0xc0, 0x40, 0);
    write_all_widths(fake, 0x200, 0x10, 0);
    g_assert_cmpuint(fake_config_writes(fake->host, 0xc0, 0x40), ==, 0);
    g_assert_cmpuint(fake_config_writes(fake->host, 0x200, 0x10), ==, 0);
    fake_close(fake);
}

static void permissive_opens_unknown_bytes_and_nothing_hidden(void)
{
    Fake *fake = fake_start(gap_host(), &permissive);

    for (unsigned at = 0xc0; at < 0x100; at++) {
        fake_write(fake, at, 0x99, 1);
    }
    g_assert_cmphex(fake_get32(fake->host, 0xc0), ==, 0x99999999);
    g_assert_cmphex(fake_get16(fake->host, 0xd0), ==, 0xe07f);
    g_assert_cmphex(fake_read(fake, 0xd0, 2), ==, 0);
    g_assert_cmphex(fake_get32(fake->host, 0xd4), ==, 0x99999999);
    g_assert_cmphex(fake_get32(fake->host, 0xe0), ==, 0x6666000a);
    g_assert_cmphex(fake_read(fake, 0xe0, 4), ==, 0);
    g_assert_cmphex(fake_get32(fake->host, 0xe4), ==, 0x99999999);
    fake_write(fake, 0x204, 0x12345678, 4);
    g_assert_cmphex(fake_get32(fake->host, 0x204), ==, 0x12345678);
    fake_close(fake);
}

/* -- cost and silence ------------------------------------------------------ */

static void static_and_virtual_bytes_cost_no_host_access(void)
{
    static const uint16_t registers[] = {
        0x00, 0x04, 0x08, 0x0c, 0x10, 0x20, 0x24, 0x2c, 0x30, 0x34, 0x3c,
        0x40, 0x44, 0x50, 0x54, 0x58, 0x70, 0x74, 0x78, 0x80, 0x84, 0x8c,
        0x94, 0xa4, 0xa8, 0x100, 0x108, 0x11c, 0x140, 0x144, 0x148, 0x150,
        0x154,
    };
    Fake *fake = fake_start(fake_host_standard(), NULL);

    fake_read(fake, 0x100, 4);
    fake_host_forget(fake->host);
    for (unsigned i = 0; i < G_N_ELEMENTS(registers); i++) {
        fake_read(fake, registers[i], registers[i] == 4 ? 2 : 4);
        g_assert_cmpuint(fake->host->log->len, ==, 0);
    }
    fake_write(fake, 0x0d, 0x40, 1);
    fake_write(fake, 0x3c, 0x0b, 1);
    fake_write(fake, 0x88, 0x2810, 2);
    g_assert_cmpuint(fake->host->log->len, ==, 0);
    fake_read(fake, 0x8a, 2);
    g_assert_cmpuint(fake_host_count(fake->host, FAKE_CONFIG_READ), ==, 1);
    fake_close(fake);
}

static void opening_takes_a_few_wide_reads(void)
{
    Fake *fake = fake_open(fake_host_standard(), NULL);

    g_assert_cmpuint(fake_host_count(fake->host, FAKE_CONFIG_READ), <=, 12);
    g_assert_cmpuint(fake_host_count(fake->host, FAKE_CONFIG_WRITE), ==, 0);
    for (guint i = 0; i < fake->host->log->len; i++) {
        const FakeAccess *a =
            &g_array_index(fake->host->log, FakeAccess, i);

        g_assert_cmpuint(a->offset + a->size, <=, 0x100);
    }
    fake_close(fake);
}

/* The rule that the line proposes is one that is taken. */
static void a_denied_write_proposes_a_rule_that_works(void)
{
    static const struct {
        uint32_t addr;
        unsigned len;
        const char *rule;
    } cases[] = {
        { 0xc4, 1, "allow=c4.b" }, { 0xc4, 2, "allow=c4.w" },
        { 0xc4, 4, "allow=c4.l" }, { 0xc5, 2, "allow=c5.b" },
        { 0xba, 4, "allow=ba.b" }, { 0x4f, 4, "allow=4f.b" },
        { 0xfe, 4, "allow=fe.b" },
    };

    for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
        XenPtOptions options = { .allow = strchr(cases[i].rule, '=') + 1 };
        Fake *fake = fake_start(fake_host_standard(), NULL);

        fake_set32(fake->host, 0xc4, 0x11111111);
        fake_write(fake, cases[i].addr, 0xeeeeeeee, cases[i].len);
        g_assert_cmpuint(fake->vm->reports->len, ==, 1);
        g_assert_cmpuint(fake_said(fake->vm, cases[i].rule), ==, 1);
        fake_close(fake);
        fake = fake_start(fake_host_standard(), &options);
        fake_close(fake);
    }
}

/* Every operating system does: none of it is worth a line. */
static void enumeration_is_silent(void)
{
    FakeHost *host = fake_host_standard();
    Fake *fake;

    host->host.info.region[2].size = 0;
    fake = fake_start(host, NULL);
    for (unsigned at = 0x10; at <= 0x30; at += at == 0x24 ? 0x0c : 4) {
        fake_write(fake, at, at == 0x30 ? 0xfffff800 : 0xffffffff, 4);
        fake_write(fake, at, 0, 4);
    }
    fake_write(fake, 4, 0x00100007, 4);
    fake_write(fake, 6, 0xffff, 2);
    fake_write(fake, 0x0c, 0x4010, 2);
    fake_write(fake, 0x3c, 0x0b, 1);
    fake_write(fake, 0x44, 0x8008, 2);
    fake_write(fake, 0x88, 0x2837, 2);
    fake_write(fake, 0x8a, 0x000f, 2);
    g_assert_cmpuint(fake->vm->reports->len, ==, 0);
    fake_close(fake);
}

static void ten_thousand_denied_writes_say_few_lines(void)
{
    Fake *fake = fake_start(fake_host_standard(), NULL);

    for (unsigned n = 0; n < 100000; n++) {
        fake_write(fake, n % 4096, n, 1);
    }
    g_assert_cmpuint(fake->vm->reports->len, <=, 40);
    g_assert_cmpuint(xen_pt_device_counters(fake->dev)->denied_writes, >,
                     10000);
    fake_close(fake);
}

/* -- all ones -------------------------------------------------------------- */

static void all_ones_are_data_while_the_device_answers(void)
{
    FakeHost *host = fake_host_standard();
    Fake *fake;

    fake_set32(host, 0xc8, 0xffffffff);
    fake = fake_start(host, NULL);
    g_assert_cmphex(fake_read(fake, 0xc8, 4), ==, 0xffffffff);
    g_assert_false(xen_pt_device_gone(fake->dev));
    g_assert_cmphex(fake_read(fake, 0x40, 1), ==, 1);
    fake_close(fake);
}

static void a_device_that_is_gone_is_left_alone(void)
{
    Fake *fake = fake_start(fake_host_standard(), NULL);

    fake->host->gone = true;
    fake_host_forget(fake->host);
    fake_vm_forget(fake->vm);
    fake_write(fake, 0x8a, 0x0f, 1);         /* would merge what it read */
    g_assert_true(xen_pt_device_gone(fake->dev));
    g_assert_cmpuint(fake_host_count(fake->host, FAKE_CONFIG_WRITE), ==, 0);
    fake_host_forget(fake->host);
    for (unsigned at = 0; at < 256; at += 4) {
        g_assert_cmphex(fake_read(fake, at, 4), ==, 0xffffffff);
        fake_write(fake, at, 0x12345678, 4);
    }
    g_assert_cmphex(fake_read(fake, 0x10, 2), ==, 0xffff);
    g_assert_cmpuint(fake->host->log->len, ==, 0);
    g_assert_cmpuint(fake->vm->reports->len, ==, 1);
    g_assert_cmpuint(fake_said(fake->vm, "no longer answers"), ==, 1);
    fake_close(fake);
}

static void a_vf_is_gone_when_its_capabilities_are(void)
{
    FakeHost *host = vf_host();
    Fake *fake;

    fake_add_pm(host, 0x40);
    fake_set32(host, 0xc8, 0xffffffff);
    fake = fake_start(host, NULL);
    g_assert_cmphex(fake_read(fake, 0xc8, 4), ==, 0xffffffff);
    g_assert_false(xen_pt_device_gone(fake->dev));
    host->gone = true;
    g_assert_cmphex(fake_read(fake, 0xc8, 4), ==, 0xffffffff);
    g_assert_true(xen_pt_device_gone(fake->dev));
    fake_close(fake);
}

static void a_device_that_does_not_answer_is_refused(void)
{
    FakeHost *host = fake_host_standard();
    char *sentence;

    host->gone = true;
    sentence = fake_open_error(host, NULL);
    g_assert_nonnull(strstr(sentence, "does not answer"));
    g_free(sentence);
    host = vf_host();
    host->gone = true;
    sentence = fake_open_error(host, NULL);
    g_assert_nonnull(strstr(sentence, "does not answer"));
    g_free(sentence);
}

static void an_unreadable_device_is_refused(void)
{
    FakeHost *host = fake_host_standard();
    char *sentence;

    host->fail_at = 1;
    host->fail_errno = EPERM;
    sentence = fake_open_error(host, NULL);
    g_assert_nonnull(strstr(sentence, g_strerror(EPERM)));
    g_free(sentence);
    host = fake_host_standard();
    host->config_size = 0x20;
    sentence = fake_open_error(host, NULL);
    g_assert_nonnull(strstr(sentence, "ends within the header"));
    g_free(sentence);
}

static void a_short_config_space_is_normal(void)
{
    FakeHost *host = fake_host_standard();
    Fake *fake;

    host->config_size = 256;
    fake = fake_start(host, NULL);
    g_assert_cmphex(fake_read(fake, 0x00, 4), ==, 0x10d38086);
    g_assert_cmphex(fake_read(fake, 0x34, 1), ==, 0x40);
    g_assert_cmphex(fake_read(fake, 0x100, 4), ==, 0);
    g_assert_cmphex(fake_read(fake, 0x104, 4), ==, 0xffffffff);
    g_assert_false(xen_pt_device_gone(fake->dev));
    g_assert_cmpuint(fake->vm->reports->len, ==, 0);
    fake_close(fake);
}

/* What an unprivileged reader of sysfs gets: the list cannot be walked. */
static void a_config_space_of_64_bytes_is_refused(void)
{
    FakeHost *host = fake_host_standard();
    char *sentence;

    host->config_size = 64;
    sentence = fake_open_error(host, NULL);
    g_assert_nonnull(strstr(sentence, "root"));
    g_free(sentence);
}

/* Failures of single accesses later on change no mask and free nothing. */
static void a_host_that_starts_to_fail_reads_as_ones(void)
{
    Fake *fake = fake_start(fake_host_standard(), NULL);

    fake->host->fail_at = 1;
    g_assert_cmphex(fake_read(fake, 0x8a, 2), ==, 0xffff);
    fake_write(fake, 0x8a, 0x000f, 2);
    g_assert_cmphex(fake_read(fake, 0x40, 1), ==, 1);
    fake->host->fail_at = 0;
    g_assert_cmphex(fake_read(fake, 0x8a, 2), ==, 0x0019);
    fake_close(fake);
}

/* -- reset ----------------------------------------------------------------- */

static void after_a_reset_the_guest_finds_everything_as_at_first(void)
{
    Fake *fake = fake_start(fake_host_standard(), NULL);
    uint8_t first[256], then[256];

    for (unsigned i = 0; i < 256; i++) {
        first[i] = fake_read(fake, i, 1);
    }
    for (unsigned i = 0; i < 256; i++) {
        fake_write(fake, i, 0xff, 1);
    }
    xen_pt_device_reset(fake->dev);
    for (unsigned i = 0; i < 256; i++) {
        uint8_t own = xen_pt_device_config(fake->dev)->virt[i];

        then[i] = fake_read(fake, i, 1);
        g_assert_cmphex(then[i] & own, ==, first[i] & own);
    }
    fake_close(fake);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define T(name) g_test_add_func("/config/" #name, name)
    T(guest_reads_the_ids_of_sysfs);
    T(guest_cannot_change_revision_class_or_subsystem);
    T(the_identity_of_a_vf_comes_from_sysfs);
    T(decoding_stays_on_in_hardware);
    T(bus_mastering_follows_the_guest);
    T(parity_serr_and_vga_snoop_stay_with_the_guest);
    T(intx_disable_follows_the_guest_where_intx_is_routed);
    T(guest_clears_errors_that_it_names_and_no_other);
    T(interrupt_status_is_live);
    T(guest_bars_start_at_0_with_their_type);
    T(bars_size_as_in_hardware);
    T(a_rom_sizes_as_in_hardware);
    T(absent_bars_read_0_whatever_the_device_has);
    T(hardware_bars_are_never_written);
    T(guest_cannot_start_a_self_test);
    T(the_pin_is_shown_if_the_host_has_a_line);
    T(the_multi_function_bit_is_the_machines);
    T(a_header_that_is_no_endpoints_is_refused);
    T(power_states_are_faked);
    T(pme_and_auxiliary_power_are_hidden);
    T(guest_can_read_vpd);
    T(guest_cannot_start_a_vpd_write);
    T(half_a_vpd_address_is_not_passed_on);
    T(permissive_stores_the_vpd_that_the_guest_wrote);
    T(vendor_registers_are_readable_and_not_writable);
    T(permissive_opens_vendor_registers_but_not_the_length);
    T(sata_index_pair_is_part_of_its_capability);
    T(device_control_starts_as_in_hardware_and_stays_there);
    T(error_status_of_pcie_clears_by_what_the_guest_wrote);
    T(slot_and_root_registers_of_an_endpoint_read_0);
    T(function_level_reset_is_hidden_by_default);
    T(an_allowed_function_level_reset_is_the_hosts_to_do);
    T(reset_is_not_offered_if_the_device_has_none);
    T(each_version_and_kind_of_pcie_is_told_apart);
    T(registers_behind_a_version_1_capability_are_not_its_own);
    T(a_conventional_bus_leaves_the_type_and_the_link_as_they_are);
    T(on_a_root_complex_a_function_is_integrated_and_has_no_link);
    T(on_a_root_complex_version_1_ends_where_it_did);
    T(behind_a_port_an_integrated_endpoint_gets_a_link);
    T(af_reset_is_offered_only_if_allowed_and_there);
    T(guest_cannot_write_msi_address_data_or_mask);
    T(guest_cannot_change_where_the_msix_table_is);
    T(guest_cannot_change_what_msi_is_capable_of);
    T(logged_headers_are_hidden);
    T(errors_stay_for_the_host_to_see);
    T(error_reporting_ends_where_the_next_begins);
    T(a_resizable_bar_offers_its_current_size);
    T(a_resizable_bar_counts_from_1_to_6);
    T(latencies_and_substates_are_the_guests_own);
    T(vendor_extensions_are_read_only_unless_permissive);
    T(cxl_is_hidden);
    T(tables_behind_a_capability_are_closed);
    T(arbitration_tables_of_a_vc_are_measured);
    T(what_runs_into_a_neighbour_may_be_cut_there);
    T(a_second_resizable_bar_capability_is_hidden);
    T(power_budget_data_answers_the_guests_select);
    T(nvidia_sets_command_and_status_in_one_dword);
    T(iwlwifi_writes_over_the_id_of_msix);
    T(what_snd_hda_intel_lacks_is_listed_and_can_be_allowed);
    T(a_dword_at_port_cfe_is_split_over_what_it_covers);
    T(unknown_bytes_are_read_only_by_default);
    T(permissive_opens_unknown_bytes_and_nothing_hidden);
    T(static_and_virtual_bytes_cost_no_host_access);
    T(opening_takes_a_few_wide_reads);
    T(a_denied_write_proposes_a_rule_that_works);
    T(enumeration_is_silent);
    T(ten_thousand_denied_writes_say_few_lines);
    T(all_ones_are_data_while_the_device_answers);
    T(a_device_that_is_gone_is_left_alone);
    T(a_vf_is_gone_when_its_capabilities_are);
    T(a_device_that_does_not_answer_is_refused);
    T(an_unreadable_device_is_refused);
    T(a_short_config_space_is_normal);
    T(a_config_space_of_64_bytes_is_refused);
    T(a_host_that_starts_to_fail_reads_as_ones);
    T(after_a_reset_the_guest_finds_everything_as_at_first);
    return g_test_run();
}
