/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * xen-pt tests: rules that open and forbid registers, and what is denied
 */
#include <errno.h>
#include <string.h>

#include "fake-host.h"

/* Two vendor capabilities, and one in the extended space. */
static FakeHost *vendor_host(void)
{
    FakeHost *host = fake_host_standard();

    fake_add_cap(host, 0x09, 0xc0);
    fake_set8(host, 0xc2, 0x10);
    fake_add_cap(host, 0x09, 0xd0);
    fake_set8(host, 0xd2, 0x10);
    fake_add_ecap(host, 0x000b, 1, 0x200);
    fake_set32(host, 0x204, 0x02010042);        /* VSEC of 32 bytes */
    return host;
}

static Fake *with(const char *allow)
{
    const XenPtOptions options = { .allow = allow };

    return fake_start(vendor_host(), &options);
}

/* The guest's ones that reach the byte at offset. */
static uint8_t reach(Fake *fake, unsigned offset)
{
    fake_host_forget(fake->host);
    fake_write(fake, offset, 0xff, 1);
    return fake_config_ones(fake->host, offset);
}

static void assert_refused(const char *rules, const char *why)
{
    const XenPtOptions options = { .allow = rules };
    char *sentence = fake_open_error(vendor_host(), &options);

    if (!strstr(sentence, why) || !strstr(sentence, "0000:03:00.0") ||
        !strstr(sentence, "CAP_PM+4.w=0x0100")) {
        g_error("'%s' for '%s' does not say '%s'", sentence, rules, why);
    }
    g_free(sentence);
}

/* -- forms ----------------------------------------------------------------- */

static void each_form_of_a_rule_opens_its_bytes(void)
{
    static const struct {
        const char *rule;
        unsigned offset, size;
    } cases[] = {
        { "e4.b", 0xe4, 1 }, { "e4.w", 0xe4, 2 }, { "e4.l", 0xe4, 4 },
        { "E4.B", 0xe4, 1 }, { "E4.W", 0xe4, 2 }, { "E4.L", 0xe4, 4 },
        { "00e4.b", 0xe4, 1 }, { "0xe4.b", 0xe4, 1 }, { "0XE4.w", 0xe4, 2 },
        { "CAP_VNDR+0x8.b", 0xc8, 1 }, { "CAP0x09+08.w", 0xc8, 2 },
        { "CAP_VNDR+8.b", 0xc8, 1 }, { "cap_vndr+8.w", 0xc8, 2 },
        { "CAP09+8.l", 0xc8, 4 }, { "cap9+8.b", 0xc8, 1 },
        { "CAP_VNDR@0+8.b", 0xc8, 1 }, { "CAP_VNDR@1+8.b", 0xd8, 1 },
        { "CAP09@1+c.l", 0xdc, 4 },
        { "ECAP_VNDR+c.l", 0x20c, 4 }, { "ecap0b+10.b", 0x210, 1 },
        { "ECAP_VNDR@0+1f.b", 0x21f, 1 },
        { "208.l", 0x208, 4 }, { "ffc.l", 0xffc, 4 }, { "fff.b", 0xfff, 1 },
    };

    for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
        Fake *fake = with(cases[i].rule);
        const XenPtConfig *c = xen_pt_device_config(fake->dev);

        for (unsigned at = cases[i].offset - 1;
             at <= cases[i].offset + cases[i].size; at++) {
            bool open = at >= cases[i].offset &&
                        at < cases[i].offset + cases[i].size;

            if (at > 0xfff) {
                break;
            }
            g_assert_cmphex(c->write_host[at] && !c->virt[at], ==, open);
            g_assert_cmphex(reach(fake, at), ==, open ? 0xff : 0);
        }
        fake_close(fake);
    }
}

