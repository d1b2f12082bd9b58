//! Tests of the public API.

#[cfg(test)]
mod bank;
#[cfg(test)]
mod contract;
#[cfg(test)]
mod corpus;
#[cfg(test)]
mod document;
#[cfg(test)]
mod files;
#[cfg(test)]
mod mistakes;
#[cfg(test)]
mod ownership;
#[cfg(test)]
mod schema;
#[cfg(test)]
mod seed;
#[cfg(test)]
mod yaml;
