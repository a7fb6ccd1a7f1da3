/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * xen-pt doctor: is this host, and this function, fit for passthrough?
 *
 * The checks are a table: what is asked, how it is found out, and the line
 * to type when the answer is no.  A check only looks.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tool.h"
#include "xen-pt/json.h"
#include "xen-pt/rules.h"
#include "xen-pt/sysfs.h"

#define DOMU_IRQS     32                /* Xen's default */
#define LOW_HOLE      (192ull << 20)    /* f0000000 to fc000000 */

typedef enum Verdict { GOOD, NOTE, BAD, UNKNOWN } Verdict;

typedef struct Patient {
    char *info, *dmesg;         /* of xl; NULL: cannot be had */
    XenStore *xs;

    /* one function */
    XenPtAddress address;
    char bdf[XEN_PT_BDF_LEN];
    char *name;
    uint8_t config[XEN_PT_CONFIG_EXT_SIZE];
    size_t config_size;
    XenPtHostInfo info_of;      /* strings owned */
    bool opened;
    char *open_error;
    DryRun *dry;
} Patient;

typedef struct Check {
    const char *name;
    const char *how;
    const char *cure;           /* %s: the function */
    /* Says one clause; may put another cure (with the BDF in it). */
    Verdict (*look)(Patient *p, GString *said, GString *cure);
} Check;

static gboolean show_checks;

/* -- where facts come from ------------------------------------------------ */

/* With --root, the answer that was saved as xl-info or xl-dmesg there. */
static char *ask_xl(const char *verb)
{
    const char *argv[] = { "xl", verb, NULL };
    char *said = NULL;
    int status;

    if (*tool_root) {
        g_autofree char *path = tool_path("/xl-%s", verb);

        return g_file_get_contents(path, &said, NULL, NULL) ? said : NULL;
    }
    if (!g_spawn_sync(NULL, (char **)argv, NULL, G_SPAWN_SEARCH_PATH |
                      G_SPAWN_STDERR_TO_DEV_NULL, NULL, NULL, &said, NULL,
                      &status, NULL) ||
        !g_spawn_check_wait_status(status, NULL)) {
        g_free(said);
        return NULL;
    }
    return said;
}

/* The value of a line "name   : value" of xl info. */
static char *info_value(const Patient *p, const char *name)
{
    g_auto(GStrv) lines = g_strsplit(p->info ? p->info : "", "\n", -1);
    size_t len = strlen(name);

    for (char **line = lines; *line; line++) {
        char *colon = strchr(*line, ':');

        if (colon && strncmp(*line, name, len) == 0 &&
            strspn(*line + len, " \t") == (size_t)(colon - *line) - len) {
            return g_strstrip(g_strdup(colon + 1));
        }
    }
    return NULL;
}

static char *read_file(const char *name)
{
    g_autofree char *path = tool_path("%s", name);
    char *text = NULL;

    return g_file_get_contents(path, &text, NULL, NULL) ? g_strstrip(text)
                                                        : NULL;
}

static bool file_exists(const char *name)
{
    g_autofree char *path = tool_path("%s", name);

    return access(path, F_OK) == 0;
}

static bool has_word(const char *text, const char *word)
{
    g_auto(GStrv) words = g_strsplit_set(text ? text : "", " \t\n,", -1);

    return g_strv_contains((const char *const *)words, word);
}

/*
 * The line that puts an argument on a command line of the next boot, as
 * Debian's GRUB reads it: after all other files, so that nothing undoes it.
 */
static void boot_line(GString *cure, const char *variable, const char *name,
                      const char *argument)
{
    g_string_printf(cure, "echo '%s=\"$%s %s\"' > "
                    "/etc/default/grub.d/zz-%s.cfg && update-grub && reboot",
                    variable, variable, argument, name);
}

#define XEN_LINE    "GRUB_CMDLINE_XEN_DEFAULT"
#define KERNEL_LINE "GRUB_CMDLINE_LINUX"

/* -- the host ------------------------------------------------------------- */

static Verdict look_xen(Patient *p, GString *said, GString *cure)
{
    g_autofree char *type = read_file("/sys/hypervisor/type");
    g_autofree char *major = read_file("/sys/hypervisor/version/major");
    g_autofree char *minor = read_file("/sys/hypervisor/version/minor");

    if (!type || strcmp(type, "xen") != 0) {
        g_string_append(said, "this kernel does not run under Xen");
        return BAD;
    }
    g_string_append_printf(said, "running under Xen %s.%s",
                           major ? major : "?", minor ? minor : "?");
    return GOOD;
}

