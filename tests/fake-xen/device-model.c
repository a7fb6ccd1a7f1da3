/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fake-xen: the libraries that the rest of a device model uses:
 * libxendevicemodel, libxenforeignmemory, libxenevtchn, libxengnttab,
 * libxentoolcore. Enough for "-accel xen" to start a machine, so that the
 * DM_OPs of its memory listeners are counted as well.
 */
#define _GNU_SOURCE
#define __XEN_TOOLS__
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <xenctrl.h>
#include <xendevicemodel.h>
#include <xenevtchn.h>
#include <xenforeignmemory.h>
#include <xengnttab.h>
#include <xentoolcore.h>

#include "fake.h"
#include "newer-xen.h"

static char handle;

/* An ioreq server takes 256 ranges of a type (MAX_NR_IO_RANGES). */
#define MAX_IO_RANGES 256

static unsigned int io_ranges[2];

/* libxendevicemodel */

#define DMOP(name, args, ...)                                              \
    do {                                                                   \
        int err_ = fx_enter(FX_DMOP, name);                                \
        (void)dmod;                                                        \
        return fx_leave(err_, "domid=%u " args, domid, __VA_ARGS__);       \
    } while (0)

FX_API xendevicemodel_handle *xendevicemodel_open(xentoollog_logger *logger,
                                                  unsigned int open_flags)
{
    int err = fx_enter(FX_LIB, __func__);

    (void)logger;
    fx_leave(err, "flags=%u", open_flags);
    return err ? NULL : (xendevicemodel_handle *)&handle;
}

FX_API int xendevicemodel_close(xendevicemodel_handle *dmod)
{
    (void)dmod;
    return fx_leave(fx_enter(FX_LIB, __func__), "%s", "");
}

FX_API int xendevicemodel_restrict(xendevicemodel_handle *dmod, domid_t domid)
{
    DMOP(__func__, "%s", "");
}

FX_API int xendevicemodel_create_ioreq_server(xendevicemodel_handle *dmod,
                                              domid_t domid,
                                              int handle_bufioreq,
                                              ioservid_t *id)
{
    *id = 1;
    DMOP(__func__, "bufioreq=%d", handle_bufioreq);
}

FX_API int xendevicemodel_get_ioreq_server_info(
    xendevicemodel_handle *dmod, domid_t domid, ioservid_t id,
    xen_pfn_t *ioreq_gfn, xen_pfn_t *bufioreq_gfn,
    evtchn_port_t *bufioreq_port)
{
    if (ioreq_gfn) {
        *ioreq_gfn = 0xfeff0;
    }
    if (bufioreq_gfn) {
        *bufioreq_gfn = 0xfeff1;
    }
    if (bufioreq_port) {
        *bufioreq_port = 40;
    }
    DMOP(__func__, "id=%u", id);
}

FX_API int xendevicemodel_map_io_range_to_ioreq_server(
    xendevicemodel_handle *dmod, domid_t domid, ioservid_t id, int is_mmio,
    uint64_t start, uint64_t end)
{
    int err = fx_enter(FX_DMOP, __func__);

    (void)dmod;
    if (!err && io_ranges[!!is_mmio] == MAX_IO_RANGES) {
        err = ENOMEM;
    }
    io_ranges[!!is_mmio] += !err;
    return fx_leave(err, "domid=%u id=%u mmio=%d start=0x%llx end=0x%llx",
                    domid, id, is_mmio, (unsigned long long)start,
                    (unsigned long long)end);
}

FX_API int xendevicemodel_unmap_io_range_from_ioreq_server(
    xendevicemodel_handle *dmod, domid_t domid, ioservid_t id, int is_mmio,
    uint64_t start, uint64_t end)
{
    int err = fx_enter(FX_DMOP, __func__);

    (void)dmod;
    if (!err && io_ranges[!!is_mmio] > 0) {
        io_ranges[!!is_mmio]--;
    }
    return fx_leave(err, "domid=%u id=%u mmio=%d start=0x%llx end=0x%llx",
                    domid, id, is_mmio, (unsigned long long)start,
                    (unsigned long long)end);
}

