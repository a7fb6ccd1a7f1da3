/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * xen-pt: the host's reset of a function, on behalf of the guest
 *
 * Writing to sysfs' reset may sleep for seconds, and the kernel holds up
 * whoever touches the function's configuration meanwhile.  So it is done by
 * a thread, and the core keeps its hands off the device until the thread is
 * done.  The thread uses nothing but the host.
 */
#include "qemu/osdep.h"
#include "qemu/error-report.h"
#include "qemu/main-loop.h"
#include "qemu/timer.h"
#include "adapter.h"

/* PCIe allows a function a second to come back (6.6.1), Linux a minute. */
#define RESET_OVERDUE_MS 10000

static void *xen_pt_reset_thread(void *opaque)
{
    XenPtFunction *fn = opaque;

    fn->reset_result = fn->host->ops->reset(fn->host);
    qemu_bh_schedule(fn->reset_bh);
    return NULL;
}

static void xen_pt_reset_overdue(void *opaque)
{
    XenPtFunction *fn = opaque;

    warn_report("xen-pt: %s: the host has been resetting the function for "
                "%d s; the guest reads ones until it is done: see dom0's "
                "dmesg", xen_pt_function_name(fn), RESET_OVERDUE_MS / 1000);
}

static void xen_pt_reset_forget(XenPtFunction *fn)
{
    qemu_thread_join(&fn->reset_thread);
    timer_free(fn->reset_timer);
    qemu_bh_delete(fn->reset_bh);
    fn->reset_timer = NULL;
    fn->reset_bh = NULL;
}

static void xen_pt_reset_bh(void *opaque)
{
    XenPtFunction *fn = opaque;

    xen_pt_reset_forget(fn);
    xen_pt_device_reset_done(fn->dev, fn->reset_result);
}

void xen_pt_reset_start(XenPtVm *vm)
{
    XenPtFunction *fn = container_of(vm, XenPtFunction, vm);

    fn->reset_bh = qemu_bh_new_guarded(xen_pt_reset_bh, fn,
                                       &DEVICE(fn)->mem_reentrancy_guard);
    fn->reset_timer = timer_new_ms(QEMU_CLOCK_REALTIME, xen_pt_reset_overdue,
                                   fn);
    timer_mod(fn->reset_timer,
              qemu_clock_get_ms(QEMU_CLOCK_REALTIME) + RESET_OVERDUE_MS);
    qemu_thread_create(&fn->reset_thread, "xen-pt-reset", xen_pt_reset_thread,
                       fn, QEMU_THREAD_JOINABLE);
}

void xen_pt_reset_wait(XenPtFunction *fn)
{
    if (fn->reset_bh) {
        xen_pt_reset_bh(fn);
    }
}
