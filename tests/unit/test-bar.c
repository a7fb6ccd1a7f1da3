/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * xen-pt tests: BARs, case by case; see test-bar-model.c for random programs
 */
#include <errno.h>
#include <string.h>

#include "fake-host.h"

#define COMMAND 4
#define  IO       0x1
#define  MEMORY   0x2
#define BAR(i)  (0x10 + 4 * (i))
#define ROM     0x30

/* of fake_host_standard() */
#define HOST0   0x4fe000000ull
#define HOST2   0xfeb00000ull
#define HOST4   0xe020u

static void bar64(Fake *fake, int i, uint64_t address)
{
    fake_write(fake, BAR(i), address, 4);
    fake_write(fake, BAR(i) + 4, address >> 32, 4);
}

static void command(Fake *fake, uint16_t value)
{
    fake_write(fake, COMMAND, value, 2);
}

static Fake *programmed(void)
{
    Fake *fake = fake_start(fake_host_standard(), NULL);

    bar64(fake, 0, 0xf0000000);
    fake_write(fake, BAR(2), 0xf0010000, 4);
    fake_write(fake, BAR(4), 0xc000, 4);
    fake_hypervisor_forget(fake->hv);
    return fake;
}

static Fake *decoding(void)
{
    Fake *fake = programmed();

    command(fake, IO | MEMORY);
    fake_hypervisor_forget(fake->hv);
    return fake;
}

/* One memory BAR of a device that has nothing else. */
static Fake *one_bar(FakeBarKind kind, uint64_t base, uint64_t size)
{
    FakeHost *host = fake_host_new();

    fake_add_bar(host, 0, kind, false, base, size);
    return fake_start(host, NULL);
}

static bool mapped(Fake *fake, uint64_t gaddr, uint64_t haddr)
{
    return fake_is_mapped(fake->hv, false, gaddr >> 12, haddr >> 12);
}

static XenPtMap map_of(Fake *fake, unsigned i)
{
    GArray *maps = xen_pt_device_maps(fake->dev);
    XenPtMap map = g_array_index(maps, XenPtMap, i);

    g_array_unref(maps);
    return map;
}

/* -- counted --------------------------------------------------------------- */

static void the_first_enable_costs_4_calls(void)
{
    Fake *fake = programmed();

    g_assert_cmpuint(fake_all_calls(fake->hv), ==, 0);
    command(fake, IO | MEMORY);
    g_assert_cmpuint(fake_all_calls(fake->hv), ==, 4);
    g_assert_true(mapped(fake, 0xf0000000, HOST0));
    g_assert_true(mapped(fake, 0xf0001000, HOST0 + 0x1000));
    g_assert_false(mapped(fake, 0xf0002000, HOST0 + 0x2000));
    g_assert_true(mapped(fake, 0xf0003000, HOST0 + 0x3000));
    g_assert_true(mapped(fake, 0xf001f000, HOST2 + 0xf000));
    g_assert_true(fake_is_mapped(fake->hv, true, 0xc01f, HOST4 + 0x1f));
    g_assert_cmpuint(fake_mapped_units(fake->hv, false), ==, 3 + 16);
    g_assert_cmpuint(fake_mapped_units(fake->hv, true), ==, 32);
    g_assert_cmpuint(fake->vm->commits, ==, 1);
    fake_close(fake);
}

/* As __pci_read_base() of Linux does it, for each BAR and the ROM. */
static void linux_sizing_costs_nothing(void)
{
    Fake *fake = decoding();
    unsigned commits = fake->vm->commits;

    for (unsigned at = BAR(0); at <= ROM; at += at == BAR(5) ? 12 : 4) {
        uint32_t old = fake_read(fake, at, 4);

        command(fake, 0);
        fake_write(fake, at, at == ROM ? 0xfffff800 : 0xffffffff, 4);
        fake_read(fake, at, 4);
        fake_write(fake, at, old, 4);
        command(fake, IO | MEMORY);
    }
    fake_vm_advance(fake->vm, 1000);
    g_assert_cmpuint(fake_all_calls(fake->hv), ==, 0);
    g_assert_cmpuint(fake->vm->commits, ==, commits);
    g_assert_cmpint(fake->vm->timer, ==, -1);
    fake_close(fake);
}

static void sizing_with_decoding_on_costs_nothing(void)
{
    static const uint64_t sizes[] = { 0x1000, 1 << 20, 1ull << 31,
                                      1ull << 32, 1ull << 36 };

    for (unsigned i = 0; i < G_N_ELEMENTS(sizes); i++) {
        Fake *fake = one_bar(FAKE_BAR_MEM64, 1ull << 40, sizes[i]);

        bar64(fake, 0, 1ull << 41);
        command(fake, MEMORY);
        fake_hypervisor_forget(fake->hv);
        fake_write(fake, BAR(0), 0xffffffff, 4);
        fake_write(fake, BAR(0), 0, 4);
        fake_write(fake, BAR(1), 0xffffffff, 4);
        fake_write(fake, BAR(1), (1ull << 41) >> 32, 4);
        g_assert_cmpuint(fake_all_calls(fake->hv), ==, 0);
        g_assert_cmpint(fake->vm->timer, ==, -1);
        fake_close(fake);
    }
}

static void moving_a_bar_costs_2_calls(void)
{
    Fake *fake = decoding();

    fake_write(fake, BAR(2), 0xf0100000, 4);
    g_assert_cmpuint(fake_all_calls(fake->hv), ==, 2);
    g_assert_true(mapped(fake, 0xf0100000, HOST2));
    g_assert_false(mapped(fake, 0xf0010000, HOST2));
    fake_close(fake);
}

static void a_bar_of_many_gib_is_one_call(void)
{
    Fake *fake = one_bar(FAKE_BAR_MEM64, 64ull << 30, 64ull << 30);

    bar64(fake, 0, 128ull << 30);
    command(fake, MEMORY);
    g_assert_cmpuint(fake_all_calls(fake->hv), ==, 1);
    g_assert_cmphex(fake_last_call(fake->hv, FAKE_MEMORY_MAP)->c, ==,
                    (64ull << 30) >> 12);
    g_assert_true(mapped(fake, 192ull * (1 << 30) - 4096,
                         128ull * (1 << 30) - 4096));
    fake_close(fake);
}

