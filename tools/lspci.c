/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The xen-pt command: decoding config space with lspci(8)
 */
#include <string.h>
#include <unistd.h>

#include "tool.h"

#define MAX_LINES 2000

char **lspci_decode(const char *dump)
{
    g_autofree char *path = NULL, *said = NULL;
    const char *argv[] = { "lspci", "-vvv", "-F", NULL, NULL };
    g_auto(GStrv) env = g_environ_setenv(g_get_environ(), "LC_ALL", "C",
                                         true);
    int fd = g_file_open_tmp("xen-pt-XXXXXX", &path, NULL), status;
    char **lines = NULL, *body;

    if (fd < 0) {
        return NULL;
    }
    close(fd);
    argv[3] = path;
    if (g_file_set_contents(path, dump, -1, NULL) &&
        g_spawn_sync(NULL, (char **)argv, env, G_SPAWN_SEARCH_PATH |
                     G_SPAWN_STDERR_TO_DEV_NULL, NULL, NULL, &said, NULL,
                     &status, NULL) &&
        g_spawn_check_wait_status(status, NULL)) {
        body = strchr(said, '\n');
        if (body) {
            lines = g_strsplit(g_strchomp(body + 1), "\n", MAX_LINES);
        }
    }
    unlink(path);
    return lines;
}

void lspci_compare(GString *out, char **host, char **guest)
{
    unsigned n = g_strv_length(host), m = g_strv_length(guest);
    unsigned i = 0, k = 0;
    /* longest common subsequence of what follows i and k */
    g_autofree unsigned *lcs = g_new0(unsigned, (n + 1) * (m + 1));

#define LCS(i, k) lcs[(i) * (m + 1) + (k)]
    for (i = n; i-- > 0;) {
        for (k = m; k-- > 0;) {
            LCS(i, k) = strcmp(host[i], guest[k]) == 0
                        ? LCS(i + 1, k + 1) + 1
                        : MAX(LCS(i + 1, k), LCS(i, k + 1));
        }
    }
    i = k = 0;
    while (i < n || k < m) {
        if (i < n && k < m && strcmp(host[i], guest[k]) == 0) {
            g_string_append_printf(out, "  %s\n", host[i]);
            i++, k++;
        } else if (i < n && (k == m || LCS(i + 1, k) >= LCS(i, k + 1))) {
            g_string_append_printf(out, "- %s\n", host[i++]);
        } else {
            g_string_append_printf(out, "+ %s\n", guest[k++]);
        }
    }
#undef LCS
}
