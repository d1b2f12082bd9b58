//! The plan of the test data, for unit tests.

use std::path::Path;
use std::sync::Arc;

use vauban_policy::{Plan, TextFile};

/// The plan of `tests/data`, with texts of its main file replaced.
pub(crate) fn plan(replaced: &[(&str, &str)]) -> Arc<Plan> {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data");
    let mut read =
        |name: &str| std::fs::read_to_string(data.join(name)).map_err(|error| error.to_string());
    let mut text = read("vauban.yaml").unwrap();
    for (from, to) in replaced {
        assert!(text.contains(from), "the plan has no {from:?}");
        text = text.replace(from, to);
    }
    let main = TextFile {
        name: "vauban.yaml".to_owned(),
        text,
    };
    let plan = vauban_policy::load(&main, &mut read, &[]);
    Arc::new(plan.unwrap_or_else(|mistakes| panic!("{mistakes}")))
}
