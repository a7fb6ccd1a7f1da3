/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * xen-pt tests: the life of a function, and what is left when any call fails
 */
#include <errno.h>
#include <string.h>

#include "fake-host.h"
#include "xen-pt/introspect.h"

#define COMMAND 4
#define  IO           0x0001
#define  MEMORY       0x0002
#define  MASTER       0x0004
#define  SERR         0x0100
#define  INTX_DISABLE 0x0400
#define BAR(i)  (0x10 + 4 * (i))
#define MSI     0x50
#define MSIX    0x70

/* -- one life on a hypervisor that outlives it ----------------------------- */

typedef struct Life {
    FakeHypervisor *hv;
    FakeVm *vm;
    FakeHost *host;
    XenPtDevice *dev;
} Life;

static Life *life_new(FakeHypervisor *hv, FakeHost *host)
{
    Life *life = g_new0(Life, 1);

    life->hv = hv;
    life->vm = fake_vm_new();
    life->host = host;
    return life;
}

static bool life_begin(Life *life)
{
    static const XenPtOptions none;
    GError *err = NULL;
    bool ok;

    life->dev = xen_pt_device_open(&life->host->host, &life->hv->hv,
                                   &life->vm->vm, &none, &err);
    life->vm->dev = life->dev;
    ok = life->dev && xen_pt_device_start(life->dev, 0, 5, &err);
    g_assert_cmpint(ok, ==, err == NULL);
    if (err) {
        g_assert_nonnull(strstr(err->message, "0000:03:00.0"));
        g_error_free(err);
    }
    return ok;
}

static void life_end(Life *life)
{
    xen_pt_device_close(life->dev);
    g_assert_cmpuint(life->host->closes, ==, 1);
    fake_host_free(life->host);
    fake_vm_free(life->vm);
    g_free(life);
}

static void config(Life *life, unsigned at, uint32_t value, unsigned len)
{
    xen_pt_device_config_write(life->dev, at, value, len);
}

static void table(Life *life, unsigned i, uint8_t vector)
{
    xen_pt_device_region_write(life->dev, 0, 0x2000 + i * 16, 8, 0xfee01000);
    xen_pt_device_region_write(life->dev, 0, 0x2000 + i * 16 + 8, 8, vector);
}

/* All that a driver does with fake_host_standard(). */
static void guest_program(Life *life)
{
    for (int i = 0; i < 6; i++) {
        config(life, BAR(i), 0xffffffff, 4);
        xen_pt_device_config_read(life->dev, BAR(i), 4);
    }
    config(life, BAR(0), 0xf0000000, 4);
    config(life, BAR(1), 0, 4);
    config(life, BAR(2), 0xf0010000, 4);
    config(life, BAR(4), 0xc000, 4);
    config(life, COMMAND, IO | MEMORY | MASTER, 2);
    config(life, MSIX + 2, 0xc000, 2);
    for (unsigned i = 0; i < 4; i++) {
        table(life, i, 0x40 + i);
    }
    config(life, MSIX + 2, 0x8000, 2);
    fake_vm_advance(life->vm, 60);
    table(life, 1, 0x55);
    config(life, BAR(2), 0xf0020000, 4);
    config(life, BAR(0), 0xf0008000, 4);
    config(life, COMMAND, MASTER, 2);
    fake_vm_advance(life->vm, 150);
    config(life, COMMAND, IO | MEMORY | MASTER | INTX_DISABLE, 2);
    config(life, MSIX + 2, 0, 2);
    config(life, MSI + 4, 0xfee01000, 4);
    config(life, MSI + 0xc, 0x60, 2);
    config(life, MSI + 0x10, 0x1, 4);
    config(life, MSI + 2, 0x0021, 2);
    config(life, MSI + 0x10, 0x0, 4);
    config(life, MSI + 0xc, 0x68, 2);
    fake_vm_advance(life->vm, 60);
    config(life, MSI + 2, 0x0020, 2);
    config(life, MSI + 2, 0x0021, 2);
    xen_pt_device_config_read(life->dev, 0x88 + 2, 2);
    fake_vm_advance(life->vm, 300);
}

static void assert_nothing_left(FakeHypervisor *hv, const char *when,
                                unsigned n, int error)
{
    if (hv->violations->len || fake_mapped(hv) || fake_pirqs(hv) ||
        hv->hv.pirq_users) {
        g_error("%s call %u fails with %s: %u mapped, %u pirqs%s%s", when, n,
                g_strerror(error), fake_mapped(hv), fake_pirqs(hv),
                hv->violations->len ? ", " : "",
                hv->violations->len
                ? (char *)g_ptr_array_index(hv->violations, 0) : "");
    }
}

