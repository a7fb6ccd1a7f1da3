/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * xen-pt tests: one wrong bit in one table
 */
#ifndef XEN_PT_TESTS_MUTANT_H
#define XEN_PT_TESTS_MUTANT_H

#include "xen-pt/config.h"

/* Makes the mutant of that number; -1: prints them all.  Their number. */
long mutant_walk(long wanted);

#endif /* XEN_PT_TESTS_MUTANT_H */
