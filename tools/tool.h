/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The xen-pt command: what its subcommands share
 *
 * Nothing here changes anything on the host, in Xen or in a guest.  What is
 * for people goes to stdout, one sentence for what went wrong to stderr.
 */
#ifndef XEN_PT_TOOL_H
#define XEN_PT_TOOL_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "xen-pt/device.h"

/* Documented in xen-pt(1). */
enum {
    EXIT_OK = 0,
    EXIT_FINDING = 1,       /* the answer is no; something is wrong there */
    EXIT_USAGE = 2,         /* the command line cannot be meant */
    EXIT_ENVIRONMENT = 3,   /* what was asked about cannot be looked at */
};

/* -- main.c --------------------------------------------------------------- */

/* What every subcommand takes. */
extern gboolean tool_json;
extern int tool_wait;         /* seconds, for an answer of another program */
extern char *tool_root;      /* "" or a directory, no slash at its end */

/* "xen-pt: SENTENCE"; returns exit. */
int tool_fail(int exit, const char *format, ...) G_GNUC_PRINTF(2, 3);
/* The same with the error's message; frees it. */
int tool_fail_error(int exit, GError *error);
/* Under the root; the caller frees it. */
char *tool_path(const char *format, ...) G_GNUC_PRINTF(1, 2);
/* The BDF of the command line, or a sentence and false. */
bool tool_address(const char *text, XenPtAddress *address);
bool tool_same(const XenPtAddress *a, const XenPtAddress *b);
/* The text as it stands in a terminal: control characters become '?'. */
char *tool_clean(const char *text);
/* "64K"; the caller frees it. */
char *tool_size(uint64_t size);
/* Appends prefix and text, broken at 79 columns, from column indent on. */
void tool_wrap(GString *out, const char *prefix, unsigned indent,
               const char *text);
/* Prints what is in out and a newline; false if it could not be written. */
bool tool_print(GString *out);

typedef struct ToolCommand {
    const char *name;
    const char *arguments;       /* for the usage line */
    const char *summary;         /* one line, for the list of commands */
    const char *description;     /* for --help; may be NULL */
    const GOptionEntry *options; /* its own, or NULL */
    int min_args, max_args;
    int (*run)(int argc, char **argv);  /* argv[0]: the first argument */
} ToolCommand;

extern const ToolCommand command_list, command_explain, command_doctor,
                         command_status, command_config_dump;

/* -- sysfs.c: attributes of a function, by hand --------------------------- */

/* Contents of a file below the function's directory, stripped, or NULL. */
char *tool_attribute(const XenPtAddress *address, const char *name);
/* The name of what a link points to ("pciback"), or NULL. */
char *tool_link(const XenPtAddress *address, const char *name);
/* All functions of the host, sorted: XenPtAddress; empty: none. */
GArray *tool_functions(GError **errp);
bool tool_exists(const XenPtAddress *address);
/* Reads up to len bytes of config space; returns how many. */
size_t tool_config(const XenPtAddress *address, uint8_t *buf, size_t len);

/* -- names.c: libpci's database ------------------------------------------- */

/* "Ethernet controller: Intel Corporation 82574L"; the caller frees it. */
char *tool_device_name(uint32_t class_code, uint16_t vendor, uint16_t device);

/* -- xenstore.c: looking things up, never writing ------------------------- */

typedef struct XenStore XenStore;

/* NULL: no xenstore here; *why is then a clause for a sentence. */
XenStore *xenstore_open(const char **why);
void xenstore_close(XenStore *xs);
/* The caller frees it; NULL if there is no such node. */
char *xenstore_read(XenStore *xs, const char *format, ...)
    G_GNUC_PRINTF(2, 3);
char **xenstore_list(XenStore *xs, const char *path);
/* It did not answer: what was asked since is not known. */
bool xenstore_is_silent(const XenStore *xs);
/* The domain that libxl gave the function to, or -1. */
int xenstore_owner(XenStore *xs, const XenPtAddress *address);
/* The same as "dom 3 (web)", or NULL. */
char *xenstore_owner_name(XenStore *xs, const XenPtAddress *address);

