//! How many messages a store can claim, gate and finish.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use super::desk::{Desk, sent};
use crate::store::Store;

/// Claims, gates and finishes `messages` messages, `at_once` of them at a time, and says how long
/// that took. `scope` must be new.
pub async fn measure(store: Arc<dyn Store>, scope: &str, messages: u32, at_once: u32) -> Duration {
    let desk = Desk::new(&store, scope);
    let next = Arc::new(AtomicU32::new(0));
    let start = Instant::now();
    let workers: Vec<_> = (0..at_once)
        .map(|_| {
            let (desk, next) = (desk.clone(), Arc::clone(&next));
            tokio::spawn(async move {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= messages {
                        return;
                    }
                    let ticket = desk.sending(&format!("im_{number:026}")).await;
                    let end = sent(&format!("tx_{number:026}"));
                    assert!(desk.finish(&ticket, end).await);
                }
            })
        })
        .collect();
    for worker in workers {
        worker.await.unwrap();
    }
    start.elapsed()
}