static void a_mask_opens_its_bits_alone(void)
{
    Fake *fake = with("e4.w=0x0180,e8.b=3f,ec.l=F0000000");

    g_assert_cmphex(reach(fake, 0xe4), ==, 0x80);
    g_assert_cmphex(reach(fake, 0xe5), ==, 0x01);
    g_assert_cmphex(reach(fake, 0xe8), ==, 0x3f);
    g_assert_cmphex(reach(fake, 0xec), ==, 0x00);
    g_assert_cmphex(reach(fake, 0xef), ==, 0xf0);
    fake_close(fake);
}

/* The device keeps the bits beside those that a rule opens. */
static void bits_beside_a_mask_are_written_back(void)
{
    Fake *fake = with("e4.b=0f");

    fake_set8(fake->host, 0xe4, 0xa5);
    fake_write(fake, 0xe4, 0x5a, 1);
    g_assert_cmphex(fake_get8(fake->host, 0xe4), ==, 0xaa);
    g_assert_cmphex(fake_read(fake, 0xe4, 1), ==, 0xaa);
    fake_close(fake);
}

static void rules_are_separated_by_commas_and_blanks(void)
{
    Fake *fake = with(" e4.b,,e5.b e6.b\te7.b\ne8.b, ");

    for (unsigned at = 0xe4; at <= 0xe8; at++) {
        g_assert_cmphex(reach(fake, at), ==, 0xff);
    }
    g_assert_cmphex(reach(fake, 0xe9), ==, 0);
    fake_close(fake);
}

static void no_rule_is_no_rule(void)
{
    Fake *fake = with("");

    for (unsigned at = 0xe0; at < 0x100; at++) {
        g_assert_cmphex(reach(fake, at), ==, 0);
    }
    fake_close(fake);
}

/* A read-only bit of a table that the guest believed to be its own. */
static void a_virtual_register_can_be_made_the_device_s(void)
{
    Fake *fake = with("0c.b,CAP_EXP+8.w=0x1000");

    fake_write(fake, 0x0c, 0x10, 1);
    g_assert_cmphex(fake_get8(fake->host, 0x0c), ==, 0x10);
    fake_set8(fake->host, 0x0c, 0x20);
    g_assert_cmphex(fake_read(fake, 0x0c, 1), ==, 0x20);
    fake_close(fake);
}

/* -- refusals -------------------------------------------------------------- */

