/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fake-xen: libxenctrl and libxencall over a small model of one domain.
 *
 * The model keeps what Xen keeps (pages, ports, pirqs, bindings, rights,
 * owners) and refuses what Xen refuses. Which errno Xen gives, and since
 * when, is said at each place.
 */
#define _GNU_SOURCE
#define __XEN_TOOLS__
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <xenctrl.h>
#include <xencall.h>
#include <xen/features.h>
#include <xen/physdev.h>
#include <xen/version.h>

#include "fake.h"
#include "newer-xen.h"

#define MAX_PIRQS 4096
#define NR_GSIS 1024
#define MAX_FUNCTIONS 1024

typedef struct {
    uint64_t first;
    uint64_t other;     /* what it is mapped to; unused for rights */
    uint64_t nr;
} Range;

typedef struct {
    Range *at;
    size_t nr;
} Ranges;

typedef enum { PIRQ_FREE, PIRQ_GSI, PIRQ_MSI, PIRQ_MSIX } PirqKind;

typedef struct {
    PirqKind kind;
    bool bound;
    bool cut;           /* a GSI that was unmapped while it was bound */
    unsigned int sbdf;
    int entry;
    int first;          /* of a multi-vector block, else itself */
    uint32_t gvec;
    uint32_t gflags;
    uint64_t gtable;
    unsigned int intx[8];   /* of a GSI: device << 2 | pin, each sharer */
    unsigned int nr_intx;
} Pirq;

typedef struct {
    unsigned int sbdf;
    bool assigned;
    bool unprepared;    /* pciback's PHYSDEVOP_prepare_msix failed */
} Function;

typedef enum {
    DOM_RUNNING, DOM_PAUSED, DOM_SHUTDOWN, DOM_DYING, DOM_GONE,
} DomState;

static Ranges pages;        /* gfn -> mfn */
static Ranges ports;        /* gport -> mport */
static Ranges iomem_rights; /* mfn */
static Ranges ioport_rights;
static Pirq pirqs[MAX_PIRQS];
static int nr_pirqs = 256;
static Function functions[MAX_FUNCTIONS];
static unsigned int nr_functions;
static DomState dom_state = DOM_RUNNING;
static unsigned int dom_reason;
static bool no_iommu;
static bool no_multi_msi;
static uint32_t features = 1U << XENFEAT_hvm_callback_vector;

/* An opaque handle: the callers only pass it back. */
static char handle;
static unsigned int open_handles;

/* Ranges */

static void range_add(Ranges *set, uint64_t first, uint64_t other,
                      uint64_t nr)
{
    Range *grown = realloc(set->at, (set->nr + 1) * sizeof(Range));

    if (!grown) {
        return;
    }
    set->at = grown;
    set->at[set->nr++] = (Range){ first, other, nr };
}

/* Removes [first, first + nr) and returns how many units were there. */
static uint64_t range_remove(Ranges *set, uint64_t first, uint64_t nr)
{
    uint64_t end = first + nr;
    uint64_t found = 0;

    for (size_t i = 0; i < set->nr; ) {
        Range r = set->at[i];
        uint64_t r_end = r.first + r.nr;
        uint64_t from = r.first > first ? r.first : first;
        uint64_t to = r_end < end ? r_end : end;

        if (from >= to) {
            i++;
            continue;
        }
        found += to - from;
        set->at[i] = set->at[--set->nr];
        if (r.first < from) {
            range_add(set, r.first, r.other, from - r.first);
        }
        if (to < r_end) {
            range_add(set, to, r.other + (to - r.first), r_end - to);
        }
    }
    return found;
}

static uint64_t range_overlap(const Ranges *set, uint64_t first, uint64_t nr)
{
    uint64_t found = 0;

    for (size_t i = 0; i < set->nr; i++) {
        const Range *r = &set->at[i];
        uint64_t from = r->first > first ? r->first : first;
        uint64_t to = r->first + r->nr < first + nr ? r->first + r->nr
                                                    : first + nr;

        found += from < to ? to - from : 0;
    }
    return found;
}

/* Is [first, nr) mapped, all of it, to other, other + 1, ...? */
static bool range_is(const Ranges *set, uint64_t first, uint64_t other,
                     uint64_t nr)
{
    uint64_t good = 0;

    for (size_t i = 0; i < set->nr; i++) {
        const Range *r = &set->at[i];
        uint64_t from = r->first > first ? r->first : first;
        uint64_t to = r->first + r->nr < first + nr ? r->first + r->nr
                                                    : first + nr;

        if (from < to && r->other + (from - r->first) ==
                         other + (from - first)) {
            good += to - from;
        }
    }
    return good == nr;
}

static bool permitted(const Ranges *rights, uint64_t first, uint64_t nr)
{
    return range_overlap(rights, first, nr) == nr;
}

/* Functions and pirqs */

static Function *function_of(unsigned int sbdf, bool create)
{
    for (unsigned int i = 0; i < nr_functions; i++) {
        if (functions[i].sbdf == sbdf) {
            return &functions[i];
        }
    }
    if (!create || nr_functions == MAX_FUNCTIONS) {
        return NULL;
    }
    functions[nr_functions] = (Function){ .sbdf = sbdf };
    return &functions[nr_functions++];
}

