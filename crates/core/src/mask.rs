//! What may be printed of a phone number or a text: enough to recognise, too little to use.

use std::fmt;

/// `+33612345678` as `+33…78`; anything shorter than eight characters as `…`, and so what would show
/// a line break or another character that no address has.
pub(crate) struct MaskedNumber<'a>(pub &'a str);

impl fmt::Debug for MaskedNumber<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = self.0.chars().count();
        if count < 8 {
            return f.write_str("…");
        }
        let head: String = self.0.chars().take(3).collect();
        let tail: String = self.0.chars().skip(count - 2).collect();
        let visible = |c: char| c.is_alphanumeric() || c.is_ascii_graphic();
        if !head.chars().chain(tail.chars()).all(visible) {
            return f.write_str("…");
        }
        write!(f, "{head}…{tail}")
    }
}

/// A text as its length: `[27 characters]`.
pub(crate) struct MaskedText<'a>(pub &'a str);

impl fmt::Debug for MaskedText<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[{} characters]", self.0.chars().count())
    }
}

/// Bytes as their length: `[512 bytes]`.
pub(crate) struct MaskedBytes<'a>(pub &'a [u8]);

impl fmt::Debug for MaskedBytes<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[{} bytes]", self.0.len())
    }
}

/// An address without what may be secret in it: user, password, query, fragment.
pub(crate) struct MaskedUrl<'a>(pub &'a str);

impl fmt::Debug for MaskedUrl<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match url::Url::parse(self.0) {
            Ok(url) => write!(
                f,
                "{}://{}/…",
                url.scheme(),
                url.host_str().unwrap_or_default()
            ),
            Err(_) => f.write_str("…"),
        }
    }
}

/// A word of the server's, if it looks like one: what else it may hold must not reach a log.
pub fn plain(word: &str) -> &str {
    let looks_like_one = word.len() <= 64
        && word
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"_.:-".contains(&b));
    if looks_like_one { word } else { "…" }
}

/// The same for `Debug`.
pub(crate) struct Plain<'a>(pub &'a str);

impl fmt::Debug for Plain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        plain(self.0).fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_keeps_its_country_and_last_two_digits() {
        assert_eq!(format!("{:?}", MaskedNumber("+33612345678")), "+33…78");
    }

    #[test]
    fn a_short_code_is_hidden_whole() {
        assert_eq!(format!("{:?}", MaskedNumber("36184")), "…");
    }

    #[test]
    fn a_mask_shows_no_character_that_breaks_a_line_or_hides_it() {
        for wrong in [
            "\n+33612345678",
            "+33612345678\n",
            "\u{1b}[2J612345678",
            "\u{202e}12345678",
            "12345678\u{2028}9",
        ] {
            assert_eq!(format!("{:?}", MaskedNumber(wrong)), "…");
        }
        assert_eq!(format!("{:?}", MaskedNumber("agent_1@rbm.goog")), "age…og");
    }

    #[test]
    fn a_mask_never_splits_a_character() {
        assert_eq!(format!("{:?}", MaskedNumber("éééééééé")), "ééé…éé");
        assert_eq!(format!("{:?}", MaskedText("né")), "[2 characters]");
    }

    #[test]
    fn a_servers_word_is_shown_only_if_it_is_one() {
        assert_eq!(plain("req_01:a-b.c"), "req_01:a-b.c");
        for wrong in ["a b", "a\nb", "+33612345678", "é", &"a".repeat(65)] {
            assert_eq!(plain(wrong), "…");
        }
    }

    #[test]
    fn an_address_shows_scheme_and_host() {
        let masked = format!("{:?}", MaskedUrl("https://user:pw@example.com/a?token=t"));
        assert_eq!(masked, "https://example.com/…");
    }
}
