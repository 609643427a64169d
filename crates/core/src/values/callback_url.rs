//! `callback_url`: where Prelude posts the delivery events of a message.

use super::is_absolute_url;
use crate::ErrorCode;
use crate::mask::MaskedUrl;

super::outgoing_value! {
    /// An absolute `http` or `https` URL with a host.
    ///
    /// Refused otherwise with `invalid_callback_url`.
    CallbackUrl, debug: MaskedUrl, check: |value| {
        if is_absolute_url(value, &["http", "https"]) {
            Ok(())
        } else {
            Err((
                ErrorCode::InvalidCallbackUrl,
                "`callback_url` must be an absolute http or https URL",
            ))
        }
    }
}
