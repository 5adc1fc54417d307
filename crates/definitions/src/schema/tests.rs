//! The decoder and the schema know the same language. Documents are made from the vocabulary, right ones and such with
//! one mistake, and both are asked about each.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{LazyLock, Mutex};

use model::Diagnostic;
use regex::Regex;
use serde_json::{Map, Value, json};

use super::*;
use crate::yaml::{Node, Plain, Report, Value as Tree, parse};
use crate::{load, load_project};

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

#[expect(clippy::disallowed_methods, reason = "BLESS is how a person asks for new answers")]
fn blessing() -> bool {
    std::env::var_os("BLESS").is_some()
}

#[test]
fn the_published_schemas_are_current() {
    let folder = repository().join("schemas");
    if blessing() {
        fs::create_dir_all(&folder).expect("made");
        for (kind, text) in schemas() {
            fs::write(folder.join(format!("{kind}.json")), text).expect("written");
        }
    }
    let entries = fs::read_dir(&folder).expect("`schemas`: write it with BLESS=1");
    // Those of reports and plans are no schemas of definitions; they are held against such (`tests/runs/watched.rs`, `planned.rs`).
    let published: BTreeMap<String, String> = entries
        .map(|entry| entry.expect("an entry"))
        .filter(|entry| entry.file_name() != "run-report.json" && entry.file_name() != "plan.json")
        .map(|entry| {
            (entry.file_name().to_string_lossy().into_owned(), fs::read_to_string(entry.path()).expect("a text"))
        })
        .collect();
    let current = schemas().into_iter().map(|(kind, text)| (format!("{kind}.json"), text)).collect();
    assert!(published == current, "set BLESS=1 to write the schemas anew");
}

/// Whether a text has a form. Patterns are compiled once: there are few, and they are asked about often.
fn has_form(pattern: &str, text: &str) -> bool {
    static PATTERNS: Mutex<BTreeMap<String, Regex>> = Mutex::new(BTreeMap::new());
    let mut patterns = PATTERNS.lock().expect("no test panics here");
    let compiled = patterns.entry(pattern.to_owned()).or_insert_with(|| Regex::new(pattern).expect("a pattern"));
    compiled.is_match(text)
}

/// What a schema has against a value, if anything. A word that it does not know is a mistake of the schema.
fn refusal(schema: &Value, value: &Value, root: &Value, at: &str) -> Option<String> {
    let no = |why: &str| Some(format!("{at}: {value} {why}"));
    for (word, wanted) in schema.as_object().expect("a schema is an object") {
        let found = match word.as_str() {
            "$schema" | "$defs" | "title" | "description" | "examples" => None,
            "$ref" => {
                let name = wanted.as_str().and_then(|text| text.strip_prefix("#/$defs/")).expect("a reference");
                refusal(&root["$defs"][name], value, root, at)
            }
            "type" => {
                let is = |word: &Value| match word.as_str().expect("a word") {
                    "string" => value.is_string(),
                    "integer" => value.is_i64() || value.is_u64(),
                    "number" => value.is_number(),
                    "boolean" => value.is_boolean(),
                    "null" => value.is_null(),
                    "array" => value.is_array(),
                    "object" => value.is_object(),
                    other => panic!("no type `{other}`"),
                };
                let fits = wanted.as_array().map_or_else(|| is(wanted), |words| words.iter().any(is));
                if fits { None } else { no(&format!("is no {wanted}")) }
            }
            "enum" if wanted.as_array().expect("a list").contains(value) => None,
            "enum" => no(&format!("is none of {wanted}")),
            "pattern" => {
                let text = value.as_str().filter(|text| !has_form(wanted.as_str().expect("a pattern"), text));
                text.and_then(|_| no("has another form"))
            }
            "minimum" if value.as_i64() < wanted.as_i64() => no("is too small"),
            "maximum" if value.as_i64() > wanted.as_i64() => no("is too large"),
            "minItems" if value.as_array().is_some_and(|items| items.len() < 2) => no("has too few items"),
            "maxItems" if value.as_array().is_some_and(|items| items.len() > 2) => no("has too many items"),
            "minimum" | "maximum" | "minItems" | "maxItems" => None,
            "required" => {
                let missing = |key: &&Value| value.get(key.as_str().expect("a key")).is_none();
                wanted.as_array().expect("a list").iter().find(missing).and_then(|key| no(&format!("lacks {key}")))
            }
            "items" => value.as_array().and_then(|items| items.iter().find_map(|item| refusal(wanted, item, root, at))),
            "propertyNames" => {
                let mut keys = value.as_object().into_iter().flat_map(Map::keys);
                keys.find_map(|key| refusal(wanted, &json!(key), root, at))
            }
            "properties" => {
                let known = wanted.as_object().expect("an object").iter();
                known
                    .filter_map(|(key, schema)| Some((key, schema, value.get(key)?)))
                    .find_map(|(key, schema, inner)| refusal(schema, inner, root, &format!("{at}/{key}")))
            }
            "additionalProperties" => {
                let known = schema.get("properties").and_then(Value::as_object);
                let mut others = value.as_object().into_iter().flatten();
                others.find_map(|(key, inner)| match wanted {
                    _ if known.is_some_and(|known| known.contains_key(key)) => None,
                    Value::Bool(false) => no(&format!("has no key `{key}`")),
                    schema => refusal(schema, inner, root, &format!("{at}/{key}")),
                })
            }
            "anyOf" => {
                let refusals: Vec<Option<String>> =
                    wanted.as_array().expect("a list").iter().map(|one| refusal(one, value, root, at)).collect();
                if refusals.contains(&None) { None } else { refusals.into_iter().flatten().next() }
            }
            other => panic!("the schema has a word that editors may not know: {other}"),
        };
        if found.is_some() {
            return found;
        }
    }
    None
}

