/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * xen-pt tests: the capability tables, one by one and bit by bit
 *
 * The rows of every table drive the engine over a device that has just that
 * capability, so each bit of each class is seen at work, strict and
 * permissive.  That the tables say what they should is judged elsewhere: in
 * docs/policy.md, which a test compares, and in test-config.c.
 */
#include <string.h>

#include "fake-host.h"
#include "one-capability.h"

/* -- soundness ------------------------------------------------------------- */

static void every_table_is_sound(void)
{
    char *wrong = xen_pt_capability_check(xen_pt_header());

    g_assert_cmpstr(wrong, ==, NULL);
    for (const XenPtCapability *const *cap = xen_pt_capabilities(); *cap;
         cap++) {
        wrong = xen_pt_capability_check(*cap);
        g_assert_cmpstr(wrong, ==, NULL);
    }
}

static void every_table_names_another_id(void)
{
    for (const XenPtCapability *const *a = xen_pt_capabilities(); *a; a++) {
        for (const XenPtCapability *const *b = a + 1; *b; b++) {
            g_assert_false((*a)->id == (*b)->id &&
                           (*a)->extended == (*b)->extended);
        }
    }
}

static const XenPtCapability *find(uint16_t id, bool extended)
{
    for (const XenPtCapability *const *cap = xen_pt_capabilities(); *cap;
         cap++) {
        if ((*cap)->id == id && (*cap)->extended == extended) {
            return *cap;
        }
    }
    return NULL;
}

/* PCI Code and ID Assignment 1.16 and what PCIe 6.x and 7.0 added to it */
static void every_assigned_id_has_a_decision(void)
{
    for (unsigned id = 0; id <= 0x15; id++) {
        g_assert_nonnull(find(id, false));
    }
    for (unsigned id = 0; id <= 0x3a; id++) {
        g_assert_nonnull(find(id, true));
    }
}

static void only_these_capabilities_are_shown(void)
{
    static const uint8_t conventional[] = {
        0x01, 0x03, 0x05, 0x09, 0x10, 0x11, 0x12, 0x13,
    };
    static const uint8_t extended[] = {
        0x01, 0x02, 0x03, 0x04, 0x08, 0x09, 0x0b, 0x15, 0x16, 0x17, 0x18,
        0x1e, 0x1f, 0x22, 0x23,
    };

    for (const XenPtCapability *const *cap = xen_pt_capabilities(); *cap;
         cap++) {
        bool listed = memchr((*cap)->extended ? extended : conventional,
                             (*cap)->id,
                             (*cap)->extended ? sizeof(extended)
                                              : sizeof(conventional));

        g_assert_cmpint(listed, ==, !(*cap)->hidden);
    }
}

static const XenPtField *broken(XenPtField f)
{
    static XenPtField fields[2];

    fields[0] = f;
    fields[1] = (XenPtField) { .size = 0 };
    return fields;
}

static void assert_refused(const XenPtCapability *cap, const char *because)
{
    char *wrong = xen_pt_capability_check(cap);

    g_assert_nonnull(wrong);
    if (!strstr(wrong, because)) {
        g_error("'%s' does not say '%s'", wrong, because);
    }
    g_free(wrong);
}

static void assert_field_refused(XenPtField f, const char *because)
{
    XenPtCapability cap = {
        .id = 0x7f, .name = "broken", .spec = "none", .min_length = 8,
        .fields = broken(f),
    };

    assert_refused(&cap, because);
}

