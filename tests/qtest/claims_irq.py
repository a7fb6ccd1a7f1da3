# SPDX-License-Identifier: GPL-2.0-or-later
"""Interrupts: counted calls, nothing lost, nothing leaked."""

import json
import random
import time
from contextlib import contextmanager

from xenpt.claim import check, claim, count, equal
from xenpt.guest import (CAP_MSI, CAP_MSIX, CMD_INTX_DISABLE, CMD_IO,
                         CMD_MASTER, CMD_MEM, msi_address)
from xenpt.host import Function, plain, standard
from xenpt.machine import Machine

UNMASKED = 1 << 16


@contextmanager
def up(env, host, fn=None, fx='', **options):
    """A machine, and in it the function as firmware leaves it to a guest."""
    fn = host.add(fn or standard())
    with Machine(env, host, **options) as m:
        if fx:
            m.fx(fx)
        yield m, m.attach(fn).bring_up()


def bound(m, kind='msix'):
    return {p.entry: p for p in m.state().pirqs
            if p.kind == kind and p.bound}


def with_vectors(vectors):
    fn = Function()
    fn.add_bar(0, 0x10000, 0xf0000000)
    fn.add_msix(0x70, vectors, 0, 0x0000, 0, 0x8000)
    return fn


# MSI-X, counted

@claim()
def msix_enable_of_16_vectors_takes_32_calls(env, host):
    with up(env, host) as (m, guest):
        m.mark()
        guest.msix_setup(16)
        log = m.log().hypercalls()
        count(log, 32, 'enable')
        check(all(c.ok for c in log), repr([c for c in log if not c.ok]))
        table = guest.msix_entry_address(0)
        for i, pirq in bound(m).items():
            equal((pirq.gvec, pirq.gtable), (0x40 + i, table),
                  'vector %d' % i)
            check(pirq.gflags & UNMASKED or env.stock,
                  'masked at the bind: %s' % (pirq,))
        equal(len(bound(m)), 16, 'bound')


@claim(stock='a table of 256 entries is refused by the size of its BAR',
       only='ours')
def msix_enable_of_256_vectors_takes_512_calls(env, host):
    with up(env, host, with_vectors(256), fx='pirqs 512') as (m, guest):
        m.mark()
        guest.msix_setup(256, first_vector=0)
        count(m.log().of('xc_physdev_map_pirq_msi'), 256, 'maps')
        count(m.log().of('xc_domain_update_msi_irq'), 256, 'binds')
        count(m.log().hypercalls(), 512, 'calls')


@claim()
def masked_vectors_cost_nothing_until_unmasked(env, host):
    with up(env, host) as (m, guest):
        m.mark()
        guest.msix_control(True, mask_all=True)
        for i in range(64):
            guest.msix_write(i, msi_address(), 0x40 + i, masked=True)
        guest.msix_control(True)
        if not env.stock:
            count(m.log().hypercalls(), 0, 'masked')
        m.mark()
        guest.msix_mask(5, False)
        check(len(m.log().hypercalls()) <= 2, repr(m.log().hypercalls()))
        check(5 in bound(m), 'vector 5 is not bound')


@claim()
def msix_affinity_change_takes_one_call(env, host):
    with up(env, host) as (m, guest):
        guest.msix_setup(16)
        m.mark()
        guest.msix_move(3, 5, 0x77)
        count(m.log().hypercalls(), 1, 'move')
        pirq = bound(m)[3]
        equal((pirq.gvec, pirq.gflags & 0xff), (0x77, 5), 'vector and cpu')


@claim()
def mask_and_unmask_of_msix_take_no_call(env, host):
    with up(env, host) as (m, guest):
        guest.msix_setup(16)
        m.mark()
        for i in range(16):
            guest.msix_mask(i, True)
            guest.msix_mask(i, False)
        count(m.log().hypercalls(), 0, 'mask and unmask')


