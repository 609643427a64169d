//! Work that computes for long: beside the threads that drive calls, and never much of it at once.

use std::sync::Arc;

use arc_swap::ArcSwapOption;
use bytes::Bytes;
use tokio::runtime::Handle;
use tokio::sync::Semaphore;

use super::shared;
use crate::client::failure::not_sent;
use crate::{Error, ErrorCode, Event, Webhook};

/// How many signatures a process verifies at once. The rest wait in the order in which they came.
const AT_ONCE: usize = 2;

static TURNS: ArcSwapOption<Turns> = ArcSwapOption::const_empty();

/// The turns of one process: those that a parent had taken at a `fork` never come back in the child.
struct Turns {
    process: u32,
    free: Arc<Semaphore>,
}

/// Verifies a webhook as [`Webhook::verify`] does, but beside the threads that drive calls: hashing
/// and RSA take up to milliseconds, and a flood of forged webhooks would delay every reply.
///
/// At most two are verified at once in a process; the others wait in the order in which they came. A
/// request without a signature that could be one, or with a body longer than
/// [`Webhook::LONGEST_BODY`], is refused at once, and nothing of it is hashed.
///
/// Needs no runtime of the caller's. Dropping the future gives up a wait; a verification that has
/// begun runs to its end.
///
/// Raises as [`Webhook::verify`] does, and `cancelled` (answer the webhook with 503) when the runtime
/// is being shut down.
pub async fn verify<N, V>(
    webhook: &Webhook,
    body: &[u8],
    headers: impl IntoIterator<Item = (N, V)>,
) -> Result<Event, Error>
where
    N: AsRef<str>,
    V: AsRef<[u8]>,
{
    let claim = webhook.claim(body, headers)?;
    if claim.is_free() {
        return claim.verify(body);
    }
    let body = Bytes::copy_from_slice(body);
    beside(move || claim.verify(&body)).await?
}

/// Runs `work` on a thread for blocking work, when it is its turn.
async fn beside<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, Error> {
    let ended = || not_sent(ErrorCode::Cancelled, "the runtime is being shut down");
    let turn = turns().acquire_owned().await.map_err(|_| ended())?;
    let run = move || {
        let _turn = turn;
        work()
    };
    let running = match Handle::try_current() {
        Ok(handle) => handle.spawn_blocking(run),
        Err(_) => shared()?.runtime.spawn_blocking(run),
    };
    running.await.map_err(|_| ended())
}

fn turns() -> Arc<Semaphore> {
    let process = std::process::id();
    loop {
        let current = TURNS.load();
        if let Some(turns) = current.as_ref()
            && turns.process == process
        {
            return Arc::clone(&turns.free);
        }
        let fresh = Arc::new(Turns {
            process,
            free: Arc::new(Semaphore::new(AT_ONCE)),
        });
        let previous = TURNS.compare_and_swap(&current, Some(fresh));
        // Those who wait in the parent are not here to be woken: left behind, not dropped.
        std::mem::forget(previous.clone());
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Duration;

    use super::*;

    #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
    async fn never_more_than_two_at_once() {
        static RUNNING: AtomicUsize = AtomicUsize::new(0);
        static MOST: AtomicUsize = AtomicUsize::new(0);
        let mut all = tokio::task::JoinSet::new();
        for _ in 0..40 {
            all.spawn(beside(|| {
                let running = RUNNING.fetch_add(1, Ordering::SeqCst) + 1;
                MOST.fetch_max(running, Ordering::SeqCst);
                std::thread::sleep(Duration::from_millis(2));
                RUNNING.fetch_sub(1, Ordering::SeqCst);
            }));
        }
        let ends = all.join_all().await;
        assert_eq!(ends.iter().flatten().count(), 40);
        assert_eq!(MOST.load(Ordering::SeqCst), AT_ONCE);
    }

    #[tokio::test]
    async fn what_cannot_be_signed_takes_no_turn() {
        let taken = turns().acquire_many_owned(2).await.unwrap();
        let webhook = Webhook::new(include_str!("../../../tests/data/public-key.pem")).unwrap();
        let none: [(&str, &str); 0] = [];
        let missing = verify(&webhook, b"{}", none).await;
        assert_eq!(missing.unwrap_err().code(), ErrorCode::SignatureMissing);
        let long = vec![b' '; Webhook::LONGEST_BODY + 1];
        let signed = [("x-webhook-signature", "rsassa-pss-sha256=AAAA")];
        let error = verify(&webhook, &long, signed).await.unwrap_err();
        assert_eq!(
            (error.code(), error.webhook_status()),
            (ErrorCode::SignatureInvalid, 413)
        );
        drop(taken);
    }
}
