/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * xen-pt: a host port on Linux sysfs
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "xen-pt/error.h"
#include "xen-pt/sysfs.h"

#define SYSFS_ROOT "/sys/bus/pci/devices"

/* The flags of a line of `resource`: include/linux/ioport.h. */
#define RES_IO         0x00000100u
#define RES_MEM        0x00000200u
#define RES_PREFETCH   0x00002000u
#define RES_MEM_64     0x00100000u
#define RES_UNSET      0x20000000u
#define RES_ROM_SHADOW 0x00000002u   /* a copy in RAM, not the device's */

#define RESOURCE_TEXT 4096           /* 17 lines of 57 bytes at most */

/* Page tables of a larger mapping cost a PV dom0 more than they are worth. */
#define MAP_WHOLE  (64ull << 20)
#define MAP_WINDOW (1ull << 20)

#define ROM_MAX (16u << 20)

typedef struct SysfsRegion {
    int fd;                 /* resourceN, or -1 */
    uint8_t *map;           /* NULL: not mapped */
    size_t map_len;
    uint64_t map_start;     /* offset in the region of the first byte */
} SysfsRegion;

typedef struct SysfsHost {
    XenPtHost host;
    int dir;
    int config;
    bool read_only;
    char name[XEN_PT_BDF_LEN];
    SysfsRegion region[XEN_PT_NUM_REGIONS];
    GByteArray *rom;        /* the ROM's copy, once read */
} SysfsHost;

static SysfsHost *to_sysfs(XenPtHost *host)
{
    return (SysfsHost *)host;
}

G_GNUC_PRINTF(2, 3)
static void warn(GPtrArray *warnings, const char *format, ...)
{
    va_list ap;

    if (!warnings) {
        return;
    }
    va_start(ap, format);
    g_ptr_array_add(warnings, g_strdup_vprintf(format, ap));
    va_end(ap);
}

/* -- attributes ----------------------------------------------------------- */

/* Reads until end of file or the buffer is full; a count or -errno. */
static ssize_t read_all(int fd, void *buf, size_t size)
{
    size_t done = 0;

    while (done < size) {
        ssize_t n = read(fd, (char *)buf + done, size - done);

        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n < 0) {
            return -errno;
        }
        if (n == 0) {
            break;
        }
        done += n;
    }
    return done;
}

/*
 * The text of an attribute, without its newline.  0, or -errno: -EINVAL if
 * it does not fit or is not text.
 */
static int read_attribute(int dir, const char *name, char *buf, size_t size)
{
    int fd = openat(dir, name, O_RDONLY | O_CLOEXEC);
    ssize_t n;

    if (fd < 0) {
        return -errno;
    }
    n = read_all(fd, buf, size);
    close(fd);
    if (n < 0) {
        return n;
    }
    if ((size_t)n == size) {
        return -EINVAL;
    }
    buf[n] = '\0';
    if (strlen(buf) != (size_t)n) {
        return -EINVAL;
    }
    g_strchomp(buf);
    return 0;
}

static bool parse_number(const char *text, unsigned base, uint64_t max,
                         uint64_t *value)
{
    char *end;

    if (base == 16 && !g_str_has_prefix(text, "0x")) {
        return false;
    }
    if (!g_ascii_isxdigit(text[0])) {
        return false;
    }
    errno = 0;
    *value = g_ascii_strtoull(text, &end, base);
    return !errno && end != text && *end == '\0' && *value <= max;
}

/* What to do when a file of the device cannot be read. */
static const char *cure(int err)
{
    switch (err) {
    case EACCES:
    case EPERM:
        return "the device model must run as root in dom0";
    case ENOENT:
        return "is sysfs mounted, and is this the kernel's own?";
    default:
        return "look for the device's messages in dmesg";
    }
}

