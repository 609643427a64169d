//! JSON that its readers never write back byte for byte.
//!
//! A signature covers the bytes of a body. An application that parses the body and verifies what it
//! writes from that would fail at Prelude, whose spelling is not documented; so it fails here too.
//! The spelling is valid JSON, but no writer's own: a blank after a colon and none after a comma,
//! `+` and what is not ASCII as `\u002B`, whole numbers as `7.0`.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::ser::{Formatter, Serializer};

/// The bytes of a webhook's body.
pub(super) fn spell(value: &impl Serialize) -> Result<Vec<u8>, serde_json::Error> {
    let mut bytes = Vec::new();
    value.serialize(&mut Serializer::with_formatter(&mut bytes, Spelling))?;
    Ok(bytes)
}

struct Spelling;

impl Formatter for Spelling {
    fn begin_object_value<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        writer.write_all(b": ")
    }

    fn write_string_fragment<W: ?Sized + Write>(
        &mut self,
        writer: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        for c in fragment.chars() {
            if c.is_ascii() && c != '+' {
                writer.write_all(&[c as u8])?;
            } else {
                for unit in c.encode_utf16(&mut [0; 2]) {
                    write!(writer, "\\u{unit:04X}")?;
                }
            }
        }
        Ok(())
    }

    fn write_u64<W: ?Sized + Write>(&mut self, writer: &mut W, value: u64) -> io::Result<()> {
        write!(writer, "{value}.0")
    }

    fn write_i64<W: ?Sized + Write>(&mut self, writer: &mut W, value: i64) -> io::Result<()> {
        write!(writer, "{value}.0")
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn the_spelling_is_json_and_nobodys_own() {
        let value =
            json!({"from": "+33", "text": "\u{e9}\n\"\\ \u{1f600}/", "list": [1, -2, 1.5, null]});
        let bytes = spell(&value).unwrap();
        let expected = concat!(
            r#"{"from": "\u002B33","list": [1.0,-2.0,1.5,null],"#,
            r#""text": "\u00E9\n\"\\ \uD83D\uDE00/"}"#
        );
        assert_eq!(String::from_utf8_lossy(&bytes), expected);
        let read: Value = serde_json::from_slice(&bytes).unwrap();
        assert_eq!(read["text"], value["text"]);
    }
}
