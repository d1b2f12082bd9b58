use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED, ED25519, UnparsedPublicKey};
use cryptoki::context::Pkcs11;
use vauban_testkit::softhsm::{LABEL, MODULE, PIN, alone, own_pkcs11_tool, own_tokens};
use zeroize::Zeroizing;

use super::{Algorithm, Hsm, HsmError, HsmKey, HsmSetting, KeyName, QUEUE_MAX, SESSIONS, module};

pub(super) fn setting() -> HsmSetting {
    HsmSetting {
        module: PathBuf::from(MODULE),
        token: LABEL.to_owned(),
        serial: None,
        pin: Zeroizing::new(PIN.to_owned()),
    }
}

/// Runs an asynchronous test against an empty token.
fn check<F: Future<Output = ()>>(name: &str, body: impl FnOnce() -> F) {
    let test = format!("hsm::tests::{name}");
    let done = alone(&test, || {
        tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .unwrap()
            .block_on(body());
    });
    done.unwrap();
}

/// The verdict of a library that is not the token's.
fn verifies(key: &HsmKey, input: &[u8], signature: &[u8]) -> bool {
    match key.algorithm() {
        Algorithm::Es256 => UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, key.public())
            .verify(input, signature)
            .is_ok(),
        Algorithm::Ed25519 => UnparsedPublicKey::new(&ED25519, key.public())
            .verify(input, signature)
            .is_ok(),
    }
}

fn by_id(key: &HsmKey) -> KeyName {
    KeyName {
        label: None,
        id: key.name().id.clone(),
    }
}

#[test]
fn both_kinds_of_key_are_made_found_used_and_destroyed() {
    check(
        "both_kinds_of_key_are_made_found_used_and_destroyed",
        || async {
            let hsm = Hsm::open(setting()).await.unwrap();
            for algorithm in [Algorithm::Es256, Algorithm::Ed25519] {
                let made = hsm.generate(algorithm, "vauban-test").await.unwrap();
                assert_eq!(made.algorithm(), algorithm);
                for length in [0, 1, 100, 8192] {
                    let input = vec![b'x'; length];
                    let signature = made.sign(&input).await.unwrap();
                    assert!(
                        verifies(&made, &input, &signature),
                        "{algorithm:?} {length}"
                    );
                    assert!(!verifies(&made, b"other", &signature));
                }
                let found = hsm.find(by_id(&made)).await.unwrap();
                assert_eq!((found.name(), found.public()), (made.name(), made.public()));
                let blocking = Arc::new(found);
                let used = Arc::clone(&blocking);
                let signature = tokio::task::spawn_blocking(move || used.sign_blocking(b"b"))
                    .await
                    .unwrap();
                assert!(verifies(&blocking, b"b", &signature.unwrap()));
                hsm.destroy(by_id(&made)).await.unwrap();
                let gone = hsm.find(by_id(&made)).await.unwrap_err();
                assert_eq!(gone, HsmError::NoKey(by_id(&made)));
                assert!(
                    hsm.is_well(),
                    "that there is no key is no failure of the token"
                );
            }
        },
    );
}

/// `pkcs11-tool` says what the token would give away.
#[test]
fn a_private_half_cannot_leave_the_token() {
    check("a_private_half_cannot_leave_the_token", || async {
        let hsm = Hsm::open(setting()).await.unwrap();
        for algorithm in [Algorithm::Es256, Algorithm::Ed25519] {
            hsm.generate(algorithm, "vauban-test").await.unwrap();
        }
        let listed = own_pkcs11_tool(&["--list-objects", "--type", "privkey"]).unwrap();
        assert_eq!(listed.matches("never extractable").count(), 2, "{listed}");
        assert!(listed.matches("sensitive").count() >= 2, "{listed}");
    });
}

