//! The rule engine through its public face.

#[cfg(test)]
mod attacks;
#[cfg(test)]
mod body;
#[cfg(test)]
mod corpus;
#[cfg(test)]
mod crs;
#[cfg(test)]
mod engine;
#[cfg(test)]
mod libinjection;
#[cfg(test)]
mod newer;
#[cfg(test)]
mod oracle;
#[cfg(test)]
mod pattern;
#[cfg(test)]
mod payloads;
#[cfg(test)]
mod profile;
#[cfg(test)]
mod seclang;
#[cfg(test)]
mod settled;
#[cfg(test)]
mod tokens;
#[cfg(test)]
mod transform;
