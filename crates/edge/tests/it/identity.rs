//! Who is asking: every way of not being somebody.

use vauban_token::{Claims, Es256Key, Profile, mint};

use crate::denials::check;
use crate::world::{NOW, World, bearer, profile, user};

/// Requirement 35 (RFC 9700 §4.3.2).
#[tokio::test(flavor = "multi_thread")]
async fn token_missing() {
    let world = World::new().await;
    let token = world.token();
    let cases = [
        ("nothing", String::new(), "/things/1".to_owned()),
        (
            "another scheme",
            "Authorization: Basic dXNlcjpwYXNz\r\n".into(),
            "/things/1".into(),
        ),
        (
            "no scheme",
            format!("Authorization: {token}\r\n"),
            "/things/1".into(),
        ),
        (
            "in the query",
            String::new(),
            format!("/things/1?access_token={token}"),
        ),
        (
            "in a cookie",
            format!("Cookie: access_token={token}\r\n"),
            "/things/1".into(),
        ),
        (
            "in another header",
            format!("X-Authorization: Bearer {token}\r\n"),
            "/things/1".into(),
        ),
        (
            "as an internal token",
            format!("Vauban-Internal-Token: {token}\r\n"),
            "/things/1".into(),
        ),
        (
            "as a subject",
            "Vauban-Subject: 1001\r\nVauban-Roles: admin\r\n".into(),
            "/things/1".into(),
        ),
    ];
    for (name, headers, target) in cases {
        let answer = world.send("GET", &target, &headers, "");
        check(name, &answer, 401, "token.missing");
        assert_eq!(
            answer.header("www-authenticate"),
            Some("Bearer"),
            "case `{name}`"
        );
    }
    world.assert_nothing_inside("token.missing");
}

/// This credential is refused as `token.invalid`, and not repeated.
fn check_invalid(world: &World, name: &str, token: &str) {
    let answer = world.get("/things/1", token);
    check(name, &answer, 401, "token.invalid");
    let challenge = Some("Bearer error=\"invalid_token\"");
    assert_eq!(
        answer.header("www-authenticate"),
        challenge,
        "case `{name}`"
    );
    assert!(
        !answer.text().contains(token),
        "case `{name}` repeats the token"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn token_invalid() {
    let world = World::new().await;
    let good = world.token();
    let (input, signature) = good.rsplit_once('.').unwrap();
    let reversed: String = signature.chars().rev().collect();
    let stranger = Es256Key::generate().unwrap();
    let of = |profile: &Profile, claims: &Claims| mint(&world.key, profile, claims).unwrap();
    let audience = Profile {
        audience: "https://other".into(),
        ..profile()
    };
    let issuer = Profile {
        issuer: "https://evil".into(),
        ..profile()
    };
    let long = Profile {
        life_seconds_max: 901,
        ..profile()
    };
    let late = Claims {
        expires_at: NOW + 901,
        ..user()
    };
    let soon = Claims {
        issued_at: NOW + 60,
        ..user()
    };
    check_invalid(&world, "garbage", "x.y.z");
    check_invalid(&world, "no signature", &format!("{input}."));
    check_invalid(
        &world,
        "another key",
        &mint(&stranger, &profile(), &user()).unwrap(),
    );
    check_invalid(&world, "another signature", &format!("{input}.{reversed}"));
    check_invalid(&world, "another audience", &of(&audience, &user()));
    check_invalid(&world, "another issuer", &of(&issuer, &user()));
    check_invalid(&world, "lives too long", &of(&long, &late));
    check_invalid(&world, "not yet", &of(&profile(), &soon));
    check_invalid(&world, "longer than 8 KiB", &"a".repeat(8193));
    check_invalid(&world, "two spaces", &format!(" {good}"));
    let twice = format!("{}{}", bearer(&good), bearer(&good));
    check(
        "two headers",
        &world.send("GET", "/things/1", &twice, ""),
        401,
        "token.invalid",
    );
    world.assert_nothing_inside("token.invalid");
}

#[tokio::test(flavor = "multi_thread")]
async fn token_expired() {
    let world = World::new().await;
    let token = world.token();
    world.clock.advance_ms(604_000);
    assert_eq!(
        world.get("/things/1", &token).status,
        200,
        "within the leeway"
    );
    world.clock.advance_ms(1000);
    let inside = world.guard.seen().len();
    check(
        "after the leeway",
        &world.get("/things/1", &token),
        401,
        "token.expired",
    );
    assert_eq!(world.guard.seen().len(), inside);
}

/// A flood of unknown key names costs the authority one look per five seconds, and a new key is found.
#[tokio::test(flavor = "multi_thread")]
async fn unknown_keys_are_asked_for_rarely() {
    let world = World::new().await;
    assert_eq!(world.get("/things/1", &world.token()).status, 200);
    let stranger = mint(&Es256Key::generate().unwrap(), &profile(), &user()).unwrap();
    world.clock.advance_ms(5000);
    check(
        "first",
        &world.get("/things/1", &stranger),
        401,
        "token.invalid",
    );
    let asked = world.authority.seen_at("/.well-known/jwks.json").len();
    for _ in 0..10 {
        check(
            "flood",
            &world.get("/things/1", &stranger),
            401,
            "token.invalid",
        );
    }
    assert_eq!(
        world.authority.seen_at("/.well-known/jwks.json").len(),
        asked
    );
    let fresh = Es256Key::generate().unwrap();
    let keys = serde_json::json!({ "keys": [world.key.jwk(), fresh.jwk()] }).to_string();
    crate::world::authority_script(&world.authority, keys);
    let token = mint(&fresh, &profile(), &user()).unwrap();
    check(
        "too soon",
        &world.get("/things/1", &token),
        401,
        "token.invalid",
    );
    world.clock.advance_ms(5000);
    assert_eq!(
        world.get("/things/1", &token).status,
        200,
        "the new key is found"
    );
}

/// The keys stay when the authority gives none, or bad ones.
#[tokio::test(flavor = "multi_thread")]
async fn keys_are_kept_on_failure() {
    let world = World::new().await;
    assert_eq!(world.get("/things/1", &world.token()).status, 200);
    let stranger = mint(&Es256Key::generate().unwrap(), &profile(), &user()).unwrap();
    for keys in ["", "{}", r#"{"keys":[]}"#] {
        crate::world::authority_script(&world.authority, keys.to_owned());
        world.clock.advance_ms(5000);
        check(
            keys,
            &world.get("/things/1", &stranger),
            401,
            "token.invalid",
        );
        assert_eq!(
            world.get("/things/1", &world.token()).status,
            200,
            "keys `{keys}`"
        );
    }
}
