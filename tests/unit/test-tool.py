#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""usage: test-tool.py XEN-PT [CLAIM...]

Claims about the xen-pt command, against made-up hosts (trees like /sys), a
made-up xenstore and made-up device models. Prints TAP."""

import hashlib
import json
import os
import re
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
import traceback
import xml.etree.ElementTree

CLAIMS = []
TOOL = ''


def claim(function):
    CLAIMS.append(function)
    return function


# -- a host ------------------------------------------------------------------

class Host:
    """A directory that looks like the parts of / that the command looks at."""

    def __init__(self):
        self.temp = tempfile.TemporaryDirectory(prefix='xp')
        self.root = self.temp.name
        self.servers = []

    def __enter__(self):
        return self

    def __exit__(self, *why):
        for server in self.servers:
            server.close()
        self.temp.cleanup()

    def write(self, path, data):
        path = self.root + path
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, 'wb') as file:
            file.write(data if isinstance(data, bytes) else data.encode())

    def dom0(self):
        """Everything in order."""
        self.write('/sys/hypervisor/type', 'xen\n')
        self.write('/sys/hypervisor/version/major', '4\n')
        self.write('/sys/hypervisor/version/minor', '17\n')
        self.write('/sys/hypervisor/guest_type', 'PV\n')
        self.write('/proc/xen/capabilities', 'control_d\n')
        self.write('/sys/kernel/security/lockdown',
                   '[none] integrity confidentiality\n')
        self.write('/xl-info', 'host : h\n'
                   'virt_caps              : pv hvm hvm_directio hap\n'
                   'xen_commandline        : dom0_mem=1G\n')
        os.makedirs(self.root + '/sys/bus/pci/drivers/pciback', exist_ok=True)
        self.xenstore({})
        return self

    def xenstore(self, nodes):
        self.servers.append(XenStore(self.root + '/run/xenstored', nodes))

    def function(self, bdf='0000:03:00.0', config=None, driver='pciback',
                 bars=((0xf7d00000, 0x20000, 0x200),), class_code=0x020000,
                 reset='flr\n', irq=16, ids=(0x8086, 0x10d3)):
        config = config if config is not None else nic_config()
        base = '/sys/bus/pci/devices/' + bdf + '/'
        lines = [f'0x{b:016x} 0x{b + n - 1:016x} 0x{f:016x}' if n else
                 '0x0000000000000000 0x0000000000000000 0x0000000000000000'
                 for b, n, f in (list(bars) + [(0, 0, 0)] * 13)[:13]]
        for name, text in {'vendor': f'0x{ids[0]:04x}\n',
                           'device': f'0x{ids[1]:04x}\n',
                           'class': f'0x{class_code:06x}\n',
                           'irq': f'{irq}\n', 'revision': '0x01\n',
                           'resource': '\n'.join(lines) + '\n'}.items():
            self.write(base + name, text)
        self.write(base + 'config', bytes(config))
        if reset is not None:
            self.write(base + 'reset_method', reset)
            self.write(base + 'reset', '')
        if driver:
            os.makedirs(self.root + '/sys/bus/pci/drivers/' + driver,
                        exist_ok=True)
            os.symlink('../../drivers/' + driver,
                       self.root + base + 'driver')
        return self

    def fingerprint(self):
        digest = hashlib.sha256()
        for top, dirs, files in sorted(os.walk(self.root + '/sys')):
            for name in sorted(files):
                path = os.path.join(top, name)
                digest.update(path.encode())
                with open(path, 'rb') as file:
                    digest.update(file.read())
        return digest.hexdigest()


def nic_config(size=4096, header=0, devcap=0x10000000, vectors=5):
    """A network card: PM 40, MSI 50, PCIe 60, MSI-X a0; AER 100, ATS 140."""
    c = bytearray(size)

    def put(at, form, value):
        struct.pack_into('<' + form, c, at, value)

    put(0, 'I', 0x10d38086)
    put(4, 'I', 0x00100006)
    put(8, 'I', 0x02000001)
    c[0x0e] = header
    put(0x10, 'I', 0xf7d00000)
    c[0x34], c[0x3c], c[0x3d] = 0x40, 11, 1
    if size < 256:
        return c
    put(0x40, 'I', 0xc8225001)          # PM
    c[0x50:0x54] = bytes((0x05, 0x60, 0x80, 0x00))
    c[0x60:0x64] = bytes((0x10, 0xa0, 0x02, 0x00))
    put(0x64, 'I', devcap)
    c[0xa0:0xa2] = bytes((0x11, 0x00))
    put(0xa2, 'H', vectors - 1)
    put(0xa4, 'I', 0x10000)
    put(0xa8, 'I', 0x18000)
    if size >= 4096:
        put(0x100, 'I', 0x14010001)
        put(0x140, 'I', 0x0001000f)
    return c


def dump_text(config, bdf='03:00.0', title='Ethernet controller: Test'):
    text = f'{bdf} {title}\n'
    for at in range(0, len(config), 16):
        row = ' '.join(f'{b:02x}' for b in config[at:at + 16])
        text += f'{at:02x}: {row}\n'
    return text + '\n'


# -- servers -----------------------------------------------------------------

class Server:
    def __init__(self, path):
        os.makedirs(os.path.dirname(path), exist_ok=True)
        self.path = path
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.bind(path)
        self.socket.listen(8)
        self.heard = []
        self.closing = False
        self.thread = threading.Thread(target=self.accept, daemon=True)
        self.thread.start()

    def accept(self):
        while not self.closing:
            try:
                client, _ = self.socket.accept()
            except OSError:
                return
            try:
                with client:
                    self.serve(client)
            except OSError:
                pass

    def close(self):
        # not closed under the thread: its number would be another's by then
        self.closing = True
        self.socket.shutdown(socket.SHUT_RDWR)
        self.thread.join(5)
        self.socket.close()


class XenStore(Server):
    def __init__(self, directory, nodes):
        self.nodes = nodes
        super().__init__(directory + '/socket')

    def serve(self, client):
        file = client.makefile('rwb')
        while head := file.read(16):
            kind, req, tx, length = struct.unpack('<IIII', head)
            path = file.read(length).rstrip(b'\0').decode()
            self.heard.append(kind)
            reply = None
            if kind == 2:
                reply = self.nodes.get(path)
            elif kind == 1:
                below = {n[len(path) + 1:].split('/')[0]
                         for n in self.nodes if n.startswith(path + '/')}
                reply = '\0'.join(sorted(below)) + '\0' if below else None
            if reply is None:
                kind, reply = 16, 'ENOENT\0'
            data = reply.encode()
            file.write(struct.pack('<IIII', kind, req, tx, len(data)) + data)
            file.flush()


GREETING = {'QMP': {'version': {'qemu': {'major': 7, 'minor': 2, 'micro': 22}},
                    'capabilities': []}}


class Qemu(Server):
    """A device model's second monitor; `functions`: QOM name -> properties."""

    def __init__(self, host, domid, functions, events=False):
        self.functions, self.events = functions, events
        super().__init__(f'{host.root}/var/run/xen/qmp-libxenstat-{domid}')
        host.servers.append(self)

    def serve(self, client):
        file = client.makefile('rwb')

        def say(what):
            file.write(json.dumps(what).encode() + b'\r\n')
            file.flush()

        say(GREETING)
        for line in file:
            command = json.loads(line)
            self.heard.append(command['execute'])
            if self.events:
                say({'event': 'RTC_CHANGE', 'data': {'offset': 1},
                     'timestamp': {'seconds': 0, 'microseconds': 0}})
            say(self.answer(command))

    def answer(self, command):
        args = command.get('arguments', {})
        if command['execute'] == 'qmp_capabilities':
            return {'return': {}}
        if command['execute'] == 'qom-list':
            here = args['path'] == '/machine/peripheral'
            return {'return': [{'name': 'type', 'type': 'string'},
                               {'name': 'nic0', 'type': 'child<e1000>'}] + [
                {'name': name, 'type': 'child<xen-pci-passthrough>'}
                for name in self.functions if here]}
        if command['execute'] == 'qom-get':
            name = args['path'].rsplit('/', 1)[1]
            value = self.functions[name].get(args['property'])
            if value is not None:
                return {'return': value}
            return {'error': {'class': 'GenericError', 'desc':
                              "Property 'xen-pci-passthrough."
                              f"{args['property']}' not found"}}
        return {'error': {'class': 'CommandNotFound', 'desc': 'no'}}


