//! `SecRuleRemove…` and `SecRuleUpdate…`, applied to the rules as text.

use crate::RuleMistake;
use crate::pattern::{Memory, Pattern};
use crate::seclang::syntax::{
    Action, Directive, Document, Item, Link, Place, Rule, RuleFilter, Target,
};

use super::super::program::Left;
use super::within;

/// The items with every removal and update applied. An update concerns the rules above it, as the files are read; so does a
/// removal. An update of a rule that is not there is a mistake: somebody relies on it. What takes rules away and finds none
/// leaves the rules stricter than was meant, and is the second list.
pub(super) fn apply(
    document: &Document,
    mistakes: &mut Vec<RuleMistake>,
) -> (Vec<Item>, Vec<Left>) {
    let mut left = Vec::new();
    let mut items: Vec<Item> = Vec::with_capacity(document.items.len());
    for item in &document.items {
        let place = &item.place;
        match &item.directive {
            Directive::RemoveRules(filter) => {
                missing(filter, &items, |id| {
                    left.push(unmet(format!("SecRuleRemoveById {id}"), place));
                });
                if let Some(found) = Filter::of(filter, place, mistakes) {
                    let before = items.len();
                    items.retain(|item| !found.takes_item(item));
                    if items.len() == before {
                        left.extend(
                            text_of(filter)
                                .map(|what| unmet(format!("SecRuleRemove{what}"), place)),
                        );
                    }
                }
            }
            Directive::UpdateTargets { which, targets } => {
                missing(which, &items, |id| {
                    mistakes.push(mistake(place, format!("no rule above has the id `{id}`")));
                });
                if let Some(filter) = Filter::of(which, place, mistakes) {
                    let mut found = false;
                    for item in items.iter_mut().filter(|item| filter.takes_item(item)) {
                        found = true;
                        update_targets(item, targets);
                    }
                    if !found {
                        left.extend(
                            text_of(which)
                                .map(|what| unmet(format!("SecRuleUpdateTarget{what}"), place)),
                        );
                    }
                }
            }
            Directive::UpdateActions { id, link, actions } => {
                if let Err(message) = update_action(&mut items, (*id, *link), actions) {
                    mistakes.push(mistake(place, message));
                }
            }
            Directive::Rule(_)
            | Directive::Marker(_)
            | Directive::DefaultActions(_)
            | Directive::Setting(_) => items.push(item.clone()),
        }
    }
    (items, left)
}

fn mistake(place: &Place, message: String) -> RuleMistake {
    RuleMistake {
        file: place.file.to_string(),
        line: place.line,
        message,
        hint: Some("an update stands below the rule that it changes".into()),
    }
}

fn unmet(what: String, place: &Place) -> Left {
    Left {
        file: place.file.to_string(),
        line: place.line,
        what,
        why: "no rule above is meant",
        times: 1,
    }
}

/// Tells each single id that no rule has. A range is a wish for whatever is in it.
fn missing(filter: &RuleFilter, items: &[Item], mut tell: impl FnMut(String)) {
    let RuleFilter::Ids(ids) = filter else { return };
    let known = |id: u64| items.iter().any(|item| has_id(item, id));
    for range in ids.iter().filter(|range| range.first == range.last) {
        if !known(range.first) {
            tell(range.first.to_string());
        }
    }
}

fn has_id(item: &Item, id: u64) -> bool {
    let Directive::Rule(rule) = &item.directive else {
        return false;
    };
    let head = rule.links.first();
    head.is_some_and(|head| head.actions.contains(&Action::Id(id)))
}

/// What a filter by tag or message looks for.
fn text_of(filter: &RuleFilter) -> Option<String> {
    match filter {
        RuleFilter::Ids(_) => None,
        RuleFilter::Tag(text) => Some(format!("ByTag {text}")),
        RuleFilter::Msg(text) => Some(format!("ByMsg {text}")),
    }
}

/// Which rules are meant. Tags and messages are compared with a pattern, searched for anywhere.
enum Filter<'a> {
    Ids(&'a [crate::seclang::syntax::IdRange]),
    Tag(Box<Pattern>),
    Msg(Box<Pattern>),
}

