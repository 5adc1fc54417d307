//! The happy path: a small project with every kind of definition, resolved.

use std::collections::BTreeSet;

use model::{
    Aggregate, Catalogue, CodeIndex, Comparison, Compression, ControlField, ControlPlace, Date, Encoding, Expr, Fetch,
    FieldIndex, FieldType, FileEncoding, Format, Formula, InputForm, Load, Lookup, MeasureIndex, MissingRule,
    MomentRule, NamePart, Negative, Origin, Parse, PeriodKind, Ratio, Rounding, Severity, SkipMatch, TimeSelection,
};
use musketer_definitions::load;

use crate::{example, tree};

fn catalogue() -> Catalogue {
    let (catalogue, findings) = load(&example::files());
    assert_eq!(tree::plainly(&findings), "");
    catalogue
}

#[test]
fn code_lists_know_codes_aliases_validity_and_groups() {
    let catalogue = catalogue();
    let codes: Vec<String> = catalogue.municipality_codes().iter().map(ToString::to_string).collect();
    assert_eq!(codes, ["0101", "0751"], "Christiansø is none");
    let municipalities = catalogue.municipalities().expect("the list");
    let day = |text| Date::parse_iso(text).expect("a day");
    assert_eq!(municipalities.lookup("Århus".as_bytes(), day("2024-01-01")), Lookup::Known(CodeIndex(3)));
    assert_eq!(municipalities.lookup(b"101", day("2006-01-01")), Lookup::NotValid(CodeIndex(1)));
    assert_eq!(municipalities.attribute(CodeIndex(1), "region", day("2026-12-31")), Some("1084"));
    assert_eq!(municipalities.attribute(CodeIndex(1), "region", day("2027-01-01")), Some("1086"));
    assert_eq!(municipalities.attribute(CodeIndex(2), "region", day("2027-01-01")), None);
    let accounts = &catalogue.codelists["account"];
    assert_eq!(accounts.groups["school"], BTreeSet::from([CodeIndex(0), CodeIndex(1)]));
    assert_eq!(accounts.title_of(CodeIndex(1), day("2024-01-01")).en, "After-school care");
}

#[test]
fn datasets_have_typed_fields_and_checks() {
    let catalogue = catalogue();
    let postings = &catalogue.datasets["postings"];
    assert_eq!((postings.partition, postings.moment), (PeriodKind::Month, MomentRule::Event));
    assert_eq!((postings.municipality, postings.time), (FieldIndex(0), FieldIndex(1)));
    assert_eq!(postings.key, [FieldIndex(0), FieldIndex(1), FieldIndex(2)]);
    let field = |name: &str| postings.field(postings.field_index(name).expect(name));
    assert!(field("text").masked && !field("document").masked);
    let bounds = |name: &str| field(name).range.map(|range| (range.min, range.max));
    assert_eq!(bounds("amount"), Some((Some(-500_000_050), Some(500_000_000))));
    assert_eq!(bounds("posted"), Some((Some(13_514), None)));
    assert_eq!(field("amount").ty, FieldType::Decimal { precision: 15, scale: 2 });
    let [check] = postings.checks.as_slice() else { panic!("one check") };
    assert_eq!(check.severity, Severity::Warning);
    let field = |index| Box::new(Expr::Field(FieldIndex(index)));
    let number = |minor| Box::new(Expr::Number { minor, scale: 2 });
    let amount = Expr::And(vec![
        Expr::Compare(Comparison::GreaterOrEqual, field(7), number(-100_000)),
        Expr::Compare(Comparison::LessOrEqual, field(7), number(100_050)),
    ]);
    let posted = Expr::Compare(Comparison::GreaterOrEqual, field(3), field(1));
    assert_eq!(check.condition, Expr::And(vec![posted, amount]));
    let pupils = &catalogue.datasets["pupils"];
    assert!(pupils.is_personal() && pupils.moment == MomentRule::Snapshot);
}

