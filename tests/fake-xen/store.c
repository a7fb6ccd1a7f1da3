/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fake-xen: libxenstore over a list of paths.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <xenstore.h>

#include "fake.h"

#define MAX_NODES 1024
#define MAX_WATCHES 256
#define MAX_EVENTS 1024

typedef struct {
    char *path;
    char *value;
} Node;

typedef struct {
    struct xs_handle *handle;
    char *path;
    char *token;
    bool relative;
} Watch;

typedef struct {
    struct xs_handle *handle;
    char *path;
    char *token;
} Event;

struct xs_handle {
    int fd;     /* readable while an event is queued for this handle */
};

static Node nodes[MAX_NODES];
static unsigned int nr_nodes;
static Watch watches[MAX_WATCHES];
static unsigned int nr_watches;
static Event events[MAX_EVENTS];
static unsigned int nr_events;

/* The home of dom0, where a relative path starts. */
#define HOME "/local/domain/0/"

static void absolute(char *out, size_t size, const char *path)
{
    bool full = path[0] == '/' || path[0] == '@';

    snprintf(out, size, "%s%s", full ? "" : HOME, path);
}

static Node *node_at(const char *path)
{
    for (unsigned int i = 0; i < nr_nodes; i++) {
        if (strcmp(nodes[i].path, path) == 0) {
            return &nodes[i];
        }
    }
    return NULL;
}

static bool is_below(const char *path, const char *parent)
{
    size_t len = strlen(parent);

    return strncmp(path, parent, len) == 0 &&
           (path[len] == '\0' || path[len] == '/' || parent[len - 1] == '/');
}

static void signal_handle(struct xs_handle *h)
{
    uint64_t one = 1;

    if (syscall(SYS_write, h->fd, &one, sizeof(one)) < 0) {
        return;
    }
}

static void queue_event(const Watch *watch, const char *path)
{
    if (nr_events == MAX_EVENTS) {
        return;
    }
    if (watch->relative && is_below(path, HOME)) {
        path += strlen(HOME);
    }
    events[nr_events++] = (Event){
        watch->handle, strdup(path), strdup(watch->token),
    };
    signal_handle(watch->handle);
}

static void fire(const char *path)
{
    for (unsigned int i = 0; i < nr_watches; i++) {
        char full[512];

        absolute(full, sizeof(full), watches[i].path);
        /* Removing a parent fires the watches below it as well. */
        if (is_below(path, full) || is_below(full, path)) {
            queue_event(&watches[i], is_below(path, full) ? path : full);
        }
    }
}

static void store_write(const char *path, const char *value)
{
    Node *node = node_at(path);

    if (!node && nr_nodes < MAX_NODES) {
        node = &nodes[nr_nodes++];
        node->path = strdup(path);
        node->value = NULL;
    }
    if (node) {
        free(node->value);
        node->value = strdup(value);
    }
    fire(path);
}

static bool store_remove(const char *path)
{
    bool found = false;

    for (unsigned int i = 0; i < nr_nodes; ) {
        if (is_below(nodes[i].path, path)) {
            free(nodes[i].path);
            free(nodes[i].value);
            nodes[i] = nodes[--nr_nodes];
            found = true;
        } else {
            i++;
        }
    }
    if (found) {
        fire(path);
    }
    return found;
}

/* The library */

FX_API struct xs_handle *xs_open(unsigned long flags)
{
    int err = fx_enter(FX_STORE, __func__);
    struct xs_handle *h = err ? NULL : calloc(1, sizeof(*h));

    if (h) {
        h->fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    }
    fx_leave(err, "flags=%lu", flags);
    return h;
}

FX_API struct xs_handle *xs_daemon_open(void)
{
    return xs_open(0);
}

FX_API void xs_close(struct xs_handle *h)
{
    int err = fx_enter(FX_STORE, __func__);

    if (h) {
        for (unsigned int i = 0; i < nr_watches; ) {
            if (watches[i].handle == h) {
                free(watches[i].path);
                free(watches[i].token);
                watches[i] = watches[--nr_watches];
            } else {
                i++;
            }
        }
        for (unsigned int i = 0; i < nr_events; ) {
            if (events[i].handle == h) {
                free(events[i].path);
                free(events[i].token);
                memmove(&events[i], &events[i + 1],
                        (--nr_events - i) * sizeof(Event));
            } else {
                i++;
            }
        }
        syscall(SYS_close, h->fd);
        free(h);
    }
    fx_leave(err, "%s", "");
}