#[test]
fn keys_by_other_tools_are_found_by_label_or_id() {
    check("keys_by_other_tools_are_found_by_label_or_id", || async {
        for (kind, label, id) in [
            ("EC:prime256v1", "theirs", "a1"),
            ("EC:edwards25519", "edwards", "a2"),
            ("EC:secp384r1", "wide", "a3"),
            ("rsa:2048", "rsa", "a4"),
            ("EC:prime256v1", "twice", "a5"),
            ("EC:prime256v1", "twice", "a6"),
        ] {
            own_pkcs11_tool(&[
                "--keypairgen",
                "--key-type",
                kind,
                "--label",
                label,
                "--id",
                id,
            ])
            .unwrap();
        }
        let hsm = Hsm::open(setting()).await.unwrap();
        let name = |label: Option<&str>, id: Option<u8>| KeyName {
            label: label.map(str::to_owned),
            id: id.map(|id| vec![id]),
        };
        let both = name(Some("theirs"), Some(0xa1));
        for by in [
            name(Some("theirs"), None),
            name(None, Some(0xa1)),
            both.clone(),
        ] {
            let key = hsm.find(by).await.unwrap();
            assert_eq!((key.algorithm(), key.name()), (Algorithm::Es256, &both));
            assert!(verifies(&key, b"text", &key.sign(b"text").await.unwrap()));
        }
        let edwards = hsm.find(name(Some("edwards"), None)).await.unwrap();
        assert_eq!(edwards.algorithm(), Algorithm::Ed25519);
        for wrong in [name(Some("wide"), None), name(Some("rsa"), None)] {
            let error = hsm.find(wrong.clone()).await.unwrap_err();
            assert_eq!(error, HsmError::Kind(wrong));
        }
        let twice = name(Some("twice"), None);
        assert_eq!(
            hsm.find(twice.clone()).await.unwrap_err(),
            HsmError::TwoKeys(twice)
        );
        let mixed = name(Some("theirs"), Some(0xa2));
        assert_eq!(
            hsm.find(mixed.clone()).await.unwrap_err(),
            HsmError::NoKey(mixed)
        );
    });
}

#[test]
fn what_does_not_open_says_why_and_never_the_pin() {
    check("what_does_not_open_says_why_and_never_the_pin", || async {
        let open = async |change: fn(&mut HsmSetting)| {
            let mut setting = setting();
            change(&mut setting);
            Hsm::open(setting).await.unwrap_err()
        };
        let error = open(|setting| setting.token = "other".into()).await;
        assert_eq!(error, HsmError::NoToken("other".into()));
        let error = open(|setting| setting.serial = Some("0".into())).await;
        assert_eq!(error, HsmError::NoToken(LABEL.into()));
        let error = open(|setting| setting.module = "/nowhere.so".into()).await;
        assert!(
            error
                .to_string()
                .starts_with("the PKCS#11 module `/nowhere.so` cannot be used: ")
        );
        // Any library that is none.
        let error = open(|setting| setting.module = "/lib/x86_64-linux-gnu/libc.so.6".into()).await;
        assert!(matches!(error, HsmError::Module { .. }), "{error}");
        let error = open(|setting| setting.pin = Zeroizing::new("9999888877776666".into())).await;
        assert_eq!(error, HsmError::Pin(LABEL.into()));
        for shown in [
            format!("{error:?}"),
            error.to_string(),
            format!("{:?}", setting()),
        ] {
            assert!(
                !shown.contains("9999") && !shown.contains("4711"),
                "{shown}"
            );
        }
        // The right one still opens it: one wrong attempt was made, not one per thread.
        Hsm::open(setting()).await.unwrap();
    });
}

/// What happens behind the pool's back when a token's daemon is restarted.
#[test]
fn a_lost_session_is_opened_and_logged_in_again() {
    check("a_lost_session_is_opened_and_logged_in_again", || async {
        let hsm = Hsm::open(setting()).await.unwrap();
        let key = hsm.generate(Algorithm::Es256, "vauban-test").await.unwrap();
        let module = module::load(&PathBuf::from(MODULE)).unwrap();
        // All are logged out; the module itself is ended.
        let log_out = |module: &Pkcs11| {
            let slot = module.get_slots_with_initialized_token().unwrap()[0];
            module.open_ro_session(slot).unwrap().logout().unwrap();
        };
        let end = |module: &Pkcs11| module.clone().finalize().unwrap();
        let ways: [&dyn Fn(&Pkcs11); 4] = [&log_out, &end, &end, &log_out];
        for lose in ways {
            // Every thread gets a session first.
            let all = (0..4 * SESSIONS).map(|_| key.sign(b"before"));
            for signature in futures(all).await {
                assert!(verifies(&key, b"before", &signature.unwrap()));
            }
            lose(&module);
            let all = (0..4 * SESSIONS).map(|_| key.sign(b"after"));
            for signature in futures(all).await {
                assert!(verifies(&key, b"after", &signature.unwrap()));
            }
            assert!(hsm.is_well());
        }
    });
}

