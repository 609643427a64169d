//! `backchat inbox`: what operators ask of a ledger.

use std::path::{Path, PathBuf};

use backchat_core::jiff::Timestamp;
use backchat_core::{Event, InboundMessageId};
use backchat_inbox::store::{Rearmed, schema};
use backchat_inbox::{Ledger, Record, State};
use clap::{Args, Subcommand};
use serde_json::{Value, json};

use crate::exit::Failure;
use crate::files;
use crate::output::Output;

#[derive(Args)]
#[command(
    after_help = "Examples:\n  backchat inbox --store sqlite:inbox.db list --state maybe_sent\n  backchat inbox --store postgres://… rearm im_01k8aq2zggeyssvt53zgvpx63a"
)]
pub(crate) struct Options {
    /// The ledger: sqlite:FILE or postgres://….
    #[arg(
        long,
        value_name = "URL",
        env = "BACKCHAT_STORE",
        global = true,
        required = false
    )]
    store: Option<String>,
    /// The application, when several share a store.
    #[arg(long, default_value = "default", global = true)]
    scope: String,
    /// The slot: one of several replies to a message, each sent at most once.
    #[arg(long, default_value = "reply", global = true)]
    slot: String,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// List rows, the oldest first, and count all by state.
    List {
        /// queued, claimed, sending, retrying, `given_up`, sent, rejected, skipped or `maybe_sent`.
        #[arg(long)]
        state: Option<State>,
        /// Only messages first seen at this moment or later, RFC 3339.
        #[arg(long)]
        since: Option<Timestamp>,
    },
    /// Show what is known about the answer to a message.
    Show {
        /// `im_…`
        message_id: String,
    },
    /// Make a message answerable again: the application's next `receive` answers it, or in queue mode its `run`.
    /// Only when nothing was accepted.
    Rearm {
        /// `im_…`
        message_id: String,
        /// The event, as JSON: for a message whose row keeps none any more.
        #[arg(long, value_name = "FILE")]
        event: Option<PathBuf>,
    },
    /// Print the SQL that makes the tables, for their owner to run. Connects to nothing.
    Schema {
        /// Only what a ledger of this version lacks.
        #[arg(long, value_name = "VERSION", default_value_t = 0)]
        from: u32,
    },
    /// Erase what names or quotes a person.
    Forget {
        /// The person's number, exactly as the events wrote it.
        phone: String,
    },
}

pub(crate) async fn run(options: Options, output: Output) -> Result<(), Failure> {
    let url = options
        .store
        .ok_or_else(|| Failure::Usage("give the ledger: --store URL or BACKCHAT_STORE".into()))?;
    if let Command::Schema { from } = options.command {
        let sql = schema(&url, from)?;
        output.result(&json!({"sql": sql}), sql.trim_end());
        return Ok(());
    }
    let ledger = Ledger::open(&url)
        .await?
        .scope(options.scope)
        .slot(options.slot);
    match options.command {
        Command::List { state, since } => list(&ledger, state, since, output).await,
        Command::Show { message_id } => show(&ledger, &message_id.as_str().into(), output).await,
        Command::Rearm { message_id, event } => {
            let id = message_id.as_str().into();
            rearm(&ledger, &id, event.as_deref(), output).await
        }
        // Needs no ledger that is open.
        Command::Schema { .. } => Ok(()),
        Command::Forget { phone } => {
            let rows = ledger.forget(&phone).await?;
            output.result(&json!({"rows": rows}), &format!("erased in {rows} rows"));
            Ok(())
        }
    }
}

