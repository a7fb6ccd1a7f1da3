/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * xen-pt: where the guest's regions lie
 *
 * Each BAR is one MemoryRegion whose accesses the core serves.  QEMU's flat
 * view is what decides which pieces of it the guest can reach, and Xen's p2m
 * follows the flat view: one listener for all functions collects what has
 * changed, and when QEMU is done with a transaction all removals are made
 * before the first addition, because Xen clears whatever frame it finds.
 */
#include "qemu/osdep.h"
#include "qemu/error-report.h"
#include "adapter.h"
#include "trace.h"

XenPtFunctions xen_pt_functions = QTAILQ_HEAD_INITIALIZER(xen_pt_functions);

/* The flat view is another than at the last commit. */
static bool sections_changed;

/*
 * Xen hands accesses to a device model for so many ranges of a kind
 * (MAX_NR_IO_RANGES).  QEMU asks for one for each piece of its flat view and
 * does not look at the answer.
 */
#define XEN_PT_MAX_RANGES 256
static unsigned memory_ranges, io_ranges;

static uint64_t xen_pt_region_read(void *opaque, hwaddr addr, unsigned size)
{
    XenPtBar *bar = opaque;

    if (!bar->owner->dev) {
        return MAKE_64BIT_MASK(0, size * 8);
    }
    return xen_pt_device_region_read(bar->owner->dev, bar->region, addr,
                                     size);
}

static void xen_pt_region_write(void *opaque, hwaddr addr, uint64_t value,
                                unsigned size)
{
    XenPtBar *bar = opaque;

    if (bar->owner->dev) {
        xen_pt_device_region_write(bar->owner->dev, bar->region, addr, size,
                                   value);
    }
}

/* With just the width and the alignment that the guest used. */
static const MemoryRegionOps xen_pt_region_ops = {
    .read = xen_pt_region_read,
    .write = xen_pt_region_write,
    .endianness = DEVICE_LITTLE_ENDIAN,
    .valid = {
        .min_access_size = 1,
        .max_access_size = 8,
        .unaligned = true,
    },
    .impl = {
        .min_access_size = 1,
        .max_access_size = 8,
        .unaligned = true,
    },
};

void xen_pt_regions_register(XenPtFunction *fn)
{
    for (int i = 0; i < XEN_PT_NUM_REGIONS; i++) {
        XenPtGuestRegion region = xen_pt_device_region(fn->dev, i);
        g_autofree char *name = NULL;
        uint8_t type = 0;

        if (region.size == 0) {
            continue;
        }
        if (region.io) {
            type = PCI_BASE_ADDRESS_SPACE_IO;
        } else if (i != PCI_ROM_SLOT) {
            type = PCI_BASE_ADDRESS_SPACE_MEMORY |
                (region.mem64 ? PCI_BASE_ADDRESS_MEM_TYPE_64 : 0) |
                (region.prefetch ? PCI_BASE_ADDRESS_MEM_PREFETCH : 0);
        }
        name = g_strdup_printf("xen-pt %s region %d",
                               xen_pt_function_name(fn), i);
        fn->bar[i].owner = fn;
        fn->bar[i].region = i;
        memory_region_init_io(&fn->bar[i].mr, OBJECT(fn), &xen_pt_region_ops,
                              &fn->bar[i], name, region.size);
        pci_register_bar(PCI_DEVICE(fn), i, type, &fn->bar[i].mr);
    }
}

void xen_pt_commit_layout(XenPtVm *vm, const XenPtLayout *layout)
{
    XenPtFunction *fn = container_of(vm, XenPtFunction, vm);
    PCIDevice *pci = PCI_DEVICE(fn);
    XenPtFunction *other;
    uint16_t command = 0;

    trace_xen_pt_layout(xen_pt_function_name(fn), layout->io_decode,
                        layout->memory_decode, layout->rom_enabled);
    for (int i = 0; i < XEN_PT_NUM_REGIONS; i++) {
        PCIIORegion *region = &pci->io_regions[i];
        uint8_t *bar = pci->config + pci_bar(pci, i);

        if (region->size == 0) {
            continue;
        }
        if (i == PCI_ROM_SLOT) {
            pci_set_long(bar, (uint32_t)layout->bar[i] |
                         (layout->rom_enabled ? PCI_ROM_ADDRESS_ENABLE : 0));
        } else if (region->type & PCI_BASE_ADDRESS_MEM_TYPE_64) {
            pci_set_quad(bar, layout->bar[i] | region->type);
        } else {
            pci_set_long(bar, (uint32_t)layout->bar[i] | region->type);
        }
    }
    if (layout->io_decode) {
        command |= PCI_COMMAND_IO;
    }
    if (layout->memory_decode) {
        command |= PCI_COMMAND_MEMORY;
    }
    /*
     * QEMU looks at all BARs again when Command is written; this is its only
     * door to that.  The value is ours: no bit of the guest's gets here but
     * the two decode enables.
     */
    memory_region_transaction_begin();
    /* what others have put off must not lie where this one comes to be */
    QTAILQ_FOREACH(other, &xen_pt_functions, next) {
        if (other != fn && other->dev) {
            xen_pt_device_settle(other->dev);
        }
    }
    pci_default_write_config(pci, PCI_COMMAND, command, 2);
    memory_region_transaction_commit();
}