/*
 * A domctl on a domain that is gone finds no such domain; on a dying one
 * most still work, which is what XSA-509 is about.
 */
static int domain_error(uint32_t domid)
{
    if (domid != FX_DOMID || dom_state == DOM_GONE) {
        return ESRCH;
    }
    return 0;
}

static void remark_dead_domain(const char *what)
{
    if (dom_state >= DOM_SHUTDOWN &&
        !(dom_state == DOM_SHUTDOWN && dom_reason == SHUTDOWN_suspend)) {
        fx_anomaly("%s for a domain that has shut down", what);
    }
}

static bool pirq_valid(int pirq)
{
    return pirq >= 0 && pirq < nr_pirqs && pirqs[pirq].kind != PIRQ_FREE &&
           !pirqs[pirq].cut;
}

/* Xen hands out MSI pirqs from the top. */
static int free_pirqs(int count)
{
    int run = 0;

    for (int pirq = nr_pirqs - 1; pirq >= 16; pirq--) {
        run = pirqs[pirq].kind == PIRQ_FREE ? run + 1 : 0;
        if (run == count) {
            return pirq;
        }
    }
    return -1;
}

static int map_msi(int *pirq, unsigned int sbdf, int entry, bool msix,
                   int count)
{
    Function *function = function_of(sbdf, false);
    int first = *pirq;

    if (dom_state >= DOM_DYING) {
        return EINVAL;
    }
    /* XSA-237: the function has to belong to the domain. */
    if (!function || !function->assigned) {
        return ENODEV;
    }
    if (msix && function->unprepared) {
        return ENODATA;
    }
    if (msix && !fx_host_memory_decode(sbdf)) {
        return ENXIO;
    }
    for (int i = 0; i < nr_pirqs; i++) {
        if (pirqs[i].kind < PIRQ_MSI || pirqs[i].sbdf != sbdf) {
            continue;
        }
        if ((pirqs[i].kind == PIRQ_MSIX) != msix) {
            fx_anomaly("MSI and MSI-X asked for at once: Xen turns the "
                       "first off behind its owner's back");
            return EBUSY;
        }
        if (!msix || pirqs[i].entry == entry) {
            return EEXIST;
        }
    }
    if (first < 0) {
        first = free_pirqs(count);
        if (first < 0) {
            return ENOSPC;
        }
    } else if (first + count > nr_pirqs) {
        return EINVAL;
    } else if (pirqs[first].kind != PIRQ_FREE) {
        fx_anomaly("pirq %d asked for that is in use: Xen says yes and maps "
                   "nothing", first);
        return 0;
    }
    for (int i = 0; i < count; i++) {
        pirqs[first + i] = (Pirq){
            .kind = msix ? PIRQ_MSIX : PIRQ_MSI,
            .sbdf = sbdf,
            .entry = msix ? entry : i,
            .first = first,
        };
    }
    *pirq = first;
    remark_dead_domain("map_pirq");
    return 0;
}

/*
 * Xen keeps what is left of a GSI that was bound (arch.irq < 0), and finds
 * no IRQ there to unbind, nor room to map it again, until the domain ends.
 */
static int unmap_pirq(int pirq, bool toolstack)
{
    int first;

    if (!pirq_valid(pirq)) {
        return EINVAL;
    }
    first = pirqs[pirq].first;
    if (pirq != first) {
        fx_anomaly("pirq %d unmapped, which goes with %d", pirq, first);
        return EBUSY;
    }
    for (int i = first; i < nr_pirqs; i++) {
        if (pirqs[i].kind == PIRQ_FREE || pirqs[i].first != first) {
            break;
        }
        if (pirqs[i].bound && !toolstack) {
            fx_anomaly("pirq %d unmapped while it is bound", i);
        }
        if (pirqs[i].bound && pirqs[i].kind == PIRQ_GSI) {
            pirqs[i].cut = true;
        } else {
            pirqs[i] = (Pirq){ .kind = PIRQ_FREE };
        }
    }
    return 0;
}

static int map_gsi(int gsi, int *pirq)
{
    if (gsi < 0 || gsi >= NR_GSIS) {
        return EINVAL;
    }
    if (*pirq < 0) {
        *pirq = gsi;
    }
    if (*pirq >= nr_pirqs && *pirq >= NR_GSIS) {
        return EINVAL;
    }
    if (*pirq >= nr_pirqs) {
        nr_pirqs = *pirq + 1;
    }
    if (pirqs[*pirq].cut) {
        return EEXIST;
    }
    if (pirqs[*pirq].kind == PIRQ_FREE) {
        pirqs[*pirq] = (Pirq){
            .kind = PIRQ_GSI, .entry = gsi, .first = *pirq,
        };
    }
    remark_dead_domain("map_pirq");
    return 0;
}

/* libxenctrl: life of the handle, version, domain */

FX_API xc_interface *xc_interface_open(xentoollog_logger *logger,
                                       xentoollog_logger *dombuild_logger,
                                       unsigned int open_flags)
{
    int err = fx_enter(FX_LIB, __func__);

    (void)logger;
    (void)dombuild_logger;
    open_handles += !err;
    fx_leave(err, "flags=%u", open_flags);
    return err ? NULL : (xc_interface *)&handle;
}

