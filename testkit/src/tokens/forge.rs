//! From a good token of a profile to a bad one, as a row says.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::text::{bytes_of, expand};

mod part;
mod seal;

use part::Part;
use seal::Seal;

/// Who signs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hand {
    /// The key that the reader knows.
    Own,
    /// Another key of the same kind.
    Stranger,
    /// HMAC-SHA256 under the public key's text: the classic confusion of algorithms.
    Hs256,
    /// HMAC-SHA512 under the same, as long as a signature of the profile.
    Hs512,
}

/// The order of a signature's group, as one of the signature's halves writes it.
#[derive(Debug, Clone, Copy)]
pub enum Order {
    /// ECDSA: the greatest byte first, all 256 bits in use.
    Big([u8; 32]),
    /// Ed25519: the least byte first, and room above.
    Little([u8; 32]),
}

impl Order {
    fn bytes(&self) -> &[u8; 32] {
        match self {
            Self::Big(bytes) | Self::Little(bytes) => bytes,
        }
    }
}

/// The names in the tokens of one reader.
#[derive(Debug, Clone)]
pub struct Names {
    /// `alg`.
    pub alg: &'static str,
    /// `typ`.
    pub typ: &'static str,
    /// The key that the reader knows, and its public half as JWK.
    pub kid: String,
    /// See `kid`.
    pub jwk: String,
    /// The key of [`Hand::Stranger`], and its public half as JWK.
    pub stranger_kid: String,
    /// See `stranger_kid`.
    pub stranger_jwk: String,
    /// `iss`, an `https` address with a path.
    pub issuer: String,
    /// `iss` of the other kind of token.
    pub other_issuer: String,
    /// `aud`.
    pub audience: String,
}

/// What a good token of one reader looks like, and who signs it.
#[expect(missing_debug_implementations, reason = "it holds a function")]
pub struct TokenProfile<'a> {
    /// Members of the header, each with its JSON text.
    pub header: Vec<(&'static str, String)>,
    /// Claims, each with its JSON text.
    pub payload: Vec<(&'static str, String)>,
    /// Seconds since 1970 at which it is read.
    pub now: u64,
    /// Seconds from `iat` to `exp` at most.
    pub life: u64,
    /// What it names its keys, its issuer and its audience.
    pub names: Names,
    /// The order of the signature's group.
    pub order: Order,
    /// Signs.
    pub sign: &'a dyn Fn(Hand, &[u8]) -> Vec<u8>,
}

/// Why there is no token.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MakeError {
    /// The row cannot be understood.
    #[error("{0}")]
    Row(String),
    /// The profile has nothing that the row could change.
    #[error("the profile has no `{0}`")]
    Lacks(String),
}

/// A token on its way.
pub(super) struct Draft<'a> {
    profile: &'a TokenProfile<'a>,
    header: Part,
    payload: Part,
    seal: Seal,
    compact: Option<String>,
    bytes: Option<(usize, bool)>,
}

/// Makes the token of `steps` from a good token of `profile`.
///
/// | step | effect |
/// |---|---|
/// | `header alg = "x"`, `payload exp = 1` | a member gets another value |
/// | `header - typ` | a member goes |
/// | `payload + sub = "x"`, `payload < sub = "x"` | one more member, at the end or in front |
/// | `payload : []` | another text |
/// | `payload >> x`, `payload << x` | text behind or in front of it |
/// | `sign stranger`, `hs256`, `hs512`, `good` | by whom; `good` keeps the good token's signature |
/// | `signature empty`, `zeros`, `ones`, `der`, `cut 1`, `add 00`, `flip 7` | the signature afterwards |
/// | `signature first zeros`, `second order` | one half of it |
/// | `signature second plus order` | the same number modulo the order |
/// | `compact <H>.<P>.<S>` | how the parts are joined; `<P~>` has stray bits, `<P/>` the other alphabet |
/// | `bytes at least 8193`, `bytes at most 8192` | spaces behind the payload until the token is so long |
///
/// # Errors
///
/// See [`MakeError`].
pub fn make(profile: &TokenProfile<'_>, steps: &[String]) -> Result<String, MakeError> {
    let mut draft = Draft {
        profile,
        header: Part::of(&profile.header),
        payload: Part::of(&profile.payload),
        seal: Seal::default(),
        compact: None,
        bytes: None,
    };
    for step in steps {
        draft.step(step)?;
    }
    draft.finish()
}

