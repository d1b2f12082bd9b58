use super::{authority_beside, trust_domain};

#[test]
fn a_spiffe_id_has_a_plain_trust_domain_and_a_path() {
    for (id, domain) in [
        ("spiffe://bank.internal/line/edge", Some("bank.internal")),
        ("spiffe://a-b_c.9/x", Some("a-b_c.9")),
        ("spiffe://bank.internal/", None),
        ("spiffe://bank.internal", None),
        ("spiffe:///line/edge", None),
        ("spiffe://Bank.internal/line/edge", None),
        ("spiffe://bank.internal:443/line/edge", None),
        ("spiffe://user@bank.internal/line/edge", None),
        ("SPIFFE://bank.internal/line/edge", None),
        ("https://bank.internal/line/edge", None),
        ("", None),
    ] {
        assert_eq!(trust_domain(id), domain, "{id}");
    }
}

#[test]
fn the_authority_is_in_the_same_trust_domain() {
    let authority = authority_beside("spiffe://bank.internal/guard/accounts");
    assert_eq!(
        authority.as_deref(),
        Some("spiffe://bank.internal/line/authority")
    );
    assert_eq!(authority_beside("bank.internal"), None);
}
