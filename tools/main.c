/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The xen-pt command: which subcommand, and what they share
 */
#include <inttypes.h>
#include <locale.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tool.h"

gboolean tool_json;
int tool_wait = 5;
char *tool_root;

static const ToolCommand *const commands[] = {
    &command_list, &command_explain, &command_doctor, &command_status,
    &command_config_dump,
};

/* -- shared --------------------------------------------------------------- */

int tool_fail(int exit, const char *format, ...)
{
    g_autofree char *text = NULL, *clean = NULL;
    va_list ap;

    va_start(ap, format);
    text = g_strdup_vprintf(format, ap);
    va_end(ap);
    clean = tool_clean(text);
    fprintf(stderr, "xen-pt: %s\n", clean);
    return exit;
}

int tool_fail_error(int exit, GError *error)
{
    tool_fail(exit, "%s", error->message);
    g_error_free(error);
    return exit;
}

char *tool_path(const char *format, ...)
{
    g_autofree char *path = NULL;
    va_list ap;

    va_start(ap, format);
    path = g_strdup_vprintf(format, ap);
    va_end(ap);
    return g_strconcat(tool_root, path, NULL);
}

bool tool_address(const char *text, XenPtAddress *address)
{
    if (xen_pt_address_parse(text, address)) {
        return true;
    }
    tool_fail(EXIT_USAGE, "'%s' is not the address of a PCI function; give "
              "it as [DDDD:]BB:SS.F in hexadecimal, as `lspci -D` prints it",
              text);
    return false;
}

bool tool_same(const XenPtAddress *a, const XenPtAddress *b)
{
    return a->segment == b->segment && a->bus == b->bus &&
           a->slot == b->slot && a->function == b->function;
}

char *tool_clean(const char *text)
{
    char *clean = g_utf8_make_valid(text, -1);

    for (char *p = clean; *p; p++) {
        if ((unsigned char)*p < 0x20 || *p == 0x7f) {
            *p = *p == '\n' || *p == '\t' ? ' ' : '?';
        }
    }
    return clean;
}

char *tool_size(uint64_t size)
{
    static const char *const units[] = { "", "K", "M", "G", "T" };
    unsigned i = 0;

    while (size >= 1024 && size % 1024 == 0 && i < 4) {
        size /= 1024;
        i++;
    }
    return g_strdup_printf("%" PRIu64 "%s", size, units[i]);
}

void tool_wrap(GString *out, const char *prefix, unsigned indent,
               const char *text)
{
    g_auto(GStrv) words = g_strsplit(text, " ", -1);
    unsigned column;

    g_string_append_printf(out, "%-*s", indent, prefix);
    column = MAX(indent, strlen(prefix));
    for (char **w = words; *w; w++) {
        unsigned len = strlen(*w);

        if (column > indent && column + 1 + len > 79) {
            g_string_append_printf(out, "\n%*s", indent, "");
            column = indent;
        } else if (column > indent) {
            g_string_append_c(out, ' ');
            column++;
        }
        g_string_append(out, *w);
        column += len;
    }
    g_string_append_c(out, '\n');
}

bool tool_print(GString *out)
{
    bool ok;

    /* names and sentences of elsewhere do not steer the terminal */
    for (char *p = out->str; *p; p++) {
        if (((unsigned char)*p < 0x20 && *p != '\n' && *p != '\t') ||
            *p == 0x7f) {
            *p = '?';
        }
    }
    g_string_append_c(out, '\n');
    ok = fwrite(out->str, 1, out->len, stdout) == out->len;
    return fflush(stdout) == 0 && ok;
}

/* Whoever printed, GLib's --help too, and however it ends. */
static void check_output(void)
{
    if (fflush(stdout) != 0 || ferror(stdout)) {
        _exit(tool_fail(EXIT_ENVIRONMENT, "the output could not be written; "
                        "is standard output closed, or its disk full?"));
    }
}

/* -- the command line ----------------------------------------------------- */

