//! The body of an answer, and how the answer tells where it ends.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use serde_json::Value;

const CHUNK: usize = 1024;

/// The body of an answer.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Body {
    /// With a 2xx status the correct answer of Prelude to the request; else empty.
    #[default]
    Prelude,
    /// This text.
    Text(String),
    /// This JSON value.
    Json(Value),
    /// These bytes, written as base64 in JSON.
    #[serde(
        rename = "base64",
        serialize_with = "to_base64",
        deserialize_with = "from_base64"
    )]
    Bytes(Vec<u8>),
    /// The same byte many times, for bodies larger than any limit.
    Repeat {
        /// The byte.
        byte: u8,
        /// How many of it.
        count: usize,
    },
}

/// How an answer tells where its body ends.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Framing {
    /// A correct `Content-Length`.
    #[default]
    ContentLength,
    /// `Transfer-Encoding: chunked`.
    Chunked,
    /// No header: the body ends with the connection, by a FIN (under TLS after `close_notify`).
    UntilClose,
    /// A `Content-Length` that says this, whatever the body's length is.
    WrongLength(u64),
}

impl Body {
    /// Its bytes; `None` for [`Body::Prelude`], which depends on the request.
    pub(super) fn bytes(&self) -> Option<Vec<u8>> {
        match self {
            Self::Prelude => None,
            Self::Text(text) => Some(text.clone().into_bytes()),
            Self::Json(value) => Some(value.to_string().into_bytes()),
            Self::Bytes(bytes) => Some(bytes.clone()),
            Self::Repeat { byte, count } => Some(vec![*byte; *count]),
        }
    }
}

impl Framing {
    pub(super) fn header(self, length: usize) -> Option<(&'static str, String)> {
        match self {
            Self::ContentLength => Some(("content-length", length.to_string())),
            Self::Chunked => Some(("transfer-encoding", "chunked".to_owned())),
            Self::UntilClose => None,
            Self::WrongLength(wrong) => Some(("content-length", wrong.to_string())),
        }
    }

    pub(super) fn encode(self, body: Vec<u8>) -> Vec<u8> {
        if self != Self::Chunked {
            return body;
        }
        let mut encoded = Vec::with_capacity(body.len() + body.len() / 64 + 16);
        for chunk in body.chunks(CHUNK) {
            encoded.extend_from_slice(format!("{:x}\r\n", chunk.len()).as_bytes());
            encoded.extend_from_slice(chunk);
            encoded.extend_from_slice(b"\r\n");
        }
        encoded.extend_from_slice(b"0\r\n\r\n");
        encoded
    }
}

fn to_base64<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&STANDARD.encode(bytes))
}

fn from_base64<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
    let text = String::deserialize(deserializer)?;
    STANDARD.decode(text).map_err(D::Error::custom)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_survives_json() {
        let body: Body = serde_json::from_str(r#"{"base64": "AP8="}"#).unwrap();
        assert_eq!(body, Body::Bytes(vec![0, 255]));
        assert_eq!(
            serde_json::to_string(&body).unwrap(),
            r#"{"base64":"AP8="}"#
        );
    }

    #[test]
    fn chunks_carry_their_length_and_end_with_an_empty_one() {
        let encoded = Framing::Chunked.encode(vec![b'a'; CHUNK + 2]);
        assert!(encoded.starts_with(b"400\r\naaa"));
        assert!(encoded.ends_with(b"a\r\n2\r\naa\r\n0\r\n\r\n"));
        assert_eq!(Framing::Chunked.encode(Vec::new()), b"0\r\n\r\n");
    }
}