static void a_contradictory_table_is_refused(void)
{
    const XenPtField good = {
        .offset = 4, .size = 2, .name = "good", .fixed = 0x00ff,
        .virt = 0xff00, .init = 0x1010,
    };
    XenPtCapability cap = {
        .id = 0x7f, .name = "sound", .spec = "none", .min_length = 8,
        .fields = broken(good),
    };
    XenPtField f;

    g_assert_null(xen_pt_capability_check(&cap));

    f = good, f.size = 3;
    assert_field_refused(f, "3 bytes");
    f = good, f.name = NULL;
    assert_field_refused(f, "no name");
    f = good, f.name = "";
    assert_field_refused(f, "no name");
    f = good, f.offset = 0;
    assert_field_refused(f, "the id");
    f = good, f.offset = 5;
    assert_field_refused(f, "aligned");
    f = good, f.offset = 0x100;
    assert_field_refused(f, "outside config space");
    f = good, f.live = 0x10000;
    assert_field_refused(f, "outside it");
    f = good, f.live = 0x0100;
    assert_field_refused(f, "two classes");
    f = good, f.rw1c = 0x0001;
    assert_field_refused(f, "two classes");
    f = good, f.virt = 0x7f00;
    assert_field_refused(f, "no class");
    f = good, f.permissive = 0x0100;
    assert_field_refused(f, "permissive");
    f = good, f.fixed = 0x000f, f.ro = 0x00f0;
    assert_field_refused(f, "init");
    f = good, f.virt = 0, f.hooked = 0xff00;
    assert_field_refused(f, "action");
    f = good, f.action = XEN_PT_ACTION_MSI;
    assert_field_refused(f, "action");
    f = good, f.virt = 0, f.hooked = 0xff00, f.action = 0x100;
    assert_field_refused(f, "does not fit");

    cap.fields = broken(good);
    cap.hidden = "why not";
    assert_refused(&cap, "hidden");
    cap.hidden = NULL;
    cap.id = 0x100;
    assert_refused(&cap, "more than a byte");
    cap.id = 0x7f;
    cap.min_length = 1;
    assert_refused(&cap, "least length");
    cap.min_length = 257;
    assert_refused(&cap, "least length");
    cap.min_length = 256;
    g_assert_null(xen_pt_capability_check(&cap));
    cap.spec = NULL;
    assert_refused(&cap, "no name");
    cap.spec = "none";
    cap.name = NULL;
    assert_refused(&cap, "no name");
}

static void overlapping_fields_are_refused(void)
{
    const XenPtField fields[] = {
        { .offset = 4, .size = 4, .name = "one", .fixed = 0xffffffff },
        { .offset = 6, .size = 2, .name = "two", .fixed = 0xffff },
        { .size = 0 },
    };
    const XenPtField touching[] = {
        { .offset = 4, .size = 4, .name = "one", .fixed = 0xffffffff },
        { .offset = 8, .size = 2, .name = "two", .fixed = 0xffff },
        { .size = 0 },
    };
    XenPtCapability cap = {
        .id = 0x7f, .name = "broken", .spec = "none", .min_length = 12,
        .fields = fields,
    };

    assert_refused(&cap, "overlaps");
    cap.fields = touching;
    g_assert_null(xen_pt_capability_check(&cap));
    cap.extended = true;
    cap.fields = broken((XenPtField) {
        .offset = 2, .size = 2, .name = "in the head", .fixed = 0xffff,
    });
    assert_refused(&cap, "the id");
}

/* -- bit by bit ------------------------------------------------------------ */

/*
 * Rows that setup() replaces by something that depends on the device; each
 * has a test of its own in test-config.c or with the interrupts.
 */
static bool set_up_by_device(const XenPtCapability *cap, const XenPtField *f,
                             bool permissive)
{
    if (cap == xen_pt_header()) {
        return f->offset < 4 || (f->offset >= 0x10 && f->offset < 0x28) ||
               f->offset == 0x30 || f->offset == 0x34 || f->offset == 0x3d;
    }
    if (!cap->extended) {
        return cap->id == 0x05 || (cap->id == 0x03 && permissive) ||
               (f->action & XEN_PT_ACTION_MSIX);
    }
    return cap->id == 0x15;
}

static uint32_t device_value(const FakeHost *host, unsigned at,
                             unsigned size)
{
    return size == 1 ? fake_get8(host, at) : size == 2 ? fake_get16(host, at)
                     : fake_get32(host, at);
}

static uint32_t all_of(const XenPtField *f)
{
    return f->size == 4 ? 0xffffffffu : (1u << (8 * f->size)) - 1;
}

/* What the guest should see of a field whose device bits are device. */
static uint32_t expected_view(const XenPtField *f, uint32_t own,
                              uint32_t at_open, uint32_t device,
                              uint32_t open_bits)
{
    return (f->fixed & f->init & ~open_bits) | (f->ro & at_open & ~open_bits) |
           ((f->live | f->trigger | f->host | f->rw1c | open_bits) & device) |
           ((f->virt | f->hooked) & own);
}

