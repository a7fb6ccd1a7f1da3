/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * xen-pt: what becomes of the domain, and of libxl's mind
 */
#include <inttypes.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <xenstore.h>

#include "compat.h"
#include "xen-pt/error.h"
#include "xen-pt/xen.h"

#define DOMAIN_TOKEN "domain"
#define BACKEND_TOKEN "backend"
/* More entries than a bus has functions are not libxl's. */
#define BACKEND_MAX 256
#define RESUME_POLL_MS 100

typedef struct WatchedFunction {
    XenPtAddress address;
    char token[XEN_PT_BDF_LEN];
    bool dirty;             /* its key has to be read again */
    bool seen;              /* it named our domain */
    bool attached;          /* that was called back */
} WatchedFunction;

struct XenPtDomainWatch {
    xc_interface *xch;
    bool own_xch;
    uint32_t domid;
    struct xs_handle *xs;
    int epoll;              /* what the caller polls: xs and timer */
    int timer;              /* runs while the domain is suspended */
    XenPtDomainState state;
    const XenPtDomainWatchOps *ops;
    void *opaque;
    GPtrArray *functions;   /* WatchedFunction */
};

static char *key_path(const XenPtAddress *address)
{
    return g_strdup_printf("/libxl/pci/%04x-%02x-%02x-%x/domid",
                           address->segment, address->bus, address->slot,
                           address->function);
}

/* -- the domain's state --------------------------------------------------- */

/* false: Xen does not say. */
static bool ask_xen(XenPtDomainWatch *watch, XenPtDomainState *state)
{
    xc_domaininfo_t info;
    int n = xc_domain_getinfolist(watch->xch, watch->domid, 1, &info);

    if (n < 0) {
        return false;
    }
    /* The list goes on with the next domain when ours is not there. */
    if (n == 0 || info.domain != watch->domid ||
        info.flags & XEN_DOMINF_dying) {
        *state = XEN_PT_DOMAIN_GONE;
    } else if (!(info.flags & XEN_DOMINF_shutdown)) {
        *state = XEN_PT_DOMAIN_RUNNING;
    } else if (((info.flags >> XEN_DOMINF_shutdownshift) &
                XEN_DOMINF_shutdownmask) == SHUTDOWN_suspend) {
        *state = XEN_PT_DOMAIN_SUSPENDED;
    } else {
        *state = XEN_PT_DOMAIN_GONE;
    }
    return true;
}

static void set_timer(XenPtDomainWatch *watch, bool on)
{
    struct itimerspec when = { 0 };

    if (on) {
        when.it_value.tv_nsec = RESUME_POLL_MS * 1000000l;
        when.it_interval = when.it_value;
    }
    timerfd_settime(watch->timer, 0, &when, NULL);
}

XenPtDomainState xen_pt_domain_watch_check(XenPtDomainWatch *watch)
{
    XenPtDomainState state;

    if (ask_xen(watch, &state) && state != watch->state) {
        watch->state = state;
        set_timer(watch, state == XEN_PT_DOMAIN_SUSPENDED);
        if (watch->ops->state) {
            watch->ops->state(watch->opaque, state);
        }
    }
    return watch->state;
}

/* -- libxl's keys --------------------------------------------------------- */

/*
 * A number below limit, -1: it is not there or not one, -2: no answer.
 * Takes path over.
 */
static int read_number(XenPtDomainWatch *watch, char *path, unsigned limit)
{
    unsigned len;
    char *text, *end;
    guint64 number;
    int result = -1;

    errno = 0;
    text = xs_read(watch->xs, XBT_NULL, path, &len);
    if (!text && errno != ENOENT) {
        result = -2;
    }
    g_free(path);
    if (text) {
        number = g_ascii_strtoull(text, &end, 10);
        if (end != text && *end == '\0' && number < limit) {
            result = number;
        }
        free(text);
    }
    return result;
}

static int read_owner(XenPtDomainWatch *watch, const XenPtAddress *address)
{
    return read_number(watch, key_path(address), DOMID_FIRST_RESERVED);
}

int xen_pt_domain_watch_owner(XenPtDomainWatch *watch,
                              const XenPtAddress *address)
{
    int owner = read_owner(watch, address);

    return owner < 0 ? -1 : owner;
}

