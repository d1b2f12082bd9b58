//! Patterns through their public face: what is refused, and how long values chosen against them take.

use std::time::Duration;

use vauban_waf::pattern::{Groups, Memory, Pattern};

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

/// Patterns that take exponential or quadratic time where choices are tried one after the other.
#[test]
fn hostile_values_end() {
    let long = b"a".repeat(50_000);
    let spaced = b"a ".repeat(25_000);
    let mut memory = Memory::default();
    let mut groups = Groups::default();
    for source in [
        &br"^(a+)+$"[..],
        br"(a|aa)+$",
        br"(a*)*b",
        br"(?=a)(a+)+$",
        br"(a+)+\1b",
        br"(?:a+ ?)+(?!x)b",
        br"(?>a+|b)+c",
        br"(?<!x)(?:\w+\s?)+$.",
        br"(?:[^b]*+b)+c",
        br"(.*)(.*)(.*)(.*)\1x",
    ] {
        let pattern = Pattern::compile(source).unwrap();
        for value in [&long, &spaced] {
            let began = processor_time();
            let found = pattern.captures(value, &mut memory, &mut groups);
            let taken = processor_time().saturating_sub(began);
            println!("{}: {found} in {taken:?}", source.escape_ascii());
            assert!(taken < Duration::from_secs(5));
        }
    }
}

/// Time that this thread has run, from the kernel: other tests run beside it.
fn processor_time() -> Duration {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let nanoseconds = text.split(' ').next().and_then(|first| first.parse().ok());
    Duration::from_nanos(nanoseconds.unwrap_or(0))
}
