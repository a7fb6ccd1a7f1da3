/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * xen-pt tests: recording fakes of the three ports
 */
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

#include "fake-host.h"

#define CONTAINER_OF(ptr, type, member) \
    ((type *)((char *)(ptr) - offsetof(type, member)))

/* -- host ------------------------------------------------------------------ */

uint8_t fake_get8(const FakeHost *fake, unsigned offset)
{
    return fake->config[offset];
}

uint16_t fake_get16(const FakeHost *fake, unsigned offset)
{
    return fake->config[offset] | fake->config[offset + 1] << 8;
}

uint32_t fake_get32(const FakeHost *fake, unsigned offset)
{
    return fake_get16(fake, offset) |
           (uint32_t)fake_get16(fake, offset + 2) << 16;
}

void fake_set8(FakeHost *fake, unsigned offset, uint8_t value)
{
    fake->config[offset] = value;
}

void fake_set16(FakeHost *fake, unsigned offset, uint16_t value)
{
    fake_set8(fake, offset, value);
    fake_set8(fake, offset + 1, value >> 8);
}

void fake_set32(FakeHost *fake, unsigned offset, uint32_t value)
{
    fake_set16(fake, offset, value);
    fake_set16(fake, offset + 2, value >> 16);
}

static void host_log(FakeHost *fake, FakeAccessKind kind, int region,
                     uint64_t offset, unsigned size, uint64_t value, int rc)
{
    FakeAccess access = {
        .kind = kind, .region = region, .offset = offset, .size = size,
        .value = value, .rc = rc,
    };

    g_array_append_val(fake->log, access);
}

static uint64_t first_bytes(const uint8_t *buf, size_t len)
{
    uint64_t value = 0;

    for (size_t i = 0; i < MIN(len, sizeof(value)); i++) {
        value |= (uint64_t)buf[i] << 8 * i;
    }
    return value;
}

static bool config_fails(FakeHost *fake)
{
    if (fake->fail_at == 0) {
        return false;
    }
    if (fake->fail_at > 1) {
        fake->fail_at--;
        return false;
    }
    if (fake->fail_count && --fake->fail_count == 0) {
        fake->fail_at = 0;
    }
    return true;
}

static int fake_config_read(XenPtHost *host, uint32_t addr, void *buf,
                            size_t len)
{
    FakeHost *fake = CONTAINER_OF(host, FakeHost, host);
    int rc;

    if (fake->on_read) {
        fake->on_read(fake, addr, len);
    }
    if (config_fails(fake)) {
        rc = -fake->fail_errno;
    } else if (addr >= fake->config_size) {
        rc = 0;
    } else {
        rc = MIN(len, fake->config_size - addr);
        if (fake->gone) {
            memset(buf, 0xff, rc);
        } else {
            memcpy(buf, fake->config + addr, rc);
        }
    }
    host_log(fake, FAKE_CONFIG_READ, -1, addr, len,
             rc > 0 ? first_bytes(buf, rc) : 0, rc);
    return rc;
}

static int fake_config_write(XenPtHost *host, uint32_t addr, const void *buf,
                             size_t len)
{
    FakeHost *fake = CONTAINER_OF(host, FakeHost, host);
    const uint8_t *bytes = buf;
    int rc = 0;

    if (config_fails(fake)) {
        rc = -fake->fail_errno;
    } else if (addr + len > fake->config_size) {
        rc = -EINVAL;
    } else if (!fake->gone) {
        for (size_t i = 0; i < len; i++) {
            uint8_t *byte = &fake->config[addr + i];
            uint8_t w1c = fake->w1c[addr + i];
            uint8_t writable = fake->writable[addr + i] & ~w1c;

            *byte = (*byte & ~writable) | (bytes[i] & writable);
            *byte &= ~(bytes[i] & w1c);
        }
    }
    host_log(fake, FAKE_CONFIG_WRITE, -1, addr, len, first_bytes(bytes, len),
             rc);
    return rc;
}

static uint8_t *region_bytes(FakeHost *fake, int region, uint64_t offset,
                             unsigned size)
{
    uint64_t all = fake->host.info.region[region].size;

    if (offset + size > all || all > 64 * 1024 * 1024) {
        return NULL;
    }
    if (!fake->region[region]) {
        fake->region[region] = g_malloc0(all);
    }
    return fake->region[region] + offset;
}

static int fake_region_read(XenPtHost *host, int region, uint64_t offset,
                            unsigned size, uint64_t *value)
{
    FakeHost *fake = CONTAINER_OF(host, FakeHost, host);
    uint8_t *bytes = region_bytes(fake, region, offset, size);
    int rc = -fake->region_errno;

    if (rc == 0 && !bytes) {
        rc = -EINVAL;
    }
    if (rc == 0) {
        *value = first_bytes(bytes, size);
    }
    host_log(fake, FAKE_REGION_READ, region, offset, size,
             rc == 0 ? *value : 0, rc);
    return rc;
}

static int fake_region_write(XenPtHost *host, int region, uint64_t offset,
                             unsigned size, uint64_t value)
{
    FakeHost *fake = CONTAINER_OF(host, FakeHost, host);
    uint8_t *bytes = region_bytes(fake, region, offset, size);
    int rc = -fake->region_errno;

    if (rc == 0 && !bytes) {
        rc = -EINVAL;
    }
    if (rc == 0) {
        for (unsigned i = 0; i < size; i++) {
            bytes[i] = value >> 8 * i;
        }
    }
    host_log(fake, FAKE_REGION_WRITE, region, offset, size, value, rc);
    return rc;
}

