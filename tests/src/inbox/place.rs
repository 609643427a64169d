//! Where a test keeps its ledger: a SQLite file of its own, or a scope of its own in Postgres.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::SystemTime;

use backchat_inbox::Ledger;

/// The variable that names the private Postgres of a test run.
pub const POSTGRES: &str = "BACKCHAT_TEST_POSTGRES";

/// One ledger; a SQLite file goes with its value.
#[derive(Debug)]
pub struct Place {
    /// What [`Ledger::open`] takes.
    pub url: String,
    /// The application.
    pub scope: String,
    folder: Option<PathBuf>,
}

impl Place {
    /// A file in a new folder.
    pub fn sqlite() -> Self {
        let scope = unique();
        let folder = std::env::temp_dir().join(format!("backchat-{scope}"));
        std::fs::create_dir_all(&folder).unwrap();
        Self {
            url: format!("sqlite:{}", folder.join("inbox.db").display()),
            scope,
            folder: Some(folder),
        }
    }

    /// A new scope in the Postgres of this test run. `None`, with a line that says so, without one;
    /// a failure where `CI=true`, for there nothing may be left out.
    pub fn postgres() -> Option<Self> {
        let Ok(url) = std::env::var(POSTGRES) else {
            assert!(
                std::env::var("CI").as_deref() != Ok("true"),
                "CI has no Postgres: {POSTGRES} is not set"
            );
            println!("skipped: {POSTGRES} is not set");
            return None;
        };
        Some(Self {
            url,
            scope: unique(),
            folder: None,
        })
    }

    /// The folder of a SQLite file.
    pub fn folder(&self) -> &Path {
        self.folder.as_deref().expect("a SQLite store")
    }

    /// The SQLite file.
    pub fn file(&self) -> PathBuf {
        self.folder().join("inbox.db")
    }

    /// The same ledger by way of another URL.
    pub fn by(&self, url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            scope: self.scope.clone(),
            folder: None,
        }
    }

    /// The ledger, to look at.
    pub async fn ledger(&self) -> Ledger {
        let ledger = Ledger::open(&self.url).await.unwrap();
        ledger.scope(self.scope.as_str())
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if let Some(folder) = &self.folder {
            let _gone = std::fs::remove_dir_all(folder);
        }
    }
}

fn unique() -> String {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let since = SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default();
    format!(
        "test-{}-{}-{}",
        std::process::id(),
        since.as_millis(),
        NUMBER.fetch_add(1, Ordering::Relaxed)
    )
}
