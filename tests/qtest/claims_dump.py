# SPDX-License-Identifier: GPL-2.0-or-later
"""Real devices' configuration spaces through the production binary."""

import os
import random

from xenpt import dump
from xenpt.claim import check, claim, equal
from xenpt.guest import CMD_IO, CMD_MASTER, CMD_MEM
from xenpt.host import standard
from xenpt.machine import Machine, QmpError

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
# The second is there on some machines only.
FOLDERS = (os.path.join(ROOT, 'tests', 'corpus'),
           os.path.join(os.path.dirname(ROOT), 'shared', 'corpus'))

# What a guest may find in a capability list; the rest is hidden.
VISIBLE = (0x01, 0x03, 0x05, 0x09, 0x10, 0x11, 0x12, 0x13)


def texts():
    yield 'made up', dump.text_of(standard())
    for folder in FOLDERS:
        if not os.path.isdir(folder):
            continue
        for name in sorted(os.listdir(folder)):
            with open(os.path.join(folder, name), errors='replace') as text:
                first = text.read()
            if dump.blocks(first):
                yield name, first


def probe(m, host, fn, name):
    """Attach, look, write at random, detach; None, or the refusal."""
    try:
        m.device_add(fn)
    except QmpError as error:
        check(fn.bdf in str(error) and '\n' not in str(error),
              '%s: %s' % (name, error))
        m.assert_nothing_left(name)
        return str(error)
    m.grant(fn)
    m.assign(fn)
    guest = m.guest_function(fn)
    equal(guest.read(0, 4), fn.get(0, 4), name + ': ids')
    chain = guest.capabilities()
    for cap_id, off in chain:
        check(cap_id in VISIBLE, '%s: capability %#x shown' % (name, cap_id))
    for index, bar in fn.bars.items():
        if bar.addr >= 0x10000:
            check(guest.read_bar(index) != bar.addr,
                  '%s: BAR%d shows the host' % (name, index))
    before = host.config(fn)
    rng = random.Random(name)
    m.mark()
    for _ in range(120):
        size = rng.choice((1, 2, 4))
        off = rng.randrange(0, 256 // size) * size
        guest.write(off, size, rng.getrandbits(8 * size))
    equal(guest.capabilities(), chain, name + ': capability list')
    after = host.config(fn)
    for off in list(range(0, 4)) + list(range(8, 16)) + \
            list(range(0x10, 0x30)):
        equal(after[off], before[off], '%s: hardware byte %#x' % (name, off))
    equal(after[4] & 3, before[4] & 3, name + ': decoding in hardware')
    for cap_id, off in chain:
        equal(after[off:off + 2], before[off:off + 2],
              '%s: capability header at %#x' % (name, off))
        if cap_id == 5:
            equal(after[off + 4:off + 10], before[off + 4:off + 10],
                  name + ': MSI address')
    guest.set_command(0)
    guest.place_bars()
    guest.set_command(CMD_IO | CMD_MEM | CMD_MASTER)
    m.detach(fn)
    m.assert_nothing_left(name)
    return None


@claim(stock='it dies of some, and of others the guest wrecks its view')
def every_endpoint_of_the_dumps_works_or_is_refused_in_a_sentence(env, host):
    worked, refused = 0, []
    with Machine(env, host) as m:
        m.tolerate_anomalies()
        m.fx('pirqs 2048')
        for name, text in texts():
            for fn in dump.functions(text):
                host.clear()
                host.add(fn)
                label = '%s %s' % (name, fn.bdf)
                answer = probe(m, host, fn, label)
                if answer:
                    refused.append('%s: %s' % (label, answer))
                else:
                    worked += 1
    check(worked >= 10, 'only %d worked: %s' % (worked, refused))
    if os.environ.get('XEN_PT_TALK'):
        print('       %d worked, %d refused' % (worked, len(refused)))
        for line in refused:
            print('       ' + line)