fn refused_by_schema(kind: &str, document: &Value) -> Option<String> {
    static SCHEMAS: LazyLock<BTreeMap<&str, Value>> = LazyLock::new(|| {
        schemas().into_iter().map(|(kind, text)| (kind, serde_json::from_str(&text).expect("JSON"))).collect()
    });
    refusal(&SCHEMAS[kind], document, &SCHEMAS[kind], "")
}

/// The findings of the decoder about the form of a document: unknown and missing keys, wrong types and values.
fn refused_by_decoder(kind: &str, document: &Value) -> Vec<Diagnostic> {
    let text = document.to_string();
    let path = match kind {
        "musketer" => return of_form(load_project("musketer.yaml", text.as_bytes()).1),
        "pipeline" => "pipelines/example.yaml",
        "source" => "definitions/sources/example/example.yaml",
        "indicator" => "definitions/indicators/example/example.yaml",
        "codelist" => "definitions/codelists/example.yaml",
        "comparison_group" => "definitions/comparison_groups/example.yaml",
        _ => "definitions/datasets/example.yaml",
    };
    of_form(load(&BTreeMap::from([(path.to_owned(), text.into_bytes())])).1)
}

fn of_form(findings: Vec<Diagnostic>) -> Vec<Diagnostic> {
    findings.into_iter().filter(|found| found.code.to_string().starts_with("M1")).collect()
}

/// How a document is made.
#[derive(Clone, Copy)]
struct Recipe<'r> {
    /// Which of the words and alternatives is taken, counted around.
    turn: usize,
    /// Whether keys stand there that depend on others. Together they can contradict each other.
    dependent: bool,
    /// A key of a shape, and what stands behind it instead; the key is left out for `None`.
    mistake: Option<(&'r str, &'r str, Option<&'r Value>)>,
}

