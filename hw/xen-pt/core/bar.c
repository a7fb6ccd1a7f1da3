/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * xen-pt core: where the guest's BARs are, and which pages that maps
 *
 * Two steps.  First the layout: the guest's Command and BAR registers change
 * as often as it likes; a settled layout is committed to the vm, which
 * answers with the pieces of each region that the guest can reach.  A guest
 * sizes its BARs with decoding off and on again, which therefore costs
 * nothing.  Then the maps: from those pieces follow the pages and ports that
 * Xen should map; the difference to what is mapped is issued, removals of
 * all devices before additions of any, since Xen clears whatever it finds at
 * a guest frame.
 */
#include <errno.h>
#include <string.h>

#include "internal.h"
#include "pci-regs.h"

#define PAGE_SHIFT 12
#define PAGE_MASK  (XEN_PT_PAGE_SIZE - 1)
#define PORTS      0x10000ull

/* -- layout --------------------------------------------------------------- */

static uint16_t register_of(int region)
{
    return region == XEN_PT_ROM_REGION ? PCI_ROM_ADDRESS
                                       : PCI_BASE_ADDRESS_0 + 4 * region;
}

static uint64_t guest_address(const XenPtDevice *dev, int region)
{
    XenPtGuestRegion r = xen_pt_device_region(dev, region);
    uint16_t reg = register_of(region);
    uint64_t low, high = 0;

    if (!r.size) {
        return 0;
    }
    low = xen_pt_config_value(dev, reg, 4);
    if (region == XEN_PT_ROM_REGION) {
        low &= PCI_ROM_ADDRESS_MASK;
    } else {
        low &= r.io ? ~3u : ~15u;
    }
    if (r.mem64 && region < XEN_PT_ROM_REGION - 1) {
        high = xen_pt_config_value(dev, reg + 4, 4);
    }
    return high << 32 | low;
}

static void guest_layout(const XenPtDevice *dev, XenPtLayout *layout)
{
    uint32_t command = xen_pt_config_value(dev, PCI_COMMAND, 2);

    memset(layout, 0, sizeof(*layout));
    layout->io_decode = command & PCI_COMMAND_IO;
    layout->memory_decode = command & PCI_COMMAND_MEMORY;
    layout->rom_enabled =
        xen_pt_device_region(dev, XEN_PT_ROM_REGION).size &&
        (xen_pt_config_value(dev, PCI_ROM_ADDRESS, 1) &
         PCI_ROM_ADDRESS_ENABLE);
    for (int i = 0; i < XEN_PT_NUM_REGIONS; i++) {
        layout->bar[i] = guest_address(dev, i);
    }
}

static bool decodes(const XenPtDevice *dev, const XenPtLayout *layout,
                    int region)
{
    XenPtGuestRegion r = xen_pt_device_region(dev, region);

    if (!r.size) {
        return false;
    }
    if (region == XEN_PT_ROM_REGION && !layout->rom_enabled) {
        return false;
    }
    return r.io ? layout->io_decode : layout->memory_decode;
}

/*
 * All the bits that can be written are ones: the guest asks for the size, it
 * seems.  Either half of a 64-bit BAR counts.  A BAR of 2 GiB at 6 GiB looks
 * the same.
 */
static bool sizing(const XenPtDevice *dev, const XenPtLayout *layout,
                   int region)
{
    XenPtGuestRegion r = xen_pt_device_region(dev, region);
    uint64_t address = layout->bar[region];
    uint64_t bits = ~(r.size - 1);
    uint32_t low = bits, high = bits >> 32;

    if (r.mem64 && address >> 32 == high) {
        return true;
    }
    return low && ((uint32_t)address & low) == low;
}

typedef enum Change { NO_CHANGE, CHANGE_CAN_WAIT, CHANGE_NOW } Change;

