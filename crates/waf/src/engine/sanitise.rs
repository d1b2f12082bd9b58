//! `sanitise…`: what must not be written down, whichever rule finds it.
//!
//! `sanitiseArg` and the headers' like name a variable in the rules; it is withheld in every transaction, whether or not the rule
//! that names it matches, so that what was found before is withheld as well. `sanitiseMatched` means what its rule matched, and
//! takes it out of what other rules found before.

use super::evaluate::Run;
use super::program::{Program, Rule};
use super::report::Finding;
use super::state::State;
use super::table::{Kind, Table};
use super::trace::{Traced, TracedValue};
use crate::seclang::syntax::{Sanitise, Variable};

/// Variables of one transaction that `sanitiseMatched` withholds one by one; beyond that, everything is withheld.
const SECRETS_MAX: usize = 64;

/// Texts that hold arguments under their names.
const TEXTS: [&[u8]; 6] = [
    b"REQUEST_URI",
    b"REQUEST_URI_RAW",
    b"REQUEST_LINE",
    b"QUERY_STRING",
    b"REQUEST_BODY",
    b"FULL_REQUEST",
];
/// What rules make of other values.
const MADE: [&[u8]; 9] = [
    b"TX",
    b"MATCHED_VAR",
    b"MATCHED_VARS",
    b"IP",
    b"GLOBAL",
    b"SESSION",
    b"USER",
    b"RESOURCE",
    b"ENV",
];

/// A variable that must not be written down.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Secret {
    variable: Variable,
    name: Box<[u8]>,
}

impl Secret {
    /// What the action names; nothing when it means what its rule matched.
    pub(crate) fn of(action: &Sanitise) -> Option<Self> {
        let (variable, name) = match action {
            Sanitise::Argument(name) => (Variable::Args, name),
            Sanitise::RequestHeader(name) => (Variable::RequestHeaders, name),
            Sanitise::ResponseHeader(name) => (Variable::ResponseHeaders, name),
            Sanitise::Matched | Sanitise::MatchedBytes { .. } => return None,
        };
        let name = name.clone();
        Some(Self { variable, name })
    }

    fn matched(variable: Variable, name: &[u8]) -> Self {
        let argument = matches!(variable, Variable::ArgsGet | Variable::ArgsPost);
        let variable = if argument { Variable::Args } else { variable };
        let name = name.into();
        Self { variable, name }
    }

    /// Whether the transaction has it.
    fn is_there(&self, table: &Table) -> bool {
        let kinds = if self.variable == Variable::Args {
            &[Variable::ArgsGet, Variable::ArgsPost][..]
        } else {
            std::slice::from_ref(&self.variable)
        };
        kinds
            .iter()
            .flat_map(|kind| table.of_kind(Kind::of(*kind)))
            .filter_map(|id| table.row(*id))
            .any(|row| self.is_named(table.bytes(row.name)))
    }

    fn is_named(&self, name: &[u8]) -> bool {
        let same = |part: &[u8]| part.eq_ignore_ascii_case(&self.name);
        // In JSON the path is the name; whoever says `card` means it wherever it stands.
        same(name)
            || name.starts_with(b"json.")
                && self.variable == Variable::Args
                && name.split(|byte| *byte == b'.').any(same)
    }

    /// Whether what is found in `collection:name` may show it. `there`: the transaction has it.
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "every other variable shows only itself"
    )]
    fn hides(&self, (collection, name): (&[u8], &[u8]), value: &[u8], there: bool) -> bool {
        if there && MADE.contains(&collection) {
            return !score(name);
        }
        let header = |of: &[u8]| collection == of && self.is_named(name);
        match self.variable {
            Variable::Args => {
                let own: [&[u8]; 3] = [b"ARGS", b"ARGS_GET", b"ARGS_POST"];
                own.contains(&collection) && self.is_named(name)
                    || TEXTS.contains(&collection) && (there || holds(value, &self.name))
            }
            Variable::RequestHeaders => {
                header(b"REQUEST_HEADERS")
                    || there && collection == b"FULL_REQUEST"
                    || collection == b"REQUEST_COOKIES" && self.is_named(b"cookie")
            }
            Variable::RequestCookies => {
                header(b"REQUEST_COOKIES")
                    || collection == b"FULL_REQUEST"
                    || collection == b"REQUEST_HEADERS" && name.eq_ignore_ascii_case(b"cookie")
            }
            other => header(other.name().as_bytes()),
        }
    }
}

fn score(name: &[u8]) -> bool {
    name.ends_with(b"score")
}

fn holds(text: &[u8], name: &[u8]) -> bool {
    !name.is_empty()
        && text
            .windows(name.len())
            .any(|part| part.eq_ignore_ascii_case(name))
}