@claim()
def msix_disable_takes_two_calls_for_each_vector(env, host):
    with up(env, host) as (m, guest):
        guest.msix_setup(16)
        m.mark()
        guest.msix_control(False)
        count(m.log().hypercalls(), 32, 'disable')
        equal(m.state().pirqs and [p for p in m.state().pirqs
                                   if p.kind == 'msix'], [], 'pirqs')
        equal(host.config_value(guest.host, 0x72, 2) & 0x8000, 0, 'in hardware')


@claim(stock='no binding is made: the interrupts are gone')
def msix_disabled_and_enabled_again_still_works(env, host):
    with up(env, host) as (m, guest):
        guest.msix_setup(8)
        guest.msix_control(False)
        m.mark()
        guest.msix_control(True)
        equal(sorted(bound(m)), list(range(8)), 'bound vectors')
        equal(bound(m)[2].gvec, 0x42, 'vector')
        count(m.log().hypercalls(), 16, 'enable')


@claim(stock='unbinds with a type that libxenctrl refuses')
def moving_the_table_bar_binds_to_the_new_address(env, host):
    with up(env, host) as (m, guest):
        guest.msix_setup(4)
        guest.set_decode(False)
        guest.write_bar(0, 0xe8000000)
        guest.set_decode(True)
        m.advance(200)
        equal({p.gtable for p in bound(m).values()}, {0xe8002000},
              'table address')
        equal(sorted(bound(m)), [0, 1, 2, 3], 'bound vectors')


@claim(stock='unbinds with a type that libxenctrl refuses')
def moving_the_table_bar_with_decode_on_binds_to_the_new_address(env, host):
    with up(env, host) as (m, guest):
        guest.msix_setup(4)
        guest.write_bar(0, 0xe8000000)
        m.advance(200)
        equal({p.gtable for p in bound(m).values()}, {0xe8002000},
              'table address')
        guest.msix_move(1, 2, 0x90)
        equal(bound(m)[1].gvec, 0x90, 'moved afterwards')


# The MSI-X table

@claim(stock='0: unmasked')
def msix_vectors_are_masked_at_reset(env, host):
    with up(env, host) as (m, guest):
        for i in (0, 1, 63):
            at = guest.msix_entry_address(i)
            equal(m.mem_read(at + 12, 4) & 1, 1, 'entry %d' % i)


@claim()
def the_msix_table_takes_dwords_and_qwords(env, host):
    with up(env, host) as (m, guest):
        at = guest.msix_entry_address(7)
        m.mem_write(at, 8, 0x00000001fee0a000)
        m.mem_write(at + 8, 8, 0x0000000100004142)
        equal(m.mem_read(at, 4), 0xfee0a000, 'address')
        equal(m.mem_read(at + 4, 4), 1, 'upper address')
        equal(m.mem_read(at + 8, 4), 0x4142, 'data')
        equal(m.mem_read(at + 8, 8), 0x0000000100004142, 'data and control')


@claim()
def odd_accesses_to_the_msix_table_harm_nobody(env, host):
    with up(env, host) as (m, guest):
        guest.msix_setup(4)
        at = guest.msix_entry_address(0)
        for off in range(0, 64):
            m.mem_write(at + off, 1, 0xff)
            m.mem_read(at + off, 1)
            m.mem_write(at + off, 2, 0xffff)
            m.mem_read(at + off, 2)
            m.mem_read(at + off, 4)
            m.mem_read(at + off, 8)
        end = guest.bar_address(0, 0x2000 + 64 * 16)
        for off in (-4, 0, 4, 0x400, 0xbf8, 0xbfc):
            m.mem_write(end + off, 4, 0xffffffff)
            m.mem_read(end + off, 4)
        check(m.alive(), 'QEMU has gone')
        m.tolerate_anomalies()


