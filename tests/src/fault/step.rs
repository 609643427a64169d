//! One step of a script: the answer to one request, and where it is cut off.

use serde::{Deserialize, Deserializer, Serialize, de::Error as _};

use super::{Body, Framing, Pace};

/// How one request is answered. Every field may be left out: `{}` is a correct 200 of Prelude.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Step {
    /// The three digits of the status line.
    #[serde(deserialize_with = "three_digits")]
    pub status: u16,
    /// The words after the status; the usual ones if left out.
    pub reason: Option<String>,
    /// The version in the status line.
    pub version: Version,
    /// Sent instead of the status line, without its line end: for answers that are not HTTP.
    pub status_line: Option<String>,
    /// Interim answers before the final one, such as 100 and 103.
    pub interim: Vec<u16>,
    /// An interim answer of this status again and again, until the client goes away.
    pub flood: Option<u16>,
    /// Header lines, sent as they are, in this order; a name may repeat.
    pub headers: Vec<(String, String)>,
    /// The content type; `null` sends none. `headers` wins if it has one too.
    pub content_type: Option<String>,
    /// Adds a `Retry-After` with the HTTP date this many seconds from the answer.
    pub retry_after_date_in_seconds: Option<i64>,
    /// The body.
    pub body: Body,
    /// How the answer tells where its body ends.
    pub framing: Framing,
    /// How slowly it is sent.
    pub pace: Pace,
    /// How much of the request is read before the answer is sent.
    pub answer_at: AnswerAt,
    /// A second answer to the same request.
    pub again: Option<Box<Again>>,
    /// What becomes of the connection after a whole answer.
    pub then: Then,
    /// What goes wrong, and where. The rest of the answer is never sent.
    pub fault: Option<Fault>,
}

/// The HTTP version of an answer.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Version {
    /// HTTP/1.0.
    #[serde(rename = "1.0")]
    Http10,
    /// HTTP/1.1.
    #[default]
    #[serde(rename = "1.1")]
    Http11,
}

/// How much of a request is read before its answer is sent. All of it is read and counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AnswerAt {
    /// Nothing: the answer is sent on accepting, on a kept connection right after the answer before.
    Accept,
    /// The request's head.
    RequestHead,
    /// The whole request.
    #[default]
    Request,
}

/// An answer that nobody asked for, after the one that was.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Again {
    /// When it is sent.
    pub at: AgainAt,
    /// The answer. Of its step only what an answer is made of counts.
    pub answer: Step,
}

/// When a second answer is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AgainAt {
    /// So many microseconds after the first.
    AfterUs(u64),
    /// When the next request on the connection has begun: after its first byte was read.
    NextRequest,
}

/// What becomes of the connection after a whole answer.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Then {
    /// It waits for the next request.
    #[default]
    KeepAlive,
    /// The answer says `Connection: close`, and a FIN follows at once.
    Close,
    /// A FIN, unannounced, if no request begins within this many milliseconds.
    CloseAfterMs(u64),
    /// An RST, unannounced, if no request begins within this many milliseconds.
    ResetAfterMs(u64),
}

/// What goes wrong, and where.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fault {
    /// An RST: the client sees "connection reset by peer".
    Reset(Point),
    /// A FIN, under TLS without `close_notify`: the client sees the end of the stream.
    Close(Point),
    /// Nothing more is read or sent until the client goes away.
    Stall(Point),
}

/// Where in an exchange a fault happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Point {
    /// When the connection is accepted, before a byte is read (also of a TLS handshake). On a
    /// connection that is already open: when the next request begins.
    Accept,
    /// After the request's head was read. Its body counts as never received.
    RequestHead,
    /// After the whole request was read.
    Request,
    /// After the status line was sent.
    StatusLine,
    /// In the middle of the answer's headers.
    Headers,
    /// After the answer's head was sent.
    BeforeBody,
    /// In the middle of the answer's body.
    Body,
}

impl Fault {
    /// Where it happens.
    pub fn point(self) -> Point {
        match self {
            Self::Reset(point) | Self::Close(point) | Self::Stall(point) => point,
        }
    }
}

impl Default for Step {
    fn default() -> Self {
        Self {
            status: 200,
            reason: None,
            version: Version::default(),
            status_line: None,
            interim: Vec::new(),
            flood: None,
            headers: Vec::new(),
            content_type: Some("application/json".to_owned()),
            retry_after_date_in_seconds: None,
            body: Body::default(),
            framing: Framing::default(),
            pace: Pace::default(),
            answer_at: AnswerAt::default(),
            again: None,
            then: Then::default(),
            fault: None,
        }
    }
}

