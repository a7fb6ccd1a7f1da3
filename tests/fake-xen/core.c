/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fake-xen: lock, log, injected errors, and the control socket.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio_ext.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "fake.h"

#define MAX_RULES 32
#define MAX_WORDS 16

typedef struct {
    char name[64];      /* a call, a kind, "hypercall", "call" for any */
    unsigned long nth;  /* fires at the nth match from now on, from 1 */
    unsigned long times;
    int err;            /* 0: only delay */
    unsigned int delay_ms;
    unsigned long seen;
    unsigned long fired;
} Rule;

static const char *const kind_names[] = {
    [FX_DOMCTL] = "domctl",
    [FX_PHYSDEV] = "physdev",
    [FX_DMOP] = "dmop",
    [FX_SYSCTL] = "sysctl",
    [FX_LIB] = "lib",
    [FX_STORE] = "store",
    [FX_HOST] = "host",
};

static pthread_mutex_t big_lock = PTHREAD_MUTEX_INITIALIZER;
static int log_fd = -1;
static bool quiet;
static int listen_fd = -1;
static unsigned long sequence;
static int xen_version = 417;
static int xen_patch = -1;     /* -1: the last stable release */
static Rule rules[MAX_RULES];
static unsigned int nr_rules;

/* The call between fx_enter() and fx_leave(), under the lock. */
static FxKind current_kind;
static const char *current_name;

static const struct {
    const char *name;
    int err;
} errnos[] = {
    { "EPERM", EPERM }, { "ENOENT", ENOENT }, { "ESRCH", ESRCH },
    { "EINTR", EINTR }, { "EIO", EIO }, { "ENXIO", ENXIO },
    { "E2BIG", E2BIG }, { "EBADF", EBADF }, { "EAGAIN", EAGAIN },
    { "ENOMEM", ENOMEM }, { "EACCES", EACCES }, { "EFAULT", EFAULT },
    { "EBUSY", EBUSY }, { "EEXIST", EEXIST }, { "EXDEV", EXDEV },
    { "ENODEV", ENODEV }, { "EINVAL", EINVAL }, { "EMFILE", EMFILE },
    { "ENOSPC", ENOSPC }, { "ENOSYS", ENOSYS }, { "ENODATA", ENODATA },
    { "EOPNOTSUPP", EOPNOTSUPP }, { "ETIMEDOUT", ETIMEDOUT },
    { "EOVERFLOW", EOVERFLOW }, { "EDOM", EDOM },
};

int fx_errno_by_name(const char *name)
{
    for (size_t i = 0; i < sizeof(errnos) / sizeof(errnos[0]); i++) {
        if (strcmp(errnos[i].name, name) == 0) {
            return errnos[i].err;
        }
    }
    return atoi(name);
}

const char *fx_errno_name(int err)
{
    static char number[16];

    for (size_t i = 0; i < sizeof(errnos) / sizeof(errnos[0]); i++) {
        if (errnos[i].err == err) {
            return errnos[i].name;
        }
    }
    snprintf(number, sizeof(number), "E%d", err);
    return number;
}

bool fx_active(void)
{
    return log_fd >= 0;
}

bool fx_quiet(void)
{
    return quiet;
}

int fx_xen_version(void)
{
    return xen_version;
}

int fx_xen_patch(void)
{
    /* Stable releases that have the fix of XSA-458. */
    return xen_patch >= 0 ? xen_patch
           : xen_version < 418 ? 7 : xen_version < 419 ? 3 : 0;
}

void fx_lock(void)
{
    pthread_mutex_lock(&big_lock);
}

void fx_unlock(void)
{
    pthread_mutex_unlock(&big_lock);
}

/* write(2) past every interposer, whole lines, so that tests can tail it. */
static void log_line(const char *line, size_t len)
{
    while (log_fd >= 0 && len > 0) {
        long done = syscall(SYS_write, log_fd, line, len);

        if (done < 0 && errno == EINTR) {
            continue;
        }
        if (done <= 0) {
            return;
        }
        line += done;
        len -= done;
    }
}

static bool rule_matches(const Rule *rule, FxKind kind, const char *name)
{
    if (strcmp(rule->name, "call") == 0 || strcmp(rule->name, name) == 0 ||
        strcmp(rule->name, kind_names[kind]) == 0) {
        return true;
    }
    return strcmp(rule->name, "hypercall") == 0 && kind <= FX_SYSCTL;
}

