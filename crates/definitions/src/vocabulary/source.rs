//! The keys of sources.

use super::{CASES, ID, Key, PERIODS, Shape, TEXT_OR_TEXTS, Type, VALID};

/// The longest record of a fixed format, and of what is cut out of a cell.
const LONGEST: i64 = 1 << 20;
/// `[first position from 1, length]`.
const PLACE: Type = Type::Pair(&Type::Integer(1, LONGEST));
/// Characters of a control record, or the number of a cell from 1.
const CONTROL_PLACE: Type = Type::OneOf(&[PLACE, Type::Integer(1, 100_000)]);
const TEXTS: Type = Type::List(&Type::Text);
/// Words that stand for a truth value; `Y` and `N` need no quotation marks.
const TRUTH_WORDS: Type = Type::List(&Type::Text);

/// A source.
pub(crate) const SOURCE: Shape = Shape::new(
    "source",
    "One vendor's export, and how it becomes rows of a dataset.",
    &[
        Key::kind(&["source"]),
        Key::id(),
        Key::title(),
        Key::description(),
        Key::needed("vendor", Type::Text, "Who makes the system."),
        Key::needed("system", Type::Text, "The system."),
        Key::optional("interface", Type::Text, "The vendor's name for the export."),
        Key::needed("dataset", ID, "The dataset that it becomes rows of."),
        Key::optional("valid", Type::Object(&VALID), "The periods that have this layout."),
        Key::needed("delivery", Type::Object(&DELIVERY), "What a delivery is called, and what it covers."),
        Key::optional("budget", Type::Object(&BUDGET), "What a delivery may be like before it is withheld."),
        Key::needed("format", Type::Object(&FORMAT), "How bytes become cells."),
        Key::optional("null", TEXTS, "Words for \"no value\"; replaces the default `['']`, so name `''` too."),
        Key::optional("numbers", Type::Object(&NUMBER), "How the source writes numbers."),
        Key::needed(
            "fields",
            Type::Named(&Type::OneOf(&[Type::Choice(&["delivery"]), Type::Object(&MAPPING)])),
            "The fields of the dataset, and how each is made.",
        ),
        Key::optional("skip", Type::List(&Type::Object(&SKIP)), "Records that are no data."),
        Key::optional("control", Type::Object(&CONTROL), "Records that state what the file holds."),
        Key::optional("tests", CASES, "Given bytes, and the rows that are expected of them."),
    ],
);

/// A delivery.
pub(crate) const DELIVERY: Shape = Shape::new(
    "delivery",
    "What a delivery is called, what it covers and what it does to earlier ones.",
    &[
        Key::needed(
            "file",
            Type::Text,
            "The pattern of the path below the drop folder: `{municipality}`, `{period}`, `{version}`, `*`, `[...]`.",
        ),
        Key::optional("compression", Type::Choice(&["none", "gzip", "zstd", "zip"]), "What has to be unpacked."),
        Key::depends("member", Type::Text, "Needed by `zip`, and only there: the pattern of the member's path."),
        Key::needed(
            "municipality",
            Type::Choice(&["file", "rows"]),
            "`file`: one municipality, named by the file. `rows`: every row names its own.",
        ),
        Key::optional("period", PERIODS, "The kind of the period in the file's name."),
        Key::needed(
            "load",
            Type::Choice(&["full", "period"]),
            "`period`: a delivery replaces what it covers. `full`: all that the source delivered before.",
        ),
        Key::optional(
            "due_days",
            Type::Integer(0, 3660),
            "Days after the period's last day until the delivery is due; a pipeline can say otherwise.",
        ),
        Key::optional("min_rows", Type::Integer(0, i64::MAX), "A delivery with fewer accepted rows is refused."),
    ],
);

/// A percentage.
const PER_CENT: Type = Type::Form("^[0-9]+([.][0-9]+)?%$", "2%");

/// What a delivery may be like.
pub(crate) const BUDGET: Shape = Shape::new(
    "budget",
    "What a delivery may be like before it is withheld.",
    &[
        Key::optional("max_rejects", Type::Integer(0, i64::MAX), "The most rejected rows."),
        Key::optional(
            "max_reject_share",
            PER_CENT,
            "The largest share of rejected rows among the records that no rule skips.",
        ),
        Key::optional("max_drop", PER_CENT, "How many fewer accepted rows it may have than the delivery before."),
        Key::optional("max_growth", PER_CENT, "How many more accepted rows it may have than the delivery before."),
    ],
);

