use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use vauban_key::SigningKey;
use vauban_secret::{StateDir, write_private};

use super::{Entry, Lock, Place, Purpose, Registry, Stage};
use crate::keys::KeysError;

const NOW: u64 = 1_000_000;

fn entry(purpose: Purpose, signs_from: Option<u64>) -> Entry {
    let private = SigningKey::generate(purpose.algorithm()).unwrap();
    let key = SigningKey::from_private(purpose.algorithm(), &private).unwrap();
    Entry {
        kid: key.kid().to_owned(),
        purpose,
        place: Place::File("authority/some.pem".to_owned()),
        public: URL_SAFE_NO_PAD.encode(key.public()),
        signs_from,
        life_seconds: 900,
    }
}

/// What each key does at each moment, and which are in the key set (the signing one first).
#[test]
fn what_a_key_does_follows_from_the_time() {
    let keys = vec![
        entry(Purpose::Access, Some(NOW)),
        entry(Purpose::Internal, Some(NOW)),
        entry(Purpose::Access, Some(NOW + 100)),
        entry(Purpose::Access, None),
    ];
    let kid: Vec<String> = keys.iter().map(|key| key.kid.clone()).collect();
    let registry = Registry { keys };
    let (first, next, waiting) = (&registry.keys[0], &registry.keys[2], &registry.keys[3]);
    let until = NOW + 100 + 900 + 10;
    let check = |now: u64, stages: [Stage; 2], shown: &[&String]| {
        let found = [registry.stage(first, now), registry.stage(next, now)];
        assert_eq!(found, stages, "{now}");
        assert_eq!(registry.stage(waiting, now), Stage::Waiting);
        let set = registry.key_set(Purpose::Access, now);
        let names: Vec<&str> = set["keys"]
            .as_array()
            .unwrap()
            .iter()
            .map(|key| key["kid"].as_str().unwrap())
            .collect();
        assert_eq!(names, shown, "{now}");
        let signer = registry.signer(Purpose::Access, now).map(|key| &key.kid);
        assert_eq!(signer, shown.first().copied(), "{now}");
    };
    check(
        NOW,
        [Stage::Signs, Stage::Next(NOW + 100)],
        &[&kid[0], &kid[2]],
    );
    check(
        NOW + 99,
        [Stage::Signs, Stage::Next(NOW + 100)],
        &[&kid[0], &kid[2]],
    );
    check(
        NOW + 100,
        [Stage::Old(until), Stage::Signs],
        &[&kid[2], &kid[0]],
    );
    check(
        until - 1,
        [Stage::Old(until), Stage::Signs],
        &[&kid[2], &kid[0]],
    );
    check(until, [Stage::Old(until), Stage::Signs], &[&kid[2]]);
    assert!(registry.has_ended(first, until) && !registry.has_ended(first, until - 1));
    assert_eq!(
        registry.signer(Purpose::Internal, NOW + 100).unwrap().kid,
        kid[1]
    );
    assert!(registry.signer(Purpose::Access, NOW - 1).is_none());
}

#[test]
fn of_two_that_begin_together_the_later_one_signs() {
    let registry = Registry {
        keys: vec![
            entry(Purpose::Access, Some(NOW)),
            entry(Purpose::Access, Some(NOW)),
        ],
    };
    assert_eq!(registry.signer(Purpose::Access, NOW), registry.keys.last());
    assert_eq!(
        registry.stage(&registry.keys[0], NOW),
        Stage::Old(NOW + 910)
    );
    assert_eq!(registry.stage(&registry.keys[1], NOW), Stage::Signs);
}

#[test]
fn one_key_for_two_purposes_is_refused_with_both_places() {
    let folder = tempfile::tempdir().unwrap();
    let state = StateDir::open(folder.path().join("state")).unwrap();
    let one = entry(Purpose::Access, Some(NOW));
    let twin = Entry {
        purpose: Purpose::Ca,
        place: Place::Token("0a".to_owned()),
        ..one.clone()
    };
    let mut registry = Registry {
        keys: vec![one.clone()],
    };
    let said = registry.add(twin.clone()).unwrap_err().to_string();
    let expected = "ca (token id 0a) is the same key as access (file authority/some.pem)\n  hint: one key, one purpose: who learns it must not gain two things";
    assert_eq!(said, expected);
    // Whoever wrote it by hand is told as well.
    let _lock = Lock::wait(&state).unwrap();
    Registry {
        keys: vec![one, twin],
    }
    .write(&state)
    .unwrap();
    assert_eq!(Registry::read(&state).unwrap_err().to_string(), expected);
}

#[test]
fn a_list_that_is_not_ours_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let state = StateDir::open(folder.path().join("state")).unwrap();
    assert_eq!(Registry::read(&state).unwrap(), Registry::default());
    let good = Registry {
        keys: vec![entry(Purpose::Access, None)],
    };
    good.write(&state).unwrap();
    assert_eq!(Registry::read(&state).unwrap(), good);
    // A public half that is not the named key's.
    let mut other = good.clone();
    other.keys[0].public = entry(Purpose::Access, None).public;
    let text = serde_json::to_string(&other).unwrap();
    let more =
        serde_json::to_string(&good)
            .unwrap()
            .replacen("\"kid\"", "\"private\":\"x\",\"kid\"", 1);
    for text in [text.as_str(), more.as_str(), "", "{}", "{\"keys\":[{}]}"] {
        write_private(&state.key_registry(), text.as_bytes()).unwrap();
        let error = Registry::read(&state).unwrap_err();
        assert!(matches!(error, KeysError::Registry(_)), "{text}: {error}");
    }
}

#[test]
fn the_list_is_changed_by_one_at_a_time() {
    let folder = tempfile::tempdir().unwrap();
    let state = StateDir::open(folder.path().join("state")).unwrap();
    let held = Lock::wait(&state).unwrap();
    assert!(Lock::attempt(&state).unwrap().is_none());
    drop(held);
    assert!(Lock::attempt(&state).unwrap().is_some());
}
