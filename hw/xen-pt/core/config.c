/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * xen-pt core: the engine of configuration space
 *
 * Knows no capability.  Field tables become masks for each byte; an access
 * is split over the bytes it covers and each byte obeys its own masks, so
 * that no wide or misaligned write crosses into a field (XSA-128).  A read
 * asks the device only if a byte of it is live.
 */
#include <errno.h>
#include <string.h>

#include "internal.h"
#include "pci-regs.h"

static inline uint8_t byte_of(uint32_t value, unsigned i)
{
    return value >> (8 * i);
}

/* -- the device's own space ----------------------------------------------- */

/*
 * All ones may be data, or a device that has left the bus (surprise removal,
 * D3cold, reset).  A register that is never all ones tells: dword 0, or for
 * a VF, whose ids read FFFF, the header of a capability.
 */
static bool confirm_gone(XenPtDevice *dev)
{
    uint16_t witness = PCI_VENDOR_ID;
    uint32_t value = ALL_ONES;
    int got;

    if (dev->host->info.is_virtfn) {
        if (!dev->instances || !dev->instances->len) {
            return false;
        }
        witness = ((XenPtInstance *)dev->instances->pdata[0])->offset;
    }
    dev->counters.host_reads++;
    got = dev->host->ops->config_read(dev->host, witness, &value, 4);
    if (got == 4 && value != ALL_ONES) {
        return false;
    }
    if (!dev->gone) {
        dev->gone = true;
        xen_pt_event(dev, XEN_PT_EVENT_GONE, 0, 0, 0, NULL);
        xen_pt_warn(dev, "%s: the device no longer answers (all ones at "
                    "config offset 0x%x); the guest reads ones and nothing "
                    "is written to it any more: detach it, then check its "
                    "power and link", dev->name, witness);
    }
    return true;
}

bool xen_pt_host_read(XenPtDevice *dev, uint32_t addr, void *buf, size_t len)
{
    uint8_t *bytes = buf;
    bool ones = true;
    int got;

    memset(buf, 0xff, len);
    if (dev->gone) {
        return false;
    }
    dev->counters.host_reads++;
    got = dev->host->ops->config_read(dev->host, addr, buf, len);
    if (got < (int)len) {
        /* past the end of what the host offers, or refused: as no device */
        memset(bytes + MAX(got, 0), 0xff, len - MAX(got, 0));
        if (got <= 0) {
            return false;
        }
    }
    for (size_t i = 0; i < len && ones; i++) {
        ones = bytes[i] == 0xff;
    }
    return !(ones && confirm_gone(dev));
}

bool xen_pt_host_write(XenPtDevice *dev, uint32_t addr, const void *buf,
                       size_t len)
{
    int ret;

    if (dev->gone) {
        return false;
    }
    dev->counters.host_writes++;
    ret = dev->host->ops->config_write(dev->host, addr, buf, len);
    if (ret < 0) {
        xen_pt_warn(dev, "%s: writing %zu bytes at config offset 0x%x failed "
                    "(%s); is the kernel locked down?", dev->name, len, addr,
                    g_strerror(-ret));
        return false;
    }
    return true;
}

bool xen_pt_host_write16(XenPtDevice *dev, uint32_t addr, uint16_t value)
{
    uint8_t bytes[2] = { value & 0xff, value >> 8 };

    return xen_pt_host_write(dev, addr, bytes, 2);
}

void xen_pt_config_prefetch(XenPtDevice *dev, uint16_t offset,
                            uint16_t length)
{
    unsigned first = offset, last = offset + length, end;

    last = MIN(last, XEN_PT_CONFIG_EXT_SIZE);
    while (first < last) {
        for (end = first; end < last && !dev->cached[end]; end++) {
            dev->cached[end] = 1;
        }
        if (end > first) {
            xen_pt_host_read(dev, first, dev->cache + first, end - first);
        }
        first = end + 1;
    }
}

void xen_pt_config_forbid(XenPtDevice *dev, uint16_t offset)
{
    static const XenPtField never = {
        .size = 1, .fixed = 0xff, .init = 0xff,
    };

    dev->forbidden[offset] = 1;
    dev->cache[offset] = 0xff;
    dev->cached[offset] = 1;
    xen_pt_config_set(dev, offset, &never);
}

