/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * xen-pt: a host, a hypervisor and a machine that record and can fail
 *
 * Everything that the core does through its three ports is logged here and
 * checked against a small model: what was mapped is unmapped once, with the
 * same arguments; what was bound is unbound; nothing is done twice.  What
 * breaks the model is a sentence in `violations`; fake_check() asserts that
 * there is none.
 *
 * A fake outlives the device that uses it, so that a test can look at it
 * after close: the test frees it with fake_*_free().
 */
#ifndef XEN_PT_TESTS_FAKE_HOST_H
#define XEN_PT_TESTS_FAKE_HOST_H

#include "xen-pt/device.h"

/* -- host ------------------------------------------------------------------ */

typedef enum FakeAccessKind {
    FAKE_CONFIG_READ, FAKE_CONFIG_WRITE,
    FAKE_REGION_READ, FAKE_REGION_WRITE, FAKE_REGION_OPEN, FAKE_RESET,
} FakeAccessKind;

typedef struct FakeAccess {
    FakeAccessKind kind;
    int region;
    uint64_t offset;
    unsigned size;
    uint64_t value;             /* the first 8 bytes, little endian */
    int rc;
} FakeAccess;

typedef struct FakeHost FakeHost;
struct FakeHost {
    XenPtHost host;             /* hand &fake->host to the core */
    uint8_t config[XEN_PT_CONFIG_EXT_SIZE];
    uint8_t writable[XEN_PT_CONFIG_EXT_SIZE];  /* FF at first */
    uint8_t w1c[XEN_PT_CONFIG_EXT_SIZE];       /* writing 1 clears; 0 */
    size_t config_size;         /* what config_read offers: 4096 */
    uint8_t *region[XEN_PT_NUM_REGIONS];       /* contents, when touched */
    GArray *log;                /* FakeAccess */
    bool gone;                  /* reads give ones, writes are lost */
    bool closed;
    unsigned closes;
    /* the fail_at-th config access from now fails, and all after it */
    unsigned fail_at;           /* 0: never */
    unsigned fail_count;        /* so many, not all after it; 0: all */
    int fail_errno;             /* positive */
    int region_errno;           /* region_* fail with it; 0: they do not */
    int reset_errno;
    /* called before each config read; for values that change */
    void (*on_read)(FakeHost *fake, uint32_t addr, size_t len);
    void *opaque;
    uint8_t last_cap;           /* builders: end of the chain so far */
    uint16_t last_ecap;
};

/* A type 0 function, 8086:10d3, class 020000, no BAR, no capability. */
FakeHost *fake_host_new(void);
/*
 * The device of the measurements: PM 40, MSI 50 (64 bit, maskable, 4
 * vectors), MSI-X 70 (64 entries, BAR0 + 2000, PBA + 3000), PCIe v2 endpoint
 * 80; AER 100, DSN 140, LTR 150.  BAR0 16 KiB mem64, BAR2 64 KiB, BAR4 32
 * ports, GSI 20, pin A.
 */
FakeHost *fake_host_standard(void);
void fake_host_free(FakeHost *fake);

uint8_t fake_get8(const FakeHost *fake, unsigned offset);
uint16_t fake_get16(const FakeHost *fake, unsigned offset);
uint32_t fake_get32(const FakeHost *fake, unsigned offset);
void fake_set8(FakeHost *fake, unsigned offset, uint8_t value);
void fake_set16(FakeHost *fake, unsigned offset, uint16_t value);
void fake_set32(FakeHost *fake, unsigned offset, uint32_t value);

typedef enum FakeBarKind {
    FAKE_BAR_IO, FAKE_BAR_MEM32, FAKE_BAR_MEM64, FAKE_BAR_ROM,
} FakeBarKind;
/* Sets info.region and the register; page_exclusive is set. */
void fake_add_bar(FakeHost *fake, int index, FakeBarKind kind, bool prefetch,
                  uint64_t base, uint64_t size);
/* Appends to the chain; the body after id and next stays as it is. */
void fake_add_cap(FakeHost *fake, uint8_t id, uint8_t offset);
void fake_add_ecap(FakeHost *fake, uint16_t id, uint8_t version,
                   uint16_t offset);
void fake_add_pm(FakeHost *fake, uint8_t offset);
void fake_add_msi(FakeHost *fake, uint8_t offset, uint16_t control);
void fake_add_msix(FakeHost *fake, uint8_t offset, unsigned entries,
                   uint32_t table, uint32_t pba);
/* type: 0 endpoint, 1 legacy, 9 RCiEP */
void fake_add_pcie(FakeHost *fake, uint8_t offset, unsigned version,
                   unsigned type);

void fake_host_forget(FakeHost *fake);          /* empties the log */
unsigned fake_host_count(const FakeHost *fake, FakeAccessKind kind);
/* Number of config writes that touch a byte of [offset, offset + len). */
unsigned fake_config_writes(const FakeHost *fake, unsigned offset,
                            unsigned len);
/* The OR of all bits that config writes set to 1 in the byte at offset. */
uint8_t fake_config_ones(const FakeHost *fake, unsigned offset);
const FakeAccess *fake_host_last(const FakeHost *fake, FakeAccessKind kind);

/* -- hypervisor ------------------------------------------------------------ */

