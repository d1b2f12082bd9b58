//! What rule sets newer than the installed one lean on, in small rules of our own: families of `TX`, part headers, attributes of
//! XML, exclusions by tag; and where a reading differs between ModSecurity 2 and 3.

use vauban_waf::regression::Request;

use crate::engine::{check, get, post};

const MULTIPART: &str = "multipart/form-data; boundary=b";
const XML: &str = "SecAction \"id:900,phase:1,pass,nolog,ctl:requestBodyProcessor=XML\"\n";

fn parts(parts: &[(&str, &str)]) -> Request {
    let mut body = String::new();
    for (name, kind) in parts {
        body = format!(
            "{body}--b\r\nContent-Disposition: form-data; name=\"{name}\"\r\nContent-Type: {kind}\r\n\r\nvalue\r\n"
        );
    }
    post(MULTIPART, &format!("{body}--b--\r\n"))
}

#[test]
fn each_part_header_gets_a_variable_of_its_own() {
    let rules = "SecRule &MULTIPART_PART_HEADERS \"@gt 0\" \"id:1,phase:2,pass,nolog,setvar:'tx.count=0'\"\n\
        SecRule MULTIPART_PART_HEADERS \"@rx ^content-type\\s*:\\s*(.*)$\" \"id:2,phase:2,pass,capture,nolog,t:lowercase,\
        setvar:'tx.kind_%{tx.count}=%{tx.1}',setvar:'tx.count=+1'\"\n\
        SecRule TX:/^KIND_/ \"!@rx ^(?:text|image)/[a-z]+$\" \"id:3,phase:2,pass,log\"";
    check(
        rules,
        &parts(&[("a", "text/plain"), ("b", "Image/PNG")]),
        &[],
    );
    // The first, the last, and the first of two of one name.
    check(
        rules,
        &parts(&[("a", "evil/x y"), ("b", "text/plain")]),
        &[3],
    );
    check(
        rules,
        &parts(&[("a", "text/plain"), ("b", "evil/x y")]),
        &[3],
    );
    check(
        rules,
        &parts(&[("a", "evil/x y"), ("a", "text/plain")]),
        &[3],
    );
    let named = "SecRule &MULTIPART_PART_HEADERS:_a_ \"!@eq 0\" \"id:4,phase:2,pass,log\"";
    check(named, &parts(&[("_a_", "text/plain")]), &[4]);
    check(named, &parts(&[("a", "text/plain")]), &[]);
}

#[test]
fn names_made_by_macros_are_found_by_a_pattern() {
    let rules = "SecAction \"id:1,phase:1,pass,nolog,setvar:'tx.banned=/if/ /user-agent/'\"\n\
        SecRule REQUEST_HEADERS_NAMES \"@rx ^.*$\" \"id:2,phase:1,pass,log,capture,t:lowercase,\
        setvar:'tx.header_%{tx.0}=/%{tx.0}/',chain\"\n \
        SecRule TX:/^header_/ \"@within %{tx.banned}\" \"t:none\"";
    check(rules, &get("/"), &[2]);
    check(&rules.replace("user-agent", "agent"), &get("/"), &[]);
}

#[test]
fn text_and_attributes_of_xml_are_selected_apart() {
    let rules = format!(
        "{XML}SecRule XML:/* \"@contains text\" \"id:1,phase:2,pass,log\"\n\
         SecRule XML://@* \"@contains text\" \"id:2,phase:2,pass,log\"\n\
         SecRule ARGS|XML:/*|XML://@* \"@contains text\" \"id:3,phase:2,pass,log,chain\"\n \
         SecRule MATCHED_VARS|XML://@* \"@contains second\""
    );
    let xml = |inside: &str| post("text/xml", &format!("<r>{inside}</r>"));
    check(&rules, &xml("<e>text</e>"), &[1]);
    check(&rules, &xml("<e a='text'>x</e>"), &[2]);
    check(&rules, &xml("<e a='text' b='second'/>"), &[2, 3]);
    // Names of elements and attributes are in neither, comments as little.
    check(&rules, &xml("<text text='x'><!-- text --></text>"), &[]);
}

#[test]
fn a_tag_takes_rules_or_one_of_their_targets_away() {
    let rules = |ctl: &str| {
        format!(
            "SecRule REQUEST_FILENAME \"!@validateByteRange 45-47,97-122\" \"id:1,phase:1,pass,nolog,ctl:{ctl}\"\n\
             SecRule REQUEST_FILENAME|ARGS \"@contains x\" \"id:2,phase:2,pass,log,tag:'slow',tag:'all/of them'\""
        )
    };
    // The operator finds bytes outside of its range, so that its negation matches the plain path.
    let target = rules("ruleRemoveTargetByTag=slow;REQUEST_FILENAME");
    check(&target, &get("/x"), &[]);
    check(&target, &get("/x?a=x"), &[2]);
    check(&target, &get("/x%22"), &[2]);
    let whole = rules("ruleRemoveByTag=slow");
    check(&whole, &get("/x?a=x"), &[]);
    check(&whole, &get("/x%22?a=x"), &[2]);
}