uint32_t xen_pt_config_host(XenPtDevice *dev, uint16_t offset, unsigned size)
{
    uint32_t value = 0;

    if (offset + size > XEN_PT_CONFIG_EXT_SIZE || size > 4) {
        return ALL_ONES;
    }
    xen_pt_config_prefetch(dev, offset, size);
    for (unsigned i = 0; i < size; i++) {
        value |= (uint32_t)dev->cache[offset + i] << (8 * i);
    }
    return value;
}

/* -- masks ---------------------------------------------------------------- */

void xen_pt_config_set(XenPtDevice *dev, uint16_t offset,
                       const XenPtField *f)
{
    XenPtConfig *c = &dev->config;
    uint32_t open_bits = dev->options.permissive ? f->permissive : 0;
    uint32_t virt = (f->fixed | f->ro | f->virt | f->hooked) & ~open_bits;
    uint32_t own = (f->virt | f->hooked) & ~open_bits;
    uint32_t host = f->host | f->rw1c | open_bits;
    uint32_t ones = (f->rw1c | f->trigger) & ~open_bits;
    uint32_t value = f->init & (f->fixed | f->virt | f->hooked);

    if (offset + f->size > XEN_PT_CONFIG_EXT_SIZE) {
        return;
    }
    if (f->ro & ~open_bits) {
        value |= xen_pt_config_host(dev, offset, f->size) & f->ro;
    }
    for (unsigned i = 0; i < f->size; i++) {
        unsigned at = offset + i;

        c->virt[at] = byte_of(virt, i);
        c->write_virt[at] = byte_of(own, i);
        c->write_host[at] = byte_of(host, i);
        c->rw1c[at] = byte_of(ones, i);
        c->with_next[at] = i + 1 < f->size &&
                           (f->trigger & ~open_bits) >> (8 * (i + 1));
        c->value[at] = byte_of(value, i) & c->virt[at];
        if (dev->forbidden[at]) {
            /* ones in the place of all that would be the device's */
            c->value[at] |= ~c->virt[at];
            c->virt[at] = 0xff;
            c->write_host[at] = 0;
            c->rw1c[at] = 0;
        }
        c->initial[at] = c->value[at];
        c->action[at] = byte_of(f->hooked, i) ? f->action : 0;
        c->claimed[at] = own | host ? XEN_PT_CLAIMED_WRITABLE
                                    : XEN_PT_CLAIMED;
    }
}

/* Out of the guest's sight and reach, whatever the mode. */
void xen_pt_config_seal(XenPtDevice *dev, uint16_t offset, uint16_t length)
{
    static const XenPtField sealed = { .size = 1, .fixed = 0xff };

    for (unsigned i = 0; i < length; i++) {
        xen_pt_config_set(dev, offset + i, &sealed);
    }
}

static void open_bytes(XenPtDevice *dev, uint16_t offset, uint16_t length)
{
    XenPtConfig *c = &dev->config;
    uint8_t host = dev->options.permissive ? 0xff : 0;

    for (unsigned i = offset; i < (unsigned)offset + length; i++) {
        if (!c->claimed[i]) {
            c->virt[i] = 0;
            c->write_host[i] = host;
        }
    }
}

void xen_pt_config_compile(XenPtDevice *dev, const XenPtInstance *inst)
{
    const XenPtField *f;
    uint32_t first = XEN_PT_CONFIG_EXT_SIZE, last = 0;

    /* what the fields will want, in one wide read */
    for (f = inst->cap->fields; f && f->size; f++) {
        if (f->ro && f->offset + f->size <= inst->length) {
            first = MIN(first, f->offset);
            last = MAX(last, (uint32_t)f->offset + f->size);
        }
    }
    if (first < last) {
        xen_pt_config_prefetch(dev, inst->offset + first, last - first);
    }
    for (f = inst->cap->fields; f && f->size; f++) {
        if (f->offset + f->size <= inst->length) {
            xen_pt_config_set(dev, inst->offset + f->offset, f);
        }
    }
    open_bytes(dev, inst->offset, inst->length);
}

void xen_pt_config_store(XenPtDevice *dev, uint16_t offset, unsigned size,
                         uint32_t value)
{
    for (unsigned i = 0; i < size; i++) {
        dev->config.value[offset + i] = byte_of(value, i);
    }
}