class Odd(Server):
    """Something else behind the socket."""

    def __init__(self, host, domid, serve):
        self.serve = serve
        super().__init__(f'{host.root}/var/run/xen/qmp-libxenstat-{domid}')
        host.servers.append(self)


def status_of(bdf='0000:03:00.0', **more):
    status = {
        'format': 1,
        'host': {'address': bdf, 'vendor': '8086', 'device': '10d3',
                 'class': '020000', 'revision': '00', 'driver': 'pciback',
                 'reset_methods': 'flr', 'gsi': 16,
                 'virtual_function': False},
        'guest': {'address': '00:05.0'}, 'state': 'running',
        'domain': 'running', 'gone': False, 'unplug': 'none',
        'options': {'permissive': False, 'real_power': False,
                    'allow_reset': False, 'refuse_shared': False,
                    'rom': True},
        'bars': [{'index': 0, 'kind': 'memory32', 'prefetchable': False,
                  'size': 131072, 'host': '0xf7d00000',
                  'guest': '0xf3000000', 'how': 'mapped',
                  'shared_with': None,
                  'maps': [{'guest': '0xf3000', 'machine': '0xf7d00',
                            'count': 32, 'unit': 'pages',
                            'state': 'mapped', 'error': 0}]}],
        'interrupt': {'mode': 'msix', 'intx': None,
                      'offered': {'msi': 1, 'msix': 5},
                      'vectors': [{'entry': 0, 'masked': False,
                                   'bound': True, 'pirq': 55, 'vector': 0x41,
                                   'gflags': '0x0', 'error': 0}]},
        'capabilities': [], 'extended_seen': False, 'denied': [],
        'warnings': [], 'counters': {'config_reads': 7},
    }
    status.update(more)
    return status


def with_status(*statuses):
    return {f'pci-pt-{i}': {'xen-pt-status': json.dumps(s),
                            'xen-pt-config': dump_text(nic_config(256),
                                                       '00:05.0')}
            for i, s in enumerate(statuses)}


# -- running -----------------------------------------------------------------

class Said:
    def __init__(self, args, env=None):
        done = subprocess.run([TOOL, *args], capture_output=True,
                              env={**os.environ, **(env or {})}, timeout=120,
                              check=False)
        self.code = done.returncode
        self.out = done.stdout.decode()
        self.err = done.stderr.decode()

    def json(self):
        assert self.out, f'status {self.code}: {self.err}'
        return json.loads(self.out)

    def words(self):
        """stdout without its line breaks and indents."""
        return ' '.join(self.out.split())


def run(*args, env=None):
    return Said(args, env)


def on(host, *args):
    # patient: the machines that run this may be busy
    wait = () if '--wait' in args else ('--wait', '40')
    return Said([args[0], '--root', host.root, *wait, *args[1:]])


def same(got, want):
    assert got == want, f'{got!r} is not {want!r}'


def has(text, *parts):
    for part in parts:
        assert part in text, f'{part!r} is not in:\n{text}'


def lacks(text, *parts):
    for part in parts:
        assert part not in text, f'{part!r} is in:\n{text}'


def is_refused(said, code, *parts):
    """One sentence on stderr, nothing on stdout, that exit status."""
    same(said.out, '')
    same(said.code, code)
    same(said.err.count('\n'), 1)
    assert said.err.startswith('xen-pt: '), said.err
    has(said.err, *parts)


# -- the command line --------------------------------------------------------

@claim
def every_command_explains_itself():
    for name in ('list', 'explain', 'doctor', 'status', 'config-dump'):
        for args in ((name, '--help'), ('help', name)):
            said = run(*args)
            same(said.code, 0)
            has(' '.join(said.out.split()), f'xen-pt {name}', '--json',
                'Exit status')
            assert max(map(len, said.out.split('\n'))) < 80, said.out
        has(run('--help').out, name)


@claim
def no_command_is_a_usage_error():
    said = run()
    same(said.code, 2)
    has(said.err, 'usage: xen-pt')


@claim
def unknown_command_is_a_usage_error():
    for args in (('frobnicate',), ('help', 'frobnicate')):
        is_refused(run(*args), 2, "there is no command 'frobnicate'",
                   '`xen-pt --help` lists them')
    is_refused(run('--json', 'list'), 2, 'options come after the command, as '
               'in `xen-pt list --json`')


@claim
def unknown_option_is_a_usage_error():
    is_refused(run('list', '--frobnicate'), 2, '--frobnicate',
               ' --help` lists the options')


@claim
def wrong_number_of_arguments_is_a_usage_error():
    is_refused(run('list', 'a'), 2, 'list takes no argument',
               ' --help` has the rest')
    is_refused(run('status'), 2, 'DOMAIN [BDF]')
    is_refused(run('config-dump', 'a'), 2, 'DOMAIN BDF')
    is_refused(run('explain'), 2, 'explain takes the BDF of a function of this '
               'host, or --dump FILE')
    is_refused(run('explain', '--slot', '0:0.0'), 2, '--dump')
    is_refused(run('explain', '--dump', 'x', '--slot', '0:1.0', '0:2.0'), 2,
               'the function in the dump is named twice')


@claim
def what_is_no_bdf_is_a_usage_error():
    for text in ('', '3', '03:00', '03:00.8', '03:20.0', 'g3:00.0',
                 '0000:03:00.0x', '00000:03:00.0', '03:00.0\n', '../../etc'):
        for args in (('explain', text), ('doctor', text), ('status', '1', text),
                     ('config-dump', '1', text),
                     ('explain', '--dump', '/dev/null', '--slot', text)):
            is_refused(run(*args), 2, 'is not the address of a PCI function',
                       'lspci -D')


@claim
def version_is_told():
    said = run('--version')
    same(said.code, 0)
    has(said.out, 'xen-pt ')


@claim
def output_that_cannot_be_written_is_not_success():
    with Host() as host, open('/dev/full', 'wb') as full:
        host.function()
        for args in (['list'], ['doctor', '03:00.0'], ['explain', '03:00.0'],
                     ['doctor', '--checks'], ['list', '--help']):
            done = subprocess.run([TOOL, args[0], '--root', host.root,
                                   *args[1:]], stdout=full,
                                  stderr=subprocess.PIPE, check=False)
            same(done.returncode, 3)
            same(done.stderr.decode().count('the output could not be written'),
                 1)
        for args in (['--help'], ['--version']):
            done = subprocess.run([TOOL, *args], stdout=full,
                                  stderr=subprocess.PIPE, check=False)
            same((args, done.returncode), (args, 3))


@claim
def socket_of_a_long_path_is_one_sentence():
    with Host() as host:
        deep = host.root + '/' + 'd' * 90
        os.mkdir(deep)
        is_refused(run('status', '--root', deep, '3'), 3,
                   ' is too long for a socket')