static Verdict look_dom0(Patient *p, GString *said, GString *cure)
{
    g_autofree char *features = read_file("/proc/xen/capabilities");
    g_autofree char *type = read_file("/sys/hypervisor/guest_type");

    if (!features) {
        g_string_append(said, "whether this is dom0 cannot be told: there is "
                        "no /proc/xen/capabilities");
        return UNKNOWN;
    }
    if (!strstr(features, "control_d")) {
        g_string_append(said, "this is a guest and not dom0");
        return BAD;
    }
    g_string_append_printf(said, "this is dom0%s%s", type ? ", " : "",
                           type ? type : "");
    return GOOD;
}

static void why_no_iommu(Patient *p, GString *said, GString *cure)
{
    g_autofree char *line = info_value(p, "xen_commandline");
    bool tables = file_exists("/sys/firmware/acpi/tables/DMAR") ||
                  file_exists("/sys/firmware/acpi/tables/RMAD") ||
                  file_exists("/sys/firmware/acpi/tables/IVRS");

    if (line && (strstr(line, "iommu=off") || strstr(line, "iommu=0") ||
                 strstr(line, "iommu=no"))) {
        g_string_append(said, "; Xen's command line turns it off");
        /* the last one on the line holds */
        boot_line(cure, XEN_LINE, "iommu", "iommu=on");
    } else if (tables) {
        g_string_append(said, "; with iommu=verbose `xl dmesg` says why");
    } else {
        g_string_append(said, "; the firmware describes none (no DMAR or "
                        "IVRS table)");
        g_string_assign(cure, "turn VT-d (Intel) or AMD-Vi / IOMMU (AMD) on "
                        "in the firmware's setup; where there is no such "
                        "entry, look for an update of the firmware");
    }
}

static Verdict look_iommu(Patient *p, GString *said, GString *cure)
{
    g_autofree char *caps = info_value(p, "virt_caps");

    if (!caps) {
        g_string_append(said, "whether Xen uses an IOMMU cannot be told: `xl "
                        "info` says nothing");
        g_string_assign(cure, "run this in dom0 as root");
        return UNKNOWN;
    }
    if (has_word(caps, "hvm_directio")) {
        g_string_append(said, "Xen uses the IOMMU for HVM guests");
        return GOOD;
    }
    g_string_append(said, "Xen has no IOMMU to give HVM guests devices with");
    boot_line(cure, XEN_LINE, "iommu", "iommu=verbose");
    why_no_iommu(p, said, cure);
    return BAD;
}

static Verdict look_toolstack(Patient *p, GString *said, GString *cure)
{
    if (!p->xs && !p->info) {
        g_string_append(said, "neither xenstore nor xl answers");
        return BAD;
    }
    if (!p->xs || !p->info) {
        g_string_append_printf(said, "%s does not answer",
                               p->xs ? "xl" : "xenstore");
        return NOTE;
    }
    g_string_append(said, "xl and xenstore answer");
    return GOOD;
}

static Verdict look_pciback(Patient *p, GString *said, GString *cure)
{
    if (!file_exists("/sys/bus/pci/drivers/pciback") &&
        !file_exists("/sys/bus/pci/drivers/xen-pciback")) {
        g_string_append(said, "the driver that keeps devices for guests, "
                        "pciback, is not loaded");
        return BAD;
    }
    g_string_append(said, "pciback is loaded");
    return GOOD;
}

static bool is_pciback(const char *driver)
{
    return driver && strstr(driver, "pciback");
}

static Verdict look_hidden(Patient *p, GString *said, GString *cure)
{
    g_autoptr(GArray) all = tool_functions(NULL);
    unsigned n = 0;

    for (unsigned i = 0; all && i < all->len; i++) {
        g_autofree char *driver =
            tool_link(&g_array_index(all, XenPtAddress, i), "driver");

        n += is_pciback(driver);
    }
    if (!n) {
        g_string_append(said, "no function is held for guests yet");
        return NOTE;
    }
    g_string_append_printf(said, "%u function%s held for guests", n,
                           n == 1 ? " is" : "s are");
    return GOOD;
}

