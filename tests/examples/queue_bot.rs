//! The same bot with a queue: each message is stored, Prelude gets its 200 at once, and workers of
//! this process answer. For slow handlers, and for several processes on one Postgres:
//! `BACKCHAT_STORE=postgres://user@host/database`.

use std::env;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::{Router, routing::post};
use backchat_core::{Client, Webhook};
use backchat_inbox::{Inbox, QueueOptions};

async fn receive(
    State(inbox): State<Inbox>,
    headers: HeaderMap,
    body: Bytes,
) -> (StatusCode, String) {
    let answer = inbox.receive(&body, &headers).await;
    (
        StatusCode::from_u16(answer.status).unwrap_or_default(),
        answer.body,
    )
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let inbox = Inbox::builder(Client::from_env()?, Webhook::from_env()?)
        .store(&env::var("BACKCHAT_STORE")?)
        .await?
        .queue(QueueOptions::default().concurrency(16))
        .build()?;
    inbox.on_message(|message| async move { format!("You said: {}", message.text) })?;
    inbox.on_error(|failure| eprintln!("{}: {}", failure.stage.as_str(), failure.error))?;

    let workers = inbox.clone();
    tokio::spawn(async move { workers.run().await });

    let routes = Router::new()
        .route("/webhooks/prelude", post(receive))
        .with_state(inbox.clone());
    let address = env::var("BACKCHAT_LISTEN").unwrap_or_else(|_| "127.0.0.1:8000".to_owned());
    let listener = tokio::net::TcpListener::bind(address).await?;
    println!("listening on http://{}", listener.local_addr()?);
    let interrupted = async { drop(tokio::signal::ctrl_c().await) };
    axum::serve(listener, routes)
        .with_graceful_shutdown(interrupted)
        .await?;
    inbox.shutdown().await;
    Ok(())
}
