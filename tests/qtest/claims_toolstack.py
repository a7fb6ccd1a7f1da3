# SPDX-License-Identifier: GPL-2.0-or-later
"""libxl and XAPI, word for word and in their order."""

import signal

from xenpt.claim import check, claim, equal
from xenpt.guest import CMD_INTX_DISABLE, CMD_IO, CMD_MEM, GuestFunction
from xenpt.host import Function, plain, standard
from xenpt.machine import Machine, QmpError
from xenpt.toolstack import Libxl, LibxlError, Xapi

VERSIONS = ('4.17', '4.20', '4.23')


def number(version):
    major, minor = version.split('.')
    return int(major) * 100 + int(minor)


@claim(stock='since 4.18 xl complains: it was first to unmap the line')
def libxl_attaches_uses_and_detaches(env, host):
    for version in VERSIONS:
        host.clear()
        fn = host.add(standard())
        with Machine(env, host, xen_version=version) as m:
            m.enable_acpi_hotplug()
            xl = Libxl(m, number(version))
            devfn = xl.pci_add(fn)
            guest = m.guest_function(fn)
            equal(guest.slot, devfn >> 3, 'slot')
            guest.bring_up()
            guest.msix_setup(4)
            equal(len([p for p in m.state().pirqs if p.kind == 'msix' and
                       p.bound]), 4, 'vectors')
            xl.pci_remove(fn, guest=lambda: m.eject(guest.slot), timeout=3)
            m.assert_nothing_left(version)
            equal(xl.complaints, [], 'what xl prints on ' + version)
            equal(guest.read(0, 4), 0xffffffff, 'an empty slot')


@claim()
def libxl_attaches_into_a_chosen_slot(env, host):
    fn = host.add(standard())
    other = host.add(plain())
    with Machine(env, host) as m:
        xl = Libxl(m)
        equal(xl.pci_add(fn, vslot=0x1f) >> 3, 0x1f, 'slot')
        equal(xl.pci_add(other, vslot=5, permissive=True) >> 3, 5, 'slot')
        equal(m.guest_function(fn).read(0, 4), 0x15728086, 'ids')


@claim()
def libxl_is_told_why_an_attach_fails_in_one_line(env, host):
    fn = standard()
    fn.overrides['resource'] = None
    host.add(fn)
    with Machine(env, host) as m:
        xl = Libxl(m)
        try:
            xl.pci_add(fn)
        except QmpError as error:
            check('resource' in str(error) and '\n' not in str(error),
                  str(error))
        else:
            raise AssertionError('attached')
        m.assert_nothing_left()


@claim(stock='the mapping that was refused is never tried again')
def a_guest_that_is_quicker_than_libxl_gets_its_bars(env, host):
    """Decoding goes on between device_add and the grants."""
    fn = host.add(standard())
    with Machine(env, host) as m:
        xl = Libxl(m)
        original = m.grant

        def quick(function, allow=1):
            guest = m.guest_function(function)
            guest.set_command(0)
            guest.place_bars()
            guest.set_command(CMD_IO | CMD_MEM)
            m.advance(150)
            original(function, allow)
        m.grant = quick
        xl.pci_add(fn)
        m.advance(300)
        equal(len(m.state().pages), 3, 'mapped ranges')
        m.tolerate_anomalies()


@claim(stock='the ghost stays: "Duplicate device ID" next time')
def a_failed_attach_of_libxl_leaves_no_ghost(env, host):
    fn = host.add(standard())
    with Machine(env, host) as m:
        xl = Libxl(m)
        handles = m.state().handles
        for _ in range(2):
            try:
                xl.pci_add(fn, fail_after='device_add')
            except LibxlError:
                pass
            m.wait_gone(fn, timeout=2)
            m.assert_nothing_left()
        equal(m.state().handles, handles, 'handles of Xen')
        xl.pci_add(fn)
        m.guest_function(fn).bring_up()
        equal(len(m.state().pages), 3, 'mapped ranges')


@claim(stock='stays for ever: libxl has forgotten it')
def a_forced_detach_is_noticed_by_its_key(env, host):
    for version in VERSIONS:
        host.clear()
        fn = host.add(standard())
        rights = {}
        with Machine(env, host, xen_version=version) as m:
            m.enable_acpi_hotplug()
            xl = Libxl(m, number(version))
            xl.pci_add(fn)
            guest = m.guest_function(fn).bring_up()
            guest.msix_setup(2)
            xl.pci_remove(fn, force=True, timeout=0.3)
            m.wait_gone(fn, timeout=2)
            equal(m.open_files(), [], 'open files')
            # Without the right, Xen refuses to unmap: pages until 4.22,
            # ports since 4.23.
            m.assert_nothing_left(version)
            for call in m.log(since=0).of('xc_domain_iomem_permission',
                                          'xc_domain_ioport_permission'):
                first = call.args.get('mfn', call.args.get('port'))
                rights[call.op, first] = call.number('allow')
            check(not any(rights.values()), 'rights: %s' % rights)
            # A line that was bound when libxl unmapped it is lost to Xen.
            if number(version) < 418:
                xl.pci_add(fn)


def two_on_a_line(host):
    host.clear()
    first = host.add(plain('0000:04:00.0', irq=19))
    second = Function('0000:05:00.0', irq=19)
    second.add_bar(0, 0x1000, 0xf3000000)
    return first, host.add(second)


def lines(m):
    return [(p.entry, p.bound) for p in m.state().pirqs]


