//! Profiles walked to their ends, for widths and for the share of ends that are not closed.

use crate::fit::Optimum;
use crate::objective::target::to_scaled;
use crate::objective::{Data, Target};

use super::super::profile::{
    Context as ProfileContext, Item, Options as ProfileOptions, Outcome, profile_item,
};
use super::set::Set;

/// Accuracy of an end, of its distance from the estimate: widths are quoted as medians with three digits.
const ACCURACY: f64 = 2e-3;
/// First step of a walk in units of the expected distance of the end.
const STEP: f64 = 1.0;
/// Most refits of one side.
const MAX_REFITS: usize = 40;

impl<T: Target> Set<'_, '_, T> {
    /// Walks the profile of every parameter and adds its width to the row of `kind`.
    pub(super) fn widths(
        &mut self,
        kind: &str,
        data: &Data,
        best: &Optimum,
        ws: &mut T::Workspace,
    ) {
        let options = ProfileOptions {
            level: self.ctx.options.level,
            beyond: 0,
            accuracy: ACCURACY,
            step: STEP,
            max_refits: MAX_REFITS,
            second_look: false,
            search: self.ctx.options.search,
            ..ProfileOptions::default()
        };
        let items = (0..self.truth.len()).map(Item::Parameter).collect();
        let seed = self.nested_seed();
        let Ok(ctx) =
            ProfileContext::new(self.ctx.target, data, best.clone(), items, options, seed)
        else {
            return;
        };
        for j in 0..self.truth.len() {
            let Outcome::Done(profile) = profile_item(j as u64, &ctx, ws) else {
                continue;
            };
            let scale = self.ctx.target.coordinates()[j].scale;
            let width = profile
                .interval
                .ends()
                .map(|(a, b)| to_scaled(scale, b) - to_scaled(scale, a));
            if let Some(cell) = self.cell_mut(kind, j) {
                cell.width = width;
                cell.open = Some(width.is_none());
            }
        }
    }
}