static void set_unreadable(GError **errp, const SysfsHost *s,
                           const char *file, int err)
{
    g_set_error(errp, XEN_PT_ERROR, XEN_PT_ERROR_HOST,
                "%s: cannot open or read its sysfs file '%s' (%s); %s",
                s->name, file, g_strerror(err), cure(err));
}

static bool read_number(SysfsHost *s, const char *file, unsigned base,
                        uint64_t max, uint64_t *value, GError **errp)
{
    char text[64];
    int rc = read_attribute(s->dir, file, text, sizeof(text));

    if (rc < 0 && rc != -EINVAL) {
        set_unreadable(errp, s, file, -rc);
        return false;
    }
    if (rc < 0 || !parse_number(text, base, max, value)) {
        g_set_error(errp, XEN_PT_ERROR, XEN_PT_ERROR_HOST,
                    "%s: its sysfs file '%s' does not hold a %s number of "
                    "the size that it should; look at the file, and for the "
                    "device's messages in dmesg", s->name, file,
                    base == 16 ? "hexadecimal" : "decimal");
        return false;
    }
    return true;
}

/* For files that old kernels do not have; false: take it from elsewhere. */
static bool try_number(SysfsHost *s, const char *file, uint64_t max,
                       uint64_t *value)
{
    char text[64];

    return read_attribute(s->dir, file, text, sizeof(text)) == 0 &&
           parse_number(text, 16, max, value);
}

/* Name of the bound driver, or NULL; the caller frees it. */
static char *read_driver(int dir)
{
    char target[256];
    ssize_t n = readlinkat(dir, "driver", target, sizeof(target) - 1);

    if (n <= 0) {
        return NULL;
    }
    target[n] = '\0';
    return g_path_get_basename(target);
}

/* -- resource ------------------------------------------------------------- */

typedef struct Resource {
    uint64_t start, end, flags;
} Resource;

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
               parse_number(word[0], 16, UINT64_MAX, &resource[i].start) &&
               parse_number(word[1], 16, UINT64_MAX, &resource[i].end) &&
               parse_number(word[2], 16, UINT64_MAX, &resource[i].flags);
        g_strfreev(word);
        if (!good) {
            break;
        }
        line = next;
    }
    return i;
}

static const char *region_name(int i, char *buf, size_t size)
{
    if (i == XEN_PT_ROM_REGION) {
        g_strlcpy(buf, "expansion ROM", size);
    } else {
        g_snprintf(buf, size, "BAR %d", i);
    }
    return buf;
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

static bool take_resource(SysfsHost *s, int i, const Resource *res,
                          GError **errp, GPtrArray *warnings)
{
    XenPtHostRegion *r = &s->host.info.region[i];
    const char *fault;
    char name[16];

    if (!res->start && !res->end) {
        return true;
    }
    region_name(i, name, sizeof(name));
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
        warn(warnings, "%s: the host has given its %s no address, so the "
             "guest will not see it; boot dom0's kernel with pci=realloc, "
             "or make room in the firmware's settings", s->name, name);
        return true;
    }
    if (i == XEN_PT_ROM_REGION && res->flags & RES_ROM_SHADOW) {
        warn(warnings, "%s: the host knows its expansion ROM only as the "
             "firmware's copy in RAM at 0x%" PRIx64 ", so the guest will not "
             "see it; let the host boot with another display if the guest "
             "needs the ROM", s->name, res->start);
        return true;
    }
    r->base = res->start;
    r->size = res->end - res->start + 1;
    r->io = res->flags & RES_IO;
    r->mem64 = !r->io && res->flags & RES_MEM_64;
    r->prefetch = !r->io && res->flags & RES_PREFETCH;
    return true;
}