FX_API int xc_interface_close(xc_interface *xch)
{
    int err = fx_enter(FX_LIB, __func__);

    (void)xch;
    if (!err && open_handles > 0) {
        open_handles--;
    }
    return fx_leave(err, "%s", "");
}

FX_API struct xencall_handle *xc_interface_xcall_handle(xc_interface *xch)
{
    return (struct xencall_handle *)xch;
}

FX_API struct xenforeignmemory_handle *
xc_interface_fmem_handle(xc_interface *xch)
{
    return (struct xenforeignmemory_handle *)xch;
}

FX_API struct xendevicemodel_handle *
xc_interface_dmod_handle(xc_interface *xch)
{
    return (struct xendevicemodel_handle *)xch;
}

FX_API int xc_version(xc_interface *xch, int cmd, void *arg)
{
    int err = fx_enter(FX_SYSCTL, __func__);
    int version = fx_xen_version();
    int value = 0;

    (void)xch;
    if (!err) {
        switch (cmd) {
        case XENVER_version:
            value = version / 100 << 16 | version % 100;
            break;
        case XENVER_extraversion:
            snprintf(arg, sizeof(xen_extraversion_t), ".%d-fake",
                     fx_xen_patch());
            break;
        case XENVER_get_features:
            if (((xen_feature_info_t *)arg)->submap_idx == 0) {
                uint32_t map = features;

                /* Xen 4.19: XENFEAT_dm_msix_all_writes. */
                map |= version >= 419 ? 1U << 20 : 0;
                ((xen_feature_info_t *)arg)->submap = map;
            } else {
                ((xen_feature_info_t *)arg)->submap = 0;
            }
            break;
        default:
            err = ENOSYS;
        }
    }
    return fx_leave_value(err, value, "cmd=%d", cmd);
}

static void fill_info(xc_domaininfo_t *info)
{
    memset(info, 0, sizeof(*info));
    info->domain = FX_DOMID;
    info->flags = XEN_DOMINF_hvm_guest;
    if (features & 1U << XENFEAT_hvm_pirqs) {
        info->arch_config.emulation_flags |= XEN_X86_EMU_USE_PIRQ;
    }
    switch (dom_state) {
    case DOM_RUNNING:
        info->flags |= XEN_DOMINF_running;
        break;
    case DOM_PAUSED:
        info->flags |= XEN_DOMINF_paused;
        break;
    case DOM_SHUTDOWN:
        info->flags |= XEN_DOMINF_shutdown |
                       dom_reason << XEN_DOMINF_shutdownshift;
        break;
    default:
        info->flags |= XEN_DOMINF_dying;
        break;
    }
}

FX_API int xc_domain_getinfolist(xc_interface *xch, uint32_t first_domain,
                                 unsigned int max_domains,
                                 xc_domaininfo_t *info)
{
    int err = fx_enter(FX_SYSCTL, __func__);
    long nr = 0;

    (void)xch;
    /* The list is from first_domain on: the next domain may come back. */
    if (!err && max_domains > 0 && dom_state != DOM_GONE &&
        first_domain <= FX_DOMID) {
        fill_info(info);
        nr = 1;
    }
    return fx_leave_value(err, nr, "first=%u max=%u", first_domain,
                          max_domains);
}

#if XEN_DOMCTL_INTERFACE_VERSION >= 0x00000017  /* Xen 4.19 */
FX_API int xc_domain_getinfo_single(xc_interface *xch, uint32_t domid,
                                    xc_domaininfo_t *info)
{
    int err = fx_enter(FX_DOMCTL, __func__);

    (void)xch;
    err = err ? err : domain_error(domid);
    if (!err && info) {
        fill_info(info);
    }
    return fx_leave(err, "domid=%u", domid);
}
#else
FX_API int xc_domain_getinfo(xc_interface *xch, uint32_t first_domid,
                             unsigned int max_doms, xc_dominfo_t *info)
{
    int err = fx_enter(FX_DOMCTL, __func__);
    long nr = 0;

    (void)xch;
    if (!err && max_doms > 0 && dom_state != DOM_GONE &&
        first_domid <= FX_DOMID) {
        memset(info, 0, sizeof(*info));
        info->domid = FX_DOMID;
        info->hvm = 1;
        info->running = dom_state == DOM_RUNNING;
        info->paused = dom_state == DOM_PAUSED;
        info->shutdown = dom_state == DOM_SHUTDOWN;
        info->shutdown_reason = dom_reason;
        info->crashed = info->shutdown && dom_reason == SHUTDOWN_crash;
        info->dying = dom_state == DOM_DYING;
        nr = 1;
    }
    return fx_leave_value(err, nr, "first=%u max=%u", first_domid, max_doms);
}
#endif

FX_API int xc_domain_shutdown(xc_interface *xch, uint32_t domid, int reason)
{
    int err = fx_enter(FX_DOMCTL, __func__);

    (void)xch;
    err = err ? err : domain_error(domid);
    return fx_leave(err, "domid=%u reason=%d", domid, reason);
}

/* libxenctrl: pages and ports */

