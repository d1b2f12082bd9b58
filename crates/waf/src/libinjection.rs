//! SQL injection and XSS judged by tokens, with the verdicts of libinjection 3.9.2.
