/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The xen-pt command: a device model's second monitor
 *
 * libxl opens two monitors and uses the first under a lock of its own; the
 * second is for statistics.  QEMU serves one client of a monitor at a time:
 * who comes second is connected, and not greeted.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "tool.h"

#define LINE_MAX_BYTES (16u << 20)

struct Qmp {
    int fd;
    int domid;
    char *domain;               /* "domain 3 (web)" */
    GString *input;
};

/* -- which domain --------------------------------------------------------- */

static char *find_name(XenStore *xs, int domid)
{
    g_autofree char *name = xenstore_read(xs, "/local/domain/%d/name", domid);

    return name ? g_strdup_printf("domain %d (%s)", domid, name)
                : g_strdup_printf("domain %d", domid);
}

static int find_domid(XenStore *xs, const char *name)
{
    g_auto(GStrv) all = xenstore_list(xs, "/local/domain");

    for (char **domid = all; *domid; domid++) {
        g_autofree char *other = xenstore_read(xs, "/local/domain/%s/name",
                                               *domid);

        if (other && strcmp(other, name) == 0) {
            return atoi(*domid);
        }
    }
    return -1;
}

static bool find_domain(Qmp *qmp, const char *domain, int *exit,
                        GError **errp)
{
    const char *why = NULL;
    XenStore *xs = xenstore_open(&why);
    bool ok = true;
    guint64 number;

    if (g_ascii_string_to_unsigned(domain, 10, 0, 0x7ff0, &number, NULL)) {
        qmp->domid = number;
        if (xs && number) {
            g_autofree char *there =
                xenstore_read(xs, "/local/domain/%d/domid", qmp->domid);
            g_autofree char *name =
                xenstore_read(xs, "/local/domain/%d/name", qmp->domid);

            ok = there || name;
        }
    } else if (xs) {
        qmp->domid = find_domid(xs, domain);
        ok = qmp->domid >= 0;
    } else {
        *exit = EXIT_ENVIRONMENT;
        g_set_error(errp, XEN_PT_ERROR, XEN_PT_ERROR_HOST,
                    "the domain '%s' cannot be looked up by its name: %s; "
                    "run this in dom0 as root", domain, why);
        return false;
    }
    if (xenstore_is_silent(xs)) {
        *exit = EXIT_ENVIRONMENT;
        g_set_error(errp, XEN_PT_ERROR, XEN_PT_ERROR_HOST,
                    "xenstore does not answer, so the domain '%s' cannot be "
                    "looked up; see `systemctl status xen.service` and `xl "
                    "list`", domain);
        ok = false;
    } else if (ok) {
        qmp->domain = find_name(xs, qmp->domid);
    } else {
        *exit = EXIT_ENVIRONMENT;
        g_set_error(errp, XEN_PT_ERROR, XEN_PT_ERROR_ABSENT,
                    "there is no domain '%s'; `xl list` has those that run",
                    domain);
    }
    xenstore_close(xs);
    return ok;
}

/* -- the socket ----------------------------------------------------------- */

static bool dial(Qmp *qmp, GError **errp)
{
    const struct timeval patience = { .tv_sec = tool_wait };
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    g_autofree char *path = tool_path("/var/run/xen/qmp-libxenstat-%d",
                                      qmp->domid);
    const char *cure = "see its log in /var/log/xen";

    if (strlen(path) >= sizeof(address.sun_path)) {
        g_set_error(errp, XEN_PT_ERROR, XEN_PT_ERROR_HOST,
                    "the path %s is too long for a socket; give a shorter "
                    "--root", path);
        return false;
    }
    g_strlcpy(address.sun_path, path, sizeof(address.sun_path));
    qmp->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (qmp->fd >= 0) {
        setsockopt(qmp->fd, SOL_SOCKET, SO_RCVTIMEO, &patience,
                   sizeof(patience));
        setsockopt(qmp->fd, SOL_SOCKET, SO_SNDTIMEO, &patience,
                   sizeof(patience));
        if (connect(qmp->fd, (struct sockaddr *)&address,
                    sizeof(address)) == 0) {
            return true;
        }
    }
    switch (errno) {
    case ENOENT:
        g_set_error(errp, XEN_PT_ERROR, XEN_PT_ERROR_HOST,
                    "%s has no device model that can be asked (there is no "
                    "%s); only HVM guests have one, and not those with a "
                    "stubdomain", qmp->domain, path);
        break;
    case EACCES:
    case EPERM:
        g_set_error(errp, XEN_PT_ERROR, XEN_PT_ERROR_HOST,
                    "no permission to ask the device model of %s; run this "
                    "as root", qmp->domain);
        break;
    case EAGAIN:
        g_set_error(errp, XEN_PT_ERROR, XEN_PT_ERROR_HOST,
                    "the second monitor of %s is busy; stop what else uses "
                    "it (xentop, another xen-pt) and try again",
                    qmp->domain);
        break;
    default:
        g_set_error(errp, XEN_PT_ERROR, XEN_PT_ERROR_HOST,
                    "the device model of %s is gone (%s: %s); %s",
                    qmp->domain, path, g_strerror(errno), cure);
    }
    return false;
}