static void a_rule_that_cannot_be_honoured_says_why(void)
{
    static const struct {
        const char *rule, *why;
    } cases[] = {
        { "xyz", "an offset in hexadecimal is expected" },
        { "0x.b", "an offset in hexadecimal is expected" },
        { "COMMAND.w", "or the name of a capability" },
        { "BIST.b", "or the name of a capability" },
        { ".b", "an offset in hexadecimal is expected" },
        { "100000000.b", "an offset in hexadecimal is expected" },
        { "CAP_VNDR+.b", "an offset in hexadecimal is expected" },
        { "CAP_VNDR+x.b", "an offset in hexadecimal is expected" },
        { "e4", "the width must be given" },
        { "e4.", "the width must be given" },
        { "e4.x", "the width must be given" },
        { "e4.q", "the width must be given" },
        { "e4-b", "the width must be given" },
        { "CAP_VNDR", "the width must be given" },
        { "e4.b=", "a mask in hexadecimal must follow" },
        { "e4.b=0x", "a mask in hexadecimal must follow" },
        { "e4.b=zz", "a mask in hexadecimal must follow" },
        { "e4.l=100000000", "a mask in hexadecimal must follow" },
        { "e4.b=0", "its mask opens no bit" },
        { "e4.b=0x100", "its mask is wider than the register" },
        { "e4.w=0x10000", "its mask is wider than the register" },
        { "e4.bb", "there is something behind its end" },
        { "e4.b=1x", "there is something behind its end" },
        { "e4.b:", "there is something behind its end" },
        { "1000.b", "outside of config space" },
        { "ffd.l", "outside of config space" },
        { "ffffffff.b", "outside of config space" },
        { "CAP_VNDR+fff.b", "outside of config space" },
        { "CAP_VNDR+ffffff40.b", "outside of config space" },
        { "e5.w", "not a multiple of the width" },
        { "e6.l", "not a multiple of the width" },
        { "CAP_VNDR+5.l", "not a multiple of the width" },
        { "CAP_FOO+4.b", "names no capability" },
        { "CAPxx+4.b", "names no capability" },
        { "CAP_+4.b", "names no capability" },
        { "CAP_VND+4.b", "names no capability" },
        { "CAP_VNDRX+4.b", "names no capability" },
        { "CAP_DSN+4.b", "names no capability" },
        { "ECAP_PM+4.b", "names no capability" },
        { "ECAP_FOO+4.b", "names no capability" },
        { "CAP_VNDR@+4.b", "a number must follow '@'" },
        { "CAP_VNDR@x+4.b", "a number must follow '@'" },
        { "CAP_VNDR@2+4.b", "the device has no such capability" },
        { "CAP_SATA+4.b", "the device has no such capability" },
        { "ECAP_VC+4.b", "the device has no such capability" },
        { "ECAP_SRIOV+8.w", "the device has no such capability" },
        { "ECAP_MFVC+4.b", "the device has no such capability" },
        { "CAP_HOTPLUG+4.b", "the device has no such capability" },
        { "ECAP09+4.b", "the device has no such capability" },
        { "CAP0B+4.b", "the device has no such capability" },
        { "04.w", "xen-pt itself acts on that register" },
        { "10.l", "never the guest's" },
        { "30.l", "never the guest's" },
        { "CAP_MSI+2.w", "xen-pt itself acts on that register" },
        { "CAP_MSI+4.l", "xen-pt itself acts on that register" },
        { "CAP_MSIX+2.w", "that capability is Xen's" },
        { "CAP_MSIX+3.b", "xen-pt itself acts on that register" },
        { "CAP_PM+4.b", "xen-pt itself acts on that register" },
        { "CAP_MSIX+4.l", "that capability is Xen's" },
        { "CAP_MSI+14.l", "that capability is Xen's" },
        { "00.w", "never the guest's" },
        { "0b.b", "never the guest's" },
        { "34.b", "never the guest's" },
        { "14.l", "xen-pt itself acts on that register" },
        { "24.l", "never the guest's" },
        { "CAP_PM+0.b", "links of the capability list" },
        { "CAP_PM+1.b", "links of the capability list" },
        { "CAP_VNDR.b", "links of the capability list" },
        { "ECAP_VNDR+3.b", "links of the capability list" },
        { "e4.b,04.w", "'04.w' cannot be honoured" },
    };

    for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
        assert_refused(cases[i].rule, cases[i].why);
    }
}

static void a_mask_may_leave_out_what_cannot_be_opened(void)
{
    /* the upper half of PMCSR; its lower half has the power state */
    Fake *fake = with("CAP_PM+4.w=0xff00");

    g_assert_cmphex(reach(fake, 0x45), ==, 0xff);
    fake_close(fake);
}

static void a_hidden_capability_cannot_be_opened(void)
{
    const XenPtOptions by_name = { .allow = "CAP_HT+4.b" };
    const XenPtOptions by_id = { .allow = "CAP08+4.b" };
    const XenPtOptions by_offset = { .allow = "e2.b" };
    const XenPtOptions *all[] = { &by_name, &by_id, &by_offset };

    for (unsigned i = 0; i < G_N_ELEMENTS(all); i++) {
        FakeHost *host = fake_host_standard();
        char *sentence;

        fake_add_cap(host, 0x08, 0xe0);
        sentence = fake_open_error(host, all[i]);
        g_assert_nonnull(strstr(sentence, "hidden from the guest"));
        g_free(sentence);
    }
}

static void a_failed_open_frees_what_it_had(void)
{
    assert_refused("e4.b,e8.b,208.b,14.l", "xen-pt itself acts");
}

/* -- quirks ---------------------------------------------------------------- */

