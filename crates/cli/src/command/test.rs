//! `musketer test`: do the definitions give what their tests expect? Offline, without a store.

use pipeline::RunError;
use pipeline::testing::{TestOptions, test as carry_out};

use crate::arguments::{Common, TestArguments, TestFormat};
use crate::exit::Exit;
use crate::render;

pub(crate) fn test(common: &Common, own: &TestArguments) -> Result<Exit, RunError> {
    let project = super::project(common)?;
    let options = TestOptions { select: own.select.clone(), write: own.write, coverage: own.coverage };
    let report = carry_out(&project, &options)?;
    let files = render::test::files(&report, &project);
    render::findings::text::show(&report.errors, &files);
    match own.format {
        TestFormat::Json => render::result(&render::json(&report)?)?,
        TestFormat::Junit => render::result(&render::test::junit(&report))?,
        TestFormat::Text => {
            for case in &report.cases {
                let known = |finding: &&model::Diagnostic| report.errors.contains(finding);
                let own: Vec<_> = case.diagnostics.iter().filter(|finding| !known(finding)).cloned().collect();
                render::findings::text::show(&own, &files);
            }
            render::result(&render::test::text(&report, common.quiet))?;
        }
    }
    Ok(if report.is_bad() { Exit::Findings } else { Exit::Ok })
}