FX_API int xc_domain_memory_mapping(xc_interface *xch, uint32_t domid,
                                    unsigned long first_gfn,
                                    unsigned long first_mfn,
                                    unsigned long nr_mfns,
                                    uint32_t add_mapping)
{
    int err = fx_enter(FX_DOMCTL, __func__);

    (void)xch;
    err = err ? err : domain_error(domid);
    if (err) {
        goto out;
    }
    /* four levels of page tables: 48 bits of guest address */
    if (nr_mfns == 0 || first_gfn + nr_mfns < first_gfn ||
        first_mfn + nr_mfns < first_mfn ||
        (add_mapping && (first_gfn + nr_mfns - 1) >> 36)) {
        err = EINVAL;
        goto out;
    }
    /*
     * Both ends need the right to add. To remove, the target needed it as
     * well until the middle of 2026 (4.23).
     */
    if ((add_mapping || fx_xen_version() < 423) &&
        !permitted(&iomem_rights, first_mfn, nr_mfns)) {
        err = EPERM;
        goto out;
    }
    if (add_mapping) {
        if (range_is(&pages, first_gfn, first_mfn, nr_mfns)) {
            fx_anomaly("gfn 0x%lx mapped twice to mfn 0x%lx", first_gfn,
                       first_mfn);
        } else if (range_overlap(&pages, first_gfn, nr_mfns)) {
            fx_anomaly("gfn 0x%lx+0x%lx mapped over another mapping",
                       first_gfn, nr_mfns);
        }
        remark_dead_domain("memory_mapping");
        range_remove(&pages, first_gfn, nr_mfns);
        range_add(&pages, first_gfn, first_mfn, nr_mfns);
    } else {
        if (!range_is(&pages, first_gfn, first_mfn, nr_mfns)) {
            fx_anomaly("gfn 0x%lx+0x%lx unmapped that is not mapped to "
                       "mfn 0x%lx", first_gfn, nr_mfns, first_mfn);
        }
        /* Xen clears whatever frame it finds. */
        range_remove(&pages, first_gfn, nr_mfns);
    }
out:
    return fx_leave(err, "domid=%u gfn=0x%lx mfn=0x%lx nr=0x%lx add=%u", domid,
                    first_gfn, first_mfn, nr_mfns, add_mapping);
}

static int ioport_mapping_417(uint32_t gport, uint32_t mport, uint32_t nr,
                              bool add)
{
    Range *found = NULL;

    /* Keyed by the machine port alone; the right comes and goes with it. */
    for (size_t i = 0; i < ports.nr; i++) {
        if (ports.at[i].other == mport) {
            found = &ports.at[i];
        }
    }
    if (add) {
        if (found && found->first == gport && found->nr == nr) {
            fx_anomaly("port 0x%x mapped twice", gport);
        } else if (found) {
            fx_anomaly("machine port 0x%x moved without an unmap", mport);
        }
        remark_dead_domain("ioport_mapping");
        if (found) {
            found->first = gport;
            found->nr = nr;
        } else {
            range_add(&ports, gport, mport, nr);
        }
    } else if (!found || found->first != gport || found->nr != nr) {
        fx_anomaly("port 0x%x+0x%x unmapped that is not mapped to 0x%x", gport,
                   nr, mport);
        if (found) {
            *found = ports.at[--ports.nr];
        }
    } else {
        *found = ports.at[--ports.nr];
    }
    return 0;
}

static int ioport_mapping_423(uint32_t gport, uint32_t mport, uint32_t nr,
                              bool add)
{
    Range *exact = NULL;
    bool touches = false;

    if (!permitted(&ioport_rights, mport, nr)) {
        return EPERM;
    }
    for (size_t i = 0; i < ports.nr; i++) {
        Range *r = &ports.at[i];

        if (r->other == mport && r->nr == nr) {
            exact = r;
        } else if (r->other + r->nr >= mport && mport + nr >= r->other) {
            /* Adjacent ones as well: the comparison has >= at both ends. */
            touches = true;
        }
    }
    if (add) {
        if (touches) {
            return EBUSY;
        }
        if (exact) {
            fx_anomaly("machine port 0x%x mapped twice", mport);
            exact->first = gport;
        } else {
            range_add(&ports, gport, mport, nr);
        }
        remark_dead_domain("ioport_mapping");
        return 0;
    }
    if (!exact) {
        return ENOENT;
    }
    *exact = ports.at[--ports.nr];
    return 0;
}

FX_API int xc_domain_ioport_mapping(xc_interface *xch, uint32_t domid,
                                    uint32_t first_gport,
                                    uint32_t first_mport, uint32_t nr_ports,
                                    uint32_t add_mapping)
{
    int err = fx_enter(FX_DOMCTL, __func__);

    (void)xch;
    err = err ? err : domain_error(domid);
    if (!err && (nr_ports == 0 || first_gport + nr_ports > 0x10000 ||
                 first_mport + nr_ports > 0x10000)) {
        err = EINVAL;
    }
    if (!err) {
        err = fx_xen_version() >= 423
              ? ioport_mapping_423(first_gport, first_mport, nr_ports,
                                   add_mapping)
              : ioport_mapping_417(first_gport, first_mport, nr_ports,
                                   add_mapping);
    }
    return fx_leave(err, "domid=%u gport=0x%x mport=0x%x nr=0x%x add=%u", domid,
                    first_gport, first_mport, nr_ports, add_mapping);
}

