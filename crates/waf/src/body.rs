//! Request bodies as arguments: urlencoded, multipart, JSON and XML, each bounded.
