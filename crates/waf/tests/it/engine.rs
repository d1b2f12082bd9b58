//! What rules mean, one construct at a time: a few rules, a request, and the rules that were found.

use std::sync::Arc;

use vauban_waf::regression::{Request, Runner};
use vauban_waf::{Files, InterventionKind, Mode, Report, RuleSet, Source, Strategy};

/// One file, given by its bytes.
struct OneFile(Vec<u8>);

impl Files for OneFile {
    fn read(&self, _path: &str) -> Result<Vec<u8>, String> {
        Ok(self.0.clone())
    }

    fn matching(&self, pattern: &str) -> Result<Vec<String>, String> {
        Ok(vec![pattern.to_owned()])
    }
}

fn load_with(text: &str, file: Vec<u8>) -> Result<Arc<RuleSet>, String> {
    let text = format!("SecRuleEngine On\nSecRequestBodyAccess On\n{text}");
    let source = Source {
        name: "/rules.conf",
        text: text.as_bytes(),
    };
    RuleSet::load(&[source], &OneFile(file))
        .map(Arc::new)
        .map_err(|mistakes| {
            let all: Vec<String> = mistakes.iter().map(ToString::to_string).collect();
            all.join("\n")
        })
}

fn load(text: &str) -> Arc<RuleSet> {
    load_with(text, Vec::new()).unwrap()
}

pub(crate) fn get(target: &str) -> Request {
    Request::from_wire(
        format!("GET {target} HTTP/1.1\r\nHost: a\r\nUser-Agent: probe/1\r\n\r\n").as_bytes(),
    )
}

pub(crate) fn post(kind: &str, body: &str) -> Request {
    let length = body.len();
    let head = format!(
        "POST /p HTTP/1.1\r\nHost: a\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\n\r\n"
    );
    Request::from_wire(format!("{head}{body}").as_bytes())
}

/// Runs both ways, which must say the same.
fn run(rules: &Arc<RuleSet>, request: &Request) -> Report {
    let [fast, slow] = [Strategy::Indexed, Strategy::Exhaustive]
        .map(|strategy| Runner::new(rules, Mode::AsConfigured, strategy).transact(request, None));
    assert_eq!(fast, slow);
    fast
}

#[track_caller]
pub(crate) fn check(text: &str, request: &Request, ids: &[u64]) {
    let report = run(&load(text), request);
    let found: Vec<u64> = report.findings.iter().map(|finding| finding.rule).collect();
    assert_eq!(found, ids, "{text}");
}

#[test]
fn a_chain_matches_when_all_of_it_does() {
    let rules = "SecRule ARGS:a \"@streq 1\" \"id:1,phase:2,log,pass,chain\"\n SecRule ARGS:b \"@streq 2\" \"t:none\"";
    check(rules, &get("/?a=1&b=2"), &[1]);
    check(rules, &get("/?a=1&b=3"), &[]);
    check(rules, &get("/?b=2"), &[]);
}

#[test]
fn variables_are_set_for_each_value_that_matches() {
    let rules = "SecRule ARGS \"@contains x\" \"id:1,phase:2,nolog,pass,setvar:tx.n=+5\"\n\
        SecRule TX:n \"@eq 10\" \"id:2,phase:2,log,pass\"";
    check(rules, &get("/?a=x&b=x&c=y"), &[2]);
    check(rules, &get("/?a=x"), &[]);
}

#[test]
fn skip_after_ends_at_its_marker_and_skip_counts_rules() {
    let rules = "SecAction \"id:1,phase:1,nolog,pass,skipAfter:END\"\n\
        SecAction \"id:2,phase:1,log,pass\"\n SecMarker END\n SecAction \"id:3,phase:1,log,pass,skip:1\"\n\
        SecAction \"id:4,phase:1,log,pass\"\n SecAction \"id:5,phase:1,log,pass\"";
    check(rules, &get("/"), &[3, 5]);
}

