# SPDX-License-Identifier: GPL-2.0-or-later
"""BARs: exact pages, no call that is not needed, no mapping lost."""

import os
import random

from xenpt.claim import check, claim, count, equal
from xenpt.guest import (CMD_IO, CMD_MASTER, CMD_MEM, GuestFunction,
                         msi_address)
from xenpt.host import Function, standard
from xenpt.machine import Machine

BOTH = CMD_IO | CMD_MEM

# Decoding off is committed after at most this long (milliseconds).
SETTLE = 400


def ready(m, fn):
    return m.attach(fn).bring_up()


def placed(m, fn, at=None, decode=BOTH, **attach):
    """Attached, its BARs at {index: address} (None: anywhere), decoding."""
    guest = m.attach(fn, **attach)
    guest.set_command(0)
    if at is None:
        guest.place_bars()
    for index, address in (at or {}).items():
        guest.write_bar(index, address)
    guest.set_command(decode)
    return guest


def gfns(state):
    """{gfn: mfn}, page by page."""
    return {p.gfn + i: p.mfn + i for p in state.pages for i in range(p.nr)}


def bar_pages(address, host_address, size, hole=()):
    return {(address >> 12) + i: (host_address >> 12) + i
            for i in range(size >> 12) if i not in hole}


# Counts

@claim()
def first_decode_enable_takes_four_calls(env, host):
    fn = host.add(standard())
    with Machine(env, host) as m:
        guest = placed(m, fn, decode=0)
        m.mark()
        guest.set_command(BOTH | CMD_MASTER)
        log = m.log()
        count(log.hypercalls(), 4, 'first enable')
        check(all(c.ok for c in log.hypercalls()), repr(log.hypercalls()))


@claim(stock='40 calls: each off and on unmaps and maps everything')
def sizing_bars_with_decode_toggled_takes_no_call(env, host):
    fn = host.add(standard())
    with Machine(env, host) as m:
        guest = ready(m, fn)
        before = m.state()
        m.size_in_time(guest)
        m.advance(SETTLE)
        count(m.log().hypercalls(), 0, 'sizing')
        equal(m.state(), before, 'mappings after sizing')


def flat_views(m, before):
    return [li for li in m.stderr_lines()[before:] if 'flatview_new' in li]


@claim(stock='each off and on builds the views of memory and ports anew')
def sizing_bars_with_decode_toggled_builds_no_flat_view(env, host):
    fn = host.add(standard())
    with Machine(env, host, args=['-trace', 'flatview_new']) as m:
        guest = ready(m, fn)
        m.size_in_time(guest)
        before = m.marked_lines
        m.advance(SETTLE)
        count(flat_views(m, before), 0, 'flat views while sizing')
        guest.write_bar(2, 0xe8000000)
        check(flat_views(m, before), 'none for a BAR that moves')


@claim()
def moving_a_bar_with_decode_on_takes_two_calls(env, host):
    fn = host.add(standard())
    with Machine(env, host) as m:
        guest = ready(m, fn)
        m.mark()
        guest.write_bar(2, 0xe8000000)
        m.advance(SETTLE)
        calls = m.log().hypercalls()
        count(calls, 2, 'move')
        equal([c.number('add') for c in calls], [0, 1], 'order')
        pages = gfns(m.state())
        equal(pages.get(0xe8000), 0xf0010, 'first page')
        equal(pages.get(0xe800f), 0xf001f, 'last page')


@claim(stock='turning decoding off to move one BAR unmaps all of them')
def moving_a_bar_with_decode_off_takes_two_calls(env, host):
    fn = host.add(standard())
    with Machine(env, host) as m:
        guest = ready(m, fn)
        m.mark()
        guest.set_decode(False)
        guest.write_bar(2, 0xe8000000)
        guest.set_decode(True)
        m.advance(SETTLE)
        calls = m.log().hypercalls()
        count(calls, 2, 'move')
        equal([c.number('add') for c in calls], [0, 1], 'order')