void xen_pt_config_store_initial(XenPtDevice *dev, uint16_t offset,
                                 unsigned size, uint32_t value)
{
    xen_pt_config_store(dev, offset, size, value);
    for (unsigned i = 0; i < size; i++) {
        dev->config.initial[offset + i] = byte_of(value, i);
    }
}

uint32_t xen_pt_config_value(const XenPtDevice *dev, uint16_t offset,
                             unsigned size)
{
    uint32_t value = 0;

    for (unsigned i = 0; i < size; i++) {
        value |= (uint32_t)dev->config.value[offset + i] << (8 * i);
    }
    return value;
}

void xen_pt_config_reset(XenPtDevice *dev)
{
    memcpy(dev->config.value, dev->config.initial,
           sizeof(dev->config.value));
}

/* -- open ----------------------------------------------------------------- */

/* sysfs ends a file at 64 bytes for a reader without privilege. */
static bool first_capability_readable(XenPtDevice *dev)
{
    uint32_t at = xen_pt_config_host(dev, PCI_CAPABILITY_LIST, 1) & ~3u;

    if (!(xen_pt_config_host(dev, PCI_STATUS, 2) & PCI_STATUS_CAP_LIST) ||
        at < PCI_STD_HEADER_SIZEOF || dev->cached[at]) {
        return true;
    }
    dev->counters.host_reads++;
    memset(dev->cached + at, 1, 4);
    if (dev->host->ops->config_read(dev->host, at, dev->cache + at,
                                    4) != 4) {
        return false;
    }
    if (xen_pt_config_host(dev, at, 4) == ALL_ONES) {
        confirm_gone(dev);      /* start will say so */
    }
    return true;
}

bool xen_pt_config_open(XenPtDevice *dev, GError **errp)
{
    const XenPtCapability *header = xen_pt_header();
    XenPtInstance inst = {
        .cap = header, .length = PCI_STD_HEADER_SIZEOF, .shown = true,
    };
    const char *why = NULL;
    uint32_t id;
    int got;

    dev->counters.host_reads++;
    memset(dev->cache, 0xff, PCI_STD_HEADER_SIZEOF);
    got = dev->host->ops->config_read(dev->host, 0, dev->cache,
                                      PCI_STD_HEADER_SIZEOF);
    if (got < PCI_STD_HEADER_SIZEOF) {
        g_set_error(errp, XEN_PT_ERROR, XEN_PT_ERROR_HOST,
                    "%s: its config space cannot be read (%s); the device "
                    "model must run as root with sysfs mounted", dev->name,
                    got < 0 ? g_strerror(-got) : "it ends within the header");
        return false;
    }
    memset(dev->cached, 1, PCI_STD_HEADER_SIZEOF);

    id = xen_pt_config_host(dev, PCI_VENDOR_ID, 4);
    if (id == ALL_ONES &&
        (!dev->host->info.is_virtfn ||
         xen_pt_config_host(dev, PCI_COMMAND, 4) == ALL_ONES)) {
        g_set_error(errp, XEN_PT_ERROR, XEN_PT_ERROR_GONE,
                    "%s: the device does not answer (its ids read all ones); "
                    "it may be in D3cold, in reset or unplugged: check its "
                    "power and `lspci -s %s` in dom0", dev->name, dev->name);
        return false;
    }
    if (id == 0) {
        g_set_error(errp, XEN_PT_ERROR, XEN_PT_ERROR_HOST,
                    "%s: its config space reads as zeros, which no device "
                    "does; check `lspci -xs %s` in dom0", dev->name,
                    dev->name);
        return false;
    }
    if ((dev->cache[PCI_HEADER_TYPE] & PCI_HEADER_TYPE_MASK) != 0) {
        g_set_error(errp, XEN_PT_ERROR, XEN_PT_ERROR_UNSUPPORTED,
                    "%s: its header type is %d (%s); only endpoints can be "
                    "passed through: give the guest the functions behind it "
                    "instead", dev->name,
                    dev->cache[PCI_HEADER_TYPE] & PCI_HEADER_TYPE_MASK,
                    (dev->cache[PCI_HEADER_TYPE] & PCI_HEADER_TYPE_MASK) == 1
                    ? "a bridge" : "not an endpoint");
        return false;
    }

    if (!first_capability_readable(dev)) {
        g_set_error(errp, XEN_PT_ERROR, XEN_PT_ERROR_HOST,
                    "%s: its config space can be read up to the header only, "
                    "not its capabilities; the device model must run as root",
                    dev->name);
        return false;
    }

    /* zero is safe: all live, nothing writable; permissive opens the rest */
    open_bytes(dev, PCI_STD_HEADER_SIZEOF,
               XEN_PT_CONFIG_SIZE - PCI_STD_HEADER_SIZEOF);
    xen_pt_config_compile(dev, &inst);
    if (header->setup && !header->setup(dev, &inst, &why)) {
        g_set_error(errp, XEN_PT_ERROR, XEN_PT_ERROR_UNSUPPORTED,
                    "%s: %s", dev->name, why);
        return false;
    }
    xen_pt_chain_open(dev);
    return true;
}

