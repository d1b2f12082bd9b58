//! libmodsecurity's own regression tests, as far as a body processor can be judged by them: each request through the oracle's
//! comparison, and each expectation that names a value. `VAUBAN_MODSECURITY_SRC` names the folder with its source.

use std::path::PathBuf;

use serde_json::Value;

use super::oracle::{Oracle, difference};
use super::seen::{Processor, Request, Seen, see};

const FOLDER: &str = "test/test-cases/regression";

/// Each test case of the files whose name fits.
fn cases(fits: impl Fn(&str) -> bool) -> Option<Vec<Value>> {
    let Some(source) = std::env::var_os("VAUBAN_MODSECURITY_SRC") else {
        println!("not run: `VAUBAN_MODSECURITY_SRC` is not set");
        return None;
    };
    let mut paths: Vec<PathBuf> = std::fs::read_dir(PathBuf::from(source).join(FOLDER))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    paths.retain(|path| path.extension().is_some_and(|end| end == "json"));
    paths.retain(|path| {
        path.file_stem()
            .and_then(|name| name.to_str())
            .is_some_and(&fits)
    });
    paths.sort();
    let mut cases = Vec::new();
    for path in paths {
        // Some of the files are not quite JSON.
        match serde_json::from_slice(&std::fs::read(&path).unwrap()) {
            Ok(Value::Array(file)) => cases.extend(file),
            Ok(_) | Err(_) => println!("not run: {}", path.file_name().unwrap().display()),
        }
    }
    assert!(!cases.is_empty(), "no case found");
    Some(cases)
}

/// Its requests: the head, and the body with its processor. Lines of the body end with LF.
fn requests(case: &Value) -> Vec<Request> {
    let header = |wanted: &str| {
        let headers = case["request"]["headers"].as_object().into_iter().flatten();
        headers
            .filter(|(name, _)| name.eq_ignore_ascii_case(wanted))
            .find_map(|(_, value)| value.as_str())
            .unwrap_or_default()
            .to_owned()
    };
    let body: String = match &case["request"]["body"] {
        Value::Array(lines) => lines
            .iter()
            .flat_map(|line| [line.as_str().unwrap_or_default(), "\n"])
            .collect(),
        Value::String(body) => body.clone(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => String::new(),
    };
    let content_type = header("content-type");
    let lower = content_type.to_ascii_lowercase();
    let processor = if lower.starts_with("multipart/form-data") {
        Processor::Multipart
    } else if lower.starts_with("application/x-www-form-urlencoded") {
        Processor::Urlencoded
    } else if lower.contains("json") {
        Processor::Json
    } else if lower.contains("xml") {
        Processor::Xml
    } else {
        Processor::Head
    };
    let mut request = Request::new(processor, body.as_bytes());
    if matches!(processor, Processor::Multipart | Processor::Urlencoded) {
        request.content_type = content_type.into_bytes();
    }
    let mut head = Request::new(Processor::Head, b"");
    head.target = case["request"]["uri"]
        .as_str()
        .unwrap_or("/")
        .as_bytes()
        .to_vec();
    head.cookie = header("cookie").into_bytes();
    vec![head, request]
}

#[test]
fn their_requests_are_read_alike() {
    let Some(cases) = cases(|_| true) else { return };
    let Some(mut oracle) = Oracle::start() else {
        return;
    };
    let mut differences = Vec::new();
    let mut count = 0;
    for case in &cases {
        for request in requests(case) {
            count += 1;
            let difference = difference(&request, &oracle.ask(&request));
            differences.extend(difference.map(|what| format!("{}: {what}", case["title"])));
        }
    }
    println!("{count} requests of {} cases", cases.len());
    assert!(
        differences.is_empty(),
        "{} differ\n{}",
        differences.len(),
        differences.join("\n\n")
    );
}

/// The value that the debug log must show: `name "a", value "1"`, `Target value: "x" (Variable: ARGS:y)` and the like.
fn expected(log: &str) -> Option<(Vec<&'static str>, Option<String>, String)> {
    let plain = log.replace('\\', "");
    let quoted: Vec<&str> = plain.split('"').skip(1).step_by(2).collect();
    if plain.starts_with("Adding request argument (BODY)") {
        let [name, value] = quoted[..] else {
            return None;
        };
        return Some((vec!["ARGS_POST"], Some(name.to_owned()), value.to_owned()));
    }
    if plain.starts_with("Added file part to the list") {
        let [name, value] = quoted[..] else {
            return None;
        };
        return Some((vec!["FILES"], Some(name.to_owned()), value.to_owned()));
    }
    let variable = plain
        .strip_prefix("Target value: ")?
        .split("Variable: ")
        .nth(1)?;
    let variable = variable.trim_end_matches([')', '.']);
    let (variable, name) = variable
        .split_once(':')
        .map_or((variable, None), |(variable, name)| (variable, Some(name)));
    let known = match variable {
        "ARGS" => vec!["ARGS", "ARGS_GET", "ARGS_POST"],
        "REQUEST_COOKIES" => vec!["REQUEST_COOKIES"],
        "REQUEST_BASENAME" => vec!["REQUEST_BASENAME"],
        "REQUEST_FILENAME" => vec!["REQUEST_FILENAME"],
        "REQUEST_URI" => vec!["REQUEST_URI"],
        "QUERY_STRING" => vec!["QUERY_STRING"],
        "MULTIPART_STRICT_ERROR" => vec!["MULTIPART_STRICT_ERROR"],
        "MULTIPART_UNMATCHED_BOUNDARY" => vec!["MULTIPART_UNMATCHED_BOUNDARY"],
        "MULTIPART_CRLF_LF_LINES" => vec!["MULTIPART_CRLF_LF_LINES"],
        _ => return None,
    };
    Some((known, name.map(str::to_owned), quoted.first()?.to_string()))
}

fn holds(seen: &Seen, wanted: &(Vec<&str>, Option<String>, String)) -> bool {
    let (variables, name, value) = wanted;
    seen.of(variables).iter().any(|(_, found, shown)| {
        name.as_ref()
            .is_none_or(|name| found.eq_ignore_ascii_case(name.as_bytes()))
            && shown.trim_ascii_end() == value.as_bytes()
    })
}

/// libmodsecurity drops the line breaks of a field, and its test expects that.
const MEANT: &str = "22.12.22.3";

#[test]
fn their_expectations_hold() {
    let files = [
        "request-body-parser-",
        "variable-REQUEST_",
        "variable-ARGS",
        "variable-QUERY",
        "variable-MULTIPART",
    ];
    let Some(cases) = cases(|name| files.iter().any(|start| name.starts_with(start))) else {
        return;
    };
    let mut judged = 0;
    for case in &cases {
        let log = case["expected"]["debug_log"].as_str().unwrap_or_default();
        let Some(wanted) = expected(log).filter(|(.., value)| value != MEANT) else {
            continue;
        };
        // A transformation or a macro shows another value than the processor gave.
        if case["rules"].to_string().contains("t:lowercase\\\"") || wanted.2.contains('%') {
            continue;
        }
        judged += 1;
        let mut all = Seen::default();
        for request in requests(case) {
            all.values.extend(see(&request).values);
        }
        assert!(
            holds(&all, &wanted),
            "{}: {wanted:?} not in {:?}",
            case["title"],
            all.values
        );
    }
    println!("{judged} of {} cases judged", cases.len());
    assert!(judged > 20, "{judged}");
}
