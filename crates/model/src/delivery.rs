//! Deliveries and the units of work that they make up.

use std::fmt;

use crate::{Fingerprint, FingerprintBuilder, MunicipalityCode, Period, SourceId};

/// What a delivery is about, by its name and its source.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DeliveryScope {
    /// The source.
    pub source: SourceId,
    /// The municipality; `None` if the rows name theirs.
    pub municipality: Option<MunicipalityCode>,
    /// The period; `None` if the rows say when they are.
    pub period: Option<Period>,
    /// The number of the correction, from 1. A higher one has precedence, in whatever order they arrive.
    pub version: u32,
}

/// Names a delivery: a hash of its scope and its content, so that it is the same wherever and whenever it arrives.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DeliveryId(String);

impl DeliveryId {
    /// The identifier of these bytes as a delivery of this scope.
    pub fn of(scope: &DeliveryScope, content: &Fingerprint) -> Self {
        let text = |part: Option<String>| part.unwrap_or_default();
        let mut builder = FingerprintBuilder::new();
        builder
            .add(scope.source.as_str())
            .add(text(scope.municipality.map(|code| code.to_string())))
            .add(text(scope.period.map(|period| period.to_string())))
            .add(scope.version.to_string())
            .add(content.to_string());
        Self(builder.finish().short())
    }

    /// An identifier that was stored.
    pub fn stored(text: &str) -> Self {
        Self(text.to_owned())
    }

    /// The 16 hexadecimal digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for DeliveryId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// What a delivery consists of.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum DeliveryKind {
    /// A file, or the answer of a web API.
    #[default]
    File,
    /// The statement of a person that there is nothing to report for one unit. Its version is 0, so that every file of the
    /// unit has precedence.
    Receipt,
}

impl DeliveryKind {
    /// The word used in tables.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::File => "file",
            Self::Receipt => "receipt",
        }
    }

    /// The kind that the word names.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::File, Self::Receipt].into_iter().find(|kind| kind.as_str() == word)
    }
}

/// A delivery in the raw archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// What it consists of.
    pub kind: DeliveryKind,
    /// Its identifier.
    pub id: DeliveryId,
    /// What it is about.
    pub scope: DeliveryScope,
    /// Its name: the path below the drop folder, or the address it was fetched from. Masked.
    pub name: String,
    /// The hash of its bytes, also its name in the archive.
    pub content: Fingerprint,
    /// How many bytes it has.
    pub bytes: u64,
}

/// The unit of work and of publication: a source's rows of one municipality in one period of the dataset's partition.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WorkUnit {
    /// The source.
    pub source: SourceId,
    /// The municipality.
    pub municipality: MunicipalityCode,
    /// The period, of the dataset's partition kind.
    pub period: Period,
}

impl fmt::Display for WorkUnit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.source, self.municipality, self.period)
    }
}
