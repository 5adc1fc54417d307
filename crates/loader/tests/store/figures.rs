//! What is published: revisions, exactness, versions, and the wide views.

use std::collections::BTreeSet;

use model::{
    Area, AsDefined, Breakdown, Category, CategoryValues, Dimension, FieldName, Fingerprint, Indicator,
    IndicatorVersion, MeasureValue, ObsStatus, Observation, Ratio, Text, Validity,
};
use musketer_loader::{Description, FigureFilter, FigureKey, RunNumber, Why};

use crate::fixtures::{
    areas, figure, folder, indicator, municipality, number, open, period, publish, publish_figures, record, rows,
    series, texts,
};

#[test]
fn a_figure_that_stays_changes_nothing_and_one_that_changes_is_revised() {
    let folder = folder();
    let mut store = open(folder.path());
    publish_figures(&mut store, 1, &[figure(1, "2023", 100), figure(1, "2024", 200)]);
    let receipt = publish_figures(&mut store, 1, &[figure(1, "2023", 100), figure(1, "2024", 250)]);
    assert_eq!((receipt.figures_new, receipt.figures_changed), (0, 1));
    let missing = Observation { value: None, status: ObsStatus::Missing, ..figure(1, "2024", 250) };
    publish_figures(&mut store, 1, &[missing]);
    let snapshot = store.read().expect("a snapshot");
    let id = indicator(1, "").id;
    let aarhus = Area::Municipality(municipality("0751"));
    let key = |when| FigureKey { period: period(when), area: aarhus.clone(), breakdown: model::TOTAL.to_owned() };
    let history = snapshot.revisions((&id, AsDefined::Then), &key("2024")).expect("revisions");
    let history: Vec<_> = history
        .iter()
        .map(|one| {
            (one.revision, one.value.as_deref(), one.status.code(), one.known_from.0, one.known_to.map(|run| run.0))
        })
        .collect();
    assert_eq!(
        history,
        [(1, Some("2.00"), "A", 1, Some(2)), (2, Some("2.50"), "A", 2, Some(3)), (3, None, "O", 3, None)]
    );
    let known = |run| {
        let filter =
            FigureFilter { as_of: Some(RunNumber(run)), period: Some(period("2024")), ..FigureFilter::default() };
        let figures = snapshot.figures(&filter).expect("figures");
        figures.into_iter().map(|figure| figure.value.map(|value| value.text)).collect::<Vec<_>>()
    };
    let text = |text: &str| Some(text.to_owned());
    assert_eq!((known(0), known(1), known(2)), (vec![], vec![text("2.00")], vec![text("2.50")]));
    assert_eq!((known(3), known(9)), (vec![None], vec![None]));
    assert_eq!(snapshot.revisions((&id, AsDefined::Then), &key("2023")).expect("revisions").len(), 1);
}

#[test]
fn whatever_a_figure_is_made_of_counts_as_a_change() {
    let folder = folder();
    let mut store = open(folder.path());
    let base = figure(1, "2024", 200);
    publish_figures(&mut store, 1, std::slice::from_ref(&base));
    for changed in [
        Observation { numerator: Some(Ratio::integer(4)), ..base.clone() },
        Observation { denominator: Some(Ratio::integer(2)), ..base.clone() },
        Observation { contributing: 0, ..base.clone() },
        Observation { members: 2, ..base.clone() },
        Observation { status: ObsStatus::Provisional, ..base.clone() },
        Observation { held: true, ..base.clone() },
    ] {
        let receipt = publish_figures(&mut store, 1, std::slice::from_ref(&changed));
        assert_eq!(receipt.figures_changed, 1, "{changed:?}");
        assert_eq!(publish_figures(&mut store, 1, std::slice::from_ref(&base)).figures_changed, 1);
    }
}

