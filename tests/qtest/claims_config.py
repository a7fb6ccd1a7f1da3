# SPDX-License-Identifier: GPL-2.0-or-later
"""Configuration space: two faces, and no host access without a reason."""

import random

from xenpt import policy
from xenpt.claim import check, claim, count, equal
from xenpt.guest import (CAP_EXPRESS, CMD_IO, CMD_MASTER, CMD_MEM,
                         GuestFunction, ECAM)
from xenpt.host import Function, plain, standard
from xenpt.machine import Machine

BDF = '0000:03:00.0'


@claim(stock='one pread for each')
def virtual_and_static_reads_cost_no_host_access(env, host):
    fn = host.add(standard())
    with Machine(env, host) as m:
        guest = m.attach(fn).bring_up()
        m.mark()
        for off, size in ((0x00, 2), (0x00, 4), (0x02, 2), (0x08, 4),
                          (0x0c, 1), (0x10, 4), (0x18, 4), (0x2c, 4),
                          (0x34, 1), (0x3c, 1), (0x3d, 1), (0x40, 2),
                          (0x50, 4), (0x54, 4), (0x70, 4), (0x74, 4),
                          (0x80, 4), (0x84, 4), (0x04, 2)):
            guest.read(off, size)
        count(m.log().host(), 0, 'reads')


@claim()
def a_live_register_costs_one_host_access(env, host):
    fn = host.add(standard())
    with Machine(env, host) as m:
        guest = m.attach(fn).bring_up()
        m.mark()
        host.poke(fn, 0x8a, 2, 0x0020)
        equal(guest.read(0x8a, 2) & 0x20, 0x20, 'DevSta: pending')
        count(m.log().host(), 1, 'DevSta')


@claim(stock='one pread for each')
def a_write_of_a_virtual_register_costs_no_host_access(env, host):
    fn = host.add(standard())
    with Machine(env, host) as m:
        guest = m.attach(fn).bring_up()
        m.mark()
        guest.write(0x0d, 1, 0x40)
        guest.write(0x3c, 1, 0x0a)
        guest.write(0x54, 4, 0xfee00000)
        count(m.log().host(), 0, 'writes')
        equal(guest.read(0x3c, 1), 0x0a, 'interrupt line')


@claim(stock='more than 200')
def at_most_12_config_accesses_until_the_first_enable(env, host):
    fn = host.add(standard())
    with Machine(env, host) as m:
        m.mark()
        m.attach(fn).bring_up()
        accesses = m.log().config_accesses()
        check(len(accesses) <= 12, '%d accesses: %s' %
              (len(accesses), accesses))


@claim(stock='a hot-plugged device shows them until the guest writes')
def guest_never_reads_a_host_bar_address(env, host):
    fn = host.add(standard(base=0xf7300000, port=0xe060).add_rom(
        0x10000, 0xf7600000))
    with Machine(env, host) as m:
        guest = m.attach(fn)
        for stage in range(3):
            for off in range(0x10, 0x34, 4):
                value = guest.read(off, 4)
                check(value >> 16 != 0xf730 and value >> 16 != 0xf731 and
                      value >> 16 != 0xf760 and value & 0xffe0 != 0xe060,
                      'stage %d: %#x at %#x' % (stage, value, off))
            if stage == 0:
                guest.set_command(CMD_IO | CMD_MEM)
                state = m.state()
                equal((state.pages, state.ports), ([], []),
                      'mapped before the guest chose addresses')
                guest.set_command(0)
            else:
                guest.bring_up()


@claim()
def bar_sizes_are_those_of_the_host(env, host):
    fn = host.add(standard())
    with Machine(env, host) as m:
        guest = m.attach(fn)
        sizes = guest.size_bars()
        equal(sizes.get(0), 0xffffffffffffc004, 'BAR0')
        equal(sizes.get(2), 0xffff0000, 'BAR2')
        equal(sizes.get(4) & 0xffff, 0xffe1, 'BAR4')
        check(set(sizes) <= {0, 2, 4, 'rom'} and sizes['rom'] == 0,
              repr(sizes))


@claim()
def capability_list_has_pm_msi_msix_and_express(env, host):
    fn = host.add(standard())
    with Machine(env, host) as m:
        guest = m.attach(fn)
        equal([c for c, _ in guest.capabilities()], [1, 5, 0x11, 0x10],
              'capabilities')


@claim()
def an_unknown_capability_is_not_in_the_list(env, host):
    fn = standard()
    fn.add_unknown(0xc8, cap_id=0x0a)
    fn.add_vendor(0xd0, 0x10)
    host.add(fn)
    with Machine(env, host) as m:
        guest = m.attach(fn)
        ids = [c for c, _ in guest.capabilities()]
        check(0x0a not in ids and 0x09 in ids, repr(ids))


