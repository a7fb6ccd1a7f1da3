/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * xen-pt tests: what holds after every access of a guest
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "invariants.h"

#define SPACE XEN_PT_CONFIG_EXT_SIZE

struct Invariants {
    Fake *fake;
    bool permissive, real_power;
    GArray *instances;
    XenPtConfig masks;          /* as compiled: they must not change */
    uint8_t shadow[SPACE];      /* the device, as before the next write */
    uint8_t through[SPACE];     /* the guest's bits may reach the device */
    uint8_t clear[SPACE];       /* only as ones that the guest wrote */
    uint8_t own[SPACE];         /* xen-pt itself may write them */
    uint8_t never[SPACE];       /* not even as 1 that was read there */
    uint32_t bar[XEN_PT_NUM_REGIONS];       /* what the guest wrote last */
    uint8_t guest[SPACE];       /* ones of the access under way */
    guint seen;                 /* of the host's log */
    unsigned resets;            /* done, of those that were started */
};

/* Until a reset is done, and when it is gone, the device reads ones. */
static bool silent(const Invariants *inv)
{
    return xen_pt_device_gone(inv->fake->dev) ||
           inv->resets != inv->fake->vm->resets;
}

/* Not g_error(): its SIGTRAP is none that a fuzzer catches. */
static void broken(const char *format, ...) G_GNUC_PRINTF(1, 2)
    G_GNUC_NORETURN;
static void broken(const char *format, ...)
{
    va_list args;

    fputs("invariant ERROR: ", stderr);
    va_start(args, format);
    /* NOLINTNEXTLINE(clang-analyzer-valist.Uninitialized): the line above. */
    vfprintf(stderr, format, args);
    va_end(args);
    fputc('\n', stderr);
    abort();
}

#define CHECK(condition, ...) do { \
    if (!(condition)) { \
        broken(__VA_ARGS__); \
    } \
} while (0)

static void put(uint8_t *mask, unsigned at, uint32_t bits, unsigned size)
{
    for (unsigned i = 0; i < size && at + i < SPACE; i++) {
        mask[at + i] |= bits >> (8 * i);
    }
}

static void take(uint8_t *mask, unsigned at, unsigned size)
{
    for (unsigned i = 0; i < size && at + i < SPACE; i++) {
        mask[at + i] = 0;
    }
}

/* Capabilities whose bytes permissive mode opens where no field is. */
static bool opaque(const XenPtInstance *inst)
{
    if (!inst->cap) {
        return true;
    }
    return inst->shown && (inst->extended
                           ? inst->id == 0x0b || inst->id == 0x23
                           : inst->id == 0x09 || inst->id == 0x12);
}

static void open_permissive(Invariants *inv)
{
    memset(inv->through + 0x40, 0xff, SPACE - 0x40);
    put(inv->through, 0x08, 0xffffffff, 4);
    put(inv->through, 0x2c, 0xffffffff, 4);
    put(inv->through, 0x35, 0xff, 1);
    put(inv->through, 0x36, 0xffff, 2);
    put(inv->through, 0x38, 0xffffffff, 4);
    put(inv->through, 0x3e, 0xffff, 2);
    for (guint i = 0; i < inv->instances->len; i++) {
        const XenPtInstance *inst =
            &g_array_index(inv->instances, XenPtInstance, i);

        take(inv->through, inst->offset,
             opaque(inst) ? (inst->extended ? 4 : 2) : inst->length);
        if (inst->shown && !inst->extended && inst->id == 0x01) {
            put(inv->through, inst->offset + 4, 0x7e00, 2);
            put(inv->through, inst->offset + 7, 0xff, 1);
        } else if (inst->shown && !inst->extended && inst->id == 0x03) {
            put(inv->through, inst->offset + 2, 0xfffc, 2);
            put(inv->through, inst->offset + 4, 0xffffffff, 4);
        } else if (inst->shown && !inst->extended && inst->id == 0x09) {
            take(inv->through, inst->offset + 2, 1);
        } else if (inst->shown && !inst->extended && inst->id == 0x12) {
            take(inv->through, inst->offset + 2, 6);
        } else if (inst->shown && inst->extended && inst->id == 0x0b) {
            take(inv->through, inst->offset + 4, 4);
        } else if (inst->shown && inst->extended && inst->id == 0x23) {
            take(inv->through, inst->offset + 4, 6);
        }
    }
}

