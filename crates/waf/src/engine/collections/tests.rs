use super::*;

#[test]
fn records_are_bounded() {
    let store = Store::default();
    let key = |number: usize| number.to_string();
    for number in 0..RECORDS_MAX + 10 {
        let key = key(number);
        let place = Place {
            collection: Variable::Ip,
            key: key.as_bytes(),
            name: b"n",
            now: 1000 + number as u64,
        };
        store.set(place, Some(Text::Number(1)), 1_000_000);
    }
    assert!(store.lock().len() <= RECORDS_MAX);
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
