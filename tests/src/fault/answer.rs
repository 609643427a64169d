//! The bytes of one answer, part by part.

use std::time::SystemTime;

use http::StatusCode;
use jiff::{SignedDuration, Timestamp};

use super::{Step, Then, Version, prelude, request::Head};

pub(super) struct Answer {
    pub(super) interim: String,
    /// Many interim answers, to be sent without end.
    pub(super) flood: Option<String>,
    pub(super) status_line: String,
    /// With the blank line that ends the head.
    pub(super) headers: String,
    pub(super) body: Vec<u8>,
}

impl Answer {
    pub(super) fn new(step: &Step, head: &Head, body: &[u8], now: Timestamp, number: u64) -> Self {
        let body = match step.body.bytes() {
            Some(bytes) => bytes,
            None if has_reply(step.status) => prelude::answer(&head.path, body, now, number)
                .to_string()
                .into_bytes(),
            None => Vec::new(),
        };
        Self {
            interim: interim(&step.interim),
            flood: step.flood.map(|status| interim(&[status; 64])),
            status_line: status_line(step),
            headers: headers(step, body.len(), now),
            body: step.framing.encode(body),
        }
    }
}

fn has_reply(status: u16) -> bool {
    matches!(status, 200..=299) && status != 204
}

fn interim(statuses: &[u16]) -> String {
    let heads = statuses
        .iter()
        .map(|&status| line("HTTP/1.1", status, usual_reason(status)) + "\r\n");
    heads.collect::<Vec<_>>().concat()
}

fn status_line(step: &Step) -> String {
    if let Some(line) = &step.status_line {
        return format!("{line}\r\n");
    }
    let version = match step.version {
        Version::Http10 => "HTTP/1.0",
        Version::Http11 => "HTTP/1.1",
    };
    let reason = step.reason.as_deref();
    line(
        version,
        step.status,
        reason.unwrap_or(usual_reason(step.status)),
    )
}

fn line(version: &str, status: u16, reason: &str) -> String {
    format!("{version} {status} {reason}\r\n")
}

fn headers(step: &Step, length: usize, now: Timestamp) -> String {
    let mut lines = String::new();
    let mut add = |name: &str, value: &str| lines.extend([name, ": ", value, "\r\n"]);
    let named = |(name, _): &(String, String)| name.eq_ignore_ascii_case("content-type");
    if let Some(content_type) = &step.content_type
        && !step.headers.iter().any(named)
    {
        add("content-type", content_type);
    }
    if let Some(seconds) = step.retry_after_date_in_seconds {
        add("retry-after", &http_date(now, seconds));
    }
    for (name, value) in &step.headers {
        add(name, value);
    }
    if let Some((name, value)) = step.framing.header(length) {
        add(name, &value);
    }
    if step.then == Then::Close {
        add("connection", "close");
    }
    lines + "\r\n"
}

fn http_date(now: Timestamp, seconds: i64) -> String {
    let date = now.checked_add(SignedDuration::from_secs(seconds));
    let date = date.unwrap_or(now).max(Timestamp::UNIX_EPOCH);
    httpdate::fmt_http_date(SystemTime::from(date))
}

fn usual_reason(status: u16) -> &'static str {
    let known = StatusCode::from_u16(status).ok();
    known
        .and_then(|status| status.canonical_reason())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fault::{Body, Framing};

    fn answer(step: &Step) -> Answer {
        let head = Head::parse(b"POST /v2/notify/reply HTTP/1.1").unwrap();
        let now = "2025-10-24T08:59:10Z".parse().unwrap();
        Answer::new(step, &head, br#"{"text":"Hi"}"#, now, 1)
    }

    fn text(step: &Step) -> String {
        let answer = answer(step);
        let body = String::from_utf8(answer.body).unwrap();
        answer.interim + &answer.status_line + &answer.headers + &body
    }

    #[test]
    fn an_error_is_plain_http() {
        let step = Step::status(503).body(Body::Text("down".to_owned()));
        assert_eq!(
            text(&step),
            "HTTP/1.1 503 Service Unavailable\r\ncontent-type: application/json\r\n\
             content-length: 4\r\n\r\ndown"
        );
    }

    #[test]
    fn a_2xx_carries_the_reply_and_other_statuses_nothing() {
        assert!(text(&Step::default()).contains(r#""text":"Hi""#));
        assert!(text(&Step::status(202)).contains(r#""text":"Hi""#));
        assert!(text(&Step::status(204)).ends_with("content-length: 0\r\n\r\n"));
        assert!(text(&Step::status(500)).ends_with("content-length: 0\r\n\r\n"));
    }

    #[test]
    fn a_content_type_is_sent_once() {
        let other = Step::default().header("Content-Type", "text/html");
        assert!(!text(&other).contains("application/json"));
        let none = Step {
            content_type: None,
            ..Step::default()
        };
        assert!(!text(&none).contains("content-type"));
    }

    #[test]
    fn the_head_can_be_anything() {
        let step = Step {
            interim: vec![100, 103],
            version: Version::Http10,
            reason: Some("Fine".to_owned()),
            retry_after_date_in_seconds: Some(50),
            ..Step::status(799)
                .then(Then::Close)
                .framing(Framing::UntilClose)
        };
        assert_eq!(
            text(&step),
            "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.0 799 Fine\r\n\
             content-type: application/json\r\nretry-after: Fri, 24 Oct 2025 09:00:00 GMT\r\n\
             connection: close\r\n\r\n"
        );
        let garbage = Step {
            status_line: Some("SSH-2.0-x".to_owned()),
            ..Step::default()
        };
        assert!(text(&garbage).starts_with("SSH-2.0-x\r\n"));
    }

    #[test]
    fn a_wrong_length_is_told_and_the_body_stays() {
        let step = Step::default()
            .body(Body::Text("four".to_owned()))
            .framing(Framing::WrongLength(9));
        assert!(text(&step).ends_with("content-length: 9\r\n\r\nfour"));
    }
}
