# SPDX-License-Identifier: GPL-2.0-or-later
"""BARs: exact pages, and no call that is not needed."""

from xenpt.claim import check, claim, count, equal
from xenpt.guest import CMD_IO, CMD_MASTER, CMD_MEM
from xenpt.host import standard
from xenpt.machine import Machine

BOTH = CMD_IO | CMD_MEM


def ready(m, fn):
    return m.attach(fn).bring_up()


@claim()
def first_decode_enable_takes_four_calls(env, host):
    fn = host.add(standard())
    with Machine(env, host) as m:
        guest = m.attach(fn)
        guest.set_command(0)
        guest.place_bars()
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
        m.mark()
        guest.size_bars(toggle=True)
        m.advance(400)
        count(m.log().hypercalls(), 0, 'sizing')
        equal(m.state(), before, 'mappings after sizing')


@claim(stock='turning decoding off to move one BAR unmaps all of them')
def moving_one_bar_takes_two_calls(env, host):
    fn = host.add(standard())
    with Machine(env, host) as m:
        guest = ready(m, fn)
        m.mark()
        guest.set_decode(False)
        guest.write_bar(2, 0xe8000000)
        guest.set_decode(True)
        m.advance(400)
        calls = m.log().hypercalls()
        count(calls, 2, 'move')
        equal([c.number('add') for c in calls], [0, 1], 'order')
        check(any(p.gfn == 0xe8000 and p.mfn == 0xf0010 and p.nr == 16
                  for p in m.state().pages), repr(m.state().pages))
