# SPDX-License-Identifier: GPL-2.0-or-later
"""A QEMU process with its QMP, qtest and fake-Xen sockets."""

import collections
import json
import os
import re
import select
import shlex
import signal
import socket
import subprocess
import tempfile
import time

from . import guest
from .host import PAGE

LEAKS = os.path.join(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))), 'lsan.supp')
# Under a wrapper such as valgrind everything takes its time.
TIMEOUT = 200 if os.environ.get('XEN_PT_WRAPPER') else 20
# Where a sanitizer begins to speak.
REPORT = re.compile(r'.*(ERROR: \w+Sanitizer|runtime error:)')


class QmpError(Exception):
    """An error reply; str() is what xl would print."""

    def __init__(self, error):
        super().__init__(error['desc'])
        self.cls = error['class']


class QemuDied(AssertionError):
    pass


class StartFailed(Exception):
    """QEMU did not come up: no verdict on any claim."""


class Call:
    """One line of the fake libraries' log."""

    LINE = re.compile(r'(\d+) (\w+) (\S+) (.*) ?-> (\S+)$')

    def __init__(self, seq, kind, name, args, result):
        self.seq = int(seq)
        self.kind = kind
        self.op, _, self.file = name.partition(':')
        self.name = name
        self.args = {}
        for word in args.split():
            key, _, value = word.partition('=')
            self.args[key] = value
        self.result = result

    @property
    def ok(self):
        return not self.result.startswith('E')

    def number(self, key):
        return int(self.args[key], 0)

    def __repr__(self):
        return '%s(%s)=%s' % (self.name, ' '.join(
            '%s=%s' % item for item in self.args.items()), self.result)


HYPERCALLS = ('domctl', 'physdev', 'dmop', 'sysctl')


class Log(list):
    """Calls of one stretch of time, with the questions tests ask of it."""

    def __init__(self, calls, anomalies):
        super().__init__(calls)
        self.anomalies = anomalies

    def of(self, *names):
        return [c for c in self if c.op in names or c.name in names]

    def hypercalls(self):
        """Every call into Xen that changes or asks something, no xenstore."""
        return [c for c in self if c.kind in HYPERCALLS]

    def maps(self):
        return [c for c in self.of('xc_domain_memory_mapping',
                                   'xc_domain_ioport_mapping')]

    def config_accesses(self, bdf=None):
        return [c for c in self if c.file == 'config' and
                c.op in ('pread', 'pwrite', 'read', 'write') and
                (bdf is None or c.args['dev'] == bdf)]

    def config_writes(self, bdf=None):
        return [c for c in self.config_accesses(bdf)
                if c.op in ('pwrite', 'write')]

    def host(self):
        return [c for c in self if c.kind == 'host']


State = collections.namedtuple('State', 'pages ports pirqs handles')
Page = collections.namedtuple('Page', 'gfn mfn nr')
Port = collections.namedtuple('Port', 'gport mport nr')
Pirq = collections.namedtuple(
    'Pirq', 'pirq kind bdf entry bound gvec gflags gtable')


class _Lines:
    """A line protocol over a stream socket."""

    def __init__(self, sock):
        self.sock = sock
        self.buffer = b''

    def send(self, text):
        self.sock.sendall(text.encode())

    def line(self, timeout=TIMEOUT):
        deadline = time.monotonic() + timeout
        while b'\n' not in self.buffer:
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([self.sock], [], [], left)[0]:
                raise TimeoutError('no answer within %g s' % timeout)
            data = self.sock.recv(65536)
            if not data:
                raise ConnectionError('closed')
            self.buffer += data
        line, self.buffer = self.buffer.split(b'\n', 1)
        return line.decode(errors='replace')

    def close(self):
        self.sock.close()


