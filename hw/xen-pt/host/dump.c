/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * xen-pt: a host port on the text of lspci -xxx or -xxxx
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "xen-pt/dump.h"
#include "xen-pt/error.h"

#define CONFIG_SIZE 4096
#define HEADER_SIZE 64
#define TEXT_MAX (64u << 20)

#define GUESS_MEMORY (64ull << 10)
#define GUESS_IO     256ull

typedef struct DumpHost {
    XenPtHost host;
    uint8_t config[CONFIG_SIZE];
    size_t size;            /* bytes of config that the dump has */
} DumpHost;

/* What the verbose text said; size 0: it did not say. */
typedef struct Said {
    bool there[XEN_PT_NUM_REGIONS];
    XenPtHostRegion region[XEN_PT_NUM_REGIONS];
    int next_region;
    bool gsi;
    unsigned vendor, device;    /* 0: not said */
} Said;

static DumpHost *to_dump(XenPtHost *host)
{
    return (DumpHost *)host;
}

/* -- the port ------------------------------------------------------------- */

static int dump_config_read(XenPtHost *host, uint32_t addr, void *buf,
                            size_t len)
{
    DumpHost *d = to_dump(host);

    if (addr >= d->size) {
        return 0;
    }
    len = MIN(len, d->size - addr);
    memcpy(buf, d->config + addr, len);
    return len;
}

static int dump_config_write(XenPtHost *host, uint32_t addr,
                             const void *buf, size_t len)
{
    DumpHost *d = to_dump(host);

    if (addr > d->size || len > d->size - addr) {
        return -EINVAL;
    }
    memcpy(d->config + addr, buf, len);
    return 0;
}

static bool good_access(XenPtHost *host, int region, uint64_t offset,
                        unsigned size)
{
    uint64_t len;

    if (region < 0 || region >= XEN_PT_NUM_REGIONS) {
        return false;
    }
    len = host->info.region[region].size;
    return (size == 1 || size == 2 || size == 4 || size == 8) &&
           size <= len && offset <= len - size;
}

static int dump_region_read(XenPtHost *host, int region, uint64_t offset,
                            unsigned size, uint64_t *value)
{
    if (!good_access(host, region, offset, size)) {
        return -EINVAL;
    }
    *value = size == 8 ? UINT64_MAX : (1ull << (8 * size)) - 1;
    return 0;
}

static int dump_region_write(XenPtHost *host, int region, uint64_t offset,
                             unsigned size, uint64_t value)
{
    return good_access(host, region, offset, size) ? 0 : -EINVAL;
}

static void dump_close(XenPtHost *host)
{
    xen_pt_host_info_clear(&host->info);
    g_free(to_dump(host));
}

static const XenPtHostOps dump_ops = {
    .config_read = dump_config_read,
    .config_write = dump_config_write,
    .region_read = dump_region_read,
    .region_write = dump_region_write,
    .close = dump_close,
};

/* -- lines ---------------------------------------------------------------- */

/*
 * The next line without what mail and forums put around one: quotation
 * marks, indentation, the byte order mark of a file.  The caller frees it.
 */
static char *take_text(const char **text)
{
    size_t len = strcspn(*text, "\n"), skip;
    char *line;

    if (g_str_has_prefix(*text, "\xef\xbb\xbf")) {
        *text += 3;
        len -= 3;
    }
    skip = MIN(strspn(*text, " \t>"), len);
    line = g_strchomp(g_strndup(*text + skip, len - skip));
    *text += len + ((*text)[len] == '\n');
    return line;
}

/*
 * A function's first line; *rest is what follows its address.  Linux numbers
 * segments of its own (of VMD, say) from 10000 on: *foreign, none of Xen's.
 */
static bool parse_title(const char *line, XenPtAddress *address,
                        bool *foreign, const char **rest)
{
    size_t len = strcspn(line, " \t"), skip = 0;
    char word[32];

    if (len == 0 || len >= sizeof(word)) {
        return false;
    }
    memcpy(word, line, len);
    word[len] = '\0';
    while (len - skip > strlen("0000:00:00.0") &&
           g_ascii_isxdigit(word[skip])) {
        skip++;
    }
    *foreign = skip > 0;
    *rest = line + len;
    return xen_pt_address_parse(word + skip, address);
}

