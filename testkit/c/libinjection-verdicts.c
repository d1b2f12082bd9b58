/*
 * Verdicts of libinjection's C code, for comparison with crates/waf/src/libinjection.rs.
 *
 * Build:  cc -O2 -I"$SRC" -o libinjection-verdicts libinjection-verdicts.c \
 *             "$SRC"/libinjection_sqli.c "$SRC"/libinjection_html5.c "$SRC"/libinjection_xss.c
 * where SRC is others/libinjection/src of `apt-get source modsecurity`.
 *
 * Reads values from standard input, each behind its length (32 bits, little-endian), and answers eight bytes for each:
 * SQL injection (0 or 1), XSS (0 or 1), and the fingerprint, filled up with NULs.
 *
 * With the argument `time N` it reads all values first, judges them N times and writes the nanoseconds of processor time per
 * value for either verdict, as two numbers.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "libinjection.h"

struct value {
    char *bytes;
    size_t len;
};

/* A value with a NUL behind it, as libmodsecurity passes it; the C code may look at that NUL. */
static int read_value(struct value *value)
{
    unsigned char prefix[4];
    if (fread(prefix, 1, sizeof prefix, stdin) != sizeof prefix) {
        return 0;
    }
    value->len = prefix[0] | (size_t) prefix[1] << 8 | (size_t) prefix[2] << 16 | (size_t) prefix[3] << 24;
    value->bytes = malloc(value->len + 1);
    if (value->bytes == NULL || fread(value->bytes, 1, value->len, stdin) != value->len) {
        fprintf(stderr, "a value is cut short\n");
        exit(1);
    }
    value->bytes[value->len] = '\0';
    return 1;
}

static void answer(const struct value *value)
{
    char record[8] = {0};
    char fingerprint[16] = {0};
    record[0] = (char) libinjection_sqli(value->bytes, value->len, fingerprint);
    record[1] = (char) libinjection_xss(value->bytes, value->len);
    if (record[0]) {
        memcpy(record + 2, fingerprint, strnlen(fingerprint, 6));
    }
    fwrite(record, 1, sizeof record, stdout);
}

static double processor_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double) now.tv_sec * 1e9 + (double) now.tv_nsec;
}

static int measure(int rounds)
{
    struct value *values = NULL;
    size_t count = 0, room = 0;
    double start, between, end;
    volatile int found = 0;
    struct value value;
    while (read_value(&value)) {
        if (count == room) {
            room = room ? room * 2 : 1024;
            values = realloc(values, room * sizeof *values);
            if (values == NULL) {
                return 1;
            }
        }
        values[count++] = value;
    }
    start = processor_ns();
    for (int round = 0; round < rounds; round++) {
        for (size_t i = 0; i < count; i++) {
            char fingerprint[16];
            found += libinjection_sqli(values[i].bytes, values[i].len, fingerprint);
        }
    }
    between = processor_ns();
    for (int round = 0; round < rounds; round++) {
        for (size_t i = 0; i < count; i++) {
            found += libinjection_xss(values[i].bytes, values[i].len);
        }
    }
    end = processor_ns();
    printf("%.1f %.1f\n", (between - start) / rounds / (double) count, (end - between) / rounds / (double) count);
    return 0;
}

int main(int argc, char **argv)
{
    struct value value;
    if (argc == 3 && strcmp(argv[1], "time") == 0) {
        return measure(atoi(argv[2]));
    }
    while (read_value(&value)) {
        answer(&value);
        free(value.bytes);
    }
    return 0;
}
