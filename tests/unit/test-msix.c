/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * xen-pt tests: MSI-X, the table and its vectors
 */
#include <errno.h>
#include <string.h>

#include "fake-host.h"

/* of fake_host_standard() */
#define MSIX     0x70
#define CONTROL  (MSIX + 2)
#define  ENABLE    0x8000
#define  MASKALL   0x4000
#define ENTRIES  64
#define TABLE    0x2000
#define PBA      0x3000
#define COMMAND  4
#define BAR0     0x10

#define UNMASKED 0x10000u
#define GUEST    0x80000000ull      /* where the guest places BAR0 */
#define INTX     1                  /* pirqs and bindings that INTx has */

static void write_entry(Fake *fake, unsigned i, unsigned at, uint32_t value)
{
    xen_pt_device_region_write(fake->dev, 0, TABLE + i * 16 + at, 4, value);
}

static uint32_t read_entry(Fake *fake, unsigned i, unsigned at)
{
    return xen_pt_device_region_read(fake->dev, 0, TABLE + i * 16 + at, 4);
}

static void message(Fake *fake, unsigned i, uint8_t dest, uint8_t vector)
{
    write_entry(fake, i, 0, 0xfee00000 | dest << 12);
    write_entry(fake, i, 4, 0);
    write_entry(fake, i, 8, vector);
}

static void mask(Fake *fake, unsigned i, bool masked)
{
    write_entry(fake, i, 12, masked);
}

static void control(Fake *fake, uint16_t value)
{
    fake_write(fake, CONTROL, value, 2);
}

static void place(Fake *fake, uint64_t address)
{
    fake_write(fake, BAR0, address, 4);
    fake_write(fake, BAR0 + 4, address >> 32, 4);
    fake_write(fake, COMMAND, 6, 2);
}

static Fake *placed_on(FakeHypervisor *hv)
{
    Fake *fake = fake_start_on(hv, fake_host_standard(), NULL);

    place(fake, GUEST);
    fake_hypervisor_forget(fake->hv);
    fake_host_forget(fake->host);
    return fake;
}

static Fake *placed(void)
{
    return placed_on(fake_hypervisor_new());
}

/* n vectors as Linux sets them up: 0x40 + i to APIC 1. */
static Fake *running_on(FakeHypervisor *hv, unsigned n)
{
    Fake *fake = placed_on(hv);

    control(fake, ENABLE | MASKALL);
    for (unsigned i = 0; i < n; i++) {
        message(fake, i, 1, 0x40 + i);
        mask(fake, i, false);
    }
    control(fake, ENABLE);
    return fake;
}

static Fake *running(unsigned n)
{
    Fake *fake = running_on(fake_hypervisor_new(), n);

    fake_hypervisor_forget(fake->hv);
    return fake;
}

static XenPtVectorInfo vector(Fake *fake, unsigned i)
{
    GArray *vectors = xen_pt_device_vectors(fake->dev);
    XenPtVectorInfo info = g_array_index(vectors, XenPtVectorInfo, i);

    g_assert_cmpuint(info.entry, ==, i);
    g_array_unref(vectors);
    return info;
}

static const XenPtMsiBinding *binding(Fake *fake, unsigned i)
{
    return fake_binding(fake->hv, vector(fake, i).pirq);
}

/* Some binding has that gvec: for when MSI-X is off in the guest's view. */
static unsigned bound(Fake *fake)
{
    return fake_bound(fake->hv) - INTX;
}

/* -- counted --------------------------------------------------------------- */

static void enabling_16_vectors_costs_32_calls(void)
{
    Fake *fake = running_on(fake_hypervisor_new(), 16);

    g_assert_cmpuint(fake_calls(fake->hv, FAKE_MAP_MSI), ==, 16);
    g_assert_cmpuint(fake_calls(fake->hv, FAKE_BIND_MSI), ==, 16);
    g_assert_cmpuint(fake_all_calls(fake->hv), ==, 32);
    for (unsigned i = 0; i < 16; i++) {
        g_assert_cmphex(binding(fake, i)->gvec, ==, 0x40 + i);
        g_assert_cmphex(binding(fake, i)->gflags, ==, UNMASKED | 1);
        g_assert_cmphex(binding(fake, i)->gtable, ==, GUEST + TABLE);
    }
    g_assert_cmphex(fake_get16(fake->host, CONTROL) & 0xc000, ==, ENABLE);
    g_assert_cmpint(xen_pt_device_irq_mode(fake->dev), ==, XEN_PT_IRQ_MSIX);
    fake_close(fake);
}

static void the_request_names_table_entry_and_device(void)
{
    Fake *fake = running_on(fake_hypervisor_new(), 3);
    const XenPtMsiRequest *r = &fake_last_call(fake->hv,
                                               FAKE_MAP_MSI)->request;

    g_assert_true(r->msix);
    g_assert_cmpuint(r->entry, ==, 2);
    g_assert_cmpuint(r->count, ==, 1);
    g_assert_cmphex(r->table_base, ==, 0x4fe000000ull);
    g_assert_cmpint(r->wanted_pirq, ==, -1);
    g_assert_cmpuint(r->address.bus, ==, 3);
    fake_close(fake);
}

static void masked_vectors_cost_nothing_until_unmasked(void)
{
    Fake *fake = placed();

    control(fake, ENABLE);
    for (unsigned i = 0; i < ENTRIES; i++) {
        message(fake, i, 1, 0x40 + i);
    }
    g_assert_cmpuint(fake_all_calls(fake->hv), ==, 0);
    mask(fake, 5, false);
    g_assert_cmpuint(fake_all_calls(fake->hv), ==, 2);
    g_assert_cmphex(binding(fake, 5)->gvec, ==, 0x45);
    fake_close(fake);
}

static void changing_affinity_costs_one_call(void)
{
    Fake *fake = running(4);

    mask(fake, 2, true);
    message(fake, 2, 3, 0x52);
    g_assert_cmpuint(fake_all_calls(fake->hv), ==, 0);
    mask(fake, 2, false);
    g_assert_cmpuint(fake_all_calls(fake->hv), ==, 1);
    g_assert_cmphex(binding(fake, 2)->gvec, ==, 0x52);
    g_assert_cmphex(binding(fake, 2)->gflags, ==, UNMASKED | 3);
    fake_close(fake);
}