/* -- dry.c: the core on a copy of the device, with nothing behind it ------ */

typedef struct DryRun {
    XenPtDevice *dev;
    GPtrArray *said;            /* sentences of level warning and above */
    GArray *writes;             /* DryWrite: what attaching writes to it */
    unsigned calls_attach;      /* hypercalls of realize */
    unsigned calls_bars;        /* of the firmware's enabling decode once */
    unsigned calls_vectors;     /* of a driver that uses all vectors */
    unsigned vectors;           /* how many those are */
    uint8_t host[XEN_PT_CONFIG_EXT_SIZE];    /* all ones past its end */
    uint8_t guest[XEN_PT_CONFIG_EXT_SIZE];
    int host_size;
    char *view;                 /* as xen_pt_introspect_config() */
    char *status;               /* as xen_pt_introspect_status() */
    uint64_t guest_bar[XEN_PT_NUM_REGIONS];
    unsigned bar_calls[XEN_PT_NUM_REGIONS];
    uint64_t bar_units[XEN_PT_NUM_REGIONS];  /* pages or ports mapped */
} DryRun;

typedef struct DryWrite {
    uint16_t offset;
    uint8_t len;
    uint32_t value;
} DryWrite;

/*
 * Opens, plugs in and enables the function on a copy of host's config space;
 * closes host.  On failure NULL, said by errp.
 */
DryRun *dry_run(XenPtHost *host, const XenPtOptions *options, GError **errp);
void dry_free(DryRun *run);
/* Config space as the host has it, for lspci -F; the caller frees it. */
char *dry_host_dump(XenPtHost *host);

/* -- lspci.c: decoding with lspci(8) -------------------------------------- */

/*
 * What `lspci -vvv` says of the dump, by lines and without its first; NULL
 * if lspci cannot be run.
 */
char **lspci_decode(const char *dump);
/* Both in one text: "  " common, "- " first only, "+ " second only. */
void lspci_compare(GString *out, char **host, char **guest);

/* -- json.c: reading ------------------------------------------------------ */

typedef enum JsonType {
    JSON_NULL, JSON_BOOL, JSON_NUMBER, JSON_STRING, JSON_ARRAY, JSON_OBJECT,
} JsonType;

typedef struct Json {
    JsonType type;
    bool boolean;
    double number;
    char *string;
    GPtrArray *items;           /* Json: elements, or members */
    GPtrArray *names;           /* of members, in the same order */
} Json;

/* NULL if text is not one JSON value. */
Json *json_parse(const char *text);
void json_free(Json *json);
/* The member, or NULL; json may be NULL or no object. */
const Json *json_get(const Json *json, const char *name);
/* With a default where it is missing or of another type. */
const char *json_str(const Json *json, const char *name, const char *none);
int64_t json_int(const Json *json, const char *name, int64_t none);
bool json_bool(const Json *json, const char *name);
unsigned json_len(const Json *json);
const Json *json_at(const Json *json, unsigned i);

/* -- qmp.c: a device model's second monitor ------------------------------- */

typedef struct Qmp Qmp;

/*
 * domain: a name or a number.  On failure NULL, a sentence in errp, and the
 * exit code for it in *exit.
 */
Qmp *qmp_open(const char *domain, int *exit, GError **errp);
void qmp_close(Qmp *qmp);
/* qom-get of a string property; NULL and errp if there is none. */
char *qmp_get_string(Qmp *qmp, const char *path, const char *property,
                     GError **errp);
/* QOM paths of all passed-through functions (owned strings). */
GPtrArray *qmp_functions(Qmp *qmp, GError **errp);
/* "domain 3 (web)" */
const char *qmp_domain(const Qmp *qmp);
/*
 * The status of each function, or of the one at address if it is not NULL:
 * Json, with the QOM paths in *paths (owned, may be NULL).
 */
GPtrArray *qmp_status(Qmp *qmp, const XenPtAddress *address,
                      GPtrArray **paths, int *exit, GError **errp);

#endif /* XEN_PT_TOOL_H */