@claim(stock='unmaps and maps in the order of the address space')
def removals_of_a_commit_come_before_its_additions(env, host):
    """Two BARs change places: the second unmap would hit the first map."""
    fn = Function()
    fn.add_bar(0, 0x4000, 0xf0000000)
    fn.add_bar(1, 0x4000, 0xf0010000)
    host.add(fn)
    with Machine(env, host) as m:
        guest = placed(m, fn, {0: 0xe0000000, 1: 0xe0004000}, CMD_MEM)
        guest.set_decode(False)
        guest.write_bar(0, 0xe0004000)
        guest.write_bar(1, 0xe0000000)
        m.mark()
        guest.set_command(CMD_MEM)
        m.advance(SETTLE)
        equal([c.number('add') for c in m.log().hypercalls()],
              [0, 0, 1, 1], 'order')
        equal(gfns(m.state()), {
            **bar_pages(0xe0004000, 0xf0000000, 0x4000),
            **bar_pages(0xe0000000, 0xf0010000, 0x4000)}, 'pages')


@claim()
def removals_of_all_devices_come_before_additions_of_any(env, host):
    """Two devices change places; whichever of them decodes first."""
    places = (0xe0000000, 0xe0010000)
    fns = [Function('0000:0%d:00.0' % i) for i in (3, 4)]
    for i, fn in enumerate(fns):
        fn.add_bar(0, 0x10000, 0xf0000000 + 0x10000 * i)
        host.add(fn)
    for first in (0, 1):
        with Machine(env, host) as m:
            guests = [placed(m, fn, {0: place}, CMD_MEM)
                      for fn, place in zip(fns, places)]
            m.mark()
            for guest, place in zip(guests, reversed(places)):
                guest.set_decode(False)
                guest.write_bar(0, place)
            guests[first].set_command(CMD_MEM)
            guests[1 - first].set_command(CMD_MEM)
            m.advance(SETTLE)
            equal([c.number('add') for c in m.log().hypercalls()],
                  [0, 0, 1, 1], 'order')
            equal(gfns(m.state()), {
                **bar_pages(places[1], 0xf0000000, 0x10000),
                **bar_pages(places[0], 0xf0010000, 0x10000)}, 'pages')


# Exact pages

@claim()
def every_page_but_the_msix_table_is_mapped(env, host):
    fn = host.add(standard())
    with Machine(env, host) as m:
        guest = ready(m, fn)
        # The PBA has a page of its own and may be mapped.
        equal(gfns(m.state()), {
            **bar_pages(guest.addresses[0], 0xf0000000, 0x4000, hole=(2,)),
            **bar_pages(guest.addresses[2], 0xf0010000, 0x10000)}, 'pages')
        equal([(p.gport, p.mport, p.nr) for p in m.state().ports],
              [(guest.addresses[4], 0xc000, 32)], 'ports')


def with_table(vectors, table_off, pba_off, size=0x8000):
    fn = Function()
    fn.add_bar(0, size, 0xf0000000)
    fn.add_msix(0x70, vectors, 0, table_off, 0, pba_off)
    return fn


@claim(stock='rounds up what is left of the hole: wrong pages')
def a_table_off_a_page_boundary_leaves_a_hole_of_whole_pages(env, host):
    fn = host.add(with_table(3, 0x1800, 0x1900))
    with Machine(env, host) as m:
        guest = ready(m, fn)
        equal(gfns(m.state()),
              bar_pages(guest.addresses[0], 0xf0000000, 0x8000, hole=(1,)),
              'pages')


@claim(stock='rounds up what is left of the hole: wrong pages')
def a_table_across_two_pages_leaves_a_hole_of_two_pages(env, host):
    fn = host.add(with_table(200, 0x1800, 0x4000))
    with Machine(env, host) as m:
        guest = ready(m, fn)
        equal(gfns(m.state()),
              bar_pages(guest.addresses[0], 0xf0000000, 0x8000, hole=(1, 2)),
              'pages')
        guest.msix_write(150, msi_address(), 0x41)
        at = guest.msix_entry_address(150)
        equal(m.mem_read(at + 8, 4), 0x41, 'entry in the second page')


