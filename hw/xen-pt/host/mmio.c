/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * xen-pt: one access to the memory of a device that may be gone
 *
 * When a device is pulled out of the machine, the kernel takes its pages out
 * of all mappings of resourceN, and the next access raises SIGBUS.  To ask
 * first is no cure: the device may leave between question and access.  So a
 * handler puts a page of plain memory where the device's was: the access
 * completes, and what it read is thrown away.
 *
 * A fault kills the process if its signal is blocked, and QEMU blocks SIGBUS
 * in its main thread; it is unblocked in each thread that comes here.
 */
#include <errno.h>
#include <signal.h>
#include <sys/mman.h>

#include "internal.h"

/* Of the access under way; the handler makes it NULL. */
static __thread void *volatile page;

/* Who had the signal before; what is none of our business is theirs. */
static struct sigaction others;

static void *page_of(const void *p)
{
    return (void *)((uintptr_t)p & ~(uintptr_t)(XEN_PT_PAGE_SIZE - 1));
}

static void on_sigbus(int signal, siginfo_t *info, void *context)
{
    const int prot = PROT_READ | PROT_WRITE;
    const int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED;
    bool ours = page && page == page_of(info->si_addr);
    int saved = errno;

    /* cppcheck-suppress leakReturnValNotUsed ; it stays where the device was */
    /* cppcheck-suppress invalidFunctionArg ; mmap(2): -1 if anonymous */
    if (ours && mmap(page, XEN_PT_PAGE_SIZE, prot, flags, -1, 0) == page) {
        page = NULL;
    } else {
        /* It faults again, as if we had never been there. */
        sigaction(SIGBUS, &others, NULL);
    }
    errno = saved;
}

static void begin(const void *p)
{
    static __thread bool unblocked;
    static bool handled;

    if (!handled) {
        struct sigaction ours = {
            .sa_sigaction = on_sigbus, .sa_flags = SA_SIGINFO,
        };

        sigemptyset(&ours.sa_mask);
        sigaction(SIGBUS, &ours, &others);
        handled = true;
    }
    if (!unblocked) {
        sigset_t sigbus;

        sigemptyset(&sigbus);
        sigaddset(&sigbus, SIGBUS);
        pthread_sigmask(SIG_UNBLOCK, &sigbus, NULL);
        unblocked = true;
    }
    page = page_of(p);
}

static int end(void)
{
    bool there = page != NULL;

    page = NULL;
    return there ? 0 : -ENODEV;
}

/* A device may tell widths apart, so each access is made as the guest's is. */
typedef volatile uint8_t Mmio8;     /* volatile: one access, of 1 byte */
typedef volatile uint16_t Mmio16;   /* volatile: one access, of 2 bytes */
typedef volatile uint32_t Mmio32;   /* volatile: one access, of 4 bytes */
typedef volatile uint64_t Mmio64;   /* volatile: one access, of 8 bytes */

int xen_pt_mmio_read(const void *p, unsigned size, uint64_t *value)
{
    uint64_t read;
    int rc;

    begin(p);
    switch (size) {
    case 1:
        read = *(const Mmio8 *)p;
        break;
    case 2:
        read = *(const Mmio16 *)p;
        break;
    case 4:
        read = *(const Mmio32 *)p;
        break;
    default:
        read = *(const Mmio64 *)p;
        break;
    }
    rc = end();
    if (rc == 0) {
        *value = read;
    }
    return rc;
}

int xen_pt_mmio_write(void *p, unsigned size, uint64_t value)
{
    begin(p);
    switch (size) {
    case 1:
        *(Mmio8 *)p = value;
        break;
    case 2:
        *(Mmio16 *)p = value;
        break;
    case 4:
        *(Mmio32 *)p = value;
        break;
    default:
        *(Mmio64 *)p = value;
        break;
    }
    return end();
}