/// Awaits all of them at once.
async fn futures<F: Future + Send>(all: impl Iterator<Item = F>) -> Vec<F::Output>
where
    F::Output: Send,
{
    let mut pending: Vec<_> = all.map(|one| (Box::pin(one), None)).collect();
    std::future::poll_fn(|context| {
        let mut open = false;
        for (future, output) in &mut pending {
            if output.is_none() {
                match future.as_mut().poll(context) {
                    std::task::Poll::Ready(done) => *output = Some(done),
                    std::task::Poll::Pending => open = true,
                }
            }
        }
        if open {
            std::task::Poll::Pending
        } else {
            std::task::Poll::Ready(())
        }
    })
    .await;
    pending
        .into_iter()
        .filter_map(|(_, output)| output)
        .collect()
}

/// The token's folder is taken away and brought back.
#[test]
fn a_token_that_comes_back_is_used_without_a_restart() {
    check(
        "a_token_that_comes_back_is_used_without_a_restart",
        || async {
            let hsm = Hsm::open(setting()).await.unwrap();
            let key = hsm
                .generate(Algorithm::Ed25519, "vauban-test")
                .await
                .unwrap();
            key.sign(b"text").await.unwrap();
            let tokens = own_tokens().unwrap();
            let aside = tokens.with_file_name("aside");
            std::fs::rename(&tokens, &aside).unwrap();
            let module = module::load(&PathBuf::from(MODULE)).unwrap();
            module.finalize().unwrap();
            key.sign(b"text").await.unwrap_err();
            assert!(!hsm.is_well());
            std::fs::rename(&aside, &tokens).unwrap();
            let signature = key.sign(b"text").await.unwrap();
            assert!(verifies(&key, b"text", &signature));
            assert!(hsm.is_well());
        },
    );
}

/// Counts how often the runtime comes by.
async fn tick(ticks: Arc<AtomicU64>) {
    loop {
        ticks.fetch_add(1, Ordering::Relaxed);
        tokio::task::yield_now().await;
    }
}

/// More is asked than the queue holds: some are refused at once, all others are signed, and the runtime goes on meanwhile.
#[test]
fn a_full_queue_refuses_and_the_runtime_is_never_held_up() {
    let name = "a_full_queue_refuses_and_the_runtime_is_never_held_up";
    let done = alone(&format!("hsm::tests::{name}"), || {
        // One thread: if signing held it up, nothing else would run.
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(async {
            let hsm = Hsm::open(setting()).await.unwrap();
            let key = hsm.generate(Algorithm::Es256, "vauban-test").await.unwrap();
            let ticks = Arc::new(AtomicU64::new(0));
            let ticking = tick(Arc::clone(&ticks));
            let asked = 8 * QUEUE_MAX;
            let all = futures((0..asked).map(|_| key.sign(b"text")));
            let answers = tokio::select! {
                answers = all => answers,
                () = ticking => Vec::new(),
            };
            let signed = answers.iter().filter(|answer| answer.is_ok()).count();
            let busy = answers
                .iter()
                .filter(|answer| **answer == Err(HsmError::Busy))
                .count();
            assert_eq!(signed + busy, asked, "nothing else happens");
            assert!(
                signed >= QUEUE_MAX && busy > 0,
                "{signed} signed, {busy} refused"
            );
            assert!(ticks.load(Ordering::Relaxed) > 1, "the runtime went on");
        });
    });
    done.unwrap();
}
