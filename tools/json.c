/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The xen-pt command: reading JSON (RFC 8259), as QMP speaks it
 */
#include <stdlib.h>
#include <string.h>

#include "tool.h"

#define MAX_DEPTH 64

static Json *parse_value(const char **p, int depth);

static void skip_space(const char **p)
{
    *p += strspn(*p, " \t\r\n");
}

static bool hex4(const char **p, unsigned *value)
{
    *value = 0;
    for (int i = 0; i < 4; i++, (*p)++) {
        if (!g_ascii_isxdigit(**p)) {
            return false;
        }
        *value = *value * 16 + g_ascii_xdigit_value(**p);
    }
    return true;
}

static bool parse_escape(const char **p, GString *out)
{
    static const char names[] = "\"\\/bfnrt", chars[] = "\"\\/\b\f\n\r\t";
    const char *found = **p ? strchr(names, **p) : NULL;
    unsigned unit, low;

    if (found) {
        g_string_append_c(out, chars[found - names]);
        (*p)++;
        return true;
    }
    if (**p != 'u') {
        return false;
    }
    (*p)++;
    if (!hex4(p, &unit)) {
        return false;
    }
    if (unit >= 0xd800 && unit < 0xdc00 && (*p)[0] == '\\' &&
        (*p)[1] == 'u') {
        *p += 2;
        if (!hex4(p, &low)) {
            return false;
        }
        unit = 0x10000 + ((unit & 0x3ff) << 10) + (low & 0x3ff);
    }
    g_string_append_unichar(out, unit && g_unichar_validate(unit) ? unit
                                                                  : 0xfffd);
    return true;
}

static char *parse_string(const char **p)
{
    GString *out = g_string_new(NULL);
    bool ok = true;

    (*p)++;
    while (ok && **p != '"') {
        if (**p == '\\') {
            (*p)++;
            ok = parse_escape(p, out);
        } else if ((unsigned char)**p < 0x20) {
            ok = false;
        } else {
            g_string_append_c(out, *(*p)++);
        }
    }
    if (!ok) {
        g_string_free(out, true);
        return NULL;
    }
    (*p)++;
    return g_string_free(out, false);
}

static bool parse_items(const char **p, Json *json, char close, int depth)
{
    json->items = g_ptr_array_new_with_free_func((GDestroyNotify)json_free);
    json->names = g_ptr_array_new_with_free_func(g_free);
    (*p)++;
    skip_space(p);
    if (**p == close) {
        (*p)++;
        return true;
    }
    while (true) {
        Json *item;

        skip_space(p);
        if (close == '}') {
            char *name = **p == '"' ? parse_string(p) : NULL;

            if (!name) {
                return false;
            }
            g_ptr_array_add(json->names, name);
            skip_space(p);
            if (**p != ':') {
                return false;
            }
            (*p)++;
        }
        item = parse_value(p, depth + 1);
        if (!item) {
            return false;
        }
        g_ptr_array_add(json->items, item);
        skip_space(p);
        if (**p == close) {
            (*p)++;
            return true;
        }
        if (**p != ',') {
            return false;
        }
        (*p)++;
    }
}

static Json *parse_value(const char **p, int depth)
{
    Json *json = g_new0(Json, 1);
    bool ok = false;
    char *end;

    skip_space(p);
    if (depth > MAX_DEPTH) {
        ok = false;
    } else if (**p == '{' || **p == '[') {
        json->type = **p == '{' ? JSON_OBJECT : JSON_ARRAY;
        ok = parse_items(p, json, **p == '{' ? '}' : ']', depth);
    } else if (**p == '"') {
        json->type = JSON_STRING;
        json->string = parse_string(p);
        ok = json->string;
    } else if (**p == '-' || g_ascii_isdigit(**p)) {
        json->type = JSON_NUMBER;
        json->number = g_ascii_strtod(*p, &end);
        ok = end > *p;
        *p = end;
    } else if (g_str_has_prefix(*p, "true")) {
        json->type = JSON_BOOL;
        json->boolean = ok = true;
        *p += 4;
    } else if (g_str_has_prefix(*p, "false")) {
        json->type = JSON_BOOL;
        ok = true;
        *p += 5;
    } else if (g_str_has_prefix(*p, "null")) {
        ok = true;
        *p += 4;
    }
    if (!ok) {
        json_free(json);
        return NULL;
    }
    return json;
}

Json *json_parse(const char *text)
{
    Json *json = parse_value(&text, 0);

    skip_space(&text);
    if (json && *text) {
        json_free(json);
        return NULL;
    }
    return json;
}

void json_free(Json *json)
{
    if (!json) {
        return;
    }
    g_free(json->string);
    if (json->items) {
        g_ptr_array_unref(json->items);
        g_ptr_array_unref(json->names);
    }
    g_free(json);
}

const Json *json_get(const Json *json, const char *name)
{
    for (unsigned i = 0; json && json->type == JSON_OBJECT &&
                         i < json->names->len; i++) {
        if (strcmp(json->names->pdata[i], name) == 0) {
            return json->items->pdata[i];
        }
    }
    return NULL;
}

const char *json_str(const Json *json, const char *name, const char *none)
{
    const Json *value = json_get(json, name);

    return value && value->type == JSON_STRING ? value->string : none;
}

int64_t json_int(const Json *json, const char *name, int64_t none)
{
    const Json *value = json_get(json, name);

    return value && value->type == JSON_NUMBER &&
           value->number > -9e15 && value->number < 9e15
           ? (int64_t)value->number : none;
}

bool json_bool(const Json *json, const char *name)
{
    const Json *value = json_get(json, name);

    return value && value->type == JSON_BOOL && value->boolean;
}

unsigned json_len(const Json *json)
{
    return json && json->items ? json->items->len : 0;
}

const Json *json_at(const Json *json, unsigned i)
{
    return i < json_len(json) ? json->items->pdata[i] : NULL;
}
