/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The hypervisor port and the domain watch against a libxenctrl, libxencall
 * and libxenstore that this file makes up.  The sources are included, to be
 * built as for Xen 4.20 and, once more, as for 4.21, whatever the headers here
 * are.
 */
#include <errno.h>
#include <glib/gstdio.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <xenctrl.h>

#include "descriptors.h"
#include "../fake-xen/newer-xen.h"

static const char *guest_type_file;
#define GUEST_TYPE_FILE guest_type_file

#undef XEN_PT_HAVE_PIRQ_GSI
#define XEN_PT_HAVE_PIRQ_GSI

#include "../../hw/xen-pt/xen/hypervisor.c"
#include "../../hw/xen-pt/xen/domain-watch.c"

#define DOMID 7

/* -- the libraries -------------------------------------------------------- */

static struct {
    GString *log;           /* the calls since forget() */
    int fail_rc, fail_errno;    /* what they return; 0: success */
    int version;            /* 4.17: 417 */
    const char *extraversion;
    uint32_t features;
    bool raw;               /* xencall_open() works */
    int raw_errno;          /* what map_pirq of several vectors says */
    bool no_right;          /* of the domain, to memory and ports */
    int domains;            /* what getinfolist returns: 1, 0, -1 */
    xc_domaininfo_t info;
    int handles;            /* open ones of all kinds */
    GHashTable *store;
    GPtrArray *events;      /* tokens */
    GHashTable *watches;    /* token -> path */
    int store_fd;
    int store_errno;        /* xs_read fails with it */
    unsigned reads;         /* of the store */
    bool no_store, no_watch, no_backend, no_buffer;
} xen;

static struct xs_handle *const store_handle = (void *)&xen.store;
static xc_interface *const handle = (void *)&xen;

G_GNUC_PRINTF(1, 2)
static int logged(const char *format, ...)
{
    va_list ap;

    va_start(ap, format);
    g_string_append_vprintf(xen.log, format, ap);
    g_string_append_c(xen.log, '\n');
    va_end(ap);
    errno = xen.fail_errno;
    return xen.fail_rc;
}

static void forget(void)
{
    g_string_set_size(xen.log, 0);
}

xc_interface *xc_interface_open(xentoollog_logger *logger,
                                xentoollog_logger *dombuild_logger,
                                unsigned open_flags)
{
    if (xen.fail_rc) {
        errno = xen.fail_errno;
        return NULL;
    }
    xen.handles++;
    return handle;
}

int xc_interface_close(xc_interface *xch)
{
    xen.handles--;
    return 0;
}

int xc_version(xc_interface *xch, int cmd, void *arg)
{
    xen_feature_info_t *features = arg;

    switch (cmd) {
    case XENVER_version:
        return xen.version / 100 << 16 | xen.version % 100;
    case XENVER_extraversion:
        memcpy(arg, xen.extraversion, strlen(xen.extraversion) + 1);
        return 0;
    case XENVER_get_features:
        features->submap = features->submap_idx ? 0 : xen.features;
        return 0;
    }
    errno = ENOSYS;
    return -1;
}

int xc_domain_getinfolist(xc_interface *xch, uint32_t first,
                          unsigned int max, xc_domaininfo_t *info)
{
    g_assert_cmpuint(first, ==, DOMID);
    if (xen.domains >= 0) {
        *info = xen.info;
    } else {
        memset(info, 0, sizeof(*info));
    }
    return xen.domains;
}

static bool refused(void)
{
    if (xen.no_right) {
        errno = EPERM;
    }
    return xen.no_right;
}

int xc_domain_memory_mapping(xc_interface *xch, uint32_t domid,
                             unsigned long first_gfn, unsigned long first_mfn,
                             unsigned long nr_mfns, uint32_t add_mapping)
{
    int rc = logged("memory %u %lx %lx %lx %u", domid, first_gfn, first_mfn,
                    nr_mfns, add_mapping);

    return refused() ? -1 : rc;
}

int xc_domain_iomem_permission(xc_interface *xch, uint32_t domid,
                               unsigned long first_mfn, unsigned long nr_mfns,
                               uint8_t allow_access)
{
    xen.no_right = !allow_access;
    return logged("may_memory %u %lx %lx %u", domid, first_mfn, nr_mfns,
                  allow_access);
}

int xc_domain_ioport_mapping(xc_interface *xch, uint32_t domid,
                             uint32_t first_gport, uint32_t first_mport,
                             uint32_t nr_ports, uint32_t add_mapping)
{
    int rc = logged("ioport %u %x %x %x %u", domid, first_gport, first_mport,
                    nr_ports, add_mapping);

    return refused() ? -1 : rc;
}

int xc_domain_ioport_permission(xc_interface *xch, uint32_t domid,
                                uint32_t first_port, uint32_t nr_ports,
                                uint32_t allow_access)
{
    xen.no_right = !allow_access;
    return logged("may_ioport %u %x %x %u", domid, first_port, nr_ports,
                  allow_access);
}

int xc_physdev_map_pirq(xc_interface *xch, uint32_t domid, int index,
                        int *pirq)
{
    int rc = logged("map_pirq %u %d %d", domid, index, *pirq);

    *pirq = rc ? -99 : index;
    return rc;
}

int xc_pcidev_get_gsi(xc_interface *xch, uint32_t sbdf)
{
    return logged("get_gsi %x", sbdf) ? -1 : 28;
}

int xc_physdev_map_pirq_gsi(xc_interface *xch, uint32_t domid, int gsi,
                            int *pirq)
{
    int rc = logged("map_pirq_gsi %u %d %d", domid, gsi, *pirq);

    *pirq = rc ? -99 : 60;
    return rc;
}

