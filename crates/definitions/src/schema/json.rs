//! JSON whose keys stay in their order: an editor offers keys as they stand in the schema.

/// A value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Json {
    /// A text.
    Text(String),
    /// A whole number.
    Number(i64),
    /// A truth value.
    Boolean(bool),
    /// A list.
    List(Vec<Self>),
    /// Keys and values.
    Object(Vec<(String, Self)>),
}

impl Json {
    /// A text.
    pub(super) fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    /// Keys and values.
    pub(super) fn object<const N: usize>(entries: [(&str, Self); N]) -> Self {
        Self::Object(entries.into_iter().map(|(key, value)| (key.to_owned(), value)).collect())
    }

    /// The keys of both.
    pub(super) fn with(self, other: Self) -> Self {
        match (self, other) {
            (Self::Object(mut entries), Self::Object(mut others)) => {
                entries.append(&mut others);
                Self::Object(entries)
            }
            (value, _) => value,
        }
    }

    /// The text of the whole, with a line end behind it.
    pub(super) fn render(&self) -> String {
        let mut out = String::new();
        self.write(&mut out, 0);
        out.push('\n');
        out
    }

    fn write(&self, out: &mut String, depth: usize) {
        match self {
            Self::Text(text) => out.push_str(&quoted(text)),
            Self::Number(number) => out.push_str(&number.to_string()),
            Self::Boolean(value) => out.push_str(if *value { "true" } else { "false" }),
            Self::List(items) if items.iter().all(|item| matches!(item, Self::Text(_))) => {
                let items: Vec<String> = items.iter().map(|item| item.render().trim_end().to_owned()).collect();
                out.push('[');
                out.push_str(&items.join(", "));
                out.push(']');
            }
            Self::List(items) => lines(out, depth, ['[', ']'], items, |out, item| item.write(out, depth + 1)),
            Self::Object(entries) if entries.is_empty() => out.push_str("{}"),
            Self::Object(entries) => lines(out, depth, ['{', '}'], entries, |out, (key, value)| {
                out.push_str(&quoted(key));
                out.push_str(": ");
                value.write(out, depth + 1);
            }),
        }
    }
}

fn lines<T>(out: &mut String, depth: usize, brackets: [char; 2], items: &[T], write: impl Fn(&mut String, &T)) {
    out.push(brackets[0]);
    for (at, item) in items.iter().enumerate() {
        out.push_str(if at == 0 { "\n" } else { ",\n" });
        out.push_str(&"  ".repeat(depth + 1));
        write(out, item);
    }
    out.push('\n');
    out.push_str(&"  ".repeat(depth));
    out.push(brackets[1]);
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}
