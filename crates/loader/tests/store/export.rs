//! Figures for other programs.

use std::fs;

use model::{Area, ObsStatus, Observation, Ratio, Text};
use musketer_loader::{AreaRecord, Figure, FigureFilter, Language, Separator, export_csv, export_parquet};
use polars::prelude::{ParquetReader, SerReader};

use crate::fixtures::{areas, figure, folder, indicator, open, publish};

fn figures(title: &str) -> Vec<Figure> {
    let folder = folder();
    let mut store = open(folder.path());
    let region = Area::Region("1082".to_owned());
    let odd = AreaRecord {
        area: region.clone(),
        title: Text { da: title.to_owned(), en: "Central".to_owned() },
        region: None,
    };
    let exact = Observation { numerator: Ratio::new(-1, 3).ok(), ..figure(1, "2024", -150) };
    let missing = Observation {
        area: region,
        value: None,
        numerator: None,
        denominator: None,
        status: ObsStatus::Missing,
        ..figure(1, "2024", 0)
    };
    publish(&mut store, |publication| {
        publication.areas(&areas()).expect("areas");
        publication.areas(&[odd]).expect("an area");
        crate::fixtures::record(publication, &indicator(1, ""));
        publication
            .figures(&[missing, exact], model::AsDefined::Then, &|_| musketer_loader::Why::Delivery)
            .expect("figures");
    });
    store.read().expect("a snapshot").figures(&FigureFilter::default()).expect("figures")
}

fn csv(title: &str, separator: Separator, language: Language) -> String {
    let mut out = Vec::new();
    export_csv(&figures(title), separator, language, &mut out).expect("memory takes everything");
    String::from_utf8(out).expect("UTF-8")
}

#[test]
fn csv_is_plain_and_sorted() {
    let header = "indicator,version,as_defined,title,area,area_title,level,period,breakdown,value,unit,numerator,denominator,\
        obs_status,conf_status,contributing,members,revision\n";
    let aarhus = "cost_per_pupil,1,then,Cost per pupil,0751,Aarhus,municipality,2024,total,-1.50,DKK/pupil,\
        -0.3333333333333333,1,A,F,1,1,1\n";
    let region = "cost_per_pupil,1,then,Cost per pupil,1082,Central,region,2024,total,,DKK/pupil,,,O,F,1,1,1\n";
    assert_eq!(csv("x", Separator::Comma, Language::English), [header, aarhus, region].concat());
}

#[test]
fn csv_texts_are_quoted_and_never_formulas() {
    for (title, cell) in [
        ("Midt", ";Midt;"),
        ("a;b", ";\"a;b\";"),
        ("a,b", ";a,b;"),
        ("say \"x\"", ";\"say \"\"x\"\"\";"),
        ("=1+1", ";'=1+1;"),
        ("+1", ";'+1;"),
        ("-1", ";'-1;"),
        ("@sum", ";'@sum;"),
        ("\t=1", ";'\t=1;"),
        ("\r=1", ";\"'\r=1\";"),
        ("\n=1", ";\"'\n=1\";"),
        ("=a;\"b\"", ";\"'=a;\"\"b\"\"\";"),
    ] {
        let text = csv(title, Separator::Semicolon, Language::Danish);
        assert!(text.contains(cell), "{title:?}: {text}");
        assert!(text.contains(";-1.50;"), "numbers stay as they are");
    }
}

#[test]
fn parquet_is_the_same_for_the_same_figures() {
    let folder = folder();
    let (one, two) = (folder.path().join("one.parquet"), folder.path().join("two.parquet"));
    let figures = figures("Midt");
    export_parquet(&figures, Language::Danish, &one).expect("a file");
    export_parquet(&figures, Language::Danish, &two).expect("a file");
    assert!(fs::read(&one).expect("a file") == fs::read(&two).expect("a file"));
    let frame = ParquetReader::new(fs::File::open(&one).expect("a file")).finish().expect("a frame");
    let value = frame.column("value").and_then(|column| column.f64().cloned()).expect("floats");
    assert_eq!(value.iter().collect::<Vec<_>>(), [Some(-1.5), None]);
    let exact = frame.column("value_exact").and_then(|column| column.str().cloned()).expect("texts");
    assert_eq!(exact.iter().collect::<Vec<_>>(), [Some("-1.50"), None]);
    let error = export_parquet(&figures, Language::Danish, &folder.path().join("no/such/folder.parquet"));
    assert_eq!(error.expect_err("no folder").code().to_string(), "M6001");
}