int xc_physdev_map_pirq_msi(xc_interface *xch, uint32_t domid, int index,
                            int *pirq, int devfn, int bus, int entry_nr,
                            uint64_t table_base)
{
    int rc = logged("map_msi %u %d %d %x %x %d %lx", domid, index, *pirq,
                    devfn, bus, entry_nr, (unsigned long)table_base);

    *pirq = rc ? -99 : *pirq < 0 ? 80 : *pirq;
    return rc;
}

int xc_physdev_unmap_pirq(xc_interface *xch, uint32_t domid, int pirq)
{
    return logged("unmap_pirq %u %d", domid, pirq);
}

int xc_domain_bind_pt_pci_irq(xc_interface *xch, uint32_t domid,
                              uint8_t machine_irq, uint8_t bus,
                              uint8_t device, uint8_t intx)
{
    return logged("bind_intx %u %u %u %u %u", domid, machine_irq, bus,
                  device, intx);
}

int xc_domain_unbind_pt_irq(xc_interface *xch, uint32_t domid,
                            uint8_t machine_irq, uint8_t irq_type,
                            uint8_t bus, uint8_t device, uint8_t intx,
                            uint8_t isa_irq)
{
    g_assert_cmpuint(irq_type, ==, PT_IRQ_TYPE_PCI);
    return logged("unbind_intx %u %u %u %u %u", domid, machine_irq, bus,
                  device, intx);
}

struct xendevicemodel_handle *xc_interface_dmod_handle(xc_interface *xch)
{
    return (struct xendevicemodel_handle *)xch;
}

int xendevicemodel_set_pci_intx_level(xendevicemodel_handle *dmod,
                                      domid_t domid, uint16_t segment,
                                      uint8_t bus, uint8_t device,
                                      uint8_t intx, unsigned int level)
{
    return logged("level %u %u %u %u %u %u", domid, segment, bus, device,
                  intx, level);
}

int xc_domain_update_msi_irq(xc_interface *xch, uint32_t domid, uint32_t gvec,
                             uint32_t pirq, uint32_t gflags, uint64_t gtable)
{
    return logged("bind_msi %u %x %u %x %lx", domid, gvec, pirq, gflags,
                  (unsigned long)gtable);
}

int xc_domain_unbind_msi_irq(xc_interface *xch, uint32_t domid, uint32_t gvec,
                             uint32_t pirq, uint32_t gflags)
{
    return logged("unbind_msi %u %x %u %x", domid, gvec, pirq, gflags);
}

xencall_handle *xencall_open(xentoollog_logger *logger, unsigned open_flags)
{
    g_assert_nonnull(logger);
    if (!xen.raw) {
        errno = ENOENT;
        return NULL;
    }
    xen.handles++;
    return (xencall_handle *)&xen;
}

int xencall_close(xencall_handle *xcall)
{
    xen.handles--;
    return 0;
}

void *xencall_alloc_buffer(xencall_handle *xcall, size_t size)
{
    if (xen.no_buffer) {
        return NULL;
    }
    xen.handles++;
    return g_malloc0(size);
}

void xencall_free_buffer(xencall_handle *xcall, void *p)
{
    xen.handles--;
    g_free(p);
}

int xencall2(xencall_handle *xcall, unsigned int op, uint64_t arg1,
             uint64_t arg2)
{
    struct physdev_map_pirq *map = (void *)(uintptr_t)arg2;
    int rc;

    g_assert_cmpuint(op, ==, __HYPERVISOR_physdev_op);
    g_assert_cmpuint(arg1, ==, PHYSDEVOP_map_pirq);
    rc = logged("raw %u %d %d %d %x %x %d %lx", map->domid, map->type,
                map->index, map->pirq, map->bus, map->devfn, map->entry_nr,
                (unsigned long)map->table_base);
    if (map->type == MAP_PIRQ_TYPE_MULTI_MSI && xen.raw_errno) {
        errno = xen.raw_errno;
        return -1;
    }
    map->pirq = 90;
    return rc;
}

struct xs_handle *xs_open(unsigned long flags)
{
    if (xen.no_store) {
        errno = ENOENT;
        return NULL;
    }
    xen.store_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    xen.handles++;
    return store_handle;
}

void xs_close(struct xs_handle *h)
{
    close(xen.store_fd);
    g_hash_table_remove_all(xen.watches);
    g_ptr_array_set_size(xen.events, 0);
    xen.handles--;
}

int xs_fileno(struct xs_handle *h)
{
    return xen.store_fd;
}

void *xs_read(struct xs_handle *h, xs_transaction_t t, const char *path,
              unsigned int *len)
{
    const char *value = g_hash_table_lookup(xen.store, path);

    xen.reads++;
    if (xen.store_errno || !value) {
        errno = xen.store_errno ? xen.store_errno : ENOENT;
        return NULL;
    }
    *len = strlen(value);
    return strdup(value);
}

static void push_event(const char *token)
{
    uint64_t one = 1;

    g_ptr_array_add(xen.events, g_strdup(token));
    g_assert_cmpint(write(xen.store_fd, &one, sizeof(one)), ==, sizeof(one));
}

bool xs_watch(struct xs_handle *h, const char *path, const char *token)
{
    if (xen.no_watch || (xen.no_backend && !strcmp(token, "backend"))) {
        errno = EACCES;
        return false;
    }
    g_hash_table_insert(xen.watches, g_strdup(token), g_strdup(path));
    push_event(token);
    return true;
}

bool xs_unwatch(struct xs_handle *h, const char *path, const char *token)
{
    g_assert_cmpstr(g_hash_table_lookup(xen.watches, token), ==, path);
    return g_hash_table_remove(xen.watches, token);
}

