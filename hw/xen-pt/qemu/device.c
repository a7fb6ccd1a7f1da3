/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * xen-pt: the QOM type "xen-pci-passthrough"
 *
 * A thin face of the core: properties become options, QEMU's callbacks become
 * calls of the core, the core's errors become QEMU's.  What a person needs to
 * know stands in the error itself and not in a hint: the toolstack shows
 * nothing else.
 */
#include "qemu/osdep.h"
#include "qapi/error.h"
#include "qemu/error-report.h"
#include "qemu/timer.h"
#include "hw/pci/pci_bus.h"
#include "migration/vmstate.h"
#include "xen-pt/introspect.h"
#include "xen-pt/sysfs.h"
#include "adapter.h"
#include "trace.h"

const char *xen_pt_function_name(const XenPtFunction *fn)
{
    if (fn->dev) {
        return xen_pt_device_name(fn->dev);
    }
    return fn->hostaddr ? fn->hostaddr : TYPE_XEN_PT;
}

static void xen_pt_set_error(Error **errp, GError *error)
{
    error_setg(errp, "%s", error->message);
    g_error_free(error);
}

/* -- the vm port ---------------------------------------------------------- */

static int64_t xen_pt_now_ms(XenPtVm *vm)
{
    return qemu_clock_get_ms(QEMU_CLOCK_REALTIME);
}

static void xen_pt_set_timer(XenPtVm *vm, int64_t at_ms)
{
    XenPtFunction *fn = container_of(vm, XenPtFunction, vm);

    if (at_ms < 0) {
        timer_del(fn->timer);
    } else {
        timer_mod(fn->timer, at_ms);
    }
}

static void xen_pt_timer(void *opaque)
{
    XenPtFunction *fn = opaque;

    if (fn->dev) {
        xen_pt_device_timer(fn->dev);
    }
}

static const XenPtVmOps xen_pt_vm_ops = {
    .commit_layout = xen_pt_commit_layout,
    .page_is_alone = xen_pt_page_is_alone,
    .now_ms = xen_pt_now_ms,
    .set_timer = xen_pt_set_timer,
    .start_reset = xen_pt_reset_start,
    .report = xen_pt_report,
    .event = xen_pt_trace_event,
};

/* -- the guest's accesses ------------------------------------------------- */

/* Guests read by the thousand: no checked casts here. */
static uint32_t xen_pt_config_read(PCIDevice *pci, uint32_t addr, int len)
{
    XenPtFunction *fn = container_of(pci, XenPtFunction, parent_obj);

    return fn->dev ? xen_pt_device_config_read(fn->dev, addr, len)
                   : MAKE_64BIT_MASK(0, len * 8);
}

static void xen_pt_config_write(PCIDevice *pci, uint32_t addr, uint32_t value,
                                int len)
{
    XenPtFunction *fn = container_of(pci, XenPtFunction, parent_obj);

    if (fn->dev) {
        xen_pt_hotplug_look(fn);
        xen_pt_device_config_write(fn->dev, addr, value, len);
    }
}

/* -- life ----------------------------------------------------------------- */

static XenPtBus xen_pt_bus(PCIDevice *pci)
{
    PCIBus *bus = pci_get_bus(pci);

    if (!pci_bus_is_express(bus)) {
        return XEN_PT_BUS_CONVENTIONAL;
    }
    return pci_bus_is_root(bus) ? XEN_PT_BUS_ROOT_COMPLEX
                                : XEN_PT_BUS_BELOW_PORT;
}

/* What the toolstack cannot pass on stands in a file; quirks come on top. */
static bool xen_pt_options(XenPtFunction *fn, const XenPtHostInfo *info,
                           XenPtOptions *options, GError **errp)
{
    const char *file = fn->rules_file;

    if (!xen_pt_rules_load(file ? file : XEN_PT_RULES_FILE, file != NULL,
                           info, &fn->rules, errp)) {
        return false;
    }
    xen_pt_quirks_match(info, &fn->quirk_allow, &fn->quirk_forbid);
    *options = (XenPtOptions) {
        .permissive = fn->rules.permissive == 1,
        .real_power = fn->rules.real_power == 1,
        .allow_reset = fn->rules.allow_reset == 1,
        .refuse_shared = fn->rules.refuse_shared == 1,
        .no_rom = !PCI_DEVICE(fn)->rom_bar,
        .multifunction =
            PCI_DEVICE(fn)->cap_present & QEMU_PCI_CAP_MULTIFUNCTION,
        .bus = xen_pt_bus(PCI_DEVICE(fn)),
        .allow = fn->rules.allow,
        .quirks = fn->quirk_allow,
        .forbid = fn->quirk_forbid,
    };
    return true;
}