static void masking_and_unmasking_costs_nothing(void)
{
    Fake *fake = running(4);

    for (unsigned n = 0; n < 100; n++) {
        mask(fake, 1, true);
        mask(fake, 1, false);
    }
    control(fake, ENABLE | MASKALL);
    control(fake, ENABLE);
    g_assert_cmpuint(fake_all_calls(fake->hv), ==, 0);
    fake_close(fake);
}

static void disabling_costs_2_calls_for_each_mapped_vector(void)
{
    Fake *fake = running(4);

    control(fake, 0);
    g_assert_cmpuint(fake_calls(fake->hv, FAKE_UNBIND_MSI), ==, 4);
    g_assert_cmpuint(fake_calls(fake->hv, FAKE_UNMAP_PIRQ), ==, 4);
    g_assert_cmpuint(fake_all_calls(fake->hv), ==, 8);
    control(fake, 0);
    g_assert_cmpuint(fake_all_calls(fake->hv), ==, 8);
    g_assert_false(fake_get16(fake->host, CONTROL) & ENABLE);
    fake_close(fake);
}

/* Stock loses every interrupt here. */
static void disable_and_enable_without_rewriting_the_table_works(void)
{
    Fake *fake = running(4);

    control(fake, 0);
    control(fake, ENABLE);
    g_assert_cmpuint(bound(fake), ==, 4);
    for (unsigned i = 0; i < 4; i++) {
        g_assert_cmphex(binding(fake, i)->gvec, ==, 0x40 + i);
    }
    fake_close(fake);
}

static void the_table_may_be_written_before_enabling(void)
{
    Fake *fake = placed();

    message(fake, 0, 1, 0x40);
    mask(fake, 0, false);
    g_assert_cmpuint(fake_all_calls(fake->hv), ==, 0);
    control(fake, ENABLE);
    g_assert_cmpuint(fake_all_calls(fake->hv), ==, 2);
    fake_close(fake);
}

static void control_writes_without_a_change_stay_here(void)
{
    Fake *fake = running(1);

    fake_host_forget(fake->host);
    control(fake, ENABLE);
    control(fake, ENABLE | 0x123);
    g_assert_cmpuint(fake_host_count(fake->host, FAKE_CONFIG_WRITE), ==, 0);
    fake_close(fake);
}

/* -- masks ----------------------------------------------------------------- */

static void all_entries_are_masked_at_reset(void)
{
    Fake *fake = running(4);

    xen_pt_device_reset(fake->dev);
    g_assert_cmpuint(bound(fake), ==, 0);
    g_assert_cmphex(fake_read(fake, CONTROL, 2), ==, ENTRIES - 1);
    g_assert_cmphex(fake_get16(fake->host, CONTROL) & 0xc000, ==, 0);
    for (unsigned i = 0; i < ENTRIES; i++) {
        g_assert_cmphex(read_entry(fake, i, 0), ==, 0);
        g_assert_cmphex(read_entry(fake, i, 4), ==, 0);
        g_assert_cmphex(read_entry(fake, i, 8), ==, 0);
        g_assert_cmphex(read_entry(fake, i, 12), ==, 1);
    }
    fake_close(fake);
}

static void half_a_message_is_never_bound(void)
{
    Fake *fake = running(1);

    mask(fake, 0, true);
    write_entry(fake, 0, 0, 0xfee02000);
    control(fake, ENABLE | MASKALL);
    control(fake, ENABLE);
    fake_vm_advance(fake->vm, 1000);
    g_assert_cmpuint(fake_all_calls(fake->hv), ==, 0);
    /* unmasked: the spec leaves it open, and it waits for vector control */
    mask(fake, 0, false);
    fake_hypervisor_forget(fake->hv);
    write_entry(fake, 0, 0, 0xfee03000);
    write_entry(fake, 0, 8, 0x99);
    g_assert_cmpuint(fake_all_calls(fake->hv), ==, 0);
    mask(fake, 0, false);
    g_assert_cmpuint(fake_all_calls(fake->hv), ==, 1);
    fake_close(fake);
}

static void function_mask_delays_binding_until_it_is_cleared(void)
{
    Fake *fake = placed();

    control(fake, ENABLE | MASKALL);
    g_assert_cmphex(fake_get16(fake->host, CONTROL) & 0xc000, ==,
                    ENABLE | MASKALL);
    message(fake, 0, 1, 0x40);
    mask(fake, 0, false);
    g_assert_cmpuint(fake_all_calls(fake->hv), ==, 0);
    control(fake, ENABLE);
    g_assert_cmpuint(fake_all_calls(fake->hv), ==, 2);
    g_assert_cmphex(fake_get16(fake->host, CONTROL) & 0xc000, ==, ENABLE);
    fake_close(fake);
}

/*
 * Before 4.19, Xen completes mask writes of bound vectors without a word;
 * what it left in the device says how it stands.
 */
static void set_hardware_mask(Fake *fake, unsigned i, uint32_t value)
{
    uint64_t dummy;

    fake->host->host.ops->region_read(&fake->host->host, 0, 0, 4, &dummy);
    memcpy(fake->host->region[0] + TABLE + i * 16 + 12, &value, 4);
}

static Fake *running_on_xen_4_17(unsigned n)
{
    FakeHypervisor *hv = fake_hypervisor_new();
    Fake *fake;

    hv->hv.all_msix_writes = false;
    fake = running_on(hv, n);
    fake_hypervisor_forget(hv);
    return fake;
}

static void a_mask_that_xen_kept_to_itself_is_found(void)
{
    Fake *fake = running_on_xen_4_17(3);

    set_hardware_mask(fake, 0, 0);
    set_hardware_mask(fake, 1, 1);
    set_hardware_mask(fake, 2, 0);
    control(fake, 0);
    g_assert_cmphex(read_entry(fake, 1, 12), ==, 1);
    control(fake, ENABLE);
    g_assert_cmpuint(bound(fake), ==, 2);
    g_assert_cmpint(vector(fake, 1).pirq, ==, -1);
    mask(fake, 1, false);
    g_assert_cmpuint(bound(fake), ==, 3);
    fake_close(fake);
}

