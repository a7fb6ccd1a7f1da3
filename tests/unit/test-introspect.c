/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * xen-pt tests: what a running device tells about itself, and JSON both ways
 */
#include <errno.h>
#include <string.h>

#include "fake-host.h"
#include "tool.h"
#include "xen-pt/introspect.h"
#include "xen-pt/json.h"

#define COMMAND 0x04

static const XenPtOptions strict;

static Json *status(Fake *fake)
{
    g_autofree char *text = xen_pt_introspect_status(fake->dev, false);
    Json *json = json_parse(text);

    g_assert_nonnull(json);
    return json;
}

static const Json *bar(const Json *json, int index)
{
    const Json *bars = json_get(json, "bars");

    for (unsigned i = 0; i < json_len(bars); i++) {
        if (json_int(json_at(bars, i), "index", -1) == index) {
            return json_at(bars, i);
        }
    }
    g_assert_not_reached();
}

static uint8_t byte_of_dump(const char *dump, unsigned offset)
{
    g_auto(GStrv) lines = g_strsplit(dump, "\n", -1);
    char *line = lines[1 + offset / 16];

    return g_ascii_strtoull(strchr(line, ':') + 1 + 3 * (offset % 16), NULL,
                            16);
}

static void enable_bars(Fake *fake)
{
    fake_write(fake, 0x10, 0xf0000000, 4);
    fake_write(fake, 0x14, 0, 4);
    fake_write(fake, 0x18, 0xf0010000, 4);
    fake_write(fake, 0x20, 0xc000, 4);
    fake_write(fake, COMMAND, 7, 2);
}

static void looking_leaves_no_trace(void)
{
    Fake *fake = fake_start(fake_host_standard(), &strict);
    XenPtCounters before;
    g_autofree char *text = NULL, *dump = NULL;
    unsigned reports;

    enable_bars(fake);
    before = *xen_pt_device_counters(fake->dev);
    reports = fake->vm->reports->len;
    fake_host_forget(fake->host);
    fake_hypervisor_forget(fake->hv);
    text = xen_pt_introspect_status(fake->dev, true);
    dump = xen_pt_introspect_config(fake->dev);
    g_assert_nonnull(text);
    g_assert_nonnull(dump);
    g_assert_cmpmem(&before, sizeof(before),
                    xen_pt_device_counters(fake->dev), sizeof(before));
    g_assert_cmpuint(fake_host_count(fake->host, FAKE_CONFIG_WRITE), ==, 0);
    g_assert_cmpuint(fake_host_count(fake->host, FAKE_REGION_READ), ==, 0);
    g_assert_cmpuint(fake_all_calls(fake->hv), ==, 0);
    g_assert_cmpuint(fake->vm->reports->len, ==, reports);
    fake_close(fake);
}

static void looking_does_not_open_the_extended_space(void)
{
    Fake *fake = fake_start(fake_host_standard(), &strict);
    g_autofree char *first = NULL, *second = NULL;
    Json *json;

    g_free(xen_pt_introspect_status(fake->dev, false));
    first = xen_pt_introspect_config(fake->dev);
    json = status(fake);
    g_assert_false(json_bool(json, "extended_seen"));
    json_free(json);
    g_assert_cmpuint(strlen(first), <, 16 * 60);
    fake_read(fake, 0x100, 4);
    second = xen_pt_introspect_config(fake->dev);
    g_assert_cmpuint(strlen(second), >, 256 * 48);
    fake_close(fake);
}

static void status_has_the_function_and_its_slot(void)
{
    Fake *fake = fake_start(fake_host_standard(), &strict);
    Json *json = status(fake);

    g_assert_cmpint(json_int(json, "format", 0), ==, 1);
    g_assert_cmpstr(json_str(json_get(json, "host"), "vendor", ""), ==,
                    "8086");
    g_assert_cmpstr(json_str(json_get(json, "host"), "address", ""), ==,
                    xen_pt_device_name(fake->dev));
    g_assert_cmpstr(json_str(json_get(json, "guest"), "address", ""), ==,
                    "00:05.0");
    g_assert_cmpstr(json_str(json, "state", ""), ==, "running");
    g_assert_cmpstr(json_str(json, "unplug", ""), ==, "none");
    g_assert_cmpstr(json_str(json_get(json, "interrupt"), "mode", ""), ==,
                    "intx");
    g_assert_cmpint(json_int(json_get(json_get(json, "interrupt"),
                                      "offered"), "msix", 0), ==, 64);
    json_free(json);
    fake_close(fake);
}

