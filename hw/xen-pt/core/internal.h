/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * xen-pt core: what its files share and nobody else sees
 */
#ifndef XEN_PT_INTERNAL_H
#define XEN_PT_INTERNAL_H

#include <inttypes.h>

#include "xen-pt/device.h"

#define DIV_ROUND_UP(n, d) (((n) + (d) - 1) / (d))
#define ALL_ONES 0xffffffffu

/*
 * How long a region stays where it was after the guest has turned decoding
 * off.  Guests size a BAR within microseconds; a region that lingers longer
 * would be a surprise to whoever is placed there next.
 */
#define XEN_PT_SETTLE_MS     100
/*
 * MSI address without data: guests write both within microseconds, unless
 * the vCPU that does it is not scheduled for a while.
 */
#define XEN_PT_MSI_SETTLE_MS 10
/* Refused maps and vectors that Xen may grant later are tried this often. */
#define XEN_PT_RETRY_MS      50
#define XEN_PT_RETRY_SLOW_MS 250
#define XEN_PT_RETRY_FAST_FOR_MS 5000
/*
 * libxl looks once a second whether a function has gone, then unmaps its
 * line and resets it.
 */
#define XEN_PT_PARKED_MS     10000

/* Log lines about one thing in the life of a device. */
#define XEN_PT_MAX_DENIED_LINES 32
#define XEN_PT_MAX_WARNINGS     128

typedef struct XenPtVector {
    int pirq;                    /* -1: not mapped */
    bool bound;
    XenPtMsiBinding binding;     /* as bound */
    int error;                   /* errno of the last refusal */
} XenPtVector;

typedef struct XenPtMsi {
    const XenPtInstance *inst;   /* NULL: the guest sees no MSI */
    uint16_t offset;
    uint16_t data;               /* offsets in config space */
    uint16_t mask;               /* 0: no mask bits offered */
    bool is64;
    uint8_t max_vectors;         /* offered to the guest */
    bool enabled;                /* as the guest last had it */
    bool hw_enabled;
    uint8_t mapped;              /* vectors behind vector[0].pirq */
    uint16_t hw_flags;           /* the device's own control, enable clear */
    XenPtVector vector[32];
} XenPtMsi;

typedef struct XenPtMsixEntry {
    uint32_t dword[4];           /* as PCI_MSIX_ENTRY_*, by 4 */
    XenPtVector vector;
} XenPtMsixEntry;

typedef struct XenPtMsix {
    const XenPtInstance *inst;   /* NULL: the guest sees no MSI-X */
    uint16_t offset;
    uint16_t count;
    int table_region, pba_region;
    uint64_t table_offset, pba_offset;
    bool enabled, maskall;
    uint16_t hw_flags;           /* last written: enable and maskall */
    uint64_t gtable;             /* guest address of the table, 0: none */
    XenPtMsixEntry *entry;
} XenPtMsix;

typedef struct XenPtSection {
    int region;
    uint64_t offset, gaddr, size;
} XenPtSection;

typedef enum XenPtState {
    XEN_PT_STATE_OPEN,
    XEN_PT_STATE_STARTED,
    XEN_PT_STATE_STOPPED,
} XenPtState;

struct XenPtDevice {
    XenPtConfig config;

    XenPtHost *host;
    XenPtHypervisor *hv;
    XenPtVm *vm;
    XenPtOptions options;
    char name[XEN_PT_BDF_LEN];
    XenPtState state;
    XenPtDomainState domain;
    bool gone;
    bool resetting;              /* the host resets it: nobody may ask */
    XenPtCounters counters;

    /* config.c, chain.c */
    uint8_t cache[XEN_PT_CONFIG_EXT_SIZE];   /* the device's, at open */
    uint8_t cached[XEN_PT_CONFIG_EXT_SIZE];  /* 1: cache[] is valid */
    uint8_t forbidden[XEN_PT_CONFIG_EXT_SIZE]; /* 1: never to be read */
    bool ext_open;
    GPtrArray *instances;                    /* XenPtInstance, owned */
    GHashTable *denied;                      /* offset -> XenPtDenied */
    unsigned denied_lines;
    GPtrArray *warnings;

