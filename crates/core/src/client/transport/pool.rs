//! The connections of one process: at most so many, kept while they are idle.
//!
//! A call takes a permit first, and holds at most one connection. So there are never more than there
//! are permits: whoever has a permit and finds the limit reached finds an idle one to close.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Context;
use std::time::{Duration, SystemTime};

use tokio::sync::{AcquireError, Semaphore, SemaphorePermit};
use tokio::time::{Instant, timeout};

use super::connect::{Connector, Unconnected};
use super::connection::{Connection, this_runtime};
use super::keeper;

/// An idle connection is closed before the servers and load balancers on the way do it (60 s is
/// common).
const IDLE: Duration = Duration::from_secs(30);

pub(in crate::client) struct Pool {
    limit: usize,
    permits: Semaphore,
    open: Arc<AtomicUsize>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// The one used last stands last.
    idle: Vec<Idle>,
    closed: bool,
    /// A task closes the idle connections in time.
    kept: bool,
}

struct Idle {
    connection: Connection,
    place: Place,
    since: Moment,
}

/// One of the connections that may be open.
struct Place(Arc<AtomicUsize>);

impl Drop for Place {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

impl Pool {
    pub(super) fn new(limit: usize) -> Self {
        Self {
            limit,
            permits: Semaphore::new(limit),
            open: Arc::default(),
            state: Mutex::default(),
        }
    }

    /// Waits until another call may be under way. Fails once the pool is closed.
    pub(super) async fn lease(self: &Arc<Self>) -> Result<Lease<'_>, AcquireError> {
        Ok(Lease {
            pool: self,
            connection: None,
            place: None,
            _permit: self.permits.acquire().await?,
        })
    }

    /// Ends when no call is under way; from then on, none will be.
    pub(in crate::client) async fn drain(&self, at_most: Duration) {
        let all = u32::try_from(self.limit).unwrap_or(u32::MAX);
        let _in_time = timeout(at_most, self.permits.acquire_many(all)).await;
        self.permits.close();
        let idle = {
            let mut state = self.state();
            state.closed = true;
            std::mem::take(&mut state.idle)
        };
        let mut context = Context::from_waker(std::task::Waker::noop());
        for idle in idle {
            idle.connection.close(&mut context);
        }
    }

    /// Closes the idle connections that are old, closed or spoken on. Returns false when none is
    /// left, and no keeper is counted on any more.
    pub(super) fn keep(&self, context: &mut Context<'_>) -> bool {
        let mut old = Vec::new();
        let left = {
            let mut state = self.state();
            state
                .idle
                .retain_mut(|idle| !idle.connection.has_ended(context));
            while state.idle.first().is_some_and(|idle| idle.since.is_old()) {
                old.push(state.idle.remove(0));
            }
            state.kept = !state.idle.is_empty();
            state.kept
        };
        for idle in old {
            idle.connection.close(context);
        }
        left
    }

    /// The runtime of the keeper has ended.
    pub(super) fn keeper_is_gone(&self) {
        self.state().kept = false;
    }

    fn take_idle(&self) -> Option<(Connection, Place)> {
        let here = this_runtime();
        let mut state = self.state();
        loop {
            let last = state
                .idle
                .iter()
                .rposition(|idle| idle.connection.runtime == here)?;
            let idle = state.idle.remove(last);
            if !idle.since.is_old() {
                return Some((idle.connection, idle.place));
            }
        }
    }

    /// Makes room for one more connection.
    fn place(&self) -> Place {
        let mut state = self.state();
        while self.open.load(Ordering::Acquire) >= self.limit && !state.idle.is_empty() {
            state.idle.remove(0);
        }
        self.open.fetch_add(1, Ordering::AcqRel);
        Place(Arc::clone(&self.open))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One call under way, and its connection.
pub(super) struct Lease<'a> {
    pool: &'a Arc<Pool>,
    // In this order they end: the connection, its place, the permit.
    connection: Option<Connection>,
    place: Option<Place>,
    _permit: SemaphorePermit<'a>,
}

impl Lease<'_> {
    /// Takes an idle connection, if there is one.
    pub(super) fn reuse(&mut self) -> bool {
        self.drop_connection();
        if let Some((connection, place)) = self.pool.take_idle() {
            self.connection = Some(connection);
            self.place = Some(place);
        }
        self.connection.is_some()
    }

    /// Makes a connection.
    pub(super) async fn connect(&mut self, connector: &Connector) -> Result<(), Unconnected> {
        self.drop_connection();
        self.place = Some(self.pool.place());
        let wire = connector.connect().await?;
        let connection = Connection::over(wire).await;
        self.connection = Some(connection.map_err(|error| Unconnected::because(&error))?);
        Ok(())
    }

    pub(super) fn take_connection(&mut self) -> Option<Connection> {
        self.connection.take()
    }

    /// Puts a connection back whose answer was read to its end.
    pub(super) fn put_back(mut self, connection: Connection) {
        connection.exchange.end();
        let Some(place) = self.place.take() else {
            return;
        };
        let mut state = self.pool.state();
        if state.closed {
            return;
        }
        state.idle.push(Idle {
            connection,
            place,
            since: Moment::now(),
        });
        if !state.kept {
            state.kept = true;
            keeper::start(self.pool);
        }
    }

    fn drop_connection(&mut self) {
        self.connection = None;
        self.place = None;
    }
}

/// A moment by both clocks: the monotonic one stands still while a machine sleeps.
struct Moment {
    monotonic: Instant,
    wall: SystemTime,
}

impl Moment {
    fn now() -> Self {
        Self {
            monotonic: Instant::now(),
            wall: SystemTime::now(),
        }
    }

    fn is_old(&self) -> bool {
        let by_wall = self.wall.elapsed().unwrap_or_default();
        self.monotonic.elapsed().max(by_wall) >= IDLE
    }
}