/* Its address looks like the answer to a question of its size. */
static void a_bar_that_ends_at_a_multiple_of_4_gib_is_mapped_at_once(void)
{
    static const uint64_t sizes[] = { 0x4000, 1 << 28, 1ull << 31 };

    for (unsigned i = 0; i < G_N_ELEMENTS(sizes); i++) {
        Fake *fake = one_bar(FAKE_BAR_MEM64, 1ull << 40, sizes[i]);

        bar64(fake, 0, 0x200000000ull - sizes[i]);
        command(fake, MEMORY);
        g_assert_true(mapped(fake, 0x200000000ull - sizes[i], 1ull << 40));
        command(fake, 0);
        bar64(fake, 0, 0x300000000ull - sizes[i]);
        command(fake, MEMORY);
        g_assert_true(mapped(fake, 0x300000000ull - sizes[i], 1ull << 40));
        bar64(fake, 0, 0x400000000ull - sizes[i]);
        fake_vm_advance(fake->vm, 100);
        g_assert_true(mapped(fake, 0x400000000ull - sizes[i], 1ull << 40));
        fake_close(fake);
    }
}

static void decode_off_is_committed_after_100_ms(void)
{
    Fake *fake = decoding();

    command(fake, 0);
    fake_vm_advance(fake->vm, 99);
    g_assert_cmpuint(fake_all_calls(fake->hv), ==, 0);
    fake_vm_advance(fake->vm, 1);
    g_assert_cmpuint(fake_all_calls(fake->hv), ==, 4);
    g_assert_cmpuint(fake_mapped(fake->hv), ==, 0);
    g_assert_cmpint(fake->vm->timer, ==, -1);
    fake_close(fake);
}

/* Toggling does not put off the deadline for ever: on again resets it. */
static void the_deadline_is_that_of_the_first_write(void)
{
    Fake *fake = decoding();

    command(fake, MEMORY);
    fake_vm_advance(fake->vm, 60);
    command(fake, 0);
    fake_vm_advance(fake->vm, 40);
    g_assert_cmpuint(fake_mapped(fake->hv), ==, 0);
    fake_close(fake);
}

static void another_bar_s_move_commits_at_once_what_was_put_off(void)
{
    Fake *fake = decoding();

    command(fake, MEMORY);
    g_assert_cmpuint(fake_all_calls(fake->hv), ==, 0);
    fake_write(fake, BAR(2), 0xf0100000, 4);
    g_assert_cmpuint(fake_mapped_units(fake->hv, true), ==, 0);
    g_assert_cmpint(fake->vm->timer, ==, -1);
    fake_close(fake);
}

static void settle_commits_at_once(void)
{
    Fake *fake = decoding();
    unsigned commits = fake->vm->commits;

    xen_pt_device_settle(fake->dev);
    g_assert_cmpuint(fake->vm->commits, ==, commits);
    command(fake, 0);
    xen_pt_device_settle(fake->dev);
    g_assert_cmpuint(fake_mapped(fake->hv), ==, 0);
    g_assert_cmpint(fake->vm->timer, ==, -1);
    fake_close(fake);
}

static void removals_come_before_additions(void)
{
    Fake *fake = decoding();
    bool added = false;

    command(fake, 0);
    bar64(fake, 0, 0xf0010000);
    fake_write(fake, BAR(2), 0xf0000000, 4);
    fake_write(fake, BAR(4), 0xc100, 4);
    command(fake, IO | MEMORY);
    g_assert_cmpuint(fake_all_calls(fake->hv), ==, 8);
    for (guint i = 0; i < fake->hv->log->len; i++) {
        FakeOp op = g_array_index(fake->hv->log, FakeCall, i).op;

        added |= op == FAKE_MEMORY_MAP || op == FAKE_IOPORT_MAP;
        g_assert_false(added && (op == FAKE_MEMORY_UNMAP ||
                                 op == FAKE_IOPORT_UNMAP));
    }
    fake_close(fake);
}

/* -- pages ----------------------------------------------------------------- */

static void a_bar_below_a_page_is_mapped_when_it_is_alone(void)
{
    Fake *fake = one_bar(FAKE_BAR_MEM32, 0xfe000400, 0x400);

    fake_write(fake, BAR(0), 0xf0000400, 4);
    command(fake, MEMORY);
    g_assert_true(mapped(fake, 0xf0000000, 0xfe000000));
    g_assert_cmpuint(fake_mapped_units(fake->hv, false), ==, 1);
    fake_close(fake);
}

static void a_bar_below_a_page_at_another_offset_is_served(void)
{
    Fake *fake = one_bar(FAKE_BAR_MEM32, 0xfe000400, 0x400);

    fake_write(fake, BAR(0), 0xf0000800, 4);
    command(fake, MEMORY);
    g_assert_cmpuint(fake_all_calls(fake->hv), ==, 0);
    for (unsigned size = 1; size <= 8; size *= 2) {
        xen_pt_device_region_write(fake->dev, 0, 0x10, size,
                                   0x1122334455667788);
        g_assert_cmpuint(fake_host_last(fake->host, FAKE_REGION_WRITE)->size,
                         ==, size);
        g_assert_cmphex(xen_pt_device_region_read(fake->dev, 0, 0x10, size),
                        ==, size == 8 ? 0x1122334455667788ull
                            : 0x1122334455667788ull & ((1ull << 8 * size) - 1));
        g_assert_cmpuint(fake_host_last(fake->host, FAKE_REGION_READ)->size,
                         ==, size);
    }
    fake_close(fake);
}

static void a_bar_below_a_page_is_served_when_the_guest_packs(void)
{
    Fake *fake = one_bar(FAKE_BAR_MEM32, 0xfe000000, 0x800);

    fake->vm->alone = false;
    fake_write(fake, BAR(0), 0xf0000000, 4);
    command(fake, MEMORY);
    g_assert_cmpuint(fake_all_calls(fake->hv), ==, 0);
    fake_close(fake);
}

static void xsa_461_a_shared_host_page_is_never_mapped(void)
{
    FakeHost *host = fake_host_new();
    Fake *fake;

    fake_add_bar(host, 0, FAKE_BAR_MEM32, false, 0xfe000000, 0x800);
    host->host.info.region[0].page_exclusive = false;
    fake = fake_start(host, NULL);
    fake_write(fake, BAR(0), 0xf0000000, 4);
    command(fake, MEMORY);
    g_assert_cmpuint(fake_all_calls(fake->hv), ==, 0);
    fake_close(fake);
}

