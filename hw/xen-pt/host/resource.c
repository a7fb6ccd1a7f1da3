/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * xen-pt: the BARs as sysfs has them, and who else is in their pages
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "internal.h"
#include "xen-pt/error.h"

/* The flags of a line of `resource`: include/linux/ioport.h. */
#define RES_IO         0x00000100u
#define RES_MEM        0x00000200u
#define RES_PREFETCH   0x00002000u
#define RES_MEM_64     0x00100000u
#define RES_UNSET      0x20000000u
#define RES_ROM_SHADOW 0x00000002u   /* a copy in RAM, not the device's */

#define RESOURCE_TEXT 4096           /* 17 lines of 57 bytes at most */

/* -- resource ------------------------------------------------------------- */

typedef struct Resource {
    uint64_t start, end, flags;
} Resource;

static bool parse_hex(const char *text, uint64_t *value)
{
    return xen_pt_parse_number(text, 16, UINT64_MAX, value);
}

/*
 * The lines of the six BARs and the ROM; what follows them (VF BARs, bridge
 * windows) is not ours.  Returns the number of good lines.
 */
static int parse_resource(char *text, Resource *resource)
{
    char *line = text;
    int i;

    for (i = 0; i < XEN_PT_NUM_REGIONS && line; i++) {
        char *next = strchr(line, '\n');
        char **word;
        bool good;

        if (next) {
            *next++ = '\0';
        }
        word = g_strsplit(g_strstrip(line), " ", 4);
        good = g_strv_length(word) == 3 &&
               parse_hex(word[0], &resource[i].start) &&
               parse_hex(word[1], &resource[i].end) &&
               parse_hex(word[2], &resource[i].flags);
        g_strfreev(word);
        if (!good) {
            break;
        }
        line = next;
    }
    return i;
}

/* What makes the line of a region impossible, or NULL. */
static const char *resource_fault(int i, const Resource *res)
{
    uint64_t size = res->end - res->start + 1;
    bool io = res->flags & RES_IO;

    if (res->end < res->start || size == 0) {
        return "it ends before it starts";
    }
    if (!(res->flags & (RES_IO | RES_MEM)) ||
        ((res->flags & RES_IO) && (res->flags & RES_MEM))) {
        return "it must be either memory or I/O ports";
    }
    if (size & (size - 1)) {
        return "its size is not a power of two";
    }
    if (io && res->end > 0xffff) {
        return "its ports are beyond 0xffff";
    }
    if (io && i == XEN_PT_ROM_REGION) {
        return "it cannot be I/O ports";
    }
    if (!io && res->flags & RES_MEM_64 && i >= 5) {
        return "it cannot be 64 bits wide";
    }
    return NULL;
}

static bool take_resource(XenPtSysfs *s, int i, const Resource *res,
                          GError **errp, GPtrArray *warnings)
{
    XenPtHostRegion *r = &s->host.info.region[i];
    const char *name = xen_pt_region_name(i), *fault;

    if (!res->start && !res->end) {
        return true;
    }
    fault = resource_fault(i, res);
    if (!fault && i > 0 && i < XEN_PT_ROM_REGION && r[-1].size &&
        r[-1].mem64) {
        fault = "its register is the upper half of the BAR before it";
    }
    if (fault) {
        g_set_error(errp, XEN_PT_ERROR, XEN_PT_ERROR_HOST,
                    "%s: line %d of its sysfs file 'resource' describes the "
                    "%s as 0x%" PRIx64 " to 0x%" PRIx64 ", but %s; compare "
                    "with `lspci -vs %s` and look for the device's messages "
                    "in dmesg", s->name, i + 1, name, res->start, res->end,
                    fault, s->name);
        return false;
    }
    if (!res->start || res->flags & RES_UNSET) {
        xen_pt_sysfs_warn(warnings, "%s: the host has given its %s no "
                          "address, so the guest will not see it; boot "
                          "dom0's kernel with pci=realloc, or make room in "
                          "the firmware's settings", s->name, name);
        return true;
    }
    r->base = res->start;
    r->size = res->end - res->start + 1;
    r->io = res->flags & RES_IO;
    r->mem64 = !r->io && res->flags & RES_MEM_64;
    r->prefetch = !r->io && res->flags & RES_PREFETCH;
    /* The kernel's file `rom` has the copy; the BAR itself is not placed. */
    r->served = i == XEN_PT_ROM_REGION && res->flags & RES_ROM_SHADOW;
    return true;
}

