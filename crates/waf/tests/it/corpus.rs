//! The inputs of the fuzz targets, through the same checks: they do not rot, and what was found once stays found.

use vauban_testkit::choices::Choices;

#[path = "../../../../fuzz/checks/beside_pcre2.rs"]
mod beside_pcre2;
#[path = "../../../../fuzz/checks/both_ways.rs"]
mod both_ways;
#[path = "../../../../fuzz/checks/corpus.rs"]
mod files;
#[path = "../../../../fuzz/checks/waf_body_json.rs"]
mod waf_body_json;
#[path = "../../../../fuzz/checks/waf_body_multipart.rs"]
mod waf_body_multipart;
#[path = "../../../../fuzz/checks/waf_body_urlencoded.rs"]
mod waf_body_urlencoded;
#[path = "../../../../fuzz/checks/waf_body_xml.rs"]
mod waf_body_xml;
#[path = "../../../../fuzz/checks/waf_engine.rs"]
mod waf_engine;
#[path = "../../../../fuzz/checks/waf_libinjection.rs"]
mod waf_libinjection;
#[path = "../../../../fuzz/checks/waf_pattern.rs"]
mod waf_pattern;
#[path = "../../../../fuzz/checks/waf_pattern_made_up.rs"]
mod waf_pattern_made_up;
#[path = "../../../../fuzz/checks/waf_rules_made_up.rs"]
mod waf_rules_made_up;
#[path = "../../../../fuzz/checks/waf_seclang.rs"]
mod waf_seclang;
#[path = "../../../../fuzz/checks/waf_transform.rs"]
mod waf_transform;

/// Sets of rules that are made up for the ordinary run.
const MADE_UP: u64 = 1000;

#[test]
fn made_up_rules_find_the_same_both_ways() {
    let loaded = (0..MADE_UP)
        .filter(|seed| {
            println!("seed {seed}");
            waf_rules_made_up::made_up(&mut Choices::seeded(*seed))
        })
        .count();
    println!("{loaded} of {MADE_UP} sets of rules could be loaded");
    assert!(loaded > 800);
}

#[test]
fn waf_body_json_corpus() {
    files::each("waf_body_json", waf_body_json::check);
}

#[test]
fn waf_body_multipart_corpus() {
    files::each("waf_body_multipart", waf_body_multipart::check);
}

#[test]
fn waf_body_urlencoded_corpus() {
    files::each("waf_body_urlencoded", waf_body_urlencoded::check);
}

#[test]
fn waf_body_xml_corpus() {
    files::each("waf_body_xml", waf_body_xml::check);
}

#[test]
fn waf_engine_corpus() {
    files::each("waf_engine", waf_engine::check);
}

#[test]
fn waf_libinjection_corpus() {
    files::each("waf_libinjection", waf_libinjection::check);
}

#[test]
fn waf_pattern_corpus() {
    files::each("waf_pattern", waf_pattern::check);
}

#[test]
fn waf_pattern_made_up_corpus() {
    files::each("waf_pattern_made_up", waf_pattern_made_up::check);
}

#[test]
fn waf_rules_made_up_corpus() {
    files::each("waf_rules_made_up", waf_rules_made_up::check);
}

#[test]
fn waf_seclang_corpus() {
    files::each("waf_seclang", waf_seclang::check);
}

#[test]
fn waf_transform_corpus() {
    files::each("waf_transform", waf_transform::check);
}
