use super::*;

#[test]
fn the_host_stands_before_its_port() {
    let cases = [
        ("localhost", "localhost"),
        ("localhost:8443", "localhost"),
        ("127.0.0.1:1", "127.0.0.1"),
        ("[::1]", "::1"),
        ("[::1]:8443", "::1"),
        (":1", ""),
        ("", ""),
    ];
    for (authority, expected) in cases {
        assert_eq!(without_port(authority), expected, "`{authority}`");
    }
}
