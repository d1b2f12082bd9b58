//! The rule engine through its public face.

#[cfg(test)]
mod oracle;
#[cfg(test)]
mod payloads;
mod seclang;
