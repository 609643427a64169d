//! `apiToken` as a function: JavaScript is asked before each call, and once more after a 401.

use std::sync::Arc;

use backchat_core::{TokenError, TokenProvider};

use crate::mailbox::{Inner, Kind};

/// Asks the client `client` of JavaScript.
pub(crate) fn provider(mailbox: Arc<Inner>, client: u32) -> impl TokenProvider {
    move || {
        let mailbox = Arc::clone(&mailbox);
        async move {
            let answer = mailbox.ask(Kind::Token, client, "null").await;
            // What it threw stays with JavaScript, which makes it the error's cause.
            let answer = answer.map_err(|_question| TokenError::from("the function threw"))?;
            serde_json::from_str(&answer).map_err(|_| TokenError::from("it gave no string"))
        }
    }
}