static void not_qmp(const Qmp *qmp, GError **errp)
{
    g_set_error(errp, XEN_PT_ERROR, XEN_PT_ERROR_HOST,
                "what answers for %s does not speak QMP; is there a device "
                "model behind that socket?", qmp->domain);
}

/* One line, an object; events are passed over.  NULL and errp. */
static Json *receive(Qmp *qmp, const char *doing, GError **errp)
{
    const gint64 deadline = g_get_monotonic_time() +
                            (gint64)tool_wait * G_USEC_PER_SEC;

    while (true) {
        char *end = memchr(qmp->input->str, '\n', qmp->input->len);
        char buffer[4096];
        ssize_t got;
        bool late;

        if (end) {
            g_autofree char *line = g_strndup(qmp->input->str,
                                              end - qmp->input->str);
            Json *json = json_parse(line);

            g_string_erase(qmp->input, 0, end + 1 - qmp->input->str);
            if (!json || json->type != JSON_OBJECT) {
                json_free(json);
                not_qmp(qmp, errp);
                return NULL;
            }
            if (!json_get(json, "event")) {
                return json;
            }
            json_free(json);
            continue;
        }
        /* events, or half an answer, do not count as one */
        late = g_get_monotonic_time() > deadline;
        got = late ? 0 : read(qmp->fd, buffer, sizeof(buffer));
        if (got > 0 && qmp->input->len < LINE_MAX_BYTES) {
            g_string_append_len(qmp->input, buffer, got);
        } else if (got > 0) {
            not_qmp(qmp, errp);
            return NULL;
        } else if (got < 0 && errno == EINTR) {
            continue;
        } else if (late ||
                   (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))) {
            g_set_error(errp, XEN_PT_ERROR, XEN_PT_ERROR_HOST,
                        "the second monitor of %s is busy (%s for %d "
                        "seconds); stop what else uses it (xentop, another "
                        "xen-pt) and try again", qmp->domain, doing,
                        tool_wait);
            return NULL;
        } else {
            g_set_error(errp, XEN_PT_ERROR, XEN_PT_ERROR_HOST,
                        "the device model of %s went away while it was "
                        "asked; `xl list` tells if the domain still runs",
                        qmp->domain);
            return NULL;
        }
    }
}

static Json *command(Qmp *qmp, const char *text, GError **errp)
{
    size_t len = strlen(text), done = 0;

    while (done < len) {
        ssize_t n = send(qmp->fd, text + done, len - done, MSG_NOSIGNAL);

        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            g_set_error(errp, XEN_PT_ERROR, XEN_PT_ERROR_HOST,
                        "the device model of %s no longer listens (%s); `xl "
                        "list` tells if the domain still runs", qmp->domain,
                        g_strerror(errno));
            return NULL;
        }
        done += n;
    }
    return receive(qmp, "no answer", errp);
}

Qmp *qmp_open(const char *domain, int *exit, GError **errp)
{
    Qmp *qmp = g_new0(Qmp, 1);
    Json *json = NULL;

    qmp->fd = -1;
    qmp->input = g_string_new(NULL);
    *exit = EXIT_ENVIRONMENT;
    if (!find_domain(qmp, domain, exit, errp) || !dial(qmp, errp)) {
        qmp_close(qmp);
        return NULL;
    }
    json = receive(qmp, "no greeting", errp);
    if (json && !json_get(json, "QMP")) {
        g_set_error(errp, XEN_PT_ERROR, XEN_PT_ERROR_HOST,
                    "what answers for %s does not greet as QMP does; is "
                    "there a device model behind that socket?", qmp->domain);
        json_free(json);
        json = NULL;
    }
    if (json) {
        json_free(json);
        json = command(qmp, "{\"execute\":\"qmp_capabilities\"}\r\n", errp);
    }
    if (!json) {
        qmp_close(qmp);
        return NULL;
    }
    json_free(json);
    return qmp;
}