static Verdict look_lockdown(Patient *p, GString *said, GString *cure)
{
    g_autofree char *text = read_file("/sys/kernel/security/lockdown");

    if (!text) {
        g_string_append(said, "the kernel is not locked down (it has no "
                        "lockdown file)");
        return GOOD;
    }
    if (strstr(text, "[none]")) {
        g_string_append(said, "the kernel is not locked down");
        return GOOD;
    }
    g_string_append(said, "the kernel is locked down and refuses writes to "
                    "devices' config space");
    return BAD;
}

static const Check host_checks[] = {
    { "xen", "/sys/hypervisor/type and version",
      "apt install xen-system-amd64, then reboot and choose Xen in GRUB",
      look_xen },
    { "dom0", "/proc/xen/capabilities",
      "run this in dom0", look_dom0 },
    { "iommu", "hvm_directio in virt_caps of `xl info`; iommu= in Xen's "
      "command line; the ACPI tables DMAR (which Xen renames to RMAD) and IVRS",
      "", look_iommu },
    { "toolstack", "`xl info` and xenstore's socket",
      "run this in dom0 as root; if that is so: systemctl start "
      "xen.service", look_toolstack },
    { "pciback", "/sys/bus/pci/drivers/pciback",
      "modprobe xen-pciback && echo xen-pciback > "
      "/etc/modules-load.d/xen-pciback.conf", look_pciback },
    { "hidden", "drivers of all functions",
      "xl pci-assignable-add BDF, of one that `xen-pt list` shows",
      look_hidden },
    { "lockdown", "/sys/kernel/security/lockdown",
      "turn Secure Boot off in the firmware's setup, or take lockdown= out "
      "of dom0's kernel command line", look_lockdown },
};

/* -- one function --------------------------------------------------------- */

static uint16_t find_cap(const Patient *p, uint8_t id)
{
    unsigned at = p->config_size >= 256 && (p->config[6] & 0x10)
                  ? p->config[0x34] & ~3 : 0;

    for (int i = 0; at >= 64 && at < 255 && i < 48; i++) {
        if (p->config[at] == id) {
            return at;
        }
        at = p->config[at + 1] & ~3;
    }
    return 0;
}

static uint16_t word(const Patient *p, unsigned at)
{
    return at + 1 < p->config_size ? p->config[at] | p->config[at + 1] << 8
                                   : 0;
}

static Verdict look_answers(Patient *p, GString *said, GString *cure)
{
    if (p->config_size < 64) {
        g_string_append(said, "its config space cannot be read");
        return BAD;
    }
    if (word(p, 0) == 0xffff && word(p, 4) == 0xffff) {
        g_string_append(said, "it does not answer: all ones, as if it were "
                        "unplugged or powered down");
        return BAD;
    }
    if (p->config_size < 256) {
        g_string_append(said, "it answers, but only root may read all of its "
                        "config space");
        g_string_assign(cure, "run this as root");
        return NOTE;
    }
    g_string_append(said, "it answers");
    return GOOD;
}

/*
 * Nobody else can clear the bit then, and from 4.20 on Xen assigns no device
 * that has it (pci_reset_msix_state()).
 */
static bool xen_masks(const Patient *p)
{
    uint16_t msix = p->config_size < 256 ? 0 : find_cap(p, 0x11);

    return msix && (word(p, msix + 2) & 0x4000);
}

static Verdict look_driver(Patient *p, GString *said, GString *cure)
{
    g_autofree char *driver = tool_link(&p->address, "driver");
    g_autofree char *owner = xenstore_owner_name(p->xs, &p->address);

    if (owner) {
        g_string_append_printf(said, "%s has it", owner);
        return GOOD;
    }
    if (is_pciback(driver) && xen_masks(p)) {
        g_string_append(said, "pciback holds it for guests, and Xen has "
                        "masked its MSI-X for good, because a guest ended "
                        "after its device model was killed");
        g_string_assign(cure, "echo 1 > /sys/bus/pci/devices/%s/remove; "
                        "echo 1 > /sys/bus/pci/rescan; "
                        "xl pci-assignable-add %s");
        g_string_replace(cure, "%s", p->bdf, 0);
        return BAD;
    }
    if (is_pciback(driver)) {
        g_string_append(said, "pciback holds it for guests");
        return GOOD;
    }
    if (word(p, 0x0a) == 0x0600) {
        g_string_append(said, "it is the host bridge, which is dom0's");
        g_string_assign(cure, "");
        return BAD;
    }
    if (driver) {
        g_string_append_printf(said, "dom0 uses it with its driver %s",
                               driver);
    } else {
        g_string_append(said, "nobody holds it; xl wants it with pciback");
    }
    return BAD;
}

