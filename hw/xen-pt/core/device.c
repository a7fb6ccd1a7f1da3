/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * xen-pt core: the life of one function
 *
 * Owns everything about it and orders the parts: what is acquired in start
 * is released in stop, in the reverse order, each by the part that acquired
 * it.
 */
#include <string.h>

#include "internal.h"
#include "pci-regs.h"

#define PCI_VENDOR_INTEL      0x8086
#define PCI_BASE_CLASS_DISPLAY 0x03

/* -- what is said --------------------------------------------------------- */

static void say(XenPtDevice *dev, XenPtLevel level, char *sentence)
{
    if (dev->warnings->len < XEN_PT_MAX_WARNINGS) {
        dev->vm->ops->report(dev->vm, level, sentence);
        g_ptr_array_add(dev->warnings, sentence);
        return;
    }
    if (dev->warnings->len == XEN_PT_MAX_WARNINGS) {
        g_ptr_array_add(dev->warnings,
                        g_strdup_printf("%s: more is not reported",
                                        dev->name));
        dev->vm->ops->report(dev->vm, XEN_PT_LEVEL_WARNING,
                             dev->warnings->pdata[XEN_PT_MAX_WARNINGS]);
    }
    g_free(sentence);
}

void xen_pt_warn(XenPtDevice *dev, const char *format, ...)
{
    va_list ap;

    va_start(ap, format);
    say(dev, XEN_PT_LEVEL_WARNING, g_strdup_vprintf(format, ap));
    va_end(ap);
}

void xen_pt_say(XenPtDevice *dev, XenPtLevel level, const char *format, ...)
{
    va_list ap;

    va_start(ap, format);
    say(dev, level, g_strdup_vprintf(format, ap));
    va_end(ap);
}

void xen_pt_device_warn(XenPtDevice *dev, const char *sentence)
{
    xen_pt_warn(dev, "%s", sentence);
}

/* -- open ----------------------------------------------------------------- */

static bool check_sharing(XenPtDevice *dev, GError **errp)
{
    for (int i = 0; i < XEN_PT_NUM_REGIONS; i++) {
        const XenPtHostRegion *r = &dev->host->info.region[i];

        if (!r->size || r->io || !r->shared_with) {
            continue;
        }
        if (dev->options.refuse_shared) {
            g_set_error(errp, XEN_PT_ERROR, XEN_PT_ERROR_SHARING,
                        "%s: %s shares a page with %s; boot dom0's kernel "
                        "with pci=resource_alignment=12@%s so that each gets "
                        "pages of its own", dev->name, xen_pt_region_name(i),
                        r->shared_with, dev->name);
            return false;
        }
        xen_pt_warn(dev, "%s: %s shares a page with %s, so its accesses are "
                    "served one by one instead of mapped; boot dom0's kernel "
                    "with pci=resource_alignment=12@%s to cure it",
                    dev->name, xen_pt_region_name(i), r->shared_with,
                    dev->name);
    }
    return true;
}

static bool check_regions(XenPtDevice *dev, GError **errp)
{
    for (int i = 0; i < XEN_PT_NUM_REGIONS; i++) {
        const XenPtHostRegion *r = &dev->host->info.region[i];

        if (r->size && ((r->size & (r->size - 1)) ||
                        (r->base & (r->size - 1)))) {
            g_set_error(errp, XEN_PT_ERROR, XEN_PT_ERROR_HOST,
                        "%s: the host says that its %s is 0x%" PRIx64
                        " bytes at 0x%" PRIx64 ", which cannot be; see "
                        "`lspci -vs %s`", dev->name, xen_pt_region_name(i),
                        r->size, r->base, dev->name);
            return false;
        }
    }
    return true;
}

