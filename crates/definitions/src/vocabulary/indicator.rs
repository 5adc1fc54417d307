//! The keys of indicators.

use super::{BILINGUAL, CASES, ID, ID_OR_IDS, Key, PERIODS, Shape, Type, VALID};

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
            "dimensions",
            Type::Named(&Type::Object(&DIMENSION)),
            "What breakdowns are made of, where that is not simply a field.",
        ),
        Key::optional(
            "breakdowns",
            Type::List(&ID_OR_IDS),
            "Besides the total: figures of each category of a dimension, or of several dimensions together.",
        ),
        Key::optional(
            "missing",
            Type::Choice(&["propagate", "zero", "exclude"]),
            "Where data is missing: no figure (`propagate`, the default), 0, or left out where something is known.",
        ),
        Key::optional("groups", Type::Object(&GROUPS), "What a figure of several municipalities is."),
        Key::optional("plausible", Type::Object(&PLAUSIBLE), "What is to be expected of a municipality's figures."),
        Key::optional(
            "included_in",
            Type::List(&Type::Object(&INCLUSION)),
            "Municipalities whose data is delivered by another one among its own.",
        ),
        Key::optional(
            "reservations",
            Type::List(&Type::Object(&RESERVATION)),
            "What a reader must know before using the figures.",
        ),
        Key::optional("tests", CASES, "Given tables and the figures that are expected of them."),
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
            Type::Form("^(start|last|average|[0-9]{2}-[0-9]{2})$", "start"),
            "Of snapshots: the day that is read, month and day (`'09-05'`), `start`, `last`, or the `average` of all days.",
        ),
        Key::optional(
            "active",
            Type::Choice(&["start", "end", "any"]),
            "Of intervals: on which day of the period a row has to hold.",
        ),
        Key::optional(
            "shift",
            Type::Form("^-?[0-9]{1,4} (week|month|quarter|year)s?$", "-1 year"),
            "How much later than the period it looks: `-1 year`.",
        ),
        Key::optional(
            "rolling",
            Type::Form("^[0-9]{1,4} (week|month|quarter|year)s?$", "12 months"),
            "So many months, or of weeks so many weeks, up to the end of the period.",
        ),
        Key::optional(
            "cumulative",
            Type::Choice(&["year", "school_year"]),
            "From the beginning of the year that the period lies in.",
        ),
        Key::optional("role", ID, "For which municipality a row counts, if not for the one that reports it."),
        Key::optional(
            "join",
            Type::Named(&Type::Object(&JOIN)),
            "Rows of other datasets that are looked up; their fields stand behind the name chosen here: `school.owner`.",
        ),
        Key::optional("where", Type::Expression("dranst in ('1', '2')"), "Which rows count."),
        Key::optional("absent", Type::Object(&ABSENCE), "Rows count only if this was not there at another time."),
        Key::optional("per", ID_OR_IDS, "The fields that rows of one group have in common, in a first grouping."),
        Key::depends("let", Type::Named(&Type::Expression("count(*)")), "With `per`: what is computed of each group."),
        Key::depends("having", Type::Expression("size between 5 and 35"), "With `per`: which groups count."),
        Key::needed("value", Type::Expression("count(*)"), "What is computed of them: `sum(amount)`."),
        Key::optional(
            "breakdown",
            Type::OneOf(&[Type::Choice(&["total"]), Type::Named(&ID)]),
            "Where it is not broken down as the dimensions say: `total`, or for a dimension `total` or another field.",
        ),
        Key::optional("price", Type::Object(&PRICE), "Of amounts: in the prices of which period they are."),
    ],
);

/// A row that is looked up.
pub(crate) const JOIN: Shape = Shape::new(
    "join",
    "A row of another dataset for each row of the measure: one, or none.",
    &[
        Key::needed("dataset", ID, "Where it is looked up."),
        Key::needed(
            "on",
            Type::Named(&ID),
            "The fields that must be equal: those of the row, and those of what is looked up.",
        ),
        Key::needed(
            "at",
            Type::Form("^(row|start|last|[0-9]{2}-[0-9]{2})$", "row"),
            "Of which time: the row's own (`row`), or one day: month and day (`'09-05'`), `start` or `last`.",
        ),
    ],
);