FX_API int xc_domain_iomem_permission(xc_interface *xch, uint32_t domid,
                                      unsigned long first_mfn,
                                      unsigned long nr_mfns,
                                      uint8_t allow_access)
{
    int err = fx_enter(FX_DOMCTL, __func__);

    (void)xch;
    err = err ? err : domain_error(domid);
    if (!err) {
        range_remove(&iomem_rights, first_mfn, nr_mfns);
        if (allow_access) {
            range_add(&iomem_rights, first_mfn, first_mfn, nr_mfns);
        }
    }
    return fx_leave(err, "domid=%u mfn=0x%lx nr=0x%lx allow=%u", domid,
                    first_mfn, nr_mfns, allow_access);
}

FX_API int xc_domain_ioport_permission(xc_interface *xch, uint32_t domid,
                                       uint32_t first_port,
                                       uint32_t nr_ports,
                                       uint32_t allow_access)
{
    int err = fx_enter(FX_DOMCTL, __func__);

    (void)xch;
    err = err ? err : domain_error(domid);
    if (!err) {
        range_remove(&ioport_rights, first_port, nr_ports);
        if (allow_access) {
            range_add(&ioport_rights, first_port, first_port, nr_ports);
        }
    }
    return fx_leave(err, "domid=%u port=0x%x nr=0x%x allow=%u", domid,
                    first_port, nr_ports, allow_access);
}

/* libxenctrl: pirqs and their bindings */

FX_API int xc_physdev_map_pirq(xc_interface *xch, uint32_t domid, int index,
                               int *pirq)
{
    int err = fx_enter(FX_PHYSDEV, __func__);
    int wanted = *pirq;

    (void)xch;
    err = err ? err : domain_error(domid);
    if (!err) {
        err = map_gsi(index, pirq);
    }
    return fx_leave(err, "domid=%u gsi=%d wanted=%d pirq=%d", domid, index,
                    wanted, *pirq);
}

FX_API int xc_physdev_map_pirq_gsi(xc_interface *xch, uint32_t domid,
                                   int gsi, int *pirq)
{
    int err = fx_enter(FX_PHYSDEV, __func__);

    (void)xch;
    err = err ? err : domain_error(domid);
    if (!err) {
        err = map_gsi(gsi, pirq);
    }
    return fx_leave(err, "domid=%u gsi=%d pirq=%d", domid, gsi, *pirq);
}

FX_API int xc_pcidev_get_gsi(xc_interface *xch, uint32_t sbdf)
{
    int err = fx_enter(FX_SYSCTL, __func__);

    (void)xch;
    return fx_leave_value(err ? err : ENODEV, 0, "sbdf=0x%x", sbdf);
}

FX_API int xc_physdev_map_pirq_msi(xc_interface *xch, uint32_t domid,
                                   int index, int *pirq, int devfn, int bus,
                                   int entry_nr, uint64_t table_base)
{
    int err = fx_enter(FX_PHYSDEV, __func__);
    int wanted = *pirq;
    unsigned int sbdf = (bus & 0xff) << 8 | (devfn & 0xff);
    char bdf[16];

    (void)xch;
    (void)index;
    /* Bits 31:16 are the segment; an older libxenctrl drops them. */
    if (fx_xen_version() >= 421) {
        sbdf |= (unsigned int)bus & 0xffff0000;
    }
    fx_format_bdf(sbdf, bdf);
    err = err ? err : domain_error(domid);
    if (!err) {
        err = map_msi(pirq, sbdf, entry_nr, table_base != 0, 1);
    }
    return fx_leave(err, "domid=%u dev=%s entry=%d table=0x%llx wanted=%d "
                    "pirq=%d", domid, bdf, entry_nr,
                    (unsigned long long)table_base, wanted, *pirq);
}

FX_API int xc_physdev_unmap_pirq(xc_interface *xch, uint32_t domid, int pirq)
{
    int err = fx_enter(FX_PHYSDEV, __func__);

    (void)xch;
    err = err ? err : domain_error(domid);
    err = err ? err : unmap_pirq(pirq, false);
    return fx_leave(err, "domid=%u pirq=%d", domid, pirq);
}

static int bind_error(uint32_t domid, uint32_t pirq)
{
    int err = domain_error(domid);

    if (err) {
        return err;
    }
    if (no_iommu) {
        return ESRCH;
    }
    return pirq_valid(pirq) ? 0 : EPERM;
}