int fx_enter(FxKind kind, const char *name)
{
    unsigned int delay_ms = 0;
    int err = 0;

    fx_lock();
    for (unsigned int i = 0; i < nr_rules; i++) {
        Rule *rule = &rules[i];

        if (!rule_matches(rule, kind, name)) {
            continue;
        }
        rule->seen++;
        if (rule->seen >= rule->nth && rule->seen < rule->nth + rule->times) {
            rule->fired++;
            err = rule->err ? rule->err : err;
            delay_ms += rule->delay_ms;
        }
    }
    if (delay_ms) {
        /* Asleep without the lock: the control socket must still answer. */
        struct timespec t = {
            .tv_sec = delay_ms / 1000,
            .tv_nsec = (delay_ms % 1000) * 1000000L,
        };

        fx_unlock();
        nanosleep(&t, NULL);
        fx_lock();
    }
    current_kind = kind;
    current_name = name;
    sequence++;
    return err;
}

static void log_call(const char *result, const char *args, va_list ap)
{
    char line[1024];
    int len;

    if (quiet) {
        return;
    }
    len = snprintf(line, sizeof(line), "%lu %s %s ", sequence,
                   kind_names[current_kind], current_name);
    len += vsnprintf(line + len, sizeof(line) - len, args, ap);
    if (len > (int)sizeof(line) - 32) {
        len = sizeof(line) - 32;
    }
    len += snprintf(line + len, sizeof(line) - len, " -> %s\n", result);
    log_line(line, len);
}

int fx_leave(int err, const char *args, ...)
{
    va_list ap;

    va_start(ap, args);
    log_call(err ? fx_errno_name(err) : "0", args, ap);
    va_end(ap);
    fx_unlock();
    if (err) {
        errno = err;
    }
    return err ? -1 : 0;
}

long fx_leave_value(int err, long value, const char *args, ...)
{
    char result[24];
    va_list ap;

    snprintf(result, sizeof(result), "%ld", value);
    va_start(ap, args);
    log_call(err ? fx_errno_name(err) : result, args, ap);
    va_end(ap);
    fx_unlock();
    if (err) {
        errno = err;
    }
    return err ? -1 : value;
}

void fx_anomaly(const char *fmt, ...)
{
    char line[512];
    va_list ap;
    int len;

    len = snprintf(line, sizeof(line), "# anomaly: ");
    va_start(ap, fmt);
    len += vsnprintf(line + len, sizeof(line) - len - 1, fmt, ap);
    va_end(ap);
    if (len > (int)sizeof(line) - 2) {
        len = sizeof(line) - 2;
    }
    line[len++] = '\n';
    log_line(line, len);
}

bool fx_parse_bdf(const char *text, unsigned int *sbdf)
{
    unsigned int seg, bus, dev, fn;
    char rest;

    if (sscanf(text, "%x:%x:%x.%x%c", &seg, &bus, &dev, &fn, &rest) != 4 ||
        seg > 0xffff || bus > 0xff || dev > 0x1f || fn > 7) {
        return false;
    }
    *sbdf = seg << 16 | bus << 8 | dev << 3 | fn;
    return true;
}

void fx_format_bdf(unsigned int sbdf, char text[16])
{
    snprintf(text, 16, "%04x:%02x:%02x.%x", (sbdf >> 16) & 0xffff,
             (sbdf >> 8) & 0xff, (sbdf >> 3) & 0x1f, sbdf & 7);
}

/*
 * fail NAME NTH ERRNO [TIMES]    delay NAME NTH MS [TIMES]
 * forgive                        (drops every rule)
 * fired                          (how often each rule has fired)
 * calls                          (number of calls so far)
 * version MAJOR.MINOR
 */
