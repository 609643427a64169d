//! Extra headers of a call: anything but what the client itself must say.

use http::{HeaderMap, HeaderName, HeaderValue};

use crate::Error;

/// Headers that would change who speaks, to whom, or how the message is framed, and
/// `accept-encoding` and `range`, whose answers could not be read, and `idempotency-key`, which the API ignores and some proxies read as leave to send again.
const RESERVED: [&str; 12] = [
    "accept-encoding",
    "authorization",
    "connection",
    "expect",
    "host",
    "idempotency-key",
    "keep-alive",
    "range",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

pub(super) fn add(headers: &mut HeaderMap, name: &str, value: &str) -> Result<(), Error> {
    let wrong = |why: String| Error::configuration("headers", why);
    let parsed = HeaderName::try_from(name)
        .map_err(|_| wrong("a header's name holds a character that no name has".into()))?;
    let lower = parsed.as_str();
    if RESERVED.contains(&lower) || lower.starts_with("content-") || lower.starts_with("proxy-") {
        return Err(wrong(format!("`{lower}` cannot be set")));
    }
    let mut value = HeaderValue::try_from(value).map_err(|_| {
        wrong(format!(
            "the value of `{lower}` holds a line break or the like"
        ))
    })?;
    value.set_sensitive(true);
    headers
        .try_append(parsed, value)
        .map(drop)
        .map_err(|_| wrong("there are too many".into()))
}
