/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * xen-pt core: the SATA data/index capability
 *
 * Says where in the I/O BAR, or right here, an index and a data register
 * reach the controller's memory space.  A pair right here is a window that
 * only permissive mode opens.
 */
#include "pci-regs.h"
#include "tables.h"

#define SATA_LOCATION       4
#define  SATA_LOCATION_BAR    0x0f
#define  SATA_LOCATION_HERE   0x0f

static const XenPtField fields[] = {
    { 2, 2, "SATACR0", .ro = 0xffff },
    { SATA_LOCATION, 4, "SATACR1", .ro = 0xffffffff },
    XEN_PT_FIELD_END
};

static uint16_t length(XenPtDevice *dev, const XenPtInstance *inst,
                       const char **why)
{
    uint32_t where = xen_pt_config_host(dev, inst->offset + SATA_LOCATION, 4);

    (void)why;
    return (where & SATA_LOCATION_BAR) == SATA_LOCATION_HERE ? 16 : 8;
}

const XenPtCapability xen_pt_cap_sata = {
    .id = PCI_CAP_ID_SATA,
    .single = true,
    .name = "SATA Data/Index Configuration",
    .spec = "SATA 3.0, 13.1; AHCI 1.3, 2.4",
    .fields = fields,
    .min_length = 8,
    .may_trim = true,
    .length = length,
};
