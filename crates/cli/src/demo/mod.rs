//! `backchat demo`: the whole job on this machine, over real HTTP.

mod receiver;
mod transcript;

use std::time::Duration;

use backchat_core::{Answered, DeliveryStatus, ErrorCode, InboundMessage, Template};
use backchat_inbox::State;
use backchat_sandbox::{Fault, Inbound, ResetAfter, Sandbox, SandboxHandle, SentMessage};
use clap::Args;
use tokio::time::{sleep, timeout};

use crate::control;
use crate::exit::Failure;
use receiver::Receiver;
use transcript::{say, step};

const USER: &str = "+33612345678";
const TEMPLATE: &str = "template_01k8ap1btqf5r9fq2c8ax5fhc9";
const PATIENCE: Duration = Duration::from_secs(5);

#[derive(Args)]
#[command(after_help = "Example:\n  backchat demo --keep")]
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
    let mut receiver = Receiver::start(&sandbox).await?;
    sandbox.set_webhook_url(Some(&receiver.url))?;

    say("Backchat on one machine: real HTTP, no account, no network.");
    say(&format!("  sandbox of the Prelude API  {}", sandbox.url()));
    say(&format!("  your webhook receiver       {}", receiver.url));

    let message = a_user_writes(&sandbox, &mut receiver).await?;
    hear_of_the_delivery(&mut receiver).await?;
    the_webhook_comes_again(&sandbox, &message).await?;
    the_answer_gets_lost(&sandbox, &mut receiver).await?;
    refuse_a_stranger(&receiver).await?;
    the_window_closes(&sandbox, &receiver, &message).await?;
    send_the_template(&sandbox, &receiver, &message).await?;

    say("\nThat is all of it. Next: `backchat sandbox`, and the README's quickstart.");
    if options.keep {
        say("Still running, as asked. Ctrl-C ends it.");
        tokio::signal::ctrl_c().await?;
    }
    receiver.client.close().await;
    sandbox.stop().await;
    Ok(())
}

async fn a_user_writes(
    sandbox: &SandboxHandle,
    receiver: &mut Receiver,
) -> Result<InboundMessage, Failure> {
    step(
        1,
        "A user writes. The signed webhook is verified, and your handler answers.",
    );
    sandbox
        .inbound(Inbound::new(USER, "Hi, I have a question about my order"))
        .await?;
    let message = receiver.message().await?;
    let closes = message.reply_window.expires_at.as_ref();
    say(&format!("  {} verified: {}", message.id, message.verified));
    say(&format!(
        "  window {} until {}",
        message.reply_window.state().as_str(),
        closes.map_or("?", |at| at.as_str()),
    ));
    let sent = sandbox.messages();
    let [SentMessage::Reply(sent)] = sent.as_slice() else {
        return Err(unexpected("one reply", &sent.len().to_string()));
    };
    say(&format!("  what the user sees, {}:", sent.id));
    say(&format!("    | {}", sent.quoted_text));
    say(&format!("    {}", sent.text));
    Ok(message)
}

async fn hear_of_the_delivery(receiver: &mut Receiver) -> Result<(), Failure> {
    step(
        2,
        "Delivery events come back, naming the message they are about.",
    );
    loop {
        let delivery = receiver.delivery().await?;
        let about = delivery.correlation_id.and_then(|id| id.reply_to());
        say(&format!(
            "  {:<17} {} answers {}",
            delivery.status.as_str(),
            delivery.message_id,
            about.map_or_else(|| "?".to_owned(), |id| id.to_string()),
        ));
        if delivery.status == DeliveryStatus::Delivered {
            return Ok(());
        }
    }
}

async fn the_webhook_comes_again(
    sandbox: &SandboxHandle,
    message: &InboundMessage,
) -> Result<(), Failure> {
    step(
        3,
        "Prelude delivers the same webhook again. It was answered: no second message.",
    );
    let delivery = sandbox.redeliver(message.id.as_str()).await?;
    let status = delivery.status.unwrap_or_default();
    let count = sandbox.messages().len();
    if (status, count) != (200, 1) {
        return Err(unexpected(
            "200 and 1 message",
            &format!("{status} and {count}"),
        ));
    }
    say(&format!(
        "  delivery {} answered {status}, messages sent: {count}",
        delivery.attempt
    ));
    Ok(())
}

async fn the_answer_gets_lost(
    sandbox: &SandboxHandle,
    receiver: &mut Receiver,
) -> Result<(), Failure> {
    step(
        4,
        "The connection breaks after the POST. Nobody knows, so nothing is sent again.",
    );
    sandbox.fail_next(Fault::reset(ResetAfter::Request).processed(true))?;
    sandbox
        .inbound(Inbound::new(USER, "Are you there?"))
        .await?;
    let message = receiver.message().await?;
    let state = state_of(receiver, &message).await?;
    if state != State::MaybeSent {
        return Err(unexpected("maybe_sent", state.as_str()));
    }
    say(&format!("  ledger: {} is {state}", message.message_id));
    in_time("sent", async {
        while state_of(receiver, &message).await? != State::Sent {
            sleep(Duration::from_millis(20)).await;
        }
        Ok::<_, Failure>(())
    })
    .await??;
    let count = sandbox.messages().len();
    if count != 2 {
        return Err(unexpected("2 messages", &count.to_string()));
    }
    say(&format!(
        "  then its delivery event comes: it is sent, messages sent: {count}"
    ));
    Ok(())
}

async fn state_of(receiver: &Receiver, message: &InboundMessage) -> Result<State, Failure> {
    let record = receiver.inbox.outcome(&message.message_id).await?;
    record
        .map(|record| record.state)
        .ok_or_else(|| unexpected("a row", "none"))
}

async fn refuse_a_stranger(receiver: &Receiver) -> Result<(), Failure> {
    step(5, "Somebody else posts an event. It is refused.");
    let forged = include_str!("../../../../tests/vectors/seed-event.json");
    let (status, why) = control::send(&receiver.url, forged).await?;
    if status != 401 {
        return Err(unexpected("401", &status.to_string()));
    }
    say(&format!("  {status} {why}"));
    Ok(())
}

async fn the_window_closes(
    sandbox: &SandboxHandle,
    receiver: &Receiver,
    message: &InboundMessage,
) -> Result<(), Failure> {
    step(
        6,
        "24 hours pass. A reply is refused, and the error says what to do.",
    );
    sandbox.advance(Duration::from_hours(24)).await?;
    match receiver.client.reply(message, "Are you still there?").await {
        Ok(reply) => Err(unexpected("window_expired", reply.id.as_str())),
        Err(error) if error.code() == ErrorCode::WindowExpired => {
            say(&format!("  {error}"));
            Ok(())
        }
        Err(error) => Err(error.into()),
    }
}

async fn send_the_template(
    sandbox: &SandboxHandle,
    receiver: &Receiver,
    message: &InboundMessage,
) -> Result<(), Failure> {
    step(
        7,
        "The template goes out instead: client.reply_or_template(…).",
    );
    let template = Template::parse(TEMPLATE)?.variable("name", "Ada");
    let answered = receiver
        .client
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