/* Its driver needs stolen memory and an OpRegion that we do not give yet. */
static bool check_igd(XenPtDevice *dev, GError **errp)
{
    const XenPtHostInfo *info = &dev->host->info;
    const XenPtAddress *a = &info->address;

    if (info->vendor == PCI_VENDOR_INTEL &&
        info->class_code >> 16 == PCI_BASE_CLASS_DISPLAY &&
        a->segment == 0 && a->bus == 0 && a->slot == 2 && a->function == 0) {
        g_set_error(errp, XEN_PT_ERROR, XEN_PT_ERROR_UNSUPPORTED,
                    "%s: it is the processor's own graphics (IGD), which "
                    "xen-pt does not support yet; use a discrete or SR-IOV "
                    "graphics function, or the stock device model",
                    dev->name);
        return false;
    }
    return true;
}

/* A guest is offered FLR only if the host can do it. */
static void check_reset(XenPtDevice *dev)
{
    const char *methods = dev->host->info.reset_methods;

    if (dev->options.allow_reset &&
        (!dev->host->ops->reset || !dev->vm->ops->start_reset ||
         !methods || !*methods)) {
        dev->options.allow_reset = false;
        xen_pt_warn(dev, "%s: the guest is not offered a function reset, "
                    "although allow-reset is set, because the host has no "
                    "method to reset this function", dev->name);
    }
}

XenPtDevice *xen_pt_device_open(XenPtHost *host, XenPtHypervisor *hv,
                                XenPtVm *vm, const XenPtOptions *options,
                                GError **errp)
{
    XenPtDevice *dev = g_new0(XenPtDevice, 1);

    dev->host = host;
    dev->hv = hv;
    dev->vm = vm;
    dev->options = *options;
    dev->options.allow = dev->options.quirks = dev->options.forbid = NULL;
    dev->settle_at = dev->msi_settle_at = dev->retry_at = -1;
    dev->retry_since = dev->timer_at = dev->intx_back_at = -1;
    dev->intx_pirq = -1;
    dev->msix.table_region = dev->msix.pba_region = -1;
    dev->instances = g_ptr_array_new_with_free_func(g_free);
    dev->warnings = g_ptr_array_new_with_free_func(g_free);
    dev->denied = g_hash_table_new_full(NULL, NULL, NULL, g_free);
    dev->sections = g_array_new(false, false, sizeof(XenPtSection));
    dev->maps = g_array_new(false, false, sizeof(XenPtMap));
    dev->wanted = g_array_new(false, false, sizeof(XenPtMap));
    for (unsigned i = 0; i < G_N_ELEMENTS(dev->msi.vector); i++) {
        xen_pt_vector_init(&dev->msi.vector[i]);
    }
    xen_pt_address_format(&host->info.address, dev->name);

    check_reset(dev);
    if (!check_igd(dev, errp) || !check_regions(dev, errp) ||
        !check_sharing(dev, errp) ||
        (options->forbid &&
         !xen_pt_policy_forbid(dev, options->forbid, errp)) ||
        !xen_pt_config_open(dev, errp)) {
        xen_pt_device_close(dev);
        return NULL;
    }
    if (options->quirks) {
        xen_pt_policy_quirks(dev, options->quirks);
    }
    if (options->allow && !xen_pt_policy_allow(dev, options->allow, errp)) {
        xen_pt_device_close(dev);
        return NULL;
    }
    return dev;
}

/* -- Command -------------------------------------------------------------- */

#define COMMAND_PASSED (PCI_COMMAND_MASTER | PCI_COMMAND_INVALIDATE)
#define COMMAND_ENABLES (PCI_COMMAND_IO | PCI_COMMAND_MEMORY | \
                         PCI_COMMAND_MASTER)

static bool write_command(XenPtDevice *dev, uint16_t command)
{
    if (!dev->hw_command_known || command != dev->hw_command) {
        if (!xen_pt_host_write16(dev, PCI_COMMAND, command)) {
            return false;
        }
        dev->hw_command = command;
        dev->hw_command_known = true;
    }
    return true;
}