static int fake_region_open(XenPtHost *host, int region, uint64_t offset)
{
    FakeHost *fake = CONTAINER_OF(host, FakeHost, host);

    host_log(fake, FAKE_REGION_OPEN, region, offset, 0, 0,
             -fake->region_errno);
    return -fake->region_errno;
}

static int fake_reset(XenPtHost *host)
{
    FakeHost *fake = CONTAINER_OF(host, FakeHost, host);

    host_log(fake, FAKE_RESET, -1, 0, 0, 0, -fake->reset_errno);
    return -fake->reset_errno;
}

static void fake_close_host(XenPtHost *host)
{
    FakeHost *fake = CONTAINER_OF(host, FakeHost, host);

    fake->closed = true;
    fake->closes++;
}

static const XenPtHostOps fake_host_ops = {
    .config_read = fake_config_read,
    .config_write = fake_config_write,
    .region_read = fake_region_read,
    .region_write = fake_region_write,
    .region_open = fake_region_open,
    .reset = fake_reset,
    .close = fake_close_host,
};

FakeHost *fake_host_new(void)
{
    FakeHost *fake = g_new0(FakeHost, 1);

    fake->host.ops = &fake_host_ops;
    fake->host.info = (XenPtHostInfo) {
        .address = { .bus = 3 },
        .vendor = 0x8086, .device = 0x10d3,
        .subsystem_vendor = 0x8086, .subsystem_device = 0xa01f,
        .class_code = 0x020000, .revision = 3,
        .reset_methods = g_strdup("flr bus"),
    };
    fake->config_size = XEN_PT_CONFIG_EXT_SIZE;
    memset(fake->writable, 0xff, sizeof(fake->writable));
    fake->log = g_array_new(FALSE, FALSE, sizeof(FakeAccess));
    fake->fail_errno = EIO;

    fake_set32(fake, 0x00, 0x10d38086);
    fake_set32(fake, 0x08, 0x02000003);
    fake_set32(fake, 0x2c, 0xa01f8086);
    return fake;
}

void fake_host_free(FakeHost *fake)
{
    if (!fake) {
        return;
    }
    for (int i = 0; i < XEN_PT_NUM_REGIONS; i++) {
        g_free(fake->region[i]);
    }
    xen_pt_host_info_clear(&fake->host.info);
    g_array_unref(fake->log);
    g_free(fake);
}

void fake_add_bar(FakeHost *fake, int index, FakeBarKind kind, bool prefetch,
                  uint64_t base, uint64_t size)
{
    unsigned offset = index == XEN_PT_ROM_REGION ? 0x30 : 0x10 + 4 * index;
    uint32_t flags = 0;

    fake->host.info.region[index] = (XenPtHostRegion) {
        .base = base, .size = size, .io = kind == FAKE_BAR_IO,
        .mem64 = kind == FAKE_BAR_MEM64, .prefetch = prefetch,
        .page_exclusive = true,
    };
    switch (kind) {
    case FAKE_BAR_IO:
        flags = 1;
        break;
    case FAKE_BAR_MEM64:
        flags = 4;
        fake_set32(fake, offset + 4, base >> 32);
        break;
    default:
        break;
    }
    fake_set32(fake, offset, (uint32_t)base | flags | (prefetch ? 8 : 0));
}

void fake_add_cap(FakeHost *fake, uint8_t id, uint8_t offset)
{
    fake_set8(fake, fake->last_cap ? fake->last_cap + 1 : 0x34, offset);
    fake_set16(fake, 0x06, fake_get16(fake, 0x06) | 0x10);
    fake_set8(fake, offset, id);
    fake_set8(fake, offset + 1, 0);
    fake->last_cap = offset;
}

void fake_add_ecap(FakeHost *fake, uint16_t id, uint8_t version,
                   uint16_t offset)
{
    if (fake->last_ecap) {
        uint32_t header = fake_get32(fake, fake->last_ecap);

        fake_set32(fake, fake->last_ecap,
                   (header & 0xfffff) | (uint32_t)offset << 20);
    }
    fake_set32(fake, offset, id | (uint32_t)version << 16);
    fake->last_ecap = offset;
}

void fake_add_pm(FakeHost *fake, uint8_t offset)
{
    fake_add_cap(fake, 0x01, offset);
    fake_set16(fake, offset + 2, 0xc823);       /* v3, DSI, PME D0 D3 */
    fake_set16(fake, offset + 4, 0x2000);
}

void fake_add_msi(FakeHost *fake, uint8_t offset, uint16_t control)
{
    fake_add_cap(fake, 0x05, offset);
    fake_set16(fake, offset + 2, control);
}

void fake_add_msix(FakeHost *fake, uint8_t offset, unsigned entries,
                   uint32_t table, uint32_t pba)
{
    fake_add_cap(fake, 0x11, offset);
    fake_set16(fake, offset + 2, entries - 1);
    fake_set32(fake, offset + 4, table);
    fake_set32(fake, offset + 8, pba);
}