static XenPtDevice *xen_pt_open(XenPtFunction *fn, XenPtHypervisor *hv,
                                GError **errp)
{
    g_autoptr(GPtrArray) warnings = g_ptr_array_new_with_free_func(g_free);
    XenPtSysfsOptions sysfs = {
        .domid = xen_domid, .owner = xen_pt_domain_owner,
    };
    PCIDevice *pci = PCI_DEVICE(fn);
    g_autofree char *own_rules = g_strdup(fn->rules.allow);
    XenPtOptions options;
    char name[XEN_PT_BDF_LEN];
    XenPtFunction *other;
    XenPtAddress address;
    XenPtDevice *dev;
    XenPtHost *host;

    if (!fn->hostaddr) {
        g_set_error(errp, XEN_PT_ERROR, XEN_PT_ERROR_ADDRESS,
                    TYPE_XEN_PT " needs the host's device; give its address "
                    "as hostaddr=DDDD:BB:SS.F, for example "
                    "hostaddr=0000:03:00.0");
        return NULL;
    }
    if (!xen_pt_address_parse(fn->hostaddr, &address)) {
        g_set_error(errp, XEN_PT_ERROR, XEN_PT_ERROR_ADDRESS,
                    "hostaddr='%s' is not the address of a PCI function; "
                    "give it as DDDD:BB:SS.F in hexadecimal, as lspci -D "
                    "prints it", fn->hostaddr);
        return NULL;
    }
    QTAILQ_FOREACH(other, &xen_pt_functions, next) {
        if (g_str_equal(xen_pt_device_name(other->dev),
                        xen_pt_address_format(&address, name))) {
            g_set_error(errp, XEN_PT_ERROR, XEN_PT_ERROR_ADDRESS,
                        "%s: the guest has this device already, as '%s'; "
                        "detach that first", fn->hostaddr,
                        DEVICE(other)->id ? DEVICE(other)->id : "-");
            return NULL;
        }
    }
    host = xen_pt_sysfs_open_with(&sysfs, &address, errp, warnings);
    if (!host) {
        return NULL;
    }
    if (!xen_pt_options(fn, &host->info, &options, errp)) {
        host->ops->close(host);
        return NULL;
    }
    if (pci->romfile && *pci->romfile) {
        host = xen_pt_romfile_open(fn, host, errp);
        if (!host) {
            return NULL;
        }
    }
    fn->host = host;
    dev = xen_pt_device_open(host, hv, &fn->vm, &options, errp);
    if (!dev && g_strcmp0(own_rules, fn->rules.allow) &&
        g_error_matches(*errp, XEN_PT_ERROR, XEN_PT_ERROR_POLICY)) {
        /* Whoever reads it has not typed the rule. */
        g_prefix_error(errp, "%s: ", fn->rules_file ? fn->rules_file
                                                    : XEN_PT_RULES_FILE);
    }
    for (unsigned i = 0; dev && i < warnings->len; i++) {
        xen_pt_device_warn(dev, g_ptr_array_index(warnings, i));
    }
    return dev;
}

/*
 * QEMU looks at these itself, for query-pci and when it places BARs; the
 * guest never reads them.
 */
static void xen_pt_describe(XenPtFunction *fn)
{
    const XenPtHostInfo *info = xen_pt_device_info(fn->dev);
    uint8_t *config = PCI_DEVICE(fn)->config;

    pci_config_set_vendor_id(config, info->vendor);
    pci_config_set_device_id(config, info->device);
    pci_set_word(config + PCI_SUBSYSTEM_VENDOR_ID, info->subsystem_vendor);
    pci_set_word(config + PCI_SUBSYSTEM_ID, info->subsystem_device);
    pci_config_set_revision(config, info->revision);
    pci_config_set_prog_interface(config, info->class_code & 0xff);
    pci_config_set_class(config, info->class_code >> 8);
    config[PCI_INTERRUPT_PIN] =
        xen_pt_config_value(fn->dev, PCI_INTERRUPT_PIN, 1);
}

/* Undoes xen_pt_plug_in(), in the reverse order. */
static void xen_pt_pull_out(XenPtFunction *fn)
{
    XenPtDevice *dev = fn->dev;

    xen_pt_reset_wait(fn);
    xen_pt_hotplug_remove(fn);
    xen_pt_domain_remove(fn);
    QTAILQ_REMOVE(&xen_pt_functions, fn, next);
    xen_pt_device_stop(dev);
    if (QTAILQ_EMPTY(&xen_pt_functions)) {
        xen_pt_regions_unlisten();
    }
}

