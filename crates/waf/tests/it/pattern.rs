//! Patterns through their public face: what is refused.

use vauban_waf::pattern::Pattern;

#[test]
fn refusals_name_what_is_refused() {
    for (source, part) in [
        (&br"(?R)"[..], "recursion"),
        (br"a(?1)", "recursion"),
        (br"(?(1)a|b)", "conditional"),
        (br"(*UTF8)a", "verb"),
        (br"\p{L}", "Unicode"),
        (br"a\Kb", r"`\K`"),
        (br"(?|a|b)", "branch reset"),
        (br"(?*a)b", "non-atomic look-around"),
        (br"(?<*a)b", "non-atomic look-around"),
        (br"[a", "`[`"),
        (br"(a", "`(`"),
        (br"a)", "`)`"),
        (br"*a", "quantifier"),
        (br"(?<=a+)b", "look-behind"),
        (br"\2(a)", "group"),
        (br"\x{100}", "0xff"),
        (br"(?:a{60000}){60000}", "too large"),
    ] {
        let error = Pattern::compile(source).unwrap_err().to_string();
        assert!(error.contains(part), "{}: {error}", source.escape_ascii());
    }
    let nested = [b"(".repeat(5000), b")".repeat(5000)].concat();
    assert!(Pattern::compile(&nested).is_err());
    assert!(Pattern::compile(&[b"a".to_vec(), b"*".repeat(5000)].concat()).is_err());
}
