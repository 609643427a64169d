//! `expires_at`, `schedule_at`: a moment in RFC 3339, such as `2025-10-24T08:59:10Z`.

use crate::ErrorCode;

super::outgoing_value! {
    /// A moment in RFC 3339 with its offset.
    ///
    /// Refused otherwise with `invalid_date_format`.
    DateTime, debug: std::convert::identity, check: |value| {
        if is_rfc3339(value) {
            Ok(())
        } else {
            Err((
                ErrorCode::InvalidDateFormat,
                "a date must be in RFC 3339 with its offset, such as `2025-10-24T08:59:10Z`",
            ))
        }
    }
}

impl From<jiff::Timestamp> for DateTime {
    fn from(moment: jiff::Timestamp) -> Self {
        Self(moment.to_string().into())
    }
}

/// jiff reads a superset of RFC 3339 (blanks for `T`, `+02`, zone names): the frame is checked
/// here, the numbers there.
fn is_rfc3339(value: &str) -> bool {
    let bytes = value.as_bytes();
    let framed = bytes.len() >= 20
        && bytes[4] == b'-'
        && bytes[7] == b'-'
        && matches!(bytes[10], b'T' | b't')
        && bytes[13] == b':'
        && bytes[16] == b':';
    let offset_ok = match bytes.last() {
        Some(b'Z' | b'z') => true,
        Some(_) => {
            bytes.len() >= 25 && {
                let offset = &bytes[bytes.len() - 6..];
                matches!(offset[0], b'+' | b'-') && offset[3] == b':'
            }
        }
        None => false,
    };
    framed && offset_ok && value.parse::<jiff::Timestamp>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::is_rfc3339;

    #[test]
    fn takes_what_rfc_3339_prints() {
        for good in [
            "2025-10-24T08:59:10Z",
            "2025-10-24t08:59:10z",
            "2025-10-24T08:59:10.736925502Z",
            "2025-10-24T08:59:10+02:00",
            "1990-12-31T23:59:60Z",
        ] {
            assert!(is_rfc3339(good), "{good}");
        }
    }

    #[test]
    fn refuses_the_rest() {
        for bad in [
            "",
            "tomorrow",
            "2025-10-24",
            "2025-10-24 08:59:10Z",
            "2025-10-24T08:59:10",
            "2025-10-24T08:59:10+0200",
            "2025-10-24T08:59:10+02",
            "2025-13-24T08:59:10Z",
            "2025-10-24T08:59:10Z[Europe/Paris]",
        ] {
            assert!(!is_rfc3339(bad), "{bad}");
        }
    }
}
