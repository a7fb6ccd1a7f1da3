/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * xen-pt core: extended capabilities that only say something of the device
 */
#include "pci-regs.h"
#include "tables.h"

static const XenPtField serial_fields[] = {
    { 4, 4, "Serial Number, lower", .ro = 0xffffffff },
    { 8, 4, "Serial Number, upper", .ro = 0xffffffff },
    XEN_PT_FIELD_END
};

static const XenPtField readiness_fields[] = {
    { 4, 4, "Readiness Time Reporting 1", .ro = 0xffffffff },
    { 8, 4, "Readiness Time Reporting 2", .ro = 0xffffffff },
    XEN_PT_FIELD_END
};

const XenPtCapability xen_pt_ecaps_plain[] = {
    { .id = 0x0003, .extended = true, .single = true,
      .name = "Device Serial Number", .spec = "PCIe 5.0, 7.9.3",
      .fields = serial_fields, .min_length = 0x0c },
    { .id = 0x0022, .extended = true, .single = true,
      .name = "Readiness Time Reporting", .spec = "PCIe 5.0, 7.9.17",
      .fields = readiness_fields, .min_length = 0x0c },
    { .name = NULL }
};
