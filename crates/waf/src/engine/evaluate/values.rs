//! The slow way: every value of a target, transformed for this rule alone.

use super::super::collections::write_number;
use super::super::expand::write_key;
use super::super::operate::operate;
use super::super::program::{Condition, Link, Operator, Rule, RuleId, Source, Target};
use super::super::table::{Kind, RowId};
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
                let mut value = Vec::new();
                text.write(&mut value);
                let selector = self.program.names.text(*name).to_vec();
                self.owned(id, rule, link, condition, (target, (selector, value)))
            }
            Source::Tx | Source::Stored | Source::Made => {
                let values = self.collect(rule, target);
                let mut any = false;
                for value in values {
                    any |= self.owned(id, rule, link, condition, (target, value));
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
            Source::Tx | Source::Stored | Source::Made => {
                count = i64::try_from(self.collect(rule, target).len()).unwrap_or(i64::MAX);
            }
        }
        if let Operator::NumberConstant(test, constant) = condition.operator
            && test.holds(count, constant) == condition.negated
        {
            return false;
        }
        let mut value = Vec::new();
        write_number(count, &mut value);
        let here = self.here(rule);
        let answer = operate(
            here,
            &condition.operator,
            &value,
            link.capture,
            (self.scratch, self.state),
        );
        if !self.holds(rule, answer, condition.negated) {
            return false;
        }
        self.state.matched.push(target.variable, b"", &value);
        self.on_match(rule, link, &condition.operator, answer);
        true
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
        let mut value = Vec::new();
        for index in 0..self.state.table.of_kind(kind).len() {
            let Some(row) = self.row_at(kind, index) else {
                continue;
            };
            if !self.concerned(id, condition, target, row) {
                continue;
            }
            let Some(row) = self.state.table.row(row) else {
                continue;
            };
            value.clear();
            value.extend_from_slice(self.state.table.bytes(row.value));
            let name = row.name;
            any |= self.judge(rule, link, condition, &value, |state| {
                let name = state.table.bytes(name).to_vec();
                (target.variable, name)
            });
        }
        any
    }

    fn owned(
        &mut self,
        id: RuleId,
        rule: &'a Rule,
        link: &'a Link,
        condition: &'a Condition,
        (target, (selector, value)): (&'a Target, Owned),
    ) -> bool {
        let out = excluded(
            self.program,
            self.state,
            (id, condition, target.variable, &selector),
            self.scratch,
        );
        if out {
            return false;
        }
        self.judge(rule, link, condition, &value, |_| {
            (target.variable, selector.clone())
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
            Variable::Tx => self.state.tx.each(&self.program.names, &mut |name, text| {
                let mut value = Vec::new();
                text.write(&mut value);
                all.push((name.to_vec(), value));
            }),
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
        all.retain(|(name, _)| selects(target.selector.as_ref(), name, self.scratch));
        all
    }

    /// Transforms one value as the rule says, and asks the operator; with `multiMatch`, after each step that changed it.
    fn judge(
        &mut self,
        rule: &'a Rule,
        link: &'a Link,
        condition: &'a Condition,
        value: &[u8],
        key: impl Fn(&super::State) -> (Variable, Vec<u8>),
    ) -> bool {
        let program = self.program;
        let map = &program.settings.unicode;
        let chain = program.chains.get(usize::from(condition.chain));
        let steps = chain.map_or([].as_slice(), |chain| chain.steps.as_slice());
        let mut any = false;
        let mut last = std::mem::take(&mut self.scratch.first);
        let mut next = std::mem::take(&mut self.scratch.second);
        last.clear();
        last.extend_from_slice(value);
        if condition.multi_match {
            any |= self.ask(rule, link, condition, &last, &key);
            for step in steps {
                if changed(*step, &mut last, &mut next, map) {
                    any |= self.ask(rule, link, condition, &last, &key);
                }
            }
        } else {
            for step in steps {
                changed(*step, &mut last, &mut next, map);
            }
            any |= self.ask(rule, link, condition, &last, &key);
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
        key: &impl Fn(&super::State) -> (Variable, Vec<u8>),
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
        let (variable, name) = key(self.state);
        self.state.matched.push(variable, &name, value);
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
