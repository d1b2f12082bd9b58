//! External suites, through the public API only.

#[cfg(test)]
mod bad_tokens;
#[cfg(test)]
mod ledger;
#[cfg(test)]
mod rfc;
#[cfg(test)]
mod wycheproof;
