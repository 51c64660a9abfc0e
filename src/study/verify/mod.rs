//! Whether a recorded result reproduces, and if not, why.

mod deep;

use std::collections::BTreeMap;

use serde::Serialize;

use super::claims::Judged;
use super::expected::{Expected, tightened, values};
use super::fitted::Fitted;
use super::open::Prepared;
use crate::objective::{Objective, Target as _};

/// Rise of the objective within which an optimum counts as the same (a −log likelihood).
const SAME_OBJECTIVE: f64 = 0.01;
/// A comparison.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Check {
    /// What was compared.
    pub name: String,
    /// Depth that it belongs to.
    pub depth: u8,
    /// Whether it holds.
    pub holds: bool,
    /// Recorded number.
    pub expected: Option<f64>,
    /// Number found.
    pub found: Option<f64>,
    /// Largest difference that passes.
    pub tolerance: Option<f64>,
    /// In words, where numbers do not say it.
    pub message: Option<String>,
}

/// Why a result does not reproduce.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Cause {
    /// `data`, `model`, `parameters`, `bounds`, `priors`, `experiments`, `observables`, `relations`, `units`, `settings`,
    /// `record`, `results`, `program version`, `integrator accuracy`, `processor`, `claims`.
    pub cause: String,
    /// In words.
    pub text: String,
}

/// The outcome of a verification.
#[derive(Debug, Clone, PartialEq, Serialize, Default)]
pub struct Verification {
    /// Comparisons.
    pub checks: Vec<Check>,
    /// Causes of those that fail.
    pub causes: Vec<Cause>,
}

impl Verification {
    /// Whether everything reproduces.
    pub fn holds(&self) -> bool {
        self.checks.iter().all(|c| c.holds)
    }

    fn number(
        &mut self,
        depth: u8,
        name: String,
        expected: f64,
        found: f64,
        tolerance: f64,
    ) -> bool {
        let holds = (expected - found).abs() <= tolerance;
        self.checks.push(Check {
            name,
            depth,
            holds,
            expected: Some(expected),
            found: Some(found),
            tolerance: Some(tolerance),
            message: None,
        });
        holds
    }

    /// Adds a comparison in words.
    pub fn say(
        &mut self,
        depth: u8,
        name: impl Into<String>,
        holds: bool,
        message: impl Into<String>,
    ) {
        self.checks.push(Check {
            name: name.into(),
            depth,
            holds,
            expected: None,
            found: None,
            tolerance: None,
            message: Some(message.into()),
        });
    }

    /// Adds a cause, once.
    pub fn blame(&mut self, cause: &str, text: impl Into<String>) {
        if !self.causes.iter().any(|c| c.cause == cause) {
            self.causes.push(Cause {
                cause: cause.into(),
                text: text.into(),
            });
        }
    }

    /// Inputs and settings: whatever differs there is a cause by itself.
    pub fn inputs(
        &mut self,
        expected: &Expected,
        prepared: &Prepared,
        settings: &BTreeMap<String, String>,
    ) {
        let intact = expected.hash() == expected.content_sha256;
        self.say(1, "record", intact, "the record is as it was written");
        if !intact {
            self.blame("record", "expected.json was edited after it was recorded");
        }
        let now: BTreeMap<&str, &str> = prepared.canonical.parts().into_iter().collect();
        for (part, hash) in &expected.canonical {
            let same = now.get(part.as_str()).is_some_and(|h| h == hash);
            self.say(1, format!("input: {part}"), same, "as recorded");
            if !same {
                self.blame(
                    part,
                    format!("the {part} of the problem changed since the record was made"),
                );
            }
        }
        let changed: Vec<String> = expected
            .settings
            .iter()
            .filter(|(name, value)| settings.get(*name) != Some(value))
            .map(|(name, value)| {
                let found = settings.get(name).map_or("nothing", String::as_str);
                format!("{name}: {value} recorded, {found} now")
            })
            .collect();
        self.say(
            1,
            "settings",
            changed.is_empty(),
            if changed.is_empty() {
                "as recorded".into()
            } else {
                changed.join("; ")
            },
        );
        if !changed.is_empty() {
            self.blame("settings", changed.join("; "));
        }
    }

