/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The xen-pt command: a dry run of the core
 *
 * The production code opens, plugs in and enables the function; behind its
 * ports are a copy of the device's config space, a hypervisor that grants
 * everything and counts, and a guest whose firmware places BARs as hvmloader
 * does: the largest first, each at a multiple of its size.
 */
#include <errno.h>
#include <string.h>

#include "tool.h"
#include "xen-pt/introspect.h"

#define GUEST_BUS   0
#define GUEST_SLOT  5            /* an example: QEMU takes the first free */

#define PCI_COMMAND        0x04
#define  PCI_COMMAND_IO      1
#define  PCI_COMMAND_MEMORY  2
#define  PCI_COMMAND_MASTER  4
#define PCI_BASE_ADDRESS_0 0x10
#define PCI_ROM_ADDRESS    0x30
#define PCI_INTERRUPT_LINE 0x3c
#define PCI_INTERRUPT_PIN  0x3d
#define CAP_ID_MSI         0x05
#define CAP_ID_MSIX        0x11

#define LOW_MEMORY   0xf0000000ull      /* xenfv's default MMIO hole */
#define LOW_END      0xfc000000ull
#define HIGH_MEMORY  0x1000000000ull
#define PORTS        0xc000ull
#define IRQ          10                 /* one of those hvmloader takes */

/* -- the copy ------------------------------------------------------------- */

typedef struct Copy {
    XenPtHost host;
    uint8_t config[XEN_PT_CONFIG_EXT_SIZE];
    int size;
    GArray *writes;             /* borrowed: DryWrite */
} Copy;

static int copy_read(XenPtHost *host, uint32_t addr, void *buf, size_t len)
{
    Copy *copy = (Copy *)host;

    if (addr >= (uint32_t)copy->size) {
        return 0;
    }
    len = MIN(len, copy->size - addr);
    memcpy(buf, copy->config + addr, len);
    return len;
}

static int copy_write(XenPtHost *host, uint32_t addr, const void *buf,
                      size_t len)
{
    Copy *copy = (Copy *)host;
    DryWrite w = { .offset = addr, .len = len };

    if (len > 4 || addr + len > (uint32_t)copy->size) {
        return -EINVAL;
    }
    for (size_t i = 0; i < len; i++) {
        w.value |= (uint32_t)((const uint8_t *)buf)[i] << (8 * i);
    }
    g_array_append_val(copy->writes, w);
    return 0;
}

static int copy_region_read(XenPtHost *host, int region, uint64_t offset,
                            unsigned size, uint64_t *value)
{
    *value = UINT64_MAX;
    return 0;
}

static int copy_region_write(XenPtHost *host, int region, uint64_t offset,
                             unsigned size, uint64_t value)
{
    return 0;
}

static int copy_reset(XenPtHost *host)
{
    return 0;
}

static void copy_close(XenPtHost *host)
{
    xen_pt_host_info_clear(&host->info);
    g_free(host);
}

static const XenPtHostOps copy_ops = {
    .config_read = copy_read,
    .config_write = copy_write,
    .region_read = copy_region_read,
    .region_write = copy_region_write,
    .reset = copy_reset,
    .close = copy_close,
};

static const XenPtHostOps copy_ops_without_reset = {
    .config_read = copy_read,
    .config_write = copy_write,
    .region_read = copy_region_read,
    .region_write = copy_region_write,
    .close = copy_close,
};

static XenPtHost *copy_of(XenPtHost *host, GArray *writes)
{
    Copy *copy = g_new0(Copy, 1);
    int got;

    memset(copy->config, 0xff, sizeof(copy->config));
    got = host->ops->config_read(host, 0, copy->config,
                                 sizeof(copy->config));
    copy->host.ops = host->ops->reset ? &copy_ops : &copy_ops_without_reset;
    copy->host.info = host->info;
    copy->host.info.driver = g_strdup(host->info.driver);
    copy->host.info.reset_methods = g_strdup(host->info.reset_methods);
    for (int i = 0; i < XEN_PT_NUM_REGIONS; i++) {
        copy->host.info.region[i].shared_with =
            g_strdup(host->info.region[i].shared_with);
    }
    copy->size = MAX(got, 0);
    copy->writes = writes;
    host->ops->close(host);
    return &copy->host;
}