impl Draft<'_> {
    fn step(&mut self, step: &str) -> Result<(), MakeError> {
        let unknown = || MakeError::Row(format!("step `{step}` is not understood"));
        let (what, rest) = step.split_once(' ').ok_or_else(unknown)?;
        match what {
            "header" => self.header.change(rest, self.profile),
            "payload" => self.payload.change(rest, self.profile),
            "sign" => self.seal.by(rest).ok_or_else(unknown),
            "signature" => self.seal.then(rest).ok_or_else(unknown),
            "compact" => {
                self.compact = Some(rest.to_owned());
                Ok(())
            }
            "bytes" => {
                let least = rest.strip_prefix("at least ");
                let number = least.or_else(|| rest.strip_prefix("at most "));
                let number = number.and_then(|number| number.parse().ok());
                self.bytes = Some((number.ok_or_else(unknown)?, least.is_some()));
                Ok(())
            }
            _ => Err(unknown()),
        }
    }

    fn finish(mut self) -> Result<String, MakeError> {
        let [header, payload] = good_texts(self.profile);
        let good = format!(
            "{}.{}",
            URL_SAFE_NO_PAD.encode(header),
            URL_SAFE_NO_PAD.encode(payload)
        );
        self.fill();
        for (part, word) in [(&mut self.header, "<H~>"), (&mut self.payload, "<P~>")] {
            let asked = self
                .compact
                .as_ref()
                .is_some_and(|text| text.contains(word));
            if asked && part.text().len().is_multiple_of(3) {
                part.after.push(b' ');
            }
        }
        let head = URL_SAFE_NO_PAD.encode(self.header.text());
        let body = URL_SAFE_NO_PAD.encode(self.payload.text());
        let signature = self
            .seal
            .over(&format!("{head}.{body}"), &good, self.profile)?;
        let signature = URL_SAFE_NO_PAD.encode(signature);
        match self.compact {
            None => Ok(format!("{head}.{body}.{signature}")),
            Some(template) => join(&template, [&head, &body, &signature], self.profile),
        }
    }

    /// Spaces behind the payload, which JSON permits, until the token has its length.
    fn fill(&mut self) {
        let Some((bytes, least)) = self.bytes else {
            return;
        };
        let characters = |bytes: usize| (bytes * 4).div_ceil(3);
        let rest = characters(self.header.text().len()) + 2 + characters(64);
        let mut length = self.payload.text().len();
        while rest + characters(length + usize::from(!least)) < bytes + usize::from(!least) {
            length += 1;
        }
        let missing = length - self.payload.text().len();
        self.payload
            .after
            .resize(self.payload.after.len() + missing, b' ');
    }
}

/// Header and payload of the good token.
pub(super) fn good_texts(profile: &TokenProfile<'_>) -> [Vec<u8>; 2] {
    [
        Part::of(&profile.header).text(),
        Part::of(&profile.payload).text(),
    ]
}

/// Puts the parts into the template.
fn join(
    template: &str,
    parts: [&String; 3],
    profile: &TokenProfile<'_>,
) -> Result<String, MakeError> {
    let mut text = template.to_owned();
    for (name, part) in ["H", "P", "S"].into_iter().zip(parts) {
        text = text.replace(&format!("<{name}>"), part);
        for (mark, change) in [("~", stray as fn(&str) -> Option<String>), ("/", other)] {
            let word = format!("<{name}{mark}>");
            if text.contains(&word) {
                let changed = change(part)
                    .ok_or_else(|| MakeError::Row(format!("`{word}` changes nothing")))?;
                text = text.replace(&word, &changed);
            }
        }
    }
    let bytes = expand(&text, profile)?;
    String::from_utf8(bytes).or(Err(MakeError::Row("a token is a text".to_owned())))
}

/// The same bytes with a bit set behind the last one.
fn stray(part: &str) -> Option<String> {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    if part.len().is_multiple_of(4) {
        return None;
    }
    let (before, last) = part.split_at_checked(part.len().checked_sub(1)?)?;
    let at = ALPHABET
        .iter()
        .position(|byte| last.as_bytes() == [*byte])?;
    let next = ALPHABET.get(at + 1)?;
    Some(format!("{before}{}", char::from(*next)))
}

/// The same bytes in the plain alphabet of RFC 4648, section 4.
fn other(part: &str) -> Option<String> {
    let changed = part.replace('-', "+").replace('_', "/");
    (changed != part).then_some(changed)
}

#[cfg(test)]
mod tests;
