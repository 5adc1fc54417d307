//! The keys of tests of definitions.

use super::{Key, Shape, Type};

/// The tests of a definition. Which of the two forms is given depends on what is tested; that is for the decoder to say.
pub(crate) const CASES: Type = Type::List(&Type::Object(&CASE));

/// A delivery, or tables by dataset.
const GIVEN: Type = Type::OneOf(&[
    Type::Object(&GIVEN_DELIVERY),
    Type::Worded(&Type::OneOf(&[Type::Text, Type::Object(&GIVEN_TABLE)])),
]);

/// A test.
pub(crate) const CASE: Shape = Shape::new(
    "case",
    "A test of a definition.",
    &[
        Key::needed("name", Type::Text, "What is tested, in a sentence."),
        Key::depends("given", GIVEN, "The tables by dataset; of a source, the delivery."),
        Key::depends("expect", Type::Object(&EXPECT), "What is expected."),
        Key::depends("error", Type::Form("^M[0-9]{4}$", "M8004"), "The code with which it is refused, in its place."),
    ],
);

/// What is expected.
pub(crate) const EXPECT: Shape = Shape::new(
    "expect",
    "What a test expects.",
    &[
        Key::optional(
            "match",
            Type::Choice(&["exact", "subset"]),
            "All rows (`exact`, the default), or at least these.",
        ),
        Key::optional("tolerance", Type::Anything, "How much a number may differ."),
        Key::depends(
            "municipalities_of",
            Type::Form("^[0-9]{4}-[0-9]{2}-[0-9]{2}$", "2025-01-01"),
            "Of an indicator: the figures are those of the municipalities of this day.",
        ),
        Key::depends("rows", TABLE, "The rows."),
        Key::depends("rejects", Type::List(&Type::Object(&REJECT)), "The rejected rows."),
        Key::depends("tally", Type::Object(&TALLY), "Of a source: the counts of the delivery."),
    ],
);

/// A table, or the file that holds it.
const TABLE: Type = Type::OneOf(&[Type::Text, Type::Object(&TABLE_FILE)]);

/// A table in a file of its own.
pub(crate) const TABLE_FILE: Shape = Shape::new(
    "table_file",
    "A table in a file of its own.",
    &[Key::needed("path", Type::Text, "The file, from the project's folder.")],
);

/// A given table with further keys.
pub(crate) const GIVEN_TABLE: Shape = Shape::new(
    "given_table",
    "A given table.",
    &[
        Key::depends("path", Type::Text, "The file with the rows, from the project's folder."),
        Key::depends("rows", TABLE, "The rows."),
        Key::depends("delivered", TABLE, "What was delivered without rows: municipality and period."),
    ],
);

/// The delivery of a source.
pub(crate) const GIVEN_DELIVERY: Shape = Shape::new(
    "given_delivery",
    "A delivery.",
    &[
        Key::needed("name", Type::Text, "The path below the drop folder."),
        Key::depends("bytes", Type::Text, "The text, which is written in the source's encoding."),
        Key::depends("base64", Type::Text, "The bytes."),
        Key::depends("path", Type::Text, "The file with the bytes, from the project's folder."),
    ],
);

/// A row that is expected to be rejected.
pub(crate) const REJECT: Shape = Shape::new(
    "reject",
    "A rejected row.",
    &[
        Key::depends("dataset", Type::Text, "Of an indicator: the given table."),
        Key::depends("line", Type::Integer(1, i64::MAX), "The line."),
        Key::depends("record", Type::Integer(1, i64::MAX), "Of a source: the number of the record."),
        Key::depends("column", Type::Text, "Of a source: the column."),
        Key::depends("code", Type::Form("^M[0-9]{4}$", "M5102"), "The code."),
    ],
);

/// The counts of a delivery.
pub(crate) const TALLY: Shape = Shape::new(
    "tally",
    "The counts of a delivery.",
    &[
        Key::depends("read", Type::Integer(0, i64::MAX), "Rows read."),
        Key::depends("accepted", Type::Integer(0, i64::MAX), "Rows accepted."),
        Key::depends("rejected", Type::Integer(0, i64::MAX), "Rows rejected."),
        Key::depends("skipped", Type::Worded(&Type::Integer(0, i64::MAX)), "Rows skipped, by rule."),
    ],
);