char *dry_host_dump(XenPtHost *host)
{
    uint8_t config[XEN_PT_CONFIG_EXT_SIZE];
    int got = host->ops->config_read(host, 0, config, sizeof(config));
    const XenPtHostInfo *info = &host->info;
    char bdf[XEN_PT_BDF_LEN];
    GString *out = g_string_new(NULL);

    g_string_printf(out, "%s Class %04x: %04x:%04x",
                    xen_pt_address_format(&info->address, bdf),
                    info->class_code >> 8, info->vendor, info->device);
    for (int at = 0; at < got; at++) {
        if (at % 16 == 0) {
            g_string_append_printf(out, "\n%02x:", at);
        }
        g_string_append_printf(out, " %02x", config[at]);
    }
    g_string_append_c(out, '\n');
    return g_string_free(out, false);
}

/* -- a hypervisor that grants everything ---------------------------------- */

typedef struct Granting {
    XenPtHypervisor hv;
    unsigned calls;
    int next_pirq;
} Granting;

static int count(XenPtHypervisor *hv)
{
    ((Granting *)hv)->calls++;
    return 0;
}

static int grant_pages(XenPtHypervisor *hv, uint64_t gfn, uint64_t mfn,
                       uint64_t n)
{
    return count(hv);
}

static int grant_ports(XenPtHypervisor *hv, uint32_t gport, uint32_t mport,
                       uint32_t n)
{
    return count(hv);
}

static int grant_gsi(XenPtHypervisor *hv, const XenPtAddress *address,
                     uint32_t gsi, int *pirq)
{
    *pirq = gsi;
    return count(hv);
}

static int grant_msi(XenPtHypervisor *hv, const XenPtMsiRequest *request,
                     int *pirq)
{
    Granting *granting = (Granting *)hv;

    *pirq = granting->next_pirq;
    granting->next_pirq += request->count;
    return count(hv);
}

static int grant_unmap_pirq(XenPtHypervisor *hv, int pirq)
{
    return count(hv);
}

static int grant_intx(XenPtHypervisor *hv, int pirq, uint8_t bus,
                      uint8_t slot, uint8_t intx)
{
    return count(hv);
}

static int grant_bind(XenPtHypervisor *hv, int pirq,
                      const XenPtMsiBinding *binding)
{
    return count(hv);
}

static const XenPtHypervisorOps granting_ops = {
    .memory_map = grant_pages,
    .memory_unmap = grant_pages,
    .ioport_map = grant_ports,
    .ioport_unmap = grant_ports,
    .map_gsi = grant_gsi,
    .map_msi = grant_msi,
    .unmap_pirq = grant_unmap_pirq,
    .bind_intx = grant_intx,
    .unbind_intx = grant_intx,
    .bind_msi = grant_bind,
    .unbind_msi = grant_bind,
};

/* -- a machine with nothing else in it ------------------------------------ */

typedef struct Piece {
    uint64_t address, size;     /* size 0: not there */
} Piece;

typedef struct Machine {
    XenPtVm vm;
    Granting granting;
    XenPtDevice *dev;
    GPtrArray *said;            /* borrowed */
    Piece piece[XEN_PT_NUM_REGIONS];
    int64_t now;
    bool deaf;                  /* what is said now is of no interest */
} Machine;

static void machine_commit(XenPtVm *vm, const XenPtLayout *layout)
{
    Machine *m = (Machine *)vm;

    for (int i = 0; i < XEN_PT_NUM_REGIONS; i++) {
        XenPtGuestRegion r = xen_pt_device_region(m->dev, i);
        Piece want = { .address = layout->bar[i], .size = r.size };

        if (!(r.io ? layout->io_decode : layout->memory_decode) ||
            (i == XEN_PT_ROM_REGION && !layout->rom_enabled)) {
            want.size = 0;
        }
        if (m->piece[i].size) {
            xen_pt_device_section(m->dev, false, i, 0, m->piece[i].address,
                                  m->piece[i].size);
        }
        if (want.size) {
            xen_pt_device_section(m->dev, true, i, 0, want.address,
                                  want.size);
        }
        m->piece[i] = want;
    }
    xen_pt_device_unmap_stale(m->dev);
    xen_pt_device_map_wanted(m->dev);
}