class Machine:
    """Starts QEMU; stops it at the end of the with block, and looks back.

    At the end the process must still live and leave in order, and the log
    must hold no anomaly (a call that Xen takes and that no correct device
    model makes), unless the test has said tolerate_anomalies().
    """

    def __init__(self, env, host, machine='pc', accel='qtest',
                 xen_version='4.17', args=(), environ=None):
        self.env = env
        self.host = host
        self.machine = machine
        self.accel = accel
        self.args = list(args)
        self.xen_version = xen_version
        # XENFEAT_dm_msix_all_writes
        self.xen_tells_masks = int(xen_version.split('.')[1]) >= 19
        self.environ = environ or {}
        self.dir = None
        self.process = None
        self.events = []
        self.tolerant = False
        self._qmp_id = 0x786c7100
        self._log_at = 0
        self.marked_lines = 0
        self.expect_exit = 0

    # Life

    def preloaded(self, log):
        """The environment of a QEMU on the fake libraries."""
        environ = dict(os.environ)
        preload = [self.env.fake_xen]
        if environ.get('LD_PRELOAD'):
            preload.append(environ['LD_PRELOAD'])
        environ.update({
            # The fake libraries come before the sanitizers' runtime; whole
            # stacks tell whose a leak is; claims look at the memory used.
            'ASAN_OPTIONS': 'verify_asan_link_order=0:abort_on_error=1:'
                            'fast_unwind_on_malloc=0:quarantine_size_mb=2',
            'LSAN_OPTIONS': 'print_suppressions=0:suppressions=' + LEAKS,
            'UBSAN_OPTIONS': 'print_stacktrace=1',
            'LD_PRELOAD': ' '.join(preload),
            'FAKE_XEN_LOG': log,
            'FAKE_XEN_CONTROL': os.path.join(os.path.dirname(log),
                                             'control'),
            'FAKE_XEN_VERSION': self.xen_version,
            'FAKE_XEN_DEV_MEM': os.path.join(self.env.tmp, 'mem'),
            'FAKE_XEN_HARDWARE': self.host.hardware,
        })
        if self.env.asan or environ.get('XEN_PT_WRAPPER'):
            # GLib's own allocator would hide what is lost in it.
            environ['G_SLICE'] = 'always-malloc'
        return environ

    def __enter__(self):
        self.dir = tempfile.mkdtemp(prefix='qtest-', dir=self.env.tmp)
        self.log_path = os.path.join(self.dir, 'calls')
        open(self.log_path, 'w').close()
        listeners = {}
        for name in ('qmp', 'qtest'):
            sock = socket.socket(socket.AF_UNIX)
            sock.bind(os.path.join(self.dir, name))
            sock.listen(1)
            sock.settimeout(TIMEOUT)
            listeners[name] = sock
        # xenfv brings its accelerator along.
        accel = [] if self.machine == 'xenfv' else ['-accel', self.accel]
        wrapper = shlex.split(os.environ.get('XEN_PT_WRAPPER', '').replace(
            '{dir}', self.dir))
        argv = wrapper + [self.env.qemu] + accel + [
                '-machine', self.machine, '-xen-domid', '7', '-nodefaults',
                '-no-user-config', '-display', 'none', '-m', '64',
                '-bios', os.path.join(self.env.tmp, 'bios'),
                '-qmp', 'unix:' + os.path.join(self.dir, 'qmp'),
                '-qtest', 'unix:' + os.path.join(self.dir, 'qtest'),
                '-qtest-log', '/dev/null',
                # The monitor that libxl opens for each of its operations.
                '-chardev', 'socket,id=libxl-cmd,path=%s,server=on,wait=off' %
                os.path.join(self.dir, 'qmp-libxl-7'),
                '-mon', 'chardev=libxl-cmd,mode=control'] + self.args
        environ = self.preloaded(self.log_path)
        environ.update(self.environ)
        self.stderr = open(os.path.join(self.dir, 'stderr'), 'w+')
        self.process = subprocess.Popen(
            argv, env=environ, stdin=subprocess.DEVNULL, stdout=self.stderr,
            stderr=self.stderr)
        try:
            self.qmp_lines = self._accept(listeners['qmp'])
            self.qtest_lines = self._accept(listeners['qtest'])
            self.control = None
            self.greeting = json.loads(self.qmp_lines.line())
            self.qmp('qmp_capabilities')
        except Exception as error:
            self.process.kill()
            self.process.wait()
            raise StartFailed('%s; %s' % (error, self.stderr_text()[-300:])) \
                from error
        finally:
            for sock in listeners.values():
                sock.close()
        return self

    def _accept(self, listener):
        deadline = time.monotonic() + TIMEOUT
        while time.monotonic() < deadline:
            if select.select([listener], [], [], 0.05)[0]:
                return _Lines(listener.accept()[0])
            if self.process.poll() is not None:
                raise QemuDied('QEMU ended at start: ' + self.stderr_text())
        raise TimeoutError('QEMU did not connect')

    def __exit__(self, kind, value, trace):
        try:
            if self.process.poll() is None and kind is None:
                self.quit()
        finally:
            if self.process.poll() is None:
                self.process.kill()
            code = self.process.wait()
            for lines in (self.qmp_lines, self.qtest_lines, self.control):
                if lines is not None:
                    lines.close()
            text = self._last_words()
            self.stderr.close()
        if kind is not None:
            if code not in (0, -signal.SIGKILL):
                raise QemuDied('QEMU ended with %d: %s' %
                               (code, text)) from value
            return False
        if code != self.expect_exit:
            raise QemuDied('QEMU ended with %d: %s' % (code, text))
        anomalies = self.log(since=0).anomalies
        if anomalies and not self.tolerant:
            raise AssertionError('%d anomalies: %s' %
                                 (len(anomalies), '; '.join(anomalies[:4])))
        return False

    def tolerate_anomalies(self):
        self.tolerant = True

    def quit(self):
        if self.env.asan:
            time.sleep(0.2)     # RCU frees late what LSan looks for
        try:
            self.qmp('quit')
        except (ConnectionError, OSError):
            pass
        self.process.wait(TIMEOUT)

    def alive(self):
        return self.process.poll() is None

    def stderr_text(self):
        with open(os.path.join(self.dir, 'stderr'),
                  errors='replace') as text:
            return text.read()

    def _last_words(self):
        """What the wrapper found, if anything, else the end of stderr."""
        found = os.path.join(self.dir, 'valgrind')
        if os.path.exists(found) and os.path.getsize(found):
            with open(found, errors='replace') as text:
                return text.read(1500)
        text = self.stderr_text()
        report = REPORT.search(text)
        return text[report.start():][:1500] if report else text[-600:]

    def stderr_lines(self):
        return self.stderr_text().splitlines()

    # QMP, as libxl speaks it

    def qmp(self, execute, **arguments):
        self._qmp_id += 1
        message = {'execute': execute, 'id': self._qmp_id}
        if arguments:
            message['arguments'] = {key.replace('_', '-') if key not in
                                    arguments.get('_raw', ()) else key: value
                                    for key, value in arguments.items()
                                    if key != '_raw'}
        try:
            self.qmp_lines.send(json.dumps(message) + '\r\n')
            while True:
                reply = json.loads(self.qmp_lines.line())
                if 'event' in reply:
                    self.events.append(reply)
                elif reply.get('id') == self._qmp_id:
                    break
        except (ConnectionError, OSError):
            if execute == 'quit':
                raise
            raise QemuDied('QEMU died in %s: %s' %
                           (execute, self._post_mortem())) from None
        if 'error' in reply:
            raise QmpError(reply['error'])
        return reply['return']

    def _post_mortem(self):
        try:
            code = self.process.wait(5)
        except subprocess.TimeoutExpired:
            code = None
        return 'exit %s; %s' % (code, self.stderr_text()[-600:])

    def wait_event(self, name, timeout=5):
        deadline = time.monotonic() + timeout
        while True:
            for event in self.events:
                if event['event'] == name:
                    self.events.remove(event)
                    return event
            if time.monotonic() > deadline:
                raise TimeoutError('no event %s within %g s' %
                                   (name, timeout))
            try:
                reply = json.loads(self.qmp_lines.line(
                    max(0.01, deadline - time.monotonic())))
            except TimeoutError:
                continue
            if 'event' in reply:
                self.events.append(reply)

    # qtest

    def qtest(self, command):
        try:
            self.qtest_lines.send(command + '\n')
            while True:
                words = self.qtest_lines.line().split()
                if words and words[0] != 'IRQ':
                    break
        except (ConnectionError, OSError):
            raise QemuDied('QEMU died at "%s": %s' %
                           (command, self._post_mortem())) from None
        if not words or words[0] != 'OK':
            raise AssertionError('qtest "%s": %s' % (command, words))
        return int(words[1], 0) if len(words) > 1 else None

    def inp(self, port, size):
        return self.qtest('in%s %#x' % (' bw l'[size], port))

    def outp(self, port, size, value):
        self.qtest('out%s %#x %#x' % (' bw l'[size], port, value))

    def mem_read(self, addr, size):
        return self.qtest('read%s %#x' % (' bw l   q'[size], addr))

    def mem_write(self, addr, size, value):
        self.qtest('write%s %#x %#x' % (' bw l   q'[size], addr, value))

    def advance(self, milliseconds):
        """Time passes, for the virtual and for the real clocks."""
        step = 50
        while milliseconds > 0:
            now = min(step, milliseconds)
            if self.accel == 'qtest':
                self.qtest('clock_step %d' % (now * 1000000))
            time.sleep(now / 1000)
            milliseconds -= now
        # A round trip through the main loop runs what has become due.
        self.qmp('query-status')

    # The fake libraries

    def fx(self, command):
        if self.control is None:
            sock = socket.socket(socket.AF_UNIX)
            sock.settimeout(TIMEOUT)
            sock.connect(os.path.join(self.dir, 'control'))
            self.control = _Lines(sock)
        self.control.send(command + '\n')
        answer = []
        while True:
            line = self.control.line()
            if line == 'ok':
                return answer
            if line in ('error', 'unknown'):
                raise AssertionError('fake-xen: %s: %s' % (line, command))
            answer.append(line)

    def log(self, since=None):
        """Calls since the mark (or a position), without moving the mark."""
        with open(self.log_path) as text:
            text.seek(self._log_at if since is None else since)
            lines = text.read().splitlines()
        calls, anomalies = [], []
        for line in lines:
            if line.startswith('# anomaly: '):
                anomalies.append(line[len('# anomaly: '):])
                continue
            match = Call.LINE.match(line)
            if match is None:
                raise AssertionError('log line not understood: ' + line)
            calls.append(Call(*match.groups()))
        return Log(calls, anomalies)

    def mark(self):
        self._log_at = os.path.getsize(self.log_path)

    def size_in_time(self, function):
        """Marks and sizes; again where decoding was off beyond its deadline."""
        for _ in range(20):
            self.mark()
            self.marked_lines = len(self.stderr_lines())
            function.longest_off = 0
            function.size_bars(toggle=True)
            if function.longest_off < 0.1:
                return
            self.advance(200)

    def state(self):
        pages, ports, pirqs, handles = [], [], [], 0
        for line in self.fx('xen-state'):
            words = line.split()
            numbers = [int(w, 0) for w in words[1:4]] \
                if words[0] in ('page', 'port') else None
            if words[0] == 'page':
                pages.append(Page(*numbers))
            elif words[0] == 'port':
                ports.append(Port(*numbers))
            elif words[0] == 'pirq':
                pirqs.append(Pirq(int(words[1]), words[2], words[3],
                                  int(words[4]), words[5] == '1',
                                  *[int(w, 0) for w in words[6:9]]))
            else:
                handles = int(words[1])
        return State(sorted(pages), sorted(ports), pirqs, handles)

    def open_files(self):
        """Fake sysfs files that the process holds open or mapped."""
        held = []
        bases = {'/%s/' % bdf: bdf for bdf in self.host.functions}
        folder = '/proc/%d/fd' % self.process.pid
        for fd in os.listdir(folder):
            try:
                target = os.readlink(os.path.join(folder, fd))
            except OSError:
                continue
            held += [target for base in bases if base in target]
        with open('/proc/%d/maps' % self.process.pid) as maps:
            for line in maps:
                held += ['mapped ' + line.split()[-1]
                         for base in bases if base in line]
        return held

    def assert_nothing_left(self, what=''):
        state = self.state()
        left = []
        left += ['page %s' % (p,) for p in state.pages]
        left += ['port %s' % (p,) for p in state.ports]
        left += ['pirq %s' % (p,) for p in state.pirqs]
        left += self.open_files()
        if left:
            raise AssertionError('left behind%s: %s' %
                                 (what and ' ' + what, '; '.join(left[:5])))

    # The toolstack

    def qdev_id(self, fn):
        _, bus, rest = fn.bdf.split(':')
        return 'pci-pt-%s_%s' % (bus, rest)

    def device_add(self, fn, **properties):
        arguments = {'driver': 'xen-pci-passthrough',
                     'id': self.qdev_id(fn), 'hostaddr': fn.bdf}
        arguments.update(properties)
        arguments['_raw'] = tuple(arguments)
        return self.qmp('device_add', **arguments)

    def query_slot(self, qdev_id):
        for bus in self.qmp('query-pci'):
            devices = list(bus['devices'])
            for device in bus['devices']:
                bridge = device.get('pci_bridge', {})
                devices += bridge.get('devices', [])
            for device in devices:
                if device['qdev_id'] == qdev_id:
                    return device['bus'], device['slot'], device['function']
        return None

    def grant(self, fn, allow=1):
        """What libxl gives a domain after device_add has returned."""
        bars = [b for b in list(fn.bars.values()) + [fn.rom] if b]
        for bar in bars:
            if bar.io:
                self.fx('ioport %d %#x %#x' % (allow, bar.addr, bar.size))
            else:
                first = bar.addr // PAGE
                last = (bar.addr + bar.size - 1) // PAGE
                self.fx('iomem %d %#x %#x' % (allow, first,
                                              last - first + 1))

    def assign(self, fn):
        self.fx('assign ' + fn.bdf)

    def attach(self, fn, grant=True, **properties):
        """device_add in libxl's order; returns the guest's side of it."""
        self.device_add(fn, **properties)
        if grant:
            self.grant(fn)
            self.assign(fn)
        return self.guest_function(fn)

    def guest_function(self, fn):
        where = self.query_slot(self.qdev_id(fn))
        if where is None:
            raise AssertionError('query-pci does not know ' + fn.bdf)
        return guest.GuestFunction(self, *where, host=fn)

    def device_del(self, fn):
        return self.qmp('device_del', id=self.qdev_id(fn))

    def eject(self, slot):
        """The guest's _EJ0 of a slot of bus 0 (ACPI hot plug, i440fx)."""
        self.outp(0xae10, 4, 0)
        self.outp(0xae08, 4, 1 << slot)

    def enable_acpi_hotplug(self):
        """What a guest's ACPI driver does: SCI_EN, and GPE bit 1."""
        power = guest.GuestFunction(self, 0, 1, 3)
        if power.read(0, 4) != 0x71138086:
            raise AssertionError('no PIIX4 power management at 00:01.3')
        power.write(0x40, 4, 0xb001)
        power.write(0x80, 1, 0x01)
        self.outp(0xb2, 1, 0xf1)
        self.outp(0xb004, 2, self.inp(0xb004, 2) | 1)
        self.outp(0xafe2, 1, 0x02)

    def detach(self, fn):
        """device_del, the guest's answer, and the end of the wait."""
        where = self.query_slot(self.qdev_id(fn))
        self.device_del(fn)
        if self.query_slot(self.qdev_id(fn)) is not None:
            self.eject(where[1])
        self.wait_gone(fn)

    def wait_gone(self, fn, timeout=5):
        deadline = time.monotonic() + timeout
        while self.query_slot(self.qdev_id(fn)) is not None:
            if time.monotonic() > deadline:
                raise AssertionError('%s is still there after %g s' %
                                     (fn.bdf, timeout))
            self.advance(20)
