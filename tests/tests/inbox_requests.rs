//! Requests that hold no event to answer: too old, too long, not signed.
#![expect(
    clippy::unwrap_used,
    reason = "a test's way to fail, also in its helpers"
)]

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use backchat_inbox::core::{Client, InboundMessage, Webhook};
use backchat_inbox::{Failure, Inbox, InboxBuilder, Receipt, Stage};
use backchat_sandbox::{Inbound, Sandbox, SandboxHandle, WebhookEvent};
use jiff::{SignedDuration, Timestamp};

const USER: &str = "+33612345678";
const OLD: u64 = 15 * 24 * 3600;

struct Bot {
    inbox: Inbox,
    sandbox: SandboxHandle,
    failures: Arc<Mutex<Vec<Failure>>>,
    /// By how many seconds the inbox's clock is ahead.
    ahead: Arc<AtomicU64>,
}

impl Bot {
    async fn new(options: impl FnOnce(InboxBuilder) -> InboxBuilder) -> Self {
        let sandbox = Sandbox::builder().start().await.unwrap();
        let client = Client::builder()
            .base_url(sandbox.url())
            .api_token(sandbox.token())
            .build()
            .unwrap();
        let webhook = Webhook::new(sandbox.public_key_pem()).unwrap();
        let ahead = Arc::<AtomicU64>::default();
        let read = Arc::clone(&ahead);
        let builder = Inbox::builder(client, webhook).clock(move || {
            let seconds = i64::try_from(read.load(Ordering::SeqCst)).unwrap();
            Timestamp::now() + SignedDuration::from_secs(seconds)
        });
        let inbox = options(builder).build().unwrap();
        inbox
            .on_message(
                |message: InboundMessage| async move { format!("You said: {}", message.text) },
            )
            .unwrap();
        let failures = Arc::<Mutex<Vec<Failure>>>::default();
        let noted = Arc::clone(&failures);
        inbox
            .on_error(move |failure| noted.lock().unwrap().push(failure.clone()))
            .unwrap();
        Self {
            inbox,
            sandbox,
            failures,
            ahead,
        }
    }

    async fn written(&self, text: &str) -> WebhookEvent {
        self.sandbox
            .inbound(Inbound::new(USER, text))
            .await
            .unwrap()
    }

    async fn receive(&self, event: &WebhookEvent) -> Receipt {
        let headers = [("x-webhook-signature", event.signature.as_str())];
        self.inbox.receive(&event.body, headers).await
    }

    fn sent(&self) -> usize {
        self.sandbox.messages().len()
    }

    fn failures(&self) -> Vec<Failure> {
        self.failures.lock().unwrap().clone()
    }
}

#[tokio::test]
async fn a_signed_event_that_is_old_and_unknown_is_not_answered() {
    let bot = Bot::new(|builder| builder).await;
    let (known, unknown) = (bot.written("known").await, bot.written("unknown").await);
    assert_eq!(bot.receive(&known).await.body, "sent");
    bot.ahead.store(OLD, Ordering::SeqCst);

    assert_eq!(bot.receive(&known).await.status, 200);
    let refused = bot.receive(&unknown).await;
    assert_eq!((refused.status, &*refused.body), (503, "too_old"));
    let failures = bot.failures();
    assert_eq!(failures.len(), 1);
    assert_eq!(
        (failures[0].stage, failures[0].is_final),
        (Stage::Webhook, false)
    );
    assert_eq!(
        failures[0].event_id.as_ref().map(AsRef::as_ref),
        Some(&*unknown.id)
    );
    assert!(failures[0].error.to_string().contains("max_event_age"));
    assert_eq!(bot.sent(), 1);

    // It was the clock: nothing is lost.
    bot.ahead.store(0, Ordering::SeqCst);
    assert_eq!(bot.receive(&unknown).await.body, "sent");
    assert_eq!(bot.sent(), 2);
}

#[tokio::test]
async fn without_the_option_an_event_may_be_of_any_age() {
    let bot = Bot::new(|builder| builder.max_event_age(None)).await;
    let event = bot.written("old").await;
    bot.ahead.store(OLD, Ordering::SeqCst);
    assert_eq!(bot.receive(&event).await.body, "sent");
    assert_eq!((bot.sent(), bot.failures().len()), (1, 0));
}

#[tokio::test]
async fn what_prelude_did_not_sign_is_counted_and_rings_no_alarm() {
    let bot = Bot::new(|builder| builder).await;
    let event = bot.written("signed").await;
    let mut body = event.body.to_vec();
    body.push(b' ');
    let signed = [("x-webhook-signature", event.signature.as_str())];
    let unsigned: [(&str, &str); 0] = [];
    assert_eq!(bot.inbox.receive(&body, signed).await.status, 401);
    assert_eq!(bot.inbox.receive(&event.body, unsigned).await.status, 401);
    let long = vec![b' '; 2 * Webhook::LONGEST_BODY];
    assert_eq!(bot.inbox.receive(&long, signed).await.status, 413);
    assert_eq!(bot.inbox.health().await.unwrap().refused_requests, 3);
    assert_eq!((bot.sent(), bot.failures().len()), (0, 0));
}
