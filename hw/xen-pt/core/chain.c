/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * xen-pt core: the capability lists
 *
 * One bounded walk over the device's list makes an index of instances; the
 * guest's list is linked anew from those that are shown.  What is wrong in
 * the device's list ends the walk or hides the instance, with one sentence;
 * the bytes concerned are then out of the guest's reach.
 */
#include <string.h>

#include "internal.h"
#include "pci-regs.h"

#define MAX_CAPS     ((XEN_PT_CONFIG_SIZE - PCI_STD_HEADER_SIZEOF) / 4)
#define MAX_EXT_CAPS ((XEN_PT_CONFIG_EXT_SIZE - XEN_PT_CONFIG_SIZE) / 8)

static const XenPtCapability *find_table(uint16_t id, bool extended)
{
    const XenPtCapability *const *caps = xen_pt_capabilities();

    for (; *caps; caps++) {
        if ((*caps)->id == id && (*caps)->extended == extended) {
            return *caps;
        }
    }
    return NULL;
}

static XenPtInstance *instance_at(XenPtDevice *dev, unsigned i)
{
    return dev->instances->pdata[i];
}

static XenPtInstance *add_instance(XenPtDevice *dev, uint16_t id,
                                   uint16_t offset, bool extended)
{
    XenPtInstance *inst = g_new0(XenPtInstance, 1);

    inst->cap = find_table(id, extended);
    inst->id = id;
    inst->offset = offset;
    inst->extended = extended;
    g_ptr_array_add(dev->instances, inst);
    return inst;
}

static void hide(XenPtDevice *dev, XenPtInstance *inst, const char *why,
                 bool say)
{
    inst->shown = false;
    inst->why = why;
    xen_pt_event(dev, XEN_PT_EVENT_HIDE, inst->id, inst->offset,
                 inst->extended, why);
    if (say) {
        xen_pt_warn(dev, "%s: capability 0x%02x at config offset 0x%x is "
                    "hidden from the guest: %s", dev->name, inst->id,
                    inst->offset, why);
    }
}

/* Where the next instance of the same space begins, or the space ends. */
static unsigned gap_end(XenPtDevice *dev, const XenPtInstance *inst)
{
    unsigned end = inst->extended ? XEN_PT_CONFIG_EXT_SIZE
                                  : XEN_PT_CONFIG_SIZE;

    for (unsigned i = 0; i < dev->instances->len; i++) {
        const XenPtInstance *other = instance_at(dev, i);

        if (other->extended == inst->extended &&
            other->offset > inst->offset) {
            end = MIN(end, other->offset);
        }
    }
    return end;
}

static bool is_second(XenPtDevice *dev, const XenPtCapability *cap,
                      unsigned index)
{
    for (unsigned i = 0; i < index; i++) {
        if (instance_at(dev, i)->cap == cap) {
            return true;
        }
    }
    return false;
}

/* Decides on one instance and fills in its masks. */
static void settle_instance(XenPtDevice *dev, XenPtInstance *inst,
                            unsigned index)
{
    const XenPtCapability *cap = inst->cap;
    unsigned head = inst->extended ? 4 : 2;
    unsigned end = gap_end(dev, inst), length;
    const char *why = NULL;

    inst->length = head;
    if (!cap) {
        hide(dev, inst, "xen-pt does not know it", false);
        /* its pointer must not lead a guest on; the body is unknown bytes */
        xen_pt_config_seal(dev, inst->offset, head);
        return;
    }
    length = MAX(cap->min_length, head);
    if (cap->length) {
        unsigned told = cap->length(dev, inst, &why);

        if (!told) {
            inst->length = MIN(length, end - inst->offset);
            inst->claims = length;
            hide(dev, inst, cap->hidden ? cap->hidden : why ? why
                 : "its length makes no sense", !cap->hidden);
            xen_pt_config_seal(dev, inst->offset, inst->length);
            return;
        }
        length = MAX(length, told);
    }
    if (cap->hidden || (cap->single && is_second(dev, cap, index))) {
        inst->length = MIN(length, end - inst->offset);
        /* an end that nobody knows is no claim on what follows */
        inst->claims = length < XEN_PT_CONFIG_EXT_SIZE ? length
                                                       : inst->length;
        hide(dev, inst, cap->hidden ? cap->hidden
             : "the device has it twice", !cap->hidden);
        xen_pt_config_seal(dev, inst->offset, inst->length);
        return;
    }
    inst->claims = length;
    if (length > end - inst->offset) {
        inst->length = end - inst->offset;
        if (!cap->may_trim || inst->length < MAX(cap->min_length, head)) {
            hide(dev, inst, "its registers run into the next capability or "
                 "over the end of config space", true);
            xen_pt_config_seal(dev, inst->offset, inst->length);
            return;
        }
        xen_pt_warn(dev, "%s: capability 0x%02x at config offset 0x%x says "
                    "that it is %u bytes long, which runs into what follows; "
                    "the guest gets %u bytes of it", dev->name, inst->id,
                    inst->offset, length, inst->length);
    } else {
        inst->length = length;
    }
    inst->shown = true;
    xen_pt_config_compile(dev, inst);
    if (cap->setup && !cap->setup(dev, inst, &why)) {
        hide(dev, inst, why ? why : "it cannot be used here", false);
        xen_pt_config_seal(dev, inst->offset, inst->length);
        return;
    }
    xen_pt_event(dev, XEN_PT_EVENT_OPEN, inst->id, inst->offset,
                 inst->length, cap->name);
}

