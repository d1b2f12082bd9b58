// What libmodsecurity sees in a request: an oracle for `vauban_waf::body`.
//
// Requests come in on standard input and values go out on standard output, both as fields of a 32-bit length (little endian) and
// that many bytes. A request is six fields: method, target, Content-Type, Cookie, processor (`JSON`, `XML` or empty), body; empty
// headers are left out. An answer is triples of fields (variable, name, value) and ends with one empty field.
//
// C++, because the library shows its variables to C++ only, and exactly as they are, binary bytes included; a rule's log would
// escape and shorten them. XML is the exception: it is evaluated for rules only, so rules collect it in hexadecimal.

#include <modsecurity/modsecurity.h>
#include <modsecurity/rules_set.h>
#include <modsecurity/transaction.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

using modsecurity::AnchoredSetVariable;
using modsecurity::AnchoredVariable;
using modsecurity::VariableValue;

namespace {

const char RULES[] =
    "SecRuleEngine DetectionOnly\n"
    "SecRequestBodyAccess On\n"
    "SecRequestBodyLimit 134217728\n"
    "SecRequestBodyNoFilesLimit 134217728\n"
    "SecRequestBodyJsonDepthLimit 512\n"
    "SecRule REQUEST_HEADERS:X-Processor \"@streq JSON\" \"id:1,phase:1,pass,nolog,ctl:requestBodyProcessor=JSON\"\n"
    "SecRule REQUEST_HEADERS:X-Processor \"@streq XML\" \"id:2,phase:1,pass,nolog,ctl:requestBodyProcessor=XML\"\n"
    "SecAction \"id:3,phase:1,pass,nolog,setvar:tx.text=/,setvar:tx.attributes=/\"\n"
    "SecRule XML:/* \"@unconditionalMatch\" "
    "\"id:4,phase:2,pass,nolog,t:none,t:hexEncode,setvar:tx.text=%{tx.text}%{MATCHED_VAR}/\"\n"
    "SecRule XML://@* \"@unconditionalMatch\" "
    "\"id:5,phase:2,pass,nolog,t:none,t:hexEncode,setvar:tx.attributes=%{tx.attributes}%{MATCHED_VAR}/\"\n";

bool read_field(std::string *field) {
    unsigned char head[4];
    if (fread(head, 1, sizeof head, stdin) != sizeof head) {
        return false;
    }
    const uint32_t length = head[0] | head[1] << 8 | head[2] << 16 | static_cast<uint32_t>(head[3]) << 24;
    field->resize(length);
    return fread(&(*field)[0], 1, length, stdin) == length;
}

void write_field(const std::string &field) {
    const uint32_t length = field.size();
    const unsigned char head[4] = {
        static_cast<unsigned char>(length), static_cast<unsigned char>(length >> 8),
        static_cast<unsigned char>(length >> 16), static_cast<unsigned char>(length >> 24)};
    fwrite(head, 1, sizeof head, stdout);
    fwrite(field.data(), 1, length, stdout);
}

void answer(const char *variable, const std::string &name, const std::string &value) {
    write_field(variable);
    write_field(name);
    write_field(value);
}

void answer_all(const char *variable, AnchoredSetVariable &set) {
    for (const auto &entry : set) {
        answer(variable, entry.first, entry.second->getValue());
    }
}

void answer_one(const char *variable, const AnchoredVariable &one) {
    answer(variable, "", one.m_value);
}

void answer_rule(modsecurity::Transaction *t, const char *variable, const char *key) {
    const std::unique_ptr<std::string> collected = t->m_collections.m_tx_collection->resolveFirst(key);
    answer(variable, "", collected ? *collected : "");
}

void values(modsecurity::Transaction *t) {
    answer_all("ARGS", t->m_variableArgs);
    answer_all("ARGS_GET", t->m_variableArgsGet);
    answer_all("ARGS_POST", t->m_variableArgsPost);
    answer_all("REQUEST_COOKIES", t->m_variableRequestCookies);
    answer_all("FILES", t->m_variableFiles);
    answer_all("FILES_NAMES", t->m_variableFilesNames);
    answer_all("FILES_SIZES", t->m_variableFilesSizes);
    answer_all("MULTIPART_PART_HEADERS", t->m_variableMultipartPartHeaders);
    answer_one("REQUEST_URI", t->m_variableRequestURI);
    answer_one("REQUEST_URI_RAW", t->m_variableRequestURIRaw);
    answer_one("REQUEST_FILENAME", t->m_variableRequestFilename);
    answer_one("REQUEST_BASENAME", t->m_variableRequestBasename);
    answer_one("QUERY_STRING", t->m_variableQueryString);
    answer_one("URLENCODED_ERROR", t->m_variableUrlEncodedError);
    answer_one("REQBODY_ERROR", t->m_variableReqbodyError);
    answer_one("REQBODY_ERROR_MSG", t->m_variableReqbodyErrorMsg);
    answer_one("MULTIPART_BOUNDARY_QUOTED", t->m_variableMultipartBoundaryQuoted);
    answer_one("MULTIPART_BOUNDARY_WHITESPACE", t->m_variableMultipartBoundaryWhiteSpace);
    answer_one("MULTIPART_CRLF_LF_LINES", t->m_variableMultipartCrlfLFLines);
    answer_one("MULTIPART_DATA_AFTER", t->m_variableMultipartDataAfter);
    answer_one("MULTIPART_DATA_BEFORE", t->m_variableMultipartDataBefore);
    answer_one("MULTIPART_HEADER_FOLDING", t->m_variableMultipartHeaderFolding);
    answer_one("MULTIPART_INVALID_HEADER_FOLDING", t->m_variableMultipartInvalidHeaderFolding);
    answer_one("MULTIPART_INVALID_PART", t->m_variableMultipartInvalidPart);
    answer_one("MULTIPART_INVALID_QUOTING", t->m_variableMultipartInvalidQuoting);
    answer_one("MULTIPART_LF_LINE", t->m_variableMultipartLFLine);
    answer_one("MULTIPART_MISSING_SEMICOLON", t->m_variableMultipartMissingSemicolon);
    answer_one("MULTIPART_STRICT_ERROR", t->m_variableMultipartStrictError);
    answer_one("MULTIPART_UNMATCHED_BOUNDARY", t->m_variableMultipartUnmatchedBoundary);
    answer_rule(t, "XML:/*", "text");
    answer_rule(t, "XML://@*", "attributes");
    write_field("");
}

void header(modsecurity::Transaction *t, const char *name, const std::string &value) {
    if (!value.empty()) {
        t->addRequestHeader(std::string(name), value);
    }
}

}  // namespace

int main() {
    modsecurity::ModSecurity library;
    modsecurity::RulesSet rules;
    if (rules.load(RULES, "modsec-values") < 0) {
        fprintf(stderr, "rules: %s\n", rules.getParserError().c_str());
        return EXIT_FAILURE;
    }
    std::string method, target, type, cookie, processor, body;
    while (read_field(&method) && read_field(&target) && read_field(&type) && read_field(&cookie) && read_field(&processor)
        && read_field(&body)) {
        modsecurity::Transaction t(&library, &rules, nullptr);
        t.processConnection("192.0.2.1", 1024, "192.0.2.2", 80);
        t.processURI(target.c_str(), method.c_str(), "1.1");
        header(&t, "Content-Type", type);
        header(&t, "Cookie", cookie);
        header(&t, "X-Processor", processor);
        t.processRequestHeaders();
        t.appendRequestBody(reinterpret_cast<const unsigned char *>(body.data()), body.size());
        t.processRequestBody();
        values(&t);
        fflush(stdout);
    }
    return EXIT_SUCCESS;
}
