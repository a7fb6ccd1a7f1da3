/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * xen-pt tests: MSI, as a guest's driver sees it and as Xen is told of it
 */
#include <errno.h>
#include <string.h>

#include "fake-host.h"

#define MSI      0x50
#define CONTROL  (MSI + 2)
#define  ENABLE    0x0001
#define  MME(log2) ((log2) << 4)
#define ADDRESS  (MSI + 4)
#define UPPER    (MSI + 8)
#define DATA     (MSI + 0xc)
#define MASK     (MSI + 0x10)
#define PENDING  (MSI + 0x14)
#define COMMAND  4
#define  INTX_DISABLE 0x0400

#define UNMASKED 0x10000u
/* The message of vector v for the APIC with that id. */
#define DEST(id)  (0xfee00000u | (uint32_t)(id) << 12)

/* One vector, 64-bit, no mask bits: most of what is out there. */
static FakeHost *plain_host(void)
{
    FakeHost *host = fake_host_new();

    fake_add_msi(host, MSI, 0x0080);
    return host;
}

/* 4 vectors with mask bits, and MSI-X, and everything else. */
static Fake *rich(void)
{
    return fake_start(fake_host_standard(), NULL);
}

static void message(Fake *fake, uint32_t address, uint16_t data)
{
    fake_write(fake, ADDRESS, address, 4);
    fake_write(fake, UPPER, 0, 4);
    fake_write(fake, DATA, data, 2);
}

static Fake *enabled(void)
{
    Fake *fake = fake_start(plain_host(), NULL);

    message(fake, DEST(1), 0x41);
    fake_write(fake, CONTROL, ENABLE, 2);
    fake_hypervisor_forget(fake->hv);
    return fake;
}

static int first_pirq(Fake *fake)
{
    GArray *vectors = xen_pt_device_vectors(fake->dev);
    int pirq = g_array_index(vectors, XenPtVectorInfo, 0).pirq;

    g_array_unref(vectors);
    return pirq;
}

static XenPtVectorInfo vector(Fake *fake, unsigned i)
{
    GArray *vectors = xen_pt_device_vectors(fake->dev);
    XenPtVectorInfo info = g_array_index(vectors, XenPtVectorInfo, i);

    g_array_unref(vectors);
    return info;
}

/* -- one vector ------------------------------------------------------------ */

static void enabling_maps_and_binds_once(void)
{
    Fake *fake = fake_start(plain_host(), NULL);
    const XenPtMsiBinding *binding;

    message(fake, DEST(3), 0x4051);
    g_assert_cmpuint(fake_all_calls(fake->hv), ==, 0);
    fake_write(fake, CONTROL, ENABLE, 2);
    g_assert_cmpuint(fake_all_calls(fake->hv), ==, 2);
    binding = fake_binding(fake->hv, first_pirq(fake));
    g_assert_nonnull(binding);
    g_assert_cmphex(binding->gvec, ==, 0x51);
    g_assert_cmphex(binding->gflags, ==, UNMASKED | 3);
    g_assert_cmphex(binding->gtable, ==, 0);
    g_assert_true(fake_get16(fake->host, CONTROL) & ENABLE);
    g_assert_cmpint(xen_pt_device_irq_mode(fake->dev), ==, XEN_PT_IRQ_MSI);
    g_assert_cmpuint(xen_pt_device_counters(fake->dev)->irq_errors, ==, 0);
    fake_close(fake);
}

static void every_bit_of_the_message_reaches_the_binding(void)
{
    static const struct {
        uint32_t address;
        uint16_t data;
        uint32_t gflags;
    } cases[] = {
        { 0xfee00000, 0x0020, 0 },
        { 0xfeeff000, 0x0020, 0xff },
        { 0xfee00008, 0x0020, 0x100 },              /* RH */
        { 0xfee00004, 0x0020, 0x200 },              /* DM */
        { 0xfee00000, 0x0720, 7 << 12 },            /* ExtINT */
        { 0xfee00000, 0x8020, 1 << 15 },            /* level */
        { 0xfee0000c, 0x8120, 0x300 | 1 << 12 | 1 << 15 },
    };

    for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
        Fake *fake = fake_start(plain_host(), NULL);

        message(fake, cases[i].address, cases[i].data);
        fake_write(fake, CONTROL, ENABLE, 2);
        g_assert_cmphex(fake_last_call(fake->hv, FAKE_BIND_MSI)->c, ==,
                        cases[i].gflags | UNMASKED);
        g_assert_cmphex(fake_last_call(fake->hv, FAKE_BIND_MSI)->b, ==, 0x20);
        fake_close(fake);
    }
}

static void disabling_unbinds_and_unmaps(void)
{
    Fake *fake = enabled();

    fake_write(fake, CONTROL, 0, 2);
    g_assert_cmpuint(fake_all_calls(fake->hv), ==, 2);
    g_assert_cmpuint(fake_pirqs(fake->hv), ==, 0);
    g_assert_false(fake_get16(fake->host, CONTROL) & ENABLE);
    g_assert_cmpint(xen_pt_device_irq_mode(fake->dev), ==, XEN_PT_IRQ_NONE);
    fake_write(fake, CONTROL, 0, 2);
    g_assert_cmpuint(fake_all_calls(fake->hv), ==, 2);
    fake_close(fake);
}

/* As the chip reset of tg3's BCM5780. */
static void enable_written_again_reaches_a_device_that_forgot(void)
{
    Fake *fake = enabled();

    fake_set16(fake->host, CONTROL, fake_get16(fake->host, CONTROL) & ~ENABLE);
    fake_write(fake, CONTROL, ENABLE, 2);
    g_assert_true(fake_get16(fake->host, CONTROL) & ENABLE);
    g_assert_cmpuint(fake_all_calls(fake->hv), ==, 0);
    fake_write(fake, CONTROL, 0, 2);
    fake_host_forget(fake->host);
    fake_write(fake, CONTROL, 0, 2);
    g_assert_cmpuint(fake_config_writes(fake->host, CONTROL, 2), ==, 0);
    fake_close(fake);
}

