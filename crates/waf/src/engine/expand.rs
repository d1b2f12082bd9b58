//! Macros: `%{…}` replaced by what it names, and variables that are made when a rule asks for them.

use super::Context;
use super::collections::write_number;
use super::program::{Part, Program, Rule, Template};
use super::state::State;
use super::table::Kind;
use crate::seclang::syntax::Variable;

/// `ARGS:name`, as in `MATCHED_VAR_NAME`.
pub(crate) fn write_key(variable: Variable, selector: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(variable.name().as_bytes());
    if !selector.is_empty() {
        out.push(b':');
        out.extend_from_slice(selector);
    }
}

/// Where a template is expanded.
#[derive(Clone, Copy)]
pub(crate) struct Here<'a> {
    pub(crate) program: &'a Program,
    pub(crate) context: &'a Context<'a>,
    pub(crate) rule: &'a Rule,
}

impl Here<'_> {
    /// Appends the text of `template`.
    pub(crate) fn expand(self, template: &Template, state: &State, out: &mut Vec<u8>) {
        for part in &template.parts {
            match part {
                Part::Text(text) => out.extend_from_slice(text),
                Part::Tx(name) => {
                    if let Some(text) = state.tx.slot(*name) {
                        text.write(out);
                    }
                }
                Part::Value(variable, name) => self.value(*variable, name.as_deref(), state, out),
            }
        }
    }

    /// Appends the first value of a variable.
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "every other variable has rows"
    )]
    pub(crate) fn value(
        self,
        variable: Variable,
        name: Option<&[u8]>,
        state: &State,
        out: &mut Vec<u8>,
    ) {
        match variable {
            Variable::Tx => {
                if let Some(text) = name.and_then(|name| state.tx.find(&self.program.names, name)) {
                    text.write(out);
                }
            }
            Variable::Ip
            | Variable::Global
            | Variable::Session
            | Variable::User
            | Variable::Resource => {
                let key = state.records.iter().find(|(own, _)| *own == variable);
                if let (Some((_, key)), Some(name)) = (key, name) {
                    let lower = name.to_ascii_lowercase();
                    let found = self
                        .context
                        .store
                        .find(variable, key, &lower, state.flow.now);
                    if let Some(text) = found {
                        text.write(out);
                    }
                }
            }
            Variable::Args => {
                Self::first(&[Variable::ArgsGet, Variable::ArgsPost], name, state, out);
            }
            Variable::ArgsNames => Self::first(
                &[Variable::ArgsGetNames, Variable::ArgsPostNames],
                name,
                state,
                out,
            ),
            other if self.made(other, name, state, out) => {}
            other => Self::first(&[other], name, state, out),
        }
    }

    fn first(variables: &[Variable], name: Option<&[u8]>, state: &State, out: &mut Vec<u8>) {
        for variable in variables {
            let kind = Kind::of(*variable);
            let found = match name {
                Some(name) => state.table.named(kind, name),
                None => state
                    .table
                    .of_kind(kind)
                    .first()
                    .and_then(|id| state.table.row(*id))
                    .map(|row| state.table.bytes(row.value)),
            };
            if let Some(value) = found {
                out.extend_from_slice(value);
                return;
            }
        }
    }

    /// Variables that nobody stores. Returns whether `variable` is one of them.
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "every other variable is a clock or stored"
    )]
    pub(crate) fn made(
        self,
        variable: Variable,
        name: Option<&[u8]>,
        state: &State,
        out: &mut Vec<u8>,
    ) -> bool {
        match variable {
            Variable::MatchedVar => {
                if let Some((_, _, value)) = state.matched.last() {
                    out.extend_from_slice(value);
                }
            }
            Variable::MatchedVarName => {
                if let Some((variable, name, _)) = state.matched.last() {
                    write_key(variable, name, out);
                }
            }
            Variable::ArgsCombinedSize => {
                let kinds = [Kind::of(Variable::ArgsGet), Kind::of(Variable::ArgsPost)];
                number(state.table.size(&kinds), out);
            }
            Variable::FilesCombinedSize => {
                number(state.flow.file_bytes, out);
            }
            Variable::HighestSeverity => {
                number(u64::from(state.flow.highest_severity.unwrap_or(255)), out);
            }
            Variable::Geo => {
                let found = name.and_then(|name| {
                    state
                        .geo
                        .iter()
                        .find(|(own, _)| own.as_bytes().eq_ignore_ascii_case(name))
                });
                if let Some((_, value)) = found {
                    out.extend_from_slice(value);
                }
            }
            Variable::Env => {
                let found = name.and_then(|name| {
                    state
                        .environment
                        .iter()
                        .rev()
                        .find(|(own, _)| own.as_bytes().eq_ignore_ascii_case(name))
                });
                if let Some((_, value)) = found {
                    out.extend_from_slice(value);
                }
            }
            Variable::Rule => self.rule(name.unwrap_or_default(), state, out),
            other => return time(other, self.context, state.flow.now, out),
        }
        true
    }

    fn rule(self, name: &[u8], state: &State, out: &mut Vec<u8>) {
        let rule = self.rule;
        let head = rule.links.first();
        match name.to_ascii_lowercase().as_slice() {
            b"id" => number(rule.id, out),
            b"rev" => out.extend_from_slice(rule.rev.as_deref().unwrap_or_default().as_bytes()),
            b"severity" => {
                if let Some(severity) = rule.severity {
                    number(u64::from(severity), out);
                }
            }
            b"msg" => {
                if let Some(msg) = head.and_then(|head| head.msg.as_ref()) {
                    self.plain(msg, state, out);
                }
            }
            b"logdata" => {
                if let Some(data) = head.and_then(|head| head.logdata.as_ref()) {
                    self.plain(data, state, out);
                }
            }
            _ => {}
        }
    }

    /// A message inside a message: macros that name `RULE` again stay empty, so that nothing can go round in a circle.
    fn plain(self, template: &Template, state: &State, out: &mut Vec<u8>) {
        let parts = template
            .parts
            .iter()
            .filter(|part| !matches!(part, Part::Value(Variable::Rule, _)))
            .cloned()
            .collect();
        self.expand(&Template { parts }, state, out);
    }
}