#[test]
fn a_reason_may_wait_for_a_later_phase_or_not() {
    let rules = |early: u8| {
        format!(
            "SecAction \"id:1,phase:1,pass,nolog,setvar:tx.score=5,setvar:tx.limit=5,setvar:tx.early={early}\"\n\
             SecRule TX:SCORE \"@ge %{{tx.limit}}\" \"id:2,phase:1,deny,log,chain\"\n SecRule TX:EARLY \"@eq 1\"\n\
             SecRule TX:SCORE \"@ge %{{tx.limit}}\" \"id:3,phase:2,deny,log\""
        )
    };
    check(&rules(1), &get("/"), &[2]);
    check(&rules(0), &get("/"), &[3]);
}

/// The tests of CRS expect the report of scores, which says `noauditlog`, in the log; libmodsecurity writes nothing.
#[test]
fn noauditlog_does_not_silence() {
    check(
        "SecAction \"id:1,phase:5,pass,noauditlog,msg:'scores'\"\nSecAction \"id:2,phase:5,pass,noauditlog,nolog\"",
        &get("/"),
        &[1],
    );
}

/// As ModSecurity 2; libmodsecurity takes the last.
#[test]
fn a_macro_is_the_first_of_several_values() {
    let rules = "SecRule REQUEST_METHOD \"@streq POST\" \"id:1,phase:2,pass,nolog,setvar:'tx.a=|%{ARGS._a_}|'\"\n\
        SecRule TX:a \"@streq |1|\" \"id:2,phase:2,pass,log\"";
    let form = |target: &str, body: &str| {
        let mut request = post("application/x-www-form-urlencoded", body);
        request.target = target.into();
        request
    };
    check(rules, &form("/", "_a_=1&_a_=2"), &[2]);
    check(rules, &form("/", "_a_=2&_a_=1"), &[]);
    check(rules, &form("/?_a_=1", "_a_=2"), &[2]);
    check(rules, &form("/?_a_=2", "_a_=1"), &[]);
}

/// As ModSecurity 2; libmodsecurity compares exactly, but only where a rule is changed from outside.
#[test]
fn an_exclusion_names_a_value_in_any_case() {
    let rule = "SecRule REQUEST_COOKIES|ARGS|!ARGS:Own \"@contains x\" \"id:2,phase:2,pass,log\"\n";
    let outside = |name: &str| format!("{rule}SecRuleUpdateTargetById 2 \"!ARGS:{name}\"\n");
    let running = |name: &str| {
        format!(
            "SecAction \"id:1,phase:1,pass,nolog,ctl:ruleRemoveTargetById=2;ARGS:{name}\"\n{rule}"
        )
    };
    for name in ["Other", "other"] {
        check(&outside(name), &get("/?OTHER=x&OWN=x"), &[]);
        check(&running(name), &get("/?OTHER=x&OWN=x"), &[]);
        check(&outside(name), &get("/?others=x"), &[2]);
    }
    check(&outside("/^o\\w+r$/"), &get("/?OTHER=x"), &[]);
    check(&outside("/^o\\w+r$/"), &get("/?another=x"), &[2]);
}

#[test]
fn quoting_in_rules_over_several_lines() {
    let rules = "SecRule ARGS \"@rx [0-9]\\s*\\'\\s*[0-9]|\\\"\\x{bc}\" \\\n    \"id:1,\\\n    phase:2,\\\n    pass,\\\n    log,\\\n    \
        msg:'One\\'s \\\nown',\\\n    logdata:'%{MATCHED_VAR}'\"";
    check(rules, &get("/?a=10%27000"), &[1]);
    check(rules, &get("/?a=%22%bc"), &[1]);
    check(rules, &get("/?a=%22%c2%bc"), &[]);
    check(rules, &get("/?a=10,000"), &[]);
}

#[test]
fn every_step_counts_where_a_rule_says_so() {
    let rules = "SecRule ARGS \"@rx ^;\\s\\.run$|^eval\\(\" \"id:1,phase:2,pass,log,multiMatch,\
        t:none,t:escapeSeqDecode,t:compressWhitespace,t:base64Decode\"";
    check(rules, &get("/?a=;\\n\\t.run"), &[1]);
    check(rules, &get("/?a=ZXZhbCgx"), &[1]);
    check(rules, &get("/?a=eval(1"), &[1]);
    check(rules, &get("/?a=.run"), &[]);
}
