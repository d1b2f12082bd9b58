//! Level 3: the binary `vauban`
fn main() {}
