//! A disk in memory that loses, on request, what was not flushed, and fails or dies at a chosen step.

use super::Medium;
use std::collections::BTreeMap;
use std::io::{self, Cursor, Read};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};

/// How a chosen step goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The operation reports an error, once; appended bytes may be there in part, and a failed flush has dropped the
    /// pages: a second flush would report success without writing them.
    Error,
    /// The process is gone: nothing works any more until the disk is attached again.
    Death,
}

/// What a crash leaves of the bytes that were not flushed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Crash {
    /// Some of the beginning.
    Prefix,
    /// Any blocks, in any order; a missing one reads as zeros.
    Reordered,
}

#[derive(Clone, Debug, Default)]
struct Node {
    bytes: Vec<u8>,
    durable: usize,
    /// A flush failed: the pages beyond `durable` will never reach the disk.
    dropped: bool,
}

#[derive(Clone, Debug)]
enum NameOp {
    Put(String, usize),
    Move(String, String),
    Drop(String),
}

#[derive(Debug, Default)]
struct Disk {
    nodes: Vec<Node>,
    names: BTreeMap<String, usize>,
    durable_names: BTreeMap<String, usize>,
    pending: Vec<NameOp>,
    steps: u64,
    fault: Option<(u64, Fault)>,
    dead: bool,
    syncs: u64,
}

/// One folder on that disk; clones see the same disk.
#[derive(Clone, Debug, Default)]
pub(crate) struct Faulty {
    disk: Arc<Mutex<Disk>>,
    gate: Arc<Gate>,
}

/// Holds flushes back while it is shut.
#[derive(Debug, Default)]
struct Gate {
    shut: Mutex<bool>,
    changed: Condvar,
}

/// A small deterministic source of choices.
#[derive(Debug)]
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    pub(crate) fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 11).unwrap() % end.max(1)
    }
}

impl Faulty {
    /// Lets the `nth` mutating step from now (1 is the next) go wrong.
    pub(crate) fn fail_at(&self, nth: u64, fault: Fault) {
        let mut disk = self.disk();
        disk.fault = Some((disk.steps + nth, fault));
    }

    pub(crate) fn shut_gate(&self, shut: bool) {
        *self.gate.shut.lock().unwrap() = shut;
        self.gate.changed.notify_all();
    }

    pub(crate) fn syncs(&self) -> u64 {
        self.disk().syncs
    }

    /// Blocks until that many flushes were done.
    pub(crate) fn wait_for_syncs(&self, syncs: u64) {
        let shut = self.gate.shut.lock().unwrap();
        drop(
            self.gate
                .changed
                .wait_while(shut, |_| self.disk().syncs < syncs)
                .unwrap(),
        );
    }

    pub(crate) fn content(&self) -> BTreeMap<String, Vec<u8>> {
        let disk = self.disk();
        disk.names
            .iter()
            .map(|(name, node)| (name.clone(), disk.nodes[*node].bytes.clone()))
            .collect()
    }

    /// Replaces the bytes of a file, durably, as a vandal would.
    pub(crate) fn overwrite(&self, name: &str, bytes: &[u8]) {
        let mut disk = self.disk();
        let node = disk.names[name];
        disk.nodes[node] = Node {
            bytes: bytes.to_vec(),
            durable: bytes.len(),
            dropped: false,
        };
    }

    /// A process restart: the kernel's memory is still there.
    pub(crate) fn restart(&self) {
        let mut disk = self.disk();
        disk.dead = false;
        disk.fault = None;
    }

    /// A loss of power: only what was flushed is certain.
    pub(crate) fn crash(&self, kind: Crash, seed: u64) {
        self.restart();
        let mut dice = Dice(seed | 1);
        let mut disk = self.disk();
        let kept = dice.below(disk.pending.len() + 1);
        let mut names = disk.durable_names.clone();
        for op in disk.pending.drain(..).take(kept) {
            apply(&mut names, op);
        }
        disk.names.clone_from(&names);
        disk.durable_names = names;
        for node in &mut disk.nodes {
            let end = if node.dropped {
                node.durable
            } else {
                node.bytes.len()
            };
            let loose = node.bytes[node.durable..end].to_vec();
            node.bytes.truncate(node.durable);
            node.bytes.extend(survivors(&loose, kind, &mut dice));
            node.durable = node.bytes.len();
            node.dropped = false;
        }
    }