static void status_before_start_has_no_guest(void)
{
    Fake *fake = fake_open(fake_host_standard(), &strict);
    Json *json = status(fake);

    g_assert_cmpint(json_get(json, "guest")->type, ==, JSON_NULL);
    g_assert_cmpstr(json_str(json, "state", ""), ==, "opened");
    json_free(json);
    fake_close(fake);
}

static void unplug_is_what_the_adapter_says(void)
{
    Fake *fake = fake_start(fake_host_standard(), &strict);
    g_autofree char *text = xen_pt_introspect_status(fake->dev, true);
    Json *json = json_parse(text);

    g_assert_cmpstr(json_str(json, "unplug", ""), ==, "requested");
    json_free(json);
    fake_close(fake);
}

static void bars_follow_the_guest(void)
{
    Fake *fake = fake_start(fake_host_standard(), &strict);
    Json *json = status(fake);

    g_assert_cmpstr(json_str(bar(json, 0), "how", ""), ==, "off");
    g_assert_cmpint(json_get(bar(json, 0), "guest")->type, ==, JSON_NULL);
    json_free(json);
    enable_bars(fake);
    json = status(fake);
    /* BAR 0 holds the MSI-X table */
    g_assert_cmpstr(json_str(bar(json, 0), "how", ""), ==, "part");
    g_assert_cmpstr(json_str(bar(json, 0), "guest", ""), ==, "0xf0000000");
    g_assert_cmpuint(json_len(json_get(bar(json, 0), "maps")), >, 0);
    g_assert_cmpstr(json_str(bar(json, 2), "how", ""), ==, "mapped");
    g_assert_cmpstr(json_str(bar(json, 4), "how", ""), ==, "mapped");
    g_assert_cmpstr(json_str(bar(json, 4), "kind", ""), ==, "io");
    json_free(json);
    fake_close(fake);
}

static int refuse_all(FakeHypervisor *hv, const FakeCall *call)
{
    int error = GPOINTER_TO_INT(hv->opaque);

    return call->op == FAKE_MEMORY_MAP || call->op == FAKE_BIND_MSI
           ? -error : 0;
}

static void refusals_are_told_with_their_errno(void)
{
    static const struct {
        int error;
        const char *how;
    } cases[] = {
        { EPERM, "pending" }, { EINVAL, "refused" },
    };

    for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
        Fake *fake = fake_start(fake_host_standard(), &strict);
        const Json *maps;
        Json *json;

        fake->hv->refuse = refuse_all;
        fake->hv->opaque = GINT_TO_POINTER(cases[i].error);
        enable_bars(fake);
        json = status(fake);
        g_assert_cmpstr(json_str(bar(json, 2), "how", ""), ==, cases[i].how);
        maps = json_get(bar(json, 2), "maps");
        g_assert_cmpint(json_int(json_at(maps, 0), "error", 0), ==,
                        cases[i].error);
        json_free(json);
        fake->hv->refuse = NULL;
        fake_close(fake);
    }
}

static void vectors_are_told_when_in_use(void)
{
    Fake *fake = fake_start(fake_host_standard(), &strict);
    const Json *vectors, *v;
    Json *json;

    enable_bars(fake);
    xen_pt_device_region_write(fake->dev, 0, 0x2000 + 16, 4, 0xfee00000);
    xen_pt_device_region_write(fake->dev, 0, 0x2000 + 24, 4, 0x4051);
    xen_pt_device_region_write(fake->dev, 0, 0x2000 + 28, 4, 0);
    fake_write(fake, 0x72, 0x8000, 2);
    json = status(fake);
    g_assert_cmpstr(json_str(json_get(json, "interrupt"), "mode", ""), ==,
                    "msix");
    vectors = json_get(json_get(json, "interrupt"), "vectors");
    g_assert_cmpuint(json_len(vectors), ==, 1);
    v = json_at(vectors, 0);
    g_assert_cmpint(json_int(v, "entry", -1), ==, 1);
    g_assert_true(json_bool(v, "bound"));
    g_assert_cmpint(json_int(v, "vector", 0), ==, 0x51);
    json_free(json);
    fake_close(fake);
}

