//! The slow way: every value of a target, transformed for this rule alone.

use super::super::collections::{Text, write_number};
use super::super::expand::write_key;
use super::super::operate::operate;
use super::super::program::{Condition, Link, Operator, Rule, RuleId, Source, Target};
use super::super::state::Matched;
use super::super::table::{Kind, Row, RowId, Table};
use super::{Run, excluded, selects};
use crate::seclang::syntax::Variable;
use crate::transform::{Transformation, UnicodeMap};

/// A value that is not a row: its selector and its bytes.
type Owned = (Vec<u8>, Vec<u8>);

impl<'a> Run<'a> {
    /// Whether any value of `target` matches.
    pub(super) fn target(
        &mut self,
        id: RuleId,
        rule: &'a Rule,
        link: &'a Link,
        condition: &'a Condition,
        target: &'a Target,
    ) -> bool {
        if target.counted {
            return self.count(id, rule, link, condition, target);
        }
        match &target.source {
            Source::Rows(kinds) => {
                let mut any = false;
                for kind in kinds {
                    any |= self.rows(id, rule, link, condition, (target, *kind));
                }
                any
            }
            Source::TxSlot(name) => {
                let Some(text) = self.state.tx.slot(*name) else {
                    return false;
                };
                // Rules that gate others by a number are many; none of them needs the text.
                if let Operator::NumberConstant(test, constant) = condition.operator
                    && condition.chain == 0
                    && test.holds(text.number(), constant) == condition.negated
                {
                    return false;
                }
                let mut value = std::mem::take(&mut self.scratch.value);
                value.clear();
                text.write(&mut value);
                let selector = self.program.names.text(*name);
                let any = self.owned(id, rule, link, condition, (target, selector, &value));
                self.scratch.value = value;
                any
            }
            Source::Tx | Source::TxPattern(_) | Source::Stored | Source::Made => {
                let values = self.collect(rule, target);
                let mut any = false;
                for (selector, value) in values {
                    any |= self.owned(id, rule, link, condition, (target, &selector, &value));
                }
                any
            }
        }
    }

    fn count(
        &mut self,
        id: RuleId,
        rule: &'a Rule,
        link: &'a Link,
        condition: &'a Condition,
        target: &'a Target,
    ) -> bool {
        let mut count = 0_i64;
        match &target.source {
            Source::Rows(kinds) => {
                for kind in kinds {
                    count += self.count_rows(id, condition, target, *kind);
                }
            }
            Source::TxSlot(name) => count = i64::from(self.state.tx.slot(*name).is_some()),
            Source::Tx | Source::TxPattern(_) | Source::Stored | Source::Made => {
                count = i64::try_from(self.collect(rule, target).len()).unwrap_or(i64::MAX);
            }
        }
        if let Operator::NumberConstant(test, constant) = condition.operator
            && test.holds(count, constant) == condition.negated
        {
            return false;
        }
        let mut value = std::mem::take(&mut self.scratch.value);
        value.clear();
        write_number(count, &mut value);
        let variable = target.variable;
        let any = self.ask(rule, link, condition, &value, &|matched, _, value| {
            matched.push(variable, b"", value);
        });
        self.scratch.value = value;
        any
    }

    fn count_rows(
        &mut self,
        id: RuleId,
        condition: &'a Condition,
        target: &'a Target,
        kind: Kind,
    ) -> i64 {
        let rows = self.state.table.of_kind(kind).len();
        if target.selector.is_none()
            && condition.exclusions.is_empty()
            && self.state.hidden.is_empty()
        {
            return i64::try_from(rows).unwrap_or(i64::MAX);
        }
        let mut count = 0;
        for index in 0..rows {
            let concerned = self
                .row_at(kind, index)
                .is_some_and(|row| self.concerned(id, condition, target, row));
            count += i64::from(concerned);
        }
        count
    }

    fn row_at(&self, kind: Kind, index: usize) -> Option<RowId> {
        self.state.table.of_kind(kind).get(index).copied()
    }

