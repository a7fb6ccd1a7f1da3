/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * xen-pt tests: what each bit of each shown register does, measured from
 * outside and compared with a list of its own
 *
 * The list, in registers.h, does not come from the tables: it is what
 * the specifications and the safety of the host ask for.  A register that is
 * not listed must read 0 and go nowhere.
 */
#include <stdlib.h>
#include <string.h>

#include "fake-host.h"
#include "one-capability.h"

typedef struct Register {
    uint16_t first, last;   /* dwords, from the start of the capability */
    uint32_t device;     /* the value comes from the device, at least first */
    uint32_t live;       /* and each time */
    uint32_t one;        /* always reads 1 */
    uint32_t own;        /* the guest's own storage */
    uint32_t host;       /* the guest's writes reach the device */
    uint32_t clear;      /* its ones do */
    uint32_t permissive; /* its writes do in permissive mode, besides */
} Register;

#include "registers.h"

typedef struct Expected {
    uint16_t id;
    bool extended;
    const Register *registers;
} Expected;

static const Expected expected[] = {
    { 0x01, false, pm }, { 0x03, false, vpd }, { 0x09, false, vendor },
    { 0x10, false, express }, { 0x12, false, sata }, { 0x13, false, af },
    { 0x01, true, aer }, { 0x02, true, vc }, { 0x03, true, serial },
    { 0x04, true, power }, { 0x08, true, vc }, { 0x09, true, vc },
    { 0x0b, true, vsec }, { 0x16, true, dpa },
    { 0x17, true, tph }, { 0x18, true, ltr }, { 0x1e, true, l1ss },
    { 0x1f, true, ptm }, { 0x22, true, readiness }, { 0x23, true, dvsec },
};

static const XenPtCapability *find(uint16_t id, bool extended)
{
    for (const XenPtCapability *const *cap = xen_pt_capabilities(); *cap;
         cap++) {
        if ((*cap)->id == id && (*cap)->extended == extended) {
            return *cap;
        }
    }
    return NULL;
}

/* -- measuring ------------------------------------------------------------- */

typedef struct Bench {
    Fake *fake;
    FakeHost *host;
    unsigned base, at;
    uint32_t forced;     /* bits that cannot be chosen freely */
} Bench;

static Bench bench_open(const XenPtCapability *cap, unsigned offset,
                        uint32_t content, bool permissive)
{
    XenPtOptions options = {
        .permissive = permissive,
        .allow_reset = !cap->extended && cap->id == 0x13,
    };
    Bench b = {
        .base = cap == xen_pt_header() ? 0
                : cap->extended ? AT_EXTENDED : AT_CONVENTIONAL,
    };

    b.host = host_with(cap, content);
    b.at = b.base + offset;
    b.forced = fake_get32(b.host, b.at) ^ content;
    b.fake = fake_open(b.host, &options);
    fake_read(b.fake, 0x100, 4);
    return b;
}

static uint32_t bench_read(Bench *b)
{
    return fake_read(b->fake, b->at, 4);
}

/* Which of its bits the device has after the guest wrote value. */
static uint32_t bench_write(Bench *b, uint32_t value)
{
    fake_write(b->fake, b->at, value, 4);
    return fake_get32(b->host, b->at);
}

static void measure_reach(const XenPtCapability *cap, unsigned offset,
                          bool permissive, uint32_t *host, uint32_t *clear)
{
    Bench zero = bench_open(cap, offset, 0, permissive);
    Bench ones = bench_open(cap, offset, 0xffffffff, permissive);
    uint32_t before0 = fake_get32(zero.host, zero.at);
    uint32_t before1 = fake_get32(ones.host, ones.at);
    uint32_t set = bench_write(&zero, 0xffffffff) & ~before0;
    uint32_t cleared = before1 & ~bench_write(&ones, 0);

    /* a merged write puts 0 where writing 1 would do something */
    *host = set & (cleared | zero.forced | ones.forced);
    *clear = set & ~*host;
    fake_close(zero.fake);
    fake_close(ones.fake);
}

