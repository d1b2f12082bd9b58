use super::super::syntax::{
    Action, AllowScope, Change, Condition, Ctl, Directive, EngineMode, IdRange, Link, Operator,
    Part, Phase, Processor, RuleFilter, Sanitise, Selector, SetVar, Setting, Target, TargetKind,
    Template, Variable,
};
use super::{directive, load};
use crate::transform::Transformation;

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

fn actions(list: &str) -> Vec<Action> {
    let mut actions = link(&format!("SecAction \"id:1,{list}\"")).actions;
    assert_eq!(actions.remove(0), Action::Id(1));
    actions
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

#[test]
fn exceptions_of_crs_4() {
    let text = "SecRuleUpdateTargetById 942420 \\\r\n    \"!REQUEST_COOKIES:/^_ga(?:_\\w+)?$/,!REQUEST_COOKIES:x\"\r\n";
    let Directive::UpdateTargets { which, targets } = directive(text) else {
        panic!()
    };
    assert_eq!(
        which,
        RuleFilter::Ids(vec![IdRange {
            first: 942_420,
            last: 942_420
        }])
    );
    assert_eq!(
        targets[0],
        Target {
            kind: TargetKind::Excluded,
            variable: Variable::RequestCookies,
            selector: Some(Selector::Pattern("^_ga(?:_\\w+)?$".into())),
        }
    );
    assert_eq!(targets.len(), 2);
    let Directive::RemoveRules(which) = directive("SecRuleRemoveById 1 \"3-5, 7\" 9") else {
        panic!()
    };
    let ranges = [(1, 1), (3, 5), (7, 7), (9, 9)].map(|(first, last)| IdRange { first, last });
    assert_eq!(which, RuleFilter::Ids(ranges.to_vec()));
    let Directive::RemoveRules(which) = directive("secruleremovebymsg \"SQL .njection\"") else {
        panic!()
    };
    assert_eq!(which, RuleFilter::Msg("SQL .njection".into()));
    let Directive::UpdateActions { id, link, actions } =
        directive("SecRuleUpdateActionById 12:1 \"deny,status:403\"")
    else {
        panic!()
    };
    assert_eq!(
        (id, link, actions),
        (12, 1, vec![Action::Deny, Action::Status(403)])
    );
}

#[test]
fn lines_are_joined_and_comments_end() {
    let text = "# one\n   # two \\\n# three\n\
        SecRule ARGS|\\\nARGS_NAMES \"@rx a\" \\\n    \"id:1,\\\n    phase:2,\\\n    msg:'one, \\\n  two',\\\n    chain\"\n    SecRule ARGS x\n\
        #SecRule ARGS x \\\n    \"id:9,\\\n    deny\"\nSecMarker END";
    let document = load(text, &[]).unwrap();
    let [first, second] = document.items.as_slice() else {
        panic!()
    };
    assert_eq!((first.place.line, second.place.line), (4, 15));
    let Directive::Rule(rule) = &first.directive else {
        panic!()
    };
    let [head, child] = rule.links.as_slice() else {
        panic!()
    };
    assert_eq!((head.place.line, child.place.line), (4, 11));
    assert_eq!(head.condition.as_ref().unwrap().targets.len(), 2);
    assert!(
        head.actions
            .contains(&Action::Msg(self::text("one,   two"))),
        "{:?}",
        head.actions
    );
}

#[test]
fn files_are_found_beside_the_rules() {
    let files = [
        (
            "/r/d/b.conf",
            "SecRule ARGS \"@pmFromFile w.data ../x.data\" \"id:2\"",
        ),
        (
            "/r/d/c.conf",
            "SecRule REMOTE_ADDR \"@ipMatchFromFile /n\" \"id:3\"",
        ),
        ("/r/d/w.data", "# words\n\n  # more\none two\r\n three \n"),
        ("/r/d/../x.data", "four"),
        ("/n", "10.0.0.1 # ours\n#\n::/0\n"),
        ("/r/u.map", "20127 (US-ASCII)\n00a1:21 00b4:27\n"),
    ];
    let text = "SecAction id:1\nInclude d/*.conf\nIncludeOptional nothing\nincludeoptional n/*\nSecUnicodeMapFile u.map 20127\nSecAction id:4";
    let document = load(text, &files).unwrap();
    let shown: Vec<String> = document
        .items
        .iter()
        .map(|item| format!("{}:{}", item.place.file, item.place.line))
        .collect();
    assert_eq!(
        shown,
        [
            "/r/a.conf:1",
            "/r/d/b.conf:1",
            "/r/d/c.conf:1",
            "/r/a.conf:5",
            "/r/a.conf:6"
        ]
    );
    let Directive::Rule(rule) = &document.items[1].directive else {
        panic!()
    };
    let Some(Condition {
        operator: Operator::Pm(words),
        ..
    }) = &rule.links[0].condition
    else {
        panic!()
    };
    let words: Vec<&[u8]> = words.iter().map(|word| &**word).collect();
    assert_eq!(words, [&b"one two"[..], b" three ", b"four"]);
}

#[test]
fn settings_of_a_configuration() {
    let check = |text: &str, expected: &str| {
        let Directive::Setting(setting) = directive(text) else {
            panic!("{text}")
        };
        assert_eq!(format!("{setting:?}"), expected, "{text}");
    };
    check("SecRuleEngine DetectionOnly", "RuleEngine(DetectionOnly)");
    check("secruleengine \"on\"", "RuleEngine(On)");
    check("SecRequestBodyLimit 13107200", "RequestBodyLimit(13107200)");
    check(
        "SecRequestBodyLimitAction ProcessPartial",
        "RequestBodyLimitAction(ProcessPartial)",
    );
    check(
        "SecResponseBodyMimeType text/plain text/html",
        "ResponseBodyMimeTypes([\"text/plain\", \"text/html\"])",
    );
    check(
        "SecResponseBodyMimeTypesClear",
        "ResponseBodyMimeTypesClear",
    );
    check("SecArgumentSeparator &", "ArgumentSeparator(38)");
    check("SecCookieFormat 0", "CookieFormat(0)");
    check(
        "SecAuditLogRelevantStatus \"^(?:5|4(?!04))\"",
        "LeftToCaller { name: \"SecAuditLogRelevantStatus\", value: \"^(?:5|4(?!04))\" }",
    );
    check(
        "SecHashEngine off",
        "LeftToCaller { name: \"SecHashEngine\", value: \"off\" }",
    );
    check(
        "SecParseXmlIntoArgs Off",
        "LeftToCaller { name: \"SecParseXmlIntoArgs\", value: \"Off\" }",
    );
    check(
        "SecHttpBlKey abcdefghijkl",
        "LeftToCaller { name: \"SecHttpBlKey\", value: \"abcdefghijkl\" }",
    );
    check(
        "SecComponentSignature \"OWASP_CRS/4.28.0\"",
        "ComponentSignature(\"OWASP_CRS/4.28.0\")",
    );
    let database = load("SecGeoLookupDB geo.mmdb", &[("/r/geo.mmdb", "x")]).unwrap();
    assert!(
        matches!(&database.items[0].directive, Directive::Setting(Setting::GeoDatabase(bytes)) if **bytes == *b"x")
    );
}