static void a_second_life_succeeds(FakeHypervisor *hv, FakeHost *host)
{
    Life *life = life_new(hv, host);

    hv->fail_at = 0;
    hv->next_pirq = 80;         /* Xen uses them again */
    g_assert_true(life_begin(life));
    guest_program(life);
    g_assert_cmpuint(fake_mapped(hv), ==, 4);
    g_assert_cmpuint(fake_bound(hv), ==, 1 + 4);        /* INTx, MSI */
    life_end(life);
    assert_nothing_left(hv, "in the second life, no", 0, 0);
}

static unsigned calls_of_a_life(void)
{
    FakeHypervisor *hv = fake_hypervisor_new();
    Life *life = life_new(hv, fake_host_standard());
    unsigned calls;

    g_assert_true(life_begin(life));
    guest_program(life);
    life_end(life);
    assert_nothing_left(hv, "no", 0, 0);
    calls = fake_all_calls(hv);
    fake_hypervisor_free(hv);
    return calls;
}

static void nothing_is_left_when_any_hypervisor_call_fails(void)
{
    static const int errors[] = {
        EPERM, ENODEV, ENOSPC, EINVAL, ESRCH, EBUSY, ENODATA,
    };
    unsigned calls = calls_of_a_life();

    g_assert_cmpuint(calls, >, 50);
    for (unsigned e = 0; e < G_N_ELEMENTS(errors); e++) {
        for (unsigned n = 1; n <= calls; n++) {
            for (unsigned count = 1; count <= 1000; count *= 10) {
                FakeHypervisor *hv = fake_hypervisor_new();
                Life *life = life_new(hv, fake_host_standard());

                hv->fail_at = n;
                hv->fail_count = count;
                hv->fail_errno = errors[e];
                if (life_begin(life)) {
                    guest_program(life);
                }
                life_end(life);
                assert_nothing_left(hv, "hypervisor", n, errors[e]);
                a_second_life_succeeds(hv, fake_host_standard());
                fake_hypervisor_free(hv);
            }
        }
    }
}

static void nothing_is_left_when_any_host_access_fails(void)
{
    static const int errors[] = { EPERM, EIO };
    FakeHypervisor *hv = fake_hypervisor_new();
    Life *life = life_new(hv, fake_host_standard());
    unsigned accesses;

    g_assert_true(life_begin(life));
    guest_program(life);
    xen_pt_device_stop(life->dev);
    accesses = life->host->log->len;
    life_end(life);
    g_assert_cmpuint(accesses, >, 20);
    for (unsigned n = 1; n <= accesses; n++) {
        for (unsigned e = 0; e < 2 * G_N_ELEMENTS(errors); e++) {
            FakeHost *host = fake_host_standard();

            host->fail_at = n;
            host->fail_count = e & 1;       /* once, or from now on */
            host->fail_errno = errors[e / 2];
            life = life_new(hv, host);
            if (life_begin(life)) {
                guest_program(life);
            }
            life_end(life);
            assert_nothing_left(hv, "host", n, errors[e / 2]);
            a_second_life_succeeds(hv, fake_host_standard());
        }
    }
    fake_hypervisor_free(hv);
}

/* A device with nothing but its line cannot start without it. */
static void a_failed_start_can_be_repeated(void)
{
    for (unsigned n = 1; n <= 2; n++) {
        FakeHypervisor *hv = fake_hypervisor_new();

        for (unsigned round = 0; round < 3; round++) {
            FakeHost *host = fake_host_new();
            Life *life;

            host->host.info.gsi = 20;
            fake_set8(host, 0x3d, 1);
            life = life_new(hv, host);
            hv->fail_at = round < 2 ? n : 0;
            hv->fail_errno = EINVAL;
            g_assert_cmpint(life_begin(life), ==, round == 2);
            life_end(life);
            assert_nothing_left(hv, "start", n, EINVAL);
        }
        fake_hypervisor_free(hv);
    }
}

static void a_thousand_lives_leave_nothing(void)
{
    FakeHypervisor *hv = fake_hypervisor_new();

    for (unsigned n = 0; n < 1000; n++) {
        a_second_life_succeeds(hv, fake_host_standard());
        fake_hypervisor_forget(hv);
    }
    fake_hypervisor_free(hv);
}

/* -- open ------------------------------------------------------------------ */

static void assert_open_says(FakeHost *host, const char *text)
{
    char *sentence = fake_open_error(host, NULL);

    if (!strstr(sentence, text) || strchr(sentence, '\n')) {
        g_error("'%s' does not say '%s'", sentence, text);
    }
    g_free(sentence);
}

static void what_cannot_be_passed_through_is_said(void)
{
    FakeHost *host = fake_host_new();

    host->fail_at = 1;
    assert_open_says(host, "its config space cannot be read (Input/output "
                     "error); the device model must run as root with "
                     "sysfs mounted");

    host = fake_host_new();
    host->config_size = 0x20;
    assert_open_says(host, "ends within the header");

    host = fake_host_new();
    fake_set8(host, 0x0e, 1);
    assert_open_says(host, "a bridge");

    host = fake_host_new();
    fake_set8(host, 0x0e, 0x82);
    assert_open_says(host, "header type is 2");

    host = fake_host_new();
    host->gone = true;
    assert_open_says(host, "does not answer");
}

