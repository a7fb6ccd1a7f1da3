/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fake-xen: the system calls on the sysfs files of fake PCI functions.
 *
 * The files are ordinary ones that a test has put under /sys/bus/pci in a
 * mount namespace of its own. What an ordinary file lacks is added here: a
 * log, injected errors, registers with read-only and write-1-to-clear bits,
 * a function that is gone and answers all ones, and the kernel's refusal to
 * read a memory BAR other than by mmap. /dev/mem is the file that
 * FAKE_XEN_DEV_MEM names, if it does.
 */
/* Both names of each call are defined here; do not make one of them. */
#undef _FILE_OFFSET_BITS
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "fake.h"
#include "fortify.h"

#define ROOT "/sys/bus/pci/"
#define DEVICES ROOT "devices/"
#define MAX_FDS 4096
#define MAX_GONE 16

typedef struct {
    bool tracked;
    bool mem_bar;       /* a resourceN that only mmap can reach */
    char dev[16];       /* BDF, or "-" for a file of no function */
    char file[32];
} File;

static File files[MAX_FDS];
static unsigned int gone[MAX_GONE];
static unsigned int nr_gone;

static bool is_config(const File *file)
{
    return strcmp(file->file, "config") == 0;
}

static bool is_gone(const char *dev)
{
    unsigned int sbdf;

    if (!fx_parse_bdf(dev, &sbdf)) {
        return false;
    }
    for (unsigned int i = 0; i < nr_gone; i++) {
        if (gone[i] == sbdf) {
            return true;
        }
    }
    return false;
}

/* Fills @file when @path is one of ours. */
static bool classify(const char *path, File *file)
{
    const char *rest;
    size_t len;

    if (!fx_active() || !path) {
        return false;
    }
    memset(file, 0, sizeof(*file));
    strcpy(file->dev, "-");
    if (strcmp(path, "/dev/mem") == 0) {
        strcpy(file->file, "mem");
        file->tracked = true;
        return true;
    }
    if (strncmp(path, ROOT, strlen(ROOT)) != 0) {
        return false;
    }
    file->tracked = true;
    rest = path + strlen(ROOT);
    if (strncmp(path, DEVICES, strlen(DEVICES)) == 0) {
        rest = path + strlen(DEVICES);
        len = strcspn(rest, "/");
        if (len > 0 && len < sizeof(file->dev)) {
            memcpy(file->dev, rest, len);
            file->dev[len] = '\0';
            rest += len + (rest[len] == '/');
        }
    }
    snprintf(file->file, sizeof(file->file), "%s", *rest ? rest : ".");
    /* One word of the log. */
    for (char *c = file->file; *c; c++) {
        *c = *c == ' ' ? '_' : *c;
    }
    return true;
}

static long read_whole(const char *path, void *buf, size_t size)
{
    long fd = syscall(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC, 0);
    long len = -1;

    if (fd >= 0) {
        len = syscall(SYS_pread64, fd, buf, size, 0);
        syscall(SYS_close, fd);
    }
    return len;
}

/* Line N of "resource" has the kernel's IORESOURCE_IO (0x100) or not. */
static bool is_mem_bar(const File *file)
{
    char path[128];
    char text[4096];
    unsigned long long start, end, flags;
    char *line = text;
    int n;
    char rest;
    long len;

    if (sscanf(file->file, "resource%d%c", &n, &rest) != 1) {
        return false;
    }
    snprintf(path, sizeof(path), DEVICES "%s/resource", file->dev);
    len = read_whole(path, text, sizeof(text) - 1);
    if (len <= 0) {
        return false;
    }
    text[len] = '\0';
    for (int i = 0; i < n && line; i++) {
        line = strchr(line, '\n');
        line += line != NULL;
    }
    return line &&
           sscanf(line, "%llx %llx %llx", &start, &end, &flags) == 3 &&
           !(flags & 0x100);
}

bool fx_host_memory_decode(unsigned int sbdf)
{
    char bdf[16];
    char path[128];
    uint8_t config[6];

    fx_format_bdf(sbdf, bdf);
    snprintf(path, sizeof(path), DEVICES "%s/config", bdf);
    return read_whole(path, config, sizeof(config)) != sizeof(config) ||
           (config[4] & 2);
}

/* open */

static void call_name(char name[64], const char *op, const File *file)
{
    snprintf(name, 64, "%s:%s", op, file->file);
}