static bool xen_pt_plug_in(XenPtFunction *fn, GError **errp)
{
    PCIDevice *pci = PCI_DEVICE(fn);

    xen_pt_describe(fn);
    xen_pt_regions_register(fn);
    if (QTAILQ_EMPTY(&xen_pt_functions)) {
        xen_pt_regions_listen();
    }
    QTAILQ_INSERT_TAIL(&xen_pt_functions, fn, next);
    xen_pt_domain_add(fn);
    xen_pt_hotplug_add(fn);
    if (!xen_pt_device_start(fn->dev, pci_dev_bus_num(pci),
                             PCI_SLOT(pci->devfn), errp)) {
        xen_pt_pull_out(fn);
        return false;
    }
    return true;
}

/* Of `BDF.*` xl sends the highest function, and believes that it is done. */
static void xen_pt_explain_lone(XenPtFunction *fn)
{
    PCIDevice *pci = PCI_DEVICE(fn);
    unsigned slot = PCI_SLOT(pci->devfn);
    g_autofree char *sentence = NULL;

    if (PCI_FUNC(pci->devfn) == 0 ||
        pci_get_bus(pci)->devices[PCI_DEVFN(slot, 0)]) {
        return;
    }
    sentence = g_strdup_printf(
        "%s: the guest sees its function %02x.%x when %02x.0 is there, too; "
        "if this was an attach of BDF.*, of which xl sends the highest "
        "function alone, attach BDF.0@%02x now", xen_pt_function_name(fn),
        slot, PCI_FUNC(pci->devfn), slot, slot);
    xen_pt_device_warn(fn->dev, sentence);
}

static void xen_pt_realize(PCIDevice *pci, Error **errp)
{
    XenPtFunction *fn = XEN_PT(pci);
    XenPtHypervisor *hv;
    GError *error = NULL;

    trace_xen_pt_realize(xen_pt_function_name(fn), xen_pt_version);
    hv = xen_pt_domain_get(&error);
    if (!hv) {
        if (fn->hostaddr) {
            g_prefix_error(&error, "%s: ", fn->hostaddr);
        }
        goto no_domain;
    }
    fn->vm.ops = &xen_pt_vm_ops;
    fn->timer = timer_new_ms(QEMU_CLOCK_REALTIME, xen_pt_timer, fn);
    fn->dev = xen_pt_open(fn, hv, &error);
    if (!fn->dev) {
        goto not_open;
    }
    if (!xen_pt_plug_in(fn, &error)) {
        goto not_plugged;
    }
    trace_xen_pt_realized(xen_pt_function_name(fn),
                          PCI_SLOT(pci->devfn), PCI_FUNC(pci->devfn));
    xen_pt_explain_lone(fn);
    return;

not_plugged:
    xen_pt_device_close(g_steal_pointer(&fn->dev));
not_open:
    timer_free(g_steal_pointer(&fn->timer));
    xen_pt_domain_put();
no_domain:
    trace_xen_pt_realize_failed(error->message);
    xen_pt_set_error(errp, error);
}

/*
 * QEMU wants to know of several functions in a slot before it registers one;
 * the toolstack never says so.  Function 0 comes last, and by then it shows.
 */
static void xen_pt_realize_early(DeviceState *qdev, Error **errp)
{
    PCIDevice *pci = PCI_DEVICE(qdev);
    PCIBus *bus = pci_get_bus(pci);

    if (pci->devfn >= 0 && PCI_FUNC(pci->devfn) != 0) {
        PCIDevice *first = bus->devices[pci->devfn & ~(PCI_FUNC_MAX - 1)];

        if (first && (qdev->hotplugged || !(first->cap_present &
                                            QEMU_PCI_CAP_MULTIFUNCTION))) {
            error_setg(errp, "%s: the guest has its function %02x.0 already "
                       "and would not look for %02x.%x; add function 0 last, "
                       "or take a slot for each",
                       xen_pt_function_name(XEN_PT(qdev)),
                       PCI_SLOT(pci->devfn), PCI_SLOT(pci->devfn),
                       PCI_FUNC(pci->devfn));
            return;
        }
        pci->cap_present |= QEMU_PCI_CAP_MULTIFUNCTION;
    } else if (pci->devfn >= 0) {
        for (int f = 1; f < PCI_FUNC_MAX; f++) {
            if (bus->devices[pci->devfn + f]) {
                pci->cap_present |= QEMU_PCI_CAP_MULTIFUNCTION;
            }
        }
    }
    XEN_PT_GET_CLASS(qdev)->parent_realize(qdev, errp);
}

