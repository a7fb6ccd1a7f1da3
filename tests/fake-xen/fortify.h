/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What _FORTIFY_SOURCE turns file functions into; libc has no header for them.
 */
#ifndef FAKE_XEN_FORTIFY_H
#define FAKE_XEN_FORTIFY_H

#include <sys/types.h>

#include "fake.h"

FX_API int __open_2(const char *path, int flags);
FX_API int __open64_2(const char *path, int flags);
FX_API int __openat_2(int dirfd, const char *path, int flags);
FX_API int __openat64_2(int dirfd, const char *path, int flags);
FX_API ssize_t __readlink_chk(const char *path, char *buf, size_t size,
                              size_t buflen);
FX_API ssize_t __read_chk(int fd, void *buf, size_t size, size_t buflen);
FX_API ssize_t __pread_chk(int fd, void *buf, size_t size, off_t off,
                           size_t buflen);
FX_API ssize_t __pread64_chk(int fd, void *buf, size_t size, off64_t off,
                             size_t buflen);

#endif