/// What is secret in one transaction.
#[derive(Clone, Copy)]
struct Secrets<'a> {
    program: &'a Program,
    table: &'a Table,
    matched: &'a [Secret],
}

impl Secrets<'_> {
    /// Whether texts that macros make may show some of it.
    fn are_there(&self) -> bool {
        !self.matched.is_empty()
            || self
                .program
                .secrets
                .iter()
                .any(|one| one.is_there(self.table))
    }

    fn hide(&self, values: &[TracedValue]) -> bool {
        self.matched.len() >= SECRETS_MAX || values.iter().any(|one| self.hide_one(one))
    }

    fn hide_one(&self, one: &TracedValue) -> bool {
        let mut halves = one.variable.splitn(2, |byte| *byte == b':');
        let key = (
            halves.next().unwrap_or_default(),
            halves.next().unwrap_or_default(),
        );
        let named = &self.program.secrets;
        self.matched
            .iter()
            .any(|secret| secret.hides(key, &one.value, true))
            || named
                .iter()
                .any(|secret| secret.hides(key, &one.value, secret.is_there(self.table)))
    }

    fn rule(&self, id: u64) -> Option<&Rule> {
        self.program.rules.iter().find(|rule| rule.id == id)
    }

    fn finding(&self, finding: &mut Finding) {
        if self.are_there() {
            finding.data.clear();
            if finding.quotes {
                finding.message.clear();
            }
            let tags = self.rule(finding.rule).map_or(&[][..], |rule| &rule.tags);
            finding.tags = tags
                .iter()
                .filter_map(|tag| tag.constant().map(<[u8]>::to_vec))
                .collect();
        }
        let last = TracedValue {
            variable: std::mem::take(&mut finding.variable),
            value: std::mem::take(&mut finding.value),
        };
        finding.sanitise |= self.hide(&finding.matched) || self.hide(std::slice::from_ref(&last));
        finding.variable = last.variable;
        if finding.sanitise {
            forget(&mut finding.variable);
            blank(&mut finding.matched);
        } else {
            finding.value = last.value;
        }
    }

    fn traced(&self, traced: &mut Traced) {
        let quotes = self.rule(traced.rule).is_none_or(|rule| rule.quotes);
        if quotes && self.are_there() {
            traced.message.clear();
        }
        traced.sanitise |= self.hide(&traced.values);
        if traced.sanitise {
            blank(&mut traced.values);
            traced.part = None;
        }
    }
}

fn blank(values: &mut [TracedValue]) {
    for one in values {
        one.value.clear();
        forget(&mut one.variable);
    }
}

/// Rules make names out of values (`setvar:tx.%{MATCHED_VAR}=1`).
fn forget(variable: &mut Vec<u8>) {
    let colon = variable.iter().position(|byte| *byte == b':');
    let made = |at: &usize| {
        let collection = variable.get(..*at).unwrap_or_default();
        let name = variable.get(*at + 1..).unwrap_or_default();
        MADE.contains(&collection) && !score(name)
    };
    if let Some(at) = colon.filter(made) {
        variable.truncate(at);
    }
}

impl<'a> Run<'a> {
    /// Withholds what `rule` matched, also where other rules have found it already, when it says `sanitiseMatched`.
    pub(super) fn sanitise_matched(&mut self, rule: &'a Rule) {
        if !rule.sanitises {
            return;
        }
        let State {
            matched,
            secrets,
            table,
            report,
            trace,
            ..
        } = &mut *self.state;
        let entries = (0..matched.len()).filter_map(|index| matched.entry(index));
        for (variable, name, _) in entries {
            let secret = Secret::matched(variable, name);
            if secrets.len() < SECRETS_MAX && !secrets.contains(&secret) {
                secrets.push(secret);
            }
        }
        let secrets = Secrets {
            program: self.program,
            table,
            matched: secrets,
        };
        for finding in &mut report.findings {
            secrets.finding(finding);
        }
        for traced in trace.iter_mut().flatten() {
            secrets.traced(traced);
        }
    }

    /// Takes out of a new finding what must not be written down.
    pub(super) fn sanitise(&self, finding: &mut Finding) {
        if let Some(secrets) = self.secrets() {
            secrets.finding(finding);
        }
    }

    /// As [`Self::sanitise`], of a trace.
    pub(super) fn sanitise_trace(&self, traced: &mut Traced) {
        if let Some(secrets) = self.secrets() {
            secrets.traced(traced);
        }
    }

    fn secrets(&self) -> Option<Secrets<'_>> {
        let some = !self.program.secrets.is_empty() || !self.state.secrets.is_empty();
        some.then(|| Secrets {
            program: self.program,
            table: &self.state.table,
            matched: &self.state.secrets,
        })
    }
}
