/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * xen-pt tests: what the core says to people, sentence by sentence
 *
 * tools/collect-messages finds these literals again in the sources, for
 * docs/messages.md; other tests look for the rest.
 */
#include <errno.h>
#include <string.h>

#include "fake-host.h"

static const XenPtOptions strict;

/* One sentence with the BDF at its head, and something to do in it. */
static void is_sentence(const char *said, const char *part)
{
    g_test_message("%s", said);
    g_assert_true(g_str_has_prefix(said, "0000:"));
    g_assert_nonnull(strstr(said, ": "));
    g_assert_null(strchr(said, '\n'));
    g_assert_nonnull(strstr(said, part));
}

static void open_fails(FakeHost *host, const XenPtOptions *options,
                       const char *part)
{
    g_autofree char *said = fake_open_error(host, options);

    is_sentence(said, part);
}

static void was_said(Fake *fake, const char *part)
{
    const GPtrArray *all = xen_pt_device_warnings(fake->dev);

    g_assert_cmpuint(fake_said(fake->vm, part), ==, 1);
    for (unsigned i = 0; i < all->len; i++) {
        is_sentence(all->pdata[i], ": ");
    }
}

static void bridge_is_refused_with_a_way_out(void)
{
    FakeHost *host = fake_host_standard();

    fake_set8(host, 0x0e, 1);
    open_fails(host, &strict, "only endpoints can be passed through: give "
               "the guest the functions behind it instead");
}

static void device_of_zeros_is_refused(void)
{
    FakeHost *host = fake_host_standard();

    fake_set32(host, 0, 0);
    open_fails(host, &strict, "its config space reads as zeros, which no "
               "device does");
}

static void header_alone_is_not_enough(void)
{
    FakeHost *host = fake_host_standard();

    host->config_size = 64;
    open_fails(host, &strict, "its config space can be read up to the header "
               "only, not its capabilities; the device model must run as "
               "root");
}

static void igd_is_refused(void)
{
    FakeHost *host = fake_host_standard();

    host->host.info.address = (XenPtAddress) { .slot = 2 };
    host->host.info.class_code = 0x030000;
    open_fails(host, &strict, "it is the processor's own graphics (IGD)");
}

static void bad_rule_is_refused_by_name(void)
{
    const XenPtOptions options = { .allow = "zz.b" };

    open_fails(fake_host_standard(), &options,
               "the allow rule 'zz.b' cannot be honoured: ");
    open_fails(fake_host_standard(), &options,
               "; rules look like 44.b or CAP_PM+4.w=0x0100");
}

static void bad_range_is_refused_by_name(void)
{
    const XenPtOptions options = { .forbid = "zz" };

    open_fails(fake_host_standard(), &options,
               "is no range of config space that can be left unread");
}

static void second_start_is_refused(void)
{
    Fake *fake = fake_start(fake_host_standard(), &strict);
    GError *error = NULL;

    g_assert_false(xen_pt_device_start(fake->dev, 0, 5, &error));
    is_sentence(error->message, "it was started before");
    g_error_free(error);
    fake_close(fake);
}

static void device_that_vanishes_at_start_is_refused(void)
{
    Fake *fake = fake_open(fake_host_standard(), &strict);
    GError *error = NULL;

    fake->host->gone = true;
    g_assert_false(xen_pt_device_start(fake->dev, 0, 5, &error));
    is_sentence(error->message,
                "the device stopped answering while it was set up");
    g_error_free(error);
    fake_close(fake);
}

static int cannot_write(XenPtHost *host, uint32_t addr, const void *buf,
                        size_t len)
{
    return -EPERM;
}

static void kernel_that_takes_no_writes_is_named(void)
{
    FakeHost *host = fake_host_standard();
    const XenPtHostOps *own = host->host.ops;
    XenPtHostOps ops = *own;
    GError *error = NULL;
    Fake *fake;

    /* decoding is off, so that it must be written */
    fake_set16(host, 0x04, 0);
    fake = fake_open(host, &strict);
    ops.config_write = cannot_write;
    fake->host->host.ops = &ops;
    g_assert_false(xen_pt_device_start(fake->dev, 0, 5, &error));
    is_sentence(error->message, "its Command register cannot be written, so "
                "it would be of no use to the guest");
    g_assert_cmpuint(fake_said(fake->vm, "; is the kernel locked down?"), >,
                     0);
    g_error_free(error);
    fake->host->host.ops = own;
    fake_close(fake);
}

static void power_that_cannot_be_real_is_told(void)
{
    const XenPtOptions options = { .real_power = true };
    FakeHost *host = fake_host_standard();
    Fake *fake;

    fake_set16(host, 0x44, 0);
    fake = fake_start(host, &options);
    was_said(fake, "real-power is set, but the device forgets its "
             "configuration in D3hot");
    fake_close(fake);
}