static void a_masked_vector_is_not_rebound_half_written_on_xen_4_17(void)
{
    Fake *fake = running_on_xen_4_17(1);

    set_hardware_mask(fake, 0, 1);
    write_entry(fake, 0, 0, 0xfee02000);
    control(fake, ENABLE | MASKALL);
    control(fake, ENABLE);
    g_assert_cmpuint(fake_all_calls(fake->hv), ==, 0);
    mask(fake, 0, false);
    g_assert_cmpuint(fake_all_calls(fake->hv), ==, 1);
    fake_close(fake);
}

static void ones_in_the_device_s_table_are_no_masks(void)
{
    Fake *fake = running_on_xen_4_17(2);

    set_hardware_mask(fake, 0, 0xffffffff);
    fake->host->region_errno = EIO;
    control(fake, 0);
    fake->host->region_errno = 0;
    control(fake, ENABLE);
    g_assert_cmpuint(bound(fake), ==, 2);
    control(fake, 0);
    control(fake, ENABLE);
    g_assert_cmpuint(bound(fake), ==, 2);
    fake_close(fake);
}

/* -- the table moves ------------------------------------------------------- */

static void moving_the_table_rebinds_with_its_new_address(void)
{
    Fake *fake = running(4);

    place(fake, 0x90000000);
    g_assert_cmpuint(fake_calls(fake->hv, FAKE_UNBIND_MSI), ==, 4);
    g_assert_cmpuint(fake_calls(fake->hv, FAKE_BIND_MSI), ==, 4);
    g_assert_cmpuint(fake_calls(fake->hv, FAKE_MAP_MSI), ==, 0);
    g_assert_cmpuint(fake_calls(fake->hv, FAKE_UNMAP_PIRQ), ==, 0);
    for (unsigned i = 0; i < 4; i++) {
        g_assert_cmphex(binding(fake, i)->gtable, ==, 0x90000000ull + TABLE);
    }
    fake_close(fake);
}

/* Xen looks at the new address only after the last old binding went. */
static void all_are_unbound_before_the_first_is_rebound(void)
{
    Fake *fake = running(8);
    bool rebound = false;

    place(fake, 0x90000000);
    for (guint i = 0; i < fake->hv->log->len; i++) {
        FakeOp op = g_array_index(fake->hv->log, FakeCall, i).op;

        rebound |= op == FAKE_BIND_MSI;
        g_assert_false(rebound && op == FAKE_UNBIND_MSI);
    }
    g_assert_true(rebound);
    fake_close(fake);
}

static void decode_off_and_on_in_place_rebinds_nothing(void)
{
    Fake *fake = running(4);

    fake_write(fake, COMMAND, 0, 2);
    fake_vm_advance(fake->vm, 1000);
    fake_write(fake, COMMAND, 6, 2);
    g_assert_cmpuint(fake_calls(fake->hv, FAKE_BIND_MSI), ==, 0);
    g_assert_cmpuint(fake_calls(fake->hv, FAKE_UNBIND_MSI), ==, 0);
    fake_close(fake);
}

/*
 * Xen before 4.19 takes the unmask of a vector that is mapped for itself,
 * bound or not: one that cannot be bound must not stay mapped.
 */
static void vectors_masked_while_the_table_moves_are_unmapped(void)
{
    Fake *fake = running(3);

    mask(fake, 1, true);
    fake_hypervisor_forget(fake->hv);
    place(fake, 0x90000000);
    g_assert_cmpuint(bound(fake), ==, 2);
    g_assert_cmpint(vector(fake, 1).pirq, ==, -1);
    mask(fake, 1, false);
    g_assert_cmphex(binding(fake, 1)->gtable, ==, 0x90000000ull + TABLE);
    fake_close(fake);
}

static void moving_under_the_function_mask_rebinds_when_it_is_cleared(void)
{
    Fake *fake = running(2);

    control(fake, ENABLE | MASKALL);
    place(fake, 0x90000000);
    g_assert_cmpuint(bound(fake), ==, 0);
    g_assert_cmpuint(fake_pirqs(fake->hv), ==, INTX);
    control(fake, ENABLE);
    g_assert_cmpuint(bound(fake), ==, 2);
    g_assert_cmphex(binding(fake, 0)->gtable, ==, 0x90000000ull + TABLE);
    fake_close(fake);
}

static void a_mask_kept_by_xen_4_17_survives_the_move(void)
{
    Fake *fake = running_on_xen_4_17(2);

    set_hardware_mask(fake, 0, 1);
    set_hardware_mask(fake, 1, 0);
    place(fake, 0x90000000);
    g_assert_cmpuint(bound(fake), ==, 1);
    g_assert_cmpint(vector(fake, 0).pirq, ==, -1);
    fake_close(fake);
}

static void a_table_above_4_gib_is_named_whole(void)
{
    Fake *fake = running(1);

    place(fake, 0x1234500000ull);
    g_assert_cmphex(binding(fake, 0)->gtable, ==, 0x1234500000ull + TABLE);
    fake_close(fake);
}

static void a_table_that_moved_while_suspended_is_rebound_on_resume(void)
{
    Fake *fake = running(2);

    xen_pt_device_domain_state(fake->dev, XEN_PT_DOMAIN_SUSPENDED);
    place(fake, 0x90000000);
    g_assert_cmpuint(fake_calls(fake->hv, FAKE_BIND_MSI), ==, 0);
    g_assert_cmpuint(bound(fake), ==, 2);
    xen_pt_device_domain_state(fake->dev, XEN_PT_DOMAIN_RUNNING);
    g_assert_cmpuint(bound(fake), ==, 2);
    g_assert_cmphex(binding(fake, 0)->gtable, ==, 0x90000000ull + TABLE);
    g_assert_cmphex(binding(fake, 1)->gtable, ==, 0x90000000ull + TABLE);
    fake_close(fake);
}

/* -- the table as memory --------------------------------------------------- */

