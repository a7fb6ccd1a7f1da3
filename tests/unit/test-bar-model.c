/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * xen-pt tests: random guests against a model of where pages belong
 *
 * Two functions live in one machine, beside RAM and an emulated device that
 * comes and goes.  A random program writes Command, BARs and ROM registers in
 * all widths, lets time pass, has Xen refuse, suspends, resets, stops.  After
 * each step, with nothing taken from the code under test:
 *
 *  - registers read as PCI 3.0 says;
 *  - what decodes is where the guest has put it, and what no longer does is
 *    gone after 100 ms at the latest;
 *  - each guest page and port that Xen maps is the one that the model has
 *    there, and none that it has is missing, unless Xen refused it;
 *  - no commit adds before it has removed; nothing is mapped twice, and all
 *    that was mapped is unmapped just so (the fake hypervisor sees to it).
 *
 * A failure names the seed; XEN_PT_TEST_SEED and XEN_PT_TEST_RUNS choose
 * others.  Beside the random ones, every program of a few events that matter
 * is run.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "fake-host.h"

#define FNS     2
#define PAGE    0x1000ull
#define SETTLE  100
#define NOWHERE UINT64_MAX

/* -- the machine ----------------------------------------------------------- */

/* Who answers at an address: RAM and the emulated device are not regions. */
typedef struct Piece {
    int fn;                 /* -1: somebody else */
    int region;
    bool io;
    uint64_t start, size, offset;
} Piece;

typedef struct World World;

typedef struct Function {
    XenPtVm vm;
    World *world;
    FakeHost *host;
    XenPtDevice *dev;
    XenPtLayout layout;             /* committed last */
    int64_t timer;
    uint16_t command;               /* the guest's registers */
    uint32_t bar[7];                /* ROM last */
    bool command_last;              /* written after the last BAR */
    int64_t stale_since[XEN_PT_NUM_REGIONS];
    bool stopped;
} Function;

struct World {
    FakeHypervisor *hv;
    Function fn[FNS];
    GArray *pieces;                 /* Piece: the flat view */
    int64_t now, all_well_since;
    XenPtDomainState domain;
    bool granted, refuse_some;
    uint64_t emulated;              /* NOWHERE: not there */
    GArray *refused;                /* Refusal: of pages */
    unsigned reports;
};

typedef struct Refusal {
    bool io;
    uint64_t guest, machine, count;
} Refusal;

static World *world_of(XenPtVm *vm)
{
    return ((Function *)vm)->world;
}

static const XenPtHostRegion *host_region(const Function *f, int i)
{
    return &f->host->host.info.region[i];
}

/* As a PCI bus decodes: nowhere at 0, over the end, or with decoding off. */
static uint64_t place(const Function *f, const XenPtLayout *l, int i)
{
    const XenPtHostRegion *r = host_region(f, i);
    uint64_t base = l->bar[i], last = base + r->size - 1;

    if (!r->size || !base || last < base) {
        return NOWHERE;
    }
    if (r->io) {
        return l->io_decode && last < 0x10000 ? base : NOWHERE;
    }
    if (!l->memory_decode || (i == XEN_PT_ROM_REGION && !l->rom_enabled)) {
        return NOWHERE;
    }
    if (last >= (r->mem64 ? UINT64_MAX : 0xffffffffull)) {
        return NOWHERE;
    }
    return base;
}

/* In order of priority: RAM, the emulated device, then later regions. */
static void all_claims(const World *w, GArray *claims)
{
    const Piece ram = { -1, 0, false, 0x80040000, 0x2800, 0 };
    Piece emulated = { -1, 0, false, w->emulated, 0x1400, 0 };
    Piece ports = { -1, 0, true, 0xc010, 0x18, 0 };

    g_array_append_val(claims, ram);
    g_array_append_val(claims, ports);
    if (w->emulated != NOWHERE) {
        g_array_append_val(claims, emulated);
    }
    for (int n = 0; n < FNS; n++) {
        const Function *f = &w->fn[n];

        for (int i = 0; i < XEN_PT_NUM_REGIONS && !f->stopped; i++) {
            uint64_t at = place(f, &f->layout, i);
            Piece p = { n, i, host_region(f, i)->io, at,
                        host_region(f, i)->size, 0 };

            if (at != NOWHERE) {
                g_array_append_val(claims, p);
            }
        }
    }
}

