/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * xen-pt core: MSI-X (PCI 3.0, 6.8.2)
 *
 * The table is the guest's own: the device's is Xen's.  An entry is mapped
 * and bound when it is first unmasked with the function enabled, and bound
 * anew when its message differs from the bound one as it is unmasked again.
 *
 * Xen completes most mask and unmask writes of bound vectors by itself.  It
 * forwards an unmask when address or data changed before it (all versions),
 * or every write of vector control (XENFEAT_dm_msix_all_writes, 4.19 and
 * later).  So a message that is rewritten takes effect with the unmask, and
 * never half-written.  Where masks are kept from us, the device's own table
 * tells them before anything is bound on the strength of ours.
 */
#include <errno.h>

#include "internal.h"
#include "pci-regs.h"

static const XenPtField msix_fields[] = {
    { .offset = PCI_MSIX_FLAGS, .size = 2, .name = "Message Control",
      .hooked = PCI_MSIX_FLAGS_ENABLE | PCI_MSIX_FLAGS_MASKALL,
      .ro = PCI_MSIX_FLAGS_QSIZE, .fixed = 0x3800,
      .action = XEN_PT_ACTION_MSIX,
      .note = "Enable and Function Mask are written to the device once the "
              "vectors are bound" },
    { .offset = PCI_MSIX_TABLE, .size = 4, .name = "Table Offset/BIR",
      .ro = ALL_ONES },
    { .offset = PCI_MSIX_PBA, .size = 4, .name = "PBA Offset/BIR",
      .ro = ALL_ONES },
    { .size = 0 },
};

static bool in_region(const XenPtDevice *dev, int region, uint64_t offset,
                      uint64_t length)
{
    XenPtGuestRegion r = xen_pt_device_region(dev, region);

    return region < XEN_PT_ROM_REGION && r.size && !r.io &&
           length <= r.size && offset <= r.size - length;
}

static bool msix_setup(XenPtDevice *dev, const XenPtInstance *inst,
                       const char **why)
{
    XenPtMsix *msix = &dev->msix;
    uint32_t flags = xen_pt_config_host(dev, inst->offset + PCI_MSIX_FLAGS,
                                        2);
    uint32_t table = xen_pt_config_host(dev, inst->offset + PCI_MSIX_TABLE,
                                        4);
    uint32_t pba = xen_pt_config_host(dev, inst->offset + PCI_MSIX_PBA, 4);
    unsigned count = (flags & PCI_MSIX_FLAGS_QSIZE) + 1;

    if (dev->host->info.address.segment && !dev->hv->msi_segment) {
        *why = "this Xen library cannot route MSI-X of a PCI segment other "
               "than 0";
        return false;
    }
    if (!in_region(dev, table & PCI_MSIX_BIR, table & PCI_MSIX_OFFSET,
                   (uint64_t)count * PCI_MSIX_ENTRY_SIZE)) {
        *why = "its table is not within a memory BAR";
        return false;
    }
    msix->inst = inst;
    msix->offset = inst->offset;
    msix->count = count;
    msix->table_region = table & PCI_MSIX_BIR;
    msix->table_offset = table & PCI_MSIX_OFFSET;
    msix->pba_region = -1;
    if (in_region(dev, pba & PCI_MSIX_BIR, pba & PCI_MSIX_OFFSET,
                  DIV_ROUND_UP(count, 64) * 8)) {
        msix->pba_region = pba & PCI_MSIX_BIR;
        msix->pba_offset = pba & PCI_MSIX_OFFSET;
    }
    msix->hw_flags = flags & (PCI_MSIX_FLAGS_ENABLE |
                              PCI_MSIX_FLAGS_MASKALL);
    msix->entry = g_new0(XenPtMsixEntry, count);
    for (unsigned i = 0; i < count; i++) {
        xen_pt_vector_init(&msix->entry[i].vector);
        msix->entry[i].dword[3] = PCI_MSIX_ENTRY_CTRL_MASKBIT;
    }
    return true;
}

const XenPtCapability xen_pt_cap_msix = {
    .id = PCI_CAP_ID_MSIX,
    .single = true,
    .name = "MSI-X",
    .spec = "PCI 3.0, 6.8.2",
    .fields = msix_fields,
    .min_length = PCI_CAP_MSIX_SIZEOF,
    .setup = msix_setup,
};