/* A machine that cannot tell is one that says no. */
static void a_machine_without_an_answer_gets_no_part_page(void)
{
    Fake *fake = one_bar(FAKE_BAR_MEM32, 0xfe000000, 0x800);
    XenPtVmOps ops = *fake->vm->vm.ops;

    ops.page_is_alone = NULL;
    fake->vm->vm.ops = &ops;
    fake_write(fake, BAR(0), 0xf0000000, 4);
    command(fake, MEMORY);
    g_assert_cmpuint(fake_all_calls(fake->hv), ==, 0);
    fake_close(fake);
}

/* Pieces as QEMU gives them when something lies over the middle of a BAR. */
static void pieces_are_mapped_by_whole_pages(void)
{
    Fake *fake = one_bar(FAKE_BAR_MEM32, 0xfe000000, 0x10000);

    fake->vm->alone = false;
    xen_pt_device_section(fake->dev, true, 0, 0, 0xf0000000, 0x3800);
    xen_pt_device_section(fake->dev, true, 0, 0x5800, 0xf0005800, 0xa800);
    xen_pt_device_unmap_stale(fake->dev);
    xen_pt_device_map_wanted(fake->dev);
    g_assert_cmpuint(fake_mapped_units(fake->hv, false), ==, 3 + 10);
    g_assert_true(mapped(fake, 0xf0002000, 0xfe002000));
    g_assert_false(mapped(fake, 0xf0003000, 0xfe003000));
    g_assert_false(mapped(fake, 0xf0005000, 0xfe005000));
    g_assert_true(mapped(fake, 0xf0006000, 0xfe006000));
    fake_close(fake);
}

static void a_piece_within_a_page_is_served(void)
{
    Fake *fake = one_bar(FAKE_BAR_MEM32, 0xfe000000, 0x10000);

    fake->vm->alone = false;
    xen_pt_device_section(fake->dev, true, 0, 0x400, 0xf0000400, 0x200);
    xen_pt_device_section(fake->dev, true, 0, 0x1400, 0xf0001400, 0xc00);
    xen_pt_device_unmap_stale(fake->dev);
    xen_pt_device_map_wanted(fake->dev);
    g_assert_cmpuint(fake_all_calls(fake->hv), ==, 0);
    fake_close(fake);
}

/* The machine may show another part of a BAR at the same place. */
static void a_page_that_shows_another_part_is_mapped_anew(void)
{
    Fake *fake = one_bar(FAKE_BAR_MEM32, 0xfe000000, 0x10000);

    xen_pt_device_section(fake->dev, true, 0, 0x1000, 0xf0000000, 0x1000);
    xen_pt_device_unmap_stale(fake->dev);
    xen_pt_device_map_wanted(fake->dev);
    xen_pt_device_section(fake->dev, false, 0, 0x1000, 0xf0000000, 0x1000);
    xen_pt_device_section(fake->dev, true, 0, 0x2000, 0xf0000000, 0x1000);
    xen_pt_device_unmap_stale(fake->dev);
    xen_pt_device_map_wanted(fake->dev);
    g_assert_true(mapped(fake, 0xf0000000, 0xfe002000));
    g_assert_cmpuint(fake_mapped_units(fake->hv, false), ==, 1);
    fake_close(fake);
}

static void of_a_part_seen_twice_the_one_that_goes_is_unmapped(void)
{
    Fake *fake = one_bar(FAKE_BAR_MEM32, 0xfe000000, 0x10000);

    xen_pt_device_section(fake->dev, true, 0, 0x1000, 0xf0000000, 0x1000);
    xen_pt_device_section(fake->dev, true, 0, 0x1000, 0xf0400000, 0x1000);
    xen_pt_device_section(fake->dev, false, 0, 0x1000, 0xf0400000, 0x1000);
    xen_pt_device_unmap_stale(fake->dev);
    xen_pt_device_map_wanted(fake->dev);
    g_assert_true(mapped(fake, 0xf0000000, 0xfe001000));
    g_assert_cmpuint(fake_mapped_units(fake->hv, false), ==, 1);
    fake_close(fake);
}

static void nonsense_sections_are_ignored(void)
{
    Fake *fake = one_bar(FAKE_BAR_MEM32, 0xfe000000, 0x10000);

    xen_pt_device_section(fake->dev, true, -1, 0, 0xf0000000, 0x1000);
    xen_pt_device_section(fake->dev, true, 7, 0, 0xf0000000, 0x1000);
    xen_pt_device_section(fake->dev, true, 3, 0, 0xf0000000, 0x1000);
    xen_pt_device_section(fake->dev, true, 0, 0, 0xf0000000, 0);
    xen_pt_device_section(fake->dev, true, 0, 0, 0xf0000000, 0x20000);
    xen_pt_device_section(fake->dev, true, 0, 0xf000, 0xf0000000, 0x2000);
    xen_pt_device_section(fake->dev, true, 0, UINT64_MAX, 0xf0000000, 0x1000);
    xen_pt_device_section(fake->dev, false, 0, 0, 0xf1000000, 0x1000);
    xen_pt_device_unmap_stale(fake->dev);
    xen_pt_device_map_wanted(fake->dev);
    g_assert_cmpuint(fake_all_calls(fake->hv), ==, 0);
    fake_close(fake);
}

/* -- the MSI-X table's hole ------------------------------------------------ */

static void the_hole_is_the_table_s_pages(void)
{
    static const struct {
        uint64_t size;
        unsigned entries;
        uint32_t table;
        unsigned first, count;      /* pages that must not be mapped */
    } cases[] = {
        { 0x4000, 64, 0x2000, 2, 1 },
        { 0x4000, 3, 0x0080, 0, 1 },        /* not at a page's start */
        { 0x4000, 64, 0x3c00, 3, 1 },       /* in the last page */
        { 0x8000, 256, 0x1000, 1, 1 },      /* a whole page */
        { 0x8000, 257, 0x1000, 1, 2 },      /* and one entry more */
        { 0x8000, 200, 0x1800, 1, 2 },      /* over a boundary */
        { 0x8000, 2048, 0x0000, 0, 8 },     /* all of it */
        { 0x1000, 16, 0x0800, 0, 1 },
    };

    for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
        FakeHost *host = fake_host_new();
        unsigned pages = cases[i].size >> 12;
        Fake *fake;

        fake_add_bar(host, 0, FAKE_BAR_MEM32, false, 0xfe000000,
                     cases[i].size);
        fake_add_msix(host, 0x70, cases[i].entries, cases[i].table, 0x8 | 5);
        fake = fake_start(host, NULL);
        fake_write(fake, BAR(0), 0xf0000000, 4);
        command(fake, MEMORY);
        for (unsigned page = 0; page < pages; page++) {
            bool hole = page >= cases[i].first &&
                        page < cases[i].first + cases[i].count;

            g_assert_cmpint(mapped(fake, 0xf0000000 + page * 0x1000,
                                   0xfe000000 + page * 0x1000), ==, !hole);
        }
        g_assert_cmpuint(fake_mapped_units(fake->hv, false), ==,
                         pages - cases[i].count);
        fake_close(fake);
    }
}