static int by_address(gconstpointer a, gconstpointer b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

    return x < y ? -1 : x > y;
}

/* Cuts the claims at each other's edges; the first that covers wins. */
static GArray *flat_view(const World *w)
{
    GArray *claims = g_array_new(FALSE, FALSE, sizeof(Piece));
    GArray *edges = g_array_new(FALSE, FALSE, sizeof(uint64_t));
    GArray *flat = g_array_new(FALSE, FALSE, sizeof(Piece));

    all_claims(w, claims);
    for (guint i = 0; i < claims->len; i++) {
        const Piece *p = &g_array_index(claims, Piece, i);
        uint64_t end = p->start + p->size;

        g_array_append_val(edges, p->start);
        g_array_append_val(edges, end);
    }
    g_array_sort(edges, by_address);
    for (int io = 0; io < 2; io++) {
        for (guint e = 0; e + 1 < edges->len; e++) {
            uint64_t from = g_array_index(edges, uint64_t, e);
            uint64_t to = g_array_index(edges, uint64_t, e + 1);
            const Piece *owner = NULL;
            Piece *last = flat->len
                ? &g_array_index(flat, Piece, flat->len - 1) : NULL;
            Piece piece;

            for (guint i = 0; i < claims->len && !owner; i++) {
                const Piece *p = &g_array_index(claims, Piece, i);

                if (p->io == io && p->start <= from &&
                    to <= p->start + p->size) {
                    owner = p;
                }
            }
            if (from == to || !owner) {
                continue;
            }
            piece = *owner;
            piece.start = from;
            piece.size = to - from;
            piece.offset = from - owner->start;
            if (last && last->fn == piece.fn && last->region == piece.region &&
                last->io == piece.io && last->start + last->size == from &&
                last->offset + last->size == piece.offset) {
                last->size += piece.size;
            } else {
                g_array_append_val(flat, piece);
            }
        }
    }
    g_array_unref(claims);
    g_array_unref(edges);
    return flat;
}

static bool has(const GArray *pieces, const Piece *p)
{
    for (guint i = 0; i < pieces->len; i++) {
        const Piece *q = &g_array_index(pieces, Piece, i);

        if (q->fn == p->fn && q->region == p->region && q->io == p->io &&
            q->start == p->start && q->size == p->size &&
            q->offset == p->offset) {
            return true;
        }
    }
    return false;
}

/* As the adapter to QEMU: pieces that go, pieces that come, then the maps. */
static void topology_changed(World *w)
{
    GArray *old = w->pieces, *new = flat_view(w);
    guint log = w->hv->log->len;
    bool added = false;

    w->pieces = new;
    for (guint i = 0; i < old->len; i++) {
        const Piece *p = &g_array_index(old, Piece, i);

        if (p->fn >= 0 && !has(new, p)) {
            xen_pt_device_section(w->fn[p->fn].dev, false, p->region,
                                  p->offset, p->start, p->size);
        }
    }
    for (guint i = 0; i < new->len; i++) {
        const Piece *p = &g_array_index(new, Piece, i);

        if (p->fn >= 0 && !has(old, p)) {
            xen_pt_device_section(w->fn[p->fn].dev, true, p->region,
                                  p->offset, p->start, p->size);
        }
    }
    g_array_unref(old);
    for (int n = 0; n < FNS; n++) {
        xen_pt_device_unmap_stale(w->fn[n].dev);
    }
    for (int n = 0; n < FNS; n++) {
        xen_pt_device_map_wanted(w->fn[n].dev);
    }
    for (; log < w->hv->log->len; log++) {
        FakeOp op = g_array_index(w->hv->log, FakeCall, log).op;

        added |= op == FAKE_MEMORY_MAP || op == FAKE_IOPORT_MAP;
        g_assert_false(added && (op == FAKE_MEMORY_UNMAP ||
                                 op == FAKE_IOPORT_UNMAP));
    }
}

