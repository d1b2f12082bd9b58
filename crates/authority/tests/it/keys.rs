//! Where the authority's keys lie, and their rotation, seen from outside.

use std::fs;
use std::path::Path;

use serde_json::Value;
use vauban_audit::Log;
use vauban_authority::{
    AdminError, KeyAccess, KeyState, KeysError, Parts, Purpose, Setting, Stage, list_keys,
    provision, retire_key, rotate_key, run,
};
use vauban_net::{Socket, SystemClock, stop_pair};
use vauban_policy::{KeysKept, KeysPlan, SecretRef};
use vauban_secret::Sources;
use vauban_token::{JsonWebToken, SignatureLibrary as _};

use crate::world::{Tokens, World, part};

/// Times of the test plan: what readers may keep, the tokens' lives, and what is added to both.
const CACHE: u64 = 60;
const ACCESS_LIFE: u64 = 900;
const SLACK: u64 = 10;

const PASSPHRASE: &str = "a passphrase of some length";

pub(crate) async fn access(kept: KeysKept) -> Result<KeyAccess, KeysError> {
    let plan = KeysPlan {
        cache_seconds: 60,
        kept,
    };
    let known = |name: &str| match name {
        "PASSPHRASE" => Some(PASSPHRASE.to_owned()),
        "SHORT" => Some("short".to_owned()),
        "PIN" => Some(vauban_testkit::softhsm::PIN.to_owned()),
        _ => None,
    };
    KeyAccess::of_plan(&plan, &Sources::new(".", known)).await
}

async fn encrypted(variable: &str) -> Result<KeyAccess, KeysError> {
    let passphrase = SecretRef(format!("env:{variable}"));
    access(KeysKept::Encrypted { passphrase }).await
}

/// Names in the key set of access tokens, the signing key's first.
pub(crate) async fn published(world: &World) -> Vec<String> {
    let target = "GET /.well-known/jwks.json HTTP/1.1";
    let answer = world.ask(Some(&world.edge), target, &Value::Null).await;
    names(&answer.fine().json())
}

async fn published_inside(world: &World) -> Vec<String> {
    let target = "GET /internal/keys HTTP/1.1";
    let answer = world.ask(Some(&world.guard), target, &Value::Null).await;
    names(&answer.fine().json())
}

fn names(set: &Value) -> Vec<String> {
    let keys = set["keys"].as_array().unwrap();
    keys.iter()
        .map(|key| key["kid"].as_str().unwrap().to_owned())
        .collect()
}

/// Asks until the line has looked at its keys again. It looks every second; a line that never does ends the test here.
pub(crate) async fn until(world: &World, wanted: impl Fn(&[String]) -> bool) -> Vec<String> {
    for _attempt in 0..100_000 {
        let found = published(world).await;
        if wanted(&found) {
            return found;
        }
    }
    panic!("the line does not see what became of its keys");
}

/// The keys of a purpose when so many are left: what has ended is destroyed within a second.
pub(crate) async fn left(world: &World, purpose: Purpose, count: usize) -> Vec<KeyState> {
    for _attempt in 0..100_000 {
        let mut listed = list_keys(&world.state, &*world.clock).unwrap();
        listed.retain(|key| key.purpose == purpose);
        if listed.len() == count {
            return listed;
        }
        published(world).await;
    }
    panic!("a key that has ended is not destroyed");
}

fn kid_of(tokens: &Tokens) -> String {
    part(&tokens.access, 0)["kid"].as_str().unwrap().to_owned()
}

/// Whether a reader with this key set accepts the token's signature, by the edge's own library.
async fn accepted(world: &World, token: &str) -> bool {
    let target = "GET /.well-known/jwks.json HTTP/1.1";
    let answer = world.ask(Some(&world.edge), target, &Value::Null).await;
    let set = JsonWebToken::from_jwk_set(&answer.fine().json().to_string()).unwrap();
    let (signed, signature) = token.rsplit_once('.').unwrap();
    let kid = part(token, 0)["kid"].as_str().unwrap().to_owned();
    set.verify(signed, signature, &kid)
}

async fn rotate(world: &World, purpose: Purpose, now: bool) -> Result<String, KeysError> {
    let (state, plan, keys) = (&world.state, &world.plan, &world.keys);
    let made = rotate_key(state, plan, keys, purpose, now, &*world.clock).await?;
    Ok(made.kid)
}

