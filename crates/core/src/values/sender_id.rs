//! `from`: who a template comes from, a number or a name that the account may use.

use crate::ErrorCode;
use crate::mask::MaskedNumber;

super::outgoing_value! {
    /// A sender that is not empty. Which ones an account may use only the API knows.
    ///
    /// Refused when empty with `invalid_sender_id`.
    SenderId, debug: MaskedNumber, check: |value| {
        if value.is_empty() {
            Err((ErrorCode::InvalidSenderId, "`from` must not be empty"))
        } else {
            Ok(())
        }
    }
}