static void commit_layout(XenPtVm *vm, const XenPtLayout *layout)
{
    ((Function *)vm)->layout = *layout;
    topology_changed(world_of(vm));
}

static bool page_is_alone(XenPtVm *vm, uint64_t gaddr)
{
    const World *w = world_of(vm);
    const Piece *only = NULL;

    g_assert_cmphex(gaddr & (PAGE - 1), ==, 0);
    for (guint i = 0; i < w->pieces->len; i++) {
        const Piece *p = &g_array_index(w->pieces, Piece, i);

        if (p->io || p->start + p->size <= gaddr || p->start >= gaddr + PAGE) {
            continue;
        }
        if (p->fn < 0 || &w->fn[p->fn].vm != vm ||
            (only && only->region != p->region)) {
            return false;
        }
        only = p;
    }
    return only != NULL;
}

static int64_t now_ms(XenPtVm *vm)
{
    return world_of(vm)->now;
}

static void set_timer(XenPtVm *vm, int64_t at_ms)
{
    ((Function *)vm)->timer = at_ms;
}

static void report(XenPtVm *vm, XenPtLevel level, const char *sentence)
{
    world_of(vm)->reports += level != XEN_PT_LEVEL_INFO;
}

static const XenPtVmOps vm_ops = {
    .commit_layout = commit_layout,
    .page_is_alone = page_is_alone,
    .now_ms = now_ms,
    .set_timer = set_timer,
    .report = report,
};

/* -- Xen ------------------------------------------------------------------- */

static int xen_refuses(FakeHypervisor *hv, const FakeCall *call)
{
    World *w = hv->opaque;
    Refusal r = {
        call->op == FAKE_IOPORT_MAP, call->a, call->b, call->c,
    };

    if (call->op != FAKE_MEMORY_MAP && call->op != FAKE_IOPORT_MAP) {
        return 0;
    }
    g_assert_cmpint(w->domain, ==, XEN_PT_DOMAIN_RUNNING);
    if (!w->granted) {
        return -EPERM;
    }
    if (w->refuse_some && (call->a ^ call->b) % 3 == 0) {
        g_array_append_val(w->refused, r);
        return -EBUSY;
    }
    return 0;
}

/* -- where pages belong ---------------------------------------------------- */

typedef struct Expected {
    bool io;
    uint64_t guest, machine;
} Expected;

static bool on_table_page(const Function *f, int region, uint64_t machine)
{
    const XenPtHostRegion *r = host_region(f, 0);
    uint64_t table = r->base + (fake_get32(f->host, 0x74) & ~7ull);
    uint64_t end = table + 16 * ((fake_get16(f->host, 0x72) & 0x7ff) + 1);

    return region == 0 && fake_get8(f->host, 0x70) == 0x11 &&
           machine + PAGE > table && machine < end;
}

/* What the page at gaddr should show; false: nothing is mapped there. */
static bool page_belongs(const World *w, uint64_t gaddr, Expected *expected)
{
    const Piece *owner = NULL;
    const XenPtHostRegion *r;
    uint64_t covered = 0, machine;
    bool alone = true;

    for (guint i = 0; i < w->pieces->len; i++) {
        const Piece *p = &g_array_index(w->pieces, Piece, i);
        uint64_t from, to;

        if (p->io || p->start + p->size <= gaddr || p->start >= gaddr + PAGE) {
            continue;
        }
        from = MAX(p->start, gaddr);
        to = MIN(p->start + p->size, gaddr + PAGE);
        if (owner) {
            alone = false;
        } else if (p->fn >= 0) {
            owner = p;
            covered = to - from;
        }
        alone &= p->fn >= 0;
    }
    if (!owner || (!alone && covered < PAGE)) {
        return false;
    }
    r = host_region(&w->fn[owner->fn], owner->region);
    machine = r->base + owner->offset + gaddr - owner->start;
    if ((machine & (PAGE - 1)) || (covered < PAGE && !r->page_exclusive) ||
        on_table_page(&w->fn[owner->fn], owner->region, machine)) {
        return false;
    }
    *expected = (Expected) { false, gaddr / PAGE, machine / PAGE };
    return true;
}

