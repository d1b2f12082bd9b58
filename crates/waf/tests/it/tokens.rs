//! Random tokens, keys and pictures, which no rule of ours may take for an attack in base64.

use std::sync::Arc;

use vauban_waf::regression::{Request, Runner};
use vauban_waf::{BASELINE, Mode, RuleSet, Source, Strategy};

use crate::seclang::Disk;

/// Values of 86 characters, as an ES256 signature has. Without the rules' second look, one in seven thousand was refused.
const VALUES: usize = 60_000;
/// In one request: in `Authorization`, in a cookie, and in arguments.
const IN_ONE: usize = 12;

const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

struct Dice(u64);

impl Dice {
    fn letters(&mut self, count: usize) -> String {
        (0..count)
            .map(|_| {
                self.0 ^= self.0 << 13;
                self.0 ^= self.0 >> 7;
                self.0 ^= self.0 << 17;
                char::from(LETTERS[usize::try_from(self.0 >> 58).unwrap()])
            })
            .collect()
    }
}

fn baseline() -> Arc<RuleSet> {
    let source = Source {
        name: "baseline.conf",
        text: BASELINE.as_bytes(),
    };
    Arc::new(RuleSet::load(&[source], &Disk).unwrap())
}

#[test]
fn random_values_are_no_attacks() {
    let rules = baseline();
    let mut runner = Runner::new(&rules, Mode::Block, Strategy::Indexed);
    let mut dice = Dice(0x5eed_5eed);
    let mut refused = Vec::new();
    for _ in 0..VALUES / IN_ONE {
        let arguments: Vec<String> = (2..IN_ONE)
            .map(|number| format!("a{number}={}", dice.letters(86)))
            .collect();
        let wire = format!(
            "GET /things?{} HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {}\r\nCookie: s={}\r\n\r\n",
            arguments.join("&"),
            dice.letters(86),
            dice.letters(86)
        );
        let report = runner.transact(&Request::from_wire(wire.as_bytes()), None);
        refused.extend(report.intervention.map(|asked| asked.rule));
    }
    println!("{} of {VALUES} random values refused", refused.len());
    assert!(refused.is_empty(), "{refused:?}");
}

/// 200 kB of random bytes, as a picture is.
#[test]
fn a_picture_in_json_is_no_attack() {
    let rules = baseline();
    let mut runner = Runner::new(&rules, Mode::Block, Strategy::Indexed);
    let body = format!("{{\"picture\":\"{}\"}}", Dice(7).letters(266_668));
    let wire = format!(
        "POST /images HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    let report = runner.transact(&Request::from_wire(wire.as_bytes()), None);
    assert_eq!(report.intervention, None);
    assert!(report.exhausted.is_empty());
}

/// An honest value beside it does not hide what is hostile.
#[test]
fn text_in_base64_is_still_an_attack() {
    let rules = baseline();
    // `<script>alert(1)</script>`, then bytes that look like a template and are no text.
    let script = "PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg";
    for query in [
        format!("a={script}"),
        format!("a={script}&b=PCXEbLgnjKt6MJy6duF2OrY16Q"),
    ] {
        let wire = format!("GET /things?{query} HTTP/1.1\r\nHost: a\r\n\r\n");
        let mut runner = Runner::new(&rules, Mode::Block, Strategy::Indexed);
        let report = runner.transact(&Request::from_wire(wire.as_bytes()), None);
        assert!(report.intervention.is_some(), "{query}");
    }
}
