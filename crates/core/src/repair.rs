//! JSON that others write and `serde_json` refuses: half a surrogate pair, numbers beyond `f64`.
//! Both are JSON by its grammar. What is not stays refused.

use serde::de::IgnoredAny;
use serde_json::Value;

/// The same JSON with U+FFFD for every half of a surrogate pair (an emoji cut by some sender).
/// `None` when there was nothing to repair, and for what is not JSON.
///
/// Only for JSON that did not parse: the repair costs a copy.
pub(crate) fn repair_strings(json: &str) -> Option<String> {
    repair(json, |number, to| to.push_str(number))
}

/// The tree of any JSON. Half a surrogate pair becomes U+FFFD, and a number beyond `f64` a string.
/// `None` for what is not JSON, or is nested deeper than 128 levels.
///
/// Not for fields that must be strings: a huge number would pass for one.
pub(crate) fn tree(json: &str) -> Option<Value> {
    let repaired = || serde_json::from_str(&repair(json, quote_if_too_large)?).ok();
    serde_json::from_str(json).ok().or_else(repaired)
}

/// `serde_json` itself decides: close to the largest `f64` its rounding is its own.
fn quote_if_too_large(number: &str, to: &mut String) {
    let quote = if serde_json::from_str::<f64>(number).is_ok() {
        ""
    } else {
        "\""
    };
    to.extend([quote, number, quote]);
}

