# SPDX-License-Identifier: GPL-2.0-or-later
"""Each call that can fail is made to fail once."""

import os
import resource

from xenpt.claim import check, claim, equal
from xenpt.guest import CMD_IO, CMD_MASTER, CMD_MEM, msi_address
from xenpt.host import standard
from xenpt.machine import Machine, QemuDied, QmpError

REMOVES = ('xc_domain_unbind_msi_irq', 'xc_domain_unbind_pt_irq',
           'xc_physdev_unmap_pirq', 'PHYSDEVOP_unmap_pirq')


def calls_of(env, host, fn, work):
    """How many calls the work makes when nothing fails."""
    with Machine(env, host) as m:
        m.tolerate_anomalies()
        m.mark()
        work(m)
        return len(m.log())


def restore(host, fn):
    """The hardware as it was before the first attempt."""
    with open(host.path(fn, 'config'), 'r+b') as config:
        config.write(fn.config)


def check_refusal(m, fn, text, where):
    """It is one sentence about the function, and nothing is left."""
    check('\n' not in str(text) and fn.bdf[5:] in str(text),
          '%s: %s' % (where, text))
    m.assert_nothing_left('%s (%s)' % (where, text))


def realize_with_failures(env, host, error):
    fn = host.add(standard())
    total = calls_of(env, host, fn, lambda m: m.device_add(fn))
    check(total > 5, 'only %d calls' % total)
    refused = 0
    with Machine(env, host) as m:
        for nth in range(1, total + 1):
            restore(host, fn)
            m.mark()
            m.fx('fail call %d %s' % (nth, error))
            where = 'call %d of %d' % (nth, total)
            try:
                m.device_add(fn)
            except QmpError as text:
                refused += 1
                check_refusal(m, fn, text, where)
                m.fx('forgive')
                m.device_add(fn)
            else:
                failed = [c for c in m.log() if c.result == error]
                where += ' (%s), tolerated' % failed
            m.fx('forgive')
            m.grant(fn)
            m.assign(fn)
            guest = m.guest_function(fn)
            guest.bring_up()
            check(m.state().pages, where + ': nothing is mapped')
            m.detach(fn)
            m.assert_nothing_left(where)
    check(refused > 3, 'only %d of %d failures were noticed' %
          (refused, total))


@claim(stock='it dies, or the second attempt does')
def realize_survives_eio_at_every_call(env, host):
    realize_with_failures(env, host, 'EIO')


@claim(stock='it dies, or the second attempt does')
def realize_survives_eperm_at_every_call(env, host):
    realize_with_failures(env, host, 'EPERM')


@claim()
def realize_survives_want_of_descriptors_at_every_one(env, host):
    """Those of epoll, timers and directories are in no log of calls."""
    fn = host.add(standard())
    refused = 0
    with Machine(env, host) as m:
        while True:
            used = max(int(fd) for fd in
                       os.listdir('/proc/%d/fd' % m.process.pid))
            unlimited = resource.prlimit(m.process.pid,
                                         resource.RLIMIT_NOFILE)
            resource.prlimit(m.process.pid, resource.RLIMIT_NOFILE,
                             (used + 1 + refused, unlimited[1]))
            where = '%d to spare' % refused
            try:
                m.device_add(fn)
            except QmpError as text:
                refused += 1
                check_refusal(m, fn, text, where)
                resource.prlimit(m.process.pid, resource.RLIMIT_NOFILE,
                                 unlimited)
            else:
                break
            m.attach(fn).bring_up()
            check(m.state().pages, where + ': nothing is mapped')
            m.detach(fn)
            m.assert_nothing_left(where)
    check(1 < refused < 40, 'refused %d times' % refused)


def whole_life(m, fn):
    """Attach, boot, MSI-X, a move, another boot, MSI, detach."""
    guest = m.attach(fn)
    guest.bring_up()
    guest.msix_setup(4)
    guest.msix_move(1, 1, 0x51)
    guest.set_decode(False)
    guest.write_bar(0, 0xe8000000)
    guest.set_decode(True)
    guest.msix_control(False)
    guest.msi_program(msi_address(), 0x61)
    guest.msi_enable()
    guest.msi_program(msi_address(1), 0x62)
    guest.msi_enable(False)
    guest.set_decode(False)
    m.detach(fn)