/*
 * Decoding stays on in the hardware while the guest has the device: a guest
 * that turned it off could make the host take an unsupported request
 * (XSA-120, XSA-126).  INTx can be enabled only where it is routed, and not
 * before somebody can answer it: until the guest has enabled the function,
 * what it raises would hold the line for all that share it.
 */
void xen_pt_command_update(XenPtDevice *dev)
{
    uint32_t guest = xen_pt_config_value(dev, PCI_COMMAND, 2);
    uint16_t command = dev->hw_command &
                       ~(COMMAND_PASSED | PCI_COMMAND_INTX_DISABLE);

    if (dev->state != XEN_PT_STATE_STARTED || dev->resetting) {
        return;
    }
    if (guest & COMMAND_ENABLES) {
        dev->enabled = true;
    }
    command |= guest & COMMAND_PASSED;
    if (!dev->intx_bound || !dev->enabled ||
        (guest & PCI_COMMAND_INTX_DISABLE)) {
        command |= PCI_COMMAND_INTX_DISABLE;
    }
    write_command(dev, command);
}

/*
 * The guest writes what it has written before: its driver may have reset the
 * device by a register of its own, which made it forget (tg3's core clock
 * reset clears memory decoding, or MSI Enable).  So the device is told again.
 */
void xen_pt_written_again(XenPtDevice *dev, unsigned actions)
{
    if (dev->state != XEN_PT_STATE_STARTED) {
        return;
    }
    if ((actions & XEN_PT_ACTION_COMMAND) &&
        (xen_pt_config_value(dev, PCI_COMMAND, 2) & COMMAND_ENABLES)) {
        dev->hw_command_known = false;
    }
    if (actions & XEN_PT_ACTION_MSI) {
        xen_pt_msi_written_again(dev);
    }
}

/* -- timers --------------------------------------------------------------- */

static int64_t earlier(int64_t a, int64_t b)
{
    return a < 0 ? b : b < 0 ? a : MIN(a, b);
}

void xen_pt_timer_update(XenPtDevice *dev)
{
    int64_t at = earlier(earlier(dev->settle_at, dev->msi_settle_at),
                         earlier(dev->retry_at, dev->intx_back_at));

    if (at != dev->timer_at) {
        dev->timer_at = at;
        dev->vm->ops->set_timer(dev->vm, at);
    }
}

void xen_pt_retry_later(XenPtDevice *dev)
{
    int64_t now = dev->vm->ops->now_ms(dev->vm);

    if (dev->retry_since < 0) {
        dev->retry_since = now;
    }
    if (dev->retry_at < 0) {
        dev->retry_at = now + (now - dev->retry_since <
                               XEN_PT_RETRY_FAST_FOR_MS ? XEN_PT_RETRY_MS
                               : XEN_PT_RETRY_SLOW_MS);
    }
    xen_pt_timer_update(dev);
}

static void retry(XenPtDevice *dev)
{
    bool waits;

    dev->retry_at = -1;
    if (!xen_pt_may_issue(dev)) {
        return;
    }
    waits = xen_pt_bars_retry(dev);
    if (dev->msi_settle_at < 0 && xen_pt_msi_waits(dev)) {
        xen_pt_msi_sync(dev);       /* else soon, with a whole message */
    }
    waits |= xen_pt_msi_waits(dev);
    if (xen_pt_msix_waits(dev)) {
        xen_pt_msix_sync(dev);
        waits |= xen_pt_msix_waits(dev);
    }
    if (waits) {
        xen_pt_retry_later(dev);
    } else {
        dev->retry_since = -1;
    }
}

