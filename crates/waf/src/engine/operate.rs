//! One operator on one value.

use super::expand::Here;
use super::program::{Operator, TextTest};
use super::scratch::Scratch;
use super::state::State;
use crate::operator;
use crate::pattern::{Memory, Pattern};

/// What an operator answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    No,
    Yes,
    /// Matched; the groups are in the scratch.
    Captured,
    /// Matched; `TX:0` is the whole value.
    Whole,
    /// Matched; `TX:0` is this list entry.
    Word(usize),
    /// Matched; `TX:0` is the fingerprint.
    Fingerprint(crate::libinjection::Fingerprint),
    /// A pattern used up its steps without an answer.
    Exhausted,
}

impl Answer {
    fn of(yes: bool) -> Self {
        if yes { Self::Yes } else { Self::No }
    }
}

/// Runs `operator`. With `capture` the groups of a pattern are looked for too.
pub(crate) fn operate(
    here: Here<'_>,
    operator: &Operator,
    value: &[u8],
    capture: bool,
    (scratch, state): (&mut Scratch, &State),
) -> Answer {
    match operator {
        Operator::Rx(pattern) | Operator::RxGlobal(pattern) => {
            search(pattern, value, capture, scratch)
        }
        Operator::RxMade(template) => {
            scratch.parameter.clear();
            here.expand(template, state, &mut scratch.parameter);
            if scratch.parameter.is_empty() {
                return Answer::Yes;
            }
            // A text that is no pattern, or too long a one, gives no answer: it must not let anything pass in silence.
            let Some((pattern, memory)) = scratch.made.pattern(&scratch.parameter) else {
                return Answer::Exhausted;
            };
            memory.allow(scratch.memory.allowance());
            let found = pattern.captures(value, memory, &mut scratch.groups);
            scratch.memory.allow(memory.allowance());
            judged(found, true, memory)
        }
        Operator::Words(words) => match words.automaton.find(value) {
            Some(found) => Answer::Word(found.pattern().as_usize()),
            None => Answer::No,
        },
        Operator::Text(test, template) => {
            if let Some(parameter) = template.constant() {
                return Answer::of(text(*test, value, parameter));
            }
            scratch.parameter.clear();
            here.expand(template, state, &mut scratch.parameter);
            Answer::of(text(*test, value, &scratch.parameter))
        }
        Operator::Number(test, template) => {
            scratch.parameter.clear();
            here.expand(template, state, &mut scratch.parameter);
            let parameter = operator::parse_number(&scratch.parameter);
            Answer::of(test.holds(operator::parse_number(value), parameter))
        }
        Operator::NumberConstant(test, parameter) => {
            Answer::of(test.holds(operator::parse_number(value), *parameter))
        }
        Operator::IpMatch(networks) => Answer::of(operator::ip_match(value, networks)),
        Operator::DetectSqli => match crate::libinjection::sqli(value) {
            Some(fingerprint) => Answer::Fingerprint(fingerprint),
            None => Answer::No,
        },
        Operator::DetectXss => {
            if crate::libinjection::xss(value) {
                Answer::Whole
            } else {
                Answer::No
            }
        }
        Operator::ByteRange(ranges) => {
            Answer::of(operator::validate_byte_range(value, ranges).is_some())
        }
        Operator::UrlEncoding => Answer::of(operator::validate_url_encoding(value).is_some()),
        Operator::Utf8Encoding => Answer::of(operator::validate_utf8_encoding(value).is_some()),
        Operator::VerifyCc(pattern) => verify(pattern, value, scratch, operator::verify_cc),
        Operator::VerifyCpf(pattern) => verify(pattern, value, scratch, operator::verify_cpf),
        Operator::VerifySsn(pattern) => verify(pattern, value, scratch, operator::verify_ssn),
        Operator::Always => Answer::Yes,
        Operator::GeoLookup => {
            let geo = here.program.geo.as_ref();
            Answer::of(geo.is_some_and(|geo| geo.locate(value).is_some()))
        }
        Operator::Never => Answer::No,
    }
}

/// Whether `operator` may match `value`, of an operator whose parameter has no macros. No is certain.
pub(super) fn may_match(operator: &Operator, value: &[u8], memory: &mut Memory) -> bool {
    match operator {
        Operator::Rx(pattern) => pattern.is_match(value, memory) || memory.take_exhausted(),
        Operator::Words(words) => words.automaton.find(value).is_some(),
        Operator::Text(test, template) => template
            .constant()
            .is_none_or(|constant| text(*test, value, constant)),
        Operator::DetectSqli => crate::libinjection::sqli(value).is_some(),
        Operator::DetectXss => crate::libinjection::xss(value),
        Operator::ByteRange(ranges) => operator::validate_byte_range(value, ranges).is_some(),
        Operator::UrlEncoding => operator::validate_url_encoding(value).is_some(),
        Operator::Utf8Encoding => operator::validate_utf8_encoding(value).is_some(),
        Operator::Never => false,
        Operator::RxMade(_)
        | Operator::RxGlobal(_)
        | Operator::Number(..)
        | Operator::NumberConstant(..)
        | Operator::IpMatch(_)
        | Operator::VerifyCc(_)
        | Operator::VerifyCpf(_)
        | Operator::VerifySsn(_)
        | Operator::GeoLookup
        | Operator::Always => true,
    }
}

fn search(pattern: &Pattern, value: &[u8], capture: bool, scratch: &mut Scratch) -> Answer {
    let memory = &mut scratch.memory;
    let found = if capture {
        pattern.captures(value, memory, &mut scratch.groups)
    } else {
        pattern.is_match(value, memory)
    };
    judged(found, capture, memory)
}

fn judged(found: bool, captured: bool, memory: &mut Memory) -> Answer {
    match (found, captured) {
        (false, _) if memory.take_exhausted() => Answer::Exhausted,
        (false, _) => Answer::No,
        (true, true) => Answer::Captured,
        (true, false) => Answer::Yes,
    }
}

fn text(test: TextTest, value: &[u8], parameter: &[u8]) -> bool {
    match test {
        TextTest::BeginsWith => operator::begins_with(value, parameter),
        TextTest::Contains => operator::contains(value, parameter),
        TextTest::ContainsWord => operator::contains_word(value, parameter),
        TextTest::EndsWith => operator::ends_with(value, parameter),
        TextTest::Equals => operator::streq(value, parameter),
        TextTest::Strmatch => operator::strmatch(value, parameter),
        TextTest::Within => operator::within(value, parameter),
    }
}

/// Each place where the pattern matches is a number to verify.
fn verify(
    pattern: &Pattern,
    value: &[u8],
    scratch: &mut Scratch,
    check: fn(&[u8]) -> bool,
) -> Answer {
    let mut start = 0;
    while start <= value.len() {
        if !pattern.captures_at(value, start, &mut scratch.memory, &mut scratch.groups) {
            return judged(false, true, &mut scratch.memory);
        }
        let Some(range) = scratch.groups.range(0) else {
            return Answer::No;
        };
        if value.get(range.clone()).is_some_and(check) {
            return Answer::Captured;
        }
        start = range.end.max(start + 1);
    }
    Answer::No
}
