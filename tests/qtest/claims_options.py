# SPDX-License-Identifier: GPL-2.0-or-later
"""Properties: what an operator can ask for, and what each costs."""

import json
import os
import shutil
import subprocess
import time

from xenpt.claim import check, claim, count, equal
from xenpt.guest import CMD_MEM, CAP_EXPRESS, GuestFunction, ECAM
from xenpt.host import Function, standard
from xenpt.machine import Machine, QmpError

BDF = '0000:03:00.0'


def with_vendor():
    fn = standard()
    fn.add_vendor(0xc0, 0x10)
    return fn


@claim()
def strict_is_the_default(env, host):
    fn = host.add(with_vendor())
    with Machine(env, host) as m:
        guest = m.attach(fn)
        guest.write(0xc8, 4, 0xffffffff)
        equal(host.config_value(fn, 0xc8, 4), fn.get(0xc8, 4), 'in hardware')


@claim()
def permissive_lets_a_vendor_register_through(env, host):
    fn = host.add(with_vendor())
    with Machine(env, host) as m:
        guest = m.attach(fn, permissive=True)
        guest.write(0xc8, 4, 0x12345678)
        equal(host.config_value(fn, 0xc8, 4), 0x12345678, 'in hardware')
        equal(guest.read(0xc8, 4), 0x12345678, 'for the guest')


@claim()
def permissive_keeps_what_xen_owns(env, host):
    fn = host.add(with_vendor())
    with Machine(env, host) as m:
        guest = m.attach(fn, permissive=True).bring_up()
        for off in range(0, 0x100, 4):
            guest.write(off, 4, 0xffffffff)
            guest.write(off, 4, 0)
        m.tolerate_anomalies()
        equal(host.config_value(fn, 4, 2) & 3, 3, 'decoding in hardware')
        equal(host.config(fn)[0x54:0x60], bytes(12), 'MSI address and data')
        equal(host.config_value(fn, 0x10, 4) & ~0xf, 0xf0000000, 'BAR0')
        equal(host.config_value(fn, 0x18, 4) & ~0xf, 0xf0010000, 'BAR2')


@claim(stock='no such property')
def allow_opens_one_field_and_no_other(env, host):
    fn = host.add(with_vendor())
    with Machine(env, host) as m:
        guest = m.attach(fn, allow='c8.w')
        guest.write(0xc8, 4, 0x12345678)
        equal(host.config_value(fn, 0xc8, 4),
              fn.get(0xca, 2) << 16 | 0x5678, 'in hardware')


@claim(only='ours')
def a_quirk_opens_what_the_driver_writes(env, host):
    """TCSEL of Intel's HD audio."""
    fn = Function(cls=0x040300).add_bar(0, 0x4000, 0xf0000000)
    fn.put(0x44, 1, 0, wmask=0xff)
    host.add(fn)
    with Machine(env, host) as m:
        guest = m.attach(fn)
        guest.write(0x44, 1, 0xff)
        equal(host.config_value(fn, 0x44, 1), 0x07, 'in hardware')
        m.detach(fn)


@claim(stock='no such property')
def a_bad_allow_rule_is_named(env, host):
    fn = host.add(with_vendor())
    with Machine(env, host) as m:
        for rule in ('zz', 'c8.q', '1000.b', 'CAP_NONE+4.w'):
            try:
                m.device_add(fn, allow=rule)
            except QmpError as error:
                check('\n' not in str(error) and rule in str(error),
                      str(error))
            else:
                raise AssertionError('"%s" was accepted' % rule)
            m.assert_nothing_left(rule)


@claim(stock='no such property')
def refuse_shared_makes_a_shared_page_an_error(env, host):
    other = Function('0000:05:00.0', driver='e1000e')
    other.add_bar(0, 256, 0xf0000f00)
    host.add(other)
    fn = Function(BDF)
    fn.add_bar(0, 256, 0xf0000000)
    host.add(fn)
    with Machine(env, host) as m:
        try:
            m.device_add(fn, **{'refuse-shared': True})
        except QmpError as error:
            check('0000:05:00.0' in str(error) and BDF in str(error),
                  str(error))
        else:
            raise AssertionError('accepted')
        m.assert_nothing_left()


