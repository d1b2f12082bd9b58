//! Directives, lines and files.

use super::super::super::syntax::{
    Action, Condition, Directive, IdRange, Operator, RuleFilter, Selector, Setting, Target,
    TargetKind, Variable,
};
use super::super::{directive, load};

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
        directive("SecRuleUpdateActionById 12:1 \"capture,severity:2\"")
    else {
        panic!()
    };
    assert_eq!(
        (id, link, actions),
        (12, 1, vec![Action::Capture, Action::Severity(2)])
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
            .contains(&Action::Msg(super::text("one,   two"))),
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