/* Nothing of the extended space is read until somebody asks for it. */
void xen_pt_config_open_extended(XenPtDevice *dev)
{
    if (dev->ext_open) {
        return;
    }
    dev->ext_open = true;
    open_bytes(dev, XEN_PT_CONFIG_SIZE,
               XEN_PT_CONFIG_EXT_SIZE - XEN_PT_CONFIG_SIZE);
    xen_pt_chain_open_extended(dev);
}

/* -- accesses ------------------------------------------------------------- */

static uint32_t ones(unsigned len)
{
    return len >= 4 ? ALL_ONES : (1u << (8 * len)) - 1;
}

static uint32_t read_mixed(XenPtDevice *dev, uint32_t addr, unsigned len)
{
    const XenPtConfig *c = &dev->config;
    uint8_t host[4];
    uint32_t value = 0;
    unsigned end;

    memset(host, 0xff, sizeof(host));
    for (unsigned i = 0; i < len; i = end + 1) {
        for (end = i; end < len && c->virt[addr + end] != 0xff; end++) {
            /* a run of bytes that are live, in part or whole */
        }
        if (end > i) {
            xen_pt_host_read(dev, addr + i, host + i, end - i);
            if (dev->gone) {
                return ones(len);
            }
        }
    }
    for (unsigned i = 0; i < len; i++) {
        uint8_t virt = c->virt[addr + i];
        uint8_t byte = (c->value[addr + i] & virt) | (host[i] & ~virt);

        value |= (uint32_t)byte << (8 * i);
    }
    return value;
}

uint32_t xen_pt_device_config_read(XenPtDevice *dev, uint32_t addr,
                                   unsigned len)
{
    const XenPtConfig *c = &dev->config;
    uint32_t mask, value, virt;

    if ((len != 1 && len != 2 && len != 4) ||
        addr > XEN_PT_CONFIG_EXT_SIZE - len) {
        return ones(MIN(len, 4));
    }
    dev->counters.config_reads++;
    if (G_UNLIKELY(dev->gone || dev->resetting ||
                   dev->state == XEN_PT_STATE_STOPPED)) {
        return ones(len);
    }
    if (addr + len > XEN_PT_CONFIG_SIZE) {
        xen_pt_config_open_extended(dev);
    }
    if (G_LIKELY(addr <= XEN_PT_CONFIG_EXT_SIZE - 4)) {
        mask = ones(len);
        memcpy(&virt, c->virt + addr, 4);
        memcpy(&value, c->value + addr, 4);
        virt = GUINT32_FROM_LE(virt);
        value = GUINT32_FROM_LE(value);
        if (G_LIKELY((virt & mask) == mask)) {
            return value & mask;
        }
    }
    return read_mixed(dev, addr, len);
}

/*
 * Writes the run of bytes [first, last] of the guest's access to the device.
 * Bits that the guest may not write keep what the device has, except those
 * where writing 1 does something: they get 0.
 */
static void write_run(XenPtDevice *dev, uint32_t addr, const uint8_t *in,
                      unsigned first, unsigned last)
{
    const XenPtConfig *c = &dev->config;
    unsigned len = last - first + 1;
    uint8_t out[4] = { 0 };
    bool merge = false;

    for (unsigned i = first; i <= last; i++) {
        merge |= (c->write_host[addr + i] | c->rw1c[addr + i]) != 0xff;
    }
    if (merge) {
        /* a device that answers with ones is not given them back */
        if (!xen_pt_host_read(dev, addr + first, out + first, len)) {
            return;
        }
    }
    for (unsigned i = first; i <= last; i++) {
        uint8_t host = c->write_host[addr + i];

        out[i] = (in[i] & host) | (out[i] & ~host & ~c->rw1c[addr + i]);
    }
    xen_pt_host_write(dev, addr + first, out + first, len);
}

