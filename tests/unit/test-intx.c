/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * xen-pt tests: the interrupt line
 */
#include <errno.h>
#include <string.h>

#include "fake-host.h"

#define COMMAND 4
#define  MEMORY       0x0002
#define  MASTER       0x0004
#define  INTX_DISABLE 0x0400
#define LINE    0x3c
#define PIN     0x3d

static FakeHost *line_host(uint32_t gsi, uint8_t pin)
{
    FakeHost *host = fake_host_new();

    fake_set8(host, PIN, pin);
    host->host.info.gsi = gsi;
    return host;
}

static void assert_no_line(Fake *fake)
{
    g_assert_cmphex(fake_read(fake, PIN, 1), ==, 0);
    g_assert_cmpuint(fake_pirqs(fake->hv), ==, 0);
    g_assert_true(fake_get16(fake->host, COMMAND) & INTX_DISABLE);
    g_assert_cmpint(xen_pt_device_irq_mode(fake->dev), ==, XEN_PT_IRQ_NONE);
}

/* Starts it, and expects that to fail with a sentence that says text. */
static void assert_start_says(FakeHypervisor *hv, FakeHost *host,
                              const char *text)
{
    Fake *fake = fake_open_on(hv, host, NULL);
    GError *err = NULL;

    g_assert_false(xen_pt_device_start(fake->dev, 0, 5, &err));
    if (!strstr(err->message, text) ||
        !strstr(err->message, "0000:03:00.0")) {
        g_error("'%s' does not say '%s'", err->message, text);
    }
    g_error_free(err);
    g_assert_cmpuint(fake_pirqs(fake->hv), ==, 0);
    fake_close(fake);
}

static void each_pin_is_routed_to_the_guest_s_slot(void)
{
    for (uint8_t pin = 1; pin <= 4; pin++) {
        Fake *fake = fake_start(line_host(20, pin), NULL);
        const FakeCall *bind = fake_last_call(fake->hv, FAKE_BIND_INTX);

        g_assert_cmpuint(fake_last_call(fake->hv, FAKE_MAP_GSI)->a, ==, 20);
        g_assert_cmpuint(bind->b, ==, 5);
        g_assert_cmpuint(bind->c, ==, pin - 1u);
        g_assert_cmpuint(fake_all_calls(fake->hv), ==, 2);
        g_assert_cmphex(fake_read(fake, PIN, 1), ==, pin);
        fake_write(fake, COMMAND, MEMORY, 2);
        g_assert_false(fake_get16(fake->host, COMMAND) & INTX_DISABLE);
        g_assert_cmpint(xen_pt_device_irq_mode(fake->dev), ==,
                        XEN_PT_IRQ_INTX);
        fake_close(fake);
    }
}

static void no_pin_or_no_line_is_no_pin_for_the_guest(void)
{
    static const struct {
        uint32_t gsi;
        uint8_t pin;
    } cases[] = { { 20, 0 }, { 0, 1 }, { 20, 5 }, { 20, 0xff }, { 0, 0 } };

    for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
        Fake *fake = fake_start(line_host(cases[i].gsi, cases[i].pin), NULL);

        assert_no_line(fake);
        g_assert_cmpuint(fake_all_calls(fake->hv), ==, 0);
        g_assert_cmpuint(fake->vm->reports->len, ==, 0);
        fake_close(fake);
    }
}

static void the_guest_s_intx_disable_reaches_the_device(void)
{
    Fake *fake = fake_start(line_host(20, 1), NULL);

    fake_write(fake, COMMAND, MEMORY | INTX_DISABLE, 2);
    g_assert_true(fake_get16(fake->host, COMMAND) & INTX_DISABLE);
    fake_write(fake, COMMAND, 0, 2);
    g_assert_false(fake_get16(fake->host, COMMAND) & INTX_DISABLE);
    fake_close(fake);
}

static void a_guest_without_a_line_cannot_enable_it(void)
{
    Fake *fake = fake_start(line_host(0, 1), NULL);

    fake_write(fake, COMMAND, 0, 2);
    fake_write(fake, COMMAND + 1, 0, 1);
    g_assert_true(fake_get16(fake->host, COMMAND) & INTX_DISABLE);
    fake_close(fake);
}

