/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * xen-pt config-dump: the guest's view of a function, for lspci -F
 */
#include <string.h>

#include "tool.h"
#include "xen-pt/json.h"

static void print_json(GString *out, const Qmp *qmp, const Json *status,
                       const char *dump)
{
    xen_pt_json_open(out, NULL, '{');
    xen_pt_json_string(out, "domain", qmp_domain(qmp));
    xen_pt_json_string(out, "host",
                       json_str(json_get(status, "host"), "address", NULL));
    xen_pt_json_string(out, "guest",
                       json_str(json_get(status, "guest"), "address", NULL));
    xen_pt_json_string(out, "config", dump);
    xen_pt_json_close(out, '}');
}

static int run(int argc, char **argv)
{
    g_autoptr(GPtrArray) status = NULL, paths = NULL;
    g_autofree char *dump = NULL;
    XenPtAddress address;
    GError *error = NULL;
    int exit = EXIT_ENVIRONMENT;
    Qmp *qmp;

    if (!tool_address(argv[1], &address)) {
        return EXIT_USAGE;
    }
    qmp = qmp_open(argv[0], &exit, &error);
    if (qmp) {
        status = qmp_status(qmp, &address, &paths, &exit, &error);
    }
    if (status) {
        exit = EXIT_ENVIRONMENT;
        dump = qmp_get_string(qmp, paths->pdata[0], "xen-pt-config", &error);
    }
    if (dump) {
        GString *out = g_string_new(NULL);

        if (tool_json) {
            print_json(out, qmp, status->pdata[0], dump);
        } else {
            g_string_append(out, g_strchomp(dump));
        }
        exit = tool_print(out) ? EXIT_OK : EXIT_ENVIRONMENT;
        g_string_free(out, true);
    }
    qmp_close(qmp);
    return error ? tool_fail_error(exit, error) : exit;
}

const ToolCommand command_config_dump = {
    .name = "config-dump",
    .arguments = "DOMAIN BDF",
    .summary = "The guest's view of a device as hex that `lspci -F` reads",
    .description = "`xen-pt config-dump web 03:00.0 > d && lspci -vvv -F d` "
                   "decodes it.\nExit status: 0; 1 the domain has no such "
                   "device; 2 usage; 3 there is no such\ndomain, or its "
                   "device model cannot be asked.",
    .min_args = 2,
    .max_args = 2,
    .run = run,
};
