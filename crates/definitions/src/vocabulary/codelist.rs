//! The keys of code lists.

use super::{BILINGUAL, ID, Key, Shape, Type};

/// A code list.
pub(crate) const CODELIST: Shape = Shape::new(
    "codelist",
    "Which codes there are, and when.",
    &[
        Key::kind(&["codelist"]),
        Key::id(),
        Key::title(),
        Key::description(),
        Key::needed("rows", Type::Text, "The table in the same folder: UTF-8, `;`, a header."),
        Key::optional("attributes", Type::List(&ID), "Further columns of the table."),
        Key::optional("groups", Type::Named(&Type::Object(&GROUP)), "Sets of codes, for `in_group`."),
    ],
);

/// A group.
pub(crate) const GROUP: Shape = Shape::new(
    "group",
    "A set of codes.",
    &[
        Key::needed("title", BILINGUAL, "A short name for people."),
        Key::needed("codes", Type::List(&Type::Text), "Codes; `*` at the end means all that begin so."),
        Key::optional("except", Type::List(&Type::Text), "Codes that are left out, written in the same way."),
    ],
);