static void denied_write_comes_with_its_rule(void)
{
    Fake *fake = fake_start(fake_host_standard(), &strict);
    const Json *denied;
    Json *json;

    fake_set8(fake->host, 0xf4, 0);
    fake_write(fake, 0xf4, 0x12, 1);
    fake_write(fake, 0xf4, 0x13, 1);
    json = status(fake);
    denied = json_get(json, "denied");
    g_assert_cmpuint(json_len(denied), ==, 1);
    g_assert_cmpstr(json_str(json_at(denied, 0), "offset", ""), ==, "0xf4");
    g_assert_cmpint(json_int(json_at(denied, 0), "count", 0), ==, 2);
    g_assert_cmpstr(json_str(json_at(denied, 0), "first_value", ""), ==,
                    "0x12");
    g_assert_cmpstr(json_str(json_at(denied, 0), "rule", ""), ==, "f4.b");
    json_free(json);
    fake_close(fake);
}

static void told_rule_is_one_that_open_takes(void)
{
    Fake *fake = fake_start(fake_host_standard(), &strict);
    unsigned told = 0;

    /* each byte of the conventional space, by what the rule is good for */
    for (unsigned at = 0; at < XEN_PT_CONFIG_SIZE; at++) {
        g_autofree char *rule = g_strdup_printf("%x.b", at);
        const XenPtOptions options = { .allow = rule };
        const char *why = NULL;

        if (xen_pt_introspect_may_allow(fake->dev, at, &why)) {
            Fake *opened = fake_open(fake_host_standard(), &options);

            told++;
            fake_close(opened);
        } else {
            g_autofree char *said = fake_open_error(fake_host_standard(),
                                                    &options);

            g_assert_nonnull(strstr(said, why));
        }
    }
    g_assert_cmpuint(told, >, 0);
    fake_close(fake);
}

static void dump_is_what_the_guest_reads(void)
{
    Fake *fake = fake_start(fake_host_standard(), &strict);
    g_autofree char *dump = NULL;

    enable_bars(fake);
    fake_read(fake, 0x100, 4);
    dump = xen_pt_introspect_config(fake->dev);
    g_assert_true(g_str_has_prefix(dump, "00:05.0 Class "));
    for (unsigned at = 0; at < XEN_PT_CONFIG_EXT_SIZE; at++) {
        g_assert_cmphex(byte_of_dump(dump, at), ==, fake_read(fake, at, 1));
    }
    fake_close(fake);
}

static void dump_reads_live_bits_now(void)
{
    Fake *fake = fake_start(fake_host_standard(), &strict);
    g_autofree char *before = xen_pt_introspect_config(fake->dev);
    g_autofree char *after = NULL;

    /* Received Master Abort, which is the device's to set */
    fake_set16(fake->host, 0x06, fake_get16(fake->host, 0x06) | 0x2000);
    after = xen_pt_introspect_config(fake->dev);
    g_assert_cmphex(byte_of_dump(before, 7) & 0x20, ==, 0);
    g_assert_cmphex(byte_of_dump(after, 7) & 0x20, ==, 0x20);
    fake_close(fake);
}

static void stopped_device_dumps_ones(void)
{
    Fake *fake = fake_start(fake_host_standard(), &strict);
    g_autofree char *dump = NULL;
    Json *json;

    xen_pt_device_stop(fake->dev);
    dump = xen_pt_introspect_config(fake->dev);
    g_assert_cmphex(byte_of_dump(dump, 0), ==, 0xff);
    g_assert_cmphex(byte_of_dump(dump, 255), ==, 0xff);
    json = status(fake);
    g_assert_cmpstr(json_str(json, "state", ""), ==, "stopped");
    json_free(json);
    fake_close(fake);
}

