/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * xen-pt: the vm port
 *
 * What the core asks of the machine that the guest's function is plugged
 * into: to put the regions where the guest wants them, to call back after a
 * while, and to tell a person.  No function here may fail or re-enter the
 * core, but for commit_layout: see there.
 */
#ifndef XEN_PT_VM_H
#define XEN_PT_VM_H

#include <stdbool.h>
#include <stdint.h>

#include "xen-pt/host.h"

/*
 * The guest's BARs and decoding, settled.  bar[] has what the guest wrote,
 * the address bits only; a 64-bit BAR has its whole address in the lower
 * index.  rom_enabled is bit 0 of the ROM register.
 */
typedef struct XenPtLayout {
    bool io_decode;
    bool memory_decode;
    bool rom_enabled;
    uint64_t bar[XEN_PT_NUM_REGIONS];
} XenPtLayout;

/* Decisions that can be traced; a, b, c are named in trace-events. */
typedef enum XenPtEvent {
    XEN_PT_EVENT_OPEN,            /* capability: a=id b=offset c=length */
    XEN_PT_EVENT_HIDE,            /* capability: a=id b=offset, text=why */
    XEN_PT_EVENT_WRITE_DENIED,    /* a=offset b=width c=value */
    XEN_PT_EVENT_HOOK,            /* a=offset b=value c=width, text=what */
    XEN_PT_EVENT_MAP,             /* a=gfn/gport b=mfn/mport c=count text=rc */
    XEN_PT_EVENT_UNMAP,           /* the same */
    XEN_PT_EVENT_MAP_PENDING,     /* refused for now: a, b, c as above */
    XEN_PT_EVENT_DEFER,           /* decoding off, unmap put off: a=ms */
    XEN_PT_EVENT_COMMIT,          /* layout committed: a=command bits */
    XEN_PT_EVENT_IRQ_MAP,         /* a=entry b=pirq, text=kind */
    XEN_PT_EVENT_IRQ_UNMAP,       /* a=pirq */
    XEN_PT_EVENT_IRQ_BIND,        /* a=pirq b=gvec c=gflags */
    XEN_PT_EVENT_IRQ_UNBIND,      /* a=pirq */
    XEN_PT_EVENT_IRQ_FAILED,      /* a=entry b=errno, text=sentence */
    XEN_PT_EVENT_RESET,           /* text=who asked */
    XEN_PT_EVENT_GONE,
    XEN_PT_EVENT_START,
    XEN_PT_EVENT_STOP,
    XEN_PT_EVENT__COUNT
} XenPtEvent;

typedef enum XenPtLevel {
    XEN_PT_LEVEL_INFO,
    XEN_PT_LEVEL_WARNING,
    XEN_PT_LEVEL_ERROR,
} XenPtLevel;

typedef struct XenPtVm XenPtVm;

typedef struct XenPtVmOps {
    /*
     * Puts the regions where layout says, in one transaction, and within
     * it calls xen_pt_device_section() for each piece of a region that
     * appears or goes, then xen_pt_device_unmap_stale() and
     * xen_pt_device_map_wanted() of each device (all of the former before
     * any of the latter).
     */
    void (*commit_layout)(XenPtVm *vm, const XenPtLayout *layout);
    /*
     * Nothing but the region of this function lies in the guest page at
     * gaddr.  NULL: never.
     */
    bool (*page_is_alone)(XenPtVm *vm, uint64_t gaddr);
    /* Milliseconds of a clock that does not go back. */
    int64_t (*now_ms)(XenPtVm *vm);
    /* Calls xen_pt_device_timer() at that time; -1: never mind. */
    void (*set_timer)(XenPtVm *vm, int64_t at_ms);
    /* One sentence for the log; the core bounds how often. */
    void (*report)(XenPtVm *vm, XenPtLevel level, const char *sentence);
    /*
     * Calls the host's reset where it may sleep (a thread), then
     * xen_pt_device_reset_done(), unless the device is closed before: then
     * it waits for the reset to end first.  NULL: the guest gets no FLR.
     */
    void (*start_reset)(XenPtVm *vm);
    /* Optional. */
    void (*event)(XenPtVm *vm, XenPtEvent event, uint64_t a, uint64_t b,
                  uint64_t c, const char *text);
} XenPtVmOps;

struct XenPtVm {
    const XenPtVmOps *ops;
};

#endif /* XEN_PT_VM_H */
