# SPDX-License-Identifier: GPL-2.0-or-later
"""One claim for each advisory that touches this code or its contract."""

import os
import random
import signal

from xenpt import policy
from xenpt.claim import check, claim, count, equal
from xenpt.guest import CMD_IO, CMD_MASTER, CMD_MEM, msi_address
from xenpt.host import Function, standard
from xenpt.machine import Machine

BDF = '0000:03:00.0'


def ready(m, fn):
    return m.attach(fn).bring_up()


@claim()
def xsa_120_no_write_turns_decoding_off_in_hardware(env, host):
    fn = host.add(standard())
    with Machine(env, host) as m:
        guest = ready(m, fn)
        rng = random.Random(120)
        for _ in range(400):
            off, size = rng.choice(((2, 2), (4, 1), (5, 1), (4, 2), (4, 4),
                                    (0, 4), (6, 2)))
            guest.write(off, size, rng.getrandbits(8 * size))
            equal(host.config_value(fn, 4, 2) & 3, 3, 'decoding')


@claim()
def xsa_124_no_write_reaches_an_undeclared_byte(env, host):
    fn = standard()
    for off in range(0xc0, 0x100):
        fn.put(off, 1, 0x5a, wmask=0xff)
    host.add(fn)
    with Machine(env, host) as m:
        guest = ready(m, fn)
        m.mark()
        for size in (1, 2, 4):
            for off in range(0xc0, 0x100, size):
                guest.write(off, size, (1 << 8 * size) - 1)
        count(m.log().config_writes(), 0, 'writes')
        equal(host.config(fn)[0xc0:0x100], b'\x5a' * 64, 'bytes')


@claim()
def xsa_126_decoding_is_the_guests_own(env, host):
    fn = host.add(standard())
    with Machine(env, host) as m:
        guest = ready(m, fn)
        for size in (1, 2, 4):
            guest.set_command(CMD_IO | CMD_MEM)
            check(m.state().pages, 'not mapped')
            guest.write(4, size, 0)
            m.advance(400)
            equal(m.state().pages, [], 'mapped with decoding off')
            equal(host.config_value(fn, 4, 2) & 3, 3, 'in hardware')


@claim()
def xsa_128_msi_address_and_data_never_reach_hardware(env, host):
    fn = host.add(standard())
    with Machine(env, host) as m:
        guest = ready(m, fn)
        m.mark()
        for size in (1, 2, 4):
            for off in range(0x4c, 0x70, size):
                for value in (0xffffffff, 0x12345678, 0):
                    guest.write(off, size, value & (1 << 8 * size) - 1)
        guest.write(4, 4, 0xffffffff)
        guest.write(4, 4, 0x00000007)
        for call in m.log().config_writes():
            off, size = call.number('off'), call.number('len')
            check(off + size <= 0x54 or off >= 0x68,
                  'MSI registers written: %r' % call)
        equal(host.config(fn)[0x54:0x60], bytes(12), 'address and data')
        m.tolerate_anomalies()


@claim(stock='the flag can be written, and the checks believe it')
def xsa_129_msi_mask_bits_never_reach_hardware(env, host):
    fn = host.add(standard())
    with Machine(env, host) as m:
        guest = ready(m, fn)
        flags = guest.read(0x52, 2)
        guest.write(0x52, 2, flags ^ 0x0100)
        equal(guest.read(0x52, 2) & 0x0100, flags & 0x0100, 'mask flag')
        m.mark()
        guest.write(0x60, 4, 0xffffffff)
        guest.write(0x60, 1, 0xff)
        count(m.log().config_writes(), 0, 'writes')
        equal(host.config_value(fn, 0x60, 4), 0, 'mask bits')


