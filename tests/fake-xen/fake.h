/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fake-xen: one preloaded library in the place of the Xen libraries and of
 * the kernel's sysfs files of PCI devices.
 *
 * Every stand-in is bracketed by fx_enter() and fx_leave(): between them the
 * one lock is held, an injected error has been chosen, and the model may be
 * changed; fx_leave() writes the one line of the log and sets errno.
 */
#ifndef FAKE_XEN_H
#define FAKE_XEN_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define FX_API __attribute__((visibility("default")))
#define FX_PRINTF(f, a) __attribute__((format(printf, f, a)))

/* The domain whose device model we are; -xen-domid must agree. */
#define FX_DOMID 7

/*
 * What a call is, as the log says it:
 *   domctl, physdev, dmop, sysctl   a hypercall
 *   lib                             a library call without a hypercall
 *   store                           xenstore
 *   host                            a system call on a fake sysfs file
 */
typedef enum {
    FX_DOMCTL,
    FX_PHYSDEV,
    FX_DMOP,
    FX_SYSCTL,
    FX_LIB,
    FX_STORE,
    FX_HOST,
} FxKind;

/*
 * Takes the lock, counts the call, and returns 0 or the errno that the
 * test has asked to inject here. Never fails otherwise.
 */
int fx_enter(FxKind kind, const char *name);

/*
 * Logs "SEQ KIND NAME ARGS -> RESULT", releases the lock, sets errno from
 * @err (0: errno untouched) and returns -1 or 0.
 */
int fx_leave(int err, const char *args, ...) FX_PRINTF(2, 3);

/* The same with a result that is not an errno: a count, a port. */
long fx_leave_value(int err, long value, const char *args, ...)
    FX_PRINTF(3, 4);

/*
 * Logs a remark that a test must explain: something that Xen would have
 * taken but that no correct device model does. Lock held.
 */
void fx_anomaly(const char *fmt, ...) FX_PRINTF(1, 2);

/* Lock without a call: for the control socket. */
void fx_lock(void);
void fx_unlock(void);

/* Version of the pretended Xen as major * 100 + minor, 417 by default. */
int fx_xen_version(void);
int fx_xen_patch(void);

/* Is there a log? Without one the library is idle. */
bool fx_active(void);

/* No log, for counting instructions: ours must not be counted. */
bool fx_quiet(void);

/* errno by name ("EPERM") or number; 0 when unknown. */
int fx_errno_by_name(const char *name);
const char *fx_errno_name(int err);

/*
 * Control: each part of the model may take a command. @words is the split
 * line, @out the reply. Returns 1 when the command was its own and worked,
 * -1 when it was its own and was wrong, 0 when it was not its own.
 */
int fx_xen_control(int nwords, char **words, FILE *out);
int fx_store_control(int nwords, char **words, FILE *out);
int fx_host_control(int nwords, char **words, FILE *out);
int fx_device_model_control(int nwords, char **words, FILE *out);

/* Is memory decoding on in the Command register of this fake function? */
bool fx_host_memory_decode(unsigned int sbdf);

/* Segment, bus, device, function packed as Xen packs them. */
bool fx_parse_bdf(const char *text, unsigned int *sbdf);
void fx_format_bdf(unsigned int sbdf, char text[16]);

#endif
