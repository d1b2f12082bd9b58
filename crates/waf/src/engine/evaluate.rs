//! The rules of a phase, one after the other.
//!
//! A rule whose condition the filter knows is asked for its candidates only; any other rule looks at all its values. Both ways end
//! in the same [`Run::judge`], and the second, taken for every rule ([`super::Strategy::Exhaustive`]), is the oracle of the first.

use super::expand::Here;
use super::filter::{Candidate, Filter};
use super::guard::Guard;
use super::operate::{Answer, operate};
use super::program::{
    After, CompiledCtl, Condition, Exclusion, Link, Program, Rule, RuleId, Selector, Source, Step,
    Target,
};
use super::scratch::Scratch;
use super::state::State;
use super::table::{Kind, RowId};
use super::{Context, Strategy};
use crate::seclang::syntax::{AllowScope, Variable};

mod values;

/// Phases as indexes.
pub(crate) const LOGGING: usize = 4;

/// Everything that the rules of a phase work with.
pub(crate) struct Run<'a> {
    pub(crate) program: &'a Program,
    pub(crate) filters: &'a [Filter; 2],
    pub(crate) context: &'a Context<'a>,
    pub(crate) strategy: Strategy,
    pub(crate) scratch: &'a mut Scratch,
    pub(crate) state: &'a mut State,
    /// Whether the filter looked at the values in this phase already.
    pub(crate) looked: bool,
}