@claim()
def a_table_in_the_last_page_leaves_the_rest_mapped(env, host):
    fn = host.add(with_table(16, 0x7000, 0x2000))
    with Machine(env, host) as m:
        guest = ready(m, fn)
        equal(gfns(m.state()),
              bar_pages(guest.addresses[0], 0xf0000000, 0x8000, hole=(7,)),
              'pages')


@claim(stock='the pending bits are read from the page of the table')
def the_pba_on_the_tables_page_can_be_read_and_not_written(env, host):
    fn = host.add(with_table(16, 0x1000, 0x1800))
    with Machine(env, host) as m:
        guest = ready(m, fn)
        host.bar_write(fn, 0, 0x1800, b'\x05\x00\x00\x00\x80\x00\x00\x00')
        at = guest.bar_address(0, 0x1800)
        equal(m.mem_read(at, 4), 0x05, 'pending bits')
        equal(m.mem_read(at + 4, 4), 0x80, 'pending bits')
        m.mem_write(at, 4, 0xffffffff)
        equal(host.bar_read(fn, 0, 0x1800, 4), b'\x05\x00\x00\x00',
              'pending bits in the device')


@claim(stock='reads come from /dev/mem, writes are lost')
def registers_on_the_tables_page_can_be_read_and_written(env, host):
    fn = host.add(with_table(16, 0x1000, 0x4000))
    with Machine(env, host) as m:
        guest = ready(m, fn)
        host.bar_write(fn, 0, 0x1f00, b'\x11\x22\x33\x44')
        at = guest.bar_address(0, 0x1f00)
        equal(m.mem_read(at, 4), 0x44332211, 'register')
        equal(m.mem_read(at + 1, 1), 0x22, 'one byte of it')
        m.mem_write(at + 4, 4, 0xcafef00d)
        equal(host.bar_read(fn, 0, 0x1f04, 4), b'\x0d\xf0\xfe\xca',
              'register in the device')


@claim()
def a_64_bit_bar_of_4_gib_is_mapped_exactly(env, host):
    fn = Function()
    fn.add_bar(0, 1 << 32, 0x4000000000, wide=True, prefetch=True)
    fn.add_bar(2, 0x1000, 0xf0000000)
    host.add(fn)
    with Machine(env, host) as m:
        guest = placed(m, fn, decode=0)
        m.mark()
        guest.set_command(CMD_MEM)
        count(m.log().maps(), 2, 'maps')
        page = m.state().pages[-1]
        equal((page.mfn, page.nr), (0x4000000, 1 << 20), 'the large one')
        equal(page.gfn, guest.addresses[0] >> 12, 'where it is')


@claim(stock='unmaps what Xen has not mapped')
def a_bar_beyond_what_a_guest_can_address_harms_nobody(env, host):
    """Xen's tables end at 48 bits; the register has 64."""
    fn = Function()
    fn.add_bar(0, 0x4000, 0x4000000000, wide=True, prefetch=True)
    fn.add_bar(2, 0x1000, 0xf0000000)
    host.add(fn)
    with Machine(env, host) as m:
        guest = placed(m, fn, {0: 1 << 47, 2: 0xe0000000}, CMD_MEM)
        equal(gfns(m.state()), {
            **bar_pages(1 << 47, 0x4000000000, 0x4000),
            0xe0000: 0xf0000}, 'the last that Xen can map')
        for address in (1 << 48, 1 << 52, 0xffffffff00000000):
            guest.write_bar(0, address)
            m.advance(SETTLE)
            equal(gfns(m.state()), {0xe0000: 0xf0000}, hex(address))
        check(len(m.stderr_lines()) < 20, m.stderr_text())
        guest.write_bar(0, 0xe0004000)
        m.advance(SETTLE)
        equal(gfns(m.state()), {
            **bar_pages(0xe0004000, 0x4000000000, 0x4000),
            0xe0000: 0xf0000}, 'back')


# Sub-page BARs

def small(bdf='0000:03:00.0', at=0xf0000800, size=256):
    fn = Function(bdf)
    fn.add_bar(0, size, at)
    return fn


