//! The structure of a PNG image (W3C PNG, third edition), walked without decoding a pixel.

#[cfg(test)]
mod tests;

const SIGNATURE: [u8; 8] = [0x89, b'P', b'N', b'G', 0x0d, 0x0a, 0x1a, 0x0a];
/// Longest side, pixels.
const SIDE_MAX: u32 = 16_384;
/// Most chunks in one image.
const CHUNKS_MAX: usize = 1024;

/// What the header says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Header {
    pub(crate) width: u32,
    pub(crate) height: u32,
}

/// Why the bytes are not a well-formed PNG image.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Flaw {
    #[error("no PNG signature")]
    Signature,
    #[error("a chunk ends too early")]
    Short,
    #[error("a chunk's name is not four letters")]
    Name,
    #[error("a chunk's checksum does not hold")]
    Checksum,
    #[error("the header is missing, misplaced or out of bounds")]
    Header,
    #[error("an unknown critical chunk")]
    Critical,
    #[error("chunks stand in the wrong order")]
    Order,
    #[error("too many chunks")]
    Many,
    #[error("bytes after the end")]
    Trailing,
}

/// How far the walk has come.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    Before,
    Palette,
    Data,
    After,
}

/// Walks all chunks.
pub(crate) fn describe(bytes: &[u8]) -> Result<Header, Flaw> {
    let rest = bytes.strip_prefix(&SIGNATURE).ok_or(Flaw::Signature)?;
    let (first, mut rest) = take(rest)?;
    if first.name != *b"IHDR" {
        return Err(Flaw::Header);
    }
    let (header, colour) = read_header(first.content)?;
    let mut stage = Stage::Before;
    for _ in 1..CHUNKS_MAX {
        let (chunk, after) = take(rest)?;
        rest = after;
        match (&chunk.name, stage) {
            (b"IEND", Stage::Data | Stage::After) if chunk.content.is_empty() => {
                return if rest.is_empty() {
                    Ok(header)
                } else {
                    Err(Flaw::Trailing)
                };
            }
            (b"PLTE", Stage::Before) if palette_holds(chunk.content, colour) => {
                stage = Stage::Palette;
            }
            (b"IDAT", Stage::Before) if colour == 3 => return Err(Flaw::Order),
            (b"IDAT", Stage::Before | Stage::Palette | Stage::Data) => stage = Stage::Data,
            (b"IHDR" | b"PLTE" | b"IDAT" | b"IEND", _) => return Err(Flaw::Order),
            (name, _) if is_critical(*name) => return Err(Flaw::Critical),
            (_, Stage::Data) => stage = Stage::After,
            (_, Stage::Before | Stage::Palette | Stage::After) => {}
        }
    }
    Err(Flaw::Many)
}

struct Chunk<'a> {
    name: [u8; 4],
    content: &'a [u8],
}

/// The next chunk, its checksum verified, and what follows it.
fn take(bytes: &[u8]) -> Result<(Chunk<'_>, &[u8]), Flaw> {
    let (length, rest) = bytes.split_first_chunk::<4>().ok_or(Flaw::Short)?;
    let (name, rest) = rest.split_first_chunk::<4>().ok_or(Flaw::Short)?;
    // The third letter's case is reserved and upper.
    if !name.iter().all(u8::is_ascii_alphabetic) || !matches!(name, [_, _, b'A'..=b'Z', _]) {
        return Err(Flaw::Name);
    }
    let length = usize::try_from(u32::from_be_bytes(*length)).unwrap_or(usize::MAX);
    let (content, rest) = rest.split_at_checked(length).ok_or(Flaw::Short)?;
    let (checksum, rest) = rest.split_first_chunk::<4>().ok_or(Flaw::Short)?;
    if crc(name.iter().chain(content)) != u32::from_be_bytes(*checksum) {
        return Err(Flaw::Checksum);
    }
    Ok((
        Chunk {
            name: *name,
            content,
        },
        rest,
    ))
}

/// Size and colour type.
fn read_header(content: &[u8]) -> Result<(Header, u8), Flaw> {
    let Some((width, rest)) = content.split_first_chunk::<4>() else {
        return Err(Flaw::Header);
    };
    let Some((height, rest)) = rest.split_first_chunk::<4>() else {
        return Err(Flaw::Header);
    };
    let &[depth, colour, 0, 0, 0 | 1] = rest else {
        return Err(Flaw::Header);
    };
    let depth_holds = match colour {
        0 => matches!(depth, 1 | 2 | 4 | 8 | 16),
        2 | 4 | 6 => matches!(depth, 8 | 16),
        3 => matches!(depth, 1 | 2 | 4 | 8),
        _ => false,
    };
    let header = Header {
        width: u32::from_be_bytes(*width),
        height: u32::from_be_bytes(*height),
    };
    let sides = 1..=SIDE_MAX;
    if depth_holds && sides.contains(&header.width) && sides.contains(&header.height) {
        Ok((header, colour))
    } else {
        Err(Flaw::Header)
    }
}

fn palette_holds(content: &[u8], colour: u8) -> bool {
    let whole = content.len().is_multiple_of(3) && (3..=768).contains(&content.len());
    whole && matches!(colour, 2 | 3 | 6)
}

const fn is_critical([first, ..]: [u8; 4]) -> bool {
    first.is_ascii_uppercase()
}

/// CRC-32 (ISO 3309), bit by bit: at most 64 KiB are walked.
fn crc<'a>(bytes: impl Iterator<Item = &'a u8>) -> u32 {
    let all = bytes.fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| {
            if crc & 1 == 1 {
                (crc >> 1) ^ 0xedb8_8320
            } else {
                crc >> 1
            }
        })
    });
    !all
}
