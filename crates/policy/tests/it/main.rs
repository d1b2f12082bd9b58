//! Tests of the public API.

#[cfg(test)]
mod bank;
#[cfg(test)]
mod files;
#[cfg(test)]
mod mistakes;
#[cfg(test)]
mod seed;
