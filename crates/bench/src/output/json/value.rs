//! JSON as fio lays it out: members in their order, two blanks a level, blanks around the colon, six decimals.
//!
//! Not a general library: the layout is the contract, down to the empty line in an empty object, since scripts compare
//! outputs as text. Unlike fio's it is JSON whatever a name holds: control characters are escaped.

use std::fmt::Write;

/// Anything that can stand behind a colon.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value {
    Integer(i128),
    Float(f64),
    Text(String),
    Object(Object),
    Array(Vec<Self>),
}

/// Members in the order in which they were added.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Object(Vec<(String, Value)>);

impl Object {
    /// Adds a member. An empty text is left out. Parity: fio, whose options without a value have no member.
    pub(super) fn add(&mut self, name: impl Into<String>, value: impl Into<Value>) {
        let value = value.into();
        if value != Value::Text(String::new()) {
            self.0.push((name.into(), value));
        }
    }

    /// The document, without a newline at its end.
    pub(super) fn document(&self) -> String {
        let mut output = String::new();
        self.write(0, &mut output);
        output
    }

    fn write(&self, level: usize, output: &mut String) {
        output.push_str("{\n");
        for (index, (name, value)) in self.0.iter().enumerate() {
            separate(index, level + 1, output);
            write_text(name, output);
            output.push_str(" : ");
            value.write(level + 1, output);
        }
        end(level, '}', output);
    }
}

impl<Name: Into<String>, Content: Into<Value>> FromIterator<(Name, Content)> for Object {
    fn from_iter<Members: IntoIterator<Item = (Name, Content)>>(members: Members) -> Self {
        let mut object = Self::default();
        members.into_iter().for_each(|(name, value)| object.add(name, value));
        object
    }
}

impl Value {
    fn write(&self, level: usize, output: &mut String) {
        match self {
            Self::Integer(number) => drop(write!(output, "{number}")),
            Self::Float(number) if number.is_finite() => drop(write!(output, "{number:.6}")),
            Self::Float(_) => output.push_str("0.000000"),
            Self::Text(text) => write_text(text, output),
            Self::Object(object) => object.write(level, output),
            Self::Array(values) => {
                output.push_str("[\n");
                for (index, value) in values.iter().enumerate() {
                    separate(index, level + 1, output);
                    value.write(level + 1, output);
                }
                end(level, ']', output);
            }
        }
    }
}

fn separate(index: usize, level: usize, output: &mut String) {
    if index > 0 {
        output.push_str(",\n");
    }
    indent(level, output);
}

fn end(level: usize, bracket: char, output: &mut String) {
    output.push('\n');
    indent(level, output);
    output.push(bracket);
}

fn indent(level: usize, output: &mut String) {
    output.extend(std::iter::repeat_n("  ", level));
}

fn write_text(text: &str, output: &mut String) {
    output.push('"');
    for character in text.chars() {
        match character {
            '"' | '\\' => output.extend(['\\', character]),
            control if u32::from(control) < 0x20 => drop(write!(output, "\\u{:04x}", u32::from(control))),
            other => output.push(other),
        }
    }
    output.push('"');
}

macro_rules! integers {
    ($($type:ty),*) => {
        $(impl From<$type> for Value {
            fn from(number: $type) -> Self {
                Self::Integer(number.into())
            }
        })*
    };
}

integers!(u16, u32, u64, i32);

impl From<f64> for Value {
    fn from(number: f64) -> Self {
        Self::Float(number)
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<&String> for Value {
    fn from(text: &String) -> Self {
        Self::Text(text.clone())
    }
}

impl From<Object> for Value {
    fn from(object: Object) -> Self {
        Self::Object(object)
    }
}

impl From<Vec<Self>> for Value {
    fn from(values: Vec<Self>) -> Self {
        Self::Array(values)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_layout() {
        let mut inner = Object::default();
        inner.add("float", 1.0 / 3.0);
        inner.add("nothing", "");
        inner.add("not a number", f64::NAN);
        let mut object = Object::default();
        object.add("a \"b\"\\\n", 7_u64);
        object.add("list", vec![Value::from(inner), Value::from("x")]);
        object.add("empty", Object::default());
        let expected = "{\n  \"a \\\"b\\\"\\\\\\u000a\" : 7,\n  \"list\" : [\n    {\n      \"float\" : 0.333333,\n      \
            \"not a number\" : 0.000000\n    },\n    \"x\"\n  ],\n  \"empty\" : {\n\n  }\n}";
        assert_eq!(object.document(), expected);
    }
}