char **xs_check_watch(struct xs_handle *h)
{
    uint64_t count;
    char *token, **event;

    if (!xen.events->len) {
        (void)!read(xen.store_fd, &count, sizeof(count));
        errno = EAGAIN;
        return NULL;
    }
    token = g_ptr_array_steal_index(xen.events, 0);
    event = malloc(2 * sizeof(char *) + strlen(token) + 1);
    event[XS_WATCH_TOKEN] = (char *)&event[2];
    event[XS_WATCH_PATH] = event[XS_WATCH_TOKEN];
    memcpy(event[XS_WATCH_TOKEN], token, strlen(token) + 1);
    g_free(token);
    return event;
}

/* value NULL: removed */
static void store(const char *path, const char *value)
{
    GHashTableIter iter;
    gpointer token, watched;

    if (value) {
        g_hash_table_insert(xen.store, g_strdup(path), g_strdup(value));
    } else {
        g_hash_table_remove(xen.store, path);
    }
    g_hash_table_iter_init(&iter, xen.watches);
    while (g_hash_table_iter_next(&iter, &token, &watched)) {
        if (g_str_has_prefix(path, watched)) {
            push_event(token);
        }
    }
}

/* -- fixture -------------------------------------------------------------- */

typedef struct Fixture {
    char *dir, *file;
    XenPtHypervisor *hv;
    XenPtDomainWatch *watch;
    GString *said;          /* by the watch's callbacks */
    bool re_add;
    unsigned fds;           /* open before anything was done */
} Fixture;

static void set_up(Fixture *f, gconstpointer data)
{
    f->dir = g_dir_make_tmp("xen-pt-xen-XXXXXX", NULL);
    f->file = g_build_filename(f->dir, "guest_type", NULL);
    f->said = g_string_new("");
    guest_type_file = f->file;
    memset(&xen, 0, sizeof(xen));
    xen.log = g_string_new("");
    xen.version = 417;
    xen.extraversion = ".5-pre";
    xen.domains = 1;
    xen.info.domain = DOMID;
    xen.info.flags = XEN_DOMINF_running;
    xen.store = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
                                      g_free);
    xen.watches = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
                                        g_free);
    xen.events = g_ptr_array_new_with_free_func(g_free);
    f->fds = count_fds();
}

static void close_hv(Fixture *f)
{
    xen_pt_xen_close(f->hv);
    f->hv = NULL;
}

static void tear_down(Fixture *f, gconstpointer data)
{
    close_hv(f);
    xen_pt_domain_watch_free(f->watch);
    g_assert_cmpint(xen.handles, ==, 0);
    g_assert_cmpuint(count_fds(), ==, f->fds);
    g_hash_table_unref(xen.store);
    g_hash_table_unref(xen.watches);
    g_ptr_array_unref(xen.events);
    g_string_free(xen.log, TRUE);
    g_string_free(f->said, TRUE);
    g_remove(f->file);
    g_rmdir(f->dir);
    g_free(f->file);
    g_free(f->dir);
}

static XenPtHypervisor *open_hv(Fixture *f)
{
    GError *err = NULL;

    close_hv(f);
    f->hv = xen_pt_xen_open(handle, DOMID, &err);
    g_assert_no_error(err);
    g_assert_nonnull(f->hv);
    forget();
    return f->hv;
}

#define EXPECT(call, rc, text) \
    do { \
        forget(); \
        g_assert_cmpint(call, ==, rc); \
        g_assert_cmpstr(xen.log->str, ==, text); \
    } while (0)

/* -- the port ------------------------------------------------------------- */

static const XenPtAddress nic = { 0, 3, 2, 1 };     /* devfn 11 */

static void each_operation_is_the_call_it_names(Fixture *f,
                                                gconstpointer data)
{
    const XenPtMsiBinding binding = { 0x31, 0x10002, 0xfebf1000 };
    XenPtHypervisor *hv = open_hv(f);
    int pirq = -1;

    EXPECT(hv->ops->memory_map(hv, 0xf0000, 0xc0000, 16), 0,
           "memory 7 f0000 c0000 10 1\n");
    EXPECT(hv->ops->memory_unmap(hv, 0xf0000, 0xc0000, 16), 0,
           "memory 7 f0000 c0000 10 0\n");
    EXPECT(hv->ops->ioport_map(hv, 0xc000, 0xe000, 32), 0,
           "ioport 7 c000 e000 20 1\n");
    EXPECT(hv->ops->ioport_unmap(hv, 0xc000, 0xe000, 32), 0,
           "ioport 7 c000 e000 20 0\n");
    EXPECT(hv->ops->map_gsi(hv, &nic, 20, &pirq), 0, "map_pirq 7 20 -1\n");
    g_assert_cmpint(pirq, ==, 20);
    EXPECT(hv->ops->unmap_pirq(hv, 20), 0, "unmap_pirq 7 20\n");
    EXPECT(hv->ops->bind_intx(hv, 20, 0, 5, 3), 0, "bind_intx 7 20 0 5 3\n");
    EXPECT(hv->ops->unbind_intx(hv, 20, 0, 5, 3), 0,
           "unbind_intx 7 20 0 5 3\n"
           "level 7 0 0 5 3 0\n");
    EXPECT(hv->ops->bind_msi(hv, 300, &binding), 0,
           "bind_msi 7 31 300 10002 febf1000\n");
    EXPECT(hv->ops->unbind_msi(hv, 300, &binding), 0,
           "unbind_msi 7 31 300 10002\n");
}

