# SPDX-License-Identifier: GPL-2.0-or-later
"""A production QEMU between a fake Xen, a fake host and a scripted guest."""