/// A dimension of breakdowns.
pub(crate) const DIMENSION: Shape = Shape::new(
    "dimension",
    "What figures are broken down by.",
    &[
        Key::optional(
            "field",
            ID,
            "The field: a code, a truth value, or a whole number; default: the dimension's name.",
        ),
        Key::optional("title", BILINGUAL, "Its name for people; that of the field if not given."),
        Key::depends("group", ID, "Of codes: those of this group are the categories, instead of all."),
        Key::depends("groups", Type::List(&ID), "Of codes: these groups are the categories."),
        Key::depends(
            "bands",
            Type::Worded(&Type::OneOf(&[BOUNDS, Type::Object(&BAND)])),
            "Of whole numbers: the categories, each with its least and its greatest number.",
        ),
        Key::optional(
            "total",
            Type::Text,
            "The code of rows that are totals themselves: they count where the dimension is not, and nowhere else.",
        ),
    ],
);

/// The least and the greatest number.
const BOUNDS: Type = Type::Pair(&Type::OneOf(&[Type::Text, Type::Null]));

/// A band with a title.
pub(crate) const BAND: Shape = Shape::new(
    "band",
    "A band of whole numbers.",
    &[
        Key::needed("range", BOUNDS, "The least and the greatest number, both included; `null` for an open bound."),
        Key::needed("title", BILINGUAL, "Its name for people."),
    ],
);

/// Fixed prices.
pub(crate) const PRICE: Shape = Shape::new(
    "price",
    "Amounts in the prices of another period.",
    &[
        Key::needed("index", ID, "The dataset with the index, one row a period for the whole country."),
        Key::needed("value", ID, "Its field with the index."),
        Key::needed(
            "base",
            Type::OneOf(&[Type::Choice(&["latest"]), Type::Period]),
            "In whose prices: a period, or the `latest` one of which the index is there.",
        ),
    ],
);

/// What must be absent at another time.
pub(crate) const ABSENCE: Shape = Shape::new(
    "absence",
    "What must not be there at another time.",
    &[
        Key::needed(
            "shift",
            Type::Form("^-?[0-9]{1,4} (week|month|quarter|year)s?$", "-1 year"),
            "How much later than the measure's own time.",
        ),
        Key::needed("on", ID_OR_IDS, "The field, or the fields, whose value must not be there."),
    ],
);

/// What a figure of several municipalities is.
pub(crate) const GROUPS: Shape = Shape::new(
    "groups",
    "What a figure of several municipalities is.",
    &[Key::needed(
        "rule",
        Type::Choice(&["ratio_of_sums", "unweighted_mean", "median"]),
        "The formula of the sums, or the mean or the median of the members' figures.",
    )],
);

/// What is to be expected of figures.
pub(crate) const PLAUSIBLE: Shape = Shape::new(
    "plausible",
    "What is to be expected of a municipality's figures.",
    &[
        Key::depends(
            "range",
            Type::Pair(&Type::OneOf(&[Type::Text, Type::Null])),
            "The least and the greatest value; `null` for an open bound.",
        ),
        Key::depends(
            "change",
            Type::Form("^[0-9]+([.][0-9]+)?%$", "25%"),
            "The largest change from the period before.",
        ),
        Key::optional("then", Type::Choice(&["flag", "missing"]), "What becomes of a value beyond; default `flag`."),
        Key::optional(
            "of",
            Type::Choice(&["all", "total"]),
            "Of an indicator with breakdowns: whether parts are expected to be so too; default `all`.",
        ),
    ],
);

/// A municipality that is included in another one.
pub(crate) const INCLUSION: Shape = Shape::new(
    "inclusion",
    "A municipality whose data is delivered by another one among its own.",
    &[
        Key::needed("municipality", Type::Form("^[0-9]{4}$", "0187"), "The one that has no figure of its own."),
        Key::needed("in", Type::Form("^[0-9]{4}$", "0183"), "The one whose figures are about both."),
        Key::optional("from", Type::Period, "The first period."),
        Key::optional("to", Type::Period, "The last period."),
    ],
);

/// A reservation.
pub(crate) const RESERVATION: Shape = Shape::new(
    "reservation",
    "What a reader must know, in both languages.",
    &[
        Key::needed("da", Type::Text, "In Danish."),
        Key::needed("en", Type::Text, "In English."),
        Key::depends("kind", Type::Choice(&["note", "break"]), "`break`: the series begins anew; default `note`."),
        Key::depends("from", Type::Period, "Of a break, and needed there: the period with which it begins."),
    ],
);
