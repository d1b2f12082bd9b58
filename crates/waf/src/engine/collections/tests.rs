use std::net::IpAddr;
use std::sync::Arc;

use super::store::{KEY_BYTES_MAX, RECORDS_MAX, VALUE_BYTES_MAX, owner};
use super::*;
use crate::seclang::syntax::Variable;

fn place<'a>(key: &'a [u8], client: &str, now: u64) -> Place<'a> {
    Place {
        collection: Variable::Ip,
        key,
        name: b"n",
        now,
        owner: owner(client.parse::<IpAddr>().unwrap()),
    }
}

#[test]
fn records_are_bounded() {
    let store = Store::default();
    let key = |number: usize| number.to_string();
    for number in 0..RECORDS_MAX + 10 {
        let key = key(number);
        let place = place(key.as_bytes(), "192.0.2.1", 1000 + number as u64);
        store.set(place, Some(Text::Number(1)), 1_000_000);
    }
    assert!(store.len() <= RECORDS_MAX);
    // The newest is still there, the oldest went.
    let now = 200_000;
    assert!(
        store
            .find(Variable::Ip, key(RECORDS_MAX + 9).as_bytes(), b"n", now)
            .is_some()
    );
    assert!(store.find(Variable::Ip, b"0", b"n", now).is_none());
}

#[test]
fn numbers_keep_their_spelling() {
    for text in ["0", "7", "42", "007", "+1", "-3", "100", "x", ""] {
        let mut out = Vec::new();
        Text::of(text.as_bytes()).write(&mut out);
        assert_eq!(out, text.as_bytes());
    }
}

#[test]
fn one_client_s_many_records_cost_nobody_else_s() {
    let store = Store::default();
    let number = |key: &[u8]| {
        store
            .find(Variable::Ip, key, b"n", 50_000)
            .map(|text| text.number())
    };
    for other in ["192.0.2.1", "192.0.2.2", "2001:db8:9::1"] {
        store.set(
            place(other.as_bytes(), other, 1000),
            Some(Text::Number(5)),
            1_000_000,
        );
    }
    // A /64 has addresses without end.
    for index in 0..RECORDS_MAX * 2 {
        let key = format!("2001:db8::{index:x}");
        let now = 2000 + index as u64 / 100;
        store.set(
            place(key.as_bytes(), "2001:db8::1", now),
            Some(Text::Number(1)),
            1_000_000,
        );
    }
    assert!(store.len() <= RECORDS_MAX);
    for other in ["192.0.2.1", "192.0.2.2", "2001:db8:9::1"] {
        assert_eq!(number(other.as_bytes()), Some(5), "{other}");
    }
}

#[test]
fn keys_names_and_values_are_bounded() {
    let store = Store::default();
    let long = vec![b'x'; 1 << 20];
    let own = Place {
        name: &long,
        ..place(&long, "192.0.2.1", 1)
    };
    store.set(own, Some(Text::of(&long)), 100);
    let all = store.all(Variable::Ip, &long, 2);
    let [(name, value)] = all.as_slice() else {
        panic!("{}", all.len())
    };
    let mut text = Vec::new();
    value.write(&mut text);
    assert_eq!((name.len(), text.len()), (KEY_BYTES_MAX, VALUE_BYTES_MAX));
    assert!(store.find(Variable::Ip, &long, &long, 2).is_some());
}

#[test]
fn no_increment_is_lost() {
    let store = Arc::new(Store::default());
    let threads: Vec<_> = (0..8)
        .map(|_| {
            let store = Arc::clone(&store);
            std::thread::spawn(move || {
                for _ in 0..2000 {
                    store.add(place(b"k", "192.0.2.1", 1), 1, 100);
                }
            })
        })
        .collect();
    for thread in threads {
        thread.join().unwrap();
    }
    let number = store
        .find(Variable::Ip, b"k", b"n", 2)
        .map(|text| text.number());
    assert_eq!(number, Some(16_000));
}