void fake_add_pcie(FakeHost *fake, uint8_t offset, unsigned version,
                   unsigned type)
{
    fake_add_cap(fake, 0x10, offset);
    fake_set16(fake, offset + 2, version | type << 4);
    fake_set32(fake, offset + 4, 0x10008cc1);   /* FLR */
    fake_set16(fake, offset + 8, 0x2830);
    fake_set16(fake, offset + 0xa, 0x0019);
    if (type == 9) {
        return;
    }
    fake_set32(fake, offset + 0xc, 0x0003dc11);
    fake_set16(fake, offset + 0x10, 0x0040);
    fake_set16(fake, offset + 0x12, 0x1011);
    if (version >= 2) {
        fake_set32(fake, offset + 0x24, 0x00000812);
        fake_set16(fake, offset + 0x28, 0x0005);
        fake_set32(fake, offset + 0x2c, 0x00000002);
        fake_set16(fake, offset + 0x30, 0x0001);
    }
}

FakeHost *fake_host_standard(void)
{
    FakeHost *fake = fake_host_new();

    fake_add_bar(fake, 0, FAKE_BAR_MEM64, false, 0x4fe000000ull, 0x4000);
    fake_add_bar(fake, 2, FAKE_BAR_MEM32, false, 0xfeb00000, 0x10000);
    fake_add_bar(fake, 4, FAKE_BAR_IO, false, 0xe020, 0x20);
    fake_set16(fake, 0x04, 0x0003);
    fake->host.info.gsi = 20;
    fake_set8(fake, 0x3d, 1);
    fake_add_pm(fake, 0x40);
    fake_add_msi(fake, 0x50, 0x0184);
    fake_add_msix(fake, 0x70, 64, 0x2000, 0x3000);
    fake_add_pcie(fake, 0x80, 2, 0);
    fake_add_ecap(fake, 0x0001, 2, 0x100);
    fake_add_ecap(fake, 0x0003, 1, 0x140);
    fake_set32(fake, 0x144, 0x12345678);
    fake_set32(fake, 0x148, 0x9abcdef0);
    fake_add_ecap(fake, 0x0018, 1, 0x150);
    fake_set32(fake, 0x154, 0x10031003);
    return fake;
}

void fake_host_forget(FakeHost *fake)
{
    g_array_set_size(fake->log, 0);
}

unsigned fake_host_count(const FakeHost *fake, FakeAccessKind kind)
{
    unsigned count = 0;

    for (guint i = 0; i < fake->log->len; i++) {
        count += g_array_index(fake->log, FakeAccess, i).kind == kind;
    }
    return count;
}

unsigned fake_config_writes(const FakeHost *fake, unsigned offset,
                            unsigned len)
{
    unsigned count = 0;

    for (guint i = 0; i < fake->log->len; i++) {
        const FakeAccess *access = &g_array_index(fake->log, FakeAccess, i);

        count += access->kind == FAKE_CONFIG_WRITE &&
                 access->offset < offset + len &&
                 access->offset + access->size > offset;
    }
    return count;
}

uint8_t fake_config_ones(const FakeHost *fake, unsigned offset)
{
    uint8_t ones = 0;

    for (guint i = 0; i < fake->log->len; i++) {
        const FakeAccess *access = &g_array_index(fake->log, FakeAccess, i);

        if (access->kind == FAKE_CONFIG_WRITE && access->offset <= offset &&
            access->offset + access->size > offset) {
            ones |= access->value >> 8 * (offset - access->offset);
        }
    }
    return ones;
}

const FakeAccess *fake_host_last(const FakeHost *fake, FakeAccessKind kind)
{
    for (guint i = fake->log->len; i > 0; i--) {
        const FakeAccess *access =
            &g_array_index(fake->log, FakeAccess, i - 1);

        if (access->kind == kind) {
            return access;
        }
    }
    return NULL;
}

/* -- hypervisor ------------------------------------------------------------ */

typedef struct FakeRange {
    bool io;
    uint64_t guest, machine, count;
} FakeRange;

#define FAKE_MAX_SHARED 8

typedef struct FakePirq {
    int pirq;
    int first;              /* of the MSI block that it is part of */
    bool gsi;
    uint32_t line;          /* of a GSI */
    bool bound;
    XenPtMsiBinding binding;
    /* a line that functions share is bound once for each */
    struct {
        uint8_t bus, slot, intx;
    } guest[FAKE_MAX_SHARED];
    unsigned guests;
} FakePirq;

static void violation(FakeHypervisor *fake, const char *format, ...)
    G_GNUC_PRINTF(2, 3);
static void violation(FakeHypervisor *fake, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    g_ptr_array_add(fake->violations, g_strdup_vprintf(format, args));
    va_end(args);
}

/* 0, or the error that the test wants of this call. */
static int hv_injected(FakeHypervisor *fake, const FakeCall *call)
{
    if (fake->fail_at > 1) {
        fake->fail_at--;
    } else if (fake->fail_at == 1) {
        if (--fake->fail_count == 0) {
            fake->fail_at = 0;
            fake->fail_count = 1;
        }
        return -fake->fail_errno;
    }
    return fake->refuse ? fake->refuse(fake, call) : 0;
}

static int hv_done(FakeHypervisor *fake, FakeCall *call, int rc)
{
    bool undo = call->op == FAKE_UNMAP_PIRQ || call->op == FAKE_UNBIND_INTX ||
                call->op == FAKE_UNBIND_MSI;

    call->rc = rc;
    g_array_append_val(fake->log, *call);
    fake->made[call->op] += rc == 0 || undo;
    return rc;
}

