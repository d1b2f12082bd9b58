//! The binary, as it is called.

#[cfg(test)]
mod binary;
