//! The rule engine through its public face.

#[cfg(test)]
mod body;
