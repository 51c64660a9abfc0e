//! Single values, one row a replicate, as means with SD and n.

use std::collections::HashMap;
use std::sync::Arc;

use super::{Content, Mean};
use crate::diagnostic::{Finding, Source};
use crate::problem::findings::Findings;

/// Replaces the rows of each arm, observable and time by their mean, in the order of their first rows. A group of one has
/// no SD, which is reported.
pub(super) fn gather(content: &mut Content, source: &Arc<Source>, findings: &mut Findings) {
    let mut groups: Vec<(Mean, Vec<f64>)> = Vec::new();
    let mut places: HashMap<(usize, usize, u64), usize> = HashMap::new();
    for row in content.means.drain(..) {
        let value = row.mean;
        // −0 is 0 here.
        let key = (row.arm, row.readout, (row.time + 0.0).to_bits());
        let at = *places.entry(key).or_insert(groups.len());
        match groups.get_mut(at) {
            Some((_, values)) => values.push(value),
            None => groups.push((row, vec![value])),
        }
    }
    for (mut mean, values) in groups {
        let n = values.len() as f64;
        let centre = values.iter().sum::<f64>() / n;
        let squares: f64 = values.iter().map(|v| (v - centre) * (v - centre)).sum();
        // Of equal values the mean is another number by rounding, and the SD not 0.
        let equal = values.iter().all(|v| *v == mean.mean);
        let sd = (squares / (n - 1.0)).sqrt();
        if equal || !sd.is_finite() || sd <= 0.0 {
            let arm = content.arms.get(mean.arm).map_or("", |a| &a.label);
            let readout = content.readouts.get(mean.readout).map_or("", |r| &r.label);
            let what = if values.len() == 1 {
                "only one value"
            } else if equal {
                "values that are all the same"
            } else {
                "values whose scatter is no number"
            };
            findings.push(
                Finding::error(
                    "no-scatter",
                    format!(
                        "`{readout}` of arm `{arm}` at time {} has {what}: no SD follows from it",
                        mean.time
                    ),
                )
                .in_file(source.path.clone())
                .help("give means with `sd` and `n`, or an SD that is known otherwise"),
            );
        }
        mean.mean = centre;
        mean.sd = sd.to_string();
        mean.n = values.len().to_string();
        content.means.push(mean);
    }
    for (k, readout) in content.readouts.iter_mut().enumerate() {
        if let Some(first) = content.means.iter().find(|m| m.readout == k) {
            readout.first = first.mean;
        }
    }
}
