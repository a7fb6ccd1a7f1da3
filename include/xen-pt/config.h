/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * xen-pt: the policy of configuration space, as data
 *
 * A capability is a table of fields; a field says of each of its bits what
 * the guest reads and where a write goes.  Each bit is in exactly one class:
 *
 *   fixed    reads as in `init`; writes are dropped
 *   ro       the device's value, read once at open; writes are dropped
 *   live     the device's value at each read; writes are dropped
 *   trigger  as live, and 1 is never written to the device, not even when a
 *            neighbouring bit is: writing 1 starts something.  The bytes of
 *            the field below it are not written without it: the device may
 *            go by a 1 of its own
 *   virt     the guest's own: it reads what it wrote; starts as in `init`
 *   hooked   as virt, and xen-pt acts on a change (see `note`)
 *   host     the device's own: reads and writes reach it
 *   rw1c     as live; a 1 that the guest writes reaches the device, and no
 *            other 1 ever does
 *
 * `permissive` names the bits of ro, live or fixed that permissive=1 turns
 * into host.  A table in which a bit has no class or two is refused when the
 * device is opened.  Bytes of a shown capability, or of the space between
 * capabilities, that no field covers are live, and host in permissive mode.
 */
#ifndef XEN_PT_CONFIG_H
#define XEN_PT_CONFIG_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "xen-pt/host.h"

#define XEN_PT_CONFIG_SIZE     256   /* conventional space */
#define XEN_PT_CONFIG_EXT_SIZE 4096

typedef struct XenPtDevice XenPtDevice;
typedef struct XenPtInstance XenPtInstance;

/* What a changed field makes the device look at, once the write is stored. */
typedef enum XenPtAction {
    XEN_PT_ACTION_NONE    = 0,
    XEN_PT_ACTION_COMMAND = 1 << 0,
    XEN_PT_ACTION_BARS    = 1 << 1,
    XEN_PT_ACTION_MSI     = 1 << 2,
    XEN_PT_ACTION_MSI_DATA = 1 << 3,
    XEN_PT_ACTION_MSIX    = 1 << 4,
    XEN_PT_ACTION_PM      = 1 << 5,
    XEN_PT_ACTION_FLR     = 1 << 6,
} XenPtAction;

typedef struct XenPtField {
    uint16_t offset;        /* from the start of the capability */
    uint8_t size;           /* 1, 2 or 4 bytes */
    const char *name;       /* as the spec has it */
    uint32_t fixed, ro, live, trigger, virt, hooked, host, rw1c;
    uint32_t permissive;
    uint32_t init;
    XenPtAction action;
    const char *note;       /* for the policy table in docs/, or NULL */
} XenPtField;

typedef struct XenPtCapability {
    uint16_t id;
    bool extended;
    bool single;            /* a second instance is hidden */
    const char *name;
    const char *spec;       /* section of the specification */
    const char *hidden;     /* why it is not shown; NULL: it is shown */
    const XenPtField *fields;   /* ends with size 0; may be NULL */
    uint16_t min_length;    /* bytes, header of the capability included */
    /*
     * The body is opaque (vendor specific): where it runs into the next
     * capability it is cut there.  Any other that does so is hidden.
     */
    bool may_trim;
    /*
     * Length of this instance in bytes, read from the device where it
     * depends on it; 0 hides the instance and sets *why (static string).
     * NULL: min_length.
     */
    uint16_t (*length)(XenPtDevice *dev, const XenPtInstance *inst,
                       const char **why);
    /*
     * After the fields are compiled: adapts the instance's masks to this
     * device with xen_pt_config_set(), finds out what its code needs.
     * false hides the instance and sets *why.  NULL: nothing to do.
     */
    bool (*setup)(XenPtDevice *dev, const XenPtInstance *inst,
                  const char **why);
} XenPtCapability;

/* One capability as found in the device. */
struct XenPtInstance {
    const XenPtCapability *cap;  /* NULL: an id that no table knows */
    uint16_t id;
    uint16_t offset;
    uint16_t length;             /* 0 until known */
    uint16_t claims;             /* bytes its registers take in the device */
    uint8_t version;             /* extended capabilities */
    bool extended;
    bool shown;
    const char *why;             /* not shown, because */
};

#define XEN_PT_CLAIMED          1    /* a table covers the byte */
#define XEN_PT_CLAIMED_WRITABLE 2    /* with a field that can be written */

/* The two faces, byte for byte; see design.md section 3. */
typedef struct XenPtConfig {
    uint8_t value[XEN_PT_CONFIG_EXT_SIZE];
    uint8_t virt[XEN_PT_CONFIG_EXT_SIZE];
    uint8_t write_virt[XEN_PT_CONFIG_EXT_SIZE];
    uint8_t write_host[XEN_PT_CONFIG_EXT_SIZE];
    uint8_t rw1c[XEN_PT_CONFIG_EXT_SIZE];    /* 1 must not be merged here */
    uint8_t with_next[XEN_PT_CONFIG_EXT_SIZE]; /* 1: not without the next */
    uint8_t action[XEN_PT_CONFIG_EXT_SIZE];
    uint8_t claimed[XEN_PT_CONFIG_EXT_SIZE]; /* XEN_PT_CLAIMED*, 0: unknown */
    uint8_t initial[XEN_PT_CONFIG_EXT_SIZE]; /* value[] at reset */
} XenPtConfig;

/* All tables, in no order; ends with NULL.  For docs and tools. */
const XenPtCapability *const *xen_pt_capabilities(void);
/* The table of the type 0 header. */
const XenPtCapability *xen_pt_header(void);
/* NULL if the table is sound, else what is wrong with it; caller frees. */
char *xen_pt_capability_check(const XenPtCapability *cap);

/*
 * Replaces the masks of size bytes at offset by those of field, whose
 * offset is ignored; for setup().  value bits of ro are kept.
 */
void xen_pt_config_set(XenPtDevice *dev, uint16_t offset,
                       const XenPtField *field);
/*
 * Reads the device's own value at open, for length() and setup(): from what
 * was read before, else from the device.  All ones if it cannot be read.
 */
uint32_t xen_pt_config_host(XenPtDevice *dev, uint16_t offset, unsigned size);
/* What the guest's virtual bits at offset say now, without host access. */
uint32_t xen_pt_config_value(const XenPtDevice *dev, uint16_t offset,
                             unsigned size);

#endif /* XEN_PT_CONFIG_H */