static bool read_resource(SysfsHost *s, GError **errp, GPtrArray *warnings)
{
    char text[RESOURCE_TEXT];
    Resource resource[XEN_PT_NUM_REGIONS];
    int rc = read_attribute(s->dir, "resource", text, sizeof(text));
    int lines;

    if (rc < 0 && rc != -EINVAL) {
        set_unreadable(errp, s, "resource", -rc);
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

/* -- neighbours in a page -------------------------------------------------- */

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

/* A driver that holds a device for a guest, and does not use it itself. */
static bool is_stub(const char *driver)
{
    static const char *const stub[] = {
        "pciback", "xen-pciback", "xen_pciback", "pci-stub", "vfio-pci", NULL
    };

    return g_strv_contains(stub, driver);
}

/* Who uses this neighbour now: text for shared_with, or NULL. */
static char *neighbour_use(int dir, const char *name,
                           const XenPtAddress *address,
                           const XenPtSysfsOptions *options)
{
    char *driver = read_driver(dir);
    char *use = NULL;
    int domid;

    if (driver && !is_stub(driver)) {
        use = g_strdup_printf("%s (driven by %s)", name, driver);
    } else if (options->owner) {
        domid = options->owner(options->opaque, address);
        if (domid >= 0) {
            use = g_strdup_printf("%s (passed to domain %d)", name, domid);
        }
    }
    g_free(driver);
    return use;
}

static void look_at_neighbour(SysfsHost *s, int root, const char *name,
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
    if (read_attribute(dir, "resource", text, sizeof(text)) == 0) {
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
                r->shared_with = neighbour_use(dir, name, address, options);
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
static void find_neighbours(SysfsHost *s, const char *root_path,
                            const XenPtSysfsOptions *options)
{
    XenPtHostInfo *info = &s->host.info;
    bool any = false;
    struct dirent *entry;
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
    while (root && (entry = readdir(root))) {
        XenPtAddress address;

        if (xen_pt_address_parse(entry->d_name, &address) &&
            strcmp(entry->d_name, s->name)) {
            look_at_neighbour(s, dirfd(root), entry->d_name, &address,
                              options);
        }
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

/* -- the port -------------------------------------------------------------- */

static int sysfs_config_read(XenPtHost *host, uint32_t addr, void *buf,
                             size_t len)
{
    SysfsHost *s = to_sysfs(host);
    size_t done = 0;

    while (done < len) {
        ssize_t n = pread(s->config, (char *)buf + done, len - done,
                          (off_t)addr + done);

        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n < 0) {
            return done ? (int)done : -errno;
        }
        if (n == 0) {
            break;
        }
        done += n;
    }
    return done;
}

static int sysfs_config_write(XenPtHost *host, uint32_t addr,
                              const void *buf, size_t len)
{
    SysfsHost *s = to_sysfs(host);
    ssize_t n;

    if (s->read_only) {
        return -EROFS;
    }
    do {
        n = pwrite(s->config, buf, len, addr);
    } while (n < 0 && errno == EINTR);
    if (n < 0) {
        return -errno;
    }
    return (size_t)n == len ? 0 : -EIO;
}

static int open_region(SysfsHost *s, int i)
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

static void unmap_region(SysfsRegion *m)
{
    if (m->map) {
        munmap(m->map, m->map_len);
        m->map = NULL;
    }
}

/* Where the byte at offset is in the mapping, which is made if need be. */
static int map_region(SysfsHost *s, int i, uint64_t offset,
                      volatile void **where)
{
    const XenPtHostRegion *r = &s->host.info.region[i];
    SysfsRegion *m = &s->region[i];
    uint64_t in_page = r->base & (XEN_PT_PAGE_SIZE - 1);
    uint64_t start = 0, len = r->size;
    struct stat st;
    void *map;
    int rc;

    if (r->size > MAP_WHOLE) {
        start = offset & ~(MAP_WINDOW - 1);
        len = MAP_WINDOW;
    }
    if (!m->map || m->map_start != start) {
        rc = open_region(s, i);
        if (rc < 0) {
            return rc;
        }
        /* A mapping beyond the end of the file would be a trap. */
        if (fstat(m->fd, &st) < 0) {
            return -errno;
        }
        if (st.st_size < 0 || (uint64_t)st.st_size < r->size) {
            return -EIO;
        }
        /* The file begins with the page that the BAR begins in. */
        map = mmap(NULL, in_page + len,
                   PROT_READ | (s->read_only ? 0 : PROT_WRITE), MAP_SHARED,
                   m->fd, start);
        if (map == MAP_FAILED) {
            return -errno;
        }
        unmap_region(m);
        m->map = map;
        m->map_len = in_page + len;
        m->map_start = start;
    }
    *where = m->map + in_page + (offset - start);
    return 0;
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
static int read_rom(SysfsHost *s)
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
    n = read_all(fd, rom->data, size);
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

static int rom_read(SysfsHost *s, uint64_t offset, unsigned size,
                    uint64_t *value)
{
    int rc = s->rom ? 0 : s->read_only ? -EROFS : read_rom(s);

    if (rc < 0) {
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

static int port_read(SysfsHost *s, int region, uint64_t offset,
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

static int port_write(SysfsHost *s, int region, uint64_t offset,
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

static int sysfs_region_read(XenPtHost *host, int region, uint64_t offset,
                             unsigned size, uint64_t *value)
{
    SysfsHost *s = to_sysfs(host);
    volatile void *p;
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
    rc = map_region(s, region, offset, &p);
    if (rc < 0) {
        return rc;
    }
    switch (size) {
    case 1:
        *value = *(volatile uint8_t *)p;
        break;
    case 2:
        *value = *(volatile uint16_t *)p;
        break;
    case 4:
        *value = *(volatile uint32_t *)p;
        break;
    default:
        *value = *(volatile uint64_t *)p;
        break;
    }
    return 0;
}

static int sysfs_region_write(XenPtHost *host, int region, uint64_t offset,
                              unsigned size, uint64_t value)
{
    SysfsHost *s = to_sysfs(host);
    volatile void *p;
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
    rc = map_region(s, region, offset, &p);
    if (rc < 0) {
        return rc;
    }
    switch (size) {
    case 1:
        *(volatile uint8_t *)p = value;
        break;
    case 2:
        *(volatile uint16_t *)p = value;
        break;
    case 4:
        *(volatile uint32_t *)p = value;
        break;
    default:
        *(volatile uint64_t *)p = value;
        break;
    }
    return 0;
}

static int sysfs_region_open(XenPtHost *host, int region)
{
    SysfsHost *s = to_sysfs(host);
    volatile void *p;

    if (!good_access(host, region, 0, 1)) {
        return -EINVAL;
    }
    if (region == XEN_PT_ROM_REGION) {
        return 0;
    }
    if (host->info.region[region].io) {
        return open_region(s, region);
    }
    return map_region(s, region, 0, &p);
}

static int sysfs_reset(XenPtHost *host)
{
    SysfsHost *s = to_sysfs(host);
    int rc = 0;
    ssize_t n;
    int fd;

    if (s->read_only) {
        return -EROFS;
    }
    fd = openat(s->dir, "reset", O_WRONLY | O_CLOEXEC);
    if (fd < 0) {
        return -errno;
    }
    n = write(fd, "1", 1);
    if (n != 1) {
        rc = n < 0 ? -errno : -EIO;
    }
    close(fd);
    return rc;
}

static void sysfs_close(XenPtHost *host)
{
    SysfsHost *s = to_sysfs(host);

    for (int i = 0; i < XEN_PT_NUM_REGIONS; i++) {
        unmap_region(&s->region[i]);
        if (s->region[i].fd >= 0) {
            close(s->region[i].fd);
        }
    }
    if (s->rom) {
        g_byte_array_unref(s->rom);
    }
    if (s->config >= 0) {
        close(s->config);
    }
    if (s->dir >= 0) {
        close(s->dir);
    }
    xen_pt_host_info_clear(&s->host.info);
    g_free(s);
}

static const XenPtHostOps sysfs_ops = {
    .config_read = sysfs_config_read,
    .config_write = sysfs_config_write,
    .region_read = sysfs_region_read,
    .region_write = sysfs_region_write,
    .region_open = sysfs_region_open,
    .reset = sysfs_reset,
    .close = sysfs_close,
};

static const XenPtHostOps sysfs_ops_without_reset = {
    .config_read = sysfs_config_read,
    .config_write = sysfs_config_write,
    .region_read = sysfs_region_read,
    .region_write = sysfs_region_write,
    .region_open = sysfs_region_open,
    .close = sysfs_close,
};

/* -- open ------------------------------------------------------------------ */

static bool open_directory(SysfsHost *s, const char *root, GError **errp)
{
    char *path = g_build_filename(root, s->name, NULL);
    int err;

    s->dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    err = errno;
    g_free(path);
    if (s->dir >= 0) {
        return true;
    }
    if (err != ENOENT) {
        g_set_error(errp, XEN_PT_ERROR, XEN_PT_ERROR_HOST,
                    "%s: cannot open its directory in %s (%s); %s", s->name,
                    root, g_strerror(err), cure(err));
    } else if (access(root, F_OK) < 0) {
        g_set_error(errp, XEN_PT_ERROR, XEN_PT_ERROR_HOST,
                    "%s: there is no %s here; the device model needs dom0's "
                    "sysfs, so mount it and run without dm_restrict",
                    s->name, root);
    } else {
        g_set_error(errp, XEN_PT_ERROR, XEN_PT_ERROR_ABSENT,
                    "%s: this host has no such PCI device; `lspci -D` lists "
                    "those it has, and `xl pci-assignable-list` those that "
                    "can be passed through", s->name);
    }
    return false;
}

static bool check_driver(SysfsHost *s, GError **errp, GPtrArray *warnings)
{
    const char *driver = s->host.info.driver;

    if (!driver) {
        warn(warnings, "%s: no driver holds it on the host, so Xen has not "
             "been told to prepare its MSI-X; bind it to pciback with `xl "
             "pci-assignable-add %s`", s->name, s->name);
    } else if (!is_stub(driver)) {
        if (s->read_only) {
            warn(warnings, "%s: the host driver %s uses it; `xl "
                 "pci-assignable-add %s` takes it away", s->name, driver,
                 s->name);
            return true;
        }
        g_set_error(errp, XEN_PT_ERROR, XEN_PT_ERROR_DRIVER,
                    "%s: the host driver %s uses it; take it away with `xl "
                    "pci-assignable-add %s` first", s->name, driver,
                    s->name);
        return false;
    } else if (!strstr(driver, "pciback")) {
        warn(warnings, "%s: it is bound to %s instead of pciback: INTx and "
             "MSI will work, but MSI-X needs the preparation that only "
             "pciback asks Xen for; bind it with `xl pci-assignable-add %s`",
             s->name, driver, s->name);
    }
    return true;
}

static bool open_config(SysfsHost *s, GError **errp)
{
    uint8_t bytes[64];
    int n;

    s->config = openat(s->dir, "config", O_CLOEXEC |
                       (s->read_only ? O_RDONLY : O_RDWR));
    if (s->config < 0) {
        set_unreadable(errp, s, "config", errno);
        return false;
    }
    n = sysfs_config_read(&s->host, 0, bytes, sizeof(bytes));
    if (n < 0) {
        set_unreadable(errp, s, "config", -n);
        return false;
    }
    if (n < (int)sizeof(bytes)) {
        g_set_error(errp, XEN_PT_ERROR, XEN_PT_ERROR_HOST,
                    "%s: its sysfs file 'config' ends after %d bytes, before "
                    "the end of the PCI header; look for the device's "
                    "messages in dmesg", s->name, n);
        return false;
    }
    /* read_ids() prefers what the kernel says, where it says it. */
    s->host.info.revision = bytes[0x08];
    s->host.info.subsystem_vendor = bytes[0x2c] | bytes[0x2d] << 8;
    s->host.info.subsystem_device = bytes[0x2e] | bytes[0x2f] << 8;
    return true;
}

static bool read_ids(SysfsHost *s, GError **errp)
{
    XenPtHostInfo *info = &s->host.info;
    uint64_t vendor, device, class_code, irq, value;
    struct stat st;

    if (!read_number(s, "vendor", 16, 0xffff, &vendor, errp) ||
        !read_number(s, "device", 16, 0xffff, &device, errp) ||
        !read_number(s, "class", 16, 0xffffff, &class_code, errp) ||
        !read_number(s, "irq", 10, UINT32_MAX, &irq, errp)) {
        return false;
    }
    info->vendor = vendor;
    info->device = device;
    info->class_code = class_code;
    /* The Interrupt Line register's "not connected" ends up here as 255. */
    info->gsi = irq == 0xff ? 0 : irq;
    if (try_number(s, "revision", 0xff, &value)) {
        info->revision = value;
    }
    if (try_number(s, "subsystem_vendor", 0xffff, &value)) {
        info->subsystem_vendor = value;
    }
    if (try_number(s, "subsystem_device", 0xffff, &value)) {
        info->subsystem_device = value;
    }
    info->is_virtfn = fstatat(s->dir, "physfn", &st,
                              AT_SYMLINK_NOFOLLOW) == 0;
    return true;
}

/* Kernels before 5.15 have no reset_method, and `reset` if they can. */
static void find_reset(SysfsHost *s, GPtrArray *warnings)
{
    char text[256];

    s->host.ops = &sysfs_ops_without_reset;
    if (faccessat(s->dir, "reset", F_OK, 0) == 0) {
        s->host.ops = &sysfs_ops;
        if (read_attribute(s->dir, "reset_method", text, sizeof(text)) < 0) {
            s->host.info.reset_methods = g_strdup("unnamed");
        } else if (*text) {
            s->host.info.reset_methods = g_strdup(text);
        } else {
            s->host.ops = &sysfs_ops_without_reset;
        }
    }
    if (!s->host.info.reset_methods) {
        warn(warnings, "%s: the kernel knows no way to reset it, so it comes "
             "to the guest, and goes to the next one, as its last user left "
             "it; power the host off and on between guests that must not "
             "meet", s->name);
    }
}

XenPtHost *xen_pt_sysfs_open_with(const XenPtSysfsOptions *options,
                                  const XenPtAddress *address,
                                  GError **errp, GPtrArray *warnings)
{
    const char *root = options->root ? options->root : SYSFS_ROOT;
    SysfsHost *s = g_new0(SysfsHost, 1);

    s->host.ops = &sysfs_ops_without_reset;
    s->host.info.address = *address;
    s->dir = s->config = -1;
    s->read_only = options->read_only;
    for (int i = 0; i < XEN_PT_NUM_REGIONS; i++) {
        s->region[i].fd = -1;
    }
    xen_pt_address_format(address, s->name);

    if (!open_directory(s, root, errp)) {
        goto fail;
    }
    s->host.info.driver = read_driver(s->dir);
    if (!check_driver(s, errp, warnings) || !open_config(s, errp) ||
        !read_ids(s, errp) || !read_resource(s, errp, warnings)) {
        goto fail;
    }
    find_neighbours(s, root, options);
    find_reset(s, warnings);
    return &s->host;

fail:
    sysfs_close(&s->host);
    return NULL;
}

XenPtHost *xen_pt_sysfs_open(const char *root, const XenPtAddress *address,
                             GError **errp, GPtrArray *warnings)
{
    const XenPtSysfsOptions options = { .root = root };

    return xen_pt_sysfs_open_with(&options, address, errp, warnings);
}
