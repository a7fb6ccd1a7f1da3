# SPDX-License-Identifier: GPL-2.0-or-later
"""The whole device model of a Xen guest: its DM_OPs are counted as well.

"-accel xen -machine xenfv" with the fake libraries: the ioreq server's
listeners are there, and every range that they register is in the log.
"""

from xenpt.claim import check, claim, count, equal
from xenpt.guest import CMD_IO, CMD_MASTER, CMD_MEM
from xenpt.host import standard
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
        m.mark()
        guest.size_bars(toggle=True)
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
