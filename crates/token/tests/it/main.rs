//! External suites, through the public API only.

#[cfg(test)]
mod ledger;
#[cfg(test)]
mod wycheproof;