@claim(stock='Xen before 4.19 has kept the mask to itself')
def the_msix_table_survives_a_disable(env, host):
    with up(env, host) as (m, guest):
        guest.msix_setup(2)
        guest.msix_mask(1, True)
        guest.msix_control(False)
        at = guest.msix_entry_address(1)
        equal(m.mem_read(at + 8, 4), 0x41, 'data')
        equal(m.mem_read(at + 12, 4), 1, 'control')


@claim(stock='binds nothing at all')
def a_masked_vector_stays_unbound_over_disable_and_enable(env, host):
    for version in ('4.17', '4.20'):
        host.clear()
        with up(env, host, xen_version=version) as (m, guest):
            guest.msix_setup(4)
            guest.msix_mask(2)
            guest.msix_control(False)
            guest.msix_control(True)
            equal(sorted(bound(m)), [0, 1, 3], 'bound on ' + version)
            guest.msix_mask(2, False)
            equal(sorted(bound(m)), [0, 1, 2, 3], 'bound on ' + version)


# MSI

@claim()
def msi_enable_takes_two_calls_and_disable_two(env, host):
    with up(env, host) as (m, guest):
        m.mark()
        guest.msi_program(msi_address(), 0x41)
        guest.msi_enable()
        m.advance(20)
        count(m.log().hypercalls(), 2, 'enable')
        equal(bound(m, 'msi')[0].gvec, 0x41, 'vector')
        equal(host.config_value(guest.host, 0x52, 2) & 1, 1, 'in hardware')
        m.mark()
        guest.msi_enable(False)
        count(m.log().hypercalls(), 2, 'disable')
        equal(host.config_value(guest.host, 0x52, 2) & 1, 0, 'in hardware')


@claim(stock='never bound: the interrupt arrives where it did')
def msi_affinity_change_takes_one_call(env, host):
    with up(env, host) as (m, guest):
        guest.msi_program(msi_address(), 0x41)
        guest.msi_enable()
        m.advance(20)
        m.mark()
        guest.msi_program(msi_address(3), 0x52)
        m.advance(20)
        count(m.log().hypercalls(), 1, 'move')
        pirq = bound(m, 'msi')[0]
        equal((pirq.gvec, pirq.gflags & 0xff), (0x52, 3), 'vector and cpu')


@claim(stock='never bound')
def msi_move_of_the_address_alone_takes_effect(env, host):
    with up(env, host) as (m, guest):
        guest.msi_program(msi_address(), 0x41)
        guest.msi_enable()
        m.mark()
        guest.write(guest.capability(CAP_MSI) + 4, 4, msi_address(6))
        m.advance(50)
        count(m.log().hypercalls(), 1, 'move')
        pirq = bound(m, 'msi')[0]
        equal((pirq.gvec, pirq.gflags & 0xff), (0x41, 6), 'vector and cpu')


@claim()
def msi_never_binds_a_half_written_message(env, host):
    with up(env, host) as (m, guest):
        guest.msi_program(msi_address(1), 0x41)
        guest.msi_enable()
        wanted = {(0x41, 1)}
        data = 0x41
        for i in range(10):
            start = time.monotonic()
            guest.msi_program(msi_address(i), 0x50 + i)
            if time.monotonic() - start > 0.0015:
                # So slow a guest has, for all it says, moved the CPU alone.
                wanted.add((data, i))
            data = 0x50 + i
            wanted.add((data, i))
        m.advance(20)
        for call in m.log().of('xc_domain_update_msi_irq'):
            pair = (call.number('gvec'), call.number('gflags') & 0xff)
            check(pair in wanted, 'bound %s' % (pair,))


@claim()
def rewriting_the_same_message_takes_no_call(env, host):
    with up(env, host) as (m, guest):
        guest.msi_program(msi_address(), 0x41)
        guest.msi_enable()
        m.advance(20)
        m.mark()
        guest.msi_program(msi_address(), 0x41)
        m.advance(20)
        count(m.log().hypercalls(), 0, 'the same again')