static void xen_pt_exit(PCIDevice *pci)
{
    XenPtFunction *fn = XEN_PT(pci);

    trace_xen_pt_exit(xen_pt_function_name(fn));
    xen_pt_pull_out(fn);
    xen_pt_device_close(g_steal_pointer(&fn->dev));
    timer_free(g_steal_pointer(&fn->timer));
    xen_pt_domain_put();
}

static void xen_pt_reset(DeviceState *qdev)
{
    XenPtFunction *fn = XEN_PT(qdev);

    if (fn->dev) {
        xen_pt_hotplug_reset(fn);
        xen_pt_device_reset(fn->dev);
    }
}

/* -- saving --------------------------------------------------------------- */

/*
 * A physical device has no state that could be saved.  The toolstack asks for
 * the devices' state alone and does not look at migration blockers, so that
 * the refusal has to come from here; it lets the guest run on then.
 */
static int xen_pt_pre_save(void *opaque)
{
    XenPtFunction *fn = opaque;

    trace_xen_pt_save_refused(xen_pt_function_name(fn));
    error_report("xen-pt: %s: the guest cannot be saved or migrated while it "
                 "has this device; detach it first",
                 xen_pt_function_name(fn));
    return -EOPNOTSUPP;
}

static const VMStateDescription vmstate_xen_pt = {
    .name = TYPE_XEN_PT,
    .unmigratable = 1,
    .pre_save = xen_pt_pre_save,
    .fields = (const VMStateField[]) {
        VMSTATE_END_OF_LIST()
    },
};

/* -- the type ------------------------------------------------------------- */

/*
 * Not QEMU's tables of properties: the booleans have to know whether they
 * were set at all, because the rules file decides those that were not.
 */
static bool xen_pt_may_set(XenPtFunction *fn, Error **errp)
{
    if (fn->dev) {
        error_setg(errp, "%s: options can be set only before the device is "
                   "plugged in", xen_pt_function_name(fn));
        return false;
    }
    return true;
}

#define XEN_PT_BOOL(name, field)                                        \
static bool xen_pt_get_##name(Object *obj, Error **errp)                \
{                                                                       \
    return XEN_PT(obj)->field == 1;                                     \
}                                                                       \
                                                                        \
static void xen_pt_set_##name(Object *obj, bool value, Error **errp)    \
{                                                                       \
    if (xen_pt_may_set(XEN_PT(obj), errp)) {                            \
        XEN_PT(obj)->field = value;                                     \
    }                                                                   \
}

#define XEN_PT_TEXT(name, field)                                        \
static char *xen_pt_get_##name(Object *obj, Error **errp)               \
{                                                                       \
    return g_strdup(XEN_PT(obj)->field ? XEN_PT(obj)->field : "");      \
}                                                                       \
                                                                        \
static void xen_pt_set_##name(Object *obj, const char *value,           \
                              Error **errp)                             \
{                                                                       \
    if (xen_pt_may_set(XEN_PT(obj), errp)) {                            \
        g_free(XEN_PT(obj)->field);                                     \
        XEN_PT(obj)->field = g_strdup(value);                           \
    }                                                                   \
}

XEN_PT_TEXT(hostaddr, hostaddr)
XEN_PT_TEXT(allow, rules.allow)
XEN_PT_TEXT(rules_file, rules_file)
XEN_PT_BOOL(permissive, rules.permissive)
XEN_PT_BOOL(real_power, rules.real_power)
XEN_PT_BOOL(allow_reset, rules.allow_reset)
XEN_PT_BOOL(refuse_shared, rules.refuse_shared)

static char *xen_pt_get_version(Object *obj, Error **errp)
{
    return g_strdup(xen_pt_version);
}

static char *xen_pt_get_status(Object *obj, Error **errp)
{
    XenPtFunction *fn = XEN_PT(obj);

    return fn->dev ? xen_pt_introspect_status(fn->dev, fn->unplug_pending)
                   : g_strdup("{}");
}

static char *xen_pt_get_config(Object *obj, Error **errp)
{
    XenPtFunction *fn = XEN_PT(obj);

    return fn->dev ? xen_pt_introspect_config(fn->dev) : g_strdup("");
}

