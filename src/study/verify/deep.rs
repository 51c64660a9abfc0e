//! What takes time to verify: the optimum, profiles, replicates, the whole bootstrap, and what stands in a folder.

use super::super::expected::{Expected, rise_over};
use super::super::fitted::Fitted;
use super::{SAME_OBJECTIVE, Verification};
use crate::fit;
use crate::objective::{Objective, Target as _};
use crate::search::Want;
use crate::uncertainty::bootstrap::Replicate;

/// Distance in standard errors within which an estimate counts as the same.
const SAME_ESTIMATE: f64 = 0.1;
/// Part of its width by which an end of an interval may move: about the Monte-Carlo error of 1000 replicates.
const SAME_END: f64 = 0.02;

/// Share of its rise by which a point of a profile may move.
const SAME_RISE: f64 = 0.01;

impl Verification {
    /// Depth 2: first-order conditions and a refit from the optimum.
    pub fn optimum(&mut self, expected: &Expected, objective: &Objective) {
        let theta: Vec<f64> = expected.optimum.iter().map(|c| c.scaled).collect();
        let mut ws = objective.workspace();
        let Ok(e) = objective.evaluate(&theta, objective.data(), Want::Derivatives, &mut ws) else {
            self.say(
                2,
                "gradient",
                false,
                "the recorded optimum cannot be evaluated",
            );
            return;
        };
        // In units of the objective: the gain that a step of one standard error would promise.
        let steepest = expected
            .optimum
            .iter()
            .zip(&e.gradient)
            .filter(|(c, _)| c.held == 0)
            .map(|(c, g)| g.abs() * c.standard_error.unwrap_or(1.0))
            .fold(0.0, f64::max);
        self.number(
            2,
            "gradient in standard errors".into(),
            0.0,
            steepest,
            SAME_ESTIMATE,
        );
        let options = crate::search::Options::default();
        match fit::refit(objective, objective.data(), &theta, &[], &options, &mut ws) {
            Err(e) => self.say(2, "refit", false, e.to_string()),
            Ok(o) => {
                let at_bounds: bool = expected
                    .optimum
                    .iter()
                    .zip(&o.at_bound)
                    .all(|(c, side)| (c.held != 0) == side.is_some());
                self.say(
                    2,
                    "bounds",
                    at_bounds,
                    "the same parameters lie at their bounds",
                );
                if !self.number(
                    2,
                    "objective after a refit".into(),
                    e.value,
                    o.evaluated.value,
                    SAME_OBJECTIVE,
                ) {
                    self.blame(
                        "results",
                        "the recorded point is no optimum: a refit from it gets lower",
                    );
                }
                for ((c, now), coordinate) in expected
                    .optimum
                    .iter()
                    .zip(&o.theta)
                    .zip(objective.coordinates())
                {
                    let se = c
                        .standard_error
                        .unwrap_or(coordinate.upper - coordinate.lower);
                    self.number(
                        2,
                        format!("estimate {}", c.id),
                        c.scaled,
                        *now,
                        SAME_ESTIMATE * se,
                    );
                }
            }
        }
    }

    /// Depth 2: the likelihood profiles about where their intervals end.
    pub fn profile(&mut self, expected: &Expected, objective: &Objective) {
        let theta: Vec<f64> = expected.optimum.iter().map(|c| c.scaled).collect();
        let best = rise_over(objective, &theta, None);
        for p in &expected.profile {
            let name = format!("profile of {} held at {:.6}", p.id, p.scaled);
            let at = objective.coordinates().iter().position(|c| c.id == p.id);
            let there = at.and_then(|j| rise_over(objective, &theta, Some((j, p.scaled))));
            match best.zip(there) {
                Some((best, there)) => {
                    // A search ends within a share of what it has climbed.
                    let tolerance = SAME_OBJECTIVE.max(SAME_RISE * p.rise.abs());
                    self.number(2, name, p.rise, there - best, tolerance);
                }
                None => self.say(2, name, false, "no minimum is found any more"),
            }
        }
    }