def life_with_failures(env, host, kind, error):
    """One call of the kind fails in each life: n = 1 .. all."""
    fn = host.add(standard())
    with Machine(env, host) as m:
        whole_life(m, fn)
        total = len([c for c in m.log() if c.kind == kind]) \
            if kind != 'hypercall' else len(m.log().hypercalls())
    check(total > 20, 'only %d calls' % total)
    for nth in range(1, total + 1):
        restore(host, fn)
        with Machine(env, host) as m:
            m.fx('fail %s %d %s' % (kind, nth, error))
            try:
                whole_life(m, fn)
            except QmpError:
                pass        # refused at device_add
            except QemuDied:
                raise
            except AssertionError:
                # The guest saw something odd, for instance all ones.
                m.detach(fn)
            check(m.alive(), 'call %d: QEMU has gone' % nth)
            failed = [c for c in m.log() if c.result == error][:1]
            state = m.state()
            removal = failed and (failed[0].op in REMOVES or
                                  failed[0].args.get('add') == '0')
            if removal:
                # What Xen would not undo stays; nothing else may.
                m.tolerate_anomalies()
                check(len(state.pages) + len(state.ports) +
                      len(state.pirqs) <= 1, 'call %d (%s): %s' %
                      (nth, failed, state))
                check(not m.open_files(), 'files: %s' % m.open_files())
            else:
                m.assert_nothing_left('call %d (%s)' % (nth, failed))


@claim(stock='a pirq whose unbinding failed is lost, among others')
def a_whole_life_survives_a_failure_at_every_hypercall(env, host):
    life_with_failures(env, host, 'hypercall', 'EINVAL')


@claim(stock='a pirq whose unbinding failed is lost, among others')
def a_whole_life_survives_a_refusal_at_every_hypercall(env, host):
    life_with_failures(env, host, 'hypercall', 'EPERM')


@claim(stock='the guest wrecks its own view; a descriptor leaks')
def a_whole_life_survives_a_failure_at_every_file_access(env, host):
    life_with_failures(env, host, 'host', 'EIO')


@claim(stock='it does not look at xenstore')
def a_whole_life_survives_a_failure_at_every_xenstore_call(env, host):
    fn = host.add(standard())
    with Machine(env, host) as m:
        whole_life(m, fn)
        total = len([c for c in m.log() if c.kind == 'store'])
    check(total > 0, 'no xenstore call at all')
    for nth in range(1, total + 1):
        restore(host, fn)
        with Machine(env, host) as m:
            m.fx('fail store %d EAGAIN' % nth)
            whole_life(m, fn)
            m.assert_nothing_left('call %d' % nth)


@claim(stock='its capability list does not survive the writes')
def config_accesses_that_fail_harm_nobody(env, host):
    fn = host.add(standard())
    with Machine(env, host) as m:
        guest = m.attach(fn).bring_up()
        m.fx('fail pread:config 1 EIO 1000')
        m.fx('fail pwrite:config 1 EIO 1000')
        for off in range(0, 0x100, 4):
            guest.read(off, 4)
            guest.write(off, 4, 0xffffffff)
        check(all(int(line.split()[1]) for line in m.fx('fired')),
              'nothing has failed')
        m.fx('forgive')
        check(m.alive(), 'QEMU has gone')
        equal(guest.read(0, 4), 0x15728086, 'ids')
        guest.msi_enable(False)
        guest.set_command(0)
        m.detach(fn)
        m.tolerate_anomalies()
        m.assert_nothing_left()


@claim(stock='nothing retries: the BAR is dead')
def a_mapping_that_fails_for_want_of_memory_is_tried_again(env, host):
    fn = host.add(standard())
    with Machine(env, host) as m:
        guest = m.attach(fn)
        guest.set_command(0)
        guest.place_bars()
        m.fx('fail xc_domain_memory_mapping 1 ENOMEM 1')
        guest.set_command(CMD_IO | CMD_MEM)
        m.fx('forgive')
        guest.set_decode(False)
        m.advance(400)
        guest.set_decode(True)
        equal(len(m.state().pages), 3, 'mapped ranges')


@claim()
def an_interrupted_access_is_made_again(env, host):
    fn = host.add(standard())
    with Machine(env, host) as m:
        guest = m.attach(fn).bring_up()
        host.poke(fn, 0x8a, 2, 0x0020)
        m.fx('fail pread:config 1 EINTR 3')
        equal(guest.read(0x8a, 2), 0x0020, 'DevSta')
        equal(m.fx('fired'), ['pread:config 3'], 'interrupted')
        m.fx('forgive')
        m.fx('fail pwrite:config 1 EINTR 3')
        guest.set_command(CMD_IO | CMD_MEM | CMD_MASTER)
        equal(host.config_value(fn, 4, 2) & CMD_MASTER, CMD_MASTER,
              'bus mastering')