static void the_table_reads_back_what_was_written(void)
{
    Fake *fake = placed();

    for (unsigned i = 0; i < ENTRIES; i++) {
        for (unsigned at = 0; at < 12; at += 4) {
            write_entry(fake, i, at, 0x11111111u * (at / 4 + 1) + i * 4);
        }
    }
    for (unsigned i = 0; i < ENTRIES; i++) {
        g_assert_cmphex(read_entry(fake, i, 0), ==,
                        (0x11111111u + i * 4) & ~3u);
        g_assert_cmphex(read_entry(fake, i, 4), ==, 0x22222222u + i * 4);
        g_assert_cmphex(read_entry(fake, i, 8), ==, 0x33333333u + i * 4);
        g_assert_cmphex(read_entry(fake, i, 12), ==, 1);
    }
    g_assert_cmpuint(fake_host_count(fake->host, FAKE_REGION_WRITE), ==, 0);
    g_assert_cmpuint(fake_host_count(fake->host, FAKE_REGION_READ), ==, 0);
    fake_close(fake);
}

static void qword_writes_set_two_fields_in_order(void)
{
    Fake *fake = running(1);

    mask(fake, 0, true);
    xen_pt_device_region_write(fake->dev, 0, TABLE, 8, 0xfee02000);
    xen_pt_device_region_write(fake->dev, 0, TABLE + 8, 8, 0x77);
    g_assert_cmpuint(fake_all_calls(fake->hv), ==, 1);
    g_assert_cmphex(binding(fake, 0)->gvec, ==, 0x77);
    g_assert_cmphex(binding(fake, 0)->gflags, ==, UNMASKED | 2);
    g_assert_cmphex(xen_pt_device_region_read(fake->dev, 0, TABLE + 8, 8),
                    ==, 0x77);
    fake_close(fake);
}

/* Only aligned DWORDs and QWORDs are defined: PCI 3.0, 6.8.2 */
static void other_writes_to_the_table_are_ignored(void)
{
    static const struct {
        unsigned at, size;
    } cases[] = {
        { 0, 1 }, { 0, 2 }, { 12, 1 }, { 12, 2 }, { 1, 4 }, { 2, 4 },
        { 4, 8 }, { 12, 8 }, { 13, 1 }, { 14, 2 },
    };
    Fake *fake = placed();

    control(fake, ENABLE);
    for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
        xen_pt_device_region_write(fake->dev, 0, TABLE + cases[i].at,
                                   cases[i].size, 0);
        xen_pt_device_region_write(fake->dev, 0, TABLE + cases[i].at,
                                   cases[i].size, UINT64_MAX << 1);
    }
    g_assert_cmphex(read_entry(fake, 0, 0), ==, 0);
    g_assert_cmphex(read_entry(fake, 0, 4), ==, 0);
    g_assert_cmphex(read_entry(fake, 0, 8), ==, 0);
    g_assert_cmphex(read_entry(fake, 0, 12), ==, 1);
    g_assert_cmpuint(fake_all_calls(fake->hv), ==, 0);
    g_assert_cmpuint(fake_host_count(fake->host, FAKE_REGION_WRITE), ==, 0);
    fake_close(fake);
}

static void reads_of_any_width_and_alignment_are_served(void)
{
    Fake *fake = placed();

    write_entry(fake, 0, 4, 0x44332211);
    g_assert_cmphex(xen_pt_device_region_read(fake->dev, 0, TABLE + 4, 1),
                    ==, 0x11);
    g_assert_cmphex(xen_pt_device_region_read(fake->dev, 0, TABLE + 5, 2),
                    ==, 0x3322);
    g_assert_cmphex(xen_pt_device_region_read(fake->dev, 0, TABLE + 2, 4),
                    ==, 0x22110000);
    g_assert_cmphex(xen_pt_device_region_read(fake->dev, 0, TABLE, 8), ==,
                    0x4433221100000000ull);
    /* over the edges: what is not the table's reads as ones */
    g_assert_cmphex(xen_pt_device_region_read(fake->dev, 0, TABLE - 2, 4),
                    ==, 0x0000ffff);
    g_assert_cmphex(xen_pt_device_region_read(fake->dev, 0,
                                              TABLE + ENTRIES * 16 - 4, 8),
                    ==, 0xffffffff00000001ull);
    g_assert_cmpuint(fake_host_count(fake->host, FAKE_REGION_READ), ==, 0);
    fake_close(fake);
}

/* XSA-164 was an index beyond the table. */
static void xsa_164_accesses_beyond_the_table_are_the_device_s(void)
{
    Fake *fake = placed();

    xen_pt_device_region_write(fake->dev, 0, TABLE + ENTRIES * 16, 4, 0x55);
    g_assert_cmphex(xen_pt_device_region_read(fake->dev, 0,
                                              TABLE + ENTRIES * 16, 4), ==,
                    0x55);
    g_assert_cmpuint(fake_host_count(fake->host, FAKE_REGION_WRITE), ==, 1);
    for (uint64_t at = 0x3ff8; at < 0x4010; at++) {
        for (unsigned size = 1; size <= 8; size *= 2) {
            xen_pt_device_region_write(fake->dev, 0, at, size, UINT64_MAX);
            xen_pt_device_region_read(fake->dev, 0, at, size);
        }
    }
    g_assert_cmphex(xen_pt_device_region_read(fake->dev, 0, 0x4000, 4), ==,
                    0xffffffff);
    g_assert_cmphex(xen_pt_device_region_read(fake->dev, 0, UINT64_MAX, 8),
                    ==, UINT64_MAX);
    fake_close(fake);
}

static void pending_bits_are_readable_and_not_writable(void)
{
    Fake *fake = placed();

    set_hardware_mask(fake, 0, 0);
    memset(fake->host->region[0] + PBA, 0xa5, 8);
    fake_host_forget(fake->host);
    g_assert_cmphex(xen_pt_device_region_read(fake->dev, 0, PBA, 8), ==,
                    0xa5a5a5a5a5a5a5a5ull);
    xen_pt_device_region_write(fake->dev, 0, PBA, 8, 0);
    xen_pt_device_region_write(fake->dev, 0, PBA + 7, 1, 0);
    g_assert_cmpuint(fake_host_count(fake->host, FAKE_REGION_WRITE), ==, 0);
    xen_pt_device_region_write(fake->dev, 0, PBA + 8, 4, 1);
    g_assert_cmpuint(fake_host_count(fake->host, FAKE_REGION_WRITE), ==, 1);
    fake_close(fake);
}

