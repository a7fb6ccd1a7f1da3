/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * xen-pt: an expansion ROM from a file
 *
 * QEMU would register a ROM BAR of its own beside the device's, behind the
 * back of the core.  So the file is put in the place of the host's ROM
 * instead: a host port that hands on everything but that region.
 */
#include "qemu/osdep.h"
#include "qemu/cutils.h"
#include "qemu/datadir.h"
#include "qemu/host-utils.h"
#include "adapter.h"

/* The largest that the expansion ROM register can describe. */
#define ROM_MAX (16 * 1024 * 1024)
#define ROM_MIN 2048

typedef struct RomHost {
    XenPtHost host;
    XenPtHost *inner;
    XenPtHostOps ops;
    char *data;
    gsize length;
} RomHost;

static int rom_config_read(XenPtHost *host, uint32_t addr, void *buf,
                           size_t len)
{
    XenPtHost *inner = ((RomHost *)host)->inner;

    return inner->ops->config_read(inner, addr, buf, len);
}

static int rom_config_write(XenPtHost *host, uint32_t addr, const void *buf,
                            size_t len)
{
    XenPtHost *inner = ((RomHost *)host)->inner;

    return inner->ops->config_write(inner, addr, buf, len);
}

static int rom_region_read(XenPtHost *host, int region, uint64_t offset,
                           unsigned size, uint64_t *value)
{
    RomHost *rom = (RomHost *)host;

    if (region != XEN_PT_ROM_REGION) {
        return rom->inner->ops->region_read(rom->inner, region, offset, size,
                                            value);
    }
    *value = 0;
    for (unsigned i = 0; i < size; i++) {
        uint8_t byte = offset + i < rom->length ? rom->data[offset + i]
                                                : 0xff;

        *value |= (uint64_t)byte << (8 * i);
    }
    return 0;
}

static int rom_region_write(XenPtHost *host, int region, uint64_t offset,
                            unsigned size, uint64_t value)
{
    XenPtHost *inner = ((RomHost *)host)->inner;

    if (region == XEN_PT_ROM_REGION) {
        return 0;
    }
    return inner->ops->region_write(inner, region, offset, size, value);
}

static int rom_region_open(XenPtHost *host, int region, uint64_t offset)
{
    XenPtHost *inner = ((RomHost *)host)->inner;

    if (region == XEN_PT_ROM_REGION) {
        return 0;
    }
    return inner->ops->region_open(inner, region, offset);
}

static int rom_reset(XenPtHost *host)
{
    XenPtHost *inner = ((RomHost *)host)->inner;

    return inner->ops->reset(inner);
}

static void rom_close(XenPtHost *host)
{
    RomHost *rom = (RomHost *)host;

    rom->inner->ops->close(rom->inner);
    g_free(rom->data);
    g_free(rom);
}

static bool rom_load(XenPtFunction *fn, RomHost *rom, GError **errp)
{
    PCIDevice *pci = PCI_DEVICE(fn);
    g_autofree char *found = qemu_find_file(QEMU_FILE_TYPE_BIOS,
                                            pci->romfile);
    const char *path = found ? found : pci->romfile;
    g_autoptr(GError) error = NULL;
    uint64_t size;

    if (!pci->rom_bar) {
        g_set_error(errp, XEN_PT_ERROR, XEN_PT_ERROR_POLICY,
                    "%s: romfile and rombar=0 contradict each other; leave "
                    "one of them out", fn->hostaddr);
        return false;
    }
    if (!g_file_get_contents(path, &rom->data, &rom->length, &error)) {
        g_set_error(errp, XEN_PT_ERROR, XEN_PT_ERROR_POLICY,
                    "%s: cannot read the romfile: %s; check the path",
                    fn->hostaddr, error->message);
        return false;
    }
    size = MAX(pow2ceil(rom->length), ROM_MIN);
    if (pci->romsize != UINT32_MAX) {
        size = pci->romsize;
    }
    if (size > ROM_MAX || rom->length > size) {
        g_set_error(errp, XEN_PT_ERROR, XEN_PT_ERROR_POLICY,
                    "%s: romfile '%s' has %" G_GSIZE_FORMAT " bytes, more "
                    "than an expansion ROM %s; use a smaller one",
                    fn->hostaddr, path, rom->length,
                    rom->length > ROM_MAX ? "can have (16 MiB)"
                                          : "of that romsize");
        return false;
    }
    if (rom->length < 2 || (uint8_t)rom->data[0] != 0x55 ||
        (uint8_t)rom->data[1] != 0xaa) {
        g_set_error(errp, XEN_PT_ERROR, XEN_PT_ERROR_POLICY,
                    "%s: romfile '%s' is not an expansion ROM: it does not "
                    "begin with the bytes 55 AA; take the file that the "
                    "card's vendor offers, or dump it from sysfs",
                    fn->hostaddr, path);
        return false;
    }
    rom->host.info.region[XEN_PT_ROM_REGION] = (XenPtHostRegion) {
        .size = size,
        .served = true,
    };
    return true;
}

XenPtHost *xen_pt_romfile_open(XenPtFunction *fn, XenPtHost *inner,
                               GError **errp)
{
    PCIDevice *pci = PCI_DEVICE(fn);
    RomHost *rom = g_new0(RomHost, 1);

    rom->inner = inner;
    rom->ops = (XenPtHostOps) {
        .config_read = rom_config_read,
        .config_write = rom_config_write,
        .region_read = rom_region_read,
        .region_write = rom_region_write,
        .region_open = inner->ops->region_open ? rom_region_open : NULL,
        .reset = inner->ops->reset ? rom_reset : NULL,
        .close = rom_close,
    };
    rom->host.ops = &rom->ops;
    /* The texts in it stay the inner host's. */
    rom->host.info = inner->info;
    if (!rom_load(fn, rom, errp)) {
        rom_close(&rom->host);
        return NULL;
    }
    /* Done: QEMU has nothing to load any more. */
    g_free(pci->romfile);
    pci->romfile = g_strdup("");
    return &rom->host;
}
