//! Level 1: how much? Budgets in the process's memory, by the generic cell rate algorithm (GCRA).
//!
//! One number per key says when its bucket will be full again. All arithmetic is in whole units (see [`Limiter`]), so that
//! a budget allows exactly what is written and never drifts; a slow token bucket is its oracle in the tests.
//!
//! This crate refuses to know what a key means, who asks, and what time it is: key and time are arguments.
//!
//! Rejected: fixed windows (twice the budget passes around a window's edge) and floating-point token buckets (they leak or
//! lose fractions, and an attacker has all day to collect them).

mod limiter;

pub use limiter::{Limiter, Quota, Spent};
