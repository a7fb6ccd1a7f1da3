/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What differs between the versions of QEMU that xen-pt is built into
 *
 * Known: 7.2 (Debian 12) and 10.0 (Debian 13).  Each block is named after
 * what differs.
 */
#ifndef XEN_PT_QEMU_COMPAT_H
#define XEN_PT_QEMU_COMPAT_H

#define XEN_PT_QEMU_AT_LEAST(major, minor) \
    (QEMU_VERSION_MAJOR > (major) || \
     (QEMU_VERSION_MAJOR == (major) && QEMU_VERSION_MINOR >= (minor)))

/* Where the handles of libxenctrl are declared: moved in 8.0. */
#if XEN_PT_QEMU_AT_LEAST(8, 0)
#include "hw/xen/xen_native.h"
#else
#include "hw/xen/xen_common.h"
#endif

/* Where the IGD functions are declared: split from the rest in 9.1. */
#if XEN_PT_QEMU_AT_LEAST(9, 1)
#define XEN_PT_IGD_HEADER "hw/xen/xen_igd.h"
#else
#define XEN_PT_IGD_HEADER "hw/xen/xen_pt.h"
#endif

/* Memory API: moved in 10.1. */
#if XEN_PT_QEMU_AT_LEAST(10, 1)
#include "system/address-spaces.h"
#include "system/memory.h"
#else
#include "exec/address-spaces.h"
#include "exec/memory.h"
#endif

/* Notifiers for the end of the process: moved in 10.0. */
#if XEN_PT_QEMU_AT_LEAST(10, 0)
#include "system/system.h"
#else
#include "sysemu/sysemu.h"
#endif

/* A reset method without phases: a function since 9.2. */
#if XEN_PT_QEMU_AT_LEAST(9, 2)
#define xen_pt_class_set_reset(dc, fn) device_class_set_legacy_reset(dc, fn)
#else
#define xen_pt_class_set_reset(dc, fn) ((dc)->reset = (fn))
#endif

/* The data of class_init and the interface lists: const since 10.1. */
#if XEN_PT_QEMU_AT_LEAST(10, 1)
#define XEN_PT_CLASS_DATA const void
#define XEN_PT_INTERFACES const InterfaceInfo
#else
#define XEN_PT_CLASS_DATA void
#define XEN_PT_INTERFACES InterfaceInfo
#endif

/* Optional members of QMP events: a null pointer since 8.0. */
#if XEN_PT_QEMU_AT_LEAST(8, 0)
#define xen_pt_send_unplug_guest_error(id, path) \
    qapi_event_send_device_unplug_guest_error(id, path)
#else
#define xen_pt_send_unplug_guest_error(id, path) \
    qapi_event_send_device_unplug_guest_error(!!(id), id, path)
#endif

#endif /* XEN_PT_QEMU_COMPAT_H */