static void print_commands(FILE *file)
{
    fputs("usage: xen-pt COMMAND [ARGUMENT...]\n\n"
          "PCI passthrough to HVM guests of Xen: what can be passed through, "
          "and what a\nguest's device is doing. Nothing is changed.\n\n",
          file);
    for (unsigned i = 0; i < G_N_ELEMENTS(commands); i++) {
        fprintf(file, "  %-12s %s\n", commands[i]->name,
                commands[i]->summary);
    }
    fputs("\n`xen-pt COMMAND --help` has the rest; so has xen-pt(1). --json "
          "on each of them.\n"
          "Exit status: 0 yes or done, 1 no or something is wrong, 2 usage, "
          "3 cannot look.\n", file);
}

static const ToolCommand *find(const char *name)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(commands); i++) {
        if (strcmp(commands[i]->name, name) == 0) {
            return commands[i];
        }
    }
    return NULL;
}

static int run(const ToolCommand *command, int argc, char **argv)
{
    const GOptionEntry shared[] = {
        { "json", 'j', 0, G_OPTION_ARG_NONE, &tool_json,
          "Print one JSON object instead of text", NULL },
        { "wait", 'w', 0, G_OPTION_ARG_INT, &tool_wait,
          "Wait so long for an answer of others (5)",
          "SECONDS" },
        { "root", 0, 0, G_OPTION_ARG_FILENAME, &tool_root,
          "Look at /sys and sockets below DIR (a copy, a test)",
          "DIR" },
        { NULL }
    };
    g_autofree char *prefix = g_strdup_printf("xen-pt %s", command->name);
    g_autofree char *usage = g_strdup_printf("%s\n\n%s.", command->arguments,
                                             command->summary);
    g_autoptr(GOptionContext) context = g_option_context_new(usage);
    GError *error = NULL;

    g_set_prgname(prefix);
    if (command->options) {
        g_option_context_add_main_entries(context, command->options, NULL);
    }
    g_option_context_add_main_entries(context, shared, NULL);
    if (command->description) {
        g_option_context_set_description(context, command->description);
    }
    if (!g_option_context_parse(context, &argc, &argv, &error)) {
        tool_fail(EXIT_USAGE, "%s; `%s --help` lists the options",
                  error->message, prefix);
        g_error_free(error);
        return EXIT_USAGE;
    }
    argc--, argv++;
    if (argc > 0 && strcmp(argv[0], "--") == 0) {
        argc--, argv++;
    }
    if (argc < command->min_args || argc > command->max_args) {
        return tool_fail(EXIT_USAGE, "%s takes %s; `%s --help` has the rest",
                         command->name,
                         *command->arguments ? command->arguments
                                             : "no argument", prefix);
    }
    if (tool_wait < 1 || tool_wait > 3600) {
        return tool_fail(EXIT_USAGE, "--wait takes a number of seconds "
                         "from 1 to 3600");
    }
    if (!tool_root) {
        tool_root = g_strdup("");
    }
    while (g_str_has_suffix(tool_root, "/")) {
        tool_root[strlen(tool_root) - 1] = '\0';
    }
    return command->run(argc, argv);
}

static int no_command(const char *name)
{
    if (*name == '-') {
        return tool_fail(EXIT_USAGE, "options come after the command, as in "
                         "`xen-pt list %s`; `xen-pt --help` lists the "
                         "commands", name);
    }
    return tool_fail(EXIT_USAGE, "there is no command '%s'; `xen-pt --help` "
                     "lists them", name);
}

int main(int argc, char **argv)
{
    const ToolCommand *command;

    setlocale(LC_CTYPE, "");
    atexit(check_output);
    if (argc < 2) {
        print_commands(stderr);
        return EXIT_USAGE;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 ||
        strcmp(argv[1], "help") == 0) {
        char *help[] = { argv[0], (char *)"--help", NULL };

        if (argc < 3) {
            print_commands(stdout);
            return EXIT_OK;
        }
        command = find(argv[2]);
        return command ? run(command, 2, help) : no_command(argv[2]);
    }
    if (strcmp(argv[1], "--version") == 0) {
        puts("xen-pt " XEN_PT_VERSION);
        return EXIT_OK;
    }
    command = find(argv[1]);
    return command ? run(command, argc - 1, argv + 1) : no_command(argv[1]);
}