static void guest_writes_of_line_and_pin_stay_its_own(void)
{
    Fake *fake = fake_start(line_host(20, 1), NULL);

    fake_write(fake, LINE, 0xffff, 2);
    g_assert_cmphex(fake_read(fake, LINE, 2), ==, 0x01ff);
    g_assert_cmpuint(fake_config_writes(fake->host, LINE, 2), ==, 0);
    fake_close(fake);
}

/* Before that nobody would answer, and the line may be others' as well. */
static void a_line_is_enabled_with_the_function(void)
{
    FakeHost *host;
    Fake *fake;

    for (unsigned found = 0; found <= INTX_DISABLE; found += INTX_DISABLE) {
        host = line_host(20, 1);
        fake_set16(host, COMMAND, found);
        fake = fake_start(host, NULL);
        g_assert_true(fake_get16(host, COMMAND) & INTX_DISABLE);
        fake_write(fake, COMMAND, 0, 2);
        g_assert_true(fake_get16(host, COMMAND) & INTX_DISABLE);
        fake_write(fake, COMMAND, MASTER, 2);
        g_assert_false(fake_get16(host, COMMAND) & INTX_DISABLE);
        fake_write(fake, COMMAND, 0, 2);
        g_assert_false(fake_get16(host, COMMAND) & INTX_DISABLE);
        fake_close(fake);
    }
}

static void stop_unbinds_unmaps_and_disables(void)
{
    Fake *fake = fake_start(line_host(20, 1), NULL);

    fake_hypervisor_forget(fake->hv);
    xen_pt_device_stop(fake->dev);
    g_assert_cmpuint(fake_calls(fake->hv, FAKE_UNBIND_INTX), ==, 1);
    g_assert_cmpuint(fake_calls(fake->hv, FAKE_UNMAP_PIRQ), ==, 1);
    g_assert_true(fake_get16(fake->host, COMMAND) & INTX_DISABLE);
    fake_close(fake);
}

static void what_the_toolstack_unmaps_is_left_to_it(void)
{
    Fake *fake = fake_open(line_host(20, 1), NULL);
    int pirq;

    fake->hv->hv.toolstack_unmaps_gsi = true;
    g_assert_true(xen_pt_device_start(fake->dev, 0, 5, NULL));
    xen_pt_device_attached(fake->dev);
    pirq = fake_last_call(fake->hv, FAKE_BIND_INTX)->a;
    fake_hypervisor_forget(fake->hv);
    xen_pt_device_stop(fake->dev);
    g_assert_cmpuint(fake_calls(fake->hv, FAKE_UNBIND_INTX), ==, 1);
    g_assert_cmpuint(fake_calls(fake->hv, FAKE_UNMAP_PIRQ), ==, 0);
    g_assert_cmpuint(fake_pirqs(fake->hv), ==, 1);
    fake->hv->hv.ops->unmap_pirq(&fake->hv->hv, pirq);
    fake->hv->made[FAKE_UNMAP_PIRQ]--;      /* the toolstack's, not ours */
    fake_close(fake);
}

static void what_the_toolstack_has_not_attached_is_unmapped(void)
{
    Fake *fake = fake_open(line_host(20, 1), NULL);

    fake->hv->hv.toolstack_unmaps_gsi = true;
    g_assert_true(xen_pt_device_start(fake->dev, 0, 5, NULL));
    xen_pt_device_stop(fake->dev);
    g_assert_cmpuint(fake_calls(fake->hv, FAKE_UNMAP_PIRQ), ==, 1);
    fake_close(fake);
}

static void failed_undo_is_not_worth_a_word(void)
{
    Fake *fake = fake_start(line_host(20, 1), NULL);

    fake->hv->fail_at = 1;
    fake->hv->fail_count = 10;
    fake->hv->fail_errno = ESRCH;
    fake_hypervisor_forget(fake->hv);
    xen_pt_device_stop(fake->dev);
    g_assert_cmpuint(fake_all_calls(fake->hv), ==, 2);
    g_assert_cmpuint(fake->vm->reports->len, ==, 0);
    fake_close(fake);
}