@claim(stock='the other gets no interrupt any more')
def libxl_unmaps_a_line_and_the_others_on_it_keep_theirs(env, host):
    for version in VERSIONS:
        first, second = two_on_a_line(host)
        with Machine(env, host, xen_version=version) as m:
            m.enable_acpi_hotplug()
            xl = Libxl(m, number(version))
            xl.pci_add(first)
            xl.pci_add(second)
            stays = m.guest_function(second)
            stays.set_command(CMD_MEM)
            for _ in range(2):
                slot = m.guest_function(first).slot
                xl.pci_remove(first, guest=lambda: m.eject(slot), timeout=3)
                m.advance(100)
                equal(lines(m), [(19, True)], 'lines on ' + version)
                calls = [c for c in m.log(since=0).of(
                    'xc_domain_bind_pt_pci_irq', 'xc_domain_unbind_pt_irq')
                    if c.number('device') == stays.slot]
                equal(calls[-1].op, 'xc_domain_bind_pt_pci_irq', 'last')
                equal(host.config_value(second, 4, 2) & CMD_INTX_DISABLE, 0,
                      'INTx disable')
                xl.pci_add(first)
            for fn in (first, second):
                slot = m.guest_function(fn).slot
                xl.pci_remove(fn, guest=lambda: m.eject(slot), timeout=3)
            m.assert_nothing_left(version)
            equal(xl.complaints, [], 'what xl prints on ' + version)


@claim(stock='not a word')
def a_line_that_a_forced_detach_has_taken_is_told(env, host):
    """Nothing is left to do then: Xen refuses whatever there is."""
    first, second = two_on_a_line(host)
    with Machine(env, host, xen_version='4.20') as m:
        m.enable_acpi_hotplug()
        xl = Libxl(m, 420)
        xl.pci_add(first)
        xl.pci_add(second)
        xl.pci_remove(first, force=True, timeout=0.3)
        m.wait_gone(first, timeout=2)
        equal(lines(m), [], 'lines')
        sentence = ('%s: the toolstack has unmapped its interrupt line, GSI '
                    '19, together with that of %s, and' %
                    (second.bdf, first.bdf))
        equal(m.stderr_text().count(sentence), 1, 'sentences')


@claim(stock='ten seconds: it asks a guest that cannot answer')
def detaching_from_a_guest_that_shut_down_takes_under_a_second(env, host):
    fns = [host.add(standard('0000:0%d:00.0' % i, base=0xf0000000 +
                             0x100000 * i, port=0xc000 + 0x100 * i))
           for i in range(1, 4)]
    with Machine(env, host) as m:
        m.enable_acpi_hotplug()
        xl = Libxl(m)
        for i, fn in enumerate(fns):
            xl.pci_add(fn)
            m.guest_function(fn).bring_up(base=0xe0000000 + 0x1000000 * i,
                                          port=0xd000 + 0x100 * i)
        m.fx('domain shutdown 0')
        m.fx('xs-fire @releaseDomain')
        total = sum(xl.pci_remove(fn, force=True, timeout=3) for fn in fns)
        check(total < 1, '%.1f s for three devices' % total)
        m.assert_nothing_left()
        m.process.send_signal(signal.SIGHUP)
        m.process.wait(5)


@claim()
def a_detach_the_guest_ignores_can_be_finished_later(env, host):
    fn = host.add(standard())
    with Machine(env, host) as m:
        m.enable_acpi_hotplug()
        xl = Libxl(m)
        xl.pci_add(fn)
        guest = m.guest_function(fn).bring_up()
        try:
            xl.pci_remove(fn, timeout=0.3)
        except LibxlError:
            pass
        else:
            raise AssertionError('gone without the guest')
        guest.msix_setup(1)         # the device is still the guest's
        check(any(p.bound for p in m.state().pirqs), 'interrupts')
        try:
            m.advance(50)
            xl.pci_remove(fn, guest=lambda: m.eject(guest.slot), timeout=3)
        except QmpError as error:
            # QEMU before 8.1 knows no second device_del while one is open.
            check('already in the process' in str(error), str(error))
            m.eject(guest.slot)
            m.wait_gone(fn)
        m.assert_nothing_left()


@claim()
def xapi_grants_first_and_plugs_then(env, host):
    fn = host.add(standard())
    other = host.add(plain(irq=20))
    with Machine(env, host) as m:
        xapi = Xapi(m)
        xapi.plug(fn, slot=8).bring_up()
        xapi.plug(other, slot=9).bring_up(base=0xe4000000)
        equal(len(m.state().pages), 4, 'mapped ranges')
        # No key in xenstore: its absence must not look like a detach.
        m.fx('xs-write /libxl/pci/0000-09-00-0/domid 3')
        m.fx('xs-rm /libxl/pci/0000-09-00-0/domid')
        m.advance(500)
        check(m.query_slot(m.qdev_id(fn)), 'removed')


@claim()
def another_domains_key_is_no_business_of_ours(env, host):
    fn = host.add(standard())
    with Machine(env, host) as m:
        Xapi(m).plug(fn).bring_up()
        key = Libxl.key(fn)
        m.fx('xs-write %s 9' % key)
        m.fx('xs-rm %s' % key)
        m.advance(500)
        check(m.query_slot(m.qdev_id(fn)), 'removed')


@claim()
def query_pci_shows_every_member_that_libxl_needs(env, host):
    fn = host.add(standard())
    with Machine(env, host) as m:
        m.attach(fn)
        for bus in m.qmp('query-pci'):
            for device in bus['devices']:
                for member, kind in (('qdev_id', str), ('slot', int),
                                     ('function', int)):
                    check(isinstance(device[member], kind),
                          '%s of %s' % (member, device))
        ids = [d['id'] for b in m.qmp('query-pci') for d in b['devices']
               if d['qdev_id'] == m.qdev_id(fn)]
        equal((ids[0]['vendor'], ids[0]['device']), (0x8086, 0x1572), 'ids')
        check(GuestFunction(m, 0, 0, 0).read(0, 4) != 0xffffffff, 'bridge')
