//! What holds between the actions of a rule.

use super::fault::Fault;
use super::rule::Standing;
use super::syntax::Action;

/// Name of an action that decides what becomes of the request.
fn disruptive(action: &Action) -> Option<&'static str> {
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "six of fifty actions are disruptive"
    )]
    match action {
        Action::Allow(_) => Some("allow"),
        Action::Block => Some("block"),
        Action::Deny => Some("deny"),
        Action::Drop => Some("drop"),
        Action::Pass => Some("pass"),
        Action::Redirect(_) => Some("redirect"),
        _ => None,
    }
}

/// Name of an action that only the first rule of a chain can have.
fn heads_only(action: &Action) -> Option<&'static str> {
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "few actions stand on the head only"
    )]
    match action {
        Action::Id(_) => Some("id"),
        Action::Phase(_) => Some("phase"),
        Action::Skip(_) => Some("skip"),
        Action::SkipAfter(_) => Some("skipAfter"),
        Action::Status(_) => Some("status"),
        other => disruptive(other),
    }
}

/// Checks the actions of one `SecRule` or `SecAction`.
pub(super) fn check_actions(actions: &[Action], standing: Standing, faults: &mut Vec<Fault>) {
    one_of_each(actions, faults);
    let chains = actions.contains(&Action::Chain);
    match standing {
        Standing::Chained => {
            for name in actions.iter().filter_map(heads_only) {
                faults.push(
                    Fault::new(format!("`{name}` stands on a chained rule"))
                        .hint("only the first rule of a chain can have it"),
                );
            }
            return;
        }
        Standing::Action if chains => faults.push(
            Fault::new("`chain` stands in a `SecAction`")
                .hint("write a `SecRule` with `@unconditionalMatch`"),
        ),
        Standing::Action | Standing::Head => {}
    }
    // A list that could not be read may well have held an id.
    if faults.is_empty() && !actions.iter().any(|action| matches!(action, Action::Id(_))) {
        faults.push(Fault::new("the rule has no `id`"));
    }
}

fn one_of_each(actions: &[Action], faults: &mut Vec<Fault>) {
    let mut decisions = actions.iter().filter_map(disruptive);
    if let (Some(first), Some(second)) = (decisions.next(), decisions.next()) {
        faults.push(Fault::new(format!(
            "`{first}` and `{second}` are two disruptive actions of one rule"
        )));
    }
    if actions
        .iter()
        .filter(|action| matches!(action, Action::Id(_)))
        .count()
        > 1
    {
        faults.push(Fault::new("the rule has more than one `id`"));
    }
    if actions
        .iter()
        .filter(|action| matches!(action, Action::Phase(_)))
        .count()
        > 1
    {
        faults.push(Fault::new("the rule has more than one `phase`"));
    }
}

/// Checks the actions of a `SecDefaultAction`.
pub(super) fn check_defaults(actions: &[Action], faults: &mut Vec<Fault>) {
    let before = faults.len();
    one_of_each(actions, faults);
    for action in actions {
        #[expect(
            clippy::wildcard_enum_match_arm,
            reason = "what describes or links one rule cannot be a default; all else can"
        )]
        let name = match action {
            Action::Id(_) => "id",
            Action::Msg(_) => "msg",
            Action::LogData(_) => "logdata",
            Action::Severity(_) => "severity",
            Action::Ver(_) => "ver",
            Action::Rev(_) => "rev",
            Action::Maturity(_) => "maturity",
            Action::Accuracy(_) => "accuracy",
            Action::Chain => "chain",
            Action::Skip(_) => "skip",
            Action::SkipAfter(_) => "skipAfter",
            Action::ResetTransformations => "t:none",
            _ => continue,
        };
        faults.push(Fault::new(format!("`{name}` cannot be a default")));
    }
    if faults.len() > before {
        return;
    }
    if !actions
        .iter()
        .any(|action| matches!(action, Action::Phase(_)))
    {
        faults.push(Fault::new("`SecDefaultAction` names no `phase`"));
    }
    if actions.iter().all(|action| disruptive(action).is_none()) {
        faults.push(
            Fault::new("`SecDefaultAction` has no disruptive action")
                .hint("for example `pass` or `deny`"),
        );
    }
}

/// Checks the actions of a `SecRuleUpdateActionById`.
pub(super) fn check_update(actions: &[Action], link: usize, faults: &mut Vec<Fault>) {
    one_of_each(actions, faults);
    let chained = actions.iter().filter(|_| link > 0);
    for name in chained
        .filter_map(|action| heads_only(action).filter(|name| *name != "id" && *name != "phase"))
    {
        faults.push(
            Fault::new(format!("`{name}` cannot stand on a chained rule"))
                .hint("only the first rule of a chain can have it"),
        );
    }
    for action in actions {
        #[expect(
            clippy::wildcard_enum_match_arm,
            reason = "three actions say which rule it is and where it runs"
        )]
        let name = match action {
            Action::Id(_) => "id",
            Action::Phase(_) => "phase",
            Action::Chain => "chain",
            _ => continue,
        };
        faults.push(Fault::new(format!("`{name}` of a rule cannot be changed")));
    }
}
