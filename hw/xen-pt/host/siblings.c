/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * xen-pt: functions that must go together
 *
 * What is behind a conventional PCI bridge reaches the IOMMU under the
 * bridge's name.  Xen hands the bridge's context to the guest along with the
 * first such function, and with it the memory accesses of all the others.
 */
#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "internal.h"
#include "xen-pt/error.h"

#define CONFIG_SIZE 256
#define CLASS_PCI_BRIDGE 0x0604
#define PCIE_TO_PCI_BRIDGE 7    /* Device/Port Type; PCIe base spec 7.5.3.2 */

/* "../../../devices/pci0000:00/0000:00:1e.0/0000:05:00.0", or NULL. */
static char *read_link(int root, const char *name)
{
    char target[1024];
    ssize_t n = readlinkat(root, name, target, sizeof(target) - 1);

    return n > 0 && (size_t)n < sizeof(target) - 1 ? g_strndup(target, n)
                                                   : NULL;
}

static int open_at(int root, const char *name, const char *file)
{
    char *path = g_build_filename(name, file, NULL);
    int fd = openat(root, path, O_RDONLY | O_CLOEXEC);

    g_free(path);
    return fd;
}

static size_t read_config(int root, const char *name, uint8_t *config)
{
    int fd = open_at(root, name, "config");
    ssize_t n = -1;

    if (fd >= 0) {
        n = xen_pt_read_all(fd, config, CONFIG_SIZE);
        close(fd);
    }
    return n < 0 ? 0 : n;
}

static bool is_bridge(const uint8_t *config, size_t size)
{
    return size >= 64 &&
           (config[0x0a] | config[0x0b] << 8) == CLASS_PCI_BRIDGE;
}

/* Without PCIe capability, or one that ends PCIe.  Unknown: no. */
static bool is_conventional_bridge(int root, const char *name)
{
    uint8_t config[CONFIG_SIZE] = { 0 };
    size_t size = read_config(root, name, config);
    unsigned cap;

    if (!is_bridge(config, size) || size < CONFIG_SIZE) {
        return false;
    }
    cap = config[0x06] & 0x10 ? config[0x34] & ~3u : 0;
    for (int i = 0; i < 48 && cap >= 64; i++) {
        if (config[cap] == 0x10) {
            return (config[cap + 2] >> 4) == PCIE_TO_PCI_BRIDGE;
        }
        cap = config[cap + 1] & ~3u;
    }
    return true;
}

/* The conventional bridge next to the root that name is behind, or NULL. */
static char *find_bridge(int root, const char *name)
{
    char *target = read_link(root, name);
    char **part = g_strsplit(target ? target : "", "/", -1);
    char *bridge = NULL;
    XenPtAddress address;

    for (int i = 0; part[i] && strcmp(part[i], name) && !bridge; i++) {
        if (xen_pt_address_parse(part[i], &address) &&
            is_conventional_bridge(root, part[i])) {
            bridge = g_strdup(part[i]);
        }
    }
    g_strfreev(part);
    g_free(target);
    return bridge;
}

static bool is_behind(int root, const char *name, const char *bridge)
{
    char *part = g_strdup_printf("/%s/", bridge);
    char *target = read_link(root, name);
    uint8_t config[CONFIG_SIZE] = { 0 };
    bool behind = target && strstr(target, part);

    g_free(part);
    g_free(target);
    return behind && !is_bridge(config, read_config(root, name, config));
}

typedef struct Siblings {
    char *used;             /* one that is in use elsewhere */
    GString *idle;          /* the others */
} Siblings;

static void look_at_sibling(Siblings *siblings, int root, const char *name,
                            const XenPtAddress *address,
                            const XenPtSysfsOptions *options)
{
    int dir = openat(root, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    char *user;

    if (dir < 0) {
        return;
    }
    user = xen_pt_sysfs_user(dir, name, address, options);
    close(dir);
    if (user && !siblings->used) {
        siblings->used = user;
        return;
    }
    g_free(user);
    /* One that the guest has already is as it should be. */
    if (!options->owner || !options->domid ||
        options->owner(options->opaque, address) != (int)options->domid) {
        g_string_append_printf(siblings->idle, "%s%s",
                               siblings->idle->len ? ", " : "", name);
    }
}

bool xen_pt_sysfs_check_siblings(const char *root, const char *name,
                                 const XenPtSysfsOptions *options,
                                 GError **errp, GPtrArray *warnings)
{
    Siblings siblings = { .idle = g_string_new(NULL) };
    DIR *dir = opendir(root);
    char *bridge = dir ? find_bridge(dirfd(dir), name) : NULL;
    XenPtAddress address;
    const char *other;
    bool good = true;

    while (bridge && (other = xen_pt_sysfs_next(dir, name, &address))) {
        if (is_behind(dirfd(dir), other, bridge)) {
            look_at_sibling(&siblings, dirfd(dir), other, &address, options);
        }
    }
    if (siblings.used && !options->read_only) {
        g_set_error(errp, XEN_PT_ERROR, XEN_PT_ERROR_SHARING,
                    "%s: the IOMMU cannot tell it from %s, which is behind "
                    "the PCI bridge %s like itself; take that one away from "
                    "its user first, then give both to the same guest", name,
                    siblings.used, bridge);
        good = false;
    } else if (siblings.used) {
        xen_pt_sysfs_warn(warnings, "%s: the IOMMU cannot tell it from %s, "
                          "which is behind the PCI bridge %s like itself; "
                          "both must go to the same guest", name,
                          siblings.used, bridge);
    } else if (siblings.idle->len) {
        xen_pt_sysfs_warn(warnings, "%s: what is behind the PCI bridge %s "
                          "like itself must go to the same guest or stay "
                          "unused: %s", name, bridge, siblings.idle->str);
    }
    if (dir) {
        closedir(dir);
    }
    g_string_free(siblings.idle, TRUE);
    g_free(siblings.used);
    g_free(bridge);
    return good;
}