/* A forced detach revokes it before the device model can unmap. */
static void what_the_guest_has_no_right_to_is_unmapped_all_the_same(
    Fixture *f, gconstpointer data)
{
    XenPtHypervisor *hv = open_hv(f);

    xen.no_right = true;
    EXPECT(hv->ops->memory_map(hv, 0xf0000, 0xc0000, 16), -EPERM,
           "memory 7 f0000 c0000 10 1\n");
    EXPECT(hv->ops->memory_unmap(hv, 0xf0000, 0xc0000, 16), 0,
           "memory 7 f0000 c0000 10 0\n"
           "may_memory 7 c0000 10 1\n"
           "memory 7 f0000 c0000 10 0\n"
           "may_memory 7 c0000 10 0\n");
    g_assert_true(xen.no_right);
    EXPECT(hv->ops->ioport_map(hv, 0xc000, 0xe000, 32), -EPERM,
           "ioport 7 c000 e000 20 1\n");
    EXPECT(hv->ops->ioport_unmap(hv, 0xc000, 0xe000, 32), 0,
           "ioport 7 c000 e000 20 0\n"
           "may_ioport 7 e000 20 1\n"
           "ioport 7 c000 e000 20 0\n"
           "may_ioport 7 e000 20 0\n");
    g_assert_true(xen.no_right);
}

static void msi_and_msix_are_told_apart_by_the_table(Fixture *f,
                                                     gconstpointer data)
{
    XenPtMsiRequest request = {
        .address = nic, .count = 1, .wanted_pirq = -1,
        .table_base = 0xf0000000,
    };
    XenPtHypervisor *hv = open_hv(f);
    int pirq = -1;

    EXPECT(hv->ops->map_msi(hv, &request, &pirq), 0,
           "map_msi 7 -1 -1 11 3 0 0\n");
    g_assert_cmpint(pirq, ==, 80);
    request.msix = true;
    request.entry = 5;
    request.wanted_pirq = 44;
    EXPECT(hv->ops->map_msi(hv, &request, &pirq), 0,
           "map_msi 7 -1 44 11 3 5 f0000000\n");
    g_assert_cmpint(pirq, ==, 44);
}

static void xens_errno_arrives_and_nothing_is_written(Fixture *f,
                                                      gconstpointer data)
{
    static const int err[] = { EPERM, ENODEV, ENODATA, ENXIO, ENOSPC };
    const XenPtMsiBinding binding = { 0 };
    const XenPtMsiRequest request = {
        .address = nic, .count = 1, .wanted_pirq = -1,
    };
    XenPtHypervisor *hv = open_hv(f);
    int pirq = -1;

    xen.fail_rc = -1;
    for (size_t i = 0; i < G_N_ELEMENTS(err); i++) {
        int rc = -err[i];

        xen.fail_errno = err[i];
        g_assert_cmpint(hv->ops->memory_map(hv, 1, 1, 1), ==, rc);
        g_assert_cmpint(hv->ops->memory_unmap(hv, 1, 1, 1), ==, rc);
        g_assert_cmpint(hv->ops->ioport_map(hv, 1, 1, 1), ==, rc);
        g_assert_cmpint(hv->ops->ioport_unmap(hv, 1, 1, 1), ==, rc);
        g_assert_cmpint(hv->ops->map_gsi(hv, &nic, 20, &pirq), ==, rc);
        g_assert_cmpint(hv->ops->map_msi(hv, &request, &pirq), ==, rc);
        g_assert_cmpint(hv->ops->unmap_pirq(hv, 20), ==, rc);
        g_assert_cmpint(hv->ops->bind_intx(hv, 20, 0, 5, 0), ==, rc);
        g_assert_cmpint(hv->ops->unbind_intx(hv, 20, 0, 5, 0), ==, rc);
        g_assert_cmpint(hv->ops->bind_msi(hv, 20, &binding), ==, rc);
        g_assert_cmpint(hv->ops->unbind_msi(hv, 20, &binding), ==, rc);
        g_assert_cmpint(pirq, ==, -1);
    }
}

static void a_library_that_forgets_errno_still_fails(Fixture *f,
                                                     gconstpointer data)
{
    XenPtHypervisor *hv = open_hv(f);

    xen.fail_rc = -EINVAL;
    xen.fail_errno = ENOENT;
    g_assert_cmpint(hv->ops->memory_map(hv, 1, 1, 1), ==, -EINVAL);
    xen.fail_rc = -1;
    xen.fail_errno = 0;
    g_assert_cmpint(hv->ops->memory_map(hv, 1, 1, 1), ==, -EIO);
    xen.fail_rc = 1;
    g_assert_cmpint(hv->ops->memory_map(hv, 1, 1, 1), ==, 0);
}

static void a_pirq_beyond_eight_bits_is_refused(Fixture *f,
                                                gconstpointer data)
{
    XenPtHypervisor *hv = open_hv(f);
    int pirq = -1;

    g_assert_cmpuint(hv->max_gsi, ==, 255);
    EXPECT(hv->ops->bind_intx(hv, 256, 0, 5, 0), -ERANGE, "");
    EXPECT(hv->ops->unbind_intx(hv, 256, 0, 5, 0), -ERANGE, "");
    EXPECT(hv->ops->bind_intx(hv, -1, 0, 5, 0), -ERANGE, "");
    EXPECT(hv->ops->map_gsi(hv, &nic, 0x80000000, &pirq), -ERANGE, "");
    EXPECT(hv->ops->bind_intx(hv, 255, 0, 5, 0), 0,
           "bind_intx 7 255 0 5 0\n");
}