void xen_pt_device_timer(XenPtDevice *dev)
{
    int64_t now = dev->vm->ops->now_ms(dev->vm);

    dev->timer_at = -1;
    if (dev->settle_at >= 0 && dev->settle_at <= now) {
        xen_pt_bars_commit(dev);
    }
    if (dev->msi_settle_at >= 0 && dev->msi_settle_at <= now) {
        xen_pt_msi_sync(dev);
    }
    if (dev->retry_at >= 0 && dev->retry_at <= now) {
        retry(dev);
    }
    if (dev->intx_back_at >= 0 && dev->intx_back_at <= now) {
        xen_pt_intx_back(dev);
    }
    xen_pt_timer_update(dev);
}

void xen_pt_device_settle(XenPtDevice *dev)
{
    if (dev->settle_at >= 0) {
        xen_pt_bars_commit(dev);
        xen_pt_timer_update(dev);
    }
}

/* -- start and stop ------------------------------------------------------- */

/*
 * Linux may know where the ROM belongs without having told the device
 * (sysfs has an address, the register reads 0): without it the mapped pages
 * would show nothing.
 */
static void place_rom(XenPtDevice *dev)
{
    const XenPtHostRegion *rom = &dev->host->info.region[XEN_PT_ROM_REGION];
    uint32_t reg = xen_pt_config_host(dev, PCI_ROM_ADDRESS, 4);

    dev->rom_enabled = reg & PCI_ROM_ADDRESS_ENABLE;
    if (rom->size && !rom->served && !dev->options.no_rom &&
        (reg & PCI_ROM_ADDRESS_MASK) == 0 && rom->base <= ALL_ONES) {
        uint32_t le = GUINT32_TO_LE((uint32_t)rom->base);

        xen_pt_host_write(dev, PCI_ROM_ADDRESS, &le, 4);
    }
}

static bool start_command(XenPtDevice *dev)
{
    const XenPtHostInfo *info = &dev->host->info;
    uint16_t command = xen_pt_config_host(dev, PCI_COMMAND, 2);

    dev->found_command = dev->hw_command = command;
    dev->hw_command_known = true;
    command &= ~COMMAND_PASSED;
    for (int i = 0; i < XEN_PT_NUM_REGIONS; i++) {
        if (info->region[i].size) {
            command |= info->region[i].io ? PCI_COMMAND_IO
                                          : PCI_COMMAND_MEMORY;
        }
    }
    return write_command(dev, command | PCI_COMMAND_INTX_DISABLE);
}

bool xen_pt_device_start(XenPtDevice *dev, uint8_t guest_bus,
                         uint8_t guest_slot, GError **errp)
{
    if (dev->domain == XEN_PT_DOMAIN_GONE) {
        g_set_error(errp, XEN_PT_ERROR, XEN_PT_ERROR_HYPERVISOR,
                    "%s: the guest has shut down or is being destroyed, so "
                    "it gets no device any more; attach it to the next one",
                    dev->name);
        return false;
    }
    if (dev->state != XEN_PT_STATE_OPEN) {
        g_set_error(errp, XEN_PT_ERROR, XEN_PT_ERROR_INTERNAL,
                    "%s: it was started before", dev->name);
        return false;
    }
    dev->guest_bus = guest_bus;
    dev->guest_slot = guest_slot;
    dev->state = XEN_PT_STATE_STARTED;

    if (dev->msix.inst && dev->host->ops->region_open) {
        dev->host->ops->region_open(dev->host, dev->msix.table_region,
                                    dev->msix.table_offset);
    }
    xen_pt_power_start(dev);
    xen_pt_msi_quiet(dev);
    xen_pt_msix_quiet(dev);
    if (!xen_pt_intx_start(dev, errp)) {
        dev->state = XEN_PT_STATE_STOPPED;
        return false;
    }
    place_rom(dev);
    if (!start_command(dev) || dev->gone) {
        if (dev->gone) {
            g_set_error(errp, XEN_PT_ERROR, XEN_PT_ERROR_GONE,
                        "%s: the device stopped answering while it was set "
                        "up; check its power and link", dev->name);
        } else {
            g_set_error(errp, XEN_PT_ERROR, XEN_PT_ERROR_HOST,
                        "%s: its Command register cannot be written, so it "
                        "would be of no use to the guest; is dom0's kernel "
                        "locked down (Secure Boot)?", dev->name);
        }
        xen_pt_device_stop(dev);
        return false;
    }
    xen_pt_event(dev, XEN_PT_EVENT_START, guest_bus, guest_slot,
                 dev->intx_pin, NULL);
    return true;
}