static void enabling_again_without_a_new_message_binds_the_old(void)
{
    Fake *fake = enabled();

    fake_write(fake, CONTROL, 0, 2);
    fake_write(fake, CONTROL, ENABLE, 2);
    g_assert_cmphex(fake_binding(fake->hv, first_pirq(fake))->gvec, ==, 0x41);
    fake_close(fake);
}

static void moving_costs_one_call(void)
{
    Fake *fake = enabled();

    message(fake, DEST(2), 0x42);
    g_assert_cmpuint(fake_all_calls(fake->hv), ==, 1);
    g_assert_cmphex(fake_binding(fake->hv, first_pirq(fake))->gvec, ==, 0x42);
    g_assert_cmphex(fake_binding(fake->hv, first_pirq(fake))->gflags, ==,
                    UNMASKED | 2);
    message(fake, DEST(2), 0x42);
    fake_vm_advance(fake->vm, 1000);
    g_assert_cmpuint(fake_all_calls(fake->hv), ==, 1);
    fake_close(fake);
}

static void half_a_message_is_never_bound(void)
{
    Fake *fake = enabled();

    fake_write(fake, ADDRESS, DEST(2), 4);
    fake_write(fake, UPPER, 0, 4);
    g_assert_cmpuint(fake_all_calls(fake->hv), ==, 0);
    fake_write(fake, DATA, 0x42, 2);
    g_assert_cmpuint(fake_all_calls(fake->hv), ==, 1);
    fake_close(fake);
}

/* Another vCPU may read, or write, anything between address and data. */
static void accesses_elsewhere_do_not_bind_half_a_message(void)
{
    Fake *fake = enabled();

    fake_write(fake, ADDRESS, DEST(2), 4);
    fake_read(fake, 0, 4);
    fake_read(fake, ADDRESS, 4);
    fake_read(fake, CONTROL, 2);
    fake_write(fake, 0x0c, 0x10, 1);
    g_assert_cmpuint(fake_all_calls(fake->hv), ==, 0);
    fake_write(fake, DATA, 0x42, 2);
    g_assert_cmpuint(fake_all_calls(fake->hv), ==, 1);
    g_assert_cmphex(fake_binding(fake->hv, first_pirq(fake))->gvec, ==, 0x42);
    fake_close(fake);
}

static void an_address_alone_takes_effect_by_itself(void)
{
    Fake *fake = enabled();

    fake_write(fake, ADDRESS, DEST(2), 4);
    g_assert_cmpint(fake->vm->timer, >, fake->vm->now);
    fake_vm_advance(fake->vm, 50);
    g_assert_cmpuint(fake_all_calls(fake->hv), ==, 1);
    g_assert_cmphex(fake_binding(fake->hv, first_pirq(fake))->gflags, ==,
                    UNMASKED | 2);
    g_assert_cmpint(fake->vm->timer, ==, -1);
    fake_close(fake);
}

static void disabling_forgets_a_pending_address(void)
{
    Fake *fake = enabled();

    fake_write(fake, ADDRESS, DEST(2), 4);
    fake_write(fake, CONTROL, 0, 2);
    g_assert_cmpint(fake->vm->timer, ==, -1);
    fake_hypervisor_forget(fake->hv);
    fake_vm_advance(fake->vm, 1000);
    g_assert_cmpuint(fake_all_calls(fake->hv), ==, 0);
    fake_close(fake);
}

static void a_message_written_while_disabled_waits_for_its_enable(void)
{
    Fake *fake = fake_start(plain_host(), NULL);

    fake_write(fake, ADDRESS, DEST(2), 4);
    g_assert_cmpint(fake->vm->timer, ==, -1);
    fake_close(fake);
}

static void byte_writes_make_the_same_message(void)
{
    Fake *fake = enabled();

    for (unsigned i = 0; i < 4; i++) {
        fake_write(fake, ADDRESS + i, DEST(2) >> 8 * i, 1);
    }
    fake_write(fake, DATA, 0x42, 1);
    fake_write(fake, DATA + 1, 0x00, 1);
    g_assert_cmpuint(fake_all_calls(fake->hv), ==, 1);
    fake_close(fake);
}

static void a_32_bit_capability_works(void)
{
    FakeHost *host = fake_host_new();
    Fake *fake;

    fake_add_msi(host, MSI, 0x0000);
    fake_set32(host, MSI + 0xc, 0x5a5a5a5a);
    fake = fake_start(host, NULL);
    g_assert_cmphex(fake_read(fake, CONTROL, 2), ==, 0);
    fake_write(fake, ADDRESS, DEST(1), 4);
    fake_write(fake, MSI + 8, 0x41, 2);
    fake_write(fake, CONTROL, ENABLE, 2);
    fake_hypervisor_forget(fake->hv);
    fake_write(fake, ADDRESS, DEST(2), 4);
    fake_write(fake, MSI + 8, 0x42, 2);
    g_assert_cmpuint(fake_all_calls(fake->hv), ==, 1);
    g_assert_cmphex(fake_binding(fake->hv, first_pirq(fake))->gvec, ==, 0x42);
    /* what follows is not its */
    fake_write(fake, MSI + 0xa, 0xffff, 2);
    g_assert_cmphex(fake_read(fake, MSI + 8, 4), ==, 0x42);
    g_assert_cmphex(fake_read(fake, MSI + 0xc, 4), ==, 0x5a5a5a5a);
    fake_close(fake);
}

