/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * xen-pt: the host port
 *
 * What the core knows of, and may do to, one physical PCI function.  A host
 * (sysfs, a dump file, a recording fake) embeds XenPtHost as its first member
 * and fills in ops and info before it hands it to xen_pt_device_open().
 *
 * Units: addresses and sizes are bytes; an I/O region's base is a port.
 * Errors: functions that return int give 0 (or a count) or a negative errno.
 * Ownership: the device owns the host from a successful or failed
 * xen_pt_device_open() on, and calls ops->close once.
 */
#ifndef XEN_PT_HOST_H
#define XEN_PT_HOST_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct XenPtAddress {
    uint16_t segment;
    uint8_t bus;
    uint8_t slot;
    uint8_t function;
} XenPtAddress;

#define XEN_PT_NUM_REGIONS 7
#define XEN_PT_ROM_REGION  6
#define XEN_PT_PAGE_SIZE   4096ull

/* One BAR, or the expansion ROM (index 6); size 0: not there. */
typedef struct XenPtHostRegion {
    uint64_t base;          /* where the host has placed it */
    uint64_t size;          /* a power of two */
    bool io;                /* I/O ports; else memory */
    bool mem64;             /* its register takes two dwords */
    bool prefetch;
    /*
     * The host pages that hold it hold nothing else that matters: no BAR of
     * a function that dom0 or another domain uses.  Only then may a BAR
     * smaller than a page be mapped as that page.
     */
    bool page_exclusive;
    /*
     * There is no hardware behind it, only region_read (a ROM from a file):
     * it is never mapped, and nothing is enabled for it.
     */
    bool served;
    char *shared_with;      /* BDF and use of the neighbour, or NULL; owned */
} XenPtHostRegion;

typedef struct XenPtHostInfo {
    XenPtAddress address;
    uint16_t vendor;        /* of sysfs: a VF's own registers read FFFF */
    uint16_t device;
    uint16_t subsystem_vendor;
    uint16_t subsystem_device;
    uint32_t class_code;    /* 24 bits */
    uint8_t revision;
    uint32_t gsi;           /* INTx line as the host numbers it; 0: none */
    bool is_virtfn;         /* an SR-IOV virtual function */
    char *driver;           /* bound host driver, or NULL; owned */
    char *reset_methods;    /* as sysfs reset_method has it, or NULL; owned */
    XenPtHostRegion region[XEN_PT_NUM_REGIONS];
} XenPtHostInfo;

typedef struct XenPtHost XenPtHost;

typedef struct XenPtHostOps {
    /*
     * Reads len bytes at addr of configuration space.  Returns the number
     * of bytes read, which may be less than len at the end of what the
     * host offers (256 or 4096, or 64 without privilege), or -errno.
     */
    int (*config_read)(XenPtHost *host, uint32_t addr, void *buf, size_t len);
    /* Writes all of len bytes, or returns -errno. */
    int (*config_write)(XenPtHost *host, uint32_t addr, const void *buf,
                        size_t len);
    /*
     * One access of size 1, 2, 4 or 8 to a region that is not mapped into
     * the guest, with just that width.  *value is little endian as a CPU
     * of this host loads it.
     */
    int (*region_read)(XenPtHost *host, int region, uint64_t offset,
                       unsigned size, uint64_t *value);
    int (*region_write)(XenPtHost *host, int region, uint64_t offset,
                        unsigned size, uint64_t value);
    /*
     * Opens, and keeps open, what region_read and region_write need for the
     * MSI-X table at offset and what shares its pages, while nothing can
     * stop it yet: once the first vector is mapped, Xen refuses writable
     * mappings of those pages.  Optional; may be NULL.
     */
    int (*region_open)(XenPtHost *host, int region, uint64_t offset);
    /* Resets the function; may sleep for seconds.  NULL: cannot. */
    int (*reset)(XenPtHost *host);
    /* Frees the host and all it holds. */
    void (*close)(XenPtHost *host);
} XenPtHostOps;

struct XenPtHost {
    const XenPtHostOps *ops;
    XenPtHostInfo info;
};

/* "0000:03:00.0"; buf must hold XEN_PT_BDF_LEN bytes.  Returns buf. */
#define XEN_PT_BDF_LEN 13
const char *xen_pt_address_format(const XenPtAddress *address, char *buf);
/* [DDDD:]BB:SS.F, all hexadecimal; false if text is anything else. */
bool xen_pt_address_parse(const char *text, XenPtAddress *address);
/* "BAR 0" to "BAR 5", "expansion ROM". */
const char *xen_pt_region_name(int region);
/* Frees what info owns; not info itself. */
void xen_pt_host_info_clear(XenPtHostInfo *info);

#endif /* XEN_PT_HOST_H */
