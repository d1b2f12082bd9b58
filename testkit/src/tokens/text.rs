//! The words between `<` and `>` in a row: times, keys, repetitions, bytes.

use super::forge::{MakeError, Names, TokenProfile, good_texts};

/// Replaces every `<…>`. The result is bytes, because some tokens are no text.
///
/// | word | stands for |
/// |---|---|
/// | `<now+life-5>` | seconds: a sum of `now`, `life` (the longest the profile allows) and numbers |
/// | `<rep:257:a>` | `a`, 257 times |
/// | `<list:65:a>` | `"a","a",…`, 65 times |
/// | `<hex:fffe>` | these bytes |
/// | `<kid>`, `<KID>`, `<jwk>`, `<iss>`, … | a name of the profile, the same in capitals |
/// | `<good-payload>` | the good token's payload as JSON |
pub(crate) fn expand(text: &str, profile: &TokenProfile<'_>) -> Result<Vec<u8>, MakeError> {
    let mut out = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('<') {
        out.extend_from_slice(before.as_bytes());
        let (word, after) = after
            .split_once('>')
            .ok_or_else(|| MakeError::Row(format!("no `>` in `{text}`")))?;
        out.extend(stands_for(word, profile)?);
        rest = after;
    }
    out.extend_from_slice(rest.as_bytes());
    Ok(out)
}

fn stands_for(word: &str, profile: &TokenProfile<'_>) -> Result<Vec<u8>, MakeError> {
    let unknown = || MakeError::Row(format!("`<{word}>` stands for nothing"));
    if let Some(digits) = word.strip_prefix("hex:") {
        return bytes_of(digits).ok_or_else(unknown);
    }
    for (prefix, join) in [("rep:", ""), ("list:", ",")] {
        let Some((count, text)) = word
            .strip_prefix(prefix)
            .and_then(|rest| rest.split_once(':'))
        else {
            continue;
        };
        let count: usize = count.parse().or(Err(unknown()))?;
        let one = if join.is_empty() {
            text.to_owned()
        } else {
            format!("\"{text}\"")
        };
        return Ok(vec![one; count].join(join).into_bytes());
    }
    if let Some(name) = name(word, &profile.names) {
        return Ok(name.into_bytes());
    }
    let [header, payload] = good_texts(profile);
    match word {
        "good-header" => return Ok(header),
        "good-payload" => return Ok(payload),
        _ => {}
    }
    let seconds = sum(word, profile).ok_or_else(unknown)?;
    Ok(seconds.to_string().into_bytes())
}

fn name(word: &str, names: &Names) -> Option<String> {
    let (_, host_and_path) = names.issuer.split_once("://")?;
    let (host, path) = host_and_path.split_once('/')?;
    Some(match word {
        "alg" => names.alg.to_owned(),
        "typ" => names.typ.to_owned(),
        "kid" => names.kid.clone(),
        "KID" => names.kid.to_uppercase(),
        "jwk" => names.jwk.clone(),
        "stranger-kid" => names.stranger_kid.clone(),
        "stranger-jwk" => names.stranger_jwk.clone(),
        "iss" => names.issuer.clone(),
        "ISS" => names.issuer.to_uppercase(),
        "iss-behind-scheme" => host_and_path.to_owned(),
        "iss-host" => host.to_owned(),
        "iss-path" => path.to_owned(),
        "other-iss" => names.other_issuer.clone(),
        "aud" => names.audience.clone(),
        "AUD" => names.audience.to_uppercase(),
        _ => return None,
    })
}

/// `now+life-5`
fn sum(word: &str, profile: &TokenProfile<'_>) -> Option<i128> {
    let mut total = 0_i128;
    let mut rest = word;
    let mut sign = 1;
    loop {
        let end = rest.find(['+', '-']).unwrap_or(rest.len());
        let (term, after) = rest.split_at_checked(end)?;
        let value = match term {
            "now" => i128::from(profile.now),
            "life" => i128::from(profile.life),
            digits => digits.parse().ok()?,
        };
        total += sign * value;
        let mut signs = after.chars();
        match signs.next() {
            None => return Some(total),
            Some('+') => sign = 1,
            Some(_) => sign = -1,
        }
        rest = signs.as_str();
    }
}

/// Bytes of hexadecimal digits.
pub(crate) fn bytes_of(digits: &str) -> Option<Vec<u8>> {
    if digits.is_empty() || !digits.len().is_multiple_of(2) {
        return None;
    }
    digits
        .as_bytes()
        .chunks(2)
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok())
        .collect()
}
