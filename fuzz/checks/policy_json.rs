//! What the strict scan accepts, `serde_json` reads as well; the scan never panics.

pub(crate) fn check(text: &[u8]) {
    if vauban_policy::contract::scan(text).is_ok() {
        let value: serde_json::Value = serde_json::from_slice(text).expect("the scan accepted it");
        let again = serde_json::to_vec(&value).expect("a value can be written");
        assert!(
            vauban_policy::contract::scan(&again).is_ok(),
            "what was read can be read again"
        );
    }
}