/* -- state ---------------------------------------------------------------- */

static void write_flags(XenPtDevice *dev, uint16_t flags)
{
    XenPtMsix *msix = &dev->msix;
    uint16_t at = msix->offset + PCI_MSIX_FLAGS;
    /* reserved bits are to be kept: PCI 3.0, 6.8.2.3 */
    uint16_t rest = xen_pt_config_host(dev, at, 2) &
                    ~(PCI_MSIX_FLAGS_ENABLE | PCI_MSIX_FLAGS_MASKALL);

    if (msix->hw_flags != flags &&
        xen_pt_host_write16(dev, at, rest | flags)) {
        msix->hw_flags = flags;
    }
}

/*
 * While Xen masks all of the device's MSI-X itself, it lets nobody clear the
 * bit.  That is for a moment, but for a guest that has ended while its device
 * model was dead: then for good, and Xen 4.20 refuses to assign the device.
 */
static void check_maskall(XenPtDevice *dev)
{
    uint16_t flags;

    if (xen_pt_host_read(dev, dev->msix.offset + PCI_MSIX_FLAGS, &flags, 2) &&
        (GUINT16_FROM_LE(flags) & PCI_MSIX_FLAGS_MASKALL) && !dev->gone) {
        xen_pt_warn(dev, "%s: Xen has masked its MSI-X for good, as it does "
                    "when a guest ends after its device model was killed; if "
                    "the attach fails (Device or resource busy), have Xen "
                    "forget the device: echo 1 > /sys/bus/pci/devices/%s/"
                    "remove; echo 1 > /sys/bus/pci/rescan; "
                    "xl pci-assignable-add %s", dev->name, dev->name,
                    dev->name);
    }
}

void xen_pt_msix_quiet(XenPtDevice *dev)
{
    bool masked = dev->msix.hw_flags & PCI_MSIX_FLAGS_MASKALL;

    if (dev->msix.inst) {
        write_flags(dev, 0);
        if (masked) {
            check_maskall(dev);
        }
    }
}

static uint64_t entry_address(const XenPtMsixEntry *e)
{
    return (uint64_t)e->dword[1] << 32 | e->dword[0];
}

/*
 * A guest that takes its vectors as event channels masks them there and never
 * touches the entry's mask bit, which reset has set (Linux' PVHVM guests).
 */
static bool is_masked(const XenPtDevice *dev, const XenPtMsixEntry *e)
{
    return (e->dword[3] & PCI_MSIX_ENTRY_CTRL_MASKBIT) &&
           xen_pt_vector_wanted_pirq(dev, entry_address(e), e->dword[2]) < 0;
}

static int sync_entry(XenPtDevice *dev, unsigned i)
{
    XenPtMsix *msix = &dev->msix;
    XenPtMsixEntry *e = &msix->entry[i];
    XenPtVector *v = &e->vector;
    uint64_t address = entry_address(e);
    XenPtMsiRequest request = {
        .address = dev->host->info.address, .msix = true, .entry = i,
        .count = 1,
        .table_base = dev->host->info.region[msix->table_region].base,
        .wanted_pirq = xen_pt_vector_wanted_pirq(dev, address, e->dword[2]),
    };
    XenPtMsiBinding want = xen_pt_vector_message(address, e->dword[2],
                                                 msix->gtable);
    int ret;

    if (!msix->enabled || msix->maskall || is_masked(dev, e) ||
        !xen_pt_may_issue(dev)) {
        return 0;
    }
    if (request.wanted_pirq >= 0 && v->pirq != request.wanted_pirq) {
        xen_pt_vector_release(dev, v);
    }
    ret = xen_pt_vector_map(dev, v, &request);
    if (ret >= 0) {
        ret = xen_pt_vector_bind(dev, v, &want);
    }
    if (ret < 0) {
        /* of no use to anybody, and Xen would take its unmask for itself */
        xen_pt_vector_release(dev, v);
        v->error = -ret;
        xen_pt_vector_failed(dev, "MSI-X", i, -ret);
        if (xen_pt_vector_may_retry(-ret)) {
            xen_pt_retry_later(dev);
        }
    }
    return ret;
}