bool xen_pt_page_is_alone(XenPtVm *vm, uint64_t gaddr)
{
    XenPtFunction *fn = container_of(vm, XenPtFunction, vm);
    uint64_t page = gaddr & ~(XEN_PT_PAGE_SIZE - 1);
    uint64_t at = page, end = page + XEN_PT_PAGE_SIZE;
    int region = -1;

    while (at < end) {
        MemoryRegionSection section =
            memory_region_find(get_system_memory(), at, end - at);
        XenPtBar *bar;

        if (!section.mr) {
            break;
        }
        bar = section.mr->ops == &xen_pt_region_ops ? section.mr->opaque
                                                    : NULL;
        at = section.offset_within_address_space +
            int128_get64(section.size);
        memory_region_unref(section.mr);
        /* Two regions, of one function or of two, cannot share a mapping. */
        if (!bar || bar->owner != fn ||
            (region >= 0 && bar->region != region)) {
            return false;
        }
        region = bar->region;
    }
    return region >= 0;
}

static void xen_pt_section(const MemoryRegionSection *section, bool add)
{
    XenPtBar *bar;
    uint64_t size;

    /* also by others: a neighbour may come into the page of a small BAR */
    sections_changed = true;
    if (section->mr->ops != &xen_pt_region_ops) {
        return;
    }
    bar = section->mr->opaque;
    if (!bar->owner->dev) {
        return;
    }
    size = int128_get64(section->size);
    trace_xen_pt_section(xen_pt_function_name(bar->owner), add, bar->region,
                         section->offset_within_region,
                         section->offset_within_address_space, size);
    xen_pt_device_section(bar->owner->dev, add, bar->region,
                          section->offset_within_region,
                          section->offset_within_address_space, size);
}

/* As QEMU's Xen code: guest RAM needs no range, nor do unassigned ports. */
static bool xen_pt_needs_range(const MemoryRegionSection *section)
{
    return section->mr->ops != &unassigned_io_ops &&
           g_strcmp0(memory_region_name(section->mr), "xen.ram") != 0;
}

static void xen_pt_count_range(const MemoryRegionSection *section,
                               unsigned *ranges)
{
    if (!xen_pt_needs_range(section) || ++*ranges <= XEN_PT_MAX_RANGES) {
        return;
    }
    if (section->mr->ops == &xen_pt_region_ops) {
        ((XenPtBar *)section->mr->opaque)->no_range = true;
    }
}

static void xen_pt_memory_add(MemoryListener *listener,
                              MemoryRegionSection *section)
{
    xen_pt_count_range(section, &memory_ranges);
    xen_pt_section(section, true);
}

static void xen_pt_memory_del(MemoryListener *listener,
                              MemoryRegionSection *section)
{
    memory_ranges -= xen_pt_needs_range(section);
    xen_pt_section(section, false);
}

static void xen_pt_io_add(MemoryListener *listener,
                          MemoryRegionSection *section)
{
    xen_pt_count_range(section, &io_ranges);
    xen_pt_section(section, true);
}

static void xen_pt_io_del(MemoryListener *listener,
                          MemoryRegionSection *section)
{
    io_ranges -= xen_pt_needs_range(section);
    xen_pt_section(section, false);
}

/* What is mapped needs no range; what is not is lost, and said once. */
static void xen_pt_tell_lost(XenPtBar *bar)
{
    XenPtFunction *fn = bar->owner;
    XenPtGuestRegion region = xen_pt_device_region(fn->dev, bar->region);
    g_autoptr(GArray) maps = xen_pt_device_maps(fn->dev);
    uint64_t mapped = 0;

    bar->no_range = false;
    for (unsigned i = 0; i < maps->len; i++) {
        const XenPtMap *map = &g_array_index(maps, XenPtMap, i);

        if (map->region == bar->region && map->state == XEN_PT_MAP_MAPPED) {
            mapped += map->count * (map->io ? 1 : XEN_PT_PAGE_SIZE);
        }
    }
    if (mapped >= region.size || fn->lost_said) {
        return;
    }
    fn->lost_said = true;
    warn_report("xen-pt: %s: the guest's devices take more than the %d "
                "ranges for which Xen asks a device model, so accesses to a "
                "part of its %s that is not mapped (such as the MSI-X table) "
                "are lost; give the guest fewer devices",
                xen_pt_function_name(fn), XEN_PT_MAX_RANGES,
                xen_pt_region_name(bar->region));
}

static void xen_pt_commit(MemoryListener *listener)
{
    XenPtFunction *fn;

    if (!sections_changed) {
        return;
    }
    sections_changed = false;
    QTAILQ_FOREACH(fn, &xen_pt_functions, next) {
        if (fn->dev) {
            xen_pt_device_unmap_stale(fn->dev);
        }
    }
    QTAILQ_FOREACH(fn, &xen_pt_functions, next) {
        if (fn->dev) {
            xen_pt_device_map_wanted(fn->dev);
        }
    }
    QTAILQ_FOREACH(fn, &xen_pt_functions, next) {
        for (int i = 0; fn->dev && i < XEN_PT_NUM_REGIONS; i++) {
            if (fn->bar[i].no_range) {
                xen_pt_tell_lost(&fn->bar[i]);
            }
        }
    }
}

/*
 * QEMU calls commit once all address spaces have told what changed in them,
 * so that one of the two listeners is enough for it.
 */
static MemoryListener xen_pt_memory_listener = {
    .name = "xen-pt-memory",
    .region_add = xen_pt_memory_add,
    .region_del = xen_pt_memory_del,
    .commit = xen_pt_commit,
    .priority = 10,
};

static MemoryListener xen_pt_io_listener = {
    .name = "xen-pt-io",
    .region_add = xen_pt_io_add,
    .region_del = xen_pt_io_del,
    .priority = 10,
};

void xen_pt_regions_listen(void)
{
    memory_ranges = io_ranges = 0;
    memory_listener_register(&xen_pt_memory_listener, &address_space_memory);
    memory_listener_register(&xen_pt_io_listener, &address_space_io);
}

void xen_pt_regions_unlisten(void)
{
    memory_listener_unregister(&xen_pt_io_listener);
    memory_listener_unregister(&xen_pt_memory_listener);
}