static void xsa_128_guest_cannot_write_msi_address_or_data(void)
{
    Fake *fake = rich();

    for (unsigned at = MSI - 3; at < MSI + 0x18; at++) {
        for (unsigned len = 1; len <= 4; len *= 2) {
            fake_write(fake, at, 0xffffffff, len);
            fake_write(fake, at, 0, len);
        }
    }
    g_assert_cmpuint(fake_config_writes(fake->host, ADDRESS, 0x14), ==, 0);
    g_assert_cmphex(fake_config_ones(fake->host, CONTROL + 1), ==, 0x01);
    fake_close(fake);
}

static void xsa_129_guest_cannot_write_msi_mask(void)
{
    Fake *fake = rich();

    fake_write(fake, CONTROL, ENABLE | MME(2), 2);
    fake_write(fake, MASK, 0xf, 4);
    fake_write(fake, MASK, 0x0, 4);
    fake_write(fake, PENDING, 0xf, 4);
    g_assert_cmpuint(fake_config_writes(fake->host, MASK, 8), ==, 0);
    fake_close(fake);
}

/*
 * Xen turns INTx on in the device when the last MSI vector is unmapped; the
 * guest's INTx Disable must still hold after it.
 */
static int xen_enables_intx(FakeHypervisor *hv, const FakeCall *call)
{
    FakeHost *host = hv->opaque;

    if (call->op == FAKE_UNMAP_PIRQ) {
        fake_set16(host, COMMAND, fake_get16(host, COMMAND) & ~INTX_DISABLE);
    }
    return 0;
}

static void intx_disable_survives_that_xen_turns_intx_on(void)
{
    Fake *fake = rich();

    fake->hv->refuse = xen_enables_intx;
    fake->hv->opaque = fake->host;
    fake_write(fake, COMMAND, INTX_DISABLE | 6, 2);
    fake_write(fake, CONTROL, ENABLE, 2);
    fake_write(fake, CONTROL, 0, 2);
    g_assert_true(fake_get16(fake->host, COMMAND) & INTX_DISABLE);
    fake_write(fake, CONTROL, ENABLE, 2);
    xen_pt_device_stop(fake->dev);
    g_assert_true(fake_get16(fake->host, COMMAND) & INTX_DISABLE);
    fake_close(fake);
}

static void intx_disable_is_set_at_stop_without_a_line(void)
{
    FakeHost *host = plain_host();
    Fake *fake;

    fake = fake_start(host, NULL);
    fake->hv->refuse = xen_enables_intx;
    fake->hv->opaque = fake->host;
    fake_write(fake, CONTROL, ENABLE, 2);
    xen_pt_device_stop(fake->dev);
    g_assert_true(fake_get16(fake->host, COMMAND) & INTX_DISABLE);
    fake_close(fake);
}

static void enable_found_on_is_turned_off_at_start(void)
{
    FakeHost *host = plain_host();
    Fake *fake;

    fake_set16(host, CONTROL, 0x0081);
    fake = fake_start(host, NULL);
    g_assert_cmphex(fake_get16(host, CONTROL), ==, 0x0080);
    g_assert_cmphex(fake_read(fake, CONTROL, 2), ==, 0x0080);
    g_assert_cmpuint(fake_all_calls(fake->hv), ==, 0);
    fake_close(fake);
}

/* -- several vectors ------------------------------------------------------- */

static Fake *enabled_4(void)
{
    Fake *fake = rich();

    message(fake, DEST(1), 0x40);
    fake_write(fake, CONTROL, ENABLE | MME(2), 2);
    return fake;
}

static void a_block_is_mapped_by_one_call(void)
{
    Fake *fake = rich();

    message(fake, DEST(1), 0x40);
    fake_hypervisor_forget(fake->hv);
    fake_write(fake, CONTROL, ENABLE | MME(2), 2);
    g_assert_cmpuint(fake_calls(fake->hv, FAKE_MAP_MSI), ==, 1);
    g_assert_cmpuint(fake_last_call(fake->hv, FAKE_MAP_MSI)->b, ==, 4);
    g_assert_cmpuint(fake_calls(fake->hv, FAKE_BIND_MSI), ==, 4);
    for (unsigned i = 0; i < 4; i++) {
        XenPtVectorInfo info = vector(fake, i);

        g_assert_cmpint(info.pirq, ==, vector(fake, 0).pirq + (int)i);
        g_assert_cmphex(fake_binding(fake->hv, info.pirq)->gvec, ==,
                        0x40 + i);
    }
    g_assert_cmphex(fake_get16(fake->host, CONTROL) & 0x71, ==,
                    ENABLE | MME(2));
    /* each of them is in use, should another function's guest name it */
    g_assert_cmpuint(g_hash_table_size(fake->hv->hv.pirq_users), ==, 4 + 1);
    fake_hypervisor_forget(fake->hv);
    fake_write(fake, CONTROL, 0, 2);
    g_assert_cmpuint(g_hash_table_size(fake->hv->hv.pirq_users), ==, 1);
    g_assert_cmpuint(fake_calls(fake->hv, FAKE_UNBIND_MSI), ==, 4);
    g_assert_cmpuint(fake_calls(fake->hv, FAKE_UNMAP_PIRQ), ==, 1);
    fake_close(fake);
}

/* The function replaces the low bits of the data: PCI 3.0, 6.8.1.6 */
static void low_bits_of_the_data_are_the_vector_s(void)
{
    Fake *fake = rich();

    message(fake, DEST(1), 0x43);
    fake_write(fake, CONTROL, ENABLE | MME(2), 2);
    for (unsigned i = 0; i < 4; i++) {
        g_assert_cmphex(fake_binding(fake->hv, vector(fake, i).pirq)->gvec,
                        ==, 0x40 + i);
    }
    fake_close(fake);
}

