/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * xen-pt core: one interrupt vector, MSI or MSI-X
 *
 * A vector is mapped to a pirq on first use and bound again only when what
 * the guest programmed differs from what is bound.
 */
#include <errno.h>

#include "internal.h"
#include "pci-regs.h"

/* XEN_DOMCTL_VMSI_X86_*: xen/include/public/domctl.h */
#define GFLAGS_DEST_ID      0x000000ffu
#define GFLAGS_RH           0x00000100u
#define GFLAGS_DM           0x00000200u
#define GFLAGS_DELIV_SHIFT  12
#define GFLAGS_TRIG_SHIFT   15
#define GFLAGS_UNMASKED     0x00010000u

/* Message address and data: Intel SDM volume 3, 10.11 */
#define ADDRESS_DEST_ID_SHIFT 12
#define ADDRESS_RH            0x08
#define ADDRESS_DM            0x04
#define DATA_VECTOR           0xffu
#define DATA_DELIVERY(data)   (((data) >> 8) & 7)
#define DATA_TRIGGER(data)    (((data) >> 15) & 1)

int xen_pt_pirq_users(XenPtHypervisor *hv, int pirq, int by)
{
    gpointer key = GINT_TO_POINTER(pirq);
    int users;

    if (!hv->pirq_users) {
        hv->pirq_users = g_hash_table_new(NULL, NULL);
    }
    users = GPOINTER_TO_INT(g_hash_table_lookup(hv->pirq_users, key)) + by;
    if (users > 0) {
        g_hash_table_insert(hv->pirq_users, key, GINT_TO_POINTER(users));
    } else {
        g_hash_table_remove(hv->pirq_users, key);
    }
    if (!g_hash_table_size(hv->pirq_users)) {
        g_hash_table_unref(hv->pirq_users);
        hv->pirq_users = NULL;
    }
    return users;
}

void xen_pt_vector_init(XenPtVector *vector)
{
    *vector = (XenPtVector) { .pirq = -1 };
}

XenPtMsiBinding xen_pt_vector_message(uint64_t address, uint32_t data,
                                      uint64_t gtable)
{
    XenPtMsiBinding b = {
        .gvec = data & DATA_VECTOR,
        .gflags = (address >> ADDRESS_DEST_ID_SHIFT) & GFLAGS_DEST_ID,
        .gtable = gtable,
    };

    b.gflags |= address & ADDRESS_RH ? GFLAGS_RH : 0;
    b.gflags |= address & ADDRESS_DM ? GFLAGS_DM : 0;
    b.gflags |= DATA_DELIVERY(data) << GFLAGS_DELIV_SHIFT;
    b.gflags |= DATA_TRIGGER(data) << GFLAGS_TRIG_SHIFT;
    /* only unmasked vectors are ever bound; Xen masks later by itself */
    b.gflags |= GFLAGS_UNMASKED;
    return b;
}

/*
 * A PVHVM guest that takes interrupts as event channels writes vector 0 and
 * the pirq it wants in the place of the destination id, with the upper bits
 * in the upper address (xen/include/public/features.h, XENFEAT_hvm_pirqs).
 */
int xen_pt_vector_wanted_pirq(const XenPtDevice *dev, uint64_t address,
                              uint32_t data)
{
    uint32_t pirq;

    if (!dev->hv->hvm_pirqs || (data & DATA_VECTOR)) {
        return -1;
    }
    pirq = ((address >> 32) & 0xffffff00u) |
           ((address >> ADDRESS_DEST_ID_SHIFT) & GFLAGS_DEST_ID);
    return pirq && pirq <= G_MAXINT ? (int)pirq : -1;
}

void xen_pt_vector_unbind(XenPtDevice *dev, XenPtVector *v)
{
    if (!v->bound) {
        return;
    }
    v->bound = false;
    dev->counters.unbinds++;
    dev->hv->ops->unbind_msi(dev->hv, v->pirq, &v->binding);
    xen_pt_event(dev, XEN_PT_EVENT_IRQ_UNBIND, v->pirq, v->binding.gvec,
                 v->binding.gflags, NULL);
}