/*
 * Xen before 4.19 completes most mask writes of bound vectors without a word
 * to us.  What it left in the device's own table is the guest's mask then.
 */
static void recall_masks(XenPtDevice *dev)
{
    XenPtMsix *msix = &dev->msix;

    for (unsigned i = 0; !dev->hv->all_msix_writes && i < msix->count; i++) {
        XenPtMsixEntry *e = &msix->entry[i];
        uint64_t at = msix->table_offset + i * PCI_MSIX_ENTRY_SIZE +
                      PCI_MSIX_ENTRY_VECTOR_CTRL, control;

        if (e->vector.bound &&
            dev->host->ops->region_read(dev->host, msix->table_region, at, 4,
                                        &control) >= 0 &&
            (uint32_t)control != ALL_ONES) {
            e->dword[3] = control & PCI_MSIX_ENTRY_CTRL_MASKBIT;
        }
    }
}

/* Xen would say the same of the next vector. */
static bool of_no_use(int ret)
{
    return ret == -ENOSPC || ret == -ENOMEM ||
           (ret < 0 && xen_pt_vector_may_retry(-ret));
}

void xen_pt_msix_sync(XenPtDevice *dev)
{
    recall_masks(dev);
    for (unsigned i = 0; dev->msix.enabled && i < dev->msix.count; i++) {
        if (of_no_use(sync_entry(dev, i))) {
            break;
        }
    }
}

static void release_all(XenPtDevice *dev)
{
    for (unsigned i = 0; i < dev->msix.count; i++) {
        xen_pt_vector_release(dev, &dev->msix.entry[i].vector);
    }
}

void xen_pt_msix_control(XenPtDevice *dev)
{
    XenPtMsix *msix = &dev->msix;
    uint32_t flags;

    if (!msix->inst) {
        return;
    }
    flags = xen_pt_config_value(dev, msix->offset + PCI_MSIX_FLAGS, 2) &
            (PCI_MSIX_FLAGS_ENABLE | PCI_MSIX_FLAGS_MASKALL);
    msix->maskall = flags & PCI_MSIX_FLAGS_MASKALL;
    if (flags & PCI_MSIX_FLAGS_ENABLE) {
        msix->enabled = true;
        /*
         * Both at once is forbidden (PCI 3.0, 6.8), but a guest may try, and
         * Xen's count of MSI-X users does not survive it.
         */
        xen_pt_msi_release(dev);
        xen_pt_msix_sync(dev);
        write_flags(dev, flags);
    } else if (msix->enabled) {
        msix->enabled = false;
        recall_masks(dev);
        write_flags(dev, flags);
        release_all(dev);
        xen_pt_msi_sync(dev);
    }
}

/*
 * Xen watches the table where it was when the device's first vector was
 * bound: to have it look elsewhere, none may be bound for a moment.
 */
void xen_pt_msix_table_moved(XenPtDevice *dev)
{
    XenPtMsix *msix = &dev->msix;
    uint64_t base;

    if (!msix->inst) {
        return;
    }
    base = xen_pt_bars_address(dev, msix->table_region);
    if (!base || base + msix->table_offset == msix->gtable ||
        !xen_pt_may_issue(dev)) {
        return;
    }
    msix->gtable = base + msix->table_offset;
    recall_masks(dev);
    for (unsigned i = 0; i < msix->count; i++) {
        xen_pt_vector_unbind(dev, &msix->entry[i].vector);
    }
    for (unsigned i = 0; i < msix->count; i++) {
        XenPtVector *v = &msix->entry[i].vector;

        if (v->pirq < 0) {
            continue;
        }
        sync_entry(dev, i);
        if (!v->bound) {
            /*
             * Masked: bound anew when it is unmasked, which Xen before 4.19
             * does not tell of a vector that is mapped.
             */
            xen_pt_vector_release(dev, v);
        }
    }
}

void xen_pt_msix_reset(XenPtDevice *dev)
{
    for (unsigned i = 0; dev->msix.inst && i < dev->msix.count; i++) {
        XenPtMsixEntry *e = &dev->msix.entry[i];

        e->dword[0] = e->dword[1] = e->dword[2] = 0;
        e->dword[3] = PCI_MSIX_ENTRY_CTRL_MASKBIT;
    }
}

