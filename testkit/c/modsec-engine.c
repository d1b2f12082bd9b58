/*
 * libmodsecurity as an oracle: one process that loads rules once and judges transactions that come over its standard input.
 *
 *     modsec-engine [--time] [--inline FILE | FILE]...
 *
 * FILE is loaded by path, so that names in it stand relative to it; --inline loads the text of FILE as if it had none.
 *
 * A transaction is a sequence of fields, each a length (4 bytes, big endian) and that many bytes: method, target, version,
 * client address, body; then a count (4 bytes) of headers, each a name and a value; then the status of the response (4
 * bytes, 0 for none), its body, its count of headers and its headers. For each transaction one line of JSON is answered:
 *
 *     {"ids":[920350,949110],"status":403,"cpu_ns":681000}
 *
 * `ids` are the rules that wrote to the server's log, in their order; `status` is null unless the rules ask for an
 * intervention; `cpu_ns` is the processor time of this thread from making the transaction to freeing it, 0 without --time.
 * The first line, before any transaction, is {"ready":true}. Trouble goes to the standard error and ends with status 1.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <modsecurity/modsecurity.h>
#include <modsecurity/rules_set.h>
#include <modsecurity/transaction.h>

enum { FIELD_MAX = 1 << 27, HEADERS_MAX = 100000, IDS_MAX = 8192 };

struct field {
    uint32_t length;
    unsigned char *bytes; /* ends with a zero byte that is not counted */
};

struct headers {
    uint32_t count;
    struct field *fields; /* name, value, name, value ... */
};

struct message {
    struct field method, target, version, client, body;
    struct headers headers;
    uint32_t status;
    struct field response_body;
    struct headers response_headers;
};

struct verdict {
    unsigned long ids[IDS_MAX];
    size_t count;
    int status;
    uint64_t cpu_ns;
};

static void give_up(const char *why, const char *what)
{
    fprintf(stderr, "modsec-engine: %s%s%s\n", why, what ? ": " : "", what ? what : "");
    exit(1);
}

static void *allocate(size_t size)
{
    void *memory = calloc(1, size ? size : 1);
    if (!memory)
        give_up("no memory", NULL);
    return memory;
}

/* Everything or, where an end is allowed and nothing was left, nothing. */
static int read_all(void *into, size_t length, int end_allowed)
{
    size_t read = fread(into, 1, length, stdin);
    if (read == length)
        return 1;
    if (read == 0 && end_allowed && feof(stdin))
        return 0;
    give_up("the input ends inside a transaction", NULL);
    return 0;
}

