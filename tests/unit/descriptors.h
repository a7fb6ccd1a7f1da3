/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * xen-pt tests: does anybody leave a file open?
 */
#ifndef XEN_PT_TEST_DESCRIPTORS_H
#define XEN_PT_TEST_DESCRIPTORS_H

#include <dirent.h>
#include <glib.h>

/* For comparison alone: the count has what counting takes in it. */
static inline unsigned count_fds(void)
{
    DIR *dir = opendir("/proc/self/fd");
    unsigned n = 0;

    g_assert_nonnull(dir);
    while (readdir(dir)) {
        n++;
    }
    closedir(dir);
    return n;
}

#endif /* XEN_PT_TEST_DESCRIPTORS_H */