static void masking_unbinds_and_unmasking_binds(void)
{
    Fake *fake = enabled_4();

    fake_hypervisor_forget(fake->hv);
    fake_write(fake, MASK, 0x4, 4);
    g_assert_cmpuint(fake_all_calls(fake->hv), ==, 1);
    g_assert_null(fake_binding(fake->hv, vector(fake, 2).pirq));
    g_assert_true(vector(fake, 2).masked);
    fake_write(fake, MASK, 0x0, 4);
    g_assert_cmpuint(fake_all_calls(fake->hv), ==, 2);
    g_assert_nonnull(fake_binding(fake->hv, vector(fake, 2).pirq));
    fake_close(fake);
}

static void a_masked_first_vector_does_not_stop_the_others(void)
{
    Fake *fake = rich();

    message(fake, DEST(1), 0x40);
    fake_write(fake, MASK, 0x1, 4);
    fake_write(fake, CONTROL, ENABLE | MME(2), 2);
    g_assert_cmpuint(fake_bound(fake->hv), ==, 3 + 1 /* INTx */);
    g_assert_cmphex(fake_binding(fake->hv, vector(fake, 1).pirq)->gvec, ==,
                    0x41);
    g_assert_true(fake_get16(fake->host, CONTROL) & ENABLE);
    fake_write(fake, MASK, 0x0, 4);
    g_assert_cmpuint(fake_bound(fake->hv), ==, 5);
    fake_close(fake);
}

/*
 * Linux enables with all vectors masked: MSI must be on in the device then,
 * or it would raise INTx instead.
 */
static void all_masked_is_enabled_and_unbound(void)
{
    Fake *fake = rich();

    fake_write(fake, MASK, 0xf, 4);
    fake_write(fake, CONTROL, ENABLE | MME(2), 2);
    g_assert_cmpuint(fake_calls(fake->hv, FAKE_BIND_MSI), ==, 0);
    g_assert_true(fake_get16(fake->host, CONTROL) & ENABLE);
    message(fake, DEST(1), 0x40);
    g_assert_cmpuint(fake_calls(fake->hv, FAKE_BIND_MSI), ==, 0);
    fake_write(fake, MASK, 0xe, 4);
    g_assert_cmpuint(fake_calls(fake->hv, FAKE_BIND_MSI), ==, 1);
    fake_close(fake);
}

static void a_move_of_the_block_rebinds_each_vector_once(void)
{
    Fake *fake = enabled_4();

    fake_hypervisor_forget(fake->hv);
    message(fake, DEST(2), 0x80);
    g_assert_cmpuint(fake_calls(fake->hv, FAKE_BIND_MSI), ==, 4);
    g_assert_cmpuint(fake_all_calls(fake->hv), ==, 4);
    fake_close(fake);
}

/* Xen turns MSI off in the device as it unmaps the old block. */
static int xen_turns_msi_off(FakeHypervisor *hv, const FakeCall *call)
{
    FakeHost *host = hv->opaque;

    if (call->op == FAKE_UNMAP_PIRQ) {
        fake_set16(host, CONTROL, fake_get16(host, CONTROL) & ~ENABLE);
    }
    return 0;
}

static void another_number_of_vectors_maps_another_block(void)
{
    Fake *fake = enabled_4();

    fake->hv->refuse = xen_turns_msi_off;
    fake->hv->opaque = fake->host;
    fake_write(fake, CONTROL, ENABLE | MME(1), 2);
    g_assert_cmpuint(fake_last_call(fake->hv, FAKE_MAP_MSI)->b, ==, 2);
    g_assert_cmpuint(fake_bound(fake->hv), ==, 2 + 1);
    g_assert_cmphex(fake_get16(fake->host, CONTROL) & 0x71, ==,
                    ENABLE | MME(1));
    fake_close(fake);
}

static void more_vectors_than_offered_are_not_given(void)
{
    Fake *fake = rich();

    fake_write(fake, CONTROL, ENABLE | MME(7), 2);
    g_assert_cmpuint(fake_last_call(fake->hv, FAKE_MAP_MSI)->b, ==, 4);
    fake_close(fake);
}

static int refuse_third_bind(FakeHypervisor *hv, const FakeCall *call)
{
    return call->op == FAKE_BIND_MSI && call->b == 0x42 ? -ENOMEM : 0;
}

static void a_vector_that_cannot_be_bound_leaves_the_others(void)
{
    Fake *fake = rich();

    fake->hv->refuse = refuse_third_bind;
    message(fake, DEST(1), 0x40);
    fake_write(fake, CONTROL, ENABLE | MME(2), 2);
    fake_check(fake);
    g_assert_cmpuint(fake_bound(fake->hv), ==, 3 + 1);
    g_assert_cmpint(vector(fake, 2).error, ==, ENOMEM);
    g_assert_cmpuint(fake_said(fake->vm, "MSI vector 2"), ==, 1);
    fake->hv->refuse = NULL;
    fake_write(fake, DATA, 0x40, 2);
    g_assert_cmpuint(fake_bound(fake->hv), ==, 4 + 1);
    g_assert_cmpint(vector(fake, 2).error, ==, 0);
    fake_close(fake);
}

static int refuse_binds(FakeHypervisor *hv, const FakeCall *call)
{
    return call->op == FAKE_BIND_MSI ? -*(int *)hv->opaque : 0;
}

/* Four vectors, none of which Xen has bound. */
static Fake *refused_block(void)
{
    static int error = EPERM;
    Fake *fake = rich();

    fake->hv->refuse = refuse_binds;
    fake->hv->opaque = &error;
    message(fake, DEST(1), 0x40);
    fake_write(fake, CONTROL, ENABLE | MME(2), 2);
    return fake;
}