void xen_pt_device_attached(XenPtDevice *dev)
{
    dev->intx_is_toolstacks = dev->hv->toolstack_unmaps_gsi;
}

void xen_pt_device_stop(XenPtDevice *dev)
{
    if (dev->state != XEN_PT_STATE_STARTED) {
        dev->state = XEN_PT_STATE_STOPPED;
        return;
    }
    xen_pt_event(dev, XEN_PT_EVENT_STOP, 0, 0, 0, NULL);
    xen_pt_msix_stop(dev);
    xen_pt_msi_stop(dev);
    xen_pt_bars_drop(dev);
    xen_pt_intx_stop(dev);
    xen_pt_power_stop(dev);
    write_command(dev, (dev->found_command & ~COMMAND_PASSED) |
                       PCI_COMMAND_INTX_DISABLE);
    dev->state = XEN_PT_STATE_STOPPED;
    dev->settle_at = dev->msi_settle_at = dev->retry_at = -1;
    xen_pt_timer_update(dev);
}

void xen_pt_device_close(XenPtDevice *dev)
{
    if (!dev) {
        return;
    }
    xen_pt_device_stop(dev);
    xen_pt_msix_free(dev);
    dev->host->ops->close(dev->host);
    g_ptr_array_unref(dev->instances);
    g_ptr_array_unref(dev->warnings);
    g_hash_table_unref(dev->denied);
    g_array_unref(dev->sections);
    g_array_unref(dev->maps);
    g_array_unref(dev->wanted);
    g_free(dev);
}

void xen_pt_device_reset(XenPtDevice *dev)
{
    if (dev->state != XEN_PT_STATE_STARTED || dev->resetting) {
        return;
    }
    xen_pt_event(dev, XEN_PT_EVENT_RESET, 0, 0, 0, "machine");
    xen_pt_config_reset(dev);
    xen_pt_msi_control(dev);
    xen_pt_msix_control(dev);
    xen_pt_msix_reset(dev);
    xen_pt_power_update(dev);
    dev->enabled = false;
    xen_pt_command_update(dev);
    xen_pt_bars_commit(dev);
    xen_pt_timer_update(dev);
}

/* PCIe 6.0, 7.5.3.4; PCI 3.0 ECN "Advanced Capabilities", AF Control */
#define PCI_EXP_DEVCTL          0x08
#define PCI_EXP_DEVCTL_BCR_FLR  0x8000
#define PCI_AF_CTRL             0x04
#define PCI_AF_CTRL_FLR         0x01

static bool take_bit(XenPtDevice *dev, uint16_t id, uint16_t reg,
                     uint32_t bit)
{
    const XenPtInstance *inst = xen_pt_chain_find(dev, id, false);
    uint32_t value;

    if (!inst) {
        return false;
    }
    value = xen_pt_config_value(dev, inst->offset + reg, 2);
    xen_pt_config_store(dev, inst->offset + reg, 2, value & ~bit);
    return value & bit;
}

/*
 * The guest has asked for a function level reset.  Everything that refers to
 * the device goes first; then the host resets it where it may sleep, and
 * until it has, the kernel would block whoever asks sysfs: the guest reads
 * ones, as of a device that is in reset (PCIe 6.0, 6.6.2).
 */
