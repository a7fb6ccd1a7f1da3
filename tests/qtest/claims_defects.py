# SPDX-License-Identifier: GPL-2.0-or-later
"""Defects of the stock model that no other file has a claim for.

docs/stock-defects.md has the whole list.
"""

import os
import re

from xenpt.claim import REGISTRY, check, claim, count, equal
from xenpt.guest import msi_address
from xenpt.host import Function, plain, standard
from xenpt.machine import Machine, QmpError

BDF = '0000:03:00.0'
HERE = os.path.dirname(os.path.abspath(__file__))
TABLE = os.path.join(os.path.dirname(os.path.dirname(HERE)), 'docs',
                     'stock-defects.md')


def off_the_page(vectors=3):
    fn = Function()
    fn.add_bar(0, 0x8000, 0xf0000000)
    fn.add_msix(0x70, vectors, 0, 0x1800, 0, 0x1c00)
    return fn


@claim(stock='reads past what it has mapped, or nothing but zeros')
def every_byte_around_a_table_off_a_page_can_be_read(env, host):
    fn = host.add(off_the_page())
    with Machine(env, host) as m:
        guest = m.attach(fn).bring_up()
        for off in range(0x1800, 0x2800, 4):
            m.mem_read(guest.bar_address(0, off), 4)
        check(m.alive(), 'QEMU has gone')
        host.bar_write(fn, 0, 0x1000, b'\x11' * 0x800)
        host.bar_write(fn, 0, 0x1f00, b'\x22' * 0x100)
        for off in range(0x1000, 0x2000, 4):
            value = m.mem_read(guest.bar_address(0, off), 4)
            if off < 0x1800:
                equal(value, 0x11111111, 'at %#x' % off)
            if off >= 0x1f00:
                equal(value, 0x22222222, 'at %#x' % off)


@claim(stock='a mapping of /dev/mem stays with each unplug')
def a_table_off_a_page_leaves_no_mapping_behind(env, host):
    fn = host.add(off_the_page())
    with Machine(env, host) as m:
        def mappings():
            with open('/proc/%d/maps' % m.process.pid) as maps:
                return len([li for li in maps if '/mem' in li or BDF in li])
        for _ in range(6):
            m.attach(fn).bring_up()
            m.detach(fn)
        equal(mappings(), 0, 'mappings')


@claim(stock='AtomicOp requests pass, alone of DevCtl2')
def device_control_2_is_the_guests_own(env, host):
    fn = host.add(standard())
    with Machine(env, host) as m:
        guest = m.attach(fn)
        before = host.config_value(fn, 0xa8, 2)
        guest.write(0xa8, 2, 0xffff)
        equal(host.config_value(fn, 0xa8, 2), before, 'in hardware')


@claim()
def a_version_1_express_capability_ends_where_it_ends(env, host):
    fn = Function()
    fn.add_bar(0, 0x1000, 0xf0000000)
    fn.add_express(0x40, version=1)
    for off in range(0x54, 0x80):
        fn.put(off, 1, 0x77, wmask=0xff)
    host.add(fn)
    with Machine(env, host) as m:
        guest = m.attach(fn)
        for off in range(0x54, 0x80):
            guest.write(off, 1, 0)
        equal(host.config(fn)[0x54:0x80], b'\x77' * 0x2c, 'in hardware')


@claim(stock='the pointer is shown with its low bits, and then lost')
def pointers_with_low_bits_lead_where_the_spec_says(env, host):
    """The two low bits are reserved: software masks them."""
    fn = standard()
    fn.config[0x34] |= 3
    fn.config[0x41] |= 2
    fn.config[0x51] |= 1
    host.add(fn)
    with Machine(env, host) as m:
        guest = m.attach(fn)
        equal(guest.capabilities(),
              [(1, 0x40), (5, 0x50), (0x11, 0x70), (0x10, 0x80)],
              'capabilities')
        guest.bring_up()
        guest.write(0x54, 4, 0xffffffff)
        equal(host.config_value(fn, 0x54, 4), 0, 'MSI address in hardware')


@claim(stock='permissive: the MSI address goes to the device')
def an_over_long_vendor_capability_shadows_no_filter(env, host):
    for length in (0, 1, 0xff):
        host.clear()
        fn = Function(BDF)
        fn.add_bar(0, 0x1000, 0xf0000000)
        fn.add_vendor(0x40, 0x10)
        fn.put(0x42, 1, length)
        fn.add_msi(0x50)
        fn.add_pm(0x70)
        host.add(fn)
        with Machine(env, host) as m:
            guest = m.attach(fn, permissive=True)
            for off in range(0x54, 0x60, 4):
                guest.write(off, 4, 0xffffffff)
            equal(host.config(fn)[0x54:0x60], bytes(12),
                  'MSI address and data, length %d' % length)
            m.tolerate_anomalies()


