/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * xen-pt: the hypervisor port on libxenctrl
 */
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include <xencall.h>
#include <xentoollog.h>

#include "compat.h"
#include "xen-pt/error.h"
#include "xen-pt/xen.h"

/* xc_domain_bind_pt_pci_irq() has 8 bits for the pirq. */
#define MAX_INTX_PIRQ 255

#ifndef GUEST_TYPE_FILE
#define GUEST_TYPE_FILE "/sys/hypervisor/guest_type"
#endif

typedef struct XenHypervisor {
    XenPtHypervisor hv;
    xc_interface *xch;
    bool own_xch;
    bool pvh_dom0;
    uint32_t domid;
    xencall_handle *xcall;  /* NULL: no raw hypercalls */
} XenHypervisor;

static XenHypervisor *to_xen(XenPtHypervisor *hv)
{
    return (XenHypervisor *)hv;
}

/*
 * libxenctrl returns -1 and sets errno, most of the time: some paths return
 * -errno, and some set nothing.  Call with errno cleared before.
 */
static int result(int rc)
{
    if (rc >= 0) {
        return 0;
    }
    if (rc == -1) {
        return errno ? -errno : -EIO;
    }
    return rc;
}

#define CALL(call) (errno = 0, result(call))

/* -- raw hypercalls ------------------------------------------------------- */

static int raw_map_pirq(XenHypervisor *x, struct physdev_map_pirq *map)
{
    struct physdev_map_pirq *arg;
    int rc;

    if (!x->xcall) {
        return -EOPNOTSUPP;
    }
    arg = xencall_alloc_buffer(x->xcall, sizeof(*arg));
    if (!arg) {
        return -ENOMEM;
    }
    *arg = *map;
    rc = CALL(xencall2(x->xcall, __HYPERVISOR_physdev_op, PHYSDEVOP_map_pirq,
                       (uintptr_t)arg));
    *map = *arg;
    xencall_free_buffer(x->xcall, arg);
    return rc;
}

/* That there is no raw access is an answer, not something to complain of. */
static void say_nothing(struct xentoollog_logger *logger,
                        xentoollog_level level, int errnoval,
                        const char *context, const char *format, va_list al)
{
}

static void raw_open(XenHypervisor *x)
{
    static struct xentoollog_logger logger = { .vmessage = say_nothing };

    x->xcall = xencall_open(&logger, 0);
}

static void raw_close(XenHypervisor *x)
{
    if (x->xcall) {
        xencall_close(x->xcall);
    }
}

static uint8_t devfn(const XenPtAddress *address)
{
    return address->slot << 3 | address->function;
}

static int raw_map_msi(XenHypervisor *x, const XenPtMsiRequest *request,
                       int *pirq)
{
    struct physdev_map_pirq map = {
        .domid = x->domid,
        .type = request->count > 1 ? MAP_PIRQ_TYPE_MULTI_MSI
                                   : MAP_PIRQ_TYPE_MSI_SEG,
        .index = -1,
        .pirq = request->wanted_pirq,
        .bus = (uint32_t)request->address.segment << 16 |
               request->address.bus,
        .devfn = devfn(&request->address),
        .entry_nr = request->count > 1 ? request->count : request->entry,
        .table_base = request->msix ? request->table_base : 0,
    };
    int rc = raw_map_pirq(x, &map);

    if (rc == 0) {
        *pirq = map.pirq;
    }
    return rc;
}

/* -- the port ------------------------------------------------------------- */

static int xen_memory_map(XenPtHypervisor *hv, uint64_t gfn, uint64_t mfn,
                          uint64_t count)
{
    XenHypervisor *x = to_xen(hv);

    return CALL(xc_domain_memory_mapping(x->xch, x->domid, gfn, mfn, count,
                                         DPCI_ADD_MAPPING));
}

