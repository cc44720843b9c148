//! TOML documents read with the place of every key and value, so that each complaint can name file, line and column.

use std::fmt;
use std::path::{Path, PathBuf};

use toml::de::{DeTable, DeValue};

/// A place in a file, counted from one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The file.
    pub path: PathBuf,
    /// The line.
    pub line: usize,
    /// The column, in characters.
    pub column: usize,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.path.display(), self.line, self.column)
    }
}

/// What is wrong with a document.
#[derive(Debug, thiserror::Error)]
pub enum DocumentError {
    /// It cannot be read.
    #[error(transparent)]
    File(#[from] crate::fs::FileError),
    /// A variable that counts before the document is wrong.
    #[error(transparent)]
    Variable(#[from] super::settings::VariableError),
    /// It is not TOML.
    #[error("not valid TOML: {message}: {place}")]
    Syntax {
        /// What the parser says.
        message: String,
        /// Where.
        place: Place,
    },
    /// A value of another type than its key takes.
    #[error("`{key}` is {found}, but must be {expected}: {place}")]
    Type {
        /// The dotted key.
        key: String,
        /// The type it has, with an article.
        found: &'static str,
        /// The type it must have, with an article.
        expected: String,
        /// Where.
        place: Place,
    },
    /// A key that nobody knows.
    #[error("`{key}` is not a setting: {place}")]
    UnknownKey {
        /// The dotted key.
        key: String,
        /// The key that was perhaps meant.
        suggestion: Option<String>,
        /// Where.
        place: Place,
    },
    /// A value of the right type that makes no sense.
    #[error("`{key}` {reason}: {place}")]
    Invalid {
        /// The dotted key.
        key: String,
        /// What is wrong, as the rest of a sentence about the key.
        reason: String,
        /// Where.
        place: Place,
    },
}

/// A value and where it begins.
#[derive(Debug, Clone)]
pub struct Value {
    kind: Kind,
    start: usize,
}

#[derive(Debug, Clone)]
enum Kind {
    String(String),
    Number,
    Boolean(bool),
    Datetime,
    Array(Vec<Value>),
    Table(Vec<(Key, Value)>),
}

#[derive(Debug, Clone)]
struct Key {
    name: String,
    start: usize,
}

impl Value {
    fn type_name(&self) -> &'static str {
        match self.kind {
            Kind::String(_) => "a string",
            Kind::Number => "a number",
            Kind::Boolean(_) => "a boolean",
            Kind::Datetime => "a date",
            Kind::Array(_) => "an array",
            Kind::Table(_) => "a table",
        }
    }
}

/// A parsed file.
#[derive(Debug, Clone)]
pub struct Document {
    path: PathBuf,
    text: String,
    entries: Vec<(Key, Value)>,
}

impl Document {
    /// Reads and parses a file.
    pub fn read(path: &Path) -> Result<Self, DocumentError> {
        let bytes = crate::fs::read(path)?;
        let text = String::from_utf8(bytes).map_err(|error| DocumentError::Syntax {
            message: "the file is not UTF-8".to_owned(),
            place: place_in(
                path,
                &String::from_utf8_lossy(error.as_bytes()),
                error.utf8_error().valid_up_to(),
            ),
        })?;
        Self::parse(path, text)
    }

    /// Parses a text as if it stood in `path`.
    pub fn parse(path: &Path, text: String) -> Result<Self, DocumentError> {
        let parsed = DeTable::parse(&text).map_err(|error| DocumentError::Syntax {
            message: error.message().lines().collect::<Vec<_>>().join(" "),
            place: place_in(path, &text, error.span().map_or(0, |span| span.start)),
        })?;
        let entries = own_table(parsed.get_ref());
        Ok(Self {
            path: path.to_owned(),
            text,
            entries,
        })
    }

    /// Where the file lies.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The whole document as a table.
    #[must_use]
    pub fn root(&self) -> Table<'_> {
        Table {
            document: self,
            name: String::new(),
            entries: &self.entries,
            start: 0,
        }
    }

    fn place(&self, offset: usize) -> Place {
        place_in(&self.path, &self.text, offset)
    }
}

fn place_in(path: &Path, text: &str, offset: usize) -> Place {
    let before: String = text
        .char_indices()
        .take_while(|(at, _)| *at < offset)
        .map(|(_, c)| c)
        .collect();
    let line = before.matches('\n').count() + 1;
    let column = before.chars().rev().take_while(|c| *c != '\n').count() + 1;
    Place {
        path: path.to_owned(),
        line,
        column,
    }
}

