/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What differs between the versions of Xen that xen-pt is built against
 *
 * Known: 4.17 (Debian 12) to 4.23.  Each block is named after what differs.
 * The XEN_PT_HAVE_* come from meson.build, which looks at the headers;
 * libxenctrl's SONAME ties a binary to the version that it was built for.
 */
#ifndef XEN_PT_XEN_COMPAT_H
#define XEN_PT_XEN_COMPAT_H

#include <errno.h>

/* First: the others do without what it defines for <xen/xen.h>. */
#include <xenctrl.h>
#include <xendevicemodel.h>

/*
 * GSI of a function in a PVH dom0: since 4.20.  A PVH dom0's interrupt
 * numbers are not Xen's, and its pirqs are not its GSIs.
 */
#ifdef XEN_PT_HAVE_PIRQ_GSI
static inline int xen_pt_pcidev_gsi(xc_interface *xch, uint32_t sbdf)
{
    return xc_pcidev_get_gsi(xch, sbdf);
}

static inline int xen_pt_map_pirq_gsi(xc_interface *xch, uint32_t domid,
                                      int gsi, int *pirq)
{
    return xc_physdev_map_pirq_gsi(xch, domid, gsi, pirq);
}
#else
static inline int xen_pt_pcidev_gsi(xc_interface *xch, uint32_t sbdf)
{
    errno = EOPNOTSUPP;
    return -1;
}

static inline int xen_pt_map_pirq_gsi(xc_interface *xch, uint32_t domid,
                                      int gsi, int *pirq)
{
    errno = EOPNOTSUPP;
    return -1;
}
#endif

/*
 * PCI segment in xc_physdev_map_pirq_msi(): since 4.21 in the upper half of
 * the bus argument; before, libxenctrl had no place for it.
 */
#ifdef XEN_PT_HAVE_MSI_SEGBUS
#define XEN_PT_MSI_SEGBUS true
#else
#define XEN_PT_MSI_SEGBUS false
#endif

/* The device model sees all writes to MSI-X vector control: since 4.19. */
#ifndef XENFEAT_dm_msix_all_writes
#define XENFEAT_dm_msix_all_writes 20
#endif

#endif /* XEN_PT_XEN_COMPAT_H */
