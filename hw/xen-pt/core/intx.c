/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * xen-pt core: INTx
 *
 * The line is routed by Xen from the host's GSI to the guest's slot and pin;
 * nothing of it runs here.  Functions that share a GSI share one pirq, which
 * is unmapped with its last user.
 */
#include <errno.h>
#include <string.h>

#include "internal.h"
#include "pci-regs.h"

/*
 * libxl maps the GSI, too, which then is the same pirq.  Where it also
 * unmaps it, after us, it has an error to print if we were first.
 */
static void unmap(XenPtDevice *dev, bool toolstack_will)
{
    if (dev->intx_pirq < 0) {
        return;
    }
    if (xen_pt_pirq_users(dev->hv, dev->intx_pirq, -1) == 0 &&
        !toolstack_will) {
        /* libxl may have unmapped it before us: not worth a word */
        dev->counters.irq_unmaps++;
        dev->hv->ops->unmap_pirq(dev->hv, dev->intx_pirq);
        xen_pt_event(dev, XEN_PT_EVENT_IRQ_UNMAP, dev->intx_pirq, 0, 0,
                     "INTx");
    }
    dev->intx_pirq = -1;
}

static int route(XenPtDevice *dev, const char **what)
{
    int pirq = -1, ret;

    *what = "mapping";
    ret = dev->hv->ops->map_gsi(dev->hv, &dev->host->info.address,
                                dev->host->info.gsi, &pirq);
    if (ret >= 0 && pirq < 0) {
        ret = -ERANGE;
    }
    if (ret < 0) {
        return ret;
    }
    dev->counters.irq_maps++;
    dev->intx_pirq = pirq;
    xen_pt_pirq_users(dev->hv, pirq, 1);
    xen_pt_event(dev, XEN_PT_EVENT_IRQ_MAP, dev->host->info.gsi, pirq, 0,
                 "INTx");

    *what = "binding";
    if ((uint32_t)pirq > dev->hv->max_gsi) {
        unmap(dev, false);
        return -ERANGE;
    }
    ret = dev->hv->ops->bind_intx(dev->hv, pirq, dev->guest_bus,
                                  dev->guest_slot, dev->intx_pin - 1);
    if (ret < 0) {
        unmap(dev, false);
        return ret;
    }
    dev->counters.binds++;
    dev->intx_bound = true;
    xen_pt_event(dev, XEN_PT_EVENT_IRQ_BIND, pirq, dev->guest_slot,
                 dev->intx_pin, "INTx");
    return 0;
}

/*
 * A device that has MSI or MSI-X does without its line: the guest then sees
 * no interrupt pin.  One that has nothing else is refused.
 */
static bool do_without(XenPtDevice *dev, GError **errp, char *sentence)
{
    bool can = dev->msi.inst || dev->msix.inst;

    if (can) {
        xen_pt_warn(dev, "%s; the guest gets no INTx, only MSI", sentence);
    } else {
        g_set_error(errp, XEN_PT_ERROR, XEN_PT_ERROR_HYPERVISOR,
                    "%s; the device has no MSI to do with: try "
                    "another slot for it", sentence);
    }
    g_free(sentence);
    return can;
}

bool xen_pt_intx_start(XenPtDevice *dev, GError **errp)
{
    const XenPtHostInfo *info = &dev->host->info;
    const char *what = NULL;
    char *sentence = NULL;
    int ret;

    dev->intx_pin = xen_pt_config_value(dev, PCI_INTERRUPT_PIN, 1);
    if (dev->intx_pin < 1 || dev->intx_pin > 4 || !info->gsi) {
        dev->intx_pin = 0;
    } else if (info->gsi > dev->hv->max_gsi) {
        sentence = g_strdup_printf("%s: its interrupt line is GSI %u, and "
                                   "the Xen library of this device model "
                                   "carries GSIs up to %u only", dev->name,
                                   info->gsi, dev->hv->max_gsi);
    } else {
        ret = route(dev, &what);
        if (ret == -ESRCH) {
            /* Xen's word for a domain without IOMMU; MSI would meet it, too */
            dev->intx_pin = 0;
            g_set_error(errp, XEN_PT_ERROR, XEN_PT_ERROR_HYPERVISOR,
                        "%s: Xen has no IOMMU for the guest, so it can have "
                        "no devices; turn the IOMMU on in the firmware, and "
                        "create the guest with pci= or passthrough=\"enabled\""
                        " in its configuration", dev->name);
            return false;
        }
        if (ret < 0) {
            sentence = g_strdup_printf("%s: %s its interrupt line, GSI %u, "
                                       "failed (%s); see `xl dmesg`",
                                       dev->name, what, info->gsi,
                                       g_strerror(-ret));
        }
    }
    if (!dev->intx_bound) {
        dev->intx_pin = 0;
        xen_pt_config_store_initial(dev, PCI_INTERRUPT_PIN, 1, 0);
    }
    return sentence ? do_without(dev, errp, sentence) : true;
}

static void unbind(XenPtDevice *dev)
{
    if (dev->intx_bound) {
        dev->hv->ops->unbind_intx(dev->hv, dev->intx_pirq, dev->guest_bus,
                                  dev->guest_slot, dev->intx_pin - 1);
        dev->counters.unbinds++;
        dev->intx_bound = false;
        xen_pt_event(dev, XEN_PT_EVENT_IRQ_UNBIND, dev->intx_pirq, 0, 0,
                     "INTx");
    }
}

void xen_pt_intx_stop(XenPtDevice *dev)
{
    unbind(dev);
    unmap(dev, dev->intx_is_toolstacks);
    dev->intx_back_at = -1;
}

/* -- a line that the toolstack unmaps with another function ---------------- */

/*
 * Bound when it is unmapped, a pirq is of no use until the domain ends: Xen
 * has forgotten it half, and refuses to unbind it, to map it and to bind it.
 */
bool xen_pt_device_park_line(XenPtDevice *dev, const XenPtDevice *leaving)
{
    if (!leaving->intx_is_toolstacks ||
        dev->host->info.gsi != leaving->host->info.gsi ||
        (!dev->intx_bound && dev->intx_back_at < 0)) {
        return false;
    }
    unbind(dev);
    unmap(dev, true);
    xen_pt_command_update(dev);
    memcpy(dev->intx_parked_for, leaving->name, sizeof(leaving->name));
    dev->intx_back_at = dev->vm->ops->now_ms(dev->vm) + XEN_PT_PARKED_MS;
    xen_pt_timer_update(dev);
    return true;
}

void xen_pt_intx_back(XenPtDevice *dev)
{
    const char *what = NULL;
    int ret;

    if (!xen_pt_may_issue(dev)) {
        dev->intx_back_at = dev->vm->ops->now_ms(dev->vm) +
                            XEN_PT_RETRY_SLOW_MS;
        return;
    }
    dev->intx_back_at = -1;
    ret = route(dev, &what);
    if (ret < 0) {
        xen_pt_warn(dev, "%s: the toolstack has unmapped its interrupt line, "
                    "GSI %u, together with that of %s, and %s it again "
                    "failed (%s); the guest gets no INTx of it any more: let "
                    "its driver use MSI, or create the guest anew",
                    dev->name, dev->host->info.gsi, dev->intx_parked_for,
                    what, g_strerror(-ret));
    }
    xen_pt_command_update(dev);
}

void xen_pt_device_unpark_line(XenPtDevice *dev, const char *left)
{
    if (dev->intx_back_at >= 0 && !strcmp(dev->intx_parked_for, left)) {
        xen_pt_intx_back(dev);
        xen_pt_timer_update(dev);
    }
}