@claim()
def power_states_do_not_reach_the_device_by_default(env, host):
    fn = host.add(standard())
    with Machine(env, host) as m:
        guest = m.attach(fn)
        guest.write(0x44, 2, 3)
        equal(guest.read(0x44, 2) & 3, 3, 'for the guest')
        equal(host.config_value(fn, 0x44, 2) & 3, 0, 'in hardware')
        guest.write(0x44, 2, 0)
        equal(guest.read(0x44, 2) & 3, 0, 'back')


@claim(stock='no such property')
def real_power_lets_power_states_reach_the_device(env, host):
    fn = host.add(standard())
    with Machine(env, host) as m:
        guest = m.attach(fn, **{'real-power': True})
        guest.write(0x44, 2, 3)
        equal(host.config_value(fn, 0x44, 2) & 3, 3, 'in hardware')
        guest.write(0x44, 2, 0)
        equal(host.config_value(fn, 0x44, 2) & 3, 0, 'back')


@claim()
def function_level_reset_is_hidden_by_default(env, host):
    fn = host.add(standard())
    with Machine(env, host) as m:
        guest = m.attach(fn).bring_up()
        cap = guest.capability(CAP_EXPRESS)
        equal(guest.read(cap + 2, 2) >> 4 & 15, 0, 'Device/Port Type')
        equal(guest.read(cap + 4, 4) & 1 << 28, 0, 'DevCap: FLR')
        m.mark()
        guest.write(cap + 8, 2, 0x8000)
        check(not [c for c in m.log() if c.file == 'reset'], 'was reset')
        equal(host.config_value(fn, cap + 8, 2) & 0x8000, 0, 'in hardware')


@claim(stock='no such property')
def allow_reset_resets_the_function_for_the_guest(env, host):
    fn = host.add(standard())
    with Machine(env, host) as m:
        guest = m.attach(fn, **{'allow-reset': True}).bring_up()
        guest.msix_setup(4)
        cap = guest.capability(CAP_EXPRESS)
        check(guest.read(cap + 4, 4) & 1 << 28, 'DevCap: FLR not offered')
        m.mark()
        guest.write(cap + 8, 2, 0x8000 | guest.read(cap + 8, 2))
        m.advance(200)
        log = m.log()
        resets = [c for c in log if c.file == 'reset' and c.op == 'write' or
                  c.file == 'reset' and c.op == 'pwrite']
        count(resets, 1, 'resets')
        before = [c for c in log if c.seq < resets[0].seq]
        check([c for c in before if c.op == 'xc_domain_unbind_msi_irq'],
              'interrupts were still bound: %s' % before)
        equal(m.state().pages, [], 'mapped after the reset')
        guest.bring_up()
        guest.msix_setup(2)
        equal(len([p for p in m.state().pirqs if p.kind == 'msix']), 2,
              'works again')


def slow_to_reset(m, fn, milliseconds):
    """The guest's function, and where its PCI Express capability is."""
    guest = m.attach(fn, **{'allow-reset': True}).bring_up()
    for op in ('write:reset', 'pwrite:reset'):
        m.fx('delay %s 1 %d' % (op, milliseconds))
    return guest, guest.capability(CAP_EXPRESS)


@claim(stock='no such property')
def a_slow_reset_does_not_hold_the_main_loop(env, host):
    fn = host.add(standard())
    with Machine(env, host) as m:
        guest, cap = slow_to_reset(m, fn, 1500)
        start = time.monotonic()
        guest.write(cap + 8, 2, 0x8000)
        m.qmp('query-status')
        value = guest.read(0, 4)
        check(time.monotonic() - start < 1, 'the main loop was held')
        equal(value, 0xffffffff, 'while it is reset')
        m.advance(1800)
        equal(guest.read(0, 4), 0x15728086, 'afterwards')


@claim(stock='no such property')
def a_device_that_leaves_during_its_reset_leaves_in_order(env, host):
    fn = host.add(standard())
    with Machine(env, host) as m:
        guest, cap = slow_to_reset(m, fn, 700)
        guest.write(cap + 8, 2, 0x8000)
        m.device_del(fn)
        m.eject(guest.slot)
        m.wait_gone(fn, timeout=5)
        m.advance(1000)
        m.assert_nothing_left()
        m.attach(fn).bring_up()


