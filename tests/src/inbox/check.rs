//! What must hold at the end, from what the API received and what the ledger says.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use backchat_inbox::{Ledger, Record, State};

use super::api::Post;
use super::event;

/// Whether a POST that was answered so may have had an effect.
pub fn may_have_effect(status: u16) -> bool {
    !matches!(status, 401 | 421 | 425 | 429)
}

/// What was found.
#[derive(Debug, Default)]
pub struct Findings {
    /// Messages that were expected.
    pub messages: usize,
    /// All POSTs.
    pub posts: usize,
    /// Messages with more than one POST that may have had an effect.
    pub twice: Vec<String>,
    /// Messages that are neither `sent` nor listed as `maybe_sent`.
    pub open: Vec<String>,
    /// Messages that are `sent` with another number of POSTs than one.
    pub untrue: Vec<String>,
    /// How many rows are in each state.
    pub states: BTreeMap<State, usize>,
}

impl Findings {
    /// Reads the ledger, and compares it with `posts` for each of the messages `0..messages`.
    pub async fn of(posts: &[Post], ledger: &Ledger, messages: u32) -> Self {
        let mut effects = BTreeMap::<&str, usize>::new();
        for post in posts.iter().filter(|post| may_have_effect(post.status)) {
            *effects.entry(&post.reply_to).or_default() += 1;
        }
        let rows = rows(ledger).await;
        let mut found = Self {
            messages: messages as usize,
            posts: posts.len(),
            ..Self::default()
        };
        let expected: BTreeSet<String> = (0..messages).map(event::message_id).collect();
        for id in &expected {
            let effects = effects.remove(id.as_str()).unwrap_or_default();
            let state = rows.get(id).map(|record| record.state);
            if effects > 1 {
                found
                    .twice
                    .push(format!("{id}: {effects} POSTs, {state:?}"));
            }
            match state {
                Some(State::Sent) if effects != 1 => {
                    found.untrue.push(format!("{id}: sent, {effects} POSTs"));
                }
                Some(State::Sent | State::MaybeSent) => {}
                other => found.open.push(format!("{id}: {other:?}")),
            }
            if let Some(state) = state {
                *found.states.entry(state).or_default() += 1;
            }
        }
        found.untrue.extend(
            effects
                .into_keys()
                .map(|id| format!("{id}: nobody wrote that")),
        );
        found
    }

    /// Panics unless every message was answered at most once, and ended.
    pub fn must_hold(&self, what: &str) {
        assert!(self.messages > 0, "{what}: nothing was tried");
        assert!(
            self.twice.is_empty() && self.open.is_empty() && self.untrue.is_empty(),
            "{what}: {self:#?}"
        );
    }
}

impl fmt::Display for Findings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} messages, {} POSTs, {} twice, {} open, {:?}",
            self.messages,
            self.posts,
            self.twice.len(),
            self.open.len(),
            self.states
        )
    }
}

/// Every row, by the id of its message.
pub async fn rows(ledger: &Ledger) -> BTreeMap<String, Record> {
    let mut rows = BTreeMap::new();
    let mut last = None;
    loop {
        let page = ledger.list_after(None, None, last.as_ref()).await.unwrap();
        last = page.last().cloned();
        if last.is_none() {
            return rows;
        }
        rows.extend(page.into_iter().map(|r| (r.key.message_id.to_string(), r)));
    }
}

/// The messages of each sender whose POSTs came in another order than the messages.
pub fn out_of_order(posts: &[Post]) -> Vec<String> {
    let mut last = BTreeMap::<&str, u32>::new();
    let mut wrong = Vec::new();
    for post in posts.iter().filter(|post| may_have_effect(post.status)) {
        let number = event::number(&post.reply_to).unwrap();
        if let Some(before) = last.insert(&post.to, number)
            && before >= number
        {
            wrong.push(format!("{}: {number} after {before}", post.to));
        }
    }
    wrong
}
