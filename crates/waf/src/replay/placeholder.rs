//! The placeholders of `gotestwaf`: where in a request a payload stands.

use crate::regression::Request;
use crate::regression::yaml::Node;

use super::encoder;

const PAYLOAD: &str = "{{payload}}";

/// What the tool sends unless told otherwise.
const USER_AGENT: &str = "Mozilla/5.0 (Windows NT 6.1; WOW64) AppleWebKit/537.36 (KHTML, like Gecko) \
    Chrome/55.0.2883.87 Safari/537.36";

const UNSENDABLE: &str = "the HTTP client of the tool refuses to send it";

/// Puts the payload into a request. `name` stands where the tool takes a name at random: ten hexadecimal digits.
pub(super) fn place(
    placeholder: &str,
    settings: Option<&Node>,
    payload: &str,
    name: &str,
) -> Result<Request, &'static str> {
    match placeholder {
        "URLPath" => Ok(get(url(&format!("/{payload}"))?)),
        "URLParam" => Ok(get(url(&format!("/?{name}={payload}"))?)),
        "Header" => with_header(&format!("X-{name}"), payload),
        "UserAgent" => with_header("User-Agent", payload),
        "HTMLForm" => Ok(post(
            &[("Content-Type", "application/x-www-form-urlencoded")],
            format!("{name}={payload}"),
        )),
        "HTMLMultipartForm" => Ok(multipart(payload, name)),
        "JSONBody" => Ok(post(
            &[("Content-Type", "application/json")],
            payload.to_owned(),
        )),
        "JSONRequest" => Ok(post(
            &[("Content-Type", "application/json")],
            format!(
                "{{\"test\":true, \"{name}\": \"{}\"}}",
                encoder::js_unicode(payload)
            ),
        )),
        "RequestBody" => Ok(post(&[], payload.to_owned())),
        "XMLBody" => Ok(post(&[("Content-Type", "text/xml")], payload.to_owned())),
        "SOAPBody" => Ok(soap(payload, name)),
        "GraphQL" => graphql(settings, payload),
        "RawRequest" => raw(settings, payload),
        "gRPC" => Err("gRPC is spoken over HTTP/2 with binary messages, which no rule here reads"),
        _ => Err("there is no placeholder of that name"),
    }
}

fn header(name: &str, value: &str) -> (Vec<u8>, Vec<u8>) {
    (name.into(), value.into())
}

/// The headers that the tool's client adds by itself come first.
fn request(method: &str, target: String, headers: &[(&str, &str)], body: String) -> Request {
    let mut all = vec![header("Host", "localhost")];
    let told = |wanted: &str| {
        headers
            .iter()
            .any(|(name, _)| name.eq_ignore_ascii_case(wanted))
    };
    if !told("User-Agent") {
        all.push(header("User-Agent", USER_AGENT));
    }
    if !body.is_empty() {
        all.push(header("Content-Length", &body.len().to_string()));
    }
    all.extend(headers.iter().map(|(name, value)| header(name, value)));
    all.push(header("Accept-Encoding", "gzip"));
    Request {
        method: method.into(),
        target: target.into_bytes(),
        version: b"HTTP/1.1".to_vec(),
        headers: all,
        body: body.into_bytes(),
    }
}

fn get(target: String) -> Request {
    request("GET", target, &[], String::new())
}

fn post(headers: &[(&str, &str)], body: String) -> Request {
    request("POST", "/".to_owned(), headers, body)
}

fn with_header(name: &str, value: &str) -> Result<Request, &'static str> {
    if value
        .bytes()
        .any(|byte| byte.is_ascii_control() && byte != b'\t')
    {
        return Err(UNSENDABLE);
    }
    let headers = [(name, value.trim())];
    Ok(request("GET", "/".to_owned(), &headers, String::new()))
}

/// Like Go's URLs: no control characters, no fragment, a path with sound escapes only; what may not stand in one is escaped.
fn url(text: &str) -> Result<String, &'static str> {
    if text.bytes().any(|byte| byte.is_ascii_control()) {
        return Err(UNSENDABLE);
    }
    let text = text.split('#').next().unwrap_or_default();
    let (path, query) = match text.split_once('?') {
        Some((path, query)) => (path, Some(query)),
        None => (text, None),
    };
    let sound = path.split('%').skip(1).all(|after| {
        let digits = after.as_bytes().get(..2).unwrap_or_default();
        digits.len() == 2 && digits.iter().all(u8::is_ascii_hexdigit)
    });
    if !sound {
        return Err(UNSENDABLE);
    }
    let mut target = String::with_capacity(text.len());
    for byte in path.bytes() {
        match byte {
            b' ' | b'"' | b'<' | b'>' | b'\\' | b'^' | b'`' | b'{' | b'|' | b'}' | 0x80.. => {
                encoder::percent(byte, &mut target);
            }
            other => target.push(char::from(other)),
        }
    }
    if let Some(query) = query {
        target.push('?');
        target.push_str(&query.replace(' ', "%20"));
    }
    Ok(target)
}

fn multipart(payload: &str, name: &str) -> Request {
    let boundary = name.repeat(6);
    let body = format!(
        "--{boundary}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{payload}\r\n--{boundary}--\r\n"
    );
    let kind = format!("multipart/form-data; boundary={boundary}");
    post(&[("Content-Type", &kind)], body)
}

fn soap(payload: &str, name: &str) -> Request {
    let text = encoder::xml_entity(payload);
    let body = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <soapenv:Envelope xmlns:soapenv=\"http://schemas.xmlsoap.org/soap/envelope/\">\n\
         <soapenv:Body>\n<filter><ab{name}>{text}</ab{name}></filter>\n</soapenv:Body>\n</soapenv:Envelope>"
    );
    let action = "\"http://schemas.xmlsoap.org/soap/actor/next\"";
    post(
        &[("SOAPAction", action), ("Content-Type", "text/xml")],
        body,
    )
}

/// In a query the payload is escaped once more, whatever its encoder did: the tool does so.
fn graphql(settings: Option<&Node>, payload: &str) -> Result<Request, &'static str> {
    match settings.and_then(|settings| settings.text("method")) {
        Some("GET") => Ok(get(format!("/?query={}", encoder::url(payload)))),
        Some("POST") => Ok(post(&[], payload.to_owned())),
        Some(_) | None => Err("GraphQL needs the method GET or POST"),
    }
}

fn raw(settings: Option<&Node>, payload: &str) -> Result<Request, &'static str> {
    let settings = settings.ok_or("RawRequest needs settings")?;
    let method = settings.text("method").ok_or("RawRequest needs a method")?;
    let fill = |text: &str| text.replace(PAYLOAD, payload);
    let path = settings.text("path").unwrap_or("/").trim_start_matches('/');
    let target = url(&fill(&format!("/{path}")))?;
    let headers: Vec<(&str, String)> = settings
        .get("headers")
        .map_or(&[][..], Node::entries)
        .iter()
        .map(|(name, value)| (name.as_str(), fill(value.scalar().unwrap_or_default())))
        .collect();
    let headers: Vec<(&str, &str)> = headers
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    let body = fill(settings.text("body").unwrap_or_default());
    Ok(request(method, target, &headers, body))
}