@claim(stock='maps the next page of the host')
def a_sub_page_bar_off_a_page_is_served_and_never_maps_a_neighbour(env,
                                                                   host):
    fn = host.add(small())
    with Machine(env, host) as m:
        placed(m, fn, {0: 0xe0000000}, CMD_MEM)
        equal(m.state().pages, [], 'mapped pages')
        host.bar_write(fn, 0, 0x10, b'\x01\x02\x03\x04')
        equal(m.mem_read(0xe0000010, 4), 0x04030201, 'register')
        equal(m.mem_read(0xe0000011, 1), 0x02, 'byte')
        equal(m.mem_read(0xe0000011, 2), 0x0302, 'not aligned')
        m.mem_write(0xe0000012, 2, 0xbeef)
        equal(host.bar_read(fn, 0, 0x10, 4), b'\x01\x02\xef\xbe', 'written')


@claim(stock='each maps the page over the other')
def two_sub_page_bars_in_one_guest_page_both_work(env, host):
    fn = Function()
    fn.add_bar(0, 256, 0xf0000000)
    fn.add_bar(1, 256, 0xf0001000)
    host.add(fn)
    with Machine(env, host) as m:
        placed(m, fn, {0: 0xe0000000, 1: 0xe0000100}, CMD_MEM)
        equal(m.state().pages, [], 'mapped pages')
        host.bar_write(fn, 0, 0, b'\x0a\0\0\0')
        host.bar_write(fn, 1, 0, b'\x0b\0\0\0')
        equal(m.mem_read(0xe0000000, 4), 0x0a, 'BAR0')
        equal(m.mem_read(0xe0000100, 4), 0x0b, 'BAR1')


@claim(stock='each maps the page over the other')
def small_bars_of_two_devices_in_one_guest_page_both_work(env, host):
    first = host.add(small(at=0xf0000000))
    second = host.add(small('0000:04:00.0', at=0xf0001100))
    with Machine(env, host) as m:
        placed(m, first, {0: 0xe0000000}, CMD_MEM)
        guest = placed(m, second, {0: 0xe0000100}, CMD_MEM)
        equal(m.state().pages, [], 'mapped pages')
        host.bar_write(first, 0, 0, b'\x0a\0\0\0')
        host.bar_write(second, 0, 0, b'\x0b\0\0\0\0\0\0\0')
        equal(m.mem_read(0xe0000000, 4), 0x0a, 'the first')
        equal(m.mem_read(0xe0000100, 4), 0x0b, 'the second')
        m.mem_write(0xe0000104, 4, 0x12345678)
        equal(host.bar_read(second, 0, 4, 4), b'\x78\x56\x34\x12',
              'written')
        guest.write_bar(0, 0xe0001100)
        m.advance(SETTLE)
        equal(gfns(m.state()), {0xe0000: 0xf0000, 0xe0001: 0xf0001},
              'each alone in its page')


@claim(only='ours')
def registers_around_the_table_need_nothing_after_the_start(env, host):
    """Once a vector is mapped, Xen lets nobody map the table's pages."""
    fn = host.add(with_table(16, 0x1000, 0x4000))
    with Machine(env, host) as m:
        guest = m.attach(fn)
        kept = host.path(fn, 'kept')
        os.rename(host.path(fn, 'resource0'), kept)
        guest.bring_up()
        guest.msix_setup(2)
        m.mem_write(guest.bar_address(0, 0x1f00), 4, 0x12345678)
        equal(m.mem_read(guest.bar_address(0, 0x1f00), 4), 0x12345678,
              'register')
        with open(kept, 'rb') as device:
            device.seek(0x1f00)
            equal(device.read(4), b'\x78\x56\x34\x12', 'in the device')


