//! `SecRuleRemove…` and `SecRuleUpdate…`, applied to the rules as text.

use crate::RuleMistake;
use crate::pattern::{Memory, Pattern};
use crate::seclang::syntax::{
    Action, Directive, Document, Item, Link, Place, Rule, RuleFilter, Target,
};

use super::within;

/// The items with every removal and update applied. An update concerns the rules above it, as the files are read; so does a removal.
pub(super) fn apply(document: &Document, mistakes: &mut Vec<RuleMistake>) -> Vec<Item> {
    let mut items: Vec<Item> = Vec::with_capacity(document.items.len());
    for item in &document.items {
        match &item.directive {
            Directive::RemoveRules(filter) => {
                if let Some(filter) = Filter::of(filter, &item.place, mistakes) {
                    items.retain(|item| !filter.takes_item(item));
                }
            }
            Directive::UpdateTargets { which, targets } => {
                if let Some(filter) = Filter::of(which, &item.place, mistakes) {
                    for item in items.iter_mut().filter(|item| filter.takes_item(item)) {
                        update_targets(item, targets);
                    }
                }
            }
            Directive::UpdateActions { id, link, actions } => {
                for item in &mut items {
                    update_actions(item, (*id, *link), actions);
                }
            }
            Directive::Rule(_)
            | Directive::Marker(_)
            | Directive::DefaultActions(_)
            | Directive::Setting(_) => items.push(item.clone()),
        }
    }
    items
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
fn update_actions(item: &mut Item, (id, position): (u64, usize), actions: &[Action]) {
    let Directive::Rule(rule) = &mut item.directive else {
        return;
    };
    let own = rule
        .links
        .first()
        .is_some_and(|head| head.actions.contains(&Action::Id(id)));
    if !own {
        return;
    }
    let Some(link) = rule.links.get_mut(position) else {
        return;
    };
    for action in actions {
        replace(link, action);
    }
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
