# SPDX-License-Identifier: GPL-2.0-or-later
"""What the host and the toolstack's records say is heeded, and told."""

import json
import os

from xenpt.claim import check, claim, equal
from xenpt.host import plain, standard
from xenpt.machine import Machine, QmpError
from xenpt.toolstack import Libxl

BDF = '0000:03:00.0'
BACKEND = '/local/domain/0/backend/pci/7/0/'


def warnings(m, fn):
    path = '/machine/peripheral/' + m.qdev_id(fn)
    return json.loads(m.qmp('qom-get', path=path,
                            property='xen-pt-status'))['warnings']


def told(m, fn, part):
    found = [w for w in warnings(m, fn) if part in w]
    equal(len(found), 1, 'warnings with "%s"' % part)
    check(found[0].startswith(fn.bdf + ': '), found[0])
    check(part in m.stderr_text(), 'not in the log: ' + part)


@claim(only='ours')
def what_the_host_warns_of_can_be_asked_for(env, host):
    fn = host.add(standard(has_reset=False, driver='pci-stub'))
    with Machine(env, host) as m:
        m.attach(fn)
        told(m, fn, 'bound to pci-stub instead of pciback')
        told(m, fn, 'no way to reset it')


@claim(only='ours')
def options_that_xl_never_sends_are_told(env, host):
    fn = host.add(standard())
    with Machine(env, host) as m:
        m.attach(fn)
        equal(warnings(m, fn), [], 'warnings at first')
        m.fx('xs-write %snum_devs 1' % BACKEND)
        m.fx('xs-write %sdev-0 %s' % (BACKEND, fn.bdf))
        m.fx('xs-write %sopts-0 msitranslate=1,power_mgmt=1,permissive=0' %
             BACKEND)
        m.advance(50)
        told(m, fn, 'msitranslate=1 has no effect; leave it out')
        told(m, fn, 'power_mgmt=1 did not reach the device model, because xl '
             'has no way to send it; write real-power=true')


@claim(only='ours')
def each_attach_is_told_anew(env, host):
    """The watch outlives the device, for there is another on its line."""
    fn, other = host.add(standard()), host.add(plain(irq=16))
    with Machine(env, host, xen_version='4.20') as m:
        m.fx('xs-write /libxl/pci/0000-03-00-0/domid 7')
        m.attach(other)
        m.fx('xs-write %snum_devs 1' % BACKEND)
        m.fx('xs-write %sdev-0 %s' % (BACKEND, fn.bdf))
        for _ in range(2):
            m.attach(fn).bring_up()
            m.fx('xs-write %sopts-0 msitranslate=1' % BACKEND)
            m.advance(50)
            told(m, fn, 'msitranslate=1 has no effect; leave it out')
            m.detach(fn)


@claim(only='ours')
def an_attach_by_libxl_without_options_is_not_remarked(env, host):
    fn = host.add(standard())
    with Machine(env, host) as m:
        Libxl(m).pci_add(fn)
        m.advance(50)
        equal(warnings(m, fn), [], 'warnings')


def put_behind_a_bridge(host, *functions):
    """Conventional bridge 0000:02:00.0, on the root bus of the host."""
    bridge = host.add(plain('0000:02:00.0', driver=None))
    config = bytearray(64 + 192)
    config[0x0a:0x0c] = b'\x04\x06'
    config[0x0e] = 1
    host._write(bridge, 'config', config)
    devices = os.path.join(host.root, 'devices')
    behind = os.path.join(host.root, 'pci0000:00', bridge.bdf)
    os.makedirs(behind)
    for fn in functions:
        os.rename(os.path.join(devices, fn.bdf),
                  os.path.join(behind, fn.bdf))
        os.symlink('../pci0000:00/%s/%s' % (bridge.bdf, fn.bdf),
                   os.path.join(devices, fn.bdf))


@claim(stock='assigns it, and the sibling loses its memory accesses')
def a_sibling_behind_a_bridge_that_the_host_uses_is_named(env, host):
    fn = host.add(standard())
    sibling = host.add(plain('0000:03:01.0', driver='e1000e'))
    put_behind_a_bridge(host, fn, sibling)
    with Machine(env, host) as m:
        try:
            m.device_add(fn)
        except QmpError as error:
            for part in (BDF, sibling.bdf, 'e1000e', '0000:02:00.0'):
                check(part in str(error), str(error))
        else:
            raise AssertionError('device_add succeeded')
        m.assert_nothing_left()


@claim(stock='assigns it, and the sibling loses its memory accesses')
def a_sibling_that_another_domain_has_is_named(env, host):
    fn = host.add(standard())
    sibling = host.add(plain('0000:03:01.0'))
    put_behind_a_bridge(host, fn, sibling)
    with Machine(env, host) as m:
        m.fx('xs-write /libxl/pci/0000-03-01-0/domid 9')
        try:
            m.device_add(fn)
        except QmpError as error:
            check(sibling.bdf + ' (passed to domain 9)' in str(error),
                  str(error))
        else:
            raise AssertionError('device_add succeeded')
        m.assert_nothing_left()
        m.fx('xs-write /libxl/pci/0000-03-01-0/domid 7')
        m.attach(fn)
        equal(warnings(m, fn), [], 'warnings')


@claim(only='ours')
def a_line_that_the_host_uses_is_a_warning(env, host):
    fn = host.add(standard(irq=19))
    host.add(plain('0000:05:00.0', driver='e1000e', irq=19))
    with Machine(env, host) as m:
        m.attach(fn)
        told(m, fn, 'shares its interrupt line, GSI 19, with 0000:05:00.0 '
             '(driven by e1000e)')


@claim(only='ours')
def an_idle_sibling_behind_a_bridge_is_a_warning(env, host):
    fn = host.add(standard())
    sibling = host.add(plain('0000:03:01.0'))
    put_behind_a_bridge(host, fn, sibling)
    with Machine(env, host) as m:
        m.attach(fn)
        told(m, fn, 'or stay unused: ' + sibling.bdf)
