//! Points of the dialect, each beside what PCRE2 answers.

use super::{Answer, Oracle, answer};
use crate::pattern::{Memory, Pattern};

/// Patterns and values; every pattern is run on every value.
const PATTERNS: &[&[u8]] = &[
    b"a{", b"a{,2}", b"a{1,2}b", b"a{2}", b"{", b"x{2,1", b"[[a]", b"[^[]", br"[\w\-.]", br"[]a]+", b"[^]a]+", b"[a\\]b]+", br"[a-]", b"[-a]",
    br"\x{41}", br"\x41\x4", br"\xe9", b"\xe9", b"[\xc3\xa9]+", br"[\xe0-\xef]", br"[^\x00-\x7f]", br"\x", br"\o{101}", br"\101", br"\0", br"\08", br"[\101]",
    br"\h+", br"\H+", br"\v+", br"\V+", br"\R", br"\R\n", br"\R+b", br"a\Z", br"a\z", br"\Aa", br"^a$", br"(?-m)^a$", br"^$", br"^", b"$", br"^\s*$", br"^a*", br"\n^",
    br"\N+", br"(?-s).+", br".+", br"\s+", br"[\s]+", br"\S", br"\e", br"\cA", br"\c[", br"\Qa.b\E+", br"\Q\E", br"[\Qa]\E]+", br"a\Q", br"\Qa",
    br"[[:alpha:]]+", br"[[:^alpha:]]+", br"[[:word:][:space:]]+", br"[[:punct:]]+", br"[[:print:]]+", br"[[:graph:]]+", br"(?i)[[:upper:]]+", br"(?i)[[:^lower:]]+", br"[[:cntrl:]]",
    br"(?i)STRASSE", br"(?i)\xc9", br"a(?i)B|C", br"(?i:a)B", br"(?i-i)A", br"(?^)a", br"(?x) a b # c
 c", br"(?x)[ a]+", br"a(?#comment)+", br"(?x)a +", br"(?n)(a)(?<n>b)", br"(?U)a+", br"(?U)a+?",
    br"(?<y>a)\k<y>", br"(?P<y>a)(?P=y)", br"(?'y'a)\g{y}", br"(a)\1", br"(a)\g1", br"(a)(b)\g{-1}", br"(?i)(a)\1", br"(a|ab)(c|bcd)(d*)", br"(a\1)", br"(a)?\1b", br"(?:(a)|b)*",
    br"a*+a", br"a*+b", br"(?>a+)b", br"(?>a|ab)c", br"(?>a+)ab", br"(?:a|ab)++c", br"a++$", br"[ab]*+a", br"a?+a", br"\w++\b",
    br"(?=a)", br"(?!a)\w", br"(?<=a)b", br"(?<!a)b", br"(?<=a|bc)d", br"(?<=^)a", br"(?=(a+))a*b\1", br"(?=(a))\1", br"(?!(a)b)a", br"a(?=b(?!c))", br"(?<!\\)b", br"(?:(?=a)a)+",
    br"(a*)*", br"(a*)+", br"(a*?)*?b", br"(|a)*", br"(|a)+", br"(a|)*b", br"(?:a?)*?b", br"(a?)*\1b", br"(?:a|(?=b))*b", br"(a{0,2}){2,3}", br"(?:a*?b?)*c", br"(?:(a)|(b))+",
    br"a+?", br"a??b", br"a{1,2}?", br"\bb\B", br"\b", br"\B", br"\Ga", br"(?:^|b)a", br"a|", br"(a)|b|(c)", br"", br"()", br"(?:)", br"(?i)", br"[^\W]+", br"[\d-z]", br"\/\-\_\!\%",
    br"\d+\.\d*", br"a.b", br"(?s)a.b", br"[\b]", br"[\x{e9}\h]", br"[^\n]+$", br"$\n", br"a$b", br"(?:a$|b)+", br"((((((((((a))))))))))\10", br"(a)\11",
];

const VALUES: &[&[u8]] = &[
    b"", b"a", b"b", b"ab", b"aab", b"aaa", b"abc", b"abcd", b"aabaac", b"a\n", b"\na", b"b\na", b"b\na\n", b"\n", b"\n\n", b"b\n", b"\r\n", b"\r\n\n", b"\r\nb", b"a\r\nb", b"a{", b"a{,2}", b"{", b"x{2,1", b"[[a]",
    b"A", b"B", b"C", b"aB", b"AB", b"aA", b"\x04A\x04", b"\xe9", b"\xc9", b"\xc3\xa9", b"\x00", b"\x008", b"\x01", b"\x1b", b"\x08", b"\xa0\t ", b"\x0b\x0c\x85", b" a b", b"a b c", b"a.b", b"a.bb", b"]]", b"a]", b"-.", b"strasse", b"STRAsse",
    b"bcd", b"ad", b"xbcd", b"\\b", b"cb", b"aba b", b"ababab", b"aaaaaa", b"aaaab", b"!\"#", b"a-z", b"1.5", b"/-_!%", b"a\nb", b"aaAa", b"a\tb", b"abab\n", b"\n\na\n\n", b"a8", b"aI", b"aa", b"a\x09", b"c",
];

#[test]
fn dialect_is_that_of_pcre() {
    let Some(oracle) = Oracle::build() else { return };
    let shared: Vec<Vec<u8>> = VALUES.iter().map(|value| value.to_vec()).collect();
    let questions: Vec<_> = PATTERNS.iter().map(|pattern| (pattern.to_vec(), Vec::new())).collect();
    let mut memory = Memory::default();
    let mut wrong = 0;
    for (answers, source) in oracle.ask(&shared, &questions).iter().zip(PATTERNS) {
        let source_shown = source.escape_ascii();
        let pattern = match Pattern::compile(source) {
            Ok(pattern) => pattern,
            Err(error) => {
                if answers[0] != Answer::Refused {
                    println!("{source_shown}: {error}, PCRE takes it");
                    wrong += 1;
                }
                continue;
            }
        };
        if answers[0] == Answer::Refused {
            println!("{source_shown}: PCRE refuses it, we read it");
            continue;
        }
        for (theirs, value) in answers.iter().zip(VALUES) {
            let ours = answer(&pattern, value, &mut memory);
            if ours != *theirs {
                println!("{source_shown} on {}:\n PCRE {theirs:?}\n ours {ours:?}", value.escape_ascii());
                wrong += 1;
            }
        }
    }
    assert_eq!(wrong, 0);
}
