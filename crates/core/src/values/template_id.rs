//! `template_id`: the id of a message template, such as `template_01k8ap1btqf5r9fq2c8ax5fhc9`.

use super::is_prefixed_id;
use crate::ErrorCode;

super::outgoing_value! {
    /// The id of a message template: `template_`, then 1 to 64 ASCII letters and digits.
    ///
    /// Refused otherwise with `invalid_template_id`.
    TemplateId, debug: std::convert::identity, check: |value| {
        if is_prefixed_id(value, "template_", 64) {
            Ok(())
        } else {
            Err((
                ErrorCode::InvalidTemplateId,
                "`template_id` must be `template_` and then letters and digits",
            ))
        }
    }
}
