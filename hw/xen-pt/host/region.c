/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * xen-pt: trapped accesses to BARs and the expansion ROM
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "internal.h"

/* Page tables of a larger mapping cost a PV dom0 more than they are worth. */
#define MAP_WHOLE  (64ull << 20)
#define MAP_WINDOW (1ull << 20)

#define ROM_MAX (16u << 20)

static int open_region(XenPtSysfs *s, int i)
{
    char file[16];

    if (s->region[i].fd < 0) {
        g_snprintf(file, sizeof(file), "resource%d", i);
        s->region[i].fd = openat(s->dir, file, O_CLOEXEC |
                                 (s->read_only ? O_RDONLY : O_RDWR));
        if (s->region[i].fd < 0) {
            return -errno;
        }
    }
    return 0;
}

static void unmap_region(XenPtSysfsRegion *m)
{
    if (m->map) {
        munmap(m->map, m->map_len);
        m->map = NULL;
    }
}

/*
 * Where the byte at offset is in the mapping, which is made if need be; NULL
 * with *err, a negative errno, when it cannot be made.
 */
static void *map_region(XenPtSysfs *s, int i, uint64_t offset, int *err)
{
    const XenPtHostRegion *r = &s->host.info.region[i];
    XenPtSysfsRegion *m = &s->region[i];
    uint64_t in_page = r->base & (XEN_PT_PAGE_SIZE - 1);
    uint64_t start = 0, len = r->size;
    struct stat st;
    void *map;

    *err = 0;
    if (r->size > MAP_WHOLE) {
        start = offset & ~(MAP_WINDOW - 1);
        len = MAP_WINDOW;
    }
    if (!m->map || m->map_start != start) {
        *err = open_region(s, i);
        if (*err < 0) {
            return NULL;
        }
        /* A mapping beyond the end of the file would be a trap. */
        if (fstat(m->fd, &st) < 0) {
            *err = -errno;
            return NULL;
        }
        if (st.st_size < 0 || (uint64_t)st.st_size < r->size) {
            *err = -EIO;
            return NULL;
        }
        /* The file begins with the page that the BAR begins in. */
        map = mmap(NULL, in_page + len,
                   PROT_READ | (s->read_only ? 0 : PROT_WRITE), MAP_SHARED,
                   m->fd, start);
        if (map == MAP_FAILED) {
            *err = -errno;
            return NULL;
        }
        unmap_region(m);
        m->map = map;
        m->map_len = in_page + len;
        m->map_start = start;
    }
    return m->map + in_page + (offset - start);
}

static bool good_access(const XenPtHost *host, int region, uint64_t offset,
                        unsigned size)
{
    const XenPtHostRegion *r;

    if (region < 0 || region >= XEN_PT_NUM_REGIONS) {
        return false;
    }
    r = &host->info.region[region];
    if (size != 1 && size != 2 && size != 4 && (size != 8 || r->io)) {
        return false;
    }
    return !(offset & (size - 1)) && size <= r->size &&
           offset <= r->size - size;
}

/*
 * The kernel turns the ROM's decoder on and off at each read of the file,
 * and reads as much as the image's own header says.
 */
static int read_rom(XenPtSysfs *s)
{
    uint64_t size = MIN(s->host.info.region[XEN_PT_ROM_REGION].size, ROM_MAX);
    int fd = openat(s->dir, "rom", O_RDWR | O_CLOEXEC);
    GByteArray *rom;
    ssize_t n;

    if (fd < 0) {
        return -errno;
    }
    n = pwrite(fd, "1", 1, 0);
    if (n != 1) {
        n = n < 0 ? -errno : -EIO;
        close(fd);
        return n;
    }
    rom = g_byte_array_sized_new(size);
    g_byte_array_set_size(rom, size);
    n = xen_pt_read_all(fd, rom->data, size);
    if (pwrite(fd, "0\n", 2, 0) != 2) {
        /* Not worth failing for: the decoder is off between reads. */
    }
    close(fd);
    if (n < 0) {
        g_byte_array_unref(rom);
        return n;
    }
    g_byte_array_set_size(rom, n);
    s->rom = rom;
    return 0;
}

static int rom_read(XenPtSysfs *s, uint64_t offset, unsigned size,
                    uint64_t *value)
{
    int rc = s->rom ? 0 : s->read_only ? -EROFS : read_rom(s);

    if (!s->rom) {
        return rc;
    }
    *value = 0;
    for (unsigned i = 0; i < size; i++) {
        uint8_t byte = offset + i < s->rom->len ? s->rom->data[offset + i]
                                                : 0xff;
        *value |= (uint64_t)byte << (8 * i);
    }
    return 0;
}

