/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * xen-pt: the hypervisor port
 *
 * The calls of libxenctrl that a passed-through function needs, for one
 * domain.  Names and meanings are those of xenctrl.h and
 * xen/include/public/{domctl,physdev}.h.
 *
 * Units: gfn and mfn count pages of 4 KiB; ports count bytes.
 * Errors: 0 or a negative errno, as Xen gave it.
 * Ownership: one hypervisor serves all functions of a device model and
 * outlives them; the core never frees it.
 */
#ifndef XEN_PT_HYPERVISOR_H
#define XEN_PT_HYPERVISOR_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "xen-pt/host.h"

/* What to map to a pirq: PHYSDEVOP_map_pirq for MSI and MSI-X. */
typedef struct XenPtMsiRequest {
    XenPtAddress address;
    bool msix;
    uint16_t entry;       /* MSI-X table index; 0 for MSI */
    uint16_t count;       /* MSI vectors, a power of two; 1 for MSI-X */
    uint64_t table_base;  /* MSI-X: host address of the table's BAR; MSI: 0 */
    int wanted_pirq;      /* pirq the guest asked for by name, or -1 */
} XenPtMsiRequest;

/*
 * DOMCTL bind_pt_irq of type MSI: XEN_DOMCTL_VMSI_X86_* in gflags; gtable
 * is the guest address of the MSI-X table, 0 for none.
 */
typedef struct XenPtMsiBinding {
    uint8_t gvec;
    uint32_t gflags;
    uint64_t gtable;
} XenPtMsiBinding;

typedef struct XenPtHypervisor XenPtHypervisor;

typedef struct XenPtHypervisorOps {
    int (*memory_map)(XenPtHypervisor *hv, uint64_t gfn, uint64_t mfn,
                      uint64_t count);
    int (*memory_unmap)(XenPtHypervisor *hv, uint64_t gfn, uint64_t mfn,
                        uint64_t count);
    int (*ioport_map)(XenPtHypervisor *hv, uint32_t gport, uint32_t mport,
                      uint32_t count);
    int (*ioport_unmap)(XenPtHypervisor *hv, uint32_t gport, uint32_t mport,
                        uint32_t count);
    int (*map_gsi)(XenPtHypervisor *hv, const XenPtAddress *address,
                   uint32_t gsi, int *pirq);
    int (*map_msi)(XenPtHypervisor *hv, const XenPtMsiRequest *request,
                   int *pirq);
    int (*unmap_pirq)(XenPtHypervisor *hv, int pirq);
    /* intx: 0 for INTA# */
    int (*bind_intx)(XenPtHypervisor *hv, int pirq, uint8_t guest_bus,
                     uint8_t guest_slot, uint8_t intx);
    int (*unbind_intx)(XenPtHypervisor *hv, int pirq, uint8_t guest_bus,
                       uint8_t guest_slot, uint8_t intx);
    /* Binds, or changes the binding of, a pirq. */
    int (*bind_msi)(XenPtHypervisor *hv, int pirq,
                    const XenPtMsiBinding *binding);
    int (*unbind_msi)(XenPtHypervisor *hv, int pirq,
                      const XenPtMsiBinding *binding);
} XenPtHypervisorOps;

struct XenPtHypervisor {
    const XenPtHypervisorOps *ops;
    bool multi_msi;          /* MAP_PIRQ_TYPE_MULTI_MSI can be used */
    bool msi_segment;        /* map_msi can carry a PCI segment other than 0 */
    bool all_msix_writes;    /* XENFEAT_dm_msix_all_writes (Xen >= 4.19) */
    bool hvm_pirqs;          /* XENFEAT_hvm_pirqs: vector 0 names a pirq */
    bool toolstack_unmaps_gsi;  /* libxl does when it detaches (Xen >= 4.18) */
    uint32_t max_gsi;        /* largest GSI that bind_intx can carry */
    /* Core's own: users of each mapped pirq.  Starts as NULL. */
    GHashTable *pirq_users;
};

#endif /* XEN_PT_HYPERVISOR_H */