static void registers_on_the_table_s_page_are_served(void)
{
    Fake *fake = placed();

    xen_pt_device_region_write(fake->dev, 0, TABLE + 0x800, 2, 0xbeef);
    g_assert_cmphex(xen_pt_device_region_read(fake->dev, 0, TABLE + 0x800,
                                              2), ==, 0xbeef);
    g_assert_cmpuint(fake_host_last(fake->host, FAKE_REGION_WRITE)->size, ==,
                     2);
    fake_close(fake);
}

static void a_pba_elsewhere_is_left_alone(void)
{
    FakeHost *host = fake_host_new();
    Fake *fake;

    fake_add_bar(host, 0, FAKE_BAR_MEM32, false, 0xfe000000, 0x1000);
    /* BIR 3: there is no such BAR */
    fake_add_msix(host, MSIX, 4, 0, 0x800 | 3);
    fake = fake_start(host, NULL);
    g_assert_cmphex(fake_read(fake, 0x34, 1), ==, MSIX);
    xen_pt_device_region_write(fake->dev, 0, 0x800, 4, 7);
    g_assert_cmphex(xen_pt_device_region_read(fake->dev, 0, 0x800, 4), ==, 7);
    fake_close(fake);
}

/* -- what cannot be offered ------------------------------------------------ */

static void a_table_outside_of_memory_bars_hides_msix(void)
{
    static const uint32_t tables[] = {
        0x2000 | 1,             /* the upper half of BAR 0 */
        0x0000 | 4,             /* I/O */
        0x0000 | 6, 0x0000 | 7, /* reserved */
        0x3c08 | 0,             /* over the end by one QWORD */
        0xfffffff8 | 0,
        0x0000 | 2,             /* a BAR smaller than the table */
    };

    for (unsigned i = 0; i < G_N_ELEMENTS(tables); i++) {
        FakeHost *host = fake_host_standard();
        Fake *fake;

        fake_add_bar(host, 2, FAKE_BAR_MEM32, false, 0xfeb00000, 0x100);
        fake_set32(host, MSIX + 4, tables[i]);
        fake = fake_start(host, NULL);
        g_assert_cmphex(fake_read(fake, CONTROL, 2) & ENABLE, ==, 0);
        control(fake, ENABLE);
        g_assert_cmphex(fake_get16(host, CONTROL) & ENABLE, ==, 0);
        g_assert_cmphex(fake_read(fake, 0x51, 1), ==, 0x80);
        xen_pt_device_region_write(fake->dev, 0, 0x2000, 4, 3);
        fake_close(fake);
    }
}

static void a_table_at_the_end_of_its_bar_works(void)
{
    FakeHost *host = fake_host_standard();
    Fake *fake;

    fake_set32(host, MSIX + 4, 0x3c00);
    fake = fake_start(host, NULL);
    xen_pt_device_region_write(fake->dev, 0, 0x3c00 + 63 * 16, 4, 0x10);
    g_assert_cmphex(xen_pt_device_region_read(fake->dev, 0,
                                              0x3c00 + 63 * 16, 4), ==, 0x10);
    fake_close(fake);
}

static void a_segment_that_cannot_be_carried_hides_msix(void)
{
    FakeHypervisor *hv = fake_hypervisor_new();
    FakeHost *host = fake_host_standard();
    Fake *fake;

    hv->hv.msi_segment = false;
    host->host.info.address.segment = 1;
    fake = fake_start_on(hv, host, NULL);
    /* neither MSI nor MSI-X: PM leads on to PCIe */
    g_assert_cmphex(fake_read(fake, 0x41, 1), ==, 0x80);
    control(fake, ENABLE);
    g_assert_cmphex(fake_get16(host, CONTROL) & ENABLE, ==, 0);
    fake_close(fake);
}

static void a_table_of_2048_entries_works(void)
{
    FakeHost *host = fake_host_new();
    Fake *fake;

    fake_add_bar(host, 0, FAKE_BAR_MEM64, false, 0x400000000ull, 0x10000);
    fake_add_msix(host, MSIX, 2048, 0, 0x8000);
    fake = fake_start(host, NULL);
    control(fake, ENABLE | MASKALL);
    for (unsigned i = 0; i < 2048; i++) {
        xen_pt_device_region_write(fake->dev, 0, i * 16 + 8, 8, i & 0xff);
    }
    control(fake, ENABLE);
    g_assert_cmpuint(fake_bound(fake->hv), ==, 2048);
    fake_close(fake);
}

static void enable_found_on_is_turned_off_at_start(void)
{
    FakeHost *host = fake_host_standard();
    Fake *fake;

    fake_set16(host, CONTROL, ENABLE | MASKALL | 63);
    fake = fake_start(host, NULL);
    g_assert_cmphex(fake_get16(host, CONTROL) & 0xc000, ==, 0);
    g_assert_cmphex(fake_read(fake, CONTROL, 2), ==, 63);
    fake_close(fake);
}

static void a_mask_of_all_that_xen_keeps_is_told_with_its_cure(void)
{
    FakeHost *host = fake_host_standard();
    Fake *fake;

    fake_set16(host, CONTROL, MASKALL | 63);
    host->writable[CONTROL + 1] = ENABLE >> 8;
    fake = fake_start(host, NULL);
    g_assert_cmpuint(fake_said(fake->vm, "0000:03:00.0/remove; "), ==, 1);
    fake_close(fake);

    host = fake_host_standard();
    fake_set16(host, CONTROL, MASKALL | 63);
    fake = fake_start(host, NULL);
    g_assert_cmpuint(fake_said(fake->vm, "/remove; "), ==, 0);
    fake_close(fake);
}

