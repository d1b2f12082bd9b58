use vauban_net::ManualClock;
use vauban_policy::PasswordPlan;

use super::{Argon2id, Cost, HashError, HashPassword as _, PASSWORD_BYTES_MAX, Stored};

fn small() -> Argon2id {
    Argon2id::with(64, 1).unwrap()
}

#[test]
fn a_password_verifies_against_its_own_hash_only() {
    let hasher = small();
    let stored = hasher.hash("correct horse battery").unwrap();
    assert!(
        stored.starts_with("$argon2id$v=19$m=64,t=1,p=1$"),
        "{stored}"
    );
    for (password, expected) in [
        ("correct horse battery", true),
        ("correct horse batterz", false),
        ("", false),
    ] {
        assert_eq!(hasher.verify(password, &stored), Ok(expected), "{password}");
    }
    assert_ne!(
        hasher.hash("correct horse battery").unwrap(),
        stored,
        "every hash has its own salt"
    );
}

#[test]
fn the_form_agrees_with_the_reference_implementation() {
    // Made with OpenSSL's Argon2id (python cryptography 48): iterations 2, lanes 1, memory 64 KiB, salt 00 to 0f.
    let stored = REFERENCE;
    assert_eq!(
        small().verify("password of the reference", stored),
        Ok(true)
    );
    assert_eq!(
        small().verify("password of the reference.", stored),
        Ok(false)
    );
}

const REFERENCE: &str = "$argon2id$v=19$m=64,t=2,p=1$AAECAwQFBgcICQoLDA0ODw$28azfC3zwqJ9jnCi2Fw2lSSswyCZN8ZwmU9ZUi0GM9w";

#[test]
fn composed_and_decomposed_forms_are_one_password() {
    let hasher = small();
    let stored = hasher.hash("caf\u{e9} caf\u{e9} caf\u{e9}").unwrap();
    assert_eq!(
        hasher.verify("cafe\u{301} cafe\u{301} cafe\u{301}", &stored),
        Ok(true)
    );
}

#[test]
fn length_is_limited_on_both_sides() {
    let hasher = small();
    let longest = "x".repeat(PASSWORD_BYTES_MAX);
    let stored = hasher.hash(&longest).unwrap();
    assert_eq!(hasher.verify(&longest, &stored), Ok(true));
    assert_eq!(
        hasher.verify(&format!("{longest}x"), &stored),
        Err(HashError::TooLong)
    );
    assert_eq!(hasher.hash(&format!("{longest}x")), Err(HashError::TooLong));
    assert_eq!(
        HashError::TooLong.to_string(),
        "password is longer than 1024 bytes"
    );
}

#[test]
fn damaged_hashes_are_errors_and_never_a_match() {
    let hasher = small();
    let good = hasher.hash("correct horse battery").unwrap();
    for bad in [
        String::new(),
        "$argon2id$".to_owned(),
        good.replace("argon2id", "argon2i"),
        good.replace("v=19", "v=16"),
        good.replace("m=64", "m=4294967295"),
        good.replace("t=1", "t=0"),
        good.replace("t=1", "t=65"),
        good.replace("p=1", "p=2"),
        format!("{good}AAAA"),
        format!("{good}="),
        good.chars().take(good.len() - 4).collect(),
    ] {
        assert_eq!(
            hasher.verify("correct horse battery", &bad),
            Err(HashError::Damaged),
            "{bad}"
        );
        assert!(!hasher.outdated(&bad));
    }
}

#[test]
fn a_weaker_hash_is_outdated_and_an_equal_or_stronger_one_is_not() {
    let hasher = Argon2id::with(128, 2).unwrap();
    for (memory, passes, expected) in [
        (128, 2, false),
        (256, 3, false),
        (64, 2, true),
        (128, 1, true),
        (256, 1, true),
    ] {
        let stored = Argon2id::with(memory, passes).unwrap();
        assert_eq!(
            hasher.outdated(stored.dummy()),
            expected,
            "{memory} {passes}"
        );
    }
}

#[test]
fn the_dummy_costs_what_a_new_hash_costs() {
    let hasher = Argon2id::with(128, 3).unwrap();
    let dummy = Stored::parse(hasher.dummy()).unwrap();
    assert_eq!(
        dummy.cost,
        Cost {
            memory_kib: 128,
            iterations: 3
        }
    );
    assert_eq!(hasher.verify("", hasher.dummy()), Ok(false));
}

#[test]
fn parameters_rise_with_the_machine_and_never_fall() {
    // The manual clock stands still, so that a pass takes 0 ms, counted as 1, and the target is the number of passes.
    let clock = ManualClock::new(0);
    let plan = |target, memory| PasswordPlan {
        target_milliseconds: target,
        memory_kib: memory,
        concurrency: 1,
        queue_max: 1,
    };
    let cost = |memory_kib, iterations| Cost {
        memory_kib,
        iterations,
    };
    for (target, floor, expected) in [
        (5, None, cost(64, 5)),
        (1, None, cost(64, 2)),
        (500, None, cost(64, 64)),
        (5, Some(cost(64, 4)), cost(64, 5)),
        (5, Some(cost(64, 7)), cost(64, 7)),
        (5, Some(cost(128, 6)), cost(128, 6)),
        (5, Some(cost(32, 7)), cost(64, 5)),
    ] {
        let found = Argon2id::tuned(&plan(target, 64), floor, &clock).unwrap();
        assert_eq!(found.cost(), expected, "{target} {floor:?}");
    }
}
