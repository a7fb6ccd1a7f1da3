/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * xen-pt: the domain that the functions belong to
 *
 * The port to Xen and the watch on the domain are one each for all
 * functions, there from the first to the last.  What the watch tells is
 * handed to the functions: how the domain fares, and that the toolstack has
 * given a function up without saying so to QEMU.
 */
#include "qemu/osdep.h"
#include "qapi/error.h"
#include "qemu/error-report.h"
#include "qemu/main-loop.h"
#include "qemu/notify.h"
#include "adapter.h"
#include "trace.h"

static XenPtHypervisor *hypervisor;
static XenPtDomainWatch *watch;
static unsigned users;
/* The watch is calling, so that it cannot be freed. */
static bool watch_busy;

/* Nobody will ask for it, and the next owner must not find it in use. */
static void stop_all(void)
{
    XenPtFunction *fn;

    QTAILQ_FOREACH(fn, &xen_pt_functions, next) {
        xen_pt_reset_wait(fn);
        xen_pt_device_stop(fn->dev);
    }
}

/* The toolstack ends the device model without taking its devices away. */
static void process_ends(Notifier *notifier, void *data)
{
    stop_all();
}

static Notifier exit_notifier = { .notify = process_ends };

static void domain_state(void *opaque, XenPtDomainState state)
{
    static const char *const names[] = {
        [XEN_PT_DOMAIN_RUNNING] = "running",
        [XEN_PT_DOMAIN_SUSPENDED] = "suspended",
        [XEN_PT_DOMAIN_GONE] = "gone",
    };
    XenPtFunction *fn;

    trace_xen_pt_domain_state(names[state]);
    QTAILQ_FOREACH(fn, &xen_pt_functions, next) {
        xen_pt_device_domain_state(fn->dev, state);
    }
    if (state == XEN_PT_DOMAIN_GONE) {
        stop_all();
        xen_pt_hotplug_domain_gone();
    }
}

static XenPtFunction *find_function(const XenPtAddress *address)
{
    char name[XEN_PT_BDF_LEN];
    XenPtFunction *fn;

    xen_pt_address_format(address, name);
    QTAILQ_FOREACH(fn, &xen_pt_functions, next) {
        if (g_str_equal(xen_pt_device_name(fn->dev), name)) {
            return fn;
        }
    }
    return NULL;
}

/* The toolstack is done with a function, and with its interrupt line. */
static void unpark_lines(const XenPtAddress *address)
{
    char name[XEN_PT_BDF_LEN];
    XenPtFunction *fn;

    xen_pt_address_format(address, name);
    QTAILQ_FOREACH(fn, &xen_pt_functions, next) {
        xen_pt_device_unpark_line(fn->dev, name);
    }
}

static void domain_dropped(void *opaque, const XenPtAddress *address)
{
    XenPtFunction *fn = find_function(address);

    if (fn) {
        xen_pt_hotplug_dropped(fn);
    } else {
        unpark_lines(address);
    }
}

/* Options that libxl knows and never sends: told by what it wrote down. */
static void domain_attached(void *opaque, const XenPtAddress *address,
                            const char *options)
{
    char name[XEN_PT_BDF_LEN];
    XenPtFunction *fn = find_function(address);
    g_autofree char *power = NULL, *translate = NULL;

    if (!fn) {
        return;
    }
    xen_pt_address_format(address, name);
    trace_xen_pt_attached(name, options);
    xen_pt_device_attached(fn->dev);
    if (strstr(options, "power_mgmt=1") && fn->rules.real_power != 1) {
        power = g_strdup_printf(
            "%s: power_mgmt=1 did not reach the device model, because xl has "
            "no way to send it; write real-power=true for this device in "
            XEN_PT_RULES_FILE, name);
        xen_pt_device_warn(fn->dev, power);
    }
    if (strstr(options, "msitranslate=1")) {
        translate = g_strdup_printf(
            "%s: msitranslate=1 has no effect; leave it out, its time was "
            "before guests knew MSI", name);
        xen_pt_device_warn(fn->dev, translate);
    }
}