FX_API int xc_domain_update_msi_irq(xc_interface *xch, uint32_t domid,
                                    uint32_t gvec, uint32_t pirq,
                                    uint32_t gflags, uint64_t gtable)
{
    int err = fx_enter(FX_DOMCTL, __func__);

    (void)xch;
    err = err ? err : bind_error(domid, pirq);
    if (!err && pirqs[pirq].kind == PIRQ_GSI) {
        err = EBUSY;
    }
    if (!err) {
        Pirq *p = &pirqs[pirq];

        if (p->bound && p->gvec == gvec && p->gflags == gflags &&
            p->gtable == gtable) {
            fx_anomaly("pirq %u bound twice to the same vector", pirq);
        }
        if (p->bound && p->gtable != gtable) {
            /* Xen updates the vector and keeps watching the old table. */
            fx_anomaly("pirq %u rebound with another table address without "
                       "an unbind: Xen keeps the old one", pirq);
            gtable = p->gtable;
        }
        remark_dead_domain("bind_pt_irq");
        p->bound = true;
        p->gvec = gvec;
        p->gflags = gflags;
        p->gtable = gtable;
    }
    return fx_leave(err, "domid=%u pirq=%u gvec=0x%x gflags=0x%x gtable=0x%llx",
                    domid, pirq, gvec, gflags, (unsigned long long)gtable);
}

FX_API int xc_domain_unbind_msi_irq(xc_interface *xch, uint32_t domid,
                                    uint32_t gvec, uint32_t pirq,
                                    uint32_t gflags)
{
    int err = fx_enter(FX_DOMCTL, __func__);

    (void)xch;
    err = err ? err : bind_error(domid, pirq);
    if (!err && (!pirqs[pirq].bound || pirqs[pirq].kind == PIRQ_GSI)) {
        fx_anomaly("pirq %u unbound that is not bound", pirq);
        err = EINVAL;
    }
    if (!err) {
        pirqs[pirq].bound = false;
    }
    return fx_leave(err, "domid=%u pirq=%u gvec=0x%x gflags=0x%x", domid, pirq,
                    gvec, gflags);
}

static int intx_index(const Pirq *p, unsigned int device, unsigned int intx)
{
    for (unsigned int i = 0; i < p->nr_intx; i++) {
        if (p->intx[i] == (device << 2 | (intx & 3))) {
            return i;
        }
    }
    return -1;
}

FX_API int xc_domain_bind_pt_pci_irq(xc_interface *xch, uint32_t domid,
                                     uint8_t machine_irq, uint8_t bus,
                                     uint8_t device, uint8_t intx)
{
    int err = fx_enter(FX_DOMCTL, __func__);

    (void)xch;
    err = err ? err : bind_error(domid, machine_irq);
    if (!err && pirqs[machine_irq].kind != PIRQ_GSI) {
        err = EBUSY;
    }
    if (!err) {
        Pirq *p = &pirqs[machine_irq];

        if (intx_index(p, device, intx) >= 0) {
            fx_anomaly("pirq %u bound twice to device %u", machine_irq,
                       device);
            err = EEXIST;
        } else if (p->nr_intx == 8) {
            err = ENOSPC;
        } else {
            remark_dead_domain("bind_pt_irq");
            p->bound = true;
            p->intx[p->nr_intx++] = device << 2 | (intx & 3);
        }
    }
    return fx_leave(err, "domid=%u pirq=%u bus=%u device=%u intx=%u", domid,
                    machine_irq, bus, device, intx);
}

FX_API int xc_domain_unbind_pt_irq(xc_interface *xch, uint32_t domid,
                                   uint8_t machine_irq, uint8_t irq_type,
                                   uint8_t bus, uint8_t device, uint8_t intx,
                                   uint8_t isa_irq)
{
    int err = fx_enter(FX_DOMCTL, __func__);

    (void)xch;
    (void)isa_irq;
    err = err ? err : bind_error(domid, machine_irq);
    /* libxenctrl knows the PCI, ISA and translated types only. */
    if (!err && irq_type == PT_IRQ_TYPE_MSI) {
        fx_anomaly("unbind_pt_irq of an MSI: libxenctrl refuses the type");
        err = EINVAL;
    }
    if (!err) {
        Pirq *p = &pirqs[machine_irq];
        int i = intx_index(p, device, intx);

        if (i < 0) {
            fx_anomaly("pirq %u unbound that is not bound", machine_irq);
            err = EINVAL;
        } else {
            p->intx[i] = p->intx[--p->nr_intx];
            p->bound = p->nr_intx > 0;
        }
    }
    return fx_leave(err, "domid=%u pirq=%u type=%u bus=%u device=%u intx=%u",
                    domid, machine_irq, irq_type, bus, device, intx);
}

/* libxenctrl: what the rest of a device model asks for */

FX_API int xc_domain_populate_physmap_exact(xc_interface *xch, uint32_t domid,
                                            unsigned long nr_extents,
                                            unsigned int extent_order,
                                            unsigned int mem_flags,
                                            xen_pfn_t *extent_start)
{
    int err = fx_enter(FX_SYSCTL, __func__);

    (void)xch;
    (void)extent_start;
    return fx_leave(err, "domid=%u nr=%lu order=%u flags=%u", domid,
                    nr_extents, extent_order, mem_flags);
}

static uint64_t hvm_params[64];

static int hvm_param(const char *name, uint32_t domid, uint32_t param,
                     bool set, uint64_t *value)
{
    int err = fx_enter(FX_SYSCTL, name);

    err = err ? err : domain_error(domid);
    if (!err && param >= 64) {
        err = EINVAL;
    }
    if (!err && set) {
        hvm_params[param] = *value;
    } else if (!err) {
        *value = hvm_params[param];
    }
    return fx_leave(err, "domid=%u param=%u value=0x%llx", domid, param,
                    (unsigned long long)*value);
}

