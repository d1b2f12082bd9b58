/*
 * What PCRE2 finds, compiled as libmodsecurity 3.0.9 does, for comparison with crates/waf/src/pattern.rs.
 *
 * Build:  cc -O2 -o pcre2-matches pcre2-matches.c -lpcre2-8
 *
 * Standard input, any times, numbers of 32 bits, little-endian, texts behind their lengths:
 *   a pattern, where each search begins, the number of values, these values.
 * Answers for each value, once all of them are read: one byte, 0 (no match), 1 (match), 2 (a limit was hit) or 3 (the pattern
 * does not compile); behind a 1 the ten pairs of places of the match and its groups, -1 for unset.
 *
 * With the argument `plainly` PCRE2 takes no short cuts and does not compile to machine code. With them, PCRE2 10.42 misses
 * matches of (.*?)++b\z, of groups that refer to themselves, and of b{2,}(?:\W)?+b: it anchors, measures or makes possessive
 * what it should not.
 */
#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

/* Steps of one search where machine code has no part in it. */
#define STEPS_MAX 2000000

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

static void cut_short(void)
{
    fprintf(stderr, "the input is cut short\n");
    exit(1);
}

static void need(uint32_t *value)
{
    if (!number(value)) {
        cut_short();
    }
}

static void fill(struct text *text)
{
    text->bytes = malloc((size_t) text->len + 1);
    if (text->bytes == NULL || fread(text->bytes, 1, text->len, stdin) != text->len) {
        cut_short();
    }
}

static void judge(pcre2_code *code, pcre2_match_data *data, pcre2_match_context *limits, const struct text *value, uint32_t from)
{
    if (code == NULL) {
        putchar(3);
        return;
    }
    int count = from > value->len ? PCRE2_ERROR_NOMATCH
                                  : pcre2_match(code, value->bytes, value->len, from, 0, data, limits);
    if (count < 0) {
        putchar(count == PCRE2_ERROR_NOMATCH ? 0 : 2);
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

static void question(const struct text *pattern, int plainly, pcre2_match_context *limits)
{
    uint32_t from;
    uint32_t count;
    need(&from);
    need(&count);
    struct text *values = calloc((size_t) count + 1, sizeof *values);
    if (values == NULL) {
        cut_short();
    }
    for (uint32_t at = 0; at < count; at++) {
        need(&values[at].len);
        fill(&values[at]);
    }
    uint32_t options = PCRE2_DOTALL | PCRE2_MULTILINE;
    if (plainly) {
        options |= PCRE2_NO_START_OPTIMIZE | PCRE2_NO_DOTSTAR_ANCHOR | PCRE2_NO_AUTO_POSSESS;
    }
    int error;
    PCRE2_SIZE offset;
    pcre2_code *code = pcre2_compile(pattern->bytes, pattern->len, options, &error, &offset, NULL);
    pcre2_match_data *data = NULL;
    if (code != NULL) {
        data = pcre2_match_data_create_from_pattern(code, NULL);
        if (!plainly) {
            pcre2_jit_compile(code, PCRE2_JIT_COMPLETE);
        }
    }
    for (uint32_t at = 0; at < count; at++) {
        judge(code, data, plainly ? limits : NULL, &values[at], from);
        free(values[at].bytes);
    }
    free(values);
    pcre2_match_data_free(data);
    pcre2_code_free(code);
    fflush(stdout);
}

int main(int argc, char **argv)
{
    (void) argv;
    struct text pattern;
    pcre2_match_context *limits = pcre2_match_context_create(NULL);
    if (limits == NULL) {
        return 1;
    }
    pcre2_set_match_limit(limits, STEPS_MAX);
    while (number(&pattern.len)) {
        fill(&pattern);
        question(&pattern, argc > 1, limits);
        free(pattern.bytes);
    }
    return 0;
}
