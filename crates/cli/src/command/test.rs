//! `musketer test`: do the definitions give what their tests expect? Offline, without a store.

use std::path::Path;

use pipeline::RunError;
use pipeline::testing::{TestOptions, test as carry_out};

use crate::arguments::{Common, TestArguments};
use crate::exit::Exit;
use crate::render::findings::{Finding, Findings, prefix};
use crate::render::{self, test as rendered};

pub(crate) fn test(common: &Common, own: &TestArguments) -> Result<Exit, RunError> {
    let project = super::project(common)?;
    let options = TestOptions { select: own.select.clone(), write: own.write, coverage: own.coverage };
    let report = carry_out(&project, &options)?;
    let files = rendered::files(&report, &project);
    let of_cases = report.cases.iter().flat_map(|case| rendered::own(&report, case));
    let findings = Findings {
        shown: report.errors.iter().chain(of_cases).map(Finding::from).collect(),
        prefix: prefix(Path::new("."), &project.root),
        summary: rendered::text(&report, false),
        trouble: rendered::text(&report, true),
        suites: Some(rendered::suites(&report)),
        json: Some(render::value(&report)?),
        ..Findings::new("test", rendered::found(&report), &files)
    };
    findings.write(&own.format, common.quiet)?;
    Ok(if report.is_bad() { Exit::Findings } else { Exit::Ok })
}
