//! Every route of the bank × every kind of credential. The table is a golden file; review it as a diff
//! (`UPDATE_EXPECT=1 cargo test -p vauban-cli exposure`).

use std::collections::BTreeSet;
use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use expect_test::expect_file;
use vauban_token::{Claims, Es256Key, Profile, mint};

use crate::house::{House, bearer};

/// A route, and a request that works with the credential of `whose`.
struct Sample {
    method: &'static str,
    route: &'static str,
    path: &'static str,
    body: Body,
    whose: &'static Person,
}

/// What a sample carries.
enum Body {
    Nothing,
    Json(&'static str),
    Picture,
}

/// Somebody whose credentials are tried, and those who are next to them.
struct Person {
    name: &'static str,
    subject: &'static str,
    role: &'static str,
    permissions: &'static [&'static str],
    /// The same role in another tenant.
    other_tenant: &'static str,
    /// The same tenant in another role.
    other_role: &'static str,
}

const ALICE: Person = Person {
    name: "alice",
    subject: "1001",
    role: "user",
    permissions: &[
        "read:profile",
        "read:accounts",
        "read:statements",
        "write:transfers",
        "read:transfers",
        "write:images",
    ],
    other_tenant: "dave",
    other_role: "carol",
};

const CAROL: Person = Person {
    name: "carol",
    subject: "1003",
    role: "admin",
    permissions: &["read:profile", "admin:profiles"],
    other_tenant: "erin",
    other_role: "alice",
};

const LOGOUT: &str = "/auth/logout";

/// One request for every route that takes a credential.
const SAMPLES: &[Sample] = &[
    Sample {
        method: "GET",
        route: "/api/v1/user/profile/{id}",
        path: "/api/v1/user/profile/1001",
        body: Body::Nothing,
        whose: &ALICE,
    },
    Sample {
        method: "GET",
        route: "/api/v1/admin/profiles",
        path: "/api/v1/admin/profiles",
        body: Body::Nothing,
        whose: &CAROL,
    },
    Sample {
        method: "GET",
        route: "/accounts",
        path: "/accounts",
        body: Body::Nothing,
        whose: &ALICE,
    },
    Sample {
        method: "GET",
        route: "/accounts/{id}/statements",
        path: "/accounts/500101/statements",
        body: Body::Nothing,
        whose: &ALICE,
    },
    Sample {
        method: "POST",
        route: "/transfers",
        path: "/transfers",
        body: Body::Json(
            r#"{"from_account":500101,"to_account":500201,"amount_cents":1,"reference":"exposure"}"#,
        ),
        whose: &ALICE,
    },
    Sample {
        method: "GET",
        route: "/transfers/{id}",
        path: "/transfers/@TRANSFER@",
        body: Body::Nothing,
        whose: &ALICE,
    },
    Sample {
        method: "POST",
        route: "/images",
        path: "/images",
        body: Body::Picture,
        whose: &ALICE,
    },
    Sample {
        method: "POST",
        route: LOGOUT,
        path: LOGOUT,
        body: Body::Nothing,
        whose: &ALICE,
    },
];

/// Routes that take no access token, each with the reason. Only a route for which the plan says `none` may stand here.
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
        "GET",
        "/.well-known/oauth-authorization-server",
        "says what is offered",
    ),
    ("GET", "/oauth/authorize", "people log in here; oauth.rs"),
    ("POST", "/oauth/authorize", "people log in here; oauth.rs"),
    (
        "POST",
        "/oauth/token",
        "clients prove themselves to the authority, whose own tests cover each way",
    ),
    ("POST", "/oauth/par", "covered likewise"),
    ("POST", "/oauth/introspect", "covered likewise"),
    ("POST", "/oauth/revoke", "covered likewise"),
];

/// One transparent pixel.
const PIXEL: &str = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";

const AUDIENCE: &str = "https://api.bank.example";

fn access_key(house: &House) -> Es256Key {
    let pem = std::fs::read_to_string(house.state.join("authority/access.key.pem")).unwrap();
    Es256Key::from_pem(&pem).unwrap()
}

/// A token that nobody issued.
fn forged(key: &Es256Key, person: &Person, audience: &str, issued_ago: u64) -> String {
    let now = std::time::UNIX_EPOCH.elapsed().unwrap().as_secs();
    let profile = Profile {
        issuer: "https://authority.bank.internal".to_owned(),
        audience: audience.to_owned(),
        life_seconds_max: 900,
    };
    let claims = Claims {
        subject: person.subject.to_owned(),
        client_id: "bank-web".to_owned(),
        tenant: "north".to_owned(),
        session: "forged".to_owned(),
        jti: "forged".to_owned(),
        roles: vec![person.role.to_owned()],
        permissions: person
            .permissions
            .iter()
            .map(|name| (*name).to_owned())
            .collect(),
        actors: Vec::new(),
        issued_at: now - issued_ago,
        expires_at: now - issued_ago + 900,
    };
    mint(key, &profile, &claims).unwrap()
}