static void the_hole_cuts_pieces_on_either_side(void)
{
    FakeHost *host = fake_host_new();
    Fake *fake;

    fake_add_bar(host, 0, FAKE_BAR_MEM32, false, 0xfe000000, 0x8000);
    fake_add_msix(host, 0x70, 256, 0x4000, 0x8 | 5);
    fake = fake_start(host, NULL);
    xen_pt_device_section(fake->dev, true, 0, 0, 0xf0000000, 0x2000);
    xen_pt_device_section(fake->dev, true, 0, 0x6000, 0xf0006000, 0x2000);
    xen_pt_device_section(fake->dev, true, 0, 0x4000, 0xf0004000, 0x1000);
    xen_pt_device_unmap_stale(fake->dev);
    xen_pt_device_map_wanted(fake->dev);
    g_assert_cmpuint(fake_all_calls(fake->hv), ==, 2);
    g_assert_true(mapped(fake, 0xf0001000, 0xfe001000));
    g_assert_true(mapped(fake, 0xf0006000, 0xfe006000));
    fake_close(fake);
}

/* -- ports ----------------------------------------------------------------- */

static void a_piece_of_an_io_bar_maps_its_own_ports(void)
{
    Fake *fake = one_bar(FAKE_BAR_IO, 0xe000, 0x40);

    xen_pt_device_section(fake->dev, true, 0, 0x10, 0xc010, 0x20);
    xen_pt_device_unmap_stale(fake->dev);
    xen_pt_device_map_wanted(fake->dev);
    g_assert_cmpuint(fake_mapped_units(fake->hv, true), ==, 0x20);
    g_assert_true(fake_is_mapped(fake->hv, true, 0xc010, 0xe010));
    fake_close(fake);
}

static void xsa_510_ports_beyond_64_ki_are_never_asked_for(void)
{
    Fake *fake = one_bar(FAKE_BAR_IO, 0xe000, 0x40);

    xen_pt_device_section(fake->dev, true, 0, 0, 0xffe0, 0x40);
    xen_pt_device_section(fake->dev, true, 0, 0, 0x1c000, 0x40);
    xen_pt_device_section(fake->dev, true, 0, 0, UINT64_MAX - 0x3f, 0x40);
    xen_pt_device_section(fake->dev, true, 0, 0, UINT64_MAX - 0x1f, 0x40);
    xen_pt_device_unmap_stale(fake->dev);
    xen_pt_device_map_wanted(fake->dev);
    g_assert_cmpuint(fake_all_calls(fake->hv), ==, 0);
    xen_pt_device_section(fake->dev, true, 0, 0, 0xffc0, 0x40);
    xen_pt_device_unmap_stale(fake->dev);
    xen_pt_device_map_wanted(fake->dev);
    g_assert_cmpuint(fake_mapped_units(fake->hv, true), ==, 0x40);
    fake_close(fake);
}

static int busy_when_adjacent(FakeHypervisor *hv, const FakeCall *call)
{
    if (call->op == FAKE_IOPORT_MAP && call->b == 0xe020) {
        return -EBUSY;
    }
    return call->op == FAKE_IOPORT_UNMAP ? -ENOENT : 0;
}

/* Xen 4.23 */
static void ports_that_xen_finds_busy_are_served(void)
{
    FakeHost *host = fake_host_new();
    Fake *fake;

    fake_add_bar(host, 0, FAKE_BAR_IO, false, 0xe000, 0x20);
    fake_add_bar(host, 1, FAKE_BAR_IO, false, 0xe020, 0x20);
    fake = fake_start(host, NULL);
    fake->hv->refuse = busy_when_adjacent;
    fake_write(fake, BAR(0), 0xc000, 4);
    fake_write(fake, BAR(1), 0xc020, 4);
    command(fake, IO);
    g_assert_cmpuint(fake_mapped_units(fake->hv, true), ==, 0x20);
    g_assert_cmpuint(fake_said(fake->vm, "BAR 1"), ==, 1);
    xen_pt_device_region_write(fake->dev, 1, 3, 2, 0x1234);
    g_assert_cmphex(xen_pt_device_region_read(fake->dev, 1, 3, 2), ==,
                    0x1234);
    command(fake, 0);
    fake_vm_advance(fake->vm, 100);
    fake_close(fake);
}

/* -- hostile layouts ------------------------------------------------------- */

static void bars_at_0_map_nothing(void)
{
    Fake *fake = fake_start(fake_host_standard(), NULL);

    fake_hypervisor_forget(fake->hv);
    command(fake, IO | MEMORY);
    g_assert_cmpuint(fake_all_calls(fake->hv), ==, 0);
    fake_close(fake);
}

static void all_ones_map_nothing(void)
{
    Fake *fake = decoding();

    for (int i = 0; i < 6; i++) {
        fake_write(fake, BAR(i), 0xffffffff, 4);
    }
    fake_vm_advance(fake->vm, 100);
    g_assert_cmpuint(fake_mapped(fake->hv), ==, 0);
    fake_close(fake);
}

static void a_bar_at_the_top_of_the_address_space_does_not_wrap(void)
{
    Fake *fake = one_bar(FAKE_BAR_MEM64, 0x100000000ull, 0x10000);

    xen_pt_device_section(fake->dev, true, 0, 0, 0xffffffffffff0000ull,
                          0x10000);
    xen_pt_device_unmap_stale(fake->dev);
    xen_pt_device_map_wanted(fake->dev);
    g_assert_cmphex(fake_last_call(fake->hv, FAKE_MEMORY_MAP)->a, ==,
                    0xffffffffffff0ull);
    g_assert_cmphex(fake_last_call(fake->hv, FAKE_MEMORY_MAP)->c, ==, 16);
    fake_close(fake);
}

