//! The correct answers of Prelude: `POST /v2/notify/reply`, `POST /v2/notify`, and an error.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value, json};

const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// What Prelude answers to this request with a 200. An unknown path gets `{}`.
pub(super) fn answer(path: &str, request: &[u8], now: Timestamp, number: u64) -> Value {
    let request: Map<String, Value> = serde_json::from_slice(request).unwrap_or_default();
    let path = path.split('?').next().unwrap_or_default();
    if path.ends_with("/v2/notify/reply") {
        reply(&request, now, number)
    } else if path.ends_with("/v2/notify") {
        template(&request, now, number)
    } else {
        json!({})
    }
}

/// The error body of Prelude.
pub(super) fn error(code: &str) -> Value {
    json!({
        "code": code,
        "message": format!("The fault server was told to answer {code}."),
        "type": "bad_request",
        "request_id": "req_fault",
    })
}

fn reply(request: &Map<String, Value>, now: Timestamp, number: u64) -> Value {
    let mut answer = created(now, number);
    echo(&mut answer, request, &["to", "text", "reply_to"]);
    echo(&mut answer, request, &["callback_url", "correlation_id"]);
    Value::Object(answer)
}

fn template(request: &Map<String, Value>, now: Timestamp, number: u64) -> Value {
    let mut answer = created(now, number);
    let day_after = now.checked_add(SignedDuration::from_hours(24));
    let expires_at = rfc3339(day_after.unwrap_or(Timestamp::MAX));
    answer.insert("variables".to_owned(), json!({}));
    answer.insert("expires_at".to_owned(), expires_at.into());
    answer.insert("encoding".to_owned(), "GSM-7".into());
    answer.insert("estimated_segment_count".to_owned(), 1.into());
    echo(&mut answer, request, &["to", "template_id", "variables"]);
    echo(&mut answer, request, &["expires_at", "schedule_at", "from"]);
    echo(&mut answer, request, &["callback_url", "correlation_id"]);
    Value::Object(answer)
}

fn created(now: Timestamp, number: u64) -> Map<String, Value> {
    let id = format!("tx_{}", identifier(now, number));
    Map::from_iter([
        ("id".to_owned(), id.into()),
        ("created_at".to_owned(), rfc3339(now).into()),
    ])
}

fn echo(answer: &mut Map<String, Value>, request: &Map<String, Value>, names: &[&str]) {
    for &name in names {
        if let Some(value) = request.get(name) {
            answer.insert(name.to_owned(), value.clone());
        }
    }
}

fn rfc3339(time: Timestamp) -> String {
    format!("{time:.9}")
}

/// 26 characters of base32, as a `TypeID` has them: the time, then the number.
fn identifier(now: Timestamp, number: u64) -> String {
    let milliseconds = now.as_millisecond().unsigned_abs() & 0xffff_ffff_ffff;
    let value = u128::from(milliseconds) << 80 | u128::from(number);
    (0..26)
        .rev()
        .map(|place| char::from(ALPHABET[(value >> (5 * place) & 31) as usize]))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> Timestamp {
        "2025-10-24T08:59:10.736925502Z".parse().unwrap()
    }

    #[test]
    fn a_reply_has_every_field_of_the_api() {
        let request =
            br#"{"to":"+33612345678","text":"Hi","reply_to":"im_1","correlation_id":"c"}"#;
        let id = format!("tx_{}", identifier(now(), 7));
        assert_eq!(
            answer("/v2/notify/reply", request, now(), 7),
            json!({
                "id": id, "to": "+33612345678", "text": "Hi", "reply_to": "im_1",
                "correlation_id": "c", "created_at": "2025-10-24T08:59:10.736925502Z",
            })
        );
    }

    #[test]
    fn a_template_has_every_field_of_the_api() {
        let request = br#"{"to":"+33612345678","template_id":"template_1","locale":"fr"}"#;
        let id = format!("tx_{}", identifier(now(), 0));
        assert_eq!(
            answer("/base/v2/notify?x=1", request, now(), 0),
            json!({
                "id": id, "to": "+33612345678", "template_id": "template_1", "variables": {},
                "created_at": "2025-10-24T08:59:10.736925502Z",
                "expires_at": "2025-10-25T08:59:10.736925502Z",
                "encoding": "GSM-7", "estimated_segment_count": 1,
            })
        );
    }

    #[test]
    fn identifiers_are_26_characters_and_differ() {
        let (first, second) = (identifier(now(), 0), identifier(now(), 1));
        assert_eq!(first.len(), 26);
        assert!(first.bytes().all(|byte| ALPHABET.contains(&byte)));
        assert_ne!(first, second);
    }
}