/// A format; what belongs to its type stands in its variants.
pub(crate) const FORMAT: Shape = Shape {
    name: "format",
    says: "How bytes become cells.",
    keys: &[
        Key::needed("type", Type::Choice(&["delimited", "fixed"]), "`delimited`, or `fixed` positions."),
        Key::needed(
            "encoding",
            Type::Choice(&[
                "utf-8",
                "windows-1252",
                "iso-8859-1",
                "iso-8859-15",
                "cp850",
                "cp865",
                "utf-16",
                "utf-16le",
                "utf-16be",
                "cp277",
                "cp1142",
            ]),
            "How characters are written; a fixed format cannot be UTF-16.",
        ),
    ],
    variants: Some(("type", &[("delimited", &DELIMITED), ("fixed", &FIXED)])),
};

/// What delimited formats have besides.
pub(crate) const DELIMITED: Shape = Shape::new(
    "delimited",
    "Cells with a separator between them.",
    &[
        Key::needed("delimiter", Type::Form("^(tab|.)$", ";"), "One ASCII character, or `tab`."),
        Key::optional("quote", Type::Form("^(none|.)$", "none"), "One ASCII character, or `none`; default `\"`."),
        Key::depends(
            "escape",
            Type::Form("^(doubled|none|.)$", "doubled"),
            "How a quotation mark is written inside quotes: `doubled` (default), behind a mark, or `none`.",
        ),
        Key::optional("line_end", Type::Choice(&["auto", "lf", "cr"]), "`auto` (default), `lf` (LF or CRLF) or `cr`."),
        Key::optional("preamble_lines", Type::Integer(0, 10_000), "Lines before the header; default 0."),
        Key::depends("header_rows", Type::Integer(0, 20), "Rows with column names; default 1, or 0 with `columns`."),
        Key::depends("columns", TEXTS, "The names of the columns, only where no row has them."),
    ],
);

/// What fixed formats have besides.
pub(crate) const FIXED: Shape = Shape::new(
    "fixed",
    "Cells at fixed positions.",
    &[
        Key::needed("record_length", Type::Integer(1, LONGEST), "The length of a data record."),
        Key::needed("columns", Type::Worded(&PLACE), "The columns, each at `[first position from 1, length]`."),
    ],
);

/// How a field is made.
pub(crate) const MAPPING: Shape = Shape::new(
    "mapping",
    "How a field of the dataset is made, in this order.",
    &[
        Key::depends("column", TEXT_OR_TEXTS, "The column, or a list: the first of these that the header has."),
        Key::depends("constant", Type::Text, "Always this text, in place of a column."),
        Key::optional("slice", PLACE, "Takes these characters: `[first from 1, length]`."),
        Key::optional("null", TEXTS, "Words for \"no value\" in this column."),
        Key::optional("map", Type::Worded(&Type::Text), "Replaces a word that matches exactly."),
        Key::optional("width", Type::Integer(1, 64), "Puts zeros in front of digits up to this width."),
        Key::depends("number", Type::Object(&NUMBER), "How numbers are written here, in place of `numbers`."),
        Key::depends(
            "date",
            Type::OneOf(&[Type::Text, Type::Object(&DATE)]),
            "How a day or period is written: `dd-mm-yyyy`, `yyyymm`, `excel`.",
        ),
        Key::depends("boolean", Type::Object(&BOOLEAN), "The words for true and false."),
    ],
);

/// The words for true and false.
pub(crate) const BOOLEAN: Shape = Shape::new(
    "boolean",
    "The words for true and false.",
    &[Key::needed("yes", TRUTH_WORDS, "Words for true."), Key::needed("no", TRUTH_WORDS, "Words for false.")],
);

/// A pattern of dates with a century.
pub(crate) const DATE: Shape = Shape::new(
    "date",
    "A pattern, and the century of years of two digits.",
    &[
        Key::needed("pattern", Type::Text, "The pattern: `dd-mm-yy`."),
        Key::optional("century", Type::Object(&CENTURY), "Which century a year of two digits belongs to."),
    ],
);

