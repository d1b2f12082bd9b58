//! Names of files with `*`, `?` and `[…]`.

/// Whether `text` holds a character that makes it a pattern.
pub(super) fn is_pattern(text: &str) -> bool {
    text.contains(['*', '?', '['])
}

/// Whether `name` (one step of a path) is matched as a whole. A name that begins with a dot is matched only by a pattern that does.
pub(super) fn matches(pattern: &str, name: &str) -> bool {
    if name.starts_with('.') && !pattern.starts_with('.') {
        return false;
    }
    let (pattern, name): (Vec<char>, Vec<char>) =
        (pattern.chars().collect(), name.chars().collect());
    let (mut pattern, mut name) = (pattern.as_slice(), name.as_slice());
    // Where to go on when it does not fit: behind the last `*`, one character of the name later.
    let mut again: Option<(&[char], &[char])> = None;
    loop {
        let step = match (pattern.split_first(), name.split_first()) {
            (Some(('*', rest)), _) => {
                again = Some((rest, name));
                Some((rest, name))
            }
            (None, None) => return true,
            (Some((first, rest)), Some((own, after))) => {
                one(*first, rest, *own).map(|rest| (rest, after))
            }
            (Some(_), None) | (None, Some(_)) => None,
        };
        (pattern, name) = match (step, again) {
            (Some(step), _) => step,
            (None, Some((rest, [_, after @ ..]))) => {
                again = Some((rest, after));
                (rest, after)
            }
            (None, _) => return false,
        };
    }
}

/// What follows in the pattern, when its first element fits.
fn one(first: char, rest: &[char], own: char) -> Option<&[char]> {
    match first {
        '?' => Some(rest),
        '[' => {
            // `]` stands for itself at the beginning of a set.
            let end = rest.iter().skip(1).position(|one| *one == ']');
            let Some(end) = end else {
                return (own == '[').then_some(rest);
            };
            let (set, after) = rest.split_at_checked(end + 1)?;
            let (set, negated) = match set {
                ['!' | '^', set @ ..] => (set, true),
                set => (set, false),
            };
            (in_set(set, own) != negated).then(|| after.get(1..).unwrap_or_default())
        }
        other => (other == own).then_some(rest),
    }
}

fn in_set(mut set: &[char], own: char) -> bool {
    loop {
        set = match set {
            [first, '-', last, rest @ ..] => {
                if (*first..=*last).contains(&own) {
                    return true;
                }
                rest
            }
            [first, rest @ ..] => {
                if *first == own {
                    return true;
                }
                rest
            }
            [] => return false,
        };
    }
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[track_caller]
    fn check(pattern: &str, yes: &[&str], no: &[&str]) {
        for name in yes {
            assert!(matches(pattern, name), "`{pattern}` on `{name}`");
        }
        for name in no {
            assert!(!matches(pattern, name), "`{pattern}` on `{name}`");
        }
    }

    #[test]
    fn names_are_matched_as_a_shell_does() {
        check(
            "*.conf",
            &["a.conf", "a.b.conf"],
            &["a.confx", ".conf", "aconf"],
        );
        check(
            "REQUEST-9?[0-3]*.conf",
            &["REQUEST-912-X.conf"],
            &["REQUEST-914-X.conf", "REQUEST-9.conf"],
        );
        check("[!a]b", &["xb"], &["ab", "b"]);
        check("[]a]", &["]", "a"], &["b"]);
        check("a[b", &["a[b"], &["ab"]);
        check(
            "*a*a*a*a*b",
            &["aaaaab"],
            &["aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"],
        );
        check("", &[""], &["a"]);
    }
}