@claim(stock='one vector, whatever the device has')
def msi_of_four_vectors_is_bound_as_a_block(env, host):
    with up(env, host) as (m, guest):
        cap = guest.capability(CAP_MSI)
        equal(guest.read(cap + 2, 2) >> 1 & 7, 2, 'vectors offered: log2')
        guest.msi_program(msi_address(2), 0x60)
        guest.msi_enable(vectors=4)
        m.advance(20)
        equal({e: p.gvec for e, p in bound(m, 'msi').items()},
              {0: 0x60, 1: 0x61, 2: 0x62, 3: 0x63}, 'bound')
        equal(host.config_value(guest.host, 0x52, 2) >> 4 & 7, 2,
              'vectors enabled in hardware: log2')
        guest.msi_enable(False)
        equal(bound(m, 'msi'), {}, 'left')


@claim()
def hardware_never_has_more_msi_vectors_than_are_mapped(env, host):
    with up(env, host) as (m, guest):
        guest.msi_program(msi_address(2), 0x60)
        for control in (0x71, 0x70, 0x31, 0x01, 0x21, 0x11, 0x00):
            guest.write(0x52, 2, control)
            m.advance(10)
            hardware = host.config_value(guest.host, 0x52, 2)
            mapped = [p for p in m.state().pirqs if p.kind == 'msi']
            if hardware & 1:
                check(1 << (hardware >> 4 & 7) <= len(mapped),
                      'control %#x: %#x in hardware, %d mapped' %
                      (control, hardware, len(mapped)))


@claim(stock='no mask bits')
def a_masked_msi_vector_is_an_unbound_one(env, host):
    with up(env, host) as (m, guest):
        cap = guest.capability(CAP_MSI)
        check(guest.read(cap + 2, 2) & 0x100, 'no mask bits')
        guest.msi_program(msi_address(), 0x60)
        guest.msi_enable(vectors=4)
        guest.write(cap + 0x10, 4, 0x5)
        m.advance(20)
        equal(sorted(bound(m, 'msi')), [1, 3], 'bound')
        guest.write(cap + 0x10, 4, 0)
        m.advance(20)
        equal(sorted(bound(m, 'msi')), [0, 1, 2, 3], 'bound')


@claim()
def msi_works_with_one_vector_where_xen_has_no_blocks(env, host):
    with up(env, host, fx='multi-msi 0') as (m, guest):
        guest.msi_program(msi_address(), 0x60)
        guest.msi_enable(vectors=1)
        m.advance(20)
        equal(sorted(bound(m, 'msi')), [0], 'bound')


@claim()
def msi_and_msix_hand_over_to_each_other(env, host):
    with up(env, host) as (m, guest):
        for _ in range(3):
            guest.msi_program(msi_address(), 0x41)
            guest.msi_enable()
            m.advance(20)
            equal(len(bound(m, 'msi')), 1, 'MSI')
            guest.msi_enable(False)
            guest.msix_setup(4)
            check(len(bound(m)) == 4 or env.stock, 'MSI-X')
            guest.msix_control(False)
        equal([p for p in m.state().pirqs if p.kind != 'gsi'], [], 'pirqs')


# INTx

@claim()
def intx_is_bound_at_device_add_and_gone_after_detach(env, host):
    fn = host.add(plain(irq=17))
    with Machine(env, host) as m:
        guest = m.attach(fn)
        pirqs = m.state().pirqs
        equal([(p.kind, p.entry, p.bound) for p in pirqs],
              [('gsi', 17, True)], 'pirqs')
        equal(guest.read(0x3d, 1), 1, 'pin')
        call = m.log().of('xc_domain_bind_pt_pci_irq')[-1]
        equal((call.number('device'), call.number('intx')),
              (guest.slot, 0), 'device and pin')
        m.detach(fn)
        m.assert_nothing_left()


