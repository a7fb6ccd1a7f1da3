/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * xen-pt tests: devices that have just one capability
 */
#include "one-capability.h"

/* Registers that length() and setup() ask for: what must be in them. */
static void make_plausible(FakeHost *host, const XenPtCapability *cap,
                           unsigned at)
{
    if (!cap->extended) {
        switch (cap->id) {
        case 0x09:
            fake_set8(host, at + 2, 0x20);
            break;
        case 0x10:
            fake_set16(host, at + 2, 0x0002);
            break;
        case 0x11:
            fake_set16(host, at + 2, fake_get16(host, at + 2) & ~0x07ff);
            fake_set32(host, at + 4, 0);
            fake_set32(host, at + 8, 0x800);
            break;
        case 0x13:
            fake_set8(host, at + 3, fake_get8(host, at + 3) | 3);
            break;
        }
        return;
    }
    switch (cap->id) {
    case 0x01:
        fake_add_ecap(host, 0x0003, 1, 0x180);    /* room for all of it */
        break;
    case 0x02:
    case 0x08:
    case 0x09:
        fake_set32(host, at + 4, fake_get32(host, at + 4) & ~7u);
        break;
    case 0x0b:
    case 0x23:
        fake_set32(host, at + 4,
                   (fake_get32(host, at + 4) & 0xfffff) | 0x02000000);
        break;
    case 0x17:
        fake_set32(host, at + 4, fake_get32(host, at + 4) & ~0x07ff0600u);
        break;
    }
}

FakeHost *host_with(const XenPtCapability *cap, uint32_t content)
{
    FakeHost *host = fake_host_new();
    unsigned at = cap->extended ? AT_EXTENDED : AT_CONVENTIONAL;
    unsigned end = cap->extended ? 0x200 : 0x100;

    fake_add_bar(host, 0, FAKE_BAR_MEM32, false, 0xfe000000, 0x1000);
    if (cap == xen_pt_header()) {
        for (unsigned i = 0x04; i < 0x40; i += 4) {
            if (i < 0x10 || i >= 0x28) {
                fake_set32(host, i, content);
            }
        }
        fake_set8(host, 0x0e, 0);
        fake_add_pm(host, 0x40);     /* the list is not empty */
        return host;
    }
    for (unsigned i = at; i < end; i += 4) {
        fake_set32(host, i, content);
    }
    if (cap->extended) {
        fake_add_ecap(host, cap->id, 1, at);
    } else {
        fake_add_cap(host, cap->id, at);
    }
    make_plausible(host, cap, at);
    return host;
}
