//! Patterns that a grammar makes up from the bytes, on values close to what they match: they find what PCRE2 finds.

use vauban_testkit::choices::Choices;
use vauban_testkit::grammar::MadeUp;

use super::beside_pcre2;

pub(crate) fn check(bytes: &[u8]) {
    let choices = &mut Choices::Bytes(bytes);
    let from = choices.below(8).saturating_sub(4);
    let made_up = MadeUp::new(choices);
    let values: Vec<Vec<u8>> = (0..4).map(|_| made_up.value(choices)).collect();
    beside_pcre2::check(made_up.text().as_bytes(), from, &values);
}
