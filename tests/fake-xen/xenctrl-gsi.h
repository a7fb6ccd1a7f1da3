/*
 * Functions of libxenctrl from Xen 4.20 on, for builds with older headers.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef FAKE_XEN_XENCTRL_GSI_H
#define FAKE_XEN_XENCTRL_GSI_H

#include <xenctrl.h>

int xc_pcidev_get_gsi(xc_interface *xch, uint32_t sbdf);
int xc_physdev_map_pirq_gsi(xc_interface *xch, uint32_t domid, int gsi,
                            int *pirq);

#endif
