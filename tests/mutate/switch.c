/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * xen-pt tests: which of the mutants in this program is on
 *
 * All mutants of scripts/mutate --life are compiled into one program, each
 * asking here.  XEN_PT_MUTANT is the number of the one that is on; the
 * numbers of those that are come upon go to the file XEN_PT_REACHED.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "switch.h"

#define MUTANTS 4096

/*
 * Not by the libraries, which a test may have replaced; and nothing is kept
 * open, for tests count descriptors.
 */
static void tell(const char *path, int number)
{
    char line[16];
    int len = snprintf(line, sizeof(line), "%d\n", number);
    int fd = syscall(SYS_openat, AT_FDCWD, path,
                     O_WRONLY | O_APPEND | O_CREAT, 0666);

    if (fd >= 0) {
        syscall(SYS_write, fd, line, len);
        syscall(SYS_close, fd);
    }
}

bool xen_pt_mutant(int number)
{
    static bool reached[MUTANTS];
    static const char *path;
    static int on = -1;

    if (on < 0) {
        const char *text = getenv("XEN_PT_MUTANT");

        path = getenv("XEN_PT_REACHED");
        on = text ? atoi(text) : 0;
    }
    if (path && !reached[number]) {
        reached[number] = true;
        tell(path, number);
    }
    return number == on;
}