static Register measure(const XenPtCapability *cap, unsigned offset)
{
    Register r = { offset, offset };
    Bench zero = bench_open(cap, offset, 0, false);
    Bench ones = bench_open(cap, offset, 0xffffffff, false);
    uint32_t forced = zero.forced | ones.forced;
    uint32_t view0 = bench_read(&zero), view1 = bench_read(&ones);
    uint32_t change, host, clear, after;

    r.device = (view0 ^ view1) & ~forced;
    r.one = view0 & view1 & ~forced;
    change = fake_get32(ones.host, ones.at) & ~forced;
    fake_set32(ones.host, ones.at,
               fake_get32(ones.host, ones.at) & ~change);
    r.live = (view1 ^ bench_read(&ones)) & ~forced;
    fake_close(zero.fake);
    fake_close(ones.fake);

    measure_reach(cap, offset, false, &r.host, &r.clear);
    measure_reach(cap, offset, true, &host, &clear);
    r.permissive = host & ~r.host;

    zero = bench_open(cap, offset, 0, false);
    bench_write(&zero, 0xffffffff);
    after = bench_read(&zero);
    bench_write(&zero, 0);
    r.own = (after ^ bench_read(&zero)) & ~r.host & ~r.clear & ~r.live;
    fake_close(zero.fake);
    return r;
}

/* -- comparing ------------------------------------------------------------- */

static void compare(const XenPtCapability *cap, const Register *want,
                    const Register *got, uint32_t forced)
{
    const char *name = cap->name;

#define SAME(member) do { \
    if ((want->member ^ got->member) & ~forced) { \
        g_test_message("measured { 0x%02x, 0x%02x, 0x%08x, 0x%08x," \
                       " 0x%08x, 0x%08x, 0x%08x, 0x%08x, 0x%08x },", \
                       got->first, got->last, \
                       got->device, got->live, got->one, got->own, \
                       got->host, got->clear, got->permissive); \
        g_test_message("%s, dword %02x: " #member, name, got->first); \
        g_test_fail(); \
        return; \
    } \
} while (0)
    SAME(device);
    SAME(live);
    SAME(one);
    SAME(own);
    SAME(host);
    SAME(clear);
    SAME(permissive);
}

static const Register *listed(const Register *registers, unsigned offset)
{
    static const Register nothing;

    for (; registers->first != 0xffff; registers++) {
        if (registers->first <= offset && offset <= registers->last) {
            return registers;
        }
    }
    return &nothing;
}

static void check(const XenPtCapability *cap, const Register *registers,
                  unsigned length)
{
    for (unsigned offset = 0; offset < length; offset += 4) {
        Register got = measure(cap, offset);
        /* ids, links and what is chosen for each device alike */
        uint32_t forced = cap == xen_pt_header()
                          ? (offset == 0 ? 0xffffffff : 0)
                          : offset == 0 ? (cap->extended ? 0xffffffff
                                                         : 0xffff) : 0;

        if (length - offset < 4) {
            forced |= 0xffffffffu << (8 * (length - offset));
        }
        compare(cap, listed(registers, offset), &got, forced);
    }
}

static void each_bit_of_the_header_does_what_is_listed(void)
{
    check(xen_pt_header(), header, 0x40);
}

static void each_bit_of_each_capability_does_what_is_listed(void)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(expected); i++) {
        const XenPtCapability *cap = find(expected[i].id,
                                          expected[i].extended);
        Fake *fake = fake_open(host_with(cap, 0), &(XenPtOptions) {
            .allow_reset = !cap->extended && cap->id == 0x13,
        });
        GArray *all = xen_pt_device_instances(fake->dev);
        const XenPtInstance *inst = &g_array_index(all, XenPtInstance, 0);

        g_assert_true(inst->shown);
        g_assert_cmphex(inst->id, ==, cap->id);
        check(cap, expected[i].registers, inst->length);
        g_array_unref(all);
        fake_close(fake);
    }
}

static void every_shown_capability_is_listed(void)
{
    for (const XenPtCapability *const *cap = xen_pt_capabilities(); *cap;
         cap++) {
        /* MSI, MSI-X and Resizable BAR depend on more: their own tests */
        bool found = (*cap)->hidden ||
                     (*cap)->id == ((*cap)->extended ? 0x15 : 0x05) ||
                     (!(*cap)->extended && (*cap)->id == 0x11);

        for (unsigned i = 0; i < G_N_ELEMENTS(expected); i++) {
            found |= expected[i].id == (*cap)->id &&
                     expected[i].extended == (*cap)->extended;
        }
        g_assert_true(found);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define T(name) g_test_add_func("/registers/" #name, name)
    T(every_shown_capability_is_listed);
    T(each_bit_of_the_header_does_what_is_listed);
    T(each_bit_of_each_capability_does_what_is_listed);
    return g_test_run();
}