static Verdict look_core(Patient *p, GString *said, GString *cure)
{
    if (p->dry) {
        g_string_append(said, "xen-pt can pass it through");
        return GOOD;
    }
    if (!p->open_error) {
        g_string_append(said, "whether xen-pt can pass it through cannot be "
                        "told without root");
        return UNKNOWN;
    }
    g_string_append(said, p->open_error);
    /* the sentence has its own cure */
    g_string_assign(cure, "");
    return BAD;
}

static Verdict look_reset(Patient *p, GString *said, GString *cure)
{
    g_autofree char *methods = tool_attribute(&p->address, "reset_method");
    uint16_t express = find_cap(p, 0x10), af = find_cap(p, 0x13);
    bool flr = (express && (word(p, express + 6) & 0x1000)) ||
               (af && (p->config[af + 3] & 2));

    if (flr) {
        g_string_append_printf(said, "it can be reset by itself (%s)",
                               af && !(express && (word(p, express + 6) &
                                                   0x1000))
                               ? "AF FLR" : "FLReset+");
        return GOOD;
    }
    if (p->info_of.reset_methods) {
        g_string_append_printf(said, "it has no FLR; the kernel can reset it "
                               "by: %s", p->info_of.reset_methods);
        return NOTE;
    }
    if (!p->opened && methods && *methods) {
        g_string_append_printf(said, "the kernel can reset it by: %s",
                               methods);
        return NOTE;
    }
    if (p->config_size < 256) {
        g_string_append(said, "whether it can be reset cannot be told "
                        "without root");
        g_string_assign(cure, "run this as root");
        return UNKNOWN;
    }
    g_string_append(said, "nothing can reset it: the next user gets it as "
                    "the last one left it");
    return NOTE;
}

static Verdict look_pages(Patient *p, GString *said, GString *cure)
{
    g_autofree char *argument = NULL;
    unsigned part = 0, shared = 0;

    if (!p->opened) {
        g_string_append(said, "its BARs cannot be told");
        return UNKNOWN;
    }
    for (int i = 0; i < XEN_PT_ROM_REGION; i++) {
        const XenPtHostRegion *r = &p->info_of.region[i];

        if (!r->size || r->io) {
            continue;
        }
        if (r->shared_with) {
            g_string_append_printf(said, "%sBAR %d shares a page with %s",
                                   shared++ ? "; " : "", i, r->shared_with);
        } else if ((r->base | r->size) & (XEN_PT_PAGE_SIZE - 1)) {
            part++;
        }
    }
    argument = g_strdup_printf("pci=resource_alignment=12@%s", p->bdf);
    boot_line(cure, KERNEL_LINE, "alignment", argument);
    if (shared) {
        g_string_append(said, ": served access by access instead of mapped");
        return NOTE;
    }
    if (part) {
        g_string_append_printf(said, "%u BAR%s less than a page, or not "
                               "aligned to one: slower, if its driver uses "
                               "it much", part, part == 1 ? " is" : "s are");
        return NOTE;
    }
    g_string_append(said, "its BARs have pages of their own");
    return GOOD;
}

/* What the others are, said, and the lines that give them all away. */
static void list_together(Patient *p, GString *said, GString *line,
                          bool whole_bus)
{
    g_autoptr(GArray) all = tool_functions(NULL);
    char bdf[XEN_PT_BDF_LEN];
    unsigned n = 0;

    for (unsigned i = 0; all && i < all->len; i++) {
        const XenPtAddress *o = &g_array_index(all, XenPtAddress, i);

        if (o->segment == p->address.segment && o->bus == p->address.bus &&
            (whole_bus || o->slot == p->address.slot) &&
            !tool_same(o, &p->address)) {
            g_string_append_printf(said, "%s%s", n++ ? ", " : "",
                                   xen_pt_address_format(o, bdf));
            g_string_append_printf(line, "xl pci-assignable-add %s; ", bdf);
        }
    }
}