/* "1f0: 00 01 ..."; returns the number of bytes, 0: no such line. */
static int parse_hex(const char *line, unsigned *offset, uint8_t *bytes)
{
    int n = 0;
    int digits = 0;
    size_t gap;

    *offset = 0;
    while (g_ascii_isxdigit(*line) && digits++ < 3) {
        *offset = *offset << 4 | g_ascii_xdigit_value(*line++);
    }
    if (digits < 2 || digits > 3 || *line++ != ':') {
        return 0;
    }
    while (n < 16 && (gap = strspn(line, " \t")) > 0 &&
           g_ascii_isxdigit(line[gap]) && g_ascii_isxdigit(line[gap + 1])) {
        line += gap;
        bytes[n++] = g_ascii_xdigit_value(line[0]) << 4 |
                     g_ascii_xdigit_value(line[1]);
        line += 2;
    }
    return *line == '\0' ? n : 0;
}

/* "[size=16K]" somewhere in text; 0: not there, or no size. */
static uint64_t parse_size(const char *text)
{
    const char *p = strstr(text, "[size=");
    unsigned shift = 0;
    uint64_t n;
    char *end;

    if (!p) {
        return 0;
    }
    n = g_ascii_strtoull(p + 6, &end, 10);
    switch (*end) {
    case 'K':
        shift = 10;
        break;
    case 'M':
        shift = 20;
        break;
    case 'G':
        shift = 30;
        break;
    case 'T':
        shift = 40;
        break;
    }
    end += shift != 0;
    return *end == ']' && n <= UINT64_MAX >> shift ? n << shift : 0;
}

/*
 * "Region 2: Memory at f0000000 (64-bit, prefetchable) [size=1M]", or
 * without its number (lspci -v), "Expansion ROM at f7c00000 [size=64K]".
 */
static void parse_region(const char *line, Said *said)
{
    XenPtHostRegion r = { 0 };
    int index = -1;

    if (g_str_has_prefix(line, "Region ")) {
        if (line[7] < '0' || line[7] > '5' || line[8] != ':') {
            return;
        }
        index = line[7] - '0';
        line += 9;
        line += strspn(line, " ");
    }
    if (g_str_has_prefix(line, "[virtual] ")) {
        line += 10;
    }
    if (g_str_has_prefix(line, "Memory at ")) {
        line += 10;
    } else if (g_str_has_prefix(line, "I/O ports at ")) {
        line += 13;
        r.io = true;
    } else if (index < 0 && g_str_has_prefix(line, "Expansion ROM at ")) {
        line += 17;
        index = XEN_PT_ROM_REGION;
    } else {
        return;
    }
    if (index < 0) {
        index = said->next_region;
        if (index > 5) {
            return;
        }
    }
    /* "<unassigned>", "<ignored>": no address, so nothing to pass. */
    r.base = g_ascii_strtoull(line, NULL, 16);
    r.mem64 = strstr(line, "64-bit");
    r.prefetch = strstr(line, "prefetchable") &&
                 !strstr(line, "non-prefetchable");
    r.size = r.base ? parse_size(line) : 0;
    said->there[index] = true;
    said->region[index] = r;
    if (index < XEN_PT_ROM_REGION) {
        said->next_region = index + (r.mem64 ? 2 : 1);
    }
}

/* "Ethernet controller [0200]: Intel ... [8086:10ca] (rev 01)" */
static void parse_ids(const char *title, Said *said)
{
    const char *p = title;
    char *end;

    while ((p = strchr(p, '['))) {
        unsigned vendor = g_ascii_strtoull(++p, &end, 16);

        if (end == p + 4 && *end == ':') {
            said->device = g_ascii_strtoull(end + 1, NULL, 16) & 0xffff;
            said->vendor = vendor;
        }
    }
}

/*
 * "Interrupt: pin A routed to IRQ 16", since pciutils 3.15 "Interrupts: pin
 * A routed to IRQ 16, MSI(X) routed to IRQ 40" or "Interrupts: pin A
 * disabled, MSI(X) routed to IRQ 40"; with -v alone "Flags: ..., IRQ 16"
 */
static const char *find_line(const char *line)
{
    const char *irq = strstr(line, " IRQ ");
    const char *pin = strstr(line, ": pin ");

    if (!irq) {
        return NULL;
    }
    if (g_str_has_prefix(line, "Interrupt")) {
        /* the number of the line, not of a message behind it */
        return pin && irq - pin == (ptrdiff_t)strlen(": pin A routed to")
               ? irq + 5 : NULL;
    }
    return g_str_has_prefix(line, "Flags: ") ? irq + 5 : NULL;
}

