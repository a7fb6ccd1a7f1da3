/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The xen-pt command: looking things up in xenstore
 *
 * Speaks the wire protocol (docs/misc/xenstore.txt of Xen) over the daemon's
 * socket, or the kernel's device where the daemon is in a domain of its own:
 * two requests, both of which only read, and no library to link.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "tool.h"

#define XS_DIRECTORY   1
#define XS_READ        2
#define XS_PAYLOAD_MAX 4096

typedef struct Message {
    uint32_t type, req_id, tx_id, len;
} Message;

struct XenStore {
    int fd;
    bool silent;
};

static int open_socket(const char *path)
{
    const struct timeval patience = { .tv_sec = tool_wait };
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    int fd, err;

    if (strlen(path) >= sizeof(address.sun_path)) {
        errno = ENAMETOOLONG;
        return -1;
    }
    g_strlcpy(address.sun_path, path, sizeof(address.sun_path));
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd >= 0 && connect(fd, (struct sockaddr *)&address,
                           sizeof(address)) < 0) {
        err = errno;
        close(fd);
        errno = err;
        return -1;
    }
    if (fd >= 0) {
        setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
        setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
    }
    return fd;
}

XenStore *xenstore_open(const char **why)
{
    static const char *const sockets[] = {
        "/run/xenstored/socket", "/var/run/xenstored/socket",
    };
    g_autofree char *device = tool_path("/dev/xen/xenbus");
    bool denied = false;
    XenStore *xs;
    int fd = -1;

    for (unsigned i = 0; i < G_N_ELEMENTS(sockets) && fd < 0; i++) {
        g_autofree char *path = tool_path("%s", sockets[i]);

        fd = open_socket(path);
        denied |= fd < 0 && errno == EACCES;
    }
    if (fd < 0) {
        fd = open(device, O_RDWR | O_CLOEXEC);
        denied |= fd < 0 && errno == EACCES;
    }
    if (fd < 0) {
        *why = denied ? "xenstore lets only root ask"
                      : "there is no xenstore here";
        return NULL;
    }
    xs = g_new0(XenStore, 1);
    xs->fd = fd;
    return xs;
}

void xenstore_close(XenStore *xs)
{
    if (xs) {
        close(xs->fd);
        g_free(xs);
    }
}

static bool transfer(int fd, void *buf, size_t len, bool out)
{
    char *p = buf;

    while (len) {
        ssize_t n = out ? write(fd, p, len) : read(fd, p, len);

        if (n <= 0) {
            if (n < 0 && errno == EINTR) {
                continue;
            }
            return false;
        }
        p += n;
        len -= n;
    }
    return true;
}

/* The reply's payload with a 0 behind it, or NULL; *len without that. */
static char *ask(XenStore *xs, uint32_t type, const char *path, size_t *len)
{
    Message head = { .type = type, .len = strlen(path) + 1 };
    g_autofree char *request = g_malloc(sizeof(head) + head.len);
    size_t size = sizeof(head) + head.len;
    char *reply;

    /* in one write, as the kernel's device wants it */
    memcpy(request, &head, sizeof(head));
    memcpy(request + sizeof(head), path, head.len);
    if (xs->silent || !transfer(xs->fd, request, size, true) ||
        !transfer(xs->fd, &head, sizeof(head), false) ||
        head.len > XS_PAYLOAD_MAX) {
        /* once out of step, answers would be to other questions */
        xs->silent = true;
        return NULL;
    }
    reply = g_malloc0(head.len + 1);
    if (!transfer(xs->fd, reply, head.len, false)) {
        xs->silent = true;
    }
    if (xs->silent || head.type != type) {
        g_free(reply);
        return NULL;
    }
    *len = head.len;
    return reply;
}

char *xenstore_read(XenStore *xs, const char *format, ...)
{
    g_autofree char *path = NULL;
    va_list ap;
    size_t len;

    if (!xs) {
        return NULL;
    }
    va_start(ap, format);
    path = g_strdup_vprintf(format, ap);
    va_end(ap);
    return ask(xs, XS_READ, path, &len);
}

char **xenstore_list(XenStore *xs, const char *path)
{
    size_t len = 0, at = 0;
    g_autofree char *names = xs ? ask(xs, XS_DIRECTORY, path, &len) : NULL;
    GPtrArray *all = g_ptr_array_new();

    while (names && at < len) {
        g_ptr_array_add(all, g_strdup(names + at));
        at += strlen(names + at) + 1;
    }
    g_ptr_array_add(all, NULL);
    return (char **)g_ptr_array_free(all, false);
}

bool xenstore_is_silent(const XenStore *xs)
{
    return xs && xs->silent;
}

int xenstore_owner(XenStore *xs, const XenPtAddress *address)
{
    g_autofree char *domid =
        xenstore_read(xs, "/libxl/pci/%04x-%02x-%02x-%x/domid",
                      address->segment, address->bus, address->slot,
                      address->function);
    guint64 number;

    return domid && g_ascii_string_to_unsigned(domid, 10, 0, 0x7ff0, &number,
                                               NULL) ? (int)number : -1;
}

char *xenstore_owner_name(XenStore *xs, const XenPtAddress *address)
{
    int domid = xenstore_owner(xs, address);
    g_autofree char *name = NULL;

    if (domid < 0) {
        return NULL;
    }
    name = xenstore_read(xs, "/local/domain/%d/name", domid);
    return name ? g_strdup_printf("domain %d (%s)", domid, name)
                : g_strdup_printf("domain %d", domid);
}
