//! The log on a real file system, through the public API only.

#[cfg(test)]
mod crash;
#[cfg(test)]
mod explain;
#[cfg(test)]
mod sample;
#[cfg(test)]
mod tamper;