static void a_block_that_cannot_be_bound_is_unmapped_and_tried_again(void)
{
    Fake *fake = refused_block();

    fake_check(fake);
    g_assert_cmpuint(fake_pirqs(fake->hv), ==, 1);      /* INTx */
    g_assert_false(fake_get16(fake->host, CONTROL) & ENABLE);
    fake->hv->refuse = NULL;
    fake_vm_advance(fake->vm, 300);
    g_assert_cmpuint(fake_bound(fake->hv), ==, 4 + 1);
    g_assert_true(fake_get16(fake->host, CONTROL) & ENABLE);
    g_assert_cmpint(fake->vm->timer, ==, -1);
    fake_close(fake);
}

/* Else a vector that the guest no longer has would be retried for ever. */
static void a_refusal_is_forgotten_with_its_block(void)
{
    Fake *fake = refused_block();

    g_assert_cmpint(vector(fake, 3).error, ==, EPERM);
    fake_write(fake, CONTROL, 0, 2);
    fake->hv->refuse = NULL;
    fake_write(fake, CONTROL, ENABLE, 2);
    g_assert_cmpint(vector(fake, 3).error, ==, 0);
    fake_vm_advance(fake->vm, 300);
    g_assert_cmpint(fake->vm->timer, ==, -1);
    fake_close(fake);
}

static void xen_without_blocks_offers_one_vector_and_no_mask(void)
{
    FakeHypervisor *hv = fake_hypervisor_new();
    Fake *fake;

    hv->hv.multi_msi = false;
    fake = fake_start_on(hv, fake_host_standard(), NULL);
    g_assert_cmphex(fake_read(fake, CONTROL, 2), ==, 0x0080);
    fake_write(fake, MASK, 0xffffffff, 4);
    g_assert_cmphex(fake_read(fake, MASK, 4), ==, 0);
    message(fake, DEST(1), 0x41);
    fake_write(fake, CONTROL, ENABLE | MME(2) | 0x0100, 2);
    g_assert_cmphex(fake_read(fake, CONTROL, 2), ==, 0x0081);
    g_assert_cmpuint(fake_last_call(fake->hv, FAKE_MAP_MSI)->b, ==, 1);
    g_assert_cmpuint(fake_bound(fake->hv), ==, 1 + 1);
    fake_close(fake);
}

static void reserved_vector_counts_are_32(void)
{
    FakeHost *host = fake_host_new();
    Fake *fake;

    fake_add_msi(host, MSI, 0x008e);    /* MMC 7, reserved */
    fake = fake_start(host, NULL);
    g_assert_cmphex(fake_read(fake, CONTROL, 2), ==, 0x008a);
    fake_write(fake, CONTROL, ENABLE | MME(5), 2);
    g_assert_cmpuint(fake_bound(fake->hv), ==, 32);
    fake_close(fake);
}

static void pending_bits_are_the_device_s(void)
{
    Fake *fake = rich();

    fake_set32(fake->host, PENDING, 0x5);
    g_assert_cmphex(fake_read(fake, PENDING, 4), ==, 0x5);
    fake_close(fake);
}

/* -- pirqs by name (XENFEAT_hvm_pirqs) ------------------------------------- */

#define PIRQ_LO(pirq) (0xfee00000u | ((uint32_t)(pirq) & 0xff) << 12)
#define PIRQ_HI(pirq) ((uint32_t)(pirq) & ~0xffu)
#define PIRQ_DATA     0x4300

static Fake *pvhvm(void)
{
    FakeHypervisor *hv = fake_hypervisor_new();

    hv->hv.hvm_pirqs = true;
    return fake_start_on(hv, fake_host_standard(), NULL);
}

static void by_pirq(Fake *fake, uint32_t pirq)
{
    fake_write(fake, ADDRESS, PIRQ_LO(pirq), 4);
    fake_write(fake, UPPER, PIRQ_HI(pirq), 4);
    fake_write(fake, DATA, PIRQ_DATA, 2);
}

static void the_pirq_that_the_guest_names_is_mapped(void)
{
    Fake *fake = pvhvm();

    by_pirq(fake, 0x1234);
    fake_write(fake, CONTROL, ENABLE, 2);
    g_assert_cmpint(vector(fake, 0).pirq, ==, 0x1234);
    g_assert_nonnull(fake_binding(fake->hv, 0x1234));
    g_assert_cmphex(fake_binding(fake->hv, 0x1234)->gvec, ==, 0);
    fake_close(fake);
}

static void another_pirq_is_mapped_in_its_place(void)
{
    Fake *fake = pvhvm();

    by_pirq(fake, 200);
    fake_write(fake, CONTROL, ENABLE, 2);
    fake->hv->refuse = xen_turns_msi_off;
    fake->hv->opaque = fake->host;
    by_pirq(fake, 201);
    g_assert_cmpint(vector(fake, 0).pirq, ==, 201);
    g_assert_cmpuint(fake_pirqs(fake->hv), ==, 1 + 1);
    g_assert_true(fake_get16(fake->host, CONTROL) & ENABLE);
    fake_close(fake);
}

static void vector_0_names_no_pirq_without_the_feature(void)
{
    Fake *fake = rich();

    by_pirq(fake, 200);
    fake_write(fake, CONTROL, ENABLE, 2);
    g_assert_cmpint(fake_last_call(fake->hv, FAKE_MAP_MSI)
                    ->request.wanted_pirq, ==, -1);
    fake_close(fake);
}

static void pirq_0_and_pirqs_out_of_range_are_not_asked_for(void)
{
    static const uint32_t pirqs[] = { 0, 0x80000000, 0xffffffff };

    for (unsigned i = 0; i < G_N_ELEMENTS(pirqs); i++) {
        Fake *fake = pvhvm();

        by_pirq(fake, pirqs[i]);
        fake_write(fake, CONTROL, ENABLE, 2);
        g_assert_cmpint(fake_last_call(fake->hv, FAKE_MAP_MSI)
                        ->request.wanted_pirq, ==, -1);
        fake_close(fake);
    }
}

