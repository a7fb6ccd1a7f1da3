/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * xen-pt tests: devices that have just one capability
 */
#ifndef XEN_PT_TESTS_ONE_CAPABILITY_H
#define XEN_PT_TESTS_ONE_CAPABILITY_H

#include "fake-host.h"

#define AT_CONVENTIONAL 0x80
#define AT_EXTENDED     0x100

/*
 * A device with just this capability (the header: with PM) and a memory BAR,
 * whose registers hold content wherever its length and kind do not depend on
 * them.
 */
FakeHost *host_with(const XenPtCapability *cap, uint32_t content);

#endif /* XEN_PT_TESTS_ONE_CAPABILITY_H */