static void a_pvh_dom0_asks_for_the_gsi(Fixture *f, gconstpointer data)
{
    XenPtHypervisor *hv;
    int pirq = -1;

    g_assert_true(g_file_set_contents(f->file, "PVH\n", -1, NULL));
    hv = open_hv(f);
    EXPECT(hv->ops->map_gsi(hv, &nic, 999, &pirq), 0,
           "get_gsi 311\nmap_pirq_gsi 7 28 -1\n");
    g_assert_cmpint(pirq, ==, 60);
    xen.fail_rc = -1;
    xen.fail_errno = ENOENT;
    pirq = -1;
    EXPECT(hv->ops->map_gsi(hv, &nic, 999, &pirq), -ENOENT,
           "get_gsi 311\n");
    g_assert_cmpint(pirq, ==, -1);
    xen.fail_rc = 0;
    g_assert_true(g_file_set_contents(f->file, "PV\n", -1, NULL));
    hv = open_hv(f);
    EXPECT(hv->ops->map_gsi(hv, &nic, 20, &pirq), 0, "map_pirq 7 20 -1\n");
}

static void another_segment_reaches_xen(Fixture *f, gconstpointer data)
{
    const XenPtMsiRequest request = {
        .address = { 2, 3, 2, 1 }, .msix = true, .entry = 4, .count = 1,
        .table_base = 0x1000, .wanted_pirq = -1,
    };
    XenPtHypervisor *hv = open_hv(f);
    int pirq = -1;

    g_assert_true(hv->msi_segment == XEN_PT_MSI_SEGBUS);
#ifdef XEN_PT_HAVE_MSI_SEGBUS
    EXPECT(hv->ops->map_msi(hv, &request, &pirq), 0,
           "map_msi 7 -1 -1 11 20003 4 1000\n");
    g_assert_cmpint(pirq, ==, 80);
#else
    EXPECT(hv->ops->map_msi(hv, &request, &pirq), -EOPNOTSUPP, "");
    xen.raw = true;
    hv = open_hv(f);
    g_assert_true(hv->msi_segment);
    /* type 3 is MAP_PIRQ_TYPE_MSI_SEG */
    EXPECT(hv->ops->map_msi(hv, &request, &pirq), 0,
           "raw 7 3 -1 -1 20003 11 4 1000\n");
    g_assert_cmpint(pirq, ==, 90);
#endif
}

static void several_vectors_need_all_that_they_need(Fixture *f,
                                                    gconstpointer data)
{
    static const struct {
        int version;
        const char *extra;
        bool raw;
        int raw_errno;
        bool multi;
    } host[] = {
        { 417, ".5", true, ENODEV, true },
        { 417, ".5-pre", true, ENODEV, true },
        { 417, ".12", true, ENODEV, true },
        { 418, ".3", true, ENODEV, true },
        { 419, ".0", true, ENODEV, true },
        { 421, "-rc", true, ENODEV, true },
        { 500, "", true, ENODEV, true },
        { 417, ".4", true, ENODEV, false },         /* XSA-458 */
        { 417, "-unknown", true, ENODEV, false },
        { 418, ".2", true, ENODEV, false },
        { 416, ".9", true, ENODEV, false },
        { 419, ".0", true, EOPNOTSUPP, false },     /* no remapping */
        { 419, ".0", true, ENOSPC, false },
        { 419, ".0", true, EPERM, false },
        { 419, ".0", true, 0, false },
        { 419, ".0", false, ENODEV, false },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(host); i++) {
        xen.version = host[i].version;
        xen.extraversion = host[i].extra;
        xen.raw = host[i].raw;
        xen.raw_errno = host[i].raw_errno;
        if (open_hv(f)->multi_msi != host[i].multi) {
            g_error("4.%d%s, %s, is taken for %s", host[i].version % 100,
                    host[i].extra, g_strerror(host[i].raw_errno),
                    host[i].multi ? "unable" : "able");
        }
    }
}

static void the_question_for_vectors_leaves_nothing_mapped(
    Fixture *f, gconstpointer data)
{
    GError *err = NULL;

    xen.raw = true;
    f->hv = xen_pt_xen_open(handle, DOMID, &err);
    g_assert_no_error(err);
    /* type 4 is MAP_PIRQ_TYPE_MULTI_MSI */
    g_assert_cmpstr(xen.log->str, ==, "raw 7 4 -1 -1 ffff00ff ff 2 0\n"
                    "unmap_pirq 7 90\n");
}

static void several_vectors_are_one_request(Fixture *f, gconstpointer data)
{
    XenPtMsiRequest request = {
        .address = { 1, 3, 2, 1 }, .count = 8, .wanted_pirq = -1,
    };
    XenPtHypervisor *hv;
    int pirq = -1;

    xen.raw = true;
    xen.raw_errno = ENODEV;
    hv = open_hv(f);
    xen.raw_errno = 0;
    EXPECT(hv->ops->map_msi(hv, &request, &pirq), 0,
           "raw 7 4 -1 -1 10003 11 8 0\n");
    g_assert_cmpint(pirq, ==, 90);
    xen.no_buffer = true;
    EXPECT(hv->ops->map_msi(hv, &request, &pirq), -ENOMEM, "");
    request.wanted_pirq = 5;
    EXPECT(hv->ops->map_msi(hv, &request, &pirq), -EINVAL, "");
    request.wanted_pirq = -1;
    request.msix = true;
    EXPECT(hv->ops->map_msi(hv, &request, &pirq), -EINVAL, "");
    request.msix = false;
    hv->multi_msi = false;
    EXPECT(hv->ops->map_msi(hv, &request, &pirq), -EOPNOTSUPP, "");
}

static void features_are_xens_word(Fixture *f, gconstpointer data)
{
    XenPtHypervisor *hv = open_hv(f);

    g_assert_false(hv->all_msix_writes || hv->hvm_pirqs);
    xen.features = 1u << 20;
    hv = open_hv(f);
    g_assert_true(hv->all_msix_writes);
    g_assert_false(hv->hvm_pirqs);
    xen.info.arch_config.emulation_flags = XEN_X86_EMU_USE_PIRQ;
    g_assert_true(open_hv(f)->hvm_pirqs);
    /* The list goes on with another domain when ours is not there. */
    xen.info.domain = DOMID + 1;
    g_assert_false(open_hv(f)->hvm_pirqs);
    xen.domains = -1;
    g_assert_false(open_hv(f)->hvm_pirqs);
}

