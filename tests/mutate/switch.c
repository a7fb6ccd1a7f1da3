/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * xen-pt tests: which of the mutants in this program is on
 *
 * All mutants of scripts/mutate --life are compiled into one program, each
 * asking here.  XEN_PT_MUTANT is the number of the one that is on; the
 * numbers of those that are come upon go to the file XEN_PT_REACHED.
 */
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#define MUTANTS 4096

bool xen_pt_mutant(int number);

bool xen_pt_mutant(int number)
{
    static bool reached[MUTANTS];
    static int on = -1, fd = -1;
    char line[16];

    if (on < 0) {
        const char *text = getenv("XEN_PT_MUTANT");
        const char *path = getenv("XEN_PT_REACHED");

        on = text ? atoi(text) : 0;
        /* Not by the libraries, which a test may have replaced. */
        fd = path ? syscall(SYS_openat, AT_FDCWD, path,
                            O_WRONLY | O_APPEND | O_CREAT, 0666) : -1;
    }
    if (fd >= 0 && !reached[number]) {
        reached[number] = true;
        syscall(SYS_write, fd, line, snprintf(line, sizeof(line), "%d\n",
                                              number));
    }
    return number == on;
}