bool xen_pt_sysfs_read_resource(XenPtSysfs *s, GError **errp,
                                GPtrArray *warnings)
{
    char text[RESOURCE_TEXT];
    Resource resource[XEN_PT_NUM_REGIONS];
    int rc = xen_pt_read_attribute(s->dir, "resource", text, sizeof(text));
    int lines;

    if (rc < 0 && rc != -EINVAL) {
        xen_pt_sysfs_unreadable(errp, s, "resource", -rc);
        return false;
    }
    lines = rc < 0 ? 0 : parse_resource(text, resource);
    if (lines < XEN_PT_NUM_REGIONS) {
        g_set_error(errp, XEN_PT_ERROR, XEN_PT_ERROR_HOST,
                    "%s: line %d of its sysfs file 'resource' is not the "
                    "three hexadecimal numbers that describe a BAR; look at "
                    "the file, and for the device's messages in dmesg",
                    s->name, lines + 1);
        return false;
    }
    for (int i = 0; i < XEN_PT_NUM_REGIONS; i++) {
        if (!take_resource(s, i, &resource[i], errp, warnings)) {
            return false;
        }
    }
    return true;
}

/* -- neighbours in a page ------------------------------------------------- */

static uint64_t first_page(uint64_t base)
{
    return base / XEN_PT_PAGE_SIZE;
}

static uint64_t last_page(uint64_t base, uint64_t size)
{
    return (base + size - 1) / XEN_PT_PAGE_SIZE;
}

static bool part_page(const XenPtHostRegion *r)
{
    return r->size && !r->io &&
           ((r->base | r->size) & (XEN_PT_PAGE_SIZE - 1));
}

static bool shares_page(const XenPtHostRegion *r, uint64_t base,
                        uint64_t size)
{
    return first_page(base) <= last_page(r->base, r->size) &&
           last_page(base, size) >= first_page(r->base);
}

static void look_at_neighbour(XenPtSysfs *s, int root, const char *name,
                              const XenPtAddress *address,
                              const XenPtSysfsOptions *options)
{
    Resource resource[XEN_PT_NUM_REGIONS];
    char text[RESOURCE_TEXT];
    int dir = openat(root, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int lines = 0;

    if (dir < 0) {
        return;
    }
    if (xen_pt_read_attribute(dir, "resource", text, sizeof(text)) == 0) {
        lines = parse_resource(text, resource);
    }
    for (int i = 0; i < XEN_PT_NUM_REGIONS; i++) {
        XenPtHostRegion *r = &s->host.info.region[i];

        for (int k = 0; part_page(r) && k < lines; k++) {
            const Resource *res = &resource[k];

            if (!(res->flags & RES_MEM) || res->flags & RES_UNSET ||
                !res->start || res->end < res->start ||
                !shares_page(r, res->start, res->end - res->start + 1)) {
                continue;
            }
            /* Idle today, but its next user must not meet ours there. */
            r->page_exclusive = false;
            if (!r->shared_with) {
                r->shared_with = xen_pt_sysfs_user(dir, name, address,
                                                   options);
            }
        }
    }
    close(dir);
}

/*
 * Fills in page_exclusive and shared_with.  A page that a sibling BAR of the
 * function itself reaches into counts as shared too: that BAR may hold the
 * MSI-X table, which the guest must not reach.
 */
void xen_pt_sysfs_find_neighbours(XenPtSysfs *s, const char *root_path,
                            const XenPtSysfsOptions *options)
{
    XenPtHostInfo *info = &s->host.info;
    bool any = false;
    XenPtAddress address;
    const char *name;
    DIR *root;

    for (int i = 0; i < XEN_PT_NUM_REGIONS; i++) {
        XenPtHostRegion *r = &info->region[i];

        r->page_exclusive = r->size && !r->io;
        any |= part_page(r);
        for (int k = 0; part_page(r) && k < XEN_PT_NUM_REGIONS; k++) {
            const XenPtHostRegion *o = &info->region[k];

            if (k != i && o->size && !o->io &&
                shares_page(r, o->base, o->size)) {
                r->page_exclusive = false;
            }
        }
    }
    if (!any) {
        return;
    }
    root = opendir(root_path);
    while (root && (name = xen_pt_sysfs_next(root, s->name, &address))) {
        look_at_neighbour(s, dirfd(root), name, &address, options);
    }
    if (root) {
        closedir(root);
        return;
    }
    for (int i = 0; i < XEN_PT_NUM_REGIONS; i++) {
        if (part_page(&info->region[i])) {
            info->region[i].page_exclusive = false;
        }
    }
}