fn own_table(table: &DeTable<'_>) -> Vec<(Key, Value)> {
    let mut entries: Vec<(Key, Value)> = table
        .iter()
        .map(|(key, value)| {
            let key = Key {
                name: key.get_ref().to_string(),
                start: key.span().start,
            };
            (key, own_value(value.get_ref(), value.span().start))
        })
        .collect();
    // In the order of the file, whatever order the parser's map has.
    entries.sort_by_key(|(key, _)| key.start);
    entries
}

fn own_value(value: &DeValue<'_>, start: usize) -> Value {
    let kind = match value {
        DeValue::String(text) => Kind::String(text.to_string()),
        DeValue::Integer(_) | DeValue::Float(_) => Kind::Number,
        DeValue::Boolean(value) => Kind::Boolean(*value),
        DeValue::Datetime(_) => Kind::Datetime,
        DeValue::Array(items) => Kind::Array(
            items
                .iter()
                .map(|item| own_value(item.get_ref(), item.span().start))
                .collect(),
        ),
        DeValue::Table(table) => Kind::Table(own_table(table)),
    };
    Value { kind, start }
}

/// A text value with its dotted key and its place.
#[derive(Debug, Clone)]
pub struct Text<'a> {
    document: &'a Document,
    /// The dotted key: `project.name`, `project.keywords[2]`.
    pub key: String,
    /// The text.
    pub value: &'a str,
    start: usize,
}

impl Text<'_> {
    /// An error about this value; `reason` is the rest of a sentence that begins with the key.
    pub fn invalid(&self, reason: impl Into<String>) -> DocumentError {
        DocumentError::Invalid {
            key: self.key.clone(),
            reason: reason.into(),
            place: self.document.place(self.start),
        }
    }

    /// Where it stands.
    #[must_use]
    pub fn place(&self) -> Place {
        self.document.place(self.start)
    }
}

/// An item of an array that may be a text or a table.
#[derive(Debug, Clone)]
pub enum Item<'a> {
    /// `"text"`.
    Text(Text<'a>),
    /// `{ … }`.
    Table(Table<'a>),
}

/// A value of whatever type, with its dotted key.
#[derive(Debug, Clone)]
pub struct Node<'a> {
    document: &'a Document,
    key: String,
    value: &'a Value,
}

/// What a value is.
#[derive(Debug, Clone)]
pub enum Content<'a> {
    /// A text.
    Text(Text<'a>),
    /// `true` or `false`.
    Boolean(bool),
    /// An array, item by item.
    Array(Vec<Node<'a>>),
    /// A table.
    Table(Table<'a>),
    /// A number or a date.
    Other,
}

impl<'a> Node<'a> {
    /// What it is.
    #[must_use]
    pub fn content(&self) -> Content<'a> {
        match &self.value.kind {
            Kind::String(value) => Content::Text(Text {
                document: self.document,
                key: self.key.clone(),
                value,
                start: self.value.start,
            }),
            Kind::Boolean(value) => Content::Boolean(*value),
            Kind::Array(items) => Content::Array(self.items(items)),
            Kind::Table(entries) => Content::Table(Table {
                document: self.document,
                name: self.key.clone(),
                entries,
                start: self.value.start,
            }),
            Kind::Number | Kind::Datetime => Content::Other,
        }
    }

    fn items(&self, items: &'a [Value]) -> Vec<Self> {
        let item = |(index, value)| Self {
            document: self.document,
            key: format!("{}[{index}]", self.key),
            value,
        };
        items.iter().enumerate().map(item).collect()
    }

    /// The error that it is of another type; `expected` comes with its article.
    #[must_use]
    pub fn wrong_type(&self, expected: String) -> DocumentError {
        DocumentError::Type {
            key: self.key.clone(),
            found: self.value.type_name(),
            expected,
            place: self.document.place(self.value.start),
        }
    }
}

/// A table of a document, read key by key.
#[derive(Debug, Clone)]
pub struct Table<'a> {
    document: &'a Document,
    name: String,
    entries: &'a [(Key, Value)],
    start: usize,
}