/* The line stays routed while MSI is on, as in hardware: Xen may need it. */
static void reset_keeps_the_line(void)
{
    Fake *fake = fake_start(line_host(20, 1), NULL);

    fake_write(fake, COMMAND, MEMORY, 2);
    fake_hypervisor_forget(fake->hv);
    xen_pt_device_reset(fake->dev);
    g_assert_cmpuint(fake_all_calls(fake->hv), ==, 0);
    g_assert_true(fake_get16(fake->host, COMMAND) & INTX_DISABLE);
    fake_write(fake, COMMAND, MEMORY, 2);
    g_assert_false(fake_get16(fake->host, COMMAND) & INTX_DISABLE);
    g_assert_cmphex(fake_read(fake, PIN, 1), ==, 1);
    fake_close(fake);
}

/* -- shared lines ---------------------------------------------------------- */

static XenPtDevice *second(Fake *first, FakeHost *host, uint8_t slot)
{
    static const XenPtOptions none;
    XenPtDevice *dev = xen_pt_device_open(&host->host, &first->hv->hv,
                                          &first->vm->vm, &none, NULL);

    g_assert_nonnull(dev);
    g_assert_true(xen_pt_device_start(dev, 0, slot, NULL));
    first->uncounted = true;
    return dev;
}

static void functions_that_share_a_line_share_its_pirq(void)
{
    Fake *fake = fake_start(line_host(20, 1), NULL);
    FakeHost *host = line_host(20, 2);
    XenPtDevice *dev = second(fake, host, 6);

    g_assert_cmpuint(fake_pirqs(fake->hv), ==, 1);
    fake_hypervisor_forget(fake->hv);
    xen_pt_device_close(dev);
    g_assert_cmpuint(fake_calls(fake->hv, FAKE_UNBIND_INTX), ==, 1);
    g_assert_cmpuint(fake_calls(fake->hv, FAKE_UNMAP_PIRQ), ==, 0);
    g_assert_cmpuint(fake_bound(fake->hv), ==, 1);
    xen_pt_device_stop(fake->dev);
    g_assert_cmpuint(fake_calls(fake->hv, FAKE_UNMAP_PIRQ), ==, 1);
    fake_host_free(host);
    fake_close(fake);
}

static void the_first_of_two_may_go_first(void)
{
    Fake *fake = fake_start(line_host(20, 1), NULL);
    FakeHost *host = line_host(20, 1);
    XenPtDevice *dev = second(fake, host, 6);

    xen_pt_device_stop(fake->dev);
    g_assert_cmpuint(fake_bound(fake->hv), ==, 1);
    xen_pt_device_close(dev);
    g_assert_cmpuint(fake_pirqs(fake->hv), ==, 0);
    fake_host_free(host);
    fake_close(fake);
}

static void functions_with_lines_of_their_own_do_not_share(void)
{
    Fake *fake = fake_start(line_host(20, 1), NULL);
    FakeHost *host = line_host(21, 1);
    XenPtDevice *dev = second(fake, host, 6);

    g_assert_cmpuint(fake_pirqs(fake->hv), ==, 2);
    xen_pt_device_close(dev);
    g_assert_cmpuint(fake_pirqs(fake->hv), ==, 1);
    fake_host_free(host);
    fake_close(fake);
}

/* -- a line that the toolstack unmaps with another function ---------------- */

#define LEAVES "0000:04:00.0"

static int toolstacks_pirq;

/* A second function, which the toolstack is going to detach. */
static XenPtDevice *sharer(Fake *fake, FakeHost *host, bool toolstacks)
{
    const FakeCall *bind;
    XenPtDevice *dev;

    host->host.info.address = (XenPtAddress) { .bus = 4 };
    fake->hv->hv.toolstack_unmaps_gsi = true;
    dev = second(fake, host, 6);
    if (toolstacks) {
        xen_pt_device_attached(dev);
    }
    bind = fake_last_call(fake->hv, FAKE_BIND_INTX);
    toolstacks_pirq = toolstacks && bind ? (int)bind->a : -1;
    fake_write(fake, COMMAND, MEMORY, 2);
    fake_hypervisor_forget(fake->hv);
    return dev;
}