/// Every kind of credential around one person. `live` gives the working ones.
fn credentials(
    house: &House,
    person: &Person,
    revoked: &str,
    live: impl Fn(&'static str) -> String,
) -> Vec<(&'static str, Option<String>)> {
    let key = access_key(house);
    let stranger = Es256Key::generate().unwrap();
    vec![
        ("own", Some(live(person.name))),
        ("none", None),
        ("garbage", Some("not.a.token".to_owned())),
        ("wrong key", Some(forged(&stranger, person, AUDIENCE, 10))),
        ("expired", Some(forged(&key, person, AUDIENCE, 2000))),
        (
            "wrong audience",
            Some(forged(&key, person, "https://other.example", 10)),
        ),
        ("never issued", Some(forged(&key, person, AUDIENCE, 10))),
        ("other tenant", Some(live(person.other_tenant))),
        ("other role", Some(live(person.other_role))),
        ("revoked", Some(revoked.to_owned())),
    ]
}

/// A token whose session has ended.
fn revoked(house: &House, name: &str) -> String {
    let token = house.login(name).access;
    let ended = house.curl("POST", LOGOUT, &[&bearer(&token)], None);
    assert_eq!(ended.status, 204, "{ended:?}");
    token
}

/// Every route of the plan, as the configuration writes it: those that take a credential, and those that take none.
fn routes(house: &House) -> [BTreeSet<(String, String)>; 2] {
    let text = std::fs::read_to_string(house.state.join("vauban.yaml")).unwrap();
    let section = text.split("\nroutes:\n").nth(1).unwrap();
    let mut found = [BTreeSet::new(), BTreeSet::new()];
    for route in section.split("  - path: ").skip(1) {
        let value = |key: &str| {
            route
                .lines()
                .find_map(|line| line.strip_prefix(key))
                .unwrap_or_else(|| panic!("no `{key}` in {route}"))
        };
        let path = route.lines().next().unwrap().trim_matches('"');
        let free = value("    authenticate: ").starts_with("{ none: ");
        let methods = value("    methods: [").trim_end_matches(']');
        for method in methods.split(',') {
            let method = method.trim().trim_matches('"').to_owned();
            found[usize::from(free)].insert((method, path.to_owned()));
        }
    }
    found
}

#[test]
fn every_route_that_takes_a_credential_is_covered_and_only_the_others_are_exempt() {
    let pair = |method: &str, route: &str| (method.to_owned(), route.to_owned());
    let covered = SAMPLES
        .iter()
        .map(|sample| pair(sample.method, sample.route))
        .collect();
    let exempt = EXEMPT
        .iter()
        .map(|(method, route, _)| pair(method, route))
        .collect();
    assert_eq!(routes(House::shared()), [covered, exempt]);
    assert!(EXEMPT.iter().all(|(.., reason)| !reason.is_empty()));
}

/// What a request of this sample with this token is answered.
fn row(house: &House, sample: &Sample, path: &str, kind: &str, token: Option<&str>) -> String {
    let authorization = token.map(bearer);
    let key = format!("idempotency-key: exposure-{}", kind.replace(' ', "-"));
    let mut headers: Vec<&str> = authorization.as_deref().into_iter().collect();
    if sample.route == "/transfers" {
        headers.push(&key);
    }
    let picture = STANDARD.decode(PIXEL).unwrap();
    let body = match sample.body {
        Body::Nothing => None,
        Body::Json(text) => Some(("application/json", text.as_bytes())),
        Body::Picture => Some(("image/png", picture.as_slice())),
    };
    let answer = house.send(sample.method, path, &headers, body).unwrap();
    let line = format!(
        "{:<34} {kind:<15} {} {} {}",
        format!("{} {}", sample.method, sample.route),
        answer.status,
        answer.code(),
        answer.header("www-authenticate"),
    );
    line.trim_end().to_owned()
}

#[test]
fn exposure() {
    let house = House::shared();
    let booked = house.transfer(
        &house.token("alice"),
        "exposure-booked",
        500_101,
        500_201,
        3,
    );
    let transfer = booked.json()["id"].to_string();
    let shared = |person: &Person| {
        let revoked = revoked(house, person.name);
        credentials(house, person, &revoked, |name| house.token(name))
    };
    let of_alice = shared(&ALICE);
    let of_carol = shared(&CAROL);
    // A logout ends the session that it is asked with, so each of its rows has a session of its own.
    let (_, dead) = of_alice.last().unwrap();
    let fresh = credentials(house, &ALICE, dead.as_deref().unwrap(), |name| {
        house.login(name).access
    });
    let mut table = String::new();
    for sample in SAMPLES {
        let credentials = match (sample.route, sample.whose.name) {
            (LOGOUT, _) => &fresh,
            (_, "carol") => &of_carol,
            _ => &of_alice,
        };
        let path = sample
            .path
            .replace("@TRANSFER@", transfer.trim_matches('"'));
        for (kind, token) in credentials {
            let line = row(house, sample, &path, kind, token.as_deref());
            writeln!(table, "{line}").unwrap();
        }
    }
    expect_file!["./exposure.golden"].assert_eq(&table);
}

/// Where the table says 200 for another tenant, the answer is about that tenant.
#[test]
fn another_tenants_lists_show_nothing_of_ours() {
    let house = House::shared();
    for (path, name, own, ours) in [
        ("/accounts", "dave", "500401", "500101"),
        ("/api/v1/admin/profiles", "erin", "1005", "1001"),
    ] {
        let answer = house.get(path, &house.token(name));
        assert!(answer.text.contains(own), "{answer:?}");
        assert!(!answer.text.contains(ours), "{answer:?}");
    }
}

#[test]
fn a_picture_of_another_kind_is_refused() {
    let house = House::shared();
    let authorization = bearer(&house.token("alice"));
    let text = house.send(
        "POST",
        "/images",
        &[&authorization],
        Some(("text/plain", b"no picture")),
    );
    let text = text.unwrap();
    assert_eq!(
        (text.status, text.code()),
        (415, "contract.media_type".to_owned())
    );
}
