//! Directives that are rules or change rules: their words to their place in the syntax tree.

use super::action::actions;
use super::control::filter;
use super::fault::{Fault, number, quote, text};
use super::lines::Word;
use super::operand::id_ranges;
use super::operator::{ReadData, operator};
use super::order::{check_actions, check_defaults, check_update};
use super::syntax::{
    Action, Condition, Directive, Link, Operator, Place, RuleFilter, Target, TargetKind,
};
use super::target::targets;

/// Where a rule stands, which decides what its actions may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    Head,
    Chained,
    /// `SecAction`
    Action,
}

/// `SecRule TARGETS OPERATOR [ACTIONS]`. Whether it goes on in a chain is told even when it has mistakes.
pub(super) fn sec_rule(
    words: &[Word<'_>],
    place: Place,
    standing: Standing,
    data: ReadData<'_>,
    faults: &mut Vec<Fault>,
) -> Link {
    let [_, looked_at, judged, rest @ ..] = words else {
        faults.push(Fault::new(
            "`SecRule` needs variables, an operator and actions",
        ));
        return Link {
            place,
            condition: None,
            actions: Vec::new(),
        };
    };
    if let [extra, others @ ..] = rest.get(..rest.len().saturating_sub(1)).unwrap_or_default() {
        let more = others.first().unwrap_or(extra);
        let fault = Fault::new(format!("{} is one word too many", quote(more.text)));
        faults.push(
            fault
                .hint("an operator with blanks stands in double quotes")
                .or_at(more.at),
        );
        // Only what the last word says about the chain is of use now.
        let actions = rest.last().map_or_else(Vec::new, |word| {
            actions(word.text, word.at, &mut Vec::new())
        });
        return Link {
            place,
            condition: None,
            actions,
        };
    }
    let done = rest
        .first()
        .map_or_else(Vec::new, |word| actions(word.text, word.at, faults));
    let targets = rule_targets(looked_at, faults);
    let condition = match operator(judged.text, data) {
        Ok((negated, operator)) => Some(Condition {
            targets,
            negated,
            operator,
        }),
        Err(fault) => {
            faults.push(fault.or_at(judged.at));
            // A condition in its place, so that the link still counts as a rule: the document is refused anyway.
            Some(Condition {
                targets,
                negated: false,
                operator: Operator::NoMatch,
            })
        }
    };
    check_actions(&done, standing, faults);
    Link {
        place,
        condition,
        actions: done,
    }
}

fn rule_targets(word: &Word<'_>, faults: &mut Vec<Fault>) -> Vec<Target> {
    let mut own = Vec::new();
    let found = targets(word.text, &mut own);
    if own.is_empty()
        && found
            .iter()
            .all(|target| target.kind == TargetKind::Excluded)
    {
        own.push(Fault::new(format!(
            "{} leaves nothing to look at",
            quote(word.text)
        )));
    }
    faults.extend(own.into_iter().map(|fault| fault.or_at(word.at)));
    found
}

/// `SecAction ACTIONS`
pub(super) fn sec_action(words: &[Word<'_>], place: Place, faults: &mut Vec<Fault>) -> Link {
    let actions = only_word(words, "a list of actions", faults)
        .map_or_else(Vec::new, |word| actions(word.text, word.at, faults));
    check_actions(&actions, Standing::Action, faults);
    Link {
        place,
        condition: None,
        actions,
    }
}

/// The one word behind the directive's name.
fn only_word<'w, 't>(
    words: &'w [Word<'t>],
    what: &str,
    faults: &mut Vec<Fault>,
) -> Option<&'w Word<'t>> {
    match words {
        [_, word] => Some(word),
        [_, _, more, ..] => {
            let fault = Fault::new(format!("{} is one word too many", quote(more.text)));
            faults.push(
                fault
                    .hint("several words stand in double quotes")
                    .or_at(more.at),
            );
            None
        }
        [] | [_] => {
            faults.push(Fault::new(format!("{what} is missing")));
            None
        }
    }
}

/// `SecMarker NAME`
pub(super) fn marker(words: &[Word<'_>], faults: &mut Vec<Fault>) -> Option<Directive> {
    let word = only_word(words, "the marker's name", faults)?;
    let name = word.text.trim_ascii();
    if name.is_empty() {
        faults.push(Fault::new("the marker's name is empty").or_at(word.at));
        return None;
    }
    keep(text(name).map(Directive::Marker), word, faults)
}

/// `SecDefaultAction ACTIONS`
pub(super) fn defaults(words: &[Word<'_>], faults: &mut Vec<Fault>) -> Option<Vec<Action>> {
    let word = only_word(words, "a list of actions", faults)?;
    let actions = actions(word.text, word.at, faults);
    check_defaults(&actions, faults);
    Some(actions)
}

/// `SecRuleRemoveById ID…`
pub(super) fn remove_by_id(words: &[Word<'_>], faults: &mut Vec<Fault>) -> Option<Directive> {
    let (_, listed) = words.split_first()?;
    if listed.is_empty() {
        faults.push(Fault::new("a rule id is missing"));
    }
    let mut all = Vec::new();
    for word in listed {
        all.extend(keep(id_ranges(word.text), word, faults).unwrap_or_default());
    }
    Some(Directive::RemoveRules(RuleFilter::Ids(all)))
}

/// `SecRuleRemoveByTag PATTERN`, `SecRuleRemoveByMsg PATTERN`
pub(super) fn remove_by(
    words: &[Word<'_>],
    which: fn(Box<str>) -> RuleFilter,
    faults: &mut Vec<Fault>,
) -> Option<Directive> {
    let word = only_word(words, "what to look for", faults)?;
    keep(
        filter(word.text).map(|pattern| Directive::RemoveRules(which(pattern))),
        word,
        faults,
    )
}

/// `SecRuleUpdateTargetById ID TARGETS` and its brothers.
pub(super) fn update_targets(
    words: &[Word<'_>],
    which: fn(&[u8]) -> Result<RuleFilter, Fault>,
    faults: &mut Vec<Fault>,
) -> Option<Directive> {
    let [_, selected, changed, rest @ ..] = words else {
        faults.push(Fault::new(
            "it needs the rules that are meant and the targets that change",
        ));
        return None;
    };
    if let Some(more) = rest.first() {
        let fault = Fault::new(format!(
            "the third word {} is not supported",
            quote(more.text)
        ));
        faults.push(
            fault
                .hint("to replace a target, exclude the old one and add the new one")
                .or_at(more.at),
        );
    }
    let mut own = Vec::new();
    let targets = targets(changed.text, &mut own);
    faults.extend(own.into_iter().map(|fault| fault.or_at(changed.at)));
    let which = keep(which(selected.text), selected, faults)?;
    Some(Directive::UpdateTargets { which, targets })
}

/// `SecRuleUpdateActionById ID[:LINK] ACTIONS`
pub(super) fn update_actions(words: &[Word<'_>], faults: &mut Vec<Fault>) -> Option<Directive> {
    let [_, selected, changed, rest @ ..] = words else {
        faults.push(Fault::new("it needs a rule id and actions"));
        return None;
    };
    if let Some(more) = rest.first() {
        faults
            .push(Fault::new(format!("{} is one word too many", quote(more.text))).or_at(more.at));
    }
    let actions = actions(changed.text, changed.at, faults);
    let mut halves = selected.text.splitn(2, |one| *one == b':');
    let id = keep(
        number(halves.next().unwrap_or_default(), "rule id"),
        selected,
        faults,
    )?;
    let link = match halves.next() {
        None => 0,
        Some(link) => keep(number(link, "place in a chain"), selected, faults)?,
    };
    check_update(&actions, link, faults);
    Some(Directive::UpdateActions { id, link, actions })
}

/// The value, or its fault put away with the place of its word.
fn keep<T>(read: Result<T, Fault>, word: &Word<'_>, faults: &mut Vec<Fault>) -> Option<T> {
    read.map_err(|fault| faults.push(fault.or_at(word.at))).ok()
}
