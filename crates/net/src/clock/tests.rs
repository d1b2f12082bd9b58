use super::*;

#[test]
fn a_manual_clock_moves_only_when_told() {
    let clock = ManualClock::new(1_000);
    assert_eq!((clock.unix_ms(), clock.monotonic_ms()), (1_000, 0));
    clock.advance_ms(250);
    assert_eq!((clock.unix_ms(), clock.monotonic_ms()), (1_250, 250));
}

#[test]
fn the_system_clock_never_goes_back() {
    let first = SystemClock.monotonic_ms();
    assert!(SystemClock.monotonic_ms() >= first);
    // Written in 2026.
    assert!(SystemClock.unix_ms() > 1_767_225_600_000);
}