@claim(stock='one line for each: the disk of dom0 fills')
def xsa_130_no_guest_access_floods_the_log(env, host):
    fn = host.add(standard())
    with Machine(env, host) as m:
        guest = ready(m, fn)
        m.fx('pirqs 17')
        before = len(m.stderr_lines())
        m.fx('iomem 0 0xf0000 0x100')
        for i in range(150):
            guest.msix_setup(2)
            guest.msix_control(False)
            guest.msi_enable()
            guest.msi_enable(False)
            guest.write(0xf0, 4, i)
            guest.write(0x08, 4, i)
            guest.set_command(0)
            guest.write_bar(2, 0xe8000000 + (i & 1) * 0x100000)
            guest.set_command(CMD_IO | CMD_MEM)
            m.mem_read(guest.bar_address(2), 4)
            m.mem_write(guest.bar_address(2), 4, i)
            m.mem_write(guest.bar_address(0, 0x2404), 4, i)
        lines = len(m.stderr_lines()) - before
        check(lines <= 40, '%d lines in 150 rounds' % lines)
        m.tolerate_anomalies()


@claim()
def xsa_131_strict_lets_only_documented_bits_through(env, host):
    fn = standard()
    fn.add_vendor(0xc0, 0x10)
    host.add(fn)
    with Machine(env, host) as m:
        guest = ready(m, fn)
        m.mark()
        for off in range(0x40, 0x100):
            for value in (0xff, 0x00, 0xaa):
                guest.write(off, 1, value)
        bad = policy.violations(m.log().config_writes())
        check(not bad, '; '.join(bad[:5]))
        equal(host.config_value(fn, 0x44, 2) & 3, 0, 'power state')
        m.tolerate_anomalies()


@claim()
def xsa_164_accesses_past_the_msix_table_are_bounded(env, host):
    for vectors in (1, 3, 64, 255):
        host.clear()
        fn = Function()
        fn.add_bar(0, 0x8000, 0xf0000000)
        fn.add_msix(0x70, vectors, 0, 0x2000, 0, 0x6000)
        host.add(fn)
        with Machine(env, host) as m:
            guest = ready(m, fn)
            for entry in (vectors - 1, vectors, vectors + 1, 255):
                at = guest.msix_entry_address(entry)
                for word in range(0, 16, 4):
                    m.mem_write(at + word, 4, 0xffffffff)
                    m.mem_read(at + word, 4)
            check(m.alive(), 'QEMU has gone')
            m.tolerate_anomalies()


@claim()
def xsa_199_ports_at_the_end_of_the_space_are_bounded(env, host):
    fn = host.add(standard())
    with Machine(env, host) as m:
        guest = ready(m, fn)
        guest.write_bar(4, 0xffe0)
        m.advance(200)
        host.bar_write(fn, 4, 0, b'\x11' * 32)
        for size in (1, 2, 4):
            m.inp(0xffff, size)
            m.outp(0xffff, size, 0xffffffff >> 32 - 8 * size)
        check(m.alive(), 'QEMU has gone')
        equal(host.bar_read(fn, 4, 0, 64)[:31], b'\x11' * 31, 'ports before')
        equal(os.path.getsize(host.path(fn, 'resource4')), 32, 'ports')


def mapped(m):
    """Without the question that asks Xen of no device what it can do."""
    return [c for c in m.log().of('xc_physdev_map_pirq_msi',
                                  'PHYSDEVOP_map_pirq')
            if c.args['dev'] == BDF]


@claim()
def xsa_237_msi_is_mapped_for_an_owned_device_and_once(env, host):
    fn = host.add(standard())
    with Machine(env, host) as m:
        m.device_add(fn)
        count(mapped(m), 0, 'before the device is assigned')
        m.grant(fn)
        m.assign(fn)
        guest = m.guest_function(fn).bring_up()
        guest.msi_program(msi_address(), 0x41)
        for _ in range(5):
            guest.msi_enable()
        m.advance(20)
        count(mapped(m), 1, 'maps')


@claim(stock='killed as it stands: all of it is left to Xen')
def xsa_360_every_pirq_is_unmapped_once_when_the_process_ends(env, host):
    fn = host.add(standard())
    with Machine(env, host) as m:
        guest = ready(m, fn)
        guest.msix_setup(8)
        m.process.send_signal(signal.SIGHUP)
        m.process.wait(10)
        log = m.log(0)
        for made, undone in (('xc_physdev_map_pirq_msi',
                              'xc_physdev_unmap_pirq'),
                             ('xc_domain_update_msi_irq',
                              'xc_domain_unbind_msi_irq')):
            done = {c.number('pirq') for c in log.of(made) if c.ok}
            gone = [c.number('pirq') for c in log.of(undone)
                    if c.number('pirq') in done]
            equal(sorted(gone), sorted(done), undone)


