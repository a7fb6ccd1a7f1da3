/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * xen-pt core: the capability tables, and what their setups share
 *
 * Private to the tables: the engine sees xen_pt_capabilities() alone, and a
 * table knows no other.
 */
#ifndef XEN_PT_TABLES_H
#define XEN_PT_TABLES_H

#include "internal.h"

/* Ends a list of fields. */
#define XEN_PT_FIELD_END { .size = 0 }

/* conventional space */
extern const XenPtCapability xen_pt_table_header;
extern const XenPtCapability xen_pt_cap_pm;
extern const XenPtCapability xen_pt_cap_vpd;
extern const XenPtCapability xen_pt_cap_vendor;
extern const XenPtCapability xen_pt_cap_express;
extern const XenPtCapability xen_pt_cap_sata;
extern const XenPtCapability xen_pt_cap_af;
/* Not shown; ends with an entry without a name. */
extern const XenPtCapability xen_pt_caps_hidden[];

/* extended space */
extern const XenPtCapability xen_pt_ecap_aer;
extern const XenPtCapability xen_pt_ecap_vc;
extern const XenPtCapability xen_pt_ecap_vc_mfvc;
extern const XenPtCapability xen_pt_ecap_mfvc;
extern const XenPtCapability xen_pt_ecap_vsec;
extern const XenPtCapability xen_pt_ecap_dvsec;
extern const XenPtCapability xen_pt_ecap_rebar;
extern const XenPtCapability xen_pt_ecap_ltr;
extern const XenPtCapability xen_pt_ecap_l1ss;
extern const XenPtCapability xen_pt_ecap_power;
extern const XenPtCapability xen_pt_ecap_dpa;
extern const XenPtCapability xen_pt_ecap_tph;
extern const XenPtCapability xen_pt_ecap_ptm;
/* Nothing but read-only registers; ends as above. */
extern const XenPtCapability xen_pt_ecaps_plain[];
extern const XenPtCapability xen_pt_ecaps_hidden[];

/*
 * A length that is cut at the next capability or the end of the space: for
 * hidden ones whose end cannot be told, so that no byte of them is left out.
 */
#define XEN_PT_LENGTH_TO_NEXT XEN_PT_CONFIG_EXT_SIZE
uint16_t xen_pt_table_to_next(XenPtDevice *dev, const XenPtInstance *inst,
                              const char **why);

/* The guest's own bits of the field at offset start as the device's are. */
void xen_pt_table_adopt(XenPtDevice *dev, const XenPtInstance *inst,
                        uint16_t offset);
/* size bytes at offset of the instance read as value, for good. */
void xen_pt_table_fix(XenPtDevice *dev, const XenPtInstance *inst,
                      uint16_t offset, uint8_t size, uint32_t value);
/* Bytes that no field covers are read-only, in permissive mode too. */
void xen_pt_table_close(XenPtDevice *dev, const XenPtInstance *inst);

#endif /* XEN_PT_TABLES_H */
