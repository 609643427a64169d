//! No more connections than asked for, although the pool below knows no such limit.
//!
//! Permits alone do not do it: a call may end a moment before its connection is back in the pool, and
//! the call that takes its permit finds none idle, which makes hyper open another one. So whoever
//! connects comes by here, and at the limit waits for what is on its way back.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::sync::{AcquireError, Semaphore, SemaphorePermit};
use tokio::time::{Instant, sleep_until};
use tower_layer::Layer;
use tower_service::Service;

use super::gate::Gate;

/// How long a connection may take from the end of its call to the pool. One that takes longer is
/// taken to be closed, which is seen only when it is wanted.
const RETURNING: Duration = Duration::from_millis(50);

type BoxError = Box<dyn std::error::Error + Send + Sync>;

tokio::task_local! {
    /// The call that a connection is made for.
    static WANTED: Weak<Wanted>;
}

/// Lives until a connection has taken its call.
pub(crate) struct Wanted;

pub(super) struct Connections {
    limit: usize,
    returning: Duration,
    permits: Semaphore,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// Connections that are open or being opened, as far as is known.
    held: usize,
    last_return: Option<Instant>,
}

impl Connections {
    pub(super) fn new(limit: usize, connect_timeout: Duration) -> Self {
        Self {
            limit,
            // The wait is part of connecting, and must leave time for it.
            returning: RETURNING.min(connect_timeout / 2),
            permits: Semaphore::new(limit),
            state: Mutex::default(),
        }
    }

    /// Waits until another call may be under way.
    pub(super) async fn seat<'a>(&'a self, gate: &'a Gate) -> Result<Seat<'a>, AcquireError> {
        Ok(Seat {
            connections: self,
            gate,
            returned: false,
            _permit: self.permits.acquire().await?,
        })
    }

    /// Ends when no call is under way; from then on, none will be.
    pub(super) async fn drain(&self, at_most: Duration) {
        let all = u32::try_from(self.limit).unwrap_or(u32::MAX);
        let _in_time = tokio::time::timeout(at_most, self.permits.acquire_many(all)).await;
        self.permits.close();
    }

    /// Runs `call`, which wants a connection as long as `wanted` lives.
    pub(super) fn wanted_by<F: Future>(
        wanted: Weak<Wanted>,
        call: F,
    ) -> impl Future<Output = F::Output> {
        WANTED.scope(wanted, call)
    }

    async fn open(self: Arc<Self>, wanted: Weak<Wanted>) -> Result<Opening, CameBack> {
        let last_return = {
            let mut state = self.state();
            if state.held < self.limit {
                state.held += 1;
                drop(state);
                return Ok(Opening::new(self));
            }
            state.last_return
        };
        if let Some(last) = last_return {
            sleep_until(last + self.returning).await;
        }
        if wanted.strong_count() == 0 {
            return Err(CameBack);
        }
        // None is idle and none came back: what calls do not hold was closed unseen.
        self.state().held = self.limit - self.permits.available_permits();
        Ok(Opening::new(self))
    }

    fn lose_one(&self) {
        let mut state = self.state();
        state.held = state.held.saturating_sub(1);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One call under way.
pub(super) struct Seat<'a> {
    connections: &'a Connections,
    gate: &'a Gate,
    returned: bool,
    _permit: SemaphorePermit<'a>,
}

impl Seat<'_> {
    /// The answer was read to its end and its connection is kept: it goes back to the pool.
    pub(super) fn returned(&mut self) {
        self.returned = true;
        self.connections.state().last_return = Some(Instant::now());
    }
}

impl Drop for Seat<'_> {
    fn drop(&mut self) {
        if !self.returned && self.gate.has_begun() {
            self.connections.lose_one();
        }
    }
}

/// A connection that is being made: counted, unless it comes to nothing.
struct Opening {
    connections: Arc<Connections>,
    made: bool,
}

impl Opening {
    fn new(connections: Arc<Connections>) -> Self {
        Self {
            connections,
            made: false,
        }
    }
}

impl Drop for Opening {
    fn drop(&mut self) {
        if !self.made {
            self.connections.lose_one();
        }
    }
}

/// Nobody sees it: the call has its connection.
#[derive(Debug, thiserror::Error)]
#[error("a connection came back first")]
struct CameBack;

#[derive(Clone)]
pub(super) struct Limit(pub(super) Arc<Connections>);

impl<S> Layer<S> for Limit {
    type Service = Limited<S>;

    fn layer(&self, connector: S) -> Limited<S> {
        Limited {
            connector: Arc::new(connector),
            connections: Arc::clone(&self.0),
        }
    }
}

/// A connector that keeps to the limit. Shared, as hyper copies it for every request.
pub(super) struct Limited<S> {
    connector: Arc<S>,
    connections: Arc<Connections>,
}

