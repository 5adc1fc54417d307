//! The canonical form of a definition: its resolved meaning as text, the same however it was written.
//!
//! Its hash is the fingerprint that decides what is computed again, so a title must not be in it and a group's codes
//! must. Maps are sorted, lists keep their order, texts are quoted: two meanings never have one text.

use std::collections::BTreeMap;
use std::fmt::Write;

use model::{Aggregate, Comparison, Expr, Field, FieldIndex, Formula, Measure, Ratio};

/// A value of the canonical form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Canonical {
    /// A text, written in quotation marks.
    Text(String),
    /// A word or number of the language itself.
    Word(String),
    /// A list, in its order.
    List(Vec<Self>),
    /// Names and values, sorted by name.
    Map(BTreeMap<String, Self>),
}

impl Canonical {
    /// A text.
    #[expect(clippy::needless_pass_by_value, reason = "so that it can stand in `map` over values and references")]
    pub(crate) fn text(text: impl ToString) -> Self {
        Self::Text(text.to_string())
    }

    /// A word or number.
    #[expect(clippy::needless_pass_by_value, reason = "so that it can stand in `map` over values and references")]
    pub(crate) fn word(word: impl ToString) -> Self {
        Self::Word(word.to_string())
    }

    /// A list of texts.
    pub(crate) fn texts<T: ToString>(texts: impl IntoIterator<Item = T>) -> Self {
        Self::List(texts.into_iter().map(Self::text).collect())
    }

    /// A list.
    pub(crate) fn list(items: impl IntoIterator<Item = Self>) -> Self {
        Self::List(items.into_iter().collect())
    }

    /// A map; entries without a value are left out.
    pub(crate) fn map<const N: usize>(entries: [(&str, Option<Self>); N]) -> Self {
        let kept = entries.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value?)));
        Self::Map(kept.collect())
    }

    /// A map with names of its own.
    pub(crate) fn named<K: ToString>(entries: impl IntoIterator<Item = (K, Self)>) -> Self {
        Self::Map(entries.into_iter().map(|(key, value)| (key.to_string(), value)).collect())
    }

    /// The text of the whole.
    pub(crate) fn render(&self) -> String {
        let mut out = String::new();
        self.write(&mut out, 0);
        out.trim_start().to_owned()
    }

    fn write(&self, out: &mut String, depth: usize) {
        let indent = "  ".repeat(depth);
        match self {
            Self::Text(text) => quote(out, text),
            Self::Word(word) => out.push_str(word),
            Self::List(items) if items.iter().all(Self::is_short) => {
                out.push('[');
                for (at, item) in items.iter().enumerate() {
                    out.push_str(if at == 0 { "" } else { ", " });
                    item.write(out, depth);
                }
                out.push(']');
            }
            Self::List(items) => {
                for item in items {
                    out.push('\n');
                    out.push_str(&indent);
                    out.push_str(if item.is_block() { "-" } else { "- " });
                    item.write(out, depth + 1);
                }
            }
            Self::Map(entries) if entries.is_empty() => out.push_str("{}"),
            Self::Map(entries) => {
                for (key, value) in entries {
                    out.push('\n');
                    out.push_str(&indent);
                    quote_key(out, key);
                    out.push_str(if value.is_block() { ":" } else { ": " });
                    value.write(out, depth + 1);
                }
            }
        }
    }

    /// Whether it is written on lines of its own.
    fn is_block(&self) -> bool {
        match self {
            Self::Map(entries) => !entries.is_empty(),
            Self::List(_) => !self.is_short(),
            Self::Text(_) | Self::Word(_) => false,
        }
    }

    fn is_short(&self) -> bool {
        match self {
            Self::Text(_) | Self::Word(_) => true,
            Self::List(items) => items.iter().all(Self::is_short),
            Self::Map(entries) => entries.is_empty(),
        }
    }
}

fn quote(out: &mut String, text: &str) {
    out.push('\'');
    for c in text.chars() {
        match c {
            '\'' => out.push_str("''"),
            '\n' => out.push_str("\\n"),
            '\\' => out.push_str("\\\\"),
            c => out.push(c),
        }
    }
    out.push('\'');
}

fn quote_key(out: &mut String, key: &str) {
    let plain = !key.is_empty() && key.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    if plain { out.push_str(key) } else { quote(out, key) }
}

fn quoted(text: &str) -> String {
    let mut out = String::new();
    quote(&mut out, text);
    out
}

