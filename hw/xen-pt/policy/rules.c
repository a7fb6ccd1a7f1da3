/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * xen-pt: the rules file
 */
#include <stdio.h>
#include <string.h>

#include "xen-pt/rules.h"

static const char *const known_keys[] = {
    "permissive", "real-power", "allow-reset", "refuse-shared", "allow", NULL
};

/* GLib would take the last of several, and nothing for what is no text. */
static bool check_key(GKeyFile *keys, const char *file, const char *group,
                      char **names, unsigned i, GError **errp)
{
    g_autoptr(GError) err = NULL;
    g_autofree char *text = g_key_file_get_string(keys, group, names[i],
                                                  &err);

    if (!g_strv_contains(known_keys, names[i])) {
        g_set_error(errp, XEN_PT_ERROR, XEN_PT_ERROR_POLICY,
                    "%s: [%s] sets '%s', which is no option; there "
                    "are permissive, real-power, allow-reset, "
                    "refuse-shared and allow", file, group, names[i]);
        return false;
    }
    if (err) {
        g_set_error(errp, XEN_PT_ERROR, XEN_PT_ERROR_POLICY,
                    "%s: what [%s] sets '%s' to cannot be read; write plain "
                    "text without backslashes", file, group, names[i]);
        return false;
    }
    for (unsigned j = 0; j < i; j++) {
        if (!strcmp(names[j], names[i])) {
            g_set_error(errp, XEN_PT_ERROR, XEN_PT_ERROR_POLICY,
                        "%s: [%s] sets '%s' twice; set it once, with commas "
                        "between several rules", file, group, names[i]);
            return false;
        }
    }
    return true;
}

static bool check_keys(GKeyFile *keys, const char *file, GError **errp)
{
    g_auto(GStrv) groups = g_key_file_get_groups(keys, NULL);
    XenPtAddress address;
    unsigned vendor, device;
    char end;

    for (char **group = groups; *group; group++) {
        g_auto(GStrv) names = g_key_file_get_keys(keys, *group, NULL, NULL);

        if (strcmp(*group, "default") &&
            !xen_pt_address_parse(*group, &address) &&
            (sscanf(*group, "%4x:%4x%c", &vendor, &device, &end) != 2 ||
             strlen(*group) != 9)) {
            g_set_error(errp, XEN_PT_ERROR, XEN_PT_ERROR_POLICY,
                        "%s: [%s] is neither a BDF (0000:03:00.0), nor a "
                        "vendor:device (8086:10d3), nor `default`", file,
                        *group);
            return false;
        }
        for (unsigned i = 0; names && names[i]; i++) {
            if (!check_key(keys, file, *group, names, i, errp)) {
                return false;
            }
        }
    }
    return true;
}

static bool take_bool(GKeyFile *keys, const char *file, const char *group,
                      const char *key, int *value, GError **errp)
{
    g_autofree char *text = g_key_file_get_string(keys, group, key, NULL);

    if (!text || *value >= 0) {
        return true;
    }
    g_strstrip(text);
    if (!strcmp(text, "true") || !strcmp(text, "1")) {
        *value = 1;
    } else if (!strcmp(text, "false") || !strcmp(text, "0")) {
        *value = 0;
    } else {
        g_set_error(errp, XEN_PT_ERROR, XEN_PT_ERROR_POLICY,
                    "%s: [%s] %s is '%s'; write true or false", file, group,
                    key, text);
        return false;
    }
    return true;
}

static bool take_group(GKeyFile *keys, const char *file, const char *group,
                       XenPtRules *rules, GError **errp)
{
    g_autofree char *allow = NULL;

    if (!g_key_file_has_group(keys, group)) {
        return true;
    }
    allow = g_key_file_get_string(keys, group, "allow", NULL);
    if (allow) {
        char *old = rules->allow;

        rules->allow = old ? g_strconcat(old, ",", allow, NULL)
                           : g_strdup(allow);
        g_free(old);
    }
    return take_bool(keys, file, group, "permissive", &rules->permissive,
                     errp) &&
           take_bool(keys, file, group, "real-power", &rules->real_power,
                     errp) &&
           take_bool(keys, file, group, "allow-reset", &rules->allow_reset,
                     errp) &&
           take_bool(keys, file, group, "refuse-shared",
                     &rules->refuse_shared, errp);
}

/* Groups that name the function, the most particular first. */
static char **groups_of(GKeyFile *keys, const XenPtHostInfo *info)
{
    g_auto(GStrv) all = g_key_file_get_groups(keys, NULL);
    g_autofree char *id = g_strdup_printf("%04x:%04x", info->vendor,
                                          info->device);
    GPtrArray *mine = g_ptr_array_new();

    for (char **group = all; *group; group++) {
        XenPtAddress a;

        if (xen_pt_address_parse(*group, &a) &&
            a.segment == info->address.segment && a.bus == info->address.bus &&
            a.slot == info->address.slot &&
            a.function == info->address.function) {
            g_ptr_array_add(mine, g_strdup(*group));
        }
    }
    for (char **group = all; *group; group++) {
        if (!g_ascii_strcasecmp(*group, id)) {
            g_ptr_array_add(mine, g_strdup(*group));
        }
    }
    g_ptr_array_add(mine, g_strdup("default"));
    g_ptr_array_add(mine, NULL);
    return (char **)g_ptr_array_free(mine, false);
}

bool xen_pt_rules_load(const char *file, bool must_exist,
                       const XenPtHostInfo *info, XenPtRules *rules,
                       GError **errp)
{
    g_autoptr(GKeyFile) keys = g_key_file_new();
    g_auto(GStrv) groups = NULL;
    g_autoptr(GError) err = NULL;
    XenPtRules out = *rules;

    if (!g_key_file_load_from_file(keys, file, G_KEY_FILE_NONE, &err)) {
        if (!must_exist && g_error_matches(err, G_FILE_ERROR,
                                           G_FILE_ERROR_NOENT)) {
            return true;
        }
        if (err->domain == G_KEY_FILE_ERROR) {
            /* GLib quotes the line, however long it is */
            g_set_error(errp, XEN_PT_ERROR, XEN_PT_ERROR_POLICY,
                        "%s: this is no rules file (%.99s); write groups "
                        "like [0000:03:00.0] or [default], and lines like "
                        "real-power=true below", file, err->message);
        } else {
            g_set_error(errp, XEN_PT_ERROR, XEN_PT_ERROR_POLICY,
                        "%s: the rules file cannot be read (%s); check the "
                        "path, and that root may read it", file,
                        err->message);
        }
        return false;
    }
    if (!check_keys(keys, file, errp)) {
        return false;
    }
    out.allow = g_strdup(rules->allow);
    groups = groups_of(keys, info);
    for (char **group = groups; *group; group++) {
        if (!take_group(keys, file, *group, &out, errp)) {
            g_free(out.allow);
            return false;
        }
    }
    g_free(rules->allow);
    *rules = out;
    return true;
}

void xen_pt_rules_clear(XenPtRules *rules)
{
    g_free(rules->allow);
    rules->allow = NULL;
}
