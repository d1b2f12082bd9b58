//! Typed values and known words are shown to fewer rules, and the verdict is the same.

use std::fmt::Write as _;
use std::sync::Arc;

use proptest::prelude::Rng as _;
use proptest::test_runner::{RngAlgorithm, TestRng};
use vauban_waf::regression::{self, Request, Runner};
use vauban_waf::{Mode, RuleSet, Source, Strategy};

use crate::crs::crs;
use crate::seclang::Disk;

/// Words of enumerations, harmless ones and some that rules look for.
const WORDS: [&str; 14] = [
    "pending",
    "in_progress",
    "EUR",
    "order-by",
    "application/json",
    "select",
    "union select 1",
    "javascript:",
    "../etc/passwd",
    "a=b",
    "<script>",
    "sleep(5)",
    "cmd.exe",
    "1 or 1=1",
];

/// Requests of each test.
const ROUNDS: usize = 200;

struct Random(TestRng);

impl Random {
    fn new(seed: u8) -> Self {
        Self(TestRng::from_seed(RngAlgorithm::ChaCha, &[seed; 32]))
    }

    fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.0.next_u32()).unwrap() % bound
    }

    fn of<'t>(&mut self, texts: &[&'t str]) -> &'t str {
        texts[self.below(texts.len())]
    }

    fn digits(&mut self, most: usize, alphabet: &str) -> String {
        let count = 1 + self.below(most);
        (0..count)
            .map(|_| char::from(alphabet.as_bytes()[self.below(alphabet.len())]))
            .collect()
    }

    fn integer(&mut self) -> String {
        let digits = self.digits(20, "0123456789");
        let digits = match digits.trim_start_matches('0') {
            "" => "0",
            digits => digits,
        };
        format!("{}{digits}", self.of(&["", "", "-"]))
    }

    fn decimal(&mut self) -> String {
        let mut text = self.integer();
        if self.below(3) > 0 {
            write!(text, ".{}", self.digits(8, "0123456789")).unwrap();
        }
        if self.below(3) == 0 {
            let digits = self.digits(3, "0123456789");
            write!(
                text,
                "{}{}{digits}",
                self.of(&["e", "E"]),
                self.of(&["", "-"])
            )
            .unwrap();
        }
        text
    }

    fn uuid(&mut self) -> String {
        let alphabet = self.of(&[
            "0123456789abcdef",
            "0123456789ABCDEF",
            "0123456789",
            "deadbf",
        ]);
        let part = |own: &mut Self, count: usize| -> String {
            let mut part = own.digits(1, alphabet);
            while part.len() < count {
                part.push_str(&own.digits(1, alphabet));
            }
            part
        };
        [8, 4, 4, 4, 12].map(|count| part(self, count)).join("-")
    }

    fn value(&mut self) -> String {
        match self.below(6) {
            0 => self.integer(),
            1 => self.decimal(),
            2 => self.uuid(),
            3 => self.of(&["", "true", "false", "null"]).to_owned(),
            4 => self.of(&WORDS).to_owned(),
            // Nearly a number, so that what is not settled stands beside it.
            _ => format!(
                "{}{}",
                self.decimal(),
                self.of(&["'", "--", ";", "+1", " ", "x"])
            ),
        }
    }
}

fn encoded(value: &str) -> String {
    let mut text = String::new();
    for byte in value.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._".contains(&byte) {
            text.push(char::from(byte));
        } else {
            write!(text, "%{byte:02x}").unwrap();
        }
    }
    text
}

fn request(random: &mut Random) -> Request {
    let mut query = String::new();
    let mut body = String::from("{");
    for index in 0..=random.below(4) {
        write!(query, "&a{index}={}", encoded(&random.value())).unwrap();
        let value = random.value();
        let bare = value.parse::<f64>().is_ok() || value == "true";
        let value = if bare && random.below(2) == 0 {
            value
        } else {
            format!("{value:?}")
        };
        let comma = if index == 0 { "" } else { "," };
        write!(body, "{comma}\"b{index}\":{value}").unwrap();
    }
    body.push('}');
    let (cookie, header) = (encoded(&random.value()), random.value());
    let length = body.len();
    let wire = format!(
        "POST /p?q=1{query} HTTP/1.1\r\nHost: a.example\r\nAccept: */*\r\nUser-Agent: probe/1\r\nX-Id: {header}\r\n\
         Cookie: c={cookie}\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
    );
    Request::from_wire(wire.as_bytes())
}

/// Requests of typed values through both strategies; how many findings there were.
fn same(rules: &Arc<RuleSet>, seed: u8) -> usize {
    let mut random = Random::new(seed);
    let mut fast = Runner::new(rules, Mode::AsConfigured, Strategy::Indexed);
    let mut slow = Runner::new(rules, Mode::AsConfigured, Strategy::Exhaustive);
    let mut findings = 0;
    for _ in 0..ROUNDS {
        let request = request(&mut random);
        let report = fast.transact(&request, None);
        assert_eq!(
            report,
            slow.transact(&request, None),
            "{}",
            String::from_utf8_lossy(&request.body)
        );
        findings += report.findings.len();
    }
    findings
}

fn settle(rules: Arc<RuleSet>) -> Arc<RuleSet> {
    let mut rules = Arc::into_inner(rules).unwrap();
    rules.settle(&WORDS.map(str::as_bytes));
    Arc::new(rules)
}

