/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * xen-pt: the adapter to QEMU, what its files share
 *
 * QEMU's PCIDevice holds only what the core has settled on; the guest's
 * accesses go to the core and to nothing else.  All of it runs under QEMU's
 * big lock.
 */
#ifndef XEN_PT_QEMU_ADAPTER_H
#define XEN_PT_QEMU_ADAPTER_H

#include "hw/pci/pci.h"
#include "qemu/queue.h"
#include "qemu/thread.h"
#include "qom/object.h"
#include "xen-pt/device.h"
#include "xen-pt/rules.h"
#include "xen-pt/xen.h"
#include "compat.h"

#define TYPE_XEN_PT "xen-pci-passthrough"
OBJECT_DECLARE_TYPE(XenPtFunction, XenPtFunctionClass, XEN_PT)

struct XenPtFunctionClass {
    PCIDeviceClass parent_class;

    DeviceRealize parent_realize;
};

/* The region that traps what the core has not mapped. */
typedef struct XenPtBar {
    XenPtFunction *owner;
    int region;
    bool no_range;          /* Xen had none left for a piece of it */
    MemoryRegion mr;
} XenPtBar;

typedef struct XenPtHotplug XenPtHotplug;

struct XenPtFunction {
    PCIDevice parent_obj;

    /* properties */
    char *hostaddr;
    char *rules_file;
    XenPtRules rules;       /* what was set, then what the file adds */

    char *quirk_allow, *quirk_forbid;

    XenPtVm vm;
    XenPtDevice *dev;       /* NULL: not open */
    XenPtHost *host;        /* the device's; for the thread that resets */
    QEMUTimer *timer;
    XenPtBar bar[XEN_PT_NUM_REGIONS];
    bool lost_said;

    XenPtHotplug *hotplug;  /* NULL: the bus knows no hot plug */
    bool acpi_seen;         /* the guest had ACPI hot plug on */
    QEMUTimer *unplug_timer;
    QEMUBH *away_bh;        /* not NULL: about to be taken away */
    const char *away_why;
    bool unplug_pending;    /* the guest was asked */
    int unplug_looks;       /* until it counts as one that cannot answer */

    QEMUBH *reset_bh;       /* not NULL: the host resets the function */
    QEMUTimer *reset_timer;
    QemuThread reset_thread;
    int reset_result;

    QTAILQ_ENTRY(XenPtFunction) next;
};

typedef QTAILQ_HEAD(XenPtFunctions, XenPtFunction) XenPtFunctions;
/* All that are open, in the order of their realize. */
extern XenPtFunctions xen_pt_functions;

extern const char xen_pt_version[];

/* The host's BDF if it is known, else the id or the type: for messages. */
const char *xen_pt_function_name(const XenPtFunction *fn);

/* regions.c */

/* Registers what the core shows; released by QEMU with the PCIDevice. */
void xen_pt_regions_register(XenPtFunction *fn);
/* From the first function to the last: one listener for all of them. */
void xen_pt_regions_listen(void);
void xen_pt_regions_unlisten(void);
void xen_pt_commit_layout(XenPtVm *vm, const XenPtLayout *layout);
bool xen_pt_page_is_alone(XenPtVm *vm, uint64_t gaddr);

/* hotplug.c */
void xen_pt_hotplug_add(XenPtFunction *fn);
void xen_pt_hotplug_remove(XenPtFunction *fn);
/* To be called now and then: whether the guest can be asked for it. */
void xen_pt_hotplug_look(XenPtFunction *fn);
void xen_pt_hotplug_reset(XenPtFunction *fn);
/* Completes what the guest was asked for and will never answer. */
void xen_pt_hotplug_domain_gone(void);

/* The toolstack has given the function up; it is taken away soon. */
void xen_pt_hotplug_dropped(XenPtFunction *fn);

/* romfile.c */

/*
 * A host that shows the romfile property's file as the expansion ROM, and
 * for the rest is the one that it takes over, also on failure.
 */
XenPtHost *xen_pt_romfile_open(XenPtFunction *fn, XenPtHost *inner,
                               GError **errp);

/* reset.c */

/* For the vm port: the host's reset, on a thread. */
void xen_pt_reset_start(XenPtVm *vm);
/* Returns when no reset is under way. */
void xen_pt_reset_wait(XenPtFunction *fn);

/* domain.c */

/* The port to Xen; each successful get needs a put. */
XenPtHypervisor *xen_pt_domain_get(GError **errp);
void xen_pt_domain_put(void);
/* Asks Xen how the domain fares, and tells the functions if that is new. */
XenPtDomainState xen_pt_domain_check(void);
/*
 * Between these, the open function hears of the domain and its toolstack.
 * The others' interrupt lines are safe from what the toolstack does to its
 * own after the latter.
 */
void xen_pt_domain_add(XenPtFunction *fn);
void xen_pt_domain_remove(XenPtFunction *fn);
/* For XenPtSysfsOptions: the domain that has another function, or -1. */
int xen_pt_domain_owner(void *opaque, const XenPtAddress *address);

/* events.c */
void xen_pt_trace_event(XenPtVm *vm, XenPtEvent event, uint64_t a, uint64_t b,
                        uint64_t c, const char *text);
void xen_pt_report(XenPtVm *vm, XenPtLevel level, const char *sentence);

#endif /* XEN_PT_QEMU_ADAPTER_H */