    /// Depth 3: a replicate replayed.
    pub fn replicate(
        &mut self,
        expected: &Expected,
        recorded: &super::super::expected::RecordedReplicate,
        now: &Replicate,
    ) {
        let name = format!("replicate {}", recorded.index);
        match (recorded.objective, now.objective) {
            (None, None) => self.say(3, name, true, "fails as recorded"),
            (Some(a), Some(b)) => {
                self.number(3, format!("{name}: objective"), a, b, SAME_OBJECTIVE);
                let largest = expected
                    .optimum
                    .iter()
                    .zip(recorded.theta.iter().zip(&now.theta))
                    .filter_map(|(c, (a, b))| Some((a - b).abs() / c.standard_error?))
                    .fold(0.0, f64::max);
                self.number(
                    3,
                    format!("{name}: largest shift in standard errors"),
                    0.0,
                    largest,
                    SAME_ESTIMATE,
                );
            }
            _ => self.say(3, name, false, "failed then or now, not both times"),
        }
    }

    /// Depth 4: the whole fit and the whole bootstrap.
    pub fn whole(
        &mut self,
        expected: &Expected,
        fitted: &Fitted,
        bootstrap: Option<&super::super::stage_bootstrap::Bootstrapped>,
    ) {
        let recorded = expected.numbers.iter().find(|n| n.name == "objective");
        if let Some(n) = recorded {
            self.number(
                4,
                "objective of a new fit".into(),
                n.value,
                fitted.document.objective,
                SAME_OBJECTIVE,
            );
        }
        let (Some(then), Some(now)) = (&expected.bootstrap, bootstrap) else {
            return;
        };
        self.number(
            4,
            "replicates that succeeded".into(),
            then.succeeded as f64,
            now.document.bootstrap.succeeded as f64,
            0.5,
        );
        for i in &then.intervals {
            let Some(found) = i.among(&now.document.bootstrap.intervals) else {
                self.say(4, format!("interval {}", i.id), false, "not computed");
                continue;
            };
            let width = i.upper.zip(i.lower).map_or(f64::INFINITY, |(u, l)| u - l);
            for (side, then, now) in [
                ("lower", i.lower, found.interval.lower.closed()),
                ("upper", i.upper, found.interval.upper.closed()),
            ] {
                let name = format!("{side} end of {}", i.id);
                match (then, now) {
                    (Some(a), Some(b)) => {
                        let scale = if width.is_finite() { width } else { a.abs() };
                        self.number(4, name, a, b, SAME_END * scale);
                    }
                    (None, None) => self.say(4, name, true, "not closed, as recorded"),
                    _ => self.say(4, name, false, "closed then or now, not both times"),
                }
            }
        }
    }

    /// Depth 1 with a folder of results: what stands there is what was recorded.
    pub fn results(
        &mut self,
        expected: &Expected,
        stored: &super::super::stage_fit::Stored,
        replicates: Option<usize>,
    ) {
        let recorded = expected.numbers.iter().find(|n| n.name == "objective");
        let mut same = true;
        if let Some(n) = recorded {
            same &= self.number(
                1,
                "results: objective".into(),
                n.value,
                stored.objective,
                n.abs_tol,
            );
        }
        for (c, x) in expected.optimum.iter().zip(&stored.optimum) {
            if (c.scaled - x).abs() > SAME_ESTIMATE * c.standard_error.unwrap_or(1.0) {
                same = false;
                self.number(
                    1,
                    format!("results: {}", c.id),
                    c.scaled,
                    *x,
                    SAME_ESTIMATE * c.standard_error.unwrap_or(1.0),
                );
            }
        }
        if let (Some(b), Some(rows)) = (&expected.bootstrap, replicates) {
            same &= self.number(
                1,
                "results: rows of replicates.tsv".into(),
                (b.samples + 1) as f64,
                rows as f64,
                0.5,
            );
        }
        if !same {
            self.blame(
                "results",
                "the files in the folder of the results are not those that were recorded",
            );
        }
    }
}