#[test]
fn numbers_are_kept_exactly_and_rounded_once() {
    let folder = folder();
    let mut store = open(folder.path());
    let observation = Observation {
        value: Some(9_007_199_254_740_993),
        numerator: Ratio::new(1, 3).ok(),
        denominator: Ratio::new(-5, 4).ok(),
        ..figure(1, "2024", 0)
    };
    publish_figures(&mut store, 1, &[observation]);
    let sql = "SELECT value, value_exact, numerator, numerator_exact, denominator, denominator_exact FROM observation";
    let stored = rows(folder.path(), sql, |row| {
        let float = |at| row.get::<_, f64>(at).map(f64::to_bits);
        let text = |at| row.get::<_, String>(at);
        Ok(((float(0)?, text(1)?), (float(2)?, text(3)?), (float(4)?, text(5)?)))
    });
    let pair = |float: f64, text: &str| (float.to_bits(), text.to_owned());
    let third = 1.0 / 3.0;
    assert_eq!(stored, [(pair(90_071_992_547_409.93, "90071992547409.93"), pair(third, "1/3"), pair(-1.25, "-1.25"))]);
}

#[test]
fn a_figure_that_is_withdrawn_can_come_back() {
    let folder = folder();
    let mut store = open(folder.path());
    publish_figures(&mut store, 1, &[figure(1, "2023", 100), figure(1, "2024", 200)]);
    let series = series(1, AsDefined::Then);
    let observed = store.read().expect("a snapshot").observed(&series).expect("keys");
    let gone: BTreeSet<_> = observed.into_iter().filter(|key| key.period == period("2024")).collect();
    let receipt = publish(&mut store, |publication| {
        assert_eq!(publication.close_observations(&series, &gone).expect("closed"), 1);
        assert_eq!(publication.close_observations(&series, &gone).expect("closed before"), 0);
    });
    assert_eq!(receipt.figures_closed, 1);
    assert_eq!(texts(folder.path(), "SELECT period FROM latest_observation"), ["2023"]);
    assert_eq!(publish_figures(&mut store, 1, &[figure(1, "2024", 200)]).figures_new, 1);
    assert_eq!(number(folder.path(), "SELECT max(revision) FROM observation WHERE period = '2024'"), 2);
}

#[test]
fn a_figure_is_given_at_most_once_a_run() {
    let folder = folder();
    let mut store = open(folder.path());
    let mut publication = crate::fixtures::begin(&mut store);
    publication.areas(&areas()).expect("areas");
    record(&mut publication, &indicator(1, ""));
    publication.figures(&[figure(1, "2024", 1)], AsDefined::Then, &|_| Why::Delivery).expect("a figure");
    assert!(publication.figures(&[figure(1, "2024", 2)], AsDefined::Then, &|_| Why::Delivery).is_err());
}

#[test]
fn the_latest_figures_come_with_titles_in_order() {
    let folder = folder();
    let mut store = open(folder.path());
    let country = Observation { area: Area::Country, contributing: 2, members: 98, ..figure(1, "2024", 300) };
    let region = Observation { area: Area::Region("1082".to_owned()), ..figure(1, "2024", 400) };
    publish_figures(&mut store, 1, &[country, region, figure(1, "2024", 200), figure(1, "2023", 100)]);
    let snapshot = store.read().expect("a snapshot");
    let all = snapshot.figures(&FigureFilter::default()).expect("figures");
    let keys: Vec<_> = all.iter().map(|one| format!("{} {} {}", one.area.level(), one.area, one.period)).collect();
    assert_eq!(keys, ["municipality 0751 2023", "municipality 0751 2024", "region 1082 2024", "country DK 2024"]);
    let first = &all[0];
    assert_eq!((first.area_title.en.as_str(), first.unit.as_str(), first.revision), ("Aarhus", "DKK/pupil", 1));
    assert_eq!(first.value.as_ref().map(|value| value.text.as_str()), Some("1.00"));
    assert_eq!((first.known_from, first.region.as_deref()), (RunNumber(1), Some("1082")));
    let of = |filter: FigureFilter| snapshot.figures(&filter).expect("figures").len();
    let aarhus = Area::Municipality(municipality("0751"));
    assert_eq!(of(FigureFilter { area: Some(aarhus), ..FigureFilter::default() }), 2);
    assert_eq!(of(FigureFilter { period: Some(period("2024")), ..FigureFilter::default() }), 3);
    let reservations = texts(folder.path(), "SELECT reservations ->> '$[0].en' FROM indicator");
    assert_eq!(reservations, ["Municipal schools \"only\""]);
    let days = texts(folder.path(), "SELECT first_day || ' ' || last_day FROM period WHERE period = '2024'");
    assert_eq!(days, ["2024-01-01 2024-12-31"]);
}

