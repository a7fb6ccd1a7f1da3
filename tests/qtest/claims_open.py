# SPDX-License-Identifier: GPL-2.0-or-later
"""device_add that must fail: one sentence, and nothing left behind."""

import os

from xenpt.claim import check, claim, equal
from xenpt.host import Function, plain, standard
from xenpt.machine import Machine, QmpError

BDF = '0000:03:00.0'


def refusal(m, fn=None, words=(), bdf=BDF, **properties):
    """The sentence that device_add fails with, checked as a person would."""
    try:
        if fn is None:
            arguments = {'driver': 'xen-pci-passthrough',
                         'id': 'pci-pt-03_00.0'}
            arguments.update(properties)
            m.qmp('device_add', _raw=tuple(arguments), **arguments)
        else:
            m.device_add(fn, **properties)
    except QmpError as error:
        text = str(error)
    else:
        raise AssertionError('device_add succeeded')
    check(m.alive(), 'QEMU has gone')
    check('\n' not in text and len(text) > 25, 'not a sentence: ' + text)
    if bdf:
        check(bdf in text or bdf[5:] in text, 'no address in: ' + text)
    for word in words:
        options = word if isinstance(word, tuple) else (word,)
        check(any(o.lower() in text.lower() for o in options),
              'nothing of %s in: %s' % (options, text))
    m.assert_nothing_left('after "%s"' % text)
    return text


@claim(stock='tries to assign the host bridge')
def device_add_without_hostaddr_says_what_is_missing(env, host):
    with Machine(env, host) as m:
        refusal(m, bdf=None, words=['hostaddr'])


@claim(stock='the property parser names neither cause nor cure')
def a_malformed_hostaddr_is_named(env, host):
    with Machine(env, host) as m:
        for text in ('zz', '0000:03:00', '03:00.9', '0000:03:20.0', '',
                     '0000:03:00.0x', '12345:03:00.0'):
            refusal(m, hostaddr=text, bdf=None,
                    words=['hostaddr', ('DDDD:BB:SS.F', '0000:03:00.0')])


@claim(stock='"Could not open ... config": no cure, and a leaked descriptor '
             'is possible')
def a_device_that_does_not_exist_is_named(env, host):
    with Machine(env, host) as m:
        refusal(m, hostaddr=BDF, words=[('no such', 'no PCI', 'does not',
                                         'not exist', 'there is no'),
                                        'lspci'])


@claim(stock='takes it')
def a_device_that_a_host_driver_uses_is_refused(env, host):
    fn = host.add(standard(driver='e1000e'))
    with Machine(env, host) as m:
        refusal(m, fn, words=['e1000e', ('pciback', 'assignable-add')])


@claim()
def a_device_that_pci_stub_holds_works_with_a_warning(env, host):
    fn = host.add(standard(driver='pci-stub'))
    with Machine(env, host) as m:
        m.attach(fn).bring_up()
        if not env.stock:
            check('pciback' in m.stderr_text(), 'no warning: ' +
                  m.stderr_text())


@claim(stock='takes a bridge unless its PCIe capability says so')
def a_header_type_other_than_0_is_refused(env, host):
    with Machine(env, host) as m:
        for header in (1, 2, 0x81):
            host.clear()
            fn = standard()
            fn.config[0x0e] = header
            host.add(fn)
            refusal(m, fn, words=[('bridge', 'header')])


@claim()
def an_unreadable_sysfs_file_is_named(env, host):
    with Machine(env, host) as m:
        for name in ('config', 'resource', 'vendor', 'device', 'irq',
                     'class'):
            host.clear()
            fn = standard()
            fn.overrides[name] = None
            host.add(fn)
            refusal(m, fn, words=[name])


@claim()
def a_sysfs_file_that_may_not_be_read_is_named(env, host):
    fn = host.add(standard())
    with Machine(env, host) as m:
        for name in ('config', 'resource', 'vendor', 'device', 'irq',
                     'class'):
            m.fx('fail open:%s 1 EACCES 9' % name)
            refusal(m, fn, words=[name])
            m.fx('forgive')
        m.attach(fn).bring_up()


@claim(stock='accepts what it can make of it')
def a_malformed_sysfs_file_is_refused(env, host):
    cases = {
        'resource': ('', 'zz\n', '0x0 0x0\n' * 13,
                     '0x00000000f0000000 0x00000000f0000123 '
                     '0x0000000000040200\n' + '0x0 0x0 0x0\n' * 12,
                     '0x00000000f0004000 0x00000000f0000000 '
                     '0x0000000000040200\n' + '0x0 0x0 0x0\n' * 12),
        'vendor': ('', 'x\n', '0x123456\n'),
        'device': ('\n',),
        'irq': ('-1\n', 'none\n'),
        'class': ('0x1ffffffff\n',),
    }
    with Machine(env, host) as m:
        for name, texts in cases.items():
            for text in texts:
                host.clear()
                fn = standard()
                fn.overrides[name] = text
                host.add(fn)
                refusal(m, fn, words=[name])


@claim(stock='the rest of the 64 bytes is whatever the stack held')
def a_config_file_cut_short_is_refused(env, host):
    fn = host.add(standard())
    with Machine(env, host) as m:
        for size in (0, 3, 64):
            with open(host.path(fn, 'config'), 'r+b') as config:
                config.truncate(size)
            refusal(m, fn, words=[('config', '%d bytes' % size)])


@claim(stock='the value is merged: realize goes on with garbage')
def a_device_that_answers_all_ones_is_refused(env, host):
    fn = host.add(standard())
    with Machine(env, host) as m:
        m.fx('gone %s 1' % BDF)
        refusal(m, fn, words=[('all ones', 'ones', 'does not answer',
                               'not respond', 'gone')])
        m.fx('gone %s 0' % BDF)
        m.attach(fn).bring_up()


