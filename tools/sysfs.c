/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The xen-pt command: attributes of the host's PCI functions
 *
 * For what the core's host port has no use for, and for functions that it
 * would refuse.  What cannot be read is simply not known.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tool.h"

#define DEVICES "/sys/bus/pci/devices"

static char *function_path(const XenPtAddress *address, const char *name)
{
    char bdf[XEN_PT_BDF_LEN];

    return tool_path(DEVICES "/%s/%s", xen_pt_address_format(address, bdf),
                     name);
}

char *tool_attribute(const XenPtAddress *address, const char *name)
{
    g_autofree char *path = function_path(address, name);
    char *text = NULL;

    if (!g_file_get_contents(path, &text, NULL, NULL)) {
        return NULL;
    }
    return g_strstrip(text);
}

char *tool_link(const XenPtAddress *address, const char *name)
{
    g_autofree char *path = function_path(address, name);
    g_autofree char *target = g_file_read_link(path, NULL);

    return target ? g_path_get_basename(target) : NULL;
}

bool tool_exists(const XenPtAddress *address)
{
    g_autofree char *path = function_path(address, "");

    return access(path, F_OK) == 0;
}

size_t tool_config(const XenPtAddress *address, uint8_t *buf, size_t len)
{
    g_autofree char *path = function_path(address, "config");
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    size_t have = 0;
    ssize_t got;

    while (fd >= 0 && have < len &&
           (got = read(fd, buf + have, len - have)) > 0) {
        have += got;
    }
    if (fd >= 0) {
        close(fd);
    }
    return have;
}

static int compare(gconstpointer a, gconstpointer b)
{
    const XenPtAddress *x = a, *y = b;
    uint32_t p = x->segment << 16 | x->bus << 8 | x->slot << 3 | x->function;
    uint32_t q = y->segment << 16 | y->bus << 8 | y->slot << 3 | y->function;

    return p < q ? -1 : p > q;
}

GArray *tool_functions(GError **errp)
{
    g_autofree char *path = tool_path(DEVICES);
    GDir *dir = g_dir_open(path, 0, NULL);
    GArray *all;
    const char *name;

    if (!dir) {
        g_set_error(errp, XEN_PT_ERROR, XEN_PT_ERROR_HOST,
                    "there is no %s to look at (%s); is sysfs mounted, and "
                    "has this machine PCI at all?", path, g_strerror(errno));
        return NULL;
    }
    all = g_array_new(false, false, sizeof(XenPtAddress));
    while ((name = g_dir_read_name(dir))) {
        XenPtAddress address;

        if (xen_pt_address_parse(name, &address)) {
            g_array_append_val(all, address);
        }
    }
    g_dir_close(dir);
    g_array_sort(all, compare);
    return all;
}