/// The grammar is checked first: in what is JSON, a number is never a key, and a quote outside a
/// string never stands alone. So a repair changes values, and nothing else becomes JSON by it.
fn repair(json: &str, number: impl Fn(&str, &mut String)) -> Option<String> {
    serde_json::from_str::<IgnoredAny>(json).ok()?;
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
            '-' | '0'..='9' if !in_string => {
                let length = number_length(rest);
                number(&rest[..length], &mut repaired);
                length
            }
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

/// The length of the number at the start of `rest`.
fn number_length(rest: &str) -> usize {
    rest.find(|c: char| !matches!(c, '0'..='9' | '+' | '-' | '.' | 'e' | 'E'))
        .unwrap_or(rest.len())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn is_json(text: &str) -> bool {
        serde_json::from_str::<IgnoredAny>(text).is_ok()
    }

    #[test]
    fn halves_of_pairs_become_the_replacement_character() {
        let json = r#"{"a": "x\ud83dy", "b": "\udc00", "c": "\ud83d\ude00", "d\ud800": "\\ud800"}"#;
        let expected =
            r#"{"a": "x\ufffdy", "b": "\ufffd", "c": "\ud83d\ude00", "d\ufffd": "\\ud800"}"#;
        assert_eq!(repair_strings(json).as_deref(), Some(expected));
    }

    #[test]
    fn numbers_beyond_f64_become_strings_in_a_tree_only() {
        let json = r#"[1e999, -1E+999, 1e3, "1e999", {"a": 1.0e400}]"#;
        let expected = json!(["1e999", "-1E+999", 1e3, "1e999", {"a": "1.0e400"}]);
        assert_eq!(tree(json), Some(expected));
        assert_eq!(repair_strings(json), None);
    }

    #[test]
    fn a_number_next_to_the_largest_keeps_its_tree() {
        for number in [
            "1.7976931348623157e308",
            "1.7976931348623158e308",
            "1.7976931348623159e308",
            "17976931348623157000000e287",
            "0e99999999999999999999",
            "1e-99999999999999999999",
        ] {
            assert!(tree(&format!("[{number}]")).is_some(), "{number}");
        }
    }

    #[test]
    fn whole_json_is_left_alone() {
        let json = r#"{"a": [1, "\"\\", "é\n", -0.5]}"#;
        assert_eq!(repair_strings(json), None);
    }

    /// `JSONTestSuite`'s `n_object_non_string_key_but_huge_number_instead.json` and its siblings:
    /// quotes around a number, or a whole pair for a half, would make each of them JSON.
    #[test]
    fn what_is_not_json_stays_refused() {
        for text in [
            "{9999E9999:1}",
            "{9999E9999}",
            "{\"a\": 1, 9999E9999: 1}",
            "[01e999]",
            "[-01e999]",
            "[1.e999]",
            "[-.5e999]",
            "[.5e999]",
            "[1e999.]",
            "[1e999e1]",
            "[+1e999]",
            "[1e+999+]",
            "[1e999\"\"]",
            "1e999 1e999",
            "[\"\\ud800]",
            "[\\ud800]",
            "[\"\\ud80\"]",
            "[\"\\uD8\u{e9}0\"]",
            "[\"\\ud800\\\"]",
            "{\"\\ud800\"}",
            "",
            "\"",
            "\"\\",
            "\"\\u12",
            "\u{e9}",
        ] {
            assert!(!is_json(text), "{text}");
            assert_eq!(repair_strings(text), None, "{text}");
            assert_eq!(tree(text), None, "{text}");
        }
    }

    /// Tokens that a repair may touch, whole and broken, between those that give them a place.
    fn soup() -> impl Strategy<Value = String> {
        let token = prop::sample::select(vec![
            "{",
            "}",
            "[",
            "]",
            ":",
            ",",
            " ",
            "\"",
            "\\",
            "null",
            "tru",
            "\"a\"",
            "1e999",
            "-1e999",
            "1E+999",
            "01e999",
            "1.e999",
            ".5e999",
            "-",
            "e",
            "0",
            "17",
            "\\ud83d",
            "\\ude00",
            "\"\\ud83d\"",
            "\"\\ud83d\\ude00\"",
            "\\u",
            "\\\\",
            "\u{e9}",
            "\n",
        ]);
        prop::collection::vec(token, 0..12).prop_map(|tokens| tokens.concat())
    }

    /// JSON with halves of pairs and huge numbers in it.
    fn odd_json() -> impl Strategy<Value = String> {
        let string = prop::sample::select(vec![
            "\"\"",
            "\"a\"",
            "\"\\ud83d\"",
            "\"\\ude00x\"",
            "\"\\ud83d\\ude00\"",
            "\"\\\\ud83d\"",
            "\"1e999\"",
        ]);
        let number = prop::sample::select(vec!["1e999", "-1.5E+999", "0", "-0.25", "17e2"]);
        let leaf = prop_oneof![
            string.clone().prop_map(str::to_owned),
            number.prop_map(str::to_owned),
            Just("null".to_owned()),
        ];
        leaf.prop_recursive(4, 24, 4, move |inner| {
            let key = string.clone();
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4)
                    .prop_map(|values| format!("[{}]", values.join(", "))),
                prop::collection::vec((key, inner), 0..4).prop_map(|pairs| {
                    let pairs: Vec<_> = pairs.iter().map(|(k, v)| format!("{k}:{v}")).collect();
                    format!("{{{}}}", pairs.join(","))
                }),
            ]
        })
    }

    proptest! {
        #[test]
        fn nothing_becomes_json_by_a_repair(text in soup()) {
            let repaired = repair_strings(&text);
            prop_assert!(repaired.is_none() || is_json(&text));
            prop_assert!(tree(&text).is_none() || is_json(&text));
        }

        #[test]
        fn one_byte_less_is_json_or_not(json in odd_json(), at in any::<prop::sample::Index>()) {
            let mut text = json;
            let place = at.index(text.len());
            text.remove(place);
            prop_assert_eq!(tree(&text).is_some(), is_json(&text));
            prop_assert!(repair_strings(&text).is_none() || is_json(&text));
        }

        #[test]
        fn all_json_has_a_tree(json in odd_json()) {
            prop_assert!(tree(&json).is_some());
            let repaired = repair_strings(&json).unwrap_or(json);
            prop_assert!(is_json(&repaired));
            prop_assert_eq!(repair_strings(&repaired), None);
        }
    }
}