/* -- refusals -------------------------------------------------------------- */

static int refuse_maps(FakeHypervisor *hv, const FakeCall *call)
{
    return call->op == FAKE_MAP_MSI ? -*(int *)hv->opaque : 0;
}

static void a_refusal_is_one_sentence_with_its_cure(void)
{
    static const struct {
        int error;
        const char *text;
    } cases[] = {
        { ENOSPC, "extra_guest_irqs" },
        { ENOMEM, "extra_guest_irqs" },
        { ENODATA, "xen-pciback" },
        { ENXIO, "decoding is off" },
        { ENODEV, "not assigned" },
        { EPERM, "not granted" },
        { EEXIST, "in use" },
        { EBUSY, "in use" },
        { ERANGE, "segment" },
        { EIO, "xl dmesg" },
    };

    for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
        int error = cases[i].error;
        Fake *fake = fake_start(plain_host(), NULL);

        fake->hv->refuse = refuse_maps;
        fake->hv->opaque = &error;
        for (unsigned n = 0; n < 1000; n++) {
            fake_write(fake, CONTROL, ENABLE, 2);
            fake_write(fake, CONTROL, 0, 2);
        }
        fake_write(fake, CONTROL, ENABLE, 2);
        g_assert_cmpuint(fake_said(fake->vm, cases[i].text), ==, 1);
        g_assert_cmpuint(fake->vm->reports->len, ==, 1);
        g_assert_cmpuint(xen_pt_device_counters(fake->dev)->irq_errors, ==,
                         1001);
        g_assert_cmpuint(fake->vm->events[XEN_PT_EVENT_IRQ_FAILED], ==, 1);
        g_assert_cmpint(vector(fake, 0).error, ==, error);
        /* as hardware would have it: the bit is the guest's */
        g_assert_cmphex(fake_read(fake, CONTROL, 2), ==, 0x0081);
        g_assert_false(fake_get16(fake->host, CONTROL) & ENABLE);
        fake->hv->refuse = NULL;
        fake_close(fake);
    }
}

static void what_xen_may_grant_later_is_tried_again(void)
{
    static const int errors[] = { EPERM, ENODEV, EAGAIN };

    for (unsigned i = 0; i < G_N_ELEMENTS(errors); i++) {
        int error = errors[i];
        Fake *fake = fake_start(plain_host(), NULL);

        fake->hv->refuse = refuse_maps;
        fake->hv->opaque = &error;
        message(fake, DEST(1), 0x41);
        fake_write(fake, CONTROL, ENABLE, 2);
        fake_vm_advance(fake->vm, 7000);
        g_assert_cmpuint(fake_bound(fake->hv), ==, 0);
        g_assert_cmpint(fake->vm->timer - fake->vm->now, <=, 300);
        fake->hv->refuse = NULL;
        fake_vm_advance(fake->vm, 300);
        g_assert_cmpuint(fake_bound(fake->hv), ==, 1);
        g_assert_true(fake_get16(fake->host, CONTROL) & ENABLE);
        g_assert_cmpint(fake->vm->timer, ==, -1);
        fake_close(fake);
    }
}

static void what_xen_refuses_for_good_is_not_tried_again(void)
{
    int error = ENOSPC;
    Fake *fake = fake_start(plain_host(), NULL);

    fake->hv->refuse = refuse_maps;
    fake->hv->opaque = &error;
    fake_write(fake, CONTROL, ENABLE, 2);
    g_assert_cmpint(fake->vm->timer, ==, -1);
    g_assert_cmpuint(fake_all_calls(fake->hv), ==, 1);
    fake_close(fake);
}

/* Stock leaks the pirq here, and uses -1 from then on. */
static void a_refused_change_leaks_no_pirq(void)
{
    int error = EINVAL;
    Fake *fake = enabled();

    fake->hv->refuse = refuse_binds;
    fake->hv->opaque = &error;
    fake_write(fake, DATA, 0x42, 2);
    fake_check(fake);
    g_assert_cmpuint(fake_pirqs(fake->hv), ==, 0);
    fake->hv->refuse = NULL;
    fake_write(fake, DATA, 0x43, 2);
    g_assert_cmphex(fake_binding(fake->hv, first_pirq(fake))->gvec, ==, 0x43);
    g_assert_true(fake_get16(fake->host, CONTROL) & ENABLE);
    fake_close(fake);
}

static void a_failed_unbind_still_unmaps(void)
{
    Fake *fake = enabled();

    fake->hv->fail_at = 1;
    fake->hv->fail_errno = ESRCH;
    fake_write(fake, CONTROL, 0, 2);
    g_assert_cmpuint(fake_calls(fake->hv, FAKE_UNMAP_PIRQ), ==, 1);
    fake_close(fake);
}

/* The library may say yes and give nothing. */
static int no_pirq(XenPtHypervisor *hv, const XenPtMsiRequest *request,
                   int *pirq)
{
    *pirq = -1;
    return 0;
}

static void a_pirq_below_0_is_an_error(void)
{
    Fake *fake = fake_start(plain_host(), NULL);
    XenPtHypervisorOps ops = *fake->hv->hv.ops;

    ops.map_msi = no_pirq;
    fake->hv->hv.ops = &ops;
    fake_write(fake, CONTROL, ENABLE, 2);
    g_assert_cmpint(vector(fake, 0).error, ==, ERANGE);
    g_assert_cmpuint(fake_all_calls(fake->hv), ==, 0);
    fake_close(fake);
}