/// Published, waiting, signing, and out of the set when the last token of the old key has ended.
#[tokio::test(flavor = "multi_thread")]
async fn a_key_follows_another_without_a_refused_token() {
    let world = World::start().await;
    let before = world.session("alice").await;
    let old = kid_of(&before);
    assert_eq!(published(&world).await, [old.as_str()]);

    let new = rotate(&world, Purpose::Access, false).await.unwrap();
    let both = until(&world, |found| found.len() == 2).await;
    assert_eq!(
        both,
        [old.clone(), new.clone()],
        "the signing key stands first"
    );
    assert_eq!(
        kid_of(&world.session("alice").await),
        old,
        "it is published before it signs"
    );
    let under_way = rotate(&world, Purpose::Access, false).await.unwrap_err();
    assert!(
        matches!(under_way, KeysError::UnderWay { .. }),
        "{under_way}"
    );

    // The last moment of the old key: its token lives longest.
    world.clock.advance_ms((CACHE + SLACK - 1) * 1000);
    let last = world.session("alice").await;
    assert_eq!(
        kid_of(&last),
        old,
        "whoever fetched the set before keeps it for its whole time"
    );
    world.clock.advance_ms(1000);
    let after = world.session("alice").await;
    assert_eq!(kid_of(&after), new);
    assert_eq!(published(&world).await, [new.clone(), old.clone()]);

    world.clock.advance_ms((ACCESS_LIFE - 2) * 1000);
    assert!(
        accepted(&world, &last.access).await,
        "its token still lives"
    );
    world.exchange(&last, "1001").await.fine();
    world.clock.advance_ms((SLACK + 2) * 1000);
    assert_eq!(
        until(&world, |found| found.len() == 1).await,
        [new.as_str()]
    );
    assert!(!accepted(&world, &last.access).await);
    let access = left(&world, Purpose::Access, 1).await;
    assert!(matches!(&access[..], [key] if key.kid == new && key.stage == Stage::Signs));
    assert!(
        !world.state.access_key().exists(),
        "the private half is gone with it"
    );
    assert!(world.state.signing_key(&new).exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_internal_key_rotates_alone() {
    let world = World::start().await;
    let alice = world.session("alice").await;
    let (access, old) = (published(&world).await, published_inside(&world).await);
    let new = rotate(&world, Purpose::Internal, true).await.unwrap();
    for _attempt in 0..100_000 {
        if published_inside(&world).await.len() == 2 {
            break;
        }
    }
    assert_eq!(
        published_inside(&world).await,
        [new.clone(), old[0].clone()]
    );
    let token = world
        .exchange(&alice, "1001")
        .await
        .fine()
        .text("internal_token");
    assert_eq!(part(&token, 0)["kid"], new.as_str());
    assert_eq!(published(&world).await, access);
}

/// The day on which a key was stolen.
#[tokio::test(flavor = "multi_thread")]
async fn a_stolen_key_is_replaced_and_ended_at_once() {
    let world = World::start().await;
    let before = world.session("alice").await;
    let old = kid_of(&before);
    let retire = async |kid: &str| retire_key(&world.state, &world.keys, kid, &*world.clock).await;
    assert!(matches!(retire(&old).await, Err(KeysError::InUse(_))));
    assert!(matches!(retire("nobody").await, Err(KeysError::Unknown(_))));
    let ca = list_keys(&world.state, &*world.clock).unwrap();
    let ca = ca.iter().find(|key| key.purpose == Purpose::Ca).unwrap();
    assert!(matches!(retire(&ca.kid).await, Err(KeysError::Ca)));
    assert!(matches!(
        rotate(&world, Purpose::Ca, true).await,
        Err(KeysError::Ca)
    ));

    let new = rotate(&world, Purpose::Access, true).await.unwrap();
    retire(&old).await.unwrap();
    assert_eq!(
        until(&world, |found| found.iter().all(|kid| *kid != old)).await,
        [new.as_str()]
    );
    assert_eq!(kid_of(&world.session("alice").await), new);
    assert!(!accepted(&world, &before.access).await);
    assert!(!world.state.access_key().exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn readers_never_meet_more_keys_than_they_accept() {
    let world = World::start().await;
    for _key in 1..4 {
        rotate(&world, Purpose::Internal, true).await.unwrap();
    }
    let error = rotate(&world, Purpose::Internal, true).await.unwrap_err();
    assert!(
        matches!(error, KeysError::TooMany(Purpose::Internal)),
        "{error}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_set_says_how_long_it_may_be_kept() {
    let world = World::start().await;
    for (caller, target) in [
        (&world.edge, "/.well-known/jwks.json"),
        (&world.guard, "/internal/keys"),
    ] {
        let answer = world
            .ask(
                Some(caller),
                &format!("GET {target} HTTP/1.1"),
                &Value::Null,
            )
            .await;
        assert_eq!(
            answer.headers["cache-control"], "public, max-age=60",
            "{target}"
        );
    }
}

/// Everything that lies in the state directory, read as text.
fn plain_keys(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(plain_keys(&path));
        } else if fs::read(&path).is_ok_and(|bytes| {
            bytes
                .windows(27)
                .any(|window| window == b"-----BEGIN PRIVATE KEY-----")
        }) {
            found.push(path.display().to_string());
        }
    }
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_that_asks_for_encryption_leaves_no_plain_key() {
    let mut world = World::start().await;
    let before = world.session("alice").await;
    assert_eq!(plain_keys(world.state.root()).len(), 3);
    world.stop().await;
    // The operator adds a passphrase to the plan: the keys stay, their files are encrypted.
    world.keys = encrypted("PASSPHRASE").await.unwrap();
    let clock = std::sync::Arc::<vauban_net::ManualClock>::clone(&world.clock);
    let clock: std::sync::Arc<dyn vauban_net::Clock> = clock;
    provision(&world.storage, &world.plan, &world.keys, &clock)
        .await
        .unwrap();
    assert_eq!(plain_keys(world.state.root()), Vec::<String>::new());
    world.restart().await;
    let after = world.session("alice").await;
    assert_eq!(kid_of(&before), kid_of(&after));
    rotate(&world, Purpose::Access, true).await.unwrap();
    assert_eq!(plain_keys(world.state.root()), Vec::<String>::new());

    // Without it, nothing starts.
    world.stop().await;
    world.keys = KeyAccess::plain();
    let said = refused(&world).await;
    assert!(
        said.ends_with("cannot be used: the key is encrypted, and there is no passphrase for it"),
        "{said}"
    );
    let short = encrypted("SHORT").await.unwrap_err();
    assert!(
        matches!(short, KeysError::Passphrase(_)) && !short.to_string().contains("short "),
        "{short}"
    );
    assert!(matches!(
        encrypted("NOTHING").await,
        Err(KeysError::Secret(_))
    ));
}

/// Starts the line on the world's state; it must not start.
async fn refused(world: &World) -> String {
    let (audit, _writer) = Log::open(&world.state.audit(), "authority").unwrap();
    let setting = Setting {
        storage: world.storage.clone(),
        keys: world.keys.clone(),
        audit,
        clock: std::sync::Arc::new(SystemClock),
    };
    let parts = Parts::shipped(&world.plan, &setting).await.unwrap();
    let socket = Socket::bind_tcp(([127, 0, 0, 1], 0).into()).await.unwrap();
    let (_stopper, stop) = stop_pair();
    let plan = std::sync::Arc::clone(&world.plan);
    run(plan, setting, parts, socket, stop)
        .await
        .unwrap_err()
        .to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_in_the_place_of_another_is_refused_at_start() {
    let mut world = World::start().await;
    world.stop().await;
    let state = &world.state;
    let access = fs::read(state.access_key()).unwrap();
    // The CA's key is of the same kind as the access key.
    fs::copy(state.ca_key(), state.access_key()).unwrap();
    let said = refused(&world).await;
    assert!(
        said.starts_with("file authority/access.key.pem holds the key `"),
        "{said}"
    );
    // The internal key is of another kind.
    fs::copy(state.internal_key(), state.access_key()).unwrap();
    let said = refused(&world).await;
    let expected = "the access key (file authority/access.key.pem) cannot be used: it is not a PKCS#8 key for ES256";
    assert_eq!(said, expected);
    fs::write(state.access_key(), access).unwrap();
    world.restart().await;
    world.session("alice").await;
}

/// A state directory from before there was a list of keys.
#[tokio::test(flavor = "multi_thread")]
async fn one_key_under_two_names_is_refused_when_a_state_is_taken_up() {
    let mut world = World::start().await;
    world.stop().await;
    let clock = std::sync::Arc::<vauban_net::ManualClock>::clone(&world.clock);
    let clock: std::sync::Arc<dyn vauban_net::Clock> = clock;
    let kids = |world: &World| -> Vec<String> {
        let listed = list_keys(&world.state, &*world.clock).unwrap();
        listed.into_iter().map(|key| key.kid).collect()
    };
    let before = kids(&world);
    fs::remove_file(world.state.key_registry()).unwrap();
    provision(&world.storage, &world.plan, &world.keys, &clock)
        .await
        .unwrap();
    assert_eq!(kids(&world), before, "the files are taken up as they are");

    fs::remove_file(world.state.key_registry()).unwrap();
    fs::copy(world.state.ca_key(), world.state.access_key()).unwrap();
    let error = provision(&world.storage, &world.plan, &world.keys, &clock)
        .await
        .unwrap_err();
    assert!(
        matches!(error, AdminError::Keys(KeysError::Same { .. })),
        "{error}"
    );
}
