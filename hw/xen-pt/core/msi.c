/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * xen-pt core: MSI (PCI 3.0, 6.8.1)
 *
 * Address, data and mask are the guest's own and never reach the device:
 * Xen programs the hardware.  A guest that moves an enabled interrupt writes
 * address and data one after the other; the binding follows the data, or,
 * when only the address changed, a short deadline, so that no half-written
 * message is bound.  Other accesses tell nothing: another vCPU may make them.
 *
 * More than one vector, and mask bits, are offered only where Xen can map a
 * block of vectors; a masked vector is an unbound one.
 */
#include <errno.h>

#include "internal.h"
#include "pci-regs.h"

static const XenPtField msi_address_hi = {
    .size = 4, .name = "Message Upper Address", .hooked = ALL_ONES,
    .action = XEN_PT_ACTION_MSI_DATA,
};
static const XenPtField msi_data = {
    .size = 2, .name = "Message Data", .hooked = 0xffff,
    .action = XEN_PT_ACTION_MSI_DATA,
};
static const XenPtField msi_mask = {
    .size = 4, .name = "Mask Bits", .hooked = ALL_ONES,
    .action = XEN_PT_ACTION_MSI_DATA,
};
static const XenPtField msi_pending = {
    .size = 4, .name = "Pending Bits", .live = ALL_ONES,
};

/* The layout with 64-bit address and mask bits; setup() adapts it. */
static const XenPtField msi_fields[] = {
    { .offset = PCI_MSI_FLAGS, .size = 2, .name = "Message Control",
      .hooked = PCI_MSI_FLAGS_ENABLE | PCI_MSI_FLAGS_QSIZE,
      .fixed = 0xff8e, .action = XEN_PT_ACTION_MSI,
      .note = "Enable is written to the device once the vector is bound; "
              "vectors and mask bits are offered as Xen can carry them" },
    { .offset = PCI_MSI_ADDRESS_LO, .size = 4, .name = "Message Address",
      .fixed = 0x3, .hooked = 0xfffffffc, .action = XEN_PT_ACTION_MSI_DATA,
      .note = "never reaches the device: Xen programs it (XSA-128)" },
    { .offset = PCI_MSI_ADDRESS_HI, .size = 4,
      .name = "Message Upper Address", .hooked = ALL_ONES,
      .action = XEN_PT_ACTION_MSI_DATA,
      .note = "never reaches the device; absent from a 32-bit capability" },
    { .offset = PCI_MSI_DATA_64, .size = 2, .name = "Message Data",
      .hooked = 0xffff, .action = XEN_PT_ACTION_MSI_DATA,
      .note = "never reaches the device: Xen programs it (XSA-128)" },
    { .offset = PCI_MSI_DATA_64 + 2, .size = 2,
      .name = "Extended Message Data", .fixed = 0xffff },
    { .offset = PCI_MSI_MASK_64, .size = 4, .name = "Mask Bits",
      .hooked = ALL_ONES, .action = XEN_PT_ACTION_MSI_DATA,
      .note = "never reaches the device (XSA-129): masking unbinds; hidden "
              "where only one vector is offered" },
    { .offset = PCI_MSI_PENDING_64, .size = 4, .name = "Pending Bits",
      .live = ALL_ONES, .note = "hidden where mask bits are" },
    { .size = 0 },
};

static uint16_t msi_length(XenPtDevice *dev, const XenPtInstance *inst,
                           const char **why)
{
    uint32_t flags = xen_pt_config_host(dev, inst->offset + PCI_MSI_FLAGS,
                                        2);

    return 10 + (flags & PCI_MSI_FLAGS_64BIT ? 4 : 0) +
           (flags & PCI_MSI_FLAGS_MASKBIT ? 10 : 0);
}