static void libxl_unmaps_gsis_since_4_18(Fixture *f, gconstpointer data)
{
    xen.version = 417;
    g_assert_false(open_hv(f)->toolstack_unmaps_gsi);
    xen.version = 418;
    g_assert_true(open_hv(f)->toolstack_unmaps_gsi);
    xen.version = 500;
    g_assert_true(open_hv(f)->toolstack_unmaps_gsi);
}

static void a_handle_of_its_own_is_closed(Fixture *f, gconstpointer data)
{
    GError *err = NULL;

    f->hv = xen_pt_xen_open(NULL, DOMID, &err);
    g_assert_no_error(err);
    g_assert_cmpint(xen.handles, ==, 1);
    close_hv(f);
    g_assert_cmpint(xen.handles, ==, 0);
    xen.fail_rc = -1;
    xen.fail_errno = EACCES;
    g_assert_null(xen_pt_xen_open(NULL, DOMID, &err));
    g_assert_error(err, XEN_PT_ERROR, XEN_PT_ERROR_HYPERVISOR);
    g_assert_nonnull(strstr(err->message, "Domain 7"));
    g_assert_nonnull(strstr(err->message, ": cannot talk to Xen ("));
    g_error_free(err);
}

/* -- the watch ------------------------------------------------------------ */

#define KEY "/libxl/pci/0000-03-02-1/domid"

static void say_state(void *opaque, XenPtDomainState state)
{
    Fixture *f = opaque;

    g_string_append_printf(f->said, "state %d\n", state);
}

static void say_dropped(void *opaque, const XenPtAddress *address)
{
    Fixture *f = opaque;
    char bdf[XEN_PT_BDF_LEN];

    g_string_append_printf(f->said, "dropped %s\n",
                           xen_pt_address_format(address, bdf));
    if (f->re_add) {
        xen_pt_domain_watch_add(f->watch, address);
    }
}

static void say_attached(void *opaque, const XenPtAddress *address,
                         const char *options)
{
    Fixture *f = opaque;
    char bdf[XEN_PT_BDF_LEN];

    g_string_append_printf(f->said, "attached %s %s\n",
                           xen_pt_address_format(address, bdf), options);
}

static const XenPtDomainWatchOps ops = {
    say_state, say_dropped, say_attached
};

static void start_watch(Fixture *f)
{
    GError *err = NULL;

    f->watch = xen_pt_domain_watch_new(handle, DOMID, &ops, f, &err);
    g_assert_no_error(err);
    g_assert_nonnull(f->watch);
}

static bool is_ready(Fixture *f, int ms)
{
    struct pollfd p = { xen_pt_domain_watch_fd(f->watch), POLLIN, 0 };

    return poll(&p, 1, ms) == 1;
}

/* What the callbacks say when all that is pending is processed. */
static void expect_said(Fixture *f, const char *text)
{
    g_string_set_size(f->said, 0);
    while (is_ready(f, 0)) {
        xen_pt_domain_watch_process(f->watch);
    }
    g_assert_cmpstr(f->said->str, ==, text);
}

static void set_flags(uint32_t flags)
{
    xen.info.flags = flags;
    push_event(DOMAIN_TOKEN);
}

static uint32_t shutdown_flags(unsigned reason)
{
    return XEN_DOMINF_shutdown | reason << XEN_DOMINF_shutdownshift;
}

static void a_running_domain_is_no_news(Fixture *f, gconstpointer data)
{
    start_watch(f);
    expect_said(f, "");
    push_event(DOMAIN_TOKEN);
    expect_said(f, "");
    set_flags(XEN_DOMINF_paused);
    expect_said(f, "");
    g_assert_false(is_ready(f, 0));
}

static void each_way_of_ending_is_gone(Fixture *f, gconstpointer data)
{
    static const unsigned reason[] = {
        SHUTDOWN_poweroff, SHUTDOWN_reboot, SHUTDOWN_crash,
        SHUTDOWN_watchdog, SHUTDOWN_soft_reset,
    };

    start_watch(f);
    for (size_t i = 0; i < G_N_ELEMENTS(reason); i++) {
        set_flags(shutdown_flags(reason[i]));
        expect_said(f, "state 2\n");
        set_flags(XEN_DOMINF_running);
        expect_said(f, "state 0\n");
    }
    set_flags(XEN_DOMINF_dying | XEN_DOMINF_running);
    expect_said(f, "state 2\n");
    set_flags(XEN_DOMINF_running);
    expect_said(f, "state 0\n");
    xen.domains = 0;
    push_event(DOMAIN_TOKEN);
    expect_said(f, "state 2\n");
    xen.domains = 1;
    xen.info.domain = DOMID + 1;
    push_event(DOMAIN_TOKEN);
    expect_said(f, "");
}

static void a_suspended_domain_is_watched_for_its_resume(Fixture *f,
                                                         gconstpointer data)
{
    start_watch(f);
    set_flags(shutdown_flags(SHUTDOWN_suspend));
    expect_said(f, "state 1\n");
    /* No event: xenstored tells nobody that a domain goes on. */
    xen.info.flags = XEN_DOMINF_running;
    g_assert_true(is_ready(f, 2000));
    expect_said(f, "state 0\n");
    g_assert_false(is_ready(f, 3 * RESUME_POLL_MS));
}