static GArray *everything_expected(const World *w)
{
    GArray *all = g_array_new(FALSE, FALSE, sizeof(Expected));
    uint64_t next = 0;      /* pieces are sorted: each page once */

    for (guint i = 0; i < w->pieces->len; i++) {
        const Piece *p = &g_array_index(w->pieces, Piece, i);
        uint64_t base = p->fn < 0 ? 0
                        : host_region(&w->fn[p->fn], p->region)->base;
        Expected e;

        if (p->io) {
            for (uint64_t n = 0; p->fn >= 0 && n < p->size; n++) {
                e = (Expected) { true, p->start + n, base + p->offset + n };
                g_array_append_val(all, e);
            }
            continue;
        }
        for (uint64_t at = MAX(p->start & ~(PAGE - 1), next);
             at < p->start + p->size; at += PAGE) {
            if (page_belongs(w, at, &e)) {
                g_array_append_val(all, e);
            }
            next = at + PAGE;
        }
    }
    return all;
}

static bool was_refused(const World *w, const Expected *e)
{
    for (guint i = 0; i < w->refused->len; i++) {
        const Refusal *r = &g_array_index(w->refused, Refusal, i);

        if (r->io == e->io && e->guest - r->guest < r->count &&
            e->machine - r->machine == e->guest - r->guest) {
            return true;
        }
    }
    return false;
}

static void check_maps(World *w)
{
    GArray *expected = everything_expected(w);
    uint64_t found[2] = { 0, 0 };
    bool complete = w->domain == XEN_PT_DOMAIN_RUNNING && w->granted &&
                    w->now - w->all_well_since >= 300;

    for (guint i = 0; i < expected->len; i++) {
        const Expected *e = &g_array_index(expected, Expected, i);

        if (fake_is_mapped(w->hv, e->io, e->guest, e->machine)) {
            found[e->io]++;
        } else if (complete) {
            g_assert_true(was_refused(w, e));
        }
    }
    g_assert_cmpuint(found[0], ==, fake_mapped_units(w->hv, false));
    g_assert_cmpuint(found[1], ==, fake_mapped_units(w->hv, true));
    g_array_unref(expected);
}

/* -- registers ------------------------------------------------------------- */

static uint32_t bar_mask(const Function *f, int i)
{
    const XenPtHostRegion *r = host_region(f, i);

    if (i == XEN_PT_ROM_REGION) {
        return r->size ? (~(uint32_t)(r->size - 1) & 0xfffff800) | 1 : 0;
    }
    if (!r->size) {
        return i > 0 && host_region(f, i - 1)->mem64
               ? ~(host_region(f, i - 1)->size - 1) >> 32 : 0;
    }
    return ~(uint32_t)(r->size - 1) & (r->io ? ~3u : ~15u);
}

static uint32_t bar_type(const Function *f, int i)
{
    const XenPtHostRegion *r = host_region(f, i);

    return !r->size || i == XEN_PT_ROM_REGION ? 0
           : r->io ? 1 : (r->mem64 ? 4 : 0) | (r->prefetch ? 8 : 0);
}

static void guest_layout(const Function *f, XenPtLayout *l)
{
    memset(l, 0, sizeof(*l));
    l->io_decode = f->command & 1;
    l->memory_decode = f->command & 2;
    l->rom_enabled = f->bar[6] & 1;
    for (int i = 0; i < XEN_PT_NUM_REGIONS; i++) {
        l->bar[i] = f->bar[i] & ~(i == 6 ? 1u : 0u);
        if (host_region(f, i)->mem64) {
            l->bar[i] |= (uint64_t)f->bar[i + 1] << 32;
        }
    }
}

