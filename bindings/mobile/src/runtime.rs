//! The process that the library lives in.

use crate::request::duration;

/// Waits, blocking, for POSTs that have begun and that nobody waits for: at the process's exit.
#[uniffi::export]
pub fn drain(limit_nanoseconds: i64) {
    backchat_core::runtime::drain(duration(limit_nanoseconds));
}

/// This library's version.
#[uniffi::export]
pub fn version() -> String {
    env!("CARGO_PKG_VERSION").to_owned()
}
