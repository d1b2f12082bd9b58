//! Requests through all phases of two rule sets: what the filter lets the rules look at is all that an evaluator without a
//! filter finds. Requests stand one behind the other, with a line that is a NUL between them: they have a store in common.

use std::cell::OnceCell;
use std::sync::Arc;

use vauban_waf::regression::{ENGINE, Request};
use vauban_waf::{BASELINE, Files, RuleSet, Source};

use super::both_ways;

/// Rules of every kind, small enough to be read.
const RULES: &str = include_str!("waf_engine.conf");

struct NoFiles;

impl Files for NoFiles {
    fn read(&self, path: &str) -> Result<Vec<u8>, String> {
        Err(format!("{path} is not there"))
    }

    fn matching(&self, _pattern: &str) -> Result<Vec<String>, String> {
        Ok(Vec::new())
    }
}

thread_local! {
    static SETS: OnceCell<[Arc<RuleSet>; 2]> = const { OnceCell::new() };
}

fn load(text: &str) -> Arc<RuleSet> {
    let [engine, rules] =
        [("engine.conf", ENGINE), ("rules.conf", text)].map(|(name, text)| Source {
            name,
            text: text.as_bytes(),
        });
    match RuleSet::load(&[engine, rules], &NoFiles) {
        Ok(rules) => Arc::new(rules),
        Err(mistakes) => panic!(
            "{}",
            mistakes
                .iter()
                .map(ToString::to_string)
                .collect::<Vec<_>>()
                .join("\n")
        ),
    }
}

pub(crate) fn check(bytes: &[u8]) {
    let mut requests = Vec::new();
    let mut rest = bytes;
    while let Some(at) = rest.windows(3).position(|three| three == b"\n\0\n") {
        requests.push(Request::from_wire(&rest[..at]));
        rest = &rest[at + 3..];
    }
    requests.push(Request::from_wire(rest));
    SETS.with(|sets| {
        for rules in sets.get_or_init(|| [RULES, BASELINE].map(load)) {
            both_ways::check(rules, &requests);
        }
    });
}