static void a_suspended_domain_may_die(Fixture *f, gconstpointer data)
{
    xen.info.flags = shutdown_flags(SHUTDOWN_suspend);
    start_watch(f);
    g_assert_cmpint(xen_pt_domain_watch_check(f->watch), ==,
                    XEN_PT_DOMAIN_SUSPENDED);
    expect_said(f, "");
    xen.info.flags |= XEN_DOMINF_dying;
    g_assert_true(is_ready(f, 2000));
    expect_said(f, "state 2\n");
    g_assert_false(is_ready(f, 3 * RESUME_POLL_MS));
}

static void xens_silence_changes_nothing(Fixture *f, gconstpointer data)
{
    start_watch(f);
    expect_said(f, "");
    xen.domains = -1;
    push_event(DOMAIN_TOKEN);
    expect_said(f, "");
    g_assert_cmpint(xen_pt_domain_watch_check(f->watch), ==,
                    XEN_PT_DOMAIN_RUNNING);
}

static void asking_now_reports_at_once(Fixture *f, gconstpointer data)
{
    start_watch(f);
    expect_said(f, "");
    xen.info.flags = shutdown_flags(SHUTDOWN_crash);
    g_assert_cmpint(xen_pt_domain_watch_check(f->watch), ==,
                    XEN_PT_DOMAIN_GONE);
    g_assert_cmpstr(f->said->str, ==, "state 2\n");
    expect_said(f, "");
}

static void a_key_that_vanishes_drops_the_function(Fixture *f,
                                                   gconstpointer data)
{
    start_watch(f);
    store(KEY, "7");
    g_assert_true(xen_pt_domain_watch_add(f->watch, &nic));
    g_assert_cmpint(xen_pt_domain_watch_owner(f->watch, &nic), ==, 7);
    expect_said(f, "");
    store(KEY, NULL);
    expect_said(f, "dropped 0000:03:02.1\n");
    g_assert_cmpint(xen_pt_domain_watch_owner(f->watch, &nic), ==, -1);
    /* Once. */
    store(KEY, "7");
    store(KEY, NULL);
    expect_said(f, "");
    g_assert_cmpuint(g_hash_table_size(xen.watches), ==, 2);
}

static void a_key_is_read_only_when_it_has_changed(Fixture *f,
                                                   gconstpointer data)
{
    start_watch(f);
    store(KEY, "7");
    g_assert_true(xen_pt_domain_watch_add(f->watch, &nic));
    expect_said(f, "");
    xen.reads = 0;
    push_event(DOMAIN_TOKEN);
    expect_said(f, "");
    g_assert_cmpuint(xen.reads, ==, 0);
    push_event("0000:03:02.1");
    expect_said(f, "");
    g_assert_cmpuint(xen.reads, ==, 1);
}

static void a_key_that_vanishes_before_it_is_processed_counts(
    Fixture *f, gconstpointer data)
{
    start_watch(f);
    store(KEY, "7");
    g_assert_true(xen_pt_domain_watch_add(f->watch, &nic));
    store(KEY, NULL);
    expect_said(f, "dropped 0000:03:02.1\n");
}

static void a_key_that_comes_later_counts_as_well(Fixture *f,
                                                  gconstpointer data)
{
    start_watch(f);
    g_assert_true(xen_pt_domain_watch_add(f->watch, &nic));
    expect_said(f, "");
    store(KEY, "7");
    expect_said(f, "");
    store(KEY, "8");
    expect_said(f, "dropped 0000:03:02.1\n");
}

static void a_key_that_never_was_ours_means_nothing(Fixture *f,
                                                    gconstpointer data)
{
    static const char *const other[] = {
        "8", "", "7x", "-1", "07 ", "4294967303", "dom7", NULL,
    };

    start_watch(f);
    g_assert_true(xen_pt_domain_watch_add(f->watch, &nic));
    expect_said(f, "");
    for (int i = 0; other[i]; i++) {
        store(KEY, other[i]);
        expect_said(f, "");
        store(KEY, NULL);
        expect_said(f, "");
    }
    store("/libxl/pci/0000-03-02-2/domid", "7");
    store("/libxl/pci/0000-03-02-2/domid", NULL);
    expect_said(f, "");
}

static void a_store_that_does_not_answer_drops_nothing(Fixture *f,
                                                       gconstpointer data)
{
    start_watch(f);
    store(KEY, "7");
    g_assert_true(xen_pt_domain_watch_add(f->watch, &nic));
    expect_said(f, "");
    xen.store_errno = EIO;
    store(KEY, NULL);
    expect_said(f, "");
    xen.store_errno = 0;
    push_event("0000:03:02.1");
    expect_said(f, "dropped 0000:03:02.1\n");
}

static void a_function_that_left_is_not_reported(Fixture *f,
                                                 gconstpointer data)
{
    start_watch(f);
    store(KEY, "7");
    g_assert_true(xen_pt_domain_watch_add(f->watch, &nic));
    g_assert_true(xen_pt_domain_watch_add(f->watch, &nic));
    expect_said(f, "");
    store(KEY, NULL);
    xen_pt_domain_watch_remove(f->watch, &nic);
    xen_pt_domain_watch_remove(f->watch, &nic);
    expect_said(f, "");
    g_assert_cmpuint(g_hash_table_size(xen.watches), ==, 2);
}

static void a_callback_may_add_the_function_again(Fixture *f,
                                                  gconstpointer data)
{
    const XenPtAddress disk = { 0, 4, 0, 0 };

    start_watch(f);
    f->re_add = true;
    store(KEY, "7");
    store("/libxl/pci/0000-04-00-0/domid", "7");
    g_assert_true(xen_pt_domain_watch_add(f->watch, &nic));
    g_assert_true(xen_pt_domain_watch_add(f->watch, &disk));
    expect_said(f, "");
    store(KEY, NULL);
    store("/libxl/pci/0000-04-00-0/domid", NULL);
    expect_said(f, "dropped 0000:03:02.1\ndropped 0000:04:00.0\n");
    store(KEY, "7");
    expect_said(f, "");
    store(KEY, NULL);
    expect_said(f, "dropped 0000:03:02.1\n");
}

