//! The rule engine beside `libmodsecurity`, on requests that never repeat.

#[cfg_attr(
    not(test),
    expect(
        dead_code,
        reason = "the benchmark that calls it comes with the rule engine, which is still being built"
    )
)]
mod requests;
