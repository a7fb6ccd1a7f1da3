/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * xen-pt core: power states (PCI Power Management 1.2, 3.2)
 *
 * By default a guest's D-state stays its own belief.  With real-power it
 * reaches the device, if the device keeps its configuration through it
 * (No_Soft_Reset): else the host's BARs would be lost on the way back.
 */
#include "internal.h"
#include "pci-regs.h"

#define PCI_PM_PMC              2
#define  PCI_PM_CAP_D1            0x0200
#define  PCI_PM_CAP_D2            0x0400
#define PCI_PM_CTRL             4
#define  PCI_PM_CTRL_STATE_MASK   0x0003
#define  PCI_PM_CTRL_NO_SOFT_RESET 0x0008
#define PCI_PM_D3HOT_WAIT_US    10000

static void write_state(XenPtDevice *dev, uint16_t pmcsr, uint8_t state)
{
    /* PME stays off, PME_Status (rw1c) and Data_Select get 0 */
    if (state != dev->hw_power && xen_pt_host_write16(dev, pmcsr, state)) {
        dev->hw_power = state;
    }
}

void xen_pt_power_start(XenPtDevice *dev)
{
    const XenPtInstance *pm = xen_pt_chain_find(dev, PCI_CAP_ID_PM, false);
    uint16_t at, flags;

    if (!pm || dev->forbidden[pm->offset + PCI_PM_CTRL]) {
        return;
    }
    at = pm->offset + PCI_PM_CTRL;
    flags = xen_pt_config_host(dev, at, 2);
    dev->hw_power = flags & PCI_PM_CTRL_STATE_MASK;
    if (dev->hw_power) {
        /* an idle dom0 may have left it in D3hot: 5.4.1, recovery time */
        write_state(dev, at, 0);
        g_usleep(PCI_PM_D3HOT_WAIT_US);
    }
    if (!dev->options.real_power) {
        return;
    }
    if (!(flags & PCI_PM_CTRL_NO_SOFT_RESET)) {
        xen_pt_warn(dev, "%s: real-power is set, but the device forgets its "
                    "configuration in D3hot (No_Soft_Reset is 0), so the "
                    "guest's power states are not passed on", dev->name);
        return;
    }
    dev->pmcsr = at;
}

void xen_pt_power_update(XenPtDevice *dev)
{
    const XenPtInstance *pm = xen_pt_chain_find(dev, PCI_CAP_ID_PM, false);
    uint16_t at, pmc;
    uint8_t state;

    if (!pm || dev->state != XEN_PT_STATE_STARTED) {
        return;
    }
    at = pm->offset + PCI_PM_CTRL;
    state = xen_pt_config_value(dev, at, 1) & PCI_PM_CTRL_STATE_MASK;
    pmc = xen_pt_config_host(dev, pm->offset + PCI_PM_PMC, 2);
    if ((state == 1 && !(pmc & PCI_PM_CAP_D1)) ||
        (state == 2 && !(pmc & PCI_PM_CAP_D2))) {
        /* a state that it lacks is discarded: 3.2.4 */
        xen_pt_config_store(dev, at, 1, (xen_pt_config_value(dev, at, 1) &
                                         ~PCI_PM_CTRL_STATE_MASK) |
                                        dev->guest_power);
        return;
    }
    dev->guest_power = state;
    if (dev->pmcsr) {
        write_state(dev, dev->pmcsr, state);
    }
}

/* The host gets it back as it gave it: on. */
void xen_pt_power_stop(XenPtDevice *dev)
{
    if (dev->pmcsr && dev->hw_power && !dev->gone) {
        write_state(dev, dev->pmcsr, 0);
        g_usleep(PCI_PM_D3HOT_WAIT_US);
    }
    dev->pmcsr = 0;
}