@claim(stock='a double free: the device model dies')
def a_device_that_is_refused_late_takes_nothing_along(env, host):
    """Version 3 of the capability behind MSI and MSI-X."""
    fn = Function(BDF)
    fn.add_bar(0, 0x4000, 0xf0000000)
    fn.add_msi(0x50)
    fn.add_msix(0x70, 8, 0, 0x2000, 0, 0x3000)
    fn.add_express(0x80, version=3)
    host.add(fn)
    with Machine(env, host) as m:
        for _ in range(3):
            try:
                m.device_add(fn)
            except QmpError as error:
                check(BDF in str(error), str(error))
            else:
                m.detach(fn)
            m.assert_nothing_left()
        check(m.alive(), 'QEMU has gone')


@claim(stock='its MSI control is written, or the device model dies')
def a_refused_device_is_written_nothing(env, host):
    """A bridge; and what the stock model takes for no endpoint."""
    refused = 0
    for bridge in (True, False):
        host.clear()
        fn = Function(BDF)
        fn.add_bar(0, 0x4000, 0xf0000000)
        fn.add_msi(0x50)
        fn.add_express(0x80, version=3)
        fn.config[0x0e] = bridge
        host.add(fn)
        with Machine(env, host) as m:
            m.mark()
            try:
                m.device_add(fn)
            except QmpError as error:
                refused += 1
                check(BDF in str(error), str(error))
                check(m.alive(), 'QEMU has gone')
                count(m.log().config_writes(), 0, 'writes')
    check(refused, 'nothing was refused')


@claim(stock='bravely continuing, without interrupts')
def a_device_whose_only_interrupt_fails_is_refused(env, host):
    fn = host.add(plain(BDF, irq=17))
    with Machine(env, host) as m:
        for call in ('xc_physdev_map_pirq', 'xc_domain_bind_pt_pci_irq'):
            m.fx('fail %s 1 EINVAL' % call)
            try:
                m.device_add(fn)
            except QmpError as error:
                check(BDF in str(error), str(error))
            else:
                raise AssertionError('%s failed, and nobody said so' % call)
            m.fx('forgive')
            m.assert_nothing_left(call)


@claim(stock='maps a pirq for it')
def a_line_of_255_is_no_line(env, host):
    """The firmware's word for "not connected"."""
    fn = host.add(plain(BDF, irq=255))
    with Machine(env, host) as m:
        guest = m.attach(fn).bring_up()
        count(m.log(0).of('xc_physdev_map_pirq'), 0, 'lines mapped')
        equal(guest.read(0x3d, 1), 0, 'interrupt pin')


@claim(stock='decoding stays on, or the device model dies')
def a_refused_device_decodes_as_it_did_before(env, host):
    fn = host.add(standard())
    with Machine(env, host) as m:
        m.mark()
        m.device_add(fn)
        total = len(m.log())
        m.detach(fn)
        for nth in range(1, total + 1):
            with open(host.path(fn, 'config'), 'r+b') as config:
                config.write(fn.config)
            m.fx('fail call %d EIO' % nth)
            try:
                m.device_add(fn)
            except QmpError as error:
                m.fx('forgive')
                # The failed call may have been the one that restores.
                after = host.config_value(fn, 4, 2) & 3
                failed = m.log()[-12:]
                written = any(c.op in ('pwrite', 'write') and
                              c.result == 'EIO' for c in failed)
                check(after == 0 or written, 'decoding on after "%s"' % error)
            else:
                m.fx('forgive')
                m.detach(fn)


@claim(stock='the enable bit is shown and nothing will ever come')
def msi_that_could_not_be_bound_reads_as_hardware_would(env, host):
    fn = host.add(standard())
    with Machine(env, host) as m:
        guest = m.attach(fn).bring_up()
        m.fx('fail xc_physdev_map_pirq_msi 1 ENOSPC 99')
        guest.msi_program(msi_address(), 0x41)
        guest.msi_enable()
        m.advance(20)
        equal(guest.read(0x52, 2) & 1, 1, 'as hardware: enabled')
        equal(host.config_value(fn, 0x52, 2) & 1, 0, 'in hardware')
        check(BDF in m.stderr_text(), 'no word about it')
        m.fx('forgive')
        guest.msi_enable(False)
        guest.msi_enable(True)
        m.advance(20)
        check(any(p.bound for p in m.state().pirqs if p.kind == 'msi'),
              'not bound when it could be')


@claim()
def the_table_of_defects_says_what_the_claims_do(env, host):
    """Every advisory's claim is in it, and each with its word on stock."""
    claims = {c.name: c for c in REGISTRY}
    named = set()
    with open(TABLE) as text:
        for line in text:
            cells = [cell.strip() for cell in line.split('|')]
            for name in re.findall(r'`([a-z][a-z0-9_]{15,})`', line):
                check(name in claims, 'not there: ' + name)
                named.add(name)
                it = claims[name]
                word = '-' if it.only else '**fails**' if it.stock else 'holds'
                check(cells[3].startswith(word), '%s: the table says %s, the '
                      'claim %s' % (name, cells[3], word))
    missing = {name for name in claims if name.startswith('xsa_')} - named
    check(not missing, 'not in the table: ' + ' '.join(sorted(missing)))
    check(len(named) > 60, 'only %d claims are named' % len(named))
