//! Tests of the public API.

#[cfg(test)]
mod components;
#[cfg(test)]
mod rules;
