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

static void unmap_region(XenPtSysfsMap *m)
{
    if (m->base) {
        munmap(m->base, m->length);
        m->base = NULL;
    }
}

static int map_region(XenPtSysfs *s, int i, XenPtSysfsMap *m, uint64_t start,
                      uint64_t length)
{
    const XenPtHostRegion *r = &s->host.info.region[i];
    /* The file begins with the page that the BAR begins in. */
    uint64_t in_page = r->base & (XEN_PT_PAGE_SIZE - 1);
    int rc = open_region(s, i);
    struct stat st;
    void *map;

    if (rc < 0) {
        return rc;
    }
    /* A mapping beyond the end of the file would be a trap. */
    if (fstat(s->region[i].fd, &st) < 0) {
        return -errno;
    }
    if (st.st_size < 0 || (uint64_t)st.st_size < r->size) {
        return -EIO;
    }
    map = mmap(NULL, in_page + length,
               PROT_READ | (s->read_only ? 0 : PROT_WRITE), MAP_SHARED,
               s->region[i].fd, start);
    if (map == MAP_FAILED) {
        return -errno;
    }
    unmap_region(m);
    m->base = map;
    m->length = in_page + length;
    m->start = start;
    m->end = start + length;
    return 0;
}

static bool holds(const XenPtSysfsMap *m, uint64_t offset)
{
    return m->base && offset >= m->start && offset < m->end;
}

/* Where the byte at offset is mapped, which is done if need be. */
static int find_byte(XenPtSysfs *s, int i, uint64_t offset, void **byte)
{
    const XenPtHostRegion *r = &s->host.info.region[i];
    XenPtSysfsRegion *region = &s->region[i];
    XenPtSysfsMap *m = holds(&region->kept, offset) ? &region->kept
                                                    : &region->window;
    int rc = 0;

    if (region->lost) {
        return -ENODEV;
    }
    if (!holds(m, offset)) {
        rc = r->size <= MAP_WHOLE
             ? map_region(s, i, m, 0, r->size)
             : map_region(s, i, m, offset & ~(MAP_WINDOW - 1), MAP_WINDOW);
    }
    if (rc == 0) {
        *byte = m->base + (r->base & (XEN_PT_PAGE_SIZE - 1)) +
                (offset - m->start);
    }
    return rc;
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

int xen_pt_sysfs_region_read(XenPtHost *host, int region, uint64_t offset,
                             unsigned size, uint64_t *value)
{
    XenPtSysfs *s = xen_pt_to_sysfs(host);
    void *byte;
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
    rc = find_byte(s, region, offset, &byte);
    if (rc == 0) {
        rc = xen_pt_mmio_read(byte, size, value);
        s->region[region].lost = rc < 0;
    }
    return rc;
}

int xen_pt_sysfs_region_write(XenPtHost *host, int region, uint64_t offset,
                              unsigned size, uint64_t value)
{
    XenPtSysfs *s = xen_pt_to_sysfs(host);
    void *byte;
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
    rc = find_byte(s, region, offset, &byte);
    if (rc == 0) {
        rc = xen_pt_mmio_write(byte, size, value);
        s->region[region].lost = rc < 0;
    }
    return rc;
}

int xen_pt_sysfs_region_open(XenPtHost *host, int region, uint64_t offset)
{
    XenPtSysfs *s = xen_pt_to_sysfs(host);
    uint64_t size, start = 0;

    if (!good_access(host, region, offset, 1)) {
        return -EINVAL;
    }
    if (region == XEN_PT_ROM_REGION) {
        return 0;
    }
    if (host->info.region[region].io) {
        return open_region(s, region);
    }
    size = host->info.region[region].size;
    if (size > MAP_WHOLE) {
        start = offset & ~(XEN_PT_PAGE_SIZE - 1);
        size = MIN(size - start, MAP_WINDOW);
    }
    return map_region(s, region, &s->region[region].kept, start, size);
}

void xen_pt_sysfs_release(XenPtSysfs *s)
{
    for (int i = 0; i < XEN_PT_NUM_REGIONS; i++) {
        unmap_region(&s->region[i].kept);
        unmap_region(&s->region[i].window);
        if (s->region[i].fd >= 0) {
            close(s->region[i].fd);
        }
    }
    if (s->rom) {
        g_byte_array_unref(s->rom);
    }
}
