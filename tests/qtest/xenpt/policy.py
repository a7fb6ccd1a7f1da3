# SPDX-License-Identifier: GPL-2.0-or-later
"""What a guest's write may change in the hardware of host.standard().

Written from the PCI specification and the list of bits that Xen's users
rely on, not from the tables of the code under test.
"""

# offset -> bits that a strict guest may change in the device
CHANGE = {
    0x04: 0x3c,         # Command: bus master, special cycles, MWI, snoop
    0x05: 0x04,         # Command: INTx disable
    0x30: 0x01,         # ROM enable
    0x45: 0x1e,         # PMCSR: data select
    0x52: 0x71,         # MSI enable, and as many vectors as Xen has mapped
    0x73: 0xc0,         # MSI-X enable, mask all
    0x80 + 0x28: 0x40,  # DevCtl2: AtomicOp requester
}

# offset -> bits that a written 1 may clear
CLEAR = {
    0x07: 0xf9,         # Status
    0x80 + 0x0a: 0x0f,  # DevSta
    0x80 + 0x13: 0xc0,  # LnkSta
}


def violations(writes):
    """Writes (Calls) that change or clear more than the lists allow."""
    bad = []
    for call in writes:
        off = call.number('off')
        old = bytes.fromhex(call.args['old'])
        val = bytes.fromhex(call.args['val'])
        for i, (was, is_) in enumerate(zip(old, val)):
            at = off + i
            clear = CLEAR.get(at, 0)
            changed = (was ^ is_) & ~clear & ~CHANGE.get(at, 0)
            if at in W1C_ONLY:
                changed &= ~0xff
            if changed:
                bad.append('offset %#x: %#04x -> %#04x' % (at, was, is_))
    return bad


# Bytes that hold write-1-to-clear bits and nothing that can be written:
# a merged write has to put 0 there, whatever they read as.
W1C_ONLY = (0x06, 0x07, 0x80 + 0x0a, 0x80 + 0x0b, 0x80 + 0x12, 0x80 + 0x13)
