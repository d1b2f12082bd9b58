//! What somebody has who has the database and nothing else.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use sha2::{Digest as _, Sha256};
use vauban_authority::issue_join_token;
use vauban_testkit::postgres::Cluster;

use crate::oauth::{Oauth, handle, push};
use crate::world::{GUARD, PASSWORD, World};

/// Whatever opens something, used and unused, by what it is.
async fn hand_out(oauth: &Oauth) -> Vec<(&'static str, String)> {
    let world = &oauth.world;
    let login = world.session("alice").await;
    let next = world.refresh(&login.refresh).await;
    let (used, unused) = (oauth.code(&[]).await, oauth.code(&[]).await);
    let redeemed = oauth.redeem(&used, &[]).await;
    let page = oauth.ask(&[]).await;
    let pushed = push(oauth, &oauth.desk, &[]).await;
    let join = issue_join_token(&world.storage, &world.plan, GUARD, &*world.clock).await;
    let uri = pushed.text("request_uri");
    let (_, reference) = uri.rsplit_once(':').unwrap();
    vec![
        ("password", PASSWORD.to_owned()),
        ("access token", login.access),
        ("used refresh token", login.refresh),
        ("refresh token", next.text("refresh_token")),
        ("refreshed access token", next.text("access_token")),
        ("used code", used),
        ("code", unused),
        ("access token of a code", redeemed.text("access_token")),
        ("refresh token of a code", redeemed.text("refresh_token")),
        ("handle of a login page", handle(&page)),
        ("request URI", reference.to_owned()),
        ("client secret", oauth.reports.clone()),
        ("client secret of desk", oauth.desk.clone()),
        ("own token", oauth.own(&[]).await.text("access_token")),
        (
            "join token",
            join.unwrap().expose_text().unwrap().to_owned(),
        ),
    ]
}

/// Searches for each secret, and for its plain hash, by which a token that is found elsewhere could be told to be known here.
fn check(name: &str, database: &[u8], secrets: &[(&'static str, String)]) {
    let hex = |bytes: &[u8]| {
        let pairs: Vec<String> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        pairs.concat()
    };
    let contains = |needle: &[u8]| {
        let mut pieces = database.windows(needle.len());
        pieces.any(|piece| piece == needle)
    };
    // Otherwise the search would show nothing.
    assert!(contains(b"alice"), "{name}: this is no database of users");
    for (what, secret) in secrets {
        let hash = Sha256::digest(secret);
        let forms = [
            secret.clone().into_bytes(),
            hex(secret.as_bytes()).into_bytes(),
            STANDARD.encode(secret).into_bytes(),
            hash.to_vec(),
            hex(&hash).into_bytes(),
            STANDARD.encode(hash).into_bytes(),
            URL_SAFE_NO_PAD.encode(hash).into_bytes(),
        ];
        for (number, form) in forms.iter().enumerate() {
            assert!(!contains(form), "{name}: {what}, form {number}");
        }
    }
}

/// Requirement 21 (OAuth 2.1 §7.7).
#[tokio::test(flavor = "multi_thread")]
async fn a_stolen_file_holds_nothing_that_opens_anything() {
    let oauth = Oauth::start().await;
    let secrets = hand_out(&oauth).await;
    let file = oauth.world.state.authority_database();
    let mut database = Vec::new();
    // The log beside it holds what was written last.
    for ending in ["db", "db-wal"] {
        database.extend(std::fs::read(file.with_extension(ending)).unwrap());
    }
    check("SQLite", &database, &secrets);
}

/// Requirement 21 (OAuth 2.1 §7.7).
#[tokio::test(flavor = "multi_thread")]
async fn a_stolen_dump_holds_nothing_that_opens_anything() {
    let Some(cluster) = Cluster::start().unwrap() else {
        return;
    };
    let world = World::start_on(&cluster.database("stolen").unwrap()).await;
    let oauth = Oauth::of(world).await;
    let secrets = hand_out(&oauth).await;
    check("PostgreSQL", &cluster.dump("stolen").unwrap(), &secrets);
}
