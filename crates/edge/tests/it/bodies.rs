//! Refusals of bodies and parameters.

use crate::client::Client;
use crate::denials::check;
use crate::recorder::Reply;
use crate::world::{WIDE, World, bearer};

const JSON: &str = "Content-Type: application/json\r\n";

/// A request is refused with a violation at this place.
fn check_violation(
    world: &World,
    name: &str,
    (method, target, headers, body): (&str, &str, &str, &str),
    (place, pointer): (&str, &str),
) {
    let headers = format!("{}{headers}", bearer(&world.token()));
    let answer = world.send(method, target, &headers, body);
    check(name, &answer, 400, "contract.violated");
    let violation = &answer.json()["violations"][0];
    assert_eq!(violation["in"], place, "case `{name}`");
    let found = violation["pointer"].as_str().unwrap();
    assert!(found.starts_with(pointer), "case `{name}`: {violation}");
}

#[tokio::test(flavor = "multi_thread")]
async fn contract_violated_by_parameters() {
    let world = World::new().await;
    let case = |name, target: &str, headers: &str, at| {
        check_violation(&world, name, ("GET", target, headers, ""), at);
    };
    let long = format!("/things/1?q={}", "q".repeat(65));
    case(
        "unknown query",
        "/things/1?admin=1",
        "",
        ("query", "/admin"),
    );
    case("query too long", &long, "", ("query", "/q"));
    case("query twice", "/things/1?q=a&q=b", "", ("query", "/q"));
    case(
        "path too long",
        &format!("/things/{}", "1".repeat(65)),
        "",
        ("path", "/id"),
    );
    let twice = "X-Trace: a\r\nX-Trace: b\r\n";
    case("header twice", "/things/1", twice, ("header", "/X-Trace"));
    case(
        "type twice",
        "/things/1",
        &format!("{JSON}{JSON}"),
        ("header", "/content-type"),
    );
    world.assert_nothing_inside("contract.violated");
}

