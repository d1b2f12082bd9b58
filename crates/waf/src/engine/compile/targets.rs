//! Targets: where the values of each come from.

use super::super::names::Names;
use super::super::program::{Exclusion, Rule, Selector, Source, Target};
use super::super::table::Kind;
use super::Builder;
use crate::pattern::Memory;
use crate::seclang::syntax::{
    Place, Selector as SelectorText, Target as TargetText, TargetKind, Variable,
};

impl Builder {
    pub(super) fn targets(
        &mut self,
        place: &Place,
        texts: &[TargetText],
    ) -> Option<(Vec<Target>, Vec<Exclusion>)> {
        let mut targets = Vec::new();
        let mut exclusions = Vec::new();
        for text in texts {
            match text.kind {
                TargetKind::Excluded => exclusions.push(self.exclusion(Some(place), text)?),
                TargetKind::Included | TargetKind::Counted => {
                    targets.push(self.target(place, text)?);
                }
            }
        }
        Some((targets, exclusions))
    }

    fn target(&mut self, place: &Place, text: &TargetText) -> Option<Target> {
        let selector = self.selector(Some(place), text.selector.as_ref())?;
        let source = match (text.variable, &text.selector) {
            (Variable::Tx, Some(SelectorText::Name(name))) => {
                Source::TxSlot(self.names.intern(name))
            }
            (Variable::Tx, Some(SelectorText::Pattern(_))) => Source::TxPattern(Vec::new()),
            (Variable::Tx, _) => Source::Tx,
            (variable, selector) => source(variable, selector.as_ref()),
        };
        self.uses_files |= text.variable == Variable::FilesTmpContent;
        if let Source::Rows(_) = source
            && single(text.variable)
        {
            self.singles.push(text.variable);
        }
        Some(Target {
            counted: text.kind == TargetKind::Counted,
            variable: text.variable,
            source,
            selector,
        })
    }

    /// `None` after a mistake was noted. Without a place the pattern was already checked where it was read.
    pub(super) fn exclusion(
        &mut self,
        place: Option<&Place>,
        text: &TargetText,
    ) -> Option<Exclusion> {
        let kind = match &text.selector {
            Some(SelectorText::XmlText) => Some(Kind::of(Variable::Xml)),
            Some(SelectorText::XmlAttributes) => Some(Kind::XML_ATTRIBUTE),
            None | Some(SelectorText::Name(_) | SelectorText::Pattern(_)) => None,
        };
        Some(Exclusion {
            variable: text.variable,
            kind,
            selector: self.selector(place, text.selector.as_ref())?,
        })
    }

    #[expect(clippy::option_option, reason = "no selector, or a mistake")]
    fn selector(
        &mut self,
        place: Option<&Place>,
        text: Option<&SelectorText>,
    ) -> Option<Option<Selector>> {
        Some(match text {
            None | Some(SelectorText::XmlText | SelectorText::XmlAttributes) => None,
            Some(SelectorText::Name(name)) => Some(Selector::Name(name.clone())),
            Some(SelectorText::Pattern(source)) => {
                // Names of headers, arguments and TX variables are compared without case.
                let source = format!("(?i){source}");
                let nowhere = Place {
                    file: "ctl".into(),
                    line: 0,
                };
                let place = place.unwrap_or(&nowhere);
                Some(Selector::Pattern(self.pattern(place, source.as_bytes())?))
            }
        })
    }
}

#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "every other variable has rows of its own kind"
)]
fn source(variable: Variable, selector: Option<&SelectorText>) -> Source {
    let kinds = match variable {
        Variable::Args => vec![Kind::of(Variable::ArgsGet), Kind::of(Variable::ArgsPost)],
        Variable::ArgsNames => vec![
            Kind::of(Variable::ArgsGetNames),
            Kind::of(Variable::ArgsPostNames),
        ],
        Variable::Xml => match selector {
            Some(SelectorText::XmlAttributes) => vec![Kind::XML_ATTRIBUTE],
            _ => vec![Kind::of(Variable::Xml)],
        },
        Variable::Ip
        | Variable::Global
        | Variable::Session
        | Variable::User
        | Variable::Resource => {
            return Source::Stored;
        }
        _ if made(variable) => return Source::Made,
        other => vec![Kind::of(other)],
    };
    Source::Rows(kinds)
}

/// Computed when a rule asks.
fn made(variable: Variable) -> bool {
    matches!(
        variable,
        Variable::ArgsCombinedSize
            | Variable::FilesCombinedSize
            | Variable::Duration
            | Variable::Env
            | Variable::Geo
            | Variable::HighestSeverity
            | Variable::MatchedVar
            | Variable::MatchedVarName
            | Variable::MatchedVars
            | Variable::MatchedVarsNames
            | Variable::Rule
            | Variable::Time
            | Variable::TimeDay
            | Variable::TimeEpoch
            | Variable::TimeHour
            | Variable::TimeMin
            | Variable::TimeMon
            | Variable::TimeSec
            | Variable::TimeWday
            | Variable::TimeYear
            | Variable::Tx
    )
}

/// Has exactly one value, empty until it is known.
fn single(variable: Variable) -> bool {
    !made(variable)
        && !matches!(
            variable,
            Variable::Args
                | Variable::ArgsGet
                | Variable::ArgsGetNames
                | Variable::ArgsNames
                | Variable::ArgsPost
                | Variable::ArgsPostNames
                | Variable::Files
                | Variable::FilesNames
                | Variable::FilesSizes
                | Variable::FilesTmpContent
                | Variable::FilesTmpNames
                | Variable::Global
                | Variable::Ip
                | Variable::MultipartFilename
                | Variable::MultipartName
                | Variable::MultipartPartHeaders
                | Variable::RequestCookies
                | Variable::RequestCookiesNames
                | Variable::RequestHeaders
                | Variable::RequestHeadersNames
                | Variable::Resource
                | Variable::ResponseArgs
                | Variable::ResponseHeaders
                | Variable::ResponseHeadersNames
                | Variable::Session
                | Variable::User
                | Variable::Xml
        )
}

/// Fills in the names that patterns of `TX` match, once all names are known.
pub(super) fn settle_patterns(rules: &mut [Rule], names: &Names) {
    let mut memory = Memory::default();
    let targets = rules
        .iter_mut()
        .flat_map(|rule| &mut rule.links)
        .filter_map(|link| link.condition.as_mut())
        .flat_map(|condition| &mut condition.targets);
    for target in targets {
        let (Source::TxPattern(known), Some(Selector::Pattern(pattern))) =
            (&mut target.source, &target.selector)
        else {
            continue;
        };
        known.extend(
            (0..)
                .take(names.len())
                .filter(|id| pattern.is_match(names.text(*id), &mut memory)),
        );
    }
}
