//! Some requests through one rule set, with the filter and without.

use std::sync::Arc;

use vauban_waf::regression::{Request, Runner, reflected};
use vauban_waf::{Mode, Report, RuleSet, Strategy};

/// Every request as one transaction after the other, both ways.
pub(crate) fn check(rules: &Arc<RuleSet>, requests: &[Request]) {
    let [mut fast, mut slow] = [Strategy::Indexed, Strategy::Exhaustive]
        .map(|strategy| Runner::new(rules, Mode::AsConfigured, strategy));
    for request in requests {
        let response = reflected(request);
        compare(
            &fast.transact(request, Some(&response)),
            slow.transact(request, Some(&response)),
        );
    }
}

/// A search that the filter spares cannot be given up either; all else is the same.
fn compare(fast: &Report, mut slow: Report) {
    slow.exhausted.retain(|rule| fast.exhausted.contains(rule));
    assert_eq!(*fast, slow);
}