#[test]
fn a_higher_version_takes_the_place_of_a_lower_one_period_by_period() {
    let folder = folder();
    let mut store = open(folder.path());
    publish_figures(&mut store, 1, &[figure(1, "2023", 100), figure(1, "2024", 200)]);
    publish_figures(&mut store, 2, &[figure(2, "2024", 900)]);
    let latest = "SELECT period || ' ' || version || ' ' || value_exact FROM latest_observation ORDER BY period";
    assert_eq!(texts(folder.path(), latest), ["2023 1 1.00", "2024 2 9.00"]);
    let current = "SELECT version FROM indicator WHERE current = 1";
    assert_eq!(number(folder.path(), current), 2);
    let snapshot = store.read().expect("a snapshot");
    let of = |version| snapshot.fingerprint(&indicator(2, "").id, IndicatorVersion(version)).expect("a fingerprint");
    assert_eq!([of(2), of(3)], [Some(indicator(2, "canonical").fingerprint), None]);
    drop(snapshot);
    let versions = "SELECT versions FROM wide_cost_per_pupil";
    assert_eq!(texts(folder.path(), versions), ["1: 2023, 2: 2024"]);
    publish_figures(&mut store, 1, &[figure(1, "2021", 100), figure(1, "2022", 100)]);
    assert_eq!(texts(folder.path(), versions), ["1: 2021 to 2023, 2: 2024"]);
}

#[test]
fn figures_as_defined_now_stand_beside_those_as_defined_then() {
    let folder = folder();
    let mut store = open(folder.path());
    publish_figures(&mut store, 1, &[figure(1, "2023", 100)]);
    publish_figures(&mut store, 2, &[figure(2, "2024", 900)]);
    let (then, now) = (series(2, AsDefined::Then), series(2, AsDefined::Now));
    publish(&mut store, |publication| {
        publication.series(&now, &Fingerprint::of(b"now")).expect("a series");
        let figures = [figure(2, "2023", 700), figure(2, "2024", 900)];
        assert_eq!(publication.figures(&figures, AsDefined::Now, &|_| Why::Delivery).expect("figures").new, 2);
    });
    let latest = |view: &str| {
        let sql = format!(
            "SELECT period || ' ' || version || ' ' || as_defined || ' ' || value_exact FROM {view} ORDER BY period"
        );
        texts(folder.path(), &sql)
    };
    let as_then = ["2023 1 then 1.00", "2024 2 then 9.00"];
    let as_now = ["2023 2 now 7.00", "2024 2 now 9.00"];
    assert_eq!(latest("latest_observation"), as_then);
    assert_eq!(latest("latest_observation_as_defined_now"), as_now);
    let read = |as_defined| {
        let filter = FigureFilter { as_defined, ..FigureFilter::default() };
        let figures = store.read().expect("a snapshot").figures(&filter).expect("figures");
        figures.iter().map(|one| (one.version.0, one.as_defined)).collect::<Vec<_>>()
    };
    let mut read = read;
    assert_eq!(read(AsDefined::Then), [(1, AsDefined::Then), (2, AsDefined::Then)]);
    assert_eq!(read(AsDefined::Now), [(2, AsDefined::Now), (2, AsDefined::Now)]);
    assert_eq!(texts(folder.path(), "SELECT versions FROM now_cost_per_pupil"), ["2: 2023 to 2024"]);
    let known: Vec<_> = store.read().expect("a snapshot").series().expect("series").into_keys().collect();
    assert_eq!(known, [series(1, AsDefined::Then), then, now.clone()]);

    // What is not asked for any more is withdrawn, and the other series stays.
    let receipt = publish(&mut store, |publication| assert_eq!(publication.withdraw(&now).expect("withdrawn"), 2));
    assert_eq!(receipt.figures_closed, 2);
    assert_eq!(latest("latest_observation"), as_then);
    assert!(latest("latest_observation_as_defined_now").is_empty());
    assert_eq!(number(folder.path(), "SELECT count(*) FROM sqlite_master WHERE name LIKE 'now_%'"), 0);
    assert_eq!(number(folder.path(), "SELECT count(*) FROM observation WHERE as_defined = 'now'"), 2);
}

