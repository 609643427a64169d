//! `callback_url`: where Prelude posts the delivery events of a message.

use crate::ErrorCode;
use crate::mask::MaskedUrl;

super::outgoing_value! {
    /// An absolute `http` or `https` URL with a host.
    ///
    /// Refused otherwise with `invalid_callback_url`.
    CallbackUrl, debug: MaskedUrl, check: |value| {
        if url::Url::parse(value).is_ok_and(|url| matches!(url.scheme(), "http" | "https")) {
            Ok(())
        } else {
            Err((
                ErrorCode::InvalidCallbackUrl,
                "`callback_url` must be an absolute http or https URL",
            ))
        }
    }
}