static Verdict look_together(Patient *p, GString *said, GString *cure)
{
    g_autoptr(GString) slot = g_string_new(NULL);
    g_autoptr(GString) bus = g_string_new(NULL);
    g_autoptr(GString) slot_line = g_string_new(NULL);
    g_autoptr(GString) bus_line = g_string_new(NULL);
    const char *methods = p->info_of.reset_methods;
    bool alone = methods && (strstr(methods, "flr") ||
                             strstr(methods, "device_specific") ||
                             strstr(methods, "acpi") ||
                             has_word(methods, "pm"));
    Verdict verdict = GOOD;

    list_together(p, slot, slot_line, false);
    list_together(p, bus, bus_line, true);
    if (p->config_size >= 256 && !find_cap(p, 0x10) && p->address.bus &&
        bus->len) {
        g_string_append_printf(said, "it is on a conventional bus, whose "
                               "functions the IOMMU cannot tell apart: %s",
                               bus->str);
        g_string_prepend(cure, bus_line->str);
        verdict = NOTE;
    } else if (slot->len && methods && !alone) {
        g_string_append_printf(said, "its only reset (%s) takes with it %s",
                               methods, slot->str);
        g_string_prepend(cure, slot_line->str);
        verdict = NOTE;
    } else if (slot->len) {
        g_string_append_printf(said, "it can go alone; its slot also has %s",
                               slot->str);
    } else {
        g_string_append(said, "it can go alone");
    }
    return verdict;
}

/* -- RMRR: reserved memory in the DMAR table (VT-d 4.1, 8.4) -------------- */

static uint16_t le16(const uint8_t *b)
{
    return b[0] | b[1] << 8;
}

static uint64_t le64(const uint8_t *b)
{
    uint64_t v = 0;

    for (int i = 7; i >= 0; i--) {
        v = v << 8 | b[i];
    }
    return v;
}

/* Where a path of (slot, function) pairs ends, over the bridges' buses. */
static bool follow(uint16_t segment, uint8_t bus, const uint8_t *path,
                   unsigned hops, XenPtAddress *found)
{
    for (unsigned i = 0; i < hops; i++) {
        uint8_t config[64];

        found->segment = segment;
        found->bus = bus;
        found->slot = path[2 * i];
        found->function = path[2 * i + 1];
        if (i + 1 == hops) {
            return true;
        }
        if (tool_config(found, config, sizeof(config)) < sizeof(config) ||
            (config[14] & 0x7f) != 1) {
            return false;
        }
        bus = config[0x19];
    }
    return false;
}

static bool in_scope(const Patient *p, uint16_t segment, const uint8_t *scope,
                     size_t len)
{
    while (len >= 6 && scope[1] >= 6 && scope[1] <= len) {
        XenPtAddress found;

        if (scope[0] == 1 &&
            follow(segment, scope[5], scope + 6, (scope[1] - 6) / 2,
                   &found) &&
            tool_same(&found, &p->address)) {
            return true;
        }
        len -= scope[1];
        scope += scope[1];
    }
    return false;
}

static Verdict look_rmrr(Patient *p, GString *said, GString *cure)
{
    /* Xen renames the table, so that dom0's kernel leaves the IOMMU alone */
    g_autofree char *path =
        tool_path("/sys/firmware/acpi/tables/%s",
                  file_exists("/sys/firmware/acpi/tables/RMAD") ? "RMAD"
                                                                : "DMAR");
    g_autofree char *table = NULL;
    size_t len = 0, at = 48;
    const uint8_t *b;

    if (access(path, F_OK) != 0) {
        g_string_append(said, "no memory is reserved for it (there is no "
                        "DMAR table)");
        return GOOD;
    }
    if (!g_file_get_contents(path, &table, &len, NULL)) {
        g_string_append(said, "whether memory is reserved for it cannot be "
                        "told: the DMAR table needs root");
        g_string_assign(cure, "run this as root");
        return UNKNOWN;
    }
    b = (const uint8_t *)table;
    while (at + 4 <= len) {
        size_t size = le16(b + at + 2);

        if (size < 4 || at + size > len) {
            break;
        }
        if (le16(b + at) == 1 && size >= 24 &&
            in_scope(p, le16(b + at + 6), b + at + 24, size - 24)) {
            g_string_append_printf(said, "the firmware reserves memory for "
                                   "it (RMRR %" PRIx64 "-%" PRIx64 ")",
                                   le64(b + at + 8), le64(b + at + 16));
            return NOTE;
        }
        at += size;
    }
    g_string_append(said, "no memory is reserved for it (RMRR)");
    return GOOD;
}

