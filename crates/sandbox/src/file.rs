//! `"file": {"content_type", "filename", "data"}`: a photo, or anything else that a user sends.

use std::fmt;

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use bytes::Bytes;
use hyper::header::HeaderValue;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::{Deserialize, Deserializer};

use crate::SandboxError;

/// The API's own limit is "4 MB".
const LARGEST: usize = 4 * 1024 * 1024;

const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Everything but RFC 5987's `attr-char`.
const NOT_IN_A_PARAMETER: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'!')
    .remove(b'#')
    .remove(b'$')
    .remove(b'&')
    .remove(b'+')
    .remove(b'-')
    .remove(b'.')
    .remove(b'^')
    .remove(b'_')
    .remove(b'`')
    .remove(b'|')
    .remove(b'~');

/// A file that a user sends: at most 4 MiB.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct InboundFile {
    /// The media type, such as `image/jpeg`.
    pub content_type: String,
    /// The name, such as `photo.jpg`. Photos of WhatsApp have none.
    #[serde(default)]
    pub filename: Option<String>,
    /// The bytes. In JSON base64, with or without padding.
    #[serde(deserialize_with = "base64")]
    pub data: Bytes,
}

impl InboundFile {
    /// A file without a name.
    pub fn new(content_type: impl Into<String>, data: impl Into<Bytes>) -> Self {
        Self {
            content_type: content_type.into(),
            filename: None,
            data: data.into(),
        }
    }

    /// The same file with a name.
    pub fn filename(mut self, filename: impl Into<String>) -> Self {
        self.filename = Some(filename.into());
        self
    }

    pub(crate) fn check(&self) -> Result<(), SandboxError> {
        let refused = |why: &str| Err(SandboxError::Refused(why.to_owned()));
        let is_type = |text: &str| {
            text.split_once('/')
                .is_some_and(|(kind, rest)| !kind.is_empty() && !rest.is_empty())
        };
        if !is_type(&self.content_type) || self.content_type().is_none() {
            return refused("`file.content_type` must be a media type, such as image/jpeg");
        }
        let bad_name = |name: &String| name.is_empty() || name.contains(char::is_control);
        if self.filename.as_ref().is_some_and(bad_name) {
            return refused("`file.filename` must not be empty, nor hold control characters");
        }
        if self.data.len() > LARGEST {
            return refused("`file.data` must be at most 4 MiB, as at Prelude");
        }
        Ok(())
    }

    /// The header `Content-Type`.
    pub(crate) fn content_type(&self) -> Option<HeaderValue> {
        HeaderValue::from_str(&self.content_type).ok()
    }

    /// The header `Content-Disposition`, for a file with a name (RFC 6266).
    pub(crate) fn disposition(&self) -> Option<HeaderValue> {
        let name = self.filename.as_deref()?;
        let plain = |c: char| (c.is_ascii_graphic() || c == ' ') && !matches!(c, '"' | '\\' | '%');
        let ascii: String = name
            .chars()
            .map(|c| if plain(c) { c } else { '_' })
            .collect();
        let value = if ascii == name {
            format!("attachment; filename=\"{name}\"")
        } else {
            let encoded = utf8_percent_encode(name, NOT_IN_A_PARAMETER);
            format!("attachment; filename=\"{ascii}\"; filename*=UTF-8''{encoded}")
        };
        HeaderValue::from_str(&value).ok()
    }
}

/// Without the name and the bytes, which are a person's.
impl fmt::Debug for InboundFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InboundFile")
            .field("content_type", &self.content_type)
            .field("size", &self.data.len())
            .finish_non_exhaustive()
    }
}

fn base64<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Bytes, D::Error> {
    let text = String::deserialize(deserializer)?;
    match BASE64.decode(text) {
        Ok(bytes) => Ok(bytes.into()),
        Err(why) => Err(serde::de::Error::custom(format!(
            "`file.data` is not base64: {why}"
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn disposition(name: &str) -> String {
        let file = InboundFile::new("image/png", "x").filename(name);
        file.disposition().unwrap().to_str().unwrap().to_owned()
    }

    #[test]
    fn a_name_stands_in_the_disposition() {
        let plain = "attachment; filename=\"my photo.jpg\"";
        assert_eq!(disposition("my photo.jpg"), plain);
        let encoded =
            "attachment; filename=\"caf_ _1_.png\"; filename*=UTF-8''caf%C3%A9%20%221%22.png";
        assert_eq!(disposition("caf\u{e9} \"1\".png"), encoded);
        assert_eq!(InboundFile::new("image/png", "x").disposition(), None);
    }

    #[test]
    fn base64_is_read_with_and_without_padding() {
        for data in ["aGk=", "aGk"] {
            let json = format!(r#"{{"content_type": "text/plain", "data": "{data}"}}"#);
            let file: InboundFile = serde_json::from_str(&json).unwrap();
            assert_eq!(file, InboundFile::new("text/plain", "hi"));
        }
    }

    #[test]
    fn what_cannot_be_a_file_is_refused() {
        for file in [
            InboundFile::new("", "x"),
            InboundFile::new("image", "x"),
            InboundFile::new("image/", "x"),
            InboundFile::new("image/png\r\nx: y", "x"),
            InboundFile::new("image/png", "x").filename(""),
            InboundFile::new("image/png", "x").filename("a\nb"),
            InboundFile::new("image/png", vec![0; LARGEST + 1]),
        ] {
            assert!(file.check().is_err(), "{file:?}");
        }
        let largest = InboundFile::new("image/png", vec![0; LARGEST]);
        assert!(largest.check().is_ok());
    }

    #[test]
    fn a_printed_file_shows_neither_name_nor_bytes() {
        let file = InboundFile::new("text/plain", "secret").filename("secret.txt");
        assert!(!format!("{file:?}").contains("secret"));
    }
}
