/*
 * What libmodsecurity makes of a value: the oracle of `crates/waf/src/transform`.
 *
 *   modsec-transform NAME [UNICODE_MAP CODE_PAGE]
 *
 * Standard input is a row of values, each a length (four bytes, little end first) and so many bytes; standard output is the
 * row of results in the same form. NAME is a transformation without `t:`, spelt as in libmodsecurity's manual.
 *
 * Build: c++ -O1 -o modsec-transform modsec-transform.cc -lmodsecurity
 *
 * The library's public headers declare the base class of transformations but not the function that makes one by its name; the
 * library exports it, and it is declared here.
 */
#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>

#include <modsecurity/actions/action.h>
#include <modsecurity/modsecurity.h>
#include <modsecurity/rules_set.h>
#include <modsecurity/transaction.h>

namespace modsecurity::actions::transformations {
class Transformation : public Action {
 public:
    static Transformation *instantiate(std::string name);
};
}  // namespace modsecurity::actions::transformations

static bool read_value(std::string *value) {
    unsigned char head[4];
    if (fread(head, 1, sizeof head, stdin) != sizeof head) {
        return false;
    }
    const uint32_t length = head[0] | head[1] << 8 | head[2] << 16 | static_cast<uint32_t>(head[3]) << 24;
    value->resize(length);
    return fread(value->data(), 1, length, stdin) == length;
}

static void write_value(const std::string &value) {
    const uint32_t length = value.size();
    for (int shift = 0; shift < 32; shift += 8) {
        putchar(static_cast<int>(length >> shift & 0xff));
    }
    fwrite(value.data(), 1, length, stdout);
}

int main(int count, char **arguments) {
    if (count != 2 && count != 4) {
        fprintf(stderr, "usage: modsec-transform NAME [UNICODE_MAP CODE_PAGE]\n");
        return 2;
    }
    modsecurity::ModSecurity engine;
    modsecurity::RulesSet rules;
    if (count == 4) {
        const std::string text = std::string("SecUnicodeMapFile ") + arguments[2] + " " + arguments[3] + "\n";
        if (rules.load(text.c_str()) < 0) {
            fprintf(stderr, "%s\n", rules.getParserError().c_str());
            return 1;
        }
    }
    modsecurity::Transaction transaction(&engine, &rules, nullptr);
    const std::unique_ptr<modsecurity::actions::Action> transformation(
        modsecurity::actions::transformations::Transformation::instantiate(std::string("t:") + arguments[1]));
    std::string value;
    while (read_value(&value)) {
        write_value(transformation->evaluate(value, &transaction));
    }
    return fflush(stdout) == 0 ? 0 : 1;
}
