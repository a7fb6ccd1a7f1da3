/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * xen-pt core: TLP Processing Hints
 *
 * A steering tag names a cache of the host, which the guest cannot know: the
 * capability is shown, and stays as the host has set it.
 */
#include "pci-regs.h"
#include "tables.h"

#define TPH_CAP              4
#define  TPH_CAP_TABLE         0x00000600u
#define  TPH_CAP_TABLE_HERE    0x00000200u
#define TPH_TABLE            0x0c

static const XenPtField fields[] = {
    { TPH_CAP, 4, "TPH Requester Capability", .ro = 0xffffffff },
    { 8, 4, "TPH Requester Control", .ro = 0xffffffff,
      .note = "the steering tag table behind it: the same" },
    XEN_PT_FIELD_END
};

static uint16_t length(XenPtDevice *dev, const XenPtInstance *inst,
                       const char **why)
{
    uint32_t cap = xen_pt_config_host(dev, inst->offset + TPH_CAP, 4);

    (void)why;
    if ((cap & TPH_CAP_TABLE) != TPH_CAP_TABLE_HERE) {
        return TPH_TABLE;
    }
    return TPH_TABLE + 2 * ((cap >> 16 & 0x7ff) + 1);
}

static bool setup(XenPtDevice *dev, const XenPtInstance *inst,
                  const char **why)
{
    (void)why;
    xen_pt_table_close(dev, inst);
    return true;
}

const XenPtCapability xen_pt_ecap_tph = {
    .id = 0x0017,
    .extended = true,
    .single = true,
    .name = "TPH Requester",
    .spec = "PCIe 5.0, 7.9.13",
    .fields = fields,
    .min_length = TPH_TABLE,
    .length = length,
    .setup = setup,
};