static int hv_map(XenPtHypervisor *hv, bool io, uint64_t guest,
                  uint64_t machine, uint64_t count)
{
    FakeHypervisor *fake = CONTAINER_OF(hv, FakeHypervisor, hv);
    FakeRange range = {
        .io = io, .guest = guest, .machine = machine, .count = count,
    };
    FakeCall call = {
        .op = io ? FAKE_IOPORT_MAP : FAKE_MEMORY_MAP,
        .a = guest, .b = machine, .c = count,
    };
    int rc = hv_injected(fake, &call);

    if (rc) {
        return hv_done(fake, &call, rc);
    }
    if (count == 0) {
        violation(fake, "empty mapping at %" PRIx64, guest);
    }
    for (guint i = 0; i < fake->maps->len; i++) {
        const FakeRange *old = &g_array_index(fake->maps, FakeRange, i);

        if (old->io == io && old->guest < guest + count &&
            guest < old->guest + old->count) {
            violation(fake, "%s %" PRIx64 "+%" PRIx64 " mapped over %" PRIx64
                      "+%" PRIx64, io ? "ports" : "frames", guest, count,
                      old->guest, old->count);
        }
    }
    g_array_append_val(fake->maps, range);
    return hv_done(fake, &call, 0);
}

static int hv_unmap(XenPtHypervisor *hv, bool io, uint64_t guest,
                    uint64_t machine, uint64_t count)
{
    FakeHypervisor *fake = CONTAINER_OF(hv, FakeHypervisor, hv);
    FakeCall call = {
        .op = io ? FAKE_IOPORT_UNMAP : FAKE_MEMORY_UNMAP,
        .a = guest, .b = machine, .c = count,
    };
    int rc = hv_injected(fake, &call);

    for (guint i = 0; i < fake->maps->len; i++) {
        const FakeRange *old = &g_array_index(fake->maps, FakeRange, i);

        if (old->io == io && old->guest == guest &&
            old->machine == machine && old->count == count) {
            g_array_remove_index(fake->maps, i);
            return hv_done(fake, &call, rc);
        }
    }
    violation(fake, "%s %" PRIx64 "+%" PRIx64 " unmapped, but not mapped so",
              io ? "ports" : "frames", guest, count);
    return hv_done(fake, &call, rc ? rc : -ENOENT);
}

static int hv_memory_map(XenPtHypervisor *hv, uint64_t gfn, uint64_t mfn,
                         uint64_t count)
{
    return hv_map(hv, false, gfn, mfn, count);
}

static int hv_memory_unmap(XenPtHypervisor *hv, uint64_t gfn, uint64_t mfn,
                           uint64_t count)
{
    return hv_unmap(hv, false, gfn, mfn, count);
}

static int hv_ioport_map(XenPtHypervisor *hv, uint32_t gport, uint32_t mport,
                         uint32_t count)
{
    return hv_map(hv, true, gport, mport, count);
}

static int hv_ioport_unmap(XenPtHypervisor *hv, uint32_t gport,
                           uint32_t mport, uint32_t count)
{
    return hv_unmap(hv, true, gport, mport, count);
}

static FakePirq *find_pirq(const FakeHypervisor *fake, int pirq)
{
    for (guint i = 0; i < fake->pirqs->len; i++) {
        FakePirq *entry = &g_array_index(fake->pirqs, FakePirq, i);

        if (entry->pirq == pirq) {
            return entry;
        }
    }
    return NULL;
}

static int hv_map_gsi(XenPtHypervisor *hv, const XenPtAddress *address,
                      uint32_t gsi, int *pirq)
{
    FakeHypervisor *fake = CONTAINER_OF(hv, FakeHypervisor, hv);
    FakeCall call = { .op = FAKE_MAP_GSI, .a = gsi };
    FakePirq entry = { .gsi = true, .line = gsi };
    int rc = hv_injected(fake, &call);

    (void)address;
    if (rc) {
        return hv_done(fake, &call, rc);
    }
    for (guint i = 0; i < fake->pirqs->len; i++) {
        const FakePirq *old = &g_array_index(fake->pirqs, FakePirq, i);

        if (old->gsi && old->line == gsi) {
            /* as Xen: mapped is mapped, there is no count */
            *pirq = call.c = old->pirq;
            return hv_done(fake, &call, 0);
        }
    }
    *pirq = entry.pirq = entry.first = fake->next_pirq++;
    call.c = *pirq;
    g_array_append_val(fake->pirqs, entry);
    return hv_done(fake, &call, 0);
}

static int hv_map_msi(XenPtHypervisor *hv, const XenPtMsiRequest *request,
                      int *pirq)
{
    FakeHypervisor *fake = CONTAINER_OF(hv, FakeHypervisor, hv);
    FakeCall call = {
        .op = FAKE_MAP_MSI, .a = request->entry, .b = request->count,
        .request = *request,
    };
    int rc = hv_injected(fake, &call);

    if (rc) {
        return hv_done(fake, &call, rc);
    }
    if (request->count == 0 || (request->count & (request->count - 1)) ||
        request->count > 32 || (request->msix && request->count != 1)) {
        violation(fake, "%u vectors asked for at once", request->count);
        return hv_done(fake, &call, -EINVAL);
    }
    if (request->wanted_pirq >= 0) {
        FakePirq entry = {
            .pirq = request->wanted_pirq, .first = request->wanted_pirq,
        };

        /* Xen says yes, maps nothing and loses an IRQ of the host */
        if (find_pirq(fake, entry.pirq)) {
            violation(fake, "pirq %d asked for while in use", entry.pirq);
        }
        *pirq = call.c = entry.pirq;
        g_array_append_val(fake->pirqs, entry);
        return hv_done(fake, &call, 0);
    }
    *pirq = fake->next_pirq;
    for (unsigned i = 0; i < request->count; i++) {
        FakePirq entry = { .pirq = fake->next_pirq++, .first = *pirq };

        g_array_append_val(fake->pirqs, entry);
    }
    call.c = *pirq;
    return hv_done(fake, &call, 0);
}