FX_API int xendevicemodel_map_pcidev_to_ioreq_server(
    xendevicemodel_handle *dmod, domid_t domid, ioservid_t id,
    uint16_t segment, uint8_t bus, uint8_t device, uint8_t function)
{
    DMOP(__func__, "id=%u dev=%04x:%02x:%02x.%x", id, segment, bus, device,
         function);
}

FX_API int xendevicemodel_unmap_pcidev_from_ioreq_server(
    xendevicemodel_handle *dmod, domid_t domid, ioservid_t id,
    uint16_t segment, uint8_t bus, uint8_t device, uint8_t function)
{
    DMOP(__func__, "id=%u dev=%04x:%02x:%02x.%x", id, segment, bus, device,
         function);
}

FX_API int xendevicemodel_destroy_ioreq_server(xendevicemodel_handle *dmod,
                                               domid_t domid, ioservid_t id)
{
    DMOP(__func__, "id=%u", id);
}

FX_API int xendevicemodel_set_ioreq_server_state(xendevicemodel_handle *dmod,
                                                 domid_t domid, ioservid_t id,
                                                 int enabled)
{
    DMOP(__func__, "id=%u enabled=%d", id, enabled);
}

FX_API int xendevicemodel_set_pci_intx_level(
    xendevicemodel_handle *dmod, domid_t domid, uint16_t segment, uint8_t bus,
    uint8_t device, uint8_t intx, unsigned int level)
{
    DMOP(__func__, "seg=%u bus=%u device=%u intx=%u level=%u", segment, bus,
         device, intx, level);
}

FX_API int xendevicemodel_set_isa_irq_level(xendevicemodel_handle *dmod,
                                            domid_t domid, uint8_t irq,
                                            unsigned int level)
{
    DMOP(__func__, "irq=%u level=%u", irq, level);
}

/* since 4.19; QEMU calls it on Arm only, but links with it */
FX_API int xendevicemodel_set_irq_level(xendevicemodel_handle *dmod,
                                        domid_t domid, uint32_t irq,
                                        unsigned int level)
{
    DMOP(__func__, "irq=%u level=%u", irq, level);
}

FX_API int xendevicemodel_set_pci_link_route(xendevicemodel_handle *dmod,
                                             domid_t domid, uint8_t link,
                                             uint8_t irq)
{
    DMOP(__func__, "link=%u irq=%u", link, irq);
}

FX_API int xendevicemodel_inject_msi(xendevicemodel_handle *dmod,
                                     domid_t domid, uint64_t msi_addr,
                                     uint32_t msi_data)
{
    DMOP(__func__, "addr=0x%llx data=0x%x", (unsigned long long)msi_addr,
         msi_data);
}

FX_API int xendevicemodel_track_dirty_vram(xendevicemodel_handle *dmod,
                                           domid_t domid, uint64_t first_pfn,
                                           uint32_t nr,
                                           unsigned long *dirty_bitmap)
{
    (void)dirty_bitmap;
    DMOP(__func__, "pfn=0x%llx nr=%u", (unsigned long long)first_pfn, nr);
}

FX_API int xendevicemodel_modified_memory(xendevicemodel_handle *dmod,
                                          domid_t domid, uint64_t first_pfn,
                                          uint32_t nr)
{
    DMOP(__func__, "pfn=0x%llx nr=%u", (unsigned long long)first_pfn, nr);
}

FX_API int xendevicemodel_set_mem_type(xendevicemodel_handle *dmod,
                                       domid_t domid, hvmmem_type_t mem_type,
                                       uint64_t first_pfn, uint32_t nr)
{
    DMOP(__func__, "type=%d pfn=0x%llx nr=%u", (int)mem_type,
         (unsigned long long)first_pfn, nr);
}

FX_API int xendevicemodel_shutdown(xendevicemodel_handle *dmod, domid_t domid,
                                   unsigned int reason)
{
    DMOP(__func__, "reason=%u", reason);
}

FX_API int xendevicemodel_relocate_memory(xendevicemodel_handle *dmod,
                                          domid_t domid, uint32_t size,
                                          uint64_t src_gfn, uint64_t dst_gfn)
{
    DMOP(__func__, "size=%u src=0x%llx dst=0x%llx", size,
         (unsigned long long)src_gfn, (unsigned long long)dst_gfn);
}