static void open_instance(Invariants *inv, const XenPtInstance *inst)
{
    unsigned at = inst->offset;

    if (inst->extended) {
        if (inst->id == 0x04) {
            put(inv->through, at + 4, 0xff, 1);
        }
        return;
    }
    switch (inst->id) {
    case 0x01:
        if (inv->real_power) {
            /* PME stays off, so the rest is written as 0 */
            put(inv->own, at + 4, 0xffff, 2);
        }
        break;
    case 0x03:
        put(inv->through, at + 2, 0x7ffc, 2);
        if (!inv->permissive) {
            put(inv->never, at + 2, 0x8000, 2);
        }
        break;
    case 0x05:
        put(inv->own, at + 2, 0x0071, 2);
        break;
    case 0x10:
        put(inv->clear, at + 0x0a, 0x000f, 2);
        if (inst->length >= 0x14) {
            put(inv->clear, at + 0x12, 0xc000, 2);
        }
        break;
    case 0x11:
        put(inv->own, at + 2, 0xc000, 2);
        break;
    }
}

Invariants *invariants_new(Fake *fake, const XenPtOptions *options)
{
    Invariants *inv = g_new0(Invariants, 1);

    inv->fake = fake;
    inv->permissive = options && options->permissive;
    inv->real_power = options && options->real_power;
    inv->instances = xen_pt_device_instances(fake->dev);
    inv->masks = *xen_pt_device_config(fake->dev);
    memcpy(inv->shadow, fake->host->config, SPACE);
    if (inv->permissive) {
        open_permissive(inv);
    }
    put(inv->own, 0x04, 0x0414, 2);
    put(inv->clear, 0x06, 0xf900, 2);
    if (fake->host->host.info.region[XEN_PT_ROM_REGION].size) {
        put(inv->own, 0x30, 0xffffffff, 4);
    }
    for (guint i = 0; i < inv->instances->len; i++) {
        const XenPtInstance *inst =
            &g_array_index(inv->instances, XenPtInstance, i);

        if (inst->shown) {
            open_instance(inv, inst);
        }
    }
    fake_host_forget(fake->host);
    invariants_check_all(inv);
    return inv;
}

void invariants_free(Invariants *inv)
{
    g_array_unref(inv->instances);
    g_free(inv);
}

static void check_byte_written(Invariants *inv, unsigned at, uint8_t byte)
{
    uint8_t old = inv->shadow[at];
    uint8_t may = inv->through[at] | inv->own[at] | inv->clear[at];
    uint8_t changed = (byte ^ old) & ~may;

    /* bits that start or clear something are never merged back as 1 */
    if (inv->never[at]) {
        changed &= ~inv->never[at];
        CHECK(!(byte & inv->never[at]),
              "1 written to a bit that starts something, at %x", at);
    }
    CHECK(!changed, "bits %02x of offset %x changed in the device "
          "(%02x to %02x)", changed, at, old, byte);
    CHECK(!(byte & inv->clear[at] & ~inv->guest[at] & ~inv->through[at]),
          "the guest wrote no 1 to status bits %02x at %x, but the device "
          "got it", byte & inv->clear[at] & ~inv->guest[at], at);
    CHECK(((byte ^ inv->guest[at]) & inv->through[at] & ~inv->own[at]) == 0,
          "bits %02x of offset %x are not as the guest wrote them",
          (byte ^ inv->guest[at]) & inv->through[at], at);
}

static void check_host_log(Invariants *inv)
{
    FakeHost *host = inv->fake->host;

    for (; inv->seen < host->log->len; inv->seen++) {
        const FakeAccess *a =
            &g_array_index(host->log, FakeAccess, inv->seen);

        if (a->kind != FAKE_CONFIG_WRITE) {
            continue;
        }
        if (a->offset == 0x30) {
            /* enabled or not, where the host has placed it */
            CHECK(a->size == 4 && (a->value & ~1ull) ==
                  host->host.info.region[XEN_PT_ROM_REGION].base,
                  "the ROM's register got %" G_GINT64_MODIFIER "x",
                  a->value);
        }
        CHECK(a->offset + a->size >= SPACE ||
              !inv->never[a->offset + a->size],
              "offset %x was written without the bit that starts something",
              (unsigned)a->offset);
        for (unsigned i = 0; i < a->size; i++) {
            unsigned at = a->offset + i;
            uint8_t byte = a->value >> (8 * i);
            uint8_t writable = host->writable[at] & ~host->w1c[at];

            check_byte_written(inv, at, byte);
            inv->shadow[at] = (inv->shadow[at] & ~writable) |
                              (byte & writable);
            inv->shadow[at] &= ~(byte & host->w1c[at]);
        }
    }
    fake_host_forget(host);
    inv->seen = 0;
}

static void check_decoding(Invariants *inv)
{
    const XenPtHostInfo *info = &inv->fake->host->host.info;
    uint16_t need = 0;

    for (int i = 0; i < XEN_PT_NUM_REGIONS; i++) {
        if (info->region[i].size) {
            need |= info->region[i].io ? 1 : 2;
        }
    }
    CHECK((fake_get16(inv->fake->host, 4) & need) == need,
          "decoding went off in the device: Command is %04x",
          fake_get16(inv->fake->host, 4));
}