static void parse_said(const char *line, DumpHost *d, Said *said)
{
    const char *p;

    parse_region(line, said);
    p = find_line(line);
    if (p) {
        d->host.info.gsi = g_ascii_strtoull(p, NULL, 10);
        said->gsi = true;
    }
    p = strstr(line, "Kernel driver in use: ");
    if (p && !d->host.info.driver) {
        d->host.info.driver = g_strstrip(g_strdup(p + 22));
    }
}

/* -- what the dump means -------------------------------------------------- */

static uint16_t get16(const DumpHost *d, unsigned at)
{
    return d->config[at] | d->config[at + 1] << 8;
}

static uint32_t get32(const DumpHost *d, unsigned at)
{
    return get16(d, at) | (uint32_t)get16(d, at + 2) << 16;
}

/* Where the first capability of that id is, with 12 bytes; 0: nowhere. */
static unsigned find_cap(const DumpHost *d, uint8_t id)
{
    unsigned cap = d->config[0x06] & 0x10 ? d->config[0x34] & ~3u : 0;

    for (int i = 0; i < 48 && cap >= HEADER_SIZE && cap + 12 <= d->size &&
         cap <= 0xf4; i++) {
        if (d->config[cap] == id) {
            return cap;
        }
        cap = d->config[cap + 1] & ~3u;
    }
    return 0;
}

/* The least that the MSI-X table and pending bits need of the BAR. */
static uint64_t msix_need(const DumpHost *d, int region)
{
    unsigned cap = find_cap(d, 0x11), entries;
    uint64_t need = 0;
    uint32_t table, pba;

    if (!cap) {
        return 0;
    }
    entries = (get16(d, cap + 2) & 0x7ff) + 1;
    table = get32(d, cap + 4);
    pba = get32(d, cap + 8);
    if ((int)(table & 7) == region) {
        need = (uint64_t)(table & ~7u) + entries * 16;
    }
    if ((int)(pba & 7) == region) {
        need = MAX(need, (uint64_t)(pba & ~7u) + (entries + 63) / 64 * 8);
    }
    return need;
}

static uint64_t guess_size(const DumpHost *d, int region, uint64_t base,
                           bool io)
{
    uint64_t bound = base & -base;
    uint64_t size = MIN(bound, io ? GUESS_IO : GUESS_MEMORY);
    uint64_t need = io ? 0 : msix_need(d, region);

    while (size < need && size < bound) {
        size <<= 1;
    }
    return size;
}

/* The region as its registers have it; size 0: no address. */
static XenPtHostRegion raw_bar(const DumpHost *d, int i, int bars)
{
    uint32_t low = get32(d, 0x10 + 4 * i);
    XenPtHostRegion r = { 0 };

    if (low & 1) {
        r.io = true;
        r.base = low & 0xfffc;
    } else {
        r.mem64 = (low & 6) == 4 && i + 1 < bars;
        r.prefetch = low & 8;
        r.base = low & ~0xfu;
        if (r.mem64) {
            r.base |= (uint64_t)get32(d, 0x14 + 4 * i) << 32;
        }
    }
    if (r.base) {
        r.size = guess_size(d, i, r.base, r.io);
    }
    return r;
}

static XenPtHostRegion raw_rom(const DumpHost *d, unsigned at)
{
    XenPtHostRegion r = { .base = get32(d, at) & ~0x7ffu };

    if (r.base) {
        r.size = guess_size(d, XEN_PT_ROM_REGION, r.base, false);
    }
    return r;
}

static bool settle_region(DumpHost *d, const char *name, int i,
                          const XenPtHostRegion *raw, const Said *said,
                          GError **errp)
{
    XenPtHostRegion *r = &d->host.info.region[i];
    char bdf[XEN_PT_BDF_LEN];

    *r = *raw;
    if (said->there[i]) {
        *r = said->region[i];
        if (r->base && !r->size) {
            r->size = r->base == raw->base ? raw->size
                      : guess_size(d, i, r->base, r->io);
        }
    }
    if (i >= 5) {
        r->mem64 = false;   /* has no register for the upper half */
    }
    if ((r->size & (r->size - 1)) || (r->size && r->base & (r->size - 1))) {
        g_set_error(errp, XEN_PT_ERROR, XEN_PT_ERROR_HOST,
                    "%s: %s gives region %d as 0x%" PRIx64 " bytes at 0x%"
                    PRIx64 ", which no BAR can be; make the dump again with "
                    "`lspci -vvxxxx`",
                    xen_pt_address_format(&d->host.info.address, bdf), name,
                    i, r->size, r->base);
        return false;
    }
    r->page_exclusive = r->size && !r->io &&
                        !((r->base | r->size) & (XEN_PT_PAGE_SIZE - 1));
    return true;
}