#[test]
fn a_delimited_source_is_compiled() {
    let catalogue = catalogue();
    let source = &catalogue.sources["acme_postings"];
    let validity = (source.valid_from.map(|p| p.to_string()), source.valid_to.map(|p| p.to_string()));
    assert_eq!(validity, (Some("2018-01".to_owned()), Some("2030-12".to_owned())), "a year is its months");
    assert_eq!((source.load, source.due_days, source.min_rows), (Load::Period, Some(20), Some(1)));
    assert!(source.file.parts.contains(&NamePart::Any));
    let Format::Delimited(format) = &source.format else { panic!("delimited") };
    assert_eq!((format.encoding, format.delimiter, format.quote), (Encoding::Windows1252, b';', Some(b'"')));
    let fields: Vec<usize> = source.fields.iter().map(|mapping| mapping.field.0).collect();
    assert_eq!(fields, [0, 1, 2, 3, 4, 5, 7], "in the dataset's order; `text` is not delivered");
    let [municipality, period, document, posted, account, internal, amount] = source.fields.as_slice() else {
        panic!("seven mappings")
    };
    assert_eq!((&municipality.origin, &period.origin), (&Origin::DeliveryMunicipality, &Origin::DeliveryPeriod));
    assert_eq!(document.width, Some(8));
    assert_eq!(posted.origin, Origin::Column { names: vec!["Bogføringsdato".to_owned(), "Dato".to_owned()] });
    assert_eq!((account.slice, account.map.len()), (Some((0, 5)), 1));
    assert_eq!((document.null.len(), internal.null.len()), (2, 1));
    assert!(matches!(&internal.parse, Parse::Boolean { no, .. } if no == &["N", "0"]));
    let Parse::Number(number) = &amount.parse else { panic!("a number") };
    assert_eq!((number.negative.as_slice(), number.sign.is_some(), number.group), (&[] as &[Negative], true, None));
    assert!(matches!(&source.skip[1].rule, SkipMatch::LineStartsWith(texts) if texts == &["Udskrevet"]));
    let trailer = source.control.trailer.as_ref().expect("a trailer");
    assert_eq!(trailer.states[0].1, ControlPlace::Cell(1));
    assert_eq!((&trailer.states[1].0, trailer.states[1].2.group), (&ControlField::Sum(FieldIndex(7)), Some(b'.')));
}

#[test]
fn a_fixed_source_counts_from_zero() {
    let catalogue = catalogue();
    let source = &catalogue.sources["acme_pupils"];
    let Format::Fixed(format) = &source.format else { panic!("fixed") };
    let places: Vec<_> =
        format.columns.iter().map(|column| (column.name.as_str(), column.start, column.length)).collect();
    assert_eq!(places, [("KOMM", 0, 4), ("DATO", 4, 8), ("CPR", 12, 10)]);
    assert!(!source.scope.one_municipality);
    assert_eq!(source.fields[2].origin, Origin::Constant("5".to_owned()));
    let header = source.control.header.as_ref().expect("a header");
    assert_eq!(header.states[0].1, ControlPlace::Characters { start: 4, length: 4 });
}

#[test]
fn indicators_are_plans() {
    let catalogue = catalogue();
    let indicator = &catalogue.indicators["expenditure_per_pupil"];
    assert_eq!(indicator.valid_from.map(|period| period.to_string()).as_deref(), Some("2018"));
    assert_eq!(indicator.conversion, Ratio::new(1, 1000).expect("a ratio"), "DKK to thousands");
    let measure = |index| Box::new(Formula::Measure(MeasureIndex(index)));
    assert_eq!(indicator.formula, Formula::Divide(measure(0), measure(1)));
    let [expenditure, pupils] = indicator.measures.as_slice() else { panic!("two measures") };
    let school = BTreeSet::from(["3.22.01".to_owned(), "3.22.05".to_owned()]);
    let not_internal = Expr::Not(Box::new(Expr::Field(FieldIndex(5))));
    assert_eq!(expenditure.filter, Some(Expr::And(vec![Expr::In(FieldIndex(4), school), not_internal])));
    assert_eq!((expenditure.time, expenditure.scale), (TimeSelection::Within, 2));
    assert_eq!(pupils.time, TimeSelection::At { month: 9, day: 5 });
    assert_eq!(pupils.aggregate, Aggregate::CountDistinct(vec![FieldIndex(3)]));
    assert_eq!((pupils.unit.to_string().as_str(), pupils.value_text.as_str()), ("pupil", "count(distinct pupil)"));

    let share = &catalogue.indicators["overhead_share"];
    assert_eq!((share.missing, share.rounding), (MissingRule::Zero, Rounding::HalfEven));
    assert_eq!(share.conversion, Ratio::integer(100));
    let half = Box::new(Expr::Number { minor: 50, scale: 2 });
    let sum = Expr::Subtract(Box::new(Expr::Field(FieldIndex(7))), half);
    assert_eq!(share.measures[0].aggregate, Aggregate::Sum(sum));
    assert_eq!(share.measures[2].unit.to_string(), "posting");
    let Some(Expr::Or(parts)) = &share.measures[2].filter else { panic!("a disjunction") };
    assert!(matches!(&parts[0], Expr::In(_, codes) if codes.len() == 2), "{parts:?}");
}