#[test]
fn texts_are_known_and_can_change_alone() {
    let folder = folder();
    let mut store = open(folder.path());
    publish_figures(&mut store, 1, &[figure(1, "2023", 100)]);
    let version = indicator(1, "canonical");
    let key = (version.id.clone(), version.version);
    let described = |store: &mut musketer_loader::Store| {
        store.read().expect("a snapshot").descriptions().expect("descriptions").remove(&key)
    };
    assert_eq!(described(&mut store), Some(Description::of(&version, true)));
    assert_ne!(Description::of(&version, true), Description::of(&version, false));
    let title = Text { da: "En anden titel".to_owned(), en: "Another title".to_owned() };
    let renamed = Indicator { title, ..version.clone() };
    assert_ne!(described(&mut store), Some(Description::of(&renamed, true)));
    publish(&mut store, |publication| publication.indicator(&renamed, true).expect("an indicator"));
    assert_eq!(described(&mut store), Some(Description::of(&renamed, true)));
    assert_eq!(texts(folder.path(), "SELECT indicator_title_en FROM latest_observation"), ["Another title"]);
}

#[test]
fn the_wide_view_has_a_column_for_each_period() {
    let folder = folder();
    let mut store = open(folder.path());
    let country = Observation { area: Area::Country, ..figure(1, "2023", 300) };
    publish_figures(&mut store, 1, &[country, figure(1, "2023", 100)]);
    let copenhagen = Area::Municipality(municipality("0101"));
    let broken_down = Observation { breakdown: "sex=2".to_owned(), ..figure(1, "2024", 777) };
    publish_figures(
        &mut store,
        1,
        &[figure(1, "2024", 200), Observation { area: copenhagen, ..figure(1, "2024", 50) }, broken_down],
    );
    let view = "SELECT area || ' ' || area_title || ' ' || level || ' ' || coalesce(\"2023\", '-') || ' ' ||
        coalesce(\"2024\", '-') FROM wide_cost_per_pupil";
    assert_eq!(
        texts(folder.path(), view),
        ["0101 København municipality - 0.5", "0751 Aarhus municipality 1.0 2.0", "DK Hele landet country 3.0 -"]
    );
    let parts = "SELECT area || ' ' || breakdown || ' ' || \"2024\" || ' ' || versions FROM breakdown_cost_per_pupil";
    assert_eq!(texts(folder.path(), parts), ["0751 sex=2 7.77 1: 2024"], "totals and parts are never in one view");
    publish(&mut store, |publication| {
        assert_eq!(publication.withdraw(&series(1, AsDefined::Then)).expect("withdrawn"), 5);
    });
    let views = "SELECT count(*) FROM sqlite_master WHERE name LIKE '%cost_per_pupil'";
    assert_eq!(number(folder.path(), views), 0);
    assert_eq!(number(folder.path(), "SELECT count(*) FROM latest_observation"), 0);
    assert_eq!(number(folder.path(), "SELECT count(*) FROM observation"), 5);
}

fn measure(when: &str, minor: Option<i64>) -> MeasureValue {
    MeasureValue {
        indicator: indicator(1, "").id,
        version: IndicatorVersion(1),
        measure: FieldName::new("cost").expect("a name"),
        municipality: municipality("0751"),
        period: period(when),
        breakdown: model::TOTAL.to_owned(),
        minor,
        scale: 2,
        divisor: 1,
        rows: 17,
        status: if minor.is_some() { ObsStatus::Normal } else { ObsStatus::NotCollected },
    }
}

#[test]
fn measures_are_current_values_of_the_current_definition() {
    let folder = folder();
    let mut store = open(folder.path());
    let (then, now) = (series(1, AsDefined::Then), series(1, AsDefined::Now));
    let values = [measure("2022", Some(1)), measure("2023", None), measure("2024", Some(i64::MIN))];
    publish(&mut store, |publication| {
        record(publication, &indicator(1, "one"));
        publication.measures(&[measure("2024", Some(5))], AsDefined::Then).expect("measures");
        publication.measures(&values, AsDefined::Then).expect("measures");
        publication.measures(&values[..1], AsDefined::Now).expect("measures");
    });
    let read = |store: &mut musketer_loader::Store, periods: Option<BTreeSet<_>>| {
        store.read().expect("a snapshot").measures_of(&then, periods.as_ref()).expect("measures")
    };
    assert_eq!(read(&mut store, None), values);
    assert_eq!(read(&mut store, Some([period("2023")].into())), values[1..2]);
    publish(&mut store, |publication| {
        record(publication, &indicator(1, "one"));
        let gone = [(municipality("0751"), period("2022"))].into();
        publication.remove_measures(&then, &gone).expect("removed");
    });
    assert_eq!(read(&mut store, None), values[1..]);
    assert_eq!(store.read().expect("a snapshot").measures_of(&now, None).expect("measures"), values[..1]);
    publish(&mut store, |publication| {
        record(publication, &indicator(1, "another"));
    });
    assert!(read(&mut store, None).is_empty());
}

#[test]
fn the_parts_of_an_indicator_are_written_down_with_titles() {
    let folder = folder();
    let mut store = open(folder.path());
    let text = |da: &str, en: &str| Text { da: da.to_owned(), en: en.to_owned() };
    let category = |code: &str, title: Text, values| Category { code: code.to_owned(), title, values };
    let sex = Dimension {
        name: FieldName::new("sex").expect("a name"),
        title: text("Køn", "Sex"),
        categories: vec![
            category("1", text("Mænd", "Men"), CategoryValues::Code(vec![Validity::default()])),
            category("2", text("Kvinder", "Women"), CategoryValues::Code(vec![Validity::default()])),
        ],
    };
    let age = Dimension {
        name: FieldName::new("age").expect("a name"),
        title: text("Alder", "Age"),
        categories: vec![category("67+", text("67 og derover", "67 or more"), CategoryValues::Band(Some(67), None))],
    };
    let by = |dimensions: &[usize], additive| Breakdown { dimensions: dimensions.to_vec(), additive };
    let broken_down = Indicator {
        dimensions: vec![sex, age],
        breakdowns: vec![by(&[0], true), by(&[1, 0], false)],
        ..indicator(1, "one")
    };
    let part = |breakdown: &str, value| Observation { breakdown: breakdown.to_owned(), ..figure(1, "2024", value) };
    for _ in 0..2 {
        publish(&mut store, |publication| {
            publication.areas(&areas()).expect("areas");
            record(publication, &broken_down);
            let figures = [figure(1, "2024", 300), part("sex=1", 100), part("sex=2", 200)];
            publication.figures(&figures, AsDefined::Then, &|_| Why::Delivery).expect("figures");
        });
    }
    let parts = "SELECT breakdown || ' ' || dimension || ' ' || sequence || ' ' || category_title_da || ' ' || additive
        FROM breakdown ORDER BY breakdown, dimension";
    assert_eq!(
        texts(folder.path(), parts),
        [
            "age=67+,sex=1 age 1 67 og derover 0",
            "age=67+,sex=1 sex 1 Mænd 0",
            "age=67+,sex=2 age 1 67 og derover 0",
            "age=67+,sex=2 sex 2 Kvinder 0",
            "sex=1 sex 1 Mænd 1",
            "sex=2 sex 2 Kvinder 1",
        ]
    );
    let joined = "SELECT b.category_title_en || ' ' || o.value_exact FROM latest_observation AS o
        JOIN breakdown AS b USING (indicator, version, breakdown) WHERE b.dimensions = 'sex' ORDER BY b.sequence";
    assert_eq!(texts(folder.path(), joined), ["Men 1.00", "Women 2.00"]);
    let snapshot = store.read().expect("a snapshot");
    let of = |breakdown: &str| FigureFilter { breakdown: Some(breakdown.to_owned()), ..FigureFilter::default() };
    assert_eq!(snapshot.figures(&of("sex=2")).expect("figures").len(), 1);
    let then = series(1, AsDefined::Then);
    let keys = snapshot.observed(&then).expect("keys");
    drop(snapshot);
    let gone = keys.into_iter().filter(|key| key.breakdown == "sex=1").collect();
    publish(&mut store, |publication| {
        assert_eq!(publication.close_observations(&then, &gone).expect("closed"), 1);
        // A definition that is broken down no more has no parts.
        record(publication, &indicator(1, "two"));
    });
    let left = texts(folder.path(), "SELECT breakdown FROM latest_observation ORDER BY breakdown");
    assert_eq!(left, ["sex=2", "total"]);
    assert_eq!(number(folder.path(), "SELECT count(*) FROM breakdown"), 0);
}

#[test]
fn measures_of_parts_stand_beside_those_of_the_total() {
    let folder = folder();
    let mut store = open(folder.path());
    let then = series(1, AsDefined::Then);
    let part =
        |breakdown: &str, minor| MeasureValue { breakdown: breakdown.to_owned(), ..measure("2024", Some(minor)) };
    let values = [part("sex=1", 1), part("sex=2", 2), part("total", 3)];
    publish(&mut store, |publication| {
        record(publication, &indicator(1, "one"));
        publication.measures(&values, AsDefined::Then).expect("measures");
        publication.measures(&[part("sex=2", 2)], AsDefined::Then).expect("the same again");
    });
    assert_eq!(store.read().expect("a snapshot").measures_of(&then, None).expect("measures"), values);
    publish(&mut store, |publication| {
        publication.remove_measures(&then, &[(municipality("0751"), period("2024"))].into()).expect("removed");
    });
    assert!(store.read().expect("a snapshot").measures_of(&then, None).expect("measures").is_empty());
}

#[test]
fn what_is_held_has_no_value_for_readers_and_one_for_whoever_approves() {
    let folder = folder();
    let mut store = open(folder.path());
    let held = Observation { held: true, ..figure(1, "2025", 250) };
    publish_figures(&mut store, 1, &[figure(1, "2024", 100), held.clone()]);
    let snapshot = store.read().expect("a snapshot");
    let figures = snapshot.figures(&FigureFilter::default()).expect("figures");
    let shown: Vec<_> = figures.iter().map(|one| (one.value.is_some(), one.confidentiality.as_str())).collect();
    assert_eq!(shown, [(true, "F"), (false, "N")]);
    assert!(figures[1].numerator.is_none() && figures[1].denominator.is_none());
    let waiting = snapshot.held().expect("what is held");
    assert_eq!(waiting.len(), 1);
    assert_eq!((waiting[0].key.clone(), waiting[0].value.as_deref()), (FigureKey::of(&held), Some("2.50")));
    drop(snapshot);
    let receipt = publish_figures(&mut store, 1, &[figure(1, "2024", 100), figure(1, "2025", 250)]);
    assert_eq!((receipt.figures_new, receipt.figures_changed), (0, 1));
    let snapshot = store.read().expect("a snapshot");
    let revisions = snapshot.revisions((&held.indicator, AsDefined::Then), &FigureKey::of(&held)).expect("revisions");
    let revisions: Vec<_> = revisions.iter().map(|one| (one.value.as_deref(), one.held)).collect();
    assert_eq!(revisions, [(None, true), (Some("2.50"), false)]);
}
