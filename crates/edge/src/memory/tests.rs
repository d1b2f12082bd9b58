use super::*;

const UNIT: usize = UNIT_BYTES;

fn address(text: &str) -> IpAddr {
    text.parse().unwrap()
}

/// What is free, and how many hold something.
fn state(memory: &Memory) -> (u32, usize) {
    let book = memory.book();
    (book.free, book.held.len())
}

#[test]
fn one_address_holds_an_eighth_and_another_one_still_gets_its_own() {
    let memory = Memory::of(64);
    let (one, other) = (address("192.0.2.1"), address("192.0.2.2"));
    let take = |who, units: usize| memory.take(who, units * UNIT);
    let first = take(one, 5).unwrap();
    let second = take(one, 3).unwrap();
    assert_eq!(take(one, 1).unwrap_err(), Full::Share);
    let third = take(other, 8).unwrap();
    assert_eq!(take(other, 1).unwrap_err(), Full::Share);
    assert_eq!(state(&memory), (48, 2));
    drop(second);
    assert_eq!(take(one, 4).unwrap_err(), Full::Share);
    let fourth = take(one, 3).unwrap();
    drop((first, third, fourth));
    assert_eq!(state(&memory), (64, 0), "nothing held leaves no entry");
}

#[test]
fn a_block_is_an_ipv4_address_or_an_ipv6_64() {
    for (first, second, alike) in [
        ("192.0.2.1", "192.0.2.1", true),
        ("192.0.2.1", "192.0.2.2", false),
        ("192.0.2.1", "::ffff:192.0.2.1", true),
        ("2001:db8::1", "2001:db8::ffff:1", true),
        ("2001:db8:0:1::1", "2001:db8:0:2::1", false),
    ] {
        let memory = Memory::of(64);
        let _held = memory.take(address(first), 8 * UNIT).unwrap();
        let refused = memory.take(address(second), UNIT).err();
        assert_eq!(refused, alike.then_some(Full::Share), "{first} {second}");
    }
}

#[test]
fn who_holds_nothing_may_have_one_body_longer_than_a_share() {
    let memory = Memory::of(64);
    let one = address("192.0.2.1");
    let long = memory.take(one, 40 * UNIT).unwrap();
    assert_eq!(memory.take(one, 1).unwrap_err(), Full::Share);
    let others = memory.take(address("192.0.2.2"), 25 * UNIT);
    assert_eq!(others.unwrap_err(), Full::All);
    assert_eq!(state(&memory), (24, 1), "a refusal leaves nothing behind");
    drop(long);
    assert_eq!(state(&memory), (64, 0));
}

#[test]
fn units_are_rounded_up_and_what_can_never_fit_is_refused() {
    let memory = Memory::of(2);
    let one = address("192.0.2.1");
    for (bytes, free) in [(0, 2), (1, 1), (UNIT, 1), (UNIT + 1, 0), (2 * UNIT, 0)] {
        let _held = memory.take(one, bytes).unwrap();
        assert_eq!(state(&memory).0, free, "{bytes} bytes");
    }
    for bytes in [2 * UNIT + 1, usize::MAX] {
        assert_eq!(memory.take(one, bytes).unwrap_err(), Full::All);
    }
    assert_eq!(state(&memory), (2, 0));
}

#[test]
fn the_numbers_that_are_shipped() {
    let memory = Memory::shipped();
    assert_eq!(state(&memory).0 as usize * UNIT, 256 * 1024 * 1024);
    assert_eq!(memory.share as usize * UNIT, 32 * 1024 * 1024);
}