static void a_vf_with_ids_of_ones_is_no_dead_device(void)
{
    FakeHost *host = fake_host_standard();
    Fake *fake;

    host->host.info.is_virtfn = true;
    fake_set32(host, 0, 0xffffffff);
    fake = fake_start(host, NULL);
    g_assert_cmphex(fake_read(fake, 0, 4), ==, 0x10d38086);
    g_assert_false(xen_pt_device_gone(fake->dev));
    fake_close(fake);

    host = fake_host_standard();
    host->host.info.is_virtfn = true;
    host->gone = true;
    assert_open_says(host, "does not answer");
}

static void the_processor_s_graphics_are_refused(void)
{
    FakeHost *host = fake_host_new();

    host->host.info.address = (XenPtAddress) { .slot = 2 };
    host->host.info.class_code = 0x030000;
    assert_open_says(host, "IGD");

    /* and nothing that only looks a little like it */
    for (unsigned n = 0; n < 6; n++) {
        host = fake_host_new();
        host->host.info.address = (XenPtAddress) {
            .segment = n == 0, .bus = n == 1, .slot = n == 2 ? 3 : 2,
            .function = n == 3,
        };
        host->host.info.class_code = n == 4 ? 0x020000 : 0x030000;
        host->host.info.vendor = n == 5 ? 0x10de : 0x8086;
        fake_close(fake_open(host, NULL));
    }
}

static void open_touches_neither_xen_nor_device_but_to_read(void)
{
    Fake *fake = fake_open(fake_host_standard(), NULL);

    g_assert_cmpuint(fake_all_calls(fake->hv), ==, 0);
    g_assert_cmpuint(fake_host_count(fake->host, FAKE_CONFIG_WRITE), ==, 0);
    g_assert_cmpstr(xen_pt_device_name(fake->dev), ==, "0000:03:00.0");
    g_assert_true(xen_pt_device_info(fake->dev) == &fake->host->host.info);
    g_assert_cmpint(xen_pt_device_irq_mode(fake->dev), ==, XEN_PT_IRQ_NONE);
    fake_close(fake);
}

static void a_device_that_is_only_open_acts_on_nothing(void)
{
    FakeHost *host = fake_host_standard();
    Fake *fake;

    fake_set16(host, MSI + 2, 0x0185);      /* an earlier user's */
    fake = fake_open(host, NULL);
    fake_write(fake, BAR(2), 0xf0000000, 4);
    fake_write(fake, COMMAND, 7, 2);
    fake_write(fake, MSI + 2, 1, 2);
    fake_write(fake, MSI + 2, 1, 2);
    xen_pt_device_region_write(fake->dev, 2, 0, 4, 0);
    xen_pt_device_reset(fake->dev);
    xen_pt_device_settle(fake->dev);
    xen_pt_device_timer(fake->dev);
    xen_pt_device_stop(fake->dev);
    g_assert_cmpuint(fake_all_calls(fake->hv), ==, 0);
    g_assert_cmpuint(fake_host_count(fake->host, FAKE_CONFIG_WRITE), ==, 0);
    g_assert_cmpuint(fake->vm->commits, ==, 0);
    fake_close(fake);
}

/* -- start and stop -------------------------------------------------------- */

static void start_quiets_what_an_earlier_user_left_on(void)
{
    FakeHost *host = fake_host_standard();
    Fake *fake;

    fake_set16(host, COMMAND, IO | MEMORY | MASTER | INTX_DISABLE | SERR);
    fake_set16(host, MSI + 2, 0x0185);
    fake_set16(host, MSIX + 2, 0xc03f);
    fake = fake_start(host, NULL);
    g_assert_cmphex(fake_get16(host, COMMAND), ==,
                    IO | MEMORY | SERR | INTX_DISABLE);
    g_assert_cmphex(fake_get16(host, MSI + 2) & 1, ==, 0);
    g_assert_cmphex(fake_get16(host, MSIX + 2) & 0xc000, ==, 0);
    fake_close(fake);
}

static void start_turns_decoding_on_as_the_bars_need_it(void)
{
    for (unsigned n = 0; n < 4; n++) {
        FakeHost *host = fake_host_new();
        Fake *fake;

        if (n & 1) {
            fake_add_bar(host, 0, FAKE_BAR_IO, false, 0xe000, 0x20);
        }
        if (n & 2) {
            fake_add_bar(host, 1, FAKE_BAR_MEM32, false, 0xfe000000, 0x1000);
        }
        fake = fake_start(host, NULL);
        g_assert_cmphex(fake_get16(host, COMMAND), ==, n | INTX_DISABLE);
        fake_close(fake);
    }
}

