//! `document.url`: a file that goes out with a template.

use crate::ErrorCode;
use crate::mask::MaskedUrl;

super::outgoing_value! {
    /// An absolute `https` URL.
    ///
    /// Refused otherwise with `invalid_request`.
    DocumentUrl, debug: MaskedUrl, check: |value| {
        if url::Url::parse(value).is_ok_and(|url| url.scheme() == "https") {
            Ok(())
        } else {
            Err((ErrorCode::InvalidRequest, "`document.url` must be an absolute https URL"))
        }
    }
}
