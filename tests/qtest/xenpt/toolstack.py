# SPDX-License-Identifier: GPL-2.0-or-later
"""The toolstacks, as far as a device model can tell: libxl and XAPI.

Order, arguments and limits are those of libxl_pci.c and xenopsd's device.ml;
what they do to Xen and xenstore by themselves is done to the fakes.
"""

import json
import os
import select
import signal
import socket
import subprocess
import time

from .machine import QmpError

QMP_TIMEOUT = 10        # LIBXL_QMP_CMD_TIMEOUT


class LibxlError(AssertionError):
    pass


class LibxlQmp:
    """One operation's connection: greeting, capabilities, commands."""

    FIRST_ID = 0x786c7100

    def __init__(self, path):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(QMP_TIMEOUT)
        self.sock.connect(path)
        self.buffer = b''
        self.next_id = self.FIRST_ID
        version = self._reply()['QMP']['version']['qemu']
        if not all(isinstance(version[k], int)
                   for k in ('major', 'minor', 'micro')):
            raise LibxlError('greeting without integer versions')
        self.command('qmp_capabilities')

    def _reply(self):
        deadline = time.monotonic() + QMP_TIMEOUT
        while b'\r\n' not in self.buffer:
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([self.sock], [], [], left)[0]:
                raise LibxlError('QMP: no answer within 10 s')
            data = self.sock.recv(65536)
            if not data:
                raise LibxlError('QMP: end of file: rc -26')
            self.buffer += data
            if len(self.buffer) > 1 << 20:
                raise LibxlError('QMP: answer too long')
        line, self.buffer = self.buffer.split(b'\r\n', 1)
        return json.loads(line)

    def command(self, name, arguments=None):
        message = {'execute': name, 'id': self.next_id}
        self.next_id += 1
        if arguments is not None:
            message['arguments'] = arguments
        self.sock.sendall(json.dumps(message).encode() + b'\r\n')
        while True:
            reply = self._reply()
            if 'event' in reply:
                continue
            if reply.get('id') != message['id']:
                raise LibxlError('QMP: another id: %s' % reply)
            break
        if 'error' in reply:
            error = reply['error']
            if not all(isinstance(error.get(k), str)
                       for k in ('class', 'desc')):
                raise LibxlError('QMP: bad error: %s' % reply)
            raise QmpError(error)
        return reply['return']

    def close(self):
        self.sock.close()


def libxl_probe(machine):
    """The trial run of libxl 4.20 and later: the answer, and the calls."""
    path = os.path.join(machine.dir, 'probe')
    os.mkdir(path)
    log = os.path.join(path, 'calls')
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(os.path.join(path, 'qmp'))
        listener.listen(1)
        process = subprocess.Popen(
            [machine.env.qemu, '-S', '-no-user-config', '-nodefaults',
             '-nographic', '-machine', 'none,accel=xen', '-chardev',
             'socket,id=libxl-cmd,fd=%d,server=on,wait=off' %
             listener.fileno(), '-mon', 'chardev=libxl-cmd,mode=control'],
            pass_fds=[listener.fileno()], env=machine.preloaded(log),
            stdin=subprocess.DEVNULL, stdout=machine.stderr,
            stderr=machine.stderr)
    try:
        qmp = LibxlQmp(os.path.join(path, 'qmp'))
        options = qmp.command('query-command-line-options')
        qmp.command('quit')
        qmp.close()
        process.send_signal(signal.SIGHUP)
        if process.wait(QMP_TIMEOUT) != 0:
            raise LibxlError('the probe ended with %d' % process.returncode)
    finally:
        process.kill()
        process.wait()
    with open(log) as calls:
        return options, calls.read().splitlines()


