//! What every refusal has in common.

use vauban_policy::Denial;

use crate::client::Reply;
use crate::house::House;

pub(crate) const EDGE: &str = "spiffe://notes.internal/line/edge";
pub(crate) const INDEXER: &str = "spiffe://notes.internal/service/indexer";
pub(crate) const SCANNER: &str = "spiffe://notes.internal/service/scanner";

/// The answer is the denial, in the one shape of RFC 9457, and the service has seen nothing.
#[track_caller]
pub(crate) fn check(house: &House, reply: &Reply, denial: &Denial) {
    assert_eq!(
        (reply.code().as_str(), reply.status),
        (denial.code(), denial.status()),
        "{reply:?}"
    );
    assert_eq!(
        reply.header("content-type"),
        Some("application/problem+json")
    );
    assert_eq!(reply.header("cache-control"), Some("no-store"));
    assert_eq!(reply.header("www-authenticate"), denial.challenge());
    let problem: serde_json::Value = serde_json::from_str(&reply.body).unwrap();
    assert_eq!(problem["decision"].as_str().map(str::len), Some(26));
    assert!(!reply.body.contains("canary"), "{reply:?}");
    assert_eq!(
        house.site.service.seen().len(),
        0,
        "the service must not hear of it"
    );
}
