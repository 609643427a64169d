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

/// `date-time` of RFC 3339, 5.6. (jiff reads more than that, and less: it ends in 9999-12-30.)
fn is_rfc3339(value: &str) -> bool {
    let Some((date, rest)) = value.split_at_checked(10) else {
        return false;
    };
    let Some((time, rest)) = rest.split_at_checked(9) else {
        return false;
    };
    is_date(date) && is_time(time) && is_offset(without_fraction(rest))
}

/// `2025-10-24`
fn is_date(text: &str) -> bool {
    let Some([year, month, day]) = fields(text, '-', [4, 2, 2]) else {
        return false;
    };
    let (Ok(month), Ok(day)) = (i8::try_from(month), i8::try_from(day)) else {
        return false;
    };
    i16::try_from(year).is_ok_and(|year| jiff::civil::Date::new(year, month, day).is_ok())
}

/// `T08:59:10`, or 60 in a leap second.
fn is_time(text: &str) -> bool {
    let Some(clock) = text.strip_prefix(['T', 't']) else {
        return false;
    };
    fields(clock, ':', [2, 2, 2])
        .is_some_and(|[hour, minute, second]| hour < 24 && minute < 60 && second <= 60)
}

fn without_fraction(text: &str) -> &str {
    let Some(fraction) = text.strip_prefix('.') else {
        return text;
    };
    let rest = fraction.trim_start_matches(|c: char| c.is_ascii_digit());
    if rest.len() < fraction.len() {
        rest
    } else {
        text
    }
}

/// `Z` or `+02:00`
fn is_offset(text: &str) -> bool {
    if matches!(text, "Z" | "z") {
        return true;
    }
    let Some(offset) = text.strip_prefix(['+', '-']) else {
        return false;
    };
    fields(offset, ':', [2, 2]).is_some_and(|[hours, minutes]| hours < 24 && minutes < 60)
}

/// Numbers of exactly these lengths, with `separator` between them.
fn fields<const N: usize>(text: &str, separator: char, lengths: [usize; N]) -> Option<[u16; N]> {
    let mut parts = text.split(separator);
    let mut fields = [0; N];
    for (field, length) in fields.iter_mut().zip(lengths) {
        let part = parts.next()?;
        let plain = part.len() == length && part.bytes().all(|b| b.is_ascii_digit());
        *field = plain.then(|| part.parse().ok()).flatten()?;
    }
    parts.next().is_none().then_some(fields)
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
            "2025-10-24T08:59:10.7369255021Z",
            "1990-12-31T23:59:60Z",
            "9999-12-31T23:59:59Z",
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
            "2025-10-24T08:59:10+25:00",
            "2025-10-24T08:59:10,5Z",
            "2025-10-24T08:59:10.Z",
            "2025-10-24T24:00:00Z",
            "2025-02-29T08:59:10Z",
            "2025-13-24T08:59:10Z",
            "2025-10-24T08:59:10Z[Europe/Paris]",
        ] {
            assert!(!is_rfc3339(bad), "{bad}");
        }
    }
}