#[tokio::test(flavor = "multi_thread")]
async fn contract_violated_by_bodies() {
    let world = World::uninspected().await;
    let case = |name, body, pointer| {
        check_violation(
            &world,
            name,
            ("PUT", "/things/1", JSON, body),
            ("body", pointer),
        );
    };
    case("missing", "", "");
    case("unknown field", r#"{"name":"x","owner":"1002"}"#, "/owner");
    case("wrong type", r#"{"name":1}"#, "/name");
    case("missing field", "{}", "/name");
    case("duplicate key", r#"{"name":"x","name":"y"}"#, "/name");
    case("not JSON", "{", "");
    check_violation(
        &world,
        "a body where none is declared",
        ("POST", "/auth/logout", JSON, "{}"),
        ("body", ""),
    );
    check_violation(
        &world,
        "nothing at all",
        ("PUT", "/things/1", "", ""),
        ("body", ""),
    );
    world.assert_nothing_inside("contract.violated");
}

#[tokio::test(flavor = "multi_thread")]
async fn contract_violated_by_depth() {
    let world = World::new().await;
    for (depth, reason) in [(32, "has the wrong type"), (33, "is nested too deeply")] {
        // The object is the first level.
        let (open, close) = ("[".repeat(depth - 1), "]".repeat(depth - 1));
        let body = format!("{{\"name\":{open}{close}}}");
        let headers = format!("{}{JSON}", bearer(&world.token()));
        let answer = world.send("PUT", "/things/1", &headers, &body);
        check("depth", &answer, 400, "contract.violated");
        let violation = &answer.json()["violations"][0];
        assert_eq!(violation["reason"], reason, "{depth} levels: {violation}");
    }
    world.assert_nothing_inside("contract.violated");
}

#[tokio::test(flavor = "multi_thread")]
async fn contract_media_type() {
    let world = World::uninspected().await;
    for kind in [
        "text/plain",
        "application/xml",
        "application/json; charset=utf-16",
        "application/jsonx",
    ] {
        let headers = format!("{}Content-Type: {kind}\r\n", bearer(&world.token()));
        check(
            kind,
            &world.send("PUT", "/things/1", &headers, r#"{"name":"x"}"#),
            415,
            "contract.media_type",
        );
    }
    world.assert_nothing_inside("contract.media_type");
}

#[tokio::test(flavor = "multi_thread")]
async fn body_too_large() {
    let world = World::new().await;
    let headers = format!("{}{JSON}", bearer(&world.token()));
    let declared = format!(
        "PUT /things/1 HTTP/1.1\r\nHost: localhost\r\n{headers}Content-Length: 1025\r\n\r\n"
    );
    check(
        "declared",
        &world.raw(declared.as_bytes()),
        413,
        "body.too_large",
    );
    let chunk = format!("401\r\n{}\r\n0\r\n\r\n", " ".repeat(1025));
    let chunked = format!(
        "PUT /things/1 HTTP/1.1\r\nHost: localhost\r\n{headers}Transfer-Encoding: chunked\r\n\r\n{chunk}"
    );
    check(
        "chunked",
        &world.raw(chunked.as_bytes()),
        413,
        "body.too_large",
    );
    world.assert_nothing_inside("body.too_large");
    let fits = format!(r#"{{"name":"{}"}}"#, "n".repeat(900));
    world.guard.answer_with(Reply {
        status: 204,
        headers: Vec::new(),
        body: String::new(),
    });
    let spaces = " ".repeat(1024 - fits.len());
    assert_eq!(
        world
            .send("PUT", "/things/1", &headers, &format!("{fits}{spaces}"))
            .status,
        204,
        "exactly the limit"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn body_too_slow() {
    let world = World::new().await;
    let headers = format!("{}{JSON}", bearer(&world.token()));
    let start = format!(
        "PUT /things/1 HTTP/1.1\r\nHost: localhost\r\n{headers}Content-Length: 20\r\n\r\n{{"
    );
    check(
        "stops after a byte",
        &world.raw(start.as_bytes()),
        408,
        "body.too_slow",
    );
    world.assert_nothing_inside("body.too_slow");
}

#[tokio::test(flavor = "multi_thread")]
async fn body_broken() {
    let world = World::new().await;
    let headers = format!("{}{JSON}", bearer(&world.token()));
    for chunk in [
        "zz\r\n{}\r\n0\r\n\r\n",
        "2;x=1\r\n{}\r\n0\r\n\r\n",
        "2\r\n{}X0\r\n\r\n",
    ] {
        let bytes = format!(
            "PUT /things/1 HTTP/1.1\r\nHost: localhost\r\n{headers}Transfer-Encoding: chunked\r\n\r\n{chunk}"
        );
        let answer = world.raw(bytes.as_bytes());
        assert_eq!(answer.status, 400, "chunk {chunk:?}: {}", answer.text());
        let code = answer.json()["code"].as_str().unwrap().to_owned();
        assert!(
            code == "body.broken" || code.starts_with("http.chunk"),
            "chunk {chunk:?}: {code}"
        );
    }
    world.assert_nothing_inside("body.broken");
}

const CHUNKED: &str = "POST /auth/login HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n";

/// Sends a whole body of unknown length, so that the edge has to hold memory for the longest one.
fn chunked(client: &mut Client) -> crate::client::Answer {
    let body = r#"{"username":"a"}"#;
    client.write(format!("{CHUNKED}{:x}\r\n{body}\r\n0\r\n\r\n", body.len()).as_bytes());
    client.read()
}

#[tokio::test(flavor = "multi_thread")]
async fn one_address_with_slow_bodies_does_not_starve_another() {
    let limit = |limits: &mut vauban_policy::plan::Limits| {
        // One such body is all that one address may hold.
        limits.body_bytes_max = 32 * 1024 * 1024;
        limits.body_seconds = 60;
    };
    let world = World::with_limits(limit, WIDE, |_parts| {}).await;
    let (hostile, honest) = ([127, 0, 0, 1], [127, 0, 0, 2]);
    // A slow body that arrives while another request holds the share is refused itself; then the next one gets it.
    let mut slow = Vec::new();
    let refused = loop {
        assert!(slow.len() < 50, "slow bodies hold nothing");
        let mut client = world.connect_from(hostile).await;
        client.write(CHUNKED.as_bytes());
        slow.push(client);
        let answer = chunked(&mut world.connect_from(hostile).await);
        if answer.status != 200 {
            break answer;
        }
    };
    check("beyond its share", &refused, 503, "overloaded");
    let event = world.event(refused.decision()).await;
    assert_eq!(
        event.controls.last().unwrap().fact,
        "the client's address holds its share of the memory for bodies"
    );
    for _ in 0..3 {
        let answer = chunked(&mut world.connect_from(honest).await);
        assert_eq!(answer.status, 200, "{}", answer.text());
    }
    // What has no body needs no memory.
    let mut client = world.connect_from(hostile).await;
    client.write(b"GET /ping HTTP/1.1\r\nHost: localhost\r\n\r\n");
    assert_eq!(client.read().status, 200);
    // Who leaves gives back; the edge hears of it a moment later.
    drop(slow);
    let left = std::iter::from_fn(|| Some(world.connect()))
        .take(2000)
        .any(|mut client| chunked(&mut client).status == 200);
    assert!(left, "memory is given back");
}
