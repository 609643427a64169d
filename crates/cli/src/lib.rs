//! `backchat`, the program: answer WhatsApp messages, run the sandbox, sign and verify webhooks.
//!
//! A library too, so that `pip install` and `npm install` bring the same program.

mod control;
mod demo;
mod exit;
mod files;
mod inbox;
mod output;
mod reply;
mod sandbox;
mod send;
mod shell;
mod trigger;
mod webhook;

use std::ffi::OsString;

use clap::{Parser, Subcommand};
use tracing_subscriber::filter::Targets;
use tracing_subscriber::prelude::*;

use exit::Failure;
use output::Output;

#[derive(Parser)]
#[command(
    version,
    about = "Two-way WhatsApp messaging for the Prelude API.",
    after_help = exit::HELP,
)]
struct Arguments {
    /// Print JSON for machines, one document a result.
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Show the whole job on this machine: no account, no network.
    Demo(demo::Options),
    /// Run a stand-in for Prelude until interrupted.
    Sandbox(sandbox::Options),
    /// Answer an inbound message.
    Reply(reply::Options),
    /// Send a template.
    Send(send::Options),
    /// Let a user write to a running sandbox.
    Trigger(trigger::Options),
    /// Look into the ledger of an inbox, and decide what it cannot.
    Inbox(inbox::Options),
    /// Sign or verify the body of a webhook.
    #[command(subcommand)]
    Webhook(webhook::Command),
}

/// Runs the program with `arguments`, the program's own name first, and gives its exit code. Ends
/// when the command does; for `sandbox` that is at an interrupt.
pub fn run<I, T>(arguments: I) -> u8
where
    I: IntoIterator<Item = T>,
    T: Into<OsString> + Clone,
{
    let arguments = match Arguments::try_parse_from(arguments) {
        Ok(arguments) => arguments,
        Err(error) => {
            let _gone = error.print();
            return u8::try_from(error.exit_code()).unwrap_or(2);
        }
    };
    // The demo breaks things on purpose: its warnings would only interrupt it.
    let level = match arguments.command {
        Command::Demo(_) => "error",
        _ => "warn",
    };
    let wanted = std::env::var("BACKCHAT_LOG").ok();
    let filter = wanted
        .and_then(|wanted| wanted.parse::<Targets>().ok())
        .or_else(|| level.parse().ok())
        .unwrap_or_default();
    tracing_subscriber::registry()
        .with(tracing_subscriber::fmt::layer().with_writer(std::io::stderr))
        .with(filter)
        .try_init()
        // A host that has set its own log keeps it.
        .unwrap_or_default();
    let output = Output::new(arguments.json);
    match command(arguments.command, output) {
        Ok(()) => 0,
        Err(failure) => {
            output.failure(&failure);
            failure.exit_code()
        }
    }
}

fn command(command: Command, output: Output) -> Result<(), Failure> {
    let runtime = tokio::runtime::Runtime::new()?;
    runtime.block_on(async {
        match command {
            Command::Demo(options) => demo::run(&options).await,
            Command::Sandbox(options) => sandbox::run(options, output).await,
            Command::Reply(options) => reply::run(options, output).await,
            Command::Send(options) => send::run(options, output).await,
            Command::Trigger(options) => trigger::run(&options, output).await,
            Command::Inbox(options) => inbox::run(options, output).await,
            Command::Webhook(command) => webhook::run(&command, output),
        }
    })
}
