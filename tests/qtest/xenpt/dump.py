# SPDX-License-Identifier: GPL-2.0-or-later
"""Functions from what `lspci -vvvxxxx` prints."""

import re

from .host import Bar, Function

HEAD = re.compile(r'(?:([0-9a-f]{4,8}):)?([0-9a-f]{2}):([0-9a-f]{2})\.([0-7]) ',
                  re.I)
LINE = re.compile(r'([0-9a-f]{2,3}):((?: [0-9a-f]{2}){1,16})\s*$', re.I)
REGION = re.compile(r'(?:Region (\d)|Expansion ROM).*? at ([0-9a-f]+).*?'
                    r'\[size=(\d+)([KMG]?)\]', re.I)
UNIT = {'': 1, 'K': 1 << 10, 'M': 1 << 20, 'G': 1 << 30}


def blocks(text):
    """(head match, [line, ...]) for each function."""
    found = []
    for line in text.splitlines():
        head = HEAD.match(line)
        if head:
            found.append((head, []))
        elif found:
            found[-1][1].append(line)
    return found


def regions(fn, lines):
    for line in lines:
        match = REGION.search(line)
        if not match:
            continue
        index, addr, size, unit = match.groups()
        addr, size = int(addr, 16), int(size) * UNIT[unit.upper()]
        if not addr or size & size - 1 or addr & size - 1:
            continue        # lspci prints [virtual] and the like as well
        if index is None:
            fn.rom = Bar(size, addr)
        elif int(index) < 6:
            low = fn.get(0x10 + 4 * int(index), 4)
            fn.bars[int(index)] = Bar(
                size, addr, io='I/O' in line, wide='64-bit' in line or
                (not low & 1 and low & 6 == 4),
                prefetch=', prefetchable' in line)


def functions(text):
    """Type 0 functions of a dump; without a hex dump there is nothing."""
    found = []
    for head, lines in blocks(text):
        config = {}
        for line in lines:
            match = LINE.match(line.strip())
            if match:
                base = int(match.group(1), 16)
                for i, byte in enumerate(match.group(2).split()):
                    config[base + i] = int(byte, 16)
        if len(config) < 64 or config.get(0x0e, 1) & 0x7f:
            continue
        segment = int(head.group(1) or '0', 16) & 0xffff
        fn = Function('%04x:%s:%s.%s' % (segment, head.group(2).lower(),
                                         head.group(3).lower(),
                                         head.group(4)))
        size = 4096 if max(config) >= 0x100 else 256
        fn.config = bytearray(size)
        for off, byte in config.items():
            if off < size:
                fn.config[off] = byte
        # Registers that nobody described store what is written.
        fn.wmask = fn.w1c = None
        fn.irq = 16 if fn.config[0x3d] else 0
        fn.complete = len(config) >= 256
        regions(fn, lines)
        found.append(fn)
    return found


def text_of(fn):
    """The hex dump of a Function, as lspci -xxxx prints it."""
    lines = ['%s Ethernet controller: made up' % fn.bdf[5:]]
    for index, bar in fn.bars.items():
        lines.append('\tRegion %d: %s at %x%s [size=%d]' % (
            index, 'I/O ports' if bar.io else 'Memory', bar.addr,
            '' if bar.io else ' (%s-bit, %sprefetchable)' % (
                64 if bar.wide else 32, '' if bar.prefetch else 'non-'),
            bar.size))
    for off in range(0, len(fn.config), 16):
        lines.append('%02x: %s' % (off, ' '.join(
            '%02x' % b for b in fn.config[off:off + 16])))
    return '\n'.join(lines) + '\n'