static int read_number(uint32_t *number, int end_allowed)
{
    unsigned char bytes[4];
    if (!read_all(bytes, sizeof bytes, end_allowed))
        return 0;
    *number = (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
    return 1;
}

static int read_field(struct field *field, int end_allowed)
{
    if (!read_number(&field->length, end_allowed))
        return 0;
    if (field->length > FIELD_MAX)
        give_up("a field is too long", NULL);
    field->bytes = allocate((size_t)field->length + 1);
    if (field->length)
        read_all(field->bytes, field->length, 0);
    return 1;
}

static void read_headers(struct headers *headers)
{
    read_number(&headers->count, 0);
    if (headers->count > HEADERS_MAX)
        give_up("too many headers", NULL);
    headers->fields = allocate(2 * (size_t)headers->count * sizeof *headers->fields);
    for (uint32_t index = 0; index < 2 * headers->count; index++)
        read_field(&headers->fields[index], 0);
}

static int read_message(struct message *message)
{
    if (!read_field(&message->method, 1))
        return 0;
    read_field(&message->target, 0);
    read_field(&message->version, 0);
    read_field(&message->client, 0);
    read_field(&message->body, 0);
    read_headers(&message->headers);
    read_number(&message->status, 0);
    read_field(&message->response_body, 0);
    read_headers(&message->response_headers);
    return 1;
}

static void free_headers(struct headers *headers)
{
    for (uint32_t index = 0; index < 2 * headers->count; index++)
        free(headers->fields[index].bytes);
    free(headers->fields);
}

static void free_message(struct message *message)
{
    free(message->method.bytes);
    free(message->target.bytes);
    free(message->version.bytes);
    free(message->client.bytes);
    free(message->body.bytes);
    free(message->response_body.bytes);
    free_headers(&message->headers);
    free_headers(&message->response_headers);
}

/* The library hands over one line of the server's log for each rule that logs. */
static void on_log(void *data, const void *line)
{
    struct verdict *verdict = data;
    const char *at = line ? strstr(line, "\"] [id \"") : NULL;
    if (verdict && at && verdict->count < IDS_MAX)
        verdict->ids[verdict->count++] = strtoul(at + strlen("\"] [id \""), NULL, 10);
}

static uint64_t thread_ns(void)
{
    struct timespec now;
    if (clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now))
        give_up("clock_gettime", strerror(errno));
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* True when the rules ask for an intervention; the phases after it are not run, as in a server. */
static int intervened(Transaction *transaction, struct verdict *verdict)
{
    ModSecurityIntervention intervention = {.status = 200};
    if (!msc_intervention(transaction, &intervention))
        return 0;
    verdict->status = intervention.status;
    on_log(verdict, intervention.log); /* the rule that intervenes is told to the server only here */
    free(intervention.log);
    free(intervention.url);
    return 1;
}

static void run_response(Transaction *transaction, const struct message *message, struct verdict *verdict)
{
    for (uint32_t index = 0; index < message->response_headers.count; index++) {
        const struct field *name = &message->response_headers.fields[2 * index], *value = name + 1;
        msc_add_n_response_header(transaction, name->bytes, name->length, value->bytes, value->length);
    }
    msc_process_response_headers(transaction, (int)message->status, "HTTP/1.1");
    if (intervened(transaction, verdict))
        return;
    msc_append_response_body(transaction, message->response_body.bytes, message->response_body.length);
    msc_process_response_body(transaction);
    intervened(transaction, verdict);
}

static void run_phases(Transaction *transaction, const struct message *message, struct verdict *verdict)
{
    const char *version = (const char *)message->version.bytes;
    if (strncmp(version, "HTTP/", 5) == 0)
        version += 5; /* the library puts it there itself */
    msc_process_connection(transaction, (const char *)message->client.bytes, 40000, "127.0.0.1", 80);
    msc_process_uri(transaction, (const char *)message->target.bytes, (const char *)message->method.bytes, version);
    for (uint32_t index = 0; index < message->headers.count; index++) {
        const struct field *name = &message->headers.fields[2 * index], *value = name + 1;
        msc_add_n_request_header(transaction, name->bytes, name->length, value->bytes, value->length);
    }
    msc_process_request_headers(transaction);
    if (intervened(transaction, verdict))
        return;
    if (message->body.length) {
        msc_append_request_body(transaction, message->body.bytes, message->body.length);
        if (intervened(transaction, verdict))
            return;
    }
    msc_process_request_body(transaction);
    if (intervened(transaction, verdict))
        return;
    if (message->status)
        run_response(transaction, message, verdict);
}

static void judge(ModSecurity *library, RulesSet *rules, const struct message *message, struct verdict *verdict, int timed)
{
    uint64_t before = timed ? thread_ns() : 0;
    Transaction *transaction = msc_new_transaction(library, rules, verdict);
    run_phases(transaction, message, verdict);
    msc_process_logging(transaction);
    msc_transaction_cleanup(transaction);
    verdict->cpu_ns = timed ? thread_ns() - before : 0;
}

static void answer(const struct verdict *verdict)
{
    printf("{\"ids\":[");
    for (size_t index = 0; index < verdict->count; index++)
        printf("%s%lu", index ? "," : "", verdict->ids[index]);
    printf("],\"status\":");
    if (verdict->status)
        printf("%d", verdict->status);
    else
        printf("null");
    printf(",\"cpu_ns\":%llu}\n", (unsigned long long)verdict->cpu_ns);
    if (fflush(stdout))
        give_up("answer", strerror(errno));
}

static char *text_of(const char *path)
{
    FILE *file = fopen(path, "rb");
    if (!file)
        give_up(path, strerror(errno));
    char *text = allocate(FIELD_MAX);
    size_t length = fread(text, 1, FIELD_MAX - 1, file);
    if (ferror(file) || !feof(file))
        give_up(path, "cannot be read, or is too long");
    fclose(file);
    text[length] = 0;
    return text;
}

int main(int count, char **arguments)
{
    static struct verdict verdict;
    int timed = 0;
    ModSecurity *library = msc_init();
    msc_set_connector_info(library, "modsec-engine");
    msc_set_log_cb(library, on_log);
    RulesSet *rules = msc_create_rules_set();
    for (int index = 1; index < count; index++) {
        const char *trouble = NULL;
        int loaded = 0;
        if (strcmp(arguments[index], "--time") == 0) {
            timed = 1;
        } else if (strcmp(arguments[index], "--inline") == 0 && index + 1 < count) {
            char *text = text_of(arguments[++index]);
            loaded = msc_rules_add(rules, text, &trouble);
            free(text);
        } else {
            loaded = msc_rules_add_file(rules, arguments[index], &trouble);
        }
        if (loaded < 0)
            give_up(arguments[index], trouble ? trouble : "not loaded");
    }
    printf("{\"ready\":true}\n");
    fflush(stdout);
    for (;;) {
        struct message message = {0};
        memset(&verdict, 0, sizeof verdict);
        if (!read_message(&message))
            break;
        judge(library, rules, &message, &verdict, timed);
        answer(&verdict);
        free_message(&message);
    }
    msc_rules_cleanup(rules);
    msc_cleanup(library);
    return 0;
}