static const XenPtDomainWatchOps domain_ops = {
    .state = domain_state,
    .dropped = domain_dropped,
    .attached = domain_attached,
};

static void domain_release(void)
{
    if (users > 0 || watch_busy) {
        return;
    }
    if (watch) {
        qemu_set_fd_handler(xen_pt_domain_watch_fd(watch), NULL, NULL, NULL);
        xen_pt_domain_watch_free(watch);
        watch = NULL;
    }
    if (hypervisor) {
        qemu_remove_exit_notifier(&exit_notifier);
        xen_pt_xen_close(hypervisor);
        hypervisor = NULL;
    }
}

static void domain_event(void *opaque)
{
    watch_busy = true;
    xen_pt_domain_watch_process(watch);
    watch_busy = false;
    domain_release();
}

XenPtHypervisor *xen_pt_domain_get(GError **errp)
{
    if (!hypervisor) {
        g_autoptr(GError) error = NULL;

        if (xen_domid == 0) {
            g_set_error(errp, XEN_PT_ERROR, XEN_PT_ERROR_HYPERVISOR,
                        TYPE_XEN_PT " needs a Xen domain; start QEMU with "
                        "-xen-domid and accel=xen, or use vfio-pci with KVM");
            return NULL;
        }
        hypervisor = xen_pt_xen_open(xen_xc, xen_domid, errp);
        if (!hypervisor) {
            return NULL;
        }
        qemu_add_exit_notifier(&exit_notifier);
        watch = xen_pt_domain_watch_new(xen_xc, xen_domid, &domain_ops, NULL,
                                        &error);
        if (watch) {
            qemu_set_fd_handler(xen_pt_domain_watch_fd(watch), domain_event,
                                NULL, NULL);
        } else {
            /* Works without, but for what only the watch can tell. */
            warn_report("xen-pt: %s", error->message);
        }
    }
    users++;
    return hypervisor;
}

void xen_pt_domain_put(void)
{
    users--;
    domain_release();
}

XenPtDomainState xen_pt_domain_check(void)
{
    XenPtDomainState state = XEN_PT_DOMAIN_RUNNING;

    if (watch) {
        bool busy = watch_busy;

        watch_busy = true;
        state = xen_pt_domain_watch_check(watch);
        watch_busy = busy;
    }
    return state;
}

void xen_pt_domain_add(XenPtFunction *fn)
{
    const XenPtAddress *address = &xen_pt_device_info(fn->dev)->address;
    XenPtDomainState state = xen_pt_domain_check();

    if (watch) {
        /* It may be watched since it left the last time. */
        xen_pt_domain_watch_remove(watch, address);
        xen_pt_domain_watch_add(watch, address);
    }
    if (state != XEN_PT_DOMAIN_RUNNING) {
        xen_pt_device_domain_state(fn->dev, state);
    }
}

void xen_pt_domain_remove(XenPtFunction *fn)
{
    const XenPtAddress *address = &xen_pt_device_info(fn->dev)->address;
    bool parked = false;
    XenPtFunction *other;

    if (!watch) {
        return;
    }
    QTAILQ_FOREACH(other, &xen_pt_functions, next) {
        if (other != fn) {
            parked |= xen_pt_device_park_line(other->dev, fn->dev);
        }
    }
    if (!parked) {
        xen_pt_domain_watch_remove(watch, address);
    } else if (xen_pt_domain_watch_owner(watch, address) != (int)xen_domid) {
        /* By force: the line has been unmapped before. */
        unpark_lines(address);
    }
}

int xen_pt_domain_owner(void *opaque, const XenPtAddress *address)
{
    return watch ? xen_pt_domain_watch_owner(watch, address) : -1;
}