static void bits_behave(const XenPtCapability *cap, const XenPtField *f,
                        bool permissive, uint32_t content, uint32_t value,
                        unsigned width)
{
    XenPtOptions options = {
        .permissive = permissive,
        .allow_reset = !cap->extended && cap->id == 0x13,   /* AF */
    };
    FakeHost *host = host_with(cap, content);
    unsigned base = cap == xen_pt_header() ? 0
                  : cap->extended ? AT_EXTENDED : AT_CONVENTIONAL;
    unsigned at = base + f->offset;
    uint32_t open_bits = permissive ? f->permissive : 0;
    uint32_t writable = f->host | f->rw1c | open_bits;
    uint32_t before = device_value(host, at, f->size), own, after, got;
    uint32_t host_bits = f->host | open_bits, torn = 0;
    Fake *fake = fake_open(host, &options);

    if (cap->extended) {
        fake_read(fake, at, f->size);    /* opens the extended space */
    }
    /* nobody has written yet: virt and hooked bits are init or the device's */
    got = fake_read(fake, at, f->size);
    own = got & (f->virt | f->hooked);
    g_assert_true(own == (f->init & (f->virt | f->hooked)) ||
                  own == (before & (f->virt | f->hooked)));
    g_assert_cmphex(got, ==, expected_view(f, own, before, before,
                                           open_bits));

    /* the device changes: live bits follow, the others do not */
    for (unsigned i = 0; i < f->size; i++) {
        fake_set8(host, at + i, ~fake_get8(host, at + i));
    }
    after = ~before & all_of(f);
    got = fake_read(fake, at, f->size);
    g_assert_cmphex(got, ==, expected_view(f, own, before, after, open_bits));

    /* the guest writes, whole or in pieces */
    fake_host_forget(host);
    for (unsigned i = 0; i < f->size; i += width) {
        fake_write(fake, at + i, value >> (8 * i), width);
        if (i + width < f->size && f->trigger >> (8 * (i + width))) {
            /* not without what follows */
            torn |= 0xffu << (8 * (i + width - 1));
        }
    }
    for (unsigned i = 0; i < f->size; i++) {
        uint8_t may = writable >> (8 * i);

        if (!may) {
            g_assert_cmpuint(fake_config_writes(host, at + i, 1), ==, 0);
        }
        g_assert_cmphex(fake_config_ones(host, at + i) &
                        (uint8_t)(f->trigger >> (8 * i)), ==, 0);
    }
    got = device_value(host, at, f->size);
    g_assert_cmphex(got & host_bits, ==,
                    ((value & ~torn) | (after & torn)) & host_bits);
    g_assert_cmphex(got & all_of(f) & ~writable & ~f->trigger, ==,
                    after & ~writable & ~f->trigger);
    for (unsigned i = 0; i < f->size; i++) {
        /* rw1c: only the ones that the guest wrote */
        g_assert_cmphex(fake_config_ones(host, at + i) &
                        (uint8_t)(f->rw1c >> (8 * i)), ==,
                        (uint8_t)((f->rw1c & value) >> (8 * i)));
    }
    if (!(f->action & XEN_PT_ACTION_FLR)) {
        own = value & (f->virt | f->hooked);
    }
    g_assert_cmphex(fake_read(fake, at, f->size), ==,
                    expected_view(f, own, before, got, open_bits));
    fake_close(fake);
}

static void table_behaves(const XenPtCapability *cap)
{
    static const uint32_t patterns[] = {
        0x00000000, 0xffffffff, 0x55555555, 0xaaaaaaaa, 0x12345678,
    };

    for (const XenPtField *f = cap->fields; f && f->size; f++) {
        g_test_message("%s, %s", cap->name, f->name);
        for (unsigned mode = 0; mode < 2; mode++) {
            if (set_up_by_device(cap, f, mode)) {
                continue;
            }
            for (unsigned c = 0; c < G_N_ELEMENTS(patterns); c++) {
                for (unsigned v = 0; v < G_N_ELEMENTS(patterns); v++) {
                    for (unsigned w = 1; w <= f->size; w *= 2) {
                        bits_behave(cap, f, mode, patterns[c], patterns[v],
                                    w);
                    }
                }
            }
        }
    }
}

static void each_bit_is_of_its_class(void)
{
    table_behaves(xen_pt_header());
    for (const XenPtCapability *const *cap = xen_pt_capabilities(); *cap;
         cap++) {
        if (!(*cap)->hidden) {
            table_behaves(*cap);
        }
    }
}

/* -- hidden ---------------------------------------------------------------- */

