//! Operators with everything compiled that does not depend on the request.

use std::sync::Arc;

use aho_corasick::{AhoCorasick, MatchKind};

use super::super::names::Names;
use super::super::program::{ChainId, Condition, NumberTest, Operator, Template, TextTest, Words};
use super::Builder;
use crate::RuleMistake;
use crate::seclang::syntax::{Condition as ConditionText, Operator as Text, Place};

impl Builder {
    pub(super) fn condition(
        &mut self,
        place: &Place,
        condition: &ConditionText,
        chain: ChainId,
        multi_match: bool,
    ) -> Option<Condition> {
        let operator = self.operator(place, &condition.operator)?;
        let (targets, exclusions) = self.targets(place, &condition.targets)?;
        Some(Condition {
            targets,
            exclusions,
            negated: condition.negated,
            operator,
            chain,
            multi_match,
            slot: None,
        })
    }

    fn operator(&mut self, place: &Place, text: &Text) -> Option<Operator> {
        Some(match text {
            Text::Rx(pattern) => match pattern.constant() {
                Some(source) => Operator::Rx(self.pattern(place, source)?),
                None => Operator::RxMade(Template::of(pattern, &mut self.names)),
            },
            Text::RxGlobal(pattern) => match pattern.constant() {
                Some(source) => Operator::RxGlobal(self.pattern(place, source)?),
                None => Operator::RxMade(Template::of(pattern, &mut self.names)),
            },
            Text::Pm(words) => Operator::Words(self.words(place, words)?),
            Text::BeginsWith(text) => self.text(TextTest::BeginsWith, text),
            Text::Contains(text) => self.text(TextTest::Contains, text),
            Text::ContainsWord(text) => self.text(TextTest::ContainsWord, text),
            Text::EndsWith(text) => self.text(TextTest::EndsWith, text),
            Text::Streq(text) => self.text(TextTest::Equals, text),
            Text::Strmatch(text) => self.text(TextTest::Strmatch, text),
            Text::Within(text) => self.text(TextTest::Within, text),
            Text::Eq(text) => number(NumberTest::Eq, text, &mut self.names),
            Text::Ge(text) => number(NumberTest::Ge, text, &mut self.names),
            Text::Gt(text) => number(NumberTest::Gt, text, &mut self.names),
            Text::Le(text) => number(NumberTest::Le, text, &mut self.names),
            Text::Lt(text) => number(NumberTest::Lt, text, &mut self.names),
            Text::IpMatch(networks) => Operator::IpMatch(Arc::clone(networks)),
            Text::DetectSqli => Operator::DetectSqli,
            Text::DetectXss => Operator::DetectXss,
            Text::ValidateByteRange(ranges) => Operator::ByteRange(ranges.clone()),
            Text::ValidateUrlEncoding => Operator::UrlEncoding,
            Text::ValidateUtf8Encoding => Operator::Utf8Encoding,
            Text::VerifyCc(source) => Operator::VerifyCc(self.pattern(place, source.as_bytes())?),
            Text::VerifyCpf(source) => Operator::VerifyCpf(self.pattern(place, source.as_bytes())?),
            Text::VerifySsn(source) => Operator::VerifySsn(self.pattern(place, source.as_bytes())?),
            Text::GeoLookup => Operator::GeoLookup,
            // A list on the network is asked for by whoever has a resolver; this engine touches no socket.
            Text::Rbl(_) | Text::NoMatch => Operator::Never,
            Text::UnconditionalMatch => Operator::Always,
        })
    }

    fn text(&mut self, test: TextTest, parameter: &crate::seclang::syntax::Template) -> Operator {
        Operator::Text(test, Template::of(parameter, &mut self.names))
    }

    fn words(&mut self, place: &Place, words: &Arc<[Box<[u8]>]>) -> Option<Box<Words>> {
        self.sizes.words += words.len();
        let built = AhoCorasick::builder()
            .ascii_case_insensitive(true)
            .match_kind(MatchKind::Standard)
            .build(words.iter());
        match built {
            Ok(automaton) => Some(Box::new(Words {
                automaton,
                words: Arc::clone(words),
            })),
            Err(error) => {
                self.mistakes.push(RuleMistake {
                    file: place.file.to_string(),
                    line: place.line,
                    message: format!("the words of `@pm` cannot be searched for: {error}"),
                    hint: None,
                });
                None
            }
        }
    }
}

fn number(
    test: NumberTest,
    parameter: &crate::seclang::syntax::Template,
    names: &mut Names,
) -> Operator {
    match parameter.constant() {
        Some(constant) => Operator::NumberConstant(test, crate::operator::parse_number(constant)),
        None => Operator::Number(test, Template::of(parameter, names)),
    }
}
