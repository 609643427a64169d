//! `text`: what the user reads.

use crate::ErrorCode;
use crate::mask::MaskedText;

super::outgoing_value! {
    /// A text that is not empty. Its longest form is not documented, so there is no cap of ours.
    ///
    /// Refused when empty with `missing_text`.
    Text, debug: MaskedText, check: |value| {
        if value.is_empty() {
            Err((ErrorCode::MissingText, "`text` must not be empty"))
        } else {
            Ok(())
        }
    }
}