static bool machine_page_is_alone(XenPtVm *vm, uint64_t gaddr)
{
    Machine *m = (Machine *)vm;
    unsigned there = 0;

    for (int i = 0; i < XEN_PT_NUM_REGIONS; i++) {
        const Piece *p = &m->piece[i];

        there += p->size && !xen_pt_device_region(m->dev, i).io &&
                 p->address < gaddr + XEN_PT_PAGE_SIZE &&
                 p->address + p->size > gaddr;
    }
    return there <= 1;
}

static int64_t machine_now(XenPtVm *vm)
{
    return ((Machine *)vm)->now;
}

static void machine_set_timer(XenPtVm *vm, int64_t at_ms)
{
}

static void machine_report(XenPtVm *vm, XenPtLevel level,
                           const char *sentence)
{
    Machine *m = (Machine *)vm;

    if (level >= XEN_PT_LEVEL_WARNING && !m->deaf) {
        g_ptr_array_add(m->said, g_strdup(sentence));
    }
}

/* No guest of ours asks for one. */
static void machine_start_reset(XenPtVm *vm)
{
}

static const XenPtVmOps machine_ops = {
    .commit_layout = machine_commit,
    .page_is_alone = machine_page_is_alone,
    .now_ms = machine_now,
    .set_timer = machine_set_timer,
    .report = machine_report,
    .start_reset = machine_start_reset,
};

/* -- the guest's firmware ------------------------------------------------- */

static uint64_t place(uint64_t *next, uint64_t size)
{
    uint64_t at = (*next + size - 1) & ~(size - 1);

    *next = at + size;
    return at;
}

static void place_bars(DryRun *run)
{
    uint64_t low = LOW_MEMORY, high = HIGH_MEMORY, ports = PORTS;
    uint16_t command = PCI_COMMAND_MASTER;
    bool done[XEN_PT_NUM_REGIONS] = { false };

    for (int n = 0; n < XEN_PT_NUM_REGIONS; n++) {
        XenPtGuestRegion r = { 0 };
        uint64_t at;
        int best = -1;
        uint16_t reg;

        for (int i = 0; i < XEN_PT_NUM_REGIONS; i++) {
            XenPtGuestRegion other = xen_pt_device_region(run->dev, i);

            if (!done[i] && other.size > r.size) {
                r = other;
                best = i;
            }
        }
        if (best < 0) {
            break;
        }
        done[best] = true;
        command |= r.io ? PCI_COMMAND_IO : PCI_COMMAND_MEMORY;
        if (r.io) {
            at = place(&ports, r.size);
        } else if (r.mem64 && (r.size > (1ull << 30) ||
                               low + r.size > LOW_END)) {
            at = place(&high, r.size);
        } else {
            at = place(&low, r.size);
        }
        run->guest_bar[best] = at;
        reg = best == XEN_PT_ROM_REGION ? PCI_ROM_ADDRESS
                                        : PCI_BASE_ADDRESS_0 + 4 * best;
        xen_pt_device_config_write(run->dev, reg, at, 4);
        if (r.mem64) {
            xen_pt_device_config_write(run->dev, reg + 4, at >> 32, 4);
        }
    }
    if (xen_pt_device_config_read(run->dev, PCI_INTERRUPT_PIN, 1)) {
        xen_pt_device_config_write(run->dev, PCI_INTERRUPT_LINE, IRQ, 1);
    }
    xen_pt_device_config_write(run->dev, PCI_COMMAND, command, 2);
}

static void count_maps(DryRun *run)
{
    g_autoptr(GArray) maps = xen_pt_device_maps(run->dev);

    for (unsigned i = 0; i < maps->len; i++) {
        const XenPtMap *map = &g_array_index(maps, XenPtMap, i);

        run->bar_calls[map->region]++;
        run->bar_units[map->region] += map->count;
    }
}

/* -- a driver that uses all vectors --------------------------------------- */