/* All ones in what can be written: a question, not an address. */
static bool asks_for_size(const Function *f, int i)
{
    uint32_t mask = bar_mask(f, i) & ~(i == 6 ? 1u : 0u);

    return (mask && (f->bar[i] & mask) == mask) ||
           (host_region(f, i)->mem64 &&
            f->bar[i + 1] == bar_mask(f, i + 1));
}

static void check_registers(World *w, Function *f)
{
    XenPtLayout want;

    if (f->stopped) {
        g_assert_cmphex(xen_pt_device_config_read(f->dev, 4, 4), ==,
                        0xffffffff);
        return;
    }
    g_assert_cmphex(xen_pt_device_config_read(f->dev, 4, 2), ==, f->command);
    for (int i = 0; i < XEN_PT_NUM_REGIONS; i++) {
        g_assert_cmphex(xen_pt_device_config_read(f->dev, i == 6 ? 0x30
                                                  : 0x10 + 4 * i, 4), ==,
                        f->bar[i] | bar_type(f, i));
    }
    guest_layout(f, &want);
    for (int i = 0; i < XEN_PT_NUM_REGIONS; i++) {
        uint64_t at = place(f, &want, i), is = place(f, &f->layout, i);

        if (at == is) {
            f->stale_since[i] = -1;
        } else if (at != NOWHERE &&
                   (f->command_last || !asks_for_size(f, i))) {
            g_error("region %d is at %" G_GINT64_MODIFIER "x, not at %"
                    G_GINT64_MODIFIER "x", i, is, at);
        } else if (f->stale_since[i] < 0) {
            f->stale_since[i] = w->now;
        }
        g_assert_true(f->stale_since[i] < 0 ||
                      w->now - f->stale_since[i] < SETTLE);
    }
}

static void guest_writes(Function *f, unsigned at, uint32_t value,
                         unsigned len)
{
    for (unsigned n = 0; n < len && !f->stopped; n++) {
        unsigned reg = at + n;
        uint32_t byte = value >> 8 * n & 0xff;
        unsigned i = reg >= 0x30 ? 6 : (reg - 0x10) / 4;
        unsigned shift = 8 * (reg & 3);

        if (reg == 4 || reg == 5) {
            f->command_last = true;
            shift = 8 * (reg - 4);
            f->command = (f->command & ~(0xff << shift)) |
                         (byte << shift & 0x077f);
        } else if (reg >= 0x10) {
            f->command_last = false;
            f->bar[i] = (f->bar[i] & ~(0xffu << shift)) |
                        (byte << shift & bar_mask(f, i));
        }
    }
    xen_pt_device_config_write(f->dev, at, value, len);
}

static void check_world(World *w)
{
    for (int n = 0; n < FNS; n++) {
        check_registers(w, &w->fn[n]);
    }
    check_maps(w);
}

/* -- programs -------------------------------------------------------------- */

static void add_function(World *w, int n, FakeHost *host)
{
    static const XenPtOptions none;
    Function *f = &w->fn[n];

    f->vm.ops = &vm_ops;
    f->world = w;
    f->host = host;
    f->timer = -1;
    for (int i = 0; i < XEN_PT_NUM_REGIONS; i++) {
        f->stale_since[i] = -1;
    }
    f->dev = xen_pt_device_open(&host->host, &w->hv->hv, &f->vm, &none, NULL);
    g_assert_nonnull(f->dev);
}

