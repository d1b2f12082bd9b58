//! README's first command, in the debug build: every story comes to its end.

use crate::house::{text, vauban};

fn check(arguments: &[&str], words: &[&str]) {
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join("state");
    let state = state.to_str().unwrap();
    let output = vauban(&[&["demo", "--state", state], arguments].concat());
    let said = text(&output);
    assert!(output.status.success(), "{said}");
    for word in words {
        assert!(said.contains(word), "no `{word}` in:\n{said}");
    }
}

#[test]
fn the_whole_story() {
    check(
        &["--once"],
        &[
            "GET /accounts/500101/statements → 200",
            "GET /accounts/500201/statements → 404",
            "GET /api/v1/user/profile/1002 → 403",
            "POST /transfers → 201",
            "1 transport",
            "6 supply chain",
            "GET /accounts?name=x%27%20OR%20%271%27%3D%271 → 403 waf.refused",
            "ARGS:name `x' OR '1'='1`",
            "POST /transfers → 403 waf.refused",
            "ARGS:json.reference `<script>alert(1)</script>`",
            "refresh.reused",
            "peer.undeclared",
            "A01",
        ],
    );
}

#[test]
fn a_valid_token_is_not_ownership() {
    check(
        &["--story", "jwt-is-not-ownership"],
        &["object.foreign_hidden", "A01"],
    );
}

#[test]
fn one_jwt_library() {
    check(&["--story", "one-jwt-library"], &["SEAM-JWT-01", "A30"]);
}

#[test]
fn flat_inside() {
    check(&["--story", "flat-inside"], &["peer.undeclared", "A80"]);
}

#[test]
fn spoofed_limit_key() {
    check(
        &["--story", "spoofed-limit-key"],
        &[
            "SEAM-LIMIT-01",
            "x-forwarded-for: 198.51.100.6",
            "login.throttled",
            "A23",
        ],
    );
}