@claim(stock='no such property')
def a_guest_that_dies_in_a_reset_leaves_its_device_quiet(env, host):
    """The kernel puts the registers back as the reset ends."""
    fn = host.add(standard())
    with Machine(env, host) as m:
        guest, cap = slow_to_reset(m, fn, 700)
        m.mark()
        guest.write(cap + 8, 2, 0x8000)
        m.fx('domain shutdown 3')
        m.fx('xs-fire @releaseDomain')
        m.advance(1000)
        log = m.log()
        reset = [c for c in log if c.file == 'reset' and 'write' in c.op]
        count(reset, 1, 'resets')
        check([c for c in log.config_writes(fn.bdf) if c.seq > reset[0].seq],
              'nothing is written after the reset: %s' % list(log))


@claim()
def no_reset_is_offered_without_a_method(env, host):
    fn = standard(has_reset=False)
    host.add(fn)
    options = {} if env.stock else {'allow-reset': True}
    with Machine(env, host) as m:
        guest = m.attach(fn, **options)
        cap = guest.capability(CAP_EXPRESS)
        equal(guest.read(cap + 4, 4) & 1 << 28, 0, 'DevCap: FLR')


@claim()
def q35_hot_plugs_below_a_root_port(env, host):
    fn = host.add(standard())
    args = ['-device', 'pcie-root-port,id=rp,chassis=1,slot=1,addr=3']
    with Machine(env, host, machine='q35', args=args) as m:
        bridge = GuestFunction(m, 0, 0, 0)
        bridge.write(0x64, 4, 0)
        bridge.write(0x60, 4, ECAM | 1)
        port = GuestFunction(m, 0, 3, 0)
        port.write(0x18, 4, 0x00010100)         # buses 0, 1, 1
        port.write(0x20, 4, 0xe0f0e000)         # memory window
        port.write(0x1c, 2, 0xe0d0)             # I/O window
        port.write(0x04, 2, 7)
        m.device_add(fn, bus='rp', addr='0')
        m.grant(fn)
        m.assign(fn)
        m.advance(50)
        guest = m.guest_function(fn)
        guest.bus = 1
        equal(guest.ecam_read(0, 4), 0x15728086, 'ids by ECAM')
        express = guest.capability(CAP_EXPRESS)
        equal(guest.read(express + 2, 2) >> 4 & 15, 0, 'Device/Port Type')
        guest.set_command(0)
        guest.place_bars(port=0xd000)
        guest.set_command(CMD_MEM)
        equal(len(m.state().pages), 3, 'mapped ranges')


NO_ACPI = ['-global', 'ICH9-LPC.acpi-pci-hotplug-with-bridge-support=off']


@claim(stock='the domain is gone, and the guest is asked all the same')
def q35_detaches_by_its_ports_own_rules(env, host):
    fn = host.add(standard())
    args = NO_ACPI + ['-device', 'pcie-root-port,id=rp,chassis=1,slot=1,'
                      'addr=3']
    with Machine(env, host, machine='q35', args=args) as m:
        port = GuestFunction(m, 0, 3, 0)
        m.device_add(fn, bus='rp', addr='0')
        m.grant(fn)
        m.assign(fn)
        control = port.capability(CAP_EXPRESS) + 0x18
        port.write(control, 2, 0x0200)          # power indicator: blinking
        try:
            m.device_del(fn)
        except QmpError as error:
            check('busy' in str(error), str(error))
        else:
            raise AssertionError('a busy slot takes a request')
        m.fx('domain dying')
        m.fx('xs-fire @releaseDomain')
        m.advance(50)
        m.device_del(fn)
        m.wait_gone(fn, timeout=3)
        m.assert_nothing_left()


@claim()
def a_bus_without_hot_plug_keeps_what_the_toolstack_drops(env, host):
    fn = host.add(standard())
    args = NO_ACPI + ['-device', 'xen-pci-passthrough,id=%s,hostaddr=%s,'
                      'addr=5' % ('pci-pt-03_00.0', fn.bdf)]
    key = '/libxl/pci/0000-03-00-0/domid'
    with Machine(env, host, machine='q35', args=args) as m:
        m.fx('xs-write %s 7' % key)
        m.advance(50)
        m.fx('xs-rm ' + key)
        m.advance(100)
        equal(GuestFunction(m, 0, 5, 0).read(0, 4), 0x15728086, 'ids')


@claim()
def what_device_add_says_goes_before_a_global(env, host):
    fn = host.add(standard())
    args = ['-global', 'xen-pci-passthrough.hostaddr=0000:7f:00.0']
    with Machine(env, host, args=args) as m:
        equal(m.attach(fn).read(0, 4), 0x15728086, 'ids')


# What can be asked of a running device