void xen_pt_flr_written(XenPtDevice *dev)
{
    bool wanted = take_bit(dev, PCI_CAP_ID_EXP, PCI_EXP_DEVCTL,
                           PCI_EXP_DEVCTL_BCR_FLR);

    wanted |= take_bit(dev, PCI_CAP_ID_AF, PCI_AF_CTRL, PCI_AF_CTRL_FLR);
    if (!wanted || !dev->options.allow_reset || !xen_pt_may_issue(dev)) {
        return;
    }
    xen_pt_device_reset(dev);
    dev->resetting = true;
    xen_pt_event(dev, XEN_PT_EVENT_RESET, 1, 0, 0, "guest");
    dev->vm->ops->start_reset(dev->vm);
}

void xen_pt_device_reset_done(XenPtDevice *dev, int result)
{
    if (!dev->resetting) {
        return;
    }
    dev->resetting = false;
    if (result < 0) {
        xen_pt_warn(dev, "%s: the host could not reset the function for the "
                    "guest (%s); it may be in no good state: see dom0's "
                    "dmesg", dev->name, g_strerror(-result));
    }
    if (dev->state == XEN_PT_STATE_STARTED) {
        dev->hw_command_known = false;
        xen_pt_command_update(dev);
    }
}

void xen_pt_device_domain_state(XenPtDevice *dev, XenPtDomainState state)
{
    XenPtDomainState before = dev->domain;

    if (before == XEN_PT_DOMAIN_GONE) {
        return;
    }
    dev->domain = state;
    if (state == XEN_PT_DOMAIN_RUNNING && before != state) {
        xen_pt_device_map_wanted(dev);
        if (dev->msi_settle_at < 0) {
            xen_pt_msi_sync(dev);
        }
        xen_pt_msix_table_moved(dev);
        xen_pt_msix_sync(dev);
        retry(dev);
        xen_pt_timer_update(dev);
    }
}

/* -- regions -------------------------------------------------------------- */

XenPtGuestRegion xen_pt_device_region(const XenPtDevice *dev, int region)
{
    const XenPtHostRegion *r;
    XenPtGuestRegion guest = { 0 };

    if (region >= 0 && region < XEN_PT_NUM_REGIONS &&
        !(region == XEN_PT_ROM_REGION && dev->options.no_rom)) {
        r = &dev->host->info.region[region];
        guest.size = r->size;
        guest.io = r->io;
        guest.mem64 = r->mem64;
        guest.prefetch = r->prefetch;
    }
    return guest;
}

static uint64_t value_ones(unsigned size)
{
    return size >= 8 ? UINT64_MAX : (1ull << (8 * size)) - 1;
}

static bool region_access_ok(const XenPtDevice *dev, int region,
                             uint64_t offset, unsigned size)
{
    uint64_t total = xen_pt_device_region(dev, region).size;

    return dev->state == XEN_PT_STATE_STARTED && !dev->gone &&
           !dev->resetting &&
           (size == 1 || size == 2 || size == 4 || size == 8) &&
           size <= total && offset <= total - size;
}

/* The bus makes several accesses of one that is not aligned; so do these. */
static int host_region_read(XenPtDevice *dev, int region, uint64_t offset,
                            unsigned size, uint64_t *value)
{
    unsigned half = size / 2;
    uint64_t low, high;
    int rc;

    if (!(offset & (size - 1))) {
        return dev->host->ops->region_read(dev->host, region, offset, size,
                                           value);
    }
    rc = host_region_read(dev, region, offset, half, &low);
    if (rc >= 0) {
        rc = host_region_read(dev, region, offset + half, half, &high);
    }
    if (rc >= 0) {
        *value = high << (8 * half) | low;
    }
    return rc;
}

static void host_region_write(XenPtDevice *dev, int region, uint64_t offset,
                              unsigned size, uint64_t value)
{
    unsigned half = size / 2;

    if (!(offset & (size - 1))) {
        dev->host->ops->region_write(dev->host, region, offset, size, value);
        return;
    }
    host_region_write(dev, region, offset, half, value & value_ones(half));
    host_region_write(dev, region, offset + half, half, value >> (8 * half));
}

