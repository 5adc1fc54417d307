//! The keys of comparison groups.

use super::{ID, Key, Shape, Type};

/// A comparison group.
pub(crate) const COMPARISON_GROUP: Shape = Shape::new(
    "comparison_group",
    "Whom a municipality is compared with. Who belongs to it is said in one way: `members`, `attribute` or `nearest`.",
    &[
        Key::kind(&["comparison_group"]),
        Key::id(),
        Key::title(),
        Key::description(),
        Key::optional("for", Type::Object(&CONCERNED), "Which indicators have figures of it; all if left out."),
        Key::optional(
            "members",
            Type::List(&Type::OneOf(&[Type::Text, Type::Object(&DATED_MEMBERS)])),
            "Municipalities by their quoted codes, those that belong to it for some time alone with its bounds.",
        ),
        Key::optional(
            "attribute",
            ID,
            "An attribute of the code list `municipality`: a group for each of its values, by the attribute on the day.",
        ),
        Key::optional("nearest", Type::Object(&NEAREST), "For each municipality those that are most like it."),
    ],
);

/// Which indicators have figures of a group.
pub(crate) const CONCERNED: Shape = Shape::new(
    "concerned",
    "Which indicators have figures of a comparison group: those of the areas, and those that are named.",
    &[
        Key::optional("areas", Type::List(&ID), "Municipal areas, which are the folders of the indicators."),
        Key::optional("indicators", Type::List(&ID), "Indicators."),
    ],
);

/// Members for some time.
pub(crate) const DATED_MEMBERS: Shape = Shape::new(
    "dated_members",
    "Municipalities that belong to a comparison group for some time.",
    &[
        Key::needed("municipalities", Type::List(&Type::Text), "Their quoted codes."),
        Key::optional("from", Type::Period, "They belong to it from the first day of this period."),
        Key::optional("to", Type::Period, "They belong to it up to the last day of this period."),
    ],
);

/// The nearest.
pub(crate) const NEAREST: Shape = Shape::new(
    "nearest",
    "For each municipality those whose figures are most like its own.",
    &[
        Key::needed("k", Type::Integer(1, 97), "How many they are."),
        Key::needed(
            "on",
            Type::List(&Type::OneOf(&[ID, Type::Object(&COMPARED)])),
            "Yearly indicators whose figures of municipalities are compared.",
        ),
        Key::optional(
            "scale",
            Type::Choice(&["rank", "range"]),
            "How figures in different units are made comparable: by their ranks (the default), or by the range from the \
             smallest to the largest.",
        ),
        Key::optional(
            "year",
            Type::Choice(&["same", "before"]),
            "Whose figures decide: those of the calendar year in which a period begins (the default), or of the year before.",
        ),
    ],
);

/// An indicator and its weight.
pub(crate) const COMPARED: Shape = Shape::new(
    "compared",
    "An indicator that is compared, and how much it counts.",
    &[
        Key::needed("indicator", ID, "The indicator."),
        Key::optional("weight", Type::Integer(1, 1000), "By how much its differences are multiplied; 1 if left out."),
    ],
);