@claim
def who_may_not_ask_is_told_so():
    if os.geteuid():
        raise AssertionError('this claim needs root, to drop it')
    with Host() as host:
        Qemu(web(host), 3, with_status(status_of()))
        os.chmod(host.root, 0o755)
        os.chmod(host.root + '/var/run/xen/qmp-libxenstat-3', 0o600)
        # where anybody may run it: the checkout may be in /root
        tool = shutil.copy(TOOL, host.root + '/tool')
        done = subprocess.run(
            [tool, 'status', '--root', host.root, '3'],
            capture_output=True, cwd='/', check=False, user=65534, group=65534)
        same(done.returncode, 3)
        has(done.stderr.decode(), 'no permission to ask the device model of ',
            'run this as root')


# -- list --------------------------------------------------------------------

def three():
    host = Host()
    host.dom0()
    host.function('0000:03:00.0')
    host.function('0000:03:00.1', driver='e1000e')
    host.function('0000:00:1c.0', nic_config(header=1), driver='pcieport',
                  class_code=0x060400)
    return host


@claim
def list_shows_what_pciback_holds_as_assignable():
    with three() as host:
        said = on(host, 'list')
        same(said.code, 0)
        has(said.out, '0000:03:00.0  assignable', 'e1000e has it', 'a bridge',
            '1 of 3 can be passed through now')
        same([line.split()[3] for line in said.out.split('\n')
              if line.startswith('0000:03:00.0')], ['.1'])
        functions = {f['address']: f for f in on(host, 'list', '--json')
                     .json()['functions']}
        same(functions['0000:03:00.0']['assignable'], True)
        same(functions['0000:03:00.0']['siblings'], ['0000:03:00.1'])
        same(functions['0000:03:00.0']['reset_methods'], ['flr'])
        same(functions['0000:03:00.1']['verdict'], 'driver')
        same(functions['0000:00:1c.0']['verdict'], 'bridge')


@claim
def list_names_the_guest_that_has_it():
    with Host() as host:
        host.function()
        host.xenstore({'/libxl/pci/0000-03-00-0/domid': '7',
                       '/local/domain/7/name': 'web'})
        said = on(host, 'list')
        has(said.out, 'given to domain 7 (web)')
        has(said.out, '0 of 1')
        same(on(host, 'list', '-j').json()['functions'][0]['guest'],
             'domain 7 (web)')


@claim
def list_asks_xenstore_only_to_read():
    with Host() as host:
        host.function()
        host.xenstore({'/libxl/pci/0000-03-00-0/domid': '7'})
        on(host, 'list')
        same(set(host.servers[0].heard), {2})


@claim
def list_without_xenstore_says_what_it_does_not_know():
    with Host() as host:
        host.function()
        has(on(host, 'list').out, 'not known: there is no xenstore here')


@claim
def list_without_sysfs_is_one_sentence():
    with Host() as host:
        is_refused(on(host, 'list'), 3, 'is sysfs mounted')


@claim
def list_of_assignable_ones_can_say_no():
    with three() as host:
        said = on(host, 'list', '--assignable')
        same(said.code, 0)
        lacks(said.out, 'e1000e')
    with Host() as host:
        host.function(driver='e1000e')
        same(on(host, 'list', '--assignable').code, 1)


# -- explain -----------------------------------------------------------------

def explain_dump(text, *args):
    with tempfile.NamedTemporaryFile('wb', suffix='.txt') as file:
        file.write(text if isinstance(text, bytes) else text.encode())
        file.flush()
        return run('explain', '--dump', file.name, *args)


@claim
def explain_of_a_dump_needs_no_host():
    with Host() as host:
        said = explain_dump(dump_text(nic_config()), '--root', host.root)
        same(said.code, 0)
        has(said.out, 'It can be passed through')


@claim
def explain_takes_a_dump_from_a_pipe():
    text = dump_text(nic_config()).encode()
    for name in ('-', '/dev/stdin'):
        done = subprocess.run([TOOL, 'explain', '--dump', name], input=text,
                              capture_output=True, check=False)
        same(done.stderr, b'')
        same(done.stdout.decode(), explain_dump(text).out)


@claim
def explain_says_why_a_capability_is_hidden():
    said = explain_dump(dump_text(nic_config()))
    has(said.words(), "Address Translation Services hidden: translated "
        "requests pass the host's IOMMU unchecked")
    caps = explain_dump(dump_text(nic_config()), '--json').json()
    ats = [c for c in caps['status']['capabilities'] if c['id'] == '0xf']
    same(ats[0]['shown'], False)


@claim
def explain_shows_what_differs_for_the_guest():
    said = explain_dump(dump_text(nic_config()))
    has(said.words(), 'Power Management filtered reads PMC 0022 for c822')


@claim
def explain_has_both_views_as_lspci_decodes_them():
    said = explain_dump(dump_text(nic_config()), '--json').json()
    host = '\n'.join(said['host_lspci'])
    guest = '\n'.join(said['guest_lspci'])
    has(host, 'Address Translation Service', 'MSI-X')
    has(guest, 'MSI-X', 'Advanced Error Reporting')
    lacks(guest, 'Address Translation Service')
    has(explain_dump(dump_text(nic_config())).out,
        '- \tCapabilities: [140 v1] Address Translation Service')


@claim
def explain_without_lspci_uses_its_own_words():
    with tempfile.TemporaryDirectory() as empty, \
            tempfile.NamedTemporaryFile('w') as file:
        file.write(dump_text(nic_config()))
        file.flush()
        said = run('explain', '--dump', file.name, env={'PATH': empty})
        same(said.code, 0)
        has(said.out, 'install pciutils', 'Power Management')


@claim
def explain_of_a_bridge_is_a_no_with_the_reason():
    said = explain_dump(dump_text(nic_config(header=1)))
    same(said.code, 1)
    has(said.words(), 'It cannot be passed through', 'a bridge')
    verdict = explain_dump(dump_text(nic_config(header=1)), '-j').json()
    same(verdict['possible'], False)
    has(verdict['error'], 'a bridge')


@claim
def explain_says_where_each_bar_goes_and_what_it_costs():
    with Host() as host:
        host.dom0().function(bars=((0xf7d00000, 0x20000, 0x200),
                                   (0xe000, 0x20, 0x101),
                                   (0xf7d20800, 0x400, 0x200)))
        said = on(host, 'explain', '03:00.0')
        same(said.code, 0)
        has(said.words(),
            'BAR 0 32-bit memory 128K at f7d00000 31 of 32 pages mapped in '
            '2 calls',
            'BAR 1 I/O ports 32 at e000 mapped, 32 ports in 1 call',
            'BAR 2 32-bit memory 1K at f7d20800 served by the device model')
        costs = on(host, 'explain', '-j', '03:00.0').json()
        same(costs['hypercalls'], {'attach': 2, 'bars': 3, 'vectors': 10})
        same(costs['vectors'], 5)


@claim
def explain_writes_nothing_to_the_device():
    with Host() as host:
        host.dom0().function()
        before = host.fingerprint()
        for args in (('explain', '03:00.0'), ('explain', '-p', '-v', '03:00.0'),
                     ('doctor',), ('doctor', '03:00.0'), ('list',)):
            same(on(host, *args).code in (0, 1), True)
            same(host.fingerprint(), before)


@claim
def explain_without_root_says_how_to_get_on():
    with Host() as host:
        host.function(config=nic_config()[:64])
        is_refused(on(host, 'explain', '03:00.0'), 3, 'only root may read',
                   'lspci -s 0000:03:00.0 -xxxx')


@claim
def doctor_without_root_says_to_be_root():
    with Host() as host:
        host.dom0().function(config=nic_config()[:64])
        said = on(host, 'doctor', '03:00.0')
        has(said.words(), 'only root may read all of its config space -> run '
            'this as root')
        lacks(said.out, 'power/control')


@claim
def explain_of_a_function_that_is_not_there_is_one_sentence():
    with Host() as host:
        host.function()
        is_refused(on(host, 'explain', '04:00.0'), 3, '0000:04:00.0',
                   'no such PCI device')


