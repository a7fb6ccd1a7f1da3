/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * xen-pt fuzzing: runs a target over files, or over a directory of them
 */
#include <stdio.h>

#include "fuzz.h"

static bool replay(const char *path)
{
    char *data;
    gsize size;

    if (!g_file_get_contents(path, &data, &size, NULL)) {
        fprintf(stderr, "fuzz-replay: %s cannot be read\n", path);
        return false;
    }
    LLVMFuzzerTestOneInput((const uint8_t *)data, size);
    g_free(data);
    return true;
}

int main(int argc, char **argv)
{
    unsigned count = 0;

    for (int i = 1; i < argc; i++) {
        GDir *dir = g_dir_open(argv[i], 0, NULL);
        const char *name;

        if (!dir) {
            count += replay(argv[i]);
            continue;
        }
        while ((name = g_dir_read_name(dir))) {
            char *path = g_build_filename(argv[i], name, NULL);

            count += replay(path);
            g_free(path);
        }
        g_dir_close(dir);
    }
    printf("%u inputs\n", count);
    /* a corpus that is not there must not read as one that passes */
    return count > 0 ? 0 : 1;
}