static int port_read(XenPtSysfs *s, int region, uint64_t offset,
                     unsigned size, uint64_t *value)
{
    uint8_t bytes[4];
    int rc = open_region(s, region);
    ssize_t n;

    if (rc < 0) {
        return rc;
    }
    n = pread(s->region[region].fd, bytes, size, offset);
    if (n != (ssize_t)size) {
        return n < 0 ? -errno : -EIO;
    }
    *value = 0;
    for (unsigned i = 0; i < size; i++) {
        *value |= (uint64_t)bytes[i] << (8 * i);
    }
    return 0;
}

static int port_write(XenPtSysfs *s, int region, uint64_t offset,
                      unsigned size, uint64_t value)
{
    uint8_t bytes[4];
    int rc = open_region(s, region);
    ssize_t n;

    if (rc < 0) {
        return rc;
    }
    for (unsigned i = 0; i < size; i++) {
        bytes[i] = value >> (8 * i);
    }
    n = pwrite(s->region[region].fd, bytes, size, offset);
    return n == (ssize_t)size ? 0 : n < 0 ? -errno : -EIO;
}

/* A device may tell widths apart, so each access is made as the guest's is. */
typedef volatile uint8_t Mmio8;     /* volatile: one access, of 1 byte */
typedef volatile uint16_t Mmio16;   /* volatile: one access, of 2 bytes */
typedef volatile uint32_t Mmio32;   /* volatile: one access, of 4 bytes */
typedef volatile uint64_t Mmio64;   /* volatile: one access, of 8 bytes */

int xen_pt_sysfs_region_read(XenPtHost *host, int region, uint64_t offset,
                             unsigned size, uint64_t *value)
{
    XenPtSysfs *s = xen_pt_to_sysfs(host);
    void *p;
    int rc;

    if (!good_access(host, region, offset, size)) {
        return -EINVAL;
    }
    if (region == XEN_PT_ROM_REGION) {
        return rom_read(s, offset, size, value);
    }
    if (host->info.region[region].io) {
        return port_read(s, region, offset, size, value);
    }
    p = map_region(s, region, offset, &rc);
    if (!p) {
        return rc;
    }
    switch (size) {
    case 1:
        *value = *(Mmio8 *)p;
        break;
    case 2:
        *value = *(Mmio16 *)p;
        break;
    case 4:
        *value = *(Mmio32 *)p;
        break;
    default:
        *value = *(Mmio64 *)p;
        break;
    }
    return 0;
}

int xen_pt_sysfs_region_write(XenPtHost *host, int region, uint64_t offset,
                              unsigned size, uint64_t value)
{
    XenPtSysfs *s = xen_pt_to_sysfs(host);
    void *p;
    int rc;

    if (!good_access(host, region, offset, size)) {
        return -EINVAL;
    }
    if (s->read_only) {
        return -EROFS;
    }
    if (region == XEN_PT_ROM_REGION) {
        return 0;
    }
    if (host->info.region[region].io) {
        return port_write(s, region, offset, size, value);
    }
    p = map_region(s, region, offset, &rc);
    if (!p) {
        return rc;
    }
    switch (size) {
    case 1:
        *(Mmio8 *)p = value;
        break;
    case 2:
        *(Mmio16 *)p = value;
        break;
    case 4:
        *(Mmio32 *)p = value;
        break;
    default:
        *(Mmio64 *)p = value;
        break;
    }
    return 0;
}

int xen_pt_sysfs_region_open(XenPtHost *host, int region)
{
    XenPtSysfs *s = xen_pt_to_sysfs(host);
    int rc;

    if (!good_access(host, region, 0, 1)) {
        return -EINVAL;
    }
    if (region == XEN_PT_ROM_REGION) {
        return 0;
    }
    if (host->info.region[region].io) {
        return open_region(s, region);
    }
    map_region(s, region, 0, &rc);
    return rc;
}

void xen_pt_sysfs_release(XenPtSysfs *s)
{
    for (int i = 0; i < XEN_PT_NUM_REGIONS; i++) {
        unmap_region(&s->region[i]);
        if (s->region[i].fd >= 0) {
            close(s->region[i].fd);
        }
    }
    if (s->rom) {
        g_byte_array_unref(s->rom);
    }
}
