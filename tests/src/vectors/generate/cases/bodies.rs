//! The body: the raw bytes, whatever they are, up to 1 MiB.

use std::collections::BTreeMap;

use super::super::super::bytes::Bytes;
use super::super::Error;
use super::super::draft::Draft;
use super::super::keys::Keys;
use super::signed;

/// The event of the product description, in its own bytes.
const SEED_EVENT: &str = include_str!("../../../../vectors/seed-event.json");

const EMOJI: &str = r#"{"id":"evt_emoji","type":"inbound.message.received","payload":{"message_id":"im_emoji","channel":"whatsapp","from":"+33612345678","to":"+14155551234","content":{"text":"Ça va ? 👩‍👩‍👧 \ud83d\ude00"},"conversation":{}},"created_at":"2025-10-24T08:59:10Z"}"#;

const LONG_HEAD: &str = r#"{"id":"evt_long","type":"inbound.message.received","payload":{"message_id":"im_long","channel":"whatsapp","from":"+33612345678","to":"+14155551234","content":{"text":""#;
const LONG_TAIL: &str = r#""}},"created_at":"2025-10-24T08:59:10Z"}"#;

const MEBIBYTE: usize = 1024 * 1024;

/// The bodies that the cases name.
pub(in super::super) fn bodies() -> BTreeMap<&'static str, Bytes> {
    let text = |text: &str| Bytes::Text(text.to_owned());
    let seed = SEED_EVENT.trim_end();
    let without_whitespace: String = seed.lines().map(str::trim_start).collect();
    BTreeMap::from([
        ("seed", text(seed)),
        (
            "seed-one-byte-changed",
            text(&seed.replacen("+33612345678", "+33612345679", 1)),
        ),
        (
            "seed-written-again",
            text(&without_whitespace.replace("\": ", "\":")),
        ),
        ("seed-with-a-line-break", text(&format!("{seed}\n"))),
        ("emoji", text(EMOJI)),
        ("empty", text("")),
        ("no-event", text("{}")),
        ("no-json", text("hello")),
        ("array", text("[]")),
        ("no-utf8", Bytes::Base64("/w==".to_owned())),
        ("one-mebibyte", long(MEBIBYTE)),
        ("one-mebibyte-and-a-byte", long(MEBIBYTE + 1)),
    ])
}

/// An event of exactly so many bytes.
fn long(length: usize) -> Bytes {
    Bytes::Padded {
        before: LONG_HEAD.to_owned(),
        fill: 'a',
        count: length - LONG_HEAD.len() - LONG_TAIL.len(),
        after: LONG_TAIL.to_owned(),
    }
}

pub(super) fn bytes(name: &str) -> Result<Vec<u8>, Error> {
    let bodies = bodies();
    let body = bodies
        .get(name)
        .ok_or_else(|| format!("there is no body {name}"))?;
    Ok(body.bytes()?)
}

/// The case's name, the body that was signed, the body that is received, and why that is refused.
const CHANGED: [(&str, &str, &str, &str); 6] = [
    (
        "body-one-byte-changed",
        "seed",
        "seed-one-byte-changed",
        "Another sender in the same event is another event.",
    ),
    (
        "body-parsed-and-written-again",
        "seed",
        "seed-written-again",
        "The signature is over the raw bytes, not over what they mean.",
    ),
    (
        "body-line-break-added",
        "seed",
        "seed-with-a-line-break",
        "A line break at the end is a byte too.",
    ),
    (
        "body-line-break-lost",
        "seed-with-a-line-break",
        "seed",
        "A framework that trims changes the bytes.",
    ),
    (
        "body-lost",
        "seed",
        "empty",
        "A body that a framework has read already is gone.",
    ),
    (
        "body-of-another-event",
        "emoji",
        "seed",
        "A signature is good for its own event alone.",
    ),
];

pub(super) fn all(keys: &Keys) -> Result<Vec<Draft>, Error> {
    let verify = |name: &'static str, body, why| -> Result<Draft, Error> {
        let header = signed(keys, "rsa-2048-a", name, body)?;
        Ok(Draft::verify(name, &["rsa-2048-a"], body, why).signed(header))
    };
    let mut cases = vec![
        verify(
            "body-with-a-line-break",
            "seed-with-a-line-break",
            "A line break that was signed belongs to the body.",
        )?
        .verifies(),
        verify(
            "body-with-emoji",
            "emoji",
            "Bytes are signed, whatever characters they make.",
        )?
        .gives("evt_emoji"),
        verify(
            "body-of-one-mebibyte",
            "one-mebibyte",
            "1 MiB is the longest body.",
        )?
        .gives("evt_long"),
        verify(
            "body-of-one-mebibyte-and-a-byte",
            "one-mebibyte-and-a-byte",
            "A longer body is refused before it costs anything.",
        )?
        .invalid("body_too_long"),
        verify(
            "unreadable-no-event",
            "no-event",
            "Prelude signed it, but it is no event: that is another error, with the bytes.",
        )?
        .unreadable(),
        verify(
            "unreadable-no-json",
            "no-json",
            "Prelude signed it, but it is no JSON.",
        )?
        .unreadable(),
        verify(
            "unreadable-array",
            "array",
            "Prelude signed it, but it is an array.",
        )?
        .unreadable(),
        verify(
            "unreadable-no-utf8",
            "no-utf8",
            "Prelude signed it, but it is no text.",
        )?
        .unreadable(),
        verify(
            "unreadable-empty",
            "empty",
            "Prelude signed nothing, and nothing is no event.",
        )?
        .unreadable(),
    ];
    for (name, body, received, why) in CHANGED {
        let header = signed(keys, "rsa-2048-a", name, body)?;
        let case = Draft::verify(name, &["rsa-2048-a"], received, why).signed(header);
        cases.push(case.invalid("no_key_matches"));
    }
    Ok(cases)
}