/* The last byte of an access, which is written with its next or not at all. */
static bool is_torn(const XenPtConfig *c, unsigned at, unsigned end)
{
    return c->with_next[at] && at + 1 == end;
}

/* The byte must go to the device: not if all it could do is clear nothing. */
static bool reaches_host(const XenPtConfig *c, unsigned at, unsigned end,
                         uint8_t in)
{
    return !is_torn(c, at, end) &&
           ((c->write_host[at] & ~c->rw1c[at]) ||
            (c->write_host[at] & c->rw1c[at] & in));
}

/* What a write made xen-pt act on, for the trace. */
static const char *action_name(unsigned actions)
{
    static const char *const names[] = {
        "Command", "BAR", "MSI", "MSI message", "MSI-X", "power", "reset",
    };

    return names[g_bit_nth_lsf(actions, -1)];
}

/* changed: the guest's registers are other than before the write. */
static void act(XenPtDevice *dev, unsigned actions, bool changed,
                uint32_t addr, uint32_t value, unsigned len)
{
    xen_pt_event(dev, XEN_PT_EVENT_HOOK, addr, value, len,
                 action_name(actions));
    if (!changed) {
        xen_pt_written_again(dev, actions);
    }
    if (actions & (XEN_PT_ACTION_COMMAND | XEN_PT_ACTION_BARS)) {
        /* decoding before bus mastering: DMA may need the BARs, not back */
        xen_pt_bars_update(dev, actions & XEN_PT_ACTION_COMMAND);
        xen_pt_command_update(dev);
    }
    if (actions & XEN_PT_ACTION_MSI_DATA) {
        xen_pt_msi_written(dev, addr, len);
    }
    if (actions & XEN_PT_ACTION_MSI) {
        xen_pt_msi_control(dev);
    }
    if (actions & XEN_PT_ACTION_MSIX) {
        xen_pt_msix_control(dev);
    }
    if (actions & XEN_PT_ACTION_PM) {
        xen_pt_power_update(dev);
    }
    if (actions & XEN_PT_ACTION_FLR) {
        xen_pt_flr_written(dev);
    }
}

void xen_pt_device_config_write(XenPtDevice *dev, uint32_t addr,
                                uint32_t value, unsigned len)
{
    XenPtConfig *c = &dev->config;
    unsigned actions = 0, denied = 0, first = 0;
    uint8_t in[4];
    bool run = false, changed = false;

    if ((len != 1 && len != 2 && len != 4) ||
        addr > XEN_PT_CONFIG_EXT_SIZE - len) {
        return;
    }
    dev->counters.config_writes++;
    if (dev->gone || dev->resetting || dev->state == XEN_PT_STATE_STOPPED) {
        return;
    }
    if (addr + len > XEN_PT_CONFIG_SIZE) {
        xen_pt_config_open_extended(dev);
    }

    for (unsigned i = 0; i < len; i++) {
        unsigned at = addr + i;
        uint8_t own = c->write_virt[at];

        in[i] = byte_of(value, i);
        if (own) {
            changed |= (c->value[at] ^ in[i]) & own;
            c->value[at] = (c->value[at] & ~own) | (in[i] & own);
            actions |= c->action[at];
        } else if (is_torn(c, at, addr + len) ||
                   (!c->write_host[at] && !c->action[at] &&
                    c->claimed[at] != XEN_PT_CLAIMED_WRITABLE &&
                    (c->virt[at] != 0xff || c->value[at] != in[i]))) {
            denied |= 1u << i;
        }
    }
    for (unsigned i = 0; i <= len; i++) {
        if (i < len && reaches_host(c, addr + i, addr + len, in[i])) {
            first = run ? first : i;
            run = true;
        } else if (run) {
            write_run(dev, addr, in, first, i - 1);
            run = false;
        }
    }
    if (denied) {
        xen_pt_policy_denied(dev, addr, len, value, denied);
    }
    if (actions) {
        act(dev, actions, changed, addr, value, len);
    }
}

const XenPtConfig *xen_pt_device_config(XenPtDevice *dev)
{
    xen_pt_config_open_extended(dev);
    return &dev->config;
}
