//! Request bodies: beside libmodsecurity, at their limits, and through libmodsecurity's own regression tests.

mod limits;
mod mutation;
mod oracle;
mod regression;
mod seen;
