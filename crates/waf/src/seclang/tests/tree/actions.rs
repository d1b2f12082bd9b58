//! Actions.

use super::super::super::syntax::{
    Action, AllowScope, Change, Ctl, EngineMode, IdRange, Part, Phase, Processor, Sanitise,
    Selector, SetVar, Target, TargetKind, Variable,
};
use super::{link, mixed, text, tx};
use crate::transform::Transformation;

fn actions(list: &str) -> Vec<Action> {
    let mut actions = link(&format!("SecAction \"id:1,{list}\"")).actions;
    assert_eq!(actions.remove(0), Action::Id(1));
    actions
}

#[test]
fn actions_in_all_their_forms() {
    let check = |list: &str, expected: &[Action]| assert_eq!(actions(list), expected, "{list}");
    check(
        "phase:2 , t:none,T:lowerCase",
        &[
            Action::Phase(Phase::RequestBody),
            Action::ResetTransformations,
            Action::Transformation(Transformation::Lowercase),
        ],
    );
    check("phase:'response'", &[Action::Phase(Phase::ResponseBody)]);
    check(
        "t:normalisePath",
        &[Action::Transformation(Transformation::NormalizePath)],
    );
    check(
        "msg:'it\\'s, %{tx.a}:x'",
        &[Action::Msg(mixed(vec![
            Part::Text((*b"it\\'s, ").into()),
            tx("a"),
            Part::Text((*b":x").into()),
        ]))],
    );
    check(
        "msg:no quotes ,tag: x",
        &[Action::Msg(text("no quotes ")), Action::Tag(text(" x"))],
    );
    check(
        "severity:CRITICAL,severity:'7'",
        &[Action::Severity(2), Action::Severity(7)],
    );
    check(
        "allow:phase,status:403",
        &[Action::Allow(AllowScope::Phase), Action::Status(403)],
    );
}

#[test]
fn variables_that_rules_write() {
    let check = |list: &str, expected: &[Action]| assert_eq!(actions(list), expected, "{list}");
    let set = |name, change| {
        Action::SetVar(SetVar {
            collection: Variable::Tx,
            name,
            change,
        })
    };
    check(
        "setvar:tx.a=b c",
        &[set(text("a"), Change::Set(text("b c")))],
    );
    check(
        "setvar:'tx.a=+%{tx.b}'",
        &[set(text("a"), Change::Add(mixed(vec![tx("b")])))],
    );
    check(
        "setvar:tx.a=-5,setvar:TX:b",
        &[
            set(text("a"), Change::Subtract(text("5"))),
            set(text("b"), Change::Set(text("1"))),
        ],
    );
    check(
        "setvar:!tx.a,setvar:'!tx.b'",
        &[set(text("a"), Change::Unset), set(text("b"), Change::Unset)],
    );
    check(
        "setvar:'tx.%{TX.a}_b=.%{tx.1}=c'",
        &[set(
            mixed(vec![tx("a"), Part::Text((*b"_b").into())]),
            Change::Set(mixed(vec![
                Part::Text((*b".").into()),
                tx("1"),
                Part::Text((*b"=c").into()),
            ])),
        )],
    );
    check(
        "setvar:'tx.a='",
        &[set(text("a"), Change::Set(mixed(vec![])))],
    );
    check(
        "expirevar:'ip.a=60'",
        &[Action::ExpireVar {
            variable: Variable::Ip,
            name: text("a"),
            seconds: text("60"),
        }],
    );
    check(
        "initcol:ip=%{tx.a}_x",
        &[Action::InitCol {
            collection: Variable::Ip,
            key: mixed(vec![tx("a"), Part::Text((*b"_x").into())]),
        }],
    );
}

#[test]
fn controls_in_all_their_forms() {
    let check = |text: &str, expected: Ctl| {
        assert_eq!(
            actions(&format!("ctl:{text}")),
            [Action::Ctl(expected)],
            "{text}"
        );
    };
    let target = |selector| Target {
        kind: TargetKind::Included,
        variable: Variable::Args,
        selector: Some(selector),
    };
    let ids = |first, last| vec![IdRange { first, last }];
    check(
        "ruleRemoveById=1-999999",
        Ctl::RuleRemoveById(ids(1, 999_999)),
    );
    check(
        "RULEREMOVEBYTAG=attack-sqli",
        Ctl::RuleRemoveByTag("attack-sqli".into()),
    );
    check(
        "ruleRemoveTargetById=942100;ARGS:a[b]",
        Ctl::RuleRemoveTargetById {
            ids: ids(942_100, 942_100),
            target: target(Selector::Name((*b"a[b]").into())),
        },
    );
    check(
        "ruleRemoveTargetByTag=X;ARGS:/^json\\.\\d+$/",
        Ctl::RuleRemoveTargetByTag {
            tag: "X".into(),
            target: target(Selector::Pattern("^json\\.\\d+$".into())),
        },
    );
    check(
        "requestBodyProcessor=json",
        Ctl::RequestBodyProcessor(Processor::Json),
    );
    check(
        "ruleEngine=DetectionOnly",
        Ctl::RuleEngine(EngineMode::DetectionOnly),
    );
    check("auditLogParts=+E", Ctl::AuditLogParts("+E".into()));
    check(
        "forceRequestBodyVariable=On",
        Ctl::ForceRequestBodyVariable(true),
    );
}

#[test]
fn sanitising_keeps_what_it_is_told_to() {
    let check = |list: &str, expected: Sanitise| {
        assert_eq!(actions(list), [Action::Sanitise(expected)], "{list}");
    };
    check("sanitiseMatched", Sanitise::Matched);
    check(
        "sanitiseMatchedBytes",
        Sanitise::MatchedBytes {
            keep_start: 0,
            keep_end: 0,
        },
    );
    check(
        "sanitizeMatchedBytes:1/4",
        Sanitise::MatchedBytes {
            keep_start: 1,
            keep_end: 4,
        },
    );
    check(
        "sanitiseArg:password",
        Sanitise::Argument((*b"password").into()),
    );
}