    /// Depth 1: numbers and simulations at the recorded optimum.
    pub fn numbers(&mut self, expected: &Expected, objective: &Objective) {
        let theta: Vec<f64> = expected.optimum.iter().map(|c| c.scaled).collect();
        let ids: Vec<&str> = objective
            .coordinates()
            .iter()
            .map(|c| c.id.as_str())
            .collect();
        let recorded: Vec<&str> = expected.optimum.iter().map(|c| c.id.as_str()).collect();
        if ids != recorded {
            self.say(
                1,
                "parameters",
                false,
                "the estimated parameters are not those of the record",
            );
            self.blame(
                "parameters",
                "other parameters are estimated than were recorded",
            );
            return;
        }
        let found = match values(objective, &theta) {
            Ok(found) => found,
            Err(e) => {
                self.say(
                    1,
                    "objective",
                    false,
                    format!("the recorded optimum cannot be evaluated: {e}"),
                );
                self.blame_numbers(expected, objective, &theta);
                return;
            }
        };
        let mut same = true;
        for n in &expected.numbers {
            match found.numbers.iter().find(|(name, _)| *name == n.name) {
                Some((_, value)) => {
                    same &= self.number(1, n.name.clone(), n.value, *value, n.abs_tol);
                }
                None => self.say(1, n.name.clone(), false, "not computed by this version"),
            }
        }
        let rows = objective.rows();
        for s in &expected.simulations {
            let name = format!(
                "{}@{}@{}",
                s.observable,
                s.experiment,
                s.time.map_or_else(|| "inf".into(), |t| t.to_string())
            );
            let at = rows.iter().position(|r| {
                r.observable == s.observable
                    && r.experiment == s.experiment
                    && Some(r.time).filter(|t| t.is_finite()) == s.time
            });
            match at.and_then(|i| found.simulated.get(i)) {
                Some(value) => same &= self.number(1, name, s.value, *value, s.abs_tol),
                None => self.say(1, name, false, "this row is no longer there"),
            }
        }
        if !same {
            self.blame_numbers(expected, objective, &theta);
        }
    }

    /// Why numbers differ although the inputs do not.
    fn blame_numbers(&mut self, expected: &Expected, objective: &Objective, theta: &[f64]) {
        if !self.causes.is_empty() {
            return;
        }
        let version = env!("CARGO_PKG_VERSION");
        if expected.program_version != version {
            self.blame(
                "program version",
                format!(
                    "recorded with version {}, this is {version}: its numbers differ",
                    expected.program_version
                ),
            );
            return;
        }
        let tight = values(&tightened(objective), theta).ok();
        let objective_of = |v: &super::expected::Values| v.numbers.first().map(|(_, x)| *x);
        let recorded = expected.numbers.iter().find(|n| n.name == "objective");
        let close = tight
            .as_ref()
            .and_then(objective_of)
            .zip(recorded)
            .is_some_and(|(t, n)| (t - n.value).abs() <= n.abs_tol);
        if close {
            self.blame(
                "integrator accuracy",
                "with tighter tolerances the recorded numbers come out: tighten `integration` in the plan and record again",
            );
        } else {
            self.blame(
                "processor",
                format!(
                    "inputs, settings and version are those of the record (made on {}): this build{} or this processor computes other numbers",
                    expected.target,
                    if cfg!(feature = "jit") { " (with machine code)" } else { "" }
                ),
            );
        }
    }

    /// Relations and facts at the recorded optimum.
    pub fn relations(&mut self, expected: &Expected, fitted: &Fitted) {
        for (id, holds) in &expected.relations {
            let now = fitted
                .document
                .relations
                .iter()
                .find(|r| r.id == *id)
                .and_then(|r| r.holds);
            self.say(
                1,
                format!("relation {id}"),
                now == Some(*holds),
                if *holds { "holds" } else { "does not hold" },
            );
        }
    }

    /// Numbers printed in the paper.
    pub fn claims(&mut self, claims: &[Judged]) {
        for c in claims {
            let found = c.recomputed.map_or_else(
                || c.reason.clone().unwrap_or_default(),
                |x| format!("printed {}, recomputed {x:.4}", c.printed),
            );
            let message = match (c.as_expected(), c.expected) {
                (true, true) => found,
                (true, false) => format!("{found}; not expected to agree"),
                (false, true) => format!("{found}: they do not agree"),
                (false, false) => format!("{found}: expected not to agree"),
            };
            if !c.as_expected() {
                self.blame("claims", format!("`{}`: {message}", c.id));
            }
            self.say(1, format!("claim {}", c.id), c.as_expected(), message);
        }
    }
}