impl<'a> Table<'a> {
    fn value(&self, key: &str) -> Option<&'a Value> {
        self.entries
            .iter()
            .find(|(found, _)| found.name == key)
            .map(|(_, value)| value)
    }

    fn dotted(&self, key: &str) -> String {
        if self.name.is_empty() {
            key.to_owned()
        } else {
            format!("{}.{key}", self.name)
        }
    }

    fn wrong_type(&self, key: String, value: &Value, expected: &str) -> DocumentError {
        DocumentError::Type {
            key,
            found: value.type_name(),
            expected: expected.to_owned(),
            place: self.document.place(value.start),
        }
    }

    /// A value, whatever its type.
    #[must_use]
    pub fn node(&self, key: &str) -> Option<Node<'a>> {
        self.nodes_by_name()
            .find(|(name, _)| *name == key)
            .map(|(_, node)| node)
    }

    /// All values, in the order of the file.
    pub fn nodes(&self) -> impl Iterator<Item = Node<'a>> {
        self.nodes_by_name().map(|(_, node)| node)
    }

    fn nodes_by_name(&self) -> impl Iterator<Item = (&'a str, Node<'a>)> {
        self.entries.iter().map(|(key, value)| {
            let node = Node {
                document: self.document,
                key: self.dotted(&key.name),
                value,
            };
            (key.name.as_str(), node)
        })
    }

    /// An error about one of the table's keys; `reason` is the rest of a sentence that begins with the key.
    pub fn invalid(&self, key: &str, reason: impl Into<String>) -> DocumentError {
        let start = self.value(key).map_or(self.start, |value| value.start);
        DocumentError::Invalid {
            key: if key.is_empty() {
                self.name.clone()
            } else {
                self.dotted(key)
            },
            reason: reason.into(),
            place: self.document.place(start),
        }
    }

    /// The table's own dotted name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether the key is there, with whatever value.
    #[must_use]
    pub fn has(&self, key: &str) -> bool {
        self.value(key).is_some()
    }

    /// All keys, in the order of the file.
    pub fn keys(&self) -> impl Iterator<Item = &'a str> {
        self.entries.iter().map(|(key, _)| key.name.as_str())
    }

    /// Keys outside `known`, each as the error that a strict reader gives.
    #[must_use]
    pub fn unknown_keys(&self, known: &[&str]) -> Vec<DocumentError> {
        self.entries
            .iter()
            .filter(|(key, _)| !known.contains(&key.name.as_str()))
            .map(|(key, _)| DocumentError::UnknownKey {
                key: self.dotted(&key.name),
                suggestion: nearest(&key.name, known),
                place: self.document.place(key.start),
            })
            .collect()
    }

    /// A text.
    pub fn text(&self, key: &str) -> Result<Option<Text<'a>>, DocumentError> {
        let Some(value) = self.value(key) else {
            return Ok(None);
        };
        match &value.kind {
            Kind::String(text) => Ok(Some(self.own_text(self.dotted(key), text, value.start))),
            _ => Err(self.wrong_type(self.dotted(key), value, "a string")),
        }
    }

    /// A truth value.
    pub fn boolean(&self, key: &str) -> Result<Option<bool>, DocumentError> {
        let Some(value) = self.value(key) else {
            return Ok(None);
        };
        match &value.kind {
            Kind::Boolean(value) => Ok(Some(*value)),
            _ => Err(self.wrong_type(self.dotted(key), value, "a boolean")),
        }
    }

    /// An array of texts.
    pub fn texts(&self, key: &str) -> Result<Option<Vec<Text<'a>>>, DocumentError> {
        let Some(value) = self.value(key) else {
            return Ok(None);
        };
        let Kind::Array(items) = &value.kind else {
            return Err(self.wrong_type(self.dotted(key), value, "an array of strings"));
        };
        items
            .iter()
            .enumerate()
            .map(|(index, item)| {
                let name = format!("{}[{index}]", self.dotted(key));
                match &item.kind {
                    Kind::String(text) => Ok(self.own_text(name, text, item.start)),
                    _ => Err(self.wrong_type(name, item, "a string")),
                }
            })
            .collect::<Result<_, _>>()
            .map(Some)
    }

    /// An array of texts and tables.
    pub fn items(&self, key: &str) -> Result<Option<Vec<Item<'a>>>, DocumentError> {
        let Some(value) = self.value(key) else {
            return Ok(None);
        };
        let Kind::Array(items) = &value.kind else {
            return Err(self.wrong_type(self.dotted(key), value, "an array"));
        };
        items
            .iter()
            .enumerate()
            .map(|(index, item)| {
                let name = format!("{}[{index}]", self.dotted(key));
                match &item.kind {
                    Kind::String(text) => Ok(Item::Text(self.own_text(name, text, item.start))),
                    Kind::Table(entries) => Ok(Item::Table(Table {
                        document: self.document,
                        name,
                        entries,
                        start: item.start,
                    })),
                    _ => Err(self.wrong_type(name, item, "a string or a table")),
                }
            })
            .collect::<Result<_, _>>()
            .map(Some)
    }

    /// A text or a table.
    pub fn text_or_table(&self, key: &str) -> Result<Option<Item<'a>>, DocumentError> {
        let Some(value) = self.value(key) else {
            return Ok(None);
        };
        match &value.kind {
            Kind::String(text) => Ok(Some(Item::Text(self.own_text(
                self.dotted(key),
                text,
                value.start,
            )))),
            Kind::Table(_) => Ok(self.table(key)?.map(Item::Table)),
            _ => Err(self.wrong_type(self.dotted(key), value, "a string or a table")),
        }
    }

    /// A text or an array of texts.
    pub fn text_or_texts(&self, key: &str) -> Result<Option<Vec<Text<'a>>>, DocumentError> {
        match self.value(key).map(|value| (&value.kind, value)) {
            Some((Kind::String(_), _)) => Ok(self.text(key)?.map(|text| vec![text])),
            Some((Kind::Array(_), _)) => self.texts(key),
            Some((_, value)) => {
                Err(self.wrong_type(self.dotted(key), value, "a string or an array of strings"))
            }
            None => Ok(None),
        }
    }

    /// A table within.
    pub fn table(&self, key: &str) -> Result<Option<Table<'a>>, DocumentError> {
        let Some(value) = self.value(key) else {
            return Ok(None);
        };
        match &value.kind {
            Kind::Table(entries) => Ok(Some(Table {
                document: self.document,
                name: self.dotted(key),
                entries,
                start: value.start,
            })),
            _ => Err(self.wrong_type(self.dotted(key), value, "a table")),
        }
    }

    /// An array whose items are all tables.
    pub fn tables(&self, key: &str) -> Result<Option<Vec<Table<'a>>>, DocumentError> {
        let Some(items) = self.items(key)? else {
            return Ok(None);
        };
        items
            .into_iter()
            .map(|item| match item {
                Item::Table(table) => Ok(table),
                Item::Text(text) => Err(DocumentError::Type {
                    key: text.key.clone(),
                    found: "a string",
                    expected: "a table".to_owned(),
                    place: text.place(),
                }),
            })
            .collect::<Result<_, _>>()
            .map(Some)
    }

    fn own_text(&self, key: String, value: &'a str, start: usize) -> Text<'a> {
        Text {
            document: self.document,
            key,
            value,
            start,
        }
    }
}

