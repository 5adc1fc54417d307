//! Identifiers of definitions: one newtype a kind, so that a dataset's id can never be passed for a source's.
//!
//! All are ASCII `snake_case`, because they become file stems, table names and column names.

use std::fmt;
use std::sync::Arc;

/// A text in the two languages that every definition speaks.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Text {
    /// Danish.
    pub da: String,
    /// English.
    pub en: String,
}

/// Why a text is no identifier.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{text}` is not an identifier: use lower-case ASCII letters, digits and underscores, beginning with a letter, at most 63 characters"
)]
pub struct IdError {
    /// The text as given.
    pub text: String,
}

fn validated(text: &str) -> Result<Arc<str>, IdError> {
    let mut bytes = text.bytes();
    let starts = bytes.next().is_some_and(|b| b.is_ascii_lowercase());
    let goes_on = bytes.all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
    if starts && goes_on && text.len() <= 63 { Ok(Arc::from(text)) } else { Err(IdError { text: text.to_owned() }) }
}

macro_rules! identifier {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Arc<str>);

        impl $name {
            /// Checks the text and keeps it.
            pub fn new(text: &str) -> Result<Self, IdError> {
                validated(text).map(Self)
            }

            /// The identifier as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{:?}", &*self.0)
            }
        }

        impl std::str::FromStr for $name {
            type Err = IdError;
            fn from_str(text: &str) -> Result<Self, IdError> {
                Self::new(text)
            }
        }

        impl std::borrow::Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }
    };
}

identifier!(
    /// Names a code list.
    CodeListId
);
identifier!(
    /// Names a dataset of the common data model.
    DatasetId
);
identifier!(
    /// Names a source: one vendor system's export.
    SourceId
);
identifier!(
    /// Names an indicator, whatever its version.
    IndicatorId
);
identifier!(
    /// Names a pipeline.
    PipelineId
);
identifier!(
    /// Names a field of a dataset, a measure of an indicator, a rule or a check.
    FieldName
);

impl FieldName {
    /// The name in expressions of a field of what is looked up: `school.owner`. No definition can give such a name, so
    /// it is never that of another field.
    #[must_use]
    pub fn within(&self, lookup: &Self) -> Self {
        Self(Arc::from(format!("{lookup}.{self}")))
    }

    /// Whether it is the name of a field of what is looked up.
    pub fn is_looked_up(&self) -> bool {
        self.0.contains('.')
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn snake_case_only() {
        for good in ["a", "finance_postings", "x9"] {
            assert_eq!(DatasetId::new(good).map(|id| id.to_string()), Ok(good.to_owned()));
        }
        for bad in ["", "9x", "_x", "Aa", "a-b", "å", "a b", &"a".repeat(64)] {
            assert!(DatasetId::new(bad).is_err(), "{bad}");
        }
    }
}