static void a_quirk_that_does_not_fit_is_passed_over(void)
{
    const XenPtOptions options = {
        .quirks = "e4.b,,CAP_SATA+8.l,04.w,nonsense e8.b",
    };
    Fake *fake = fake_start(vendor_host(), &options);

    g_assert_cmphex(reach(fake, 0xe4), ==, 0xff);
    g_assert_cmphex(reach(fake, 0xe8), ==, 0xff);
    g_assert_cmpuint(fake->vm->reports->len, ==, 0);
    fake_write(fake, 4, 0, 2);
    g_assert_cmphex(fake_get16(fake->host, 4) & 3, ==, 3);
    fake_close(fake);
}

static void a_quirk_can_close_a_register(void)
{
    const XenPtOptions options[] = {
        { .quirks = "-CAP_VPD+2.w" },
        { .quirks = "-CAP_VPD+2.w", .permissive = true },
    };

    for (unsigned i = 0; i < G_N_ELEMENTS(options); i++) {
        FakeHost *host = fake_host_new();
        Fake *fake;

        fake_add_cap(host, 0x03, 0x80);
        fake_set16(host, 0x82, 0x8010);
        fake = fake_start(host, &options[i]);
        fake_write(fake, 0x82, 0x0024, 2);
        fake_write(fake, 0x80, 0x80240003, 4);
        g_assert_cmpuint(fake_config_writes(host, 0x82, 2), ==, 0);
        g_assert_cmphex(fake_read(fake, 0x82, 2), ==, 0x8010);
        g_assert_cmpuint(xen_pt_device_counters(fake->dev)->denied_writes,
                         ==, 2);
        fake_close(fake);
    }
}

static void only_a_quirk_closes_registers(void)
{
    assert_refused("-e4.b", "an offset in hexadecimal is expected");
}

/* -- bytes that are never to be read --------------------------------------- */

static unsigned host_reads(Fake *fake, unsigned offset)
{
    unsigned count = 0;

    for (guint i = 0; i < fake->host->log->len; i++) {
        const FakeAccess *a = &g_array_index(fake->host->log, FakeAccess, i);

        count += a->kind == FAKE_CONFIG_READ && a->offset <= offset &&
                 a->offset + a->size > offset;
    }
    return count;
}

static void read_and_write_everything(Fake *fake)
{
    for (unsigned len = 1; len <= 4; len *= 2) {
        for (unsigned at = 0; at <= 0x1000 - len; at++) {
            if (at != 0x88 && at + len > 0x88) {
                fake_write(fake, at, 0, len);
            }
            fake_read(fake, at, len);
        }
    }
}

static void forbidden_bytes_are_never_read_nor_written(void)
{
    static const struct {
        const char *forbid;
        unsigned first, last;
    } cases[] = {
        { "e4", 0xe4, 0xe4 }, { "e4-e7", 0xe4, 0xe7 },
        { " ,e0-E7,", 0xe0, 0xe7 }, { "300-fff", 0x300, 0xfff },
        { "40-ff", 0x40, 0xff },
        /* within capabilities that have something to say about them */
        { "44-45", 0x44, 0x45 }, { "c8-cf", 0xc8, 0xcf },
        { "88-8b", 0x88, 0x8b }, { "104-107", 0x104, 0x107 },
    };

    for (unsigned i = 0; i < 2 * G_N_ELEMENTS(cases); i++) {
        const XenPtOptions options = {
            .forbid = cases[i / 2].forbid, .permissive = i & 1,
        };
        Fake *fake = fake_start(vendor_host(), &options);

        read_and_write_everything(fake);
        for (unsigned at = cases[i / 2].first; at <= cases[i / 2].last;
             at++) {
            if (host_reads(fake, at) || fake_config_writes(fake->host, at,
                                                           1)) {
                g_error("forbid=%s, but 0x%x is accessed",
                        cases[i / 2].forbid, at);
            }
        }
        fake_close(fake);
    }
}

