/*
 * What PCRE2 finds, compiled as libmodsecurity 3.0.9 does, for comparison with crates/waf/src/pattern.rs.
 *
 * Build:  cc -O2 -o pcre2-matches pcre2-matches.c -lpcre2-8
 *
 * Standard input, numbers of 32 bits, little-endian, texts behind their lengths:
 *   number of shared values, these values,
 *   then any times: a pattern, the number of its own values, these values.
 * Answers for each pattern, for the shared values and then its own: one byte, 0 (no match), 1 (match), 2 (match limit) or
 * 3 (the pattern does not compile, for each value); behind a 1 the ten pairs of places of the match and its groups, -1 for unset.
 */
#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

struct text {
    unsigned char *bytes;
    uint32_t len;
};

static int number(uint32_t *value)
{
    unsigned char raw[4];
    if (fread(raw, 1, sizeof raw, stdin) != sizeof raw) {
        return 0;
    }
    *value = raw[0] | (uint32_t) raw[1] << 8 | (uint32_t) raw[2] << 16 | (uint32_t) raw[3] << 24;
    return 1;
}

static int text(struct text *text)
{
    if (!number(&text->len)) {
        return 0;
    }
    text->bytes = malloc(text->len + 1);
    if (text->bytes == NULL || fread(text->bytes, 1, text->len, stdin) != text->len) {
        fprintf(stderr, "a text is cut short\n");
        exit(1);
    }
    return 1;
}

static void judge(pcre2_code *code, pcre2_match_data *data, const struct text *value)
{
    int count = code == NULL ? 0 : pcre2_match(code, value->bytes, value->len, 0, 0, data, NULL);
    if (code == NULL || count < 0) {
        putchar(code == NULL ? 3 : count == PCRE2_ERROR_NOMATCH ? 0 : 2);
        return;
    }
    PCRE2_SIZE *places = pcre2_get_ovector_pointer(data);
    uint32_t pairs = pcre2_get_ovector_count(data);
    putchar(1);
    for (uint32_t at = 0; at < 20; at++) {
        PCRE2_SIZE place = at / 2 < pairs ? places[at] : PCRE2_UNSET;
        int32_t answer = place == PCRE2_UNSET ? -1 : (int32_t) place;
        fwrite(&answer, sizeof answer, 1, stdout);
    }
}

int main(void)
{
    uint32_t shared;
    if (!number(&shared)) {
        return 1;
    }
    struct text *values = calloc(shared + 1, sizeof *values);
    for (uint32_t at = 0; at < shared; at++) {
        text(&values[at]);
    }
    struct text pattern;
    while (text(&pattern)) {
        int error;
        PCRE2_SIZE offset;
        pcre2_code *code = pcre2_compile(pattern.bytes, pattern.len, PCRE2_DOTALL | PCRE2_MULTILINE, &error, &offset, NULL);
        pcre2_match_data *data = NULL;
        if (code != NULL) {
            data = pcre2_match_data_create_from_pattern(code, NULL);
            pcre2_jit_compile(code, PCRE2_JIT_COMPLETE);
        }
        for (uint32_t at = 0; at < shared; at++) {
            judge(code, data, &values[at]);
        }
        uint32_t own;
        if (!number(&own)) {
            return 1;
        }
        for (uint32_t at = 0; at < own; at++) {
            struct text value;
            text(&value);
            judge(code, data, &value);
            free(value.bytes);
        }
        pcre2_match_data_free(data);
        pcre2_code_free(code);
        free(pattern.bytes);
    }
    return 0;
}
