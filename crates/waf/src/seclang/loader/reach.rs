//! Files that rules name: included rules, word lists, databases, and the limits on all of them.

use std::borrow::Cow;
use std::sync::Arc;

use super::{Frame, Loader, Step};
use crate::seclang::fault::{Fault, number, quote};
use crate::seclang::lines::Word;
use crate::seclang::syntax::{Directive, Place, Setting};
use crate::seclang::{FILE_BYTES_MAX, FILES_MAX, GEO_BYTES_MAX, INCLUDE_DEPTH_MAX, TEXT_BYTES_MAX};
use crate::transform::UnicodeMap;

impl Loader<'_> {
    /// Counts a file; false when it breaks a limit.
    pub(super) fn take(&mut self, bytes: usize, place: &Place, bytes_max: usize) -> bool {
        self.files_read += 1;
        self.bytes_read = self
            .bytes_read
            .saturating_add(if bytes_max == FILE_BYTES_MAX {
                bytes
            } else {
                0
            });
        let fault = if bytes > bytes_max {
            format!("the file has {bytes} bytes, more than {bytes_max}")
        } else if self.bytes_read > TEXT_BYTES_MAX {
            format!("all files together have more than {TEXT_BYTES_MAX} bytes")
        } else if self.files_read > FILES_MAX {
            format!("more than {FILES_MAX} files are read")
        } else {
            return true;
        };
        self.mistake(place, Fault::new(fault));
        false
    }

    pub(super) fn open(
        &mut self,
        path: Arc<str>,
        from: &Place,
        depth: usize,
    ) -> Option<Frame<'static>> {
        if depth > INCLUDE_DEPTH_MAX {
            let fault = Fault::new(format!(
                "{} is included more than {INCLUDE_DEPTH_MAX} files deep",
                quote(path.as_bytes())
            ));
            self.mistake(from, fault.hint("a file includes itself"));
            return None;
        }
        match self.files.read(&path) {
            Ok(text) => self
                .take(text.len(), from, FILE_BYTES_MAX)
                .then(|| Frame::new(path, Cow::Owned(text), depth)),
            Err(error) => {
                self.mistake(
                    from,
                    Fault::new(format!(
                        "{} cannot be read: {error}",
                        quote(path.as_bytes())
                    )),
                );
                None
            }
        }
    }

    pub(super) fn include(
        &mut self,
        frame: &Frame<'_>,
        words: &[Word<'_>],
        place: &Place,
        required: bool,
        faults: &mut Vec<Fault>,
    ) -> Vec<Step<'static>> {
        let word = match words {
            [_, word] if !word.text.is_empty() => word,
            [_, _, more, ..] => {
                faults.push(
                    Fault::new(format!(
                        "{} is one word too many behind `Include`",
                        quote(more.text)
                    ))
                    .or_at(more.at),
                );
                return Vec::new();
            }
            _ => {
                faults.push(Fault::new("the path behind `Include` is missing"));
                return Vec::new();
            }
        };
        let path = match resolve(&frame.name, word.text) {
            Ok(path) => path,
            Err(fault) => {
                faults.push(fault.or_at(word.at));
                return Vec::new();
            }
        };
        let paths = if required && !path.contains(['*', '?', '[']) {
            Ok(vec![path])
        } else {
            self.files.matching(&path)
        };
        match paths {
            Ok(paths) => {
                if required && paths.is_empty() {
                    let fault = Fault::new(format!("no file matches {}", quote(word.text)));
                    faults.push(fault.hint("`IncludeOptional` allows that").or_at(word.at));
                }
                let open = |path: String| Step::Open {
                    path: path.into(),
                    from: place.clone(),
                    depth: frame.depth + 1,
                };
                // One more than the limit, so that the limit is seen to be broken.
                paths.into_iter().take(FILES_MAX + 1).map(open).collect()
            }
            Err(error) => {
                faults.push(
                    Fault::new(format!("{} cannot be looked up: {error}", quote(word.text)))
                        .or_at(word.at),
                );
                Vec::new()
            }
        }
    }

    /// A file that is not rules.
    pub(super) fn data(
        &mut self,
        from: &str,
        path: &[u8],
        place: &Place,
        bytes_max: usize,
    ) -> Result<Vec<u8>, Fault> {
        let full = resolve(from, path)?;
        let bytes = self
            .files
            .read(&full)
            .map_err(|error| Fault::new(format!("{} cannot be read: {error}", quote(path))))?;
        // A broken limit is reported by itself; the empty data is never used, since a mistake refuses everything.
        Ok(if self.take(bytes.len(), place, bytes_max) {
            bytes
        } else {
            b"0.0.0.0".to_vec()
        })
    }

    pub(super) fn unicode_map(
        &mut self,
        frame: &Frame<'_>,
        words: &[Word<'_>],
        place: &Place,
        faults: &mut Vec<Fault>,
    ) -> Option<Directive> {
        let [_, path, page] = words else {
            faults.push(
                Fault::new("`SecUnicodeMapFile` needs a file and a code page")
                    .hint("for example `unicode.mapping 20127`"),
            );
            return None;
        };
        let map = number(page.text, "code page")
            .map_err(|fault| fault.or_at(page.at))
            .and_then(|page| {
                let text = self.data(&frame.name, path.text, place, FILE_BYTES_MAX)?;
                UnicodeMap::parse(&text, page)
                    .map_err(|error| Fault::new(format!("{}: {error}", quote(path.text))))
            });
        match map {
            Ok(map) => Some(Directive::Setting(Setting::UnicodeMap(Arc::new(map)))),
            Err(fault) => {
                faults.push(fault.or_at(path.at));
                None
            }
        }
    }

    pub(super) fn geo_database(
        &mut self,
        frame: &Frame<'_>,
        words: &[Word<'_>],
        place: &Place,
        faults: &mut Vec<Fault>,
    ) -> Option<Directive> {
        let [_, path] = words else {
            faults.push(Fault::new("`SecGeoLookupDb` needs one file"));
            return None;
        };
        match self.data(&frame.name, path.text, place, GEO_BYTES_MAX) {
            Ok(bytes) => Some(Directive::Setting(Setting::GeoDatabase(bytes.into()))),
            Err(fault) => {
                faults.push(fault.or_at(path.at));
                None
            }
        }
    }
}

/// A path as it is or, when it is relative, in the folder of the file that names it.
fn resolve(from: &str, path: &[u8]) -> Result<String, Fault> {
    let path = std::str::from_utf8(path)
        .ok()
        .ok_or_else(|| Fault::new(format!("the path {} is not UTF-8", quote(path))))?;
    if path.contains("://") {
        return Err(
            Fault::new(format!("{} is not a file", quote(path.as_bytes())))
                .hint("the engine opens no connections"),
        );
    }
    Ok(match from.rsplit_once('/') {
        Some((folder, _)) if !path.starts_with('/') => format!("{folder}/{path}"),
        _ => path.to_owned(),
    })
}