static Verdict look_vectors(Patient *p, GString *said, GString *cure)
{
    g_autofree char *line = info_value(p, "xen_commandline");
    g_autofree char *argument = NULL;
    const char *given = line ? strstr(line, "extra_guest_irqs=") : NULL;
    unsigned long limit = DOMU_IRQS, count;
    uint16_t msix = find_cap(p, 0x11);

    if (given && g_ascii_isdigit(given[17])) {
        limit = strtoul(given + 17, NULL, 10);
    }
    if (p->config_size < 256) {
        g_string_append(said, "how many interrupt vectors it has cannot be "
                        "told without root");
        g_string_assign(cure, "run this as root");
        return UNKNOWN;
    }
    if (!msix) {
        g_string_append(said, "it needs few interrupt vectors (no MSI-X)");
        return GOOD;
    }
    count = (word(p, msix + 2) & 0x7ff) + 1;
    g_string_append_printf(said, "it has %lu MSI-X vectors, and Xen gives a "
                           "guest %lu for all of its devices%s", count, limit,
                           count > limit ? ": too few if its driver takes "
                                           "them all" : "");
    argument = g_strdup_printf("extra_guest_irqs=%lu", MAX(64, count * 2));
    boot_line(cure, XEN_LINE, "irqs", argument);
    return count > limit ? NOTE : GOOD;
}

static Verdict look_memory(Patient *p, GString *said, GString *cure)
{
    uint64_t low = 0, all = 0;

    if (!p->opened) {
        g_string_append(said, "the size of its BARs cannot be told");
        g_string_assign(cure, "run this as root");
        return UNKNOWN;
    }
    for (int i = 0; i < XEN_PT_NUM_REGIONS; i++) {
        const XenPtHostRegion *r = &p->info_of.region[i];

        if (r->size && !r->io) {
            all += r->size;
            low += r->mem64 ? 0 : r->size;
        }
    }
    if (low > LOW_HOLE) {
        uint64_t hole = 512;

        while (hole << 20 < 2 * low && hole < 3072) {
            hole += 256;
        }
        g_string_append_printf(said, "its 32-bit BARs take %" PRIu64 " MiB, "
                               "more than the guest's memory hole has",
                               low >> 20);
        g_string_printf(cure, "mmio_hole = %" PRIu64 " in the guest's "
                        "configuration", hole);
        return BAD;
    }
    g_string_append_printf(said, "its BARs fit the guest (%" PRIu64 " KiB, "
                           "%" PRIu64 " KiB of it below 4 GiB)", all >> 10,
                           low >> 10);
    return GOOD;
}

static const Check function_checks[] = {
    { "answers", "its config space",
      "echo on > /sys/bus/pci/devices/%s/power/control; lspci -vs %s",
      look_answers },
    { "driver", "its driver link in sysfs, and xenstore",
      "xl pci-assignable-add %s", look_driver },
    { "core", "a dry run of xen-pt's core on a copy of its registers",
      "run this as root", look_core },
    { "reset", "FLReset in PCI Express or AF, and sysfs' reset_method",
      "shut its guest down cleanly; if it does not come back: poweroff",
      look_reset },
    { "pages", "its BARs, and those of all others, against pages of 4 KiB",
      "run this as root", look_pages },
    { "together", "functions of its slot or its conventional bus, and what "
      "its reset resets", "then give them to the same guest, or to none",
      look_together },
    { "rmrr", "RMRR entries of the ACPI table DMAR",
      "if xl refuses it: pci = [ \"%s,rdm_policy=relaxed\" ], which accepts "
      "that the device and the firmware may meet in that memory", look_rmrr },
    { "vectors", "its MSI-X table size against extra_guest_irqs of Xen's "
      "command line", "", look_vectors },
    { "memory", "its BARs against the memory hole below 4 GiB", "",
      look_memory },
};

/* -- the examination ------------------------------------------------------ */

typedef struct Totals {
    unsigned bad, notes, unknown, good;
} Totals;