async fn list(
    ledger: &Ledger,
    state: Option<State>,
    since: Option<Timestamp>,
    output: Output,
) -> Result<(), Failure> {
    let mut rows: Vec<Record> = Vec::new();
    loop {
        let page = ledger.list_after(state, since, rows.last()).await?;
        if page.is_empty() {
            break;
        }
        rows.extend(page);
    }
    let counts = ledger.counts().await?;
    let waiting = ledger.oldest_maybe_sent_age().await?;
    let counted: Value = counts
        .iter()
        .map(|(state, count)| (state.as_str().to_owned(), json!(count)))
        .collect::<serde_json::Map<_, _>>()
        .into();
    let mut lines: Vec<_> = rows.iter().map(line).collect();
    lines.push(if counts.is_empty() {
        "no messages".to_owned()
    } else {
        let counts: Vec<_> = counts
            .iter()
            .map(|(state, count)| format!("{count} {state}"))
            .collect();
        counts.join(", ")
    });
    if let Some(age) = waiting {
        lines.push(format!(
            "the oldest maybe_sent has waited {} s",
            age.as_secs()
        ));
    }
    let value = json!({
        "rows": rows.iter().map(described).collect::<Vec<_>>(),
        "counts": counted,
        "oldest_maybe_sent_seconds": waiting.map(|age| age.as_secs()),
    });
    output.result(&value, &lines.join("\n"));
    Ok(())
}

async fn show(ledger: &Ledger, id: &InboundMessageId, output: Output) -> Result<(), Failure> {
    let record = ledger.show(id).await?.ok_or_else(|| unknown(id))?;
    let value = described(&record);
    let lines: Vec<_> = value
        .as_object()
        .into_iter()
        .flatten()
        .filter(|(_, value)| !value.is_null())
        .map(|(name, value)| {
            format!(
                "{name:<15} {}",
                value
                    .as_str()
                    .map_or_else(|| value.to_string(), str::to_owned)
            )
        })
        .collect();
    output.result(&value, &lines.join("\n"));
    Ok(())
}

async fn rearm(
    ledger: &Ledger,
    id: &InboundMessageId,
    event: Option<&Path>,
    output: Output,
) -> Result<(), Failure> {
    let rearmed = match event {
        None => ledger.rearm(id).await?,
        Some(path) => match Event::from_json(files::bytes(path)?)? {
            Event::InboundMessage(message) if message.message_id == *id => {
                ledger.rearm_with(&message).await?
            }
            _ => {
                let why = format!("the event in {} is not about {id}", path.display());
                return Err(Failure::Usage(why));
            }
        },
    };
    match rearmed {
        Rearmed::Yes => {
            output.result(
                &json!({"message_id": id, "state": State::Queued.as_str()}),
                &format!(
                    "{id} is queued: the application's next `receive` answers it, or in queue mode its `run`"
                ),
            );
            Ok(())
        }
        Rearmed::NoEvent(record) => Err(Failure::Local(format!(
            "{id} is {}, and its event is not kept any more: give it with --event FILE, or answer \
             with `backchat reply`",
            record.state
        ))),
        Rearmed::Refused(record) => Err(Failure::Local(format!(
            "{id} is {}: sending it again could be a second message",
            record.state
        ))),
        Rearmed::Unknown => Err(unknown(id)),
    }
}

fn unknown(id: &InboundMessageId) -> Failure {
    Failure::Local(format!("the ledger does not know {id}"))
}

fn line(record: &Record) -> String {
    let about = record.reply_id.as_ref().map(|id| id.as_str().to_owned());
    format!(
        "{:<10} {}  {}  {}",
        record.state.as_str(),
        record.created_at,
        record.key.message_id,
        about.or_else(|| record.code.clone()).unwrap_or_default(),
    )
}

/// Ids, states and times: the ledger holds no text and no number.
fn described(record: &Record) -> Value {
    json!({
        "message_id": record.key.message_id,
        "scope": &*record.key.scope,
        "slot": &*record.key.slot,
        "state": record.state.as_str(),
        "reply_id": record.reply_id,
        "code": record.code,
        "delivery": record.delivery,
        "correlation_id": record.correlation_id,
        "attempts": record.attempts,
        "created_at": record.created_at.to_string(),
        "updated_at": record.updated_at.to_string(),
        "lease_until": record.lease_until.to_string(),
    })
}
