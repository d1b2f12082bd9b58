use super::*;

#[test]
fn sums_every_binary() {
    let mut counts = Counts::default();
    for line in [
        "running 3 tests",
        "test result: ok. 3 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.01s",
        "test result: FAILED. 4 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out",
    ] {
        counts.read(line);
    }
    assert_eq!(counts.summary(), "7 passed, 2 failed, 1 skipped");
}
