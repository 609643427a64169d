//! `reply_to`: the id of the inbound message that is answered, such as `im_01k8aq2zggeyssvt53zgvpx63a`.

use super::is_prefixed_id;
use crate::ErrorCode;

/// Leaves room for a correlation id of `<reply_to>.<12 characters>` within its 80 characters.
const LONGEST_BODY: usize = 64;

super::outgoing_value! {
    /// The id of an inbound message: `im_`, then 1 to 64 ASCII letters and digits.
    ///
    /// Refused otherwise with `invalid_reply_context`.
    ReplyTo, debug: std::convert::identity, check: |value| {
        if is_prefixed_id(value, "im_", LONGEST_BODY) {
            Ok(())
        } else {
            Err((
                ErrorCode::InvalidReplyContext,
                "`reply_to` must be the `message_id` of an inbound message: `im_` and then letters and digits",
            ))
        }
    }
}
