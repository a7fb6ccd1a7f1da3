/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * xen-pt: taking a function away
 *
 * A running guest is asked, as hardware would.  One that cannot answer is
 * not: its domain has shut down or is dying, or its operating system never
 * turned ACPI hot plug on.  QEMU's own handler waits for the answer all the
 * same, and the toolstack then waits for QEMU, ten seconds for each device.
 *
 * An operating system masks the hot plug event while it handles one, which
 * may take long: that it is masked tells nothing of a guest that has been seen
 * with the event enabled, or that has taken the event.
 *
 * So a handler of ours stands before the bus's own one.  It passes on
 * everything for every other device, and for ours all but the requests that
 * nobody will answer.
 */
#include "qemu/osdep.h"
#include "qapi/error.h"
#include "qapi/qapi-events-qdev.h"
#include "qemu/error-report.h"
#include "qemu/main-loop.h"
#include "qemu/timer.h"
#include "hw/acpi/piix4.h"
#include "hw/hotplug.h"
#include "hw/pci/pci_bus.h"
#include "hw/qdev-core.h"
#include "adapter.h"
#include "trace.h"

#define TYPE_XEN_PT_HOTPLUG "xen-pt-hotplug"
DECLARE_INSTANCE_CHECKER(XenPtHotplug, XEN_PT_HOTPLUG, TYPE_XEN_PT_HOTPLUG)

struct XenPtHotplug {
    Object parent_obj;
    HotplugHandler *next;      /* the bus's own */
    PIIX4PMState *pm;          /* the same, if it is one */
};

/* For somebody who could answer; the toolstack looks again after a second. */
#define ACPI_LOOK_MS    50
#define ACPI_LOOKS      15
/* When the toolstack gives up; asked again later, the guest may still. */
#define GUEST_ANSWER_MS 10000

/* Whoever is no PIIX4 is taken for one who answers. */
static bool acpi_hot_plug_is_on(PIIX4PMState *pm)
{
    return !pm || ((pm->ar.pm1.cnt.cnt & ACPI_BITMASK_SCI_ENABLE) &&
                   (pm->ar.gpe.en[0] & ACPI_PCI_HOTPLUG_STATUS));
}

/* A request sets the event's status, and only the guest clears it. */
static bool acpi_event_is_taken(PIIX4PMState *pm)
{
    return !(pm->ar.gpe.sts[0] & ACPI_PCI_HOTPLUG_STATUS);
}

/* What the guest has not been told, or has not answered, is off the table. */
static void forget_request(PIIX4PMState *pm, PCIDevice *pci)
{
    PCIBus *bus = pci_get_bus(pci);
    uint32_t slot = 1u << PCI_SLOT(pci->devfn);
    bool others = false, asked = false;
    uint64_t bsel;

    if (!pm) {
        return;
    }
    for (int f = 0; f < PCI_FUNC_MAX; f++) {
        PCIDevice *other =
            bus->devices[PCI_DEVFN(PCI_SLOT(pci->devfn), f)];

        if (other && other != pci) {
            others = true;
            asked |= DEVICE(other)->pending_deleted_event;
        }
    }
    bsel = object_property_get_uint(OBJECT(bus), ACPI_PCIHP_PROP_BSEL, NULL);
    if (bsel < ACPI_PCIHP_MAX_HOTPLUG_BUS) {
        AcpiPciHpPciStatus *status =
            &pm->acpi_pci_hotplug.acpi_pcihp_pci_status[bsel];

        if (!others) {
            status->up &= ~slot;
        }
        if (!asked) {
            status->down &= ~slot;
        }
    }
}

static void take_away(XenPtFunction *fn, const char *why, Error **errp)
{
    Error *local_err = NULL;

    trace_xen_pt_unplug_request(xen_pt_function_name(fn), why);
    forget_request(fn->hotplug->pm, PCI_DEVICE(fn));
    hotplug_handler_unplug(fn->hotplug->next, DEVICE(fn), &local_err);
    if (local_err) {
        error_propagate(errp, local_err);
        return;
    }
    object_unparent(OBJECT(fn));
}

