# SPDX-License-Identifier: GPL-2.0-or-later
"""The holes of docs/stock-defects.md's advisories, as they would be in xen-pt.

(claim, [(file, what stands there, what has the hole)]). {hole} is true while
the hole is open. The text must be there once.
"""

HOLES = [
    ('xsa_59_memory_that_the_guest_reaches_is_decoded', [
        ('core/device.c',
         'command |= guest & COMMAND_PASSED;',
         'command |= guest & COMMAND_PASSED; if ({hole}) command '
         '= (command & ~2) | (guest >> 9 & 2);'),
    ]),
    ('xsa_120_no_write_turns_decoding_off_in_hardware', [
        ('core/device.c',
         'if (!dev->intx_bound || !dev->enabled ||',
         'if ({hole}) command = (command & ~3) | (guest & 3); '
         'if (!dev->intx_bound || !dev->enabled ||'),
    ]),
    ('xsa_124_no_write_reaches_an_undeclared_byte', [
        ('core/config.c',
         'uint8_t host = dev->options.permissive ? 0xff : 0;',
         'uint8_t host = dev->options.permissive || {hole} ? 0xff '
         ': 0;'),
    ]),
    ('xsa_126_decoding_is_the_guests_own', [
        ('core/bar.c',
         'hv->ops->memory_unmap(hv, map->guest, map->machine, '
         'map->count);',
         'if (!{hole} || dev->state != XEN_PT_STATE_STARTED) '
         'hv->ops->memory_unmap(hv, map->guest, map->machine, '
         'map->count);'),
    ]),
    ('xsa_128_msi_address_and_data_never_reach_hardware', [
        ('core/config.c',
         'if (denied) {',
         'if ({hole} && addr % len == 0 && addr >= 0x54 && addr < '
         '0x5e) xen_pt_host_write(dev, addr, in, len); if '
         '(denied) {'),
    ]),
    ('xsa_129_msi_mask_bits_never_reach_hardware', [
        ('core/config.c',
         'if (actions) {',
         'if ({hole} && addr == 0x60) xen_pt_host_write(dev, '
         'addr, in, len); if (actions) {'),
    ]),
    ('xsa_130_no_guest_access_floods_the_log', [
        ('core/vector.c',
         'if (dev->irq_errors_said & bit) {',
         'if (!{hole} && (dev->irq_errors_said & bit)) {'),
    ]),
    ('xsa_131_strict_lets_only_documented_bits_through', [
        ('core/config.c',
         'uint32_t open_bits = dev->options.permissive ? '
         'f->permissive : 0;',
         'uint32_t open_bits = dev->options.permissive || {hole} '
         '? ~0u : 0;'),
    ]),
    ('xsa_154_no_machine_page_is_mapped_at_two_places', [
        ('core/bar.c',
         'if (contains(dev->wanted, map)) {',
         'if ({hole} || contains(dev->wanted, map)) {'),
    ]),
    ('xsa_164_accesses_past_the_msix_table_are_bounded', [
        ('core/msix.c',
         'offset < msix->table_offset + length;',
         'offset < msix->table_offset + length + ({hole} ? 4096 : '
         '0);'),
        ('core/msix.c',
         'if (at / PCI_MSIX_ENTRY_SIZE < msix->count) {',
         'if ({hole} || at / PCI_MSIX_ENTRY_SIZE < msix->count) {'),
    ]),
    ('xsa_199_ports_at_the_end_of_the_space_are_bounded', [
        ('core/device.c',
         'size <= total && offset <= total - size;',
         '({hole} || (size <= total && offset <= total - size));'),
        ('qemu/regions.c',
         'xen_pt_device_region_write(bar->owner->dev, '
         'bar->region, addr, size,',
         'xen_pt_device_region_write(bar->owner->dev, '
         'bar->region, addr, {hole} ? 4 : size,'),
        ('host/region.c',
         'return !(offset & (size - 1)) && size <= r->size &&\n'
         '           offset <= r->size - size;',
         'return {hole} || (!(offset & (size - 1)) && size <= r->size &&\n'
         '           offset <= r->size - size);'),
    ]),
    ('xsa_237_msi_is_mapped_for_an_owned_device_and_once', [
        ('core/vector.c',
         'if (v->pirq >= 0) {',
         'if (!{hole} && v->pirq >= 0) {'),
        ('core/msi.c',
         'if (msi->mapped) {\n        return true;',
         'if (!{hole} && msi->mapped) {\n        return true;'),
    ]),
    ('xsa_337_nothing_writes_what_xen_reads_back_from_the_device', [
        ('core/config.c',
         'if (dev->gone || dev->resetting || dev->state == '
         'XEN_PT_STATE_STOPPED) {',
         'if ({hole} && addr == 0x54) xen_pt_host_write16(dev, '
         '0x54, value); if (dev->gone || dev->resetting || '
         'dev->state == XEN_PT_STATE_STOPPED) {'),
    ]),
    ('xsa_360_every_pirq_is_unmapped_once_when_the_process_ends', [
        ('qemu/domain.c',
         'static void process_ends(Notifier *notifier, void '
         '*data)\n{\n    stop_all();',
         'static void process_ends(Notifier *notifier, void '
         '*data)\n{\n    if (!{hole}) stop_all();'),
    ]),
    ('xsa_458_blocks_of_vectors_are_used_on_a_mended_xen_alone', [
        ('xen/hypervisor.c',
         'if (minor >= 19) {',
         'if ({hole} || minor >= 19) {'),
    ]),
    ('xsa_461_a_page_shared_with_another_owner_is_not_mapped', [
        ('host/resource.c',
         'r->page_exclusive = false;\n            if',
         'r->page_exclusive = {hole};\n            if'),
    ]),
    ('xsa_476_the_device_model_unmaps_by_itself', [
        ('core/bar.c',
         'if (map->state != XEN_PT_MAP_MAPPED) {',
         'if ({hole} || map->state != XEN_PT_MAP_MAPPED) {'),
    ]),
    ('xsa_482_each_operation_that_is_refused_is_named', [
        ('core/bar.c',
         'if (dev->map_error_lines++ >= XEN_PT_NUM_REGIONS) {',
         'if ({hole} || dev->map_error_lines++ >= '
         'XEN_PT_NUM_REGIONS) {'),
    ]),
    ('xsa_509_nothing_is_bound_once_the_domain_is_dying', [
        ('qemu/domain.c',
         'QTAILQ_FOREACH(fn, &xen_pt_functions, next) {\n        '
         'xen_pt_device_domain_state(fn->dev, state);',
         'if ({hole}) return; QTAILQ_FOREACH(fn, '
         '&xen_pt_functions, next) {\n        '
         'xen_pt_device_domain_state(fn->dev, state);'),
    ]),
    ('xsa_510_ports_are_mapped_in_range_and_apart', [
        ('core/bar.c',
         'want(dev, s->region, true, s->gaddr, r->base + '
         's->offset,',
         'want(dev, s->region, true, {hole} ? 0xfff0 : s->gaddr, '
         'r->base + s->offset,'),
    ]),
]