/*
 * Registers of a hidden capability that lie within its neighbour's bytes
 * stay out of reach, whatever the neighbour's table (or permissive mode)
 * would open.
 */
static void protect_overlaps(XenPtDevice *dev, unsigned first)
{
    XenPtConfig *c = &dev->config;

    for (unsigned i = first; i < dev->instances->len; i++) {
        const XenPtInstance *inst = instance_at(dev, i);
        unsigned end = MIN(inst->offset + inst->claims,
                           XEN_PT_CONFIG_EXT_SIZE);

        for (unsigned at = inst->offset + inst->length;
             !inst->shown && at < end; at++) {
            c->write_host[at] = 0;
            c->rw1c[at] = 0xff;
        }
    }
}

/* A register the chain owns: fixed, as given. */
static void set_fixed(XenPtDevice *dev, uint16_t offset, unsigned size,
                      uint32_t value)
{
    const XenPtField f = {
        .size = size, .fixed = size == 4 ? ALL_ONES : (1u << (8 * size)) - 1,
        .init = value,
    };

    xen_pt_config_set(dev, offset, &f);
}

static void link_standard(XenPtDevice *dev)
{
    uint16_t link = PCI_CAPABILITY_LIST;

    set_fixed(dev, link, 1, 0);
    for (unsigned i = 0; i < dev->instances->len; i++) {
        const XenPtInstance *inst = instance_at(dev, i);

        if (!inst->extended && inst->shown) {
            set_fixed(dev, link, 1, inst->offset);
            set_fixed(dev, inst->offset + PCI_CAP_LIST_ID, 1, inst->id);
            link = inst->offset + PCI_CAP_LIST_NEXT;
            set_fixed(dev, link, 1, 0);
        }
    }
    if (link == PCI_CAPABILITY_LIST) {
        uint32_t status = xen_pt_config_value(dev, PCI_STATUS, 2);

        xen_pt_config_store_initial(dev, PCI_STATUS, 2,
                                    status & ~PCI_STATUS_CAP_LIST);
    }
}

void xen_pt_chain_open(XenPtDevice *dev)
{
    uint8_t seen[XEN_PT_CONFIG_SIZE] = { 0 };
    unsigned next = 0, from = PCI_CAPABILITY_LIST, last;

    if (xen_pt_config_host(dev, PCI_STATUS, 2) & PCI_STATUS_CAP_LIST) {
        next = xen_pt_config_host(dev, PCI_CAPABILITY_LIST, 1);
    }
    for (unsigned i = 0; next && i < MAX_CAPS; i++) {
        uint32_t head;

        if (next & 3) {
            /* reserved bits, which software must mask: PCI 3.0, 6.7 */
            xen_pt_warn(dev, "%s: the capability pointer at config offset "
                        "0x%x is misaligned (0x%02x); its low bits are "
                        "ignored", dev->name, from, next);
            next &= ~3u;
            if (!next) {
                break;
            }
        }
        if (next < PCI_STD_HEADER_SIZEOF) {
            xen_pt_warn(dev, "%s: the capability pointer at config offset "
                        "0x%x points into the header (0x%02x); the list ends "
                        "there for the guest", dev->name, from, next);
            break;
        }
        if (seen[next]) {
            xen_pt_warn(dev, "%s: the capability list loops (config offset "
                        "0x%x points back to 0x%02x); it ends there for the "
                        "guest", dev->name, from, next);
            break;
        }
        seen[next] = 1;
        head = xen_pt_config_host(dev, next, 4);
        if ((head & 0xff) == 0xff) {
            xen_pt_warn(dev, "%s: there is no capability at config offset "
                        "0x%02x (it reads all ones); the list ends there for "
                        "the guest", dev->name, next);
            break;
        }
        add_instance(dev, head & 0xff, next, false);
        from = next + PCI_CAP_LIST_NEXT;
        next = (head >> 8) & 0xff;
    }
    last = dev->instances->len;
    for (unsigned i = 0; i < last; i++) {
        settle_instance(dev, instance_at(dev, i), i);
    }
    protect_overlaps(dev, 0);
    link_standard(dev);
}