static int hv_unmap_pirq(XenPtHypervisor *hv, int pirq)
{
    FakeHypervisor *fake = CONTAINER_OF(hv, FakeHypervisor, hv);
    FakeCall call = { .op = FAKE_UNMAP_PIRQ, .a = pirq };
    FakePirq *entry = find_pirq(fake, pirq);
    int rc = hv_injected(fake, &call);

    if (!entry) {
        violation(fake, "pirq %d unmapped, but not mapped", pirq);
        return hv_done(fake, &call, -ENOENT);
    }
    if (entry->first != pirq) {
        violation(fake, "pirq %d unmapped, which is not the first", pirq);
        return hv_done(fake, &call, -EINVAL);
    }
    for (guint i = fake->pirqs->len; i > 0; i--) {
        const FakePirq *each = &g_array_index(fake->pirqs, FakePirq, i - 1);

        if (each->first == pirq) {
            if (each->bound) {
                violation(fake, "pirq %d unmapped while bound", each->pirq);
            }
            g_array_remove_index(fake->pirqs, i - 1);
        }
    }
    return hv_done(fake, &call, rc);
}

static int hv_bind_intx(XenPtHypervisor *hv, int pirq, uint8_t bus,
                        uint8_t slot, uint8_t intx)
{
    FakeHypervisor *fake = CONTAINER_OF(hv, FakeHypervisor, hv);
    FakeCall call = { .op = FAKE_BIND_INTX, .a = pirq, .b = slot, .c = intx };
    FakePirq *entry = find_pirq(fake, pirq);
    int rc = hv_injected(fake, &call);

    if (rc) {
        return hv_done(fake, &call, rc);
    }
    if (!entry || !entry->gsi) {
        violation(fake, "INTx bound to pirq %d, which is no GSI", pirq);
        return hv_done(fake, &call, -EINVAL);
    }
    g_assert_cmpuint(entry->guests, <, FAKE_MAX_SHARED);
    entry->bound = true;
    entry->guest[entry->guests].bus = bus;
    entry->guest[entry->guests].slot = slot;
    entry->guest[entry->guests++].intx = intx;
    return hv_done(fake, &call, 0);
}

static int hv_unbind_intx(XenPtHypervisor *hv, int pirq, uint8_t bus,
                          uint8_t slot, uint8_t intx)
{
    FakeHypervisor *fake = CONTAINER_OF(hv, FakeHypervisor, hv);
    FakeCall call = {
        .op = FAKE_UNBIND_INTX, .a = pirq, .b = slot, .c = intx,
    };
    FakePirq *entry = find_pirq(fake, pirq);
    int rc = hv_injected(fake, &call);

    for (unsigned i = 0; entry && i < entry->guests; i++) {
        if (entry->guest[i].bus == bus && entry->guest[i].slot == slot &&
            entry->guest[i].intx == intx) {
            entry->guest[i] = entry->guest[--entry->guests];
            entry->bound = entry->guests > 0;
            return hv_done(fake, &call, rc);
        }
    }
    violation(fake, "INTx of pirq %d unbound, but not bound so", pirq);
    return hv_done(fake, &call, rc ? rc : -ENOENT);
}

static bool same_binding(const XenPtMsiBinding *a, const XenPtMsiBinding *b)
{
    return a->gvec == b->gvec && a->gflags == b->gflags &&
           a->gtable == b->gtable;
}

static int hv_bind_msi(XenPtHypervisor *hv, int pirq,
                       const XenPtMsiBinding *binding)
{
    FakeHypervisor *fake = CONTAINER_OF(hv, FakeHypervisor, hv);
    FakeCall call = {
        .op = FAKE_BIND_MSI, .a = pirq, .b = binding->gvec,
        .c = binding->gflags, .gtable = binding->gtable,
    };
    FakePirq *entry = find_pirq(fake, pirq);
    int rc = hv_injected(fake, &call);

    if (rc) {
        return hv_done(fake, &call, rc);
    }
    if (!entry || entry->gsi) {
        violation(fake, "MSI bound to pirq %d, which has none", pirq);
        return hv_done(fake, &call, -EINVAL);
    }
    if (entry->bound && same_binding(&entry->binding, binding)) {
        violation(fake, "pirq %d bound again to the same", pirq);
    }
    if (entry->bound && entry->binding.gtable != binding->gtable) {
        violation(fake, "pirq %d bound to another table while bound", pirq);
    }
    entry->bound = true;
    entry->binding = *binding;
    return hv_done(fake, &call, 0);
}

static int hv_unbind_msi(XenPtHypervisor *hv, int pirq,
                         const XenPtMsiBinding *binding)
{
    FakeHypervisor *fake = CONTAINER_OF(hv, FakeHypervisor, hv);
    FakeCall call = {
        .op = FAKE_UNBIND_MSI, .a = pirq, .b = binding->gvec,
        .c = binding->gflags, .gtable = binding->gtable,
    };
    FakePirq *entry = find_pirq(fake, pirq);
    int rc = hv_injected(fake, &call);

    if (!entry || !entry->bound || !same_binding(&entry->binding, binding)) {
        violation(fake, "MSI of pirq %d unbound, but not bound so", pirq);
        return hv_done(fake, &call, rc ? rc : -ENOENT);
    }
    entry->bound = false;
    return hv_done(fake, &call, rc);
}

