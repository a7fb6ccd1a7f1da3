# SPDX-License-Identifier: GPL-2.0-or-later
"""The fake host: sysfs trees of PCI functions, and the hardware's masks.

A Function is a description; Host.add() turns it into the files that Linux
shows under /sys/bus/pci/devices. The directory is bind-mounted over
/sys/bus/pci in the runner's own mount namespace (see the runner).
"""

import os
import shutil
import struct

IORESOURCE_IO = 0x100
IORESOURCE_MEM = 0x200
IORESOURCE_PREFETCH = 0x2000
IORESOURCE_MEM_64 = 0x100000

PAGE = 4096


class Bar:
    """One base address register: where the host has put it, and how big."""

    def __init__(self, size, addr, io=False, wide=False, prefetch=False):
        self.size = size
        self.addr = addr
        self.io = io
        self.wide = wide
        self.prefetch = prefetch

    @property
    def low_bits(self):
        if self.io:
            return 1
        return (4 if self.wide else 0) | (8 if self.prefetch else 0)

    @property
    def sysfs_flags(self):
        if self.io:
            return IORESOURCE_IO | 1 | 0x40000
        flags = IORESOURCE_MEM | 0x40000 | self.low_bits
        flags |= IORESOURCE_MEM_64 if self.wide else 0
        flags |= IORESOURCE_PREFETCH if self.prefetch else 0
        return flags


class Function:
    """A PCI function of the host: config space, BARs, sysfs attributes."""

    def __init__(self, bdf='0000:03:00.0', vendor=0x8086, device=0x1572,
                 cls=0x020000, irq=16, pin=1, config_size=4096,
                 driver='pciback', has_reset=True):
        self.bdf = bdf
        self.irq = irq
        self.driver = driver
        self.has_reset = has_reset
        self.bars = {}
        self.rom = None
        self.caps = {}          # capability id -> offset of the first
        self.physfn = None
        self.msix = None
        self.overrides = {}     # sysfs file -> text, or None for no file
        self._last_link = 0x34
        self.config = bytearray(config_size)
        self.wmask = bytearray(config_size)
        self.w1c = bytearray(config_size)
        self.put(0x00, 2, vendor)
        self.put(0x02, 2, device)
        self.put(0x04, 2, 0x0000, wmask=0x0547)
        self.put(0x06, 2, 0x0000, w1c=0xf900)
        self.put(0x08, 4, cls << 8 | 0x01)
        self.put(0x0c, 1, 0x10, wmask=0xff)
        self.put(0x2c, 4, 0x00018086)
        self.put(0x3c, 1, 0x0b, wmask=0xff)
        self.put(0x3d, 1, pin)

    # Config space

    def put(self, off, size, value, wmask=0, w1c=0):
        for i in range(size):
            shift = 8 * i
            self.config[off + i] = value >> shift & 0xff
            self.wmask[off + i] = wmask >> shift & 0xff
            self.w1c[off + i] = w1c >> shift & 0xff

    def get(self, off, size):
        return int.from_bytes(self.config[off:off + size], 'little')

    def _link(self, cap_id, off):
        if self._last_link == 0x34:
            self.config[0x34] = off
        else:
            self.config[self._last_link + 1] = off
        self.config[0x06] |= 0x10
        self._last_link = off
        self.config[off] = cap_id
        self.caps.setdefault(cap_id, off)

    def add_bar(self, index, size, addr, **kind):
        bar = Bar(size, addr, **kind)
        self.bars[index] = bar
        off = 0x10 + 4 * index
        mask = ~(size - 1) & (2 ** 64 - 1)
        self.put(off, 4, addr & 0xffffffff | bar.low_bits,
                 wmask=mask & 0xffffffff)
        if bar.wide:
            self.put(off + 4, 4, addr >> 32, wmask=mask >> 32)
        return self

    def add_rom(self, size, addr):
        self.rom = Bar(size, addr)
        self.put(0x30, 4, addr, wmask=~(size - 1) & 0xffffffff | 1)
        return self

    def add_pm(self, off):
        self._link(0x01, off)
        self.put(off + 2, 2, 0xc803)
        self.put(off + 4, 2, 0x0008, wmask=0x1f03, w1c=0x8000)
        return self

    def add_msi(self, off, vectors=1, wide=True, maskable=True):
        self._link(0x05, off)
        mmc = vectors.bit_length() - 1
        self.put(off + 2, 2, (0x80 if wide else 0) |
                 (0x100 if maskable else 0) | mmc << 1, wmask=0x0071)
        self.put(off + 4, 4, 0, wmask=0xfffffffc)
        at = off + 8
        if wide:
            self.put(at, 4, 0, wmask=0xffffffff)
            at += 4
        self.put(at, 2, 0, wmask=0xffff)
        if maskable:
            self.put(at + 4, 4, 0, wmask=(1 << vectors) - 1)
        return self

    def add_msix(self, off, vectors, table_bar, table_off, pba_bar, pba_off):
        self._link(0x11, off)
        self.put(off + 2, 2, vectors - 1, wmask=0xc000)
        self.put(off + 4, 4, table_off | table_bar)
        self.put(off + 8, 4, pba_off | pba_bar)
        self.msix = (vectors, table_bar, table_off, pba_bar, pba_off)
        return self

    def add_express(self, off, version=2, port_type=0, flr=True):
        self._link(0x10, off)
        self.put(off + 2, 2, version | port_type << 4)
        self.put(off + 4, 4, 0x8fc1 | (0x10000000 if flr else 0))
        self.put(off + 8, 2, 0x2810, wmask=0xffff)
        self.put(off + 0xa, 2, 0x0000, w1c=0x000f)
        self.put(off + 0xc, 4, 0x00477c81)
        self.put(off + 0x10, 2, 0x0040, wmask=0x01ff)
        self.put(off + 0x12, 2, 0x1081, w1c=0xc000)
        if version >= 2:
            self.put(off + 0x24, 4, 0x0000001f)
            self.put(off + 0x28, 2, 0, wmask=0xf7ff)
            self.put(off + 0x2c, 4, 0x0000000e)
            self.put(off + 0x30, 2, 0x0003, wmask=0x1fff)
        return self

    def add_vpd(self, off):
        self._link(0x03, off)
        self.put(off + 2, 2, 0x0000, wmask=0xffff)
        self.put(off + 4, 4, 0x12345678, wmask=0xffffffff)
        return self

    def add_vendor(self, off, length=0x10):
        self._link(0x09, off)
        self.put(off + 2, 1, length)
        for i in range(3, min(length, 0x10)):
            self.put(off + i, 1, 0xa0 + i, wmask=0xff)
        return self

    def add_unknown(self, off, cap_id=0x0a, length=8):
        self._link(cap_id, off)
        for i in range(2, length):
            self.put(off + i, 1, 0x50 + i, wmask=0xff)
        return self

    # Sysfs

    def resource_text(self):
        lines = []
        for i in range(7):
            bar = self.rom if i == 6 else self.bars.get(i)
            if bar is None:
                lines.append('0x%016x 0x%016x 0x%016x' % (0, 0, 0))
            else:
                flags = bar.sysfs_flags
                if i == 6:
                    flags = 0x0004e200 & ~0x4000
                lines.append('0x%016x 0x%016x 0x%016x' %
                             (bar.addr, bar.addr + bar.size - 1, flags))
        lines += ['0x%016x 0x%016x 0x%016x' % (0, 0, 0)] * 6
        return '\n'.join(lines) + '\n'


