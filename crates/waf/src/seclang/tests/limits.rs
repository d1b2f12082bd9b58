use std::time::Duration;

use super::super::{FILE_BYTES_MAX, INCLUDE_DEPTH_MAX, MISTAKES_MAX, RULES_MAX};
use super::load;

/// What is said about `text`, or nothing when it loads.
fn said(text: &str, files: &[(&str, &str)]) -> String {
    load(text, files).map_or_else(|said| said, |_| String::new())
}

#[test]
fn a_file_beyond_the_limit_is_refused() {
    let fits = "#".repeat(FILE_BYTES_MAX);
    assert_eq!(said(&fits, &[]), "");
    let message = format!(
        "the file has {} bytes, more than {FILE_BYTES_MAX}",
        FILE_BYTES_MAX + 1
    );
    assert_eq!(said(&format!("{fits}#"), &[]), format!("1: {message}"));
    let files = [("/r/w.data", format!("{fits}#"))].map(|(path, text)| (path, &*text.leak()));
    assert_eq!(
        said("\nSecRule ARGS \"@pmFromFile w.data\" id:1", &files),
        format!("2: {message}")
    );
}

#[test]
fn rules_beyond_the_limit_are_refused() {
    let rules = |count: usize| {
        (1..=count)
            .map(|id| format!("SecAction id:{id}"))
            .collect::<Vec<_>>()
            .join("\n")
    };
    assert_eq!(said(&rules(RULES_MAX), &[]), "");
    assert_eq!(
        said(&rules(RULES_MAX + 1), &[]),
        format!("{}: there are more than {RULES_MAX} rules", RULES_MAX + 1)
    );
}

#[test]
fn mistakes_beyond_the_limit_are_not_listed() {
    let lines = |count: usize| {
        said(&"Sec\n".repeat(count), &[])
            .matches("unknown directive")
            .count()
    };
    assert_eq!(
        (lines(MISTAKES_MAX - 1), lines(MISTAKES_MAX + 1)),
        (MISTAKES_MAX - 1, MISTAKES_MAX)
    );
}

#[test]
fn includes_go_so_deep_and_no_deeper() {
    let names: Vec<(String, String)> = (1..=INCLUDE_DEPTH_MAX + 1)
        .map(|depth| (format!("/r/{depth}"), format!("Include {}\n", depth + 1)))
        .collect();
    let mut files: Vec<(&str, &str)> = names
        .iter()
        .map(|(path, text)| (path.as_str(), text.as_str()))
        .collect();
    let deepest = names[INCLUDE_DEPTH_MAX - 1].0.clone();
    assert!(said("Include 1", &files).contains("is included more than 16 files deep"));
    for (path, text) in &mut files {
        if *path == deepest {
            *text = "SecMarker END";
        }
    }
    assert_eq!(said("Include 1", &files), "");
}

/// Texts that would be slow if anything were read twice: each may take its time in a debug build, but not its square.
#[test]
fn time_is_linear() {
    let many = 1 << 18;
    let texts = [
        format!("SecRule ARGS \"@rx {}\" id:1", "\\%{".repeat(many / 3)),
        format!("SecRule ARGS \"@rx {}\" id:1", "%{tx.a}".repeat(many / 7)),
        format!("SecRule {} x id:1", "ARGS:/a|".repeat(many / 8)),
        format!("SecRule {}ARGS x id:1", "ARGS:'a'|".repeat(many / 8)),
        format!("SecAction \"id:1{}\"", ",t:none".repeat(many / 7)),
        format!("SecAction \"id:1{}\"", ",msg:'".repeat(many / 7)),
        format!("SecAction id:1 {}", "\\\n".repeat(many / 2)),
        "# \\\n".repeat(many / 4),
        format!("SecAction \"id:1,setvar:tx.{}\"", "%{".repeat(many / 2)),
    ];
    for text in texts {
        let (sender, receiver) = std::sync::mpsc::channel();
        let shown: String = text.chars().take(40).collect();
        std::thread::spawn(move || sender.send(said(&text, &[]).len()));
        assert!(
            receiver.recv_timeout(Duration::from_secs(20)).is_ok(),
            "{shown}"
        );
    }
}
