//! The vocabulary as JSON Schema, for editors.
//!
//! Only words are used that mean the same in draft 07 and 2020-12, because editors are between the two. The schema is
//! weaker than `check`: it knows the shape of a file, and nothing of references, units or time.

mod json;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use self::json::Json;
use crate::vocabulary::{KINDS, Key, Need, Shape, Type};

/// The dialect.
const DIALECT: &str = "https://json-schema.org/draft/2020-12/schema";
/// The forms of periods. That the second year of a school year follows the first is for `check`.
const PERIOD: &str = "^[0-9]{4}(-Q[1-4]|-(0[1-9]|1[0-2])|-W(0[1-9]|[1-4][0-9]|5[0-3])|/[0-9]{2})?$";

/// The schema of a kind of file: `codelist`, `dataset`, `source`, `indicator`, `pipeline`, or `musketer` for
/// `musketer.yaml`.
pub fn schema(kind: &str) -> Option<String> {
    KINDS.iter().find(|(word, _)| *word == kind).map(|(_, shape)| of_file(shape).render())
}

/// The schemas of all kinds, by the word for the kind.
pub fn schemas() -> Vec<(&'static str, String)> {
    KINDS.iter().map(|(word, shape)| (*word, of_file(shape).render())).collect()
}

fn of_file(shape: &'static Shape) -> Json {
    let mut shapes = BTreeMap::new();
    for key in shape.keys {
        gather(&key.ty, &mut shapes);
    }
    let shapes = shapes.into_iter().map(|(name, shape)| (name, of_shape(shape))).collect();
    let file = Json::object([("$schema", Json::text(DIALECT)), ("title", Json::text(shape.name))]);
    file.with(of_shape(shape)).with(Json::object([("$defs", Json::Object(shapes))]))
}

/// The shapes that a type refers to, by name.
fn gather(ty: &Type, shapes: &mut BTreeMap<String, &'static Shape>) {
    match ty {
        Type::Object(shape) if shapes.contains_key(shape.name) => {}
        Type::Object(shape) => {
            shapes.insert(shape.name.to_owned(), shape);
            let variants = shape.variants.iter().flat_map(|(_, variants)| variants.iter());
            for key in variants.flat_map(|(_, variant)| variant.keys).chain(shape.keys) {
                gather(&key.ty, shapes);
            }
        }
        Type::List(inner) | Type::Pair(inner) | Type::Named(inner) | Type::Worded(inner) => gather(inner, shapes),
        Type::OneOf(types) => types.iter().for_each(|ty| gather(ty, shapes)),
        _ => {}
    }
}

fn of_shape(shape: &Shape) -> Json {
    let says = Json::object([("description", Json::text(shape.says)), ("type", Json::text("object"))]);
    let Some((decides, variants)) = shape.variants else { return says.with(of_keys(shape.keys.iter(), None)) };
    let one = |(word, variant): &(&'static str, &'static Shape)| {
        let keys = shape.keys.iter().chain(variant.keys);
        Json::object([("description", Json::text(variant.says))]).with(of_keys(keys, Some((decides, word))))
    };
    says.with(Json::object([("anyOf", Json::List(variants.iter().map(one).collect()))]))
}

/// The words of a mapping with these keys and no others; `decided` is a key with the one value that it has here.
fn of_keys<'k>(keys: impl Iterator<Item = &'k Key>, decided: Option<(&str, &'static str)>) -> Json {
    let (mut properties, mut required) = (Vec::new(), Vec::new());
    for key in keys {
        let ty = match decided {
            Some((name, word)) if name == key.name => Json::object([("enum", Json::List(vec![Json::text(word)]))]),
            _ => of_type(&key.ty),
        };
        properties.push((key.name.to_owned(), Json::object([("description", Json::text(key.says))]).with(ty)));
        if key.need == Need::Always {
            required.push(Json::text(key.name));
        }
    }
    let object = Json::object([("properties", Json::Object(properties))]);
    let required = (!required.is_empty()).then(|| Json::object([("required", Json::List(required))]));
    let closed = Json::object([("additionalProperties", Json::Boolean(false))]);
    object.with(required.unwrap_or_else(|| Json::object([]))).with(closed)
}

fn of_type(ty: &Type) -> Json {
    let of = |word: &str| ("type", Json::text(word));
    let types = |words: &[&str]| ("type", Json::List(words.iter().map(|word| Json::text(*word)).collect()));
    let such_as = |example: &str| ("examples", Json::List(vec![Json::text(example)]));
    match ty {
        Type::Text => Json::object([of("string")]),
        Type::Form(pattern, example) => {
            Json::object([of("string"), ("pattern", Json::text(*pattern)), such_as(example)])
        }
        Type::Choice(words) => {
            Json::object([("enum", Json::List(words.iter().map(|word| Json::text(*word)).collect()))])
        }
        Type::Integer(least, i64::MAX) => Json::object([of("integer"), ("minimum", Json::Number(*least))]),
        Type::Integer(least, most) => {
            Json::object([of("integer"), ("minimum", Json::Number(*least)), ("maximum", Json::Number(*most))])
        }
        Type::Boolean => Json::object([of("boolean")]),
        Type::Null => Json::object([of("null")]),
        Type::Period => Json::object([types(&["string", "integer"]), ("pattern", Json::text(PERIOD))]),
        Type::Expression(example) => Json::object([types(&["string", "number", "boolean"]), such_as(example)]),
        Type::Anything => Json::object([]),
        Type::List(inner) => Json::object([of("array"), ("items", of_type(inner))]),
        Type::Pair(inner) => {
            let two = |word| (word, Json::Number(2));
            Json::object([of("array"), ("items", of_type(inner)), two("minItems"), two("maxItems")])
        }
        Type::Named(inner) => {
            let names = of_type(&crate::vocabulary::ID);
            Json::object([of("object"), ("propertyNames", names), ("additionalProperties", of_type(inner))])
        }
        Type::Worded(inner) => Json::object([of("object"), ("additionalProperties", of_type(inner))]),
        Type::Object(shape) => Json::object([("$ref", Json::text(format!("#/$defs/{}", shape.name)))]),
        Type::OneOf(types) => Json::object([("anyOf", Json::List(types.iter().map(of_type).collect()))]),
    }
}