static int core_control(int nwords, char **words, FILE *out)
{
    bool fail = strcmp(words[0], "fail") == 0;

    if (fail || strcmp(words[0], "delay") == 0) {
        Rule rule = { .times = 1 };

        if (nwords < 4 || nr_rules == MAX_RULES) {
            return -1;
        }
        snprintf(rule.name, sizeof(rule.name), "%s", words[1]);
        rule.nth = strtoul(words[2], NULL, 0);
        if (fail) {
            rule.err = fx_errno_by_name(words[3]);
        } else {
            rule.delay_ms = strtoul(words[3], NULL, 0);
        }
        if (nwords > 4) {
            rule.times = strtoul(words[4], NULL, 0);
        }
        if (rule.nth == 0 || (fail && rule.err == 0)) {
            return -1;
        }
        rules[nr_rules++] = rule;
        return 1;
    }
    if (strcmp(words[0], "forgive") == 0) {
        nr_rules = 0;
        return 1;
    }
    if (strcmp(words[0], "fired") == 0) {
        for (unsigned int i = 0; i < nr_rules; i++) {
            fprintf(out, "%s %lu\n", rules[i].name, rules[i].fired);
        }
        return 1;
    }
    if (strcmp(words[0], "calls") == 0) {
        fprintf(out, "%lu\n", sequence);
        return 1;
    }
    if (strcmp(words[0], "version") == 0) {
        int major, minor;

        if (nwords < 2 || sscanf(words[1], "%d.%d", &major, &minor) != 2) {
            return -1;
        }
        xen_version = major * 100 + minor;
        return 1;
    }
    return 0;
}

static void serve_line(char *line, FILE *out)
{
    static int (*const parts[])(int, char **, FILE *) = {
        core_control, fx_xen_control, fx_store_control, fx_host_control,
        fx_device_model_control,
    };
    char *words[MAX_WORDS];
    int nwords = 0;
    int rc = 0;
    char *save = NULL;

    for (char *word = strtok_r(line, "\n ", &save);
         word && nwords < MAX_WORDS; word = strtok_r(NULL, "\n ", &save)) {
        words[nwords++] = word;
    }
    if (nwords > 0) {
        fx_lock();
        for (size_t i = 0; rc == 0 && i < sizeof(parts) / sizeof(*parts);
             i++) {
            rc = parts[i](nwords, words, out);
        }
        fx_unlock();
    }
    fprintf(out, "%s\n", rc > 0 ? "ok" : rc < 0 ? "error" : "unknown");
    fflush(out);
}

static void *control_thread(void *unused)
{
    (void)unused;
    for (;;) {
        int fd = accept4(listen_fd, NULL, NULL, SOCK_CLOEXEC);
        FILE *stream;
        char line[4096];

        if (fd < 0) {
            if (errno == EINTR || errno == ECONNABORTED) {
                continue;
            }
            return NULL;
        }
        stream = fdopen(fd, "r+");
        if (!stream) {
            syscall(SYS_close, fd);
            continue;
        }
        /* only this thread uses it, and exit() must not wait for its read */
        __fsetlocking(stream, FSETLOCKING_BYCALLER);
        while (fgets(line, sizeof(line), stream)) {
            fseek(stream, 0, SEEK_CUR);
            serve_line(line, stream);
        }
        fclose(stream);
    }
}

/*
 * Idle without FAKE_XEN_LOG, so that a shell or unshare that runs under the
 * same LD_PRELOAD is left alone. FAKE_XEN_CONTROL is the control socket's
 * path, FAKE_XEN_VERSION the pretended Xen, FAKE_XEN_QUIET means no lines.
 */
static void __attribute__((constructor)) start(void)
{
    const char *log = getenv("FAKE_XEN_LOG");
    const char *control = getenv("FAKE_XEN_CONTROL");
    const char *version = getenv("FAKE_XEN_VERSION");
    struct sockaddr_un sun = { .sun_family = AF_UNIX };
    sigset_t all, before;
    pthread_t thread;
    int major, minor;

    if (!log) {
        return;
    }
    log_fd = syscall(SYS_openat, AT_FDCWD, log,
                     O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    quiet = getenv("FAKE_XEN_QUIET") != NULL;
    if (version &&
        sscanf(version, "%d.%d.%d", &major, &minor, &xen_patch) >= 2) {
        xen_version = major * 100 + minor;
    }
    if (!control || strlen(control) >= sizeof(sun.sun_path)) {
        return;
    }
    memcpy(sun.sun_path, control, strlen(control) + 1);
    /* A wrapper such as valgrind has been here before it became QEMU. */
    unlink(control);
    listen_fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (listen_fd < 0 ||
        bind(listen_fd, (struct sockaddr *)&sun, sizeof(sun)) < 0 ||
        listen(listen_fd, 4) < 0) {
        fprintf(stderr, "fake-xen: no control socket at %s: %m\n", control);
        return;
    }
    /* QEMU expects its signals on its own threads. */
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    if (pthread_create(&thread, NULL, control_thread, NULL) == 0) {
        pthread_detach(thread);
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}