@claim(stock='mapped, with the neighbour')
def xsa_461_a_page_shared_with_another_owner_is_not_mapped(env, host):
    # (driver of the neighbour, domain that libxl says has it)
    for driver, owner in (('e1000e', None), ('pciback', '8')):
        host.clear()
        other = Function('0000:05:00.0', driver=driver)
        other.add_bar(0, 256, 0xf0000f00)
        fn = Function(BDF)
        fn.add_bar(0, 256, 0xf0000000)
        host.add(other)
        host.add(fn)
        with Machine(env, host) as m:
            if owner:
                m.fx('xs-write /libxl/pci/0000-05-00-0/domid ' + owner)
            guest = m.attach(fn)
            guest.set_command(0)
            guest.write_bar(0, 0xe0000000)
            guest.set_command(CMD_MEM)
            equal(m.state().pages, [], 'mapped (neighbour: %s)' % driver)
            check('0000:05:00.0' in m.stderr_text(), m.stderr_text())


@claim()
def xsa_476_the_device_model_unmaps_by_itself(env, host):
    fn = Function(BDF)
    fn.add_bar(0, 1 << 33, 0x4000000000, wide=True, prefetch=True)
    host.add(fn)
    with Machine(env, host) as m:
        guest = m.attach(fn)
        guest.set_command(0)
        guest.place_bars()
        guest.set_command(CMD_MEM)
        equal(sum(p.nr for p in m.state().pages), 1 << 21, 'pages')
        m.detach(fn)
        m.assert_nothing_left()


@claim(stock='binds')
def xsa_509_nothing_is_bound_once_the_domain_is_dying(env, host):
    fn = host.add(standard())
    with Machine(env, host) as m:
        guest = ready(m, fn)
        guest.msix_setup(2)
        guest.capability(0x05)      # looked up while it still answers
        m.fx('domain dying')
        m.fx('xs-fire @releaseDomain')
        m.advance(100)
        m.mark()
        for i in range(5):
            guest.msix_move(1, 1, 0x80 + i)
            guest.msix_control(False)
            guest.msix_control(True)
            guest.msi_enable()
            guest.msi_enable(False)
        m.advance(50)
        made = m.log().of('xc_domain_update_msi_irq',
                          'xc_physdev_map_pirq_msi', 'PHYSDEVOP_map_pirq',
                          'xc_domain_bind_pt_pci_irq')
        count(made, 0, 'calls')


@claim()
def xsa_510_ports_are_mapped_in_range_and_apart(env, host):
    fn = Function(BDF)
    fn.add_bar(0, 32, 0xc000, io=True)
    fn.add_bar(1, 64, 0xc100, io=True)
    host.add(fn)
    rng = random.Random(510)
    with Machine(env, host) as m:
        guest = m.attach(fn)
        for _ in range(120):
            for index in (0, 1):
                guest.write(0x10 + 4 * index, 4, rng.choice(
                    (0xffffffff, 0xffe0, 0xffc0, 0x10000, 0, 0xd000, 0xd020,
                     0x20, 0x80000000, rng.getrandbits(32))))
            guest.set_command(CMD_IO if rng.random() < 0.8 else 0)
            ports = m.state().ports
            for port in ports:
                check(0 < port.gport and port.gport + port.nr <= 0x10000,
                      'out of range: %s' % (port,))
            for a in ports:
                for b in ports:
                    check(a == b or a.gport + a.nr <= b.gport or
                          b.gport + b.nr <= a.gport, '%s over %s' % (a, b))
        for call in m.log().of('xc_domain_ioport_mapping'):
            check(call.ok, repr(call))