static void check_always(Invariants *inv)
{
    const GPtrArray *violations = inv->fake->hv->violations;

    CHECK(violations->len == 0, "%s", (char *)violations->pdata[0]);
    /* 32 denied writes, 128 warnings and the one that says no more */
    CHECK(inv->fake->vm->reports->len <= 161, "%u lines were said",
          inv->fake->vm->reports->len);
    check_host_log(inv);
    if (!silent(inv)) {
        check_decoding(inv);
    }
}

void invariants_reset_done(Invariants *inv)
{
    if (inv->resets != inv->fake->vm->resets) {
        inv->resets++;
        xen_pt_device_reset_done(inv->fake->dev, 0);
        memset(inv->bar, 0, sizeof(inv->bar));
        memset(inv->guest, 0, sizeof(inv->guest));
        check_always(inv);
    }
}

void invariants_device_changes(Invariants *inv, uint32_t addr, uint8_t value)
{
    if (!inv->own[addr] && !inv->own[addr ^ 1]) {
        fake_set8(inv->fake->host, addr, value);
        inv->shadow[addr] = value;
    }
}

/* The guest's BARs hold what it wrote, whatever the device has. */
static uint32_t expected_bar(Invariants *inv, unsigned index)
{
    int region = index == 6 ? XEN_PT_ROM_REGION : (int)index;
    XenPtGuestRegion r = xen_pt_device_region(inv->fake->dev, region);
    uint32_t written = inv->bar[index];

    if (index > 0 && index < 6) {
        XenPtGuestRegion low =
            xen_pt_device_region(inv->fake->dev, index - 1);

        if (low.size && low.mem64 && !r.size) {
            return written & (uint32_t)(~(low.size - 1) >> 32);
        }
    }
    if (!r.size) {
        return 0;
    }
    if (region == XEN_PT_ROM_REGION) {
        return written & (((uint32_t)~(r.size - 1) & 0xfffff800) | 1);
    }
    return (written & (uint32_t)~(r.size - 1) & (r.io ? ~3u : ~15u)) |
           (r.io ? 1 : 0) | (r.mem64 ? 4 : 0) | (r.prefetch ? 8 : 0);
}

static uint32_t read_plain(Invariants *inv, uint32_t addr, unsigned len)
{
    return xen_pt_device_config_read(inv->fake->dev, addr, len);
}

uint32_t invariants_read(Invariants *inv, uint32_t addr, unsigned len)
{
    uint32_t value = read_plain(inv, addr, len);
    const uint8_t *virt = inv->masks.virt;

    memset(inv->guest, 0, sizeof(inv->guest));
    check_always(inv);
    for (unsigned i = 0; len <= 4 && i < len && addr <= SPACE - len; i++) {
        uint8_t live = ~virt[addr + i];
        uint8_t device = addr + i < inv->fake->host->config_size
                         ? inv->fake->host->config[addr + i] : 0xff;

        /* what is live is the device's */
        CHECK(silent(inv) ? (uint8_t)(value >> (8 * i)) == 0xff :
              ((value >> (8 * i)) & live) ==
              (device & live),
              "offset %x reads %02x", addr + i,
              (value >> (8 * i)) & 0xff);
    }
    return value;
}

static void remember_bar(Invariants *inv, unsigned at, uint8_t byte)
{
    unsigned index = at >= 0x30 ? 6 : (at - 0x10) / 4;
    unsigned shift = 8 * (at & 3);

    inv->bar[index] = (inv->bar[index] & ~(0xffu << shift)) |
                      (uint32_t)byte << shift;
}

void invariants_write(Invariants *inv, uint32_t addr, uint32_t value,
                      unsigned len)
{
    bool real = (len == 1 || len == 2 || len == 4) && addr <= SPACE - len;

    memset(inv->guest, 0, sizeof(inv->guest));
    for (unsigned i = 0; real && !silent(inv) && i < len; i++) {
        unsigned at = addr + i;

        inv->guest[at] = value >> (8 * i);
        if ((at >= 0x10 && at < 0x28) || (at >= 0x30 && at < 0x34)) {
            remember_bar(inv, at, inv->guest[at]);
        }
    }
    xen_pt_device_config_write(inv->fake->dev, addr, value, len);
    check_always(inv);
}

