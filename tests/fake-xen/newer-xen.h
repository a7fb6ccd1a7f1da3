/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Functions of newer Xen libraries, for builds with older headers.
 */
#ifndef FAKE_XEN_NEWER_XEN_H
#define FAKE_XEN_NEWER_XEN_H

#include <xenctrl.h>
#include <xendevicemodel.h>

/* Since 4.19. */
int xendevicemodel_set_irq_level(xendevicemodel_handle *dmod, domid_t domid,
                                 uint32_t irq, unsigned int level);

/* Since 4.20. */
int xc_pcidev_get_gsi(xc_interface *xch, uint32_t sbdf);
int xc_physdev_map_pirq_gsi(xc_interface *xch, uint32_t domid, int gsi,
                            int *pirq);

#endif