static void reset_that_the_host_cannot_do_is_told(void)
{
    const XenPtOptions options = { .allow_reset = true };
    FakeHost *host = fake_host_standard();
    XenPtHostOps ops = *host->host.ops;
    Fake *fake;

    ops.reset = NULL;
    host->host.ops = &ops;
    fake = fake_open(host, &options);
    was_said(fake, "because the host has no method to reset this function");
    fake_close(fake);
}

static void denied_write_is_told_with_its_rule(void)
{
    Fake *fake = fake_start(fake_host_standard(), &strict);

    fake_set8(fake->host, 0xf4, 0);
    fake_write(fake, 0xf4, 0x12, 1);
    fake_write(fake, 0xf4, 0x34, 1);
    was_said(fake, "was not passed on; if its driver needs that register, "
             "allow it with allow=");
    fake_close(fake);
}

static void misaligned_pointers_are_told(void)
{
    FakeHost *host = fake_host_standard();
    Fake *fake;

    fake_set8(host, 0x34, fake_get8(host, 0x34) | 1);
    fake_set32(host, 0x100, fake_get32(host, 0x100) | 1u << 20);
    fake = fake_open(host, &strict);
    xen_pt_device_config(fake->dev);
    was_said(fake, ": the capability pointer at config offset 0x34 is "
             "misaligned");
    g_assert_cmpuint(fake_said(fake->vm, "is misaligned (0x"), ==, 2);
    was_said(fake, "the extended capability pointer at config offset 0x");
    fake_close(fake);
}

static void capability_that_is_there_twice_is_told(void)
{
    FakeHost *host = fake_host_standard();
    Fake *fake;

    fake_add_cap(host, 0x01, 0xe0);
    fake = fake_open(host, &strict);
    was_said(fake, "is hidden from the guest: ");
    fake_close(fake);
}

static int no_space(FakeHypervisor *hv, const FakeCall *call)
{
    return call->op == FAKE_MAP_MSI ? -ENOSPC : 0;
}

static void vector_that_xen_refuses_is_told_once(void)
{
    Fake *fake = fake_start(fake_host_standard(), &strict);

    fake->hv->refuse = no_space;
    fake_write(fake, 0x10, 0xf0000000, 4);
    fake_write(fake, 0x04, 7, 2);
    for (unsigned i = 0; i < 4; i++) {
        xen_pt_device_region_write(fake->dev, 0, 0x2000 + 16 * i, 4,
                                   0xfee00000);
        xen_pt_device_region_write(fake->dev, 0, 0x2008 + 16 * i, 4, 0x4051);
        xen_pt_device_region_write(fake->dev, 0, 0x200c + 16 * i, 4, 0);
    }
    fake_write(fake, 0x72, 0x8000, 2);
    was_said(fake, "cannot be routed to the guest (");
    g_assert_cmpuint(fake_said(fake->vm, "extra_guest_irqs"), ==, 1);
    fake->hv->refuse = NULL;
    fake_close(fake);
}

static int no_line(FakeHypervisor *hv, const FakeCall *call)
{
    return call->op == FAKE_MAP_GSI ? -EPERM : 0;
}

static void line_that_xen_refuses_is_told(void)
{
    FakeHypervisor *hv = fake_hypervisor_new();
    Fake *fake;

    hv->refuse = no_line;
    fake = fake_start_on(hv, fake_host_standard(), &strict);
    was_said(fake, "0000:03:00.0: mapping its interrupt line, GSI 20, failed "
             "(Operation not permitted); see `xl dmesg`; the guest gets no "
             "INTx, only MSI");
    fake_close(fake);
}

#define ADD(claim) g_test_add_func("/messages/" #claim, claim)

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    ADD(bridge_is_refused_with_a_way_out);
    ADD(device_of_zeros_is_refused);
    ADD(header_alone_is_not_enough);
    ADD(igd_is_refused);
    ADD(bad_rule_is_refused_by_name);
    ADD(bad_range_is_refused_by_name);
    ADD(second_start_is_refused);
    ADD(device_that_vanishes_at_start_is_refused);
    ADD(kernel_that_takes_no_writes_is_named);
    ADD(power_that_cannot_be_real_is_told);
    ADD(reset_that_the_host_cannot_do_is_told);
    ADD(denied_write_is_told_with_its_rule);
    ADD(misaligned_pointers_are_told);
    ADD(capability_that_is_there_twice_is_told);
    ADD(vector_that_xen_refuses_is_told_once);
    ADD(line_that_xen_refuses_is_told);
    return g_test_run();
}
