//! `correlation_id`: the caller's own name for a message, put in every delivery event about it.

use super::ReplyTo;
use crate::ErrorCode;

super::outgoing_value! {
    /// At most 80 characters of the caller's choice, echoed by the API and in delivery events.
    ///
    /// Refused when longer with `invalid_correlation_id`. It is printed in logs: keep names and
    /// numbers of people out of it.
    CorrelationId, debug: std::convert::identity, check: |value| {
        if value.chars().count() <= 80 {
            Ok(())
        } else {
            Err((
                ErrorCode::InvalidCorrelationId,
                "`correlation_id` may have at most 80 characters",
            ))
        }
    }
}

/// Crockford's base32, as in the API's own ids.
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

impl CorrelationId {
    /// `<im_… id>.<12 random characters>`: a delivery event then names the message that it
    /// belongs to without a database.
    pub fn for_reply(reply_to: &ReplyTo, random: [u8; 12]) -> Self {
        Self::join(reply_to.as_str(), random)
    }

    /// `send.<12 random characters>`, for a template that answers no message.
    pub fn for_send(random: [u8; 12]) -> Self {
        Self::join("send", random)
    }

    /// The id of the inbound message that this id was made for by [`CorrelationId::for_reply`].
    pub fn reply_to(&self) -> Option<ReplyTo> {
        let (message_id, _) = self.as_str().rsplit_once('.')?;
        ReplyTo::parse(message_id).ok()
    }

    fn join(head: &str, random: [u8; 12]) -> Self {
        let mut id = String::with_capacity(head.len() + 1 + random.len());
        id.push_str(head);
        id.push('.');
        id.extend(random.map(|byte| char::from(ALPHABET[usize::from(byte % 32)])));
        Self(id.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_the_message_it_was_made_for() {
        let reply_to = ReplyTo::parse("im_01k8aq2zggeyssvt53zgvpx63a").unwrap();
        let id = CorrelationId::for_reply(&reply_to, [31; 12]);
        assert_eq!(id, "im_01k8aq2zggeyssvt53zgvpx63a.zzzzzzzzzzzz");
        assert_eq!(id.reply_to(), Some(reply_to));
        assert_eq!(CorrelationId::for_send([0; 12]).reply_to(), None);
    }

    #[test]
    fn stays_valid_for_the_longest_message_id() {
        let reply_to = ReplyTo::parse(&format!("im_{}", "a".repeat(64))).unwrap();
        let id = CorrelationId::for_reply(&reply_to, [7; 12]);
        assert!(CorrelationId::parse(id.as_str()).is_ok());
    }
}
