/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * xen-pt tests: the rules file and the quirk table
 */
#include <glib/gstdio.h>
#include <string.h>

#include "fake-host.h"
#include "xen-pt/rules.h"

static char *dir;

static const XenPtHostInfo nic = {
    .address = { .segment = 0, .bus = 3, .slot = 0, .function = 1 },
    .vendor = 0x8086, .device = 0x10d3, .class_code = 0x020000,
};

static char *write_file(const char *text)
{
    char *name = g_build_filename(dir, "rules", NULL);
    GError *err = NULL;

    g_file_set_contents(name, text, -1, &err);
    g_assert_no_error(err);
    return name;
}

static void load(const char *text, XenPtRules *rules)
{
    g_autofree char *file = write_file(text);
    GError *err = NULL;

    g_assert_true(xen_pt_rules_load(file, true, &nic, rules, &err));
    g_assert_no_error(err);
}

static void refused(const char *text, const char *because)
{
    g_autofree char *file = write_file(text);
    XenPtRules rules = XEN_PT_RULES_INIT;
    GError *err = NULL;

    g_assert_false(xen_pt_rules_load(file, true, &nic, &rules, &err));
    g_assert_error(err, XEN_PT_ERROR, XEN_PT_ERROR_POLICY);
    g_assert_nonnull(strstr(err->message, because));
    g_assert_cmpuint(strlen(err->message), <, 400);
    g_assert_cmpint(rules.permissive, ==, -1);
    g_assert_null(rules.allow);
    g_error_free(err);
}

static void bdf_wins_over_id_wins_over_default(void)
{
    XenPtRules rules = XEN_PT_RULES_INIT;

    load("[default]\npermissive=1\nreal-power=true\nallow-reset=true\n"
         "[8086:10d3]\npermissive=1\nreal-power=false\n"
         "[0000:03:00.1]\npermissive=false\n", &rules);
    g_assert_cmpint(rules.permissive, ==, 0);
    g_assert_cmpint(rules.real_power, ==, 0);
    g_assert_cmpint(rules.allow_reset, ==, 1);
    g_assert_cmpint(rules.refuse_shared, ==, -1);
    xen_pt_rules_clear(&rules);
}

static void a_property_wins_over_the_file(void)
{
    XenPtRules rules = XEN_PT_RULES_INIT;

    rules.permissive = 0;
    load("[03:00.1]\npermissive=true\n", &rules);
    g_assert_cmpint(rules.permissive, ==, 0);
    xen_pt_rules_clear(&rules);
}

static void allow_rules_add_up(void)
{
    XenPtRules rules = XEN_PT_RULES_INIT;

    rules.allow = g_strdup("44.b");
    load("[default]\nallow=48.w\n[8086:10D3]\nallow=50.l\n", &rules);
    g_assert_cmpstr(rules.allow, ==, "44.b,50.l,48.w");
    xen_pt_rules_clear(&rules);
}

static void another_function_is_not_meant(void)
{
    XenPtRules rules = XEN_PT_RULES_INIT;

    load("[0000:03:00.0]\npermissive=true\n[8086:10d4]\nallow=44.b\n",
         &rules);
    g_assert_cmpint(rules.permissive, ==, -1);
    g_assert_null(rules.allow);
}

static void a_typo_is_refused_and_named(void)
{
    refused("[default]\npermisive=true\n", "'permisive'");
    refused("[0000:03:00]\npermissive=true\n", "[0000:03:00]");
    refused("[8086:1]\npermissive=true\n", "[8086:1]");
    refused("[default]\npermissive=maybe\n", "'maybe'");
    refused("permissive=true\n", "; write groups like [0000:03:00.0]");
}

static void a_file_that_is_something_else_is_not_printed(void)
{
    g_autofree char *line = g_strnfill(5000, 'x');

    refused(line, ": this is no rules file (");
}

/* The last would win, and the rules of the first be lost. */
static void a_key_that_is_set_twice_is_refused(void)
{
    refused("[default]\nallow=44.b\nallow=79.b\n",
            " twice; set it once, with commas between several rules");
    refused("[8086:10d3]\npermissive=1\n[default]\nallow=44.b\n"
            "[8086:10d3]\npermissive=0\n", "[8086:10d3] sets 'permissive'");
}

static void a_value_that_is_no_text_is_refused(void)
{
    refused("[default]\nallow=44.b\xff\n", "'allow' to cannot be read; "
            "write plain text without backslashes");
    refused("[default]\npermissive=\\q\n", "'permissive' to cannot be read");
}

static void a_missing_file_says_nothing_unless_named(void)
{
    g_autofree char *file = g_build_filename(dir, "none", NULL);
    XenPtRules rules = XEN_PT_RULES_INIT;
    GError *err = NULL;

    g_assert_true(xen_pt_rules_load(file, false, &nic, &rules, &err));
    g_assert_no_error(err);
    g_assert_false(xen_pt_rules_load(file, true, &nic, &rules, &err));
    g_assert_error(err, XEN_PT_ERROR, XEN_PT_ERROR_POLICY);
    g_assert_nonnull(strstr(err->message, "; check the path, and that root "
                            "may read it"));
    g_error_free(err);
}

