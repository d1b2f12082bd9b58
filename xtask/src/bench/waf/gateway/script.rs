//! What is sent to the gateways: for wrk a script, for curl its arguments.

use std::path::Path;

use anyhow::Context as _;

use crate::bench::edge::load::Target;
use crate::bench::waf::requests::{self, Kind, Request};

/// Requests that are made before a measurement; each is sent again and again with another number in it.
const PREPARED: u64 = 4000;
/// Where wrk writes the number. None of these bytes is in a request otherwise.
const NUMBER: &str = "@@@@@@@@";
/// SQL injection, as it stands in a form or a query.
const ATTACK: &str = "1%27+OR+1%3D1+UNION+SELECT+password+FROM+users--+";
/// The same in JSON.
const ATTACK_JSON: &str = "1' OR 1=1 UNION SELECT password FROM users-- ";

/// Lua that hands out the prepared requests in turn, numbered, so that no two are the same.
const SCRIPT: &str = r#"
local prepared = {}
for one in io.open("@FILE@"):read("*a"):gmatch("[^%z]+") do prepared[#prepared + 1] = one end
local number = 0
request = function()
  number = number + 1
  return (prepared[number % #prepared + 1]:gsub("@@@@@@@@", string.format("%08x", number), 1))
end
"#;

/// Writes the prepared requests beside the target; returns the script.
pub(super) fn wrk(folder: &Path, kind: Kind, seed: u64) -> anyhow::Result<String> {
    let mut bytes = Vec::new();
    for iteration in 0..PREPARED {
        let request = with_argument(kind, seed, iteration, NUMBER);
        bytes.extend_from_slice(wire(&request).as_bytes());
        bytes.push(0);
    }
    let file = folder.join("requests");
    std::fs::write(&file, bytes).context("requests of wrk")?;
    Ok(SCRIPT.replace("@FILE@", &file.to_string_lossy()))
}

/// Arguments of curl for one request, which prints the status.
pub(super) fn curl(target: &Target, kind: Kind, attack: bool, authority: &Path) -> Vec<String> {
    let value = match (attack, kind) {
        (false, _) => "00000001",
        (true, Kind::JsonSmall) => ATTACK_JSON,
        (true, _) => ATTACK,
    };
    let request = with_argument(kind, 1, 1, value);
    let server = target.url.trim_end_matches("/plain");
    let mut words: Vec<String> = ["-s", "--http1.1", "-o", "/dev/null", "-w", "%{http_code}"]
        .map(str::to_owned)
        .to_vec();
    words.extend(["--cacert".to_owned(), authority.display().to_string()]);
    words.extend(["-X".to_owned(), request.method.to_owned()]);
    for (name, value) in &request.headers {
        if *name != "Content-Length" {
            words.extend(["-H".to_owned(), format!("{name}: {value}")]);
        }
    }
    if !request.body.is_empty() {
        words.extend(["--data-binary".to_owned(), request.body.clone()]);
    }
    words.push(format!("{server}{}", request.target));
    words
}

/// The request of that iteration to this host, with one argument more.
fn with_argument(kind: Kind, seed: u64, iteration: u64, value: &str) -> Request {
    let mut request = requests::request(kind, seed, iteration);
    if let Some(rest) = request.body.strip_prefix('{') {
        request.body = format!("{{\"n\":\"{value}\",{rest}");
    } else if request.body.is_empty() {
        request.target = format!("{}&n={value}", request.target);
    } else {
        request.body = format!("n={value}&{}", request.body);
    }
    for (name, text) in &mut request.headers {
        match *name {
            "Host" => "localhost".clone_into(text),
            "Content-Length" => *text = request.body.len().to_string(),
            _ => {}
        }
    }
    request
}

fn wire(request: &Request) -> String {
    let mut text = format!("{} {} HTTP/1.1\r\n", request.method, request.target);
    for (name, value) in &request.headers {
        text.extend([name, ": ", value, "\r\n"]);
    }
    text + "\r\n" + &request.body
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_for_wrk_are_whole_and_hold_one_number() {
        for kind in [Kind::GetWithQuery, Kind::JsonSmall, Kind::Form] {
            let text = wire(&with_argument(kind, 1, 2, NUMBER));
            assert_eq!(text.matches('@').count(), NUMBER.len(), "{text}");
            assert!(text.contains("Host: localhost\r\n"), "{text}");
            let (head, body) = text.split_once("\r\n\r\n").unwrap();
            if !body.is_empty() {
                let length = format!("\r\nContent-Length: {}", body.len());
                assert!(head.ends_with(&length), "{head}");
            }
        }
    }
}