static void xen_pt_instance_init(Object *obj)
{
    XEN_PT(obj)->rules = (XenPtRules)XEN_PT_RULES_INIT;
    /* 4 KiB of configuration space; on a conventional bus 256 bytes of it */
    PCI_DEVICE(obj)->cap_present |= QEMU_PCI_CAP_EXPRESS;
}

static void xen_pt_instance_finalize(Object *obj)
{
    XenPtFunction *fn = XEN_PT(obj);

    g_free(fn->hostaddr);
    g_free(fn->rules_file);
    xen_pt_rules_clear(&fn->rules);
    g_free(fn->quirk_allow);
    g_free(fn->quirk_forbid);
}

static void xen_pt_class_bool(ObjectClass *klass, const char *name,
                              bool (*get)(Object *, Error **),
                              void (*set)(Object *, bool, Error **),
                              const char *description)
{
    object_class_property_add_bool(klass, name, get, set);
    object_class_property_set_description(klass, name, description);
}

static void xen_pt_class_text(ObjectClass *klass, const char *name,
                              char *(*get)(Object *, Error **),
                              void (*set)(Object *, const char *, Error **),
                              const char *description)
{
    object_class_property_add_str(klass, name, get, set);
    object_class_property_set_description(klass, name, description);
}

static void xen_pt_class_init(ObjectClass *klass, XEN_PT_CLASS_DATA *data)
{
    DeviceClass *dc = DEVICE_CLASS(klass);
    PCIDeviceClass *pc = PCI_DEVICE_CLASS(klass);

    pc->realize = xen_pt_realize;
    pc->exit = xen_pt_exit;
    pc->config_read = xen_pt_config_read;
    pc->config_write = xen_pt_config_write;
    device_class_set_parent_realize(dc, xen_pt_realize_early,
                                    &XEN_PT_CLASS(klass)->parent_realize);
    dc->desc = "Assign an host PCI device with Xen";
    dc->vmsd = &vmstate_xen_pt;
    xen_pt_class_set_reset(dc, xen_pt_reset);
    set_bit(DEVICE_CATEGORY_MISC, dc->categories);

    xen_pt_class_text(klass, "hostaddr", xen_pt_get_hostaddr,
                      xen_pt_set_hostaddr,
                      "Address of the host's function, as lspci -D prints it");
    xen_pt_class_bool(klass, "permissive", xen_pt_get_permissive,
                      xen_pt_set_permissive,
                      "Registers that no table knows are writable");
    xen_pt_class_text(klass, "allow", xen_pt_get_allow, xen_pt_set_allow,
                      "Registers that are writable, as setpci names them");
    xen_pt_class_bool(klass, "real-power", xen_pt_get_real_power,
                      xen_pt_set_real_power,
                      "The guest's power states reach the device");
    xen_pt_class_bool(klass, "allow-reset", xen_pt_get_allow_reset,
                      xen_pt_set_allow_reset,
                      "The guest may reset the function (FLR)");
    xen_pt_class_bool(klass, "refuse-shared", xen_pt_get_refuse_shared,
                      xen_pt_set_refuse_shared,
                      "Refuse a BAR that shares a page with another function");
    xen_pt_class_text(klass, "rules-file", xen_pt_get_rules_file,
                      xen_pt_set_rules_file,
                      "File with options (default: " XEN_PT_RULES_FILE ")");
    xen_pt_class_text(klass, "xen-pt-version", xen_pt_get_version, NULL,
                      "The sources of xen-pt that this was built from");
    xen_pt_class_text(klass, "xen-pt-status", xen_pt_get_status, NULL,
                      "What the device is doing, as JSON");
    xen_pt_class_text(klass, "xen-pt-config", xen_pt_get_config, NULL,
                      "The guest's configuration space, for lspci -F");
}

static XEN_PT_INTERFACES xen_pt_interfaces[] = {
    { INTERFACE_CONVENTIONAL_PCI_DEVICE },
    { INTERFACE_PCIE_DEVICE },
    { },
};

static const TypeInfo xen_pt_info = {
    .name = TYPE_XEN_PT,
    .parent = TYPE_PCI_DEVICE,
    .instance_size = sizeof(XenPtFunction),
    .class_size = sizeof(XenPtFunctionClass),
    .instance_init = xen_pt_instance_init,
    .instance_finalize = xen_pt_instance_finalize,
    .class_init = xen_pt_class_init,
    .interfaces = xen_pt_interfaces,
};

static void xen_pt_register_types(void)
{
    type_register_static(&xen_pt_info);
}

type_init(xen_pt_register_types)