@claim(stock='reads 0')
def a_device_pulled_out_of_the_machine_reads_as_ones(env, host):
    """The kernel takes the pages away: to touch them raises SIGBUS."""
    fn = host.add(small())
    with Machine(env, host) as m:
        placed(m, fn, {0: 0xe0000000}, CMD_MEM)
        m.mem_write(0xe0000010, 4, 1)
        equal(m.mem_read(0xe0000010, 4), 1, 'register')
        os.truncate(host.path(fn, 'resource0'), 0)
        for size in (1, 2, 4, 8):
            equal(m.mem_read(0xe0000010, size), (1 << 8 * size) - 1,
                  '%d bytes' % size)
        m.mem_write(0xe0000020, 4, 1)
        check(m.alive(), 'QEMU has gone')
        m.detach(fn)
        m.assert_nothing_left()


@claim(stock='maps the page with all of its neighbours, in silence')
def a_bar_whose_page_a_host_driver_uses_is_served_with_a_warning(env, host):
    host.add(small('0000:05:00.0', at=0xf0000100))
    other = host.functions['0000:05:00.0']
    host.clear()
    fn = small(at=0xf0000000)
    other.driver = 'e1000e'
    host.add(other)
    host.add(fn)
    with Machine(env, host) as m:
        placed(m, fn, {0: 0xe0000000}, CMD_MEM)
        equal(m.state().pages, [], 'mapped pages')
        text = m.stderr_text()
        check('0000:05:00.0' in text and 'resource_alignment' in text,
              'no such warning: ' + text)


@claim()
def a_sub_page_bar_alone_on_its_page_may_be_mapped(env, host):
    fn = host.add(small(at=0xf0000000))
    with Machine(env, host) as m:
        placed(m, fn, {0: 0xe0000000}, CMD_MEM)
        for page in m.state().pages:
            equal((page.gfn, page.mfn, page.nr), (0xe0000, 0xf0000, 1),
                  'page')
        m.detach(fn)
        m.assert_nothing_left()


@claim(stock='maps the page whoever else is there')
def an_emulated_neighbour_takes_the_page_of_a_small_bar_back(env, host):
    """hvmloader packs small BARs, and enables one device after the other."""
    fn = host.add(small(at=0xf0000000))
    with Machine(env, host, args=['-device',
                                  'rtl8139,addr=8,romfile=']) as m:
        placed(m, fn, {0: 0xe0000000}, CMD_MEM)
        before = m.state().pages
        nic = GuestFunction(m, 0, 8, 0)
        nic.write(0x14, 4, 0xe0000100)
        nic.write(0x04, 2, CMD_MEM)
        equal(m.state().pages, [], 'mapped pages')
        host.bar_write(fn, 0, 0, b'\x0a\0\0\0')
        equal(m.mem_read(0xe0000000, 4), 0x0a, 'BAR0')
        check(m.mem_read(0xe0000100, 4) != 0xffffffff, 'no network card')
        nic.write(0x04, 2, 0)
        equal(m.state().pages, before, 'mapped without the neighbour')


# What guests do

@claim()
def decoding_off_is_committed_after_a_short_while(env, host):
    fn = host.add(standard())
    with Machine(env, host) as m:
        guest = ready(m, fn)
        guest.set_command(0)
        check(env.stock or m.state().pages, 'committed at once')
        m.advance(SETTLE)
        state = m.state()
        equal((state.pages, state.ports), ([], []), 'left')


@claim()
def enabling_decode_with_bars_at_zero_maps_nothing(env, host):
    fn = host.add(standard())
    with Machine(env, host) as m:
        placed(m, fn, dict.fromkeys(fn.bars, 0))
        m.advance(SETTLE)
        state = m.state()
        equal((state.pages, state.ports), ([], []), 'mapped')


@claim(stock='unmaps what Xen has not mapped')
def a_bar_of_all_ones_with_decode_on_maps_nothing(env, host):
    fn = host.add(standard())
    with Machine(env, host) as m:
        guest = ready(m, fn)
        for index in range(6):
            guest.write(0x10 + 4 * index, 4, 0xffffffff)
        m.advance(SETTLE)
        for page in m.state().pages:
            check(page.gfn < 0xffff0 and page.mfn >> 4 in
                  (0xf000, 0xf001), repr(page))
        guest.place_bars()
        m.advance(SETTLE)
        equal(len(m.state().pages), 3, 'mapped ranges')


