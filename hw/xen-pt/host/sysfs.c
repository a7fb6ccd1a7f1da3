/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * xen-pt: a host port on Linux sysfs
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "internal.h"
#include "xen-pt/error.h"

#define SYSFS_ROOT "/sys/bus/pci/devices"

/* -- attributes ----------------------------------------------------------- */

static bool read_number(XenPtSysfs *s, const char *file, unsigned base,
                        uint64_t max, uint64_t *value, GError **errp)
{
    char text[64];
    int rc = xen_pt_read_attribute(s->dir, file, text, sizeof(text));

    if (rc < 0 && rc != -EINVAL) {
        xen_pt_sysfs_unreadable(errp, s, file, -rc);
        return false;
    }
    if (rc < 0 || !xen_pt_parse_number(text, base, max, value)) {
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
static bool try_number(XenPtSysfs *s, const char *file, uint64_t max,
                       uint64_t *value)
{
    char text[64];

    return xen_pt_read_attribute(s->dir, file, text, sizeof(text)) == 0 &&
           xen_pt_parse_number(text, 16, max, value);
}

/* -- the port ------------------------------------------------------------- */

static int config_read(XenPtHost *host, uint32_t addr, void *buf,
                       size_t len)
{
    XenPtSysfs *s = xen_pt_to_sysfs(host);
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

static int config_write(XenPtHost *host, uint32_t addr, const void *buf,
                        size_t len)
{
    XenPtSysfs *s = xen_pt_to_sysfs(host);
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

static int reset(XenPtHost *host)
{
    XenPtSysfs *s = xen_pt_to_sysfs(host);
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

static void close_host(XenPtHost *host)
{
    XenPtSysfs *s = xen_pt_to_sysfs(host);

    xen_pt_sysfs_release(s);
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
    .config_read = config_read,
    .config_write = config_write,
    .region_read = xen_pt_sysfs_region_read,
    .region_write = xen_pt_sysfs_region_write,
    .region_open = xen_pt_sysfs_region_open,
    .reset = reset,
    .close = close_host,
};

static const XenPtHostOps sysfs_ops_without_reset = {
    .config_read = config_read,
    .config_write = config_write,
    .region_read = xen_pt_sysfs_region_read,
    .region_write = xen_pt_sysfs_region_write,
    .region_open = xen_pt_sysfs_region_open,
    .close = close_host,
};

/* -- open ----------------------------------------------------------------- */

static bool open_directory(XenPtSysfs *s, const char *root, GError **errp)
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
                    root, g_strerror(err), xen_pt_sysfs_cure(err));
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

static bool check_driver(XenPtSysfs *s, GError **errp, GPtrArray *warnings)
{
    const char *driver = s->host.info.driver;

    if (!driver) {
        xen_pt_sysfs_warn(warnings, "%s: no driver holds it on the host, so "
                          "Xen has not been told to prepare its MSI-X; bind "
                          "it to pciback with `xl pci-assignable-add %s`",
                          s->name, s->name);
    } else if (!xen_pt_is_stub(driver)) {
        if (s->read_only) {
            xen_pt_sysfs_warn(warnings, "%s: the host driver %s uses it; "
                              "`xl pci-assignable-add %s` takes it away",
                              s->name, driver, s->name);
            return true;
        }
        g_set_error(errp, XEN_PT_ERROR, XEN_PT_ERROR_DRIVER,
                    "%s: the host driver %s uses it; take it away with `xl "
                    "pci-assignable-add %s` first", s->name, driver,
                    s->name);
        return false;
    } else if (!strstr(driver, "pciback")) {
        xen_pt_sysfs_warn(warnings, "%s: it is bound to %s instead of "
                          "pciback: INTx and MSI will work, but MSI-X needs "
                          "the preparation that only pciback asks Xen for; "
                          "bind it with `xl pci-assignable-add %s`",
                          s->name, driver, s->name);
    }
    return true;
}

static bool open_config(XenPtSysfs *s, GError **errp)
{
    uint8_t bytes[64];
    int n;

    s->config = openat(s->dir, "config", O_CLOEXEC |
                       (s->read_only ? O_RDONLY : O_RDWR));
    if (s->config < 0) {
        xen_pt_sysfs_unreadable(errp, s, "config", errno);
        return false;
    }
    n = config_read(&s->host, 0, bytes, sizeof(bytes));
    if (n < 0) {
        xen_pt_sysfs_unreadable(errp, s, "config", -n);
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

static bool read_ids(XenPtSysfs *s, GError **errp)
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
static void find_reset(XenPtSysfs *s, GPtrArray *warnings)
{
    char text[256];

    s->host.ops = &sysfs_ops_without_reset;
    if (faccessat(s->dir, "reset", F_OK, 0) == 0) {
        s->host.ops = &sysfs_ops;
        if (xen_pt_read_attribute(s->dir, "reset_method", text,
                                  sizeof(text)) < 0) {
            s->host.info.reset_methods = g_strdup("unnamed");
        } else if (*text) {
            s->host.info.reset_methods = g_strdup(text);
        } else {
            s->host.ops = &sysfs_ops_without_reset;
        }
    }
    if (!s->host.info.reset_methods) {
        xen_pt_sysfs_warn(warnings, "%s: the kernel knows no way to reset "
                          "it, so it comes to the guest, and goes to the "
                          "next one, as its last user left it; power the "
                          "host off and on between guests that must not "
                          "meet", s->name);
    }
}

XenPtHost *xen_pt_sysfs_open_with(const XenPtSysfsOptions *options,
                                  const XenPtAddress *address,
                                  GError **errp, GPtrArray *warnings)
{
    const char *root = options->root ? options->root : SYSFS_ROOT;
    XenPtSysfs *s = g_new0(XenPtSysfs, 1);

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
    s->host.info.driver = xen_pt_read_driver(s->dir);
    if (!check_driver(s, errp, warnings) || !open_config(s, errp) ||
        !read_ids(s, errp) || !xen_pt_sysfs_read_resource(s, errp, warnings) ||
        !xen_pt_sysfs_check_siblings(root, s->name, options, errp,
                                     warnings)) {
        goto fail;
    }
    xen_pt_sysfs_find_neighbours(s, root, options);
    xen_pt_sysfs_check_line(s, root, options, warnings);
    find_reset(s, warnings);
    return &s->host;

fail:
    close_host(&s->host);
    return NULL;
}

XenPtHost *xen_pt_sysfs_open(const char *root, const XenPtAddress *address,
                             GError **errp, GPtrArray *warnings)
{
    const XenPtSysfsOptions options = { .root = root };

    return xen_pt_sysfs_open_with(&options, address, errp, warnings);
}