static World *world_new(void)
{
    World *w = g_new0(World, 1);
    FakeHost *a = fake_host_new(), *b = fake_host_new();

    w->hv = fake_hypervisor_new();
    w->hv->refuse = xen_refuses;
    w->hv->opaque = w;
    w->pieces = g_array_new(FALSE, FALSE, sizeof(Piece));
    w->refused = g_array_new(FALSE, FALSE, sizeof(Refusal));
    w->emulated = NOWHERE;
    w->granted = true;
    w->now = w->all_well_since = 1000;

    fake_add_bar(a, 0, FAKE_BAR_MEM64, true, 0x400000000ull, 0x8000);
    fake_add_bar(a, 2, FAKE_BAR_MEM32, false, 0xfe010000, 0x10000);
    fake_add_bar(a, 3, FAKE_BAR_MEM32, false, 0xfe000200, 0x200);
    fake_add_bar(a, 4, FAKE_BAR_IO, false, 0xe000, 0x20);
    fake_add_bar(a, 5, FAKE_BAR_IO, false, 0xe040, 0x08);
    fake_add_bar(a, 6, FAKE_BAR_ROM, false, 0xfe020000, 0x800);
    fake_add_msix(a, 0x70, 200, 0x1800, 0x4000);    /* pages 1 and 2 */
    add_function(w, 0, a);

    b->host.info.address.slot = 1;
    fake_add_bar(b, 0, FAKE_BAR_MEM32, false, 0xfd000400, 0x100);
    b->host.info.region[0].page_exclusive = false;
    fake_add_bar(b, 1, FAKE_BAR_MEM32, false, 0xfd001000, 0x1000);
    fake_add_bar(b, 2, FAKE_BAR_MEM64, false, 0x440000000ull, 0x4000);
    fake_add_bar(b, 4, FAKE_BAR_IO, false, 0xe020, 0x20);
    fake_add_bar(b, 5, FAKE_BAR_MEM32, false, 0xfd002800, 0x800);
    add_function(w, 1, b);
    for (int n = 0; n < FNS; n++) {
        g_assert_true(xen_pt_device_start(w->fn[n].dev, 0, 5 + n, NULL));
    }
    return w;
}

static void world_free(World *w)
{
    for (int n = 0; n < FNS; n++) {
        xen_pt_device_close(w->fn[n].dev);
        g_assert_cmpuint(w->fn[n].host->closes, ==, 1);
    }
    for (guint i = 0; i < w->hv->violations->len; i++) {
        g_error("%s", (char *)g_ptr_array_index(w->hv->violations, i));
    }
    g_assert_cmpuint(fake_mapped(w->hv), ==, 0);
    g_assert_cmpuint(fake_pirqs(w->hv), ==, 0);
    g_assert_cmpuint(w->reports, <=, 2 * XEN_PT_NUM_REGIONS);
    for (int n = 0; n < FNS; n++) {
        fake_host_free(w->fn[n].host);
    }
    fake_hypervisor_free(w->hv);
    g_array_unref(w->pieces);
    g_array_unref(w->refused);
    g_free(w);
}

static void advance(World *w, int64_t ms)
{
    int64_t end = w->now + ms;

    for (;;) {
        Function *next = NULL;

        for (int n = 0; n < FNS; n++) {
            Function *f = &w->fn[n];

            if (f->timer >= 0 && f->timer <= end &&
                (!next || f->timer < next->timer)) {
                next = f;
            }
        }
        if (!next) {
            break;
        }
        w->now = MAX(w->now, next->timer);
        next->timer = -1;
        xen_pt_device_timer(next->dev);
    }
    w->now = end;
}

static uint32_t pick(GRand *rand, const uint32_t *from, unsigned count)
{
    return from[g_rand_int_range(rand, 0, count)];
}
#define PICK(rand, from) pick(rand, from, G_N_ELEMENTS(from))