/*
 * Xen removes a mapping only of what the domain has a right to: memory until
 * 4.22, ports from 4.23 on.  A forced detach takes the right first, and what
 * is mapped then would stay the guest's for good.
 */
static int xen_memory_unmap(XenPtHypervisor *hv, uint64_t gfn, uint64_t mfn,
                            uint64_t count)
{
    XenHypervisor *x = to_xen(hv);
    int rc = CALL(xc_domain_memory_mapping(x->xch, x->domid, gfn, mfn, count,
                                           DPCI_REMOVE_MAPPING));

    if (rc == -EPERM &&
        xc_domain_iomem_permission(x->xch, x->domid, mfn, count, 1) == 0) {
        rc = CALL(xc_domain_memory_mapping(x->xch, x->domid, gfn, mfn, count,
                                           DPCI_REMOVE_MAPPING));
        xc_domain_iomem_permission(x->xch, x->domid, mfn, count, 0);
    }
    return rc;
}

static int xen_ioport_map(XenPtHypervisor *hv, uint32_t gport,
                          uint32_t mport, uint32_t count)
{
    XenHypervisor *x = to_xen(hv);

    return CALL(xc_domain_ioport_mapping(x->xch, x->domid, gport, mport,
                                         count, DPCI_ADD_MAPPING));
}

static int xen_ioport_unmap(XenPtHypervisor *hv, uint32_t gport,
                            uint32_t mport, uint32_t count)
{
    XenHypervisor *x = to_xen(hv);
    int rc = CALL(xc_domain_ioport_mapping(x->xch, x->domid, gport, mport,
                                           count, DPCI_REMOVE_MAPPING));

    if (rc == -EPERM &&
        xc_domain_ioport_permission(x->xch, x->domid, mport, count, 1) == 0) {
        rc = CALL(xc_domain_ioport_mapping(x->xch, x->domid, gport, mport,
                                           count, DPCI_REMOVE_MAPPING));
        xc_domain_ioport_permission(x->xch, x->domid, mport, count, 0);
    }
    return rc;
}

static int xen_map_gsi(XenPtHypervisor *hv, const XenPtAddress *address,
                       uint32_t gsi, int *pirq)
{
    XenHypervisor *x = to_xen(hv);
    int rc, got = -1;

    if (x->pvh_dom0) {
        errno = 0;
        rc = xen_pt_pcidev_gsi(x->xch, (uint32_t)address->segment << 16 |
                               address->bus << 8 | devfn(address));
        if (rc < 0) {
            return result(rc);
        }
        rc = CALL(xen_pt_map_pirq_gsi(x->xch, x->domid, rc, &got));
    } else {
        if (gsi > INT32_MAX) {
            return -ERANGE;
        }
        rc = CALL(xc_physdev_map_pirq(x->xch, x->domid, gsi, &got));
    }
    if (rc == 0) {
        *pirq = got;
    }
    return rc;
}

static int xen_map_msi(XenPtHypervisor *hv, const XenPtMsiRequest *request,
                       int *pirq)
{
    XenHypervisor *x = to_xen(hv);
    int got = request->wanted_pirq;
    int bus = request->address.bus;
    int rc;

    if (request->count > 1) {
        /* Xen checks neither the size nor the remapper for a chosen pirq. */
        if (request->msix || got >= 0) {
            return -EINVAL;
        }
        return hv->multi_msi ? raw_map_msi(x, request, pirq) : -EOPNOTSUPP;
    }
    if (request->address.segment) {
        if (!XEN_PT_MSI_SEGBUS) {
            return raw_map_msi(x, request, pirq);
        }
        bus |= (uint32_t)request->address.segment << 16;
    }
    rc = CALL(xc_physdev_map_pirq_msi(x->xch, x->domid, -1, &got,
                                      devfn(&request->address), bus,
                                      request->entry,
                                      request->msix ? request->table_base
                                                    : 0));
    if (rc == 0) {
        *pirq = got;
    }
    return rc;
}