#[test]
fn block_is_what_the_default_action_says() {
    let rules = load(
        "SecDefaultAction \"phase:1,log,deny,status:406\"\nSecRule ARGS:a \"@streq 1\" \"id:1,phase:1,block\"\n\
         SecAction \"id:2,phase:1,log,pass\"",
    );
    let report = run(&rules, &get("/?a=1"));
    let intervention = report.intervention.unwrap();
    assert_eq!((intervention.status, intervention.rule), (406, 1));
    assert_eq!(intervention.kind, InterventionKind::Deny);
    // Nothing of the phase runs after it.
    assert_eq!(report.findings.len(), 1);
    assert_eq!(run(&rules, &get("/?a=2")).intervention, None);
}

#[test]
fn monitoring_withholds_and_a_rule_cannot_undo_it() {
    let rules = load(
        "SecAction \"id:1,phase:1,nolog,pass,ctl:ruleEngine=On\"\nSecAction \"id:2,phase:1,log,deny\"",
    );
    let report = Runner::new(&rules, Mode::Monitor, Strategy::Indexed).transact(&get("/"), None);
    assert_eq!(report.intervention, None);
    assert_eq!(report.withheld.unwrap().rule, 2);
}

#[test]
fn exclusions_take_values_away() {
    let rule = |targets: &str| {
        format!("SecRule {targets} \"@contains evil\" \"id:1,phase:2,log,pass,t:lowercase\"")
    };
    check(&rule("ARGS"), &get("/?q=EVIL"), &[1]);
    check(&rule("ARGS|!ARGS:q"), &get("/?q=EVIL"), &[]);
    check(&rule("ARGS|!ARGS:/^q/"), &get("/?qq=EVIL"), &[]);
    check(&rule("ARGS|!ARGS:other"), &get("/?q=EVIL"), &[1]);
    let update = format!("{}\nSecRuleUpdateTargetById 1 \"!ARGS:q\"", rule("ARGS"));
    check(&update, &get("/?q=EVIL"), &[]);
    let control = format!(
        "SecRule REQUEST_FILENAME \"@streq /safe\" \"id:9,phase:1,pass,nolog,ctl:ruleRemoveTargetById=1;ARGS:q\"\n{}",
        rule("ARGS")
    );
    check(&control, &get("/safe?q=EVIL"), &[]);
    check(&control, &get("/other?q=EVIL"), &[1]);
    check(
        &format!("{}\nSecRuleRemoveById 1", rule("ARGS")),
        &get("/?q=EVIL"),
        &[],
    );
    check(
        &format!(
            "SecAction \"id:9,phase:1,pass,nolog,ctl:ruleRemoveById=1-5\"\n{}",
            rule("ARGS")
        ),
        &get("/?q=EVIL"),
        &[],
    );
}