static void guest_cannot_write_table_or_pba_offsets(void)
{
    Fake *fake = placed();

    for (unsigned at = MSIX - 3; at < MSIX + 12; at++) {
        for (unsigned len = 1; len <= 4; len *= 2) {
            fake_write(fake, at, 0x80ffffff, len);
            fake_write(fake, at, 0, len);
        }
    }
    g_assert_cmphex(fake_read(fake, MSIX + 4, 4), ==, TABLE);
    g_assert_cmphex(fake_read(fake, MSIX + 8, 4), ==, PBA);
    g_assert_cmpuint(fake_config_writes(fake->host, MSIX + 4, 8), ==, 0);
    /* Xen refuses writes that are not the 16 bits of the control word */
    for (guint i = 0; i < fake->host->log->len; i++) {
        const FakeAccess *a = &g_array_index(fake->host->log, FakeAccess, i);

        if (a->kind == FAKE_CONFIG_WRITE && a->offset + a->size > MSIX &&
            a->offset < MSIX + 12) {
            g_assert_cmphex(a->offset, ==, CONTROL);
            g_assert_cmpuint(a->size, ==, 2);
        }
    }
    fake_close(fake);
}

/* -- pirqs by name --------------------------------------------------------- */

static void by_pirq(Fake *fake, unsigned i, uint32_t pirq)
{
    mask(fake, i, true);
    write_entry(fake, i, 0, 0xfee00000 | (pirq & 0xff) << 12);
    write_entry(fake, i, 4, pirq & ~0xffu);
    write_entry(fake, i, 8, 0x4300);
    mask(fake, i, false);
}

static Fake *pvhvm(void)
{
    FakeHypervisor *hv = fake_hypervisor_new();
    Fake *fake;

    hv->hv.hvm_pirqs = true;
    fake = placed_on(hv);
    control(fake, ENABLE);
    return fake;
}

static void the_pirq_that_the_guest_names_is_mapped(void)
{
    Fake *fake = pvhvm();

    by_pirq(fake, 0, 0x345);
    g_assert_cmpint(vector(fake, 0).pirq, ==, 0x345);
    g_assert_nonnull(fake_binding(fake->hv, 0x345));
    by_pirq(fake, 0, 0x345);
    g_assert_cmpuint(fake_all_calls(fake->hv), ==, 2);
    by_pirq(fake, 0, 0x346);
    g_assert_cmpint(vector(fake, 0).pirq, ==, 0x346);
    g_assert_cmpuint(fake_pirqs(fake->hv), ==, 1 + INTX);
    fake_close(fake);
}

/* As Linux does it: the message with all vectors masked, then Enable alone. */
static void a_vector_by_pirq_needs_no_unmask(void)
{
    Fake *fake = pvhvm();

    control(fake, ENABLE | MASKALL);
    write_entry(fake, 0, 0, 0xfee00000 | 0x45 << 12);
    write_entry(fake, 0, 4, 0x300);
    write_entry(fake, 0, 8, 0x4300);
    g_assert_cmpuint(bound(fake), ==, 0);
    control(fake, ENABLE);
    g_assert_nonnull(fake_binding(fake->hv, 0x345));
    write_entry(fake, 1, 0, 0xfee00000 | 0x46 << 12);
    write_entry(fake, 1, 4, 0x300);
    write_entry(fake, 1, 8, 0x4300);
    g_assert_nonnull(fake_binding(fake->hv, 0x346));
    fake_close(fake);
}

/* Xen would say yes, map nothing and lose an IRQ of the host each time. */
static void a_pirq_in_use_is_not_asked_for(void)
{
    Fake *fake = pvhvm();
    int intx = fake->hv->next_pirq - 1;

    by_pirq(fake, 0, 0x345);
    by_pirq(fake, 1, 0x345);
    g_assert_cmpint(vector(fake, 1).error, ==, EEXIST);
    by_pirq(fake, 1, intx);
    g_assert_cmpint(vector(fake, 1).error, ==, EEXIST);
    g_assert_cmpuint(bound(fake), ==, 1);
    by_pirq(fake, 0, 0x346);
    by_pirq(fake, 1, 0x345);
    g_assert_cmpuint(bound(fake), ==, 2);
    fake_close(fake);
}

/* -- refusals -------------------------------------------------------------- */

static int refuse_op(FakeHypervisor *hv, const FakeCall *call)
{
    const int *what = hv->opaque;

    return (int)call->op == what[0] ? -what[1] : 0;
}

static void what_xen_may_grant_later_is_tried_again(void)
{
    static const int errors[] = { EPERM, ENODEV, EAGAIN };

    for (unsigned i = 0; i < G_N_ELEMENTS(errors); i++) {
        int what[2] = { FAKE_MAP_MSI, errors[i] };
        FakeHypervisor *hv = fake_hypervisor_new();
        Fake *fake;

        hv->refuse = refuse_op;
        hv->opaque = what;
        fake = running_on(hv, 4);
        g_assert_cmpuint(bound(fake), ==, 0);
        fake_vm_advance(fake->vm, 10000);
        g_assert_cmpuint(bound(fake), ==, 0);
        /* nobody waits for it while the whole function is masked */
        fake_write(fake, CONTROL, ENABLE | MASKALL, 2);
        fake_vm_advance(fake->vm, 300);
        g_assert_cmpint(fake->vm->timer, ==, -1);
        fake_write(fake, CONTROL, ENABLE, 2);
        hv->refuse = NULL;
        fake_vm_advance(fake->vm, 300);
        g_assert_cmpuint(bound(fake), ==, 4);
        g_assert_cmpint(fake->vm->timer, ==, -1);
        fake_close(fake);
    }
}

static void waiting_costs_one_call_at_a_time_however_many_wait(void)
{
    int what[2] = { FAKE_MAP_MSI, ENODEV };
    FakeHypervisor *hv = fake_hypervisor_new();
    Fake *fake;

    hv->refuse = refuse_op;
    hv->opaque = what;
    fake = running_on(hv, ENTRIES);
    fake_hypervisor_forget(hv);
    fake_vm_advance(fake->vm, 10000);
    /* 50 ms for 5 s, 250 ms for 5 s */
    g_assert_cmpuint(fake_all_calls(hv), <=, 121);
    g_assert_cmpuint(fake_all_calls(hv), >=, 110);
    hv->refuse = NULL;
    fake_close(fake);
}