/* placed: what is there now is meant, also where it looks like a question */
static Change compare(const XenPtDevice *dev, const XenPtLayout *want,
                      bool placed)
{
    const XenPtLayout *have = &dev->committed;
    Change change = NO_CHANGE;

    for (int i = 0; i < XEN_PT_NUM_REGIONS; i++) {
        bool now = decodes(dev, want, i), before = decodes(dev, have, i);

        if (now == before && (!now || want->bar[i] == have->bar[i])) {
            continue;
        }
        if (now && (placed || !sizing(dev, want, i))) {
            return CHANGE_NOW;
        }
        change = CHANGE_CAN_WAIT;
    }
    return change;
}

/* The ROM's enable bit is its own; memory decode is never off in hardware. */
static void enable_rom(XenPtDevice *dev, bool enable)
{
    const XenPtHostRegion *rom = &dev->host->info.region[XEN_PT_ROM_REGION];
    uint32_t reg;

    if (!rom->size || rom->served || dev->options.no_rom ||
        enable == dev->rom_enabled) {
        return;
    }
    reg = GUINT32_TO_LE((uint32_t)rom->base |
                        (enable ? PCI_ROM_ADDRESS_ENABLE : 0));
    if (xen_pt_host_write(dev, PCI_ROM_ADDRESS, &reg, 4)) {
        dev->rom_enabled = enable;
    }
}

void xen_pt_bars_commit(XenPtDevice *dev)
{
    if (dev->committing || dev->state != XEN_PT_STATE_STARTED) {
        return;
    }
    dev->settle_at = -1;
    guest_layout(dev, &dev->committed);
    enable_rom(dev, decodes(dev, &dev->committed, XEN_PT_ROM_REGION));
    dev->counters.commits++;
    xen_pt_event(dev, XEN_PT_EVENT_COMMIT,
                 (dev->committed.io_decode ? PCI_COMMAND_IO : 0) |
                 (dev->committed.memory_decode ? PCI_COMMAND_MEMORY : 0),
                 0, 0, NULL);
    dev->committing = true;
    dev->vm->ops->commit_layout(dev->vm, &dev->committed);
    dev->committing = false;
    xen_pt_msix_table_moved(dev);
}

void xen_pt_bars_update(XenPtDevice *dev, bool command_written)
{
    XenPtLayout want;

    if (dev->state != XEN_PT_STATE_STARTED) {
        return;
    }
    guest_layout(dev, &want);
    switch (compare(dev, &want, command_written)) {
    case CHANGE_NOW:
        xen_pt_bars_commit(dev);
        break;
    case CHANGE_CAN_WAIT:
        if (dev->settle_at < 0) {
            dev->counters.deferred++;
            dev->settle_at = dev->vm->ops->now_ms(dev->vm) +
                             XEN_PT_SETTLE_MS;
            xen_pt_event(dev, XEN_PT_EVENT_DEFER, XEN_PT_SETTLE_MS, 0, 0,
                         NULL);
        }
        break;
    case NO_CHANGE:
        dev->settle_at = -1;
        break;
    }
    xen_pt_timer_update(dev);
}

/* Where the guest reaches the region; 0: nowhere. */
uint64_t xen_pt_bars_address(const XenPtDevice *dev, int region)
{
    return decodes(dev, &dev->committed, region)
           ? dev->committed.bar[region] : 0;
}

/* -- maps ----------------------------------------------------------------- */

void xen_pt_device_section(XenPtDevice *dev, bool add, int region,
                           uint64_t offset, uint64_t gaddr, uint64_t size)
{
    XenPtSection s = {
        .region = region, .offset = offset, .gaddr = gaddr, .size = size,
    };

    if (region < 0 || region >= XEN_PT_NUM_REGIONS || !size) {
        return;
    }
    if (add) {
        g_array_append_val(dev->sections, s);
        return;
    }
    for (unsigned i = 0; i < dev->sections->len; i++) {
        XenPtSection *old = &g_array_index(dev->sections, XenPtSection, i);

        if (old->region == region && old->offset == offset &&
            old->gaddr == gaddr && old->size == size) {
            g_array_remove_index_fast(dev->sections, i);
            return;
        }
    }
}