/// The century of years of two digits.
pub(crate) const CENTURY: Shape = Shape::new(
    "century",
    "Which century a year of two digits belongs to.",
    &[Key::needed("pivot", Type::Integer(0, 100), "Years below are of this century, the others of the last.")],
);

/// How numbers are written.
pub(crate) const NUMBER: Shape = Shape::new(
    "number",
    "How numbers are written.",
    &[
        Key::depends("decimal", Type::Choice(&[",", "."]), "The decimal mark; left out: there is none."),
        Key::optional("group", Type::Choice(&[".", ",", "'", " "]), "The mark between groups of three digits."),
        Key::depends("implied_decimals", Type::Integer(0, 18), "So many last digits are decimals."),
        Key::optional(
            "negative",
            Type::OneOf(&[
                Type::Choice(&["leading", "trailing", "parentheses", "never"]),
                Type::List(&Type::Choice(&["leading", "trailing", "parentheses", "never"])),
            ]),
            "Where the minus stands: `leading` (default), `trailing`, `parentheses`, a list of these, or `never`.",
        ),
        Key::optional(
            "minus",
            Type::OneOf(&[
                Type::Choice(&["-", "\u{2212}", "\u{2013}"]),
                Type::List(&Type::Choice(&["-", "\u{2212}", "\u{2013}"])),
            ]),
            "The characters that are a minus.",
        ),
        Key::optional("plus", Type::Choice(&["allowed", "never"]), "Whether a plus may stand where a minus may."),
        Key::optional("padding", Type::Choice(&["allowed", "never"]), "Whether blanks may follow the sign."),
        Key::optional("prefix", TEXT_OR_TEXTS, "A unit, or a list of units, that may stand before the number."),
        Key::optional("suffix", TEXT_OR_TEXTS, "A unit, or a list of units, that may stand after the number."),
        Key::depends("sign", Type::Object(&SIGN), "The sign has a column of its own; `negative` is then `never`."),
    ],
);

/// The column with the sign.
pub(crate) const SIGN: Shape = Shape::new(
    "sign",
    "The column with the sign.",
    &[
        Key::needed("column", Type::Text, "The column."),
        Key::needed("positive", TEXTS, "Words for plus."),
        Key::needed("negative", TEXTS, "Words for minus."),
    ],
);

/// A skip rule.
pub(crate) const SKIP: Shape = Shape::new(
    "skip",
    "A rule that leaves out records and counts them under its name: it looks at a column, or at the line.",
    &[
        Key::needed("id", ID, "The name of the rule."),
        Key::depends("column", Type::Text, "The column, with `is` or `starts_with`."),
        Key::depends("is", TEXTS, "The cell is one of these."),
        Key::depends("starts_with", TEXTS, "The cell begins with one of these."),
        Key::depends("line_starts_with", TEXTS, "The line begins with one of these."),
        Key::depends("line_matches", Type::Text, "A regular expression that is looked for anywhere in the line."),
    ],
);

/// Control records.
pub(crate) const CONTROL: Shape = Shape::new(
    "control",
    "Records that state what the file holds.",
    &[
        Key::optional("header", Type::Object(&CONTROL_RECORD), "The first record."),
        Key::optional("trailer", Type::Object(&CONTROL_RECORD), "The last record."),
    ],
);

/// A control record.
pub(crate) const CONTROL_RECORD: Shape = Shape::new(
    "control_record",
    "What a control record states: characters `[first from 1, length]`, or the number of a cell from 1.",
    &[
        Key::needed("starts_with", Type::Text, "How the record begins."),
        Key::optional("municipality", CONTROL_PLACE, "Where the municipality stands."),
        Key::optional("period", CONTROL_PLACE, "Where the period stands."),
        Key::optional("rows", CONTROL_PLACE, "Where the number of data records stands."),
        Key::optional("sum", Type::Object(&SUM), "A sum of a field."),
    ],
);

/// A sum in a control record.
pub(crate) const SUM: Shape = Shape::new(
    "sum",
    "The sum of a field over all data records.",
    &[
        Key::needed("field", ID, "The field."),
        Key::needed("at", CONTROL_PLACE, "Where the sum stands."),
        Key::optional("number", Type::Object(&NUMBER), "How it is written, if not as the source's numbers."),
    ],
);
