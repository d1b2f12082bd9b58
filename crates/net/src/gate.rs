//! The framing gate: stands between the (decrypted) stream and hyper, and lets only what has one reading through.
//!
//! Bytes are read straight into hyper's buffer and judged where they lie; only a head that arrives in pieces is copied. On a
//! doubt about a head hyper is given one synthetic request instead, which the line answers with the reason, and then the
//! connection closes. On a doubt about a body hyper's reading fails, and the reason waits in the [`Verdict`].

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::{Buf, BytesMut};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Instant;
use vauban_http::{FramingRefusal, HeadLimits};

use crate::deadline::Deadline;
use crate::stream::Stream;

mod scan;
mod verdict;

use scan::{Halt, Scan};
pub(crate) use verdict::{Flight, Verdict};

/// What hyper reads in place of a refused head.
const SYNTHETIC: &[u8] = b"GET / HTTP/1.1\r\nhost: gate\r\nconnection: close\r\n\r\n";

/// Between two requests of a connection, and the longest silence of a streamed answer's reader.
const IDLE_TIME: Duration = Duration::from_mins(1);

/// For the client to take at least one byte of an answer.
const WRITE_TIME: Duration = Duration::from_secs(30);

/// What is still read and thrown away after a refusal, so that the answer is not lost to a reset.
const LINGER_BYTES_MAX: usize = 1 << 20;
const LINGER_TIME: Duration = Duration::from_secs(2);

/// What comes after the bytes that may still be given to hyper.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Next {
    /// More from the stream.
    Stream,
    /// Nothing: the synthetic request was the last.
    Silence,
    /// The end.
    End,
    /// An error: the body has no single reading.
    Broken,
}

/// What the gate is waiting for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Waiting {
    /// The first byte of a new connection.
    FirstByte,
    /// The rest of a head.
    Head,
    /// The first byte of another request.
    Request,
    /// A body; its reader has the deadline.
    Body,
}

/// The gate of one connection.
#[derive(Debug)]
pub(crate) struct Gate {
    stream: Stream,
    scan: Scan,
    /// First `ready` bytes that hyper may have, then the beginning of a head.
    held: BytesMut,
    ready: usize,
    next: Next,
    verdict: Arc<Verdict>,
    header_time: Duration,
    idle_time: Duration,
    waiting: Waiting,
    waiting_since_head: u64,
    read_deadline: Deadline,
    write_deadline: Deadline,
    wrote: bool,
    linger: Option<usize>,
    ended: bool,
}

impl Gate {
    /// A gate before a new connection.
    pub(crate) fn new(
        stream: Stream,
        limits: HeadLimits,
        header_time: Duration,
        verdict: Arc<Verdict>,
    ) -> Self {
        let mut read_deadline = Deadline::default();
        read_deadline.set(Instant::now() + header_time);
        Self {
            stream,
            scan: Scan::new(limits),
            held: BytesMut::new(),
            ready: 0,
            next: Next::Stream,
            verdict,
            header_time,
            idle_time: IDLE_TIME,
            waiting: Waiting::FirstByte,
            waiting_since_head: 0,
            read_deadline,
            write_deadline: Deadline::default(),
            wrote: false,
            linger: None,
            ended: false,
        }
    }

    /// Judges what the stream has put into `buf` behind `before`, and takes back what hyper may not have (yet).
    fn judge(&mut self, buf: &mut ReadBuf<'_>, before: usize) {
        let fresh = buf.filled().get(before..).unwrap_or_default();
        let (pass, halt) = if self.held.is_empty() {
            let (pass, halt) = self.scan.advance(fresh, 0);
            if halt.is_none() {
                self.held
                    .extend_from_slice(fresh.get(pass..).unwrap_or_default());
            }
            buf.set_filled(before + pass);
            (0, halt)
        } else {
            let seen = self.held.len();
            self.held.extend_from_slice(fresh);
            buf.set_filled(before);
            self.scan.advance(&self.held, seen)
        };
        self.ready = pass;
        match halt {
            Some(Halt::Head(refusal)) => self.refuse(refusal),
            Some(Halt::Body(refusal)) => {
                self.verdict.breaks(refusal);
                self.held.truncate(self.ready);
                self.next = Next::Broken;
            }
            None => {}
        }
    }

    fn refuse(&mut self, refusal: FramingRefusal) {
        self.verdict.refuse(self.scan.heads() + 1, refusal);
        self.held.truncate(self.ready);
        self.held.extend_from_slice(SYNTHETIC);
        self.ready = self.held.len();
        self.next = Next::Silence;
    }

    fn give(&mut self, buf: &mut ReadBuf<'_>) {
        let count = self.ready.min(buf.remaining());
        buf.put_slice(self.held.get(..count).unwrap_or_default());
        self.held.advance(count);
        self.ready -= count;
    }

