//! Hostile input: refused in block mode, recorded in monitor mode, and never written down where it may be a secret.

use std::fmt::Write as _;
use std::path::Path;

use vauban_audit::{Control, Verdict, control};
use vauban_edge::Rules;

use crate::client::Answer;
use crate::denials;
use crate::recorder::Reply;
use crate::world::{self, PLAN, World, bearer};

const JSON: &str = "Content-Type: application/json\r\n";
/// What every ordinary client says of itself; `*/*` is a value that CRS's rule 920600 must find well formed.
const HONEST: &str = "User-Agent: it\r\nAccept: */*\r\n";
const BLOCK: &str = "waf: { rules: [baseline], mode: block }";

/// What the inspection of one decision left on record, phase by phase: verdicts, and facts with their findings as text.
async fn facts(world: &World, answer: &Answer) -> Vec<(Verdict, String)> {
    let event = world.event(answer.decision()).await;
    event
        .controls
        .into_iter()
        .filter(|one| one.name == control::EDGE_INSPECT)
        .map(|one| (one.verdict, text(&one)))
        .collect()
}

fn text(control: &Control) -> String {
    let mut text = control.fact.clone().into_owned();
    for one in &control.findings {
        let value = one.value.as_deref().unwrap_or("(withheld)");
        let rule = one.rule;
        write!(text, "; {rule} {} {value}", one.variable).unwrap();
    }
    text
}

/// The plan of the tests with another block.
fn plan(waf: &str) -> String {
    assert!(PLAN.contains(BLOCK));
    PLAN.replace(BLOCK, waf)
}

