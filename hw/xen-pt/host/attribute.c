/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * xen-pt: the files of sysfs
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "internal.h"
#include "xen-pt/error.h"

void xen_pt_sysfs_warn(GPtrArray *warnings, const char *format, ...)
{
    va_list ap;

    if (!warnings) {
        return;
    }
    va_start(ap, format);
    g_ptr_array_add(warnings, g_strdup_vprintf(format, ap));
    va_end(ap);
}

/* Reads until end of file or the buffer is full; a count or -errno. */
ssize_t xen_pt_read_all(int fd, void *buf, size_t size)
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
int xen_pt_read_attribute(int dir, const char *name, char *buf, size_t size)
{
    int fd = openat(dir, name, O_RDONLY | O_CLOEXEC);
    ssize_t n;

    if (fd < 0) {
        return -errno;
    }
    n = xen_pt_read_all(fd, buf, size);
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

bool xen_pt_parse_number(const char *text, unsigned base, uint64_t max,
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
const char *xen_pt_sysfs_cure(int err)
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

void xen_pt_sysfs_unreadable(GError **errp, const XenPtSysfs *s,
                           const char *file, int err)
{
    g_set_error(errp, XEN_PT_ERROR, XEN_PT_ERROR_HOST,
                "%s: cannot open or read its sysfs file '%s' (%s); %s",
                s->name, file, g_strerror(err), xen_pt_sysfs_cure(err));
}

/* Name of the bound driver, or NULL; the caller frees it. */
char *xen_pt_read_driver(int dir)
{
    char target[256];
    ssize_t n = readlinkat(dir, "driver", target, sizeof(target) - 1);

    if (n <= 0) {
        return NULL;
    }
    target[n] = '\0';
    return g_path_get_basename(target);
}

/* A driver that holds a device for a guest, and does not use it itself. */
bool xen_pt_is_stub(const char *driver)
{
    static const char *const stub[] = {
        "pciback", "xen-pciback", "xen_pciback", "pci-stub", "vfio-pci", NULL
    };

    return g_strv_contains(stub, driver);
}

char *xen_pt_sysfs_user(int dir, const char *name,
                        const XenPtAddress *address,
                        const XenPtSysfsOptions *options)
{
    char *driver = xen_pt_read_driver(dir);
    char *user = NULL;
    int domid;

    if (driver && !xen_pt_is_stub(driver)) {
        user = g_strdup_printf("%s (driven by %s)", name, driver);
    } else if (options->owner) {
        domid = options->owner(options->opaque, address);
        if (domid >= 0 && (uint32_t)domid != options->domid) {
            user = g_strdup_printf("%s (passed to domain %d)", name, domid);
        }
    }
    g_free(driver);
    return user;
}

const char *xen_pt_sysfs_next(DIR *dir, const char *self,
                              XenPtAddress *address)
{
    struct dirent *entry;

    while ((entry = readdir(dir))) {
        if (xen_pt_address_parse(entry->d_name, address) &&
            strcmp(entry->d_name, self)) {
            return entry->d_name;
        }
    }
    return NULL;
}