static const XenPtHypervisorOps fake_hypervisor_ops = {
    .memory_map = hv_memory_map,
    .memory_unmap = hv_memory_unmap,
    .ioport_map = hv_ioport_map,
    .ioport_unmap = hv_ioport_unmap,
    .map_gsi = hv_map_gsi,
    .map_msi = hv_map_msi,
    .unmap_pirq = hv_unmap_pirq,
    .bind_intx = hv_bind_intx,
    .unbind_intx = hv_unbind_intx,
    .bind_msi = hv_bind_msi,
    .unbind_msi = hv_unbind_msi,
};

FakeHypervisor *fake_hypervisor_new(void)
{
    FakeHypervisor *fake = g_new0(FakeHypervisor, 1);

    fake->hv.ops = &fake_hypervisor_ops;
    fake->hv.multi_msi = true;
    fake->hv.msi_segment = true;
    fake->hv.all_msix_writes = true;
    fake->hv.max_gsi = 255;
    fake->log = g_array_new(FALSE, FALSE, sizeof(FakeCall));
    fake->maps = g_array_new(FALSE, FALSE, sizeof(FakeRange));
    fake->pirqs = g_array_new(FALSE, FALSE, sizeof(FakePirq));
    fake->violations = g_ptr_array_new_with_free_func(g_free);
    fake->next_pirq = 80;
    fake->fail_errno = EPERM;
    fake->fail_count = 1;
    return fake;
}

void fake_hypervisor_free(FakeHypervisor *fake)
{
    if (!fake) {
        return;
    }
    if (fake->hv.pirq_users) {
        g_hash_table_unref(fake->hv.pirq_users);
    }
    g_array_unref(fake->log);
    g_array_unref(fake->maps);
    g_array_unref(fake->pirqs);
    g_ptr_array_unref(fake->violations);
    g_free(fake);
}

void fake_hypervisor_forget(FakeHypervisor *fake)
{
    g_array_set_size(fake->log, 0);
}

unsigned fake_calls(const FakeHypervisor *fake, FakeOp op)
{
    unsigned count = 0;

    for (guint i = 0; i < fake->log->len; i++) {
        count += g_array_index(fake->log, FakeCall, i).op == op;
    }
    return count;
}

unsigned fake_all_calls(const FakeHypervisor *fake)
{
    return fake->log->len;
}

unsigned fake_mapped(const FakeHypervisor *fake)
{
    return fake->maps->len;
}

unsigned fake_pirqs(const FakeHypervisor *fake)
{
    return fake->pirqs->len;
}

unsigned fake_bound(const FakeHypervisor *fake)
{
    unsigned count = 0;

    for (guint i = 0; i < fake->pirqs->len; i++) {
        count += g_array_index(fake->pirqs, FakePirq, i).bound;
    }
    return count;
}

bool fake_is_mapped(const FakeHypervisor *fake, bool io, uint64_t guest,
                    uint64_t machine)
{
    for (guint i = 0; i < fake->maps->len; i++) {
        const FakeRange *range = &g_array_index(fake->maps, FakeRange, i);

        if (range->io == io && guest >= range->guest &&
            guest - range->guest < range->count &&
            machine - range->machine == guest - range->guest) {
            return true;
        }
    }
    return false;
}

uint64_t fake_mapped_units(const FakeHypervisor *fake, bool io)
{
    uint64_t units = 0;

    for (guint i = 0; i < fake->maps->len; i++) {
        const FakeRange *range = &g_array_index(fake->maps, FakeRange, i);

        units += range->io == io ? range->count : 0;
    }
    return units;
}

const XenPtMsiBinding *fake_binding(const FakeHypervisor *fake, int pirq)
{
    const FakePirq *entry = find_pirq(fake, pirq);

    return entry && entry->bound && !entry->gsi ? &entry->binding : NULL;
}

const FakeCall *fake_last_call(const FakeHypervisor *fake, FakeOp op)
{
    for (guint i = fake->log->len; i > 0; i--) {
        const FakeCall *call = &g_array_index(fake->log, FakeCall, i - 1);

        if (call->op == op) {
            return call;
        }
    }
    return NULL;
}

/* -- machine --------------------------------------------------------------- */

/* Where the region answers in the layout; false: nowhere. */
static bool region_place(const FakeVm *fake, const XenPtLayout *layout,
                         int region, uint64_t *gaddr, uint64_t *size)
{
    XenPtGuestRegion guest = xen_pt_device_region(fake->dev, region);
    uint64_t base = layout->bar[region];
    uint64_t limit;

    if (guest.size == 0 || base == 0) {
        return false;
    }
    if (guest.io) {
        if (!layout->io_decode) {
            return false;
        }
        limit = 0xffff;
    } else {
        if (!layout->memory_decode ||
            (region == XEN_PT_ROM_REGION && !layout->rom_enabled)) {
            return false;
        }
        limit = guest.mem64 ? (1ull << 48) - 1 : 0xfffffffeull;
    }
    if (base + guest.size - 1 < base || base + guest.size - 1 > limit) {
        return false;
    }
    *gaddr = base;
    *size = guest.size;
    return true;
}

typedef struct FakePlace {
    bool there;
    uint64_t gaddr, size;
} FakePlace;