FX_API int xendevicemodel_pin_memory_cacheattr(xendevicemodel_handle *dmod,
                                               domid_t domid, uint64_t start,
                                               uint64_t end, uint32_t type)
{
    DMOP(__func__, "start=0x%llx end=0x%llx type=%u", (unsigned long long)start,
         (unsigned long long)end, type);
}

/* libxenforeignmemory: anonymous memory in the place of the guest's */

FX_API xenforeignmemory_handle *
xenforeignmemory_open(struct xentoollog_logger *logger, unsigned int open_flags)
{
    int err = fx_enter(FX_LIB, __func__);

    (void)logger;
    fx_leave(err, "flags=%u", open_flags);
    return err ? NULL : (xenforeignmemory_handle *)&handle;
}

FX_API int xenforeignmemory_close(xenforeignmemory_handle *fmem)
{
    (void)fmem;
    return fx_leave(fx_enter(FX_LIB, __func__), "%s", "");
}

FX_API int xenforeignmemory_restrict(xenforeignmemory_handle *fmem,
                                     domid_t domid)
{
    (void)fmem;
    return fx_leave(fx_enter(FX_LIB, __func__), "domid=%u", domid);
}

static void *anonymous(void *addr, size_t pages, int flags)
{
    long p = syscall(SYS_mmap, addr, pages * 4096, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE |
                     (flags & MAP_FIXED), -1, 0);

    return p == -1 ? NULL : (void *)p;
}

FX_API void *xenforeignmemory_map2(xenforeignmemory_handle *fmem,
                                   uint32_t dom, void *addr, int prot,
                                   int flags, size_t pages,
                                   const xen_pfn_t arr[], int errs[])
{
    int err = fx_enter(FX_LIB, __func__);
    void *p = err ? NULL : anonymous(addr, pages, flags);

    (void)fmem;
    (void)prot;
    if (errs) {
        memset(errs, 0, pages * sizeof(*errs));
    }
    fx_leave(err, "domid=%u gfn=0x%lx pages=%zu", dom,
             pages ? (unsigned long)arr[0] : 0, pages);
    return p;
}

FX_API void *xenforeignmemory_map(xenforeignmemory_handle *fmem, uint32_t dom,
                                  int prot, size_t pages,
                                  const xen_pfn_t arr[], int errs[])
{
    return xenforeignmemory_map2(fmem, dom, NULL, prot, 0, pages, arr, errs);
}

FX_API int xenforeignmemory_unmap(xenforeignmemory_handle *fmem, void *addr,
                                  size_t pages)
{
    int err = fx_enter(FX_LIB, __func__);

    (void)fmem;
    if (!err) {
        syscall(SYS_munmap, addr, pages * 4096);
    }
    return fx_leave(err, "pages=%zu", pages);
}

struct xenforeignmemory_resource_handle {
    void *addr;
    size_t pages;
};

FX_API xenforeignmemory_resource_handle *xenforeignmemory_map_resource(
    xenforeignmemory_handle *fmem, domid_t domid, unsigned int type,
    unsigned int id, unsigned long frame, unsigned long nr_frames,
    void **paddr, int prot, int flags)
{
    int err = fx_enter(FX_LIB, __func__);
    xenforeignmemory_resource_handle *res = NULL;

    (void)fmem;
    (void)prot;
    if (!err) {
        res = calloc(1, sizeof(*res));
        res->addr = anonymous(*paddr, nr_frames, flags);
        res->pages = nr_frames;
        *paddr = res->addr;
    }
    fx_leave(err, "domid=%u type=%u id=%u frame=%lu nr=%lu", domid, type, id,
             frame, nr_frames);
    return res;
}

FX_API int xenforeignmemory_unmap_resource(
    xenforeignmemory_handle *fmem, xenforeignmemory_resource_handle *fres)
{
    int err = fx_enter(FX_LIB, __func__);

    (void)fmem;
    if (fres) {
        syscall(SYS_munmap, fres->addr, fres->pages * 4096);
        free(fres);
    }
    return fx_leave(err, "%s", "");
}

/* libxenevtchn: channels that never fire */

static int evtchn_fd = -1;