class Libxl:
    """`xl pci-attach` and `xl pci-detach`, and creation and destruction."""

    def __init__(self, machine, version=417):
        self.m = machine
        self.version = version
        self.path = os.path.join(machine.dir, 'qmp-libxl-7')
        self.attached = {}      # BDF -> virtual devfn
        self.index = {}         # BDF -> N of dev-N
        self.next_index = 0
        self.complaints = []    # what it prints, and goes on

    @staticmethod
    def key(fn):
        return '/libxl/pci/%s/domid' % fn.bdf.replace(':', '-').replace(
            '.', '-')

    def _query_pci(self, qmp, qdev_id):
        """libxl's own reading: top level buses only, every member needed."""
        found = None
        for bus in qmp.command('query-pci'):
            for device in bus['devices']:
                if not isinstance(device['qdev_id'], str) or \
                        not isinstance(device['slot'], int) or \
                        not isinstance(device['function'], int):
                    raise LibxlError('query-pci: rc -32: %s' % device)
                if device['qdev_id'] == qdev_id:
                    found = device['slot'] << 3 | device['function']
        return found

    def _backend(self, fn, present):
        base = '/local/domain/0/backend/pci/7/0/'
        if present:
            n = self.next_index
            self.next_index += 1
            self.index[fn.bdf] = n
            for key, value in (('key-%d' % n, fn.bdf), ('dev-%d' % n, fn.bdf),
                               ('vdevfn-%d' % n,
                                '%x' % self.attached[fn.bdf]),
                               ('opts-%d' % n, 'msitranslate=0,power_mgmt=0,'
                                'permissive=0,rdm_policy=strict'),
                               ('state-%d' % n, '1'),
                               ('num_devs', '%d' % (n + 1))):
                self.m.fx('xs-write %s%s %s' % (base, key, value))
        else:
            self.m.fx('xs-rm %sdev-%d' % (base, self.index.pop(fn.bdf)))

    def pci_add(self, fn, vslot=0, permissive=False, fail_after=None):
        """fail_after: 'device_add' makes a later step of libxl's fail."""
        self.m.fx('xs-write %s 7' % self.key(fn))
        try:
            qmp = LibxlQmp(self.path)
            try:
                arguments = {'driver': 'xen-pci-passthrough',
                             'id': self.m.qdev_id(fn), 'hostaddr': fn.bdf}
                if vslot:
                    arguments['addr'] = '%x.0' % vslot
                if permissive:
                    arguments['permissive'] = True
                qmp.command('device_add', arguments)
                devfn = self._query_pci(qmp, self.m.qdev_id(fn))
                if devfn is None:
                    raise LibxlError('query-pci does not show the device')
            finally:
                qmp.close()
            if fail_after == 'device_add':
                raise LibxlError('xc_domain_iomem_permission failed')
            self.m.grant(fn)
            if fn.irq and self.m.fx('map-gsi %d' % fn.irq) != ['0']:
                raise LibxlError('xc_physdev_map_pirq irq=%d' % fn.irq)
            self.m.assign(fn)
            self.attached[fn.bdf] = devfn
            self._backend(fn, True)
        except (LibxlError, QmpError):
            # That key, and nothing else, is taken back.
            self.m.fx('xs-rm %s' % self.key(fn))
            raise
        return devfn

    def pci_remove(self, fn, force=False, guest=None, timeout=QMP_TIMEOUT):
        """guest: called once device_del has been sent (the guest's part)."""
        qdev_id = self.m.qdev_id(fn)
        start = time.monotonic()
        qmp = LibxlQmp(self.path)
        try:
            try:
                qmp.command('device_del', {'id': qdev_id})
            except QmpError:
                if not force:
                    raise
            if guest:
                guest()
            while self._query_pci(qmp, qdev_id) is not None:
                if time.monotonic() - start > timeout:
                    if not force:
                        raise LibxlError('timed out waiting for DM to '
                                         'remove %s' % qdev_id)
                    break
                time.sleep(0.05 if timeout < QMP_TIMEOUT else 1)
        finally:
            qmp.close()
        if self.version >= 418:
            self.m.grant(fn, allow=0)
            if fn.irq and self.m.fx('unmap-gsi %d' % fn.irq) != ['0']:
                self.complaints.append('xc_physdev_unmap_pirq irq=%d' % fn.irq)
        self.m.fx('deassign ' + fn.bdf)
        if fn.bdf in self.attached:
            self._backend(fn, False)
            del self.attached[fn.bdf]
            self.m.fx('xs-rm %s' % self.key(fn))
        return time.monotonic() - start


class Xapi:
    """xenopsd: everything is granted before device_add."""

    def __init__(self, machine):
        self.m = machine

    def plug(self, fn, slot=None):
        self.m.assign(fn)
        self.m.grant(fn)
        arguments = {'permissive': False}
        if slot is not None:
            arguments['addr'] = '%x.0' % slot
        self.m.device_add(fn, **arguments)
        return self.m.guest_function(fn)
