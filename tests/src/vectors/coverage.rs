//! Whether the vectors reach every error: code by code, class by class.

use std::collections::BTreeSet;

use serde_json::Value;

use super::File;

/// The codes that no vector can reach, because one call alone does not show them.
pub const NOT_IN_VECTORS: [(&str, &str); 2] = [
    (
        "cancelled",
        "a second thread has to cancel the call at the right moment",
    ),
    ("store_unavailable", "only the inbox has a store"),
];

/// What the vectors of all files expect.
#[derive(Debug, Default)]
pub struct Covered {
    /// Codes of errors, and `server_code`s.
    pub codes: BTreeSet<String>,
    /// Codes that a server answers with status 400, and that come out as they are.
    pub codes_at_400: BTreeSet<String>,
    /// Classes of errors.
    pub classes: BTreeSet<String>,
    /// Reasons of refused signatures.
    pub reasons: BTreeSet<String>,
    /// Names of cases, in the order of the files.
    pub names: Vec<String>,
}

/// Reads what the vectors of all files expect.
pub fn covered() -> Result<Covered, String> {
    let mut covered = Covered::default();
    for file in File::ALL {
        let document = file.json()?;
        for case in document["cases"].as_array().into_iter().flatten() {
            covered.names.extend(string(&case["name"]));
            let error = &case["expect"]["error"];
            covered.codes.extend(string(&error["code"]));
            covered.codes.extend(string(&error["server_code"]));
            covered.classes.extend(string(&error["class"]));
            covered.reasons.extend(string(&error["reason"]));
            let answered = &case["answers"][0];
            if answered["status"] == 400 && answered["body"]["json"]["code"] == error["code"] {
                covered.codes_at_400.extend(string(&error["code"]));
            }
        }
    }
    Ok(covered)
}

fn string(value: &Value) -> Option<String> {
    value.as_str().map(str::to_owned)
}