static void link_extended(XenPtDevice *dev)
{
    XenPtInstance *prev = NULL;

    for (unsigned i = 0; i < dev->instances->len; i++) {
        XenPtInstance *inst = instance_at(dev, i);

        if (!inst->extended || !inst->shown) {
            continue;
        }
        set_fixed(dev, inst->offset, 4,
                  inst->id | (uint32_t)inst->version << 16);
        if (prev) {
            set_fixed(dev, prev->offset, 4,
                      prev->id | (uint32_t)prev->version << 16 |
                      (uint32_t)inst->offset << 20);
        } else if (inst->offset != XEN_PT_CONFIG_SIZE) {
            /* the list starts at 0x100: a null capability leads on */
            set_fixed(dev, XEN_PT_CONFIG_SIZE, 4,
                      (uint32_t)inst->offset << 20);
        }
        prev = inst;
    }
    if (!prev) {
        set_fixed(dev, XEN_PT_CONFIG_SIZE, 4, 0);
    }
}

void xen_pt_chain_open_extended(XenPtDevice *dev)
{
    uint8_t seen[XEN_PT_CONFIG_EXT_SIZE / 4] = { 0 };
    unsigned next = XEN_PT_CONFIG_SIZE, from = 0;
    unsigned first = dev->instances->len;

    for (unsigned i = 0; next && i < MAX_EXT_CAPS; i++) {
        XenPtInstance *inst;
        uint32_t head;

        if (next & 3) {
            xen_pt_warn(dev, "%s: the extended capability pointer at config "
                        "offset 0x%x is misaligned (0x%03x); its low bits "
                        "are ignored", dev->name, from, next);
            next &= ~3u;
            if (!next) {
                break;
            }
        }
        if (next < XEN_PT_CONFIG_SIZE) {
            xen_pt_warn(dev, "%s: the extended capability pointer at config "
                        "offset 0x%x points below 0x100 (0x%03x); the list "
                        "ends there for the guest", dev->name, from, next);
            break;
        }
        if (seen[next / 4]) {
            xen_pt_warn(dev, "%s: the extended capability list loops (config "
                        "offset 0x%x points back to 0x%03x); it ends there "
                        "for the guest", dev->name, from, next);
            break;
        }
        seen[next / 4] = 1;
        head = xen_pt_config_host(dev, next, 4);
        if (head == ALL_ONES || (head == 0 && next == XEN_PT_CONFIG_SIZE)) {
            /* no extended space at all, or an empty list: PCIe 6.0, 7.6.3 */
            if (next != XEN_PT_CONFIG_SIZE) {
                xen_pt_warn(dev, "%s: there is no extended capability at "
                            "config offset 0x%03x (it reads all ones); the "
                            "list ends there for the guest", dev->name, next);
            }
            break;
        }
        if ((head & 0xffff) != 0) {
            inst = add_instance(dev, head & 0xffff, next, true);
            inst->version = (head >> 16) & 0xf;
        }
        from = next;
        next = head >> 20;
    }
    for (unsigned i = first; i < dev->instances->len; i++) {
        settle_instance(dev, instance_at(dev, i), i);
    }
    protect_overlaps(dev, first);
    link_extended(dev);
}

const XenPtInstance *xen_pt_chain_find(XenPtDevice *dev, uint16_t id,
                                       bool extended)
{
    for (unsigned i = 0; i < dev->instances->len; i++) {
        const XenPtInstance *inst = instance_at(dev, i);

        if (inst->id == id && inst->extended == extended && inst->shown) {
            return inst;
        }
    }
    return NULL;
}
