use super::*;
use crate::event::tests::{largest, sample};

fn sealed(seq: u64, json: &str) -> Vec<u8> {
    let mut out = Vec::new();
    seal(&mut out, seq, Hash::ZERO, "event", json.as_bytes());
    out
}

#[test]
fn the_hash_is_the_sha_256_of_the_record_without_its_hash() {
    let mut out = Vec::new();
    let head = SegmentHead {
        format: 1,
        line: "edge".to_owned(),
        number: 1,
    };
    seal(
        &mut out,
        1,
        Hash::ZERO,
        "segment",
        &serde_json::to_vec(&head).unwrap(),
    );
    // Computed with `printf %s '{"seq":1,…}' | sha256sum`.
    expect(&out, FIRST);
}

fn expect(found: &[u8], due: &str) {
    assert_eq!(String::from_utf8_lossy(found), due);
}

const FIRST: &str = concat!(
    "{\"seq\":1,\"prev\":\"0000000000000000000000000000000000000000000000000000000000000000\",",
    "\"segment\":{\"format\":1,\"line\":\"edge\",\"number\":1},\"hash\":\"a2490e48bc84c6521a9642ea7734108ce3017c58e3c6755a71bec9348223fef9\"}\n"
);

#[test]
fn a_sealed_event_is_read_back() {
    let event = sample("d1").bounded();
    let line = sealed(9, &serde_json::to_string(&event).unwrap());
    let record = unseal(line.strip_suffix(b"\n").unwrap()).unwrap();
    assert_eq!(record.seq, 9);
    assert_eq!(record.content, Content::Event(Box::new(event)));
}

#[test]
fn the_largest_event_fits_a_record() {
    let line = sealed(
        u64::MAX,
        &serde_json::to_string(&largest().bounded()).unwrap(),
    );
    assert!(line.len() < RECORD_BYTES_MAX, "{} bytes", line.len());
    assert!(unseal(line.strip_suffix(b"\n").unwrap()).is_ok());
}

#[test]
fn every_changed_byte_is_noticed() {
    let line = sealed(9, &serde_json::to_string(&sample("d1").bounded()).unwrap());
    let line = line.strip_suffix(b"\n").unwrap();
    for at in 0..line.len() {
        for bit in [1, 2, 4, 8, 16, 32, 64, 128] {
            let mut changed = line.to_vec();
            changed[at] ^= bit;
            assert!(unseal(&changed).is_err(), "byte {at} bit {bit}");
        }
    }
}

#[test]
fn what_is_not_a_record_is_refused() {
    let event = serde_json::to_string(&sample("d1").bounded()).unwrap();
    let check = |line: &[u8], due: Broken| {
        let line = line.strip_suffix(b"\n").unwrap_or(line);
        assert_eq!(unseal(line), Err(due), "{}", String::from_utf8_lossy(line));
    };
    check(b"", Broken::Shape);
    check(b"{}", Broken::Shape);
    check(&[0; 300], Broken::Shape);
    check(&sealed(1, "{}"), Broken::Shape);
    check(&sealed(1, "null"), Broken::Shape);
    check(&sealed(1, &format!("{event},\"more\":1")), Broken::Shape);
    check(
        &sealed(
            1,
            &format!("{event},\"segment\":{{\"format\":1,\"line\":\"edge\",\"number\":1}}"),
        ),
        Broken::Shape,
    );
    check(&sealed(1, &format!("{event},\"seq\":2")), Broken::Shape);
}
