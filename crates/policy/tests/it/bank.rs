//! The demo bank's plan loads.

use std::path::Path;

use crate::files::load_beside;

#[test]
fn the_bank_loads() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../bank/vauban.yaml");
    let plan = load_beside(&path).unwrap_or_else(|mistakes| panic!("{mistakes}"));
    assert!(
        plan.services
            .iter()
            .any(|service| service.name == "authority")
    );
}