fn value(ty: &Type, recipe: Recipe<'_>) -> Value {
    let turn = recipe.turn;
    match ty {
        Type::Text => json!("example"),
        Type::Form(_, example) | Type::Expression(example) => json!(example),
        Type::Choice(words) => json!(words[turn % words.len()]),
        Type::Integer(least, most) => json!(if turn.is_multiple_of(2) { least } else { most }),
        Type::Boolean => json!(turn.is_multiple_of(2)),
        Type::Null => Value::Null,
        Type::Period => json!(["2024", "2024-Q1", "2024-05", "2024/25"][turn % 4]),
        Type::Anything => json!({"a": [1, "x", null]}),
        Type::List(inner) => json!([value(inner, recipe)]),
        Type::Pair(inner) => json!([value(inner, recipe), value(inner, recipe)]),
        Type::Named(inner) | Type::Worded(inner) => json!({"example": value(inner, recipe)}),
        Type::Object(shape) => object(shape, recipe),
        Type::OneOf(types) => value(&types[turn % types.len()], recipe),
    }
}

fn object(shape: &Shape, recipe: Recipe<'_>) -> Value {
    let variant = shape.variants.map(|(_, variants)| variants[recipe.turn % variants.len()].1);
    let mut entries = Map::new();
    for key in shape.keys.iter().chain(variant.into_iter().flat_map(|variant| variant.keys)) {
        // What a test looks like is the decoder's alone to say.
        let is_said = key.name != "tests";
        if is_said && (key.need != Need::Depends || recipe.dependent) {
            entries.insert(key.name.to_owned(), value(&key.ty, recipe));
        }
    }
    if let Some((name, key, instead)) = recipe.mistake {
        if name == shape.name || variant.is_some_and(|variant| variant.name == name) {
            match instead {
                Some(value) => entries.insert(key.to_owned(), value.clone()),
                None => entries.remove(key),
            };
        }
    }
    Value::Object(entries)
}