static bool overlap(uint64_t a, uint64_t a_size, uint64_t b, uint64_t b_size)
{
    return a < b + b_size && b < a + a_size;
}

/* Of two regions at one place the guest reaches the first. */
static void place_regions(const FakeVm *fake, const XenPtLayout *layout,
                          FakePlace *places)
{
    for (int i = 0; i < XEN_PT_NUM_REGIONS; i++) {
        FakePlace *p = &places[i];
        bool io = xen_pt_device_region(fake->dev, i).io;

        p->there = region_place(fake, layout, i, &p->gaddr, &p->size);
        for (int j = 0; j < i && p->there; j++) {
            p->there = !places[j].there ||
                       xen_pt_device_region(fake->dev, j).io != io ||
                       !overlap(p->gaddr, p->size, places[j].gaddr,
                                places[j].size);
        }
    }
}

static void vm_commit_layout(XenPtVm *vm, const XenPtLayout *layout)
{
    FakeVm *fake = CONTAINER_OF(vm, FakeVm, vm);
    FakePlace places[XEN_PT_NUM_REGIONS] = { { .there = false } };

    fake->layout = *layout;
    fake->commits++;
    if (!fake->dev) {
        return;
    }
    place_regions(fake, layout, places);
    for (int pass = 0; pass < 2; pass++) {
        for (int i = 0; i < XEN_PT_NUM_REGIONS; i++) {
            bool there = places[i].there;
            uint64_t gaddr = places[i].gaddr, size = places[i].size;
            bool same = there == fake->section[i].there &&
                        (!there || gaddr == fake->section[i].gaddr);

            if (same) {
                continue;
            }
            if (pass == 0 && fake->section[i].there) {
                xen_pt_device_section(fake->dev, false, i, 0,
                                      fake->section[i].gaddr,
                                      fake->section[i].size);
                fake->section[i].there = false;
            } else if (pass == 1 && there) {
                xen_pt_device_section(fake->dev, true, i, 0, gaddr, size);
                fake->section[i].there = true;
                fake->section[i].gaddr = gaddr;
                fake->section[i].size = size;
            }
        }
    }
    xen_pt_device_unmap_stale(fake->dev);
    xen_pt_device_map_wanted(fake->dev);
}

static bool vm_page_is_alone(XenPtVm *vm, uint64_t gaddr)
{
    FakeVm *fake = CONTAINER_OF(vm, FakeVm, vm);
    uint64_t page = gaddr & ~(XEN_PT_PAGE_SIZE - 1);
    unsigned users = 0;

    for (int i = 0; i < XEN_PT_NUM_REGIONS; i++) {
        users += fake->section[i].there &&
                 !xen_pt_device_region(fake->dev, i).io &&
                 overlap(page, XEN_PT_PAGE_SIZE, fake->section[i].gaddr,
                         fake->section[i].size);
    }
    return fake->alone && users <= 1;
}

static int64_t vm_now_ms(XenPtVm *vm)
{
    return CONTAINER_OF(vm, FakeVm, vm)->now;
}

static void vm_set_timer(XenPtVm *vm, int64_t at_ms)
{
    CONTAINER_OF(vm, FakeVm, vm)->timer = at_ms;
}

static void vm_report(XenPtVm *vm, XenPtLevel level, const char *sentence)
{
    FakeVm *fake = CONTAINER_OF(vm, FakeVm, vm);
    FakeReport report = { .level = level, .sentence = g_strdup(sentence) };

    g_array_append_val(fake->reports, report);
}

static void vm_start_reset(XenPtVm *vm)
{
    CONTAINER_OF(vm, FakeVm, vm)->resets++;
}

static void vm_event(XenPtVm *vm, XenPtEvent event, uint64_t a, uint64_t b,
                     uint64_t c, const char *text)
{
    FakeVm *fake = CONTAINER_OF(vm, FakeVm, vm);

    (void)a;
    (void)b;
    (void)c;
    (void)text;
    g_assert_cmpint(event, <, XEN_PT_EVENT__COUNT);
    fake->events[event]++;
}

static const XenPtVmOps fake_vm_ops = {
    .commit_layout = vm_commit_layout,
    .page_is_alone = vm_page_is_alone,
    .now_ms = vm_now_ms,
    .set_timer = vm_set_timer,
    .report = vm_report,
    .start_reset = vm_start_reset,
    .event = vm_event,
};

static void clear_report(void *data)
{
    g_free(((FakeReport *)data)->sentence);
}

FakeVm *fake_vm_new(void)
{
    FakeVm *fake = g_new0(FakeVm, 1);

    fake->vm.ops = &fake_vm_ops;
    fake->now = 1000;
    fake->timer = -1;
    fake->alone = true;
    fake->reports = g_array_new(FALSE, FALSE, sizeof(FakeReport));
    g_array_set_clear_func(fake->reports, clear_report);
    return fake;
}

void fake_vm_free(FakeVm *fake)
{
    if (!fake) {
        return;
    }
    g_array_unref(fake->reports);
    g_free(fake);
}

void fake_vm_advance(FakeVm *fake, int64_t ms)
{
    int64_t end = fake->now + ms;

    while (fake->timer >= 0 && fake->timer <= end) {
        fake->now = MAX(fake->now, fake->timer);
        fake->timer = -1;
        xen_pt_device_timer(fake->dev);
    }
    fake->now = end;
}

