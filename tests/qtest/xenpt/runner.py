# SPDX-License-Identifier: GPL-2.0-or-later
"""Finds claims and runs one of them."""

import importlib
import os
import signal
import sys
import traceback

from .claim import REGISTRY
from .machine import QmpError

HERE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def claims(patterns=()):
    """Those with a pattern in their name or file; all without one."""
    for name in sorted(os.listdir(HERE)):
        if name.startswith('claims_') and name.endswith('.py'):
            importlib.import_module(name[:-3])
    chosen = [c for c in REGISTRY
              if not patterns or
              any(p in c.name or p in c.module for p in patterns)]
    names = [c.name for c in REGISTRY]
    twice = {n for n in names if names.count(n) > 1}
    if twice:
        sys.exit('run: two claims are called ' + ', '.join(sorted(twice)))
    return chosen


class ClaimTimeout(Exception):
    pass


def on_alarm(signum, frame):
    raise ClaimTimeout('no end within the time given')


def run_claim(claim, env, host, seconds):
    """None when the claim holds, else (sentence, traceback, verdict).

    verdict is False when the failure says nothing about the device model:
    the test itself is broken, or QEMU has not even started.
    """
    host.clear()
    signal.signal(signal.SIGALRM, on_alarm)
    signal.alarm(seconds)
    try:
        claim.function(env, host)
    except Exception as error:      # pylint: disable=broad-except
        text = str(error) or type(error).__name__
        verdict = isinstance(error, (AssertionError, QmpError, TimeoutError))
        if not isinstance(error, AssertionError):
            text = '%s: %s' % (type(error).__name__, text)
        return ' '.join(text.split())[:900], traceback.format_exc(), verdict
    finally:
        signal.alarm(0)
    return None
