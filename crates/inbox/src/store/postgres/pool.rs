//! The connections of one process, opened when they are needed.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use backchat_core::StoreError;
use deadpool::managed::{self, Metrics, QueueMode, RecycleError, RecycleResult};
use ring::rand::{SecureRandom, SystemRandom};
use tokio::time::{Instant, timeout};

use super::address::{Address, Target};
use super::connection::{Connection, Connector};

pub(super) type Pool = managed::Pool<Manager>;
pub(super) type Pooled = managed::Object<Manager>;

/// The longest that connecting may take, over all hosts, up to a session that answered a query.
/// Less than a call's deadline, so that the error says which host was silent.
const CONNECT: Duration = Duration::from_secs(3);

/// Opens connections for the pool. It has no hooks and no time-outs of its own: a call's deadline
/// holds for all that it waits for.
pub(super) struct Manager {
    address: Arc<Address>,
    /// A pooler is in between: there are no sessions of our own.
    pooler: AtomicBool,
}

impl Manager {
    pub(super) fn pool(address: &Arc<Address>) -> Result<Pool, StoreError> {
        let manager = Self {
            address: Arc::clone(address),
            pooler: AtomicBool::new(address.pooler),
        };
        Pool::builder(manager)
            .max_size(address.sessions)
            // The session that was used last has been heard of last.
            .queue_mode(QueueMode::Lifo)
            .build()
            .map_err(|e| StoreError::caused_by("no pool of sessions", e))
    }

    /// A session turned out to be shared with others.
    pub(super) fn found_pooler(&self) {
        self.pooler.store(true, Ordering::Relaxed);
    }

    fn targets(&self) -> Vec<&Target> {
        let mut targets: Vec<_> = self.address.targets.iter().collect();
        let mut random = [0];
        if self.address.random_order && SystemRandom::new().fill(&mut random).is_ok() {
            let first = usize::from(random[0]) % targets.len().max(1);
            targets.rotate_left(first);
        }
        targets
    }
}

impl managed::Manager for Manager {
    type Type = Connection;
    type Error = StoreError;

    async fn create(&self) -> Result<Connection, StoreError> {
        let connector = Connector {
            tls: self.address.tls.as_ref(),
            schema: self.address.schema.as_deref(),
            own_session: !self.pooler.load(Ordering::Relaxed),
        };
        let end = Instant::now() + CONNECT;
        let mut refusals = Vec::new();
        let targets = self.targets();
        for (tried, target) in targets.iter().enumerate() {
            let left = u32::try_from(targets.len() - tried).unwrap_or(u32::MAX);
            let share = end.saturating_duration_since(Instant::now()) / left;
            match timeout(share, connector.connect(target, share)).await {
                Ok(Ok(connection)) => {
                    if !connection.own_session {
                        self.found_pooler();
                    }
                    return Ok(connection);
                }
                Ok(Err(why)) => refusals.push(why),
                Err(_elapsed) => refusals.push(format!("{} does not answer", target.name)),
            }
        }
        let why = refusals.join("; ");
        Err(StoreError::new(format!("Postgres: {why}")))
    }

    async fn recycle(&self, connection: &mut Connection, _: &Metrics) -> RecycleResult<StoreError> {
        if connection.client.is_closed() {
            return Err(RecycleError::message("closed"));
        }
        Ok(())
    }
}
