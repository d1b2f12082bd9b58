//! The public API only.

#[cfg(test)]
mod codes;
#[cfg(test)]
mod conformance;
#[cfg(test)]
mod corpus;
#[cfg(test)]
mod properties;