static bool settle_regions(DumpHost *d, const char *name, const Said *said,
                           GError **errp)
{
    unsigned type = d->config[0x0e] & 0x7f;
    int bars = type == 0 ? 6 : type == 1 ? 2 : 0;
    XenPtHostRegion none = { 0 };

    for (int i = 0; i < bars; i++) {
        XenPtHostRegion raw = raw_bar(d, i, bars);

        if (!settle_region(d, name, i, &raw, said, errp)) {
            return false;
        }
        if (d->host.info.region[i].mem64 || raw.mem64) {
            i++;
        }
    }
    if (bars) {
        none = raw_rom(d, type == 0 ? 0x30 : 0x38);
    }
    return settle_region(d, name, XEN_PT_ROM_REGION, &none, said, errp);
}

static bool settle(DumpHost *d, const char *name, const Said *said,
                   GError **errp)
{
    XenPtHostInfo *info = &d->host.info;
    unsigned msi;

    info->vendor = get16(d, 0x00);
    info->device = get16(d, 0x02);
    if (info->vendor == 0xffff && get32(d, 0x04) != UINT32_MAX) {
        /* A VF's own registers; the title of lspci -nn has those of sysfs. */
        info->is_virtfn = true;
        if (said->vendor) {
            info->vendor = said->vendor;
            info->device = said->device;
        }
    }
    info->revision = d->config[0x08];
    info->class_code = get32(d, 0x08) >> 8;
    info->subsystem_vendor = get16(d, 0x2c);
    info->subsystem_device = get16(d, 0x2e);
    msi = find_cap(d, 0x05);
    if (!said->gsi || (msi && d->config[msi + 2] & 1)) {
        /* once MSI is on, what Linux says is a number of its own */
        info->gsi = d->config[0x3d] ? d->config[0x3c] : 0;
    }
    if (info->gsi == 0xff) {
        info->gsi = 0;
    }
    return settle_regions(d, name, said, errp);
}

/* -- open ----------------------------------------------------------------- */

static bool is_wanted(const XenPtAddress *found, const XenPtAddress *wanted)
{
    return !wanted ||
           (found->segment == wanted->segment && found->bus == wanted->bus &&
            found->slot == wanted->slot &&
            found->function == wanted->function);
}

/* What was said was said of another function. */
static void forget(DumpHost *d, Said *said)
{
    xen_pt_host_info_clear(&d->host.info);
    memset(&d->host.info, 0, sizeof(d->host.info));
    memset(said, 0, sizeof(*said));
}

/* One line of the wanted function; false: it contradicts those before. */
static bool take_line(DumpHost *d, Said *said, const char *line,
                      unsigned number, const char *name, GError **errp)
{
    char bdf[XEN_PT_BDF_LEN];
    uint8_t bytes[16];
    unsigned offset;
    int n = parse_hex(line, &offset, bytes);

    if (n == 0) {
        parse_said(line, d, said);
        return true;
    }
    if (offset != d->size || n != sizeof(bytes)) {
        g_set_error(errp, XEN_PT_ERROR, XEN_PT_ERROR_HOST,
                    "%s: line %u of %s has %d bytes at 0x%x where 16 at 0x%zx "
                    "should be; make the dump again with `lspci -vvxxxx`",
                    xen_pt_address_format(&d->host.info.address, bdf),
                    number, name, n, offset, d->size);
        return false;
    }
    memcpy(d->config + d->size, bytes, sizeof(bytes));
    d->size += sizeof(bytes);
    return true;
}

/* True with *found set if the text names the function at all. */
static bool read_text(DumpHost *d, Said *said, const char *text,
                      const char *name, const XenPtAddress *wanted,
                      bool *found, GError **errp)
{
    bool ours = false;
    unsigned number = 0;

    *found = false;
    while (*text) {
        char *line = take_text(&text);
        XenPtAddress address;
        const char *rest;
        bool good = true, foreign;

        number++;
        if (parse_title(line, &address, &foreign, &rest)) {
            /* one that is named without its dump may come again with it */
            ours = d->size == 0 && !foreign && is_wanted(&address, wanted);
            if (ours) {
                if (*found && !is_wanted(&address, &d->host.info.address)) {
                    forget(d, said);
                }
                *found = true;
                d->host.info.address = address;
                parse_ids(rest, said);
            }
        } else if (ours) {
            good = take_line(d, said, line, number, name, errp);
        }
        g_free(line);
        if (!good) {
            return false;
        }
    }
    return true;
}