static void write_something(World *w, GRand *rand)
{
    static const uint32_t registers[] = {
        4, 4, 4, 4, 5, 0x10, 0x10, 0x14, 0x18, 0x1c, 0x20, 0x24, 0x30,
        0x11, 0x12, 0x13, 0x16, 0x1a, 0x1d, 0x22, 0x25, 0x32,
    };
    static const uint32_t values[] = {
        0, 0xffffffff, 0xfffffffe, 0x80000000, 0x80002000, 0x80004000,
        0x80006200, 0x80006400, 0x80006800, 0x80006201, 0x8003e000,
        0x80041000, 0xc000, 0xc020, 0xc008, 0xffe0, 0xfff0, 0x1000c000,
        0xfffff000, 0xffff0000, 0xfffff801, 0x80000001, 0x80008001, 1, 2, 0xf,
    };
    static const uint32_t commands[] = { 0, 1, 2, 3, 3, 3, 3, 7, 0x407 };
    static const uint32_t lengths[] = { 4, 4, 4, 2, 1 };
    Function *f = &w->fn[g_rand_int_range(rand, 0, FNS)];
    unsigned at = PICK(rand, registers), len = PICK(rand, lengths);
    uint32_t value = at < 0x10 ? PICK(rand, commands) : PICK(rand, values);

    if (at == 5) {
        len = 1;
        value >>= 8;
    }
    if (at >= 0x10 && (at & 3)) {
        value >>= 8 * (at & 3);
    }
    /* over the edge of a register too, but not out of the BARs */
    while (at >= 0x10 && at + len > (at < 0x30 ? 0x28 : 0x34)) {
        len /= 2;
    }
    guest_writes(f, at, value, len);
}

/* The usual: all BARs apart from each other, decoding on. */
static void firmware(World *w, Function *f)
{
    uint32_t at = 0x80000000 + (f == w->fn ? 0 : 0x20000);

    for (int i = 0; i < 6; i++) {
        const XenPtHostRegion *r = host_region(f, i);

        if (!r->size) {
            guest_writes(f, 0x10 + 4 * i, 0, 4);
        } else if (r->io) {
            guest_writes(f, 0x10 + 4 * i, 0xc100 + 0x40 * i +
                         (f == w->fn ? 0 : 0x200), 4);
        } else {
            at = (at + r->size - 1) & ~(r->size - 1);
            guest_writes(f, 0x10 + 4 * i, at, 4);
            at += r->size;
        }
    }
    guest_writes(f, 4, 7, 2);
}

static void reset(Function *f)
{
    if (f->stopped) {
        return;
    }
    f->command = 0;
    memset(f->bar, 0, sizeof(f->bar));
    xen_pt_device_reset(f->dev);
}

static void unplug(Function *f)
{
    xen_pt_device_stop(f->dev);
    f->stopped = true;
    topology_changed(f->world);
}

static void set_domain(World *w, XenPtDomainState state)
{
    if (w->domain == XEN_PT_DOMAIN_GONE) {
        return;
    }
    w->domain = state;
    w->all_well_since = w->now;
    for (int n = 0; n < FNS; n++) {
        xen_pt_device_domain_state(w->fn[n].dev, state);
    }
}

static void step(World *w, GRand *rand)
{
    static const uint32_t waits[] = { 0, 1, 10, 49, 50, 99, 100, 300, 6000 };
    static const uint64_t emulated[] = {
        NOWHERE, 0x80000800, 0x80003000, 0x80006000, 0x8000a400,
    };
    int what = g_rand_int_range(rand, 0, 100);

    if (what < 60) {
        write_something(w, rand);
    } else if (what < 68) {
        firmware(w, &w->fn[g_rand_int_range(rand, 0, FNS)]);
    } else if (what < 82) {
        advance(w, PICK(rand, waits));
    } else if (what < 86) {
        xen_pt_device_settle(w->fn[what & 1].dev);
    } else if (what < 90) {
        w->emulated = emulated[g_rand_int_range(rand, 0, 5)];
        topology_changed(w);
    } else if (what < 93) {
        w->granted = !w->granted;
        w->all_well_since = w->now;
    } else if (what < 95) {
        w->refuse_some = !w->refuse_some;
    } else if (what < 96) {
        reset(&w->fn[g_rand_int_range(rand, 0, FNS)]);
    } else if (what < 99) {
        set_domain(w, g_rand_int_range(rand, 0, 2)
                      ? XEN_PT_DOMAIN_RUNNING : XEN_PT_DOMAIN_SUSPENDED);
    } else if (g_rand_int_range(rand, 0, 4) == 0) {
        set_domain(w, XEN_PT_DOMAIN_GONE);
    } else if (g_rand_int_range(rand, 0, 4) == 0) {
        unplug(&w->fn[g_rand_int_range(rand, 0, FNS)]);
    }
}

