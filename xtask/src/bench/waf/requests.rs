//! Six kinds of harmless request. A seed and an iteration give the same request everywhere, and no two iterations the same one:
//! an engine that remembers values, or a cache that warms up on one request, must not look fast.

/// A request with all its headers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Request {
    pub(crate) method: &'static str,
    pub(crate) target: String,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: String,
}

/// What is requested.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// `GET` of a path, three headers.
    BareGet,
    /// `GET` with five arguments, nine headers and three cookies.
    GetWithQuery,
    /// A form of 133 bytes.
    Form,
    /// JSON of 920 bytes, 33 leaves.
    JsonSmall,
    /// JSON of 16,384 bytes, 557 leaves.
    JsonLeaves,
    /// JSON of 16,384 bytes, three long texts.
    JsonTexts,
}

impl Kind {
    pub(crate) const ALL: [Self; 6] = [
        Self::BareGet,
        Self::GetWithQuery,
        Self::Form,
        Self::JsonSmall,
        Self::JsonLeaves,
        Self::JsonTexts,
    ];

    /// The name in the results.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::BareGet => "bare GET",
            Self::GetWithQuery => "GET with query",
            Self::Form => "form 133 B",
            Self::JsonSmall => "JSON 0.9 KB",
            Self::JsonLeaves => "JSON 16 KB, 557 leaves",
            Self::JsonTexts => "JSON 16 KB, 3 texts",
        }
    }
}

const WORDS: &[&str] = &[
    "account", "amber", "annual", "april", "autumn", "balance", "basket", "berlin", "bicycle",
    "blue", "bridge", "bright", "calendar", "camera", "canvas", "castle", "cedar", "circle",
    "cloud", "coffee", "copper", "corner", "cotton", "custom", "daily", "delivery", "design",
    "distant", "early", "eastern", "eleven", "energy", "evening", "family", "famous", "feather",
    "flower", "forest", "friday", "garden", "gentle", "glass", "golden", "granite", "green",
    "hamburg", "harbour", "honest", "island", "january", "kitchen", "lantern", "large", "leather",
    "lemon", "library", "light", "linen", "little", "maple", "market", "meadow", "medium",
    "modern", "monday", "morning", "mountain", "music", "narrow", "northern", "ocean", "office",
    "olive", "orange", "paper", "pepper", "picture", "planet", "pocket", "purple", "quiet",
    "radio", "railway", "river", "school", "season", "seven", "silver", "simple", "small",
    "spring", "station", "stone", "summer", "sunday", "table", "thursday", "timber", "travel",
    "valley", "velvet", "village", "violet", "water", "weather", "window", "winter", "yellow",
];

const SYLLABLES: &[&str] = &[
    "ba", "bel", "cor", "da", "del", "fa", "fen", "gor", "ha", "ka", "kel", "la", "len", "ma",
    "mir", "na", "nel", "or", "pa", "ra", "rin", "sa", "sol", "ta", "tam", "va", "vel", "wen",
    "ya", "zor",
];

/// `SplitMix64`: small, seeded, and good enough to make text.
pub(super) struct Random(u64);

impl Random {
    /// The same for the same seed and iteration.
    pub(super) fn new(seed: u64, iteration: u64) -> Self {
        let mut random = Self(seed ^ iteration.wrapping_mul(0xd6e8_feb8_6659_fd93));
        random.draw();
        random
    }

    fn draw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    pub(super) fn below(&mut self, end: u64) -> u64 {
        self.draw() % end.max(1)
    }

