//! Level 2: do the layers meet?
//!
//! Each layer of a plan can be right on its own and still leave a gap where it meets the next one. This crate lays a plan and
//! the libraries that decide in it out as [`Facts`], and joins facts of at least two layers into [`Finding`]s.
//!
//! It refuses to know sockets, files, edge, guard and authority: it judges what was agreed and what was built, never a running
//! line. Whether an attack really passes is the drill's question.
//!
//! Rejected: a score. It averages a gap away; a finding names the two layers, and stays until one of them is mended.

mod components;
mod fact;
mod finding;
mod rules;

pub use components::{Components, ComponentsError, Library, components_from_metadata};
pub use fact::{BudgetFact, Facts, OperationFact, ServiceFact, facts};
pub use finding::{Finding, Severity, json, text};
pub use rules::check;
