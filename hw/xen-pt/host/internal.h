/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * xen-pt: what the files of the sysfs host share
 */
#ifndef XEN_PT_HOST_INTERNAL_H
#define XEN_PT_HOST_INTERNAL_H

#include <dirent.h>
#include <sys/types.h>

#include "xen-pt/sysfs.h"

typedef struct XenPtSysfsMap {
    uint8_t *base;          /* NULL: not mapped */
    size_t length;
    uint64_t start, end;    /* the offsets in the region that are in it */
} XenPtSysfsMap;

typedef struct XenPtSysfsRegion {
    int fd;                 /* resourceN, or -1 */
    XenPtSysfsMap kept;     /* made by region_open */
    XenPtSysfsMap window;   /* moves with the accesses outside of it */
    bool lost;              /* its memory was found to be gone */
} XenPtSysfsRegion;

typedef struct XenPtSysfs {
    XenPtHost host;
    int dir;
    int config;
    bool read_only;
    char name[XEN_PT_BDF_LEN];
    XenPtSysfsRegion region[XEN_PT_NUM_REGIONS];
    GByteArray *rom;        /* the ROM's copy, once read */
} XenPtSysfs;

static inline XenPtSysfs *xen_pt_to_sysfs(XenPtHost *host)
{
    return (XenPtSysfs *)host;
}

/* -- attribute.c ---------------------------------------------------------- */

/* Appends a sentence; warnings NULL: nobody listens. */
void xen_pt_sysfs_warn(GPtrArray *warnings, const char *format, ...)
    G_GNUC_PRINTF(2, 3);

ssize_t xen_pt_read_all(int fd, void *buf, size_t size);
int xen_pt_read_attribute(int dir, const char *name, char *buf, size_t size);
bool xen_pt_parse_number(const char *text, unsigned base, uint64_t max,
                         uint64_t *value);
char *xen_pt_read_driver(int dir);
bool xen_pt_is_stub(const char *driver);
/* What a person can do about a file that gives err (positive). */
const char *xen_pt_sysfs_cure(int err);
void xen_pt_sysfs_unreadable(GError **errp, const XenPtSysfs *s,
                             const char *file, int err);
/*
 * Who uses a function now, "0000:04:00.1 (driven by e1000e)", or NULL:
 * nobody, or the domain that options names.  The caller frees it.
 */
char *xen_pt_sysfs_user(int dir, const char *name,
                        const XenPtAddress *address,
                        const XenPtSysfsOptions *options);
/*
 * The next function in a directory of them that is not the one called self,
 * and its address; NULL: there is no other.  dir owns the name until it is
 * asked again.
 */
const char *xen_pt_sysfs_next(DIR *dir, const char *self,
                              XenPtAddress *address);

/* -- resource.c ----------------------------------------------------------- */

/* Fills in the regions of info. */
bool xen_pt_sysfs_read_resource(XenPtSysfs *s, GError **errp,
                                GPtrArray *warnings);
/* Then their page_exclusive and shared_with. */
void xen_pt_sysfs_find_neighbours(XenPtSysfs *s, const char *root_path,
                                  const XenPtSysfsOptions *options);

/* -- region.c ------------------------------------------------------------- */

int xen_pt_sysfs_region_read(XenPtHost *host, int region, uint64_t offset,
                             unsigned size, uint64_t *value);
int xen_pt_sysfs_region_write(XenPtHost *host, int region, uint64_t offset,
                              unsigned size, uint64_t value);
int xen_pt_sysfs_region_open(XenPtHost *host, int region, uint64_t offset);
/* Unmaps and closes what the accesses opened. */
void xen_pt_sysfs_release(XenPtSysfs *s);

/* -- mmio.c --------------------------------------------------------------- */

/* An aligned access of 1, 2, 4 or 8 bytes; -ENODEV: the device has gone. */
int xen_pt_mmio_read(const void *p, unsigned size, uint64_t *value);
int xen_pt_mmio_write(void *p, unsigned size, uint64_t value);

/* -- siblings.c ----------------------------------------------------------- */

/*
 * The functions that the IOMMU cannot tell from this one, because both are
 * behind a conventional PCI bridge: false with errp set if one is in use
 * elsewhere; a warning for those that are idle.
 */
bool xen_pt_sysfs_check_siblings(const char *root, const char *name,
                                 const XenPtSysfsOptions *options,
                                 GError **errp, GPtrArray *warnings);

/* -- line.c --------------------------------------------------------------- */

/* Warns of those in use elsewhere that share the interrupt line. */
void xen_pt_sysfs_check_line(XenPtSysfs *s, const char *root,
                             const XenPtSysfsOptions *options,
                             GPtrArray *warnings);

#endif /* XEN_PT_HOST_INTERNAL_H */