static void toolstack_unmaps(Fake *fake)
{
    if (toolstacks_pirq >= 0) {
        fake->hv->hv.ops->unmap_pirq(&fake->hv->hv, toolstacks_pirq);
    }
    fake_hypervisor_forget(fake->hv);
}

static void assert_routed(Fake *fake, bool routed)
{
    g_assert_cmpuint(fake_bound(fake->hv), ==, routed);
    g_assert_cmpint(xen_pt_device_irq_mode(fake->dev), ==,
                    routed ? XEN_PT_IRQ_INTX : XEN_PT_IRQ_NONE);
    g_assert_cmpint(fake_get16(fake->host, COMMAND) & INTX_DISABLE, ==,
                    routed ? 0 : INTX_DISABLE);
    g_assert_cmphex(fake_read(fake, PIN, 1), ==, 1);
}

/* A function whose line is given up for another's, which has left. */
static Fake *parked(void)
{
    Fake *fake = fake_start(line_host(20, 1), NULL);
    FakeHost *host = line_host(20, 1);
    XenPtDevice *dev = sharer(fake, host, true);

    g_assert_true(xen_pt_device_park_line(fake->dev, dev));
    xen_pt_device_close(dev);
    fake_host_free(host);
    return fake;
}

static void a_sharer_is_not_bound_while_the_toolstack_unmaps(void)
{
    Fake *fake = parked();

    g_assert_cmpuint(fake_calls(fake->hv, FAKE_UNMAP_PIRQ), ==, 0);
    assert_routed(fake, false);
    toolstack_unmaps(fake);
    xen_pt_device_unpark_line(fake->dev, "0000:04:00.1");
    g_assert_cmpuint(fake_all_calls(fake->hv), ==, 0);
    xen_pt_device_unpark_line(fake->dev, LEAVES);
    g_assert_cmpuint(fake_all_calls(fake->hv), ==, 2);
    assert_routed(fake, true);
    /* once */
    xen_pt_device_unpark_line(fake->dev, LEAVES);
    fake_vm_advance(fake->vm, 60000);
    g_assert_cmpuint(fake_all_calls(fake->hv), ==, 2);
    fake_close(fake);
}

static void a_parked_line_comes_back_by_itself(void)
{
    Fake *fake = parked();

    fake_vm_advance(fake->vm, 9000);
    assert_routed(fake, false);
    fake_vm_advance(fake->vm, 1001);
    assert_routed(fake, true);
    fake_close(fake);
}

static void a_parked_line_waits_for_the_last_that_leaves(void)
{
    Fake *fake = fake_start(line_host(20, 1), NULL);
    FakeHost *host = line_host(20, 1), *last = line_host(20, 1);
    XenPtDevice *dev = sharer(fake, host, true);
    XenPtDevice *later = sharer(fake, last, true);

    g_assert_true(xen_pt_device_park_line(fake->dev, dev));
    g_assert_true(xen_pt_device_park_line(later, dev));
    xen_pt_device_close(dev);
    fake_vm_advance(fake->vm, 9000);
    g_assert_true(xen_pt_device_park_line(fake->dev, later));
    xen_pt_device_close(later);
    toolstack_unmaps(fake);
    fake_vm_advance(fake->vm, 9000);
    assert_routed(fake, false);
    xen_pt_device_unpark_line(fake->dev, LEAVES);
    assert_routed(fake, true);
    fake_host_free(host);
    fake_host_free(last);
    fake_close(fake);
}

static void only_sharers_of_what_the_toolstack_unmaps_are_parked(void)
{
    for (unsigned i = 0; i < 3; i++) {
        Fake *fake = fake_start(line_host(i == 2 ? 0 : 20, 1), NULL);
        FakeHost *host = line_host(i == 1 ? 21 : i == 2 ? 0 : 20, 1);
        XenPtDevice *dev = sharer(fake, host, i > 0);

        g_assert_false(xen_pt_device_park_line(fake->dev, dev));
        g_assert_cmpuint(fake_all_calls(fake->hv), ==, 0);
        xen_pt_device_close(dev);
        toolstack_unmaps(fake);
        fake_host_free(host);
        fake_close(fake);
    }
}