static void forbidden_bytes_read_as_ones(void)
{
    const XenPtOptions options = { .forbid = "e4-e7,c8,8a-8b,300-fff" };
    Fake *fake = fake_start(vendor_host(), &options);

    g_assert_cmphex(fake_read(fake, 0xe4, 4), ==, 0xffffffff);
    g_assert_cmphex(fake_read(fake, 0xe3, 2), ==, 0xff00);
    g_assert_cmphex(fake_read(fake, 0xc8, 1), ==, 0xff);
    g_assert_cmphex(fake_read(fake, 0x8a, 2) & 0x3f, ==, 0x3f);
    g_assert_cmphex(fake_read(fake, 0xffc, 4), ==, 0xffffffff);
    g_assert_false(xen_pt_device_gone(fake->dev));
    fake_close(fake);
}

static void a_forbidden_byte_cannot_be_allowed(void)
{
    const XenPtOptions options = { .forbid = "e4-e7", .allow = "e6.b" };
    char *sentence = fake_open_error(vendor_host(), &options);

    g_assert_nonnull(strstr(sentence, "forbidden"));
    g_free(sentence);
}

static void a_range_that_cannot_be_forbidden_is_refused(void)
{
    static const char *const cases[] = {
        "3f", "00-40", "e7-e4", "1000", "ff0-1000", "e4-", "-e4", "e4-e7-",
        "x", "e4x", "e4 e5 y", "100000000",
    };

    for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
        const XenPtOptions options = { .forbid = cases[i] };
        char *sentence = fake_open_error(vendor_host(), &options);

        g_assert_nonnull(strstr(sentence, "a0-a7"));
        g_assert_nonnull(strstr(sentence, "0000:03:00.0"));
        g_free(sentence);
    }
}

/* -- what is denied -------------------------------------------------------- */

static const XenPtDenied *find(const GArray *all, uint16_t offset)
{
    for (guint i = 0; i < all->len; i++) {
        const XenPtDenied *d = &g_array_index(all, XenPtDenied, i);

        if (d->offset == offset) {
            return d;
        }
    }
    return NULL;
}

static void xsa_131_unknown_registers_are_denied_and_counted(void)
{
    Fake *fake = with(NULL);
    GArray *all;

    for (unsigned n = 0; n < 5; n++) {
        fake_write(fake, 0xe4, 0x11223344 + n, 4);
    }
    fake_write(fake, 0xe5, 0x99, 1);
    g_assert_cmpuint(fake_config_writes(fake->host, 0xe4, 4), ==, 0);
    all = xen_pt_device_denied(fake->dev);
    g_assert_cmpuint(all->len, ==, 4);
    for (guint i = 0; i < all->len; i++) {
        g_assert_cmphex(g_array_index(all, XenPtDenied, i).offset, ==,
                        0xe4 + i);
    }
    g_assert_cmpuint(find(all, 0xe4)->count, ==, 5);
    g_assert_cmphex(find(all, 0xe4)->first_value, ==, 0x44);
    g_assert_cmpuint(find(all, 0xe5)->count, ==, 6);
    g_assert_cmphex(find(all, 0xe5)->first_value, ==, 0x33);
    g_assert_cmpuint(xen_pt_device_counters(fake->dev)->denied_writes, ==, 6);
    g_array_unref(all);
    fake_close(fake);
}

/* Firmware and kernels do it to every function: there is nothing to allow. */
static void to_size_bars_there_or_not_is_no_denied_write(void)
{
    FakeHost *host = fake_host_new();
    Fake *fake;
    GArray *all;

    fake_add_bar(host, 0, FAKE_BAR_IO, false, 0xe000, 32);
    fake_add_bar(host, 1, FAKE_BAR_MEM64, true, 0xf0000000, 0x1000);
    fake = fake_start(host, NULL);
    for (unsigned at = 0x10; at < 0x34; at += 4) {
        if (at < 0x28 || at == 0x30) {
            fake_write(fake, at, at == 0x30 ? 0xfffff800 : 0xffffffff, 4);
            fake_write(fake, at, 0, 4);
        }
    }
    all = xen_pt_device_denied(fake->dev);
    g_assert_cmpuint(all->len, ==, 0);
    g_assert_cmpuint(xen_pt_device_counters(fake->dev)->denied_writes, ==, 0);
    g_array_unref(all);
    fake_close(fake);
}

