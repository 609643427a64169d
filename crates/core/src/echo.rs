//! `reply_to` and `correlation_id` in an answer: whose answer it is.

use serde::Deserialize;

use crate::event::{Loose, Strict};

/// What an answer says about the request that it is to. (`to` tells nothing: the API may write a
/// number in another form.)
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Echo {
    /// It names this request.
    Own,
    /// It names none.
    Absent,
    /// It names another one.
    Foreign,
}

impl Echo {
    /// Compares pairs of what came back and what was sent. One that differs decides.
    pub(crate) fn of<'a>(
        pairs: impl IntoIterator<Item = (Option<&'a str>, Option<&'a str>)>,
    ) -> Self {
        let mut echo = Echo::Absent;
        for (echoed, sent) in pairs {
            match (echoed.filter(|id| !id.is_empty()), sent) {
                (Some(echoed), Some(sent)) if echoed == sent => echo = Echo::Own,
                (Some(_), Some(_)) => return Echo::Foreign,
                (None, _) | (_, None) => {}
            }
        }
        echo
    }

    /// Looks into a body of any form.
    pub(crate) fn of_body(
        body: &[u8],
        reply_to: Option<&str>,
        correlation_id: Option<&str>,
    ) -> Self {
        #[derive(Deserialize, Default)]
        #[serde(default)]
        struct Wire<'a> {
            #[serde(borrow)]
            reply_to: Loose<'a>,
            #[serde(borrow)]
            correlation_id: Loose<'a>,
        }
        match serde_json::from_slice::<Strict<Wire>>(body) {
            Ok(Strict(wire)) => Self::of([
                (wire.reply_to.required(), reply_to),
                (wire.correlation_id.required(), correlation_id),
            ]),
            Err(_) => Echo::Absent,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(body: &str) -> Echo {
        Echo::of_body(body.as_bytes(), Some("im_1"), Some("im_1.7"))
    }

    #[test]
    fn one_that_differs_decides() {
        assert_eq!(of(r#"{"reply_to":"im_1"}"#), Echo::Own);
        assert_eq!(of(r#"{"correlation_id":"im_1.7"}"#), Echo::Own);
        assert_eq!(
            of(r#"{"reply_to":"im_1","correlation_id":"im_1.8"}"#),
            Echo::Foreign
        );
        assert_eq!(
            of(r#"{"reply_to":"im_2","correlation_id":"im_1.7"}"#),
            Echo::Foreign
        );
    }

    #[test]
    fn what_is_missing_or_no_string_names_nothing() {
        for body in [
            "{}",
            r#"{"reply_to":null,"correlation_id":7}"#,
            r#"{"reply_to":""}"#,
            "[]",
            "no JSON",
            "",
        ] {
            assert_eq!(of(body), Echo::Absent, "{body}");
        }
        let body = br#"{"reply_to":"im_2"}"#;
        assert_eq!(Echo::of_body(body, None, Some("c")), Echo::Absent);
    }
}