@claim()
def a_shared_line_is_unmapped_by_its_last_user(env, host):
    first = host.add(plain('0000:04:00.0', irq=19))
    second = Function('0000:05:00.0', irq=19)
    second.add_bar(0, 0x1000, 0xf3000000)
    host.add(second)
    with Machine(env, host) as m:
        m.attach(first)
        m.attach(second)
        m.detach(first)
        equal([p.bound for p in m.state().pirqs], [True], 'after the first')
        count(m.log().of('xc_physdev_unmap_pirq'), 0, 'unmapped')
        m.detach(second)
        m.assert_nothing_left()


@claim(stock='truncated to 8 bits: another line')
def a_gsi_above_255_is_never_truncated(env, host):
    fn = host.add(plain(irq=300))
    with Machine(env, host) as m:
        try:
            guest = m.attach(fn)
        except Exception as error:      # refused: then with a sentence
            check('300' in str(error) and '04:00.0' in str(error),
                  str(error))
        else:
            equal(guest.read(0x3d, 1), 0, 'pin')
            check('300' in m.stderr_text(), 'no word: ' + m.stderr_text())
        for call in m.log().of('xc_domain_bind_pt_pci_irq'):
            check(call.number('pirq') != 300 & 0xff, repr(call))


@claim(stock='left as it was')
def intx_is_disabled_in_hardware_after_detach(env, host):
    with up(env, host) as (m, guest):
        m.detach(guest.host)
        command = host.config_value(guest.host, 4, 2)
        equal(command & (CMD_INTX_DISABLE | CMD_MASTER), CMD_INTX_DISABLE,
              'INTx disable and bus mastering')


@claim(stock='left on')
def msi_msix_and_bus_mastering_are_off_in_hardware_after_detach(env, host):
    with up(env, host) as (m, guest):
        guest.msix_setup(4)
        m.detach(guest.host)
        equal(host.config_value(guest.host, 0x52, 2) & 1, 0, 'MSI')
        equal(host.config_value(guest.host, 0x72, 2) & 0x8000, 0, 'MSI-X')
        equal(host.config_value(guest.host, 4, 2) & CMD_MASTER, 0, 'bus mastering')


@claim(stock='MSI-X yes; bus mastering stays on')
def what_an_earlier_user_left_on_is_turned_off(env, host):
    fn = standard()
    fn.put(0x52, 2, fn.get(0x52, 2) | 1, wmask=0x71)
    fn.put(0x72, 2, fn.get(0x72, 2) | 0x8000, wmask=0xc000)
    fn.put(0x04, 2, 0x0006, wmask=0x0547)
    host.add(fn)
    with Machine(env, host) as m:
        m.attach(fn)
        equal(host.config_value(fn, 0x52, 2) & 1, 0, 'MSI')
        equal(host.config_value(fn, 0x72, 2) & 0x8000, 0, 'MSI-X')
        equal(host.config_value(fn, 4, 2) & CMD_MASTER, 0, 'bus mastering')


# Errors

@claim(stock='an errno without cause or cure')
def out_of_pirqs_names_extra_guest_irqs_once(env, host):
    with up(env, host, fx='pirqs 20') as (m, guest):
        guest.msix_setup(16)
        lines = [li for li in m.stderr_lines() if 'extra_guest_irqs' in li]
        equal(len(lines), 1, 'sentences: ' + m.stderr_text())
        check(guest.host.bdf in lines[0], lines[0])
        guest.msix_control(False)
        m.detach(guest.host)
        m.assert_nothing_left()


@claim(stock='an errno without cause or cure')
def a_failed_preparation_names_pciback(env, host):
    with up(env, host) as (m, guest):
        m.fx('prepare-msix %s 0' % guest.host.bdf)
        guest.msix_setup(4)
        text = m.stderr_text()
        check('pciback' in text and guest.host.bdf in text, text)


