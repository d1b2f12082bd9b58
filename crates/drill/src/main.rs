//! Level 3: the binary `vauban-drill`
fn main() {}