/// The known word nearest to a mistyped one, if any is near.
#[must_use]
pub fn nearest(typed: &str, known: &[&str]) -> Option<String> {
    known
        .iter()
        .map(|candidate| {
            (
                strsim::jaro_winkler(&typed.replace('_', "-"), candidate),
                *candidate,
            )
        })
        .filter(|(similarity, _)| *similarity > 0.8)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, candidate)| candidate.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document(text: &str) -> Document {
        Document::parse(Path::new("pyproject.toml"), text.to_owned()).unwrap()
    }

    #[test]
    fn a_wrong_type_names_key_line_and_column() {
        let document = document("[project]\nname = 3\nkeywords = [\"a\", true]\n");
        let project = document.root().table("project").unwrap().unwrap();
        assert_eq!(
            project.text("name").unwrap_err().to_string(),
            "`project.name` is a number, but must be a string: pyproject.toml:2:8"
        );
        assert_eq!(
            project.texts("keywords").unwrap_err().to_string(),
            "`project.keywords[1]` is a boolean, but must be a string: pyproject.toml:3:18"
        );
    }

    #[test]
    fn columns_are_counted_in_characters() {
        let document = document("\"größe\" = 1\nx = {\"é\" = 1}\n");
        assert!(
            document
                .root()
                .text("größe")
                .unwrap_err()
                .to_string()
                .ends_with("pyproject.toml:1:11")
        );
    }

    #[test]
    fn an_unknown_key_is_named_with_its_neighbour() {
        let document = document("[tool.ironwheel]\nmodul-name = \"x\"\n");
        let tool = document
            .root()
            .table("tool")
            .unwrap()
            .unwrap()
            .table("ironwheel")
            .unwrap()
            .unwrap();
        let unknown = tool.unknown_keys(&["module-name", "features"]);
        assert!(matches!(
            unknown.as_slice(),
            [DocumentError::UnknownKey { suggestion: Some(suggestion), .. }] if suggestion == "module-name"
        ));
    }

    #[test]
    fn a_syntax_error_has_a_place() {
        let error = Document::parse(Path::new("p.toml"), "[a]\nb = \n".to_owned()).unwrap_err();
        assert!(error.to_string().contains("p.toml:2:"), "{error}");
    }

    #[test]
    fn keys_come_in_the_order_of_the_file() {
        let document = document("[urls]\nzeta = \"1\"\nalpha = \"2\"\n");
        let urls = document.root().table("urls").unwrap().unwrap();
        assert_eq!(urls.keys().collect::<Vec<_>>(), ["zeta", "alpha"]);
    }
}
