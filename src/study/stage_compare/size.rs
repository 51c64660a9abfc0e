//! The size of the test of a nested pair: how often it rejects the smaller variant where that is true.

use super::super::job::{Begin, Job};
use super::super::stage_fit::StageError;
use super::{CompareStage, Workspace};
use crate::uncertainty::compare::{self, PairContext, SizeReplicate};

/// Kind of the checkpoint of the data sets.
const KIND: &str = "compare-size";

impl CompareStage<'_> {
    /// Data sets drawn from the smaller variant of a pair.
    fn size_job(&self, small: &str, large: &str) -> Job {
        let mut parts = self.parts();
        parts.insert("pair".into(), format!("{small}:{large}"));
        Job {
            kind: KIND.into(),
            called: "data sets",
            first: 1,
            units: self.samples,
            common: false,
            parts,
        }
    }

    /// Fits the variants, and measures how often the bootstrap likelihood ratio of the nested pair `small`, `large` rejects
    /// the smaller one in data drawn from it. Fits of an earlier comparison are taken over where they are of the same
    /// inputs.
    ///
    /// # Errors
    /// [`StageError`]; `Ok(None)` if one of the two has no fit, or data cannot be drawn from it.
    pub fn size(
        &self,
        small: &str,
        large: &str,
        progress: &(dyn Fn() + Sync),
    ) -> Result<Option<compare::TestSize>, StageError> {
        let (fits, _) = self.fits(Begin::ResumeOrAnew, progress)?;
        let (starts, _) = self.starts_of(&fits);
        let variants = self.variants(&starts)?;
        let (fitted, _) = compare::fit_variants(&variants, &self.search);
        let find = |id: &str| {
            Some((
                variants.iter().find(|v| v.id == id)?,
                fitted.iter().find(|f| f.id == id)?,
            ))
        };
        let Some((a, b)) = find(small).zip(find(large)) else {
            return Ok(None);
        };
        let Ok(context) = PairContext::new(a, b, self.seed, self.search) else {
            return Ok(None);
        };
        let done = self.size_job(small, large).run(
            &self.manner,
            || None::<(Workspace, Workspace)>,
            |k, ws| context.size_replicate(k, ws.get_or_insert_with(|| context.workspaces())),
            progress,
        )?;
        let list: Vec<SizeReplicate> = done.records.into_values().collect();
        Ok(Some(context.size(&list)))
    }
}
