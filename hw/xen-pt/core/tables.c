/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * xen-pt core: the list of capability tables, and whether one is sound
 */
#include <string.h>

#include "pci-regs.h"
#include "tables.h"

#define MAX_TABLES 128

const XenPtCapability *xen_pt_header(void)
{
    return &xen_pt_table_header;
}

const XenPtCapability *const *xen_pt_capabilities(void)
{
    static const XenPtCapability *const shown[] = {
        &xen_pt_cap_pm, &xen_pt_cap_vpd, &xen_pt_cap_msi, &xen_pt_cap_vendor,
        &xen_pt_cap_express, &xen_pt_cap_msix, &xen_pt_cap_sata,
        &xen_pt_cap_af,
        &xen_pt_ecap_aer, &xen_pt_ecap_vc, &xen_pt_ecap_power,
        &xen_pt_ecap_mfvc, &xen_pt_ecap_vc_mfvc, &xen_pt_ecap_vsec,
        &xen_pt_ecap_rebar, &xen_pt_ecap_dpa, &xen_pt_ecap_tph,
        &xen_pt_ecap_ltr, &xen_pt_ecap_l1ss, &xen_pt_ecap_ptm,
        &xen_pt_ecap_dvsec,
    };
    static const XenPtCapability *const more[] = {
        xen_pt_caps_hidden, xen_pt_ecaps_plain, xen_pt_ecaps_hidden,
    };
    static const XenPtCapability *all[MAX_TABLES];
    static gsize done;

    if (g_once_init_enter(&done)) {
        unsigned n = 0;

        for (unsigned i = 0; i < G_N_ELEMENTS(shown); i++) {
            all[n++] = shown[i];
        }
        for (unsigned i = 0; i < G_N_ELEMENTS(more); i++) {
            for (const XenPtCapability *cap = more[i];
                 cap->name && n < MAX_TABLES - 1; cap++) {
                all[n++] = cap;
            }
        }
        all[n] = NULL;
        g_once_init_leave(&done, 1);
    }
    return all;
}

/* -- what setups share ----------------------------------------------------- */

uint16_t xen_pt_table_to_next(XenPtDevice *dev, const XenPtInstance *inst,
                              const char **why)
{
    (void)dev;
    (void)inst;
    (void)why;
    return XEN_PT_LENGTH_TO_NEXT;
}

void xen_pt_table_adopt(XenPtDevice *dev, const XenPtInstance *inst,
                        uint16_t offset)
{
    for (const XenPtField *f = inst->cap->fields; f && f->size; f++) {
        if (f->offset == offset && offset + f->size <= inst->length) {
            XenPtField own = *f;

            own.init = (f->init & f->fixed) |
                       (xen_pt_config_host(dev, inst->offset + offset,
                                           f->size) & (f->virt | f->hooked));
            xen_pt_config_set(dev, inst->offset + offset, &own);
        }
    }
}

void xen_pt_table_fix(XenPtDevice *dev, const XenPtInstance *inst,
                      uint16_t offset, uint8_t size, uint32_t value)
{
    const XenPtField f = { .size = size, .fixed = ALL_ONES, .init = value };

    xen_pt_config_set(dev, inst->offset + offset, &f);
}

void xen_pt_table_close(XenPtDevice *dev, const XenPtInstance *inst)
{
    static const XenPtField closed = { .size = 1, .ro = 0xff };
    unsigned end = MIN(inst->offset + inst->length, XEN_PT_CONFIG_EXT_SIZE);

    xen_pt_config_prefetch(dev, inst->offset, inst->length);
    for (unsigned at = inst->offset + 4; at < end; at++) {
        if (!dev->config.claimed[at]) {
            xen_pt_config_set(dev, at, &closed);
        }
    }
}

/* -- soundness ------------------------------------------------------------- */

static char *check_field(const XenPtField *f, unsigned head, unsigned from,
                         bool extended)
{
    const uint32_t class[] = {
        f->fixed, f->ro, f->live, f->trigger, f->virt, f->hooked, f->host,
        f->rw1c,
    };
    unsigned space = extended ? XEN_PT_CONFIG_EXT_SIZE : XEN_PT_CONFIG_SIZE;
    uint32_t all, once = 0, twice = 0;

    if (f->size != 1 && f->size != 2 && f->size != 4) {
        return g_strdup_printf("a size of %u bytes", f->size);
    }
    if (!f->name || !*f->name) {
        return g_strdup("no name");
    }
    if (f->offset < head) {
        return g_strdup("it covers the id or the pointer to the next");
    }
    if (f->offset % f->size) {
        return g_strdup("it is not aligned to its size");
    }
    if (f->offset < from) {
        return g_strdup("it overlaps the field before it or comes too late");
    }
    if (f->offset + f->size > space) {
        return g_strdup("it ends outside config space");
    }
    all = f->size == 4 ? ALL_ONES : (1u << (8 * f->size)) - 1;
    for (unsigned i = 0; i < G_N_ELEMENTS(class); i++) {
        twice |= once & class[i];
        once |= class[i];
    }
    if (once & ~all) {
        return g_strdup_printf("bits 0x%x are outside it", once & ~all);
    }
    if (twice) {
        return g_strdup_printf("bits 0x%x have two classes", twice);
    }
    if (once != all) {
        return g_strdup_printf("bits 0x%x have no class", all & ~once);
    }
    if (f->permissive & ~(f->ro | f->live | f->fixed)) {
        return g_strdup("permissive names bits that are not ro, live or "
                        "fixed");
    }
    if (f->init & ~(f->fixed | f->virt | f->hooked)) {
        return g_strdup("init names bits that are not fixed, virt or "
                        "hooked");
    }
    if (!f->hooked != (f->action == XEN_PT_ACTION_NONE)) {
        return g_strdup("hooked bits and an action need each other");
    }
    if (f->action & ~0xff) {
        return g_strdup("an action that does not fit the masks");
    }
    return NULL;
}

char *xen_pt_capability_check(const XenPtCapability *cap)
{
    bool header = cap == &xen_pt_table_header;
    unsigned head = header ? 0 : cap->extended ? 4 : 2;
    unsigned from = 0;

    if (!cap->name || !cap->spec) {
        return g_strdup_printf("table of id 0x%x: no name or no section of "
                               "the specification", cap->id);
    }
    if (cap->min_length < head || cap->min_length >
        (cap->extended ? XEN_PT_CONFIG_EXT_SIZE : XEN_PT_CONFIG_SIZE)) {
        return g_strdup_printf("%s: a least length of %u bytes", cap->name,
                               cap->min_length);
    }
    if (!cap->extended && cap->id > 0xff) {
        return g_strdup_printf("%s: id 0x%x needs more than a byte",
                               cap->name, cap->id);
    }
    if (cap->hidden && cap->fields) {
        return g_strdup_printf("%s: it is hidden and has fields", cap->name);
    }
    for (const XenPtField *f = cap->fields; f && f->size; f++) {
        char *wrong = check_field(f, head, from, cap->extended);

        if (wrong) {
            char *sentence = g_strdup_printf("%s, field at 0x%x (%s): %s",
                                             cap->name, f->offset,
                                             f->name ? f->name : "?", wrong);
            g_free(wrong);
            return sentence;
        }
        from = f->offset + f->size;
    }
    return NULL;
}