def write_rom(env, data):
    rom = os.path.join(env.tmp, 'rom.bin')
    with open(rom, 'wb') as out:
        out.write(data)
    return rom


@claim(stock='takes both, and ends in an assertion')
def a_romfile_takes_the_place_of_the_devices_rom(env, host):
    fn = host.add(standard().add_rom(0x10000, 0xf0100000))
    rom = write_rom(env, b'\x55\xaa\x80ROM from a file' + bytes(5000))
    with Machine(env, host) as m:
        guest = m.attach(fn, romfile=rom)
        guest.write(0x30, 4, 0xfffff800)
        equal(guest.read(0x30, 4) & 0xfffff800, 0xffffe000, 'size')
        guest.write(0x30, 4, 0xe9000001)
        guest.set_command(2)
        m.advance(400)
        equal(m.mem_read(0xe9000000, 4), 0x5280aa55, 'first bytes')
        equal(m.mem_read(0xe9001ffc, 4), 0xffffffff, 'after the file')
        check(not [p for p in m.state().pages if p.gfn >> 4 == 0xe900],
              'a file cannot be mapped')
        equal(host.config_value(fn, 0x30, 4) & 1, 0, "hardware's ROM")
        host.bar_write(fn, 0, 0x100, b'\x12\x34\x56\x78')
        guest.bring_up()
        equal(m.mem_read(guest.bar_address(0) + 0x100, 4), 0x78563412,
              'the first BAR')
        m.detach(fn)
        m.assert_nothing_left('detach')


@claim(stock='takes anything')
def a_romfile_that_cannot_be_one_is_refused(env, host):
    fn = host.add(standard().add_rom(0x10000, 0xf0100000))
    with Machine(env, host) as m:
        refusal(m, fn, words=['55 AA'], romfile=write_rom(env, bytes(4096)))
        refusal(m, fn, words=['romfile', 'path'], romfile='/no/such/rom')
        refusal(m, fn, words=['16 MiB'], romfile=write_rom(
            env, b'\x55\xaa' + bytes(16 << 20)))
        refusal(m, fn, words=['rombar=0'], rombar=0,
                romfile=write_rom(env, b'\x55\xaa' + bytes(4094)))
        m.attach(fn, romfile=write_rom(env, b'\x55\xaa' + bytes(4094)))


@claim(stock='leaks the descriptor of config')
def a_slot_that_is_taken_is_refused(env, host):
    fn = host.add(standard())
    other = host.add(plain())
    with Machine(env, host) as m:
        m.attach(fn, addr='5.0')
        try:
            m.device_add(other, addr='5.0')
        except QmpError:
            pass
        else:
            raise AssertionError('two functions in one slot')
        held = [f for f in m.open_files() if other.bdf in f]
        check(not held, 'left open: %s' % held)
        for addr in ('20.0', '5.8'):
            try:
                m.device_add(other, addr=addr)
            except QmpError as error:
                check(addr in str(error), str(error))
            else:
                raise AssertionError('there is no slot ' + addr)
        m.attach(other, addr='1f.0').bring_up(base=0xe4000000)


@claim(stock='attaches it: no interrupt will ever arrive')
def a_guest_without_iommu_is_told_what_it_lacks(env, host):
    fn = host.add(standard())
    with Machine(env, host) as m:
        handles = m.state().handles
        m.fx('iommu 0')
        refusal(m, fn, words=['IOMMU', 'passthrough="enabled"'])
        equal(m.state().handles, handles, 'handles of Xen')
        m.fx('iommu 1')
        m.attach(fn).bring_up()


@claim()
def the_same_device_cannot_be_added_twice(env, host):
    fn = host.add(standard())
    with Machine(env, host) as m:
        m.attach(fn)
        try:
            m.device_add(fn)
        except QmpError as error:
            check('uplicate' in str(error), str(error))
        else:
            raise AssertionError('added twice')
        equal(m.guest_function(fn).read(0, 4), 0x15728086, 'ids')


@claim(stock='both get it, and each undoes what the other does')
def the_same_function_under_another_id_is_refused(env, host):
    fn = host.add(standard())
    with Machine(env, host) as m:
        m.attach(fn)
        m.mark()
        try:
            m.device_add(fn, id='another')
        except QmpError as error:
            check(BDF in str(error) or BDF[5:] in str(error), str(error))
        else:
            raise AssertionError('one function, two devices')


@claim(stock='realize fails')
def a_vf_with_an_empty_express_capability_works(env, host):
    fn = Function(BDF, vendor=0xffff, device=0xffff)
    fn.add_bar(0, 0x4000, 0xf0000000, wide=True)
    fn.add_express(0x80, version=0)
    fn.physfn = '0000:04:00.0'
    fn.overrides.update(vendor='0x8086\n', device='0x1889\n')
    host.add(plain('0000:04:00.0'))
    host.add(fn)
    with Machine(env, host) as m:
        guest = m.attach(fn)
        equal(guest.read(0, 4), 0x18898086, 'ids')
        guest.bring_up()


@claim()
def the_function_works_after_each_refusal_of_its_parts(env, host):
    """The next device_add of a function that was refused succeeds."""
    fn = host.add(standard())
    with Machine(env, host) as m:
        for op in ('open:config', 'open:resource', 'open:vendor'):
            m.fx('fail %s 1 EIO' % op)
            try:
                m.device_add(fn)
            except QmpError:
                m.fx('forgive')
                m.assert_nothing_left(op)
            else:
                raise AssertionError('%s failed and nobody noticed' % op)
        guest = m.attach(fn).bring_up()
        check(guest.m.state().pages, 'nothing is mapped')
