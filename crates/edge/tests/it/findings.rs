//! What the record keeps of what rules found: enough for `vauban waf tune`, and no secret.

use std::fmt::Write as _;
use std::path::Path;

use vauban_waf::tune;

use crate::client::Answer;
use crate::world::{PLAN, World, bearer};

const BLOCK: &str = "waf: { rules: [baseline], mode: block }";
const ENGINE: &str = "SecRequestBodyAccess On\nSecResponseBodyAccess On\nSecResponseBodyMimeType application/json\n\
    SecRule REQUEST_HEADERS:Content-Type \"@beginsWith application/json\" \
    \"id:1,phase:1,pass,nolog,t:none,ctl:requestBodyProcessor=JSON\"\n";

/// A world with rules of its own, which only records.
async fn world(rules: &str, folder: &Path) -> World {
    std::fs::write(folder.join("main.conf"), format!("{ENGINE}{rules}")).unwrap();
    assert!(PLAN.contains(BLOCK));
    let waf = "waf: { rules: [main.conf], mode: monitor, redact: [pin] }";
    World::of_text(&PLAN.replace(BLOCK, waf), folder).await
}

/// The event as the log writes it.
async fn record(world: &World, answer: &Answer) -> String {
    serde_json::to_string(&world.event(answer.decision()).await).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_finding_of_a_record_can_be_tuned() {
    let folder = tempfile::tempdir().unwrap();
    let mut rules = String::new();
    for (id, variable) in [
        (11, "ARGS:a"),
        (12, "ARGS:a|ARGS:b"),
        (13, "REQUEST_HEADERS:X-Own"),
        (14, "QUERY_STRING"),
        (15, "ARGS:password"),
    ] {
        writeln!(
            rules,
            "SecRule {variable} \"@contains odd\" \"id:{id},phase:2,pass,log,msg:'odd'\""
        )
        .unwrap();
    }
    let world = world(&rules, folder.path()).await;
    let head = format!("{}X-Own: odd\r\n", bearer(&world.token()));
    let target = "/things/1?a=odd&b=odd&password=odd";
    let answer = world.send("GET", target, &head, "");
    let event = record(&world, &answer).await;
    let observations = tune::observed(event.as_bytes()).unwrap();
    let tuning = tune::propose(&observations, 20_000);
    let proposed: Vec<(u64, &str, &str)> = tuning
        .proposals
        .iter()
        .map(|one| {
            one.check().unwrap();
            let [target, path] = [&one.target, &one.path].map(|text| text.as_deref().unwrap());
            (one.rule, target, path)
        })
        .collect();
    let at = "/things/{id}";
    assert_eq!(
        proposed,
        [
            (11, "ARGS:a", at),
            (12, "ARGS:a", at),
            (12, "ARGS:b", at),
            (13, "REQUEST_HEADERS:x-own", at),
            (14, "QUERY_STRING", at),
            (15, "ARGS:password", at),
        ],
        "{event}"
    );
    assert_eq!(tuning.declined, []);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_plan_redacts_is_in_no_record() {
    let folder = tempfile::tempdir().unwrap();
    let rules = "SecRule ARGS|QUERY_STRING|REQUEST_BODY|REQUEST_HEADERS \"@rx .\" \"id:11,phase:2,pass,log,msg:'%{MATCHED_VAR}'\"\n";
    let world = world(rules, folder.path()).await;
    let auth = bearer(&world.token());
    let secret = "48151623";
    let json = format!("{auth}Content-Type: application/json\r\n");
    for (method, target, head, body) in [
        (
            "GET",
            format!("/things/1?p%69n={secret}"),
            &auth,
            String::new(),
        ),
        (
            "PUT",
            "/things/1".to_owned(),
            &json,
            format!("{{\"p\\u0069n\":\"{secret}\"}}"),
        ),
    ] {
        let answer = world.send(method, &target, head, &body);
        let event = record(&world, &answer).await;
        assert!(
            event.contains("\"variable\":\"ARGS"),
            "nothing was found: {event}"
        );
        assert!(!event.contains(secret), "{event}");
    }
}