/* Where nobody waits for the error. */
static void take_away_or_say(XenPtFunction *fn, const char *why)
{
    Error *local_err = NULL;

    take_away(fn, why, &local_err);
    if (local_err) {
        error_report_err(local_err);
    }
}

void xen_pt_hotplug_look(XenPtFunction *fn)
{
    if (!fn->acpi_seen && fn->hotplug) {
        fn->acpi_seen = acpi_hot_plug_is_on(fn->hotplug->pm);
    }
}

void xen_pt_hotplug_reset(XenPtFunction *fn)
{
    fn->acpi_seen = false;
}

/* The timer that runs from a request until its answer. */
static void xen_pt_unplug_timer(void *opaque)
{
    XenPtFunction *fn = opaque;

    if (fn->unplug_looks > 0) {
        xen_pt_hotplug_look(fn);
        if (!fn->acpi_seen && !acpi_event_is_taken(fn->hotplug->pm)) {
            if (--fn->unplug_looks > 0) {
                timer_mod(fn->unplug_timer,
                          qemu_clock_get_ms(QEMU_CLOCK_REALTIME) +
                          ACPI_LOOK_MS);
                return;
            }
            take_away_or_say(fn, "the guest has no ACPI hot plug");
            return;
        }
        fn->unplug_looks = 0;
        timer_mod(fn->unplug_timer,
                  qemu_clock_get_ms(QEMU_CLOCK_REALTIME) + GUEST_ANSWER_MS);
        return;
    }
    trace_xen_pt_unplug_request(xen_pt_function_name(fn),
                                "the guest has not answered");
    warn_report("xen-pt: %s: the guest has not given the device back within "
                "%d s; try again, or detach it by force",
                xen_pt_function_name(fn), GUEST_ANSWER_MS / 1000);
    xen_pt_send_unplug_guest_error(DEVICE(fn)->id,
                                   DEVICE(fn)->canonical_path);
}

static void xen_pt_unplug_request(HotplugHandler *handler, DeviceState *dev,
                                  Error **errp)
{
    XenPtHotplug *hotplug = XEN_PT_HOTPLUG(handler);
    HotplugHandlerClass *next = HOTPLUG_HANDLER_GET_CLASS(hotplug->next);
    XenPtFunction *fn =
        (XenPtFunction *)object_dynamic_cast(OBJECT(dev), TYPE_XEN_PT);
    Error *local_err = NULL;

    if (fn && xen_pt_domain_check() == XEN_PT_DOMAIN_GONE) {
        take_away(fn, "the domain is gone", errp);
        return;
    }
    if (!next->unplug_request) {
        hotplug_handler_unplug(hotplug->next, dev, &local_err);
        if (!local_err) {
            object_unparent(OBJECT(dev));
        }
        error_propagate(errp, local_err);
        return;
    }
    hotplug_handler_unplug_request(hotplug->next, dev, &local_err);
    if (local_err) {
        error_propagate(errp, local_err);
        return;
    }
    if (fn) {
        trace_xen_pt_unplug_request(xen_pt_function_name(fn),
                                    "the guest is asked");
        fn->unplug_pending = true;
        fn->unplug_looks = ACPI_LOOKS;
        timer_mod(fn->unplug_timer,
                  qemu_clock_get_ms(QEMU_CLOCK_REALTIME) + ACPI_LOOK_MS);
    }
}

static void xen_pt_pre_plug(HotplugHandler *handler, DeviceState *dev,
                            Error **errp)
{
    hotplug_handler_pre_plug(XEN_PT_HOTPLUG(handler)->next, dev, errp);
}

static void xen_pt_plug(HotplugHandler *handler, DeviceState *dev,
                        Error **errp)
{
    hotplug_handler_plug(XEN_PT_HOTPLUG(handler)->next, dev, errp);
}

static void xen_pt_unplug(HotplugHandler *handler, DeviceState *dev,
                          Error **errp)
{
    hotplug_handler_unplug(XEN_PT_HOTPLUG(handler)->next, dev, errp);
}

/* -- the adapter's side --------------------------------------------------- */