    fn one_of<'a>(&mut self, list: &[&'a str]) -> &'a str {
        let index = usize::try_from(self.below(list.len() as u64)).unwrap_or(0);
        list.get(index).copied().unwrap_or_default()
    }

    /// A common word, or one time in three a made-up name.
    pub(super) fn word(&mut self) -> String {
        if self.below(3) > 0 {
            return self.one_of(WORDS).to_owned();
        }
        (0..3).map(|_| self.one_of(SYLLABLES)).collect()
    }

    pub(super) fn words(&mut self, count: usize, between: &str) -> String {
        let words: Vec<String> = (0..count).map(|_| self.word()).collect();
        words.join(between)
    }

    fn hexadecimal(&mut self) -> String {
        format!("{:016x}", self.draw())
    }

    /// Words of exactly that many bytes.
    pub(super) fn text(&mut self, bytes: usize) -> String {
        let mut text = self.word();
        while text.len() < bytes {
            text.push_str(if self.below(9) == 0 { ", " } else { " " });
            text.push_str(&self.word());
        }
        // Words and separators are ASCII.
        text.truncate(bytes);
        text
    }
}

/// The request of that iteration.
pub(crate) fn request(kind: Kind, seed: u64, iteration: u64) -> Request {
    let random = &mut Random::new(seed, iteration);
    match kind {
        Kind::BareGet => bare_get(random),
        Kind::GetWithQuery => get_with_query(random),
        Kind::Form => form(random),
        Kind::JsonSmall => json(padded(random, 920, json_small)),
        Kind::JsonLeaves => json(padded(random, 16_384, json_leaves)),
        Kind::JsonTexts => json(json_texts(random)),
    }
}

fn bare_get(random: &mut Random) -> Request {
    Request {
        method: "GET",
        target: format!("/v1/{}/{}", random.word(), random.below(1_000_000)),
        headers: vec![
            ("Host", "api.example.com".to_owned()),
            ("User-Agent", "example-client/4.2".to_owned()),
            ("Accept", "*/*".to_owned()),
        ],
        body: String::new(),
    }
}

fn get_with_query(random: &mut Random) -> Request {
    let target = format!(
        "/v1/products/{}?q={}&category={}&page={}&sort=price-{}&ref={}",
        random.word(),
        random.words(3, "+"),
        random.word(),
        random.below(500),
        random.word(),
        random.hexadecimal(),
    );
    let cookie = format!(
        "session={}{}; theme={}; visited={}",
        random.hexadecimal(),
        random.hexadecimal(),
        random.word(),
        random.below(1_000_000_000),
    );
    Request {
        method: "GET",
        target,
        headers: browser(random, Some(cookie)),
        body: String::new(),
    }
}

fn browser(random: &mut Random, cookie: Option<String>) -> Vec<(&'static str, String)> {
    let version = 120 + random.below(30);
    let mut headers = vec![
        ("Host", "api.example.com".to_owned()),
        (
            "User-Agent",
            format!(
                "Mozilla/5.0 (X11; Linux x86_64; rv:{version}.0) Gecko/20100101 Firefox/{version}.0"
            ),
        ),
        ("Accept", "application/json, text/plain, */*".to_owned()),
        ("Accept-Language", "en-GB,en;q=0.7,de;q=0.3".to_owned()),
        ("Accept-Encoding", "gzip, deflate, br".to_owned()),
        (
            "Referer",
            format!("https://www.example.com/{}", random.words(2, "/")),
        ),
        ("X-Request-Id", random.hexadecimal()),
        ("Connection", "keep-alive".to_owned()),
    ];
    headers.extend(cookie.map(|cookie| ("Cookie", cookie)));
    headers
}

pub(super) fn post(kind: &'static str, body: String) -> Request {
    Request {
        method: "POST",
        target: "/v1/items".to_owned(),
        headers: vec![
            ("Host", "api.example.com".to_owned()),
            ("User-Agent", "example-client/4.2".to_owned()),
            ("Accept", "application/json".to_owned()),
            ("Content-Type", kind.to_owned()),
            ("Content-Length", body.len().to_string()),
        ],
        body,
    }
}

fn json(body: String) -> Request {
    post("application/json", body)
}

fn form(random: &mut Random) -> Request {
    let start = format!(
        "name={}&city={}&amount={}&email={}%40example.com&comment=",
        random.words(2, "+"),
        random.word(),
        random.below(100_000),
        random.word(),
    );
    let comment = random.text(133_usize.saturating_sub(start.len()));
    let body = start + &comment.replace(", ", "++").replace(' ', "+");
    post("application/x-www-form-urlencoded", body)
}

