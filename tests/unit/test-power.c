/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * xen-pt tests: power states that reach the device
 */
#include <string.h>

#include "fake-host.h"

#define PMC   0x42
#define PMCSR 0x44

static const XenPtOptions real = { .real_power = true };

/* Keeps its configuration through D3hot, knows D1 and not D2. */
static FakeHost *sleeper(void)
{
    FakeHost *host = fake_host_standard();

    fake_set16(host, PMC, 0x0203);
    fake_set16(host, PMCSR, 0x0008);
    return host;
}

static void the_guests_state_reaches_a_device_that_keeps_its_own(void)
{
    FakeHost *host = sleeper();
    Fake *fake = fake_start(host, &real);

    fake_host_forget(host);
    fake_write(fake, PMCSR, 0x0003, 2);
    g_assert_cmphex(fake_get16(host, PMCSR) & 3, ==, 3);
    g_assert_cmphex(fake_read(fake, PMCSR, 2), ==, 0x000b);
    g_assert_cmpuint(fake_config_writes(host, PMCSR, 2), ==, 1);
    fake_write(fake, PMCSR, 0x0003, 2);
    g_assert_cmpuint(fake_config_writes(host, PMCSR, 2), ==, 1);
    fake_write(fake, PMCSR, 0x0000, 1);
    g_assert_cmphex(fake_get16(host, PMCSR) & 3, ==, 0);
    fake_close(fake);
}

static void the_guest_cannot_enable_pme_on_the_way(void)
{
    FakeHost *host = sleeper();
    Fake *fake = fake_start(host, &real);

    fake_host_forget(host);
    fake_write(fake, PMCSR, 0xffff, 2);
    g_assert_cmphex(fake_config_ones(host, PMCSR), ==, 0x03);
    g_assert_cmphex(fake_config_ones(host, PMCSR + 1), ==, 0);
    g_assert_cmphex(fake_read(fake, PMCSR, 2), ==, 0x000b);
    fake_close(fake);
}

static void states_that_the_device_lacks_do_not_reach_it(void)
{
    FakeHost *host = sleeper();
    Fake *fake = fake_start(host, &real);

    fake_write(fake, PMCSR, 0x0001, 2);
    g_assert_cmphex(fake_get16(host, PMCSR) & 3, ==, 1);
    fake_write(fake, PMCSR, 0x0002, 2);
    g_assert_cmphex(fake_get16(host, PMCSR) & 3, ==, 1);
    fake_close(fake);

    host = sleeper();
    fake_set16(host, PMC, 0x0403);
    fake = fake_start(host, &real);
    fake_write(fake, PMCSR, 0x0001, 2);
    g_assert_cmphex(fake_get16(host, PMCSR) & 3, ==, 0);
    fake_write(fake, PMCSR, 0x0002, 2);
    g_assert_cmphex(fake_get16(host, PMCSR) & 3, ==, 2);
    fake_close(fake);
}

static void a_state_that_the_device_lacks_is_discarded(void)
{
    static const XenPtOptions modes[] = {
        { .real_power = false }, { .real_power = true },
    };

    for (unsigned i = 0; i < G_N_ELEMENTS(modes); i++) {
        Fake *fake = fake_start(sleeper(), &modes[i]);

        fake_write(fake, PMCSR, 0x0002, 2);
        g_assert_cmphex(fake_read(fake, PMCSR, 2), ==, 0x0008);
        fake_write(fake, PMCSR, 0x0001, 2);
        fake_write(fake, PMCSR, 0x0002, 1);
        g_assert_cmphex(fake_read(fake, PMCSR, 2), ==, 0x0009);
        xen_pt_device_reset(fake->dev);
        fake_write(fake, PMCSR, 0x0002, 2);
        g_assert_cmphex(fake_read(fake, PMCSR, 2), ==, 0x0008);
        fake_close(fake);
    }
}

/* Its BARs would be lost on the way back. */
static void a_device_that_forgets_in_d3_is_not_put_there(void)
{
    FakeHost *host = fake_host_standard();
    Fake *fake;

    fake_set16(host, PMCSR, 0);
    fake = fake_start(host, &real);
    g_assert_cmpuint(fake_said(fake->vm, "No_Soft_Reset is 0"), ==, 1);
    fake_host_forget(host);
    fake_write(fake, PMCSR, 0x0003, 2);
    g_assert_cmphex(fake_read(fake, PMCSR, 2), ==, 0x000b);
    g_assert_cmpuint(fake_config_writes(host, PMCSR, 2), ==, 0);
    fake_close(fake);
}

static void a_device_without_the_capability_is_left_alone(void)
{
    Fake *fake = fake_start(fake_host_new(), &real);

    g_assert_cmpuint(fake->vm->reports->len, ==, 0);
    fake_close(fake);
}

static void a_device_that_dom0_left_asleep_is_woken(void)
{
    for (unsigned mode = 0; mode < 2; mode++) {
        FakeHost *host = sleeper();
        Fake *fake;

        fake_set16(host, PMCSR, 0x000b);
        fake = fake_start(host, mode ? &real : NULL);
        g_assert_cmphex(fake_get16(host, PMCSR) & 3, ==, 0);
        fake_close(fake);
    }
}

static void the_host_gets_it_back_awake(void)
{
    FakeHost *host = sleeper();
    Fake *fake = fake_start(host, &real);

    fake_write(fake, PMCSR, 0x0003, 2);
    xen_pt_device_stop(fake->dev);
    g_assert_cmphex(fake_get16(host, PMCSR) & 3, ==, 0);
    fake_close(fake);

    /* unless there is nobody to wake */
    host = sleeper();
    fake = fake_start(host, &real);
    fake_write(fake, PMCSR, 0x0003, 2);
    host->gone = true;
    fake_read(fake, 0x8a, 2);
    g_assert_true(xen_pt_device_gone(fake->dev));
    fake_host_forget(host);
    xen_pt_device_stop(fake->dev);
    g_assert_cmpuint(fake_config_writes(host, PMCSR, 2), ==, 0);
    fake_close(fake);
}

static void a_reset_of_the_machine_wakes_it(void)
{
    FakeHost *host = sleeper();
    Fake *fake = fake_start(host, &real);

    fake_write(fake, PMCSR, 0x0003, 2);
    xen_pt_device_reset(fake->dev);
    g_assert_cmphex(fake_get16(host, PMCSR) & 3, ==, 0);
    fake_close(fake);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define T(name) g_test_add_func("/power/" #name, name)
    T(the_guests_state_reaches_a_device_that_keeps_its_own);
    T(the_guest_cannot_enable_pme_on_the_way);
    T(states_that_the_device_lacks_do_not_reach_it);
    T(a_state_that_the_device_lacks_is_discarded);
    T(a_device_that_forgets_in_d3_is_not_put_there);
    T(a_device_without_the_capability_is_left_alone);
    T(a_device_that_dom0_left_asleep_is_woken);
    T(the_host_gets_it_back_awake);
    T(a_reset_of_the_machine_wakes_it);
    return g_test_run();
}