def status(m, fn):
    path = '/machine/peripheral/' + m.qdev_id(fn)
    return json.loads(m.qmp('qom-get', path=path, property='xen-pt-status'))


@claim(stock='no such property')
def status_is_json_and_names_the_host_device(env, host):
    fn = host.add(standard())
    with Machine(env, host) as m:
        guest = m.attach(fn).bring_up()
        guest.msix_setup(3)
        text = json.dumps(status(m, fn))
        check(BDF in text, text)
        vectors = [p.pirq for p in m.state().pirqs if p.kind == 'msix']
        for pirq in vectors:
            check(str(pirq) in text, 'pirq %d not in %s' % (pirq, text))


@claim(stock='no such property')
def status_tells_a_pending_mapping_from_a_mapped_one(env, host):
    fn = host.add(standard())
    with Machine(env, host) as m:
        guest = m.attach(fn, grant=False)
        guest.set_command(0)
        guest.place_bars()
        guest.set_command(CMD_MEM)
        pending = json.dumps(status(m, fn))
        check('pending' in pending.lower(), pending)
        m.grant(fn)
        m.advance(300)
        mapped = json.dumps(status(m, fn))
        check('pending' not in [w.strip('" ,:{}[]') for w in
                                mapped.lower().split()] and
              'mapped' in mapped, mapped)


@claim(stock='no such property')
def asking_changes_nothing_and_costs_no_call(env, host):
    fn = host.add(standard())
    with Machine(env, host) as m:
        guest = m.attach(fn).bring_up()
        guest.msix_setup(3)
        before = m.state()
        m.mark()
        for _ in range(5):
            status(m, fn)
        count(m.log().hypercalls(), 0, 'asking')
        count(m.log().config_writes(), 0, 'asking')
        equal(m.state(), before, 'state')


@claim(stock='no such property')
def lspci_decodes_the_guests_view_without_complaint(env, host):
    if shutil.which('lspci') is None:
        raise AssertionError('lspci is not installed: apt install pciutils')
    fn = host.add(standard())
    with Machine(env, host) as m:
        guest = m.attach(fn).bring_up()
        text = m.qmp('qom-get', path='/machine/peripheral/' + m.qdev_id(fn),
                     property='xen-pt-config')
        dump = os.path.join(env.tmp, 'dump')
        with open(dump, 'w') as out:
            out.write(text)
        done = subprocess.run(['lspci', '-F', dump, '-vvv', '-n'],
                              capture_output=True, text=True, check=True)
        for word in ('MSI-X', 'Express', 'Power Management'):
            check(word in done.stdout, 'no %s in %s' % (word, done.stdout))
        # No modules directory is no fault of the device's.
        said = [li for li in done.stderr.splitlines() if 'kmod' not in li]
        check(not said, repr(said))
        for bad in ('<chain', '<access denied', '<unreadable', '!!!'):
            check(bad not in done.stdout, done.stdout)
        first = [int(x, 16) for x in next(
            li for li in text.splitlines()
            if li.startswith('00: ')).split()[1:]]
        equal(bytes(first), guest.view()[:16], 'the first line')


@claim(stock='no such property')
def a_rules_file_gives_options_and_is_checked(env, host):
    fn = host.add(with_vendor())
    with Machine(env, host) as m:
        missing = os.path.join(env.tmp, 'no-such-file')
        try:
            m.device_add(fn, **{'rules-file': missing})
        except QmpError as error:
            check(missing in str(error), str(error))
        else:
            raise AssertionError('a rules file that is not there was taken')
        m.assert_nothing_left()
        rules = os.path.join(env.tmp, 'rules')
        with open(rules, 'w') as out:
            out.write('[8086:1572]\nallow = c8.w\n')
        guest = m.attach(fn, **{'rules-file': rules})
        guest.write(0xc8, 2, 0x1234)
        equal(host.config_value(fn, 0xc8, 2), 0x1234, 'in hardware')
        m.detach(fn)
        for text in ('[8086:1572]\nallow = zz\n', '[zz]\n', 'zz\n',
                     '[default]\ncolour = red\n',
                     '[default]\npermissive = perhaps\n'):
            with open(rules, 'w') as out:
                out.write(text)
            try:
                m.device_add(fn, **{'rules-file': rules})
            except QmpError as error:
                check(rules in str(error) and '\n' not in str(error),
                      '%r: %s' % (text, error))
            else:
                raise AssertionError('%r was taken' % text)
            m.assert_nothing_left()
