//! `template_…`: a message that WhatsApp approved beforehand, with places for variables.

use std::collections::{BTreeMap, BTreeSet};

use backchat_core::TemplateId;
use serde::{Deserialize, Serialize};

use crate::SandboxError;

/// A template that `POST /v2/notify` can send. Its variables are the `{{names}}` in its text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Template {
    /// `template_` and then letters and digits.
    pub id: String,
    /// What the user reads, with `{{name}}` where a variable goes.
    pub text: String,
    /// The category that `forbidden_categories` may name: `utility` when none is given.
    #[serde(default = "utility")]
    pub category: String,
    /// Whether WhatsApp has approved it; else it gets `template_not_validated`.
    #[serde(default = "yes")]
    pub validated: bool,
}

fn utility() -> String {
    "utility".to_owned()
}

fn yes() -> bool {
    true
}

impl Template {
    /// An approved template of the category `utility`.
    pub fn new(id: impl Into<String>, text: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            text: text.into(),
            category: utility(),
            validated: yes(),
        }
    }

    /// The same template in another category, such as `marketing`.
    pub fn category(mut self, category: impl Into<String>) -> Self {
        self.category = category.into();
        self
    }

    /// The same template, not yet approved by WhatsApp.
    pub fn not_validated(mut self) -> Self {
        self.validated = false;
        self
    }

    pub(crate) fn check(&self) -> Result<(), SandboxError> {
        TemplateId::parse(&self.id).map_err(|error| SandboxError::Refused(error.to_string()))?;
        Ok(())
    }

    /// The names in its text.
    pub(crate) fn variables(&self) -> BTreeSet<&str> {
        pieces(&self.text)
            .filter_map(|piece| match piece {
                Piece::Variable(name) => Some(name),
                Piece::Text(_) => None,
            })
            .collect()
    }

    /// What the user reads.
    pub(crate) fn render(&self, variables: &BTreeMap<String, String>) -> String {
        pieces(&self.text)
            .map(|piece| match piece {
                Piece::Text(text) => text,
                Piece::Variable(name) => variables.get(name).map_or("", String::as_str),
            })
            .collect()
    }
}

enum Piece<'a> {
    Text(&'a str),
    Variable(&'a str),
}

/// `a {{b}} c` as text `a `, variable `b`, text ` c`. Braces that do not close are text.
fn pieces(text: &str) -> impl Iterator<Item = Piece<'_>> {
    let mut rest = text;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        if let Some((name, after)) = rest
            .strip_prefix("{{")
            .and_then(|inside| inside.split_once("}}"))
        {
            rest = after;
            return Some(Piece::Variable(name.trim()));
        }
        // From the second byte on: braces at the very start that never close are text.
        let first = rest.chars().next().map_or(0, char::len_utf8);
        let end = rest[first..].find("{{").map_or(rest.len(), |at| first + at);
        let (text, after) = rest.split_at(end);
        rest = after;
        Some(Piece::Text(text))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_and_fills_its_variables() {
        let template = Template::new("template_1", "{{hello}} {{ name }}, é {{name}}{{");
        assert_eq!(template.variables(), BTreeSet::from(["hello", "name"]));
        let variables = BTreeMap::from([
            ("hello".to_owned(), "Hi".to_owned()),
            ("name".to_owned(), "{{Ada}}".to_owned()),
        ]);
        assert_eq!(template.render(&variables), "Hi {{Ada}}, é {{Ada}}{{");
    }

    #[test]
    fn refuses_an_id_of_another_kind() {
        assert!(Template::new("im_1", "Hi").check().is_err());
        assert!(Template::new("template_1", "Hi").check().is_ok());
    }
}