@claim
def allow_rule_opens_what_explain_said_is_closed():
    def closed(*args):
        ranges = explain_dump(dump_text(nic_config()), '-j',
                              *args).json()['read_only']
        return {at for r in ranges
                for at in range(int(r['first'], 16), int(r['last'], 16) + 1)}

    same(0xf4 in closed(), True)
    same(closed() - closed('--allow', 'f4.b'), {0xf4})
    same(closed('--permissive'), set())


@claim
def rule_that_cannot_be_honoured_is_a_usage_error():
    is_refused(explain_dump(dump_text(nic_config()), '--allow', '10.l'), 2,
               "allow rule '10.l'", '03:00.0')
    is_refused(explain_dump(dump_text(nic_config()), '--allow', 'zz'), 2,
               "allow rule 'zz'")


@claim
def explain_reads_the_rules_file_of_the_host():
    with Host() as host:
        host.dom0().function()
        host.write('/etc/xen/xen-pt.conf', '[8086:10d3]\nallow = f4.b\n')
        has(on(host, 'explain', '03:00.0').words(), 'Rules open f4.b')
        host.write('/etc/xen/xen-pt.conf', '[nonsense]\n')
        is_refused(on(host, 'explain', '03:00.0'), 2, '[nonsense]',
                   '] is neither a BDF (0000:03:00.0), nor a vendor:device')
        host.write('/etc/xen/xen-pt.conf', '[default]\nshine = true\n')
        is_refused(on(host, 'explain', '03:00.0'), 2, "sets 'shine'",
                   "', which is no option; there are permissive")
        host.write('/etc/xen/xen-pt.conf', '[default]\npermissive = maybe\n')
        is_refused(on(host, 'explain', '03:00.0'), 2, "is 'maybe'",
                   "'; write true or false")
        host.write('/r', '[default]\npermissive = true\n')
        has(on(host, 'explain', '--rules', host.root + '/r', '03:00.0').out,
            'Policy: permissive')
        is_refused(on(host, 'explain', '--rules', '/nowhere', '03:00.0'), 2,
                   '/nowhere')


@claim
def explain_chooses_the_function_of_a_dump():
    text = dump_text(nic_config(), '03:00.0') + dump_text(nic_config(256),
                                                          '04:00.1')
    has(explain_dump(text).out, '03:00.0', '1 more function')
    has(explain_dump(text, '--slot', '4:0.1').out, '0000:04:00.1')
    is_refused(explain_dump(text, '--slot', '05:00.0'), 3, '05:00.0')


@claim
def truncated_or_absurd_dump_is_one_sentence():
    whole = dump_text(nic_config())
    lines = whole.split('\n')
    for text in ('', 'hello\n', whole[:40], '\n'.join(lines[:3]),
                 lines[0] + '\n', lines[0] + '\n00: zz\n',
                 b'\0' * 1000, os.urandom(5000), b'\x7fELF' + b'\xff' * 99,
                 lines[0] + '\n00: ' + 'ff ' * 5000 + '\n'):
        said = explain_dump(text)
        assert said.code in (1, 3), said.code
        if said.code == 3:
            is_refused(said, 3)
    is_refused(run('explain', '--dump', '/nowhere/at/all'), 3,
               '/nowhere/at/all',
               '(No such file or directory)',
               '; write a dump with `lspci -vvxxxx` and give its path')
    is_refused(run('explain', '--dump', '/'), 3)
    is_refused(explain_dump(b'\0' * 100), 3, 'is not text; write a dump')
    is_refused(explain_dump('\n'.join(lines[:2]) + '\n20: 00\n'), 3,
               'should be; make the dump again')
    is_refused(explain_dump('\n'.join(lines[:3]) + '\n'), 3, 'bytes of its '
               'configuration space, less than the PCI header')
    with tempfile.NamedTemporaryFile('wb') as file:
        file.truncate(65 << 20)
        is_refused(run('explain', '--dump', file.name), 3,
                   'is larger than any dump of lspci')
    is_refused(run('explain', '--dump', '/dev/zero'), 3,
               'is larger than any dump of lspci')