FX_API xenevtchn_handle *xenevtchn_open(struct xentoollog_logger *logger,
                                        unsigned int flags)
{
    int err = fx_enter(FX_LIB, __func__);

    (void)logger;
    if (!err && evtchn_fd < 0) {
        evtchn_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    }
    fx_leave(err, "flags=%u", flags);
    return err ? NULL : (xenevtchn_handle *)&handle;
}

FX_API int xenevtchn_close(xenevtchn_handle *xce)
{
    (void)xce;
    return fx_leave(fx_enter(FX_LIB, __func__), "%s", "");
}

FX_API int xenevtchn_fd(xenevtchn_handle *xce)
{
    (void)xce;
    return evtchn_fd;
}

FX_API int xenevtchn_notify(xenevtchn_handle *xce, evtchn_port_t port)
{
    (void)xce;
    return fx_leave(fx_enter(FX_LIB, __func__), "port=%u", port);
}

FX_API xenevtchn_port_or_error_t
xenevtchn_bind_interdomain(xenevtchn_handle *xce, uint32_t domid,
                           evtchn_port_t remote_port)
{
    static int next = 50;
    int err = fx_enter(FX_LIB, __func__);

    (void)xce;
    return fx_leave_value(err, next++, "domid=%u remote=%u", domid,
                          remote_port);
}

FX_API int xenevtchn_unbind(xenevtchn_handle *xce, evtchn_port_t port)
{
    (void)xce;
    return fx_leave(fx_enter(FX_LIB, __func__), "port=%u", port);
}

FX_API xenevtchn_port_or_error_t xenevtchn_pending(xenevtchn_handle *xce)
{
    (void)xce;
    errno = EAGAIN;
    return -1;
}

FX_API int xenevtchn_unmask(xenevtchn_handle *xce, evtchn_port_t port)
{
    (void)xce;
    return fx_leave(fx_enter(FX_LIB, __func__), "port=%u", port);
}

/* libxengnttab: there is nothing to map */

FX_API xengnttab_handle *xengnttab_open(struct xentoollog_logger *logger,
                                        unsigned int open_flags)
{
    int err = fx_enter(FX_LIB, __func__);

    (void)logger;
    fx_leave(err, "flags=%u", open_flags);
    return err ? NULL : (xengnttab_handle *)&handle;
}

FX_API int xengnttab_close(xengnttab_handle *xgt)
{
    (void)xgt;
    return fx_leave(fx_enter(FX_LIB, __func__), "%s", "");
}

FX_API int xengnttab_set_max_grants(xengnttab_handle *xgt, uint32_t nr_grants)
{
    (void)xgt;
    return fx_leave(fx_enter(FX_LIB, __func__), "nr=%u", nr_grants);
}

FX_API void *xengnttab_map_domain_grant_refs(xengnttab_handle *xgt,
                                             uint32_t count, uint32_t domid,
                                             uint32_t *refs, int prot)
{
    int err = fx_enter(FX_LIB, __func__);

    (void)xgt;
    (void)refs;
    (void)prot;
    fx_leave(err ? err : ENOSYS, "count=%u domid=%u", count, domid);
    return NULL;
}

FX_API int xengnttab_unmap(xengnttab_handle *xgt, void *start_address,
                           uint32_t count)
{
    (void)xgt;
    (void)start_address;
    return fx_leave(fx_enter(FX_LIB, __func__), "count=%u", count);
}

FX_API int xengnttab_grant_copy(xengnttab_handle *xgt, uint32_t count,
                                xengnttab_grant_copy_segment_t *segs)
{
    int err = fx_enter(FX_LIB, __func__);

    (void)xgt;
    (void)segs;
    return fx_leave(err ? err : ENOSYS, "count=%u", count);
}

/* libxentoolcore */

FX_API int xentoolcore_restrict_all(domid_t domid)
{
    return fx_leave(fx_enter(FX_LIB, __func__), "domid=%u", domid);
}

/* io-ranges: how many ranges of each type the ioreq server holds */
int fx_device_model_control(int nwords, char **words, FILE *out)
{
    (void)nwords;
    if (strcmp(words[0], "io-ranges") == 0) {
        fprintf(out, "mmio %u\nport %u\n", io_ranges[1], io_ranges[0]);
        return 1;
    }
    return 0;
}