    fn disk(&self) -> MutexGuard<'_, Disk> {
        self.disk.lock().unwrap()
    }

    /// Counts a step; the fault, if it is due.
    fn step(disk: &mut Disk) -> io::Result<Option<Fault>> {
        if disk.dead {
            return Err(io::Error::other("the process is dead"));
        }
        disk.steps += 1;
        match disk.fault {
            Some((at, fault)) if at == disk.steps => {
                disk.dead = fault == Fault::Death;
                Ok(Some(fault))
            }
            _ => Ok(None),
        }
    }

    fn name_op(&self, op: NameOp) -> io::Result<()> {
        let mut disk = self.disk();
        if Self::step(&mut disk)?.is_some() {
            return Err(io::Error::other("injected"));
        }
        disk.pending.push(op.clone());
        apply(&mut disk.names, op);
        Ok(())
    }
}

fn survivors(loose: &[u8], kind: Crash, dice: &mut Dice) -> Vec<u8> {
    match kind {
        Crash::Prefix => loose[..dice.below(loose.len() + 1)].to_vec(),
        Crash::Reordered => {
            let mut left = Vec::new();
            for (nth, block) in loose.chunks(64).enumerate() {
                if dice.below(2) == 1 {
                    left.resize(nth * 64, 0);
                    left.extend_from_slice(block);
                }
            }
            left
        }
    }
}

fn apply(names: &mut BTreeMap<String, usize>, op: NameOp) {
    match op {
        NameOp::Put(name, node) => {
            names.insert(name, node);
        }
        NameOp::Move(from, to) => {
            if let Some(node) = names.remove(&from) {
                names.insert(to, node);
            }
        }
        NameOp::Drop(name) => {
            names.remove(&name);
        }
    }
}

impl Medium for Faulty {
    fn claim(&mut self) -> io::Result<bool> {
        Ok(true)
    }

    fn names(&self) -> io::Result<Vec<String>> {
        Ok(self.disk().names.keys().cloned().collect())
    }

    fn read(&self, name: &str) -> io::Result<Box<dyn Read>> {
        let disk = self.disk();
        let node = disk.names.get(name).ok_or(io::ErrorKind::NotFound)?;
        Ok(Box::new(Cursor::new(disk.nodes[*node].bytes.clone())))
    }

    fn create(&mut self, name: &str) -> io::Result<()> {
        let node = {
            let mut disk = self.disk();
            if disk.names.contains_key(name) {
                return Err(io::ErrorKind::AlreadyExists.into());
            }
            disk.nodes.push(Node::default());
            disk.nodes.len() - 1
        };
        self.name_op(NameOp::Put(name.to_owned(), node))
    }

    fn append(&mut self, name: &str, bytes: &[u8]) -> io::Result<()> {
        let mut disk = self.disk();
        let fault = Self::step(&mut disk)?;
        let node = disk.names[name];
        let written = if fault.is_some() {
            bytes.len() / 2
        } else {
            bytes.len()
        };
        disk.nodes[node].bytes.extend_from_slice(&bytes[..written]);
        fault.map_or(Ok(()), |_| Err(io::Error::other("injected")))
    }

    fn sync(&mut self, name: &str) -> io::Result<()> {
        let shut = self.gate.shut.lock().unwrap();
        drop(self.gate.changed.wait_while(shut, |shut| *shut).unwrap());
        let mut disk = self.disk();
        disk.syncs += 1;
        let fault = Self::step(&mut disk)?;
        let node = disk.names[name];
        let node = &mut disk.nodes[node];
        match fault {
            Some(Fault::Error) => node.dropped = true,
            Some(Fault::Death) => {}
            None if node.dropped => {}
            None => node.durable = node.bytes.len(),
        }
        drop(disk);
        drop(self.gate.shut.lock().unwrap());
        self.gate.changed.notify_all();
        fault.map_or(Ok(()), |_| Err(io::Error::other("injected")))
    }

    fn rename(&mut self, from: &str, to: &str) -> io::Result<()> {
        self.name_op(NameOp::Move(from.to_owned(), to.to_owned()))
    }

    fn remove(&mut self, name: &str) -> io::Result<()> {
        if !self.disk().names.contains_key(name) {
            return Err(io::ErrorKind::NotFound.into());
        }
        self.name_op(NameOp::Drop(name.to_owned()))
    }

    fn sync_folder(&mut self) -> io::Result<()> {
        let mut disk = self.disk();
        if Self::step(&mut disk)?.is_some() {
            return Err(io::Error::other("injected"));
        }
        disk.pending.clear();
        disk.durable_names = disk.names.clone();
        Ok(())
    }

    fn release(&mut self, _name: &str) {}
}
