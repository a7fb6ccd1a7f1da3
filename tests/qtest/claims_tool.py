# SPDX-License-Identifier: GPL-2.0-or-later
"""The xen-pt command asks a production device model, as an operator does, and
the adapter's own sentences reach who should read them."""

import functools
import json
import os
import subprocess
import time

from xenpt.claim import check, claim, equal
from xenpt.guest import CAP_EXPRESS
from xenpt.host import standard
from xenpt.machine import Machine, QmpError, StartFailed
from xenpt.toolstack import Libxl

BDF = '0000:03:00.0'
SOURCE = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))


def asked(env, host):
    """A machine with the second monitor that libxl opens, below root."""
    root = os.path.join(env.tmp, 'root')
    os.makedirs(root + '/var/run/xen', exist_ok=True)
    path = root + '/var/run/xen/qmp-libxenstat-7'
    if os.path.exists(path):
        os.unlink(path)
    m = Machine(env, host, args=[
        '-chardev', f'socket,id=stat,path={path},server=on,wait=off',
        '-mon', 'chardev=stat,mode=control'])
    m.root = root
    return m


@functools.cache
def tool_path():
    """The xen-pt command as the sources are, not as it was built once."""
    if 'XEN_PT_TOOL' in os.environ:
        return os.environ['XEN_PT_TOOL']
    build = os.path.join(SOURCE, 'build', 'meson')
    check(os.path.exists(build + '/build.ninja'),
          'no xen-pt command; run `scripts/test build`')
    subprocess.run(['ninja', '-C', build, 'tools/xen-pt'], check=True,
                   stdout=subprocess.DEVNULL)
    return build + '/tools/xen-pt'


def tool(m, *args):
    path = tool_path()
    done = subprocess.run([path, args[0], '--root', m.root, *args[1:]],
                          capture_output=True, check=False, timeout=30)
    done.out, done.err = done.stdout.decode(), done.stderr.decode()
    return done


def refusal(m, fn, **properties):
    try:
        m.device_add(fn, **properties)
    except QmpError as error:
        return str(error)
    raise AssertionError('device_add succeeded')


@claim(only='ours')
def status_command_tells_what_a_running_device_does(env, host):
    fn = host.add(standard())
    with asked(env, host) as m:
        guest = m.attach(fn).bring_up()
        guest.msix_setup(3)
        done = tool(m, 'status', '-j', '7')
        equal(done.returncode, 0, done.err)
        status, = json.loads(done.out)['functions']
        equal(status['host']['address'], BDF, 'address')
        equal(status['state'], 'running', 'state')
        equal(status['interrupt']['mode'], 'msix', 'mode')
        equal(len([v for v in status['interrupt']['vectors'] if v['bound']]),
              3, 'bound vectors')
        bars = {bar['index']: bar['how'] for bar in status['bars']}
        equal(bars, {0: 'part', 2: 'mapped', 4: 'mapped'}, 'BARs')
        text = tool(m, 'status', '7', BDF)
        equal(text.returncode, 0, text.err)
        check('3 of 64 vectors bound' in text.out, text.out)


@claim(only='ours')
def config_dump_command_gives_what_the_guest_reads(env, host):
    fn = host.add(standard())
    with asked(env, host) as m:
        guest = m.attach(fn).bring_up()
        done = tool(m, 'config-dump', '7', BDF)
        equal(done.returncode, 0, done.err)
        rows = [line.split(':', 1)[1].split()
                for line in done.out.strip().split('\n')[1:]]
        dump = bytes(int(byte, 16) for row in rows for byte in row)
        equal(len(dump), 256, 'bytes')
        for at in range(0, 256, 4):
            equal(int.from_bytes(dump[at:at + 4], 'little'),
                  guest.read(at, 4), 'dword %#x' % at)


@claim(only='ours')
def asking_reaches_neither_xen_nor_the_device(env, host):
    fn = host.add(standard())
    with asked(env, host) as m:
        m.attach(fn).bring_up()
        mark = m.mark()
        before = json.loads(tool(m, 'status', '-j', '7').out)
        tool(m, 'config-dump', '7', BDF)
        log = m.log(mark)
        equal(log.hypercalls(), [], 'hypercalls')
        equal(log.config_writes(), [], 'config writes')
        equal(json.loads(tool(m, 'status', '-j', '7').out), before, 'status')


@claim(only='ours')
def denied_write_comes_with_a_rule_that_works(env, host):
    def vendor():
        fn = standard()
        fn.add_vendor(0xc0, 0x10)
        return host.add(fn)

    fn = vendor()
    with asked(env, host) as m:
        m.attach(fn).write(0xc8, 1, 0x5a)
        status, = json.loads(tool(m, 'status', '-j', '7').out)['functions']
        rule = status['denied'][0]['rule']
        equal(rule, 'c8.b', 'rule')
    host.clear()
    fn = vendor()
    with asked(env, host) as m:
        m.attach(fn, allow=rule).write(0xc8, 1, 0x5a)
        equal(host.config_value(fn, 0xc8, 1), 0x5a, 'in hardware')
        status, = json.loads(tool(m, 'status', '-j', '7').out)['functions']
        equal(status['denied'], [], 'denied')


@claim(only='ours')
def a_stock_device_model_would_be_named(env, host):
    with asked(env, host) as m:
        done = tool(m, 'status', '7')
        equal(done.returncode, 0, done.err)
        check('no passed-through function' in done.out, done.out)


# -- the adapter's own sentences ----------------------------------------------