static void want(XenPtDevice *dev, int region, bool io, uint64_t guest,
                 uint64_t machine, uint64_t count)
{
    XenPtMap map = {
        .region = region, .io = io, .guest = guest, .machine = machine,
        .count = count,
    };

    if (count) {
        g_array_append_val(dev->wanted, map);
    }
}

/*
 * A page that the piece fills in part: mapping it gives the guest the rest
 * too, which must be nothing, on either side.
 */
static bool part_page_ok(XenPtDevice *dev, const XenPtHostRegion *r,
                         uint64_t gaddr)
{
    return r->page_exclusive && dev->vm->ops->page_is_alone &&
           dev->vm->ops->page_is_alone(dev->vm, gaddr & ~PAGE_MASK);
}

static void want_memory(XenPtDevice *dev, const XenPtSection *s)
{
    const XenPtHostRegion *r = &dev->host->info.region[s->region];
    uint64_t start = r->base + s->offset, end = start + s->size;
    uint64_t first = start >> PAGE_SHIFT;           /* host pages, */
    uint64_t last = (end + PAGE_MASK) >> PAGE_SHIFT; /* last excluded */
    uint64_t gfn = s->gaddr >> PAGE_SHIFT, hole, hole_end, base = first;

    if (r->served) {
        return;
    }
    if ((start ^ s->gaddr) & PAGE_MASK) {
        return;     /* the same page cannot show both: served, not mapped */
    }
    if ((start & PAGE_MASK) && !part_page_ok(dev, r, s->gaddr)) {
        first++;
    }
    if ((end & PAGE_MASK) && last > first &&
        !part_page_ok(dev, r, s->gaddr + s->size - 1)) {
        last--;
    }
    if (first >= last) {
        return;
    }
    hole = hole_end = last;
    if (dev->msix.inst && s->region == dev->msix.table_region) {
        uint64_t table = r->base + dev->msix.table_offset;

        hole = table >> PAGE_SHIFT;
        hole_end = (table + dev->msix.count * PCI_MSIX_ENTRY_SIZE +
                    PAGE_MASK) >> PAGE_SHIFT;
        hole = CLAMP(hole, first, last);
        hole_end = CLAMP(hole_end, first, last);
    }
    want(dev, s->region, false, gfn + (first - base), first, hole - first);
    want(dev, s->region, false, gfn + (hole_end - base), hole_end,
         last - hole_end);
}

static void compute_wanted(XenPtDevice *dev)
{
    g_array_set_size(dev->wanted, 0);
    for (unsigned i = 0; i < dev->sections->len; i++) {
        const XenPtSection *s =
            &g_array_index(dev->sections, XenPtSection, i);
        const XenPtHostRegion *r = &dev->host->info.region[s->region];

        if (s->size > r->size || s->offset > r->size - s->size) {
            continue;
        }
        if (!r->io) {
            want_memory(dev, s);
        } else if (s->size <= PORTS && s->gaddr <= PORTS - s->size) {
            want(dev, s->region, true, s->gaddr, r->base + s->offset,
                 s->size);
        }
    }
}

static bool same_map(const XenPtMap *a, const XenPtMap *b)
{
    return a->io == b->io && a->region == b->region &&
           a->guest == b->guest && a->machine == b->machine &&
           a->count == b->count;
}

static bool contains(const GArray *maps, const XenPtMap *map)
{
    for (unsigned i = 0; i < maps->len; i++) {
        if (same_map(&g_array_index(maps, XenPtMap, i), map)) {
            return true;
        }
    }
    return false;
}

static void unmap(XenPtDevice *dev, const XenPtMap *map)
{
    XenPtHypervisor *hv = dev->hv;

    if (map->state != XEN_PT_MAP_MAPPED) {
        return;
    }
    dev->counters.unmaps++;
    /* ENOENT or ESRCH: the end of the domain was quicker, all is undone */
    if (map->io) {
        hv->ops->ioport_unmap(hv, map->guest, map->machine, map->count);
    } else {
        hv->ops->memory_unmap(hv, map->guest, map->machine, map->count);
    }
    xen_pt_event(dev, XEN_PT_EVENT_UNMAP, map->guest, map->machine,
                 map->count, map->io ? "ports" : "pages");
}