static void use_msix(DryRun *run, uint16_t at)
{
    uint32_t flags = xen_pt_device_config_read(run->dev, at + 2, 2);
    uint32_t table = xen_pt_device_config_read(run->dev, at + 4, 4);

    run->vectors = (flags & 0x7ff) + 1;
    for (unsigned i = 0; i < run->vectors; i++) {
        const uint32_t entry[4] = { 0xfee00000, 0, 0x4000 | (0x30 + i % 200),
                                    0 };

        for (int k = 0; k < 4; k++) {
            xen_pt_device_region_write(run->dev, table & 7,
                                       (table & ~7u) + 16 * i + 4 * k, 4,
                                       entry[k]);
        }
    }
    xen_pt_device_config_write(run->dev, at + 2, 0x8000, 2);
}

static void use_msi(DryRun *run, uint16_t at)
{
    uint32_t flags = xen_pt_device_config_read(run->dev, at + 2, 2);
    unsigned order = (flags >> 1) & 7;

    run->vectors = 1u << order;
    xen_pt_device_config_write(run->dev, at + 4, 0xfee00000, 4);
    if (flags & 0x80) {
        xen_pt_device_config_write(run->dev, at + 8, 0, 4);
    }
    xen_pt_device_config_write(run->dev, at + (flags & 0x80 ? 12 : 8),
                               0x4040, 2);
    xen_pt_device_config_write(run->dev, at + 2, 1 | order << 4, 2);
}

static void use_vectors(DryRun *run, const Machine *m)
{
    g_autoptr(GArray) all = xen_pt_device_instances(run->dev);
    unsigned before = m->granting.calls;
    const XenPtInstance *msi = NULL, *msix = NULL;

    for (unsigned i = 0; i < all->len; i++) {
        const XenPtInstance *inst = &g_array_index(all, XenPtInstance, i);

        if (inst->shown && !inst->extended) {
            msi = inst->id == CAP_ID_MSI ? inst : msi;
            msix = inst->id == CAP_ID_MSIX ? inst : msix;
        }
    }
    if (msix) {
        use_msix(run, msix->offset);
    } else if (msi) {
        use_msi(run, msi->offset);
    }
    run->calls_vectors = m->granting.calls - before;
}

/* -- the run -------------------------------------------------------------- */

static Machine machine;

DryRun *dry_run(XenPtHost *host, const XenPtOptions *options, GError **errp)
{
    DryRun *run = g_new0(DryRun, 1);
    Machine *m = &machine;

    memset(m, 0, sizeof(*m));
    run->said = g_ptr_array_new_with_free_func(g_free);
    run->writes = g_array_new(false, false, sizeof(DryWrite));
    m->vm.ops = &machine_ops;
    m->said = run->said;
    m->granting.hv.ops = &granting_ops;
    m->granting.hv.multi_msi = true;
    m->granting.hv.msi_segment = true;
    m->granting.hv.all_msix_writes = true;
    m->granting.hv.max_gsi = 255;
    m->granting.next_pirq = 4095;

    host = copy_of(host, run->writes);
    memcpy(run->host, ((Copy *)host)->config, sizeof(run->host));
    run->host_size = ((Copy *)host)->size;
    run->dev = xen_pt_device_open(host, &m->granting.hv, &m->vm, options,
                                  errp);
    m->dev = run->dev;
    if (!run->dev ||
        !xen_pt_device_start(run->dev, GUEST_BUS, GUEST_SLOT, errp)) {
        dry_free(run);
        return NULL;
    }
    run->calls_attach = m->granting.calls;
    place_bars(run);
    xen_pt_device_settle(run->dev);
    run->calls_bars = m->granting.calls - run->calls_attach;
    count_maps(run);
    xen_pt_device_config(run->dev);
    for (unsigned at = 0; at < XEN_PT_CONFIG_EXT_SIZE; at += 4) {
        uint32_t value = GUINT32_TO_LE(
            xen_pt_device_config_read(run->dev, at, 4));

        memcpy(run->guest + at, &value, 4);
    }
    run->view = xen_pt_introspect_config(run->dev);
    run->status = xen_pt_introspect_status(run->dev, false);
    m->deaf = true;
    use_vectors(run, m);
    return run;
}

void dry_free(DryRun *run)
{
    if (!run) {
        return;
    }
    machine.deaf = true;
    xen_pt_device_close(run->dev);
    g_ptr_array_unref(run->said);
    g_array_unref(run->writes);
    g_free(run->view);
    g_free(run->status);
    g_free(run);
}
