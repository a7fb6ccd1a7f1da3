/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * xen-pt: what the core says, to QEMU's log and to its trace backends
 */
#include "qemu/osdep.h"
#include "qemu/error-report.h"
#include "adapter.h"
#include "trace.h"

void xen_pt_report(XenPtVm *vm, XenPtLevel level, const char *sentence)
{
    switch (level) {
    case XEN_PT_LEVEL_INFO:
        info_report("xen-pt: %s", sentence);
        break;
    case XEN_PT_LEVEL_WARNING:
        warn_report("xen-pt: %s", sentence);
        break;
    case XEN_PT_LEVEL_ERROR:
        error_report("xen-pt: %s", sentence);
        break;
    }
}

void xen_pt_trace_event(XenPtVm *vm, XenPtEvent event, uint64_t a, uint64_t b,
                        uint64_t c, const char *text)
{
    const char *name =
        xen_pt_function_name(container_of(vm, XenPtFunction, vm));

    text = text ? text : "";
    switch (event) {
    case XEN_PT_EVENT_OPEN:
        trace_xen_pt_open_capability(name, a, b, c);
        break;
    case XEN_PT_EVENT_HIDE:
        trace_xen_pt_hide_capability(name, a, b, text);
        break;
    case XEN_PT_EVENT_WRITE_DENIED:
        trace_xen_pt_write_denied(name, a, b, c);
        break;
    case XEN_PT_EVENT_HOOK:
        trace_xen_pt_hook(name, a, c, b, text);
        break;
    case XEN_PT_EVENT_MAP:
        trace_xen_pt_map(name, a, b, c, text);
        break;
    case XEN_PT_EVENT_UNMAP:
        trace_xen_pt_unmap(name, a, b, c, text);
        break;
    case XEN_PT_EVENT_MAP_PENDING:
        trace_xen_pt_map_pending(name, a, b, c);
        break;
    case XEN_PT_EVENT_DEFER:
        trace_xen_pt_defer(name, a);
        break;
    case XEN_PT_EVENT_COMMIT:
        trace_xen_pt_commit(name, a);
        break;
    case XEN_PT_EVENT_IRQ_MAP:
        trace_xen_pt_irq_map(name, a, b, text);
        break;
    case XEN_PT_EVENT_IRQ_UNMAP:
        trace_xen_pt_irq_unmap(name, a);
        break;
    case XEN_PT_EVENT_IRQ_BIND:
        trace_xen_pt_irq_bind(name, a, b, c);
        break;
    case XEN_PT_EVENT_IRQ_UNBIND:
        trace_xen_pt_irq_unbind(name, a);
        break;
    case XEN_PT_EVENT_IRQ_FAILED:
        trace_xen_pt_irq_failed(name, a, b, text);
        break;
    case XEN_PT_EVENT_RESET:
        trace_xen_pt_reset(name, text);
        break;
    case XEN_PT_EVENT_GONE:
        trace_xen_pt_gone(name);
        break;
    case XEN_PT_EVENT_START:
        trace_xen_pt_start(name);
        break;
    case XEN_PT_EVENT_STOP:
        trace_xen_pt_stop(name);
        break;
    case XEN_PT_EVENT__COUNT:
        break;
    }
}
