//! `normalizePath` and `normalizePathWin`: no empty segment, no `.`, no `..` that something precedes.

pub(super) fn normalize(input: &[u8], out: &mut Vec<u8>) -> bool {
    if !may_change(input) {
        return false;
    }
    super::start(out, input, input.len());
    normalize_in_place(out);
    out.as_slice() != input
}

/// Backslashes become slashes first, all of them. (`libmodsecurity` leaves one of three in a row.)
pub(super) fn normalize_windows(input: &[u8], out: &mut Vec<u8>) -> bool {
    if memchr::memchr(b'\\', input).is_none() {
        return normalize(input, out);
    }
    out.clear();
    out.extend(input.iter().map(|byte| match byte {
        b'\\' => b'/',
        byte => *byte,
    }));
    if may_change(out) {
        normalize_in_place(out);
    }
    true
}

/// Is there an empty segment, or one that ends in a dot? Without either nothing changes.
fn may_change(path: &[u8]) -> bool {
    let ends_in_dot = path.last() == Some(&b'.');
    let mut slashes = memchr::memchr_iter(b'/', path);
    ends_in_dot
        || slashes.any(|at| {
            let before = at.checked_sub(1).and_then(|at| path.get(at));
            matches!(before, Some(b'/' | b'.'))
        })
}

/// The algorithm is Apache's way with a write position in the same buffer: `done` bytes are final, and a `..` takes the last
/// segment off them.
fn normalize_in_place(path: &mut Vec<u8>) {
    let Some(end) = path.len().checked_sub(1) else {
        return;
    };
    let relative = path.first() != Some(&b'/');
    let trailing = path.last() == Some(&b'/');
    let mut writer = Writer {
        path,
        relative,
        done: 0,
        hit_root: false,
    };
    let mut read = 0;
    while read <= end {
        let last = read == end;
        if last || writer.at(read + 1) == b'/' {
            match writer.end_segment(read, last) {
                Step::Copy => {}
                Step::Skip if last => break,
                Step::Skip => read += 1,
            }
        }
        if writer.at(read) == b'/' {
            while read < end && writer.at(read + 1) == b'/' {
                read += 1;
            }
            if relative && writer.done == 0 {
                read += 1;
                continue;
            }
        }
        let byte = writer.at(read);
        writer.push(byte);
        read += 1;
    }
    let mut done = writer.done;
    if !trailing && done > 0 && writer.at(done - 1) == b'/' {
        done -= 1;
    }
    path.truncate(done);
}

enum Step {
    /// The byte belongs to the result.
    Copy,
    /// The byte, a dot, was a reference and is gone.
    Skip,
}

struct Writer<'a> {
    path: &'a mut Vec<u8>,
    relative: bool,
    /// So many bytes at the start are the result so far.
    done: usize,
    /// A relative path has climbed above its start: further `..` stay.
    hit_root: bool,
}

impl Writer<'_> {
    fn at(&self, index: usize) -> u8 {
        self.path.get(index).copied().unwrap_or(0)
    }

    fn push(&mut self, byte: u8) {
        if let Some(place) = self.path.get_mut(self.done) {
            *place = byte;
            self.done += 1;
        }
    }

    fn before(&self) -> Option<u8> {
        self.done.checked_sub(1).map(|at| self.at(at))
    }

    /// The byte at `read` is the last of a segment.
    fn end_segment(&mut self, read: usize, last: bool) -> Step {
        match (self.at(read), self.before()) {
            (b'/', _) if !last => Step::Copy,
            (b'.', Some(b'.')) => {
                if self.relative && (self.hit_root || self.done <= 2) {
                    self.hit_root = true;
                    return Step::Copy;
                }
                self.take_off_segment(last);
                Step::Skip
            }
            (b'.', None) => Step::Skip,
            (b'.', Some(b'/')) => {
                // At the end the slash is judged like any other; elsewhere the one behind the dot takes its place.
                if !last {
                    self.done -= 1;
                }
                Step::Skip
            }
            (b'.', Some(_)) | (_, None) => Step::Copy,
            (_, Some(_)) => {
                self.hit_root = false;
                Step::Copy
            }
        }
    }

    /// Back to the slash before the last segment. The end of `done` is the first dot of `..`.
    fn take_off_segment(&mut self, last: bool) {
        self.done = self.done.saturating_sub(3);
        while self.done > 0 && self.at(self.done) != b'/' {
            self.done -= 1;
        }
        if self.done == 0 {
            self.hit_root = true;
            // The root's slash stays.
            if !self.relative && last {
                self.done = 1;
            }
        }
    }
}
