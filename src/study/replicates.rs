//! The replicates that a folder of results holds for a fit: what predictions are made from.
//!
//! Predictions read them from `replicates.tsv`, also right after a bootstrap, so that a result does not depend on whether
//! the replicates were made by the same command or long before.

use std::path::Path;

use serde::Deserialize;

use super::fitted::Fitted;
use super::open::Prepared;
use super::result::{IntegrationSettings, ProblemHash};
use super::stage_bootstrap::RESULT;
use crate::objective::target::to_scaled;
use crate::objective::{Objective, Target as _};
use crate::simulate::Settings;
use crate::uncertainty::bootstrap::{Draw, Kind};

/// Name of the table.
pub const TABLE: &str = "replicates.tsv";

/// Replicates of a fit.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Recorded {
    /// Replicates asked for.
    pub samples: u64,
    /// Parameter vectors on the estimation scale of those that succeeded, in order, with their numbers.
    pub thetas: Vec<(u64, Vec<f64>)>,
}

impl Recorded {
    /// Parameter vectors of the first `samples` replicates.
    pub fn first(self, samples: u64) -> Vec<Vec<f64>> {
        self.thetas
            .into_iter()
            .filter(|(k, _)| *k <= samples)
            .map(|(_, theta)| theta)
            .collect()
    }
}

/// Why the replicates of a folder are not used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotUsable {
    /// There are none.
    #[error("there is no bootstrap in this folder")]
    Missing,
    /// A file cannot be read.
    #[error("{0} cannot be read")]
    Unreadable(&'static str),
    /// They are of something else.
    #[error("{0} of the bootstrap in this folder differ from this fit's")]
    Differs(&'static str),
}

/// What of `bootstrap.json` says whether it belongs to a fit.
#[derive(Debug, Deserialize)]
struct Written {
    problem: ProblemHash,
    scenario: String,
    seed: u64,
    optimum: Vec<f64>,
    integration: IntegrationSettings,
    kind: Kind,
    draw: Option<Draw>,
    fixed_priors: bool,
    samples: u64,
}

/// How the replicates must have been drawn.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Drawn {
    /// What was redrawn.
    pub kind: Kind,
    /// How means were drawn.
    pub draw: Draw,
    /// Whether priors were kept.
    pub fixed_priors: bool,
    /// Seed, if one is asked for.
    pub seed: Option<u64>,
}

/// The replicates of a folder, if they are those of this fit.
///
/// # Errors
/// [`NotUsable`].
pub fn recorded(
    folder: &Path,
    prepared: &Prepared,
    objective: &Objective,
    fitted: &Fitted,
    integration: &Settings,
    drawn: Drawn,
) -> Result<Recorded, NotUsable> {
    let bytes = std::fs::read(folder.join(RESULT)).map_err(|_| NotUsable::Missing)?;
    let written: Written =
        serde_json::from_slice(&bytes).map_err(|_| NotUsable::Unreadable(RESULT))?;
    let draw = written.draw.filter(|_| written.kind == Kind::Parametric);
    let differs = [
        (
            "the problem",
            written.problem.canonical_sha256 != prepared.canonical.sha256(),
        ),
        ("the scenario", written.scenario != prepared.scenario.id),
        ("the estimates", written.optimum != fitted.optimum.theta),
        (
            "the tolerances",
            written.integration != IntegrationSettings::of(integration),
        ),
        ("the kind", written.kind != drawn.kind),
        ("the draws", draw.is_some_and(|d| d != drawn.draw)),
        ("the priors", written.fixed_priors != drawn.fixed_priors),
        (
            "the seed",
            drawn.seed.is_some_and(|seed| seed != written.seed),
        ),
    ];
    if let Some((what, _)) = differs.iter().find(|(_, differ)| *differ) {
        return Err(NotUsable::Differs(what));
    }
    let text =
        std::fs::read_to_string(folder.join(TABLE)).map_err(|_| NotUsable::Unreadable(TABLE))?;
    let thetas = rows(&text, objective).ok_or(NotUsable::Unreadable(TABLE))?;
    Ok(Recorded {
        samples: written.samples,
        thetas,
    })
}

/// Rows of the table after that of the fit, without those that failed.
fn rows(text: &str, objective: &Objective) -> Option<Vec<(u64, Vec<f64>)>> {
    let mut lines = text.lines();
    let head: Vec<&str> = lines.next()?.split('\t').collect();
    let column = |name: &str| head.iter().position(|h| *h == name);
    let index = column("replicate")?;
    let failure = column("failure")?;
    let columns: Vec<(usize, crate::problem::Scale)> = objective
        .coordinates()
        .iter()
        .map(|c| column(&c.id).map(|k| (k, c.scale)))
        .collect::<Option<_>>()?;
    let mut list = Vec::new();
    for line in lines {
        let cells: Vec<&str> = line.split('\t').collect();
        let k: u64 = cells.get(index)?.parse().ok()?;
        if k == 0 || !cells.get(failure)?.is_empty() {
            continue;
        }
        let theta = columns
            .iter()
            .map(|(at, scale)| Some(to_scaled(*scale, cells.get(*at)?.parse().ok()?)))
            .collect::<Option<Vec<f64>>>()?;
        list.push((k, theta));
    }
    Some(list)
}