fn number(number: u64, out: &mut Vec<u8>) {
    write_number(i64::try_from(number).unwrap_or(i64::MAX), out);
}

/// Clock variables, in UTC. Returns whether `variable` is one of them.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "every other variable is no clock"
)]
fn time(variable: Variable, context: &Context<'_>, now: u64, out: &mut Vec<u8>) -> bool {
    let day = now / 86_400;
    let second = now % 86_400;
    let (year, month, day_of_month) = date(day);
    match variable {
        Variable::Duration => number(context.elapsed_ms, out),
        Variable::TimeEpoch => number(now, out),
        Variable::TimeHour => number(second / 3600, out),
        Variable::TimeMin => number(second / 60 % 60, out),
        Variable::TimeSec => number(second % 60, out),
        Variable::TimeDay => number(day_of_month, out),
        Variable::TimeMon => number(month - 1, out),
        Variable::TimeYear => number(year, out),
        // The first of January 1970 was a Thursday; Sunday is 0.
        Variable::TimeWday => number((day + 4) % 7, out),
        Variable::Time => out.extend_from_slice(
            format!(
                "{:02}:{:02}:{:02}",
                second / 3600,
                second / 60 % 60,
                second % 60
            )
            .as_bytes(),
        ),
        _ => return false,
    }
    true
}

/// Year, month (1 to 12) and day of the month of a day since the epoch, in the proleptic Gregorian calendar.
fn date(day: u64) -> (u64, u64, u64) {
    // Years begin in March here, so that the leap day is the last of its year.
    let shifted = day + 719_468;
    let era = shifted / 146_097;
    let of_era = shifted % 146_097;
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * of_year + 2) / 153;
    let day_of_month = of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    let year = year_of_era + era * 400 + u64::from(month <= 2);
    (year, month, day_of_month)
}
