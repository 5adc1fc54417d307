//! A plan that somebody has looked at, and whether it is still the one that a run would carry out.

use std::collections::BTreeSet;

use model::Code;
use serde::Deserialize;

use super::{Plan, PlanState, SCHEMA_VERSION};
use crate::RunError;

/// Deliveries that are named where more have moved.
const NAMED: usize = 3;

/// A plan as it was read from a file: what tells whether it still holds.
#[derive(Debug, Clone, Deserialize)]
pub struct Reviewed {
    schema_version: u32,
    fingerprint: String,
    /// The pipeline that it is for.
    pub pipeline: String,
    state: PlanState,
    deliveries: Vec<Named>,
}

#[derive(Debug, Clone, Deserialize)]
struct Named {
    action: String,
    delivery: String,
    name: String,
}

/// What every layout of a plan says.
#[derive(Deserialize)]
struct Layout {
    schema_version: u32,
}

impl Reviewed {
    /// Reads a plan. `name` is what it is called in messages.
    pub fn parse(name: &str, text: &str) -> Result<Self, RunError> {
        let unreadable = |what: String| RunError::usage(Code::PLAN_UNREADABLE, format!("{name} {what}"));
        let no_plan = |error: serde_json::Error| unreadable(format!("is no plan: {error}"));
        let layout: Layout = serde_json::from_str(text).map_err(no_plan)?;
        if layout.schema_version != SCHEMA_VERSION {
            let found = layout.schema_version;
            return Err(unreadable(format!("has the layout {found} of plans; this version knows {SCHEMA_VERSION}")));
        }
        serde_json::from_str(text).map_err(no_plan)
    }

    /// An error that says what has moved, if the plan of the moment is another one.
    pub(crate) fn assert_unmoved(&self, now: &Plan) -> Result<(), RunError> {
        if self.fingerprint == now.fingerprint && self.schema_version == now.schema_version {
            return Ok(());
        }
        let moved = self.moved(now);
        let moved = if moved.is_empty() { "what would be done is something else".to_owned() } else { moved.join("; ") };
        Err(RunError::usage(Code::PLAN_MOVED, format!("the plan does not hold any more: {moved}")))
    }

    fn moved(&self, now: &Plan) -> Vec<String> {
        let (then, today) = (&self.state, &now.state);
        let mut moved = Vec::new();
        if then.store != today.store {
            moved.push(format!("it was made for the store {}, this one is {}", then.store, today.store));
        }
        if (&then.engine_version, &then.semantics) != (&today.engine_version, &today.semantics) {
            moved.push(format!("it was made by version {}, this is {}", then.engine_version, today.engine_version));
        }
        if then.latest_run != today.latest_run {
            let run = |run: Option<i64>| run.map_or("no run".to_owned(), |run| format!("run {run}"));
            let (then, today) = (run(then.latest_run), run(today.latest_run));
            moved.push(format!("the store was written meanwhile: the latest was {then}, now it is {today}"));
        }
        if then.definitions != today.definitions {
            moved.push("the definitions have changed".to_owned());
        }
        let before: BTreeSet<_> =
            self.deliveries.iter().map(|one| (one.action.as_str(), one.delivery.as_str(), one.name.as_str())).collect();
        let after: BTreeSet<_> =
            now.deliveries.iter().map(|one| (one.action.as_str(), one.delivery.as_str(), one.name.as_str())).collect();
        let named = |of: Vec<&(&str, &str, &str)>| {
            let names: Vec<&str> = of.iter().take(NAMED).map(|(.., name)| *name).collect();
            let more = of.len().saturating_sub(NAMED);
            names.join(", ") + &if more > 0 { format!(" and {more} more") } else { String::new() }
        };
        let come: Vec<_> = after.difference(&before).collect();
        if !come.is_empty() {
            moved.push(format!("now it would have to do with {}", named(come)));
        }
        let gone: Vec<_> = before.difference(&after).collect();
        if !gone.is_empty() {
            moved.push(format!("it had to do with {}", named(gone)));
        }
        if moved.is_empty() && then.files != today.files {
            moved.push("the files in the drop folder have changed".to_owned());
        }
        moved
    }
}
