/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * xen-pt core: Virtual Channels, of a function and of a multi-function device
 *
 * What goes by which channel must agree along the host's whole path, so it is
 * shown as the host has set it up and stays so.
 */
#include "pci-regs.h"
#include "tables.h"

#define VC_PORT_CAP1        0x04
#define  VC_PORT_CAP1_COUNT   0x00000007u
#define VC_PORT_CAP2        0x08
#define VC_RESOURCES        0x10
#define VC_RESOURCE_SIZE    0x0c

static const XenPtField fields[] = {
    { VC_PORT_CAP1, 4, "Port VC Capability 1", .ro = 0xffffffff },
    { VC_PORT_CAP2, 4, "Port VC Capability 2", .ro = 0xffffffff },
    { 0x0c, 2, "Port VC Control", .ro = 0xffff },
    { 0x0e, 2, "Port VC Status", .live = 0xffff },
    { 0x10, 4, "VC Resource Capability 0", .ro = 0xffffffff,
      .note = "further VC resources and the arbitration tables: the same" },
    { 0x14, 4, "VC Resource Control 0", .ro = 0xffffffff },
    { 0x18, 2, "Reserved", .ro = 0xffff },
    { 0x1a, 2, "VC Resource Status 0", .live = 0xffff },
    XEN_PT_FIELD_END
};

/*
 * Behind the VC resources there may be an arbitration table for the port and
 * one for each VC, at an offset of its own in units of 16 bytes.
 */
static unsigned table_end(uint32_t capability, unsigned bytes)
{
    unsigned table = capability >> 24;

    return table ? table * 16 + bytes : 0;
}

static uint16_t length(XenPtDevice *dev, const XenPtInstance *inst,
                       const char **why)
{
    uint32_t cap1 = xen_pt_config_host(dev, inst->offset + VC_PORT_CAP1, 4);
    uint32_t cap2 = xen_pt_config_host(dev, inst->offset + VC_PORT_CAP2, 4);
    unsigned count = 1 + (cap1 & VC_PORT_CAP1_COUNT);
    unsigned end = VC_RESOURCES + count * VC_RESOURCE_SIZE, most;

    (void)why;
    /* 32, 64 or 128 phases of 4 bits */
    most = cap2 & 8 ? 64 : cap2 & 4 ? 32 : cap2 & 2 ? 16 : 0;
    if (most) {
        end = MAX(end, table_end(cap2, most));
    }
    for (unsigned i = 0; i < count; i++) {
        unsigned at = inst->offset + VC_RESOURCES + i * VC_RESOURCE_SIZE;
        uint32_t cap = xen_pt_config_host(dev, at, 4);

        /* 32, 64, 128 or 256 phases of 1, 2, 4 or 8 bits each */
        most = cap & 0x20 ? 256 : cap & 0x18 ? 128 : cap & 4 ? 64 :
               cap & 2 ? 32 : 0;
        if (most) {
            most = most * (1u << (cap1 >> 10 & 3)) / 8;
            end = MAX(end, table_end(cap, most));
        }
    }
    return end;
}

static bool setup(XenPtDevice *dev, const XenPtInstance *inst,
                  const char **why)
{
    (void)why;
    xen_pt_table_close(dev, inst);
    return true;
}

#define VC(id_, name_, spec_) { \
    .id = id_, .extended = true, .single = true, .name = name_, \
    .spec = spec_, .fields = fields, .min_length = 0x1c, .may_trim = true, \
    .length = length, .setup = setup, \
}

const XenPtCapability xen_pt_ecap_vc =
    VC(0x0002, "Virtual Channel", "PCIe 5.0, 7.9.1");
const XenPtCapability xen_pt_ecap_mfvc =
    VC(0x0008, "Multi-Function Virtual Channel", "PCIe 5.0, 7.9.2");
const XenPtCapability xen_pt_ecap_vc_mfvc =
    VC(0x0009, "Virtual Channel, beside an MFVC", "PCIe 5.0, 7.9.1");
