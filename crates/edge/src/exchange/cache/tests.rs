use super::*;

const TOKEN: HeaderValue = HeaderValue::from_static("t");

fn followed() -> Cache {
    let mut cache = Cache::default();
    cache.follow(true);
    cache
}

fn insert(cache: &mut Cache, key: u8, session: &str, times: (u64, u64)) {
    let generation = cache.generation().unwrap_or_default();
    cache.insert(([key; 32], generation), session, &TOKEN, times);
}

#[test]
fn an_answer_lives_as_long_as_it_may() {
    // (asked, life, last moment at which it is found)
    for (asked, life, last) in [
        (0, 60_000, Some(9_999)),
        (100, 3_000, Some(3_099)),
        (0, 1, Some(0)),
        (0, 0, None),
    ] {
        let mut cache = followed();
        insert(&mut cache, 1, "s", (asked, life));
        if let Some(last) = last {
            assert!(
                cache.find(&[1; 32], last).is_some(),
                "{life} ms from {asked}, at {last}"
            );
        }
        assert!(
            cache
                .find(&[1; 32], last.map_or(asked, |last| last + 1))
                .is_none(),
            "{life} ms from {asked}"
        );
        assert!(cache.find(&[2; 32], asked).is_none(), "another key");
    }
}

#[test]
fn nothing_is_remembered_unless_revocations_are_followed() {
    let mut cache = Cache::default();
    assert_eq!(cache.generation(), None);
    insert(&mut cache, 1, "s", (0, 5_000));
    assert_eq!(cache.len(), 0);
    cache.follow(true);
    insert(&mut cache, 1, "s", (0, 5_000));
    assert_eq!(cache.len(), 1);
    cache.follow(false);
    assert_eq!((cache.len(), cache.generation()), (0, None));
    cache.follow(true);
    assert!(
        cache.find(&[1; 32], 0).is_none(),
        "what was remembered before the break is gone"
    );
}

#[test]
fn a_revocation_drops_its_session_and_what_is_under_way() {
    let mut cache = followed();
    insert(&mut cache, 1, "s1", (0, 5_000));
    insert(&mut cache, 2, "s2", (0, 5_000));
    let before = cache.generation().unwrap();
    cache.revoke("s1");
    assert!(cache.find(&[1; 32], 0).is_none());
    assert!(cache.find(&[2; 32], 0).is_some());
    cache.insert(([3; 32], before), "s1", &TOKEN, (0, 5_000));
    assert!(
        cache.find(&[3; 32], 0).is_none(),
        "a question from before the revocation is not remembered"
    );
}

#[test]
fn memory_is_bounded() {
    let mut cache = followed();
    let generation = cache.generation().unwrap();
    for at in 0..=ENTRIES_MAX as u64 {
        let mut key = [0; 32];
        key[..8].copy_from_slice(&at.to_le_bytes());
        cache.insert((key, generation), "s", &TOKEN, (0, 5_000));
    }
    assert_eq!(cache.len(), ENTRIES_MAX);
    cache.insert(([9; 32], generation), "s", &TOKEN, (5_000, 5_000));
    assert_eq!(cache.len(), 1, "what has ended makes room");
}