    /* bar.c */
    XenPtLayout committed;
    GArray *sections;                        /* XenPtSection */
    GArray *maps;                            /* XenPtMap */
    GArray *wanted;                          /* XenPtMap, between phases */
    bool committing;
    unsigned map_error_lines;

    /* device.c: deadlines in ms, -1: none */
    uint16_t pmcsr;                          /* offset; 0: none to drive */
    uint8_t hw_power;                        /* D-state last written */
    uint8_t guest_power;                     /* D-state the guest is in */
    int64_t settle_at, msi_settle_at, retry_at, retry_since, timer_at;
    bool hw_command_known;
    uint16_t hw_command;                     /* last written or read */
    uint16_t found_command;                  /* at start */
    bool enabled;                            /* by the guest since a reset */
    bool rom_enabled;                        /* in hardware */

    /* intx.c */
    int intx_pirq;                           /* -1: none */
    bool intx_bound;
    bool intx_is_toolstacks;                 /* it unmaps intx_pirq */
    int64_t intx_back_at;                    /* parked until then; -1: not */
    char intx_parked_for[XEN_PT_BDF_LEN];
    uint8_t guest_bus, guest_slot, intx_pin; /* pin: 1 for INTA#, 0 none */

    XenPtMsi msi;
    XenPtMsix msix;
    uint64_t irq_errors_said;                /* by errno: once per cause */
};

/* config.c */
bool xen_pt_config_open(XenPtDevice *dev, GError **errp);
/*
 * The byte is never read of the device, nor written, whatever a table says of
 * it: bits that would be the device's are ones.
 */
void xen_pt_config_forbid(XenPtDevice *dev, uint16_t offset);
void xen_pt_config_open_extended(XenPtDevice *dev);
void xen_pt_config_compile(XenPtDevice *dev, const XenPtInstance *inst);
void xen_pt_config_seal(XenPtDevice *dev, uint16_t offset, uint16_t length);
void xen_pt_config_reset(XenPtDevice *dev);
void xen_pt_config_prefetch(XenPtDevice *dev, uint16_t offset,
                            uint16_t length);
void xen_pt_config_store(XenPtDevice *dev, uint16_t offset, unsigned size,
                         uint32_t value);
void xen_pt_config_store_initial(XenPtDevice *dev, uint16_t offset,
                                 unsigned size, uint32_t value);
/* The device's own space, counted; all ones where nothing answers. */
bool xen_pt_host_read(XenPtDevice *dev, uint32_t addr, void *buf, size_t len);
bool xen_pt_host_write(XenPtDevice *dev, uint32_t addr, const void *buf,
                       size_t len);
bool xen_pt_host_write16(XenPtDevice *dev, uint32_t addr, uint16_t value);

/* chain.c */
void xen_pt_chain_open(XenPtDevice *dev);
void xen_pt_chain_open_extended(XenPtDevice *dev);
const XenPtInstance *xen_pt_chain_find(XenPtDevice *dev, uint16_t id,
                                       bool extended);

/* policy.c */
bool xen_pt_policy_allow(XenPtDevice *dev, const char *rules, GError **errp);
void xen_pt_policy_quirks(XenPtDevice *dev, const char *rules);
bool xen_pt_policy_forbid(XenPtDevice *dev, const char *ranges,
                          GError **errp);
/* An allow rule may open the byte; else why not (static string). */
bool xen_pt_policy_may_open(const XenPtDevice *dev, uint32_t offset,
                            const char **why);
void xen_pt_policy_denied(XenPtDevice *dev, uint32_t addr, unsigned len,
                          uint32_t value, uint32_t denied_bytes);

/* bar.c */
void xen_pt_bars_update(XenPtDevice *dev, bool command_written);
void xen_pt_bars_commit(XenPtDevice *dev);
bool xen_pt_bars_retry(XenPtDevice *dev);    /* true: something still waits */
void xen_pt_bars_drop(XenPtDevice *dev);
uint64_t xen_pt_bars_address(const XenPtDevice *dev, int region);

/* intx.c */
bool xen_pt_intx_start(XenPtDevice *dev, GError **errp);
void xen_pt_intx_stop(XenPtDevice *dev);
void xen_pt_intx_back(XenPtDevice *dev);     /* parked long enough */