static bool msi_setup(XenPtDevice *dev, const XenPtInstance *inst,
                      const char **why)
{
    XenPtMsi *msi = &dev->msi;
    uint32_t flags = xen_pt_config_host(dev, inst->offset + PCI_MSI_FLAGS,
                                        2);
    bool is64 = flags & PCI_MSI_FLAGS_64BIT;
    bool maskable = flags & PCI_MSI_FLAGS_MASKBIT;
    unsigned mmc = (flags & PCI_MSI_FLAGS_QMASK) >> 1;
    uint16_t at = inst->offset;
    XenPtField control = msi_fields[0];

    if (dev->host->info.address.segment && !dev->hv->msi_segment) {
        *why = "this Xen library cannot route MSI of a PCI segment other "
               "than 0";
        return false;
    }
    if (!dev->hv->multi_msi) {
        mmc = 0;
        maskable = false;
    }
    mmc = MIN(mmc, 5);
    msi->inst = inst;
    msi->offset = at;
    msi->is64 = is64;
    msi->data = at + (is64 ? PCI_MSI_DATA_64 : PCI_MSI_DATA_32);
    msi->max_vectors = 1 << mmc;
    msi->mask = 0;
    msi->hw_enabled = flags & PCI_MSI_FLAGS_ENABLE;
    msi->hw_flags = flags & ~(PCI_MSI_FLAGS_ENABLE | PCI_MSI_FLAGS_QSIZE);

    if (msi->max_vectors == 1) {
        control.hooked = PCI_MSI_FLAGS_ENABLE;
        control.fixed = 0xffff & ~PCI_MSI_FLAGS_ENABLE;
    }
    control.init = (mmc << 1) | (is64 ? PCI_MSI_FLAGS_64BIT : 0) |
                   (maskable ? PCI_MSI_FLAGS_MASKBIT : 0);
    xen_pt_config_seal(dev, at + PCI_MSI_ADDRESS_HI,
                       inst->length - PCI_MSI_ADDRESS_HI);
    xen_pt_config_set(dev, at + PCI_MSI_FLAGS, &control);
    if (is64) {
        xen_pt_config_set(dev, at + PCI_MSI_ADDRESS_HI, &msi_address_hi);
    }
    xen_pt_config_set(dev, msi->data, &msi_data);
    if (maskable) {
        msi->mask = at + (is64 ? PCI_MSI_MASK_64 : PCI_MSI_MASK_32);
        xen_pt_config_set(dev, msi->mask, &msi_mask);
        xen_pt_config_set(dev, msi->mask + 4, &msi_pending);
    }
    return true;
}

const XenPtCapability xen_pt_cap_msi = {
    .id = PCI_CAP_ID_MSI,
    .single = true,
    .name = "MSI",
    .spec = "PCI 3.0, 6.8.1",
    .fields = msi_fields,
    .min_length = 10,
    .length = msi_length,
    .setup = msi_setup,
};

/* -- state ---------------------------------------------------------------- */

static void write_control(XenPtDevice *dev, bool enable)
{
    XenPtMsi *msi = &dev->msi;
    uint16_t flags = msi->hw_flags | (enable ? PCI_MSI_FLAGS_ENABLE : 0);

    if (enable && msi->mapped > 1) {
        /* the block that Xen mapped: log2 of it in MME */
        flags |= g_bit_nth_msf(msi->mapped, -1) << 4;
    }
    if (xen_pt_host_write16(dev, msi->offset + PCI_MSI_FLAGS, flags)) {
        msi->hw_enabled = enable;
    }
}

static void write_enable(XenPtDevice *dev, bool enable)
{
    if (dev->msi.hw_enabled != enable) {
        write_control(dev, enable);
    }
}

void xen_pt_msi_quiet(XenPtDevice *dev)
{
    if (dev->msi.inst) {
        write_enable(dev, false);
    }
}

void xen_pt_msi_release(XenPtDevice *dev)
{
    XenPtMsi *msi = &dev->msi;

    write_enable(dev, false);
    for (unsigned i = 1; i < msi->max_vectors; i++) {
        if (i < msi->mapped) {
            /* pirqs of a block go with its first */
            xen_pt_vector_unbind(dev, &msi->vector[i]);
            xen_pt_pirq_users(dev->hv, msi->vector[i].pirq, -1);
        }
        xen_pt_vector_init(&msi->vector[i]);
    }
    xen_pt_vector_release(dev, &msi->vector[0]);
    if (msi->mapped) {
        msi->mapped = 0;
        /* Xen has cleared INTx Disable as it unmapped: pci_intx() there */
        dev->hw_command_known = false;
        xen_pt_command_update(dev);
    }
}

static uint32_t masked(const XenPtDevice *dev)
{
    return dev->msi.mask ? xen_pt_config_value(dev, dev->msi.mask, 4) : 0;
}

static uint64_t message_address(const XenPtDevice *dev)
{
    const XenPtMsi *msi = &dev->msi;
    uint64_t lo = xen_pt_config_value(dev, msi->offset + PCI_MSI_ADDRESS_LO,
                                      4);
    uint64_t hi = msi->is64
                  ? xen_pt_config_value(dev, msi->offset +
                                        PCI_MSI_ADDRESS_HI, 4) : 0;

    return hi << 32 | lo;
}

static void failed(XenPtDevice *dev, unsigned i, int error)
{
    xen_pt_vector_failed(dev, "MSI", i, error);
    if (xen_pt_vector_may_retry(error)) {
        xen_pt_retry_later(dev);
    }
}

