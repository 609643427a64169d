//! One file of vectors.

use std::path::PathBuf;
use std::{fmt, fs};

use serde::Deserialize;
use serde_json::{Map, Value};

/// A file of vectors.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum File {
    /// What may leave: values, options, and the request that a server then receives.
    Outgoing,
    /// From the bytes of a webhook to an event.
    Events,
    /// Whose bytes they are.
    Signatures,
    /// Until when a user may be answered.
    ReplyWindows,
    /// What an answer tells about the message.
    ErrorBodies,
    /// How long a server asks to wait.
    RetryAfter,
}

impl File {
    /// Every file.
    pub const ALL: [File; 6] = [
        File::Outgoing,
        File::Events,
        File::Signatures,
        File::ReplyWindows,
        File::ErrorBodies,
        File::RetryAfter,
    ];

    /// Its name without `.json`.
    pub fn name(self) -> &'static str {
        match self {
            File::Outgoing => "outgoing",
            File::Events => "events",
            File::Signatures => "signatures",
            File::ReplyWindows => "reply_windows",
            File::ErrorBodies => "error_bodies",
            File::RetryAfter => "retry_after",
        }
    }

    /// Where it is.
    pub fn path(self) -> PathBuf {
        folder().join(format!("{}.json", self.name()))
    }

    /// Its JSON.
    pub fn json(self) -> Result<Value, String> {
        let text = fs::read_to_string(self.path()).map_err(|e| format!("{self}: {e}"))?;
        serde_json::from_str(&text).map_err(|e| format!("{self}: {e}"))
    }
}

/// How many cases there are in all: what every language must have run.
pub fn case_count() -> Result<usize, String> {
    File::ALL.into_iter().try_fold(0, |count, file| {
        let document = file.json()?;
        Ok(count + document["cases"].as_array().map_or(0, Vec::len))
    })
}

impl fmt::Display for File {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The folder of the vectors.
pub(crate) fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("vectors")
}

/// A file as it is read. Its cases are read one by one, so that a wrong one is named.
#[derive(Deserialize)]
pub(super) struct Document {
    #[serde(default)]
    pub(super) defaults: Map<String, Value>,
    #[serde(default)]
    pub(super) keys: Map<String, Value>,
    #[serde(default)]
    pub(super) bodies: Map<String, Value>,
    pub(super) cases: Vec<Value>,
}

impl Document {
    pub(super) fn load(file: File) -> Result<Self, String> {
        serde_json::from_value(file.json()?).map_err(|e| format!("{file}: {e}"))
    }
}
