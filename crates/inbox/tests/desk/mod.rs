//! An API that counts POSTs and fails on request, and the events that Prelude would post.
#![allow(dead_code, reason = "each test file uses some of it")]

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use backchat_inbox::core::jiff::Timestamp;
use backchat_inbox::core::{Client, InboundMessageId, Webhook};
use backchat_inbox::{Failure, Inbox, InboxBuilder, Receipt, Stage};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::Notify;

/// What the API does with the next POSTs.
#[derive(Clone, Debug, Default)]
pub(crate) enum Mood {
    /// Takes them.
    #[default]
    Fine,
    /// Takes them, and answers after [`Api::answer`].
    Slow,
    /// Refuses them.
    Refuses(u16, &'static str),
    /// Takes them, and answers with a 500.
    Breaks,
}

#[derive(Clone, Default)]
pub(crate) struct Api {
    posts: Arc<Mutex<Vec<Value>>>,
    mood: Arc<Mutex<Mood>>,
    answer: Arc<Notify>,
    address: String,
}

impl Api {
    pub(crate) async fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let api = Self {
            address: format!("http://{}", listener.local_addr().unwrap()),
            ..Self::default()
        };
        let router = axum::Router::new()
            .route("/v2/notify/reply", post(reply))
            .route("/v2/notify", post(template))
            .with_state(api.clone());
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        api
    }

    pub(crate) fn client(&self) -> Client {
        Client::builder()
            .api_token("token")
            .base_url(&self.address)
            .max_retries(0)
            .timeout(Duration::from_secs(5))
            .build()
            .unwrap()
    }

    pub(crate) fn url(&self) -> &str {
        &self.address
    }

    /// An inbox that trusts everybody, without handlers.
    pub(crate) fn silent(&self, change: impl FnOnce(InboxBuilder) -> InboxBuilder) -> Inbox {
        let builder = Inbox::builder(self.client(), Webhook::unverified());
        change(builder).build().unwrap()
    }

    /// The same, with a handler that says what it was told.
    pub(crate) fn inbox(&self, change: impl FnOnce(InboxBuilder) -> InboxBuilder) -> Inbox {
        echoing(self.silent(change))
    }

    pub(crate) async fn inbox_at(&self, url: &str) -> Inbox {
        let builder = Inbox::builder(self.client(), Webhook::unverified());
        echoing(builder.store(url).await.unwrap().build().unwrap())
    }

    pub(crate) fn be(&self, mood: Mood) {
        *self.mood.lock().unwrap() = mood;
    }

    /// Lets one slow POST go.
    pub(crate) fn answer(&self) {
        self.answer.notify_one();
    }

    pub(crate) fn posts(&self) -> Vec<Value> {
        self.posts.lock().unwrap().clone()
    }

    pub(crate) fn texts(&self) -> Vec<String> {
        let text = |post: &Value| post["text"].as_str().unwrap_or("(template)").to_owned();
        self.posts().iter().map(text).collect()
    }

    /// Waits until so many POSTs have come.
    pub(crate) async fn posted(&self, count: usize) -> Vec<Value> {
        until(|| self.posts().len() >= count).await;
        self.posts()
    }
}

pub(crate) fn echoing(inbox: Inbox) -> Inbox {
    inbox
        .on_message(|message| async move { format!("You said: {}", message.text) })
        .unwrap();
    inbox
}

/// What `on_error` heard.
#[derive(Clone, Default)]
pub(crate) struct Failures(Arc<Mutex<Vec<Failure>>>);

impl Failures {
    pub(crate) fn of(inbox: &Inbox) -> Self {
        let heard = Self::default();
        let told = heard.clone();
        let tell = move |failure: &Failure| told.0.lock().unwrap().push(failure.clone());
        inbox.on_error(tell).unwrap();
        heard
    }

    /// Stage, and whether it is final, of each.
    pub(crate) fn list(&self) -> Vec<(Stage, bool)> {
        let heard = self.0.lock().unwrap();
        heard.iter().map(|f| (f.stage, f.is_final)).collect()
    }

    pub(crate) fn texts(&self) -> Vec<String> {
        let heard = self.0.lock().unwrap();
        heard.iter().map(|f| f.error.to_string()).collect()
    }

