//! The keys of indicators.

use super::{BILINGUAL, ID, Key, PERIODS, Shape, Type, VALID};

/// An indicator.
pub(crate) const INDICATOR: Shape = Shape::new(
    "indicator",
    "A key figure.",
    &[
        Key::kind(&["indicator"]),
        Key::id(),
        Key::needed("version", Type::Integer(1, u32::MAX as i64), "Raised when the meaning changes."),
        Key::optional("valid", Type::Object(&VALID), "The first and last period that this version defines."),
        Key::optional("supersedes", Type::Text, "The earlier version: `<id>@<version>`."),
        Key::needed("area", ID, "The municipal area; the name of the folder."),
        Key::title(),
        Key::description(),
        Key::needed("period", PERIODS, "The length of the periods that have a figure."),
        Key::needed("unit", Type::Text, "The unit of the published value: `DKK/pupil`."),
        Key::needed("decimals", Type::Integer(0, 9), "Decimals of the published value."),
        Key::optional(
            "rounding",
            Type::Choice(&["half_away_from_zero", "half_even"]),
            "How the published value is rounded, once, at the end; default `half_away_from_zero`.",
        ),
        Key::needed(
            "direction",
            Type::Choice(&["higher_is_better", "lower_is_better", "neutral"]),
            "Which direction is better, if any is.",
        ),
        Key::needed("measures", Type::Named(&Type::Object(&MEASURE)), "What is computed of datasets."),
        Key::needed("formula", Type::Expression("pupils / classes"), "How the measures are combined."),
        Key::optional(
            "missing",
            Type::Choice(&["propagate", "zero"]),
            "Where data is missing: no figure (`propagate`, the default), or 0.",
        ),
        Key::optional("reservations", Type::List(&BILINGUAL), "What a reader must know before using the figures."),
    ],
);

/// A measure.
pub(crate) const MEASURE: Shape = Shape::new(
    "measure",
    "An aggregate of a dataset's rows.",
    &[
        Key::needed("from", ID, "The dataset."),
        Key::optional(
            "at",
            Type::Form("^(start|[0-9]{2}-[0-9]{2})$", "start"),
            "Of snapshots: the day that is read, month and day (`'09-05'`), or `start`, the period's first day.",
        ),
        Key::optional("where", Type::Expression("dranst in ('1', '2')"), "Which rows count."),
        Key::needed("value", Type::Expression("count(*)"), "What is computed of them: `sum(amount)`."),
    ],
);