/// All shapes that a kind of file has, variants too.
fn shapes(shape: &'static Shape) -> BTreeMap<String, &'static Shape> {
    let mut shapes = BTreeMap::from([(shape.name.to_owned(), shape)]);
    // Tests of definitions are held to their schema by those that are shipped.
    shape.keys.iter().filter(|key| key.name != "tests").for_each(|key| gather(&key.ty, &mut shapes));
    let variants: Vec<_> = shapes.values().filter_map(|shape| shape.variants).flat_map(|(_, all)| all.iter()).collect();
    shapes.extend(variants.iter().map(|(_, variant)| (variant.name.to_owned(), *variant)));
    shapes
}

/// Enough turns for every word of every choice, and every alternative with both bounds of a number.
const TURNS: usize = 12;

/// Asks both about a document with a mistake, in every turn, and returns what the decoder said.
fn asked(kind: &str, root: &Shape, mistake: (&str, &str, Option<&Value>)) -> Vec<(Option<String>, Vec<Diagnostic>)> {
    let document = |turn| object(root, Recipe { turn, dependent: true, mistake: Some(mistake) });
    let documents = (0..TURNS).map(document);
    documents.map(|one| (refused_by_schema(kind, &one), refused_by_decoder(kind, &one))).collect()
}

/// Every key of every shape of every kind.
fn every_key(mut test: impl FnMut(&'static str, &'static Shape, &'static Shape, &'static Key)) {
    for (kind, root) in KINDS {
        for shape in shapes(root).into_values() {
            shape.keys.iter().for_each(|key| test(kind, root, shape, key));
        }
    }
}

#[test]
fn what_the_vocabulary_says_both_accept() {
    for (kind, root) in KINDS {
        for (turn, dependent) in (0..TURNS).flat_map(|turn| [(turn, false), (turn, true)]) {
            let document = object(root, Recipe { turn, dependent, mistake: None });
            assert_eq!(refused_by_schema(kind, &document), None, "{document}");
            for found in refused_by_decoder(kind, &document) {
                let (code, message) = (found.code.to_string(), found.message);
                // Keys that depend on others are asked for, refused, or contradict each other; that much is no surprise.
                let depends = |name: &str| {
                    let all = shapes(root).into_values().flat_map(|shape| shape.keys);
                    all.into_iter().any(|key| {
                        key.need == Need::Depends && message.ends_with(&format!("`{name}`")) && key.name == name
                    })
                };
                let last = message.trim_end_matches('`').rsplit('`').next().unwrap_or_default();
                let expected = match code.as_str() {
                    "M1002" | "M1005" => depends(last) || message.contains("so its mapping needs"),
                    "M1010" => !message.contains(" is one of `") && !message.contains("lies between"),
                    "M1004" | "M1006" | "M1007" => false,
                    _ => true,
                };
                assert!(expected, "{code} {message}\n{document}");
            }
        }
    }
}

#[test]
fn unknown_keys_both_refuse() {
    for (kind, root) in KINDS {
        for shape in shapes(root).into_values() {
            // A variant's keys stand in the mapping of its shape, so there every turn has the mistake.
            let answers = asked(kind, root, (shape.name, "zzz", Some(&json!(1))));
            let unknown = |found: &Diagnostic| found.code.to_string() == "M1002" && found.message.contains("`zzz`");
            let decoder: Vec<bool> = answers.iter().map(|(_, said)| said.iter().any(unknown)).collect();
            let schema: Vec<bool> = answers.iter().map(|(refused, _)| refused.is_some()).collect();
            assert_eq!(decoder, schema, "{kind}: {}", shape.name);
            assert!(schema.contains(&true), "{kind}: {} is never made", shape.name);
        }
    }
}

#[test]
fn needed_keys_both_need() {
    every_key(|kind, root, shape, key| {
        let answers = asked(kind, root, (shape.name, key.name, None));
        let missing = |found: &Diagnostic| {
            found.code.to_string() == "M1005" && found.message.ends_with(&format!("needs the key `{}`", key.name))
        };
        let decoder = answers.iter().any(|(_, said)| said.iter().any(missing));
        let schema = answers.iter().any(|(refused, _)| refused.is_some());
        if key.need != Need::Depends {
            assert_eq!(
                (decoder, schema),
                (key.need == Need::Always, key.need == Need::Always),
                "{}.{}",
                shape.name,
                key.name
            );
        }
    });
}

/// Something that cannot stand there.
fn wrong(ty: &Type) -> Option<Value> {
    Some(match ty {
        Type::Text | Type::Form(..) | Type::List(_) | Type::Pair(_) | Type::Named(_) | Type::Worded(_) => json!(5),
        Type::Object(_) => json!(5),
        Type::Choice(_) | Type::Integer(..) | Type::Boolean | Type::Null | Type::Period => json!("zzz"),
        Type::Expression(_) => json!({}),
        Type::OneOf(_) => json!({"zzz": 1}),
        Type::Anything => return None,
    })
}

#[test]
fn the_schema_refuses_what_no_test_has() {
    let sound =
        json!({"name": "a", "given": {"pupils": "municipality\n"}, "expect": {"rows": "a\n", "match": "subset"}});
    let delivery = json!({"name": "a", "given": {"name": "a.csv", "bytes": "a"}, "expect": {"tally": {"read": 1}}});
    let refused = |test: &Value| {
        let recipe = Recipe { turn: 0, dependent: false, mistake: None };
        let (_, shape) = KINDS.iter().find(|(kind, _)| *kind == "indicator").expect("a kind");
        let mut document = object(shape, recipe);
        document["tests"] = json!([test]);
        refused_by_schema("indicator", &document)
    };
    assert_eq!((refused(&sound), refused(&delivery)), (None, None));
    for (key, wrong) in [
        ("expected", json!({})),
        ("name", json!(5)),
        ("given", json!({"pupils": 5})),
        ("given", json!({"pupils": {"row": "a"}})),
        ("expect", json!({"row": "a"})),
        ("expect", json!({"match": "some"})),
        ("expect", json!({"rejects": [{"lines": 1}]})),
        ("error", json!("5102")),
    ] {
        let mut test = sound.clone();
        test[key] = wrong;
        assert!(refused(&test).is_some(), "{test}");
    }
}

#[test]
fn wrong_values_both_refuse() {
    every_key(|kind, root, shape, key| {
        let Some(wrong) = wrong(&key.ty) else { return };
        let answers = asked(kind, root, (shape.name, key.name, Some(&wrong)));
        for (refused, said) in &answers {
            assert!(refused.is_none() || !said.is_empty(), "{}.{} is {wrong}: {refused:?}", shape.name, key.name);
        }
        assert!(answers.iter().any(|(refused, _)| refused.is_some()), "{}.{} takes {wrong}", shape.name, key.name);
    });
}

#[test]
fn words_and_bounds_are_the_decoders() {
    let words = Regex::new("is one of (.*?)(, not `zzz`)?$").expect("a pattern");
    let mut not_listed = BTreeSet::new();
    every_key(|kind, root, shape, key| match &key.ty {
        Type::Choice(choices) => {
            let answers = asked(kind, root, (shape.name, key.name, Some(&json!("zzz"))));
            let said = answers.iter().flat_map(|(_, said)| said).map(|found| found.message.as_str());
            let begin = format!("`{}` is one of ", key.name);
            let Some(listed) = said.filter(|said| said.starts_with(&begin)).find_map(|said| words.captures(said))
            else {
                not_listed.insert(format!("{}.{}", shape.name, key.name));
                return;
            };
            let listed: BTreeSet<&str> =
                listed[1].trim_matches('`').split("`, `").flat_map(|part| part.split("` `")).collect();
            if key.name != "kind" {
                assert_eq!(listed, choices.iter().copied().collect(), "{}.{}", shape.name, key.name);
            }
        }
        Type::Integer(least, most) => {
            for beyond in [least.checked_sub(1), most.checked_add(1)].into_iter().flatten() {
                let answers = asked(kind, root, (shape.name, key.name, Some(&json!(beyond))));
                let bounded = |said: &[Diagnostic]| said.iter().any(|found| found.message.contains("lies between"));
                let name = format!("{}.{} is {beyond}", shape.name, key.name);
                assert!(answers.iter().all(|(refused, said)| refused.is_some() || !bounded(said)), "{name}");
                assert!(answers.iter().any(|(_, said)| bounded(said)), "{name}");
            }
        }
        _ => {}
    });
    assert_eq!(not_listed, BTreeSet::new());
}

/// A file as an editor reads it, by YAML 1.2.
fn as_json(node: &Node) -> Value {
    match &node.value {
        Tree::Sequence(items) => Value::Array(items.iter().map(as_json).collect()),
        Tree::Mapping(entries) => {
            Value::Object(entries.iter().map(|entry| (entry.key.text.clone(), as_json(&entry.value))).collect())
        }
        Tree::Scalar(scalar) => match scalar.plain() {
            Some(Plain::Null) => Value::Null,
            Some(Plain::Boolean(value)) => json!(value),
            Some(Plain::Number) => scalar.text.parse::<i64>().map_or_else(|_| json!(0.5), |number| json!(number)),
            _ => json!(scalar.text),
        },
    }
}

fn yaml_files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            yaml_files(&path, found);
        } else if path.extension().is_some_and(|ending| ending == "yaml") {
            found.push(path);
        }
    }
}

#[test]
fn sound_files_have_the_schema() {
    let root = repository();
    let mut files = vec![root.join("musketer.yaml")];
    for folder in
        ["definitions", "pipelines", "fixtures/nasty/definitions", "crates/definitions/tests", "fixtures/diagnostics"]
    {
        yaml_files(&root.join(folder), &mut files);
    }
    let mut checked = 0;
    for path in files {
        // What is wrong with the form of a file is for the other tests; these are sound, or wrong in what they mean.
        let name = path.to_string_lossy();
        let of_form = name.contains("diagnostics/M1");
        let Ok(text) = fs::read_to_string(&path) else { continue };
        let mut report = Report::new("a.yaml", &text);
        let Some(tree) = parse(&mut report).filter(|_| !of_form) else { continue };
        let document = as_json(&tree);
        let kind = document["kind"].as_str().unwrap_or("musketer");
        assert_eq!(refused_by_schema(kind, &document), None, "{name}");
        checked += 1;
    }
    assert!(checked > 100, "{checked}");
}