XenPtHost *xen_pt_dump_parse(const char *text, const char *name,
                             const XenPtAddress *address, GError **errp)
{
    DumpHost *d = g_new0(DumpHost, 1);
    Said said = { 0 };
    char bdf[XEN_PT_BDF_LEN];
    bool found;

    d->host.ops = &dump_ops;
    if (!read_text(d, &said, text, name, address, &found, errp)) {
        goto fail;
    }
    if (!found && address) {
        g_set_error(errp, XEN_PT_ERROR, XEN_PT_ERROR_ABSENT,
                    "%s: %s has no such function; write the dump with `lspci "
                    "-vvxxxx` on the host that has it",
                    xen_pt_address_format(address, bdf), name);
        goto fail;
    }
    if (!found) {
        g_set_error(errp, XEN_PT_ERROR, XEN_PT_ERROR_ABSENT,
                    "%s has no line that begins with the address of a PCI "
                    "function; write the dump with `lspci -vvxxxx`", name);
        goto fail;
    }
    if (d->size < HEADER_SIZE) {
        g_set_error(errp, XEN_PT_ERROR, XEN_PT_ERROR_HOST,
                    "%s: %s has %zu bytes of its configuration space, less "
                    "than the PCI header; make the dump again with `lspci "
                    "-vvxxxx`, as root",
                    xen_pt_address_format(&d->host.info.address, bdf), name,
                    d->size);
        goto fail;
    }
    if (!settle(d, name, &said, errp)) {
        goto fail;
    }
    if ((d->config[0x06] & 0x10) && (d->config[0x34] & ~3u) >= d->size) {
        g_set_error(errp, XEN_PT_ERROR, XEN_PT_ERROR_HOST,
                    "%s: %s ends after %zu bytes of its configuration space, "
                    "before its capabilities; make the dump again with "
                    "`lspci -vvxxxx`, as root",
                    xen_pt_address_format(&d->host.info.address, bdf), name,
                    d->size);
        goto fail;
    }
    return &d->host;

fail:
    dump_close(&d->host);
    return NULL;
}

char *xen_pt_dump_read(const char *path, GError **errp)
{
    /* no more than a dump can have, be it of a device or a pipe */
    g_autoptr(GString) text = g_string_new(NULL);
    char piece[4096];
    FILE *file;
    size_t len;

    errno = 0;
    file = strcmp(path, "-") == 0 ? stdin : fopen(path, "rb");
    while (file && text->len <= TEXT_MAX &&
           (len = fread(piece, 1, sizeof(piece), file)) > 0) {
        g_string_append_len(text, piece, len);
    }
    if (!file || ferror(file)) {
        g_set_error(errp, XEN_PT_ERROR, XEN_PT_ERROR_HOST,
                    "%s cannot be read (%s); write a dump with `lspci "
                    "-vvxxxx` and give its path", path, g_strerror(errno));
        if (file && file != stdin) {
            fclose(file);
        }
        return NULL;
    }
    if (file != stdin) {
        fclose(file);
    }
    if (text->len > TEXT_MAX) {
        g_set_error(errp, XEN_PT_ERROR, XEN_PT_ERROR_HOST,
                    "%s is larger than any dump of lspci; write one with "
                    "`lspci -vvxxxx`", path);
        return NULL;
    }
    if (strlen(text->str) != text->len) {
        g_set_error(errp, XEN_PT_ERROR, XEN_PT_ERROR_HOST,
                    "%s is not text; write a dump with `lspci -vvxxxx`",
                    path);
        return NULL;
    }
    return g_strdup(text->str);
}

XenPtHost *xen_pt_dump_open(const char *path, const XenPtAddress *address,
                            GError **errp)
{
    g_autofree char *text = xen_pt_dump_read(path, errp);

    return text ? xen_pt_dump_parse(text, path, address, errp) : NULL;
}

GArray *xen_pt_dump_list(const char *text)
{
    GArray *list = g_array_new(FALSE, FALSE, sizeof(XenPtAddress));
    XenPtAddress address;
    bool pending = false;

    while (*text) {
        char *line = take_text(&text);
        XenPtAddress title;
        uint8_t bytes[16];
        const char *rest;
        unsigned offset;
        bool foreign;

        if (parse_title(line, &title, &foreign, &rest)) {
            address = title;
            pending = !foreign;
        } else if (pending && parse_hex(line, &offset, bytes) > 0) {
            g_array_append_val(list, address);
            pending = false;
        }
        g_free(line);
    }
    return list;
}