static int xen_unmap_pirq(XenPtHypervisor *hv, int pirq)
{
    XenHypervisor *x = to_xen(hv);

    return CALL(xc_physdev_unmap_pirq(x->xch, x->domid, pirq));
}

static int xen_bind_intx(XenPtHypervisor *hv, int pirq, uint8_t guest_bus,
                         uint8_t guest_slot, uint8_t intx)
{
    XenHypervisor *x = to_xen(hv);

    if (pirq < 0 || pirq > MAX_INTX_PIRQ) {
        return -ERANGE;
    }
    return CALL(xc_domain_bind_pt_pci_irq(x->xch, x->domid, pirq, guest_bus,
                                          guest_slot, intx));
}

static int xen_unbind_intx(XenPtHypervisor *hv, int pirq, uint8_t guest_bus,
                           uint8_t guest_slot, uint8_t intx)
{
    XenHypervisor *x = to_xen(hv);
    int rc;

    if (pirq < 0 || pirq > MAX_INTX_PIRQ) {
        return -ERANGE;
    }
    rc = CALL(xc_domain_unbind_pt_irq(x->xch, x->domid, pirq,
                                      PT_IRQ_TYPE_PCI, guest_bus, guest_slot,
                                      intx, 0));
    /*
     * Xen lowers the guest's line when the guest ends an interrupt of
     * something bound; one that is under way now would raise it for good.
     */
    xendevicemodel_set_pci_intx_level(xc_interface_dmod_handle(x->xch),
                                      x->domid, 0, guest_bus, guest_slot,
                                      intx, 0);
    return rc;
}

static int xen_bind_msi(XenPtHypervisor *hv, int pirq,
                        const XenPtMsiBinding *binding)
{
    XenHypervisor *x = to_xen(hv);

    return CALL(xc_domain_update_msi_irq(x->xch, x->domid, binding->gvec,
                                         pirq, binding->gflags,
                                         binding->gtable));
}

static int xen_unbind_msi(XenPtHypervisor *hv, int pirq,
                          const XenPtMsiBinding *binding)
{
    XenHypervisor *x = to_xen(hv);

    return CALL(xc_domain_unbind_msi_irq(x->xch, x->domid, binding->gvec,
                                         pirq, binding->gflags));
}

static const XenPtHypervisorOps xen_ops = {
    .memory_map = xen_memory_map,
    .memory_unmap = xen_memory_unmap,
    .ioport_map = xen_ioport_map,
    .ioport_unmap = xen_ioport_unmap,
    .map_gsi = xen_map_gsi,
    .map_msi = xen_map_msi,
    .unmap_pirq = xen_unmap_pirq,
    .bind_intx = xen_bind_intx,
    .unbind_intx = xen_unbind_intx,
    .bind_msi = xen_bind_msi,
    .unbind_msi = xen_unbind_msi,
};

/* -- features ------------------------------------------------------------- */

static bool is_at_least(xc_interface *xch, int major, int minor)
{
    return xc_version(xch, XENVER_version, NULL) >= (major << 16 | minor);
}

/*
 * A failed mapping of several vectors releases a lock twice in a Xen that
 * lacks the fix of XSA-458 (July 2024), and a guest can make it fail.
 */
static bool has_xsa458_fix(xc_interface *xch)
{
    xen_extraversion_t extra = "";
    int version = xc_version(xch, XENVER_version, NULL);
    unsigned minor, patch = 0;

    if (version < 0) {
        return false;
    }
    minor = version & 0xffff;
    if (version >> 16 != 4) {
        return version >> 16 > 4;
    }
    if (minor >= 19) {
        return true;
    }
    if (xc_version(xch, XENVER_extraversion, extra) < 0) {
        return false;
    }
    extra[sizeof(extra) - 1] = '\0';
    if (extra[0] == '.') {
        patch = g_ascii_strtoull(extra + 1, NULL, 10);
    }
    return (minor == 18 && patch >= 3) || (minor == 17 && patch >= 5);
}