static void toggling_costs_as_many_unmaps_as_maps(void)
{
    Fake *fake = decoding();

    for (unsigned i = 0; i < 1000; i++) {
        fake_write(fake, BAR(2), 0xf0100000 + (i << 16), 4);
        command(fake, i & 3);
        fake_vm_advance(fake->vm, i % 150);
    }
    fake_close(fake);
}

static void the_upper_half_of_a_64_bit_bar_5_is_not_there(void)
{
    FakeHost *host = fake_host_new();
    Fake *fake;

    fake_add_bar(host, 5, FAKE_BAR_MEM32, false, 0xfe000000, 0x1000);
    host->host.info.region[5].mem64 = true;
    fake = fake_start(host, NULL);
    fake_write(fake, BAR(5), 0xf0000000, 4);
    command(fake, MEMORY);
    g_assert_true(mapped(fake, 0xf0000000, 0xfe000000));
    fake_close(fake);
}

static void the_upper_half_of_a_bar_is_no_address_of_its_own(void)
{
    Fake *fake = fake_start(fake_host_standard(), NULL);

    bar64(fake, 0, 0x12f0000000);
    command(fake, MEMORY);
    g_assert_cmphex(fake->vm->layout.bar[0], ==, 0x12f0000000);
    g_assert_cmphex(fake->vm->layout.bar[1], ==, 0);
    fake_close(fake);
}

static void sizing_before_the_start_waits_for_nothing(void)
{
    FakeHost *host = fake_host_new();
    Fake *fake;

    fake_add_bar(host, 0, FAKE_BAR_MEM32, false, 0xfe000000, 0x1000);
    fake = fake_open(host, NULL);
    command(fake, MEMORY);
    fake_write(fake, BAR(0), 0xffffffff, 4);
    g_assert_cmpint(fake->vm->timer, ==, -1);
    fake_close(fake);
}

static void decoding_what_is_not_there_commits_nothing(void)
{
    Fake *fake = one_bar(FAKE_BAR_IO, 0xe000, 0x20);

    command(fake, MEMORY);
    command(fake, 0);
    g_assert_cmpuint(fake->vm->commits, ==, 0);
    g_assert_cmpint(fake->vm->timer, ==, -1);
    fake_close(fake);
}

/* -- the expansion ROM ----------------------------------------------------- */

static FakeHost *rom_host(void)
{
    FakeHost *host = fake_host_new();

    fake_add_bar(host, 0, FAKE_BAR_MEM32, false, 0xfe000000, 0x1000);
    fake_add_bar(host, XEN_PT_ROM_REGION, FAKE_BAR_ROM, false, 0xfd000000,
                 0x10000);
    return host;
}

static void the_rom_is_mapped_while_both_its_enables_are_on(void)
{
    Fake *fake = fake_start(rom_host(), NULL);

    fake_write(fake, BAR(0), 0xf0000000, 4);
    fake_write(fake, ROM, 0xf1000000, 4);
    command(fake, MEMORY);
    g_assert_false(mapped(fake, 0xf1000000, 0xfd000000));
    g_assert_cmphex(fake_get32(fake->host, ROM), ==, 0xfd000000);
    fake_write(fake, ROM, 0xf1000001, 4);
    g_assert_true(mapped(fake, 0xf100f000, 0xfd00f000));
    g_assert_cmphex(fake_get32(fake->host, ROM), ==, 0xfd000001);
    fake_write(fake, ROM, 0xf1000000, 4);
    fake_vm_advance(fake->vm, 100);
    g_assert_false(mapped(fake, 0xf1000000, 0xfd000000));
    g_assert_cmphex(fake_get32(fake->host, ROM), ==, 0xfd000000);
    fake_write(fake, ROM, 0xf1000001, 4);
    xen_pt_device_stop(fake->dev);
    g_assert_cmphex(fake_get32(fake->host, ROM), ==, 0xfd000000);
    fake_close(fake);
}

static void sizing_the_rom_with_its_enable_set_costs_nothing(void)
{
    Fake *fake = fake_start(rom_host(), NULL);

    fake_write(fake, BAR(0), 0xf0000000, 4);
    fake_write(fake, ROM, 0xf1000001, 4);
    command(fake, MEMORY);
    fake_hypervisor_forget(fake->hv);
    fake_write(fake, ROM, 0xffffffff, 4);
    g_assert_cmphex(fake_read(fake, ROM, 4), ==, 0xffff0001);
    fake_write(fake, ROM, 0xf1000001, 4);
    fake_vm_advance(fake->vm, 1000);
    g_assert_cmpuint(fake_all_calls(fake->hv), ==, 0);
    fake_close(fake);
}

static void without_a_rom_for_the_guest_its_register_is_0(void)
{
    const XenPtOptions options = { .no_rom = true };
    FakeHost *host = rom_host();
    Fake *fake = fake_start(host, &options);

    fake_write(fake, ROM, 0xffffffff, 4);
    g_assert_cmphex(fake_read(fake, ROM, 4), ==, 0);
    command(fake, MEMORY);
    g_assert_cmpuint(fake_all_calls(fake->hv), ==, 0);
    g_assert_cmpuint(fake_config_writes(host, ROM, 4), ==, 0);
    g_assert_cmpuint(xen_pt_device_region(fake->dev,
                                          XEN_PT_ROM_REGION).size, ==, 0);
    fake_close(fake);
}

/* A ROM that the host port makes up (romfile=) has no pages to map. */
static void a_rom_from_a_file_is_served_and_the_hardware_s_left_alone(void)
{
    FakeHost *host = rom_host();
    Fake *fake;

    host->host.info.region[XEN_PT_ROM_REGION].served = true;
    fake_set32(host, ROM, 0);
    fake = fake_start(host, NULL);
    fake_write(fake, ROM, 0xf1000001, 4);
    fake_write(fake, BAR(0), 0xf0000000, 4);
    command(fake, MEMORY);
    g_assert_cmpuint(fake_all_calls(fake->hv), ==, 1);
    g_assert_cmpuint(fake_config_writes(host, ROM, 4), ==, 0);
    xen_pt_device_region_read(fake->dev, XEN_PT_ROM_REGION, 0, 4);
    g_assert_cmpuint(fake_host_count(host, FAKE_REGION_READ), ==, 1);
    fake_close(fake);
}