static void hidden_bytes_are_zero_and_dead(void)
{
    for (const XenPtCapability *const *c = xen_pt_capabilities(); *c; c++) {
        const XenPtCapability *cap = *c;
        unsigned at = cap->extended ? AT_EXTENDED : AT_CONVENTIONAL;

        for (unsigned mode = 0; cap->hidden && cap->id && mode < 2; mode++) {
            XenPtOptions options = { .permissive = mode };
            FakeHost *host = host_with(cap, 0x00ffffff);
            Fake *fake = fake_open(host, &options);
            GArray *all = xen_pt_device_instances(fake->dev);
            const XenPtInstance *inst =
                &g_array_index(all, XenPtInstance, 0);

            g_assert_cmpuint(all->len, ==, 1);
            g_assert_false(inst->shown);
            g_assert_cmpstr(inst->why, ==, cap->hidden);
            g_assert_cmpuint(inst->length, >=, cap->min_length);
            fake_host_forget(host);
            for (unsigned i = 0; i < inst->length; i++) {
                g_assert_cmphex(fake_read(fake, at + i, 1), ==, 0);
                fake_write(fake, at + i, 0xff, 1);
                g_assert_cmphex(fake_read(fake, at + i, 1), ==, 0);
            }
            g_assert_cmpuint(fake_host_count(host, FAKE_CONFIG_WRITE), ==, 0);
            g_assert_cmpuint(fake_host_count(host, FAKE_CONFIG_READ), ==, 0);
            g_array_unref(all);
            fake_close(fake);
        }
    }
}

static void the_guest_finds_no_hidden_capability(void)
{
    for (const XenPtCapability *const *c = xen_pt_capabilities(); *c; c++) {
        const XenPtCapability *cap = *c;

        if (cap->hidden && cap->id) {
            Fake *fake = fake_open(host_with(cap, 0), NULL);

            if (cap->extended) {
                g_assert_cmphex(fake_read(fake, 0x100, 4), ==, 0);
            } else {
                g_assert_cmphex(fake_read(fake, 0x34, 1), ==, 0);
                g_assert_cmphex(fake_read(fake, 0x06, 2) & 0x10, ==, 0);
            }
            fake_close(fake);
        }
    }
}

/* What cannot be measured is hidden up to the next capability, no further. */
static void a_hidden_capability_without_end_stops_at_the_next(void)
{
    XenPtOptions options = { .permissive = true };
    FakeHost *host = fake_host_new();
    Fake *fake;

    memset(host->config + 0x100, 0x5a, 0x100);
    fake_add_ecap(host, 0x002e, 1, 0x100);
    fake_add_ecap(host, 0x0003, 1, 0x180);
    fake = fake_open(host, &options);
    g_assert_cmphex(fake_read(fake, 0x17c, 4), ==, 0);
    g_assert_cmphex(fake_read(fake, 0x180, 4), ==, 0x00010003);
    g_assert_cmphex(fake_read(fake, 0x184, 4), ==, 0x5a5a5a5a);
    g_assert_cmphex(fake_read(fake, 0x18c, 4), ==, 0x5a5a5a5a);
    fake_close(fake);
}

/* What is not measured may be longer than anybody here knows. */
static void extended_ones_of_unknown_size_are_hidden_to_the_next(void)
{
    static const struct {
        uint8_t id, length;
    } measured[] = {
        { 0x06, 0x0c }, { 0x07, 0x0c }, { 0x0a, 0x14 }, { 0x0e, 0x08 },
        { 0x0f, 0x08 }, { 0x10, 0x40 }, { 0x12, 0x30 }, { 0x13, 0x10 },
        { 0x1b, 0x08 }, { 0x1c, 0x08 }, { 0x21, 0x10 }, { 0x25, 0x0c },
        { 0x29, 0x10 },
    };

    for (unsigned id = 1; id <= 0x3a; id++) {
        const XenPtCapability *cap = find(id, true);
        FakeHost *host = fake_host_new();
        unsigned length = 0x80;
        GArray *all;
        Fake *fake;

        for (unsigned i = 0; i < G_N_ELEMENTS(measured); i++) {
            length = measured[i].id == id ? measured[i].length : length;
        }
        fake_add_ecap(host, id, 1, 0x100);
        fake_add_ecap(host, 0x0003, 1, 0x180);
        fake = fake_open(host, NULL);
        all = xen_pt_device_instances(fake->dev);
        if (cap->hidden) {
            g_assert_cmphex(g_array_index(all, XenPtInstance, 0).length, ==,
                            length);
        }
        g_array_unref(all);
        fake_close(fake);
    }
}