static void report_refusal(XenPtDevice *dev, const XenPtMap *map)
{
    if (dev->map_error_lines++ >= XEN_PT_NUM_REGIONS) {
        return;
    }
    xen_pt_warn(dev, "%s: Xen refused to map %" PRIu64 " %s of its %s at "
                "guest %s 0x%" PRIx64 " (%s); accesses are served one by "
                "one, which is slow: see `xl dmesg`", dev->name, map->count,
                map->io ? "ports" : "pages", xen_pt_region_name(map->region),
                map->io ? "port" : "page", map->guest,
                g_strerror(map->error));
}

static void try_map(XenPtDevice *dev, XenPtMap *map)
{
    XenPtHypervisor *hv = dev->hv;
    bool first = map->error == 0;
    int ret;

    dev->counters.maps++;
    if (map->io) {
        ret = hv->ops->ioport_map(hv, map->guest, map->machine, map->count);
    } else {
        ret = hv->ops->memory_map(hv, map->guest, map->machine, map->count);
    }
    map->error = ret < 0 ? -ret : 0;
    if (ret >= 0) {
        map->state = XEN_PT_MAP_MAPPED;
        xen_pt_event(dev, XEN_PT_EVENT_MAP, map->guest, map->machine,
                     map->count, map->io ? "ports" : "pages");
        return;
    }
    dev->counters.map_errors++;
    if (map->error == EPERM) {
        /* libxl grants after device_add: a quick guest is here first */
        map->state = XEN_PT_MAP_PENDING;
        if (first) {
            xen_pt_event(dev, XEN_PT_EVENT_MAP_PENDING, map->guest,
                         map->machine, map->count,
                         map->io ? "ports" : "pages");
        }
        return;
    }
    map->state = XEN_PT_MAP_REFUSED;
    report_refusal(dev, map);
}

void xen_pt_device_unmap_stale(XenPtDevice *dev)
{
    unsigned i = 0;

    compute_wanted(dev);
    while (i < dev->maps->len) {
        XenPtMap *map = &g_array_index(dev->maps, XenPtMap, i);

        if (contains(dev->wanted, map)) {
            i++;
            continue;
        }
        unmap(dev, map);
        g_array_remove_index_fast(dev->maps, i);
    }
}

void xen_pt_device_map_wanted(XenPtDevice *dev)
{
    bool pending = false;

    if (!xen_pt_may_issue(dev)) {
        return;
    }
    for (unsigned i = 0; i < dev->wanted->len; i++) {
        XenPtMap map = g_array_index(dev->wanted, XenPtMap, i);

        if (!contains(dev->maps, &map)) {
            try_map(dev, &map);
            g_array_append_val(dev->maps, map);
            pending |= map.state == XEN_PT_MAP_PENDING;
        }
    }
    if (pending) {
        xen_pt_retry_later(dev);
    }
}

bool xen_pt_bars_retry(XenPtDevice *dev)
{
    bool waits = false;

    for (unsigned i = 0; i < dev->maps->len; i++) {
        XenPtMap *map = &g_array_index(dev->maps, XenPtMap, i);

        if (map->state == XEN_PT_MAP_PENDING) {
            try_map(dev, map);
            waits |= map->state == XEN_PT_MAP_PENDING;
        }
    }
    return waits;
}

/* Everything goes: the function is on its way out. */
void xen_pt_bars_drop(XenPtDevice *dev)
{
    for (unsigned i = 0; i < dev->maps->len; i++) {
        unmap(dev, &g_array_index(dev->maps, XenPtMap, i));
    }
    g_array_set_size(dev->maps, 0);
    g_array_set_size(dev->wanted, 0);
    g_array_set_size(dev->sections, 0);
    enable_rom(dev, false);
}
