//! The definitions that are part of this repository.

use model::{Date, MunicipalityCode};
use musketer_definitions::{load_in, load_project};

use crate::tree;

#[test]
fn shipped_definitions_are_sound() {
    let root = tree::repository();
    let bytes = std::fs::read(root.join("musketer.yaml")).expect("the project file");
    let (project, findings) = load_project("musketer.yaml", &bytes);
    assert_eq!(tree::plainly(&findings), "");
    let files = tree::project(&root);
    let (catalogue, findings) = load_in(&project, &files);
    assert_eq!(tree::plainly(&findings), "");
    let yaml = files.keys().filter(|path| matches!(path.rsplit_once('.'), Some((_, "yaml")))).count();
    let loaded = catalogue.codelists.len()
        + catalogue.datasets.len()
        + catalogue.sources.len()
        + catalogue.all_versions().count()
        + catalogue.pipelines.len();
    assert_eq!(loaded, yaml, "every file becomes a definition");
    let list = catalogue.municipalities().expect("the municipalities");
    let on = |day: &str| {
        let day = Date::parse_iso(day).expect(day);
        let is_there = |code: &&MunicipalityCode| {
            let index = list.index_of(&code.to_string()).expect("a code of the list");
            list.attribute(index, "kind", day) == Some("municipality")
        };
        catalogue.municipality_codes().iter().filter(is_there).count()
    };
    assert_eq!((on("2007-01-01"), on("2024-05-01"), on("2027-01-01")), (98, 98, 98));
    assert!(catalogue.municipality_codes().len() > 98, "those of before the reform as far as they are known");
    let pipeline = project.pipeline.as_ref().expect("a default pipeline");
    assert!(catalogue.pipelines.contains_key(pipeline), "the default pipeline exists");
}