static int open_common(int dirfd, const char *path, int flags, mode_t mode)
{
    char joined[256];
    char name[64];
    File file;
    int err;
    long fd;

    if (dirfd >= 0 && dirfd < MAX_FDS && files[dirfd].tracked &&
        path[0] != '/') {
        const File *dir = &files[dirfd];

        snprintf(joined, sizeof(joined), "%s%s/%s",
                 strcmp(dir->dev, "-") ? DEVICES : ROOT,
                 strcmp(dir->dev, "-") ? dir->dev : dir->file, path);
        if (!classify(joined, &file)) {
            return syscall(SYS_openat, dirfd, path, flags, mode);
        }
    } else if (!classify(path, &file)) {
        return syscall(SYS_openat, dirfd, path, flags, mode);
    }
    if (strcmp(file.file, "mem") == 0 && getenv("FAKE_XEN_DEV_MEM")) {
        path = getenv("FAKE_XEN_DEV_MEM");
    }
    call_name(name, "open", &file);
    err = fx_enter(FX_HOST, name);
    fd = -1;
    if (!err) {
        fd = syscall(SYS_openat, dirfd, path, flags, mode);
        err = fd < 0 ? errno : 0;
    }
    if (!err && fd < MAX_FDS) {
        file.mem_bar = is_mem_bar(&file);
        files[fd] = file;
    }
    return fx_leave_value(err, fd, "dev=%s write=%d", file.dev,
                          (flags & O_ACCMODE) != O_RDONLY);
}

#define OPEN_MODE(flags, mode)                                             \
    do {                                                                   \
        if ((flags) & (O_CREAT | O_TMPFILE)) {                             \
            va_list ap;                                                    \
            va_start(ap, flags);                                           \
            mode = va_arg(ap, mode_t);                                     \
            va_end(ap);                                                    \
        }                                                                  \
    } while (0)

FX_API int open(const char *path, int flags, ...)
{
    mode_t mode = 0;

    OPEN_MODE(flags, mode);
    return open_common(AT_FDCWD, path, flags, mode);
}

FX_API int open64(const char *path, int flags, ...)
{
    mode_t mode = 0;

    OPEN_MODE(flags, mode);
    return open_common(AT_FDCWD, path, flags, mode);
}

FX_API int openat(int dirfd, const char *path, int flags, ...)
{
    mode_t mode = 0;

    OPEN_MODE(flags, mode);
    return open_common(dirfd, path, flags, mode);
}

FX_API int openat64(int dirfd, const char *path, int flags, ...)
{
    mode_t mode = 0;

    OPEN_MODE(flags, mode);
    return open_common(dirfd, path, flags, mode);
}

int __open_2(const char *path, int flags)
{
    return open_common(AT_FDCWD, path, flags, 0);
}

int __open64_2(const char *path, int flags)
{
    return open_common(AT_FDCWD, path, flags, 0);
}

int __openat_2(int dirfd, const char *path, int flags)
{
    return open_common(dirfd, path, flags, 0);
}

int __openat64_2(int dirfd, const char *path, int flags)
{
    return open_common(dirfd, path, flags, 0);
}

static FILE *fopen_common(const char *path, const char *mode,
                          const char *symbol)
{
    FILE *(*real)(const char *, const char *) = dlsym(RTLD_NEXT, symbol);
    char name[64];
    File file;
    FILE *stream = NULL;
    int err;

    if (!classify(path, &file)) {
        return real(path, mode);
    }
    call_name(name, "open", &file);
    err = fx_enter(FX_HOST, name);
    if (!err) {
        stream = real(path, mode);
        err = stream ? 0 : errno;
    }
    if (stream && fileno(stream) < MAX_FDS) {
        files[fileno(stream)] = file;
    }
    fx_leave_value(err, stream ? fileno(stream) : -1, "dev=%s write=%d",
                   file.dev, mode[0] != 'r' || strchr(mode, '+') != NULL);
    return stream;
}

FX_API FILE *fopen(const char *path, const char *mode)
{
    return fopen_common(path, mode, "fopen");
}

FX_API FILE *fopen64(const char *path, const char *mode)
{
    return fopen_common(path, mode, "fopen64");
}

FX_API DIR *opendir(const char *path)
{
    DIR *(*real)(const char *) = (DIR *(*)(const char *))
                                 dlsym(RTLD_NEXT, "opendir");
    char name[64];
    File file;
    DIR *dir = NULL;
    int err;

    if (!classify(path, &file)) {
        return real(path);
    }
    call_name(name, "opendir", &file);
    err = fx_enter(FX_HOST, name);
    if (!err) {
        dir = real(path);
        err = dir ? 0 : errno;
    }
    fx_leave(err, "dev=%s", file.dev);
    return dir;
}

FX_API ssize_t readlink(const char *path, char *buf, size_t size)
{
    char name[64];
    File file;
    long len = -1;
    int err;

    if (!classify(path, &file)) {
        return syscall(SYS_readlinkat, AT_FDCWD, path, buf, size);
    }
    call_name(name, "readlink", &file);
    err = fx_enter(FX_HOST, name);
    if (!err) {
        len = syscall(SYS_readlinkat, AT_FDCWD, path, buf, size);
        err = len < 0 ? errno : 0;
    }
    return fx_leave_value(err, len, "dev=%s", file.dev);
}