FX_API void xs_daemon_close(struct xs_handle *h)
{
    xs_close(h);
}

FX_API int xs_fileno(struct xs_handle *h)
{
    return h->fd;
}

FX_API void *xs_read(struct xs_handle *h, xs_transaction_t t,
                     const char *path, unsigned int *len)
{
    int err = fx_enter(FX_STORE, __func__);
    char full[512];
    char *value = NULL;
    Node *node;

    (void)h;
    (void)t;
    absolute(full, sizeof(full), path);
    node = node_at(full);
    if (!err && !node) {
        err = ENOENT;
    }
    if (!err) {
        value = strdup(node->value);
        if (len) {
            *len = strlen(value);
        }
    }
    fx_leave(err, "path=%s", full);
    return value;
}

FX_API bool xs_write(struct xs_handle *h, xs_transaction_t t,
                     const char *path, const void *data, unsigned int len)
{
    int err = fx_enter(FX_STORE, __func__);
    char full[512];
    char value[1024];

    (void)h;
    (void)t;
    absolute(full, sizeof(full), path);
    snprintf(value, sizeof(value), "%.*s", (int)len, (const char *)data);
    if (!err) {
        store_write(full, value);
    }
    return fx_leave(err, "path=%s value=%s", full, value) == 0;
}

FX_API bool xs_mkdir(struct xs_handle *h, xs_transaction_t t,
                     const char *path)
{
    return xs_write(h, t, path, "", 0);
}

FX_API bool xs_rm(struct xs_handle *h, xs_transaction_t t, const char *path)
{
    int err = fx_enter(FX_STORE, __func__);
    char full[512];

    (void)h;
    (void)t;
    absolute(full, sizeof(full), path);
    if (!err && !store_remove(full)) {
        err = ENOENT;
    }
    return fx_leave(err, "path=%s", full) == 0;
}

/* As the library does it: one block, the pointers first. */
FX_API char **xs_directory(struct xs_handle *h, xs_transaction_t t,
                           const char *path, unsigned int *num)
{
    int err = fx_enter(FX_STORE, __func__);
    char full[512];
    char names[64][128];
    unsigned int nr = 0;
    bool exists = false;
    char **list = NULL;

    (void)h;
    (void)t;
    absolute(full, sizeof(full), path);
    for (unsigned int i = 0; i < nr_nodes; i++) {
        const char *rest = nodes[i].path + strlen(full);
        unsigned int j;
        size_t len;

        if (!is_below(nodes[i].path, full)) {
            continue;
        }
        exists = true;
        rest += *rest == '/';
        len = strcspn(rest, "/");
        if (len == 0 || len >= sizeof(names[0])) {
            continue;
        }
        for (j = 0; j < nr; j++) {
            if (strncmp(names[j], rest, len) == 0 && names[j][len] == '\0') {
                break;
            }
        }
        if (j == nr && nr < 64) {
            memcpy(names[nr], rest, len);
            names[nr++][len] = '\0';
        }
    }
    if (!err && !exists) {
        err = ENOENT;
    }
    if (!err) {
        char *text;

        list = calloc(1, nr * (sizeof(char *) + sizeof(names[0])) + 1);
        text = (char *)(list + nr);
        for (unsigned int i = 0; list && i < nr; i++) {
            list[i] = text;
            text = stpcpy(text, names[i]) + 1;
        }
        *num = nr;
    }
    fx_leave(err, "path=%s", full);
    return list;
}

FX_API bool xs_set_permissions(struct xs_handle *h, xs_transaction_t t,
                               const char *path, struct xs_permissions *perms,
                               unsigned int num_perms)
{
    int err = fx_enter(FX_STORE, __func__);

    (void)h;
    (void)t;
    (void)perms;
    return fx_leave(err, "path=%s num=%u", path, num_perms) == 0;
}

FX_API bool xs_watch(struct xs_handle *h, const char *path, const char *token)
{
    int err = fx_enter(FX_STORE, __func__);
    char full[512];

    absolute(full, sizeof(full), path);
    if (!err && nr_watches == MAX_WATCHES) {
        err = E2BIG;
    }
    if (!err) {
        watches[nr_watches] = (Watch){
            h, strdup(path), strdup(token),
            path[0] != '/' && path[0] != '@',
        };
        /* A new watch fires once at once. */
        queue_event(&watches[nr_watches], full);
        nr_watches++;
    }
    return fx_leave(err, "path=%s token=%s", path, token) == 0;
}

