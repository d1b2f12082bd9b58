//! The question that spares most rules: can it match at all?
//!
//! Of several hundred rules of a phase all but a few are ruled out by one number or one set. What that takes stands in the list
//! of steps itself, so that a rule that is ruled out is never looked at: its parts lie scattered in memory.

use super::collections::Tx;
use super::filter::Findings;
use super::names::NameId;
use super::program::{NumberTest, Operator, Program, Rule, Source, Step};

/// A necessary condition of a head's match.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Guard {
    /// Nothing is known beforehand.
    #[default]
    Unknown,
    /// The filter has a value for this slot.
    Slot(u16),
    /// The number in a `TX` variable, which must be set.
    Number(NameId, Comparison),
    /// Whether a `TX` variable is set, as 0 or 1.
    Count(NameId, Comparison),
}

/// `test` against `constant`, the other way round when negated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Comparison {
    test: NumberTest,
    constant: i32,
    negated: bool,
}

impl Comparison {
    fn holds(self, number: i64) -> bool {
        self.test.holds(number, i64::from(self.constant)) != self.negated
    }
}

impl Guard {
    /// Whether the rule cannot match now. `found` belongs to the phase, and has looked at it.
    pub(crate) fn rules_out(self, tx: &Tx, found: Option<&Findings>) -> bool {
        match self {
            Self::Unknown => false,
            Self::Slot(slot) => found.is_some_and(|found| found.has_none(slot)),
            Self::Number(name, comparison) => tx
                .slot(name)
                .is_none_or(|text| !comparison.holds(text.number())),
            Self::Count(name, comparison) => !comparison.holds(i64::from(tx.slot(name).is_some())),
        }
    }

    fn of(rule: &Rule) -> Self {
        let condition = rule.links.first().and_then(|link| link.condition.as_ref());
        let Some(condition) = condition else {
            return Self::Unknown;
        };
        if let Some(slot) = condition.slot {
            return Self::Slot(slot);
        }
        let [target] = condition.targets.as_slice() else {
            return Self::Unknown;
        };
        let (Source::TxSlot(name), Operator::NumberConstant(test, constant)) =
            (&target.source, &condition.operator)
        else {
            return Self::Unknown;
        };
        let Ok(constant) = i32::try_from(*constant) else {
            return Self::Unknown;
        };
        // A transformation could change the text of the number.
        if condition.chain != 0 || condition.multi_match {
            return Self::Unknown;
        }
        let comparison = Comparison {
            test: *test,
            constant,
            negated: condition.negated,
        };
        if target.counted {
            Self::Count(*name, comparison)
        } else {
            Self::Number(*name, comparison)
        }
    }
}

/// Writes the guards into the steps, once the slots are numbered.
pub(crate) fn guard(program: &mut Program) {
    let Program { rules, phases, .. } = program;
    for step in phases.iter_mut().flatten() {
        if let Step::Rule(id, guard) = step
            && let Some(rule) = rules.get(*id as usize)
        {
            *guard = Guard::of(rule);
        }
    }
}