void qmp_close(Qmp *qmp)
{
    if (!qmp) {
        return;
    }
    if (qmp->fd >= 0) {
        close(qmp->fd);
    }
    g_string_free(qmp->input, true);
    g_free(qmp->domain);
    g_free(qmp);
}

const char *qmp_domain(const Qmp *qmp)
{
    return qmp->domain;
}

/* -- QOM ------------------------------------------------------------------ */

char *qmp_get_string(Qmp *qmp, const char *path, const char *property,
                     GError **errp)
{
    g_autofree char *text =
        g_strdup_printf("{\"execute\":\"qom-get\",\"arguments\":{\"path\":"
                        "\"%s\",\"property\":\"%s\"}}\r\n", path, property);
    Json *json = command(qmp, text, errp);
    const char *value = json_str(json, "return", NULL);
    char *copy = g_strdup(value);

    if (json && !value) {
        g_set_error(errp, XEN_PT_ERROR, XEN_PT_ERROR_UNSUPPORTED,
                    "the device model of %s does not tell (%s); is it "
                    "xen-pt's? See device_model_override in its "
                    "configuration", qmp->domain,
                    json_str(json_get(json, "error"), "desc",
                             "no reason given"));
    }
    json_free(json);
    return copy;
}

static bool add_functions(Qmp *qmp, const char *parent, GPtrArray *all,
                          GError **errp)
{
    g_autofree char *text =
        g_strdup_printf("{\"execute\":\"qom-list\",\"arguments\":{\"path\":"
                        "\"%s\"}}\r\n", parent);
    Json *json = command(qmp, text, errp);
    const Json *list = json_get(json, "return");

    if (!json) {
        return false;
    }
    for (unsigned i = 0; i < json_len(list); i++) {
        const Json *item = json_at(list, i);
        const char *name = json_str(item, "name", "");

        if (strcmp(json_str(item, "type", ""),
                   "child<xen-pci-passthrough>") == 0 &&
            !strpbrk(name, "\"\\")) {
            g_ptr_array_add(all, g_strdup_printf("%s/%s", parent, name));
        }
    }
    json_free(json);
    return true;
}

GPtrArray *qmp_functions(Qmp *qmp, GError **errp)
{
    GPtrArray *all = g_ptr_array_new_with_free_func(g_free);

    if (!add_functions(qmp, "/machine/peripheral", all, errp) ||
        !add_functions(qmp, "/machine/peripheral-anon", all, errp)) {
        g_ptr_array_unref(all);
        return NULL;
    }
    return all;
}

GPtrArray *qmp_status(Qmp *qmp, const XenPtAddress *address,
                      GPtrArray **paths, int *exit, GError **errp)
{
    g_autoptr(GPtrArray) all = qmp_functions(qmp, errp);
    GPtrArray *found, *names;
    char bdf[XEN_PT_BDF_LEN];

    *exit = EXIT_ENVIRONMENT;
    if (!all) {
        return NULL;
    }
    found = g_ptr_array_new_with_free_func((GDestroyNotify)json_free);
    names = g_ptr_array_new_with_free_func(g_free);
    for (unsigned i = 0; i < all->len; i++) {
        const char *path = all->pdata[i];
        g_autofree char *text = qmp_get_string(qmp, path, "xen-pt-status",
                                               errp);
        Json *json = text ? json_parse(text) : NULL;
        XenPtAddress other;

        if (!json) {
            if (text) {
                g_set_error(errp, XEN_PT_ERROR, XEN_PT_ERROR_HOST,
                            "the device model of %s gives a status that is "
                            "no JSON; are it and this command of one "
                            "version?", qmp->domain);
            }
            g_ptr_array_unref(found);
            g_ptr_array_unref(names);
            return NULL;
        }
        if (address &&
            (!xen_pt_address_parse(json_str(json_get(json, "host"),
                                            "address", ""), &other) ||
             !tool_same(&other, address))) {
            json_free(json);
            continue;
        }
        g_ptr_array_add(found, json);
        g_ptr_array_add(names, g_strdup(path));
    }
    if (address && !found->len) {
        *exit = EXIT_FINDING;
        g_set_error(errp, XEN_PT_ERROR, XEN_PT_ERROR_ABSENT,
                    "%s has no passed-through function %s; `xen-pt status` "
                    "without a BDF shows those that it has", qmp->domain,
                    xen_pt_address_format(address, bdf));
        g_ptr_array_unref(found);
        g_ptr_array_unref(names);
        return NULL;
    }
    if (paths) {
        *paths = names;
    } else {
        g_ptr_array_unref(names);
    }
    return found;
}
