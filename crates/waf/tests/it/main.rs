//! The rule engine through its public face.
