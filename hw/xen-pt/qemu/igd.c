/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * xen-pt: what QEMU's machine and accelerator ask about Intel graphics
 *
 * The Xen accelerator has a property igd-passthru, and the PC machine asks
 * whether it is set.  Until xen-pt can pass an IGD through, saying yes would
 * only fail later and less clearly.
 */
#include "qemu/osdep.h"
#include "qapi/error.h"
#include "compat.h"
#include XEN_PT_IGD_HEADER

bool xen_igd_gfx_pt_enabled(void)
{
    return false;
}

void xen_igd_gfx_pt_set(bool value, Error **errp)
{
    if (value) {
        error_setg(errp, "igd-passthru=on is not supported: xen-pt cannot "
                   "pass Intel integrated graphics through as the primary "
                   "display; remove gfx_passthru from the guest's "
                   "configuration");
    }
}

void xen_igd_reserve_slot(PCIBus *pci_bus)
{
}