/* Linux may know a place for the ROM that the device was never told. */
static void a_rom_without_a_place_in_hardware_is_placed(void)
{
    FakeHost *host = rom_host();
    Fake *fake;

    fake_set32(host, ROM, 0);
    fake = fake_start(host, NULL);
    g_assert_cmphex(fake_get32(host, ROM), ==, 0xfd000000);
    fake_close(fake);
}

static void a_rom_left_enabled_is_disabled_at_the_first_commit(void)
{
    FakeHost *host = rom_host();
    Fake *fake;

    fake_set32(host, ROM, 0xfd000001);
    fake = fake_start(host, NULL);
    fake_write(fake, BAR(0), 0xf0000000, 4);
    command(fake, MEMORY);
    g_assert_cmphex(fake_get32(host, ROM), ==, 0xfd000000);
    fake_close(fake);
}

/* -- refusals -------------------------------------------------------------- */

static int refuse_maps(FakeHypervisor *hv, const FakeCall *call)
{
    const int *error = hv->opaque;

    return call->op == FAKE_MEMORY_MAP || call->op == FAKE_IOPORT_MAP
           ? -*error : 0;
}

static void a_map_that_is_not_granted_yet_comes_by_itself(void)
{
    int error = EPERM;
    Fake *fake = programmed();

    fake->hv->refuse = refuse_maps;
    fake->hv->opaque = &error;
    command(fake, IO | MEMORY);
    g_assert_cmpuint(fake_mapped(fake->hv), ==, 0);
    g_assert_cmpint(map_of(fake, 0).state, ==, XEN_PT_MAP_PENDING);
    g_assert_cmpint(map_of(fake, 0).error, ==, EPERM);
    g_assert_cmpuint(fake->vm->events[XEN_PT_EVENT_MAP_PENDING], ==, 4);
    fake_vm_advance(fake->vm, 20000);
    g_assert_cmpuint(fake_mapped(fake->hv), ==, 0);
    g_assert_cmpuint(fake->vm->reports->len, ==, 0);
    fake->hv->refuse = NULL;
    fake_vm_advance(fake->vm, 300);
    g_assert_cmpuint(fake_mapped(fake->hv), ==, 4);
    g_assert_cmpint(map_of(fake, 0).state, ==, XEN_PT_MAP_MAPPED);
    g_assert_cmpint(map_of(fake, 0).error, ==, 0);
    g_assert_cmpint(fake->vm->timer, ==, -1);
    g_assert_cmpuint(fake->vm->events[XEN_PT_EVENT_MAP_PENDING], ==, 4);
    fake_close(fake);
}

static void a_pending_map_that_is_no_longer_wanted_is_forgotten(void)
{
    int error = EPERM;
    Fake *fake = programmed();

    fake->hv->refuse = refuse_maps;
    fake->hv->opaque = &error;
    command(fake, IO | MEMORY);
    command(fake, 0);
    fake_vm_advance(fake->vm, 200);
    fake->hv->refuse = NULL;
    fake_hypervisor_forget(fake->hv);
    fake_vm_advance(fake->vm, 10000);
    g_assert_cmpuint(fake_all_calls(fake->hv), ==, 0);
    g_assert_cmpint(fake->vm->timer, ==, -1);
    fake_close(fake);
}

static void a_pending_map_survives_a_suspend(void)
{
    int error = EPERM;
    Fake *fake = programmed();

    fake->hv->refuse = refuse_maps;
    fake->hv->opaque = &error;
    command(fake, IO | MEMORY);
    xen_pt_device_domain_state(fake->dev, XEN_PT_DOMAIN_SUSPENDED);
    fake->hv->refuse = NULL;
    fake_hypervisor_forget(fake->hv);
    fake_vm_advance(fake->vm, 1000);
    g_assert_cmpuint(fake_all_calls(fake->hv), ==, 0);
    xen_pt_device_domain_state(fake->dev, XEN_PT_DOMAIN_RUNNING);
    fake_vm_advance(fake->vm, 300);
    g_assert_cmpuint(fake_mapped(fake->hv), ==, 4);
    fake_close(fake);
}

static void a_map_refused_for_good_is_said_and_served(void)
{
    int error = EINVAL;
    Fake *fake = programmed();

    fake->hv->refuse = refuse_maps;
    fake->hv->opaque = &error;
    command(fake, IO | MEMORY);
    g_assert_cmpuint(fake_mapped(fake->hv), ==, 0);
    g_assert_cmpint(map_of(fake, 0).state, ==, XEN_PT_MAP_REFUSED);
    g_assert_cmpuint(fake_said(fake->vm, "refused to map"), ==, 4);
    g_assert_cmpint(fake->vm->timer, ==, -1);
    xen_pt_device_region_write(fake->dev, 2, 0x100, 4, 0xcafe);
    g_assert_cmphex(xen_pt_device_region_read(fake->dev, 2, 0x100, 4), ==,
                    0xcafe);
    for (unsigned i = 0; i < 1000; i++) {
        fake_write(fake, BAR(2), 0xf0100000 + (i << 16), 4);
    }
    g_assert_cmpuint(fake->vm->reports->len, <=, 7);
    fake_close(fake);
}

static void a_grant_that_turns_into_a_refusal_is_said(void)
{
    int error = EPERM;
    Fake *fake = programmed();

    fake->hv->refuse = refuse_maps;
    fake->hv->opaque = &error;
    command(fake, MEMORY);
    error = EINVAL;
    fake_vm_advance(fake->vm, 300);
    g_assert_cmpuint(fake_said(fake->vm, "refused to map"), ==, 3);
    g_assert_cmpint(fake->vm->timer, ==, -1);
    fake_close(fake);
}

/* A forced detach: the toolstack has revoked and unmapped before us. */
static int gone_already(FakeHypervisor *hv, const FakeCall *call)
{
    return call->op == FAKE_MEMORY_UNMAP ? -EPERM :
           call->op == FAKE_IOPORT_UNMAP ? -ENOENT : 0;
}

static void what_cannot_be_unmapped_is_forgotten_without_a_word(void)
{
    Fake *fake = decoding();

    fake->hv->refuse = gone_already;
    xen_pt_device_stop(fake->dev);
    g_assert_cmpuint(fake_calls(fake->hv, FAKE_MEMORY_UNMAP), ==, 3);
    g_assert_cmpuint(fake_calls(fake->hv, FAKE_IOPORT_UNMAP), ==, 1);
    g_assert_cmpuint(fake->vm->reports->len, ==, 0);
    fake_close(fake);
}