ssize_t __readlink_chk(const char *path, char *buf, size_t size,
                       size_t buflen)
{
    (void)buflen;
    return readlink(path, buf, size);
}

FX_API int close(int fd)
{
    if (fd >= 0 && fd < MAX_FDS && files[fd].tracked) {
        char name[64];
        File file = files[fd];

        call_name(name, "close", &file);
        /* The kernel frees the descriptor whatever close() answers. */
        fx_enter(FX_HOST, name);
        files[fd].tracked = false;
        syscall(SYS_close, fd);
        return fx_leave(0, "dev=%s", file.dev);
    }
    return syscall(SYS_close, fd);
}

/* read */

static void hex(char *out, size_t size, const uint8_t *bytes, size_t len)
{
    size_t at = 0;

    out[0] = '\0';
    for (size_t i = 0; i < len && at + 3 < size; i++) {
        at += snprintf(out + at, size - at, "%02x", bytes[i]);
    }
}

static ssize_t read_common(int fd, void *buf, size_t size, off_t off,
                           bool positioned)
{
    bool tracked = fd >= 0 && fd < MAX_FDS && files[fd].tracked;
    char name[64];
    File file;
    int err;
    long len = -1;

    if (!tracked || fx_quiet()) {
        return positioned ? syscall(SYS_pread64, fd, buf, size, off)
                          : syscall(SYS_read, fd, buf, size);
    }
    file = files[fd];
    call_name(name, positioned ? "pread" : "read", &file);
    err = fx_enter(FX_HOST, name);
    if (!err && file.mem_bar) {
        err = EIO;
    }
    if (!err) {
        if (!positioned) {
            off = syscall(SYS_lseek, fd, 0, SEEK_CUR);
            len = syscall(SYS_read, fd, buf, size);
        } else {
            len = syscall(SYS_pread64, fd, buf, size, off);
        }
        err = len < 0 ? errno : 0;
    }
    if (len > 0 && is_config(&file) && is_gone(file.dev)) {
        memset(buf, 0xff, len);
    }
    return fx_leave_value(err, len, "dev=%s off=0x%lx len=%zu", file.dev,
                          (unsigned long)off, size);
}

FX_API ssize_t read(int fd, void *buf, size_t size)
{
    return read_common(fd, buf, size, 0, false);
}

FX_API ssize_t pread(int fd, void *buf, size_t size, off_t off)
{
    return read_common(fd, buf, size, off, true);
}

FX_API ssize_t pread64(int fd, void *buf, size_t size, off64_t off)
{
    return read_common(fd, buf, size, off, true);
}

ssize_t __read_chk(int fd, void *buf, size_t size, size_t buflen)
{
    (void)buflen;
    return read_common(fd, buf, size, 0, false);
}

ssize_t __pread_chk(int fd, void *buf, size_t size, off_t off, size_t buflen)
{
    (void)buflen;
    return read_common(fd, buf, size, off, true);
}

ssize_t __pread64_chk(int fd, void *buf, size_t size, off64_t off,
                      size_t buflen)
{
    (void)buflen;
    return read_common(fd, buf, size, off, true);
}

/* write */

/*
 * Masks of the pretended hardware: FAKE_XEN_HARDWARE/BDF.wmask has a set
 * bit for each bit that a write changes, BDF.w1c for each that a written 1
 * clears. Without the files a write is stored as it is.
 */
static bool hardware_mask(const char *dev, const char *what, off_t off,
                          uint8_t *mask, size_t len)
{
    const char *dir = getenv("FAKE_XEN_HARDWARE");
    char path[256];
    long fd, done;

    if (!dir) {
        return false;
    }
    snprintf(path, sizeof(path), "%s/%s.%s", dir, dev, what);
    fd = syscall(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC, 0);
    if (fd < 0) {
        return false;
    }
    done = syscall(SYS_pread64, fd, mask, len, off);
    syscall(SYS_close, fd);
    return done == (long)len;
}

static long config_write(int fd, const File *file, const uint8_t *buf,
                         size_t size, off_t off, char *note, size_t note_len)
{
    uint8_t old[64], new[64], wmask[64], w1c[64];
    char was[132], wanted[132], is[132];
    long len;

    if (size > sizeof(old)) {
        return syscall(SYS_pwrite64, fd, buf, size, off);
    }
    if (syscall(SYS_pread64, fd, old, size, off) != (long)size) {
        errno = EINVAL;
        return -1;
    }
    memcpy(new, buf, size);
    if (hardware_mask(file->dev, "wmask", off, wmask, size)) {
        bool have_w1c = hardware_mask(file->dev, "w1c", off, w1c, size);

        for (size_t i = 0; i < size; i++) {
            new[i] = (old[i] & ~wmask[i]) | (buf[i] & wmask[i]);
            if (have_w1c) {
                new[i] &= ~(buf[i] & w1c[i]);
            }
        }
    }
    if (is_gone(file->dev)) {
        memcpy(new, old, size);
    }
    len = syscall(SYS_pwrite64, fd, new, size, off);
    hex(was, sizeof(was), old, size);
    hex(wanted, sizeof(wanted), buf, size);
    hex(is, sizeof(is), new, size);
    snprintf(note, note_len, " old=%s val=%s new=%s", was, wanted, is);
    return len;
}

