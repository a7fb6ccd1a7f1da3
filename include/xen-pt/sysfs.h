/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * xen-pt: a host port on Linux sysfs
 *
 * Reads what the kernel knows of one function and checks all of it before
 * anything is touched; keeps the function's directory and its config file
 * open (close on exec), and opens BARs when they are first accessed.  Works
 * after a chroot.  No call writes to the device but those of the port that
 * are meant to.
 *
 * Trapped accesses: memory is mapped from resourceN, whole up to 64 MiB, by
 * a moving window of 1 MiB above that; ports go through pread and pwrite;
 * the expansion ROM is copied once through the file rom, and writes to it
 * have no effect, as in hardware.  Offsets that are not a multiple of the
 * access's size, and those beyond the region, are -EINVAL.  A memory access
 * after the device was pulled out of the machine is -ENODEV; to that end the
 * first access installs a handler of SIGBUS, which hands on what is not its
 * own, and unblocks the signal in the thread that makes it.
 */
#ifndef XEN_PT_SYSFS_H
#define XEN_PT_SYSFS_H

#include "xen-pt/host.h"

typedef struct XenPtSysfsOptions {
    const char *root;       /* NULL: /sys/bus/pci/devices */
    /*
     * Only look: writes and reset are -EROFS, and a device that a host
     * driver uses is a warning instead of an error.  For tools.
     */
    bool read_only;
    /* Whom the function is for: what is there already is no stranger. */
    uint32_t domid;         /* 0: nobody yet */
    /*
     * The domain that a toolstack gave the function to, or -1.  Asked about
     * those that share a page, or are behind the same conventional bridge.
     * NULL: nobody knows.
     */
    int (*owner)(void *opaque, const XenPtAddress *address);
    void *opaque;
} XenPtSysfsOptions;

/*
 * The caller owns the host: xen_pt_device_open() takes it over, or
 * host->ops->close(host) frees it.  On failure NULL, one sentence in errp,
 * nothing open.  What a person should know all the same is appended to
 * warnings as sentences that the array owns (free func g_free); NULL: lost.
 */
XenPtHost *xen_pt_sysfs_open_with(const XenPtSysfsOptions *options,
                                  const XenPtAddress *address,
                                  GError **errp, GPtrArray *warnings);
/* With root (NULL: the default) and no other option. */
XenPtHost *xen_pt_sysfs_open(const char *root, const XenPtAddress *address,
                             GError **errp, GPtrArray *warnings);

#endif /* XEN_PT_SYSFS_H */