#[test]
fn typed_values_get_the_same_verdict_from_crs() {
    for (setup, seed) in [(regression::SETUP, 1), ("", 2)] {
        let Some(rules) = crs(setup) else {
            return;
        };
        let rules = settle(rules);
        let findings = same(&rules, seed);
        println!("{ROUNDS} requests, {findings} findings");
        assert!(findings > 0);
        for value in [
            "42",
            "-4.25",
            "f81d4fae-7dec-11d0-a765-00a0c91e6bf6",
            "pending",
            "union select 1",
        ] {
            println!(
                "{value}: {:?} of {} rules may match",
                rules.settled(value.as_bytes()),
                rules.figures().filtered
            );
        }
    }
}

/// Rules that match in typed values, by each operator and through transformations that change them.
const MATCHING: &str = r#"SecRuleEngine On
SecRequestBodyAccess On
SecRule REQUEST_HEADERS:Content-Type "@contains json" "id:1,phase:1,pass,nolog,ctl:requestBodyProcessor=JSON"
SecRule ARGS "@rx ^-[0-9]+$" "id:2,phase:2,log,pass"
SecRule ARGS "@rx \d\.\d{2}" "id:3,phase:2,log,pass"
SecRule ARGS "@rx (?i)dead|[a-f]{4}-[0-9]" "id:4,phase:2,log,pass"
SecRule ARGS "@rx (?<!9)9(?=1)" "id:5,phase:2,log,pass"
SecRule ARGS "@rx ([0-9])\1\1" "id:6,phase:2,log,pass"
SecRule ARGS "@rx ^(?:[0-9]{4}){2}-" "id:7,phase:2,log,pass"
SecRule ARGS "@pm 777 e-1 BEEF select" "id:8,phase:2,log,pass"
SecRule ARGS "@contains 00" "id:9,phase:2,log,pass"
SecRule ARGS "@beginsWith -1" "id:10,phase:2,log,pass"
SecRule ARGS "@streq true" "id:11,phase:2,log,pass"
SecRule ARGS "@validateByteRange 48-57" "id:12,phase:2,log,pass"
SecRule ARGS "@rx ^2d" "id:13,phase:2,log,pass,t:hexEncode"
SecRule ARGS "@rx 4" "id:14,phase:2,log,pass,t:length"
SecRule ARGS "@rx ^$" "id:15,phase:2,log,pass"
SecRule ARGS "@rx E" "id:16,phase:2,log,pass,t:lowercase,t:uppercase,multiMatch"
SecRule ARGS "@rx [\x80-\xff]" "id:17,phase:2,log,pass,t:base64Decode"
SecRule ARGS "@detectSQLi" "id:18,phase:2,log,pass"
SecRule ARGS "@detectXSS" "id:19,phase:2,log,pass"
SecRule ARGS "!@rx ^[0-9]+$" "id:20,phase:2,log,pass"
SecRule ARGS "@rx \b-\b|\B-" "id:21,phase:2,log,pass"
SecRule ARGS "@rx (?>1+)2|1++3" "id:22,phase:2,log,pass"
SecRule ARGS "@rx ^(?:[0-9a-f]{100}|.{36})$" "id:23,phase:2,log,pass"
SecRule ARGS "@rx [0-9]{19}" "id:24,phase:2,log,pass"
"#;

#[test]
fn rules_that_match_typed_values_still_see_them() {
    let source = Source {
        name: "/rules.conf",
        text: MATCHING.as_bytes(),
    };
    let rules = settle(Arc::new(RuleSet::load(&[source], &Disk).unwrap()));
    let mut seen = std::collections::BTreeSet::new();
    let mut random = Random::new(3);
    let mut fast = Runner::new(&rules, Mode::AsConfigured, Strategy::Indexed);
    for _ in 0..4 * ROUNDS {
        let report = fast.transact(&request(&mut random), None);
        seen.extend(report.findings.iter().map(|finding| finding.rule));
    }
    // What no request of this test matches proves nothing.
    let expected: Vec<u64> = (2..=24).collect();
    assert_eq!(seen.into_iter().collect::<Vec<_>>(), expected);
    assert!(same(&rules, 4) > ROUNDS);
}

#[test]
fn a_number_is_no_injection() {
    let mut random = Random::new(5);
    for _ in 0..200_000 {
        for number in [random.integer(), random.decimal()] {
            assert_eq!(vauban_waf::libinjection::sqli(number.as_bytes()), None);
        }
        let uuid = random.uuid();
        assert!(!vauban_waf::libinjection::xss(uuid.as_bytes()));
    }
}

#[test]
fn most_rules_are_settled_for_typed_values() {
    let rules = r#"SecRule ARGS "@rx <[a-z]" "id:1,phase:2"
SecRule ARGS "@rx ^[0-9]{3}$" "id:2,phase:2"
SecRule ARGS "@pm union select" "id:3,phase:2""#;
    let source = Source {
        name: "/rules.conf",
        text: rules.as_bytes(),
    };
    let mut rules = RuleSet::load(&[source], &Disk).unwrap();
    assert_eq!(rules.settled(b"42"), Some(1));
    assert_eq!(rules.settled(b"true"), Some(0));
    assert_eq!(rules.settled(b"select"), None);
    rules.settle(&[b"select", b"harmless"]);
    assert_eq!(rules.settled(b"select"), Some(1));
    assert_eq!(rules.settled(b"harmless"), Some(0));
    // The word and nothing else.
    assert_eq!(rules.settled(b"selects"), None);
}
