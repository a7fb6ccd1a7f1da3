/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * xen-pt tests: what holds after every access of a guest, whatever it was
 *
 * The oracle of the random tests, of the corpus and of the fuzzers.  It knows
 * by itself, not from the tables, which bits may reach a device: a table
 * that opens one more is found.
 */
#ifndef XEN_PT_TESTS_INVARIANTS_H
#define XEN_PT_TESTS_INVARIANTS_H

#include "fake-host.h"

typedef struct Invariants Invariants;

/* Of a device that was just started; fake must outlive it. */
Invariants *invariants_new(Fake *fake, const XenPtOptions *options);
void invariants_free(Invariants *inv);

/* A guest's access; aborts with a sentence if anything does not hold. */
uint32_t invariants_read(Invariants *inv, uint32_t addr, unsigned len);
void invariants_write(Invariants *inv, uint32_t addr, uint32_t value,
                      unsigned len);
/* Ends the function level reset that the guest asked for, if it did. */
void invariants_reset_done(Invariants *inv);
/* The device changes a byte by itself; not one that xen-pt controls. */
void invariants_device_changes(Invariants *inv, uint32_t addr,
                               uint8_t value);
/* The dear ones: walks both lists as a guest does, looks at every byte. */
void invariants_check_all(Invariants *inv);

#endif /* XEN_PT_TESTS_INVARIANTS_H */