static void intel_audio_gets_its_two_registers(void)
{
    XenPtHostInfo hda = nic;
    g_autofree char *allow = NULL, *forbid = NULL, *none = NULL;

    hda.class_code = 0x040300;
    xen_pt_quirks_match(&hda, &allow, &forbid);
    g_assert_cmpstr(allow, ==, "44.b=07,79.b=08");
    g_assert_null(forbid);
    g_clear_pointer(&forbid, g_free);
    xen_pt_quirks_match(&nic, &none, &forbid);
    g_assert_null(none);
}

/* What the quirks say of a device, or "" if nothing. */
static char *quirks_of(uint16_t vendor, uint16_t device, uint32_t class_code)
{
    XenPtHostInfo info = nic;
    char *allow, *forbid;

    info.vendor = vendor;
    info.device = device;
    info.class_code = class_code;
    xen_pt_quirks_match(&info, &allow, &forbid);
    g_assert_null(forbid);
    return allow ? allow : g_strdup("");
}

static void quirks_are_of_the_devices_that_have_them(void)
{
    static const struct {
        uint16_t vendor, device;
        uint32_t class_code;
        const char *allow;
    } cases[] = {
        { 0x10de, 0x10f0, 0x040300, "4c.b=01,4d.b=01,4e.b=0f" },
        { 0x10de, 0x1b80, 0x030000, "" },           /* the same card */
        { 0x1002, 0x4383, 0x040300, "42.b=07" },
        { 0x1002, 0xaaf0, 0x040300, "" },           /* sound of a GPU */
        { 0x1022, 0x1457, 0x040300, "42.b=07" },
        { 0x8086, 0x2934, 0x0c0300, "c1.b=20" },    /* UHCI */
        { 0x8086, 0x293a, 0x0c0320, "" },           /* EHCI */
        { 0x14e4, 0x165f, 0x020000,                 /* the last but some */
          "68.l,70.l,78.l,7c.l,80.l,84.l,90.l,98.l,9c.l,a0.l,a4.l" },
        { 0x14e4, 0x168e, 0x020000, "" },           /* bnx2x */
        { 0x1397, 0x2bd0, 0x028000, "80.l" },
        { 0x1397, 0x08b4, 0x028000, "" },           /* HFC-4S */
        { 0x1000, 0x005d, 0x010400, "-CAP_VPD+2.w" },
        { 0x1000, 0x0097, 0x010700, "" },           /* mpt3sas */
        { 0x1969, 0x1091, 0x020000, "-CAP_VPD+2.w" },
    };

    for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *allow = quirks_of(cases[i].vendor, cases[i].device,
                                           cases[i].class_code);

        g_assert_cmpstr(allow, ==, cases[i].allow);
    }
}

/* One with a typo would be passed over without a word. */
static void every_quirk_is_a_rule_that_can_be_honoured(void)
{
    for (const XenPtQuirk *q = xen_pt_quirks(); q->why; q++) {
        XenPtOptions options = { .allow = q->allow };
        FakeHost *host = fake_host_new();
        Fake *fake;

        fake_add_cap(host, 0x03, 0xf0);
        if (*q->allow == '-') {
            options.allow++;
            g_assert_null(strchr(q->allow, ','));
        }
        fake = fake_open(host, &options);
        g_assert_nonnull(fake->dev);
        fake_close(fake);
    }
}

int main(int argc, char **argv)
{
    int ret;

    g_test_init(&argc, &argv, NULL);
    dir = g_dir_make_tmp("xen-pt-rules-XXXXXX", NULL);
    g_assert_nonnull(dir);
    g_test_add_func("/rules/bdf_wins_over_id_wins_over_default",
                    bdf_wins_over_id_wins_over_default);
    g_test_add_func("/rules/a_property_wins_over_the_file",
                    a_property_wins_over_the_file);
    g_test_add_func("/rules/allow_rules_add_up", allow_rules_add_up);
    g_test_add_func("/rules/another_function_is_not_meant",
                    another_function_is_not_meant);
    g_test_add_func("/rules/a_typo_is_refused_and_named",
                    a_typo_is_refused_and_named);
    g_test_add_func("/rules/a_file_that_is_something_else_is_not_printed",
                    a_file_that_is_something_else_is_not_printed);
    g_test_add_func("/rules/a_key_that_is_set_twice_is_refused",
                    a_key_that_is_set_twice_is_refused);
    g_test_add_func("/rules/a_value_that_is_no_text_is_refused",
                    a_value_that_is_no_text_is_refused);
    g_test_add_func("/rules/a_missing_file_says_nothing_unless_named",
                    a_missing_file_says_nothing_unless_named);
    g_test_add_func("/quirks/intel_audio_gets_its_two_registers",
                    intel_audio_gets_its_two_registers);
    g_test_add_func("/quirks/quirks_are_of_the_devices_that_have_them",
                    quirks_are_of_the_devices_that_have_them);
    g_test_add_func("/quirks/every_quirk_is_a_rule_that_can_be_honoured",
                    every_quirk_is_a_rule_that_can_be_honoured);
    ret = g_test_run();
    {
        g_autofree char *file = g_build_filename(dir, "rules", NULL);

        g_unlink(file);
        g_rmdir(dir);
        g_free(dir);
    }
    return ret;
}
