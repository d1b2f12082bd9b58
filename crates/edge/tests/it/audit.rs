//! Every request leaves one event, with its controls in order and the fact behind each.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use vauban_audit::{Event, Kind, Log, Outcome, RecordError, Verdict, control};
use vauban_edge::{Parts, Rules, RunError, Setting, run};
use vauban_net::{ManualClock, Socket, stop_pair};

use crate::pki::Ca;
use crate::world::{NOW, WIDE, World, bearer, plan};

fn controls(event: &Event) -> Vec<(&str, Verdict)> {
    event
        .controls
        .iter()
        .map(|control| (&*control.name, control.verdict))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_passes_names_every_control() {
    let world = World::new().await;
    let answer = world.get("/things/1", &world.token());
    let event = world.event(answer.decision()).await;
    let expected = [
        control::EDGE_FRAMING,
        control::EDGE_CANONICAL,
        control::EDGE_HOST,
        control::EDGE_BUDGET_IP,
        control::EDGE_ROUTE,
        control::EDGE_INSPECT,
        control::EDGE_TOKEN,
        control::EDGE_BUDGET_USER,
        control::EDGE_ROLES,
        control::EDGE_PERMISSIONS,
        control::EDGE_CONTRACT,
        control::EDGE_EXCHANGE,
    ]
    .map(|name| (name, Verdict::Passed));
    assert_eq!(controls(&event), expected);
    assert!(
        event
            .controls
            .iter()
            .all(|control| !control.fact.is_empty())
    );
    assert_eq!(
        (event.kind, event.outcome, event.status),
        (Kind::Request, Outcome::Allowed, 200)
    );
    assert_eq!(
        (event.method.as_str(), event.route.as_str()),
        ("GET", "/things/{id}")
    );
    assert_eq!(event.operation, "readThing");
    assert_eq!(event.subject.as_deref(), Some("1001"));
    assert_eq!(event.session.as_deref(), Some("s1"));
    assert_eq!(event.peer.as_deref(), Some("127.0.0.1"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_ends_with_the_control_that_refused() {
    let world = World::new().await;
    let auth = bearer(&world.token());
    let cases = [
        (world.raw(b"GET /ping HTTP/1.1\n\n"), control::EDGE_FRAMING),
        (world.send("GET", "/a//b", "", ""), control::EDGE_CANONICAL),
        (
            world.raw(b"GET /ping HTTP/1.1\r\nHost: evil\r\n\r\n"),
            control::EDGE_HOST,
        ),
        (world.send("GET", "/nowhere", "", ""), control::EDGE_ROUTE),
        (world.send("GET", "/things/1", "", ""), control::EDGE_TOKEN),
        (
            world.send("GET", "/admin/things", &auth, ""),
            control::EDGE_ROLES,
        ),
        (
            world.send("GET", "/admin/export", &auth, ""),
            control::EDGE_PERMISSIONS,
        ),
        (
            world.send("GET", "/things/1?x=1", &auth, ""),
            control::EDGE_CONTRACT,
        ),
    ];
    for (answer, expected) in cases {
        let event = world.event(answer.decision()).await;
        assert_eq!(controls(&event).pop(), Some((expected, Verdict::Refused)));
        assert_eq!(event.outcome, Outcome::Refused, "{expected}");
        assert_eq!(
            event.denial.as_deref(),
            answer.json()["code"].as_str(),
            "{expected}"
        );
        assert_eq!(event.status, answer.status, "{expected}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_secret_is_recorded() {
    let world = World::new().await;
    let token = world.token();
    let put = "Content-Type: application/json\r\n";
    for answer in [
        world.get("/things/1", &token),
        world.get("/things/1", &format!("{token}x")),
        world.send(
            "PUT",
            "/things/1",
            &format!("{}{put}", bearer(&token)),
            r#"{"name":"x","password":"hunter2"}"#,
        ),
        world.send(
            "POST",
            "/auth/login",
            put,
            r#"{"username":"alice","password":"hunter2"}"#,
        ),
    ] {
        let event = format!("{:?}", world.event(answer.decision()).await);
        for secret in [token.as_str(), "internal-for-things", "hunter2"] {
            assert!(!event.contains(secret), "`{secret}` in {event}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn operations_of_the_authority_have_their_kinds() {
    let world = World::new().await;
    let login = world.send(
        "POST",
        "/auth/login",
        "Content-Type: application/json\r\n",
        r#"{"username":"a"}"#,
    );
    assert_eq!(world.event(login.decision()).await.kind, Kind::Login);
    let logout = world.send("POST", "/auth/logout", &bearer(&world.token()), "");
    assert_eq!(world.event(logout.decision()).await.kind, Kind::Logout);
}

fn kinds(events: &[Event]) -> Vec<(Kind, Outcome, u64)> {
    events
        .iter()
        .map(|event| (event.kind, event.outcome, event.at_unix_ms))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn beginning_and_ending_are_on_record() {
    let mut world = World::new().await;
    // An answer that is only noted; what is read here was durable before it.
    assert_eq!(world.send("GET", "/ping", "", "").status, 200);
    let began = (Kind::Start, Outcome::Allowed, NOW * 1000);
    assert_eq!(kinds(&world.own_events()), [began]);
    world.clock.advance_ms(5);
    world.stop().await;
    let ended = (Kind::Stop, Outcome::Allowed, NOW * 1000 + 5);
    assert_eq!(kinds(&world.own_events()), [began, ended]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edge_that_cannot_record_its_beginning_does_not_serve() {
    let ca = Ca::new();
    let folder = tempfile::tempdir().unwrap();
    let (log, _writer) = Log::open(folder.path(), "edge").unwrap();
    log.clone().close().await.unwrap();
    let nowhere = ([127, 0, 0, 1], 1).into();
    let plan = Arc::new(plan(WIDE, nowhere));
    let setting = Setting {
        workload: ca.workload("spiffe://test.internal/line/edge"),
        authority: nowhere,
        guards: BTreeMap::from([("things".to_owned(), nowhere)]),
        public_tls: ca.public_tls(),
        rules: Rules::load(&plan, Path::new("")).unwrap(),
        audit: log,
        clock: Arc::new(ManualClock::new(NOW * 1000)),
    };
    let parts = Parts::shipped(&plan, &setting).unwrap();
    let socket = Socket::bind_tcp(([127, 0, 0, 1], 0).into()).await.unwrap();
    let (_stopper, stop) = stop_pair();
    let ended = run(plan, setting, parts, socket, stop).await;
    assert!(
        matches!(ended, Err(RunError::Audit(RecordError::Closed { .. }))),
        "{ended:?}"
    );
}