static void xsa_130_a_denied_write_is_said_once_for_each_offset(void)
{
    Fake *fake = with(NULL);

    for (unsigned n = 0; n < 1000; n++) {
        fake_write(fake, 0xe4, n, 4);
        fake_write(fake, 0xe8, n, 2);
    }
    g_assert_cmpuint(fake->vm->reports->len, ==, 2);
    g_assert_cmpuint(fake_said(fake->vm, "allow=e4.l"), ==, 1);
    g_assert_cmpuint(fake_said(fake->vm, "allow=e8.w"), ==, 1);
    fake_close(fake);
}

static void xsa_130_denied_writes_are_said_32_times_at_most(void)
{
    Fake *fake = with(NULL);

    for (unsigned at = 0; at < 0x1000; at++) {
        fake_write(fake, at, 0x5a ^ at, 1);
    }
    g_assert_cmpuint(fake_said(fake->vm, "was not passed on"), ==, 32);
    fake_close(fake);
}

static void the_rule_that_is_offered_is_accepted(void)
{
    FakeHost *host = vendor_host();
    Fake *fake = fake_start(host, NULL);
    GPtrArray *rules = g_ptr_array_new_with_free_func(g_free);

    for (unsigned len = 1; len <= 4; len *= 2) {
        for (unsigned at = 0x40; at < 0x100; at += 3) {
            fake_write(fake, at, 0xa5a5a5a5, len);
        }
    }
    for (guint i = 0; i < fake->vm->reports->len; i++) {
        const char *rule = strstr(g_array_index(fake->vm->reports, FakeReport,
                                                i).sentence, "allow=");

        if (rule) {
            g_ptr_array_add(rules, g_strdup(rule + strlen("allow=")));
        }
    }
    g_assert_cmpuint(rules->len, >, 10);
    fake_close(fake);
    for (guint i = 0; i < rules->len; i++) {
        fake_close(with(g_ptr_array_index(rules, i)));
    }
    g_ptr_array_unref(rules);
}

#define ADD(name) g_test_add_func("/policy/" #name, name)

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);

    ADD(each_form_of_a_rule_opens_its_bytes);
    ADD(a_mask_opens_its_bits_alone);
    ADD(bits_beside_a_mask_are_written_back);
    ADD(rules_are_separated_by_commas_and_blanks);
    ADD(no_rule_is_no_rule);
    ADD(a_virtual_register_can_be_made_the_device_s);
    ADD(a_rule_that_cannot_be_honoured_says_why);
    ADD(a_mask_may_leave_out_what_cannot_be_opened);
    ADD(a_hidden_capability_cannot_be_opened);
    ADD(a_failed_open_frees_what_it_had);
    ADD(a_quirk_that_does_not_fit_is_passed_over);
    ADD(a_quirk_can_close_a_register);
    ADD(only_a_quirk_closes_registers);
    ADD(forbidden_bytes_are_never_read_nor_written);
    ADD(forbidden_bytes_read_as_ones);
    ADD(a_forbidden_byte_cannot_be_allowed);
    ADD(a_range_that_cannot_be_forbidden_is_refused);
    ADD(xsa_131_unknown_registers_are_denied_and_counted);
    ADD(to_size_bars_there_or_not_is_no_denied_write);
    ADD(xsa_130_a_denied_write_is_said_once_for_each_offset);
    ADD(xsa_130_denied_writes_are_said_32_times_at_most);
    ADD(the_rule_that_is_offered_is_accepted);

    return g_test_run();
}
