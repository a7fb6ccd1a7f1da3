/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * xen-pt fuzzing: from bytes to accesses, for all targets
 */
#ifndef XEN_PT_TESTS_FUZZ_H
#define XEN_PT_TESTS_FUZZ_H

#include <stddef.h>

#include "../unit/invariants.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

XenPtOptions fuzz_options(uint8_t byte);
/*
 * Opens and starts host (and frees it), does what data says and checks the
 * invariants after each step; a host that is refused is fine.
 */
void fuzz_run(FakeHost *host, const XenPtOptions *options,
              const uint8_t *data, size_t size);

#endif /* XEN_PT_TESTS_FUZZ_H */
