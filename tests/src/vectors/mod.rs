//! `tests/vectors/*.json`: what every language must do, as data. `tests/vectors/README.md` says how
//! the files are read.

mod args;
mod bytes;
mod call;
mod case;
pub mod coverage;
mod error;
mod events;
mod file;
pub mod generate;
mod options;
mod received;
mod reply_windows;
mod report;
mod request;
mod server;
mod signatures;

pub(crate) use file::folder;
pub use file::{File, case_count};
pub use report::{Counts, Report};

use file::Document;

/// Runs every case of one file through the public interface of the core.
pub async fn run(file: File) -> Report {
    let mut report = Report::new(file);
    let document = match Document::load(file) {
        Ok(document) => document,
        Err(why) => {
            report.fail(why);
            return report;
        }
    };
    match file {
        File::Outgoing | File::ErrorBodies | File::RetryAfter => {
            call::run(&document, &mut report).await;
        }
        File::Events => events::run(&document, &mut report),
        File::Signatures => signatures::run(&document, &mut report),
        File::ReplyWindows => reply_windows::run(&document, &mut report),
    }
    report
}
