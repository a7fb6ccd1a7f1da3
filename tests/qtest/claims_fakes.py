# SPDX-License-Identifier: GPL-2.0-or-later
"""The fakes themselves: what they would hide if they were wrong."""

import re
import subprocess

from xenpt.claim import check, claim, count, equal
from xenpt.host import standard
from xenpt.machine import Machine, QmpError

LIBRARY = re.compile(r' U ((?:xc|xs|xen\w+?)_\w+|xencall\d\w*)(?:@|$)')


def symbols(path, pattern):
    text = subprocess.run(['nm', '-D', path], capture_output=True, text=True,
                          check=True).stdout
    return {m.group(1) for m in map(pattern.search, text.splitlines()) if m}


@claim()
def every_xen_library_call_of_the_binary_is_a_fake_one(env, host):
    """A call that went to the real library would be missed in every log."""
    wanted = symbols(env.qemu, LIBRARY)
    check(len(wanted) > 20, 'only %s' % sorted(wanted))
    fake = symbols(env.fake_xen, re.compile(r' T (\w+)'))
    # Frees a C array and does nothing else.
    missing = wanted - fake - {'xs_daemon_destroy_postfork'}
    check(not missing, 'not replaced: ' + ' '.join(sorted(missing)))


@claim()
def an_injected_error_fires_where_it_was_asked(env, host):
    fn = host.add(standard())
    with Machine(env, host) as m:
        m.fx('fail xc_physdev_map_pirq 1 ENOSPC')
        m.mark()
        try:
            m.device_add(fn)
        except QmpError:
            pass
        failed = [c for c in m.log() if c.result == 'ENOSPC']
        count(failed, 1, 'injected')
        equal(failed[0].op, 'xc_physdev_map_pirq', 'where')
        equal(m.fx('fired'), ['xc_physdev_map_pirq 1'], 'fired')


@claim()
def what_xen_would_refuse_is_refused(env, host):
    fn = host.add(standard())
    with Machine(env, host) as m:
        guest = m.attach(fn, grant=False).bring_up()
        maps = m.log().of('xc_domain_memory_mapping')
        check(maps and all(c.result == 'EPERM' for c in maps),
              'maps without permission: %s' % maps)
        guest.msix_setup(1)
        made = [c for c in m.log().of('xc_physdev_map_pirq_msi')
                if c.args['dev'] == fn.bdf]
        check(made and all(c.result == 'ENODEV' for c in made),
              'MSI-X of a function of nobody: %s' % made)
        m.tolerate_anomalies()


@claim()
def sysfs_accesses_are_all_seen(env, host):
    """A descriptor that escaped the log would spoil every count."""
    fn = host.add(standard())
    with Machine(env, host) as m:
        m.attach(fn).bring_up()
        listed = sorted(f for f in m.fx('open-files')
                        if f.split()[0] == fn.bdf)
        held = sorted('%s %s' % (fn.bdf, f.rsplit('/', 1)[1])
                      for f in m.open_files() if f.startswith('/') and
                      '%s/' % fn.bdf in f)
        named = [line for line in listed if not line.endswith(' .')]
        equal(named, held, 'open files')
