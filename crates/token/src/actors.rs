//! `act`: who acts for the subject (RFC 8693 §4.1), each in the one before.

use std::fmt;

use serde::Serialize;
use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// Most actors of one token. Whoever exchanges it once more is refused.
pub const ACTORS_MAX: usize = 4;

/// The claim as it is written.
#[derive(Serialize)]
pub(crate) struct Act<'a> {
    sub: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    act: Option<Box<Self>>,
}

impl<'a> Act<'a> {
    /// The last to act comes first, and outside.
    pub(crate) fn of(actors: &'a [String]) -> Option<Self> {
        let around = |inner: Option<Self>, sub: &'a String| {
            Some(Self {
                sub,
                act: inner.map(Box::new),
            })
        };
        actors.iter().rev().fold(None, around)
    }
}

/// The claim as it is read: objects of `sub` and perhaps `act`, each name once; `None` for anything else.
#[derive(Debug)]
pub(crate) struct Read(pub(crate) Option<Vec<String>>);

impl<'de> Deserialize<'de> for Read {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Any)
    }
}

/// Takes every value, so that what is wrong with it is our own word and not the parser's.
struct Any;

impl<'de> Visitor<'de> for Any {
    type Value = Read;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an actor")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Read, A::Error> {
        let (mut subject, mut inner, mut good) = (None, None, true);
        while let Some(name) = map.next_key::<String>()? {
            match name.as_str() {
                "sub" => good &= subject.replace(map.next_value::<Subject>()?).is_none(),
                "act" => good &= inner.replace(map.next_value::<Read>()?).is_none(),
                _ => {
                    map.next_value::<IgnoredAny>()?;
                    good = false;
                }
            }
        }
        let subject = subject.and_then(|Subject(subject)| subject);
        let inner = inner.map_or(Some(Vec::new()), |Read(inner)| inner);
        let chain = subject.zip(inner).map(|(subject, mut chain)| {
            chain.insert(0, subject);
            chain
        });
        Ok(Read(
            chain.filter(|chain| good && chain.len() <= ACTORS_MAX),
        ))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Read, A::Error> {
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Read(None))
    }

    fn visit_str<E>(self, _text: &str) -> Result<Read, E> {
        Ok(Read(None))
    }

    fn visit_bool<E>(self, _value: bool) -> Result<Read, E> {
        Ok(Read(None))
    }

    fn visit_u64<E>(self, _value: u64) -> Result<Read, E> {
        Ok(Read(None))
    }

    fn visit_i64<E>(self, _value: i64) -> Result<Read, E> {
        Ok(Read(None))
    }

    fn visit_f64<E>(self, _value: f64) -> Result<Read, E> {
        Ok(Read(None))
    }

    fn visit_unit<E>(self) -> Result<Read, E> {
        Ok(Read(None))
    }
}

/// Text, or something else.
struct Subject(Option<String>);

impl<'de> Deserialize<'de> for Subject {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = serde_json::Value::deserialize(deserializer)?;
        Ok(Self(value.as_str().map(str::to_owned)))
    }
}
