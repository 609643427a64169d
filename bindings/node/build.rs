//! The linker's options for an addon of Node.

use std::env;

fn main() {
    napi_build::setup();
    // Functions that are the same, byte for byte, need to be there once. Rust's own linker for this
    // target can do it; others do not know the option.
    let is = |name: &str, value: &str| env::var(name).is_ok_and(|found| found == value);
    if is("CARGO_CFG_TARGET_OS", "linux")
        && is("CARGO_CFG_TARGET_ENV", "gnu")
        && is("CARGO_CFG_TARGET_ARCH", "x86_64")
        && is("PROFILE", "release")
    {
        println!("cargo::rustc-cdylib-link-arg=-Wl,--icf=all");
    }
}