@claim(stock='only the first of two is known: the chain behind it is raw')
def a_second_vendor_capability_hides_nothing_and_shows_nothing(env, host):
    fn = standard()
    fn.add_vendor(0xc0, 0x10)
    fn.add_vendor(0xd0, 0x10)
    fn.add_unknown(0xe0, cap_id=0x0a)
    host.add(fn)
    with Machine(env, host) as m:
        guest = m.attach(fn)
        ids = [c for c, _ in guest.capabilities()]
        equal(ids, [1, 5, 0x11, 0x10, 9, 9], 'capabilities')


@claim(stock='realize never returns', only='ours')
def a_cyclic_capability_list_ends(env, host):
    fn = Function(BDF)
    fn.add_bar(0, 0x1000, 0xf0000000)
    fn.add_pm(0x40)
    fn.add_unknown(0x50, cap_id=0x0a)
    fn.config[0x51] = 0x40
    host.add(fn)
    with Machine(env, host) as m:
        guest = m.attach(fn)
        equal(guest.capabilities(), [(1, 0x40)], 'capabilities')


def write_at_random(guest, m, fn, seed, rounds, limit=0x100):
    """Random writes at any width and alignment that config cycles allow."""
    rng = random.Random(seed)
    interesting = (0, 0xff, 0xffff, 0xffffffff, 0x00100403, 0x0100, 0x8000)
    for _ in range(rounds):
        size = rng.choice((1, 2, 4))
        off = rng.randrange(0, limit // size) * size
        value = rng.choice(interesting + (rng.getrandbits(32),))
        guest.write(off, size, value & (1 << 8 * size) - 1)


@claim()
def no_guest_write_reaches_a_host_bit_outside_the_policy(env, host):
    fn = host.add(standard())
    with Machine(env, host) as m:
        guest = m.attach(fn).bring_up()
        # Command bits that the guest may change start as the host has them.
        m.mark()
        write_at_random(guest, m, fn, 1, 3000)
        bad = policy.violations(m.log().config_writes())
        check(not bad, '%d: %s' % (len(bad), '; '.join(bad[:5])))
        m.tolerate_anomalies()      # BARs and MSI at random: see claims_bar


@claim(stock='ids, next pointers and read-only bits are gone soon')
def read_only_bits_survive_random_writes(env, host):
    fn = host.add(standard())
    with Machine(env, host) as m:
        guest = m.attach(fn).bring_up()
        before = guest.view()
        chain = guest.capabilities()
        write_at_random(guest, m, fn, 2, 2000)
        m.tolerate_anomalies()
        equal(guest.capabilities(), chain, 'capability list')
        after = guest.view()
        for off in (0, 1, 2, 3, 8, 9, 0xa, 0xb, 0xe, 0x2c, 0x2d, 0x2e, 0x2f,
                    0x34, 0x3d, 0x40, 0x41, 0x42, 0x43, 0x50, 0x51, 0x53,
                    0x70, 0x71, 0x72, 0x74, 0x75, 0x78, 0x79, 0x80, 0x81,
                    0x82, 0x83, 0x84, 0x85, 0x86, 0x87):
            equal(after[off], before[off], 'byte %#x' % off)


@claim()
def a_dword_write_at_command_changes_command_alone(env, host):
    """0x00100403 at offset 4: what NVIDIA's driver writes."""
    fn = host.add(standard())
    with Machine(env, host) as m:
        guest = m.attach(fn).bring_up()
        host.poke(fn, 6, 2, 0xf910)
        m.mark()
        guest.write(4, 4, 0x00100403)
        equal(guest.command() & 0x0403, 0x0403, 'Command')
        equal(host.config_value(fn, 6, 2), 0xf910, 'Status in hardware')
        check(not policy.violations(m.log().config_writes()), 'policy')


@claim(stock='its own view of the capability id is rewritten')
def writing_a_capability_id_changes_nothing(env, host):
    """iwlwifi writes the id byte of its MSI-X capability."""
    fn = host.add(standard())
    with Machine(env, host) as m:
        guest = m.attach(fn).bring_up()
        guest.write(0x70, 1, 0xaa)
        guest.write(0x71, 1, 0xaa)
        equal(guest.read(0x70, 2), 0x8011, 'MSI-X header')


@claim(stock='the domain is shut down: the flag reaches its own checks')
def flipping_read_only_msi_flags_harms_nobody(env, host):
    fn = host.add(standard())
    with Machine(env, host) as m:
        guest = m.attach(fn).bring_up()
        before = guest.read(0x52, 2)
        for value in (0x0080, 0x0180, 0x0000, 0x01fe):
            guest.write(0x52, 2, value)
            guest.write(0x58, 4, 0x12345678)
            guest.write(0x5c, 2, 0x4142)
        check(m.alive(), 'QEMU has gone')
        equal(guest.read(0x52, 2) & 0xff8e, before & 0xff8e, 'flags')
        check(not any(c.op == 'xendevicemodel_shutdown' or
                      c.op == 'xc_domain_shutdown' for c in m.log(0)),
              'the domain was shut down')


@claim(stock='the answer of a device that is gone is merged and written')
def nothing_is_written_to_a_device_that_answers_ones(env, host):
    fn = host.add(standard())
    with Machine(env, host) as m:
        guest = m.attach(fn).bring_up()
        m.fx('gone %s 1' % BDF)
        equal(guest.read(0x8a, 2), 0xffff, 'a live register')
        m.mark()
        guest.write(4, 2, 0x0006)
        guest.write(0x10, 4, 0xe1000000)
        guest.write(0x8a, 2, 0x000f)
        guest.write(0x52, 2, 0x0001)
        count([c for c in m.log().config_writes()], 0, 'writes')
        check(m.alive(), 'QEMU has gone')


@claim()
def a_misaligned_access_is_split_over_its_bytes(env, host):
    fn = host.add(standard())
    with Machine(env, host) as m:
        guest = m.attach(fn)
        m.outp(0xcf8, 4, guest._cf8(0x00))
        equal(m.inp(0xcfd, 2), 0x7280, 'word at offset 1')
        equal(m.inp(0xcfe, 2), 0x1572, 'word at offset 2')


@claim(stock='the extended space reads as zero', only='')
def extended_space_on_q35_is_the_devices_and_not_writable(env, host):
    fn = standard()
    fn.put(0x100, 4, 0x00010003)            # Device Serial Number, last
    fn.put(0x104, 4, 0x11223344, wmask=0xffffffff)
    fn.put(0x108, 4, 0x55667788, wmask=0xffffffff)
    host.add(fn)
    args = ['-device', 'xen-pci-passthrough,id=pci-pt-03_00.0,'
            'hostaddr=0000:03:00.0,addr=4']
    with Machine(env, host, machine='q35', args=args) as m:
        # The host bridge has to be told where its window is.
        bridge = GuestFunction(m, 0, 0, 0)
        bridge.write(0x64, 4, 0)
        bridge.write(0x60, 4, ECAM | 1)
        guest = m.guest_function(fn)
        equal(guest.ecam_read(0, 4), 0x15728086, 'ids by ECAM')
        header = guest.ecam_read(0x100, 4)
        check(header & 0xffff in (0x0003, 0), 'DSN: %#x' % header)
        equal(guest.ecam_read(0x104, 4), 0x11223344, 'serial number')
        m.mark()
        guest.ecam_write(0x104, 4, 0xdeadbeef)
        count(m.log().config_writes(), 0, 'writes')
        equal(guest.ecam_read(0x104, 4), 0x11223344, 'serial number')
        express = guest.capability(CAP_EXPRESS)
        equal(guest.read(express + 2, 2) >> 4 & 15, 9, 'Device/Port Type')


@claim()
def interrupt_pin_is_zero_without_a_line(env, host):
    fn = host.add(plain(irq=0))
    with Machine(env, host) as m:
        guest = m.attach(fn)
        equal(guest.read(0x3d, 1), 0, 'pin')
        count(m.log(0).of('xc_physdev_map_pirq'), 0, 'mapped lines')


@claim()
def decoding_stays_on_in_hardware(env, host):
    fn = host.add(standard())
    with Machine(env, host) as m:
        guest = m.attach(fn).bring_up()
        guest.set_command(0)
        equal(guest.command() & 3, 0, "the guest's bits")
        equal(host.config_value(fn, 4, 2) & 3, 3, "the device's bits")


@claim()
def bus_mastering_reaches_the_device(env, host):
    fn = host.add(standard())
    with Machine(env, host) as m:
        guest = m.attach(fn).bring_up()
        guest.set_command(CMD_MEM | CMD_MASTER)
        equal(host.config_value(fn, 4, 2) & 4, 4, 'on')
        guest.set_command(CMD_MEM)
        equal(host.config_value(fn, 4, 2) & 4, 0, 'off')


@claim(stock='the F bit passes while the data does not')
def vpd_data_cannot_be_written_to_the_eeprom(env, host):
    fn = standard()
    fn.add_vpd(0xc0)
    host.add(fn)
    with Machine(env, host) as m:
        guest = m.attach(fn)
        m.mark()
        guest.write(0xc4, 4, 0xdeadbeef)
        guest.write(0xc2, 2, 0x8000)
        for call in m.log().config_writes():
            off = call.number('off')
            val = bytes.fromhex(call.args['val'])
            for i, byte in enumerate(val):
                check(not (off + i == 0xc3 and byte & 0x80),
                      'the write flag reached the device')
                check(off + i not in range(0xc4, 0xc8),
                      'data reached the device')
