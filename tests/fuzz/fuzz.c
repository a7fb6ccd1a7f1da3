/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * xen-pt fuzzing: from bytes to accesses, for all targets
 */
#include <errno.h>
#include <string.h>

#include "fuzz.h"

#define STEP 8

XenPtOptions fuzz_options(uint8_t byte)
{
    return (XenPtOptions) {
        .permissive = byte & 1,
        .allow_reset = byte & 2,
        .no_rom = byte & 4,
    };
}

static uint32_t bytes32(const uint8_t *p)
{
    return p[0] | p[1] << 8 | p[2] << 16 | (uint32_t)p[3] << 24;
}

/*
 * Byte 0: what; byte 1: more of it; bytes 2 and 3: where; bytes 4 to 7: the
 * value.  Most of what is config accesses.
 */
static void step(Fake *fake, Invariants *inv, const uint8_t *p)
{
    uint32_t addr = p[2] | p[3] << 8, value = bytes32(p + 4);
    unsigned len = 1u << (p[1] & 3);

    switch (p[0] & 15) {
    case 8:
        fake_vm_advance(fake->vm, p[1]);
        break;
    case 9:
        xen_pt_device_region_write(fake->dev, p[1] >> 4, addr, len, value);
        break;
    case 10:
        xen_pt_device_region_read(fake->dev, p[1] >> 4, addr, len);
        break;
    case 11:
        invariants_reset_done(inv);
        break;
    case 12:
        /* the hypervisor says no to the next call but some */
        fake->hv->fail_at = p[1];
        fake->hv->fail_errno = p[2] & 1 ? EPERM : ENOSPC;
        break;
    case 13:
        /* the device changes by itself: status, vendor registers */
        if (addr >= 0x40 && addr < XEN_PT_CONFIG_EXT_SIZE) {
            invariants_device_changes(inv, addr, value);
        }
        break;
    case 14:
        invariants_read(inv, addr & 0x1fff, len);
        break;
    case 15:
        invariants_check_all(inv);
        break;
    default:
        invariants_write(inv, addr & (p[0] & 1 ? 0xff : 0x1fff), value, len);
        break;
    }
}

void fuzz_run(FakeHost *host, const XenPtOptions *options,
              const uint8_t *data, size_t size)
{
    char *sentence = NULL;
    Fake *fake = fake_try_open(host, options, &sentence);
    GError *err = NULL;
    Invariants *inv;

    if (!fake) {
        g_free(sentence);
        return;
    }
    xen_pt_device_start(fake->dev, 0, 5, &err);
    g_assert_no_error(err);
    fake_read(fake, 0x100, 4);
    inv = invariants_new(fake, options);
    for (; size >= STEP; data += STEP, size -= STEP) {
        step(fake, inv, data);
    }
    invariants_check_all(inv);
    invariants_free(inv);
    fake->hv->fail_at = 0;
    fake_close(fake);
}