#[test]
fn pipelines_say_who_uses_what() {
    let catalogue = catalogue();
    let pipeline = &catalogue.pipelines["main"];
    let indicators: Vec<&str> = pipeline.indicators.iter().map(model::IndicatorId::as_str).collect();
    assert_eq!(indicators, ["expenditure_per_pupil", "overhead_share"]);
    let codes: Vec<String> = pipeline.uses[0].municipalities.iter().map(ToString::to_string).collect();
    assert_eq!(codes, ["0101", "0751"]);
    assert_eq!(pipeline.uses[1].municipalities.len(), 2, "all are those of the kind municipality");
    let Fetch::Http(fetch) = &pipeline.uses[1].fetch else { panic!("fetched") };
    assert_eq!(fetch.body.as_deref(), Some(r#"{"table":"A","values":[1,"x"]}"#));
    assert_eq!((fetch.attempts, fetch.idle_timeout_seconds, fetch.max_bytes), (3, 30, 512 << 20));
}

#[test]
fn one_broken_file_takes_only_its_dependents_along() {
    let files = example::edited("definitions/datasets/pupils.yaml", "partition: year", "partition: yearly");
    let (catalogue, findings) = load(&files);
    assert_eq!(findings.len(), 1, "{}", tree::plainly(&findings));
    assert!(catalogue.datasets.contains_key("postings") && !catalogue.datasets.contains_key("pupils"));
    assert!(catalogue.sources.contains_key("acme_postings") && !catalogue.sources.contains_key("acme_pupils"));
    assert!(catalogue.indicators.contains_key("overhead_share"));
    assert!(!catalogue.indicators.contains_key("expenditure_per_pupil"));
    assert!(catalogue.pipelines.is_empty(), "its second use has lost its source");
}

#[test]
fn older_versions_are_checked_but_not_current() {
    let mut files = example::files();
    let path = "definitions/indicators/school/expenditure_per_pupil";
    let text = String::from_utf8(files[&format!("{path}.yaml")].clone()).expect("UTF-8");
    let older = text.replace("version: 2", "version: 1").replace("supersedes: expenditure_per_pupil@1\n", "");
    files.insert(format!("{path}@1.yaml"), older.clone().into_bytes());
    let (catalogue, findings) = load(&files);
    assert_eq!(tree::plainly(&findings), "");
    assert_eq!(catalogue.indicators["expenditure_per_pupil"].version.0, 2);
    files.insert(format!("{path}@1.yaml"), older.replace("sum(amount)", "sum(amout)").into_bytes());
    let (catalogue, findings) = load(&files);
    assert_eq!(findings.len(), 1);
    assert!(catalogue.indicators.contains_key("expenditure_per_pupil"));
}

#[test]
fn the_form_of_the_files_is_compiled() {
    let path = "definitions/sources/acme/acme_postings.yaml";
    let input = |from: &str, to: &str| {
        let (catalogue, findings) = load(&example::edited(path, from, to));
        let input =
            catalogue.sources.get("acme_postings").map(|source| (source.input.clone(), source.format.encoding()));
        (input, tree::plainly(&findings).lines().next().unwrap_or_default().to_owned())
    };
    let form = |compression, encoding: FileEncoding| Some((InputForm { compression, encoding }, encoding.cells()));
    let western = FileEncoding::Ascii(Encoding::Windows1252);
    let cases = [
        ("compression: none", form(Compression::None, western)),
        ("compression: gzip", form(Compression::Gzip, western)),
        ("compression: zstd", form(Compression::Zstd, western)),
        ("compression: zip\n  member: '*.csv'", form(Compression::Zip { member: "*.csv".to_owned() }, western)),
    ];
    for (keys, expected) in cases {
        assert_eq!(input("min_rows: 1", &format!("min_rows: 1\n  {keys}")), (expected, String::new()), "{keys}");
    }
    for encoding in FileEncoding::ALL {
        let (found, finding) = input("encoding: windows-1252", &format!("encoding: {}", encoding.label()));
        assert_eq!((found, finding), (form(Compression::None, encoding), String::new()));
    }
    for (keys, code) in [
        ("compression: rar", "M1010"),
        ("compression: zip", "M1005"),
        ("compression: zip\n  member: ''", "M1010"),
        ("compression: gzip\n  member: '*.csv'", "M1002"),
        ("member: '*.csv'", "M1002"),
    ] {
        let (_, finding) = input("min_rows: 1", &format!("min_rows: 1\n  {keys}"));
        assert!(finding.contains(code), "{keys}: {finding}");
    }
}

#[test]
fn sources_of_one_pipeline_do_not_take_each_others_files() {
    let source = "definitions/sources/acme/acme_postings.yaml";
    let said = |twin: &str, of: &str| {
        let last = "to: 2025-12}";
        let also = format!("{last}\n  - {{source: acme_twin, municipalities: ['0751'], from: 2018-01, to: 2019-12}}");
        let mut files = example::edited("pipelines/main.yaml", last, &also);
        let text = String::from_utf8(files[source].clone()).expect("UTF-8");
        let text = text.replace("id: acme_postings", "id: acme_twin").replace(of, twin);
        files.insert("definitions/sources/acme/acme_twin.yaml".to_owned(), text.into_bytes());
        tree::plainly(&load(&files).1)
    };
    let pattern = "acme/{municipality}_{period}[_v{version}]*.csv";
    for (twin, example) in [
        (pattern, "acme/0101_202405.csv"),
        ("acme/{municipality}_{period}_2.csv", "acme/0101_202405_2.csv"),
        ("*/{municipality}_{period}.csv", "acme/0101_202405.csv"),
        ("acme/{municipality}_{period}/{period}.csv", ""),
        ("acme/{municipality}_{period}.txt", ""),
    ] {
        let said = said(twin, pattern);
        assert_eq!(said.contains("M1014"), !example.is_empty(), "{twin}: {said}");
        assert!(said.contains(example), "{twin}: {said}");
    }
}
