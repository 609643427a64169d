//! What the inbox is tried with: events, stores, worker processes, an API that counts, and the
//! checker that says what was sent twice or lost.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::missing_panics_doc,
    reason = "a test's way to fail, in modules that only tests use"
)]

pub mod api;
pub mod bot;
pub mod check;
pub mod database;
pub mod event;
pub mod pgbouncer;
pub mod place;
pub mod process;
pub mod proxy;
pub mod random;
pub mod stall;
pub mod store;
pub mod tls_proxy;
pub mod worker;
