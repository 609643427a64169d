//! What the server, the controls and the webhooks have in common.

use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::runtime::Handle;
use tokio::sync::{Notify, watch};
use tokio::task::JoinHandle;

use crate::config::Config;
use crate::id::IdMaker;
use crate::key::PublicKey;
use crate::state::State;
use crate::webhook::post::Poster;
use crate::webhook::sign::Signer;

/// How long work may go on.
#[derive(Clone, Copy, Debug)]
struct Life {
    generation: u64,
    stopped: bool,
}

/// One sandbox.
pub(crate) struct Shared {
    pub(crate) config: Config,
    pub(crate) public_key: PublicKey,
    pub(crate) signer: Signer,
    pub(crate) poster: Poster,
    state: Mutex<State>,
    runtime: Handle,
    life: watch::Sender<Life>,
    /// How many webhooks and messages are under way.
    busy: watch::Sender<usize>,
    /// Tells the scheduler that something may be due sooner than it thought.
    pub(crate) wake: Notify,
    /// Held by whoever starts what is due, so that nothing starts while the clock leaps.
    pub(crate) stepping: tokio::sync::Mutex<()>,
}

/// Without what users wrote and what is secret.
impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sandbox")
            .field("config", &self.config)
            .field("busy", &*self.busy.borrow())
            .finish_non_exhaustive()
    }
}

impl Shared {
    pub(crate) fn new(
        config: Config,
        seed: [u8; 16],
        public_key: PublicKey,
        signer: Signer,
        poster: Poster,
        runtime: Handle,
    ) -> Arc<Self> {
        Arc::new(Self {
            state: Mutex::new(State::new(&config, IdMaker::new(seed), 0)),
            config,
            public_key,
            signer,
            poster,
            runtime,
            life: watch::Sender::new(Life {
                generation: 0,
                stopped: false,
            }),
            busy: watch::Sender::new(0),
            wake: Notify::new(),
            stepping: tokio::sync::Mutex::new(()),
        })
    }

    /// The state, for a short moment: never across an `await`.
    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        // Nothing that holds the lock can panic half-way; if it did, the state is still a state.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins a new life, as the builder left it. What is under way ends.
    pub(crate) fn reset(&self) {
        let mut state = self.state();
        let generation = state.generation + 1;
        let ids = state.ids.clone();
        *state = State::new(&self.config, ids, generation);
        self.life.send_modify(|life| life.generation = generation);
        drop(state);
        self.wake.notify_one();
    }

    /// Ends the server and everything under way.
    pub(crate) fn stop(&self) {
        self.life.send_modify(|life| life.stopped = true);
    }

    /// Resolves when the sandbox was stopped.
    pub(crate) async fn stopped(&self) {
        let mut life = self.life.subscribe();
        // An error means that the sender is gone, and so is the sandbox.
        let _ = life.wait_for(|life| life.stopped).await;
    }

    /// Runs `work` until it ends, or until the sandbox is stopped or reset: then `None`.
    pub(crate) fn spawn<T: Send + 'static>(
        &self,
        generation: u64,
        work: impl Future<Output = T> + Send + 'static,
    ) -> JoinHandle<Option<T>> {
        let mut life = self.life.subscribe();
        self.runtime.spawn(async move {
            let over = async move {
                let _ = life
                    .wait_for(|life| life.stopped || life.generation != generation)
                    .await;
            };
            tokio::select! {
                biased;
                () = over => None,
                done = work => Some(done),
            }
        })
    }

    /// Notes that something is under way, until the guard is dropped.
    pub(crate) fn busy(self: &Arc<Self>) -> Busy {
        self.busy.send_modify(|count| *count += 1);
        Busy(Arc::clone(self))
    }

    /// Waits until nothing is under way.
    pub(crate) async fn idle(&self) {
        let mut busy = self.busy.subscribe();
        // An error means that the sender is gone, and with it everything under way.
        let _ = busy.wait_for(|count| *count == 0).await;
    }
}

/// See [`Shared::busy`].
#[derive(Debug)]
pub(crate) struct Busy(Arc<Shared>);

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.busy.send_modify(|count| *count -= 1);
    }
}
