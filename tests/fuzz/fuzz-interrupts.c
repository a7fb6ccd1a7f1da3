/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * xen-pt fuzzing: a guest and its interrupts
 *
 * Byte 0 says what Xen can do; each step takes 4 bytes: what, more of it, and
 * a value.  Beside the core stands a guest that remembers what it has written
 * and what Xen's own handling of vector control makes of it; after each step
 *
 *  - a masked vector has the binding that it had, or none;
 *  - one that is unmasked and enabled is bound to its message, unless Xen
 *    refused something;
 *  - nothing is bound that is not enabled, nothing new while the domain is
 *    suspended, MSI never beside MSI-X;
 *  - Xen was told the table's true address.
 */
#include <errno.h>
#include <string.h>

#include "fuzz.h"

#define MSI      0x50
#define  ADDRESS   (MSI + 4)
#define  DATA      (MSI + 0xc)
#define  MASK      (MSI + 0x10)
#define MSIX     0x70
#define ENTRIES  8
#define VECTORS  4
#define TABLE    0x2000
#define STEP     4
#define MSI_SETTLE_MS 10

typedef struct Guest {
    Fake *fake;
    bool running, gone, stopped;
    bool pvhvm;                 /* names pirqs, which may be in use */
    bool refused;               /* since all was off: bindings may lack */
    bool touched[ENTRIES];      /* address or data, since it was forwarded */
    struct {
        uint32_t dword[4];
        bool bound;             /* before this step */
        XenPtMsiBinding binding;
    } entry[ENTRIES];
    bool msix_on, maskall;
    bool msi_on, msi_bound[VECTORS];
    bool address_waits;
    int64_t address_at;
    XenPtMsiBinding msi[VECTORS];
    uint64_t base;              /* of BAR 0, where it was reachable last */
} Guest;

static FakeHost *device(void)
{
    FakeHost *host = fake_host_new();

    fake_add_bar(host, 0, FAKE_BAR_MEM32, false, 0xfe000000, 0x4000);
    fake_add_msi(host, MSI, 0x0184);
    fake_add_msix(host, MSIX, ENTRIES, TABLE, 0x3000);
    host->host.info.gsi = 20;
    fake_set8(host, 0x3d, 1);
    return host;
}

/* Such a guest masks the event channel instead. */
static bool names_pirq(const Guest *g, unsigned i)
{
    const uint32_t *dword = g->entry[i].dword;
    uint32_t pirq = (dword[1] & ~0xffu) | (dword[0] >> 12 & 0xff);

    return g->pvhvm && !(dword[2] & 0xff) && pirq && pirq <= G_MAXINT;
}

static bool unmasked(const Guest *g, unsigned i)
{
    return g->msix_on && !g->maskall &&
           (!(g->entry[i].dword[3] & 1) || names_pirq(g, i));
}

static const XenPtMsiBinding *binding_of(Guest *g, unsigned entry)
{
    GArray *vectors = xen_pt_device_vectors(g->fake->dev);
    const XenPtMsiBinding *binding = NULL;

    if (entry < vectors->len) {
        const XenPtVectorInfo *v =
            &g_array_index(vectors, XenPtVectorInfo, entry);

        binding = v->bound ? fake_binding(g->fake->hv, v->pirq) : NULL;
        g_assert_cmpint(v->bound, ==, binding != NULL);
    }
    g_array_unref(vectors);
    return binding;
}

static bool same(const XenPtMsiBinding *a, const XenPtMsiBinding *b)
{
    return a->gvec == b->gvec && a->gflags == b->gflags;
}

/* Of the message, by the Intel SDM and Xen's domctl.h. */
static XenPtMsiBinding message(uint32_t address, uint32_t data)
{
    return (XenPtMsiBinding) {
        .gvec = data & 0xff,
        .gflags = (address >> 12 & 0xff) | (address >> 3 & 1) << 8 |
                  (address >> 2 & 1) << 9 | (data >> 8 & 7) << 12 |
                  (data >> 15 & 1) << 15 | 1 << 16,
    };
}

/* Xen leaves the guest's mask in the device's table, and masks the unbound. */
static void update_hardware(Guest *g)
{
    for (unsigned i = 0; i < ENTRIES; i++) {
        uint32_t mask = g->msix_on && binding_of(g, i)
                        ? g->entry[i].dword[3] & 1 : 1;

        g->fake->host->host.ops->region_write(&g->fake->host->host, 0,
                                              TABLE + i * 16 + 12, 4, mask);
    }
}

/* Vector control of a bound vector is Xen's: vmsi.c, msixtbl_write(). */
static bool xen_completes(Guest *g, unsigned i, uint32_t control)
{
    if (g->fake->hv->hv.all_msix_writes || !g->msix_on || !binding_of(g, i)) {
        return false;
    }
    if (!(control & 1) && g->touched[i]) {
        g->touched[i] = false;
        return false;
    }
    return true;
}

