/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The xen-pt command: names of devices, from libpci's database
 */
#include <pci/pci.h>

#include "tool.h"

/* Set by pci_init(), which would look for a way to the hardware. */
static void say_nothing(char *format, ...)
{
}

char *tool_device_name(uint32_t class_code, uint16_t vendor, uint16_t device)
{
    static struct pci_access *access;
    char class_name[128], name[256];

    if (!access) {
        /* never scanned: only the database is used */
        access = pci_alloc();
        access->warning = access->debug = say_nothing;
    }
    pci_lookup_name(access, class_name, sizeof(class_name),
                    PCI_LOOKUP_CLASS | PCI_LOOKUP_NO_HWDB, class_code >> 8);
    pci_lookup_name(access, name, sizeof(name),
                    PCI_LOOKUP_VENDOR | PCI_LOOKUP_DEVICE |
                    PCI_LOOKUP_NO_HWDB, vendor, device);
    return g_strdup_printf("%s: %s", class_name, name);
}
