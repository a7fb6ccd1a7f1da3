/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * xen-pt core: what a running device tells about itself
 *
 * Only looks: nothing here may go through a function that counts, caches or
 * says something.  docs/introspection.md describes the texts.
 */
#include <string.h>

#include "internal.h"
#include "pci-regs.h"
#include "xen-pt/introspect.h"
#include "xen-pt/json.h"

#define FORMAT 1

static const char *const state_names[] = {
    [XEN_PT_STATE_OPEN] = "opened",
    [XEN_PT_STATE_STARTED] = "running",
    [XEN_PT_STATE_STOPPED] = "stopped",
};

static const char *const domain_names[] = {
    [XEN_PT_DOMAIN_RUNNING] = "running",
    [XEN_PT_DOMAIN_SUSPENDED] = "suspended",
    [XEN_PT_DOMAIN_GONE] = "gone",
};

static const char *const map_names[] = {
    [XEN_PT_MAP_PENDING] = "pending",
    [XEN_PT_MAP_MAPPED] = "mapped",
    [XEN_PT_MAP_REFUSED] = "refused",
};

static const char *const irq_names[] = {
    [XEN_PT_IRQ_NONE] = "none",
    [XEN_PT_IRQ_INTX] = "intx",
    [XEN_PT_IRQ_MSI] = "msi",
    [XEN_PT_IRQ_MSIX] = "msix",
};

static void put_host(GString *out, const XenPtDevice *dev)
{
    const XenPtHostInfo *info = &dev->host->info;

    xen_pt_json_open(out, "host", '{');
    xen_pt_json_string(out, "address", dev->name);
    xen_pt_json_format(out, "vendor", "%04x", info->vendor);
    xen_pt_json_format(out, "device", "%04x", info->device);
    xen_pt_json_format(out, "class", "%06x", info->class_code);
    xen_pt_json_format(out, "revision", "%02x", info->revision);
    xen_pt_json_string(out, "driver", info->driver);
    xen_pt_json_string(out, "reset_methods", info->reset_methods);
    xen_pt_json_int(out, "gsi", info->gsi);
    xen_pt_json_bool(out, "virtual_function", info->is_virtfn);
    xen_pt_json_close(out, '}');
}

static void put_guest(GString *out, const XenPtDevice *dev)
{
    if (dev->state == XEN_PT_STATE_OPEN) {
        xen_pt_json_string(out, "guest", NULL);
        return;
    }
    xen_pt_json_open(out, "guest", '{');
    xen_pt_json_format(out, "address", "%02x:%02x.0", dev->guest_bus,
                       dev->guest_slot);
    xen_pt_json_close(out, '}');
}

static void put_options(GString *out, const XenPtDevice *dev)
{
    xen_pt_json_open(out, "options", '{');
    xen_pt_json_bool(out, "permissive", dev->options.permissive);
    xen_pt_json_bool(out, "real_power", dev->options.real_power);
    xen_pt_json_bool(out, "allow_reset", dev->options.allow_reset);
    xen_pt_json_bool(out, "refuse_shared", dev->options.refuse_shared);
    xen_pt_json_bool(out, "rom", !dev->options.no_rom);
    xen_pt_json_close(out, '}');
}

/* -- BARs ----------------------------------------------------------------- */

static const char *how(const XenPtDevice *dev, int region)
{
    const XenPtHostRegion *r = &dev->host->info.region[region];
    bool pending = false, refused = false;
    uint64_t mapped = 0;

    if (!xen_pt_bars_address(dev, region)) {
        return "off";
    }
    for (unsigned i = 0; i < dev->maps->len; i++) {
        const XenPtMap *map = &g_array_index(dev->maps, XenPtMap, i);

        if (map->region == region) {
            pending |= map->state == XEN_PT_MAP_PENDING;
            refused |= map->state == XEN_PT_MAP_REFUSED;
            if (map->state == XEN_PT_MAP_MAPPED) {
                mapped += map->count * (map->io ? 1 : XEN_PT_PAGE_SIZE);
            }
        }
    }
    return pending ? "pending" : refused ? "refused"
           : mapped >= r->size ? "mapped" : mapped ? "part" : "trapped";
}

static void put_maps(GString *out, const XenPtDevice *dev, int region)
{
    xen_pt_json_open(out, "maps", '[');
    for (unsigned i = 0; i < dev->maps->len; i++) {
        const XenPtMap *map = &g_array_index(dev->maps, XenPtMap, i);

        if (map->region != region) {
            continue;
        }
        xen_pt_json_open(out, NULL, '{');
        xen_pt_json_hex(out, "guest", map->guest);
        xen_pt_json_hex(out, "machine", map->machine);
        xen_pt_json_int(out, "count", map->count);
        xen_pt_json_string(out, "unit", map->io ? "ports" : "pages");
        xen_pt_json_string(out, "state", map_names[map->state]);
        xen_pt_json_int(out, "error", map->error);
        xen_pt_json_close(out, '}');
    }
    xen_pt_json_close(out, ']');
}