/* PCI 3.0, 6.7: what an operating system does, and what it may rely on */
static void walk_conventional(Invariants *inv)
{
    uint8_t seen[256] = { 0 };
    unsigned at = read_plain(inv, 0x34, 1);
    unsigned shown = 0;
    bool listed = read_plain(inv, 0x06, 2) & 0x10;

    CHECK(listed == (at != 0), "pointer %02x, but the status bit is %d", at,
          listed);
    while (at) {
        const XenPtInstance *inst = NULL;
        unsigned id = read_plain(inv, at, 1);

        CHECK((at & 3) == 0, "pointer %02x is not aligned", at);
        CHECK(at >= 0x40, "pointer %02x leads into the header", at);
        CHECK(!seen[at], "the list loops at %02x", at);
        seen[at] = 1;
        for (guint i = 0; i < inv->instances->len; i++) {
            const XenPtInstance *each =
                &g_array_index(inv->instances, XenPtInstance, i);

            if (!each->extended && each->shown && each->offset == at) {
                inst = each;
            }
        }
        CHECK(inst && inst->id == id, "capability %02x at %02x is not one "
              "that is shown", id, at);
        CHECK(!inst->cap->hidden, "capability %02x is shown", id);
        CHECK(at + inst->length <= 256, "it ends outside");
        shown++;
        at = read_plain(inv, at + 1, 1);
    }
    for (guint i = 0; i < inv->instances->len; i++) {
        const XenPtInstance *each =
            &g_array_index(inv->instances, XenPtInstance, i);

        shown -= !each->extended && each->shown;
    }
    CHECK(shown == 0, "the guest's list lacks a capability");
}

static void walk_extended(Invariants *inv)
{
    uint8_t seen[SPACE / 4] = { 0 };
    unsigned at = 0x100, shown = 0;

    while (at) {
        uint32_t head = read_plain(inv, at, 4);
        const XenPtInstance *inst = NULL;

        CHECK((at & 3) == 0, "pointer %03x is not aligned", at);
        CHECK(at >= 0x100, "pointer %03x is below 100", at);
        CHECK(!seen[at / 4], "the list loops at %03x", at);
        seen[at / 4] = 1;
        for (guint i = 0; i < inv->instances->len; i++) {
            const XenPtInstance *each =
                &g_array_index(inv->instances, XenPtInstance, i);

            if (each->extended && each->shown && each->offset == at) {
                inst = each;
            }
        }
        if (inst) {
            CHECK(inst->id == (head & 0xffff), "id %04x at %03x",
                  head & 0xffff, at);
            CHECK(at + inst->length <= SPACE, "it ends outside");
            shown++;
        } else {
            CHECK(at == 0x100 && (head & 0xffff) == 0,
                  "capability %04x at %03x is not one that is shown",
                  head & 0xffff, at);
        }
        at = head >> 20;
    }
    for (guint i = 0; i < inv->instances->len; i++) {
        const XenPtInstance *each =
            &g_array_index(inv->instances, XenPtInstance, i);

        shown -= each->extended && each->shown;
    }
    CHECK(shown == 0, "the guest's list lacks an extended capability");
}

static void check_masks(Invariants *inv)
{
    const XenPtConfig *now = xen_pt_device_config(inv->fake->dev);
    const XenPtConfig *then = &inv->masks;

    CHECK(!memcmp(now->virt, then->virt, SPACE) &&
          !memcmp(now->write_virt, then->write_virt, SPACE) &&
          !memcmp(now->write_host, then->write_host, SPACE) &&
          !memcmp(now->rw1c, then->rw1c, SPACE), "the masks changed");
    for (unsigned at = 0; at < SPACE; at++) {
        CHECK(((now->value[at] ^ then->value[at]) & now->virt[at] &
               ~now->write_virt[at]) == 0,
              "read-only bits of offset %x changed from %02x to %02x", at,
              then->value[at], now->value[at]);
        CHECK((now->write_virt[at] & ~now->virt[at]) == 0,
              "offset %x: written here, read from there", at);
        CHECK((now->write_virt[at] & now->write_host[at]) == 0,
              "offset %x: written twice", at);
    }
}

/* No two instances share a byte. */
static void check_overlap(Invariants *inv)
{
    uint8_t owner[SPACE] = { 0 };

    for (guint i = 0; i < inv->instances->len; i++) {
        const XenPtInstance *inst =
            &g_array_index(inv->instances, XenPtInstance, i);

        for (unsigned at = inst->offset;
             at < inst->offset + inst->length; at++) {
            CHECK(at < SPACE && !owner[at],
                  "capability %02x at %x overlaps another", inst->id,
                  inst->offset);
            owner[at] = 1;
        }
        CHECK(inst->shown || inst->why, "hidden, and no word why");
    }
}

void invariants_check_all(Invariants *inv)
{
    if (silent(inv)) {
        return;
    }
    check_overlap(inv);
    check_masks(inv);
    walk_conventional(inv);
    walk_extended(inv);
    for (unsigned i = 0; i < 7; i++) {
        uint32_t got = read_plain(inv, i == 6 ? 0x30 : 0x10 + 4 * i, 4);

        CHECK(got == expected_bar(inv, i), "BAR %u reads %08x, not %08x", i,
              got, expected_bar(inv, i));
    }
    memset(inv->guest, 0, sizeof(inv->guest));
    check_always(inv);
}
