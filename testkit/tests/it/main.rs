//! The parts for tests, tested: a part that never fails would let every test that stands on it pass.

#[cfg(test)]
mod files;
#[cfg(test)]
mod https;
#[cfg(test)]
mod processes;
#[cfg(test)]
mod sqlite;