/// An expression with the names of its fields instead of their positions, so that a new field changes nothing.
pub(crate) fn expression(expr: &Expr, fields: &[Field]) -> String {
    let name = |index: &FieldIndex| fields[index.0].name.to_string();
    let inner = |expr: &Expr| expression(expr, fields);
    let all = |parts: &[Expr]| parts.iter().map(inner).collect::<Vec<_>>().join(" ");
    match expr {
        Expr::Field(index) => name(index),
        Expr::Text(text) => quoted(text),
        Expr::Number { minor, scale } => model::format_decimal(i128::from(*minor), *scale),
        Expr::Date(date) => date.to_string(),
        Expr::Boolean(value) => value.to_string(),
        Expr::Compare(op, left, right) => format!("({} {} {})", operator(*op), inner(left), inner(right)),
        Expr::And(parts) => format!("(and {})", all(parts)),
        Expr::Or(parts) => format!("(or {})", all(parts)),
        Expr::Not(part) => format!("(not {})", inner(part)),
        Expr::IsNull(part) => format!("(null {})", inner(part)),
        Expr::In(index, texts) => {
            let texts: Vec<String> = texts.iter().map(|text| quoted(text)).collect();
            format!("(in {} {})", name(index), texts.join(" "))
        }
        Expr::Add(left, right) => format!("(+ {} {})", inner(left), inner(right)),
        Expr::Subtract(left, right) => format!("(- {} {})", inner(left), inner(right)),
        Expr::Negate(part) => format!("(- {})", inner(part)),
        Expr::Part(part, index) => format!("({} {})", part.as_str(), name(index)),
        Expr::Active(time) => format!("({})", time.as_str()),
    }
}

fn operator(op: Comparison) -> &'static str {
    match op {
        Comparison::Equal => "=",
        Comparison::NotEqual => "<>",
        Comparison::Less => "<",
        Comparison::LessOrEqual => "<=",
        Comparison::Greater => ">",
        Comparison::GreaterOrEqual => ">=",
    }
}

/// An aggregate with the names of its fields.
pub(crate) fn aggregate(aggregate: &Aggregate, fields: &[Field]) -> String {
    match aggregate {
        Aggregate::Sum(expr) => format!("(sum {})", expression(expr, fields)),
        Aggregate::Min(expr) => format!("(min {})", expression(expr, fields)),
        Aggregate::Max(expr) => format!("(max {})", expression(expr, fields)),
        Aggregate::Mean(expr) => format!("(mean {})", expression(expr, fields)),
        Aggregate::Quantile(expr, share) => format!("(quantile {} {})", expression(expr, fields), ratio(*share)),
        Aggregate::Count => "(count)".to_owned(),
        Aggregate::CountDistinct(indices) => {
            let names: Vec<&str> = indices.iter().map(|index| fields[index.0].name.as_str()).collect();
            format!("(distinct {})", names.join(" "))
        }
    }
}

/// A formula with the names of its measures.
pub(crate) fn formula(formula: &Formula, measures: &[Measure]) -> String {
    let inner = |part: &Formula| self::formula(part, measures);
    match formula {
        Formula::Measure(index) => measures[index.0].name.to_string(),
        Formula::Number(number) => ratio(*number),
        Formula::Negate(part) => format!("(- {})", inner(part)),
        Formula::Add(left, right) => format!("(+ {} {})", inner(left), inner(right)),
        Formula::Subtract(left, right) => format!("(- {} {})", inner(left), inner(right)),
        Formula::Multiply(left, right) => format!("(* {} {})", inner(left), inner(right)),
        Formula::Divide(left, right) => format!("(/ {} {})", inner(left), inner(right)),
    }
}

/// A fraction as `n` or `n/d`.
pub(crate) fn ratio(ratio: Ratio) -> String {
    let mut out = ratio.numerator().to_string();
    if ratio.denominator() != 1 && write!(out, "/{}", ratio.denominator()).is_err() {
        unreachable!("a text can always be appended to");
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn different_meanings_have_different_texts() {
        let one = Canonical::texts(["a", "b"]).render();
        assert_eq!(one, "['a', 'b']");
        assert_ne!(one, Canonical::texts(["a', 'b"]).render());
        assert_ne!(Canonical::text("a\nb").render(), Canonical::text("a\\nb").render());
        let nested = Canonical::map([
            ("b", Some(Canonical::word(1))),
            ("a", Some(Canonical::list([Canonical::map([("x", Some(Canonical::text("y")))])]))),
            ("gone", None),
        ]);
        assert_eq!(nested.render(), "a:\n  -\n    x: 'y'\nb: 1");
    }
}