    /// Nothing has come. Whether that has lasted too long, so that [`Self::next`] or [`Self::ready`] has changed.
    fn poll_late(&mut self, cx: &mut Context<'_>) -> bool {
        let waiting = match (self.scan.is_at_head(), self.held.is_empty()) {
            (false, _) => Waiting::Body,
            (true, false) => Waiting::Head,
            (true, true) if self.scan.heads() == 0 => Waiting::FirstByte,
            (true, true) => Waiting::Request,
        };
        if (waiting, self.scan.heads()) != (self.waiting, self.waiting_since_head) {
            // A slow first head has the time of the new connection, not that time again from its first byte.
            let same = self.waiting == Waiting::FirstByte && waiting == Waiting::Head;
            (self.waiting, self.waiting_since_head) = (waiting, self.scan.heads());
            match waiting {
                Waiting::Body => self.read_deadline.clear(),
                Waiting::Request => self.read_deadline.set(Instant::now() + self.idle_time),
                Waiting::FirstByte | Waiting::Head if same => {}
                Waiting::FirstByte | Waiting::Head => {
                    self.read_deadline.set(Instant::now() + self.header_time);
                }
            }
        }
        if !self.read_deadline.poll_passed(cx) {
            return false;
        }
        match waiting {
            Waiting::Head => self.refuse(FramingRefusal::HeadTooSlow),
            Waiting::Request if self.verdict.is_answering() || std::mem::take(&mut self.wrote) => {
                self.read_deadline.set(Instant::now() + self.idle_time);
                return self.read_deadline.poll_passed(cx);
            }
            Waiting::Request | Waiting::FirstByte | Waiting::Body => self.next = Next::End,
        }
        true
    }

    /// Bounds the time in which the client takes nothing.
    fn watch_write<T>(
        &mut self,
        cx: &mut Context<'_>,
        progress: Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        if progress.is_ready() {
            self.wrote = true;
            self.write_deadline.clear();
            return progress;
        }
        if !self.write_deadline.is_set() {
            self.write_deadline.set(Instant::now() + WRITE_TIME);
        }
        if self.write_deadline.poll_passed(cx) {
            Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
        } else {
            Poll::Pending
        }
    }

    /// Reads on for a moment what the client still sends after a refusal: closing at once would reset the connection, and
    /// the reset may overtake the answer.
    fn poll_linger(&mut self, cx: &mut Context<'_>, mut left: usize) -> Poll<()> {
        let mut scratch = [0; 4096];
        while left > 0 && !self.read_deadline.poll_passed(cx) {
            let mut buf = ReadBuf::new(&mut scratch);
            match Pin::new(&mut self.stream).poll_read(cx, &mut buf) {
                Poll::Pending => {
                    self.linger = Some(left);
                    return Poll::Pending;
                }
                Poll::Ready(Ok(())) if !buf.filled().is_empty() => {
                    left = left.saturating_sub(buf.filled().len());
                }
                Poll::Ready(Ok(()) | Err(_)) => break,
            }
        }
        Poll::Ready(())
    }
}

impl AsyncRead for Gate {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let gate = self.get_mut();
        loop {
            if gate.ready > 0 {
                gate.give(buf);
                return Poll::Ready(Ok(()));
            }
            match gate.next {
                Next::Stream => {}
                Next::Silence => return Poll::Pending,
                Next::End => return Poll::Ready(Ok(())),
                Next::Broken => return Poll::Ready(Err(io::ErrorKind::InvalidData.into())),
            }
            let before = buf.filled().len();
            match Pin::new(&mut gate.stream).poll_read(cx, buf) {
                Poll::Pending if gate.poll_late(cx) => continue,
                Poll::Pending => return Poll::Pending,
                Poll::Ready(result) => result?,
            }
            if buf.filled().len() == before {
                gate.ended = true;
                return Poll::Ready(Ok(()));
            }
            gate.judge(buf, before);
            if buf.filled().len() > before {
                return Poll::Ready(Ok(()));
            }
        }
    }
}

impl AsyncWrite for Gate {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let gate = self.get_mut();
        let progress = Pin::new(&mut gate.stream).poll_write(cx, bytes);
        gate.watch_write(cx, progress)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let gate = self.get_mut();
        let progress = Pin::new(&mut gate.stream).poll_write_vectored(cx, slices);
        gate.watch_write(cx, progress)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let gate = self.get_mut();
        let progress = Pin::new(&mut gate.stream).poll_flush(cx);
        gate.watch_write(cx, progress)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let gate = self.get_mut();
        if gate.linger.is_none() {
            let progress = Pin::new(&mut gate.stream).poll_shutdown(cx);
            ready!(gate.watch_write(cx, progress))?;
            let clean = gate.next == Next::Stream && gate.scan.is_at_head() && gate.held.is_empty();
            if gate.ended || clean || gate.next == Next::End {
                return Poll::Ready(Ok(()));
            }
            gate.read_deadline.set(Instant::now() + LINGER_TIME);
            gate.linger = Some(LINGER_BYTES_MAX);
        }
        let left = gate.linger.unwrap_or_default();
        gate.poll_linger(cx, left).map(Ok)
    }
}

#[cfg(test)]
mod tests;
