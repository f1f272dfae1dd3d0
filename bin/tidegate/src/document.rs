//! What a command has to say, once, for people and for programs.
//!
//! Both forms come from the same fields, so neither can miss one. JSON keys are the names; text shows them with spaces,
//! and without their unit where it shows the value with a unit of its own.

use std::fmt::Display;

use serde_json::{Map, Value};

use crate::message;

/// Named values in order.
#[derive(Debug, Default)]
pub(crate) struct Document(Vec<(&'static str, Entry)>);

/// Units at the end of names, which a text with a unit of its own makes superfluous.
const UNITS: [&str; 6] = ["_bytes", "_ns", "_ms", "_kbit", "_hz", "_k"];

#[derive(Debug)]
enum Entry {
    Value {
        json: Value,
        text: String,
        has_own_unit: bool,
    },
    /// Documents with the same names: a table with a line each.
    Table(Vec<Document>),
    /// Documents that are shown one below the other.
    Sections(Vec<Document>),
}

impl Document {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// Adds a value that text shows as it is.
    pub(crate) fn with(self, name: &'static str, value: impl Into<Value>) -> Self {
        let json = value.into();
        let text = match &json {
            Value::String(text) => text.clone(),
            Value::Null => "-".to_owned(),
            Value::Bool(true) => "yes".to_owned(),
            Value::Bool(false) => "no".to_owned(),
            other => other.to_string(),
        };
        self.entry(name, Entry::Value { json, text, has_own_unit: false })
    }

    /// Adds a value that text shows in another way.
    pub(crate) fn with_text(self, name: &'static str, value: impl Into<Value>, text: impl Display) -> Self {
        self.entry(name, Entry::Value { json: value.into(), text: text.to_string(), has_own_unit: true })
    }

    /// Adds documents that text shows as a table.
    pub(crate) fn with_table(self, name: &'static str, rows: Vec<Self>) -> Self {
        self.entry(name, Entry::Table(rows))
    }

    /// Adds documents that text shows one below the other.
    pub(crate) fn with_sections(self, name: &'static str, sections: Vec<Self>) -> Self {
        self.entry(name, Entry::Sections(sections))
    }

    fn entry(mut self, name: &'static str, entry: Entry) -> Self {
        self.0.push((name, entry));
        self
    }

    /// Prints it on standard output: as one JSON document, or as text.
    pub(crate) fn print(&self, json: bool) {
        if json { message::line(format_args!("{:#}", self.json())) } else { message::line(self.text().trim_end()) }
    }

    pub(crate) fn json(&self) -> Value {
        let fields = self.0.iter().map(|(name, entry)| {
            let value = match entry {
                Entry::Value { json, .. } => json.clone(),
                Entry::Table(documents) | Entry::Sections(documents) => documents.iter().map(Self::json).collect(),
            };
            ((*name).to_owned(), value)
        });
        Value::Object(fields.collect::<Map<_, _>>())
    }

    pub(crate) fn text(&self) -> String {
        let values = self.0.iter().filter(|(_, entry)| matches!(entry, Entry::Value { .. }));
        let width = values.map(|(name, entry)| label(name, entry).len()).max().unwrap_or(0);
        let mut text = String::new();
        for (name, entry) in &self.0 {
            let label = label(name, entry);
            match entry {
                Entry::Value { text: value, .. } => text.push_str(&format!("{label:width$}  {value}\n")),
                Entry::Table(rows) if rows.is_empty() => text.push_str(&format!("no {label}\n")),
                Entry::Sections(sections) if sections.is_empty() => text.push_str(&format!("no {label}\n")),
                Entry::Table(rows) => text.push_str(&table(rows)),
                Entry::Sections(sections) => {
                    for section in sections {
                        text.push_str(&format!("\n{}", section.text()));
                    }
                }
            }
        }
        text
    }

    fn cells(&self) -> Vec<&str> {
        self.0
            .iter()
            .filter_map(|(_, entry)| if let Entry::Value { text, .. } = entry { Some(text.as_str()) } else { None })
            .collect()
    }
}

fn label(name: &str, entry: &Entry) -> String {
    let unit = match entry {
        Entry::Value { has_own_unit: true, .. } => UNITS.iter().find(|unit| name.ends_with(**unit)),
        _ => None,
    };
    name.strip_suffix(unit.copied().unwrap_or_default()).unwrap_or(name).replace('_', " ")
}

fn table(rows: &[Document]) -> String {
    let heading: Vec<String> =
        rows.first().map_or_else(Vec::new, |row| row.0.iter().map(|(name, entry)| label(name, entry)).collect());
    let mut widths: Vec<usize> = heading.iter().map(|name| name.chars().count()).collect();
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row.cells()) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let line = |cells: &mut dyn Iterator<Item = &str>| {
        let padded: Vec<_> = cells.zip(&widths).map(|(cell, width)| format!("{cell:width$}")).collect();
        format!("{}\n", padded.join("  ").trim_end())
    };
    let mut text = line(&mut heading.iter().map(String::as_str));
    for row in rows {
        text.push_str(&line(&mut row.cells().into_iter()));
    }
    text
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn document() -> Document {
        let row = |id: u32, name: &str| Document::new().with("id", id).with("host_name", name);
        Document::new()
            .with("model", "RAM")
            .with_text("size_bytes", 1024, "1 KiB")
            .with("uuid", Value::Null)
            .with_table("rows", vec![row(1, "one"), row(22, "two")])
            .with_sections("errors", vec![])
    }

    #[test]
    fn both_forms_have_every_field() {
        let expected = json!({
            "model": "RAM", "size_bytes": 1024, "uuid": null,
            "rows": [{"id": 1, "host_name": "one"}, {"id": 22, "host_name": "two"}], "errors": [],
        });
        assert_eq!(document().json(), expected);
        let text = "model  RAM\nsize   1 KiB\nuuid   -\nid  host name\n1   one\n22  two\nno errors\n";
        assert_eq!(document().text(), text);
    }
}
