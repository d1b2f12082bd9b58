//! JSON: no panic, and whatever a strict parser takes, this one takes too.

use vauban_waf::body::{JsonLimits, json};

pub(crate) fn check(data: &[u8]) {
    let mut leaves = 0_usize;
    let result = json(
        data,
        &JsonLimits::default(),
        &mut |name: &[u8], _value: &[u8]| {
            assert!(name.starts_with(b"json"));
            leaves += 1;
            true
        },
    );
    assert!(leaves <= data.len());
    if serde_json::from_slice::<serde_json::Value>(data).is_ok() {
        assert!(result.is_ok(), "{result:?}");
    }
}
