//! Whom a figure is about: a municipality, a region, or the whole country.

use std::fmt;
use std::str::FromStr;

/// A municipality's code as the Central Person Register writes it: four digits, `0751`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MunicipalityCode(u16);

impl MunicipalityCode {
    /// `0000`, in the place of a municipality for what is of the whole country. No municipality.
    pub const COUNTRY: Self = Self(0);

    /// Takes exactly four ASCII digits. Whether the code is in use is the code list's matter, not the type's.
    pub fn new(text: &str) -> Option<Self> {
        let digits = text.len() == 4 && text.bytes().all(|b| b.is_ascii_digit());
        digits.then(|| text.parse().ok().map(Self)).flatten()
    }
}

impl fmt::Display for MunicipalityCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}", self.0)
    }
}

impl FromStr for MunicipalityCode {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        Self::new(text).ok_or_else(|| format!("`{text}` is not a municipality code: four digits, for example 0751"))
    }
}

/// An area that has figures. The order (municipalities, regions, country) is the order of the published tables.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Area {
    /// One municipality.
    Municipality(MunicipalityCode),
    /// A region, by its code in the code list `region`.
    Region(String),
    /// The sum of all municipalities.
    Country,
}

impl Area {
    /// The level as the tables name it: `municipality`, `region` or `country`.
    pub fn level(&self) -> &'static str {
        match self {
            Self::Municipality(_) => "municipality",
            Self::Region(_) => "region",
            Self::Country => "country",
        }
    }
}

impl fmt::Display for Area {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Municipality(code) => code.fmt(f),
            Self::Region(code) => f.write_str(code),
            Self::Country => f.write_str("DK"),
        }
    }
}
