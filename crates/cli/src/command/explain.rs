//! `musketer explain`: a figure down to the raw line, the versions of an indicator, or what a code means.

use model::Code;
use pipeline::{Queries, RunError};

use crate::arguments::{Common, ExplainArguments, Format};
use crate::exit::Exit;
use crate::render;

pub(crate) fn explain(common: &Common, own: &ExplainArguments) -> Result<Exit, RunError> {
    if let Some(code) = Code::parse(&own.subject) {
        render::result(&render::explain::code(code))?;
        return Ok(Exit::Ok);
    }
    if let Some(rule) = definitions::Rule::all().find(|rule| rule.id == own.subject) {
        render::result(&render::explain::rule(rule))?;
        return Ok(Exit::Ok);
    }
    if looks_like_a_code(&own.subject) {
        return Err(RunError::Usage {
            code: Code::NOTHING_KNOWN,
            message: format!("there is no code `{}`", own.subject),
            help: "codes are those that messages show, for example M5102".to_owned(),
        });
    }
    let project = super::project(common)?;
    let versions = &project.catalogue.versions(&own.subject).collect::<Vec<_>>();
    if own.municipality.is_none() && own.period.is_none() && own.format == Format::Text && !versions.is_empty() {
        render::result(&render::explain::versions(versions))?;
        return Ok(Exit::Ok);
    }
    let (Some(area), Some(period)) = (&own.municipality, own.period) else {
        return Err(RunError::Usage {
            code: Code::NOTHING_KNOWN,
            message: format!("which figure of `{}` is meant?", own.subject),
            help: "say whom and when: --municipality 0751 --period 2024 (a region's code or DK also works)".to_owned(),
        });
    };
    let subject = (own.subject.as_str(), own.definitions.as_defined());
    let figure = (area.as_str(), period, own.breakdown.as_str());
    let (day, as_of) = (own.municipalities_of, own.moment.as_of.as_ref());
    let explanation = Queries::open(&project)?.explain(subject, figure, day, as_of, own.rows)?;
    match own.format {
        Format::Json => render::result(&render::json(&explanation)?)?,
        Format::Text => render::result(&render::explain::text(&explanation))?,
    }
    Ok(Exit::Ok)
}

/// `M` and digits alone: meant as a code, for no indicator is named so.
fn looks_like_a_code(subject: &str) -> bool {
    let digits = subject.strip_prefix(['M', 'm']);
    digits.is_some_and(|digits| !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()))
}
