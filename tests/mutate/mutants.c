/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * xen-pt tests: names the mutants, a line each: number, capability, name,
 * field, offset, what
 */
#include "mutant.h"

int main(void)
{
    return mutant_walk(-1) > 0 ? 0 : 1;
}