impl<'a> Run<'a> {
    pub(super) fn here(&self, rule: &'a Rule) -> Here<'a> {
        Here {
            program: self.program,
            context: self.context,
            rule,
        }
    }

    /// Runs the rules of `phase` (0 to 4) until one of them stops the transaction.
    pub(crate) fn phase(&mut self, phase: usize) {
        match self.state.flow.allowed {
            Some(AllowScope::Transaction) if phase != LOGGING => return,
            Some(AllowScope::Request) if phase <= 1 => return,
            _ => self.state.flow.allowed = None,
        }
        let program = self.program;
        let steps = program
            .phases
            .get(phase)
            .map_or([].as_slice(), Vec::as_slice);
        for step in steps {
            let (id, guard) = match step {
                Step::Marker(marker) => {
                    if self.state.flow.skip_to == Some(*marker) {
                        self.state.flow.skip_to = None;
                    }
                    continue;
                }
                Step::Rule(id, guard) => (*id, *guard),
            };
            let flow = &mut self.state.flow;
            if flow.skip_to.is_some() || flow.allowed.is_some() {
                continue;
            }
            if flow.skip_next > 0 {
                flow.skip_next -= 1;
                continue;
            }
            if self.ruled_out(guard, phase) {
                continue;
            }
            self.rule(id);
            if self.state.report.intervention.is_some() && phase != LOGGING {
                return;
            }
        }
    }

    fn ruled_out(&mut self, guard: Guard, phase: usize) -> bool {
        if self.strategy == Strategy::Exhaustive {
            return false;
        }
        let index = usize::from(phase > 1);
        if let Guard::Slot(_) = guard {
            self.look(index);
        }
        guard.rules_out(&self.state.tx, self.state.found.get(index))
    }

    fn rule(&mut self, id: RuleId) {
        let Some(rule) = self.program.rules.get(id as usize) else {
            return;
        };
        if self
            .state
            .removed
            .get(id as usize)
            .copied()
            .unwrap_or(false)
        {
            return;
        }
        self.state.matched.clear();
        if self.chain(id, rule) {
            self.disrupt(rule);
        }
    }

    /// Whether all links match. Actions that wait for the whole chain run from the last link to the first.
    fn chain(&mut self, id: RuleId, rule: &'a Rule) -> bool {
        for link in &rule.links {
            let Some(condition) = &link.condition else {
                self.set_variables(rule, link);
                continue;
            };
            if !self.condition(id, rule, link, condition) {
                return false;
            }
        }
        for (position, link) in rule.links.iter().enumerate().rev() {
            self.after(id, rule, position, link);
        }
        true
    }

    fn condition(
        &mut self,
        id: RuleId,
        rule: &'a Rule,
        link: &'a Link,
        condition: &'a Condition,
    ) -> bool {
        let phase = usize::from(rule.phase > 1);
        if let (Some(slot), Strategy::Indexed) = (condition.slot, self.strategy) {
            self.look(phase);
            if let Some(candidates) = self
                .state
                .found
                .get(phase)
                .and_then(|found| found.of_slot(slot))
            {
                if candidates.is_empty() {
                    return false;
                }
                let count = candidates.len();
                return self.candidates(id, rule, link, condition, (phase, slot, count));
            }
        }
        let mut any = false;
        for target in &condition.targets {
            any |= self.target(id, rule, link, condition, target);
        }
        any
    }

    /// Lets the filter look at what is new, once per phase.
    fn look(&mut self, index: usize) {
        if self.looked {
            return;
        }
        self.looked = true;
        let State {
            found, table, tx, ..
        } = &mut *self.state;
        if let (Some(found), Some(filter)) = (found.get_mut(index), self.filters.get(index)) {
            found.look(self.program, filter, table, tx);
        }
    }

    fn candidates(
        &mut self,
        id: RuleId,
        rule: &'a Rule,
        link: &'a Link,
        condition: &'a Condition,
        (phase, slot, count): (usize, u16, usize),
    ) -> bool {
        let mut any = false;
        let kinds = condition
            .targets
            .iter()
            .flat_map(|target| match &target.source {
                Source::Rows(kinds) => kinds.iter().map(|kind| (target, *kind)).collect(),
                Source::TxSlot(_)
                | Source::Tx
                | Source::TxPattern(_)
                | Source::Stored
                | Source::Made => Vec::new(),
            });
        for (target, kind) in kinds {
            for index in 0..count {
                let found = self.state.found.get(phase);
                let listed = found.and_then(|found| found.of_slot(slot)?.get(index).copied());
                if let Some(candidate) = listed {
                    let place = (target, kind, phase, candidate);
                    any |= self.candidate(id, rule, link, condition, place);
                }
            }
        }
        any
    }

    fn candidate(
        &mut self,
        id: RuleId,
        rule: &'a Rule,
        link: &'a Link,
        condition: &'a Condition,
        (target, kind, phase, candidate): (&'a Target, Kind, usize, Candidate),
    ) -> bool {
        let Some(row) = self.state.table.row(candidate.row) else {
            return false;
        };
        if row.kind != kind
            || row.version != candidate.version
            || !self.concerned(id, condition, target, candidate.row)
        {
            return false;
        }
        if condition.multi_match {
            return self.row(rule, link, condition, (target.variable, row));
        }
        let here = self.here(rule);
        let found = self.state.found.get(phase);
        let value = match (candidate.changed, found) {
            (Some(span), Some(found)) => found.bytes(span),
            _ => self.state.table.bytes(row.value),
        };
        let answer = operate(
            here,
            &condition.operator,
            value,
            link.capture,
            (self.scratch, self.state),
        );
        if !self.holds(rule, answer, condition.negated) {
            return false;
        }
        let State {
            matched,
            table,
            found,
            ..
        } = &mut *self.state;
        let value = match (candidate.changed, found.get(phase)) {
            (Some(span), Some(found)) => found.bytes(span),
            _ => table.bytes(row.value),
        };
        matched.push(target.variable, table.bytes(row.name), value);
        self.on_match(rule, link, &condition.operator, answer);
        true
    }

    /// Whether the answer is a match. A pattern without an answer is none, and is reported.
    pub(super) fn holds(&mut self, rule: &Rule, answer: Answer, negated: bool) -> bool {
        match answer {
            Answer::No => negated,
            Answer::Exhausted => {
                self.unanswered(rule);
                false
            }
            Answer::Yes
            | Answer::Whole
            | Answer::Captured
            | Answer::Word(_)
            | Answer::Fingerprint(_) => !negated,
        }
    }

    /// Reports that the rule has said less than it would have.
    pub(super) fn unanswered(&mut self, rule: &Rule) {
        let exhausted = &mut self.state.report.exhausted;
        if !exhausted.contains(&rule.id) {
            exhausted.push(rule.id);
        }
    }

    /// Whether the target selects the row and nothing excludes it.
    fn concerned(
        &mut self,
        id: RuleId,
        condition: &'a Condition,
        target: &'a Target,
        row: RowId,
    ) -> bool {
        let Some(row) = self.state.table.row(row) else {
            return false;
        };
        let name = self.state.table.bytes(row.name);
        selects(target.selector.as_ref(), name, self.scratch, true)
            && !excluded(
                self.program,
                self.state,
                (id, condition, target.variable, name),
                self.scratch,
            )
    }
}

/// Whether an exclusion of the rule, or one that `ctl` added, takes this value away.
pub(super) fn excluded(
    program: &Program,
    state: &State,
    (id, condition, variable, name): (RuleId, &Condition, Variable, &[u8]),
    scratch: &mut Scratch,
) -> bool {
    let takes = |exclusion: &Exclusion, scratch: &mut Scratch| {
        exclusion.variable == variable && selects(exclusion.selector.as_ref(), name, scratch, false)
    };
    condition
        .exclusions
        .iter()
        .any(|exclusion| takes(exclusion, scratch))
        || state.hidden.iter().any(|hidden| {
            let after = program
                .rules
                .get(hidden.rule as usize)
                .and_then(|rule| rule.links.get(usize::from(hidden.link)))
                .and_then(|link| link.after.get(usize::from(hidden.action)));
            matches!(after, Some(After::Ctl(CompiledCtl::RemoveTargets { rules, target }))
                if rules.binary_search(&id).is_ok() && takes(target, scratch))
        })
}

/// Whether a selector picks the name. Where its pattern gives no answer, `unknown` decides: a value is then rather looked at.
pub(super) fn selects(
    selector: Option<&Selector>,
    name: &[u8],
    scratch: &mut Scratch,
    unknown: bool,
) -> bool {
    match selector {
        None => true,
        Some(Selector::Name(wanted)) => same_name(wanted, name),
        Some(Selector::Pattern(pattern)) => {
            let found = pattern.is_match(name, &mut scratch.memory);
            found || (scratch.memory.take_exhausted() && unknown)
        }
    }
}

/// Equal without case. Elements of JSON arrays may be written both ways, `json.a.array_0.b` and `json.a.0.b`.
fn same_name(wanted: &[u8], name: &[u8]) -> bool {
    if wanted.eq_ignore_ascii_case(name) {
        return true;
    }
    if !name.starts_with(b"json.") {
        return false;
    }
    let mut wanted = wanted.split(|byte| *byte == b'.');
    let mut name = name.split(|byte| *byte == b'.');
    loop {
        match (wanted.next(), name.next()) {
            (None, None) => return true,
            (Some(left), Some(right)) => {
                let index = right.strip_prefix(b"array_");
                if !left.eq_ignore_ascii_case(right) && index != Some(left) {
                    return false;
                }
            }
            _ => return false,
        }
    }
}