/* -- life ------------------------------------------------------------------ */

static void reset_unmaps_at_once(void)
{
    Fake *fake = decoding();

    xen_pt_device_reset(fake->dev);
    g_assert_cmpuint(fake_mapped(fake->hv), ==, 0);
    g_assert_cmphex(fake_read(fake, BAR(2), 4), ==, 0);
    g_assert_cmphex(fake_read(fake, COMMAND, 2), ==, 0);
    fake_close(fake);
}

static void stop_unmaps_what_was_put_off(void)
{
    Fake *fake = decoding();

    command(fake, 0);
    xen_pt_device_stop(fake->dev);
    g_assert_cmpuint(fake_mapped(fake->hv), ==, 0);
    g_assert_cmpint(fake->vm->timer, ==, -1);
    fake_hypervisor_forget(fake->hv);
    /* what the machine still has to say comes too late */
    xen_pt_device_section(fake->dev, false, 2, 0, 0xf0010000, 0x10000);
    xen_pt_device_section(fake->dev, true, 2, 0, 0xf0020000, 0x10000);
    xen_pt_device_unmap_stale(fake->dev);
    xen_pt_device_map_wanted(fake->dev);
    xen_pt_device_settle(fake->dev);
    command(fake, IO | MEMORY);
    g_assert_cmpuint(fake_all_calls(fake->hv), ==, 0);
    fake_close(fake);
}

static void suspended_maps_nothing_until_it_runs_again(void)
{
    Fake *fake = decoding();

    xen_pt_device_domain_state(fake->dev, XEN_PT_DOMAIN_SUSPENDED);
    fake_write(fake, BAR(2), 0xf0100000, 4);
    g_assert_cmpuint(fake_calls(fake->hv, FAKE_MEMORY_MAP), ==, 0);
    xen_pt_device_domain_state(fake->dev, XEN_PT_DOMAIN_RUNNING);
    g_assert_true(mapped(fake, 0xf0100000, HOST2));
    fake_close(fake);
}

static void xsa_509_no_map_after_the_domain_is_gone(void)
{
    Fake *fake = decoding();

    xen_pt_device_domain_state(fake->dev, XEN_PT_DOMAIN_GONE);
    fake_write(fake, BAR(2), 0xf0100000, 4);
    command(fake, 0);
    fake_vm_advance(fake->vm, 200);
    command(fake, IO | MEMORY);
    fake_vm_advance(fake->vm, 200);
    g_assert_cmpuint(fake_calls(fake->hv, FAKE_MEMORY_MAP), ==, 0);
    g_assert_cmpuint(fake_calls(fake->hv, FAKE_IOPORT_MAP), ==, 0);
    fake_close(fake);
}

/* -- open ------------------------------------------------------------------ */

static void assert_open_says(FakeHost *host, const XenPtOptions *options,
                             const char *text)
{
    char *sentence = fake_open_error(host, options);

    if (!strstr(sentence, text) || !strstr(sentence, ":00.0")) {
        g_error("'%s' does not say '%s'", sentence, text);
    }
    g_free(sentence);
}

static void a_shared_page_is_said_with_neighbour_and_cure(void)
{
    const XenPtOptions options = { .refuse_shared = true };
    FakeHost *host = fake_host_new();
    Fake *fake;

    fake_add_bar(host, 0, FAKE_BAR_MEM32, false, 0xfe000000, 0x800);
    host->host.info.region[0].page_exclusive = false;
    host->host.info.region[0].shared_with =
        g_strdup("0000:03:00.1, which dom0 uses");
    fake = fake_open(host, NULL);
    g_assert_cmpuint(fake_said(fake->vm, "0000:03:00.1, which dom0 uses"),
                     ==, 1);
    g_assert_cmpuint(fake_said(fake->vm, "pci=resource_alignment=12@"
                               "0000:03:00.0"), ==, 1);
    g_assert_cmpuint(xen_pt_device_warnings(fake->dev)->len, ==, 1);
    fake_close(fake);

    host = fake_host_new();
    fake_add_bar(host, 0, FAKE_BAR_MEM32, false, 0xfe000000, 0x800);
    host->host.info.region[0].shared_with = g_strdup("0000:03:00.1");
    assert_open_says(host, &options, "pci=resource_alignment=12@");

    host = fake_host_new();
    fake_add_bar(host, XEN_PT_ROM_REGION, FAKE_BAR_ROM, false, 0xfe000000,
                 0x800);
    host->host.info.region[XEN_PT_ROM_REGION].shared_with =
        g_strdup("0000:03:00.1");
    assert_open_says(host, &options, ": expansion ROM shares a page");

    /* ports have no pages; and an option that nothing offends is fine */
    host = fake_host_new();
    fake_add_bar(host, 0, FAKE_BAR_IO, false, 0xe000, 0x20);
    host->host.info.region[0].shared_with = g_strdup("0000:03:00.1");
    fake_close(fake_open(host, &options));
}

static void a_region_that_no_bar_can_be_is_refused(void)
{
    static const struct {
        uint64_t base, size;
    } cases[] = { { 0xfe000000, 0x1800 }, { 0xfe000800, 0x1000 } };

    for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
        FakeHost *host = fake_host_new();

        fake_add_bar(host, 0, FAKE_BAR_MEM32, false, cases[i].base,
                     cases[i].size);
        assert_open_says(host, NULL, "which cannot be");
    }
}

static void the_guest_sees_what_kind_a_region_is(void)
{
    FakeHost *host = fake_host_standard();
    Fake *fake;
    XenPtGuestRegion r;

    host->host.info.region[0].prefetch = true;
    fake = fake_open(host, NULL);
    r = xen_pt_device_region(fake->dev, 0);
    g_assert_true(r.mem64 && r.prefetch && !r.io && r.size == 0x4000);
    r = xen_pt_device_region(fake->dev, 4);
    g_assert_true(!r.mem64 && !r.prefetch && r.io && r.size == 0x20);
    g_assert_cmpuint(xen_pt_device_region(fake->dev, 1).size, ==, 0);
    g_assert_cmpuint(xen_pt_device_region(fake->dev, -1).size, ==, 0);
    g_assert_cmpuint(xen_pt_device_region(fake->dev, 7).size, ==, 0);
    fake_close(fake);
}

