/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * xen-pt: who else interrupts by the function's line
 */
#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "internal.h"

/* The user of a function that interrupts by the line, or NULL. */
static char *line_user(int root, const char *name, uint32_t gsi,
                       const XenPtAddress *address,
                       const XenPtSysfsOptions *options)
{
    int dir = openat(root, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    char *user = NULL;
    char text[32];
    struct stat st;
    uint64_t irq;

    if (dir < 0) {
        return NULL;
    }
    /* The kernel lists a function's messages while it uses any. */
    if (xen_pt_read_attribute(dir, "irq", text, sizeof(text)) == 0 &&
        xen_pt_parse_number(text, 10, UINT32_MAX, &irq) && irq == gsi &&
        fstatat(dir, "msi_irqs", &st, 0) < 0) {
        user = xen_pt_sysfs_user(dir, name, address, options);
    }
    close(dir);
    return user;
}

void xen_pt_sysfs_check_line(XenPtSysfs *s, const char *root,
                             const XenPtSysfsOptions *options,
                             GPtrArray *warnings)
{
    uint32_t gsi = s->host.info.gsi;
    DIR *dir = gsi ? opendir(root) : NULL;
    GString *users = g_string_new(NULL);
    XenPtAddress address;
    const char *name;

    while (dir && (name = xen_pt_sysfs_next(dir, s->name, &address))) {
        char *user = line_user(dirfd(dir), name, gsi, &address, options);

        if (user) {
            g_string_append_printf(users, "%s%s", users->len ? ", " : "",
                                   user);
            g_free(user);
        }
    }
    if (users->len) {
        xen_pt_sysfs_warn(warnings, "%s: it shares its interrupt line, GSI "
                          "%u, with %s, and a guest that leaves the line "
                          "unanswered stops both; let the drivers use MSI, "
                          "or move the card to another slot", s->name, gsi,
                          users->str);
    }
    if (dir) {
        closedir(dir);
    }
    g_string_free(users, TRUE);
}
