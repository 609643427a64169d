//! Stores with something between them and the inbox: a hook at every step, or a safeguard taken out.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use backchat_inbox::core::StoreError;
use backchat_inbox::store::{
    Claimed, Due, DueQuery, EventKey, Gated, ListQuery, NewClaim, NewEvent, NewGate, Prune, Rows,
    Settlement, StoreFuture,
};
use backchat_inbox::{
    Backlog, Counts, Digest, End, Finished, Key, Pruned, Rearmed, Record, Store, StoredEvent,
    Ticket,
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// A step of the way from a webhook to its recorded answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Point {
    /// Before [`Store::claim`].
    BeforeClaim,
    /// After it, when it is durable.
    AfterClaim,
    /// Before [`Store::begin_send`].
    BeforeGate,
    /// After it: the POST comes next.
    AfterGate,
    /// After the POST, before [`Store::finish`].
    BeforeRecord,
    /// After it.
    AfterRecord,
    /// Before [`Store::enqueue`].
    BeforeEnqueue,
}

impl fmt::Display for Point {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = serde_json::to_string(self).map_err(|_| fmt::Error)?;
        f.write_str(name.trim_matches('"'))
    }
}

impl FromStr for Point {
    type Err = serde_json::Error;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        serde_json::from_value(name.into())
    }
}

/// What happens at a point, later.
pub type Pause = Pin<Box<dyn Future<Output = ()> + Send>>;

/// A safeguard of the ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Safeguard {
    /// The gate: without it [`Store::begin_send`] always answers [`Gated::Open`].
    Gate,
    /// The token: without it every worker acts as if its claim were the newest.
    Token,
}

/// A store with a hook at every point, and perhaps without a safeguard.
#[derive(Clone)]
pub struct Between {
    inner: Arc<dyn Store>,
    hook: Arc<dyn Fn(Point) -> Pause + Send + Sync>,
    without: Option<Safeguard>,
    lease: Option<Duration>,
}

impl Between {
    /// `store`, with `hook` awaited at every point.
    pub fn new(
        store: Arc<dyn Store>,
        hook: impl Fn(Point) -> Pause + Send + Sync + 'static,
    ) -> Self {
        Self {
            inner: store,
            hook: Arc::new(hook),
            without: None,
            lease: None,
        }
    }

    /// `store` as it is.
    pub fn nothing(store: Arc<dyn Store>) -> Self {
        Self::new(store, |_| Box::pin(std::future::ready(())))
    }

    /// Takes a safeguard out.
    pub fn without(mut self, safeguard: Option<Safeguard>) -> Self {
        self.without = safeguard;
        self
    }

    /// Ends leases sooner than the inbox asks for, which keeps them above the client's timeout.
    pub fn leasing(mut self, lease: Duration) -> Self {
        self.lease = Some(lease);
        self
    }

    /// The ticket, made the newest one if tokens are not looked at.
    async fn ticket(&self, ticket: Ticket, now: Timestamp) -> Result<Ticket, StoreError> {
        if self.without != Some(Safeguard::Token) {
            return Ok(ticket);
        }
        let newest = self.inner.get(ticket.key.clone(), now).await?;
        let token = newest.map_or(ticket.token, |record| record.token);
        Ok(Ticket { token, ..ticket })
    }
}

macro_rules! as_it_is {
    ($($name:ident($argument:ident: $type:ty) -> $answer:ty;)*) => {
        $(fn $name(&self, $argument: $type, now: Timestamp) -> StoreFuture<'_, $answer> {
            self.inner.$name($argument, now)
        })*
    };
}

impl Store for Between {
    fn claim(&self, claim: NewClaim, now: Timestamp) -> StoreFuture<'_, Claimed> {
        Box::pin(async move {
            (self.hook)(Point::BeforeClaim).await;
            let lease = self.lease.unwrap_or(claim.lease);
            let claimed = self.inner.claim(NewClaim { lease, ..claim }, now).await?;
            (self.hook)(Point::AfterClaim).await;
            Ok(claimed)
        })
    }

    fn enqueue(&self, event: NewEvent, now: Timestamp) -> StoreFuture<'_, bool> {
        Box::pin(async move {
            (self.hook)(Point::BeforeEnqueue).await;
            self.inner.enqueue(event, now).await
        })
    }

    fn begin_send(&self, gate: NewGate, now: Timestamp) -> StoreFuture<'_, Gated> {
        Box::pin(async move {
            (self.hook)(Point::BeforeGate).await;
            let gate = NewGate {
                ticket: self.ticket(gate.ticket, now).await?,
                lease: self.lease.unwrap_or(gate.lease),
                ..gate
            };
            let mut gated = self.inner.begin_send(gate, now).await?;
            if self.without == Some(Safeguard::Gate) {
                gated = Gated::Open;
            }
            (self.hook)(Point::AfterGate).await;
            Ok(gated)
        })
    }

    fn finish(&self, ticket: Ticket, end: End, now: Timestamp) -> StoreFuture<'_, Finished> {
        Box::pin(async move {
            (self.hook)(Point::BeforeRecord).await;
            let ticket = self.ticket(ticket, now).await?;
            let finished = self.inner.finish(ticket, end, now).await?;
            (self.hook)(Point::AfterRecord).await;
            Ok(finished)
        })
    }

    fn forget(&self, scope: Arc<str>, sender: Digest, now: Timestamp) -> StoreFuture<'_, u64> {
        self.inner.forget(scope, sender, now)
    }

    fn next_due(&self, query: DueQuery, now: Timestamp) -> StoreFuture<'_, Vec<Due>> {
        let lease = self.lease.unwrap_or(query.lease);
        self.inner.next_due(DueQuery { lease, ..query }, now)
    }

    fn rearm(
        &self,
        key: Key,
        event: Option<StoredEvent>,
        now: Timestamp,
    ) -> StoreFuture<'_, Rearmed> {
        self.inner.rearm(key, event, now)
    }

    as_it_is! {
        settle(settlement: Settlement) -> Option<Record>;
        get(key: Key) -> Option<Record>;
        list(query: ListQuery) -> Vec<Record>;
        counts(rows: Rows) -> Counts;
        oldest_maybe_sent(rows: Rows) -> Option<Duration>;
        backlog(rows: Rows) -> Backlog;
        prune(prune: Prune) -> Pruned;
        is_handled(event: EventKey) -> bool;
        mark_handled(event: EventKey) -> ();
    }
}