static void a_parked_line_comes_back_when_the_domain_runs(void)
{
    Fake *fake = parked();

    xen_pt_device_domain_state(fake->dev, XEN_PT_DOMAIN_SUSPENDED);
    xen_pt_device_unpark_line(fake->dev, LEAVES);
    assert_routed(fake, false);
    xen_pt_device_domain_state(fake->dev, XEN_PT_DOMAIN_RUNNING);
    fake_vm_advance(fake->vm, 251);
    assert_routed(fake, true);
    fake_close(fake);
}

static void a_parked_function_can_be_stopped(void)
{
    Fake *fake = parked();

    toolstack_unmaps(fake);
    xen_pt_device_stop(fake->dev);
    xen_pt_device_unpark_line(fake->dev, LEAVES);
    fake_vm_advance(fake->vm, 60000);
    g_assert_cmpuint(fake_all_calls(fake->hv), ==, 0);
    g_assert_null(fake->hv->hv.pirq_users);
    fake_close(fake);
}

static int says_it_is_mapped(FakeHypervisor *hv, const FakeCall *call)
{
    return call->op == FAKE_MAP_GSI ? -EEXIST : 0;
}

static void a_line_that_does_not_come_back_is_said(void)
{
    Fake *fake = parked();

    toolstack_unmaps(fake);
    fake->hv->refuse = says_it_is_mapped;
    xen_pt_device_unpark_line(fake->dev, LEAVES);
    assert_routed(fake, false);
    g_assert_cmpuint(fake_said(fake->vm, "has unmapped its interrupt line, "
                               "GSI 20, together with that of " LEAVES),
                     ==, 1);
    fake_close(fake);
}

/* -- refusals -------------------------------------------------------------- */

static void a_gsi_that_the_library_cannot_carry_is_refused(void)
{
    assert_start_says(fake_hypervisor_new(), line_host(300, 1),
                      "GSI 300, and the Xen library of this device model "
                      "carries GSIs up to 255 only; the device has no MSI to do "
                      "with: try another slot for it");
}

static void a_gsi_above_255_works_where_the_library_carries_it(void)
{
    FakeHypervisor *hv = fake_hypervisor_new();
    Fake *fake;

    hv->hv.max_gsi = 1023;
    hv->next_pirq = 300;
    fake = fake_start_on(hv, line_host(300, 1), NULL);
    g_assert_cmpuint(fake_last_call(hv, FAKE_BIND_INTX)->a, ==, 300);
    fake_close(fake);
}

/* Xen may choose the pirq; binding takes only so many bits of it. */
static void a_pirq_that_the_library_cannot_carry_is_unmapped(void)
{
    FakeHypervisor *hv = fake_hypervisor_new();

    hv->next_pirq = 256;
    assert_start_says(hv, line_host(20, 1), "binding");
}

/* The library may say yes and give nothing. */
static int no_pirq(XenPtHypervisor *hv, const XenPtAddress *address,
                   uint32_t gsi, int *pirq)
{
    *pirq = -1;
    return 0;
}

static void a_pirq_below_0_is_an_error(void)
{
    FakeHypervisor *hv = fake_hypervisor_new();
    XenPtHypervisorOps ops = *hv->hv.ops;
    Fake *fake = fake_open_on(hv, line_host(20, 1), NULL);

    ops.map_gsi = no_pirq;
    hv->hv.ops = &ops;
    g_assert_false(xen_pt_device_start(fake->dev, 0, 5, NULL));
    g_assert_cmpuint(fake_all_calls(hv), ==, 0);
    g_assert_null(hv->hv.pirq_users);
    fake_close(fake);
}

static int refuse_op(FakeHypervisor *hv, const FakeCall *call)
{
    const int *what = hv->opaque;

    return (int)call->op == what[0] ? -what[1] : 0;
}

static void a_refused_map_is_an_error_of_device_add(void)
{
    int what[2] = { FAKE_MAP_GSI, EINVAL };
    FakeHypervisor *hv = fake_hypervisor_new();

    hv->refuse = refuse_op;
    hv->opaque = what;
    assert_start_says(hv, line_host(20, 1),
                      "mapping its interrupt line, GSI 20, failed");
}

