# SPDX-License-Identifier: GPL-2.0-or-later
"""xen-pt's own part of a built QEMU, compiled otherwise, and linked anew.

A few dozen files instead of QEMU's fourteen hundred: for sanitizers, and for
mutants. QEMU's own objects are those of the build that is named.
"""

import concurrent.futures
import json
import os
import shlex
import subprocess
import sys

ASAN = ['-fsanitize=address,undefined', '-fno-sanitize-recover=undefined',
        '-fno-omit-frame-pointer', '-g']


def run(command, folder):
    done = subprocess.run(command, cwd=folder, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, check=False)
    if done.returncode:
        sys.exit('%s failed:\n%s' % (' '.join(command)[:200],
                                     done.stdout[-3000:]))
    return done.stdout


def newer(path, than):
    return not os.path.exists(path) or \
        os.path.getmtime(path) < os.path.getmtime(than)


def own_objects(build):
    """[(source, object, arguments)]; paths as ninja has them, from build."""
    with open(os.path.join(build, 'compile_commands.json'),
              encoding='utf-8') as text:
        entries = json.load(text)
    return [(e['file'], e['output'], shlex.split(e['command']))
            for e in entries
            if os.path.basename(e['output']).startswith(
                ('hw_xen-pt_', 'meson-generated_.._hw_xen-pt_'))]


def rebuild(build, out, flags, sources=None, more=(), jobs=2):
    """Links out/qemu-system-i386 and returns its path.

    sources: {path below hw/xen-pt: another file to compile in its place}.
    more: C files to link besides. What is newer than its source is kept.
    """
    os.makedirs(out, exist_ok=True)
    binary = os.path.join(out, 'qemu-system-i386')
    sources = sources or {}
    replaced, commands = {}, []
    for source, obj, arguments in own_objects(build):
        new = os.path.join(out, os.path.basename(obj))
        replaced[obj] = new
        below = source.split('hw/xen-pt/', 1)[1]
        real = os.path.join(build, source)
        compiled = sources.get(below, real)
        arguments = [new if a == obj else compiled if a == source else a
                     for a in arguments]
        # What stands beside the file is found from wherever it is.
        arguments[1:1] = ['-iquote', os.path.dirname(real)]
        if newer(new, compiled) or newer(new, os.path.join(build, obj)):
            commands.append(arguments + list(flags))
    for source in more:
        new = os.path.join(out, os.path.basename(source) + '.o')
        replaced[source] = new
        commands.append(['cc', '-c', '-O1', '-o', new, source])
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        list(pool.map(lambda c: run(c, build), commands))
    if not commands and not newer(binary,
                                  os.path.join(build, 'qemu-system-i386')):
        return binary
    link = run(['ninja', '-t', 'commands', 'qemu-system-i386'],
               build).splitlines()[-1]
    arguments = [replaced.get(a, a) for a in shlex.split(link)]
    arguments[arguments.index('-o') + 1] = binary + '.new'
    run(arguments + [replaced[s] for s in more] +
        [f for f in flags if f.startswith('-fsanitize=')], build)
    os.replace(binary + '.new', binary)     # never half of one
    return binary


def with_asan(qemu):
    """The binary itself if it has AddressSanitizer, else one with ours."""
    symbols = run(['nm', qemu], '.')
    if '__asan_init' in symbols:
        return qemu
    build = os.path.dirname(os.path.realpath(qemu))
    if not os.path.exists(os.path.join(build, 'compile_commands.json')):
        sys.exit('%s does not lie in the directory that it was built in' %
                 qemu)
    return rebuild(build, build + '-own-asan', ASAN)
