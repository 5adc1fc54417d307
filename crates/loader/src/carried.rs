//! Figures that are not stored: those in the municipalities of another day, made when they are asked for.
//!
//! They look like stored ones, so that an export has one shape, and say of themselves what they are. A table of their own
//! was rejected: they follow from the stored measures and the code list alone, for any day, and a copy could only differ.

use model::{AsDefined, Date, Indicator, Observation, Text, format_decimal};

use crate::figures::{exact_text, float};
use crate::latest::Exact;
use crate::{Figure, RunNumber};

/// That a figure is about the municipalities of another day than its period's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Carried {
    /// The day.
    pub municipalities_of: Date,
    /// The municipalities of the period that it was made of, each with its share where that is not the whole; empty for
    /// regions and the country.
    pub from: String,
}

impl Figure {
    /// A figure that was made of stored measures just now. It has no revision.
    pub fn carried(
        indicator: &Indicator,
        observation: &Observation,
        as_defined: AsDefined,
        (area_title, region): (Text, Option<String>),
        carried: Carried,
    ) -> Self {
        let exact = |text: String| float(&text).map(|float| Exact { text, float });
        let decimal = |value| exact(format_decimal(value, observation.decimals));
        Self {
            indicator: observation.indicator.clone(),
            version: observation.version,
            as_defined,
            title: indicator.title.clone(),
            area_of_work: indicator.area.to_string(),
            area: observation.area.clone(),
            area_title,
            region,
            period: observation.period,
            breakdown: observation.breakdown.clone(),
            value: observation.value.and_then(decimal),
            numerator: observation.numerator.map(exact_text).and_then(exact),
            denominator: observation.denominator.map(exact_text).and_then(exact),
            unit: indicator.unit.to_string(),
            decimals: observation.decimals,
            contributing: observation.contributing,
            members: observation.members,
            status: observation.status,
            confidentiality: "F".to_owned(),
            revision: 0,
            known_from: RunNumber(0),
            carried: Some(carried),
        }
    }
}
