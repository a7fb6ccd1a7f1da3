/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * xen-pt: the hypervisor port on libxenctrl, and what becomes of the domain
 *
 * Nothing here is thread safe, starts a thread (libxenstore has one of its
 * own) or waits for anybody.
 */
#ifndef XEN_PT_XEN_H
#define XEN_PT_XEN_H

#include "xen-pt/device.h"
#include "xen-pt/hypervisor.h"

struct xc_interface_core;   /* xc_interface of xenctrl.h */

/*
 * The port for one domain.  xch is borrowed and must outlive the port; NULL:
 * a handle of its own.  Asks Xen for its version and features, and whether
 * MSI with several vectors is possible (a map_pirq for a function that does
 * not exist, which fails for one reason or the other).
 */
XenPtHypervisor *xen_pt_xen_open(struct xc_interface_core *xch,
                                 uint32_t domid, GError **errp);
/* After the last device that used it; NULL is fine. */
void xen_pt_xen_close(XenPtHypervisor *hv);

/* -- the domain and its toolstack ----------------------------------------- */

/*
 * QEMU is not told that its domain has shut down, crashed or is dying, nor
 * that libxl gave up on a function that it had added.  Both can be seen:
 * xenstore's @releaseDomain says that some domain changed and Xen says what
 * became of ours; libxl keeps /libxl/pci/DDDD-BB-DD-F/domid from before
 * device_add until the function is free again, also when attaching failed
 * half-way.
 */
typedef struct XenPtDomainWatch XenPtDomainWatch;

typedef struct XenPtDomainWatchOps {
    /* The state is another one than before. */
    void (*state)(void *opaque, XenPtDomainState state);
    /*
     * The key had named our domain and does not any more: this function is
     * not ours, whatever device_add said.  Not called for a function whose
     * key was never seen (XAPI writes none).  Called once; the function is
     * not watched any more.
     */
    void (*dropped)(void *opaque, const XenPtAddress *address);
    /*
     * libxl has finished attaching the function: permissions are granted,
     * the function is assigned.  options is what its entry in the backend
     * says, "msitranslate=0,power_mgmt=0,permissive=0,rdm_policy=strict".
     * Called once for each _add(); never under XAPI.  May be NULL.
     */
    void (*attached)(void *opaque, const XenPtAddress *address,
                     const char *options);
} XenPtDomainWatchOps;

/*
 * Starts with the domain's state as it is, which is not called back.  xch
 * as above.  The callbacks come from _process() and _check() only; in them,
 * every call but _free() is allowed.
 */
XenPtDomainWatch *xen_pt_domain_watch_new(struct xc_interface_core *xch,
                                          uint32_t domid,
                                          const XenPtDomainWatchOps *ops,
                                          void *opaque, GError **errp);
void xen_pt_domain_watch_free(XenPtDomainWatch *watch);
/*
 * One descriptor to poll for input, for the life of the watch; then call
 * _process().  It never blocks.  While the domain is suspended it is ready
 * ten times a second: nobody tells of a resume.
 */
int xen_pt_domain_watch_fd(const XenPtDomainWatch *watch);
void xen_pt_domain_watch_process(XenPtDomainWatch *watch);
/*
 * Asks Xen now (one hypercall): before an unplug, after a resume, or to
 * make sure before something is bound.  Returns the state; the one before if
 * Xen does not answer.
 */
XenPtDomainState xen_pt_domain_watch_check(XenPtDomainWatch *watch);

/* Reports what libxl does with the function; false: xenstore refused. */
bool xen_pt_domain_watch_add(XenPtDomainWatch *watch,
                             const XenPtAddress *address);
void xen_pt_domain_watch_remove(XenPtDomainWatch *watch,
                                const XenPtAddress *address);
/* The domain that libxl's key names, or -1. */
int xen_pt_domain_watch_owner(XenPtDomainWatch *watch,
                              const XenPtAddress *address);

#endif /* XEN_PT_XEN_H */