/// What `make` makes with an empty note is measured, and the note is as long as is missing.
fn padded(random: &mut Random, bytes: usize, make: fn(&mut Random, &str) -> String) -> String {
    let before = random.0;
    let without = make(random, "").len();
    let note = random.text(bytes.saturating_sub(without));
    random.0 = before;
    make(random, &note)
}

fn json_small(random: &mut Random, note: &str) -> String {
    let items: Vec<String> = (0..3).map(|_| item(random)).collect();
    format!(
        "{{\"customer\":\"{}\",\"city\":\"{}\",\"token\":\"{}\",\"total\":{},\"paid\":true,\"items\":[{}],\
         \"note\":\"{note}\"}}",
        random.words(2, " "),
        random.word(),
        random.hexadecimal(),
        random.below(100_000),
        items.join(","),
    )
}

/// Nine leaves.
pub(super) fn item(random: &mut Random) -> String {
    format!(
        "{{\"id\":{},\"sku\":\"{}-{}\",\"name\":\"{}\",\"quantity\":{},\"price\":{}.{:02},\"colour\":\"{}\",\
         \"size\":\"{}\",\"origin\":\"{}\",\"stock\":{}}}",
        random.below(1_000_000),
        random.one_of(SYLLABLES),
        random.below(100_000),
        random.words(2, " "),
        random.below(100),
        random.below(1000),
        random.below(100),
        random.one_of(WORDS),
        random.one_of(WORDS),
        random.one_of(WORDS),
        random.below(10_000),
    )
}

/// Sixty-one items of nine leaves, seven leaves around them, and the note.
fn json_leaves(random: &mut Random, note: &str) -> String {
    let items: Vec<String> = (0..61).map(|_| item(random)).collect();
    format!(
        "{{\"batch\":{},\"warehouse\":\"{}\",\"street\":\"{}\",\"city\":\"{}\",\"created\":{},\"draft\":false,\
         \"token\":\"{}\",\"items\":[{}],\"note\":\"{note}\"}}",
        random.below(1_000_000),
        random.word(),
        random.words(2, " "),
        random.word(),
        1_700_000_000 + random.below(100_000_000),
        random.hexadecimal(),
        items.join(","),
    )
}

fn json_texts(random: &mut Random) -> String {
    const FRAME: usize = r#"{"title":"","summary":"","text":""}"#.len();
    let title = random.text(2000);
    let summary = random.text(4000);
    let text = random.text(16_384 - FRAME - 6000);
    format!("{{\"title\":\"{title}\",\"summary\":\"{summary}\",\"text\":\"{text}\"}}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn leaves(value: &serde_json::Value) -> usize {
        match value {
            serde_json::Value::Array(items) => items.iter().map(leaves).sum(),
            serde_json::Value::Object(entries) => entries.values().map(leaves).sum(),
            serde_json::Value::Null
            | serde_json::Value::Bool(_)
            | serde_json::Value::Number(_)
            | serde_json::Value::String(_) => 1,
        }
    }

    #[test]
    fn requests_are_as_long_as_they_say_and_never_repeat() {
        let expected = [
            (0, 0),
            (0, 0),
            (133, 0),
            (920, 33),
            (16_384, 557),
            (16_384, 3),
        ];
        for (kind, (bytes, leaf_count)) in Kind::ALL.into_iter().zip(expected) {
            let name = kind.name();
            for iteration in 0..200 {
                let made = request(kind, 7, iteration);
                assert_eq!(made.body.len(), bytes, "{name} {iteration}");
                assert_eq!(made, request(kind, 7, iteration));
                assert_ne!(made, request(kind, 7, iteration + 1));
                if leaf_count > 0 {
                    let body = serde_json::from_str(&made.body).unwrap();
                    assert_eq!(leaves(&body), leaf_count, "{name} {iteration}");
                }
            }
        }
    }
}
