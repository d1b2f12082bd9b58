//! The inputs of the fuzz targets, through the same checks: they do not rot, and what was found once stays found.

#[path = "../../../../fuzz/checks/corpus.rs"]
mod files;
#[path = "../../../../fuzz/checks/policy_json.rs"]
mod policy_json;
#[path = "../../../../fuzz/checks/policy_load.rs"]
mod policy_load;

#[test]
fn policy_json_corpus() {
    files::each("policy_json", policy_json::check);
}

#[test]
fn policy_load_corpus() {
    files::each("policy_load", policy_load::check);
}
