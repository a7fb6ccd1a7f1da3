/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * xen-pt tests: which of the mutants in this program is on
 */
#ifndef XEN_PT_SWITCH_H
#define XEN_PT_SWITCH_H

#include <stdbool.h>

bool xen_pt_mutant(int number);

#endif