#[test]
fn json_elements_are_selected_in_both_spellings() {
    for name in ["json.a.array_1.b", "json.a.1.b"] {
        let rules = format!(
            "SecRule REQUEST_HEADERS:Content-Type \"json\" \"id:9,phase:1,pass,nolog,ctl:requestBodyProcessor=JSON\"\n\
             SecRule ARGS:{name} \"@streq y\" \"id:1,phase:2,log,pass\""
        );
        check(
            &rules,
            &post("application/json", r#"{"a":[{"b":"x"},{"b":"y"}]}"#),
            &[1],
        );
        check(
            &rules,
            &post("application/json", r#"{"a":[{"b":"y"},{"b":"x"}]}"#),
            &[],
        );
    }
}

#[test]
fn captures_and_macros_reach_the_finding() {
    let rules = load(
        "SecRule ARGS \"@rx (b+)(c)\" \"id:1,phase:2,log,pass,capture,t:lowercase,\
         msg:'%{MATCHED_VAR_NAME} has %{TX.1}',logdata:'%{TX.0}/%{TX.2} of %{MATCHED_VAR}',tag:'x/%{RULE.id}'\"",
    );
    let report = run(&rules, &get("/?name=aBBc"));
    let finding = report.findings.first().unwrap();
    assert_eq!(finding.message, b"ARGS:name has bb");
    assert_eq!(finding.data, b"bbc/c of abbc");
    assert_eq!(finding.tags, [b"x/1".to_vec()]);
    assert_eq!(
        (finding.variable.as_slice(), finding.value.as_slice()),
        (b"ARGS:name".as_slice(), b"abbc".as_slice())
    );
}

#[test]
fn multi_match_looks_after_each_step() {
    let rules = "SecRule ARGS \"@streq a%62\" \"id:1,phase:2,log,pass,multiMatch,t:urlDecode\"\n\
        SecRule ARGS \"@streq a%62\" \"id:2,phase:2,log,pass,t:urlDecode\"";
    check(rules, &get("/?q=a%2562"), &[1]);
}

#[test]
fn negation_and_counting() {
    check(
        "SecRule REQUEST_METHOD \"!@within GET HEAD\" \"id:1,phase:1,log,pass\"",
        &get("/"),
        &[],
    );
    check(
        "SecRule REQUEST_METHOD \"!@within POST\" \"id:1,phase:1,log,pass\"",
        &get("/"),
        &[1],
    );
    check(
        "SecRule &ARGS \"@gt 2\" \"id:1,phase:1,log,pass\"",
        &get("/?a&b&c"),
        &[1],
    );
    check(
        "SecRule &ARGS:a \"@eq 2\" \"id:1,phase:1,log,pass\"",
        &get("/?a&b&a"),
        &[1],
    );
    check(
        "SecRule &REQUEST_HEADERS:Accept \"@eq 0\" \"id:1,phase:1,log,pass\"",
        &get("/"),
        &[1],
    );
}

#[test]
fn patterns_with_macros_are_made_for_the_request() {
    let rules = "SecAction \"id:1,phase:1,nolog,pass,setvar:tx.allowed=^(?:a|b)$\"\n\
        SecRule ARGS:q \"!@rx %{tx.allowed}\" \"id:2,phase:1,log,pass\"";
    check(rules, &get("/?q=a"), &[]);
    check(rules, &get("/?q=c"), &[2]);
}

#[test]
fn counters_outlive_the_transaction_and_expire() {
    let rules = load(
        "SecAction \"id:1,phase:1,nolog,pass,initcol:ip=%{REMOTE_ADDR}\"\n\
         SecAction \"id:3,phase:1,nolog,pass,setvar:ip.n=+1,expirevar:ip.n=3\"\n\
         SecRule IP:n \"@ge 3\" \"id:2,phase:1,log,pass\"",
    );
    // Each transaction of a runner is a second later, and sets the variable anew for three.
    let mut runner = Runner::new(&rules, Mode::AsConfigured, Strategy::Indexed);
    let found: Vec<usize> = (0..4)
        .map(|_| runner.transact(&get("/"), None).findings.len())
        .collect();
    assert_eq!(found, [0, 0, 1, 1]);
}

#[test]
fn a_body_beyond_the_limit_is_refused_or_cut() {
    let body = format!("a={}", "x".repeat(100));
    let request = post("application/x-www-form-urlencoded", &body);
    let rules = load("SecRequestBodyLimit 50\nSecRequestBodyLimitAction Reject");
    assert_eq!(run(&rules, &request).intervention.unwrap().status, 413);
    check(
        "SecRequestBodyLimit 50\nSecRequestBodyLimitAction ProcessPartial\n\
         SecRule INBOUND_DATA_ERROR \"@eq 1\" \"id:1,phase:2,log,pass\"",
        &request,
        &[1],
    );
}

#[test]
fn values_beyond_a_limit_never_look_like_a_clean_request() {
    let rules = "SecArgumentsLimit 2\n\
        SecRule REQUEST_HEADERS:Content-Type \"xml\" \"id:9,phase:1,pass,nolog,ctl:requestBodyProcessor=XML\"\n\
        SecRule REQBODY_ERROR \"@eq 1\" \"id:1,phase:2,log,pass,msg:'%{REQBODY_ERROR_MSG}'\"";
    let cookies = |text: &str| {
        Request::from_wire(format!("GET / HTTP/1.1\r\nCookie: {text}\r\n\r\n").as_bytes())
    };
    let form = "application/x-www-form-urlencoded";
    for (fine, beyond) in [
        (get("/?a&b"), get("/?a&b&c")),
        (post(form, "a&b"), post(form, "a&b&c")),
        (cookies("a=1; b=2"), cookies("a=1; b=2; c=3")),
        (
            post("text/xml", "<r a='1' b='2'/>"),
            post("text/xml", "<r a='1' b='2' c='3'/>"),
        ),
    ] {
        check(rules, &fine, &[]);
        check(rules, &beyond, &[1]);
    }
}

#[test]
fn a_pattern_without_an_answer_is_reported() {
    let rules = load("SecRule ARGS \"@rx ^(?=((?:a|aa)+)\\1c)\" \"id:7,phase:2,log,pass\"");
    let report = run(&rules, &get(&format!("/?q={}", "a".repeat(5000))));
    assert_eq!(report.exhausted, [7]);
}

#[test]
fn what_is_not_honoured_does_not_load() {
    for (text, said) in [
        (
            "SecAction \"id:1,phase:1,pass,ctl:hashEngine=On\"",
            "`ctl:hashEngine` is not supported",
        ),
        (
            "SecDefaultAction \"phase:1,deny,setvar:tx.a=1\"",
            "/rules.conf:3: `SecDefaultAction` has an action that would have no effect",
        ),
        (
            "SecRule ARGS \"@rx (a\" \"id:1,phase:1,pass\"",
            "/rules.conf:3: ",
        ),
    ] {
        let error = load_with(text, Vec::new()).unwrap_err();
        assert!(error.contains(said), "{error}");
    }
}

#[track_caller]
fn check_left(text: &str, expected: &[&str]) {
    let rules = load(text);
    let left: Vec<&str> = rules
        .left_to_caller()
        .iter()
        .map(|one| one.what.as_str())
        .collect();
    assert_eq!(left, expected, "{text}");
}

#[test]
fn what_is_left_to_the_caller_is_listed() {
    check_left(
        "SecAuditLog /var/log/a.log\nSecRule REMOTE_ADDR \"@rbl dnsbl.example\" \"id:1,phase:1,pass\"",
        &["SecAuditLog /var/log/a.log", "@rbl dnsbl.example"],
    );
    check_left(
        "SecRule ARGS \"@rx a\" \"id:1,phase:2,deny,capture,t:none,log\"",
        &[],
    );
}

#[test]
fn what_is_accepted_without_effect_is_listed() {
    let rule =
        |target: &str, actions: &str| format!("SecRule {target} \"@streq x\" \"id:1,{actions}\"");
    for variable in [
        "REMOTE_USER",
        "STATUS_LINE",
        "RESPONSE_ARGS",
        "FILES_TMPNAMES",
        "MSC_PCRE_LIMITS_EXCEEDED",
        "MODSEC_BUILD",
    ] {
        check_left(&rule(variable, "phase:4,deny"), &[variable]);
    }
    for (actions, expected) in [
        ("phase:1,pass,noauditlog", "noauditlog"),
        ("phase:1,pass,xmlns:a=b", "xmlns:a"),
        ("phase:1,pass,setenv:a=b", "setenv:a"),
        ("phase:1,pass,expirevar:tx.a=1", "expirevar:tx"),
        ("phase:1,pass,initcol:tx=a", "initcol:tx"),
        ("phase:1,pass,ctl:auditEngine=Off", "ctl:auditEngine"),
        ("phase:1,pass,ctl:auditLogParts=+E", "ctl:auditLogParts=+E"),
        ("phase:1,pass,ctl:debugLogLevel=3", "ctl:debugLogLevel"),
        (
            "phase:2,pass,ctl:requestBodyProcessor=JSON",
            "ctl:requestBodyProcessor behind phase 1",
        ),
        (
            "phase:2,pass,ctl:requestBodyAccess=Off",
            "ctl:requestBodyAccess behind phase 1",
        ),
        ("phase:1,pass,capture", "capture without a pattern or words"),
    ] {
        check_left(&rule("REQUEST_METHOD", actions), &[expected]);
    }
    check_left(
        &rule("ARGS_POST|REQUEST_BODY", "phase:1,deny"),
        &["ARGS_POST|REQUEST_BODY in phase 1"],
    );
    check_left(
        &rule("RESPONSE_BODY", "phase:3,deny"),
        &["RESPONSE_BODY in phase 3"],
    );
    check_left(&rule("ARGS_POST|ARGS_GET", "phase:1,deny"), &[]);
    check_left(
        "SecAction \"id:1,phase:1,pass,t:lowercase,capture,multiMatch\"",
        &[
            "t of a `SecAction`",
            "capture of a `SecAction`",
            "multiMatch of a `SecAction`",
        ],
    );
    check_left(
        "SecRule ARGS \"@rx a\" \"id:1,phase:2,deny,chain\"\nSecRule ARGS \"@rx b\" \"nolog,tag:'x'\"",
        &["nolog on a chained rule", "tag on a chained rule"],
    );
    check_left(
        "SecRule REMOTE_ADDR \"@geoLookup\" \"id:1,phase:1,deny\"",
        &["@geoLookup"],
    );
}

#[test]
fn what_has_no_effect_is_told_once_with_its_number() {
    let rules = load(
        "SecRule ARGS \"@rx a\" \"id:1,phase:2,pass,noauditlog\"\nSecRule ARGS \"@rx b\" \"id:2,phase:2,pass,noauditlog\"",
    );
    let told: Vec<String> = rules
        .left_to_caller()
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(
        told,
        [
            "/rules.conf:3: `noauditlog` has no effect: every decision has one record, whatever rules say (2 times)"
        ]
    );
}

#[test]
fn what_is_script_is_kept_whole() {
    let rules = load(
        "SecRule ARGS \"@detectXSS\" \"id:1,phase:1,pass,log,capture,t:lowercase,msg:'found %{TX.0}'\"",
    );
    let report = run(&rules, &get("/?a=%3CScript%3Ealert(1)%3C/script%3E"));
    assert_eq!(
        report.findings[0].message,
        b"found <script>alert(1)</script>"
    );
}

#[test]
fn names_of_sessions_and_users_are_seen_by_later_rules() {
    let rules = load(
        "SecRule ARGS:s \"@rx .\" \"id:1,phase:1,pass,nolog,setsid:%{MATCHED_VAR},setuid:u-%{MATCHED_VAR}\"\n\
         SecRule SESSIONID \"@streq 7\" \"id:2,phase:1,pass,log\"\n\
         SecRule USERID \"@streq u-7\" \"id:3,phase:1,pass,log\"",
    );
    let ids = |target: &str| -> Vec<u64> {
        let report = run(&rules, &get(target));
        report.findings.iter().map(|finding| finding.rule).collect()
    };
    assert_eq!(ids("/?s=7"), [2, 3]);
    assert!(ids("/?s=8").is_empty());
}

#[test]
fn names_of_a_transaction_are_bounded() {
    let rules = load(
        "SecArgumentsLimit 100000\nSecRule ARGS_NAMES \"@rx .\" \"id:1,phase:1,pass,nolog,setvar:tx.seen_%{MATCHED_VAR}=1\"\n\
         SecRule &TX:/^seen_/ \"@eq 4096\" \"id:2,phase:1,log,pass\"",
    );
    let of = |count: usize| {
        let arguments: Vec<String> = (0..count).map(|number| format!("n{number}=1")).collect();
        run(&rules, &get(&format!("/?{}", arguments.join("&"))))
    };
    let report = of(4096);
    assert_eq!((report.findings.len(), report.exhausted), (1, vec![]));
    // What the second rule would have looked at is not all there: the first one is said to have given no answer.
    let report = of(4097);
    assert_eq!((report.findings.len(), report.exhausted), (1, vec![1]));
}

/// A database of one node: addresses whose first bit is 0 are in Atlantis, the others nowhere.
fn database() -> Vec<u8> {
    fn text(value: &str) -> Vec<u8> {
        let mut out = vec![0x40 | u8::try_from(value.len()).unwrap()];
        out.extend_from_slice(value.as_bytes());
        out
    }
    fn map(entries: &[(&str, Vec<u8>)]) -> Vec<u8> {
        let mut out = vec![0xe0 | u8::try_from(entries.len()).unwrap()];
        for (name, value) in entries {
            out.extend(text(name));
            out.extend(value);
        }
        out
    }
    // A node has two records of 24 bits: the left one points at the data, the right one says that there is none.
    let mut file = vec![0, 0, 17, 0, 0, 1];
    file.extend([0; 16]);
    file.extend(map(&[(
        "country",
        map(&[
            ("iso_code", text("AT")),
            ("names", map(&[("en", text("Atlantis"))])),
        ]),
    )]));
    file.extend(b"\xab\xcd\xefMaxMind.com");
    let short = |number: u8| vec![0xa1, number];
    file.extend(map(&[
        ("binary_format_major_version", short(2)),
        ("binary_format_minor_version", short(0)),
        ("build_epoch", vec![0x01, 0x02, 1]),
        ("database_type", text("Test")),
        ("description", map(&[])),
        ("ip_version", short(4)),
        ("languages", vec![0x00, 0x04]),
        ("node_count", vec![0xc1, 1]),
        ("record_size", short(24)),
    ]));
    file
}

#[test]
fn addresses_are_looked_up_in_a_database() {
    let rules = load_with(
        "SecGeoLookupDB /geo.mmdb\nSecRule ARGS:ip \"@geoLookup\" \"id:1,phase:1,pass,nolog,chain\"\n\
         SecRule GEO:COUNTRY_CODE \"@streq AT\" \"t:none\"\n\
         SecRule GEO:COUNTRY_NAME \"@streq Atlantis\" \"id:2,phase:1,log,pass,msg:'%{GEO.COUNTRY_NAME}'\"",
        database(),
    )
    .unwrap();
    let report = run(&rules, &get("/?ip=10.0.0.1"));
    assert_eq!(report.findings.first().unwrap().message, b"Atlantis");
    assert_eq!(run(&rules, &get("/?ip=200.0.0.1")).findings, []);
    assert_eq!(run(&rules, &get("/?ip=nonsense")).findings, []);
    let error = load_with("SecGeoLookupDB /geo.mmdb", b"not one".to_vec()).unwrap_err();
    assert!(error.contains("is not a MaxMind database"), "{error}");
}

#[test]
fn the_filter_knows_more_rules_than_several_crs_have() {
    const COUNT: usize = 4000;
    let rules: Vec<String> = (0..COUNT)
        .map(|number| {
            format!(
                "SecRule ARGS \"@rx word{number}x\" \"id:{},phase:2,log,pass\"",
                number + 1
            )
        })
        .collect();
    let rules = load(&rules.join("\n"));
    // A rule that it does not know is asked for every value.
    assert_eq!(rules.figures().filtered, COUNT);
    let report = run(&rules, &get("/?a=word3999x&b=word0x"));
    let found: Vec<u64> = report.findings.iter().map(|finding| finding.rule).collect();
    assert_eq!(found, [1, 4000]);
}