/* The block of n vectors; masked ones too, so that they can be pending. */
static bool map_block(XenPtDevice *dev, unsigned n, int wanted_pirq)
{
    XenPtMsi *msi = &dev->msi;
    const XenPtMsiRequest request = {
        .address = dev->host->info.address, .count = n,
        .wanted_pirq = wanted_pirq,
    };
    int ret;

    if (msi->mapped &&
        (msi->mapped != n ||
         (wanted_pirq >= 0 && wanted_pirq != msi->vector[0].pirq))) {
        xen_pt_msi_release(dev);
    }
    if (msi->mapped) {
        return true;
    }
    ret = xen_pt_vector_map(dev, &msi->vector[0], &request);
    if (ret < 0) {
        failed(dev, 0, -ret);
        return false;
    }
    for (unsigned i = 1; i < n; i++) {
        msi->vector[i].pirq = msi->vector[0].pirq + i;
        xen_pt_pirq_users(dev->hv, msi->vector[i].pirq, 1);
    }
    msi->mapped = n;
    return true;
}

/* Makes the bindings what the guest's registers say. */
void xen_pt_msi_sync(XenPtDevice *dev)
{
    XenPtMsi *msi = &dev->msi;
    uint64_t address;
    uint32_t data, mask;
    unsigned mme, n, bad = 0;
    bool bound = false;
    int error = 0;

    dev->msi_settle_at = -1;
    if (!msi->enabled || dev->msix.enabled || !xen_pt_may_issue(dev)) {
        return;
    }
    address = message_address(dev);
    data = xen_pt_config_value(dev, msi->data, 2);
    mask = masked(dev);
    mme = (xen_pt_config_value(dev, msi->offset + PCI_MSI_FLAGS, 2) &
           PCI_MSI_FLAGS_QSIZE) >> 4;
    n = MIN(1u << MIN(mme, 5), msi->max_vectors);
    if (!map_block(dev, n, n == 1 ? xen_pt_vector_wanted_pirq(dev, address,
                                                              data) : -1)) {
        return;
    }
    for (unsigned i = 0; i < n; i++) {
        XenPtVector *v = &msi->vector[i];
        XenPtMsiBinding binding =
            xen_pt_vector_message(address, (data & ~(n - 1)) | i, 0);

        if (mask & (1u << i)) {
            xen_pt_vector_unbind(dev, v);
            v->error = 0;
        } else if (xen_pt_vector_bind(dev, v, &binding) < 0) {
            bad = i;
            error = v->error;
            failed(dev, i, error);
        }
        bound |= v->bound;
    }
    if (error && !bound) {
        /* of no use to anybody: nothing stays behind */
        xen_pt_msi_release(dev);
        msi->vector[bad].error = error;
    }
    write_enable(dev, msi->mapped > 0);
}

void xen_pt_msi_control(XenPtDevice *dev)
{
    XenPtMsi *msi = &dev->msi;
    bool enable;

    if (!msi->inst) {
        return;
    }
    enable = xen_pt_config_value(dev, msi->offset + PCI_MSI_FLAGS, 2) &
             PCI_MSI_FLAGS_ENABLE;
    if (enable) {
        msi->enabled = true;
        xen_pt_msi_sync(dev);
    } else if (msi->enabled) {
        msi->enabled = false;
        dev->msi_settle_at = -1;
        xen_pt_msi_release(dev);
    }
    xen_pt_timer_update(dev);
}

void xen_pt_msi_written_again(XenPtDevice *dev)
{
    if (dev->msi.hw_enabled) {
        write_control(dev, true);
    }
}

void xen_pt_msi_written(XenPtDevice *dev, uint32_t addr, unsigned len)
{
    XenPtMsi *msi = &dev->msi;

    if (!msi->inst || !msi->enabled) {
        return;
    }
    if (addr + len > msi->data) {
        xen_pt_msi_sync(dev);
    } else {
        dev->msi_settle_at = dev->vm->ops->now_ms(dev->vm) +
                             XEN_PT_MSI_SETTLE_MS;
    }
    xen_pt_timer_update(dev);
}

void xen_pt_msi_stop(XenPtDevice *dev)
{
    XenPtMsi *msi = &dev->msi;

    if (msi->inst) {
        msi->enabled = false;
        xen_pt_msi_release(dev);
    }
}

bool xen_pt_msi_waits(const XenPtDevice *dev)
{
    for (unsigned i = 0; dev->msi.enabled && i < dev->msi.max_vectors; i++) {
        const XenPtVector *v = &dev->msi.vector[i];

        if (!v->bound && xen_pt_vector_may_retry(v->error)) {
            return true;
        }
    }
    return false;
}