static void a_refused_bind_is_an_error_and_unmaps(void)
{
    int what[2] = { FAKE_BIND_INTX, EBUSY };
    FakeHypervisor *hv = fake_hypervisor_new();

    hv->refuse = refuse_op;
    hv->opaque = what;
    assert_start_says(hv, line_host(20, 1),
                      "binding its interrupt line, GSI 20, failed");
}

/* MSI would meet the same refusal: there is no doing without here. */
static void a_guest_without_iommu_is_refused_whatever_the_device_has(void)
{
    int what[2] = { FAKE_BIND_INTX, ESRCH };
    FakeHypervisor *hv = fake_hypervisor_new();

    hv->refuse = refuse_op;
    hv->opaque = what;
    assert_start_says(hv, fake_host_standard(), "no IOMMU for the guest");
}

static void a_device_with_msi_does_without_its_line(void)
{
    int what[2] = { FAKE_BIND_INTX, EBUSY };
    FakeHypervisor *hv = fake_hypervisor_new();
    Fake *fake;

    hv->refuse = refuse_op;
    hv->opaque = what;
    fake = fake_start_on(hv, fake_host_standard(), NULL);
    assert_no_line(fake);
    g_assert_cmpuint(fake_said(fake->vm, "the guest gets no INTx"), ==, 1);
    /* not by a reset either */
    xen_pt_device_reset(fake->dev);
    assert_no_line(fake);
    fake_close(fake);
}

static void a_device_with_msix_alone_does_without_its_line(void)
{
    FakeHost *host = line_host(300, 1);
    Fake *fake;

    fake_add_bar(host, 0, FAKE_BAR_MEM32, false, 0xfe000000, 0x1000);
    fake_add_msix(host, 0x70, 4, 0, 0x800);
    fake = fake_start(host, NULL);
    assert_no_line(fake);
    g_assert_cmpuint(fake_said(fake->vm, "the guest gets no INTx"), ==, 1);
    fake_close(fake);
}

#define ADD(name) g_test_add_func("/intx/" #name, name)

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);

    ADD(each_pin_is_routed_to_the_guest_s_slot);
    ADD(no_pin_or_no_line_is_no_pin_for_the_guest);
    ADD(the_guest_s_intx_disable_reaches_the_device);
    ADD(a_guest_without_a_line_cannot_enable_it);
    ADD(guest_writes_of_line_and_pin_stay_its_own);
    ADD(a_line_is_enabled_with_the_function);
    ADD(stop_unbinds_unmaps_and_disables);
    ADD(what_the_toolstack_unmaps_is_left_to_it);
    ADD(what_the_toolstack_has_not_attached_is_unmapped);
    ADD(failed_undo_is_not_worth_a_word);
    ADD(reset_keeps_the_line);
    ADD(functions_that_share_a_line_share_its_pirq);
    ADD(the_first_of_two_may_go_first);
    ADD(functions_with_lines_of_their_own_do_not_share);
    ADD(a_sharer_is_not_bound_while_the_toolstack_unmaps);
    ADD(a_parked_line_comes_back_by_itself);
    ADD(a_parked_line_waits_for_the_last_that_leaves);
    ADD(only_sharers_of_what_the_toolstack_unmaps_are_parked);
    ADD(a_parked_line_comes_back_when_the_domain_runs);
    ADD(a_parked_function_can_be_stopped);
    ADD(a_line_that_does_not_come_back_is_said);
    ADD(a_gsi_that_the_library_cannot_carry_is_refused);
    ADD(a_gsi_above_255_works_where_the_library_carries_it);
    ADD(a_pirq_that_the_library_cannot_carry_is_unmapped);
    ADD(a_pirq_below_0_is_an_error);
    ADD(a_refused_map_is_an_error_of_device_add);
    ADD(a_refused_bind_is_an_error_and_unmaps);
    ADD(a_guest_without_iommu_is_refused_whatever_the_device_has);
    ADD(a_device_with_msi_does_without_its_line);
    ADD(a_device_with_msix_alone_does_without_its_line);

    return g_test_run();
}