void xen_pt_msix_stop(XenPtDevice *dev)
{
    if (dev->msix.inst) {
        dev->msix.enabled = false;
        write_flags(dev, 0);
        release_all(dev);
    }
}

void xen_pt_msix_free(XenPtDevice *dev)
{
    g_clear_pointer(&dev->msix.entry, g_free);
    dev->msix.inst = NULL;
}

bool xen_pt_msix_waits(const XenPtDevice *dev)
{
    const XenPtMsix *msix = &dev->msix;

    for (unsigned i = 0; msix->enabled && !msix->maskall && i < msix->count;
         i++) {
        const XenPtMsixEntry *e = &msix->entry[i];

        if (!e->vector.bound && !is_masked(dev, e) &&
            xen_pt_vector_may_retry(e->vector.error)) {
            return true;
        }
    }
    return false;
}

/* -- the table as memory -------------------------------------------------- */

static bool in_table(const XenPtMsix *msix, int region, uint64_t offset,
                     unsigned size)
{
    uint64_t length = (uint64_t)msix->count * PCI_MSIX_ENTRY_SIZE;

    return msix->inst && region == msix->table_region &&
           offset + size > msix->table_offset &&
           offset < msix->table_offset + length;
}

static bool in_pba(const XenPtMsix *msix, int region, uint64_t offset,
                   unsigned size)
{
    return msix->inst && region == msix->pba_region &&
           offset + size > msix->pba_offset &&
           offset < msix->pba_offset + DIV_ROUND_UP(msix->count, 64) * 8;
}

bool xen_pt_msix_read(XenPtDevice *dev, int region, uint64_t offset,
                      unsigned size, uint64_t *value)
{
    XenPtMsix *msix = &dev->msix;
    uint64_t result = 0, length;

    if (!in_table(msix, region, offset, size)) {
        return false;
    }
    length = (uint64_t)msix->count * PCI_MSIX_ENTRY_SIZE;
    for (unsigned i = 0; i < size; i++) {
        uint64_t at = offset + i - msix->table_offset;
        uint64_t byte = 0xff;

        if (offset + i >= msix->table_offset && at < length) {
            const XenPtMsixEntry *e = &msix->entry[at / PCI_MSIX_ENTRY_SIZE];

            byte = (e->dword[(at % PCI_MSIX_ENTRY_SIZE) / 4] >>
                    (8 * (at % 4))) & 0xff;
        }
        result |= byte << (8 * i);
    }
    *value = result;
    return true;
}

static void write_dword(XenPtDevice *dev, unsigned i, unsigned dword,
                        uint32_t value)
{
    XenPtMsixEntry *e = &dev->msix.entry[i];

    switch (dword) {
    case PCI_MSIX_ENTRY_LOWER_ADDR / 4:
        e->dword[dword] = value & ~3u;
        break;
    case PCI_MSIX_ENTRY_VECTOR_CTRL / 4:
        e->dword[dword] = value & PCI_MSIX_ENTRY_CTRL_MASKBIT;
        sync_entry(dev, i);
        break;
    default:
        e->dword[dword] = value;
        if (dword == PCI_MSIX_ENTRY_DATA / 4 &&
            xen_pt_vector_wanted_pirq(dev, entry_address(e), value) >= 0) {
            /* complete, and there may be no unmask to wait for */
            sync_entry(dev, i);
        }
        break;
    }
}

bool xen_pt_msix_write(XenPtDevice *dev, int region, uint64_t offset,
                       unsigned size, uint64_t value)
{
    XenPtMsix *msix = &dev->msix;

    if (in_pba(msix, region, offset, size)) {
        return true;    /* read only: PCI 3.0, 6.8.2.10 */
    }
    if (!in_table(msix, region, offset, size)) {
        return false;
    }
    if (size < 4 || (offset & (size - 1)) || offset < msix->table_offset) {
        /* anything but an aligned DWORD or QWORD is undefined: ignored */
        return true;
    }
    for (unsigned i = 0; i < size; i += 4) {
        uint64_t at = offset + i - msix->table_offset;

        if (at / PCI_MSIX_ENTRY_SIZE < msix->count) {
            write_dword(dev, at / PCI_MSIX_ENTRY_SIZE,
                        (at % PCI_MSIX_ENTRY_SIZE) / 4, value >> (8 * i));
        }
    }
    return true;
}