static void xsa_120_126_guest_cannot_turn_decoding_off(void)
{
    Fake *fake = fake_start(fake_host_standard(), NULL);

    for (unsigned value = 0; value <= 0xffff; value += 0x11) {
        fake_write(fake, COMMAND, value, 2);
        fake_write(fake, COMMAND, value, 1);
        fake_write(fake, COMMAND, value, 4);
        fake_write(fake, COMMAND - 1, value, 4);
        g_assert_cmphex(fake_get16(fake->host, COMMAND) & 3, ==, 3);
        g_assert_cmphex(fake_get16(fake->host, COMMAND) &
                        ~(IO | MEMORY | MASTER | 0x10 | INTX_DISABLE), ==, 0);
    }
    fake_close(fake);
}

static void bus_mastering_follows_the_guest(void)
{
    Fake *fake = fake_start(fake_host_standard(), NULL);

    g_assert_false(fake_get16(fake->host, COMMAND) & MASTER);
    fake_write(fake, COMMAND, MASTER, 2);
    g_assert_true(fake_get16(fake->host, COMMAND) & MASTER);
    fake_host_forget(fake->host);
    fake_write(fake, COMMAND, MASTER | MEMORY, 2);
    fake_write(fake, COMMAND, MASTER | IO, 2);
    g_assert_cmpuint(fake_config_writes(fake->host, COMMAND, 2), ==, 0);
    fake_write(fake, COMMAND, 0, 2);
    g_assert_false(fake_get16(fake->host, COMMAND) & MASTER);
    fake_close(fake);
}

/* As tg3's core clock reset, which clears memory decoding. */
static void command_written_again_reaches_a_device_that_forgot(void)
{
    Fake *fake = fake_start(fake_host_standard(), NULL);

    fake_write(fake, COMMAND, MASTER | MEMORY, 2);
    fake_set16(fake->host, COMMAND, 0);
    fake_write(fake, COMMAND, MASTER | MEMORY, 2);
    g_assert_cmphex(fake_get16(fake->host, COMMAND), ==,
                    MASTER | MEMORY | IO);
    /* it has nothing to tell of a function that is off */
    fake_write(fake, COMMAND, 0, 2);
    fake_host_forget(fake->host);
    fake_write(fake, COMMAND, 0, 2);
    g_assert_cmpuint(fake_config_writes(fake->host, COMMAND, 2), ==, 0);
    fake_close(fake);
}

static void stop_gives_the_command_register_back_quiet(void)
{
    static const uint16_t found[] = { 0, 3, 7, 0x0107, 0x0507 };

    for (unsigned i = 0; i < G_N_ELEMENTS(found); i++) {
        FakeHost *host = fake_host_standard();
        Fake *fake;

        fake_set16(host, COMMAND, found[i]);
        fake = fake_start(host, NULL);
        fake_write(fake, COMMAND, 0x7, 2);
        xen_pt_device_stop(fake->dev);
        g_assert_cmphex(fake_get16(host, COMMAND), ==,
                        (found[i] & ~MASTER) | INTX_DISABLE);
        fake_close(fake);
    }
}

static void a_stopped_device_answers_with_ones_and_keeps_still(void)
{
    Fake *fake = fake_start(fake_host_standard(), NULL);

    xen_pt_device_stop(fake->dev);
    fake_hypervisor_forget(fake->hv);
    fake_host_forget(fake->host);
    xen_pt_device_stop(fake->dev);
    g_assert_cmphex(fake_read(fake, 0, 4), ==, 0xffffffff);
    g_assert_cmphex(fake_read(fake, 0x8a, 2), ==, 0xffff);
    fake_write(fake, COMMAND, 0x7, 2);
    g_assert_cmphex(xen_pt_device_region_read(fake->dev, 2, 0, 4), ==,
                    0xffffffff);
    xen_pt_device_region_write(fake->dev, 2, 0, 4, 0);
    xen_pt_device_reset(fake->dev);
    xen_pt_device_timer(fake->dev);
    xen_pt_device_domain_state(fake->dev, XEN_PT_DOMAIN_SUSPENDED);
    xen_pt_device_domain_state(fake->dev, XEN_PT_DOMAIN_RUNNING);
    g_assert_cmpint(xen_pt_device_irq_mode(fake->dev), ==, XEN_PT_IRQ_NONE);
    g_assert_cmpuint(fake_all_calls(fake->hv), ==, 0);
    g_assert_cmpuint(fake->host->log->len, ==, 0);
    g_assert_cmpint(fake->vm->timer, ==, -1);
    fake_close(fake);
}

static void a_device_starts_once(void)
{
    Fake *fake = fake_start(fake_host_standard(), NULL);
    GError *err = NULL;

    g_assert_false(xen_pt_device_start(fake->dev, 0, 5, &err));
    g_assert_error(err, XEN_PT_ERROR, XEN_PT_ERROR_INTERNAL);
    g_clear_error(&err);
    g_assert_cmpuint(fake_bound(fake->hv), ==, 1);
    xen_pt_device_stop(fake->dev);
    g_assert_false(xen_pt_device_start(fake->dev, 0, 5, NULL));
    fake_close(fake);
}

