#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Shows that the guest's view of every dump of a corpus is sound.

usage: check.py CORPUS-VIEW [FILE-OR-DIRECTORY...]

Without files: those beside this script and, if it is there, the corpus
beside the checkout.  For each file, strict and permissive: a hostile guest
breaks no invariant (corpus-view); lspci -vvv -F decodes what the guest sees
without complaint; and the guest's lists hold just what the policy grants of
the device's own, which this script walks by itself.  Results are TAP.
"""
import os
import re
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
BESIDE = os.path.join(HERE, '..', '..', '..', 'shared', 'corpus')

# Granted ids; what else may keep one of them away is in WITHHELD.
SHOWN = {0x01, 0x03, 0x05, 0x09, 0x10, 0x11, 0x12, 0x13}
SHOWN_EXTENDED = {0x01, 0x02, 0x03, 0x04, 0x08, 0x09, 0x0b, 0x15, 0x16, 0x17,
                  0x18, 0x1e, 0x1f, 0x22, 0x23}
WITHHELD = {
    'the device has it twice', 'the guest may not reset the function',
    'its table is not within a memory BAR',
    'its version is 0, which no specification knows',
    'its version is 0: this VF leaves it to its PF',
    'it is that of a port, a bridge or an event collector, not of an '
    'endpoint',
    'its length byte leaves no room for the length byte',
    'its length leaves no room for its headers',
    'its registers run into the next capability or over the end of config '
    'space',
    'it is for no BAR, or for more than there are',
    'CXL: it holds host addresses and controls the host\'s memory',
}
COMPLAINT = re.compile(
    r'<ignored>|<broken-64-bit-slot>|<access denied|!!!|<chain looped>|'
    r'<chain broken>|<unreadable>|<error>|<overlap bug>|<crossing bug>|'
    r'<unknown>|will not decode|incomplete decoding')
HEADER = re.compile(
    r'^((?:[0-9a-f]{4,8}:)?[0-9a-f]{2}:[0-9a-f]{2}\.[0-7])\b')


class Function:
    def __init__(self):
        self.data = bytearray()
        self.lines = []

    def byte(self, at):
        return self.data[at] if at < len(self.data) else 0xff

    def dword(self, at):
        return int.from_bytes(self.data[at:at + 4], 'little') \
            if at + 4 <= len(self.data) else 0xffffffff

    def walk(self):
        """Offsets and ids of what the device has: {(offset, extended): id}"""
        found = {}
        at = self.byte(0x34) if self.byte(6) & 0x10 else 0
        while at & ~3 >= 0x40:
            at &= ~3
            if (at, False) in found or self.byte(at) == 0xff:
                break
            found[at, False] = self.byte(at)
            at = self.byte(at + 1)
        at = 0x100
        seen = set()
        while at & ~3 >= 0x100:
            at &= ~3
            head = self.dword(at)
            if at in seen or head in (0, 0xffffffff):
                break
            seen.add(at)
            if head & 0xffff:
                found[at, True] = head & 0xffff
            at = head >> 20
        return found


def parse(text):
    """The functions of a text of lspci: {bdf: Function}"""
    functions = {}
    current = None
    for line in text.splitlines():
        head = HEADER.match(line)
        row = re.match(r'^([0-9a-f]{2,3}): ((?:[0-9a-f]{2} ?)+)$', line)
        if row and current:
            current.data += bytes.fromhex(row.group(2))
        elif head:
            bdf = head.group(1)
            current = Function()
            functions[bdf if bdf.count(':') == 2 else '0000:' + bdf] = current
        elif current:
            current.lines.append(line)
    return functions


def lspci(path):
    """What lspci -vvv says of each function: {bdf: [line]}"""
    done = subprocess.run(['lspci', '-D', '-vvv', '-F', path],
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          text=True, errors='replace', check=False)
    noise = [line for line in done.stderr.splitlines()
             if 'libkmod' not in line]
    if noise or done.returncode:
        raise ValueError('lspci says: ' + ' '.join(noise))
    return {bdf: f.lines for bdf, f in parse(done.stdout).items()}


def may_refuse(bdf, function):
    igd = (function.byte(0) | function.byte(1) << 8 == 0x8086 and
           function.byte(0x0b) == 3 and bdf == '0000:00:02.0')
    return (function.byte(0x0e) & 0x7f or
            function.dword(4) == 0xffffffff or igd)


def check_function(bdf, original, view, notes, before, after):
    """Sentences on what is wrong with one function."""
    wrong = []
    if view is None:
        refused = [n for n in notes if n.startswith('# %s refused' % bdf)]
        if len(refused) != 1:
            wrong.append('no view, and no refusal')
        elif not may_refuse(bdf, original):
            wrong.append(refused[0])
        return wrong

    expected = {}
    for (at, extended), cap in original.walk().items():
        if cap not in (SHOWN_EXTENDED if extended else SHOWN):
            continue
        reason = [n for n in notes if n.startswith(
            '# %s [%x] id %x%s: hidden, ' % (
                bdf, at, cap, ' extended' if extended else ''))]
        if reason:
            if reason[0].split('hidden, ', 1)[1] not in WITHHELD:
                wrong.append('%x is withheld, but not for a good reason: %s'
                             % (at, reason[0]))
            continue
        expected[at, extended] = cap
    if view.walk() != expected:
        wrong.append('the guest walks %s, the policy grants %s'
                     % (sorted(view.walk()), sorted(expected)))

    listed = {int(m.group(1), 16) for m in
              (re.match(r'\tCapabilities: \[([0-9a-f]+)', line)
               for line in after) if m}
    # the null capability that leads on, and: without a PCI Express
    # capability there is no extended space for an operating system
    if view.dword(0x100) & 0xffff == 0:
        listed.discard(0x100)
    express = 0x10 in (cap for (_, ext), cap in expected.items() if not ext)
    reachable = {at for at, ext in expected if express or not ext}
    if listed != reachable:
        wrong.append('lspci lists %s, the policy grants %s' % (
            ' '.join('%x' % at for at in sorted(listed)),
            ' '.join('%x' % at for at in sorted(reachable))))
    for line in after:
        if COMPLAINT.search(line) and line not in before:
            wrong.append('lspci complains: ' + line.strip())
    return wrong


def check_file(program, path, mode):
    with open(path, encoding='utf-8', errors='replace') as text:
        originals = parse(text.read())
    if not originals:
        return ['there is no dump in it']
    done = subprocess.run([program] + mode + [path], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        return ['corpus-view: ' + (done.stderr.strip() or
                                   done.stdout.strip()).splitlines()[-1]]
    views = parse(done.stdout)
    notes = [line for line in done.stdout.splitlines()
             if line.startswith('# ')]
    before = lspci(path)
    after = {}
    if views:
        with tempfile.NamedTemporaryFile('w', suffix='.txt') as out:
            out.write(done.stdout)
            out.flush()
            after = lspci(out.name)
    wrong = []
    for bdf, original in originals.items():
        if not original.data or len(bdf) > len('0000:00:00.0'):
            continue    # a segment that Linux made up is none of Xen's
        wrong += ['%s: %s' % (bdf, w) for w in
                  check_function(bdf, original, views.get(bdf), notes,
                                 before.get(bdf, []), after.get(bdf, []))]
    return wrong


def main():
    if len(sys.argv) < 2 or sys.argv[1] in ('-h', '--help'):
        print(__doc__)
        return 0 if len(sys.argv) > 1 else 2
    program, places = sys.argv[1], sys.argv[2:]
    if not places:
        places = [HERE] + ([BESIDE] if os.path.isdir(BESIDE) else [])
    files = []
    for place in places:
        if os.path.isdir(place):
            names = sorted(os.listdir(place))
            if place == HERE:
                names = [n for n in names if n.startswith(('qemu-', 'made-'))]
            files += [os.path.join(place, n) for n in names]
        else:
            files.append(place)
    files = [f for f in files if os.path.isfile(f)]
    try:
        subprocess.run(['lspci', '--version'], stdout=subprocess.DEVNULL,
                       check=True)
    except OSError:
        print('Bail out! lspci is missing: install pciutils')
        return 1
    print('1..%d' % (2 * len(files)))
    number, failed = 0, 0
    for path in files:
        for mode in ([], ['--permissive']):
            number += 1
            try:
                wrong = check_file(program, path, mode)
            except ValueError as error:
                wrong = [str(error)]
            print('%s %d - %s%s' % ('not ok' if wrong else 'ok', number,
                                    os.path.basename(path),
                                    ' permissive' if mode else ''))
            for sentence in wrong:
                print('# ' + sentence)
            failed += bool(wrong)
            sys.stdout.flush()
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main())