static void gone_device_is_told_as_gone(void)
{
    Fake *fake = fake_start(fake_host_standard(), &strict);
    Json *json;

    fake->host->gone = true;
    fake_read(fake, 0x06, 2);
    json = status(fake);
    g_assert_true(json_bool(json, "gone"));
    g_assert_cmpuint(json_len(json_get(json, "warnings")), >, 0);
    json_free(json);
    fake_close(fake);
}

static void any_text_survives_json(void)
{
    static const char *const texts[] = {
        "", "plain", "\"quoted\\\"", "tab\tnew\nline\r", "\x01\x1f\x7f",
        "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80", NULL
    };

    for (const char *const *text = texts; *text; text++) {
        g_autoptr(GString) out = g_string_new(NULL);
        Json *json;

        xen_pt_json_open(out, NULL, '{');
        xen_pt_json_string(out, *text, *text);
        xen_pt_json_close(out, '}');
        json = json_parse(out->str);
        g_assert_nonnull(json);
        g_assert_cmpstr(json_str(json, *text, NULL), ==, *text);
        json_free(json);
    }
}

static void text_that_is_no_utf8_is_mended(void)
{
    g_autoptr(GString) out = g_string_new(NULL);

    xen_pt_json_string(out, NULL, "a\xff""b");
    g_assert_true(g_utf8_validate(out->str, -1, NULL));
}

static void broken_json_is_refused(void)
{
    static const char *const texts[] = {
        "", "{", "}", "[1,]", "{\"a\"}", "{\"a\":}", "{a:1}", "\"", "\"\\x\"",
        "\"\\u12\"", "[1 2]", "1 2", "tru", "{\"a\":1", "\"\n\"", "-", NULL
    };
    g_autoptr(GString) deep = g_string_new(NULL);

    for (const char *const *text = texts; *text; text++) {
        Json *json = json_parse(*text);

        g_assert_null(json);
    }
    for (int i = 0; i < 100000; i++) {
        g_string_append_c(deep, '[');
    }
    g_assert_null(json_parse(deep->str));
}

static void json_of_other_writers_is_read(void)
{
    Json *json = json_parse(" { \"a\" : [ 1 , -2.5e1 , null , true ] , "
                            "\"b\" : \"\\u00e4\\ud83d\\ude00\\/\" } ");

    g_assert_nonnull(json);
    g_assert_cmpuint(json_len(json_get(json, "a")), ==, 4);
    g_assert_cmpfloat(json_at(json_get(json, "a"), 1)->number, ==, -25);
    g_assert_cmpstr(json_str(json, "b", ""), ==,
                    "\xc3\xa4\xf0\x9f\x98\x80/");
    g_assert_cmpint(json_int(json, "b", 7), ==, 7);
    g_assert_null(json_get(json, "c"));
    json_free(json);
}

#define ADD(claim) g_test_add_func("/introspect/" #claim, claim)

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    ADD(looking_leaves_no_trace);
    ADD(looking_does_not_open_the_extended_space);
    ADD(status_has_the_function_and_its_slot);
    ADD(status_before_start_has_no_guest);
    ADD(unplug_is_what_the_adapter_says);
    ADD(bars_follow_the_guest);
    ADD(refusals_are_told_with_their_errno);
    ADD(vectors_are_told_when_in_use);
    ADD(denied_write_comes_with_its_rule);
    ADD(told_rule_is_one_that_open_takes);
    ADD(dump_is_what_the_guest_reads);
    ADD(dump_reads_live_bits_now);
    ADD(stopped_device_dumps_ones);
    ADD(gone_device_is_told_as_gone);
    ADD(any_text_survives_json);
    ADD(text_that_is_no_utf8_is_mended);
    ADD(broken_json_is_refused);
    ADD(json_of_other_writers_is_read);
    return g_test_run();
}
