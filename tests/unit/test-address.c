/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>

#include "xen-pt/error.h"
#include "xen-pt/host.h"

static void expect(const char *text, unsigned segment, unsigned bus,
                   unsigned slot, unsigned function)
{
    XenPtAddress a = { 0 };

    g_assert_true(xen_pt_address_parse(text, &a));
    g_assert_cmpuint(a.segment, ==, segment);
    g_assert_cmpuint(a.bus, ==, bus);
    g_assert_cmpuint(a.slot, ==, slot);
    g_assert_cmpuint(a.function, ==, function);
}

static void long_and_short_forms_are_understood(void)
{
    expect("0000:03:00.0", 0, 3, 0, 0);
    expect("03:00.0", 0, 3, 0, 0);
    expect("ffff:ff:1f.7", 0xffff, 0xff, 0x1f, 7);
    expect("10:2:3.4", 0x10, 2, 3, 4);
    expect("ABCD:Ef:0A.1", 0xabcd, 0xef, 0x0a, 1);
}

static void anything_else_is_refused_and_leaves_the_result_alone(void)
{
    static const char *const bad[] = {
        "", ":", ".", "3", "03:00", "03:00.", "03.0", ":00.0", "03:.0",
        "0000:03:00.8", "0000:03:20.0", "0000:100:00.0", "10000:00:00.0",
        "0000:03:00.0 ", " 0000:03:00.0", "0000:03:00.0@5", "0000::00.0",
        "-1:03:00.0", "+0:03:00.0", "0x0:03:00.0", "0000:03:00.00",
        "0000:03:000.0", "0:0:0:0.0", "0000:03:00,0", "zz:00.0",
        "0000:03:00.*",
    };
    XenPtAddress a = { 1, 2, 3, 4 };

    g_assert_false(xen_pt_address_parse(NULL, &a));
    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
        if (xen_pt_address_parse(bad[i], &a)) {
            g_error("'%s' was taken for an address", bad[i]);
        }
        g_assert_cmpuint(a.segment, ==, 1);
        g_assert_cmpuint(a.function, ==, 4);
    }
}

static void what_is_formatted_is_parsed_to_the_same(void)
{
    char buf[XEN_PT_BDF_LEN];

    for (unsigned i = 0; i < 1 << 16; i += 7) {
        XenPtAddress a = { i * 31, i >> 8, i >> 3 & 0x1f, i & 7 }, b;

        g_assert_true(xen_pt_address_format(&a, buf) == buf);
        g_assert_cmpuint(strlen(buf), ==, XEN_PT_BDF_LEN - 1);
        g_assert_true(xen_pt_address_parse(buf, &b));
        g_assert_true(a.segment == b.segment && a.bus == b.bus &&
                      a.slot == b.slot && a.function == b.function);
    }
}

static void clearing_info_twice_is_harmless(void)
{
    XenPtHostInfo info = {
        .vendor = 0x8086,
        .driver = g_strdup("pciback"),
        .reset_methods = g_strdup("flr"),
        .region[6].shared_with = g_strdup("0000:00:00.0"),
    };

    xen_pt_host_info_clear(&info);
    xen_pt_host_info_clear(&info);
    g_assert_null(info.driver);
    g_assert_null(info.reset_methods);
    g_assert_null(info.region[6].shared_with);
    g_assert_cmpuint(info.vendor, ==, 0x8086);
}

static void errors_have_a_domain_of_their_own(void)
{
    g_assert_cmpstr(g_quark_to_string(XEN_PT_ERROR), ==,
                    "xen-pt-error-quark");
}

#define TEST(name) g_test_add_func("/address/" #name, name)

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    TEST(long_and_short_forms_are_understood);
    TEST(anything_else_is_refused_and_leaves_the_result_alone);
    TEST(what_is_formatted_is_parsed_to_the_same);
    TEST(clearing_info_twice_is_harmless);
    TEST(errors_have_a_domain_of_their_own);
    return g_test_run();
}