/// Refused, with these words on record.
async fn check(world: &World, name: &str, answer: &Answer, words: &[&str]) {
    denials::check(name, answer, 403, "waf.refused");
    assert_eq!(answer.json()["decision"], answer.decision(), "{name}");
    let facts = facts(world, answer).await;
    let (verdict, fact) = facts.last().unwrap();
    assert_eq!(*verdict, Verdict::Refused, "{name}");
    for word in words {
        assert!(fact.contains(word), "{name}: `{word}` is not in `{fact}`");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_class_of_attack_is_refused_with_its_rule_on_record() {
    let world = World::new().await;
    let auth = bearer(&world.token());
    for (name, value, words) in [
        ("SQL", "1%27%20or%20%271%27=%271", ["rule 80001", "ARGS:q"]),
        (
            "script",
            "%3Cscript%3Ealert(1)%3C/script%3E",
            ["rule 80002", "ARGS:q"],
        ),
        (
            "path",
            "../../../../etc/passwd",
            ["rule 80003", "etc/passwd"],
        ),
        ("command", "x;cat%20/etc/passwd", ["rule 8000", "ARGS:q"]),
    ] {
        let target = format!("/things/1?q={value}");
        let answer = world.send("GET", &target, &auth, "");
        check(&world, name, &answer, &words).await;
        let put = format!("{auth}{JSON}");
        let decoded = value
            .replace("%27", "'")
            .replace("%20", " ")
            .replace("%3C", "<")
            .replace("%3E", ">");
        let body = serde_json::json!({ "name": decoded }).to_string();
        let answer = world.send("PUT", "/things/1", &put, &body);
        check(&world, name, &answer, &["name"]).await;
    }
    world.assert_nothing_inside("waf.refused");
}

#[tokio::test(flavor = "multi_thread")]
async fn malformed_encodings_are_refused() {
    let world = World::new().await;
    let auth = bearer(&world.token());
    let answer = world.send("GET", "/things/1?q=%zz", &auth, "");
    assert!(matches!(answer.status, 400 | 403), "{}", answer.text());
    let answer = world.send(
        "PUT",
        "/things/1",
        &format!("{auth}{JSON}"),
        "{\"name\":\"x\"",
    );
    check(&world, "JSON", &answer, &["80000"]).await;
    world.assert_nothing_inside("malformed");
}

/// What a contract calls text is text before any rule looks: path, query, declared headers and JSON. No rule runs here.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_text_is_refused_without_any_rule() {
    let world = World::uninspected().await;
    let auth = bearer(&world.token());
    for (place, code) in [
        ("/things/%c0%ae%c0%ae", "http.path_utf8"),
        ("/things/1?q=%c0%ae", "http.path_utf8"),
        ("/things/1?q=%e0%80%af", "http.path_utf8"),
        ("/things/1?q=%ed%a0%80", "http.path_utf8"),
        ("/things/1?q=%f4%90%80%80", "http.path_utf8"),
        ("/things/1?%ff=1", "http.path_utf8"),
        ("/things/1?q=%", "http.path_percent_encoding"),
        ("/things/1?q=%u002e", "http.path_percent_encoding"),
        ("/things/1?q=%2", "http.path_percent_encoding"),
        ("/things/1?%zz=1", "http.path_percent_encoding"),
    ] {
        let answer = world.send("GET", place, &auth, "");
        denials::check(place, &answer, 400, code);
    }
    let header = [
        format!("GET /things/1 HTTP/1.1\r\nHost: localhost\r\n{auth}X-Trace: ").as_bytes(),
        b"\xc0\xae\r\n\r\n",
    ]
    .concat();
    denials::check("header", &world.raw(&header), 400, "contract.violated");
    for (name, value) in [
        ("no UTF-8", b"\xff".as_slice()),
        ("overlong", b"\xc0\xae"),
        ("half a pair", b"\\ud800"),
        ("control", b"\x01"),
    ] {
        let body = [b"{\"name\":\"", value, b"\"}"].concat();
        let length = body.len();
        let head = format!(
            "PUT /things/1 HTTP/1.1\r\nHost: localhost\r\n{auth}{JSON}Content-Length: {length}\r\n\r\n"
        );
        let answer = world.raw(&[head.as_bytes(), &body].concat());
        denials::check(name, &answer, 400, "contract.violated");
    }
    world.assert_nothing_inside("no text");
}

#[test]
fn words_of_the_contract_are_settled_and_others_are_not() {
    let plan = world::plan_of(PLAN);
    let rules = Rules::load(&plan, Path::new("")).unwrap();
    let route = plan
        .routes
        .iter()
        .find(|route| route.operations.contains_key("PUT"))
        .unwrap();
    let rules = rules.set(&route.waf).unwrap();
    let settled = |value: &str| rules.settled(value.as_bytes());
    let most = settled("").unwrap();
    assert!(settled("newest-first").is_some_and(|left| left <= most));
    assert!(settled("order").is_some() && settled("42").is_some());
    assert_eq!(settled("newest-first'"), None);
    assert_eq!(settled("alice"), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stranger_does_not_make_the_edge_read_a_body() {
    let world = World::new().await;
    let answer = world.send(
        "PUT",
        "/things/1",
        JSON,
        r#"{"name":"<script>alert(1)</script>"}"#,
    );
    denials::check("stranger", &answer, 401, "token.missing");
    let found = facts(&world, &answer).await;
    assert_eq!(
        found,
        [(Verdict::Passed, "head: no rule refuses".to_owned())]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_is_not_written_down() {
    let world = World::new().await;
    let body = r#"{"username":"a","password":"' or '1'='1"}"#;
    let answer = world.send("POST", "/auth/login", JSON, body);
    check(&world, "password", &answer, &["(withheld)"]).await;
    let text = format!("{:?}", world.event(answer.decision()).await);
    assert!(!text.contains("'1'='1"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn monitor_lets_pass_and_records() {
    let text = plan("waf: { rules: [baseline], mode: monitor }");
    let world = World::of_text(&text, Path::new("")).await;
    let target = "/things/1?q=%3Cscript%3Ealert(1)%3C/script%3E";
    let answer = world.get(target, &world.token());
    assert_eq!(answer.status, 200, "{}", answer.text());
    let found = facts(&world, &answer).await;
    let noted = |(verdict, fact): &(Verdict, String)| {
        *verdict == Verdict::Passed && fact.starts_with("monitor: rule 80002")
    };
    assert!(found.iter().any(noted), "{found:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_route_can_be_inspected_otherwise() {
    for (waf, status) in [
        ("{ mode: monitor }", 200),
        ("{ mode: block }", 403),
        ("{ danger_off: \"a test\" }", 200),
    ] {
        let text = PLAN.replacen(
            "    authenticate: jwt",
            &format!("    waf: {waf}\n    authenticate: jwt"),
            1,
        );
        let world = World::of_text(&text, Path::new("")).await;
        let answer = world.get(
            "/things/1?q=%3Cscript%3Ealert(1)%3C/script%3E",
            &world.token(),
        );
        assert_eq!(answer.status, status, "{waf}: {}", answer.text());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn exclusions_stand_before_or_after_the_rules() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(
        folder.path().join("after.conf"),
        "SecRuleRemoveByTag attack-xss\n",
    )
    .unwrap();
    std::fs::write(
        folder.path().join("before.conf"),
        "SecRule REQUEST_FILENAME \"@streq /things/1\" \"id:1,phase:1,pass,nolog,t:none,ctl:ruleRemoveTargetByTag=attack-xss;ARGS:q\"\n",
    )
    .unwrap();
    for exclusions in ["{ after: [after.conf] }", "{ before: [before.conf] }"] {
        let text = plan(&format!(
            "waf: {{ rules: [baseline], mode: block, exclusions: {exclusions} }}"
        ));
        let world = World::of_text(&text, folder.path()).await;
        let token = world.token();
        let answer = world.get("/things/1?q=%3Cscript%3Ealert(1)%3C/script%3E", &token);
        assert_eq!(answer.status, 200, "{exclusions}: {}", answer.text());
        let answer = world.get("/things/1?q=1%27%20or%20%271%27=%271", &token);
        assert_eq!(answer.status, 403, "{exclusions}: only what was excluded");
    }
}

const OWN: &str = "SecRequestBodyAccess On
SecRequestBodyLimit 64
SecRequestBodyLimitAction ProcessPartial
SecResponseBodyAccess On
SecResponseBodyMimeType application/json
SecRule REQUEST_HEADERS:Content-Type \"@beginsWith application/json\" \"id:1,phase:1,pass,nolog,t:none,ctl:requestBodyProcessor=JSON\"
SecRule RESPONSE_BODY \"@contains ORA-00933\" \"id:2,phase:4,deny,status:500,log,t:none,msg:'a database speaks'\"
";

/// A world with rules of its own under the seed's spelling.
async fn own(mode: &str) -> (World, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("main.conf"), OWN).unwrap();
    let text = plan(&format!(
        "waf: {{ modsecurity_rules_file: main.conf, mode: {mode} }}"
    ));
    (World::of_text(&text, folder.path()).await, folder)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_is_inspected_in_part_is_refused() {
    let (world, _folder) = own("block").await;
    let headers = format!("{}{JSON}", bearer(&world.token()));
    let long = format!(r#"{{"name":"{}"}}"#, "n".repeat(100));
    let answer = world.send("PUT", "/things/1", &headers, &long);
    check(&world, "long", &answer, &["inspected only in part"]).await;
    world.assert_nothing_inside("long");
    let (world, _folder) = own("monitor").await;
    let written = Reply {
        status: 204,
        headers: Vec::new(),
        body: String::new(),
    };
    world.guard.answer_with(written);
    let headers = format!("{}{JSON}", bearer(&world.token()));
    assert_eq!(world.send("PUT", "/things/1", &headers, &long).status, 204);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_betrays_something_is_withheld() {
    let (world, _folder) = own("block").await;
    let token = world.token();
    assert_eq!(world.get("/things/1", &token).status, 200);
    world
        .guard
        .answer_with(Reply::json(200, r#"{"name":"ORA-00933 near x"}"#));
    let answer = world.get("/things/1", &token);
    denials::check("answer", &answer, 502, "answer.violated");
    let found = facts(&world, &answer).await;
    let (verdict, fact) = found.last().unwrap();
    assert_eq!(*verdict, Verdict::Refused);
    assert_eq!(fact, "rule 2 refuses; 2 RESPONSE_BODY (withheld)");
}

fn mistakes(waf: &str, folder: &Path) -> String {
    let plan = world::plan_of(&plan(waf));
    Rules::load(&plan, folder)
        .map(drop)
        .unwrap_err()
        .to_string()
}

#[test]
fn rules_with_mistakes_are_not_loaded_and_every_mistake_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    std::fs::write(path("a.conf"), "SecRequestBodyAccess On\nSecRool x\n").unwrap();
    std::fs::write(path("b.conf"), "\nSecRule ARGS\n").unwrap();
    std::fs::write(path("c.conf"), "SecRuleEngine On\n").unwrap();
    let told = mistakes(
        "waf: { rules: [a.conf, b.conf], mode: block }",
        folder.path(),
    );
    let at = |name: &str, line: u32| format!("{}:{line}: ", path(name).display());
    assert!(told.contains(&at("a.conf", 2)), "{told}");
    assert!(told.contains(&at("b.conf", 2)), "{told}");
    let line = PLAN.lines().position(|line| line == BLOCK).unwrap() + 1;
    let told = mistakes("waf: { rules: [none.conf], mode: block }", folder.path());
    let expected = format!("vauban.yaml:{line}:16: rule file `none.conf` cannot be read: ");
    assert!(told.starts_with(&expected), "{told}");
    let told = mistakes("waf: { rules: [c.conf], mode: block }", folder.path());
    assert_eq!(
        told,
        format!(
            "vauban.yaml:{line}:6: the rules never read a request body\n  hint: say `SecRequestBodyAccess On` in them"
        )
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_profile_lets_prose_pass_that_crs_refuses() {
    if !Path::new("/usr/share/modsecurity-crs/rules").exists() {
        return println!("not run: modsecurity-crs is not installed");
    }
    let prose = "/things/1?q=union%20was%20a%20great%20select";
    let attack = "/things/1?q=1%27%20or%20%271%27=%271%27--%20";
    for (rules, status) in [("crs", 403), ("profile", 200)] {
        let text = plan(&format!(
            "waf: {{ rules: [{rules}], mode: block, paranoia: 1 }}"
        ));
        let world = World::of_text(&text, Path::new("")).await;
        let head = format!("{}{HONEST}", bearer(&world.token()));
        let answer = world.send("GET", prose, &head, "");
        assert_eq!(
            answer.status,
            status,
            "{rules}: {:?}",
            facts(&world, &answer).await
        );
        assert_eq!(world.send("GET", attack, &head, "").status, 403, "{rules}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn crs_refuses_the_same() {
    if !Path::new("/usr/share/modsecurity-crs/rules").exists() {
        return println!("not run: modsecurity-crs is not installed");
    }
    let text = plan("waf: { rules: [crs], mode: block, paranoia: 1 }");
    let world = World::of_text(&text, Path::new("")).await;
    let auth = bearer(&world.token());
    let answer = world.send("GET", "/things/1?q=fine", &format!("{auth}{HONEST}"), "");
    assert_eq!(answer.status, 200, "{:?}", facts(&world, &answer).await);
    for (name, target, rule) in [
        ("SQL", "/things/1?q=1%27%20or%20%271%27=%271%27--%20", "942"),
        (
            "script",
            "/things/1?q=%3Cscript%3Ealert(1)%3C/script%3E",
            "941",
        ),
        ("path", "/things/1?q=../../../../etc/passwd", "930"),
    ] {
        let answer = world.send("GET", target, &format!("{auth}{HONEST}"), "");
        check(
            &world,
            name,
            &answer,
            &["rule 949110 refuses", rule, "ARGS:q"],
        )
        .await;
    }
}