static void a_segment_that_cannot_be_carried_hides_msi(void)
{
    FakeHypervisor *hv = fake_hypervisor_new();
    FakeHost *host = plain_host();
    Fake *fake;

    hv->hv.msi_segment = false;
    host->host.info.address.segment = 1;
    fake = fake_start_on(hv, host, NULL);
    g_assert_cmphex(fake_read(fake, 0x34, 1), ==, 0);
    fake_write(fake, CONTROL, ENABLE, 2);
    g_assert_cmpuint(fake_all_calls(hv), ==, 0);
    fake_close(fake);
}

static void the_segment_is_part_of_the_request(void)
{
    FakeHost *host = plain_host();
    Fake *fake;

    host->host.info.address.segment = 2;
    fake = fake_start(host, NULL);
    fake_write(fake, CONTROL, ENABLE, 2);
    g_assert_cmpuint(fake_last_call(fake->hv, FAKE_MAP_MSI)
                     ->request.address.segment, ==, 2);
    g_assert_false(fake_last_call(fake->hv, FAKE_MAP_MSI)->request.msix);
    g_assert_cmphex(fake_last_call(fake->hv, FAKE_MAP_MSI)
                    ->request.table_base, ==, 0);
    fake_close(fake);
}

/* One vector waits for a grant while the message of all is being written. */
static void a_retry_binds_no_half_message(void)
{
    Fake *fake = rich();

    fake->hv->refuse = refuse_third_bind;
    message(fake, DEST(1), 0x40);
    fake_write(fake, CONTROL, ENABLE | MME(2), 2);
    xen_pt_device_domain_state(fake->dev, XEN_PT_DOMAIN_SUSPENDED);
    fake_write(fake, ADDRESS, DEST(2), 4);
    fake_hypervisor_forget(fake->hv);
    xen_pt_device_domain_state(fake->dev, XEN_PT_DOMAIN_RUNNING);
    g_assert_cmpuint(fake_all_calls(fake->hv), ==, 0);
    fake_vm_advance(fake->vm, 20);
    g_assert_cmphex(fake_binding(fake->hv, vector(fake, 0).pirq)->gflags, ==,
                    UNMASKED | 2);
    fake->hv->refuse = NULL;
    fake_close(fake);
}

static int not_yet(FakeHypervisor *hv, const FakeCall *call)
{
    return call->op == FAKE_BIND_MSI && call->b == 0x42 ? -EPERM : 0;
}

static void a_vector_masked_while_it_waits_waits_no_longer(void)
{
    Fake *fake = rich();

    fake->hv->refuse = not_yet;
    message(fake, DEST(1), 0x40);
    fake_write(fake, CONTROL, ENABLE | MME(2), 2);
    g_assert_cmpint(fake->vm->timer, >, 0);
    fake_write(fake, MASK, 0x4, 4);
    g_assert_cmpint(vector(fake, 2).error, ==, 0);
    fake_vm_advance(fake->vm, 100);
    g_assert_cmpint(fake->vm->timer, ==, -1);
    fake_close(fake);
}

static void a_grant_in_the_middle_of_a_message_binds_the_whole(void)
{
    Fake *fake = rich();

    fake->hv->refuse = not_yet;
    message(fake, DEST(1), 0x40);
    fake_write(fake, CONTROL, ENABLE | MME(2), 2);
    fake_vm_advance(fake->vm, 45);
    fake->hv->refuse = NULL;
    fake_write(fake, ADDRESS, DEST(2), 4);
    fake_hypervisor_forget(fake->hv);
    fake_vm_advance(fake->vm, 7);       /* the retry's time, not its own */
    g_assert_cmpuint(fake_all_calls(fake->hv), ==, 0);
    fake_write(fake, DATA, 0x50, 2);
    g_assert_cmpuint(fake_calls(fake->hv, FAKE_BIND_MSI), ==, 4);
    fake_vm_advance(fake->vm, 300);
    g_assert_cmpuint(fake_all_calls(fake->hv), ==, 4);
    g_assert_cmpint(fake->vm->timer, ==, -1);
    fake_close(fake);
}

/* -- life ------------------------------------------------------------------ */

static void suspended_keeps_bindings_and_issues_nothing(void)
{
    Fake *fake = enabled();

    xen_pt_device_domain_state(fake->dev, XEN_PT_DOMAIN_SUSPENDED);
    fake_write(fake, DATA, 0x42, 2);
    fake_vm_advance(fake->vm, 1000);
    g_assert_cmpuint(fake_all_calls(fake->hv), ==, 0);
    g_assert_cmphex(fake_binding(fake->hv, first_pirq(fake))->gvec, ==, 0x41);
    xen_pt_device_domain_state(fake->dev, XEN_PT_DOMAIN_RUNNING);
    g_assert_cmpuint(fake_all_calls(fake->hv), ==, 1);
    g_assert_cmphex(fake_binding(fake->hv, first_pirq(fake))->gvec, ==, 0x42);
    fake_close(fake);
}

static void xsa_509_no_bind_after_the_domain_is_gone(void)
{
    Fake *fake = enabled();

    xen_pt_device_domain_state(fake->dev, XEN_PT_DOMAIN_GONE);
    message(fake, DEST(2), 0x42);
    fake_write(fake, CONTROL, 0, 2);
    fake_write(fake, CONTROL, ENABLE, 2);
    xen_pt_device_domain_state(fake->dev, XEN_PT_DOMAIN_RUNNING);
    fake_vm_advance(fake->vm, 10000);
    g_assert_cmpuint(fake_calls(fake->hv, FAKE_BIND_MSI), ==, 0);
    g_assert_cmpuint(fake_calls(fake->hv, FAKE_MAP_MSI), ==, 0);
    g_assert_cmpuint(fake_pirqs(fake->hv), ==, 0);
    fake_close(fake);
}