@claim
def a_dump_that_was_cut_off_says_so():
    lines = dump_text(nic_config()).split('\n')
    said = explain_dump('\n'.join(lines[:1 + 0x500 // 16]) + '\n')
    same(said.code, 0)
    has(said.words(), 'ends after 1280 bytes of its configuration space, so '
        'what comes after is not judged; make the dump again')
    lacks(explain_dump(dump_text(nic_config())).words(), 'is not judged')
    lacks(explain_dump(dump_text(nic_config(256))).words(), 'ends after')
    is_refused(explain_dump('\n'.join(lines[:5]) + '\n'), 3, 'ends after 64 ',
               'bytes of its configuration space, before its capabilities')


@claim
def explain_knows_that_a_dump_may_lack_the_bars_of_a_vf():
    config = nic_config()
    config[0:4] = b'\xff' * 4
    config[0x10:0x14] = bytes(4)
    bare = explain_dump(dump_text(config))
    has(bare.words(), '(The BARs of a VF are set up in its PF: the dump does '
        'not have them, and MSI-X cannot be judged without')
    said = '\tRegion 0: Memory at f7d00000 (32-bit) [virtual] [size=128K]\n'
    full = explain_dump(dump_text(config, title='VF\n' + said))
    lacks(full.words(), 'in its PF')
    has(full.words(), 'MSI-X 5 vectors')


@claim
def explain_gives_the_reason_why_a_bar_is_not_mapped():
    config = nic_config()
    config[0x18:0x1c] = b'\x00\x10\xf8\xf7'
    config[0xa4:0xac] = b'\x02\x00\x00\x00\x02\x08\x00\x00'
    has(explain_dump(dump_text(config)).words(), 'BAR 2 32-bit memory 4K at '
        'f7f81000 served by the device model: the MSI-X table is in all of '
        'its pages')


@claim
def explain_tells_what_only_a_pci_express_machine_shows():
    note = 'from 100 on, a guest reaches on a PCI Express machine only'
    config = nic_config()
    has(explain_dump(dump_text(config)).words(), note)
    config[0x100:0x104] = b'\x0f\x00\x01\x00'       # nothing but ATS
    lacks(explain_dump(dump_text(config)).words(), note)


@claim
def explain_has_room_for_the_longest_name():
    config = nic_config()
    config[0x140:0x144] = b'\x07\x00\x01\x00'
    has(explain_dump(dump_text(config)).words(), ' 140 Root Complex Event '
        "Collector Association hidden: it describes the host's")


@claim
def explain_does_not_deny_a_line_that_the_dump_does_not_tell():
    config = nic_config()
    config[0x3c] = 0xff
    has(explain_dump(dump_text(config)).words(), 'INTA if the host has a line '
        'for it, which the dump does not tell')
    config[0x3d] = 0
    has(explain_dump(dump_text(config)).words(), 'INTx none')


@claim
def any_config_space_is_explained_or_refused():
    # what a broken device may show; no crash, no hang, JSON that parses
    seed = 1
    for _ in range(60):
        config = nic_config()
        for _ in range(40):
            seed = (seed * 1103515245 + 12345) & 0x7fffffff
            at = (seed >> 8) % 4096 if seed & 1 else 0x34 + (seed >> 8) % 0x90
            config[at] = (seed >> 20) & 0xff
        said = explain_dump(dump_text(config), '-j', '-n')
        assert said.code in (0, 1), (said.code, said.err)
        said.json()


@claim
def nonsense_in_sysfs_is_one_sentence():
    base = '/sys/bus/pci/devices/0000:03:00.0/'
    for name, data, part in (
            ('vendor', 'x\n', " does not hold a hexadecimal number of the size "
             'that it should'),
            ('irq', '99999999999\n', 'a decimal number of the size'),
            ('resource', 'nonsense\n', "is not the three hexadecimal numbers "
             'that describe a BAR'),
            ('resource', '0x2001 0x1000 0x200\n' + '0x0 0x0 0x0\n' * 12,
             "its sysfs file 'resource' describes the "),
            ('config', '\x01', ", before the end of the PCI header; look for "
             "the device's messages")):
        with Host() as host:
            host.dom0().function()
            host.write(base + name, data)
            is_refused(on(host, 'explain', '03:00.0'), 3, '0000:03:00.0', part)
    with Host() as host:
        host.dom0().function()
        os.unlink(host.root + base + 'vendor')
        is_refused(on(host, 'explain', '03:00.0'), 3,
                   "cannot open or read its sysfs file 'vendor'",
                   ': cannot open or read its sysfs file')
    with Host() as host:
        is_refused(on(host, 'explain', '03:00.0'), 3, "here; the device model "
                   "needs dom0's sysfs, so mount it")


# -- doctor ------------------------------------------------------------------

@claim
def doctor_finds_nothing_wrong_with_a_good_host():
    with Host() as host:
        host.dom0().function()
        said = on(host, 'doctor')
        same(said.code, 0)
        has(said.out, '0 FAILED', 'FLReset+', 'xen-pt can pass it through')
        lacks(said.out, 'FAIL ')
        report = on(host, 'doctor', '-j').json()
        same(report['failed'], 0)
        same(report['functions'][0]['address'], '0000:03:00.0')


def doctor_finds(breakage, check, *parts, result='fail'):
    with Host() as host:
        host.dom0().function()
        breakage(host)
        said = on(host, 'doctor', '03:00.0')
        same(said.code, 1 if result == 'fail' else 0)
        has(said.words(), *parts)
        report = on(host, 'doctor', '-j', '03:00.0').json()
        found = [c for c in report['host'] + report['functions'][0]['checks']
                 if c['check'] == check]
        same(found[0]['result'], result)
        # the reason of the core has its cure in it; no bridge can be taken
        assert result == 'ok' or found[0]['do'] or check == 'core' or \
            'bridge' in found[0]['said'], found[0]


def rewrite(path, data):
    return lambda host: host.write(path, data)


@claim
def doctor_tells_a_host_without_xen_what_to_install():
    doctor_finds(rewrite('/sys/hypervisor/type', 'kvm\n'), 'xen',
                 'does not run under Xen', 'apt install xen-system-amd64')


@claim
def doctor_tells_a_guest_from_dom0():
    doctor_finds(rewrite('/proc/xen/capabilities', '\n'), 'dom0',
                 'a guest and not dom0')


@claim
def doctor_says_why_the_iommu_is_off():
    no = 'virt_caps : pv hvm hap\nxen_commandline : %s\n'
    doctor_finds(rewrite('/xl-info', no % ''), 'iommu',
                 'firmware describes none', 'VT-d')
    doctor_finds(rewrite('/xl-info', no % 'iommu=off'), 'iommu',
                 "Xen's command line turns it off", 'update-grub')

    def with_table(host):
        host.write('/xl-info', no % '')
        host.write('/sys/firmware/acpi/tables/DMAR', b'DMAR' + bytes(44))
    doctor_finds(with_table, 'iommu', 'iommu=verbose')


@claim
def lines_for_the_next_boot_can_be_typed():
    """As GRUB's script does, it is read after what the host has."""
    no = 'virt_caps : pv hvm hap\nxen_commandline : iommu=off\n'

    def change(host):
        refit(bars=((0xf7d00800, 0x400, 0x200),),
              config=nic_config(vectors=33))(host)
        host.function('0000:04:00.0', driver='ahci',
                      bars=((0xf7d00000, 0x400, 0x200),))
        host.write('/xl-info', no)
    with Host() as host:
        host.dom0().function()
        change(host)
        lines = re.findall(r'-> (echo .*? && update-grub && reboot)',
                           on(host, 'doctor', '03:00.0').out)
        same(len(lines), 3)
        os.makedirs(host.root + '/etc/default/grub.d')
        for line in lines:
            subprocess.run(['bash', '-ec', 'update-grub() { :; }; reboot() { :; '
                            '};' + line.replace('/etc', host.root + '/etc')],
                           check=True)
        said = subprocess.run(
            ['sh', '-ec', 'GRUB_CMDLINE_LINUX=quiet GRUB_CMDLINE_XEN_DEFAULT='
             f'iommu=off; for x in {host.root}/etc/default/grub.d/*.cfg; do . '
             '$x; done; echo $GRUB_CMDLINE_LINUX,$GRUB_CMDLINE_XEN_DEFAULT'],
            capture_output=True, check=True)
        same(said.stdout.decode(),
             'quiet pci=resource_alignment=12@0000:03:00.0,'
             'iommu=off iommu=on extra_guest_irqs=66\n')


@claim
def doctor_leaves_the_host_bridge_alone():
    config = nic_config()
    config[0x0a:0x0c] = b'\0\6'
    doctor_finds(refit(config=config, driver=None), 'driver',
                 "the host bridge, which is dom0's")


@claim
def doctor_says_how_to_load_pciback():
    def without(host):
        os.rmdir(host.root + '/sys/bus/pci/drivers/pciback')
    doctor_finds(without, 'pciback', 'modprobe xen-pciback')


@claim
def doctor_sees_a_locked_down_kernel():
    doctor_finds(rewrite('/sys/kernel/security/lockdown',
                         'none [integrity] confidentiality\n'), 'lockdown',
                 'locked down', 'Secure Boot')


def refit(**more):
    def change(host):
        base = host.root + '/sys/bus/pci/devices/0000:03:00.0/'
        for name in os.listdir(base):
            os.unlink(base + name)
        host.function(**more)
    return change


@claim
def doctor_says_how_to_take_a_function_from_its_driver():
    doctor_finds(refit(driver='e1000e'), 'driver', 'its driver e1000e',
                 'xl pci-assignable-add 0000:03:00.0')


@claim
def doctor_finds_msix_that_xen_holds_masked():
    masked = nic_config()
    masked[0xa3] |= 0x40
    doctor_finds(refit(config=masked), 'driver', 'masked its MSI-X for good',
                 'echo 1 > /sys/bus/pci/devices/0000:03:00.0/remove; '
                 'echo 1 > /sys/bus/pci/rescan; '
                 'xl pci-assignable-add 0000:03:00.0')


@claim
def doctor_knows_resets():
    doctor_finds(refit(config=nic_config(devcap=0), reset='pm bus\n'),
                 'reset', 'no FLR; the kernel can reset it by: pm bus',
                 result='note')
    doctor_finds(refit(config=nic_config(devcap=0), reset=None), 'reset',
                 'nothing can reset it', result='note')


@claim
def doctor_sees_a_function_that_does_not_answer():
    doctor_finds(refit(config=b'\xff' * 4096), 'answers', 'does not answer')


@claim
def doctor_sees_a_bar_in_a_shared_page():
    def change(host):
        refit(bars=((0xf7d00800, 0x400, 0x200),),
              config=nic_config())(host)
        host.function('0000:04:00.0', driver='ahci',
                      bars=((0xf7d00000, 0x400, 0x200),))
    doctor_finds(change, 'pages', 'shares a page with 0000:04:00.0',
                 'pci=resource_alignment=12@0000:03:00.0', result='note')


@claim
def doctor_names_what_must_go_together():
    def change(host):
        refit(config=nic_config(devcap=0), reset='bus\n')(host)
        host.function('0000:03:00.1')
    doctor_finds(change, 'together', 'takes with it 0000:03:00.1',
                 'xl pci-assignable-add 0000:03:00.1; ', result='note')


def dmar(bus, path, kind=1):
    scope = bytes((kind, 6 + len(path), 0, 0, 0, bus)) + bytes(path)
    rmrr = struct.pack('<HHHHQQ', 1, 24 + len(scope), 0, 0, 0xbd800000,
                       0xbfffffff) + scope
    return b'DMAR' + struct.pack('<I', 48 + len(rmrr)) + bytes(40) + rmrr


@claim
def doctor_finds_reserved_memory():
    table = '/sys/firmware/acpi/tables/DMAR'
    doctor_finds(rewrite(table, dmar(3, (0, 0))), 'rmrr',
                 'RMRR bd800000-bfffffff', 'rdm_policy=relaxed',
                 result='note')
    # as Xen leaves it to dom0
    doctor_finds(rewrite(table.replace('DMAR', 'RMAD'), dmar(3, (0, 0))),
                 'rmrr', 'RMRR bd800000-bfffffff', result='note')
    doctor_finds(rewrite(table, dmar(3, (1, 0))), 'rmrr', 'no memory is '
                 'reserved', result='ok')

    def behind_bridge(host):
        config = nic_config(header=1)
        config[0x19] = 3
        host.function('0000:00:1c.0', config, driver='pcieport')
        host.write(table, dmar(0, (0x1c, 0, 0, 0)))
    doctor_finds(behind_bridge, 'rmrr', 'RMRR', result='note')


@claim
def doctor_survives_a_broken_table():
    for data in (b'', b'DMAR', dmar(3, (0, 0))[:60], dmar(3, (0, 0))[:75],
                 b'DMAR' + bytes(44) + b'\x01\x00\x00\x00' * 9,
                 b'DMAR' + bytes(44) + b'\x01\x00\xff\xff' * 9,
                 os.urandom(500)):
        doctor_finds(rewrite('/sys/firmware/acpi/tables/DMAR', data), 'rmrr',
                     result='ok')


@claim
def doctor_counts_vectors_against_xens_limit():
    many = nic_config(vectors=33)
    doctor_finds(refit(config=many), 'vectors', '33 MSI-X vectors',
                 'extra_guest_irqs=66', result='note')

    def raised(host):
        refit(config=many)(host)
        host.write('/xl-info', 'virt_caps : hvm hvm_directio\n'
                   'xen_commandline : extra_guest_irqs=128,1024 x=y\n')
    doctor_finds(raised, 'vectors', 'Xen gives a guest 128', result='ok')
    # as the kernel shows it to who is not root
    doctor_finds(refit(config=many[:64]), 'vectors',
                 'vectors it has cannot be told without root', result='unknown')


@claim
def doctor_sees_bars_that_do_not_fit_the_hole():
    config = nic_config()
    struct.pack_into('<I', config, 0x10, 0xc0000000)
    doctor_finds(refit(config=config,
                       bars=((0xc0000000, 0x10000000, 0x200),)),
                 'memory', 'mmio_hole = 512')


@claim
def doctor_gives_the_reason_of_the_core():
    doctor_finds(refit(config=nic_config(header=1)), 'core', 'a bridge')


@claim
def doctor_of_a_function_that_is_not_there_is_one_sentence():
    with Host() as host:
        host.dom0().function()
        is_refused(on(host, 'doctor', '09:00.0'), 3, '0000:09:00.0',
                   'no such function')


@claim
def doctor_says_what_it_checks():
    said = run('doctor', '--checks')
    same(said.code, 0)
    has(said.out, 'iommu', 'rmrr', 'vectors')


# -- status ------------------------------------------------------------------

def web(host):
    host.xenstore({'/local/domain/0/name': 'Domain-0',
                   '/local/domain/3/name': 'web',
                   '/local/domain/3/domid': '3'})
    return host


@claim
def status_is_asked_by_name_and_by_number():
    with Host() as host:
        Qemu(web(host), 3, with_status(status_of()))
        for name in ('web', '3'):
            said = on(host, 'status', name)
            same((said.code, said.err), (0, ''))
            has(said.words(), '0000:03:00.0', 'guest slot: 00:05.0',
                'guest 0xf3000000, host 0xf7d00000: mapped',
                'MSI-X, 1 of 5 vectors bound',
                "pirq 55 to the guest's vector 0x41", 'config_reads 7')


@claim
def status_sends_nothing_but_questions():
    with Host() as host:
        qemu = Qemu(web(host), 3, with_status(status_of()))
        on(host, 'status', 'web')
        on(host, 'config-dump', 'web', '03:00.0')
        same(set(qemu.heard), {'qmp_capabilities', 'qom-list', 'qom-get'})


@claim
def status_of_one_function_leaves_out_the_others():
    with Host() as host:
        Qemu(web(host), 3, with_status(status_of(),
                                       status_of('0000:04:00.0')))
        has(on(host, 'status', 'web').out, '0000:03:00.0', '0000:04:00.0')
        said = on(host, 'status', 'web', '4:0.0')
        has(said.out, '0000:04:00.0')
        lacks(said.out, '0000:03:00.0')
        same(len(on(host, 'status', '-j', 'web').json()['functions']), 2)


@claim
def status_as_json_is_what_the_device_model_said():
    with Host() as host:
        Qemu(web(host), 3, with_status(status_of()))
        said = on(host, 'status', '--json', 'web').json()
        same(said, {'domain': 'domain 3 (web)', 'functions': [status_of()]})


@claim
def status_gives_the_rule_for_each_denied_write():
    denied = [{'offset': '0x44', 'count': 3, 'first_value': '0x7',
               'rule': '44.b', 'why': None},
              {'offset': '0x4', 'count': 1, 'first_value': '0x1',
               'rule': None, 'why': 'xen-pt itself acts on that register'}]
    with Host() as host:
        Qemu(web(host), 3, with_status(status_of(denied=denied)))
        has(on(host, 'status', 'web').words(), '0x44: 3 times, first 0x7; '
            'allow=44.b', '0x04: 1 time, first 0x1; none: xen-pt itself')


@claim
def denied_bytes_that_go_together_are_one_line():
    def byte(at, rule=True, count=2):
        return {'offset': hex(at), 'count': count, 'first_value': '0xff',
                'rule': f'{at:x}.b' if rule else None,
                'why': None if rule else 'never'}
    denied = ([byte(at, False) for at in range(0x18, 0x28)] +
              [byte(at) for at in range(0xc2, 0xc8)] + [byte(0xc8, count=1)])
    with Host() as host:
        Qemu(web(host), 3, with_status(status_of(denied=denied)))
        said = on(host, 'status', 'web').words()
        has(said, '0x18-0x27: 2 times, first 0xff; none needed: a guest looks '
            'so for BARs '
            '0xc2-0xc3: 2 times, first 0xff; allow=c2.w '
            '0xc4-0xc7: 2 times, first 0xff; allow=c4.l '
            '0xc8: 1 time, first 0xff; allow=c8.b')


@claim
def status_of_what_is_wrong_is_a_finding():
    bar = dict(status_of()['bars'][0], how='refused')
    bar['maps'] = [dict(bar['maps'][0], state='refused', error=22)]
    bad = dict(status_of()['interrupt'])
    bad['vectors'] = [dict(bad['vectors'][0], bound=False, error=28)]
    for status, part in ((status_of(gone=True), 'GONE'),
                         (status_of(bars=[bar]), 'Invalid argument'),
                         (status_of(interrupt=bad), 'No space left')):
        with Host() as host:
            Qemu(web(host), 3, with_status(status))
            said = on(host, 'status', 'web')
            same(said.code, 1)
            has(said.out, part)


@claim
def status_passes_over_events():
    with Host() as host:
        Qemu(web(host), 3, with_status(status_of()), events=True)
        same(on(host, 'status', 'web').code, 0)


@claim
def status_of_a_guest_without_devices_says_so():
    with Host() as host:
        Qemu(web(host), 3, {})
        said = on(host, 'status', 'web')
        same(said.code, 0)
        has(said.out, 'no passed-through function')
        is_refused(on(host, 'status', 'web', '03:00.0'), 1, '0000:03:00.0',
                   'domain 3 (web)')


@claim
def no_such_domain_is_one_sentence():
    with Host() as host:
        web(host)
        for name in ('mail', '9', 'web2', ''):
            for args in (('status', name), ('config-dump', name, '3:0.0')):
                is_refused(on(host, *args), 3, f"there is no domain '{name}'",
                           '`xl list` has those that run')


@claim
def domain_by_name_without_xenstore_is_one_sentence():
    with Host() as host:
        is_refused(on(host, 'status', 'web'), 3, 'cannot be looked up by its '
                   'name: there is no xenstore', 'run this in dom0 as root')


@claim
def xenstore_that_does_not_answer_is_one_sentence():
    with Host() as host:
        path = host.root + '/run/xenstored/socket'
        os.makedirs(os.path.dirname(path))
        host.function()
        with socket.socket(socket.AF_UNIX) as server:
            server.bind(path)
            server.listen()
            for name in ('web', '3'):
                is_refused(on(host, 'status', '--wait', '1', name), 3,
                           "xenstore does not answer, so the domain '")
            said = on(host, 'list', '--wait', '1')
            same(said.code, 0)
            has(said.out, 'not known: xenstore does not answer')
    is_refused(run('list', '--wait', '0'), 2,
               '--wait takes a number of seconds from 1 to 3600')


@claim
def guest_without_device_model_is_one_sentence():
    with Host() as host:
        is_refused(on(web(host), 'status', 'web'), 3, 'has no device model '
                   'that can be asked', 'only HVM guests')


@claim
def device_model_that_is_gone_is_one_sentence():
    with Host() as host:
        path = host.root + '/var/run/xen/qmp-libxenstat-3'
        os.makedirs(os.path.dirname(path))
        with socket.socket(socket.AF_UNIX) as left_behind:
            left_behind.bind(path)
            left_behind.listen()
        web(host)
        is_refused(on(host, 'status', 'web'), 3, 'the device model of domain '
                   '3 (web) is gone', 'the device model of ')


@claim
def busy_monitor_is_one_sentence():
    with Host() as host:
        Odd(web(host), 3, lambda client: client.recv(1))
        began = time.monotonic()
        is_refused(on(host, 'status', '--wait', '1', '3'), 3,
                   'no greeting for 1 seconds', ' seconds); stop what else uses it')
        assert time.monotonic() - began < 30


@claim
def monitor_that_says_only_other_things_is_busy():
    def chatter(client):
        while True:
            client.sendall(b'{"event": "RTC_CHANGE"}\r\n' * 100)
    with Host() as host:
        Odd(web(host), 3, chatter)
        is_refused(on(host, 'status', '--wait', '1', '3'), 3,
                   'no greeting for 1 seconds')


@claim
def monitor_with_a_queue_is_one_sentence():
    with Host() as host:
        path = host.root + '/var/run/xen/qmp-libxenstat-3'
        os.makedirs(os.path.dirname(path))
        web(host)
        with socket.socket(socket.AF_UNIX) as server, \
                socket.socket(socket.AF_UNIX) as first:
            server.bind(path)
            server.listen(0)
            first.connect(path)
            is_refused(on(host, 'status', '--wait', '1', '3'), 3,
                       ' is busy; stop what else uses it')


@claim
def device_model_that_dies_midway_is_one_sentence():
    def die(client):
        client.sendall(json.dumps(GREETING).encode() + b'\r\n')
        client.recv(1)
    with Host() as host:
        Odd(web(host), 3, die)
        said = on(host, 'status', 'web')
        # whether it is the write or the read that fails first is a race
        is_refused(said, 3, 'domain 3 (web)')
        assert ('went away while it was asked' in said.err
                or 'no longer listens' in said.err), said.err


@claim
def what_does_not_speak_qmp_is_one_sentence():
    for text in (b'SSH-2.0-x\r\n', b'{}\r\n', b'[1]\n', b'\0\n',
                 b'{"QMP":\n', b'\xff\xfe\n', b' ' * (17 << 20)):
        with Host() as host:
            Odd(web(host), 3, lambda client, text=text: client.sendall(text))
            is_refused(on(host, 'status', 'web'), 3, 'domain 3 (web) ',
                       ' does not greet as QMP does' if text[:2] == b'{}'
                       else ' does not speak QMP;')


@claim
def stock_device_model_is_named_as_the_cause():
    with Host() as host:
        Qemu(web(host), 3, {'pci-pt-03_00.0': {}})
        is_refused(on(host, 'status', 'web'), 3, 'device_model_override',
                   "not found")


@claim
def status_that_is_no_json_is_one_sentence():
    with Host() as host:
        Qemu(web(host), 3, {'a': {'xen-pt-status': '{"half":'}})
        is_refused(on(host, 'status', 'web'), 3,
                   'gives a status that is no JSON')


@claim
def status_of_another_format_does_not_crash():
    for text in ('{}', '[]', '3', '{"bars":3,"interrupt":[],"denied":{}}',
                 '{"host":null,"bars":[null,{"maps":[7]}],"warnings":[1]}'):
        with Host() as host:
            Qemu(web(host), 3, {'a': {'xen-pt-status': text}})
            for args in (('status', 'web'), ('status', '-j', 'web')):
                said = on(host, *args)
                assert said.code in (0, 1), (said.code, said.err)


@claim
def nothing_steers_the_terminal():
    with Host() as host:
        host.xenstore({'/local/domain/3/name': 'e\x1b[2Jvil',
                       '/local/domain/3/domid': '3'})
        Qemu(host, 3, with_status(status_of(warnings=['a\x1b]0;b\x07'])))
        lacks(on(host, 'status', '3').out, '\x1b', '\x07')
        lacks(on(host, 'status', '3', '09:00.0').err, '\x1b', '\x07')


# -- config-dump -------------------------------------------------------------

@claim
def lspci_reads_the_config_dump():
    with Host() as host:
        Qemu(web(host), 3, with_status(status_of()))
        said = on(host, 'config-dump', 'web', '03:00.0')
        same(said.code, 0)
        with tempfile.NamedTemporaryFile('w') as file:
            file.write(said.out)
            file.flush()
            decoded = subprocess.run(['lspci', '-vv', '-F', file.name],
                                     capture_output=True, check=True)
        has(decoded.stdout.decode(), '00:05.0', 'MSI-X', 'Power Management')
        same(on(host, 'config-dump', '-j', 'web', '03:00.0')
             .json()['config'].strip(), said.out.strip())


@claim
def config_dump_of_a_function_of_another_domain_is_a_no():
    with Host() as host:
        Qemu(web(host), 3, with_status(status_of()))
        is_refused(on(host, 'config-dump', 'web', '04:00.0'), 1,
                   '0000:04:00.0')


# -- the documents ------------------------------------------------------------

SOURCE = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))


@claim
def messages_page_is_what_the_sources_say():
    done = subprocess.run([SOURCE + '/tools/collect-messages', '--check'],
                          capture_output=True, check=False)
    same(done.stderr.decode(), '')
    same(done.returncode, 0)


@claim
def links_between_documents_lead_somewhere():
    docs = SOURCE + '/docs/'
    for page in sorted(os.listdir(docs)):
        if not page.endswith('.md'):
            continue
        with open(docs + page, encoding='utf-8') as file:
            text = file.read()
        for target in re.findall(r'\]\(([^)#:]*)(?:#[^)]*)?\)', text):
            if target:
                assert os.path.exists(docs + target), (page, target)
        for target, anchor in re.findall(r'\]\(([^)#:]*)#([^)]+)\)', text):
            with open(docs + (target or page), encoding='utf-8') as file:
                heads = re.findall(r'^#+ (.*)$', file.read(), re.M)
            slugs = [re.sub(r'[^a-z0-9 -]', '', head.lower()).replace(' ', '-')
                     for head in heads]
            assert anchor in slugs, (page, target, anchor, slugs)


@claim
def manual_pages_are_well_formed():
    for page in ('xen-pt.1', 'xen-pci-passthrough.7'):
        path = f'{SOURCE}/docs/man/{page}'
        done = subprocess.run(['groff', '-mdoc', '-Tutf8', '-ww', path],
                              capture_output=True, check=False)
        same(done.stderr.decode(), '')
        has(done.stdout.decode(), 'xen')


@claim
def manual_has_every_option():
    with open(f'{SOURCE}/docs/man/xen-pt.1', encoding='utf-8') as file:
        manual = file.read()
    with open(f'{SOURCE}/tools/completion/xen-pt', encoding='utf-8') as file:
        completion = file.read()
    for name in ('list', 'explain', 'doctor', 'status', 'config-dump'):
        options = re.findall(r'--([a-z-]+)', run(name, '--help').out
                             .split('Exit status')[0])
        for option in set(options) - {'help'}:
            has(manual, 'Fl -' + option)
            has(completion, '--' + option)


@claim
def completion_offers_what_comes_next():
    def offered(*words):
        done = subprocess.run(
            ['bash', '-c', f'. {SOURCE}/tools/completion/xen-pt; '
             '_xen_pt_functions() { echo 0000:03:00.0; }; '
             '_xen_pt_domains() { echo web; }; COMP_LINE=$*; '
             'COMP_POINT=${#COMP_LINE}; _xen_pt; echo "${COMPREPLY[@]}"',
             'bash', 'xen-pt', *words], capture_output=True, check=True)
        same(done.stderr.decode(), '')
        return done.stdout.decode().split()

    same(offered('st'), ['status'])
    same(offered('help', 'do'), ['doctor'])
    same(offered('explain', '--re'), ['--real-power', '--refuse-shared'])
    same(offered('doctor', ''), ['0000:03:00.0'])
    same(offered('status', ''), ['web'])
    same(offered('status', '--wait', ''), [])
    same(offered('status', '--wait', '9', ''), ['web'])
    same(offered('status', '--json', 'web', ''), ['0000:03:00.0'])
    same(offered('config-dump', 'web', '0'), ['0000:03:00.0'])
    # behind a colon readline keeps what is there
    same(offered('explain', '0000:03:0'), ['00.0'])
    same(offered('explain', '03'), ['03:00.0'])
    same(offered('explain', '03:'), ['00.0'])
    same(offered('explain', '04:'), [])
    same(offered('explain', '--dump', SOURCE + '/READ'),
         [SOURCE + '/README.md'])


def text_of(path):
    with open(SOURCE + '/' + path, encoding='utf-8') as file:
        return file.read()


@claim
def commands_in_the_documents_exist():
    pages = ['README.md', 'docs/man/xen-pt.1'] + [
        'docs/' + page for page in os.listdir(SOURCE + '/docs')
        if page.endswith('.md')]
    names = ('list', 'explain', 'doctor', 'status', 'config-dump')
    known = {name: run(name, '--help').out for name in names}
    found = 0
    for page in pages:
        for line in text_of(page).split('\n'):
            # as a person would type it: in quotes; in a block also at the
            # start or behind another command
            before = r'(?:^ +|^\.Dl |[;&|] |`)' \
                if line.startswith(('    ', '.Dl ')) else '`'
            for name, rest in re.findall(
                    before + r'xen-pt ([a-z][a-z-]+)([^`]*)', line):
                assert name in names, (page, line)
                found += 1
                for option in re.findall(r' (--?[a-z-]+)', rest):
                    assert option + ' ' in known[name] + ' ' or \
                        option + ',' in known[name] or \
                        option + '=' in known[name] or \
                        option == '--help', (page, line, option)
    assert found > 20, found


@claim
def each_command_block_is_run_on_the_rig_or_has_a_reason():
    done = subprocess.run([SOURCE + '/tests/e2e/blocks'], check=True,
                          capture_output=True)
    blocks = dict(line.split('\t') for line in
                  done.stdout.decode().splitlines())
    assert len(blocks) > 40, blocks
    used = set(re.findall(r'\b[a-z-]+/[a-z0-9-]+-\d+\b', text_of(
        'tests/e2e/scenarios/documents/dom0')))
    same({name for name, reason in blocks.items() if not reason}, used)


@claim
def domains_for_libvirt_can_be_read_and_name_what_was_installed():
    page = text_of('docs/howto.md')
    domains = [xml.etree.ElementTree.fromstring(text) for text in
               re.findall(r'^```xml\n(<domain.*?)^```', page, re.M | re.S)]
    assert len(domains) >= 2, domains
    same(domains[0].findtext('devices/emulator'),
         re.search(r'^    install \S+ (\S+)$',
                   text_of('docs/getting-started.md'), re.M).group(1))
    same(domains[0].find('devices/hostdev').get('type'), 'pci')


@claim
def options_page_names_what_the_code_has():
    code = text_of('hw/xen-pt/qemu/device.c')
    properties = re.findall(r'xen_pt_class_\w+\(klass, "([a-z-]+)",\s*'
                            r'xen_pt_get_\w+,\s*xen_pt_set_\w+', code)
    assert len(properties) >= 7, properties
    for page in ('docs/options.md', 'docs/man/xen-pci-passthrough.7'):
        for name in properties:
            has(text_of(page), name)
    keys = re.search(r'known_keys\[\] = \{([^}]*)\}',
                     text_of('hw/xen-pt/policy/rules.c')).group(1)
    for key in re.findall(r'"([a-z-]+)"', keys):
        has(text_of('docs/options.md'), f'| `{key}` |')
        has(text_of('docs/man/xen-pci-passthrough.7'), key)


@claim
def trace_events_are_documented():
    names = re.findall(r'^(?:disable )?(xen_pt_\w+)\(',
                       text_of('hw/xen-pt/qemu/trace-events'), re.M)
    assert len(names) > 20, names
    page = text_of('docs/introspection.md')
    for name in names:
        has(page, f'`{name}`')
    for name in re.findall(r'`(xen_pt_\w+)`', page.split('## For who')[0]):
        assert name in names, name


@claim
def introspection_page_names_every_member():
    with Host() as host:
        host.dom0().function()
        status = on(host, 'explain', '-j', '03:00.0').json()['status']
    page = text_of('docs/introspection.md')

    def check(value):
        if isinstance(value, dict):
            for name, below in value.items():
                assert re.search(r'\b%s\b' % name, page), name
                check(below)
        elif isinstance(value, list):
            for below in value:
                check(below)
    check(status)


def main():
    global TOOL
    if len(sys.argv) < 2 or sys.argv[1] in ('-h', '--help'):
        print(__doc__)
        return 0 if len(sys.argv) > 1 else 2
    TOOL = sys.argv[1]
    chosen = [c for c in CLAIMS
              if len(sys.argv) == 2 or c.__name__ in sys.argv[2:]]
    print(f'1..{len(chosen)}')
    failed = 0
    for number, function in enumerate(chosen, 1):
        try:
            function()
            print(f'ok {number} {function.__name__}', flush=True)
        except Exception:
            failed += 1
            print(f'not ok {number} {function.__name__}')
            for line in traceback.format_exc().rstrip().split('\n')[-12:]:
                print('#', line, flush=True)
    return 1 if failed or not chosen else 0


if __name__ == '__main__':
    sys.exit(main())