def standard(bdf='0000:03:00.0', base=0xf0000000, port=0xc000, **kw):
    """The device of the project's measurements: PM, MSI, MSI-X, PCIe v2."""
    fn = Function(bdf, **kw)
    fn.add_bar(0, 0x4000, base, wide=True)
    fn.add_bar(2, 0x10000, base + 0x10000)
    fn.add_bar(4, 32, port, io=True)
    fn.add_pm(0x40)
    fn.add_msi(0x50, vectors=4, wide=True, maskable=True)
    fn.add_msix(0x70, 64, 0, 0x2000, 0, 0x3000)
    fn.add_express(0x80)
    return fn


def plain(bdf='0000:04:00.0', **kw):
    """A function with INTx only and one memory BAR."""
    fn = Function(bdf, device=0x8139, **kw)
    fn.add_bar(0, PAGE, 0xf2000000)
    return fn


class Host:
    """The directory that stands for /sys/bus/pci."""

    def __init__(self, root, hardware, mem):
        self.root = root
        self.mem = mem          # stands for /dev/mem, sparse
        self.hardware = hardware
        self.functions = {}
        self.clear()

    def clear(self):
        for path in (self.root, self.hardware):
            os.makedirs(path, exist_ok=True)
            for name in os.listdir(path):
                shutil.rmtree(os.path.join(path, name), ignore_errors=True) \
                    if os.path.isdir(os.path.join(path, name)) \
                    else os.unlink(os.path.join(path, name))
        for name in ('pciback', 'e1000e', 'pci-stub', 'vfio-pci'):
            os.makedirs(os.path.join(self.root, 'drivers', name))
        os.makedirs(os.path.join(self.root, 'devices'))
        self.functions = {}

    def path(self, fn, name=''):
        return os.path.join(self.root, 'devices', fn.bdf, name)

    def _write(self, fn, name, data):
        mode = 'wb' if isinstance(data, (bytes, bytearray)) else 'w'
        with open(self.path(fn, name), mode) as out:
            out.write(data)

    def add(self, fn):
        os.makedirs(self.path(fn))
        self.functions[fn.bdf] = fn
        self._write(fn, 'config', fn.config)
        for what, mask in (('wmask', fn.wmask), ('w1c', fn.w1c)):
            if mask is None:
                continue
            with open(os.path.join(self.hardware, '%s.%s' %
                                   (fn.bdf, what)), 'wb') as out:
                out.write(mask)
        self._write(fn, 'resource', fn.resource_text())
        for i, bar in fn.bars.items():
            with open(self.path(fn, 'resource%d' % i), 'wb') as out:
                out.truncate(bar.size)
        if fn.rom is not None:
            with open(self.path(fn, 'rom'), 'wb') as out:
                out.write(b'\x55\xaa' + bytes(fn.rom.size - 2))
        if fn.msix:
            # Xen keeps an entry masked in hardware while it is changed.
            vectors, bar, off, _, _ = fn.msix
            with open(self.mem, 'r+b') as mem:
                for i in range(vectors):
                    mem.seek(fn.bars[bar].addr + off + 16 * i + 12)
                    mem.write(b'\x01')
        attributes = {
            'vendor': '0x%04x\n' % fn.get(0, 2),
            'device': '0x%04x\n' % fn.get(2, 2),
            'subsystem_vendor': '0x%04x\n' % fn.get(0x2c, 2),
            'subsystem_device': '0x%04x\n' % fn.get(0x2e, 2),
            'class': '0x%06x\n' % (fn.get(8, 4) >> 8),
            'revision': '0x%02x\n' % fn.get(8, 1),
            'irq': '%d\n' % fn.irq,
            'enable': '0\n',
            'numa_node': '-1\n',
            'power_state': 'D0\n',
        }
        if fn.has_reset:
            attributes['reset'] = ''
            attributes['reset_method'] = 'flr bus\n'
        attributes.update(fn.overrides)
        for name, text in attributes.items():
            if text is not None:
                self._write(fn, name, text)
            elif os.path.lexists(self.path(fn, name)):
                os.unlink(self.path(fn, name))
        if fn.driver:
            os.symlink('../../drivers/' + fn.driver, self.path(fn, 'driver'))
            link = os.path.join(self.root, 'drivers', fn.driver, fn.bdf)
            os.symlink('../../devices/' + fn.bdf, link)
        if fn.physfn:
            os.symlink('../' + fn.physfn, self.path(fn, 'physfn'))
        return fn

    def config(self, fn):
        """What the hardware's config space holds now."""
        with open(self.path(fn, 'config'), 'rb') as config:
            return config.read()

    def config_value(self, fn, off, size):
        return int.from_bytes(self.config(fn)[off:off + size], 'little')

    def poke(self, fn, off, size, value):
        """The hardware changes a register by itself."""
        with open(self.path(fn, 'config'), 'r+b') as config:
            config.seek(off)
            config.write(struct.pack('<Q', value)[:size])

    def msix_mask(self, fn, vector, masked):
        """Xen masks or unmasks an entry of the device's own table."""
        _, bar, off, _, _ = fn.msix
        at = off + 16 * vector + 12
        self.bar_write(fn, bar, at, bytes([masked]))
        with open(self.mem, 'r+b') as mem:
            mem.seek(fn.bars[bar].addr + at)
            mem.write(bytes([masked]))

    def _bar_offset(self, fn, index, off):
        """mmap gives whole pages: a small BAR begins inside of one."""
        bar = fn.bars[index]
        return off if bar.io else off + bar.addr % PAGE

    def bar_write(self, fn, index, off, data):
        with open(self.path(fn, 'resource%d' % index), 'r+b') as out:
            out.seek(self._bar_offset(fn, index, off))
            out.write(data)

    def bar_read(self, fn, index, off, size):
        with open(self.path(fn, 'resource%d' % index), 'rb') as data:
            data.seek(self._bar_offset(fn, index, off))
            return data.read(size)
