# SPDX-License-Identifier: GPL-2.0-or-later
"""Where the tests run: a mount namespace, a directory, the fake library."""

import os
import shlex
import shutil
import subprocess
import sys
import tempfile

from .host import Host

HERE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
ROOT = os.path.dirname(os.path.dirname(HERE))
INSIDE = 'XEN_PT_QTEST_INSIDE'
SKIP = 77


class Environment:
    def __init__(self, tmp, qemu, fake_xen, stock):
        self.tmp = tmp
        self.qemu = qemu
        self.fake_xen = fake_xen
        self.stock = stock
        self.asan = False


def binary(named, stock):
    """The QEMU to test: a path, or None when there is none to test."""
    variable = 'XEN_PT_STOCK_QEMU' if stock else 'XEN_PT_QEMU'
    named = named or os.environ.get(variable)
    variant = 'qemu-stock' if stock else 'qemu-bare'
    path = named or os.path.join(ROOT, 'build', variant, 'qemu-system-i386')
    if os.access(path, os.X_OK):
        return os.path.abspath(path)
    if named:
        sys.exit('%s is not an executable file' % named)
    return None


def enter_namespace():
    """Starts the script again where mounts are its own alone."""
    if INSIDE in os.environ:
        return
    script = os.path.abspath(sys.argv[0])
    command = [sys.executable, script] + sys.argv[1:]
    attempts = [['unshare', '--map-root-user', '--mount']]
    if os.geteuid() == 0:
        attempts.insert(0, ['unshare', '--mount'])
    environ = dict(os.environ, **{INSIDE: '1'})
    for attempt in attempts:
        if subprocess.run(attempt + ['true'], stderr=subprocess.DEVNULL,
                          check=False).returncode == 0:
            os.execvpe(attempt[0], attempt + command, environ)
    sys.exit('no mount namespace: run as root, or allow user namespaces '
             '(sysctl kernel.unprivileged_userns_clone=1)')


def compile_fake_xen(tmp):
    source = os.path.join(ROOT, 'tests', 'fake-xen')
    library = os.path.join(tmp, 'fake-xen.so')
    files = [os.path.join(source, name) for name in sorted(os.listdir(source))
             if name.endswith('.c')]
    subprocess.run(shlex.split(os.environ.get('CC', 'cc')) +
                   ['-std=gnu11', '-O1', '-g', '-Wall', '-Wextra', '-shared',
                    '-fPIC', '-fvisibility=hidden', '-U_FORTIFY_SOURCE',
                    '-o', library] + files + ['-lpthread', '-ldl'],
                   check=True)
    return library


class Sandbox:
    """A temporary directory with all that a Machine needs.

    /sys/bus/pci is a directory of ours from here on, in this namespace.
    """

    def __init__(self, fake_xen=None):
        self.tmp = tempfile.mkdtemp(prefix='xen-pt-qtest-')
        library = fake_xen or os.environ.get('XEN_PT_FAKE_XEN')
        self.library = os.path.abspath(library) if library \
            else compile_fake_xen(self.tmp)
        self._sparse('mem', 1 << 36)    # the stock model's /dev/mem
        self._sparse('bios', 65536)     # machines want one; none runs it
        self.host = Host(self._mount(), os.path.join(self.tmp, 'hardware'),
                         os.path.join(self.tmp, 'mem'))

    def _sparse(self, name, size):
        with open(os.path.join(self.tmp, name), 'wb') as out:
            out.truncate(size)

    def _mount(self):
        pci = os.path.join(self.tmp, 'pci')
        os.makedirs(pci)
        if not os.path.isdir('/sys/bus/pci'):
            sys.exit('this machine has no /sys/bus/pci to mount over')
        subprocess.run(['mount', '--make-rprivate', '/'], check=False)
        subprocess.run(['mount', '--bind', pci, '/sys/bus/pci'], check=True)
        return pci

    def environment(self, qemu, stock):
        """A build that goes on must not change the binary under us."""
        name = 'stock' if stock else 'ours'
        copy = os.path.join(self.tmp, 'qemu-' + name)
        shutil.copy2(qemu, copy)
        return Environment(self.tmp, copy, self.library, stock)

    def remove(self):
        shutil.rmtree(self.tmp, ignore_errors=True)