    fn rows(
        &mut self,
        id: RuleId,
        rule: &'a Rule,
        link: &'a Link,
        condition: &'a Condition,
        (target, kind): (&'a Target, Kind),
    ) -> bool {
        let mut any = false;
        for index in 0..self.state.table.of_kind(kind).len() {
            let Some(id_of_row) = self.row_at(kind, index) else {
                continue;
            };
            if !self.concerned(id, condition, target, id_of_row) {
                continue;
            }
            if let Some(row) = self.state.table.row(id_of_row) {
                any |= self.row(rule, link, condition, (target.variable, row));
            }
        }
        any
    }

    /// Transforms and judges one row that the rule is concerned with.
    pub(super) fn row(
        &mut self,
        rule: &'a Rule,
        link: &'a Link,
        condition: &'a Condition,
        (variable, row): (Variable, Row),
    ) -> bool {
        let mut value = std::mem::take(&mut self.scratch.value);
        value.clear();
        value.extend_from_slice(self.state.table.bytes(row.value));
        let any = self.judge(rule, link, condition, &value, &|matched, table, value| {
            matched.push(variable, table.bytes(row.name), value);
        });
        self.scratch.value = value;
        any
    }

    fn owned(
        &mut self,
        id: RuleId,
        rule: &'a Rule,
        link: &'a Link,
        condition: &'a Condition,
        (target, selector, value): (&'a Target, &[u8], &[u8]),
    ) -> bool {
        let out = excluded(
            self.program,
            self.state,
            (id, condition, target.variable, selector),
            self.scratch,
        );
        if out {
            return false;
        }
        let variable = target.variable;
        self.judge(rule, link, condition, value, &|matched, _, value| {
            matched.push(variable, selector, value);
        })
    }

    /// The values of a variable that has no rows.
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "every other variable is made"
    )]
    fn collect(&mut self, rule: &'a Rule, target: &'a Target) -> Vec<Owned> {
        let mut all: Vec<Owned> = Vec::new();
        match target.variable {
            Variable::Tx => return self.collect_tx(target),
            Variable::MatchedVars | Variable::MatchedVarsNames => {
                for index in 0..self.state.matched.len() {
                    let Some((variable, name, value)) = self.state.matched.entry(index) else {
                        continue;
                    };
                    let mut key = Vec::new();
                    write_key(variable, name, &mut key);
                    all.push(if target.variable == Variable::MatchedVars {
                        (key, value.to_vec())
                    } else {
                        (key.clone(), key)
                    });
                }
            }
            Variable::Ip
            | Variable::Global
            | Variable::Session
            | Variable::User
            | Variable::Resource => {
                let record = self
                    .state
                    .records
                    .iter()
                    .find(|(own, _)| *own == target.variable);
                if let Some((collection, key)) = record {
                    let now = self.state.flow.now;
                    for (name, text) in self.context.store.all(*collection, key, now) {
                        let mut value = Vec::new();
                        text.write(&mut value);
                        all.push((name.into_vec(), value));
                    }
                }
            }
            other => {
                let name = match &target.selector {
                    Some(super::Selector::Name(name)) => Some(name.as_ref()),
                    _ => None,
                };
                let mut value = Vec::new();
                self.here(rule).made(other, name, self.state, &mut value);
                let known = !value.is_empty()
                    || !matches!(other, Variable::Geo | Variable::Env | Variable::MatchedVar);
                if known {
                    all.push((name.unwrap_or_default().to_vec(), value));
                }
                return all;
            }
        }
        all.retain(|(name, _)| selects(target.selector.as_ref(), name, self.scratch, true));
        all
    }

    fn collect_tx(&mut self, target: &Target) -> Vec<Owned> {
        let Self {
            scratch,
            state,
            program,
            ..
        } = self;
        let mut all: Vec<Owned> = Vec::new();
        let mut keep = |name: &[u8], text: &Text| {
            let mut value = Vec::new();
            text.write(&mut value);
            all.push((name.to_vec(), value));
        };
        if let Source::TxPattern(known) = &target.source {
            for id in known {
                if let Some(text) = state.tx.slot(*id) {
                    keep(program.names.text(*id), text);
                }
            }
            state.tx.each_made(&mut |name, text| {
                if selects(target.selector.as_ref(), name, scratch, true) {
                    keep(name, text);
                }
            });
        } else {
            state.tx.each(&program.names, &mut keep);
        }
        all
    }

    /// Transforms one value as the rule says, and asks the operator; with `multiMatch`, after each step that changed it.
    fn judge(
        &mut self,
        rule: &'a Rule,
        link: &'a Link,
        condition: &'a Condition,
        value: &[u8],
        push: &dyn Fn(&mut Matched, &Table, &[u8]),
    ) -> bool {
        let program = self.program;
        let map = &program.settings.unicode;
        let chain = program.chains.get(usize::from(condition.chain));
        let steps = chain.map_or([].as_slice(), |chain| chain.steps.as_slice());
        if steps.is_empty() {
            return self.ask(rule, link, condition, value, push);
        }
        let mut any = false;
        let mut last = std::mem::take(&mut self.scratch.first);
        let mut next = std::mem::take(&mut self.scratch.second);
        last.clear();
        last.extend_from_slice(value);
        if condition.multi_match {
            any |= self.ask(rule, link, condition, &last, push);
            for step in steps {
                if changed(*step, &mut last, &mut next, map) {
                    any |= self.ask(rule, link, condition, &last, push);
                }
            }
        } else {
            for step in steps {
                changed(*step, &mut last, &mut next, map);
            }
            any |= self.ask(rule, link, condition, &last, push);
        }
        self.scratch.first = last;
        self.scratch.second = next;
        any
    }

    fn ask(
        &mut self,
        rule: &'a Rule,
        link: &'a Link,
        condition: &'a Condition,
        value: &[u8],
        push: &dyn Fn(&mut Matched, &Table, &[u8]),
    ) -> bool {
        let here = self.here(rule);
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
        let super::State { matched, table, .. } = &mut *self.state;
        push(matched, table, value);
        self.on_match(rule, link, &condition.operator, answer);
        true
    }
}

/// Applies one step to `value`, using `next` as the place for the result.
fn changed(
    step: Transformation,
    value: &mut Vec<u8>,
    next: &mut Vec<u8>,
    map: &UnicodeMap,
) -> bool {
    if step.apply(value, map, next) {
        std::mem::swap(value, next);
        return true;
    }
    false
}
