//! `locale`: a BCP 47 language tag, such as `fr-FR`.

use crate::ErrorCode;

super::outgoing_value! {
    /// A BCP 47 language tag: subtags of 1 to 8 ASCII letters and digits, joined by `-`, the
    /// first of letters only.
    ///
    /// Refused otherwise with `invalid_locale`.
    Locale, debug: std::convert::identity, check: check
}

fn check(value: &str) -> Result<(), (ErrorCode, &'static str)> {
    let language = value.split('-').next().unwrap_or_default();
    let valid = language.bytes().all(|b| b.is_ascii_alphabetic())
        && value.split('-').all(|subtag| {
            (1..=8).contains(&subtag.len()) && subtag.bytes().all(|b| b.is_ascii_alphanumeric())
        });
    if valid {
        Ok(())
    } else {
        Err((
            ErrorCode::InvalidLocale,
            "`locale` must be a BCP 47 tag such as `fr-FR`",
        ))
    }
}