    pub(crate) fn last(&self) -> Failure {
        self.0.lock().unwrap().last().unwrap().clone()
    }
}

/// A clock that a test moves.
#[derive(Clone)]
pub(crate) struct TestClock(Arc<Mutex<Timestamp>>);

impl TestClock {
    pub(crate) fn new() -> Self {
        Self::at("2025-10-24T09:00:00Z".parse().unwrap())
    }

    /// Behind this machine's.
    pub(crate) fn behind(time: Duration) -> Self {
        Self::at(Timestamp::now().checked_sub(time).unwrap())
    }

    fn at(now: Timestamp) -> Self {
        Self(Arc::new(Mutex::new(now)))
    }

    pub(crate) fn forward(&self, time: Duration) {
        let mut now = self.0.lock().unwrap();
        *now = now.checked_add(time).unwrap();
    }

    pub(crate) fn read(&self) -> impl Fn() -> Timestamp + Send + Sync + use<> {
        let clock = self.clone();
        move || *clock.0.lock().unwrap()
    }
}

/// Waits, not longer than 20 s.
pub(crate) async fn until(done: impl Fn() -> bool) {
    for _ in 0..4000 {
        if done() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("it did not come");
}

async fn reply(State(api): State<Api>, body: Bytes) -> Response {
    take(&api, &body).await
}

async fn template(State(api): State<Api>, body: Bytes) -> Response {
    take(&api, &body).await
}

async fn take(api: &Api, body: &[u8]) -> Response {
    let post: Value = serde_json::from_slice(body).unwrap();
    let number = {
        let mut posts = api.posts.lock().unwrap();
        posts.push(post.clone());
        posts.len()
    };
    let mood = api.mood.lock().unwrap().clone();
    match mood {
        Mood::Fine => {}
        Mood::Slow => api.answer.notified().await,
        Mood::Refuses(status, code) => {
            let status = StatusCode::from_u16(status).unwrap();
            if post.get("template_id").is_none() {
                return (status, axum::Json(json!({"code": code}))).into_response();
            }
        }
        Mood::Breaks => return StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
    let mut answer = post;
    answer["id"] = json!(format!("tx_{number}"));
    answer["created_at"] = json!("2025-10-24T08:59:10Z");
    axum::Json(answer).into_response()
}

/// `inbound.message.received`.
pub(crate) fn message(number: u32, from: &str, text: &str) -> Vec<u8> {
    message_at("2025-10-24T08:59:10.736925502Z", number, from, text)
}

/// The same, from another time.
pub(crate) fn message_at(time: &str, number: u32, from: &str, text: &str) -> Vec<u8> {
    let expires = "2099-10-25T08:59:10Z";
    json!({
        "id": format!("evt_{number}"),
        "type": "inbound.message.received",
        "payload": {
            "message_id": format!("im_{number}"),
            "channel": "whatsapp",
            "from": from,
            "to": "+14155551234",
            "content": {"text": text},
            "conversation": {"window_expires_at": expires},
        },
        "created_at": time,
    })
    .to_string()
    .into_bytes()
}

pub(crate) const ANNA: &str = "+33612345678";

pub(crate) fn hello(number: u32) -> Vec<u8> {
    message(number, ANNA, "Hello")
}

/// `transactional.message.delivered`.
pub(crate) fn delivered(reply_id: &str, correlation_id: Option<&Value>) -> Vec<u8> {
    json!({
        "id": "evt_d1",
        "type": "transactional.message.delivered",
        "payload": {"message_id": reply_id, "correlation_id": correlation_id},
        "created_at": "2025-10-24T08:59:20Z",
    })
    .to_string()
    .into_bytes()
}

pub(crate) fn id(number: u32) -> InboundMessageId {
    format!("im_{number}").into()
}

/// Posts `body` without headers.
pub(crate) async fn post_to(inbox: &Inbox, body: &[u8]) -> Receipt {
    inbox.receive(body, [("x", "y"); 0]).await
}

/// The same, by its status.
pub(crate) async fn status(inbox: &Inbox, body: &[u8]) -> u16 {
    post_to(inbox, body).await.status
}