@claim()
def xsa_154_no_machine_page_is_mapped_at_two_places(env, host):
    fn = host.add(standard())
    rng = random.Random(154)
    with Machine(env, host) as m:
        guest = ready(m, fn)
        for _ in range(40):
            guest.write_bar(rng.choice((0, 2)), 0xe0000000 +
                            0x4000 * rng.randrange(16) & ~0xffff)
            guest.set_command(rng.choice((0, CMD_MEM | CMD_MASTER)))
            seen = set()
            for page in m.state().pages:
                for mfn in range(page.mfn, page.mfn + page.nr):
                    check(mfn not in seen, 'mfn %#x twice' % mfn)
                    seen.add(mfn)


@claim()
def xsa_59_memory_that_the_guest_reaches_is_decoded(env, host):
    """A function that ignores an access raises SERR on such chipsets."""
    fn = host.add(standard())
    rng = random.Random(59)
    with Machine(env, host) as m:
        guest = ready(m, fn)
        for _ in range(60):
            guest.write(4, 2, rng.getrandbits(16))
            guest.write_bar(rng.choice((0, 2)), rng.choice(
                (0xe0000000, 0xe0100000, 0xffffffff, 0)))
            m.advance(rng.choice((0, 150)))
            if m.state().pages:
                equal(host.config_value(fn, 4, 2) & CMD_MEM, CMD_MEM,
                      'decoding while pages are mapped')


@claim()
def xsa_337_nothing_writes_what_xen_reads_back_from_the_device(env, host):
    """Messages, in configuration space and in the MSI-X table."""
    fn = host.add(standard())
    with Machine(env, host) as m:
        m.tolerate_anomalies()
        host.bar_write(fn, 0, 0x2000, b'\x5a' * 0x80)
        guest = ready(m, fn)
        m.mark()
        for vector in range(4):
            guest.msi_program(msi_address(vector), 0x41 + vector)
            guest.msi_enable()
            guest.write(0x60, 4, vector)
            guest.msi_enable(False)
            guest.msix_setup(8)
            guest.msix_move(vector, 1, 0x70 + vector)
            guest.msix_mask(vector)
            guest.msix_control(False)
        m.detach(fn)
        for call in m.log().config_writes():
            off, size = call.number('off'), call.number('len')
            check(off + size <= 0x54 or off >= 0x68,
                  'MSI registers written: %r' % call)
        # The mask bits, the last of four words, the fake Xen has written.
        for entry in range(8):
            equal(host.bar_read(fn, 0, 0x2000 + 16 * entry, 12),
                  b'\x5a' * 12, 'entry %d in hardware' % entry)


@claim(stock='one vector, whatever Xen can')
def xsa_458_blocks_of_vectors_are_used_on_a_mended_xen_alone(env, host):
    """4.17.5, 4.18.3 and 4.19 have the fix."""
    for version, vectors in (('4.17.4', 1), ('4.17.5', 4), ('4.18.2', 1),
                             ('4.18.3', 4), ('4.20.0', 4), ('4.23.0', 4)):
        host.clear()
        fn = host.add(standard())
        with Machine(env, host, xen_version=version) as m:
            guest = ready(m, fn)
            offered = 1 << (guest.read(0x52, 2) >> 1 & 7)
            equal(offered, vectors, 'vectors on ' + version)


@claim(stock='bare numbers')
def xsa_482_each_operation_that_is_refused_is_named(env, host):
    """A stubdomain's privcmd, or a policy of XSM, may refuse any of them."""
    for call, words in (('xc_domain_memory_mapping', ' pages of '),
                        ('xc_domain_ioport_mapping', ' ports of '),
                        ('xc_physdev_map_pirq_msi', 'MSI')):
        host.clear()
        fn = host.add(standard())
        with Machine(env, host) as m:
            m.fx('fail %s 1 EACCES 9999' % call)
            guest = ready(m, fn)
            guest.msi_program(msi_address(), 0x41)
            guest.msi_enable()
            m.advance(200)
            text = m.stderr_text()
            check(BDF in text and words in text and 'ermission denied' in
                  text, '%s: %s' % (call, text))
            m.tolerate_anomalies()
