//! The reason in a chain of errors. The outer ones repeat the address.

use std::error::Error as StdError;
use std::io;

pub(super) type BoxError = Box<dyn StdError + Send + Sync>;

/// The innermost cause, in words.
pub(super) fn root_cause(error: &(dyn StdError + 'static)) -> String {
    causes(error)
        .last()
        .map_or_else(|| error.to_string(), ToString::to_string)
}

/// Returns true when TLS failed: a certificate, a version, an alert.
pub(super) fn is_tls(error: &(dyn StdError + 'static)) -> bool {
    causes(error).any(|cause| unwrapped(cause).is::<rustls::Error>())
}

pub(super) fn is_timeout(error: &(dyn StdError + 'static)) -> bool {
    causes(error).any(|cause| {
        cause
            .downcast_ref::<io::Error>()
            .is_some_and(|error| error.kind() == io::ErrorKind::TimedOut)
    })
}

fn causes<'a>(
    error: &'a (dyn StdError + 'static),
) -> impl Iterator<Item = &'a (dyn StdError + 'static)> {
    std::iter::successors(Some(error), |&cause| cause.source())
}

/// An `io::Error` hides from `source` the error that it wraps, and may wrap another one.
fn unwrapped<'a>(mut cause: &'a (dyn StdError + 'static)) -> &'a (dyn StdError + 'static) {
    while let Some(inner) = cause
        .downcast_ref::<io::Error>()
        .and_then(io::Error::get_ref)
    {
        cause = inner;
    }
    cause
}