static ssize_t write_common(int fd, const void *buf, size_t size, off_t off,
                            bool positioned)
{
    bool tracked = fd >= 0 && fd < MAX_FDS && files[fd].tracked;
    char note[420] = "";
    char name[64];
    File file;
    int err;
    long len = -1;

    if (!tracked || fx_quiet()) {
        return positioned ? syscall(SYS_pwrite64, fd, buf, size, off)
                          : syscall(SYS_write, fd, buf, size);
    }
    file = files[fd];
    call_name(name, positioned ? "pwrite" : "write", &file);
    err = fx_enter(FX_HOST, name);
    if (!err && file.mem_bar) {
        err = EIO;
    }
    if (!err) {
        if (!positioned) {
            off = syscall(SYS_lseek, fd, 0, SEEK_CUR);
        }
        if (is_config(&file)) {
            len = config_write(fd, &file, buf, size, off, note,
                               sizeof(note));
        } else {
            char val[132];

            hex(val, sizeof(val), buf, size > 32 ? 32 : size);
            snprintf(note, sizeof(note), " val=%s", val);
            len = syscall(SYS_pwrite64, fd, buf, size, off);
        }
        err = len < 0 ? errno : 0;
        if (!positioned && len > 0) {
            syscall(SYS_lseek, fd, off + len, SEEK_SET);
        }
    }
    return fx_leave_value(err, len, "dev=%s off=0x%lx len=%zu%s", file.dev,
                          (unsigned long)off, size, note);
}

FX_API ssize_t write(int fd, const void *buf, size_t size)
{
    return write_common(fd, buf, size, 0, false);
}

FX_API ssize_t pwrite(int fd, const void *buf, size_t size, off_t off)
{
    return write_common(fd, buf, size, off, true);
}

FX_API ssize_t pwrite64(int fd, const void *buf, size_t size, off64_t off)
{
    return write_common(fd, buf, size, off, true);
}

/* mmap */

static void *mmap_common(void *addr, size_t size, int prot, int flags, int fd,
                         off_t off)
{
    bool tracked = fd >= 0 && fd < MAX_FDS && files[fd].tracked;
    char name[64];
    File file;
    long p = -1;
    int err;

    if (!tracked) {
        return (void *)syscall(SYS_mmap, addr, size, prot, flags, fd, off);
    }
    file = files[fd];
    call_name(name, "mmap", &file);
    err = fx_enter(FX_HOST, name);
    if (!err) {
        p = syscall(SYS_mmap, addr, size, prot, flags, fd, off);
        err = p == -1 ? errno : 0;
    }
    fx_leave(err, "dev=%s off=0x%lx len=0x%zx write=%d", file.dev,
             (unsigned long)off, size, (prot & PROT_WRITE) != 0);
    return (void *)p;
}

FX_API void *mmap(void *addr, size_t size, int prot, int flags, int fd,
                  off_t off)
{
    return mmap_common(addr, size, prot, flags, fd, off);
}

FX_API void *mmap64(void *addr, size_t size, int prot, int flags, int fd,
                    off64_t off)
{
    return mmap_common(addr, size, prot, flags, fd, off);
}

/*
 * gone BDF 0|1     the function answers all ones and takes no write
 * open-files       what is open now: BDF and file, one line each
 */
int fx_host_control(int nwords, char **words, FILE *out)
{
    unsigned int sbdf;

    if (strcmp(words[0], "open-files") == 0) {
        for (int i = 0; i < MAX_FDS; i++) {
            if (files[i].tracked) {
                fprintf(out, "%s %s\n", files[i].dev, files[i].file);
            }
        }
        return 1;
    }
    if (strcmp(words[0], "gone") == 0) {
        if (nwords < 3 || !fx_parse_bdf(words[1], &sbdf)) {
            return -1;
        }
        for (unsigned int i = 0; i < nr_gone; i++) {
            if (gone[i] == sbdf) {
                gone[i] = gone[--nr_gone];
                break;
            }
        }
        if (atoi(words[2]) && nr_gone < MAX_GONE) {
            gone[nr_gone++] = sbdf;
        }
        return 1;
    }
    return 0;
}
