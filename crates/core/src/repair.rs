//! JSON that others write and `serde_json` refuses: half a surrogate pair, numbers beyond `f64`.

/// The same JSON with U+FFFD for every half of a surrogate pair (an emoji cut by some sender), and
/// numbers that no `f64` can hold as strings. `None` when there was nothing to repair.
///
/// Only for JSON that did not parse: the repair costs a copy.
pub(crate) fn repair(json: &str) -> Option<String> {
    let mut repaired = String::with_capacity(json.len());
    let mut rest = json;
    let mut in_string = false;
    while let Some(next) = rest.chars().next() {
        let length = match next {
            '\\' if in_string => escape(rest, &mut repaired),
            '"' => {
                in_string = !in_string;
                copy(rest, 1, &mut repaired)
            }
            '-' | '0'..='9' if !in_string => number(rest, &mut repaired),
            other => copy(rest, other.len_utf8(), &mut repaired),
        };
        rest = &rest[length..];
    }
    (repaired != json).then_some(repaired)
}

fn copy(rest: &str, length: usize, to: &mut String) -> usize {
    to.push_str(&rest[..length]);
    length
}

/// `\n`, `A`, or a surrogate with or without its other half.
fn escape(rest: &str, to: &mut String) -> usize {
    match (unit(rest), rest.get(6..).and_then(unit)) {
        (Some(0xD800..=0xDBFF), Some(0xDC00..=0xDFFF)) => copy(rest, 12, to),
        (Some(0xD800..=0xDFFF), _) => {
            to.push_str("\\ufffd");
            6
        }
        (Some(_), _) => copy(rest, 6, to),
        (None, _) => {
            let escaped = rest[1..].chars().next().map_or(0, char::len_utf8);
            copy(rest, 1 + escaped, to)
        }
    }
}

/// The code unit of a `\uXXXX` at the start of `text`.
fn unit(text: &str) -> Option<u32> {
    let digits = text.strip_prefix("\\u")?.get(..4)?;
    let plain = digits.bytes().all(|b| b.is_ascii_hexdigit());
    plain
        .then(|| u32::from_str_radix(digits, 16).ok())
        .flatten()
}

fn number(rest: &str, to: &mut String) -> usize {
    let length = rest
        .find(|c: char| !matches!(c, '0'..='9' | '+' | '-' | '.' | 'e' | 'E'))
        .unwrap_or(rest.len());
    if rest[..length].parse::<f64>().is_ok_and(f64::is_infinite) {
        to.push('"');
        copy(rest, length, to);
        to.push('"');
        length
    } else {
        copy(rest, length, to)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_of_pairs_become_the_replacement_character() {
        let json = r#"{"a": "x\ud83dy", "b": "\udc00", "c": "\ud83d\ude00", "d\ud800": "\\ud800"}"#;
        let expected =
            r#"{"a": "x\ufffdy", "b": "\ufffd", "c": "\ud83d\ude00", "d\ufffd": "\\ud800"}"#;
        assert_eq!(repair(json).as_deref(), Some(expected));
    }

    #[test]
    fn endless_numbers_become_strings() {
        let json = r#"[1e999, -1E+999, 1e3, "1e999"]"#;
        let expected = r#"["1e999", "-1E+999", 1e3, "1e999"]"#;
        assert_eq!(repair(json).as_deref(), Some(expected));
    }

    #[test]
    fn whole_json_is_left_alone() {
        for json in [
            r#"{"a": [1, "\"\\", "é\n", -0.5]}"#,
            "",
            "\"",
            "\"\\",
            "\"\\u12",
            "é",
        ] {
            assert_eq!(repair(json), None, "{json}");
        }
    }
}
