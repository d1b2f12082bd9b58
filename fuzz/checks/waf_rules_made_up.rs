//! Rules and requests made up from the bytes: what the filter lets the rules look at is all that an evaluator without a filter
//! finds.

use std::sync::Arc;

use vauban_testkit::choices::Choices;
use vauban_waf::regression::ENGINE;
use vauban_waf::{Files, RuleSet, Source};

use super::both_ways;

#[path = "made_up/request.rs"]
mod request;
#[path = "made_up/rules.rs"]
mod rules;

/// Any file that is asked for is a list of words.
struct Words;

impl Files for Words {
    fn read(&self, _path: &str) -> Result<Vec<u8>, String> {
        Ok(b"evil\nselect\n<a\n".to_vec())
    }

    fn matching(&self, pattern: &str) -> Result<Vec<String>, String> {
        Ok(vec![pattern.to_owned()])
    }
}

pub(crate) fn check(bytes: &[u8]) {
    made_up(&mut Choices::Bytes(bytes));
}

/// Whether the rules that were made up could be loaded.
pub(crate) fn made_up(choices: &mut Choices<'_>) -> bool {
    let text = rules::text(choices);
    let sources =
        [("engine.conf", ENGINE), ("rules.conf", text.as_str())].map(|(name, text)| Source {
            name,
            text: text.as_bytes(),
        });
    let Ok(rules) = RuleSet::load(&sources, &Words) else {
        return false;
    };
    let rules = Arc::new(rules);
    let requests: Vec<_> = (0..=choices.below(3))
        .map(|_| request::request(choices))
        .collect();
    both_ways::check(&rules, &requests);
    true
}