impl Step {
    /// An answer with this status; see [`Body::Prelude`] for its body.
    pub fn status(status: u16) -> Self {
        Self {
            status,
            ..Self::default()
        }
    }

    /// An answer with an error body as Prelude's, with this `code`.
    pub fn error(status: u16, code: &str) -> Self {
        Self::status(status).body(Body::Json(super::prelude::error(code)))
    }

    /// An RST at this point of a correct answer.
    pub fn reset(at: Point) -> Self {
        Self::default().fault(Fault::Reset(at))
    }

    /// A FIN at this point of a correct answer.
    pub fn close(at: Point) -> Self {
        Self::default().fault(Fault::Close(at))
    }

    /// Silence from this point of a correct answer on.
    pub fn stall(at: Point) -> Self {
        Self::default().fault(Fault::Stall(at))
    }

    /// Adds a header line.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Sets the body.
    pub fn body(self, body: Body) -> Self {
        Self { body, ..self }
    }

    /// Sets how the body's end is told.
    pub fn framing(self, framing: Framing) -> Self {
        Self { framing, ..self }
    }

    /// Sets how slowly the answer is sent.
    pub fn pace(self, pace: Pace) -> Self {
        Self { pace, ..self }
    }

    /// Sets how much of the request is read before the answer is sent.
    pub fn answer_at(self, answer_at: AnswerAt) -> Self {
        Self { answer_at, ..self }
    }

    /// Adds a second answer.
    pub fn again(self, at: AgainAt, answer: Step) -> Self {
        Self {
            again: Some(Box::new(Again { at, answer })),
            ..self
        }
    }

    /// Sets what becomes of the connection afterwards.
    pub fn then(self, then: Then) -> Self {
        Self { then, ..self }
    }

    /// Sets what goes wrong.
    pub fn fault(self, fault: Fault) -> Self {
        Self {
            fault: Some(fault),
            ..self
        }
    }

    pub(super) fn fault_at(&self, point: Point) -> Option<Fault> {
        self.fault.filter(|fault| fault.point() == point)
    }
}

fn three_digits<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u16, D::Error> {
    match u16::deserialize(deserializer)? {
        status @ 100..=999 => Ok(status),
        other => Err(D::Error::custom(format!(
            "a status has three digits, not {other}"
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(json: &str) -> serde_json::Result<Step> {
        serde_json::from_str(json)
    }

    #[test]
    fn every_field_may_be_left_out() {
        assert_eq!(step("{}").unwrap(), Step::default());
    }

    #[test]
    fn json_says_the_same_as_the_builder() {
        let json = r#"{"status": 429, "headers": [["retry-after", "2"]], "body": {"text": "slow"},
            "framing": "chunked", "then": {"close_after_ms": 5}, "fault": {"reset": "before_body"},
            "answer_at": "request_head", "again": {"at": {"after_us": 9}, "answer": {"status": 401}}}"#;
        let built = Step::status(429)
            .header("retry-after", "2")
            .body(Body::Text("slow".to_owned()))
            .framing(Framing::Chunked)
            .then(Then::CloseAfterMs(5))
            .answer_at(AnswerAt::RequestHead)
            .again(AgainAt::AfterUs(9), Step::status(401))
            .fault(Fault::Reset(Point::BeforeBody));
        assert_eq!(step(json).unwrap(), built);
        let again = serde_json::to_string(&built).unwrap();
        assert_eq!(step(&again).unwrap(), built);
    }

    #[test]
    fn a_content_type_can_be_none() {
        let without = step(r#"{"content_type": null}"#).unwrap();
        assert_eq!(without.content_type, None);
    }

    #[test]
    fn what_is_not_known_is_refused() {
        for json in [
            r#"{"stauts": 200}"#,
            r#"{"status": 99}"#,
            r#"{"status": 1000}"#,
            r#"{"fault": {"reset": "lunch"}}"#,
            r#"{"fault": {"reset": "body", "close": "body"}}"#,
            r#"{"body": {"base64": "!"}}"#,
            r#"{"body": {"repeat": {"byte": 97, "count": 3, "colour": 1}}}"#,
            r#"{"pace": {"slowly": true}}"#,
            r#"{"again": {"answer": {}}}"#,
        ] {
            assert!(step(json).is_err(), "{json}");
        }
    }
}
