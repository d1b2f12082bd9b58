//! One head with its chain.

use super::super::names::Names;
use super::super::program::{
    After, Change, CompiledCtl, Defaults, Disruptive, Link, Name, Rule, SetVar, Template,
};
use super::{Builder, phase_of};
use crate::RuleMistake;
use crate::seclang::syntax::{
    Action, Ctl, Item, Link as LinkText, Phase, Place, Rule as RuleText, SetVar as SetVarText,
    Variable,
};
use crate::transform::Transformation;

impl Builder {
    pub(super) fn rule(&mut self, item: &Item, text: &RuleText) -> Rule {
        let head = text.links.first();
        let actions = head.map_or([].as_slice(), |link| link.actions.as_slice());
        let phase = phase_of(actions).unwrap_or(Phase::RequestBody) as usize;
        let defaults = self.defaults.get(phase).cloned().unwrap_or_default();
        let mut rule = Rule {
            id: 0,
            phase,
            place: item.place.clone(),
            links: Vec::new(),
            tags: defaults.tags.clone(),
            severity: None,
            ver: None,
            rev: None,
            logged: defaults.logged,
            disruptive: Disruptive::Pass,
            status: None,
        };
        for action in actions {
            self.head_action(&mut rule, action);
        }
        for link in &text.links {
            // The severity of a chained rule counts where the head says nothing; its tags and logging never do (`left`).
            for action in &link.actions {
                if let (Action::Severity(severity), None) = (action, rule.severity) {
                    rule.severity = Some(*severity);
                }
            }
            let link = self.link(link, &defaults);
            rule.links.push(link);
        }
        rule
    }

    fn head_action(&mut self, rule: &mut Rule, action: &Action) {
        if let Some(disruptive) = disruptive(action, &mut self.names) {
            rule.disruptive = disruptive;
        } else if let Action::Id(id) = action {
            rule.id = *id;
        } else if let Action::Tag(tag) = action {
            rule.tags.push(Template::of(tag, &mut self.names));
        } else if let Action::Severity(severity) = action {
            rule.severity = Some(*severity);
        } else if let Action::Ver(text) = action {
            rule.ver = Some(text.clone());
        } else if let Action::Rev(text) = action {
            rule.rev = Some(text.clone());
        } else if let Action::Status(status) = action {
            rule.status = Some(*status);
        } else if matches!(action, Action::Log) {
            rule.logged = true;
        } else if matches!(action, Action::NoLog) {
            rule.logged = false;
        }
    }

    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "the actions that this place does not read are read by another"
    )]
    fn link(&mut self, text: &LinkText, defaults: &Defaults) -> Link {
        let mut transformations: Vec<Transformation> = defaults.transformations.clone();
        let mut multi_match = false;
        let mut link = Link {
            condition: None,
            set: Vec::new(),
            after: Vec::new(),
            msg: None,
            logdata: None,
            capture: false,
            sanitise: false,
        };
        for action in &text.actions {
            match action {
                Action::ResetTransformations => transformations.clear(),
                Action::Transformation(step) => transformations.push(*step),
                Action::MultiMatch => multi_match = true,
                other => self.link_action(&mut link, &text.place, other),
            }
        }
        if let Some(condition) = &text.condition {
            let chain = self.chains.intern(&transformations);
            link.condition = self.condition(&text.place, condition, chain, multi_match);
        }
        link
    }

    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "the actions that this place does not read are read by another"
    )]
    fn link_action(&mut self, link: &mut Link, place: &Place, action: &Action) {
        if let Action::Ctl(ctl) = action
            && let Some(name) = refused(ctl)
        {
            self.mistakes.push(RuleMistake {
                file: place.file.to_string(),
                line: place.line,
                message: format!("`ctl:{name}` is not supported"),
                hint: None,
            });
        }
        let names = &mut self.names;
        let after = match action {
            Action::SetVar(set) => {
                link.set.push(set_var(set, names));
                return;
            }
            Action::Msg(text) => {
                link.msg = Some(Template::of(text, names));
                return;
            }
            Action::LogData(text) => {
                link.logdata = Some(Template::of(text, names));
                return;
            }
            Action::Capture => {
                link.capture = true;
                return;
            }
            Action::Sanitise(_) => {
                link.sanitise = true;
                return;
            }
            Action::SetEnv { name, value } => After::SetEnv {
                name: name.clone(),
                value: Template::of(value, names),
            },
            Action::SetSid(text) => After::SetSid(Template::of(text, names)),
            Action::SetUid(text) => After::SetUid(Template::of(text, names)),
            Action::ExpireVar {
                variable,
                name,
                seconds,
            } => After::ExpireVar {
                collection: *variable,
                name: Template::of(name, names),
                seconds: Template::of(seconds, names),
            },
            Action::InitCol { collection, key } => After::InitCol {
                collection: *collection,
                key: Template::of(key, names),
            },
            Action::Skip(count) => After::Skip(*count),
            Action::SkipAfter(marker) => After::SkipAfter(self.marker(marker)),
            Action::Ctl(ctl) => After::Ctl(self.ctl(ctl)),
            // Read for the head, or by `link`.
            _ => return,
        };
        link.after.push(after);
    }

    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "what needs no list is kept as it is"
    )]
    fn ctl(&mut self, ctl: &Ctl) -> CompiledCtl {
        let (rules, target) = match ctl {
            Ctl::RuleRemoveById(ids) => return CompiledCtl::RemoveRules(self.rules_with_ids(ids)),
            Ctl::RuleRemoveByTag(tag) => {
                return CompiledCtl::RemoveRules(self.rules_where(|rule| rule.tagged(tag)));
            }
            Ctl::RuleRemoveByMsg(msg) => {
                return CompiledCtl::RemoveRules(
                    self.rules_where(|rule| rule.msg.as_deref() == Some(msg.as_bytes())),
                );
            }
            Ctl::RuleRemoveTargetById { ids, target } => (self.rules_with_ids(ids), target),
            Ctl::RuleRemoveTargetByTag { tag, target } => {
                (self.rules_where(|rule| rule.tagged(tag)), target)
            }
            Ctl::RuleRemoveTargetByMsg { msg, target } => (
                self.rules_where(|rule| rule.msg.as_deref() == Some(msg.as_bytes())),
                target,
            ),
            other => return CompiledCtl::Other(other.clone()),
        };
        match self.exclusion(None, target) {
            Some(target) => CompiledCtl::RemoveTargets { rules, target },
            None => CompiledCtl::RemoveRules(Vec::new()),
        }
    }
}