static void report(GString *out, const Check *check, Verdict verdict,
                   const char *said, const char *cure)
{
    static const char *const marks[] = { "ok  ", "note", "FAIL", "?   " };
    static const char *const words[] = { "ok", "note", "fail", "unknown" };

    if (tool_json) {
        xen_pt_json_open(out, NULL, '{');
        xen_pt_json_string(out, "check", check->name);
        xen_pt_json_string(out, "result", words[verdict]);
        xen_pt_json_string(out, "said", said);
        xen_pt_json_string(out, "do", verdict == GOOD || !*cure ? NULL
                                                                : cure);
        xen_pt_json_close(out, '}');
        return;
    }
    g_string_append_printf(out, "%s  %s\n", marks[verdict], said);
    if (verdict != GOOD && *cure) {
        g_string_append_printf(out, "      -> %s\n", cure);
    }
}

static void examine(GString *out, Patient *p, const Check *checks, unsigned n,
                    Totals *totals)
{
    for (unsigned i = 0; i < n; i++) {
        g_autoptr(GString) said = g_string_new(NULL);
        g_autoptr(GString) cure = g_string_new(checks[i].cure);
        Verdict verdict;

        g_string_replace(cure, "%s", p->bdf, 0);
        verdict = checks[i].look(p, said, cure);
        totals->good += verdict == GOOD;
        totals->notes += verdict == NOTE;
        totals->bad += verdict == BAD;
        totals->unknown += verdict == UNKNOWN;
        report(out, &checks[i], verdict, said->str, cure->str);
    }
}

static int owner(void *opaque, const XenPtAddress *address)
{
    return xenstore_owner(opaque, address);
}

/* The function through the eyes of the core, as far as we may look. */
static void open_function(Patient *p)
{
    g_autofree char *root = tool_path("/sys/bus/pci/devices");
    g_autofree char *rules_file = tool_path("%s", XEN_PT_RULES_FILE);
    g_autofree char *allow = NULL, *forbid = NULL;
    const XenPtSysfsOptions options = {
        .root = root, .read_only = true, .owner = p->xs ? owner : NULL,
        .opaque = p->xs,
    };
    XenPtRules rules = XEN_PT_RULES_INIT;
    GError *error = NULL;
    XenPtHost *host = xen_pt_sysfs_open_with(&options, &p->address, &error,
                                             NULL);

    if (host) {
        XenPtOptions how = { 0 };

        p->opened = true;
        p->info_of = host->info;
        p->info_of.driver = g_strdup(host->info.driver);
        p->info_of.reset_methods = g_strdup(host->info.reset_methods);
        for (int i = 0; i < XEN_PT_NUM_REGIONS; i++) {
            p->info_of.region[i].shared_with =
                g_strdup(host->info.region[i].shared_with);
        }
        if (p->config_size < 256) {
            host->ops->close(host);
            return;
        }
        xen_pt_quirks_match(&host->info, &allow, &forbid);
        if (xen_pt_rules_load(rules_file, false, &host->info, &rules,
                              &error)) {
            how.permissive = rules.permissive == 1;
            how.refuse_shared = rules.refuse_shared == 1;
            how.allow = rules.allow;
            how.quirks = allow;
            how.forbid = forbid;
            p->dry = dry_run(host, &how, &error);
        } else {
            host->ops->close(host);
        }
        xen_pt_rules_clear(&rules);
    }
    if (error) {
        p->open_error = g_strdup(error->message);
        g_error_free(error);
    }
}

static void examine_function(GString *out, Patient *p,
                             const XenPtAddress *address, Totals *totals)
{
    p->address = *address;
    xen_pt_address_format(address, p->bdf);
    p->config_size = tool_config(address, p->config, sizeof(p->config));
    open_function(p);
    p->name = p->opened
        ? tool_device_name(p->info_of.class_code, p->info_of.vendor,
                           p->info_of.device) : g_strdup("unknown");
    if (tool_json) {
        xen_pt_json_open(out, NULL, '{');
        xen_pt_json_string(out, "address", p->bdf);
        xen_pt_json_string(out, "name", p->name);
        xen_pt_json_open(out, "checks", '[');
    } else {
        g_string_append_printf(out, "\n%s %s\n", p->bdf, p->name);
    }
    examine(out, p, function_checks, G_N_ELEMENTS(function_checks), totals);
    if (tool_json) {
        xen_pt_json_close(out, ']');
        xen_pt_json_close(out, '}');
    }
    dry_free(p->dry);
    p->dry = NULL;
    xen_pt_host_info_clear(&p->info_of);
    memset(&p->info_of, 0, sizeof(p->info_of));
    p->opened = false;
    g_clear_pointer(&p->open_error, g_free);
    g_clear_pointer(&p->name, g_free);
}