void xen_pt_vector_release(XenPtDevice *dev, XenPtVector *v)
{
    xen_pt_vector_unbind(dev, v);
    v->error = 0;
    if (v->pirq < 0) {
        return;
    }
    /* also after a failed unbind, or the pirq would be lost to the domain */
    dev->counters.irq_unmaps++;
    dev->hv->ops->unmap_pirq(dev->hv, v->pirq);
    xen_pt_pirq_users(dev->hv, v->pirq, -1);
    xen_pt_event(dev, XEN_PT_EVENT_IRQ_UNMAP, v->pirq, 0, 0, NULL);
    v->pirq = -1;
}

/* Xen says so now and may say otherwise once libxl has assigned the device. */
bool xen_pt_vector_may_retry(int error)
{
    return error == EPERM || error == ENODEV || error == EAGAIN;
}

int xen_pt_vector_map(XenPtDevice *dev, XenPtVector *v,
                      const XenPtMsiRequest *request)
{
    int ret, pirq = request->wanted_pirq;

    if (v->pirq >= 0) {
        return 0;
    }
    if (pirq >= 0 && xen_pt_pirq_users(dev->hv, pirq, 0)) {
        /*
         * Xen would say yes, map nothing, and lose the IRQ that it made for
         * it: a guest could use up those of the host (map_domain_pirq()).
         */
        ret = -EEXIST;
    } else {
        ret = dev->hv->ops->map_msi(dev->hv, request, &pirq);
    }
    if (ret >= 0 && pirq < 0) {
        ret = -ERANGE;
    }
    if (ret < 0) {
        v->error = -ret;
        return ret;
    }
    dev->counters.irq_maps++;
    v->pirq = pirq;
    xen_pt_pirq_users(dev->hv, pirq, 1);
    xen_pt_event(dev, XEN_PT_EVENT_IRQ_MAP, request->entry, pirq,
                 request->count, request->msix ? "MSI-X" : "MSI");
    return 0;
}

int xen_pt_vector_bind(XenPtDevice *dev, XenPtVector *v,
                       const XenPtMsiBinding *want)
{
    int ret;

    if (v->bound && v->binding.gvec == want->gvec &&
        v->binding.gflags == want->gflags) {
        return 0;
    }
    ret = dev->hv->ops->bind_msi(dev->hv, v->pirq, want);
    if (ret < 0) {
        /* what was bound before a refused change is no longer true */
        xen_pt_vector_unbind(dev, v);
        v->error = -ret;
        return ret;
    }
    dev->counters.binds++;
    v->bound = true;
    v->binding = *want;
    v->error = 0;
    xen_pt_event(dev, XEN_PT_EVENT_IRQ_BIND, v->pirq, want->gvec,
                 want->gflags, NULL);
    return 0;
}

static const char *cure(int error)
{
    switch (error) {
    case ENOSPC:
    case ENOMEM:
        return "Xen is out of interrupt vectors for the guest: boot it with "
               "a larger extra_guest_irqs=, or lower the driver's queues";
    case ENODATA:
        return "pciback could not prepare MSI-X: rebind the device to "
               "xen-pciback and see dom0's dmesg for 'MSI-X preparation "
               "failed'";
    case ENXIO:
        return "memory decoding is off in the device: was it reset or "
               "powered down behind Xen's back?";
    case ENODEV:
        return "the device is not assigned to the guest yet; it is tried "
               "again";
    case EPERM:
        return "the toolstack has not granted it yet; it is tried again";
    case EEXIST:
    case EBUSY:
        return "it is in use already: a driver of dom0 may hold it, see "
               "`lspci -k`";
    case ERANGE:
        return "the library cannot carry its PCI segment or its number";
    default:
        return "see `xl dmesg`";
    }
}

void xen_pt_vector_failed(XenPtDevice *dev, const char *kind, unsigned entry,
                          int error)
{
    uint64_t bit = 1ull << (error & 63);

    dev->counters.irq_errors++;
    if (dev->irq_errors_said & bit) {
        return;     /* once per cause, however often the guest tries */
    }
    dev->irq_errors_said |= bit;
    xen_pt_event(dev, XEN_PT_EVENT_IRQ_FAILED, entry, error, 0, kind);
    xen_pt_warn(dev, "%s: %s vector %u cannot be routed to the guest (%s); "
                "%s", dev->name, kind, entry, g_strerror(error),
                cure(error));
}