@claim()
def a_bar_over_ram_maps_nothing_there(env, host):
    fn = host.add(standard())
    with Machine(env, host) as m:
        guest = ready(m, fn)
        guest.write_bar(2, 0x00200000)
        m.advance(SETTLE)
        check(not any(gfn < 0x4000 for gfn in gfns(m.state())),
              repr(m.state().pages))
        m.mem_write(0x00200000, 4, 0x12345678)
        equal(m.mem_read(0x00200000, 4), 0x12345678, 'RAM')
        guest.write_bar(2, 0xe8000000)
        m.advance(SETTLE)
        equal(gfns(m.state()).get(0xe8000), 0xf0010, 'back')


@claim()
def two_bars_that_overlap_leave_no_wrong_page(env, host):
    fn = host.add(standard())
    with Machine(env, host) as m:
        guest = ready(m, fn)
        guest.write_bar(0, guest.addresses[2])
        m.advance(SETTLE)
        at = guest.addresses[2] >> 12
        for gfn, mfn in gfns(m.state()).items():
            off = gfn - at
            check(mfn in (0xf0000 + off, 0xf0010 + off),
                  'gfn %#x has mfn %#x' % (gfn, mfn))
        guest.write_bar(0, 0xe8000000)
        m.advance(SETTLE)
        equal(gfns(m.state()), {
            **bar_pages(0xe8000000, 0xf0000000, 0x4000, hole=(2,)),
            **bar_pages(guest.addresses[2], 0xf0010000, 0x10000)}, 'pages')


@claim(stock='maps none of its pages')
def a_bar_over_an_emulated_device_maps_no_page_of_it(env, host):
    """HPET, which does not fill its page."""
    fn = host.add(standard())
    hpet = 0xfed00000
    with Machine(env, host) as m:
        identity = m.mem_read(hpet, 4)
        check(identity not in (0, 0xffffffff), 'no HPET: %#x' % identity)
        guest = ready(m, fn)
        guest.write_bar(2, hpet)
        m.advance(SETTLE)
        equal({g: mfn for g, mfn in gfns(m.state()).items()
               if g >= hpet >> 12},
              bar_pages(hpet, 0xf0010000, 0x10000, hole=(0,)), 'pages')
        equal(m.mem_read(hpet, 4), identity, 'HPET')
        host.bar_write(fn, 2, 0x800, b'\x11\x22\x33\x44')
        equal(m.mem_read(hpet + 0x800, 4), 0x44332211, 'the rest of its page')
        guest.write_bar(2, 0xe8000000)
        m.advance(SETTLE)
        equal(gfns(m.state()).get(0xe8000), 0xf0010, 'back')


@claim()
def bars_of_two_devices_that_overlap_leave_no_wrong_page(env, host):
    large = Function()
    large.add_bar(0, 0x10000, 0xf0000000)
    inner = Function('0000:04:00.0')
    inner.add_bar(0, 0x4000, 0xf1000000)
    host.add(large)
    host.add(inner)
    whole = bar_pages(0xe0000000, 0xf0000000, 0x10000)
    over = bar_pages(0xe0004000, 0xf1000000, 0x4000)
    with Machine(env, host) as m:
        placed(m, large, {0: 0xe0000000}, CMD_MEM)
        guest = placed(m, inner, {0: 0xe0004000}, CMD_MEM)
        m.advance(SETTLE)
        pages = gfns(m.state())
        equal(set(pages), set(whole), 'guest pages')
        for gfn, mfn in pages.items():
            check(mfn in (whole[gfn], over.get(gfn)),
                  'gfn %#x has mfn %#x' % (gfn, mfn))
        guest.write_bar(0, 0xe0020000)
        m.advance(SETTLE)
        equal(gfns(m.state()), {
            **whole, **bar_pages(0xe0020000, 0xf1000000, 0x4000)}, 'apart')
        guest.write_bar(0, 0xe0004000)
        m.advance(SETTLE)
        m.detach(inner)
        m.advance(SETTLE)
        equal(gfns(m.state()), whole, 'without the other')


