# SPDX-License-Identifier: GPL-2.0-or-later
"""Claims: tests whose names say what holds."""

REGISTRY = []


class Claim:
    def __init__(self, function, stock, only, gap):
        self.function = function
        self.name = function.__name__
        self.module = function.__module__
        self.stock = stock
        self.only = only
        self.gap = gap


def claim(stock='', only='', gap=''):
    """Registers a test.

    stock: '' when QEMU's own xen_pt makes the claim true as well, else one
    sentence that says what it does instead; run against the stock model the
    claim must then fail. only: 'ours' for what the stock model has no notion
    of (or where it would take the test's process down with it).
    gap: what is still missing from ours, in a few words. Such a claim has to
    fail, is shown and counted as a gap, and must lose the word with it.
    """
    def register(function):
        REGISTRY.append(Claim(function, stock, only, gap))
        return function
    return register


def check(condition, message):
    if not condition:
        raise AssertionError(message)


def equal(got, wanted, what):
    if got != wanted:
        raise AssertionError('%s: got %s, wanted %s' %
                             (what, show(got), show(wanted)))


def show(value):
    if isinstance(value, int) and not isinstance(value, bool) and value > 9:
        return '%d (%#x)' % (value, value)
    text = repr(value)
    return text if len(text) < 700 else text[:700] + '...'


def count(calls, wanted, what):
    """Counts a list of calls; the message lists them when it is wrong."""
    if len(calls) != wanted:
        raise AssertionError('%s: %d calls, wanted %d: %s' %
                             (what, len(calls), wanted, show(calls)))