#define BACKEND "/local/domain/0/backend/pci/7/0/"

static void the_end_of_an_attach_is_seen_once(Fixture *f, gconstpointer data)
{
    const XenPtAddress disk = { 0, 4, 0, 0 };

    start_watch(f);
    g_assert_true(xen_pt_domain_watch_add(f->watch, &disk));
    g_assert_true(xen_pt_domain_watch_add(f->watch, &nic));
    expect_said(f, "");
    store(BACKEND "num_devs", "2");
    store(BACKEND "dev-1", "0000:03:02.1");
    expect_said(f, "");
    store(BACKEND "opts-1", "msitranslate=1,power_mgmt=0");
    expect_said(f, "attached 0000:03:02.1 msitranslate=1,power_mgmt=0\n");
    store(BACKEND "state-1", "4");
    expect_said(f, "");
    store(BACKEND "opts-0", "power_mgmt=1");
    store(BACKEND "dev-0", "0000:04:00.0");
    expect_said(f, "attached 0000:04:00.0 power_mgmt=1\n");
    store(BACKEND "state-0", "4");
    expect_said(f, "");
}

static void a_garbled_backend_attaches_nothing(Fixture *f,
                                               gconstpointer data)
{
    static const char *const num[] = {
        "", "-1", "257", "4294967297", "x", "2x",
    };

    start_watch(f);
    g_assert_true(xen_pt_domain_watch_add(f->watch, &nic));
    store(BACKEND "opts-0", "power_mgmt=1");
    for (size_t i = 0; i < G_N_ELEMENTS(num); i++) {
        store(BACKEND "dev-0", "0000:03:02.1");
        store(BACKEND "num_devs", num[i]);
        expect_said(f, "");
    }
    store(BACKEND "dev-0", "03:02:1");
    store(BACKEND "num_devs", "256");
    expect_said(f, "");
    store(BACKEND "dev-255", "0000:03:02.1");
    store(BACKEND "opts-255", "");
    expect_said(f, "attached 0000:03:02.1 \n");
}

static void each_failure_to_start_leaves_nothing_open(Fixture *f,
                                                      gconstpointer data)
{
    GError *err = NULL;

    xen.no_store = true;
    g_assert_null(xen_pt_domain_watch_new(handle, DOMID, &ops, f, &err));
    g_assert_error(err, XEN_PT_ERROR, XEN_PT_ERROR_HYPERVISOR);
    g_assert_nonnull(strstr(err->message, "connect to xenstore"));
    g_assert_nonnull(strstr(err->message, "so its end will not be noticed"));
    g_clear_error(&err);
    xen.no_store = false;
    xen.no_watch = true;
    g_assert_null(xen_pt_domain_watch_new(NULL, DOMID, &ops, f, &err));
    g_assert_nonnull(strstr(err->message, "@releaseDomain"));
    g_clear_error(&err);
    g_assert_cmpint(xen.handles, ==, 0);
    xen.fail_rc = -1;
    xen.fail_errno = EACCES;
    g_assert_null(xen_pt_domain_watch_new(NULL, DOMID, &ops, f, &err));
    g_assert_nonnull(strstr(err->message, "talk to Xen"));
    g_clear_error(&err);
    xen.no_watch = false;
    xen.no_backend = true;
    g_assert_null(xen_pt_domain_watch_new(handle, DOMID, &ops, f, &err));
    g_assert_nonnull(strstr(err->message, "watch the PCI backend"));
    g_clear_error(&err);
    xen.no_backend = false;
    start_watch(f);
    xen.no_watch = true;
    g_assert_false(xen_pt_domain_watch_add(f->watch, &nic));
}

#define TEST(name) \
    g_test_add("/xen/" #name, Fixture, NULL, set_up, name, tear_down)

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    TEST(each_operation_is_the_call_it_names);
    TEST(what_the_guest_has_no_right_to_is_unmapped_all_the_same);
    TEST(msi_and_msix_are_told_apart_by_the_table);
    TEST(xens_errno_arrives_and_nothing_is_written);
    TEST(a_library_that_forgets_errno_still_fails);
    TEST(a_pirq_beyond_eight_bits_is_refused);
    TEST(a_pvh_dom0_asks_for_the_gsi);
    TEST(another_segment_reaches_xen);
    TEST(several_vectors_need_all_that_they_need);
    TEST(the_question_for_vectors_leaves_nothing_mapped);
    TEST(several_vectors_are_one_request);
    TEST(features_are_xens_word);
    TEST(libxl_unmaps_gsis_since_4_18);
    TEST(a_handle_of_its_own_is_closed);
    TEST(a_running_domain_is_no_news);
    TEST(each_way_of_ending_is_gone);
    TEST(a_suspended_domain_is_watched_for_its_resume);
    TEST(a_suspended_domain_may_die);
    TEST(xens_silence_changes_nothing);
    TEST(asking_now_reports_at_once);
    TEST(a_key_that_vanishes_drops_the_function);
    TEST(a_key_is_read_only_when_it_has_changed);
    TEST(a_key_that_vanishes_before_it_is_processed_counts);
    TEST(a_key_that_comes_later_counts_as_well);
    TEST(a_key_that_never_was_ours_means_nothing);
    TEST(a_store_that_does_not_answer_drops_nothing);
    TEST(a_function_that_left_is_not_reported);
    TEST(a_callback_may_add_the_function_again);
    TEST(the_end_of_an_attach_is_seen_once);
    TEST(a_garbled_backend_attaches_nothing);
    TEST(each_failure_to_start_leaves_nothing_open);
    return g_test_run();
}