typedef enum FakeOp {
    FAKE_MEMORY_MAP, FAKE_MEMORY_UNMAP, FAKE_IOPORT_MAP, FAKE_IOPORT_UNMAP,
    FAKE_MAP_GSI, FAKE_MAP_MSI, FAKE_UNMAP_PIRQ, FAKE_BIND_INTX,
    FAKE_UNBIND_INTX, FAKE_BIND_MSI, FAKE_UNBIND_MSI, FAKE_OPS
} FakeOp;

typedef struct FakeCall {
    FakeOp op;
    /*
     * maps: guest, machine, count.  map_gsi: gsi, 0, pirq.  map_msi: entry,
     * count, pirq.  unmap_pirq: pirq.  bind_intx: pirq, slot, intx.
     * bind_msi: pirq, gvec, gflags.
     */
    uint64_t a, b, c;
    uint64_t gtable;            /* bind_msi, unbind_msi */
    XenPtMsiRequest request;    /* map_msi */
    int rc;
} FakeCall;

typedef struct FakeHypervisor FakeHypervisor;
struct FakeHypervisor {
    XenPtHypervisor hv;
    GArray *log;                /* FakeCall */
    GArray *maps;               /* private: what is mapped now */
    GArray *pirqs;              /* private: what is mapped and bound now */
    GPtrArray *violations;      /* sentences */
    unsigned made[FAKE_OPS];    /* calls that succeeded, and every undo */
    int next_pirq;
    /* the fail_at-th call from now fails; fail_count calls in all */
    unsigned fail_at;           /* 0: never */
    unsigned fail_count;        /* 1 */
    int fail_errno;             /* positive */
    /* asked before each call; non-zero: fail with it (negative errno) */
    int (*refuse)(FakeHypervisor *fake, const FakeCall *call);
    void *opaque;
};

FakeHypervisor *fake_hypervisor_new(void);
void fake_hypervisor_free(FakeHypervisor *fake);
void fake_hypervisor_forget(FakeHypervisor *fake);  /* empties the log */
unsigned fake_calls(const FakeHypervisor *fake, FakeOp op);
unsigned fake_all_calls(const FakeHypervisor *fake);
/* What is there now, by the model. */
unsigned fake_mapped(const FakeHypervisor *fake);    /* ranges */
unsigned fake_pirqs(const FakeHypervisor *fake);
unsigned fake_bound(const FakeHypervisor *fake);
/* Is all of the page's or port's mapping to machine there? */
bool fake_is_mapped(const FakeHypervisor *fake, bool io, uint64_t guest,
                    uint64_t machine);
/* Pages or ports that are mapped, in all. */
uint64_t fake_mapped_units(const FakeHypervisor *fake, bool io);
/* The binding of the pirq, or NULL. */
const XenPtMsiBinding *fake_binding(const FakeHypervisor *fake, int pirq);
const FakeCall *fake_last_call(const FakeHypervisor *fake, FakeOp op);

/* -- machine --------------------------------------------------------------- */

typedef struct FakeReport {
    XenPtLevel level;
    char *sentence;
} FakeReport;

typedef struct FakeVm {
    XenPtVm vm;
    XenPtDevice *dev;           /* set it after open: commits go there */
    int64_t now;
    int64_t timer;              /* -1: none */
    bool alone;                 /* page_is_alone's answer; true */
    XenPtLayout layout;         /* committed last */
    unsigned commits;
    unsigned resets;            /* start_reset was called so often */
    GArray *reports;            /* FakeReport */
    unsigned events[XEN_PT_EVENT__COUNT];
    struct {
        bool there;
        uint64_t gaddr, size;
    } section[XEN_PT_NUM_REGIONS];
} FakeVm;

FakeVm *fake_vm_new(void);
void fake_vm_free(FakeVm *fake);
/* Moves the clock, and runs the timer if it is due. */
void fake_vm_advance(FakeVm *fake, int64_t ms);
/* Number of sentences that contain text. */
unsigned fake_said(const FakeVm *fake, const char *text);
void fake_vm_forget(FakeVm *fake);              /* empties the reports */

/* -- all three ------------------------------------------------------------- */

typedef struct Fake {
    FakeHost *host;
    FakeHypervisor *hv;
    FakeVm *vm;
    XenPtDevice *dev;
    bool uncounted;     /* there is a second device, or nobody traces */
} Fake;

/* Opens host, which the fake owns from now on; asserts that it worked. */
Fake *fake_open(FakeHost *host, const XenPtOptions *options);
/* The same on a hypervisor of the test's making, which it owns too. */
Fake *fake_open_on(FakeHypervisor *hv, FakeHost *host,
                   const XenPtOptions *options);
/* And starts it, in slot 5 of bus 0. */
Fake *fake_start(FakeHost *host, const XenPtOptions *options);
Fake *fake_start_on(FakeHypervisor *hv, FakeHost *host,
                    const XenPtOptions *options);
/* NULL and the sentence (caller frees) if it is refused. */
Fake *fake_try_open(FakeHost *host, const XenPtOptions *options,
                    char **sentence);
/* The sentence of a failed open (caller frees); asserts that it failed. */
char *fake_open_error(FakeHost *host, const XenPtOptions *options);
uint32_t fake_read(Fake *fake, uint32_t addr, unsigned len);
void fake_write(Fake *fake, uint32_t addr, uint32_t value, unsigned len);
/* Asserts that nothing broke the model. */
void fake_check(Fake *fake);
/* Closes, asserts that nothing is left mapped or bound, frees all. */
void fake_close(Fake *fake);

#endif /* XEN_PT_TESTS_FAKE_HOST_H */
