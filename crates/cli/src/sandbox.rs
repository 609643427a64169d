//! `backchat sandbox`: a stand-in for Prelude, until interrupted.

use std::io::Write;
use std::net::SocketAddr;
use std::path::PathBuf;

use backchat_sandbox::{SaltLength, Sandbox};
use clap::Args;
use serde_json::json;

use crate::exit::Failure;
use crate::files;
use crate::output::Output;
use crate::shell::Shell;
use crate::webhook::Salt;

#[derive(Args)]
#[command(
    after_help = "Example:\n  backchat sandbox --webhook http://127.0.0.1:8000/webhooks/prelude"
)]
pub(crate) struct Options {
    /// Where to listen; port 0 for any free one.
    #[arg(long, default_value = "127.0.0.1:8787")]
    listen: SocketAddr,
    /// Where to post the events of users.
    #[arg(long, value_name = "URL")]
    webhook: Option<String>,
    /// The token that the API wants.
    #[arg(long, default_value = "sandbox")]
    token: String,
    /// The salt of the webhooks' signatures.
    #[arg(long, value_enum, default_value = "digest")]
    salt: Salt,
    /// The private key of the webhooks' signatures. Default: a new one at every start.
    #[arg(long, value_name = "PRIVATE_PEM")]
    key: Option<PathBuf>,
}

pub(crate) async fn run(options: Options, output: Output) -> Result<(), Failure> {
    let mut builder = Sandbox::builder()
        .listen(options.listen)
        .token(options.token)
        .salt(match options.salt {
            Salt::Digest => SaltLength::Digest,
            Salt::Max => SaltLength::Max,
        });
    if let Some(url) = options.webhook {
        builder = builder.webhook_url(url);
    }
    if let Some(key) = options.key {
        builder = builder.signing_key_pem(files::text(&key)?);
    }
    let sandbox = builder.start().await?;
    let (url, token) = (sandbox.url(), sandbox.token());
    let key = sandbox.public_key_pem().trim_end().replace('\n', "\\n");
    let shell = Shell::current();
    let settings = [
        ("PRELUDE_BASE_URL", url),
        ("PRELUDE_API_TOKEN", token),
        ("PRELUDE_WEBHOOK_PUBLIC_KEY", &key),
    ]
    .map(|(name, value)| shell.export(name, value))
    .join("\n");
    output.result(
        &json!({
            "url": url,
            "token": token,
            "webhook_public_key": sandbox.public_key_pem(),
        }),
        &format!(
            "sandbox ready on {url}\n\n\
             {settings}\n\n\
             A user writes:  backchat trigger --url {url} --from +33612345678 --text \"Hi\"\n\
             What was sent:  {url}/sandbox/messages\n\
             Ctrl-C ends it."
        ),
    );
    std::io::stdout().flush()?;
    tokio::signal::ctrl_c().await?;
    sandbox.stop().await;
    Ok(())
}
