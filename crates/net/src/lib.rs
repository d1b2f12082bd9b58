//! Level 1: how do bytes and time arrive?