FX_API bool xs_unwatch(struct xs_handle *h, const char *path,
                       const char *token)
{
    int err = fx_enter(FX_STORE, __func__);
    bool found = false;

    for (unsigned int i = 0; !err && !found && i < nr_watches; i++) {
        if (watches[i].handle == h && strcmp(watches[i].path, path) == 0 &&
            strcmp(watches[i].token, token) == 0) {
            free(watches[i].path);
            free(watches[i].token);
            watches[i] = watches[--nr_watches];
            found = true;
        }
    }
    err = !err && !found ? ENOENT : err;
    return fx_leave(err, "path=%s token=%s", path, token) == 0;
}

FX_API char **xs_check_watch(struct xs_handle *h)
{
    char **pair = NULL;
    uint64_t count;
    bool more = false;

    fx_lock();
    for (unsigned int i = 0; i < nr_events; i++) {
        size_t path_len, token_len;

        if (events[i].handle != h) {
            continue;
        }
        if (pair) {
            more = true;
            break;
        }
        path_len = strlen(events[i].path) + 1;
        token_len = strlen(events[i].token) + 1;
        pair = malloc(2 * sizeof(char *) + path_len + token_len);
        pair[XS_WATCH_PATH] = (char *)(pair + 2);
        pair[XS_WATCH_TOKEN] = (char *)(pair + 2) + path_len;
        memcpy(pair[XS_WATCH_PATH], events[i].path, path_len);
        memcpy(pair[XS_WATCH_TOKEN], events[i].token, token_len);
        free(events[i].path);
        free(events[i].token);
        memmove(&events[i], &events[i + 1],
                (--nr_events - i) * sizeof(Event));
        i--;
    }
    if (syscall(SYS_read, h->fd, &count, sizeof(count)) > 0 && more) {
        signal_handle(h);
    }
    fx_unlock();
    if (!pair) {
        errno = EAGAIN;
    }
    return pair;
}

FX_API char **xs_read_watch(struct xs_handle *h, unsigned int *num)
{
    char **pair = xs_check_watch(h);

    if (pair && num) {
        *num = 2;
    }
    return pair;
}

FX_API xs_transaction_t xs_transaction_start(struct xs_handle *h)
{
    int err = fx_enter(FX_STORE, __func__);

    (void)h;
    fx_leave(err, "%s", "");
    return err ? XBT_NULL : 1;
}

FX_API bool xs_transaction_end(struct xs_handle *h, xs_transaction_t t,
                               bool abort)
{
    int err = fx_enter(FX_STORE, __func__);

    (void)h;
    (void)t;
    return fx_leave(err, "abort=%d", abort) == 0;
}

FX_API char *xs_get_domain_path(struct xs_handle *h, unsigned int domid)
{
    int err = fx_enter(FX_STORE, __func__);
    char path[64];

    (void)h;
    snprintf(path, sizeof(path), "/local/domain/%u", domid);
    fx_leave(err, "domid=%u", domid);
    return err ? NULL : strdup(path);
}

FX_API bool xs_is_domain_introduced(struct xs_handle *h, unsigned int domid)
{
    int err = fx_enter(FX_STORE, __func__);

    (void)h;
    return fx_leave(err, "domid=%u", domid) == 0 && domid == FX_DOMID;
}

/*
 * xs-write PATH VALUE, xs-rm PATH, xs-fire PATH (@releaseDomain),
 * xs-ls (every path and value), xs-watches (path and token of each)
 */
int fx_store_control(int nwords, char **words, FILE *out)
{
    if (strcmp(words[0], "xs-write") == 0 && nwords > 1) {
        store_write(words[1], nwords > 2 ? words[2] : "");
        return 1;
    }
    if (strcmp(words[0], "xs-rm") == 0 && nwords > 1) {
        return store_remove(words[1]) ? 1 : -1;
    }
    if (strcmp(words[0], "xs-fire") == 0 && nwords > 1) {
        fire(words[1]);
        return 1;
    }
    if (strcmp(words[0], "xs-ls") == 0) {
        for (unsigned int i = 0; i < nr_nodes; i++) {
            fprintf(out, "%s = %s\n", nodes[i].path, nodes[i].value);
        }
        return 1;
    }
    if (strcmp(words[0], "xs-watches") == 0) {
        for (unsigned int i = 0; i < nr_watches; i++) {
            fprintf(out, "%s %s\n", watches[i].path, watches[i].token);
        }
        return 1;
    }
    return 0;
}