#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "everything else is honoured, or asks for nothing"
)]
/// What this engine cannot honour; a rule that relies on it must not load.
fn refused(ctl: &Ctl) -> Option<&'static str> {
    Some(match ctl {
        Ctl::ForceResponseBodyVariable(true) => "forceResponseBodyVariable",
        Ctl::ResponseBodyProcessor(_) => "responseBodyProcessor",
        Ctl::HashEngine(true) => "hashEngine",
        Ctl::HashEnforcement(true) => "hashEnforcement",
        Ctl::ParseXmlIntoArgs(true) => "parseXmlIntoArgs",
        _ => return None,
    })
}

fn set_var(text: &SetVarText, names: &mut Names) -> SetVar {
    let name = match (text.collection, text.name.constant()) {
        (Variable::Tx, Some(constant)) => Name::Known(names.intern(constant)),
        _ => Name::Made(Template::of(&text.name, names)),
    };
    SetVar {
        collection: text.collection,
        name,
        change: Change::of(&text.change, names),
    }
}

#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "any other action disrupts nothing"
)]
fn disruptive(action: &Action, names: &mut Names) -> Option<Disruptive> {
    Some(match action {
        Action::Pass => Disruptive::Pass,
        Action::Block => Disruptive::Block,
        Action::Deny => Disruptive::Deny,
        Action::Drop => Disruptive::Drop,
        Action::Allow(scope) => Disruptive::Allow(*scope),
        Action::Redirect(to) => Disruptive::Redirect(Template::of(to, names)),
        _ => return None,
    })
}

/// One action of `SecDefaultAction`; false for one that would have no effect there.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "other actions have no default"
)]
pub(super) fn default_action(defaults: &mut Defaults, action: &Action, names: &mut Names) -> bool {
    if let Some(disruptive) = disruptive(action, names) {
        defaults.disruptive = disruptive;
        return true;
    }
    match action {
        Action::Status(status) => defaults.status = Some(*status),
        Action::Log => defaults.logged = true,
        Action::NoLog => defaults.logged = false,
        Action::Transformation(step) => defaults.transformations.push(*step),
        Action::ResetTransformations => defaults.transformations.clear(),
        Action::Tag(tag) => defaults.tags.push(Template::of(tag, names)),
        Action::Phase(_) | Action::AuditLog | Action::NoAuditLog => {}
        _ => return false,
    }
    true
}