static void an_access_that_is_not_aligned_is_made_in_parts_that_are(void)
{
    static const struct {
        unsigned offset, size, parts, width;
    } cases[] = {
        { 0x101, 2, 2, 1 }, { 0x102, 4, 2, 2 }, { 0x101, 4, 4, 1 },
        { 0x104, 8, 2, 4 }, { 0x102, 8, 4, 2 }, { 0x107, 8, 8, 1 },
    };
    Fake *fake = decoding();

    for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
        uint64_t value = 0x1122334455667788ull >> (64 - 8 * cases[i].size);

        fake_host_forget(fake->host);
        xen_pt_device_region_write(fake->dev, 2, cases[i].offset,
                                   cases[i].size, value);
        g_assert_cmphex(xen_pt_device_region_read(fake->dev, 2,
                                                  cases[i].offset,
                                                  cases[i].size), ==, value);
        g_assert_cmpuint(fake->host->log->len, ==, 2 * cases[i].parts);
        for (unsigned n = 0; n < fake->host->log->len; n++) {
            const FakeAccess *a = &g_array_index(fake->host->log, FakeAccess,
                                                 n);

            g_assert_cmpuint(a->size, ==, cases[i].width);
            g_assert_cmphex(a->offset, ==, cases[i].offset + a->size *
                            (n % cases[i].parts));
        }
    }
    fake->host->region_errno = EIO;
    g_assert_cmphex(xen_pt_device_region_read(fake->dev, 2, 0x101, 2), ==,
                    0xffff);
    fake_close(fake);
}

static void trapped_accesses_that_make_no_sense_read_as_ones(void)
{
    Fake *fake = decoding();

    g_assert_cmphex(xen_pt_device_region_read(fake->dev, 2, 0, 3), ==,
                    0xffffff);
    g_assert_cmphex(xen_pt_device_region_read(fake->dev, 2, 0xfffd, 4), ==,
                    0xffffffff);
    g_assert_cmphex(xen_pt_device_region_read(fake->dev, 1, 0, 1), ==, 0xff);
    g_assert_cmphex(xen_pt_device_region_read(fake->dev, 4, 0x1d, 8), ==,
                    UINT64_MAX);
    xen_pt_device_region_write(fake->dev, 2, 0xfffd, 4, 0);
    g_assert_cmpuint(fake_host_count(fake->host, FAKE_REGION_READ), ==, 0);
    g_assert_cmpuint(fake_host_count(fake->host, FAKE_REGION_WRITE), ==, 0);
    fake->host->region_errno = EIO;
    g_assert_cmphex(xen_pt_device_region_read(fake->dev, 2, 0, 2), ==,
                    0xffff);
    xen_pt_device_region_write(fake->dev, 2, 0, 2, 0);
    fake_close(fake);
}

#define ADD(name) g_test_add_func("/bar/" #name, name)

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);

    ADD(the_first_enable_costs_4_calls);
    ADD(linux_sizing_costs_nothing);
    ADD(sizing_with_decoding_on_costs_nothing);
    ADD(moving_a_bar_costs_2_calls);
    ADD(a_bar_of_many_gib_is_one_call);
    ADD(a_bar_that_ends_at_a_multiple_of_4_gib_is_mapped_at_once);
    ADD(decode_off_is_committed_after_100_ms);
    ADD(the_deadline_is_that_of_the_first_write);
    ADD(another_bar_s_move_commits_at_once_what_was_put_off);
    ADD(settle_commits_at_once);
    ADD(removals_come_before_additions);
    ADD(a_bar_below_a_page_is_mapped_when_it_is_alone);
    ADD(a_bar_below_a_page_at_another_offset_is_served);
    ADD(a_bar_below_a_page_is_served_when_the_guest_packs);
    ADD(xsa_461_a_shared_host_page_is_never_mapped);
    ADD(a_machine_without_an_answer_gets_no_part_page);
    ADD(pieces_are_mapped_by_whole_pages);
    ADD(a_piece_within_a_page_is_served);
    ADD(a_page_that_shows_another_part_is_mapped_anew);
    ADD(of_a_part_seen_twice_the_one_that_goes_is_unmapped);
    ADD(nonsense_sections_are_ignored);
    ADD(the_hole_is_the_table_s_pages);
    ADD(the_hole_cuts_pieces_on_either_side);
    ADD(a_piece_of_an_io_bar_maps_its_own_ports);
    ADD(xsa_510_ports_beyond_64_ki_are_never_asked_for);
    ADD(ports_that_xen_finds_busy_are_served);
    ADD(bars_at_0_map_nothing);
    ADD(all_ones_map_nothing);
    ADD(a_bar_at_the_top_of_the_address_space_does_not_wrap);
    ADD(toggling_costs_as_many_unmaps_as_maps);
    ADD(the_upper_half_of_a_64_bit_bar_5_is_not_there);
    ADD(the_upper_half_of_a_bar_is_no_address_of_its_own);
    ADD(sizing_before_the_start_waits_for_nothing);
    ADD(decoding_what_is_not_there_commits_nothing);
    ADD(the_rom_is_mapped_while_both_its_enables_are_on);
    ADD(sizing_the_rom_with_its_enable_set_costs_nothing);
    ADD(without_a_rom_for_the_guest_its_register_is_0);
    ADD(a_rom_from_a_file_is_served_and_the_hardware_s_left_alone);
    ADD(a_rom_without_a_place_in_hardware_is_placed);
    ADD(a_rom_left_enabled_is_disabled_at_the_first_commit);
    ADD(a_map_that_is_not_granted_yet_comes_by_itself);
    ADD(a_pending_map_that_is_no_longer_wanted_is_forgotten);
    ADD(a_pending_map_survives_a_suspend);
    ADD(a_map_refused_for_good_is_said_and_served);
    ADD(a_grant_that_turns_into_a_refusal_is_said);
    ADD(what_cannot_be_unmapped_is_forgotten_without_a_word);
    ADD(reset_unmaps_at_once);
    ADD(stop_unmaps_what_was_put_off);
    ADD(suspended_maps_nothing_until_it_runs_again);
    ADD(xsa_509_no_map_after_the_domain_is_gone);
    ADD(a_shared_page_is_said_with_neighbour_and_cure);
    ADD(a_region_that_no_bar_can_be_is_refused);
    ADD(the_guest_sees_what_kind_a_region_is);
    ADD(an_access_that_is_not_aligned_is_made_in_parts_that_are);
    ADD(trapped_accesses_that_make_no_sense_read_as_ones);

    return g_test_run();
}