static int refuse_after(FakeHypervisor *hv, const FakeCall *call)
{
    int *left = hv->opaque;

    return call->op == FAKE_MAP_MSI && (*left)-- <= 0 ? -ENOSPC : 0;
}

static void out_of_vectors_is_said_once_with_its_cure(void)
{
    int left = 5;
    FakeHypervisor *hv = fake_hypervisor_new();
    Fake *fake;

    hv->refuse = refuse_after;
    hv->opaque = &left;
    fake = running_on(hv, 10);
    g_assert_cmpuint(bound(fake), ==, 5);
    for (unsigned n = 0; n < 1000; n++) {
        control(fake, 0);
        control(fake, ENABLE);
    }
    g_assert_cmpuint(fake_said(fake->vm, "extra_guest_irqs"), ==, 1);
    g_assert_cmpuint(fake_said(fake->vm, "MSI-X"), ==, 1);
    g_assert_cmpint(vector(fake, 0).error, ==, ENOSPC);
    g_assert_cmpuint(xen_pt_device_counters(fake->dev)->irq_errors, >=,
                     1000);
    g_assert_cmpint(fake->vm->timer, ==, -1);
    /* as hardware would have it */
    g_assert_cmphex(fake_read(fake, CONTROL, 2) & ENABLE, ==, ENABLE);
    hv->refuse = NULL;
    control(fake, 0);
    control(fake, ENABLE);
    g_assert_cmpuint(bound(fake), ==, 10);
    fake_close(fake);
}

/* A guest that toggles must not buy 2048 refused calls with each write. */
static void out_of_vectors_stops_an_enable_at_the_first_refusal(void)
{
    int left = 5;
    FakeHypervisor *hv = fake_hypervisor_new();
    Fake *fake;

    hv->refuse = refuse_after;
    hv->opaque = &left;
    fake = running_on(hv, ENTRIES);
    g_assert_cmpuint(fake_calls(hv, FAKE_MAP_MSI), ==, 6);
    hv->refuse = NULL;
    fake_close(fake);
}

static int refuse_entry_1(FakeHypervisor *hv, const FakeCall *call)
{
    return call->op == FAKE_MAP_MSI && call->a == 1 ? -EIO : 0;
}

static void a_vector_that_cannot_be_mapped_leaves_the_others(void)
{
    FakeHypervisor *hv = fake_hypervisor_new();
    Fake *fake;

    hv->refuse = refuse_entry_1;
    fake = running_on(hv, 3);
    g_assert_cmpuint(bound(fake), ==, 2);
    g_assert_cmpint(vector(fake, 1).error, ==, EIO);
    fake_close(fake);
}

static void a_table_that_moves_maps_nothing_new(void)
{
    FakeHypervisor *hv = fake_hypervisor_new();
    Fake *fake;

    hv->refuse = refuse_entry_1;
    fake = running_on(hv, 3);
    fake_hypervisor_forget(hv);
    place(fake, 0x90000000);
    g_assert_cmpuint(fake_calls(hv, FAKE_BIND_MSI), ==, 2);
    g_assert_cmpuint(fake_calls(hv, FAKE_MAP_MSI), ==, 0);
    fake_close(fake);
}

static void a_refused_bind_leaks_no_pirq(void)
{
    int what[2] = { FAKE_BIND_MSI, EINVAL };
    Fake *fake = running(2);

    fake->hv->refuse = refuse_op;
    fake->hv->opaque = what;
    mask(fake, 0, true);
    message(fake, 0, 2, 0x99);
    mask(fake, 0, false);
    g_assert_cmpuint(fake_pirqs(fake->hv), ==, 1 + INTX);
    g_assert_cmpint(vector(fake, 0).error, ==, EINVAL);
    fake->hv->refuse = NULL;
    mask(fake, 0, false);
    g_assert_cmpuint(bound(fake), ==, 2);
    fake_close(fake);
}

static void failed_undo_leaves_nothing_behind(void)
{
    Fake *fake = running(4);

    fake->hv->fail_at = 1;
    fake->hv->fail_count = 100;
    fake->hv->fail_errno = ESRCH;
    control(fake, 0);
    g_assert_cmpuint(fake_all_calls(fake->hv), ==, 8);
    fake->hv->fail_at = 0;
    control(fake, ENABLE);
    g_assert_cmpuint(bound(fake), ==, 4);
    fake_close(fake);
}

/* -- life ------------------------------------------------------------------ */

static void suspended_keeps_bindings_and_issues_nothing(void)
{
    Fake *fake = running(2);

    xen_pt_device_domain_state(fake->dev, XEN_PT_DOMAIN_SUSPENDED);
    mask(fake, 0, true);
    message(fake, 0, 3, 0x55);
    mask(fake, 0, false);
    message(fake, 9, 3, 0x59);
    mask(fake, 9, false);
    g_assert_cmpuint(fake_all_calls(fake->hv), ==, 0);
    g_assert_cmpuint(bound(fake), ==, 2);
    xen_pt_device_domain_state(fake->dev, XEN_PT_DOMAIN_SUSPENDED);
    g_assert_cmpuint(fake_all_calls(fake->hv), ==, 0);
    xen_pt_device_domain_state(fake->dev, XEN_PT_DOMAIN_RUNNING);
    g_assert_cmpuint(bound(fake), ==, 3);
    g_assert_cmphex(binding(fake, 0)->gvec, ==, 0x55);
    fake_close(fake);
}

static void waiting_goes_on_after_a_suspend(void)
{
    int what[2] = { FAKE_MAP_MSI, EPERM };
    FakeHypervisor *hv = fake_hypervisor_new();
    Fake *fake;

    hv->refuse = refuse_op;
    hv->opaque = what;
    fake = running_on(hv, 4);
    xen_pt_device_domain_state(fake->dev, XEN_PT_DOMAIN_SUSPENDED);
    fake_vm_advance(fake->vm, 1000);
    xen_pt_device_domain_state(fake->dev, XEN_PT_DOMAIN_RUNNING);
    hv->refuse = NULL;
    fake_vm_advance(fake->vm, 300);
    g_assert_cmpuint(bound(fake), ==, 4);
    fake_close(fake);
}

