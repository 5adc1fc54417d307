//! The keys of datasets.

use super::{BILINGUAL, ID, Key, PERIODS, Shape, Type};

/// A dataset.
pub(crate) const DATASET: Shape = Shape::new(
    "dataset",
    "A table of the common data model.",
    &[
        Key::kind(&["dataset"]),
        Key::id(),
        Key::title(),
        Key::description(),
        Key::needed("grain", BILINGUAL, "What one row is."),
        Key::needed("row_unit", Type::Text, "The unit of `count(*)`."),
        Key::needed("partition", PERIODS, "The step in which data is kept, owed and replaced."),
        Key::needed("municipality", ID, "The field with the municipality that the row belongs to."),
        Key::optional(
            "whole_country",
            Type::Boolean,
            "Whether all rows are of the whole country, code `0000`, and of no municipality; default `false`.",
        ),
        Key::needed("time", Type::Object(&TIME), "The field that places a row in time, and how."),
        Key::optional("roles", Type::Named(&ID), "Fields with other municipalities, by what these are to the row."),
        Key::optional("key", Type::List(&ID), "Fields that identify a row within a municipality's period."),
        Key::needed("fields", Type::Named(&Type::Object(&FIELD)), "The columns of the table."),
        Key::optional("checks", Type::List(&Type::Object(&CHECK)), "Rules for rows."),
    ],
);

/// How a row is placed in time.
pub(crate) const TIME: Shape = Shape::new(
    "time",
    "An event, a snapshot or an interval.",
    &[
        Key::depends("event", ID, "The field with the day or period in which it happened."),
        Key::depends("snapshot", ID, "The field with the day on which it was counted."),
        Key::depends("interval", Type::Pair(&ID), "The fields with the first and the last day on which it held."),
    ],
);

/// A field.
pub(crate) const FIELD: Shape = Shape::new(
    "field",
    "A column of the table.",
    &[
        Key::needed(
            "type",
            Type::Choice(&[
                "text",
                "code",
                "integer",
                "decimal",
                "boolean",
                "date",
                "week",
                "month",
                "year",
                "school_year",
                "person",
            ]),
            "What a value is.",
        ),
        Key::depends("codelist", ID, "Needed by `code`, and only there: the list that the codes are in."),
        Key::depends("pattern", Type::Text, "Of `text` alone: a regular expression for the whole text."),
        Key::depends("precision", Type::Integer(1, 18), "Needed by `decimal`, and only there: the most digits."),
        Key::depends("scale", Type::Integer(0, 18), "Needed by `decimal`, and only there: decimals."),
        Key::optional("unit", Type::Text, "The unit of the values: `DKK`, `hour`, `person`."),
        Key::optional("required", Type::Boolean, "Whether a row without a value is rejected; default false."),
        Key::depends(
            "range",
            Type::Pair(&Type::OneOf(&[Type::Text, Type::Null])),
            "Of numbers, dates and periods: two quoted bounds, both included, `null` for an open one.",
        ),
        Key::needed("title", BILINGUAL, "A short name for people."),
    ],
);

/// A check.
pub(crate) const CHECK: Shape = Shape::new(
    "check",
    "A rule that every row must fulfil.",
    &[
        Key::needed("id", ID, "The name of the rule."),
        Key::needed("when_true", Type::Expression("amount <> 0"), "The condition; a row breaks it when it is false."),
        Key::needed(
            "severity",
            Type::Choice(&["fatal", "error", "warning", "info"]),
            "`error` rejects the row, `fatal` refuses the delivery, `warning` and `info` load the row and count it.",
        ),
        Key::needed("title", BILINGUAL, "What the rule demands."),
    ],
);
