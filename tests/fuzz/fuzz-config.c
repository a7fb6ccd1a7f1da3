/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * xen-pt fuzzing: a guest's accesses to a fixed device
 *
 * Byte 0 has the options; then each access takes 8 bytes: what to do, the
 * address, and the value.  The invariants of the unit tests are the oracle.
 */
#include <string.h>

#include "fuzz.h"

/* Everything that is shown, and some of what is not. */
static FakeHost *device(void)
{
    FakeHost *host = fake_host_standard();

    fake_add_bar(host, XEN_PT_ROM_REGION, FAKE_BAR_ROM, false, 0xfd000000,
                 0x10000);
    fake_add_cap(host, 0x03, 0xbc);
    fake_set16(host, 0xbe, 0x8004);      /* a read of VPD is done */
    fake_add_cap(host, 0x09, 0xc4);
    fake_set8(host, 0xc6, 0x10);
    fake_add_cap(host, 0x0a, 0xd4);
    fake_add_cap(host, 0x13, 0xdc);
    fake_set32(host, 0xdc, 0x03060013);
    fake_add_cap(host, 0x7f, 0xe4);
    fake_add_ecap(host, 0x0010, 1, 0x160);
    fake_add_ecap(host, 0x000b, 1, 0x1a0);
    fake_set32(host, 0x1a4, 0x02010001);
    fake_add_ecap(host, 0x0015, 1, 0x1c0);
    fake_set32(host, 0x1c4, 0x000ffff0);
    fake_set32(host, 0x1c8, 0x00000020);
    fake_add_ecap(host, 0x0004, 1, 0x1d0);
    fake_add_ecap(host, 0x001e, 1, 0x1e0);
    host->w1c[0x07] = 0xf9;
    host->w1c[0x8a] = 0x0f;
    host->w1c[0x93] = 0xc0;
    fake_set16(host, 0x06, fake_get16(host, 0x06) | 0xf900);
    return host;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    XenPtOptions options = { .permissive = false };

    if (size > 0) {
        options = fuzz_options(data[0]);
        fuzz_run(device(), &options, data + 1, size - 1);
    }
    return 0;
}