static void put_bars(GString *out, const XenPtDevice *dev)
{
    xen_pt_json_open(out, "bars", '[');
    for (int i = 0; i < XEN_PT_NUM_REGIONS; i++) {
        const XenPtHostRegion *r = &dev->host->info.region[i];
        uint64_t guest = xen_pt_bars_address(dev, i);

        if (!xen_pt_device_region(dev, i).size) {
            continue;
        }
        xen_pt_json_open(out, NULL, '{');
        xen_pt_json_int(out, "index", i);
        xen_pt_json_string(out, "kind", i == XEN_PT_ROM_REGION ? "rom"
                           : r->io ? "io" : r->mem64 ? "memory64"
                           : "memory32");
        xen_pt_json_bool(out, "prefetchable", r->prefetch);
        xen_pt_json_int(out, "size", r->size);
        xen_pt_json_hex(out, "host", r->base);
        if (guest) {
            xen_pt_json_hex(out, "guest", guest);
        } else {
            xen_pt_json_string(out, "guest", NULL);
        }
        xen_pt_json_string(out, "how", how(dev, i));
        xen_pt_json_string(out, "shared_with", r->shared_with);
        put_maps(out, dev, i);
        xen_pt_json_close(out, '}');
    }
    xen_pt_json_close(out, ']');
}

/* -- interrupts ----------------------------------------------------------- */

static void put_vectors(GString *out, const XenPtDevice *dev)
{
    g_autoptr(GArray) all = xen_pt_device_vectors(dev);

    xen_pt_json_open(out, "vectors", '[');
    for (unsigned i = 0; i < all->len; i++) {
        const XenPtVectorInfo *v = &g_array_index(all, XenPtVectorInfo, i);

        if (v->masked && !v->bound && v->pirq < 0 && !v->error) {
            continue;
        }
        xen_pt_json_open(out, NULL, '{');
        xen_pt_json_int(out, "entry", v->entry);
        xen_pt_json_bool(out, "masked", v->masked);
        xen_pt_json_bool(out, "bound", v->bound);
        xen_pt_json_int(out, "pirq", v->pirq);
        xen_pt_json_int(out, "vector", v->binding.gvec);
        xen_pt_json_hex(out, "gflags", v->binding.gflags);
        xen_pt_json_int(out, "error", v->error);
        xen_pt_json_close(out, '}');
    }
    xen_pt_json_close(out, ']');
}

static void put_interrupt(GString *out, const XenPtDevice *dev)
{
    xen_pt_json_open(out, "interrupt", '{');
    xen_pt_json_string(out, "mode", irq_names[xen_pt_device_irq_mode(dev)]);
    if (dev->intx_pin) {
        xen_pt_json_open(out, "intx", '{');
        xen_pt_json_int(out, "pin", dev->intx_pin);
        xen_pt_json_int(out, "gsi", dev->host->info.gsi);
        xen_pt_json_int(out, "pirq", dev->intx_pirq);
        xen_pt_json_bool(out, "bound", dev->intx_bound);
        xen_pt_json_close(out, '}');
    } else {
        xen_pt_json_string(out, "intx", NULL);
    }
    xen_pt_json_open(out, "offered", '{');
    xen_pt_json_int(out, "msi", dev->msi.inst ? dev->msi.max_vectors : 0);
    xen_pt_json_int(out, "msix", dev->msix.inst ? dev->msix.count : 0);
    xen_pt_json_close(out, '}');
    put_vectors(out, dev);
    xen_pt_json_close(out, '}');
}

/* -- config space --------------------------------------------------------- */

static void put_capabilities(GString *out, const XenPtDevice *dev)
{
    xen_pt_json_open(out, "capabilities", '[');
    for (unsigned i = 0; i < dev->instances->len; i++) {
        const XenPtInstance *inst = dev->instances->pdata[i];

        xen_pt_json_open(out, NULL, '{');
        xen_pt_json_hex(out, "id", inst->id);
        xen_pt_json_bool(out, "extended", inst->extended);
        xen_pt_json_hex(out, "offset", inst->offset);
        xen_pt_json_int(out, "length", inst->length);
        xen_pt_json_string(out, "name", inst->cap ? inst->cap->name : NULL);
        xen_pt_json_bool(out, "shown", inst->shown);
        xen_pt_json_string(out, "why", inst->why);
        xen_pt_json_close(out, '}');
    }
    xen_pt_json_close(out, ']');
    xen_pt_json_bool(out, "extended_seen", dev->ext_open);
}

static void put_denied(GString *out, XenPtDevice *dev)
{
    g_autoptr(GArray) all = xen_pt_device_denied(dev);

    xen_pt_json_open(out, "denied", '[');
    for (unsigned i = 0; i < all->len; i++) {
        const XenPtDenied *d = &g_array_index(all, XenPtDenied, i);
        const char *why = NULL;

        xen_pt_json_open(out, NULL, '{');
        xen_pt_json_hex(out, "offset", d->offset);
        xen_pt_json_int(out, "count", d->count);
        xen_pt_json_hex(out, "first_value", d->first_value);
        if (xen_pt_policy_may_open(dev, d->offset, &why)) {
            xen_pt_json_format(out, "rule", "%x.b", d->offset);
        } else {
            xen_pt_json_string(out, "rule", NULL);
        }
        xen_pt_json_string(out, "why", why);
        xen_pt_json_close(out, '}');
    }
    xen_pt_json_close(out, ']');
}