@claim(stock='an errno without cause or cure')
def msix_of_a_device_that_does_not_decode_memory_says_so(env, host):
    with up(env, host) as (m, guest):
        command = host.config_value(guest.host, 4, 2)
        host.poke(guest.host, 4, 2, command & ~CMD_MEM)
        guest.msix_setup(4)
        text = m.stderr_text()
        check('decoding is off' in text and guest.host.bdf in text, text)


@claim(only='ours', stock='there is no status')
def a_refused_vector_is_counted_shown_and_said_once(env, host):
    with up(env, host) as (m, guest):
        m.fx('fail xc_physdev_map_pirq_msi 1 EINVAL 1000')
        guest.msix_setup(4)
        for _ in range(10):
            guest.msix_mask(2)
            guest.msix_mask(2, False)
        status = json.loads(m.qmp(
            'qom-get', property='xen-pt-status',
            path='/machine/peripheral/' + m.qdev_id(guest.host)))
        equal(status['counters']['irq_errors'], 14, 'counted')
        equal([v['error'] for v in status['interrupt']['vectors']],
              [22] * 4, 'shown')
        equal(m.stderr_text().count('cannot be routed'), 1, 'said')
        cap = guest.capability(CAP_MSIX)
        equal(guest.read(cap + 2, 2), 0x803f, 'enable bit')


@claim(stock='an errno, and never again')
def msi_before_the_device_is_assigned_says_so(env, host):
    fn = host.add(standard())
    with Machine(env, host) as m:
        guest = m.attach(fn, grant=False)
        m.grant(fn)
        guest.bring_up()
        guest.msi_program(msi_address(), 0x41)
        guest.msi_enable()
        m.advance(20)
        text = m.stderr_text()
        check(fn.bdf in text and 'assign' in text, text)
        m.assign(fn)
        guest.msi_enable(False)
        guest.msi_enable(True)
        m.advance(20)
        equal(len(bound(m, 'msi')), 1, 'bound afterwards')


# Never leaked

@claim(stock='pirqs are lost on failure, and bindings on a BAR move')
def no_sequence_leaks_a_pirq_or_a_binding(env, host):
    rng = random.Random(11)
    with up(env, host) as (m, guest):
        for _ in range(300):
            what = rng.randrange(9)
            vector = rng.randrange(6)
            if what == 0:
                guest.msix_control(rng.random() < 0.6, rng.random() < 0.3)
            elif what == 1:
                guest.msi_enable(rng.random() < 0.5)
            elif what == 2 and guest.command() & CMD_MEM:
                guest.msix_write(vector, msi_address(rng.randrange(8)),
                                 rng.randrange(0x30, 0xf0),
                                 rng.random() < 0.5)
            elif what == 3 and guest.command() & CMD_MEM:
                guest.msix_mask(vector, rng.random() < 0.5)
            elif what == 4:
                guest.write_bar(0, rng.choice((0xe8000000, 0xe9000000)))
            elif what == 5:
                guest.set_command(rng.choice((0, CMD_MEM | CMD_IO, 7)))
            elif what == 6:
                guest.msi_program(msi_address(rng.randrange(8)),
                                  rng.randrange(0x30, 0xf0))
            elif what == 7:
                m.fx('fail %s %d %s' % (
                    rng.choice(('xc_physdev_map_pirq_msi',
                                'PHYSDEVOP_map_pirq',
                                'xc_domain_update_msi_irq')),
                    rng.randrange(1, 4), rng.choice(('EINVAL', 'ENOSPC'))))
            else:
                m.fx('forgive')
        m.fx('forgive')
        m.detach(guest.host)
        m.assert_nothing_left()


# Death of the domain

def shut_down(m, state):
    m.fx('domain ' + state)
    m.fx('xs-fire @releaseDomain')
    m.advance(100)