static void reset_unbinds_and_forgets_the_message(void)
{
    Fake *fake = enabled_4();

    fake_write(fake, MASK, 2, 4);
    xen_pt_device_reset(fake->dev);
    g_assert_cmpuint(fake_bound(fake->hv), ==, 1);      /* INTx */
    g_assert_false(fake_get16(fake->host, CONTROL) & ENABLE);
    g_assert_cmphex(fake_read(fake, CONTROL, 2), ==, 0x0184);
    g_assert_cmphex(fake_read(fake, ADDRESS, 4), ==, 0);
    g_assert_cmphex(fake_read(fake, DATA, 2), ==, 0);
    g_assert_cmphex(fake_read(fake, MASK, 4), ==, 0);
    fake_close(fake);
}

static void xsa_360_stop_leaves_nothing_bound_or_enabled(void)
{
    Fake *fake = enabled_4();

    xen_pt_device_stop(fake->dev);
    g_assert_cmpuint(fake_pirqs(fake->hv), ==, 0);
    g_assert_false(fake_get16(fake->host, CONTROL) & ENABLE);
    fake_hypervisor_forget(fake->hv);
    fake_write(fake, CONTROL, ENABLE, 2);
    g_assert_cmpuint(fake_all_calls(fake->hv), ==, 0);
    fake_close(fake);
}

/*
 * A device must not have both enabled (PCI 3.0, 6.8); a guest may try it,
 * and Xen's books do not survive that: MSI-X has the say while it is on.
 */
static void msi_is_not_issued_beside_msix(void)
{
    Fake *fake = rich();

    message(fake, DEST(1), 0x40);
    fake_write(fake, 0x72, 0x8000, 2);
    fake_write(fake, CONTROL, ENABLE, 2);
    g_assert_cmpuint(fake_calls(fake->hv, FAKE_MAP_MSI), ==, 0);
    g_assert_false(fake_get16(fake->host, CONTROL) & ENABLE);
    fake_write(fake, 0x72, 0, 2);
    g_assert_cmpuint(fake_calls(fake->hv, FAKE_BIND_MSI), ==, 1);
    fake_write(fake, 0x72, 0x8000, 2);
    g_assert_cmpuint(fake_bound(fake->hv), ==, 1);      /* INTx */
    g_assert_false(fake_get16(fake->host, CONTROL) & ENABLE);
    g_assert_true(fake_get16(fake->host, 0x72) & 0x8000);
    fake_write(fake, ADDRESS, DEST(2), 4);
    fake_vm_advance(fake->vm, 1000);
    g_assert_cmpuint(fake_bound(fake->hv), ==, 1);
    fake_close(fake);
}

#define ADD(name) g_test_add_func("/msi/" #name, name)

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);

    ADD(enabling_maps_and_binds_once);
    ADD(every_bit_of_the_message_reaches_the_binding);
    ADD(disabling_unbinds_and_unmaps);
    ADD(enable_written_again_reaches_a_device_that_forgot);
    ADD(enabling_again_without_a_new_message_binds_the_old);
    ADD(moving_costs_one_call);
    ADD(half_a_message_is_never_bound);
    ADD(accesses_elsewhere_do_not_bind_half_a_message);
    ADD(an_address_alone_takes_effect_by_itself);
    ADD(disabling_forgets_a_pending_address);
    ADD(a_message_written_while_disabled_waits_for_its_enable);
    ADD(byte_writes_make_the_same_message);
    ADD(a_32_bit_capability_works);
    ADD(xsa_128_guest_cannot_write_msi_address_or_data);
    ADD(xsa_129_guest_cannot_write_msi_mask);
    ADD(intx_disable_survives_that_xen_turns_intx_on);
    ADD(intx_disable_is_set_at_stop_without_a_line);
    ADD(enable_found_on_is_turned_off_at_start);
    ADD(a_block_is_mapped_by_one_call);
    ADD(low_bits_of_the_data_are_the_vector_s);
    ADD(masking_unbinds_and_unmasking_binds);
    ADD(a_masked_first_vector_does_not_stop_the_others);
    ADD(all_masked_is_enabled_and_unbound);
    ADD(a_move_of_the_block_rebinds_each_vector_once);
    ADD(another_number_of_vectors_maps_another_block);
    ADD(more_vectors_than_offered_are_not_given);
    ADD(a_vector_that_cannot_be_bound_leaves_the_others);
    ADD(a_block_that_cannot_be_bound_is_unmapped_and_tried_again);
    ADD(a_refusal_is_forgotten_with_its_block);
    ADD(xen_without_blocks_offers_one_vector_and_no_mask);
    ADD(reserved_vector_counts_are_32);
    ADD(pending_bits_are_the_device_s);
    ADD(the_pirq_that_the_guest_names_is_mapped);
    ADD(another_pirq_is_mapped_in_its_place);
    ADD(vector_0_names_no_pirq_without_the_feature);
    ADD(pirq_0_and_pirqs_out_of_range_are_not_asked_for);
    ADD(a_refusal_is_one_sentence_with_its_cure);
    ADD(what_xen_may_grant_later_is_tried_again);
    ADD(what_xen_refuses_for_good_is_not_tried_again);
    ADD(a_refused_change_leaks_no_pirq);
    ADD(a_failed_unbind_still_unmaps);
    ADD(a_pirq_below_0_is_an_error);
    ADD(a_segment_that_cannot_be_carried_hides_msi);
    ADD(the_segment_is_part_of_the_request);
    ADD(a_retry_binds_no_half_message);
    ADD(a_vector_masked_while_it_waits_waits_no_longer);
    ADD(a_grant_in_the_middle_of_a_message_binds_the_whole);
    ADD(suspended_keeps_bindings_and_issues_nothing);
    ADD(xsa_509_no_bind_after_the_domain_is_gone);
    ADD(reset_unbinds_and_forgets_the_message);
    ADD(xsa_360_stop_leaves_nothing_bound_or_enabled);
    ADD(msi_is_not_issued_beside_msix);

    return g_test_run();
}
