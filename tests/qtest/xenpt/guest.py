# SPDX-License-Identifier: GPL-2.0-or-later
"""The guest: config cycles, BARs as Linux programs them, MSI and MSI-X."""

import time

COMMAND = 0x04
CMD_IO = 1
CMD_MEM = 2
CMD_MASTER = 4
CMD_INTX_DISABLE = 0x400

CAP_PM = 0x01
CAP_VPD = 0x03
CAP_MSI = 0x05
CAP_VENDOR = 0x09
CAP_EXPRESS = 0x10
CAP_MSIX = 0x11

ECAM = 0xb0000000


def msi_address(dest=0):
    return 0xfee00000 | dest << 12


class GuestFunction:
    """A function as the guest reaches it."""

    def __init__(self, machine, bus, slot, function, host=None):
        self.m = machine
        self.bus = bus
        self.slot = slot
        self.function = function
        self.host = host
        self.ecam = machine.machine.startswith('q35')
        self.addresses = {}
        self.longest_off = 0    # seconds of no decoding while sizing
        self._found = {}
        self._changed = set()   # vectors with a message Xen has not told

    # Config space

    def _cf8(self, off):
        return (0x80000000 | self.bus << 16 | self.slot << 11 |
                self.function << 8 | off & 0xfc)

    def _ecam(self, off):
        return (ECAM + (self.bus << 20 | self.slot << 15 |
                        self.function << 12) + off)

    def read(self, off, size):
        if off >= 0x100:
            return self.m.mem_read(self._ecam(off), size)
        self.m.outp(0xcf8, 4, self._cf8(off))
        return self.m.inp(0xcfc + (off & 3), size)

    def write(self, off, size, value):
        if off >= 0x100:
            self.m.mem_write(self._ecam(off), size, value)
            return
        self.m.outp(0xcf8, 4, self._cf8(off))
        self.m.outp(0xcfc + (off & 3), size, value)

    def ecam_read(self, off, size):
        return self.m.mem_read(self._ecam(off), size)

    def ecam_write(self, off, size, value):
        self.m.mem_write(self._ecam(off), size, value)

    def view(self, limit=0x100):
        """What lspci -xxx in the guest would show."""
        return b''.join(self.read(off, 4).to_bytes(4, 'little')
                        for off in range(0, limit, 4))

    def capabilities(self):
        """[(id, offset)] as a driver walks them; a loop is an error."""
        found, seen = [], set()
        if not self.read(0x06, 2) & 0x10:
            return found
        off = self.read(0x34, 1) & 0xfc
        while off:
            if off in seen or off < 0x40:
                raise AssertionError('bad capability pointer %#x' % off)
            seen.add(off)
            found.append((self.read(off, 1), off))
            off = self.read(off + 1, 1) & 0xfc
        return found

    def capability(self, cap_id):
        """Its offset; looked up once, as a driver does."""
        known = self.__dict__.setdefault('known_capabilities', {})
        if cap_id in known:
            return known[cap_id]
        for found, off in self.capabilities():
            if found == cap_id:
                known[cap_id] = off
                return off
        raise AssertionError('no capability %#x in %s' %
                             (cap_id, self.capabilities()))

    # Command and BARs

    def command(self):
        return self.read(COMMAND, 2)

    def set_command(self, value):
        self.write(COMMAND, 2, value)

    def set_decode(self, on):
        value = self.command()
        both = CMD_IO | CMD_MEM
        self.set_command(value | both if on else value & ~both)

    def read_bar(self, index):
        low = self.read(0x10 + 4 * index, 4)
        if low & 1:
            return low & ~3
        if low & 6 == 4:
            return (low | self.read(0x14 + 4 * index, 4) << 32) & ~0xf
        return low & ~0xf

    def write_bar(self, index, address):
        bar = self.host.bars[index]
        self.write(0x10 + 4 * index, 4, address & 0xffffffff)
        if bar.wide:
            self.write(0x14 + 4 * index, 4, address >> 32)
        self.addresses[index] = address

    def size_register(self, off):
        """Linux's __pci_read_base(): save, ones, read, restore."""
        old = self.read(off, 4)
        self.write(off, 4, 0xffffffff)
        size = self.read(off, 4)
        self.write(off, 4, old)
        return size

    def size_bars(self, toggle=True, rom=True):
        """Linux until 6.11: decoding off and on around every register."""
        answer = {}
        index = 0
        while index < 6:
            command = self.command()
            since = time.monotonic()
            if toggle and command & (CMD_IO | CMD_MEM):
                self.set_command(command & ~(CMD_IO | CMD_MEM))
            size = self.size_register(0x10 + 4 * index)
            wide = not size & 1 and size & 6 == 4
            if wide:
                size |= self.size_register(0x14 + 4 * index) << 32
            if toggle and command & (CMD_IO | CMD_MEM):
                self.set_command(command)
            self.longest_off = max(self.longest_off, time.monotonic() - since)
            if size:
                answer[index] = size
            index += 2 if wide else 1
        if rom:
            command = self.command()
            since = time.monotonic()
            if toggle and command & (CMD_IO | CMD_MEM):
                self.set_command(command & ~(CMD_IO | CMD_MEM))
            old = self.read(0x30, 4)
            self.write(0x30, 4, 0xfffff800)
            answer['rom'] = self.read(0x30, 4)
            self.write(0x30, 4, old)
            if toggle and command & (CMD_IO | CMD_MEM):
                self.set_command(command)
            self.longest_off = max(self.longest_off, time.monotonic() - since)
        return answer

    def place_bars(self, base=0xe0000000, port=0xd000, high=0x200000000):
        """Addresses by size, largest first; big 64-bit BARs go high."""
        order = sorted(self.host.bars.items(), key=lambda i: -i[1].size)
        for index, bar in order:
            step = max(bar.size, 4096)
            if bar.io:
                port = (port + bar.size - 1) & ~(bar.size - 1)
                self.write_bar(index, port)
                port += bar.size
            elif bar.size > 0x10000000:
                high = (high + step - 1) & ~(step - 1)
                self.write_bar(index, high)
                high += step
            else:
                base = (base + step - 1) & ~(step - 1)
                self.write_bar(index, base)
                base += step

    def bring_up(self, **where):
        """Sizing, addresses, decoding on: what a boot does to a device."""
        self.set_command(0)
        self.size_bars(toggle=False)
        self.place_bars(**where)
        self.set_command(CMD_IO | CMD_MEM | CMD_MASTER)
        return self

    def bar_address(self, index, off=0):
        return self.addresses[index] + off

    # MSI

    def msi_program(self, address, data, cap=None):
        cap = cap or self.capability(CAP_MSI)
        control = self.read(cap + 2, 2)
        self.write(cap + 4, 4, address & 0xffffffff)
        if control & 0x80:
            self.write(cap + 8, 4, address >> 32)
            self.write(cap + 0xc, 2, data)
        else:
            self.write(cap + 8, 2, data)

    def msi_enable(self, on=True, vectors=1):
        cap = self.capability(CAP_MSI)
        control = self.read(cap + 2, 2) & ~0x71
        if on:
            control |= 1 | (vectors.bit_length() - 1) << 4
        self.write(cap + 2, 2, control)

    # MSI-X

    def msix_entry_address(self, vector):
        _, bar, off, _, _ = self.host.msix
        return self.bar_address(bar, off + 16 * vector)

    def _is_bound(self, vector):
        return any(p.kind == 'msix' and p.entry == vector and p.bound and
                   p.bdf == self.host.bdf for p in self.m.state().pirqs)

    def msix_message(self, vector, address, data):
        at = self.msix_entry_address(vector)
        self.m.mem_write(at, 4, address & 0xffffffff)
        self.m.mem_write(at + 4, 4, address >> 32)
        self.m.mem_write(at + 8, 4, data)
        self._changed.add(vector)

    def msix_mask(self, vector, masked=True):
        """A write of vector control, through Xen's eyes.

        Of a bound vector, Xen masks the device's entry itself. Before 4.19 it
        then says nothing to the device model, but for an unmask that follows
        a change of the message.
        """
        at = self.msix_entry_address(vector) + 12
        if not self._is_bound(vector):
            self.m.mem_write(at, 4, 1 if masked else 0)
            return
        changed = vector in self._changed
        if masked:
            self.m.host.msix_mask(self.host, vector, True)
        if self.m.xen_tells_masks or (changed and not masked):
            self.m.mem_write(at, 4, 1 if masked else 0)
        if not masked:
            # Once the device model has seen the message.
            self.m.host.msix_mask(self.host, vector, False)
            self._changed.discard(vector)

    def msix_write(self, vector, address, data, masked=False):
        self.msix_message(vector, address, data)
        self.msix_mask(vector, masked)

    def msix_control(self, enable, mask_all=False):
        cap = self.capability(CAP_MSIX)
        control = self.read(cap + 2, 2) & 0x3fff
        control |= 0x8000 if enable else 0
        control |= 0x4000 if mask_all else 0
        self.write(cap + 2, 2, control)

    def msix_setup(self, vectors, first_vector=0x40, dest=0):
        """Linux: enable with everything masked, fill, unmask."""
        self.msix_control(True, mask_all=True)
        for i in range(self.host.msix[0]):
            self.msix_mask(i)
        for i in range(vectors):
            self.msix_write(i, msi_address(dest), first_vector + i,
                            masked=True)
        self.msix_control(True)
        for i in range(vectors):
            self.msix_mask(i, False)

    def msix_move(self, vector, dest, data):
        """Linux moves an interrupt: mask, address and data, unmask."""
        self.msix_mask(vector)
        self.msix_message(vector, msi_address(dest), data)
        self.msix_mask(vector, False)