uint64_t xen_pt_device_region_read(XenPtDevice *dev, int region,
                                   uint64_t offset, unsigned size)
{
    uint64_t value = value_ones(size);

    if (!region_access_ok(dev, region, offset, size)) {
        return value_ones(size);
    }
    dev->counters.region_reads++;
    if (xen_pt_msix_read(dev, region, offset, size, &value)) {
        return value;
    }
    if (host_region_read(dev, region, offset, size, &value) < 0) {
        return value_ones(size);
    }
    return value;
}

void xen_pt_device_region_write(XenPtDevice *dev, int region,
                                uint64_t offset, unsigned size,
                                uint64_t value)
{
    if (!region_access_ok(dev, region, offset, size)) {
        return;
    }
    dev->counters.region_writes++;
    if (xen_pt_msix_write(dev, region, offset, size, value)) {
        return;
    }
    host_region_write(dev, region, offset, size, value);
}

/* -- what can be asked for ------------------------------------------------ */

const XenPtHostInfo *xen_pt_device_info(const XenPtDevice *dev)
{
    return &dev->host->info;
}

const char *xen_pt_device_name(const XenPtDevice *dev)
{
    return dev->name;
}

const XenPtCounters *xen_pt_device_counters(const XenPtDevice *dev)
{
    return &dev->counters;
}

bool xen_pt_device_gone(const XenPtDevice *dev)
{
    return dev->gone;
}

const GPtrArray *xen_pt_device_warnings(const XenPtDevice *dev)
{
    return dev->warnings;
}

GArray *xen_pt_device_maps(const XenPtDevice *dev)
{
    GArray *maps = g_array_new(false, false, sizeof(XenPtMap));

    if (dev->maps->len) {
        g_array_append_vals(maps, dev->maps->data, dev->maps->len);
    }
    return maps;
}

GArray *xen_pt_device_instances(XenPtDevice *dev)
{
    GArray *all = g_array_new(false, false, sizeof(XenPtInstance));

    xen_pt_config_open_extended(dev);
    for (unsigned i = 0; i < dev->instances->len; i++) {
        XenPtInstance *inst = dev->instances->pdata[i];

        g_array_append_vals(all, inst, 1);
    }
    return all;
}

XenPtIrqMode xen_pt_device_irq_mode(const XenPtDevice *dev)
{
    if (dev->state != XEN_PT_STATE_STARTED) {
        return XEN_PT_IRQ_NONE;
    }
    if (dev->msix.enabled) {
        return XEN_PT_IRQ_MSIX;
    }
    if (dev->msi.enabled) {
        return XEN_PT_IRQ_MSI;
    }
    return dev->intx_bound ? XEN_PT_IRQ_INTX : XEN_PT_IRQ_NONE;
}

static void append_vector(GArray *all, unsigned entry, bool masked,
                          const XenPtVector *v)
{
    XenPtVectorInfo info = {
        .entry = entry, .masked = masked, .bound = v->bound,
        .pirq = v->pirq, .binding = v->binding, .error = v->error,
    };

    g_array_append_val(all, info);
}

GArray *xen_pt_device_vectors(const XenPtDevice *dev)
{
    GArray *all = g_array_new(false, false, sizeof(XenPtVectorInfo));

    if (dev->msix.enabled) {
        for (unsigned i = 0; i < dev->msix.count; i++) {
            const XenPtMsixEntry *e = &dev->msix.entry[i];

            append_vector(all, i, e->dword[3] & PCI_MSIX_ENTRY_CTRL_MASKBIT,
                          &e->vector);
        }
    } else if (dev->msi.enabled) {
        uint32_t mask = dev->msi.mask
                        ? xen_pt_config_value(dev, dev->msi.mask, 4) : 0;

        for (unsigned i = 0; i < dev->msi.max_vectors; i++) {
            append_vector(all, i, mask & (1u << i), &dev->msi.vector[i]);
        }
    }
    return all;
}
