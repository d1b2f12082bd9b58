use std::collections::BTreeSet;

use super::*;

#[test]
fn an_id_spells_its_bits() {
    let cases = [
        (0, "00000000000000000000000000"),
        (1, "00000000000000000000000001"),
        (31, "0000000000000000000000000z"),
        (32, "00000000000000000000000010"),
        (u128::MAX, "7zzzzzzzzzzzzzzzzzzzzzzzzz"),
    ];
    for (bits, expected) in cases {
        assert_eq!(Decision::from_bits(bits).as_str(), expected);
    }
    assert_eq!(Decision::NONE, Decision::from_bits(0));
}

#[test]
fn ids_do_not_repeat_over_batches() {
    let decisions = Decisions::default();
    let ids: BTreeSet<String> = (0..BATCH * 5)
        .map(|_| decisions.next().unwrap().to_string())
        .collect();
    assert_eq!(ids.len(), BATCH * 5);
    assert!(
        ids.iter()
            .all(|id| id.len() == CHARACTERS && id.bytes().all(|byte| DIGITS.contains(&byte)))
    );
}