static bool find_function(XenPtDomainWatch *watch, const char *token,
                          guint *index)
{
    for (guint i = 0; i < watch->functions->len; i++) {
        WatchedFunction *f = g_ptr_array_index(watch->functions, i);

        if (!strcmp(f->token, token)) {
            *index = i;
            return true;
        }
    }
    return false;
}

bool xen_pt_domain_watch_add(XenPtDomainWatch *watch,
                             const XenPtAddress *address)
{
    WatchedFunction *f = g_new0(WatchedFunction, 1);
    char *path = key_path(address);
    guint index;
    bool good = true;

    f->address = *address;
    xen_pt_address_format(address, f->token);
    if (find_function(watch, f->token, &index)) {
        g_free(f);
    } else if (!xs_watch(watch->xs, path, f->token)) {
        g_free(f);
        good = false;
    } else {
        f->seen = read_owner(watch, address) == (int)watch->domid;
        g_ptr_array_add(watch->functions, f);
    }
    g_free(path);
    return good;
}

static void forget_function(XenPtDomainWatch *watch, guint index)
{
    WatchedFunction *f = g_ptr_array_index(watch->functions, index);
    char *path = key_path(&f->address);

    xs_unwatch(watch->xs, path, f->token);
    g_free(path);
    g_ptr_array_remove_index(watch->functions, index);
}

void xen_pt_domain_watch_remove(XenPtDomainWatch *watch,
                                const XenPtAddress *address)
{
    char token[XEN_PT_BDF_LEN];
    guint index;

    xen_pt_address_format(address, token);
    if (find_function(watch, token, &index)) {
        forget_function(watch, index);
    }
}

/* Reads the key again; true if libxl has dropped the function. */
static bool is_dropped(XenPtDomainWatch *watch, WatchedFunction *f)
{
    int owner = read_owner(watch, &f->address);

    if (owner == (int)watch->domid) {
        f->seen = true;
    }
    return f->seen && owner != -2 && owner != (int)watch->domid;
}

static void look_at_functions(XenPtDomainWatch *watch)
{
    guint i = 0;

    while (i < watch->functions->len) {
        WatchedFunction *f = g_ptr_array_index(watch->functions, i++);
        XenPtAddress address = f->address;

        if (!f->dirty) {
            continue;
        }
        f->dirty = false;
        if (is_dropped(watch, f)) {
            forget_function(watch, i - 1);
            if (watch->ops->dropped) {
                watch->ops->dropped(watch->opaque, &address);
            }
            /* The callback may have added and removed others. */
            i = 0;
        }
    }
}

/* -- libxl's backend ------------------------------------------------------ */

static char *backend_path(XenPtDomainWatch *watch)
{
    return g_strdup_printf("/local/domain/0/backend/pci/%u/0", watch->domid);
}

/* The value of NAME-INDEX; the caller frees it with free(). */
static char *read_entry(XenPtDomainWatch *watch, const char *backend,
                        const char *name, int index)
{
    char *path = g_strdup_printf("%s/%s-%d", backend, name, index);
    unsigned len;
    char *text = xs_read(watch->xs, XBT_NULL, path, &len);

    g_free(path);
    return text;
}

/* The function is there with its options: libxl writes that last. */
static void look_at_entry(XenPtDomainWatch *watch, const char *backend,
                          int index)
{
    char *device = read_entry(watch, backend, "dev", index);
    char *options = read_entry(watch, backend, "opts", index);
    char token[XEN_PT_BDF_LEN];
    XenPtAddress address;
    guint i;

    if (device && options && xen_pt_address_parse(device, &address) &&
        find_function(watch, xen_pt_address_format(&address, token), &i)) {
        WatchedFunction *f = g_ptr_array_index(watch->functions, i);

        if (!f->attached) {
            f->attached = true;
            watch->ops->attached(watch->opaque, &address, options);
        }
    }
    free(device);
    free(options);
}

static void look_at_backend(XenPtDomainWatch *watch)
{
    char *backend = backend_path(watch);
    int n = read_number(watch, g_strdup_printf("%s/num_devs", backend),
                        BACKEND_MAX + 1);

    for (int i = 0; i < n; i++) {
        look_at_entry(watch, backend, i);
    }
    g_free(backend);
}

static bool all_attached(XenPtDomainWatch *watch)
{
    for (guint i = 0; i < watch->functions->len; i++) {
        WatchedFunction *f = g_ptr_array_index(watch->functions, i);

        if (!f->attached) {
            return false;
        }
    }
    return true;
}

/* -- the watch ------------------------------------------------------------ */