static void xsa_509_no_bind_after_the_domain_is_gone(void)
{
    Fake *fake = running(2);

    xen_pt_device_domain_state(fake->dev, XEN_PT_DOMAIN_GONE);
    message(fake, 0, 3, 0x55);
    mask(fake, 0, false);
    message(fake, 7, 3, 0x57);
    mask(fake, 7, false);
    place(fake, 0x90000000);
    control(fake, 0);
    control(fake, ENABLE);
    fake_vm_advance(fake->vm, 10000);
    g_assert_cmpuint(fake_calls(fake->hv, FAKE_BIND_MSI), ==, 0);
    g_assert_cmpuint(fake_calls(fake->hv, FAKE_MAP_MSI), ==, 0);
    g_assert_cmpuint(bound(fake), ==, 0);
    fake_close(fake);
}

static void xsa_360_stop_leaves_nothing_bound_or_enabled(void)
{
    Fake *fake = running(16);

    xen_pt_device_stop(fake->dev);
    g_assert_cmpuint(fake_pirqs(fake->hv), ==, 0);
    g_assert_cmphex(fake_get16(fake->host, CONTROL) & 0xc000, ==, 0);
    fake_hypervisor_forget(fake->hv);
    mask(fake, 0, false);
    control(fake, ENABLE);
    g_assert_cmpuint(fake_all_calls(fake->hv), ==, 0);
    g_assert_cmphex(read_entry(fake, 0, 8), ==, 0xffffffff);
    fake_close(fake);
}

/* Writable mappings of the table's pages are refused after the first. */
static void the_table_s_bar_is_opened_before_the_first_vector(void)
{
    Fake *fake = fake_start(fake_host_standard(), NULL);
    const FakeAccess *open = fake_host_last(fake->host, FAKE_REGION_OPEN);

    g_assert_cmpuint(fake_host_count(fake->host, FAKE_REGION_OPEN), ==, 1);
    g_assert_cmpint(open->region, ==, 0);
    g_assert_cmphex(open->offset, ==, 0x2000);
    fake_close(fake);
}

static void a_write_that_the_host_refuses_is_made_again(void)
{
    Fake *fake = placed();

    fake->host->fail_at = 1;
    control(fake, ENABLE | MASKALL);
    g_assert_false(fake_get16(fake->host, CONTROL) & ENABLE);
    fake->host->fail_at = 0;
    control(fake, ENABLE | MASKALL);
    g_assert_true(fake_get16(fake->host, CONTROL) & ENABLE);
    fake_close(fake);
}

#define ADD(name) g_test_add_func("/msix/" #name, name)

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);

    ADD(enabling_16_vectors_costs_32_calls);
    ADD(the_request_names_table_entry_and_device);
    ADD(masked_vectors_cost_nothing_until_unmasked);
    ADD(changing_affinity_costs_one_call);
    ADD(masking_and_unmasking_costs_nothing);
    ADD(disabling_costs_2_calls_for_each_mapped_vector);
    ADD(disable_and_enable_without_rewriting_the_table_works);
    ADD(control_writes_without_a_change_stay_here);
    ADD(the_table_may_be_written_before_enabling);
    ADD(all_entries_are_masked_at_reset);
    ADD(half_a_message_is_never_bound);
    ADD(function_mask_delays_binding_until_it_is_cleared);
    ADD(a_mask_that_xen_kept_to_itself_is_found);
    ADD(a_masked_vector_is_not_rebound_half_written_on_xen_4_17);
    ADD(ones_in_the_device_s_table_are_no_masks);
    ADD(moving_the_table_rebinds_with_its_new_address);
    ADD(all_are_unbound_before_the_first_is_rebound);
    ADD(decode_off_and_on_in_place_rebinds_nothing);
    ADD(vectors_masked_while_the_table_moves_are_unmapped);
    ADD(moving_under_the_function_mask_rebinds_when_it_is_cleared);
    ADD(a_mask_kept_by_xen_4_17_survives_the_move);
    ADD(a_table_above_4_gib_is_named_whole);
    ADD(a_table_that_moved_while_suspended_is_rebound_on_resume);
    ADD(the_table_reads_back_what_was_written);
    ADD(qword_writes_set_two_fields_in_order);
    ADD(other_writes_to_the_table_are_ignored);
    ADD(reads_of_any_width_and_alignment_are_served);
    ADD(xsa_164_accesses_beyond_the_table_are_the_device_s);
    ADD(pending_bits_are_readable_and_not_writable);
    ADD(registers_on_the_table_s_page_are_served);
    ADD(a_pba_elsewhere_is_left_alone);
    ADD(a_table_outside_of_memory_bars_hides_msix);
    ADD(a_table_at_the_end_of_its_bar_works);
    ADD(a_segment_that_cannot_be_carried_hides_msix);
    ADD(a_table_of_2048_entries_works);
    ADD(enable_found_on_is_turned_off_at_start);
    ADD(a_mask_of_all_that_xen_keeps_is_told_with_its_cure);
    ADD(guest_cannot_write_table_or_pba_offsets);
    ADD(the_pirq_that_the_guest_names_is_mapped);
    ADD(a_vector_by_pirq_needs_no_unmask);
    ADD(a_pirq_in_use_is_not_asked_for);
    ADD(what_xen_may_grant_later_is_tried_again);
    ADD(waiting_costs_one_call_at_a_time_however_many_wait);
    ADD(out_of_vectors_is_said_once_with_its_cure);
    ADD(out_of_vectors_stops_an_enable_at_the_first_refusal);
    ADD(a_vector_that_cannot_be_mapped_leaves_the_others);
    ADD(a_table_that_moves_maps_nothing_new);
    ADD(a_refused_bind_leaks_no_pirq);
    ADD(failed_undo_leaves_nothing_behind);
    ADD(suspended_keeps_bindings_and_issues_nothing);
    ADD(waiting_goes_on_after_a_suspend);
    ADD(xsa_509_no_bind_after_the_domain_is_gone);
    ADD(xsa_360_stop_leaves_nothing_bound_or_enabled);
    ADD(the_table_s_bar_is_opened_before_the_first_vector);
    ADD(a_write_that_the_host_refuses_is_made_again);

    return g_test_run();
}