@claim(stock='binds for whoever asks')
def nothing_is_bound_or_mapped_after_the_domain_has_shut_down(env, host):
    for state in ('shutdown 0', 'shutdown 3', 'dying'):
        host.clear()
        with up(env, host) as (m, guest):
            guest.msix_setup(4)
            shut_down(m, state)
            m.mark()
            guest.msix_control(False)
            guest.msix_control(True)
            guest.msix_move(1, 1, 0x99)
            guest.set_decode(False)
            guest.write_bar(2, 0xe9000000)
            guest.set_decode(True)
            m.advance(300)
            made = [c for c in m.log() if c.op in (
                'xc_physdev_map_pirq_msi', 'xc_domain_update_msi_irq',
                'PHYSDEVOP_map_pirq', 'xc_domain_bind_pt_pci_irq') or
                c.args.get('add') == '1']
            count(made, 0, 'after ' + state)


@claim(stock='nothing is done: Xen cleans up, if it can')
def everything_is_undone_when_the_domain_has_shut_down(env, host):
    with up(env, host) as (m, guest):
        guest.msix_setup(4)
        shut_down(m, 'shutdown 0')
        state = m.state()
        equal((state.pages, state.ports, state.pirqs), ([], [], []), 'left')


@claim()
def a_suspended_domain_keeps_its_bindings(env, host):
    with up(env, host) as (m, guest):
        guest.msix_setup(4)
        before = m.state()
        m.mark()
        shut_down(m, 'shutdown 2')
        equal(m.state(), before, 'state')
        shut_down(m, 'running')
        guest.msix_move(1, 3, 0x99)
        equal(bound(m)[1].gvec, 0x99, 'goes on')


@claim()
def a_message_that_names_a_pirq_binds_that_pirq(env, host):
    """XENFEAT_hvm_pirqs: vector 0, the pirq in the address."""
    with up(env, host, fx='feature 10 1') as (m, guest):
        pirq = 100
        guest.msi_program((pirq & 0xff) << 12 | 0xfee00000 |
                          (pirq & ~0xff) << 32, 0)
        guest.msi_enable()
        m.advance(20)
        equal([p.pirq for p in bound(m, 'msi').values()], [pirq], 'pirq')


@claim()
def a_device_without_interrupts_works(env, host):
    fn = Function(irq=0, pin=0)
    fn.add_bar(0, 0x1000, 0xf0000000)
    with up(env, host, fn) as (m, guest):
        guest.set_command(CMD_MEM | CMD_IO | CMD_INTX_DISABLE)
        equal(m.state().pirqs, [], 'pirqs')
        equal(len(m.state().pages), 1, 'pages')


@claim(stock='only the bus goes to libxenctrl: another device')
def msi_of_another_segment_never_names_segment_0(env, host):
    fn = host.add(standard('0001:03:00.0'))
    with Machine(env, host) as m:
        try:
            guest = m.attach(fn).bring_up()
        except Exception as error:
            check('0001:03:00.0' in str(error), str(error))
            return
        guest.msi_program(msi_address(), 0x41)
        guest.msi_enable()
        m.advance(20)
        for call in m.log().of('xc_physdev_map_pirq_msi',
                               'PHYSDEVOP_map_pirq'):
            if call.args['dev'] == 'ffff:ff:1f.7':
                continue    # asks Xen what it can do, of no device at all
            equal(call.args['dev'], '0001:03:00.0', 'device')


@claim(stock='opens it')
def dev_mem_is_never_opened(env, host):
    with up(env, host) as (m, guest):
        guest.msix_setup(4)
        count([c for c in m.log() if c.file == 'mem'], 0, '/dev/mem')


@claim()
def msix_control_reads_back_as_written(env, host):
    with up(env, host) as (m, guest):
        cap = guest.capability(CAP_MSIX)
        equal(guest.read(cap + 2, 2) & 0x7ff, 63, 'table size')
        guest.msix_setup(1)
        equal(guest.read(cap + 2, 2), 0x803f, 'enabled')
        guest.write(cap + 2, 2, 0xc000)
        equal(guest.read(cap + 2, 2), 0xc03f, 'all masked')
