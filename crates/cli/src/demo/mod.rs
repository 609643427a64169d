//! `backchat demo`: the whole job on this machine, over real HTTP.

mod receiver;
mod transcript;

use std::time::Duration;

use backchat_core::{Answered, Client, Event, InboundMessage, Template};
use backchat_sandbox::{Inbound, Sandbox, SandboxHandle, SentMessage};
use clap::Args;
use tokio::time::timeout;

use crate::control;
use crate::exit::Failure;
use receiver::Receiver;
use transcript::{say, step};

const USER: &str = "+33612345678";
const TEMPLATE: &str = "template_01k8ap1btqf5r9fq2c8ax5fhc9";
const PATIENCE: Duration = Duration::from_secs(5);

#[derive(Args)]
pub(crate) struct Options {
    /// Leave the sandbox and the receiver running until interrupted.
    #[arg(long)]
    keep: bool,
}

pub(crate) async fn run(options: &Options) -> Result<(), Failure> {
    let sandbox = Sandbox::builder()
        .template(backchat_sandbox::Template::new(
            TEMPLATE,
            "Hello {{name}}, we have an answer for you. Write back to read it.",
        ))
        .start()
        .await?;
    let mut receiver = Receiver::start(sandbox.public_key_pem()).await?;
    sandbox.set_webhook_url(Some(receiver.url()))?;
    let client = Client::builder()
        .api_token(sandbox.token())
        .base_url(sandbox.url())
        .callback_url(receiver.url())
        .build()?;

    say("Backchat on one machine: real HTTP, no account, no network.");
    say(&format!("  sandbox of the Prelude API  {}", sandbox.url()));
    say(&format!("  your webhook receiver       {}", receiver.url()));

    let message = a_user_writes(&sandbox, &mut receiver).await?;
    answer_it(&sandbox, &client, &message).await?;
    hear_of_the_delivery(&sandbox, &mut receiver).await?;
    refuse_a_stranger(&receiver).await?;
    the_window_closes(&sandbox, &client, &message).await?;
    send_the_template(&sandbox, &client, &message).await?;

    say("\nThat is all of it. Next: `backchat sandbox`, and the README's quickstart.");
    if options.keep {
        say("Still running, as asked. Ctrl-C ends it.");
        tokio::signal::ctrl_c().await?;
    }
    client.close().await;
    sandbox.stop().await;
    Ok(())
}

async fn a_user_writes(
    sandbox: &SandboxHandle,
    receiver: &mut Receiver,
) -> Result<InboundMessage, Failure> {
    step(1, "A user writes. Prelude posts a signed webhook.");
    sandbox
        .inbound(Inbound::new(USER, "Hi, I have a question about my order"))
        .await?;
    let event = receiver.next().await?;
    let Event::InboundMessage(message) = event else {
        return Err(unexpected("an inbound message", event.event_type()));
    };
    let closes = message.reply_window.expires_at.as_ref();
    say(&format!("  {} verified: {}", message.id, message.verified));
    say(&format!("  {} > {}", message.from, message.text));
    say(&format!(
        "  window {} until {}",
        message.reply_window.state().as_str(),
        closes.map_or("?", |at| at.as_str()),
    ));
    Ok(message)
}

async fn answer_it(
    sandbox: &SandboxHandle,
    client: &Client,
    message: &InboundMessage,
) -> Result<(), Failure> {
    step(2, "Your code answers: client.reply(&message, text).");
    let text = "Thanks for reaching out! We'll look into your request.";
    let reply = client.reply(message, text).await?;
    say(&format!("  accepted as {}", reply.id));
    let sent = sandbox.messages();
    let Some(SentMessage::Reply(sent)) = sent.last() else {
        return Err(unexpected("a reply", "none"));
    };
    say("  what the user sees:");
    say(&format!("    | {}", sent.quoted_text));
    say(&format!("    {}", sent.text));
    Ok(())
}

async fn hear_of_the_delivery(
    sandbox: &SandboxHandle,
    receiver: &mut Receiver,
) -> Result<(), Failure> {
    step(
        3,
        "Delivery events come back, naming the message they are about.",
    );
    sandbox.advance(Duration::ZERO).await?;
    loop {
        let event = receiver.next().await?;
        let Event::Delivery(delivery) = event else {
            return Err(unexpected("a delivery event", event.event_type()));
        };
        let about = delivery.correlation_id.and_then(|id| id.reply_to());
        say(&format!(
            "  {:<17} {} answers {}",
            delivery.status.as_str(),
            delivery.message_id,
            about.map_or_else(|| "?".to_owned(), |id| id.to_string()),
        ));
        if delivery.status == backchat_core::DeliveryStatus::Delivered {
            return Ok(());
        }
    }
}

async fn refuse_a_stranger(receiver: &Receiver) -> Result<(), Failure> {
    step(4, "Somebody else posts an event. It is refused.");
    let forged = include_str!("../../../../tests/vectors/seed-event.json");
    let (status, why) = control::send(receiver.url(), forged).await?;
    if status != 401 {
        return Err(unexpected("401", &status.to_string()));
    }
    say(&format!("  {status} {why}"));
    Ok(())
}

async fn the_window_closes(
    sandbox: &SandboxHandle,
    client: &Client,
    message: &InboundMessage,
) -> Result<(), Failure> {
    step(
        5,
        "24 hours pass. A reply is refused, and the error says what to do.",
    );
    sandbox.advance(Duration::from_hours(24)).await?;
    match client.reply(message, "Are you still there?").await {
        Ok(reply) => Err(unexpected("window_expired", reply.id.as_str())),
        Err(error) if error.code() == backchat_core::ErrorCode::WindowExpired => {
            say(&format!("  {error}"));
            Ok(())
        }
        Err(error) => Err(error.into()),
    }
}

async fn send_the_template(
    sandbox: &SandboxHandle,
    client: &Client,
    message: &InboundMessage,
) -> Result<(), Failure> {
    step(
        6,
        "The template goes out instead: client.reply_or_template(…).",
    );
    let template = Template::parse(TEMPLATE)?.variable("name", "Ada");
    let answered = client
        .reply_or_template(message, "Are you still there?", template)
        .await?;
    let Answered::Template(sent) = answered else {
        return Err(unexpected("a template", "a reply"));
    };
    say(&format!("  accepted as {}", sent.id));
    if let Some(shown) = sandbox.messages().last() {
        say(&format!("  what the user sees:\n    {}", shown.text()));
    }
    Ok(())
}

/// The demo is a test: what does not happen fails it.
fn unexpected(wanted: &str, got: &str) -> Failure {
    Failure::Local(format!("the demo expected {wanted}, got {got}"))
}

async fn in_time<T>(what: &str, work: impl Future<Output = T>) -> Result<T, Failure> {
    timeout(PATIENCE, work)
        .await
        .map_err(|_| unexpected(what, "nothing in time"))
}