/*
 * Several vectors need interrupt remapping, and nothing says whether Xen
 * has it.  It looks there before it looks for the function, so a request
 * for one that cannot exist is refused with the answer.
 */
static bool has_multi_msi(XenHypervisor *x)
{
    const XenPtMsiRequest nobody = {
        .address = { .segment = 0xffff, .bus = 0xff, .slot = 0x1f,
                     .function = 7 },
        .count = 2,
        .wanted_pirq = -1,
    };
    int pirq = -1;
    int rc;

    if (!x->xcall || !has_xsa458_fix(x->xch)) {
        return false;
    }
    rc = raw_map_msi(x, &nobody, &pirq);
    if (rc == 0) {
        /* So there was one; not with us. */
        xc_physdev_unmap_pirq(x->xch, x->domid, pirq);
        return false;
    }
    return rc == -ENODEV;
}

static bool is_pvh_dom0(void)
{
    char text[8] = "";
    int fd = open(GUEST_TYPE_FILE, O_RDONLY | O_CLOEXEC);
    ssize_t n;

    if (fd < 0) {
        return false;
    }
    n = read(fd, text, sizeof(text) - 1);
    close(fd);
    return n > 0 && !strncmp(text, "PVH", 3);
}

static void find_features(XenHypervisor *x)
{
    xen_feature_info_t features = { .submap_idx = 0 };
    xc_domaininfo_t info;

    if (xc_version(x->xch, XENVER_get_features, &features) < 0) {
        features.submap = 0;
    }
    x->hv.all_msix_writes =
        features.submap & (1u << XENFEAT_dm_msix_all_writes);
    /*
     * Xen answers for the domain that asks.  What counts is the guest's own
     * flag; the feature bit serves where Xen does not report that.
     */
    x->hv.hvm_pirqs = features.submap & (1u << XENFEAT_hvm_pirqs);
    if (xc_domain_getinfolist(x->xch, x->domid, 1, &info) == 1 &&
        info.domain == x->domid &&
        info.arch_config.emulation_flags & XEN_X86_EMU_USE_PIRQ) {
        x->hv.hvm_pirqs = true;
    }
    /* libxl is of the hypervisor's version. */
    x->hv.toolstack_unmaps_gsi = is_at_least(x->xch, 4, 18);
    x->hv.max_gsi = MAX_INTX_PIRQ;
    x->pvh_dom0 = is_pvh_dom0();
    x->hv.msi_segment = XEN_PT_MSI_SEGBUS || x->xcall;
    x->hv.multi_msi = has_multi_msi(x);
}

XenPtHypervisor *xen_pt_xen_open(xc_interface *xch, uint32_t domid,
                                 GError **errp)
{
    XenHypervisor *x = g_new0(XenHypervisor, 1);

    x->hv.ops = &xen_ops;
    x->domid = domid;
    x->xch = xch;
    if (!xch) {
        x->xch = xc_interface_open(NULL, NULL, 0);
        x->own_xch = true;
    }
    if (!x->xch) {
        g_set_error(errp, XEN_PT_ERROR, XEN_PT_ERROR_HYPERVISOR,
                    "Domain %u: cannot talk to Xen (%s); the device model "
                    "must run as root in dom0, without dm_restrict", domid,
                    g_strerror(errno));
        g_free(x);
        return NULL;
    }
    raw_open(x);
    find_features(x);
    return &x->hv;
}

void xen_pt_xen_close(XenPtHypervisor *hv)
{
    XenHypervisor *x;

    if (!hv) {
        return;
    }
    x = to_xen(hv);
    raw_close(x);
    if (x->own_xch) {
        xc_interface_close(x->xch);
    }
    g_clear_pointer(&hv->pirq_users, g_hash_table_unref);
    g_free(x);
}