static void write_table(Guest *g, unsigned i, unsigned dword, unsigned len,
                        uint64_t value)
{
    bool completes = false;

    if (g->stopped || dword % (len / 4)) {
        xen_pt_device_region_write(g->fake->dev, 0, TABLE + i * 16 +
                                   dword * 4, len, value);
        return;
    }
    for (unsigned n = 0; n < len / 4; n++) {
        uint32_t v = value >> 32 * n;

        if (dword + n == 3) {
            completes = xen_completes(g, i, v);
            v &= 1;
        } else {
            g->touched[i] = true;
            v &= dword + n == 0 ? ~3u : ~0u;
        }
        g->entry[i].dword[dword + n] = v;
    }
    if (!completes || len == 8) {
        xen_pt_device_region_write(g->fake->dev, 0, TABLE + i * 16 +
                                   dword * 4, len, value);
    }
}

static void write_msix_control(Guest *g, uint16_t value)
{
    if (!g->stopped) {
        /* MSI comes back with the message that it has by then */
        g->address_waits &= !g->msix_on || (value & 0x8000);
        g->msix_on = value & 0x8000;
        g->maskall = value & 0x4000;
    }
    if (!g->msix_on) {
        memset(g->touched, 0, sizeof(g->touched));
    }
    fake_write(g->fake, MSIX + 2, value, 2);
}

static void reset(Guest *g)
{
    xen_pt_device_reset(g->fake->dev);
    if (g->stopped) {
        return;
    }
    g->msix_on = g->maskall = g->msi_on = g->address_waits = false;
    memset(g->touched, 0, sizeof(g->touched));
    for (unsigned i = 0; i < ENTRIES; i++) {
        memset(g->entry[i].dword, 0, sizeof(g->entry[i].dword));
        g->entry[i].dword[3] = 1;
    }
}

static void set_domain(Guest *g, unsigned what)
{
    XenPtDomainState state = what == 0 ? XEN_PT_DOMAIN_GONE
        : what & 1 ? XEN_PT_DOMAIN_SUSPENDED : XEN_PT_DOMAIN_RUNNING;

    g->gone |= state == XEN_PT_DOMAIN_GONE;
    g->running = !g->gone && state == XEN_PT_DOMAIN_RUNNING;
    xen_pt_device_domain_state(g->fake->dev, state);
}

static void write_config(Guest *g, unsigned where, uint16_t value)
{
    static const struct {
        uint8_t at, len;
    } places[] = {
        { ADDRESS, 4 }, { ADDRESS + 4, 4 }, { DATA, 2 }, { MASK, 4 },
        { ADDRESS + 1, 1 }, { DATA, 1 }, { MASK, 1 }, { DATA, 4 },
    };
    Fake *fake = g->fake;
    unsigned at = places[where % 8].at, len = places[where % 8].len;
    uint32_t wide = at == ADDRESS ? 0xfee00000u | value : value;

    fake_write(fake, at, wide, len);
    if (g->msi_on && !g->msix_on && !g->stopped) {
        if (at < DATA) {
            g->address_waits = true;
            g->address_at = fake->vm->now + MSI_SETTLE_MS;
        } else if (at < MASK || fake->hv->hv.multi_msi) {
            g->address_waits = false;
        }
    }
}

static void step(Guest *g, const uint8_t *p)
{
    Fake *fake = g->fake;
    uint16_t value = p[2] | p[3] << 8;

    switch (p[0] & 15) {
    case 0: case 1: case 2: case 3:
        write_table(g, p[1] % ENTRIES, p[1] >> 6, p[1] & 32 ? 8 : 4,
                    p[1] >> 6 == 0 ? 0xfee00000u | value : value);
        break;
    case 4:
        write_table(g, p[1] % ENTRIES, 3, 4, value & 1);
        break;
    case 5: case 6:
        write_config(g, p[1], value);
        break;
    case 7:
        g->msi_on = g->stopped ? false : value & 1;
        g->address_waits = false;
        fake_write(fake, MSI + 2, value & 0x71, 2);
        break;
    case 8: case 9:
        write_msix_control(g, p[1] & 3 ? (p[1] & 3) << 14 : 0);
        break;
    case 10:
        if (p[1] & 1) {
            fake_write(fake, 0x10, 0x80000000u | (p[2] & 7) << 16, 4);
        } else {
            fake_write(fake, 4, value & 0x407, 2);
        }
        break;
    case 11:
        fake_vm_advance(fake->vm, p[1]);
        g->address_waits &= fake->vm->now < g->address_at;
        break;
    case 12:
        fake->hv->fail_at = 1 + (p[1] & 15);
        fake->hv->fail_count = 1 + (p[1] >> 4);
        fake->hv->fail_errno = ((const int[]) {
            EPERM, ENODEV, ENOSPC, EINVAL })[p[2] & 3];
        g->refused = true;
        break;
    case 13:
        set_domain(g, p[1]);
        break;
    case 14:
        if (p[1] == 0) {
            xen_pt_device_stop(fake->dev);
            g->stopped = true;
            g->msix_on = g->msi_on = false;
        } else if (p[1] < 32) {
            reset(g);
        } else {
            xen_pt_device_settle(fake->dev);
        }
        break;
    default:
        fake_read(fake, p[1], 4);
        xen_pt_device_region_read(fake->dev, 0, TABLE + value % 0x100, 4);
        break;
    }
}