/* Stays before the bus's handler for as long as there is that bus. */
static XenPtHotplug *stand_before(BusState *bus)
{
    XenPtHotplug *hotplug = XEN_PT_HOTPLUG(object_new(TYPE_XEN_PT_HOTPLUG));

    hotplug->next = bus->hotplug_handler;
    hotplug->pm = (PIIX4PMState *)
        object_dynamic_cast(OBJECT(hotplug->next), TYPE_PIIX4_PM);
    object_property_add_child(OBJECT(bus), TYPE_XEN_PT_HOTPLUG,
                              OBJECT(hotplug));
    object_unref(OBJECT(hotplug));
    qbus_set_hotplug_handler(bus, OBJECT(hotplug));
    return hotplug;
}

void xen_pt_hotplug_add(XenPtFunction *fn)
{
    BusState *bus = qdev_get_parent_bus(DEVICE(fn));

    fn->unplug_timer = timer_new_ms(QEMU_CLOCK_REALTIME, xen_pt_unplug_timer,
                                    fn);
    if (!bus->hotplug_handler) {
        return;
    }
    fn->hotplug = (XenPtHotplug *)
        object_dynamic_cast(OBJECT(bus->hotplug_handler),
                            TYPE_XEN_PT_HOTPLUG);
    if (!fn->hotplug) {
        fn->hotplug = stand_before(bus);
    }
    xen_pt_hotplug_look(fn);
}

void xen_pt_hotplug_remove(XenPtFunction *fn)
{
    if (fn->away_bh) {
        qemu_bh_delete(fn->away_bh);
        fn->away_bh = NULL;
    }
    timer_free(fn->unplug_timer);
    fn->unplug_timer = NULL;
    fn->unplug_pending = false;
    fn->unplug_looks = 0;
    fn->hotplug = NULL;
    fn->acpi_seen = false;
}

static void away_bh(void *opaque)
{
    XenPtFunction *fn = opaque;

    if (fn->hotplug) {
        take_away_or_say(fn, fn->away_why);
    }
}

/* Whoever finds out may be in the midst of what this would free. */
static void take_away_soon(XenPtFunction *fn, const char *why)
{
    if (!fn->away_bh) {
        fn->away_why = why;
        fn->away_bh = qemu_bh_new_guarded(away_bh, fn,
                                          &DEVICE(fn)->mem_reentrancy_guard);
        qemu_bh_schedule(fn->away_bh);
    }
}

void xen_pt_hotplug_dropped(XenPtFunction *fn)
{
    warn_report("xen-pt: %s: the toolstack has given this device up, so it "
                "is taken from the guest", xen_pt_function_name(fn));
    take_away_soon(fn, "the toolstack gave it up");
}

void xen_pt_hotplug_domain_gone(void)
{
    XenPtFunction *fn;

    QTAILQ_FOREACH(fn, &xen_pt_functions, next) {
        if (fn->unplug_pending) {
            take_away_soon(fn, "the domain is gone");
        }
    }
}

static void xen_pt_hotplug_class_init(ObjectClass *klass,
                                      XEN_PT_CLASS_DATA *data)
{
    HotplugHandlerClass *hc = HOTPLUG_HANDLER_CLASS(klass);

    hc->pre_plug = xen_pt_pre_plug;
    hc->plug = xen_pt_plug;
    hc->unplug_request = xen_pt_unplug_request;
    hc->unplug = xen_pt_unplug;
}

static XEN_PT_INTERFACES xen_pt_hotplug_interfaces[] = {
    { TYPE_HOTPLUG_HANDLER },
    { },
};

static const TypeInfo xen_pt_hotplug_info = {
    .name = TYPE_XEN_PT_HOTPLUG,
    .parent = TYPE_OBJECT,
    .instance_size = sizeof(XenPtHotplug),
    .class_init = xen_pt_hotplug_class_init,
    .interfaces = xen_pt_hotplug_interfaces,
};

static void xen_pt_hotplug_register_types(void)
{
    type_register_static(&xen_pt_hotplug_info);
}

type_init(xen_pt_hotplug_register_types)
