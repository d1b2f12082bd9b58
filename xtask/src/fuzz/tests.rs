//! What is read of libFuzzer's lines.

use super::*;

#[test]
fn lines_of_libfuzzer_are_read() {
    let mut outcome = Outcome::default();
    for line in [
        "INFO: Seed: 1",
        "#2\tINITED cov: 12 ft: 13 corp: 1/1b exec/s: 0 rss: 30Mb",
        "#4096\tDONE   cov: 345 ft: 900 corp: 67/4Kb lim: 4096 exec/s: 99 rss: 40Mb",
        "stat::number_of_executed_units: 4096",
        "stat::average_exec_per_sec:     1024",
    ] {
        outcome.read(line);
    }
    let Outcome {
        executions,
        per_second,
        coverage,
        inputs,
        found,
    } = outcome;
    assert_eq!((executions, per_second), (4096, 1024));
    assert_eq!((coverage, inputs, found), (345, 67, false));
}

#[test]
fn an_unknown_target_is_named_with_the_known_ones() {
    let error = targets(
        &crate::root(),
        &["waf_pattern".to_owned(), "nothing".to_owned()],
    )
    .unwrap_err();
    let text = error.to_string();
    assert!(
        text.starts_with("no target begins with `nothing`; there are http_chunks, "),
        "{text}"
    );
    let both = targets(&crate::root(), &["waf_pattern".to_owned()]).unwrap();
    assert_eq!(both, ["waf_pattern", "waf_pattern_made_up"]);
}