unsigned fake_said(const FakeVm *fake, const char *text)
{
    unsigned count = 0;

    for (guint i = 0; i < fake->reports->len; i++) {
        const FakeReport *report =
            &g_array_index(fake->reports, FakeReport, i);

        count += strstr(report->sentence, text) != NULL;
    }
    return count;
}

void fake_vm_forget(FakeVm *fake)
{
    g_array_set_size(fake->reports, 0);
}

/* -- all three ------------------------------------------------------------- */

static Fake *fake_new(FakeHypervisor *hv, FakeHost *host)
{
    Fake *fake = g_new0(Fake, 1);

    fake->host = host;
    fake->hv = hv;
    fake->vm = fake_vm_new();
    return fake;
}

static void fake_free(Fake *fake)
{
    fake_vm_free(fake->vm);
    fake_hypervisor_free(fake->hv);
    fake_host_free(fake->host);
    g_free(fake);
}

Fake *fake_open_on(FakeHypervisor *hv, FakeHost *host,
                   const XenPtOptions *options)
{
    static const XenPtOptions none;
    Fake *fake = fake_new(hv, host);
    GError *err = NULL;

    fake->dev = xen_pt_device_open(&host->host, &fake->hv->hv, &fake->vm->vm,
                                   options ? options : &none, &err);
    g_assert_no_error(err);
    g_assert_nonnull(fake->dev);
    fake->vm->dev = fake->dev;
    return fake;
}

Fake *fake_open(FakeHost *host, const XenPtOptions *options)
{
    return fake_open_on(fake_hypervisor_new(), host, options);
}

Fake *fake_start_on(FakeHypervisor *hv, FakeHost *host,
                    const XenPtOptions *options)
{
    Fake *fake = fake_open_on(hv, host, options);
    GError *err = NULL;

    xen_pt_device_start(fake->dev, 0, 5, &err);
    g_assert_no_error(err);
    return fake;
}

Fake *fake_start(FakeHost *host, const XenPtOptions *options)
{
    return fake_start_on(fake_hypervisor_new(), host, options);
}

Fake *fake_try_open(FakeHost *host, const XenPtOptions *options,
                    char **sentence)
{
    static const XenPtOptions none;
    Fake *fake = fake_new(fake_hypervisor_new(), host);
    GError *err = NULL;

    fake->dev = xen_pt_device_open(&host->host, &fake->hv->hv, &fake->vm->vm,
                                   options ? options : &none, &err);
    fake->vm->dev = fake->dev;
    if (fake->dev) {
        g_assert_no_error(err);
        return fake;
    }
    g_assert_nonnull(err);
    g_assert_cmpuint(host->closes, ==, 1);
    *sentence = g_strdup(err->message);
    g_error_free(err);
    fake_free(fake);
    return NULL;
}

char *fake_open_error(FakeHost *host, const XenPtOptions *options)
{
    char *sentence = NULL;

    g_assert_null(fake_try_open(host, options, &sentence));
    return sentence;
}

uint32_t fake_read(Fake *fake, uint32_t addr, unsigned len)
{
    return xen_pt_device_config_read(fake->dev, addr, len);
}

void fake_write(Fake *fake, uint32_t addr, uint32_t value, unsigned len)
{
    xen_pt_device_config_write(fake->dev, addr, value, len);
}

void fake_check(Fake *fake)
{
    for (guint i = 0; i < fake->hv->violations->len; i++) {
        g_test_message("%s",
                       (char *)g_ptr_array_index(fake->hv->violations, i));
    }
    g_assert_cmpuint(fake->hv->violations->len, ==, 0);
}

/* What is told of interrupts, by counters and by events, is what was done. */
static void check_irq_counters(const Fake *fake)
{
    const XenPtCounters *counters = xen_pt_device_counters(fake->dev);
    const unsigned *events = fake->vm->events, *made = fake->hv->made;

    g_assert_cmpuint(counters->irq_maps, ==,
                     made[FAKE_MAP_GSI] + made[FAKE_MAP_MSI]);
    g_assert_cmpuint(counters->irq_unmaps, ==, made[FAKE_UNMAP_PIRQ]);
    g_assert_cmpuint(counters->binds, ==,
                     made[FAKE_BIND_INTX] + made[FAKE_BIND_MSI]);
    g_assert_cmpuint(counters->unbinds, ==,
                     made[FAKE_UNBIND_INTX] + made[FAKE_UNBIND_MSI]);

    g_assert_cmpuint(events[XEN_PT_EVENT_IRQ_MAP], ==, counters->irq_maps);
    g_assert_cmpuint(events[XEN_PT_EVENT_IRQ_UNMAP], ==,
                     counters->irq_unmaps);
    g_assert_cmpuint(events[XEN_PT_EVENT_IRQ_BIND], ==, counters->binds);
    g_assert_cmpuint(events[XEN_PT_EVENT_IRQ_UNBIND], ==, counters->unbinds);
}

void fake_close(Fake *fake)
{
    if (!fake->uncounted) {
        check_irq_counters(fake);
    }
    xen_pt_device_close(fake->dev);
    fake->dev = fake->vm->dev = NULL;
    g_assert_cmpuint(fake->host->closes, ==, 1);
    fake_check(fake);
    g_assert_cmpuint(fake_bound(fake->hv), ==, 0);
    g_assert_cmpuint(fake_pirqs(fake->hv), ==, 0);
    g_assert_cmpuint(fake_mapped(fake->hv), ==, 0);
    fake_free(fake);
}
