# SPDX-License-Identifier: GPL-2.0-or-later
"""The whole device model of a Xen guest: its DM_OPs are counted as well.

"-accel xen -machine xenfv" with the fake libraries: the ioreq server's
listeners are there, and every range that they register is in the log.
"""

from xenpt.claim import check, claim, count, equal
from xenpt.guest import CMD_IO, CMD_MASTER, CMD_MEM
from xenpt.host import Function, standard
from xenpt.machine import Machine

BOTH = CMD_IO | CMD_MEM


def xen_machine(env, host, **kw):
    return Machine(env, host, machine='xenfv', accel='xen', **kw)


@claim()
def the_whole_device_model_starts_and_attaches(env, host):
    fn = host.add(standard())
    with xen_machine(env, host) as m:
        guest = m.attach(fn).bring_up()
        equal(len(m.state().pages), 3, 'mapped ranges')
        check(m.log().of('xendevicemodel_map_pcidev_to_ioreq_server'),
              'no config ranges')
        m.detach(fn)
        m.assert_nothing_left()
        equal(guest.read(0, 4), 0xffffffff, 'an empty slot')


@claim(stock='40 domctls, and its DM_OPs')
def sizing_bars_takes_no_hypercall_of_any_kind(env, host):
    fn = host.add(standard())
    with xen_machine(env, host) as m:
        guest = m.attach(fn).bring_up()
        m.size_in_time(guest)
        m.advance(400)
        count(m.log().hypercalls(), 0, 'sizing')


@claim()
def first_enable_takes_four_domctls(env, host):
    fn = host.add(standard())
    with xen_machine(env, host) as m:
        guest = m.attach(fn)
        guest.set_command(0)
        guest.place_bars()
        m.mark()
        guest.set_command(BOTH | CMD_MASTER)
        count([c for c in m.log() if c.kind == 'domctl'], 4, 'enable')


def many_functions(host):
    """48 functions of six BARs each, in six slots."""
    fns = []
    for slot in range(6):
        for function in range(8):
            fn = Function('0000:%02x:00.%d' % (slot + 1, function), irq=0,
                          pin=0)
            for index in range(6):
                fn.add_bar(index, 0x1000, 0xf0000000 + 0x100000 * slot +
                           0x10000 * function + 0x1000 * index)
            fns.append(host.add(fn))
    return fns


def fill(m, fns):
    """Function 0 of a slot comes last; then all of them are enabled."""
    for last in (False, True):
        for fn in fns:
            slot, function = int(fn.bdf[5:7], 16), int(fn.bdf[-1])
            if (function == 0) == last:
                m.device_add(fn, addr='%x.%d' % (slot + 10, function),
                             multifunction=True)
    for i, fn in enumerate(fns):
        m.grant(fn)
        m.guest_function(fn).bring_up(base=0xe0000000 + 0x10000 * i)


@claim()
def more_ranges_than_an_ioreq_server_takes_leave_no_dead_bar(env, host):
    """Xen takes 256 of a type; QEMU asks for one for each BAR."""
    fns = many_functions(host)
    with xen_machine(env, host) as m:
        fill(m, fns)
        equal(sum(p.nr for p in m.state().pages), 6 * 8 * 6, 'mapped pages')
        refused = [c for c in
                   m.log(0).of('xendevicemodel_map_io_range_to_ioreq_server')
                   if not c.ok]
        check(refused, 'the limit was not reached')


@claim(stock='silence: the vectors are dead')
def a_table_the_ioreq_server_has_no_room_for_is_told(env, host):
    """Trapped pages need a range; a mapped one does not."""
    fns = many_functions(host)
    last = host.add(standard('0000:40:00.0', base=0xf8000000))
    with xen_machine(env, host) as m:
        fill(m, fns)
        before = len(m.stderr_lines())
        m.attach(last, addr='1f.0').bring_up(base=0xe8000000)
        text = '\n'.join(m.stderr_lines()[before:])
        check('256' in text and last.bdf in text and
              'are lost; give the guest fewer devices' in text,
              'no word: ' + text)
        for line in m.stderr_lines():
            check('256 ranges' not in line or last.bdf in line,
                  'of a BAR that is mapped: ' + line)
