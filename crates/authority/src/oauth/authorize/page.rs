//! The pages of the authorization endpoint: plain HTML without script, style or anything from elsewhere.
//!
//! Frames, referrers and caches are forbidden by the headers that the edge sets on every answer (RFC 9700 §4.16, §4.2.4).

/// What a page of the login says above its form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Notice {
    /// Nothing happened yet.
    None,
    /// Name or password is wrong.
    Refused,
    /// Too many attempts.
    Throttled,
}

/// The form. `handle` is ours and has only letters and digits; the client's name is escaped.
pub(super) fn login(client: &str, handle: &str, notice: Notice) -> String {
    let notice = match notice {
        Notice::None => "",
        Notice::Refused => "<p role=\"alert\">The name or the password is wrong.</p>",
        Notice::Throttled => {
            "<p role=\"alert\">Too many attempts. Wait a minute and try again.</p>"
        }
    };
    let client = escaped(client);
    page(
        "Log in",
        &format!(
            "<p><strong>{client}</strong> asks for access in your name.</p>{notice}\
             <form method=\"post\" action=\"authorize\">\
             <input type=\"hidden\" name=\"login\" value=\"{handle}\">\
             <p><label>Name <input name=\"username\" autocomplete=\"username\" required maxlength=\"128\"></label></p>\
             <p><label>Password <input name=\"password\" type=\"password\" autocomplete=\"current-password\" required maxlength=\"1024\"></label></p>\
             <p><button type=\"submit\">Log in</button></p></form>"
        ),
    )
}

/// An error that goes nowhere else. Nothing of the request is repeated.
pub(super) fn refused(decision: &str) -> String {
    page(
        "This request cannot be served",
        &format!(
            "<p>The application that sent you here asked in a way that is not allowed. Go back to it and try again.</p>\
             <p>Decision {}</p>",
            escaped(decision)
        ),
    )
}

fn page(title: &str, body: &str) -> String {
    format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>{title}</title></head>\
         <body><main><h1>{title}</h1>{body}</main></body></html>"
    )
}

fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            other => safe.push(other),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::{Notice, login};

    #[test]
    fn names_are_escaped() {
        let page = login("<b>\"&'", "abc", Notice::None);
        assert!(page.contains("&lt;b&gt;&quot;&amp;&#39;"), "{page}");
        assert!(!page.contains("<b>"), "{page}");
    }
}
