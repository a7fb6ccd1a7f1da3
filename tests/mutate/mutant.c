/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * xen-pt tests: one wrong bit in one table
 *
 * Linked into a test, this changes the tables in memory before main() as
 * XEN_PT_MUTANT, a number, says; so thousands of mutants take one build.
 * `mutants --list` (mutants.c) names them.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "mutant.h"

static const char *const class_names[] = {
    "fixed", "ro", "live", "trigger", "virt", "hooked", "host", "rw1c",
};

enum { FIXED, RO, LIVE, TRIGGER, VIRT, HOOKED, HOST, RW1C, CLASSES };

/* The two wrong classes that each is moved to. */
static const uint8_t targets[CLASSES][2] = {
    [FIXED] = { HOST, LIVE }, [RO] = { HOST, VIRT }, [LIVE] = { HOST, RO },
    [TRIGGER] = { HOST, LIVE }, [VIRT] = { HOST, FIXED },
    [HOOKED] = { HOST, FIXED }, [HOST] = { RO, LIVE },
    [RW1C] = { HOST, LIVE },
};

static uint32_t *mask(XenPtField *f, unsigned class)
{
    uint32_t *const masks[CLASSES] = {
        &f->fixed, &f->ro, &f->live, &f->trigger, &f->virt, &f->hooked,
        &f->host, &f->rw1c,
    };

    return masks[class];
}

/* Tables are constant data: their pages are made writable for the change. */
static void open_pages(const void *at, size_t size)
{
    uintptr_t page = sysconf(_SC_PAGESIZE);
    uintptr_t first = (uintptr_t)at & ~(page - 1);
    uintptr_t last = (uintptr_t)at + size;

    if (mprotect((void *)first, last - first, PROT_READ | PROT_WRITE)) {
        perror("mutant: mprotect");
        exit(99);
    }
}

typedef struct Walk {
    long wanted;            /* -1: list all */
    long next;
    const XenPtCapability *cap;
    const XenPtField *f;
} Walk;

/* Counts a mutant; true if it is the one to make. */
static bool here(Walk *w, const char *what, int bit, const char *to)
{
    long number = w->next++;

    if (w->wanted < 0) {
        printf("%ld\t%s%02x\t%s\t%s\t%x\t%s", number,
               w->cap->extended ? "e" : "", w->cap->id, w->cap->name,
               w->f ? w->f->name : "-", w->f ? w->f->offset : 0, what);
        if (bit >= 0) {
            printf(" bit %d", bit);
        }
        printf(" %s\n", to);
    }
    return number == w->wanted;
}

static XenPtField *writable(const XenPtField *f)
{
    open_pages(f, sizeof(*f));
    return (XenPtField *)f;
}

static void walk_bit(Walk *w, unsigned b)
{
    const XenPtField *f = w->f;
    uint32_t bit = 1u << b;

    for (unsigned c = 0; c < CLASSES; c++) {
        if (!(*mask((XenPtField *)f, c) & bit)) {
            continue;
        }
        for (unsigned t = 0; t < 2; t++) {
            unsigned to = targets[c][t];

            if (here(w, class_names[c], b, class_names[to])) {
                XenPtField *m = writable(f);

                *mask(m, c) &= ~bit;
                *mask(m, to) |= bit;
                m->permissive &= ~(m->host | m->rw1c | m->virt | m->hooked |
                                   m->trigger);
                m->init &= m->fixed | m->virt | m->hooked;
                return;
            }
        }
    }
    if ((f->fixed | f->virt | f->hooked) & bit && here(w, "init", b, "flip")) {
        writable(f)->init ^= bit;
    } else if ((f->fixed | f->ro | f->live) & bit &&
               here(w, "permissive", b, "flip")) {
        writable(f)->permissive ^= bit;
    }
}

static void walk_capability(Walk *w, const XenPtCapability *cap)
{
    w->cap = cap;
    w->f = NULL;
    if (cap->hidden && here(w, "hidden", -1, "shown")) {
        open_pages(cap, sizeof(*cap));
        ((XenPtCapability *)cap)->hidden = NULL;
    }
    if (cap->length && here(w, "length()", -1, "dropped")) {
        open_pages(cap, sizeof(*cap));
        ((XenPtCapability *)cap)->length = NULL;
    }
    if (cap->setup && here(w, "setup()", -1, "dropped")) {
        open_pages(cap, sizeof(*cap));
        ((XenPtCapability *)cap)->setup = NULL;
    }
    if (cap->single && here(w, "single", -1, "dropped")) {
        open_pages(cap, sizeof(*cap));
        ((XenPtCapability *)cap)->single = false;
    }
    if (cap->may_trim && here(w, "may_trim", -1, "dropped")) {
        open_pages(cap, sizeof(*cap));
        ((XenPtCapability *)cap)->may_trim = false;
    }
    for (const XenPtField *f = cap->fields; f && f->size; f++) {
        w->f = f;
        if (f->action && here(w, "hook", -1, "dropped")) {
            writable(f)->action = XEN_PT_ACTION_NONE;
        }
        for (unsigned b = 0; b < 8u * f->size; b++) {
            walk_bit(w, b);
        }
    }
}

long mutant_walk(long wanted)
{
    Walk w = { .wanted = wanted };

    walk_capability(&w, xen_pt_header());
    for (const XenPtCapability *const *cap = xen_pt_capabilities(); *cap;
         cap++) {
        walk_capability(&w, *cap);
    }
    return w.next;
}

static void __attribute__((constructor)) make_mutant(void)
{
    const char *number = getenv("XEN_PT_MUTANT");

    if (number) {
        mutant_walk(atol(number));
    }
}