FX_API int xc_hvm_param_set(xc_interface *xch, uint32_t dom, uint32_t param,
                            uint64_t value)
{
    (void)xch;
    return hvm_param(__func__, dom, param, true, &value);
}

FX_API int xc_hvm_param_get(xc_interface *xch, uint32_t dom, uint32_t param,
                            uint64_t *value)
{
    (void)xch;
    return hvm_param(__func__, dom, param, false, value);
}

FX_API int xc_set_hvm_param(xc_interface *xch, uint32_t dom, int param,
                            unsigned long value)
{
    uint64_t wide = value;

    (void)xch;
    return hvm_param(__func__, dom, param, true, &wide);
}

FX_API int xc_get_hvm_param(xc_interface *xch, uint32_t dom, int param,
                            unsigned long *value)
{
    uint64_t wide = 0;
    int rc = hvm_param(__func__, dom, param, false, &wide);

    (void)xch;
    *value = wide;
    return rc;
}

/* libxencall: what libxenctrl has no wrapper for */

FX_API xencall_handle *xencall_open(xentoollog_logger *logger,
                                    unsigned int open_flags)
{
    int err = fx_enter(FX_LIB, __func__);

    (void)logger;
    open_handles += !err;
    fx_leave(err, "flags=%u", open_flags);
    return err ? NULL : (xencall_handle *)&handle;
}

FX_API int xencall_close(xencall_handle *xcall)
{
    int err = fx_enter(FX_LIB, __func__);

    (void)xcall;
    if (!err && open_handles > 0) {
        open_handles--;
    }
    return fx_leave(err, "%s", "");
}

FX_API void *xencall_alloc_buffer(xencall_handle *xcall, size_t size)
{
    int err = fx_enter(FX_LIB, __func__);

    (void)xcall;
    fx_leave(err, "size=%zu", size);
    return err ? NULL : calloc(1, size);
}

FX_API void xencall_free_buffer(xencall_handle *xcall, void *p)
{
    (void)xcall;
    free(p);
}

FX_API void *xencall_alloc_buffer_pages(xencall_handle *xcall,
                                        size_t nr_pages)
{
    return xencall_alloc_buffer(xcall, nr_pages * 4096);
}

FX_API void xencall_free_buffer_pages(xencall_handle *xcall, void *p,
                                      size_t nr_pages)
{
    (void)nr_pages;
    xencall_free_buffer(xcall, p);
}

static int physdev_map(struct physdev_map_pirq *map)
{
    unsigned int sbdf = (map->bus & 0xff) << 8 | (map->devfn & 0xff);
    char bdf[16];
    int err = fx_enter(FX_PHYSDEV, "PHYSDEVOP_map_pirq");
    int wanted = map->pirq;

    if (map->type != MAP_PIRQ_TYPE_MSI) {
        sbdf |= (unsigned int)map->bus & 0xffff0000;
    }
    fx_format_bdf(sbdf, bdf);
    err = err ? err : domain_error(map->domid);
    if (!err) {
        switch (map->type) {
        case MAP_PIRQ_TYPE_GSI:
            err = map_gsi(map->index, &map->pirq);
            break;
        case MAP_PIRQ_TYPE_MSI:
        case MAP_PIRQ_TYPE_MSI_SEG:
            err = map_msi(&map->pirq, sbdf, map->entry_nr,
                          map->table_base != 0, 1);
            break;
        case MAP_PIRQ_TYPE_MULTI_MSI:
            /* Needs interrupt remapping. */
            err = map->table_base ? EINVAL
                  : map->entry_nr < 1 || map->entry_nr > 32 ? EDOM
                  : no_multi_msi ? EOPNOTSUPP
                  : map_msi(&map->pirq, sbdf, 0, false, map->entry_nr);
            break;
        default:
            err = EINVAL;
        }
    }
    return fx_leave(err, "domid=%u type=%d dev=%s entry=%d wanted=%d "
                    "pirq=%d", map->domid, map->type, bdf, map->entry_nr,
                    wanted, map->pirq);
}

FX_API int xencall2(xencall_handle *xcall, unsigned int op, uint64_t arg1,
                    uint64_t arg2)
{
    int err;

    (void)xcall;
    if (op == __HYPERVISOR_physdev_op && arg1 == PHYSDEVOP_map_pirq) {
        return physdev_map((struct physdev_map_pirq *)(uintptr_t)arg2);
    }
    if (op == __HYPERVISOR_physdev_op && arg1 == PHYSDEVOP_unmap_pirq) {
        struct physdev_unmap_pirq *unmap = (void *)(uintptr_t)arg2;

        err = fx_enter(FX_PHYSDEV, "PHYSDEVOP_unmap_pirq");
        err = err ? err : domain_error(unmap->domid);
        err = err ? err : unmap_pirq(unmap->pirq, false);
        return fx_leave(err, "domid=%u pirq=%d", unmap->domid, unmap->pirq);
    }
    err = fx_enter(FX_SYSCTL, __func__);
    return fx_leave(err ? err : ENOSYS, "op=%u arg1=0x%llx", op,
                    (unsigned long long)arg1);
}