static void closing_nothing_is_fine(void)
{
    Fake *fake = fake_open(fake_host_standard(), NULL);

    xen_pt_device_close(NULL);
    xen_pt_device_stop(fake->dev);
    g_assert_false(xen_pt_device_start(fake->dev, 0, 5, NULL));
    g_assert_cmpuint(fake_all_calls(fake->hv), ==, 0);
    fake_close(fake);
}

/* Kernel lockdown refuses writes: better known at device_add than later. */
static void a_command_register_that_cannot_be_written_fails_the_start(void)
{
    FakeHost *host = fake_host_new();
    Fake *fake;
    GError *err = NULL;

    fake_add_bar(host, 0, FAKE_BAR_MEM32, false, 0xfe000000, 0x1000);
    host->host.info.gsi = 20;
    fake_set8(host, 0x3d, 1);
    fake = fake_open(host, NULL);
    host->fail_at = 1;
    host->fail_errno = EPERM;
    g_assert_false(xen_pt_device_start(fake->dev, 0, 5, &err));
    g_assert_error(err, XEN_PT_ERROR, XEN_PT_ERROR_HOST);
    g_assert_nonnull(strstr(err->message, "0000:03:00.0"));
    g_assert_nonnull(strstr(err->message, "locked down"));
    g_clear_error(&err);
    g_assert_cmpuint(fake_pirqs(fake->hv), ==, 0);
    fake_close(fake);
}

/* -- a device that leaves the bus ------------------------------------------ */

static void a_device_of_ones_is_gone_said_once_and_not_written(void)
{
    Fake *fake = fake_start(fake_host_standard(), NULL);

    fake_write(fake, BAR(2), 0xf0000000, 4);
    fake_write(fake, COMMAND, 7, 2);
    fake_host_forget(fake->host);
    fake->host->gone = true;
    g_assert_cmphex(fake_read(fake, 0x8a, 2), ==, 0xffff);
    g_assert_true(xen_pt_device_gone(fake->dev));
    g_assert_cmphex(fake_read(fake, 0, 4), ==, 0xffffffff);
    g_assert_cmphex(xen_pt_device_region_read(fake->dev, 2, 0, 1), ==, 0xff);
    fake_hypervisor_forget(fake->hv);
    for (unsigned at = 0; at < 0x100; at += 2) {
        fake_write(fake, at, 0x8001, 2);
        fake_read(fake, at, 2);
    }
    g_assert_cmpuint(fake_all_calls(fake->hv), ==, 0);
    g_assert_cmpuint(fake_said(fake->vm, "no longer answers"), ==, 1);
    g_assert_cmpuint(fake_host_count(fake->host, FAKE_CONFIG_WRITE), ==, 0);
    xen_pt_device_stop(fake->dev);
    g_assert_cmpuint(fake_host_count(fake->host, FAKE_CONFIG_WRITE), ==, 0);
    g_assert_cmpuint(fake_mapped(fake->hv), ==, 0);
    g_assert_cmpuint(fake_pirqs(fake->hv), ==, 0);
    fake_close(fake);
}

static void ones_that_the_header_denies_are_data(void)
{
    Fake *fake = fake_start(fake_host_standard(), NULL);

    fake_set16(fake->host, 0x8a, 0xffff);
    g_assert_cmphex(fake_read(fake, 0x8a, 2), ==, 0xffff);
    g_assert_false(xen_pt_device_gone(fake->dev));
    g_assert_cmphex(fake_read(fake, 0, 2), ==, 0x8086);
    fake_close(fake);
}

static void leaves_after_the_header(FakeHost *fake, uint32_t addr, size_t len)
{
    fake->gone |= addr >= 0x40;
}

static void a_device_that_leaves_while_it_is_opened_cannot_start(void)
{
    FakeHost *host = fake_host_standard();
    Fake *fake;
    GError *err = NULL;

    host->on_read = leaves_after_the_header;
    fake = fake_open(host, NULL);
    g_assert_false(xen_pt_device_start(fake->dev, 0, 5, &err));
    g_assert_error(err, XEN_PT_ERROR, XEN_PT_ERROR_GONE);
    g_clear_error(&err);
    g_assert_cmpuint(fake_pirqs(fake->hv), ==, 0);
    fake_close(fake);
}

/* -- reset ----------------------------------------------------------------- */

