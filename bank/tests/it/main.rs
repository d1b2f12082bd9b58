//! The bank through its sockets, over real databases.

#[cfg(test)]
mod accounts;
#[cfg(test)]
mod cluster;
#[cfg(test)]
mod door;
#[cfg(test)]
mod files;
#[cfg(test)]
mod fooled;
#[cfg(test)]
mod house;
#[cfg(test)]
mod images;
#[cfg(test)]
mod ledger;
#[cfg(test)]
mod payments;
#[cfg(test)]
mod rows;
#[cfg(test)]
mod selftest;