FX_API int xencall1(xencall_handle *xcall, unsigned int op, uint64_t arg1)
{
    int err = fx_enter(FX_SYSCTL, __func__);

    (void)xcall;
    return fx_leave(err ? err : ENOSYS, "op=%u arg1=0x%llx", op,
                    (unsigned long long)arg1);
}

/* Control */

static void dump_ranges(FILE *out, const char *what, const Ranges *set)
{
    for (size_t i = 0; i < set->nr; i++) {
        fprintf(out, "%s 0x%llx 0x%llx 0x%llx\n", what,
                (unsigned long long)set->at[i].first,
                (unsigned long long)set->at[i].other,
                (unsigned long long)set->at[i].nr);
    }
}

static void dump_state(FILE *out)
{
    static const char *const kinds[] = { "free", "gsi", "msi", "msix" };

    dump_ranges(out, "page", &pages);
    dump_ranges(out, "port", &ports);
    for (int i = 0; i < nr_pirqs; i++) {
        const Pirq *p = &pirqs[i];
        char bdf[16];

        if (p->kind == PIRQ_FREE || p->cut) {
            continue;
        }
        fx_format_bdf(p->sbdf, bdf);
        fprintf(out, "pirq %d %s %s %d %d 0x%x 0x%x 0x%llx\n", i,
                kinds[p->kind], bdf, p->entry, p->bound, p->gvec, p->gflags,
                (unsigned long long)p->gtable);
    }
    fprintf(out, "handles %u\n", open_handles);
}

/*
 * assign BDF | deassign BDF        owner of a function
 * prepare-msix BDF 0|1             did pciback's preparation work
 * iomem 0|1 MFN NR, ioport 0|1 PORT NR      rights of the domain
 * map-gsi GSI, unmap-gsi PIRQ      as libxl does; both print the errno
 * pirqs N                          size of the pirq space
 * domain running|paused|shutdown REASON|dying|gone
 * iommu 0|1, multi-msi 0|1, feature BIT 0|1
 * xen-state                        what is mapped and bound
 */
int fx_xen_control(int nwords, char **words, FILE *out)
{
    const char *verb = words[0];
    unsigned int sbdf;

    if (strcmp(verb, "xen-state") == 0) {
        dump_state(out);
        return 1;
    }
    if (strcmp(verb, "assign") == 0 || strcmp(verb, "deassign") == 0 ||
        strcmp(verb, "prepare-msix") == 0) {
        Function *function;

        if (nwords < 2 || !fx_parse_bdf(words[1], &sbdf)) {
            return -1;
        }
        function = function_of(sbdf, true);
        if (!function) {
            return -1;
        }
        if (verb[0] == 'p') {
            function->unprepared = nwords > 2 && atoi(words[2]) == 0;
        } else {
            function->assigned = verb[0] == 'a';
        }
        return 1;
    }
    if (strcmp(verb, "iomem") == 0 || strcmp(verb, "ioport") == 0) {
        Ranges *rights = verb[2] == 'm' ? &iomem_rights : &ioport_rights;
        uint64_t first, nr;

        if (nwords < 4) {
            return -1;
        }
        first = strtoull(words[2], NULL, 0);
        nr = strtoull(words[3], NULL, 0);
        range_remove(rights, first, nr);
        if (atoi(words[1])) {
            range_add(rights, first, first, nr);
        }
        return 1;
    }
    if (strcmp(verb, "map-gsi") == 0 && nwords > 1) {
        int pirq = -1;

        fprintf(out, "%d\n", map_gsi(atoi(words[1]), &pirq));
        return 1;
    }
    if (strcmp(verb, "unmap-gsi") == 0 && nwords > 1) {
        fprintf(out, "%d\n", unmap_pirq(atoi(words[1]), true));
        return 1;
    }
    if (strcmp(verb, "pirqs") == 0 && nwords > 1) {
        nr_pirqs = atoi(words[1]);
        return nr_pirqs > 0 && nr_pirqs <= MAX_PIRQS ? 1 : -1;
    }
    if (strcmp(verb, "domain") == 0 && nwords > 1) {
        static const char *const states[] = {
            [DOM_RUNNING] = "running", [DOM_PAUSED] = "paused",
            [DOM_SHUTDOWN] = "shutdown", [DOM_DYING] = "dying",
            [DOM_GONE] = "gone",
        };

        for (int i = DOM_RUNNING; i <= DOM_GONE; i++) {
            if (strcmp(words[1], states[i]) == 0) {
                dom_state = i;
                dom_reason = nwords > 2 ? atoi(words[2]) : 0;
                return 1;
            }
        }
        return -1;
    }
    if (strcmp(verb, "iommu") == 0 && nwords > 1) {
        no_iommu = atoi(words[1]) == 0;
        return 1;
    }
    if (strcmp(verb, "multi-msi") == 0 && nwords > 1) {
        no_multi_msi = atoi(words[1]) == 0;
        return 1;
    }
    if (strcmp(verb, "feature") == 0 && nwords > 2) {
        uint32_t bit = 1U << (atoi(words[1]) & 31);

        features = atoi(words[2]) ? features | bit : features & ~bit;
        return 1;
    }
    return 0;
}