static void machine_reset_leaves_the_hardware_quiet(void)
{
    Fake *fake = fake_start(fake_host_standard(), NULL);

    fake_write(fake, BAR(2), 0xf0000000, 4);
    fake_write(fake, COMMAND, 7, 2);
    fake_write(fake, MSI + 2, 1, 2);
    fake_write(fake, COMMAND, 5, 2);
    xen_pt_device_reset(fake->dev);
    g_assert_cmpuint(fake_mapped(fake->hv), ==, 0);
    g_assert_cmpuint(fake_bound(fake->hv), ==, 1);
    g_assert_cmphex(fake_get16(fake->host, COMMAND), ==, INTX_DISABLE | 3);
    g_assert_cmphex(fake_get16(fake->host, MSI + 2) & 1, ==, 0);
    g_assert_cmpint(fake->vm->timer, ==, -1);
    fake_write(fake, COMMAND, MASTER, 2);
    g_assert_cmphex(fake_get16(fake->host, COMMAND), ==, MASTER | 3);
    fake_close(fake);
}

/* Its Device ID has bits where MSI-X has its enables. */
static void reset_finds_no_msix_where_there_is_none(void)
{
    FakeHost *host = fake_host_new();
    Fake *fake;

    fake_set16(host, 2, 0x8153);
    host->host.info.device = 0x8153;
    fake = fake_start(host, NULL);
    xen_pt_device_reset(fake->dev);
    g_assert_cmpint(xen_pt_device_irq_mode(fake->dev), !=, XEN_PT_IRQ_MSIX);
    g_assert_cmpuint(fake_config_writes(host, 2, 2), ==, 0);
    fake_close(fake);
}

static const XenPtOptions resettable = { .allow_reset = true };
#define FLR(fake) fake_write(fake, 0x88, 0x8000, 2)

static void reset_is_offered_only_where_somebody_can_do_it(void)
{
    for (unsigned n = 0; n < 4; n++) {
        FakeHost *host = fake_host_standard();
        XenPtHostOps host_ops = *host->host.ops;
        FakeVm *vm = fake_vm_new();
        XenPtVmOps vm_ops = *vm->vm.ops;
        FakeHypervisor *hv = fake_hypervisor_new();
        XenPtDevice *dev;

        if (n == 0) {
            host_ops.reset = NULL;
        } else if (n == 1) {
            vm_ops.start_reset = NULL;
        } else {
            g_free(host->host.info.reset_methods);
            host->host.info.reset_methods = n == 2 ? NULL : g_strdup("");
        }
        host->host.ops = &host_ops;
        vm->vm.ops = &vm_ops;
        dev = xen_pt_device_open(&host->host, &hv->hv, &vm->vm, &resettable,
                                 NULL);
        vm->dev = dev;
        g_assert_true(xen_pt_device_start(dev, 0, 5, NULL));
        g_assert_cmpuint(fake_said(vm, "not offered a function reset"), ==,
                         1);
        xen_pt_device_config_write(dev, 0x88, 0x8000, 2);
        g_assert_cmpuint(vm->resets, ==, 0);
        g_assert_cmphex(xen_pt_device_config_read(dev, 0, 2), ==, 0x8086);
        xen_pt_device_close(dev);
        fake_host_free(host);
        fake_vm_free(vm);
        fake_hypervisor_free(hv);
    }
}

static void a_guest_s_reset_releases_everything_first(void)
{
    Fake *fake = fake_start(fake_host_standard(), &resettable);

    fake_write(fake, BAR(2), 0xf0000000, 4);
    fake_write(fake, COMMAND, 7, 2);
    fake_write(fake, MSI + 2, 1, 2);
    FLR(fake);
    g_assert_cmpuint(fake->vm->resets, ==, 1);
    g_assert_cmpuint(fake_mapped(fake->hv), ==, 0);
    g_assert_cmpuint(fake_bound(fake->hv), ==, 1);
    g_assert_cmphex(fake_get16(fake->host, MSI + 2) & 1, ==, 0);
    g_assert_false(fake_get16(fake->host, COMMAND) & MASTER);
    xen_pt_device_reset_done(fake->dev, 0);
    g_assert_cmphex(fake_read(fake, COMMAND, 2), ==, 0);
    fake_write(fake, BAR(2), 0xf0000000, 4);
    fake_write(fake, COMMAND, 7, 2);
    g_assert_cmpuint(fake_mapped(fake->hv), ==, 1);
    fake_close(fake);
}

