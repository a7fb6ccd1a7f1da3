# SPDX-License-Identifier: GPL-2.0-or-later
"""Each event of hw/xen-pt/qemu/trace-events is seen firing, and stands with an
example in docs/introspection.md: a claim for each line of that file. What
makes an event fire belongs into story()."""

import os
import re

from xenpt.claim import check, claim
from xenpt.guest import CAP_EXPRESS
from xenpt.host import plain, standard
from xenpt.machine import Machine, QmpError
from xenpt.sandbox import ROOT

FIRST, SECOND = '0000:03:00.0', '0000:04:00.0'
FORMATS = {'d': r'-?\d+', 'u': r'\d+', 'x': r'[0-9a-f]+', 's': r'.*'}


def text_of(path):
    with open(os.path.join(ROOT, path), encoding='utf-8') as file:
        return file.read()


def events():
    """Each event with a pattern of what it prints."""
    lines = re.findall(r'^(xen_pt_\w+)\([^)]*\) (.*)$',
                       text_of('hw/xen-pt/qemu/trace-events'), re.M)
    found = {}
    for name, text in lines:
        text = re.sub(r'"?PRI([a-z])64"?', r'\1', text).replace('"', '')
        found[name] = re.sub(r'%0?\d*([duxs])',
                             lambda m: FORMATS[m.group(1)],
                             re.sub(r'([+()])', r'\\\1', text))
    return found


def refused(work, *args, **kwargs):
    try:
        work(*args, **kwargs)
    except QmpError:
        return
    raise AssertionError('not refused')


def story(m, env, host):
    """A device's life with all that xen-pt decides in it."""
    first = standard(FIRST)
    first.add_vendor(0xc0, 0x10).add_unknown(0xd0)
    host.add(first)
    second = host.add(standard(SECOND, base=0xf0100000, port=0xc100))
    m.enable_acpi_hotplug()
    refused(m.device_add, plain('0000:09:00.0'))

    # by libxl, which grants after device_add
    guest = m.attach(first, grant=False, **{'allow-reset': True})
    guest.bring_up()
    m.grant(first)
    m.assign(first)
    m.advance(200)
    backend = '/local/domain/0/backend/pci/7/0/'
    m.fx('xs-write %snum_devs 1' % backend)
    m.fx('xs-write %sdev-0 %s' % (backend, FIRST))
    m.fx('xs-write %sopts-0 permissive=0' % backend)
    m.advance(50)

    # what a guest does
    guest.write(0xc8, 1, 0x5a)
    guest.set_decode(False)
    m.advance(200)
    guest.set_decode(True)
    guest.msix_setup(3)
    guest.msix_control(False)
    m.fx('fail xc_physdev_map_pirq_msi 1 ENOSPC 9')
    guest.msix_setup(1)
    guest.msix_control(False)
    m.fx('forgive')
    guest.write(guest.capability(CAP_EXPRESS) + 8, 2, 0x8000)
    m.advance(200)

    # what a toolstack does
    refused(m.qmp, 'xen-save-devices-state', live=False,
            filename=os.path.join(env.tmp, 'state'))
    m.device_del(first)
    m.eject(guest.slot)
    m.wait_gone(first)

    # a device that leaves the bus, and the end of the domain
    guest = m.attach(second).bring_up()
    status = guest.capability(CAP_EXPRESS) + 0xa
    m.fx('gone %s 1' % SECOND)
    guest.read(status, 2)
    m.fx('domain shutdown 0')
    m.fx('xs-fire @releaseDomain')
    m.advance(50)


def told(env, host):
    """What the story wrote to the log; it runs once."""
    if not hasattr(env, 'trace'):
        log = os.path.join(env.tmp, 'trace')
        with Machine(env, host, args=['-trace', 'xen_pt_*', '-D', log]) as m:
            m.tolerate_anomalies()
            story(m, env, host)
        env.trace = text_of(log).splitlines()
    return env.trace


def make_claim(name, pattern):
    def fires(env, host):
        mine = [line for line in told(env, host)
                if re.fullmatch(r'(\d+@[\d.]+:)?%s %s' % (name, pattern), line)]
        check(mine, 'never fired')
        check(re.search('^%s %s$' % (name, pattern),
                        text_of('docs/introspection.md'), re.M),
              'docs/introspection.md has no example of it')
    fires.__name__ = name + '_is_seen_firing'
    claim(only='ours')(fires)


for event, shape in events().items():
    make_claim(event, shape)
