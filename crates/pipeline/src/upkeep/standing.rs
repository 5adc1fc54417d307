//! Where the store stands after a run, in numbers.

use std::collections::BTreeMap;

use loader::Store;
use model::Pipeline;

use super::size;
use crate::{Project, RunError};

/// Where the store stands, in numbers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Standing {
    /// Rejected rows that are still to be seen to.
    pub rejects_open: u64,
    /// Deliveries by state.
    pub deliveries: BTreeMap<String, u64>,
    /// Units that hold, of the pipeline's sources.
    pub units_done: u64,
    /// Bytes by what they are: `database`, `raw`, `canonical`, `reports`.
    pub bytes: BTreeMap<&'static str, u64>,
}

/// Counts. The time that it takes follows the number of files in the store.
pub fn standing(project: &Project, pipeline: &Pipeline) -> Result<Standing, RunError> {
    let root = project.store();
    let mut store = Store::open_read_only(&root)?;
    let reading = store.read()?;
    let units = reading.units_by_source()?;
    let sources: std::collections::BTreeSet<&str> = pipeline.uses.iter().map(|usage| usage.source.as_str()).collect();
    let mut bytes = BTreeMap::from([("database", size::of_database(&root))]);
    for part in ["raw", "canonical", "reports"] {
        let folder = root.join(part);
        bytes.insert(part, size::of_folder(&folder).map_err(RunError::file(&folder))?);
    }
    Ok(Standing {
        rejects_open: reading.open_rejects()?,
        deliveries: reading.delivery_states()?,
        units_done: sources.iter().filter_map(|source| units.get(*source)).sum(),
        bytes,
    })
}
