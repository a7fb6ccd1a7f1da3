/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * xen-pt tests: what each dword of each shown capability must do
 *
 * Measured from outside and reviewed against the specifications that
 * docs/policy.md names: a change here is a change of policy.  See
 * test-registers.c for how it is measured.  Columns: first and last dword,
 * device, live, one, own, host, clear, permissive.
 */
#ifndef XEN_PT_TESTS_REGISTERS_H
#define XEN_PT_TESTS_REGISTERS_H

/* Dwords from first to last: the device's, as at open */
#define RO(first, last)     { first, last, .device = 0xffffffff }
/* the device's, each time */
#define LIVE(first, last)   { first, last, .device = 0xffffffff, \
                              .live = 0xffffffff }
/* the guest's, which start as the device's */
#define OWN(first, last)    { first, last, .device = 0xffffffff, \
                              .own = 0xffffffff }
/* the vendor's: the device's each time, written in permissive mode */
#define OPAQUE(first, last) { first, last, .device = 0xffffffff, \
                              .live = 0xffffffff, .permissive = 0xffffffff }
#define END                 { .first = 0xffff }

/* Type 0 header */
static const Register header[] = {
    { 0x04, 0x04, 0xffe90000, 0xf9080000, 0, 0x0000077f, 0, 0xf9000000, 0 },
    { 0x08, 0x08, 0xffffffff, 0, 0, 0, 0, 0, 0xffffffff },
    { 0x0c, 0x0c, 0, 0, 0, 0x0000ffff, 0, 0, 0 },
    { 0x10, 0x10, 0, 0, 0, 0xfffff000, 0, 0, 0 },
    { 0x2c, 0x2c, 0xffffffff, 0, 0, 0, 0, 0, 0xffffffff },
    { 0x34, 0x34, 0xffffff00, 0, 0, 0, 0, 0, 0xffffff00 },
    { 0x38, 0x38, 0xffffffff, 0, 0, 0, 0, 0, 0xffffffff },
    { 0x3c, 0x3c, 0xffff0000, 0, 0, 0x000000ff, 0, 0, 0xffff0000 },
    END
};

/* Power Management */
static const Register pm[] = {
    { 0x00, 0x00, 0x06370000, 0, 0, 0, 0, 0, 0 },
    { 0x04, 0x04, 0, 0, 0x00000008, 0x00000003, 0, 0, 0xff007e00 },
    END
};

/* Vital Product Data */
static const Register vpd[] = {
    { 0x00, 0x00, 0xfffc0000, 0xfffc0000, 0, 0, 0x7ffc0000, 0, 0x80000000 },
    OPAQUE(0x04, 0x04),
    END
};

/* Vendor-specific */
static const Register vendor[] = {
    { 0x00, 0x00, 0xff000000, 0xff000000, 0, 0, 0, 0, 0xff000000 },
    OPAQUE(0x04, 0x1c),
    END
};

/* PCI Express */
static const Register express[] = {
    { 0x04, 0x04, 0xefffffff, 0, 0, 0, 0, 0, 0 },
    { 0x08, 0x08, 0xffff7fff, 0xffff0000, 0, 0x00007fff, 0, 0x000f0000, 0 },
    RO(0x0c, 0x0c),
    { 0x10, 0x10, 0xffff03cb, 0xffff0000, 0, 0x000003cb, 0, 0xc0000000, 0 },
    RO(0x24, 0x24),
    { 0x28, 0x28, 0x0000775f, 0, 0, 0x0000775f, 0, 0, 0 },
    RO(0x2c, 0x2c),
    { 0x30, 0x30, 0xffffffff, 0xffff0000, 0, 0x0000ffbf, 0, 0, 0 },
    END
};

/* SATA Data/Index Configuration */
static const Register sata[] = {
    { 0x00, 0x00, 0xffff0000, 0, 0, 0, 0, 0, 0 },
    RO(0x04, 0x04),
    END
};

/* Advanced Features */
static const Register af[] = {
    { 0x00, 0x00, 0x00ff0000, 0, 0, 0, 0, 0, 0 },
    { 0x04, 0x04, 0xffff0100, 0xffff0100, 0, 0, 0, 0, 0xffff0000 },
    END
};

/* Advanced Error Reporting */
static const Register aer[] = {
    LIVE(0x04, 0x04),
    OWN(0x08, 0x0c),
    LIVE(0x10, 0x10),
    OWN(0x14, 0x14),
    { 0x18, 0x18, 0xffffffff, 0xfffff81f, 0, 0x00000540, 0, 0, 0 },
    END
};

/* Virtual Channel */
static const Register vc[] = {
    { 0x04, 0x04, 0xfffffff8, 0, 0, 0, 0, 0, 0 },
    RO(0x08, 0x08),
    { 0x0c, 0x0c, 0xffffffff, 0xffff0000, 0, 0, 0, 0, 0 },
    RO(0x10, 0x14),
    { 0x18, 0x18, 0xffffffff, 0xffff0000, 0, 0, 0, 0, 0 },
    END
};

/* Device Serial Number */
static const Register serial[] = {
    RO(0x04, 0x08),
    END
};

/* Power Budgeting */
static const Register power[] = {
    { 0x04, 0x04, 0x000000ff, 0x000000ff, 0, 0, 0x000000ff, 0, 0 },
    LIVE(0x08, 0x08),
    { 0x0c, 0x0c, 0x000000ff, 0, 0, 0, 0, 0, 0 },
    END
};

/* Vendor-Specific Extended */
static const Register vsec[] = {
    { 0x04, 0x04, 0x000fffff, 0, 0, 0, 0, 0, 0 },
    OPAQUE(0x08, 0x1c),
    END
};

/* Dynamic Power Allocation */
static const Register dpa[] = {
    RO(0x04, 0x08),
    { 0x0c, 0x0c, 0xffffffff, 0x0000ffff, 0, 0, 0, 0, 0 },
    RO(0x10, 0x10),
    END
};

/* TPH Requester */
static const Register tph[] = {
    { 0x04, 0x04, 0xf800f9ff, 0, 0, 0, 0, 0, 0 },
    RO(0x08, 0x08),
    END
};

/* Latency Tolerance Reporting */
static const Register ltr[] = {
    OWN(0x04, 0x04),
    END
};

/* L1 PM Substates */
static const Register l1ss[] = {
    RO(0x04, 0x04),
    OWN(0x08, 0x0c),
    END
};

/* Precision Time Measurement */
static const Register ptm[] = {
    RO(0x04, 0x08),
    END
};

/* Readiness Time Reporting */
static const Register readiness[] = {
    RO(0x04, 0x08),
    END
};

/* Designated Vendor-Specific Extended */
static const Register dvsec[] = {
    { 0x04, 0x04, 0x000fffff, 0, 0, 0, 0, 0, 0 },
    { 0x08, 0x08, 0xffffffff, 0xffff0000, 0, 0, 0, 0, 0xffff0000 },
    OPAQUE(0x0c, 0x1c),
    END
};

#endif /* XEN_PT_TESTS_REGISTERS_H */
