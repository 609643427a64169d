//! How many cases ran, and which of them failed.

use std::fmt;

use serde_json::Value;

use super::File;
use super::case::Via;

/// How many cases ran, by how they are run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// By the library's interface alone.
    pub api: usize,
    /// Against a scripted server.
    pub http: usize,
}

impl Counts {
    /// All of them.
    pub fn total(self) -> usize {
        self.api + self.http
    }
}

impl std::ops::AddAssign for Counts {
    fn add_assign(&mut self, other: Self) {
        self.api += other.api;
        self.http += other.http;
    }
}

/// The outcome of one file. Printed, it is the line of its counts.
#[derive(Debug)]
pub struct Report {
    file: File,
    /// How many cases ran.
    pub counts: Counts,
    /// The cases that failed, and why.
    pub failures: Vec<String>,
}

impl Report {
    pub(super) fn new(file: File) -> Self {
        Self {
            file,
            counts: Counts::default(),
            failures: Vec::new(),
        }
    }

    pub(super) fn fail(&mut self, why: String) {
        self.failures.push(why);
    }

    /// Counts a case that ran.
    pub(super) fn add(&mut self, case: &Value, end: Result<Via, String>) {
        match end {
            Ok(Via::Api) => self.counts.api += 1,
            Ok(Via::Http) => self.counts.http += 1,
            Err(why) => {
                let name = case["name"].as_str().unwrap_or("(no name)");
                self.failures.push(format!("{name}: {why}"));
            }
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Counts { api, http } = self.counts;
        write!(f, "vectors: {}", self.file)?;
        match (api, http) {
            (api, 0) => write!(f, " api {api}"),
            (0, http) => write!(f, " http {http}"),
            (api, http) => write!(f, " api {api}, http {http}"),
        }?;
        if !self.failures.is_empty() {
            write!(f, ", failed {}", self.failures.len())?;
        }
        Ok(())
    }
}
