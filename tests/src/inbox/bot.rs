//! An inbox that answers every message, on the store of a URL, with an API that counts.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use backchat_inbox::core::{Client, Error, InboundMessage, Webhook};
use backchat_inbox::{Inbox, InboxBuilder, Receipt};

use super::api::{Api, Verdict};
use super::event::{NO_HEADERS, inbound, message_id};

/// The time after which another delivery takes a message whose store fell silent.
const LEASE: Duration = Duration::from_secs(2);

/// A client whose calls end before the lease.
fn client(url: &str) -> Result<Client, Error> {
    Client::builder()
        .base_url(url)
        .api_token("token")
        .max_retries(0)
        .timeout(LEASE / 2)
        .build()
}

/// The bot.
pub struct Bot {
    /// Its inbox.
    pub inbox: Inbox,
    /// The API that it answers through.
    pub api: Api,
    failures: Arc<Mutex<Vec<String>>>,
}

impl Bot {
    /// Opens the store now.
    pub async fn open(url: &str) -> Result<Self, Error> {
        let api = Api::start(|_, _| Verdict::YES).await.unwrap();
        let builder = Inbox::builder(client(&api.url)?, Webhook::unverified());
        Self::new(api, builder.store(url).await?)
    }

    /// Leaves opening the store to the first message.
    pub async fn later(url: &str) -> Result<Self, Error> {
        let api = Api::start(|_, _| Verdict::YES).await.unwrap();
        let builder = Inbox::builder(client(&api.url)?, Webhook::unverified());
        Self::new(api, builder.store_later(url)?)
    }

    fn new(api: Api, builder: InboxBuilder) -> Result<Self, Error> {
        let inbox = builder.short_lease(LEASE).build()?;
        inbox.on_message(|message: InboundMessage| async move {
            format!("You said: {}", message.text)
        })?;
        let failures = Arc::<Mutex<Vec<String>>>::default();
        let noted = Arc::clone(&failures);
        inbox.on_error(move |failure| noted.lock().unwrap().push(failure.error.to_string()))?;
        Ok(Self {
            inbox,
            api,
            failures,
        })
    }

    /// Message `number`, by its webhook.
    pub async fn receive(&self, number: u32) -> Receipt {
        self.inbox.receive(&inbound(number, 10), NO_HEADERS).await
    }

    /// The same, again and again, until the answer is a 200.
    pub async fn until_done(&self, number: u32, longest: Duration) -> Receipt {
        let started = Instant::now();
        loop {
            let receipt = self.receive(number).await;
            if receipt.status == 200 {
                return receipt;
            }
            let failures = self.failures();
            assert!(
                started.elapsed() < longest,
                "message {number}: {receipt:?} after {failures:?}"
            );
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Messages at once: the statuses of their answers.
    pub async fn crowd(&self, numbers: std::ops::Range<u32>) -> Vec<u16> {
        let receiving: Vec<_> = numbers
            .map(|number| {
                let inbox = self.inbox.clone();
                let body = inbound(number, 10);
                tokio::spawn(async move { inbox.receive(&body, NO_HEADERS).await.status })
            })
            .collect();
        let mut statuses = Vec::new();
        for received in receiving {
            statuses.push(received.await.unwrap());
        }
        statuses
    }

    /// The POSTs that answered message `number`.
    pub fn posts(&self, number: u32) -> usize {
        let id = message_id(number);
        let posts = self.api.posts();
        posts.iter().filter(|post| post.reply_to == id).count()
    }

    /// What `on_error` was told.
    pub fn failures(&self) -> Vec<String> {
        self.failures.lock().unwrap().clone()
    }
}