static void put_warnings(GString *out, const XenPtDevice *dev)
{
    xen_pt_json_open(out, "warnings", '[');
    for (unsigned i = 0; i < dev->warnings->len; i++) {
        xen_pt_json_string(out, NULL, dev->warnings->pdata[i]);
    }
    xen_pt_json_close(out, ']');
}

static void put_counters(GString *out, const XenPtDevice *dev)
{
    const XenPtCounters *c = &dev->counters;
    const struct {
        const char *name;
        uint64_t value;
    } all[] = {
        { "config_reads", c->config_reads },
        { "config_writes", c->config_writes },
        { "host_reads", c->host_reads },
        { "host_writes", c->host_writes },
        { "denied_writes", c->denied_writes },
        { "region_reads", c->region_reads },
        { "region_writes", c->region_writes },
        { "maps", c->maps },
        { "unmaps", c->unmaps },
        { "map_errors", c->map_errors },
        { "irq_maps", c->irq_maps },
        { "irq_unmaps", c->irq_unmaps },
        { "binds", c->binds },
        { "unbinds", c->unbinds },
        { "irq_errors", c->irq_errors },
        { "commits", c->commits },
        { "deferred", c->deferred },
    };

    xen_pt_json_open(out, "counters", '{');
    for (unsigned i = 0; i < G_N_ELEMENTS(all); i++) {
        xen_pt_json_int(out, all[i].name, all[i].value);
    }
    xen_pt_json_close(out, '}');
}

char *xen_pt_introspect_status(XenPtDevice *dev, bool unplug_requested)
{
    GString *out = g_string_new(NULL);

    xen_pt_json_open(out, NULL, '{');
    xen_pt_json_int(out, "format", FORMAT);
    put_host(out, dev);
    put_guest(out, dev);
    xen_pt_json_string(out, "state", state_names[dev->state]);
    xen_pt_json_string(out, "domain", domain_names[dev->domain]);
    xen_pt_json_bool(out, "gone", dev->gone);
    xen_pt_json_string(out, "unplug", unplug_requested ? "requested"
                                                       : "none");
    put_options(out, dev);
    put_bars(out, dev);
    put_interrupt(out, dev);
    put_capabilities(out, dev);
    put_denied(out, dev);
    put_warnings(out, dev);
    put_counters(out, dev);
    xen_pt_json_close(out, '}');
    return g_string_free(out, false);
}

/* -- the guest's view ----------------------------------------------------- */

/*
 * Reads one dword of the device if a bit of it is live.  A dword that only
 * starts or ends within what the device offers is all ones there.
 */
static void host_dword(XenPtDevice *dev, unsigned at, uint8_t *host)
{
    const XenPtConfig *c = &dev->config;
    int got;

    memset(host, 0xff, 4);
    if ((c->virt[at] & c->virt[at + 1] & c->virt[at + 2] &
         c->virt[at + 3]) == 0xff) {
        return;
    }
    got = dev->host->ops->config_read(dev->host, at, host, 4);
    if (got < 4) {
        memset(host + MAX(got, 0), 0xff, 4 - MAX(got, 0));
    }
}

char *xen_pt_introspect_config(XenPtDevice *dev)
{
    const XenPtConfig *c = &dev->config;
    unsigned size = dev->ext_open ? XEN_PT_CONFIG_EXT_SIZE
                                  : XEN_PT_CONFIG_SIZE;
    bool answers = !dev->gone && !dev->resetting &&
                   dev->state != XEN_PT_STATE_STOPPED;
    GString *out = g_string_sized_new(size * 4);
    uint8_t host[4];

    g_string_printf(out, "%02x:%02x.0 Class %04x: %04x:%04x",
                    dev->guest_bus, dev->guest_slot,
                    dev->host->info.class_code >> 8, dev->host->info.vendor,
                    dev->host->info.device);
    for (unsigned at = 0; at < size; at++) {
        uint8_t byte = 0xff;

        if (answers) {
            if (at % 4 == 0) {
                host_dword(dev, at, host);
            }
            byte = (c->value[at] & c->virt[at]) |
                   (host[at % 4] & ~c->virt[at]);
        }
        if (at % 16 == 0) {
            g_string_append_printf(out, "\n%02x:", at);
        }
        g_string_append_printf(out, " %02x", byte);
    }
    g_string_append_c(out, '\n');
    return g_string_free(out, false);
}

bool xen_pt_introspect_may_allow(const XenPtDevice *dev, uint16_t offset,
                                 const char **why)
{
    return xen_pt_policy_may_open(dev, offset, why);
}
