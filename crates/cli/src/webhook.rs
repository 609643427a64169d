//! `backchat webhook sign|verify`: `X-Webhook-Signature` over the bytes of a file.

use std::path::PathBuf;

use backchat_core::Webhook;
use backchat_sandbox::{SaltLength, Signer};
use clap::{Subcommand, ValueEnum};
use serde_json::{json, to_value};

use crate::exit::Failure;
use crate::files;
use crate::output::Output;

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Print the `X-Webhook-Signature` header of a body.
    #[command(after_help = "Example:\n  backchat webhook sign --key private.pem event.json")]
    Sign {
        /// The private key: RSA, PEM (PKCS#8 or PKCS#1).
        #[arg(long, value_name = "PRIVATE_PEM")]
        key: PathBuf,
        /// The length of the salt.
        #[arg(long, value_enum, default_value = "digest")]
        salt: Salt,
        /// The body, byte for byte.
        file: PathBuf,
    },
    /// Check the signature of a body and print its event.
    #[command(
        after_help = "Example:\n  backchat webhook verify --key public.pem --signature \"rsassa-pss-sha256=…\" event.json"
    )]
    Verify {
        /// The public key: PEM (SPKI or PKCS#1) or a JWKS.
        #[arg(long, value_name = "PUBLIC_PEM")]
        key: PathBuf,
        /// The value of the `X-Webhook-Signature` header.
        #[arg(long, value_name = "HEADER")]
        signature: String,
        /// The body, byte for byte.
        file: PathBuf,
    },
}

#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum Salt {
    /// 32 bytes.
    Digest,
    /// The maximum for the key, as Go's signers do.
    Max,
}

pub(crate) fn run(command: &Command, output: Output) -> Result<(), Failure> {
    match command {
        Command::Sign { key, salt, file } => {
            let salt = match salt {
                Salt::Digest => SaltLength::Digest,
                Salt::Max => SaltLength::Max,
            };
            let signer = Signer::from_pem(&files::text(key)?, salt)?;
            let header = signer.sign(&files::bytes(file)?)?;
            output.result(&json!({"x-webhook-signature": header}), &header);
        }
        Command::Verify {
            key,
            signature,
            file,
        } => {
            let webhook = Webhook::new(&files::text(key)?)?;
            let headers = [("x-webhook-signature", signature)];
            let event = webhook.verify(&files::bytes(file)?, headers)?;
            let lines = format!("good: {} {}", event.event_type(), event.id());
            output.result(&to_value(&event).unwrap_or_default(), &lines);
        }
    }
    Ok(())
}
