//! The authority with its keys in a PKCS#11 token.

use std::fs;
use std::sync::Arc;

use cryptoki::context::Pkcs11;
use serde_json::{Value, json};
use vauban_authority::{AdminError, KeyAccess, KeysError, Purpose, provision, rotate_key};
use vauban_net::Clock;
use vauban_policy::{KeysKept, SecretRef};
use vauban_testkit::softhsm::{LABEL, MODULE, alone, own_pkcs11_tool, own_tokens};

use crate::keys::{access, left, published, until};
use crate::world::{PASSWORD, World, part};

/// Runs an asynchronous test in a process whose token is empty.
fn check<F: Future<Output = ()>>(name: &str, body: impl FnOnce() -> F) {
    let done = alone(&format!("token::{name}"), || {
        tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .unwrap()
            .block_on(body());
    });
    done.unwrap();
}

async fn in_token() -> KeyAccess {
    let uri = format!("pkcs11:token={LABEL}?module-path={MODULE}&pin-source=env:PIN");
    let token = SecretRef(uri);
    access(KeysKept::Token { token }).await.unwrap()
}

async fn readiness(world: &World) -> (u16, Value) {
    let answer = world.ask(None, "GET /readyz HTTP/1.1", &Value::Null).await;
    (answer.status, answer.json())
}

/// What happens behind our back when a token's daemon ends.
fn forget_sessions() {
    Pkcs11::new(MODULE).unwrap().finalize().unwrap();
}

#[test]
fn everything_is_signed_in_the_token_and_no_key_lies_in_a_file() {
    let name = "everything_is_signed_in_the_token_and_no_key_lies_in_a_file";
    check(name, || async {
        // Joining gets certificates of the CA, login an access token, exchange an internal one.
        let mut world = World::start_keeping(in_token().await).await;
        let alice = world.session("alice").await;
        let internal = world
            .exchange(&alice, "1001")
            .await
            .fine()
            .text("internal_token");
        assert_eq!(part(&internal, 0)["alg"], json!("EdDSA"));
        assert_eq!(
            published(&world).await[0],
            part(&alice.access, 0)["kid"].as_str().unwrap()
        );
        let state = &world.state;
        for file in [state.ca_key(), state.access_key(), state.internal_key()] {
            assert!(!file.exists(), "{}", file.display());
        }
        let listed = own_pkcs11_tool(&["--list-objects", "--type", "privkey"]).unwrap();
        assert_eq!(listed.matches("never extractable").count(), 3, "{listed}");
        for label in ["vauban-ca", "vauban-access", "vauban-internal"] {
            assert_eq!(listed.matches(label).count(), 1, "{listed}");
        }
        world.restart().await;
        world.exchange(&alice, "1001").await.fine();
        // Rotation leaves two, and one when it is over.
        let (state, plan) = (&world.state, &world.plan);
        let new = rotate_key(
            state,
            plan,
            &world.keys,
            Purpose::Access,
            true,
            &*world.clock,
        );
        let new = new.await.unwrap().kid;
        until(&world, |found| found.first() == Some(&new)).await;
        assert_eq!(
            part(&world.session("alice").await.access, 0)["kid"],
            new.as_str()
        );
        world.clock.advance_ms(911_000);
        left(&world, Purpose::Access, 1).await;
        let listed = own_pkcs11_tool(&["--list-objects", "--type", "privkey"]).unwrap();
        assert_eq!(listed.matches("vauban-access").count(), 1, "{listed}");
    });
}

#[test]
fn a_lost_token_refuses_says_so_and_comes_back_without_a_restart() {
    let name = "a_lost_token_refuses_says_so_and_comes_back_without_a_restart";
    check(name, || async {
        let world = World::start_keeping(in_token().await).await;
        let alice = world.session("alice").await;
        assert_eq!(readiness(&world).await, (200, json!({"ready": true})));
        // Sessions that were lost while the token is there are opened again, and nobody sees it.
        forget_sessions();
        world.exchange(&alice, "1001").await.fine();

        let tokens = own_tokens().unwrap();
        let aside = tokens.with_file_name("aside");
        fs::rename(&tokens, &aside).unwrap();
        forget_sessions();
        let refused = world.login("bob", PASSWORD).await;
        assert_eq!(
            (refused.status, refused.text("code")),
            (503, "authority.unavailable".to_owned())
        );
        assert_eq!(readiness(&world).await, (503, json!({"ready": false})));
        let refused = world.exchange(&alice, "1001").await;
        assert_eq!(refused.status, 503);
        // A refresh token is not used up by an attempt that could not be answered.
        let refused = world.refresh(&alice.refresh).await;
        assert_eq!(refused.status, 503);
        assert_eq!(
            published(&world).await.len(),
            1,
            "what was signed before is still accepted"
        );

        fs::rename(&aside, &tokens).unwrap();
        let mut back = readiness(&world).await;
        for _attempt in 0..100_000 {
            if back.0 == 200 {
                break;
            }
            back = readiness(&world).await;
        }
        assert_eq!(back, (200, json!({"ready": true})));
        world.refresh(&alice.refresh).await.fine();
        world.session("bob").await;
    });
}

/// The operator writes `pkcs11` into a plan whose keys are files.
#[test]
fn keys_move_into_a_token_by_a_rotation_and_the_ca_never_silently() {
    let name = "keys_move_into_a_token_by_a_rotation_and_the_ca_never_silently";
    check(name, || async {
        let mut world = World::start().await;
        let before = world.session("alice").await;
        world.stop().await;
        world.keys = in_token().await;
        let clock: Arc<dyn Clock> = Arc::<vauban_net::ManualClock>::clone(&world.clock);
        let provisioned =
            async || provision(&world.storage, &world.plan, &world.keys, &clock).await;
        let error = provisioned().await.unwrap_err();
        assert!(
            matches!(error, AdminError::Keys(KeysError::CaElsewhere(_))),
            "{error}"
        );
        fs::remove_dir_all(world.state.ca_key().parent().unwrap()).unwrap();
        provisioned().await.unwrap();
        world.restart().await;
        world.ca_pem = fs::read_to_string(world.state.ca_certificate()).unwrap();
        world.edge = world.join(crate::world::EDGE).await;
        let both = until(&world, |found| found.len() == 2).await;
        assert_eq!(part(&before.access, 0)["kid"], both[0].as_str());
        assert_eq!(
            part(&world.session("alice").await.access, 0)["kid"],
            both[0].as_str()
        );
        world.clock.advance_ms(70_000);
        assert_eq!(
            part(&world.session("alice").await.access, 0)["kid"],
            both[1].as_str()
        );
        let listed = own_pkcs11_tool(&["--list-objects", "--type", "privkey"]).unwrap();
        assert_eq!(listed.matches("never extractable").count(), 3, "{listed}");
    });
}