@claim(stock='the part that is left maps the wrong machine ports')
def an_io_bar_half_behind_another_maps_the_right_ports(env, host):
    first = Function()
    first.add_bar(0, 128, 0xc000, io=True)
    host.add(first)
    second = Function('0000:04:00.0')
    second.add_bar(0, 32, 0xc100, io=True)
    host.add(second)
    with Machine(env, host) as m:
        placed(m, first, {0: 0xd000}, CMD_IO)
        placed(m, second, {0: 0xd000}, CMD_IO)
        m.advance(SETTLE)
        for port in m.state().ports:
            machine = 0xc100 if port.mport >= 0xc100 else 0xc000
            equal(port.mport - machine, port.gport - 0xd000,
                  'port %#x' % port.gport)


@claim()
def random_programs_never_map_a_wrong_page(env, host):
    """What a mapped page is, is what the BARs say after each settling."""
    fn = host.add(standard())
    rng = random.Random(7)
    slots = [0xe0000000 + 0x100000 * i for i in range(6)]
    with Machine(env, host) as m:
        guest = ready(m, fn)
        for step in range(60):
            where = rng.sample(slots, 2)
            for index, address in zip((0, 2), where):
                if rng.random() < 0.6:
                    if rng.random() < 0.5:
                        guest.set_decode(False)
                    guest.write_bar(index, address)
            if rng.random() < 0.3:
                guest.size_bars()
            decode = rng.random() < 0.8
            guest.set_command(BOTH if decode else 0)
            m.advance(130 if not decode else 1)
            if not decode:
                m.advance(SETTLE - 130)
            wanted = {}
            overlap = guest.addresses[0] == guest.addresses[2]
            if decode:
                wanted.update(bar_pages(guest.addresses[2], 0xf0010000,
                                        0x10000))
                wanted.update(bar_pages(guest.addresses[0], 0xf0000000,
                                        0x4000, hole=(2,)))
            if not overlap:
                equal(gfns(m.state()), wanted, 'step %d' % step)


# Permission

@claim(stock='the failed mapping is logged once and the BAR is dead')
def a_mapping_refused_for_permission_succeeds_once_granted(env, host):
    fn = host.add(standard())
    with Machine(env, host) as m:
        guest = placed(m, fn, grant=False)
        equal(m.state().pages, [], 'mapped without permission')
        m.advance(100)
        m.grant(fn)
        m.advance(300)
        equal(gfns(m.state()), {
            **bar_pages(guest.addresses[0], 0xf0000000, 0x4000, hole=(2,)),
            **bar_pages(guest.addresses[2], 0xf0010000, 0x10000)}, 'pages')
        m.tolerate_anomalies()


@claim(stock='4.23 gives the right to ports no more by itself')
def ports_refused_for_permission_on_4_23_are_mapped_once_granted(env, host):
    fn = host.add(standard())
    with Machine(env, host, xen_version='4.23') as m:
        guest = placed(m, fn, grant=False)
        m.advance(100)
        m.grant(fn)
        m.advance(300)
        equal([(p.gport, p.mport, p.nr) for p in m.state().ports],
              [(guest.addresses[4], 0xc000, 32)], 'ports')


@claim()
def waiting_for_permission_does_not_flood_the_log(env, host):
    fn = host.add(standard())
    with Machine(env, host) as m:
        placed(m, fn, grant=False)
        m.advance(1500)
        lines = m.stderr_lines()
        check(len(lines) < 10, '%d lines' % len(lines))
        m.tolerate_anomalies()


@claim()
def a_detach_after_permission_was_revoked_ends_in_order(env, host):
    fn = host.add(standard())
    for version in ('4.17', '4.20', '4.23'):
        with Machine(env, host, xen_version=version) as m:
            ready(m, fn)
            m.grant(fn, allow=0)
            m.detach(fn)
            check(m.alive(), 'QEMU has gone')
            equal(m.open_files(), [], 'open files')
            if version == '4.23':
                equal(m.state().pages, [], 'pages on ' + version)


