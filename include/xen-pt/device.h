/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * xen-pt: the life of one passed-through function
 *
 *   open -> start -> run (config, region, timer, reset) -> close
 *
 * Nothing here is thread safe: the caller holds one lock for all functions
 * of a domain (QEMU's big lock).  No call blocks but reset of the host.
 */
#ifndef XEN_PT_DEVICE_H
#define XEN_PT_DEVICE_H

#include "xen-pt/config.h"
#include "xen-pt/error.h"
#include "xen-pt/host.h"
#include "xen-pt/hypervisor.h"
#include "xen-pt/vm.h"

/* Where the guest has its slot: it decides what PCI Express makes of it. */
typedef enum XenPtBus {
    XEN_PT_BUS_CONVENTIONAL,  /* as i440fx has */
    XEN_PT_BUS_ROOT_COMPLEX,  /* the root bus of a PCI Express machine */
    XEN_PT_BUS_BELOW_PORT,
} XenPtBus;

typedef struct XenPtOptions {
    bool permissive;       /* unknown bytes are writable */
    bool real_power;       /* the guest's D-state reaches the device */
    bool allow_reset;      /* the guest may reset the function (FLR) */
    bool refuse_shared;    /* a BAR that shares a page is an error */
    bool no_rom;           /* rombar=0: no expansion ROM for the guest */
    bool multifunction;    /* the guest's slot has other functions too */
    XenPtBus bus;
    /*
     * Rules that open single fields, as setpci names them, comma
     * separated: "44.b,CAP_PM+4.w=0x0100".  NULL: none.
     */
    const char *allow;
    /* as allow; "-" before a rule closes; what does not fit is passed over */
    const char *quirks;
    const char *forbid;    /* bytes never to be read: "a0-a7,c4"; or NULL */
} XenPtOptions;

typedef enum XenPtDomainState {
    XEN_PT_DOMAIN_RUNNING,    /* or paused */
    XEN_PT_DOMAIN_SUSPENDED,  /* nothing new is issued, bindings are kept */
    XEN_PT_DOMAIN_GONE,       /* shut down or dying: only undo is issued */
} XenPtDomainState;

/*
 * Checks the function, reads what is static of it and compiles its policy.
 * Touches neither guest nor hypervisor, and the device only to read it.
 * Takes host over, also on failure (then it is closed).
 */
XenPtDevice *xen_pt_device_open(XenPtHost *host, XenPtHypervisor *hv,
                                XenPtVm *vm, const XenPtOptions *options,
                                GError **errp);
/*
 * Plugs it in at the guest's bus and slot: quiets what an earlier user left
 * on (MSI, bus mastering), turns decoding on in hardware, routes INTx.
 * On failure all of it is undone and the device can still be closed.
 */
bool xen_pt_device_start(XenPtDevice *dev, uint8_t guest_bus,
                         uint8_t guest_slot, GError **errp);
/*
 * The toolstack has finished attaching: what it has mapped and granted by
 * then, it takes back itself.
 */
void xen_pt_device_attached(XenPtDevice *dev);
/*
 * Another function of the guest is about to stop.  If the toolstack will
 * unmap its interrupt line, and that is this device's as well, the line is
 * given up until xen_pt_device_unpark_line() with the other's name, or for
 * some seconds; true: so it is.
 */
bool xen_pt_device_park_line(XenPtDevice *dev, const XenPtDevice *leaving);
void xen_pt_device_unpark_line(XenPtDevice *dev, const char *left);
/*
 * Unbinds, unmaps, quiets the hardware.  Idempotent.  After it the device
 * answers with all ones.  The caller withdraws the regions from the guest
 * before or after; sections that go are forgotten.
 */
void xen_pt_device_stop(XenPtDevice *dev);
/* Stops if need be, closes the host and frees.  NULL is fine. */
void xen_pt_device_close(XenPtDevice *dev);

/* A guest's access of 1, 2 or 4 bytes at any alignment below 4096. */
uint32_t xen_pt_device_config_read(XenPtDevice *dev, uint32_t addr,
                                   unsigned len);
void xen_pt_device_config_write(XenPtDevice *dev, uint32_t addr,
                                uint32_t value, unsigned len);
/* A guest's access to a region that was not mapped: 1, 2, 4, 8 bytes. */
uint64_t xen_pt_device_region_read(XenPtDevice *dev, int region,
                                   uint64_t offset, unsigned size);
void xen_pt_device_region_write(XenPtDevice *dev, int region,
                                uint64_t offset, unsigned size,
                                uint64_t value);

/* The region as the guest sees it: size 0 if it has none. */
typedef struct XenPtGuestRegion {
    uint64_t size;
    bool io, mem64, prefetch;
} XenPtGuestRegion;
XenPtGuestRegion xen_pt_device_region(const XenPtDevice *dev, int region);

/*
 * A piece of a region that the guest can (add) or can no longer reach:
 * size bytes from offset of the region, at gaddr.  Effective with the next
 * xen_pt_device_unmap_stale() and xen_pt_device_map_wanted().
 */
void xen_pt_device_section(XenPtDevice *dev, bool add, int region,
                           uint64_t offset, uint64_t gaddr, uint64_t size);
void xen_pt_device_unmap_stale(XenPtDevice *dev);
void xen_pt_device_map_wanted(XenPtDevice *dev);
/* Commits at once what was put off (another device needs the space). */
void xen_pt_device_settle(XenPtDevice *dev);

void xen_pt_device_timer(XenPtDevice *dev);
/* As after power on, for the guest; the hardware is quiet. */
void xen_pt_device_reset(XenPtDevice *dev);
/*
 * The vm's start_reset has come to its end: 0, or the negative errno of the
 * host's reset.
 */
void xen_pt_device_reset_done(XenPtDevice *dev, int result);
void xen_pt_device_domain_state(XenPtDevice *dev, XenPtDomainState state);

const XenPtHostInfo *xen_pt_device_info(const XenPtDevice *dev);
/* "0000:03:00.0"; lives as long as the device. */
const char *xen_pt_device_name(const XenPtDevice *dev);

/* -- what can be asked for ------------------------------------------------ */

typedef enum XenPtMapState {
    XEN_PT_MAP_PENDING,       /* Xen refused with EPERM; retried */
    XEN_PT_MAP_MAPPED,
    XEN_PT_MAP_REFUSED,       /* Xen refused otherwise; accesses are served */
} XenPtMapState;

typedef struct XenPtMap {
    int region;
    bool io;
    uint64_t guest, machine, count;  /* pages or ports */
    XenPtMapState state;
    int error;                       /* errno of the last refusal */
} XenPtMap;

typedef struct XenPtDenied {
    uint16_t offset;
    uint32_t count;
    uint8_t first_value;
} XenPtDenied;

typedef enum XenPtIrqMode {
    XEN_PT_IRQ_NONE, XEN_PT_IRQ_INTX, XEN_PT_IRQ_MSI, XEN_PT_IRQ_MSIX,
} XenPtIrqMode;

typedef struct XenPtVectorInfo {
    uint16_t entry;
    bool masked, bound;
    int pirq;                        /* -1: none */
    XenPtMsiBinding binding;
    int error;                       /* errno of the last refusal, 0: none */
} XenPtVectorInfo;

typedef struct XenPtCounters {
    uint64_t config_reads, config_writes;      /* by the guest */
    uint64_t host_reads, host_writes;          /* of config space */
    uint64_t denied_writes;
    uint64_t region_reads, region_writes;      /* trapped */
    uint64_t maps, unmaps, map_errors;
    uint64_t irq_maps, irq_unmaps, binds, unbinds, irq_errors;
    uint64_t commits, deferred;
} XenPtCounters;

const XenPtCounters *xen_pt_device_counters(const XenPtDevice *dev);
/* Arrays of the structs above; owned by the caller (g_array_unref). */
GArray *xen_pt_device_maps(const XenPtDevice *dev);      /* XenPtMap */
GArray *xen_pt_device_denied(const XenPtDevice *dev);    /* XenPtDenied */
GArray *xen_pt_device_vectors(const XenPtDevice *dev);   /* XenPtVectorInfo */
GArray *xen_pt_device_instances(XenPtDevice *dev);       /* XenPtInstance */
XenPtIrqMode xen_pt_device_irq_mode(const XenPtDevice *dev);
bool xen_pt_device_gone(const XenPtDevice *dev);
/* Sentences said since open, oldest first; owned by the device. */
const GPtrArray *xen_pt_device_warnings(const XenPtDevice *dev);
/* Reports a sentence that others found, and adds it to them; copied. */
void xen_pt_device_warn(XenPtDevice *dev, const char *sentence);
/* The compiled masks, for tests and tools; includes the extended space. */
const XenPtConfig *xen_pt_device_config(XenPtDevice *dev);

#endif /* XEN_PT_DEVICE_H */
