//! The task that closes idle connections: those that are old, and those that the server closed or
//! spoke on. It lives while there are any.

use std::future::{Future as _, poll_fn};
use std::pin::pin;
use std::sync::{Arc, Weak};
use std::task::Poll;
use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::pool::Pool;

/// How often it looks for connections that have become idle, or old.
const LOOK: Duration = Duration::from_secs(1);

/// Called inside a runtime. A client that is dropped is not kept alive.
pub(super) fn start(pool: &Arc<Pool>) {
    let keeper = Keeper(Arc::downgrade(pool));
    drop(tokio::spawn(keeper.keep()));
}

struct Keeper(Weak<Pool>);

impl Keeper {
    async fn keep(mut self) {
        let mut next = pin!(sleep(LOOK));
        poll_fn(|context| {
            loop {
                let Some(pool) = self.0.upgrade() else {
                    return Poll::Ready(());
                };
                if next.as_mut().poll(context).is_ready() {
                    next.as_mut().reset(Instant::now() + LOOK);
                    continue;
                }
                // Wakes this task when anything happens on one of them.
                return if pool.keep(context) {
                    Poll::Pending
                } else {
                    Poll::Ready(())
                };
            }
        })
        .await;
        self.0 = Weak::new();
    }
}

impl Drop for Keeper {
    /// When its runtime ends before it, another one may start elsewhere.
    fn drop(&mut self) {
        if let Some(pool) = self.0.upgrade() {
            pool.keeper_is_gone();
        }
    }
}