static void check_msix(Guest *g, bool was_running)
{
    const XenPtLayout *layout = &g->fake->vm->layout;

    /* where the guest last had the BAR, though Xen may not map it yet */
    if (g->running && layout->memory_decode && layout->bar[0]) {
        g->base = layout->bar[0];
    }
    for (unsigned i = 0; i < ENTRIES; i++) {
        const XenPtMsiBinding *now = g->msix_on ? binding_of(g, i) : NULL;
        XenPtMsiBinding want = message(g->entry[i].dword[0],
                                       g->entry[i].dword[2]);

        if (now && !was_running && !g->running) {
            g_assert_true(g->entry[i].bound &&
                          same(now, &g->entry[i].binding));
        }
        if (now && !unmasked(g, i)) {
            g_assert_true(g->entry[i].bound &&
                          same(now, &g->entry[i].binding));
        }
        if (unmasked(g, i) && g->running && !g->refused && !g->touched[i]) {
            g_assert_nonnull(now);
            g_assert_true(same(now, &want));
        }
        if (now && g->running && g->base && !g->refused) {
            g_assert_cmphex(now->gtable, ==, g->base + TABLE);
        }
        g->entry[i].bound = now != NULL;
        if (now) {
            g->entry[i].binding = *now;
        }
    }
}

static void check_msi(Guest *g, bool was_running, bool address_waited)
{
    uint32_t address = xen_pt_config_value(g->fake->dev, ADDRESS, 4);
    uint32_t data = xen_pt_config_value(g->fake->dev, DATA, 2);
    uint32_t mask = xen_pt_config_value(g->fake->dev, MASK, 4);
    unsigned n = 1u << MIN(xen_pt_config_value(g->fake->dev, MSI + 2, 1) >> 4
                           & 7, 2);
    bool on = g->msi_on && !g->msix_on;

    if (!g->fake->hv->hv.multi_msi) {
        n = 1;
        mask = 0;
    }
    for (unsigned i = 0; i < VECTORS; i++) {
        const XenPtMsiBinding *now = on ? binding_of(g, i) : NULL;
        XenPtMsiBinding want = message(address, (data & ~(n - 1)) | i);

        if (now && ((!was_running && !g->running) ||
                    (g->address_waits && address_waited))) {
            g_assert_true(g->msi_bound[i] && same(now, &g->msi[i]));
        }
        if (on && g->running && !g->refused && !g->address_waits) {
            g_assert_cmpint(now != NULL, ==, i < n && !(mask & 1u << i));
            g_assert_true(!now || same(now, &want));
        }
        g->msi_bound[i] = now != NULL;
        if (now) {
            g->msi[i] = *now;
        }
    }
}

static void check(Guest *g, bool was_running, bool address_waited)
{
    unsigned bound = 0;

    fake_check(g->fake);
    check_msix(g, was_running);
    check_msi(g, was_running, address_waited);
    for (unsigned i = 0; i < ENTRIES; i++) {
        bound += g->entry[i].bound;
    }
    for (unsigned i = 0; i < VECTORS; i++) {
        bound += g->msi_bound[i];
    }
    g_assert_cmpuint(fake_bound(g->fake->hv), ==, bound + !g->stopped);
    if (!g->msi_on && !g->msix_on && !g->fake->hv->fail_at) {
        g->refused = g->pvhvm;
    }
    if (g->stopped) {
        g_assert_cmpuint(fake_pirqs(g->fake->hv), ==, 0);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    FakeHypervisor *hv;
    Guest g = { .running = true };

    if (size == 0) {
        return 0;
    }
    hv = fake_hypervisor_new();
    hv->hv.multi_msi = !(data[0] & 1);
    hv->hv.all_msix_writes = !(data[0] & 2);
    hv->hv.hvm_pirqs = g.pvhvm = g.refused = data[0] & 4;
    g.fake = fake_start_on(hv, device(), NULL);
    for (unsigned i = 0; i < ENTRIES; i++) {
        g.entry[i].dword[3] = 1;
    }
    update_hardware(&g);
    for (data++, size--; size >= STEP; data += STEP, size -= STEP) {
        bool was_running = g.running, address_waited = g.address_waits;

        step(&g, data);
        update_hardware(&g);
        check(&g, was_running, address_waited);
    }
    hv->fail_at = 0;
    fake_close(g.fake);
    return 0;
}