@claim(only='ours')
def a_device_that_the_guest_has_is_refused_by_name(env, host):
    fn = host.add(standard())
    with Machine(env, host) as m:
        m.attach(fn)
        try:
            m.qmp('device_add', driver='xen-pci-passthrough', id='again',
                  hostaddr=BDF)
        except QmpError as error:
            check('the guest has this device already, as' in str(error),
                  str(error))
        else:
            raise AssertionError('added twice')


@claim(only='ours')
def an_option_of_a_running_device_cannot_be_set(env, host):
    fn = host.add(standard())
    with Machine(env, host) as m:
        m.attach(fn)
        try:
            m.qmp('qom-set', path='/machine/peripheral/' + m.qdev_id(fn),
                  property='permissive', value=True)
        except QmpError as error:
            check('options can be set only before the device is plugged in'
                  in str(error), str(error))
        else:
            raise AssertionError('set')


@claim(only='ours')
def a_romfile_that_contradicts_or_is_not_there_is_refused(env, host):
    fn = host.add(standard())
    with Machine(env, host) as m:
        check('romfile and rombar=0 contradict each other'
              in refusal(m, fn, romfile='/dev/null', rombar=0), 'rombar')
        check('cannot read the romfile'
              in refusal(m, fn, romfile='/nowhere/rom'), 'romfile')
        path = os.path.join(env.tmp, 'no-rom')
        with open(path, 'wb') as file:
            file.write(bytes(512))
        check('is not an expansion ROM: it does not begin with the bytes 55 AA'
              in refusal(m, fn, romfile=path), 'not a ROM')
        with open(path, 'wb') as file:
            file.truncate(17 << 20)
        check('more than an expansion ROM' in refusal(m, fn, romfile=path),
              'too large')


@claim(only='ours')
def a_device_without_an_address_is_refused_with_an_example(env, host):
    with Machine(env, host) as m:
        try:
            m.qmp('device_add', driver='xen-pci-passthrough', id='x')
        except QmpError as error:
            check("needs the host's device; give its address as hostaddr="
                  in str(error), str(error))
        else:
            raise AssertionError('device_add succeeded')


@claim(only='ours')
def a_refused_save_is_said_in_one_sentence(env, host):
    fn = host.add(standard())
    with Machine(env, host) as m:
        m.attach(fn)
        try:
            m.qmp('xen-save-devices-state', live=False,
                  filename=os.path.join(env.tmp, 'state'))
        except QmpError:
            pass
        check('the guest cannot be saved or migrated while it has this device'
              in m.stderr_text(), m.stderr_text())


@claim(only='ours')
def a_device_that_the_toolstack_dropped_is_said_to_be_taken(env, host):
    fn = host.add(standard())
    with Machine(env, host) as m:
        m.enable_acpi_hotplug()
        xl = Libxl(m)
        xl.pci_add(fn)
        m.guest_function(fn).bring_up()
        xl.pci_remove(fn, force=True, timeout=0.3)
        m.wait_gone(fn, timeout=2)
        m.tolerate_anomalies()
        check('the toolstack has given this device up, so it is taken'
              in m.stderr_text(), m.stderr_text())


@claim(only='ours')
def what_takes_ten_seconds_is_told_of(env, host):
    """A guest that keeps a device, and a host that is long in a reset."""
    kept, slow = host.add(standard()), host.add(standard(
        '0000:04:00.0', base=0xf0100000, port=0xc100))
    with asked(env, host) as m:
        m.enable_acpi_hotplug()
        guest = m.attach(slow, **{'allow-reset': True}).bring_up()
        quick = m.attach(kept, **{'allow-reset': True}).bring_up()
        quick.write(quick.capability(CAP_EXPRESS) + 8, 2, 0x8000)
        m.advance(200)
        slot = quick.bring_up().slot
        for op in ('write:reset', 'pwrite:reset'):
            m.fx('delay %s 1 11000' % op)
        guest.write(guest.capability(CAP_EXPRESS) + 8, 2, 0x8000)
        m.device_del(kept)
        status, = json.loads(tool(m, 'status', '-j', '7', BDF).out)['functions']
        equal(status['unplug'], 'requested', 'unplug')
        check('was asked to eject it' in tool(m, 'status', '7').out, 'text')
        deadline = time.monotonic() + 13
        for sentence in ('the guest has not given the device back within',
                         'the host has been resetting the function for'):
            while sentence not in m.stderr_text():
                check(time.monotonic() < deadline, 'nothing said: ' +
                      m.stderr_text())
                time.sleep(0.2)
        told = [line for line in m.stderr_lines()
                if 'has been resetting' in line]
        check(len(told) == 1 and slow.bdf in told[0],
              'of a reset that was over in no time: %s' % told)
        event = m.wait_event('DEVICE_UNPLUG_GUEST_ERROR')
        equal(event['data']['device'], m.qdev_id(kept), 'event')
        m.eject(slot)
        m.wait_gone(kept)


@claim(only='ours')
def a_device_without_a_domain_is_refused_with_a_way_out(env, host):
    fn = host.add(standard())
    with Machine(env, host, args=['-xen-domid', '0']) as m:
        check('needs a Xen domain; start QEMU with -xen-domid and accel=xen'
              in refusal(m, fn), 'sentence')
        m.assert_nothing_left()


@claim(only='ours')
def igd_passthru_is_refused_in_one_sentence(env, host):
    try:
        with Machine(env, host, machine='xenfv',
                     args=['-machine', 'igd-passthru=on']) as m:
            said = m.stderr_text()
    except StartFailed as error:
        said = str(error)
    check('igd-passthru=on is not supported: xen-pt cannot pass' in said, said)
