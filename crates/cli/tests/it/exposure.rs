//! Every route of the bank × every kind of credential. The table is a golden file; review it as a diff
//! (`UPDATE_EXPECT=1 cargo test -p vauban-cli exposure`).

use std::collections::BTreeSet;
use std::fmt::Write as _;

use expect_test::expect_file;
use vauban_token::{Claims, Es256Key, Profile, mint};

use crate::house::{House, bearer};

/// Method, route, a request of alice's that works, its body.
const SAMPLES: &[(&str, &str, &str, Option<&str>)] = &[
    (
        "GET",
        "/api/v1/user/profile/{id}",
        "/api/v1/user/profile/1001",
        None,
    ),
    (
        "GET",
        "/api/v1/admin/profiles",
        "/api/v1/admin/profiles",
        None,
    ),
    ("GET", "/accounts", "/accounts", None),
    (
        "GET",
        "/accounts/{id}/statements",
        "/accounts/500101/statements",
        None,
    ),
    (
        "POST",
        "/transfers",
        "/transfers",
        Some(
            r#"{"from_account":500101,"to_account":500201,"amount_cents":1,"reference":"exposure"}"#,
        ),
    ),
    ("GET", "/transfers/{id}", "/transfers/@TRANSFER@", None),
    ("POST", "/auth/logout", "/auth/logout", None),
];

/// Routes that need no identity, with the reason that the plan gives in other words; a route that appears in neither list fails.
const EXEMPT: &[(&str, &str, &str)] = &[
    (
        "POST",
        "/auth/login",
        "tokens come from here; answers.rs and the authority's own tests cover it",
    ),
    (
        "POST",
        "/auth/refresh",
        "the refresh token is the credential; covered likewise",
    ),
    ("GET", "/.well-known/jwks.json", "public keys"),
    (
        "POST",
        "/images",
        "its body is a picture; covered by an own test below",
    ),
];

fn forged(house: &House, audience: &str, issued_ago: u64) -> String {
    let pem = std::fs::read_to_string(house.state.join("authority/access.key.pem")).unwrap();
    let key = Es256Key::from_pem(&pem).unwrap();
    let now = std::time::UNIX_EPOCH.elapsed().unwrap().as_secs();
    let profile = Profile {
        issuer: "https://authority.bank.internal".to_owned(),
        audience: audience.to_owned(),
        life_seconds_max: 900,
    };
    let claims = Claims {
        subject: "1001".to_owned(),
        client_id: "bank-web".to_owned(),
        tenant: "north".to_owned(),
        session: "forged".to_owned(),
        jti: "forged".to_owned(),
        roles: vec!["user".to_owned()],
        permissions: [
            "read:profile",
            "read:accounts",
            "read:statements",
            "write:transfers",
            "read:transfers",
        ]
        .map(str::to_owned)
        .to_vec(),
        issued_at: now - issued_ago,
        expires_at: now - issued_ago + 900,
    };
    mint(&key, &profile, &claims).unwrap()
}

/// Every route of the plan, as the configuration writes it.
fn routes(house: &House) -> BTreeSet<(String, String)> {
    let text = std::fs::read_to_string(house.state.join("vauban.yaml")).unwrap();
    let section = text.split("\nroutes:\n").nth(1).unwrap();
    let mut found = BTreeSet::new();
    let mut path = String::new();
    for line in section.lines() {
        if let Some(rest) = line.strip_prefix("  - path: ") {
            rest.trim_matches('"').clone_into(&mut path);
        }
        if let Some(rest) = line.strip_prefix("    methods: [") {
            for method in rest.trim_end_matches(']').split(',') {
                found.insert((method.trim().trim_matches('"').to_owned(), path.clone()));
            }
        }
    }
    found
}

#[test]
fn every_route_is_covered_or_exempt() {
    let covered: BTreeSet<(String, String)> = SAMPLES
        .iter()
        .map(|(method, route, ..)| ((*method).to_owned(), (*route).to_owned()))
        .chain(
            EXEMPT
                .iter()
                .map(|(method, route, _)| ((*method).to_owned(), (*route).to_owned())),
        )
        .collect();
    assert_eq!(routes(House::shared()), covered);
}

#[test]
fn exposure() {
    let house = House::shared();
    let alice = house.token("alice");
    let booked = house.transfer(&alice, "exposure-booked", 500_101, 500_201, 3);
    let transfer = booked.json()["id"].to_string();
    let revoked = house.login("alice").access;
    house.curl("POST", "/auth/logout", &[&bearer(&revoked)], None);
    let credentials = [
        ("own", Some(alice)),
        ("none", None),
        ("garbage", Some("not.a.token".to_owned())),
        (
            "expired",
            Some(forged(house, "https://api.bank.example", 2000)),
        ),
        (
            "wrong audience",
            Some(forged(house, "https://other.example", 10)),
        ),
        (
            "never issued",
            Some(forged(house, "https://api.bank.example", 10)),
        ),
        ("other tenant", Some(house.token("dave"))),
        ("revoked", Some(revoked)),
    ];
    let mut table = String::new();
    for (method, route, path, body) in SAMPLES {
        let path = path.replace("@TRANSFER@", transfer.trim_matches('"'));
        for (kind, token) in &credentials {
            if *route == "/auth/logout" && *kind != "none" && *kind != "garbage" {
                // A working credential would end the session that the other rows use.
                continue;
            }
            let key = format!("idempotency-key: exposure-{}", kind.replace(' ', "-"));
            let mut headers = Vec::new();
            let authorization = token.as_deref().map(bearer);
            headers.extend(authorization.as_deref());
            if *route == "/transfers" {
                headers.push(&key);
            }
            let answer = house.curl(method, &path, &headers, *body);
            let challenge = answer.header("www-authenticate");
            writeln!(
                table,
                "{:<34} {kind:<15} {} {} {challenge}",
                format!("{method} {route}"),
                answer.status,
                answer.code(),
            )
            .unwrap();
        }
    }
    let table: String = table
        .lines()
        .fold(String::new(), |text, line| text + line.trim_end() + "\n");
    expect_file!["./exposure.golden"].assert_eq(&table);
}

#[test]
fn images_need_an_identity_and_a_picture() {
    let house = House::shared();
    let none = house.curl("POST", "/images", &["content-type: image/png"], None);
    assert_eq!(
        (none.status, none.code()),
        (401, "token.missing".to_owned())
    );
    let text = house.curl(
        "POST",
        "/images",
        &[&bearer(&house.token("alice")), "content-type: text/plain"],
        None,
    );
    assert_eq!(
        (text.status, text.code()),
        (415, "contract.media_type".to_owned())
    );
}
