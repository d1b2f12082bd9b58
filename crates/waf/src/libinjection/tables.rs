//! The words and the fingerprints that libinjection knows, for quick look-up.
//!
//! Both tables are text in `data/`, so that a reader can search them; they are indexed once, at first use. A word is found by its
//! length and four of its bytes, then compared whole: an ordinary word costs about one probe.

use std::sync::LazyLock;

use super::token::Kind;

static WORDS_TEXT: &[u8] = include_bytes!("../../data/libinjection-words.txt");
static FINGERPRINTS_TEXT: &[u8] = include_bytes!("../../data/libinjection-fingerprints.txt");

/// Four times the number of words, and twice the number of fingerprints, to keep the runs of full slots short.
const WORD_SLOTS: usize = 4096;
const FINGERPRINT_SLOTS: usize = 16_384;

/// A known word or phrase, in upper case.
#[derive(Clone, Copy, Debug)]
pub(super) struct Word {
    pub(super) text: &'static [u8],
    pub(super) kind: Kind,
}

/// Words, and slots that hold one more than the place of a word; 0 is empty.
struct Words {
    slots: Box<[u16]>,
    words: Box<[Word]>,
}

struct Fingerprints(Box<[u32]>);

static WORDS: LazyLock<Words> = LazyLock::new(|| {
    let mut slots = vec![0; WORD_SLOTS];
    let mut words = Vec::new();
    for line in lines(WORDS_TEXT) {
        let [letter, b' ', text @ ..] = line else {
            continue;
        };
        let Some(kind) = Kind::of_letter(*letter) else {
            continue;
        };
        words.push(Word { text, kind });
        let start = slot_of(text.len(), |at| text.get(at).copied());
        if let Some(slot) = probes(start, WORD_SLOTS).find(|at| slots.get(*at) == Some(&0)) {
            fill(&mut slots, slot, u16::try_from(words.len()).unwrap_or(0));
        }
    }
    Words {
        slots: slots.into_boxed_slice(),
        words: words.into_boxed_slice(),
    }
});

static FINGERPRINTS: LazyLock<Fingerprints> = LazyLock::new(|| {
    let mut slots = vec![0; FINGERPRINT_SLOTS];
    for line in lines(FINGERPRINTS_TEXT) {
        let codes = line
            .iter()
            .filter_map(|letter| kind_of_upper(*letter))
            .map(Kind::code);
        let packed = codes.fold(0, |packed, code| packed << 5 | code);
        if let Some(slot) =
            probes(scatter(packed), FINGERPRINT_SLOTS).find(|at| slots.get(*at) == Some(&0))
        {
            fill(&mut slots, slot, packed);
        }
    }
    Fingerprints(slots.into_boxed_slice())
});

fn lines(text: &'static [u8]) -> impl Iterator<Item = &'static [u8]> {
    text.split(|byte| *byte == b'\n')
        .filter(|line| !line.is_empty() && !line.starts_with(b"#"))
}

fn fill<T>(slots: &mut [T], at: usize, value: T) {
    if let Some(slot) = slots.get_mut(at) {
        *slot = value;
    }
}

fn probes(start: usize, slots: usize) -> impl Iterator<Item = usize> {
    (0..slots).map(move |step| (start + step) % slots)
}

/// Fingerprints are written in upper case although most letters are not.
fn kind_of_upper(letter: u8) -> Option<Kind> {
    Kind::of_letter(letter.to_ascii_lowercase()).or_else(|| Kind::of_letter(letter))
}

/// The slot where the search for a word begins. Bytes lose the bit that tells cases apart; other bytes may lose it as well.
#[inline]
fn slot_of(len: usize, byte: impl Fn(usize) -> Option<u8>) -> usize {
    let folded = |at: usize| byte(at).unwrap_or(0) & 0xdf;
    let bytes = [
        folded(0),
        folded(1),
        folded(len / 2),
        folded(len.wrapping_sub(1)),
    ];
    let length = u32::try_from(len).unwrap_or(u32::MAX);
    let mixed =
        u32::from_le_bytes(bytes).wrapping_mul(0x85eb_ca77) ^ length.wrapping_mul(0x85eb_ca6b);
    // The upper twelve bits, one of 4096 slots.
    (mixed.wrapping_mul(0x85eb_ca77) >> 20) as usize
}

/// The slot where the search for a packed fingerprint begins: the upper fourteen bits.
#[inline]
fn scatter(packed: u32) -> usize {
    (packed.wrapping_mul(0x9e37_79b1) >> 18) as usize
}

#[inline]
fn search(start: usize, matches: impl Fn(&'static [u8]) -> bool) -> Option<Word> {
    let Words { slots, words } = &*WORDS;
    let mut at = start;
    loop {
        let place = usize::from(*slots.get(at)?);
        let word = *words.get(place.checked_sub(1)?)?;
        if matches(word.text) {
            return Some(word);
        }
        at = (at + 1) % WORD_SLOTS;
    }
}

/// The kind of a word or of an operator of two bytes.
#[inline]
pub(super) fn word(key: &[u8]) -> Option<Kind> {
    let start = slot_of(key.len(), |at| key.get(at).copied());
    search(start, |text| text.eq_ignore_ascii_case(key)).map(|word| word.kind)
}

/// The phrase that two texts make with a space between them. Every word of every phrase begins with a letter, which spares most
/// operators the search.
pub(super) fn phrase(before: &[u8], behind: &[u8]) -> Option<Word> {
    if !before.first()?.is_ascii_alphabetic() || !behind.first()?.is_ascii_alphabetic() {
        return None;
    }
    let gap = before.len();
    let byte = |at: usize| match at.checked_sub(gap) {
        None => before.get(at).copied(),
        Some(0) => Some(b' '),
        Some(later) => behind.get(later - 1).copied(),
    };
    let len = gap + 1 + behind.len();
    search(slot_of(len, byte), |text| {
        text.len() == len
            && text.split_at_checked(gap).is_some_and(|(left, right)| {
                left.eq_ignore_ascii_case(before)
                    && right
                        .strip_prefix(b" ")
                        .is_some_and(|right| right.eq_ignore_ascii_case(behind))
            })
    })
}

/// Whether tokens of these kinds are a known attack.
pub(super) fn is_attack(kinds: impl Iterator<Item = Kind>) -> bool {
    let packed = kinds.fold(0_u32, |packed, kind| packed << 5 | kind.code());
    let slots = &FINGERPRINTS.0;
    let mut at = scatter(packed);
    loop {
        match slots.get(at) {
            None | Some(0) => return false,
            Some(known) if *known == packed => return true,
            Some(_) => at = (at + 1) % FINGERPRINT_SLOTS,
        }
    }
}

#[cfg(test)]
mod tests;