static int print_checks(void)
{
    GString *out = g_string_new(NULL);
    int exit;

    for (int part = 0; part < 2; part++) {
        const Check *checks = part ? function_checks : host_checks;
        unsigned n = part ? G_N_ELEMENTS(function_checks)
                          : G_N_ELEMENTS(host_checks);

        g_string_append(out, part ? "\nof a function\n" : "of the host\n");
        for (unsigned i = 0; i < n; i++) {
            g_string_append_printf(out, "  %-10s %s\n", checks[i].name,
                                   checks[i].how);
        }
    }
    g_string_truncate(out, out->len - 1);
    exit = tool_print(out) ? EXIT_OK : EXIT_ENVIRONMENT;
    g_string_free(out, true);
    return exit;
}

static int run(int argc, char **argv)
{
    g_autoptr(GArray) chosen = NULL;
    Totals totals = { 0 };
    const char *why = NULL;
    XenPtAddress address;
    Patient patient = { 0 };
    GString *out;
    bool printed;

    if (show_checks) {
        return print_checks();
    }
    chosen = g_array_new(false, false, sizeof(XenPtAddress));
    if (argc == 1) {
        if (!tool_address(argv[0], &address)) {
            return EXIT_USAGE;
        }
        if (!tool_exists(&address)) {
            char bdf[XEN_PT_BDF_LEN];

            return tool_fail(EXIT_ENVIRONMENT, "%s: this host has no such "
                             "function; `xen-pt list` has those that it has",
                             xen_pt_address_format(&address, bdf));
        }
        g_array_append_val(chosen, address);
    } else {
        g_autoptr(GArray) all = tool_functions(NULL);

        for (unsigned i = 0; all && i < all->len; i++) {
            const XenPtAddress *a = &g_array_index(all, XenPtAddress, i);
            g_autofree char *driver = tool_link(a, "driver");

            if (is_pciback(driver)) {
                g_array_append_val(chosen, *a);
            }
        }
    }

    patient.info = ask_xl("info");
    patient.xs = xenstore_open(&why);
    strcpy(patient.bdf, "BDF");
    out = g_string_new(NULL);
    if (tool_json) {
        xen_pt_json_open(out, NULL, '{');
        xen_pt_json_open(out, "host", '[');
    }
    examine(out, &patient, host_checks, G_N_ELEMENTS(host_checks), &totals);
    if (tool_json) {
        xen_pt_json_close(out, ']');
        xen_pt_json_open(out, "functions", '[');
    }
    for (unsigned i = 0; i < chosen->len; i++) {
        examine_function(out, &patient,
                         &g_array_index(chosen, XenPtAddress, i), &totals);
    }
    if (tool_json) {
        xen_pt_json_close(out, ']');
        xen_pt_json_int(out, "failed", totals.bad);
        xen_pt_json_close(out, '}');
    } else {
        g_string_append_printf(out, "\n%u ok, %u to know, %u FAILED, %u "
                               "could not be told", totals.good, totals.notes,
                               totals.bad, totals.unknown);
    }
    xenstore_close(patient.xs);
    g_free(patient.info);
    printed = tool_print(out);
    g_string_free(out, true);
    return !printed ? EXIT_ENVIRONMENT
           : totals.bad ? EXIT_FINDING : EXIT_OK;
}

static const GOptionEntry options[] = {
    { "checks", 'c', 0, G_OPTION_ARG_NONE, &show_checks,
      "Only print what is checked, and how", NULL },
    { NULL }
};

const ToolCommand command_doctor = {
    .name = "doctor",
    .arguments = "[BDF]",
    .summary = "Is this host fit for passthrough, and what to do",
    .description = "Without BDF it looks at the host and at all functions "
                   "that pciback holds.\nExit status: 0 nothing failed; 1 "
                   "something failed; 2 usage; 3 there is no such\n"
                   "function.",
    .options = options,
    .max_args = 1,
    .run = run,
};