@claim(stock='the second BAR is dead')
def adjacent_io_bars_on_4_23_both_work(env, host):
    """EBUSY for the second of two: it is served instead."""
    fn = Function()
    fn.add_bar(0, 32, 0xc000, io=True)
    fn.add_bar(1, 32, 0xc020, io=True)
    host.add(fn)
    with Machine(env, host, xen_version='4.23') as m:
        placed(m, fn, {0: 0xd000, 1: 0xd020}, CMD_IO)
        equal(len(m.state().ports), 1, 'mapped')
        host.bar_write(fn, 1, 4, b'\x5a\0\0\0')
        equal(m.inp(0xd024, 1), 0x5a, 'a port of the second')
        m.outp(0xd028, 2, 0x1234)
        equal(host.bar_read(fn, 1, 8, 2), b'\x34\x12', 'written')
        m.detach(fn)
        equal(m.state().ports, [], 'ports')


# ROM

def with_rom():
    return standard().add_rom(0x10000, 0xf0100000)


@claim()
def the_rom_is_mapped_while_it_is_enabled(env, host):
    fn = host.add(with_rom())
    with Machine(env, host) as m:
        guest = ready(m, fn)
        guest.write(0x30, 4, 0xfffff800)
        equal(guest.read(0x30, 4) & 0xfffff800, 0xffff0000, 'size')
        guest.write(0x30, 4, 0xe9000001)
        m.advance(SETTLE)
        equal(gfns(m.state()).get(0xe9000), 0xf0100, 'first page')
        guest.write(0x30, 4, 0xe9000000)
        m.advance(SETTLE)
        check(0xe9000 not in gfns(m.state()), 'still there')


@claim(stock='ignored')
def rombar_0_hides_the_rom(env, host):
    fn = host.add(with_rom())
    with Machine(env, host) as m:
        guest = m.attach(fn, rombar=0)
        guest.write(0x30, 4, 0xffffffff)
        equal(guest.read(0x30, 4), 0, 'ROM register')


# The end

@claim()
def maps_equal_unmaps_after_unplug(env, host):
    fn = host.add(with_rom())
    with Machine(env, host) as m:
        guest = ready(m, fn)
        for address in (0xe8000000, 0xe9000000, 0xe0800000):
            guest.write_bar(2, address)
            guest.set_decode(False)
            guest.write_bar(0, address + 0x100000)
            guest.set_decode(True)
        m.detach(fn)
        m.assert_nothing_left()
        keys = ('gfn', 'mfn', 'nr', 'gport', 'mport')
        added, removed = [], []
        for call in m.log().maps():
            key = (call.op,) + tuple(call.args.get(k) for k in keys)
            (added if call.args['add'] == '1' else removed).append(key)
        equal(sorted(map(str, added)), sorted(map(str, removed)), 'pairs')


@claim(stock='bus mastering stays on')
def a_system_reset_unmaps_everything(env, host):
    fn = host.add(standard())
    with Machine(env, host) as m:
        guest = ready(m, fn)
        m.qmp('system_reset')
        m.wait_event('RESET')
        m.advance(SETTLE)
        state = m.state()
        equal((state.pages, state.ports), ([], []), 'left')
        equal(guest.command() & 7, 0, 'Command')


@claim()
def two_devices_are_mapped_beside_each_other(env, host):
    fns = [host.add(standard('0000:0%d:00.0' % i, base=0xf0000000 +
                             0x100000 * i, port=0xc000 + 0x100 * i))
           for i in range(1, 4)]
    with Machine(env, host) as m:
        for i, fn in enumerate(fns):
            m.attach(fn).bring_up(base=0xe0000000 + 0x1000000 * i,
                                  port=0xd000 + 0x100 * i)
        equal(len(m.state().pages), 9, 'ranges')
        equal(len(m.state().ports), 3, 'ports')
        m.mark()
        m.detach(fns[1])
        count([c for c in m.log().maps()], 4, 'removals')
        equal(len(m.state().pages), 6, 'ranges')