/* All but vendors', of which a device may have several. */
static void a_second_one_of_each_capability_is_hidden(void)
{
    for (const XenPtCapability *const *c = xen_pt_capabilities(); *c; c++) {
        const XenPtCapability *cap = *c;
        unsigned at = cap->extended ? 0x400 : 0xc0;
        bool several = cap->extended ? cap->id == 0x0b || cap->id == 0x23
                                     : cap->id == 0x09;
        XenPtOptions options = {
            .allow_reset = !cap->extended && cap->id == 0x13,
        };
        FakeHost *host;
        GArray *all;
        Fake *fake;

        if (cap->hidden) {
            continue;
        }
        host = host_with(cap, 0);
        for (unsigned i = 0; i < 0x40; i++) {
            fake_set8(host, at + i,
                      fake_get8(host, (cap->extended ? AT_EXTENDED
                                       : AT_CONVENTIONAL) + i));
        }
        if (cap->extended) {
            fake_add_ecap(host, cap->id, 1, at);
        } else {
            fake_add_cap(host, cap->id, at);
        }
        fake = fake_open(host, &options);
        all = xen_pt_device_instances(fake->dev);
        if (cap->extended && cap->id == 0x15) {
            g_assert_cmpuint(all->len, ==, 2);    /* needs a BAR count */
        } else {
            const XenPtInstance *second =
                &g_array_index(all, XenPtInstance, all->len - 1);

            g_assert_true(g_array_index(all, XenPtInstance, 0).shown);
            g_assert_cmphex(second->offset, ==, at);
            g_assert_cmpint(second->shown, ==, several);
        }
        g_array_unref(all);
        fake_close(fake);
    }
}

static unsigned hidden_length(FakeHost *host)
{
    Fake *fake = fake_open(host, NULL);
    GArray *all = xen_pt_device_instances(fake->dev);
    unsigned length = g_array_index(all, XenPtInstance, 0).length;

    g_array_unref(all);
    fake_close(fake);
    return length;
}

static FakeHost *hidden_host(uint8_t id, unsigned at, uint16_t second)
{
    FakeHost *host = fake_host_new();

    fake_add_cap(host, id, at);
    fake_set16(host, at + 2, second);
    return host;
}

static void hidden_lengths_follow_the_device(void)
{
    FakeHost *host;

    /* HyperTransport: slave, host, MSI mapping without and with address */
    g_assert_cmpuint(hidden_length(hidden_host(0x08, 0x80, 0x0000)), ==, 28);
    g_assert_cmpuint(hidden_length(hidden_host(0x08, 0x80, 0x2000)), ==, 24);
    g_assert_cmpuint(hidden_length(hidden_host(0x08, 0x80, 0xa802)), ==, 4);
    g_assert_cmpuint(hidden_length(hidden_host(0x08, 0x80, 0xa800)), ==, 12);
    g_assert_cmpuint(hidden_length(hidden_host(0x08, 0x80, 0x8000)), ==, 8);
    /* PCI-X without and with ECC registers */
    g_assert_cmpuint(hidden_length(hidden_host(0x07, 0x80, 0x0000)), ==, 8);
    g_assert_cmpuint(hidden_length(hidden_host(0x07, 0x80, 0x1000)), ==, 24);
    g_assert_cmpuint(hidden_length(hidden_host(0x07, 0x80, 0x2000)), ==, 24);
    /* Enhanced Allocation: no entry, two, and more than there is room for */
    g_assert_cmpuint(hidden_length(hidden_host(0x14, 0x80, 0)), ==, 4);
    host = hidden_host(0x14, 0x80, 2);
    fake_set32(host, 0x84, 2);
    fake_set32(host, 0x90, 4);
    g_assert_cmpuint(hidden_length(host), ==, 4 + 12 + 20);
    host = hidden_host(0x14, 0x80, 63);
    memset(host->config + 0x84, 7, 0x7c);
    g_assert_cmpuint(hidden_length(host), ==, 0x80);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define T(name) g_test_add_func("/tables/" #name, name)
    T(every_table_is_sound);
    T(every_table_names_another_id);
    T(every_assigned_id_has_a_decision);
    T(only_these_capabilities_are_shown);
    T(a_contradictory_table_is_refused);
    T(overlapping_fields_are_refused);
    T(each_bit_is_of_its_class);
    T(hidden_bytes_are_zero_and_dead);
    T(the_guest_finds_no_hidden_capability);
    T(a_hidden_capability_without_end_stops_at_the_next);
    T(hidden_lengths_follow_the_device);
    T(extended_ones_of_unknown_size_are_hidden_to_the_next);
    T(a_second_one_of_each_capability_is_hidden);
    return g_test_run();
}
