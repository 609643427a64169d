//! `to`: a phone number in E.164 format, such as `+33612345678`.

use crate::ErrorCode;
use crate::mask::MaskedNumber;

super::outgoing_value! {
    /// A phone number in E.164 format: `+`, then 7 to 15 digits, the first not 0.
    ///
    /// Refused otherwise with `invalid_phone_number`. Spaces and punctuation are not E.164.
    PhoneNumber, debug: MaskedNumber, check: check
}

fn check(value: &str) -> Result<(), (ErrorCode, &'static str)> {
    let digits = value.strip_prefix('+').unwrap_or_default().as_bytes();
    let valid = (7..=15).contains(&digits.len())
        && digits[0] != b'0'
        && digits.iter().all(u8::is_ascii_digit);
    if valid {
        Ok(())
    } else {
        Err((
            ErrorCode::InvalidPhoneNumber,
            "`to` must be in E.164 format: `+`, then 7 to 15 digits, the first not 0",
        ))
    }
}