/* -- every order of what matters ------------------------------------------- */

static void enable(World *w)
{
    guest_writes(&w->fn[0], 4, 7, 2);
}

static void disable(World *w)
{
    guest_writes(&w->fn[0], 4, 0, 2);
}

static void move(World *w)
{
    Function *f = &w->fn[0];

    guest_writes(f, 0x18, f->bar[2] == 0x80010000 ? 0x80100000 : 0x80010000,
                 4);
}

/* The other function's BAR 2 comes to lie in the middle of this one's. */
static void overlap(World *w)
{
    guest_writes(&w->fn[1], 0x18, w->fn[0].bar[2] + 0x4000, 4);
}

static void refuse(World *w)
{
    w->granted = !w->granted;
    w->all_well_since = w->now;
}

static void let_settle(World *w)
{
    advance(w, SETTLE);
}

static void unplug_first(World *w)
{
    unplug(&w->fn[0]);
}

#define EVENTS 7
#define LENGTH 5

static void every_order_of_events_keeps_pages_right(void)
{
    static void (*const event[EVENTS])(World *) = {
        enable, disable, move, overlap, refuse, let_settle, unplug_first,
    };
    unsigned orders = 1, maps = 0;

    for (unsigned n = 0; n < LENGTH; n++) {
        orders *= EVENTS;
    }
    for (unsigned order = 0; order < orders; order++) {
        World *w = world_new();
        unsigned rest = order;

        g_test_message("order %u", order);
        firmware(w, &w->fn[1]);
        firmware(w, &w->fn[0]);
        for (unsigned n = 0; n < LENGTH; n++, rest /= EVENTS) {
            event[rest % EVENTS](w);
            check_world(w);
        }
        w->granted = true;
        advance(w, 300);
        check_world(w);
        maps += fake_calls(w->hv, FAKE_MEMORY_MAP);
        world_free(w);
    }
    g_assert_cmpuint(maps, >, 5 * orders);
}

static unsigned from_environment(const char *name, unsigned otherwise)
{
    const char *text = g_getenv(name);

    return text ? g_ascii_strtoull(text, NULL, 0) : otherwise;
}

static void pages_are_where_the_guest_has_put_them(void)
{
    unsigned seed = from_environment("XEN_PT_TEST_SEED", 1);
    unsigned runs = from_environment("XEN_PT_TEST_RUNS", 1500);
    uint64_t maps = 0, refusals = 0;

    for (; runs; runs--, seed++) {
        GRand *rand = g_rand_new_with_seed(seed);
        World *w = world_new();

        g_test_message("seed %u", seed);
        for (int n = 0; n < 80; n++) {
            step(w, rand);
            check_world(w);
        }
        maps += fake_calls(w->hv, FAKE_MEMORY_MAP) +
                fake_calls(w->hv, FAKE_IOPORT_MAP);
        refusals += w->refused->len;
        world_free(w);
        g_rand_free(rand);
    }
    /* the programs do reach what they are there to reach */
    g_test_message("%u maps, %u refused", (unsigned)maps, (unsigned)refusals);
    g_assert_cmpuint(maps, >, 1000);
    g_assert_cmpuint(refusals, >, 100);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/bar-model/every_order_of_events_keeps_pages_right",
                    every_order_of_events_keeps_pages_right);
    g_test_add_func("/bar-model/pages_are_where_the_guest_has_put_them",
                    pages_are_where_the_guest_has_put_them);
    return g_test_run();
}
