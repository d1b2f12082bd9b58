//! What lines of rules become: conditions here, actions and whole directives beside.

mod actions;
mod directives;

use super::super::syntax::{
    Condition, Directive, Link, Operator, Part, Selector, Target, TargetKind, Template, Variable,
};
use super::directive;

fn text(text: &str) -> Template {
    Template {
        parts: vec![Part::Text(text.as_bytes().into())],
    }
}

fn mixed(parts: Vec<Part>) -> Template {
    Template { parts }
}

fn tx(name: &str) -> Part {
    Part::Macro(Variable::Tx, Some(name.as_bytes().into()))
}

fn link(text: &str) -> Link {
    let Directive::Rule(rule) = directive(text) else {
        panic!("{text} is no rule")
    };
    rule.links.first().unwrap().clone()
}

fn condition(operator: &str) -> Condition {
    link(&format!("SecRule ARGS \"{operator}\" \"id:1\""))
        .condition
        .unwrap()
}

#[test]
fn targets_in_all_their_forms() {
    let check = |list: &str, expected: &[Target]| {
        let targets = link(&format!("SecRule {list} x id:1"))
            .condition
            .unwrap()
            .targets;
        assert_eq!(targets, expected, "{list}");
    };
    let one = |kind, variable, selector| Target {
        kind,
        variable,
        selector,
    };
    let name = |name: &str| Some(Selector::Name(name.as_bytes().into()));
    let pattern = |pattern: &str| Some(Selector::Pattern(pattern.into()));
    let args = one(TargetKind::Included, Variable::Args, None);
    check("ARGS", std::slice::from_ref(&args));
    check("args", std::slice::from_ref(&args));
    check(
        "\"ARGS | &ARGS\"",
        &[args.clone(), one(TargetKind::Counted, Variable::Args, None)],
    );
    check(
        "ARGS,!ARGS:a",
        &[
            args.clone(),
            one(TargetKind::Excluded, Variable::Args, name("a")),
        ],
    );
    check(
        "ARGS:a[b].c",
        &[one(TargetKind::Included, Variable::Args, name("a[b].c"))],
    );
    check(
        "ARGS:'a|b, c'".replace(' ', "").as_str(),
        &[one(TargetKind::Included, Variable::Args, name("a|b,c"))],
    );
    check(
        "TX.0",
        &[one(TargetKind::Included, Variable::Tx, name("0"))],
    );
    check(
        "TX:/^MSC_/",
        &[one(TargetKind::Included, Variable::Tx, pattern("^MSC_"))],
    );
    check(
        "ARGS:/a|b/|ARGS",
        &[
            one(TargetKind::Included, Variable::Args, pattern("a|b")),
            args.clone(),
        ],
    );
    check(
        "ARGS:/a{1,2}\\/b/,ARGS",
        &[
            one(TargetKind::Included, Variable::Args, pattern("a{1,2}\\/b")),
            args,
        ],
    );
    check(
        "ARGS:'/a|b/'|&TX:/x/",
        &[
            one(TargetKind::Included, Variable::Args, pattern("a|b")),
            one(TargetKind::Counted, Variable::Tx, pattern("x")),
        ],
    );
    check(
        "XML:/*|XML://@*|!XML:/*",
        &[
            one(TargetKind::Included, Variable::Xml, Some(Selector::XmlText)),
            one(
                TargetKind::Included,
                Variable::Xml,
                Some(Selector::XmlAttributes),
            ),
            one(TargetKind::Excluded, Variable::Xml, Some(Selector::XmlText)),
        ],
    );
    check(
        "MULTIPART_SEMICOLON_MISSING",
        &[one(
            TargetKind::Included,
            Variable::MultipartMissingSemicolon,
            None,
        )],
    );
}

#[test]
fn operators_keep_their_text_as_it_stands() {
    let check = |operator: &str, negated: bool, expected: &Operator| {
        let condition = condition(operator);
        assert_eq!(
            (condition.negated, format!("{:?}", condition.operator)),
            (negated, format!("{expected:?}")),
            "{operator}"
        );
    };
    let words =
        |words: &[&str]| Operator::Pm(words.iter().map(|word| word.as_bytes().into()).collect());
    check("^a b$", false, &Operator::Rx(text("^a b$")));
    check("!x", true, &Operator::Rx(text("x")));
    check("! @RX x", true, &Operator::Rx(text("x")));
    check(
        "@rx  two blanks ",
        false,
        &Operator::Rx(text(" two blanks ")),
    );
    check(
        "@rx \\\"'\\\\ \\s",
        false,
        &Operator::Rx(text("\\\"'\\\\ \\s")),
    );
    check("@streq a\\\"b", false, &Operator::Streq(text("a\\\"b")));
    check("@rx 100% \\%{x}", false, &Operator::Rx(text("100% \\%{x}")));
    check(
        "@rx ^%{tx.a}$",
        false,
        &Operator::Rx(mixed(vec![
            Part::Text((*b"^").into()),
            tx("a"),
            Part::Text((*b"$").into()),
        ])),
    );
    check(
        "@within %{tx.a}%{TX:1}",
        false,
        &Operator::Within(mixed(vec![tx("a"), tx("1")])),
    );
    check("!@eq 0", true, &Operator::Eq(text("0")));
    check("@lt %{tx.a}", false, &Operator::Lt(mixed(vec![tx("a")])));
    check("@pm  a  b\tc", false, &words(&["a", "b", "c"]));
    check("@pm a\\;b |41 42|c", false, &words(&["a;b", "ABc"]));
    check("@pm a\\d", false, &words(&["a\\d"]));
    check("@detectSQLi ", false, &Operator::DetectSqli);
    check("@unconditionalMatch", false, &Operator::UnconditionalMatch);
    check(
        "!@validateByteRange 0",
        true,
        &Operator::ValidateByteRange(Box::new(super::super::operand::byte_ranges(b"0").unwrap())),
    );
}

#[test]
fn networks_and_byte_ranges() {
    let Operator::IpMatch(list) = condition("@ipMatch 10.0.0.0/8, ::1 ,192.0.2.1").operator else {
        panic!()
    };
    let shown: Vec<String> = list
        .iter()
        .map(|net| format!("{}/{}", net.address, net.prefix))
        .collect();
    assert_eq!(shown, ["10.0.0.0/8", "::1/128", "192.0.2.1/32"]);
    let Operator::ValidateByteRange(ranges) =
        condition("@validateByteRange 9,10,13,32-126,255").operator
    else {
        panic!()
    };
    let allowed: Vec<usize> = ranges
        .0
        .iter()
        .enumerate()
        .filter_map(|(byte, allowed)| allowed.then_some(byte))
        .collect();
    assert_eq!(
        allowed,
        [9, 10, 13]
            .into_iter()
            .chain(32..=126)
            .chain([255])
            .collect::<Vec<_>>()
    );
}
