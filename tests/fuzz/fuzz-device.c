/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * xen-pt fuzzing: a hostile device, then a hostile guest
 *
 * Byte 0 has the options, byte 1 what kind of function it is; then 192 bytes
 * of conventional space from 0x40 on, 512 of extended space, and accesses as
 * in fuzz-config.c.
 */
#include <string.h>

#include "fuzz.h"

#define CONVENTIONAL 192
#define EXTENDED     512

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    XenPtOptions options;
    FakeHost *host;
    size_t used;

    if (size < 2) {
        return 0;
    }
    options = fuzz_options(data[0]);
    host = fake_host_new();
    host->host.info.is_virtfn = data[1] & 1;
    if (data[1] & 2) {
        fake_add_bar(host, 0, FAKE_BAR_MEM64, false, 0x4fe000000ull, 0x4000);
    }
    if (data[1] & 4) {
        fake_add_bar(host, 2, FAKE_BAR_IO, false, 0xe000, 0x20);
    }
    if (data[1] & 8) {
        host->config_size = XEN_PT_CONFIG_SIZE;
    }
    data += 2;
    size -= 2;
    fake_set16(host, 0x06, 0xf910);
    fake_set8(host, 0x34, 0x40);

    used = MIN(size, CONVENTIONAL);
    memcpy(host->config + 0x40, data, used);
    data += used;
    size -= used;
    used = MIN(size, EXTENDED);
    memcpy(host->config + 0x100, data, used);
    fuzz_run(host, &options, data + used, size - used);
    return 0;
}
