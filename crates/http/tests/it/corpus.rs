//! The inputs of the fuzz targets, through the same checks: they do not rot, and what was found once stays found.

#[path = "../../../../fuzz/checks/corpus.rs"]
mod files;
#[path = "../../../../fuzz/checks/http_chunks.rs"]
mod http_chunks;
#[path = "../../../../fuzz/checks/http_head.rs"]
mod http_head;
#[path = "../../../../fuzz/checks/http_target.rs"]
mod http_target;

#[test]
fn http_chunks_corpus() {
    files::each("http_chunks", http_chunks::check);
}

#[test]
fn http_head_corpus() {
    files::each("http_head", http_head::check);
}

#[test]
fn http_target_corpus() {
    files::each("http_target", http_target::check);
}