static void while_the_host_resets_nobody_asks_it(void)
{
    Fake *fake = fake_start(fake_host_standard(), &resettable);
    g_autofree char *config = NULL;
    unsigned commits;

    FLR(fake);
    commits = fake->vm->commits;
    fake_host_forget(fake->host);
    fake_hypervisor_forget(fake->hv);
    for (unsigned at = 0; at < 0x200; at += 4) {
        g_assert_cmphex(fake_read(fake, at, 4), ==, 0xffffffff);
        fake_write(fake, at, 0xffffffff, 4);
    }
    g_assert_cmphex(xen_pt_device_region_read(fake->dev, 2, 0, 4), ==,
                    0xffffffff);
    xen_pt_device_region_write(fake->dev, 2, 0, 4, 0);
    xen_pt_device_reset(fake->dev);
    xen_pt_device_domain_state(fake->dev, XEN_PT_DOMAIN_SUSPENDED);
    xen_pt_device_domain_state(fake->dev, XEN_PT_DOMAIN_RUNNING);
    fake_vm_advance(fake->vm, 1000);
    g_free(xen_pt_introspect_status(fake->dev, false));
    config = xen_pt_introspect_config(fake->dev);
    g_assert_nonnull(strstr(config, "\n00: ff ff ff ff ff ff ff ff"));
    g_assert_cmpuint(fake->host->log->len, ==, 0);
    g_assert_cmpuint(fake_all_calls(fake->hv), ==, 0);
    g_assert_cmpuint(fake->vm->resets, ==, 1);
    g_assert_cmpuint(fake->vm->commits, ==, commits);
    xen_pt_device_reset_done(fake->dev, 0);
    /* the kernel has put it back: bus mastering off all the same */
    g_assert_cmpuint(fake_config_writes(fake->host, COMMAND, 2), ==, 1);
    g_assert_false(fake_get16(fake->host, COMMAND) & MASTER);
    fake_close(fake);
}

static void a_reset_that_fails_is_said(void)
{
    Fake *fake = fake_start(fake_host_standard(), &resettable);

    xen_pt_device_reset_done(fake->dev, -EIO);
    g_assert_cmpuint(fake->vm->reports->len, ==, 0);
    FLR(fake);
    xen_pt_device_reset_done(fake->dev, -ENOTTY);
    g_assert_cmpuint(fake_said(fake->vm, "could not reset"), ==, 1);
    g_assert_cmphex(fake_read(fake, 0, 2), ==, 0x8086);
    fake_close(fake);
}

static void a_domain_that_is_gone_gets_no_device(void)
{
    Fake *fake = fake_open(fake_host_standard(), NULL);
    GError *err = NULL;

    xen_pt_device_domain_state(fake->dev, XEN_PT_DOMAIN_GONE);
    g_assert_false(xen_pt_device_start(fake->dev, 0, 5, &err));
    g_assert_nonnull(strstr(err->message, "has shut down or is being"));
    g_error_free(err);
    g_assert_cmpuint(fake_all_calls(fake->hv), ==, 0);
    fake_close(fake);
}

static void no_reset_is_begun_when_the_domain_is_gone(void)
{
    Fake *fake = fake_start(fake_host_standard(), &resettable);

    xen_pt_device_domain_state(fake->dev, XEN_PT_DOMAIN_GONE);
    FLR(fake);
    g_assert_cmpuint(fake->vm->resets, ==, 0);
    g_assert_cmphex(fake_read(fake, 0x88, 2) & 0x8000, ==, 0);
    fake_close(fake);
}

static void a_device_may_stop_in_its_reset(void)
{
    Fake *fake = fake_start(fake_host_standard(), &resettable);

    FLR(fake);
    xen_pt_device_stop(fake->dev);
    g_assert_cmpuint(fake_pirqs(fake->hv), ==, 0);
    fake_host_forget(fake->host);
    xen_pt_device_reset_done(fake->dev, 0);
    g_assert_cmpuint(fake->host->log->len, ==, 0);
    fake_close(fake);
}

/* -- what is said ---------------------------------------------------------- */

static void xsa_130_no_guest_can_fill_the_log(void)
{
    FakeHost *host = fake_host_standard();
    GRand *rand = g_rand_new_with_seed(130);
    Fake *fake;

    fake = fake_start(host, NULL);
    fake->hv->fail_at = 1;
    fake->hv->fail_count = G_MAXUINT;
    for (unsigned n = 0; n < 100000; n++) {
        unsigned len = 1 << g_rand_int_range(rand, 0, 3);

        if (n % 7 == 0) {
            xen_pt_device_region_write(fake->dev, g_rand_int_range(rand, 0, 7),
                                       g_rand_int_range(rand, 0, 0x5000), len,
                                       g_rand_int(rand));
        } else {
            fake_write(fake, g_rand_int_range(rand, 0, 0x200),
                       g_rand_int(rand), len);
        }
        fake->hv->fail_errno = 1 + n % 130;
        host->fail_at = n % 3 == 0;
        if (n % 100 == 0) {
            fake_vm_advance(fake->vm, 60);
        }
    }
    g_assert_cmpuint(fake->vm->reports->len, <=, 129);
    g_assert_cmpuint(xen_pt_device_warnings(fake->dev)->len, <=, 129);
    fake->hv->fail_at = 0;
    host->fail_at = 0;
    g_rand_free(rand);
    fake_close(fake);
}