impl<S> Clone for Limited<S> {
    fn clone(&self) -> Self {
        Self {
            connector: Arc::clone(&self.connector),
            connections: Arc::clone(&self.connections),
        }
    }
}

impl<S, To> Service<To> for Limited<S>
where
    S: Service<To, Error = BoxError> + Clone + Send + 'static,
    S::Future: Send,
    To: Send + 'static,
{
    type Response = S::Response;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<S::Response, BoxError>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, to: To) -> Self::Future {
        // hyper begins to connect inside the call, and may go on without it.
        let wanted = WANTED.try_with(Weak::clone).unwrap_or_default();
        let connections = Arc::clone(&self.connections);
        let mut connector = S::clone(&self.connector);
        Box::pin(async move {
            let mut opening = connections.open(wanted).await?;
            poll_fn(|cx| connector.poll_ready(cx)).await?;
            let connection = connector.call(to).await?;
            opening.made = true;
            Ok(connection)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A connector that opens nothing and counts what it was asked for.
    #[derive(Clone, Default)]
    struct Counter(Arc<std::sync::atomic::AtomicUsize>);

    impl Service<()> for Counter {
        type Response = ();
        type Error = BoxError;
        type Future = std::future::Ready<Result<(), BoxError>>;

        fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
            Poll::Ready(Ok(()))
        }

        fn call(&mut self, (): ()) -> Self::Future {
            self.0.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            std::future::ready(Ok(()))
        }
    }

    struct Pool {
        connections: Arc<Connections>,
        counter: Counter,
        connector: Limited<Counter>,
    }

    impl Pool {
        fn new(limit: usize) -> Self {
            let connections = Arc::new(Connections::new(limit, Duration::from_secs(3)));
            let counter = Counter::default();
            Self {
                connector: Limit(Arc::clone(&connections)).layer(counter.clone()),
                connections,
                counter,
            }
        }

        async fn connect(&mut self, wanted: &Arc<Wanted>) -> Result<(), BoxError> {
            Connections::wanted_by(Arc::downgrade(wanted), async {
                self.connector.call(()).await
            })
            .await
        }

        fn opened(&self) -> usize {
            self.counter.0.load(std::sync::atomic::Ordering::Relaxed)
        }

        /// A call that found no idle connection, and got an answer.
        async fn answered(&mut self) {
            let gate = Gate::default();
            let connections = Arc::clone(&self.connections);
            let mut seat = connections.seat(&gate).await.unwrap();
            self.connect(&Arc::new(Wanted)).await.unwrap();
            assert!(gate.begin());
            seat.returned();
        }
    }

    #[tokio::test(start_paused = true)]
    async fn at_the_limit_a_connection_on_its_way_back_is_waited_for() {
        let mut pool = Pool::new(1);
        pool.answered().await;
        let wanted = Arc::new(Wanted);
        let mut connector = pool.connector.clone();
        let connecting = async move { connector.call(()).await };
        let waiting = tokio::spawn(Connections::wanted_by(Arc::downgrade(&wanted), connecting));
        tokio::task::yield_now().await;
        drop(wanted);
        assert!(waiting.await.unwrap().is_err());
        assert_eq!(pool.opened(), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn one_that_does_not_come_back_is_replaced() {
        let mut pool = Pool::new(2);
        pool.answered().await;
        pool.answered().await;
        for (apart, waits) in [(Duration::ZERO, RETURNING), (RETURNING, Duration::ZERO)] {
            tokio::time::sleep(apart).await;
            let asked = Instant::now();
            pool.answered().await;
            assert_eq!(asked.elapsed().as_millis(), waits.as_millis());
            pool.connections.state().held = 2;
        }
        assert_eq!(pool.opened(), 4);
    }

    #[tokio::test(start_paused = true)]
    async fn what_was_closed_unseen_is_found_at_once() {
        let mut pool = Pool::new(3);
        for _ in 0..3 {
            pool.answered().await;
        }
        let asked = Instant::now();
        for _ in 0..3 {
            pool.answered().await;
        }
        assert_eq!(asked.elapsed().as_millis(), RETURNING.as_millis());
    }

    #[tokio::test(start_paused = true)]
    async fn a_call_without_an_answer_takes_its_connection_along() {
        let mut pool = Pool::new(1);
        for _ in 0..3 {
            let gate = Gate::default();
            let connections = Arc::clone(&pool.connections);
            let _seat = connections.seat(&gate).await.unwrap();
            pool.connect(&Arc::new(Wanted)).await.unwrap();
            assert!(gate.begin());
        }
        assert_eq!(pool.opened(), 3);
        assert_eq!(pool.connections.state().held, 0);
    }
}
