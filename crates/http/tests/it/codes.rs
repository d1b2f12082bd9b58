//! The closed lists: complete, distinct, and worded for the public.

use std::collections::BTreeSet;

use vauban_http::{FramingRefusal, TargetRefusal};

fn check(listed: &[(&str, u16, String)]) {
    let codes: BTreeSet<_> = listed.iter().map(|(code, ..)| *code).collect();
    assert_eq!(codes.len(), listed.len(), "a code occurs twice");
    for (code, status, sentence) in listed {
        assert!(
            code.starts_with("http.")
                && code.bytes().all(|byte| byte.is_ascii_lowercase()
                    || byte.is_ascii_digit()
                    || b"._".contains(&byte)),
            "{code}"
        );
        assert!(
            [400, 408, 414, 417, 431, 501, 505].contains(status),
            "{code} has the status {status}"
        );
        assert!(
            !sentence.ends_with('.') && !sentence.is_empty(),
            "{code}: {sentence}"
        );
    }
}

#[test]
fn framing_refusals_are_distinct() {
    check(
        &FramingRefusal::ALL
            .iter()
            .map(|refusal| (refusal.code(), refusal.status(), refusal.to_string()))
            .collect::<Vec<_>>(),
    );
}

#[test]
fn target_refusals_are_distinct() {
    check(
        &TargetRefusal::ALL
            .iter()
            .map(|refusal| (refusal.code(), refusal.status(), refusal.to_string()))
            .collect::<Vec<_>>(),
    );
}