impl<'a> Filter<'a> {
    fn of(filter: &'a RuleFilter, place: &Place, mistakes: &mut Vec<RuleMistake>) -> Option<Self> {
        let (text, tag) = match filter {
            RuleFilter::Ids(ids) => return Some(Self::Ids(ids)),
            RuleFilter::Tag(text) => (text, true),
            RuleFilter::Msg(text) => (text, false),
        };
        match Pattern::compile(text.as_bytes()) {
            Ok(pattern) if tag => Some(Self::Tag(Box::new(pattern))),
            Ok(pattern) => Some(Self::Msg(Box::new(pattern))),
            Err(error) => {
                mistakes.push(RuleMistake {
                    file: place.file.to_string(),
                    line: place.line,
                    message: error.to_string(),
                    hint: None,
                });
                None
            }
        }
    }

    fn takes_item(&self, item: &Item) -> bool {
        match &item.directive {
            Directive::Rule(rule) => self.takes(rule),
            Directive::Marker(_)
            | Directive::DefaultActions(_)
            | Directive::RemoveRules(_)
            | Directive::UpdateTargets { .. }
            | Directive::UpdateActions { .. }
            | Directive::Setting(_) => false,
        }
    }

    fn takes(&self, rule: &Rule) -> bool {
        let Some(head) = rule.links.first() else {
            return false;
        };
        let mut memory = Memory::default();
        head.actions.iter().any(|action| match (self, action) {
            (Self::Ids(ids), Action::Id(id)) => within(ids, *id),
            (Self::Tag(pattern), Action::Tag(text)) | (Self::Msg(pattern), Action::Msg(text)) => {
                text.constant()
                    .is_some_and(|text| pattern.is_match(text, &mut memory))
            }
            _ => false,
        })
    }
}

/// The targets of the head: an exclusion is added, an inclusion too.
fn update_targets(item: &mut Item, targets: &[Target]) {
    if let Directive::Rule(rule) = &mut item.directive
        && let Some(condition) = rule
            .links
            .first_mut()
            .and_then(|link| link.condition.as_mut())
    {
        condition.targets.extend_from_slice(targets);
    }
}

/// The new actions take the place of the old ones of their sort; lists (`tag`, `setvar`, `t`, `ctl`) grow.
fn update_action(
    items: &mut [Item],
    (id, position): (u64, usize),
    actions: &[Action],
) -> Result<(), String> {
    let own = items.iter_mut().find(|item| has_id(item, id));
    let Some(Directive::Rule(rule)) = own.map(|item| &mut item.directive) else {
        return Err(format!("no rule above has the id `{id}`"));
    };
    let Some(link) = rule.links.get_mut(position) else {
        let chained = rule.links.len().saturating_sub(1);
        return Err(format!(
            "the rule `{id}` has {chained} chained rules, not {position}"
        ));
    };
    for action in actions {
        replace(link, action);
    }
    Ok(())
}

fn replace(link: &mut Link, action: &Action) {
    let sort = std::mem::discriminant(action);
    if disruptive(action) {
        link.actions.retain(|old| !disruptive(old));
    } else if single(action) {
        link.actions
            .retain(|old| std::mem::discriminant(old) != sort);
    } else if matches!(action, Action::ResetTransformations) {
        link.actions
            .retain(|old| !matches!(old, Action::Transformation(_)));
    } else if matches!(action, Action::Log) {
        link.actions.retain(|old| !matches!(old, Action::NoLog));
    } else if matches!(action, Action::NoLog) {
        link.actions.retain(|old| !matches!(old, Action::Log));
    }
    link.actions.push(action.clone());
}

fn disruptive(action: &Action) -> bool {
    matches!(
        action,
        Action::Allow(_)
            | Action::Block
            | Action::Deny
            | Action::Drop
            | Action::Pass
            | Action::Redirect(_)
    )
}

fn single(action: &Action) -> bool {
    matches!(
        action,
        Action::Msg(_)
            | Action::Severity(_)
            | Action::LogData(_)
            | Action::Status(_)
            | Action::Ver(_)
            | Action::Rev(_)
            | Action::Skip(_)
            | Action::SkipAfter(_)
    )
}