int xen_pt_domain_watch_fd(const XenPtDomainWatch *watch)
{
    return watch->epoll;
}

void xen_pt_domain_watch_process(XenPtDomainWatch *watch)
{
    bool ask = false, backend = false;
    uint64_t ticks;
    guint index;
    char **event;

    while ((event = xs_check_watch(watch->xs))) {
        if (!strcmp(event[XS_WATCH_TOKEN], DOMAIN_TOKEN)) {
            ask = true;
        } else if (!strcmp(event[XS_WATCH_TOKEN], BACKEND_TOKEN)) {
            backend = true;
        } else if (find_function(watch, event[XS_WATCH_TOKEN], &index)) {
            WatchedFunction *f = g_ptr_array_index(watch->functions, index);

            f->dirty = true;
        }
        free(event);
    }
    if (read(watch->timer, &ticks, sizeof(ticks)) == sizeof(ticks)) {
        ask = true;
    }
    if (ask) {
        xen_pt_domain_watch_check(watch);
    }
    look_at_functions(watch);
    if (backend && watch->ops->attached && !all_attached(watch)) {
        look_at_backend(watch);
    }
}

static bool poll_also(XenPtDomainWatch *watch, int fd)
{
    struct epoll_event event = { .events = EPOLLIN };

    return epoll_ctl(watch->epoll, EPOLL_CTL_ADD, fd, &event) == 0;
}

/* What could not be done, or NULL; errno says why. */
static const char *start(XenPtDomainWatch *watch)
{
    if (!watch->xch) {
        watch->xch = xc_interface_open(NULL, NULL, 0);
        watch->own_xch = watch->xch;
        if (!watch->xch) {
            return "talk to Xen";
        }
    }
    watch->xs = xs_open(0);
    if (!watch->xs) {
        return "connect to xenstore";
    }
    watch->epoll = epoll_create1(EPOLL_CLOEXEC);
    watch->timer = timerfd_create(CLOCK_MONOTONIC,
                                  TFD_NONBLOCK | TFD_CLOEXEC);
    if (watch->epoll < 0 || watch->timer < 0 ||
        !poll_also(watch, watch->timer) ||
        !poll_also(watch, xs_fileno(watch->xs))) {
        return "poll for events";
    }
    if (!xs_watch(watch->xs, "@releaseDomain", DOMAIN_TOKEN)) {
        return "watch @releaseDomain in xenstore";
    }
    if (watch->ops->attached) {
        char *backend = backend_path(watch);
        bool good = xs_watch(watch->xs, backend, BACKEND_TOKEN);

        g_free(backend);
        if (!good) {
            return "watch the PCI backend in xenstore";
        }
    }
    return NULL;
}

XenPtDomainWatch *xen_pt_domain_watch_new(xc_interface *xch, uint32_t domid,
                                          const XenPtDomainWatchOps *ops,
                                          void *opaque, GError **errp)
{
    XenPtDomainWatch *watch = g_new0(XenPtDomainWatch, 1);
    const char *what;

    watch->xch = xch;
    watch->domid = domid;
    watch->ops = ops;
    watch->opaque = opaque;
    watch->epoll = watch->timer = -1;
    watch->functions = g_ptr_array_new_with_free_func(g_free);
    errno = 0;
    what = start(watch);
    if (what) {
        g_set_error(errp, XEN_PT_ERROR, XEN_PT_ERROR_HYPERVISOR,
                    "Domain %u: cannot %s (%s), so its end will not be "
                    "noticed; run the device model as root in dom0, with "
                    "xenstored running", domid, what,
                    errno ? g_strerror(errno) : "no reason given");
        xen_pt_domain_watch_free(watch);
        return NULL;
    }
    if (ask_xen(watch, &watch->state)) {
        set_timer(watch, watch->state == XEN_PT_DOMAIN_SUSPENDED);
    }
    return watch;
}

void xen_pt_domain_watch_free(XenPtDomainWatch *watch)
{
    if (!watch) {
        return;
    }
    if (watch->epoll >= 0) {
        close(watch->epoll);
    }
    if (watch->timer >= 0) {
        close(watch->timer);
    }
    /* Takes its watches along. */
    if (watch->xs) {
        xs_close(watch->xs);
    }
    if (watch->own_xch) {
        xc_interface_close(watch->xch);
    }
    g_ptr_array_unref(watch->functions);
    g_free(watch);
}