static void the_last_line_says_that_it_is_the_last(void)
{
    FakeHost *host = fake_host_standard();
    Fake *fake = fake_start(host, NULL);

    for (unsigned n = 0; n < 1000; n++) {
        host->fail_at = 1;
        fake_write(fake, COMMAND, n & 1 ? MASTER : 0, 2);
    }
    host->fail_at = 0;
    g_assert_cmpuint(fake->vm->reports->len, ==, 129);
    g_assert_cmpuint(fake_said(fake->vm, "more is not reported"), ==, 1);
    g_assert_cmpuint(xen_pt_device_warnings(fake->dev)->len, ==, 129);
    fake_close(fake);
}

static void tracing_is_optional(void)
{
    Fake *fake = fake_start(fake_host_standard(), NULL);
    XenPtVmOps ops = *fake->vm->vm.ops;

    g_assert_cmpuint(fake->vm->events[XEN_PT_EVENT_START], ==, 1);
    ops.event = NULL;
    fake->vm->vm.ops = &ops;
    fake->uncounted = true;
    fake_write(fake, COMMAND, 7, 2);
    fake_close(fake);
}

/* -- timers ---------------------------------------------------------------- */

static void a_timer_that_comes_early_is_set_again(void)
{
    Fake *fake = fake_start(fake_host_standard(), NULL);
    int64_t at;

    fake_write(fake, BAR(2), 0xf0000000, 4);
    fake_write(fake, COMMAND, 7, 2);
    fake_write(fake, COMMAND, 0, 2);
    at = fake->vm->timer;
    g_assert_cmpint(at, >, 0);
    fake->vm->timer = -1;
    xen_pt_device_timer(fake->dev);
    g_assert_cmpint(fake->vm->timer, ==, at);
    g_assert_cmpuint(fake_mapped(fake->hv), ==, 1);
    fake_close(fake);
}

/* A layout to settle and a message to settle: each at its own time. */
static void deadlines_do_not_disturb_each_other(void)
{
    Fake *fake = fake_start(fake_host_standard(), NULL);

    fake_write(fake, BAR(2), 0xf0000000, 4);
    fake_write(fake, COMMAND, 7, 2);
    fake_write(fake, MSI + 2, 1, 2);
    fake_write(fake, COMMAND, 4, 2);
    fake_write(fake, MSI + 4, 0xfee05000, 4);
    fake_hypervisor_forget(fake->hv);
    fake_vm_advance(fake->vm, 50);
    g_assert_cmpuint(fake_calls(fake->hv, FAKE_BIND_MSI), ==, 1);
    g_assert_cmpuint(fake_all_calls(fake->hv), ==, 1);
    fake_vm_advance(fake->vm, 50);
    g_assert_cmpuint(fake_calls(fake->hv, FAKE_MEMORY_UNMAP), ==, 1);
    fake_close(fake);
}

#define ADD(name) g_test_add_func("/life/" #name, name)

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);

    ADD(nothing_is_left_when_any_hypervisor_call_fails);
    ADD(nothing_is_left_when_any_host_access_fails);
    ADD(a_failed_start_can_be_repeated);
    ADD(a_thousand_lives_leave_nothing);
    ADD(what_cannot_be_passed_through_is_said);
    ADD(a_vf_with_ids_of_ones_is_no_dead_device);
    ADD(the_processor_s_graphics_are_refused);
    ADD(open_touches_neither_xen_nor_device_but_to_read);
    ADD(a_device_that_is_only_open_acts_on_nothing);
    ADD(start_quiets_what_an_earlier_user_left_on);
    ADD(start_turns_decoding_on_as_the_bars_need_it);
    ADD(xsa_120_126_guest_cannot_turn_decoding_off);
    ADD(bus_mastering_follows_the_guest);
    ADD(command_written_again_reaches_a_device_that_forgot);
    ADD(stop_gives_the_command_register_back_quiet);
    ADD(a_stopped_device_answers_with_ones_and_keeps_still);
    ADD(a_device_starts_once);
    ADD(closing_nothing_is_fine);
    ADD(a_command_register_that_cannot_be_written_fails_the_start);
    ADD(a_device_of_ones_is_gone_said_once_and_not_written);
    ADD(ones_that_the_header_denies_are_data);
    ADD(a_device_that_leaves_while_it_is_opened_cannot_start);
    ADD(machine_reset_leaves_the_hardware_quiet);
    ADD(reset_finds_no_msix_where_there_is_none);
    ADD(reset_is_offered_only_where_somebody_can_do_it);
    ADD(a_guest_s_reset_releases_everything_first);
    ADD(while_the_host_resets_nobody_asks_it);
    ADD(a_reset_that_fails_is_said);
    ADD(a_domain_that_is_gone_gets_no_device);
    ADD(no_reset_is_begun_when_the_domain_is_gone);
    ADD(a_device_may_stop_in_its_reset);
    ADD(xsa_130_no_guest_can_fill_the_log);
    ADD(the_last_line_says_that_it_is_the_last);
    ADD(tracing_is_optional);
    ADD(a_timer_that_comes_early_is_set_again);
    ADD(deadlines_do_not_disturb_each_other);

    return g_test_run();
}
