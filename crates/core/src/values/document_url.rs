//! `document.url`: a file that goes out with a template.

use super::is_absolute_url;
use crate::ErrorCode;
use crate::mask::MaskedUrl;

super::outgoing_value! {
    /// An absolute `https` URL.
    ///
    /// Refused otherwise with `invalid_request`.
    DocumentUrl, debug: MaskedUrl, check: |value| {
        if is_absolute_url(value, &["https"]) {
            Ok(())
        } else {
            Err((ErrorCode::InvalidRequest, "`document.url` must be an absolute https URL"))
        }
    }
}
