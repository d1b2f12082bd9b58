//! One table per construct.
