//! The public API only.

#[cfg(test)]
mod codes;
#[cfg(test)]
mod properties;