/* vector.c */
/* Adds to the users of a pirq, of all functions of the domain; their number. */
int xen_pt_pirq_users(XenPtHypervisor *hv, int pirq, int by);
void xen_pt_vector_init(XenPtVector *vector);
/* 0 or -errno, which the vector then remembers. */
int xen_pt_vector_map(XenPtDevice *dev, XenPtVector *vector,
                      const XenPtMsiRequest *request);
/*
 * Binds the mapped vector on a difference in gvec or gflags (a table that
 * has moved is msix.c's business).  A refusal leaves it mapped and unbound.
 */
int xen_pt_vector_bind(XenPtDevice *dev, XenPtVector *vector,
                       const XenPtMsiBinding *want);
void xen_pt_vector_unbind(XenPtDevice *dev, XenPtVector *vector);
void xen_pt_vector_release(XenPtDevice *dev, XenPtVector *vector);
XenPtMsiBinding xen_pt_vector_message(uint64_t address, uint32_t data,
                                      uint64_t gtable);
int xen_pt_vector_wanted_pirq(const XenPtDevice *dev, uint64_t address,
                              uint32_t data);
bool xen_pt_vector_may_retry(int error);
void xen_pt_vector_failed(XenPtDevice *dev, const char *kind, unsigned entry,
                          int error);

/* msi.c, msix.c */
extern const XenPtCapability xen_pt_cap_msi;
extern const XenPtCapability xen_pt_cap_msix;
void xen_pt_msi_quiet(XenPtDevice *dev);     /* off in hardware, at start */
void xen_pt_msi_control(XenPtDevice *dev);
void xen_pt_msi_written_again(XenPtDevice *dev);
void xen_pt_msi_sync(XenPtDevice *dev);
void xen_pt_msi_written(XenPtDevice *dev, uint32_t addr, unsigned len);
/* Off in hardware, unbound, unmapped; the guest's state stays. */
void xen_pt_msi_release(XenPtDevice *dev);
void xen_pt_msi_stop(XenPtDevice *dev);
bool xen_pt_msi_waits(const XenPtDevice *dev);
void xen_pt_msix_quiet(XenPtDevice *dev);
void xen_pt_msix_control(XenPtDevice *dev);
void xen_pt_msix_sync(XenPtDevice *dev);
void xen_pt_msix_table_moved(XenPtDevice *dev);
void xen_pt_msix_stop(XenPtDevice *dev);
void xen_pt_msix_free(XenPtDevice *dev);
void xen_pt_msix_reset(XenPtDevice *dev);
bool xen_pt_msix_waits(const XenPtDevice *dev);
/* Part of the table or of the PBA: then *value is served or taken. */
bool xen_pt_msix_read(XenPtDevice *dev, int region, uint64_t offset,
                      unsigned size, uint64_t *value);
bool xen_pt_msix_write(XenPtDevice *dev, int region, uint64_t offset,
                       unsigned size, uint64_t value);

/* power.c */
void xen_pt_power_start(XenPtDevice *dev);
void xen_pt_power_update(XenPtDevice *dev);
void xen_pt_power_stop(XenPtDevice *dev);

/* device.c */
void xen_pt_flr_written(XenPtDevice *dev);
void xen_pt_command_update(XenPtDevice *dev);
void xen_pt_written_again(XenPtDevice *dev, unsigned actions);
void xen_pt_timer_update(XenPtDevice *dev);
void xen_pt_retry_later(XenPtDevice *dev);
void xen_pt_warn(XenPtDevice *dev, const char *format, ...)
    G_GNUC_PRINTF(2, 3);
void xen_pt_say(XenPtDevice *dev, XenPtLevel level, const char *format, ...)
    G_GNUC_PRINTF(3, 4);
static inline void xen_pt_event(XenPtDevice *dev, XenPtEvent event,
                                uint64_t a, uint64_t b, uint64_t c,
                                const char *text)
{
    if (dev->vm->ops->event) {
        dev->vm->ops->event(dev->vm, event, a, b, c, text);
    }
}
/* New bindings and maps may be asked of Xen. */
static inline bool xen_pt_may_issue(const XenPtDevice *dev)
{
    return dev->state == XEN_PT_STATE_STARTED &&
           dev->domain == XEN_PT_DOMAIN_RUNNING && !dev->gone &&
           !dev->resetting;
}

#endif /* XEN_PT_INTERNAL_H */
