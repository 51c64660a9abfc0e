//! Two models simulated from each other: the bootstrap likelihood ratio of nested pairs, and Cox's of others.

use serde::{Deserialize, Serialize};

use crate::objective::{Data, Target};
use crate::search::{self, Control};

use super::super::bootstrap::{BootstrapError, Draw, Options as DrawOptions};
use super::super::draw::Sampler;
use super::super::fisher::Linearised;
use super::super::information::{Exact, exact_fit};
use super::super::run::run;
use super::Pair;
use super::nested::embeddings;
use super::rank::{Fitted, SIZE, Variant};

/// What the replicates of a pair share.
pub struct PairContext<'a, T: Target> {
    /// First model: the smaller one of a nested pair.
    pub(super) first: &'a Variant<'a, T>,
    /// Second model.
    pub(super) second: &'a Variant<'a, T>,
    pub(super) fits: [&'a Fitted; 2],
    nested: bool,
    pub(super) samplers: [Sampler; 2],
    pub(super) search: search::Options,
    pub(super) seed: u64,
}

/// One simulated data set: both models refitted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PairReplicate {
    /// Number.
    pub index: u64,
    /// Deviance of the first minus that of the second, in data drawn from the first model.
    pub from_first: Option<f64>,
    /// The same in data drawn from the second; null for a nested pair, where it is not needed.
    pub from_second: Option<f64>,
    /// Reasons of failures.
    pub failures: Vec<String>,
}

impl<'a, T: Target> PairContext<'a, T> {
    /// Prepares a pair; of a nested pair `first` is the smaller.
    ///
    /// # Errors
    /// [`BootstrapError`] if data cannot be drawn from one of the fits.
    pub fn new(
        first: (&'a Variant<'a, T>, &'a Fitted),
        second: (&'a Variant<'a, T>, &'a Fitted),
        seed: u64,
        search: search::Options,
    ) -> Result<Self, BootstrapError> {
        let nested = first.0.nested_in.contains(&second.0.id);
        let sampler = |v: &Variant<'_, T>, f: &Fitted, from: &str| -> Result<_, BootstrapError> {
            let purpose = format!("compare {} {} from {from}", first.0.id, second.0.id);
            let options = DrawOptions {
                draw: Draw::PlugIn,
                seed,
                ..DrawOptions::default()
            };
            let data = v.target.data();
            let mut ws = v.target.workspace();
            let at = Linearised::at_optimum(v.target, data, &f.exact.optimum, &mut ws)?;
            Sampler::new(v.target, data, &at, &options, &purpose)
        };
        Ok(Self {
            samplers: [
                sampler(first.0, first.1, "first")?,
                sampler(second.0, second.1, "second")?,
            ],
            fits: [first.1, second.1],
            first: first.0,
            second: second.0,
            nested,
            search,
            seed,
        })
    }

    /// Observed difference of the deviances.
    pub fn observed(&self) -> f64 {
        self.fits[0].exact.deviance - self.fits[1].exact.deviance
    }

    /// Difference of the deviances in data drawn from one of the models, both refitted.
    fn difference(
        &self,
        k: u64,
        from: usize,
        ws: &mut (T::Workspace, T::Workspace),
    ) -> Result<f64, &'static str> {
        let drawn = self.samplers[from].draw(k);
        let (origin, other) = if from == 0 {
            (self.first, self.second)
        } else {
            (self.second, self.first)
        };
        let translated = translate(&drawn, origin.target, other.target);
        let (data_first, data_second) = if from == 0 {
            (&drawn, &translated)
        } else {
            (&translated, &drawn)
        };
        let from = &self.fits[0].exact.optimum.theta;
        Ok(self.both([data_first, data_second], from, ws)?.0)
    }

    /// Both models fitted to the same data, as each of them reads it, the first `from` a point of its own: the difference of
    /// the deviances, and the first one's fit.
    pub(super) fn both(
        &self,
        data: [&Data; 2],
        from: &[f64],
        ws: &mut (T::Workspace, T::Workspace),
    ) -> Result<(f64, Exact), &'static str> {
        let small = exact_fit(self.first.target, data[0], &[from], &self.search, &mut ws.0)?;
        let mut starts = vec![self.fits[1].exact.optimum.theta.clone()];
        if self.nested {
            // The larger model can always do what the smaller one does.
            starts.extend(embeddings(self.first, self.second, &small.optimum.theta));
        }
        let starts: Vec<&[f64]> = starts.iter().map(Vec::as_slice).collect();
        let target = self.second.target;
        let large = exact_fit(target, data[1], &starts, &self.search, &mut ws.1)?;
        Ok((small.deviance - large.deviance, small))
    }
}

/// Data drawn from one model as the other's: values and SDs by row, prior centres by parameter id.
pub(super) fn translate<T: Target>(drawn: &Data, from: &T, to: &T) -> Data {
    let mut data = to.data().clone();
    data.value.clone_from(&drawn.value);
    data.sd.clone_from(&drawn.sd);
    for (j, c) in to.coordinates().iter().enumerate() {
        if let Some(k) = from.coordinates().iter().position(|o| o.id == c.id)
            && let (Some(slot), Some(Some(centre))) =
                (data.prior_centre.get_mut(j), drawn.prior_centre.get(k))
            && slot.is_some()
        {
            *slot = Some(*centre);
        }
    }
    if data.relation_holds.len() == drawn.relation_holds.len() {
        data.relation_holds.clone_from(&drawn.relation_holds);
    }
    data
}

/// Replicate `k` of a pair: a pure function of its number.
pub fn pair_replicate<T: Target>(
    k: u64,
    ctx: &PairContext<'_, T>,
    ws: &mut (T::Workspace, T::Workspace),
) -> PairReplicate {
    let mut out = PairReplicate {
        index: k,
        from_first: None,
        from_second: None,
        failures: Vec::new(),
    };
    match ctx.difference(k, 0, ws) {
        Ok(d) => out.from_first = Some(d),
        Err(reason) => out.failures.push(reason.into()),
    }
    if !ctx.nested {
        match ctx.difference(k, 1, ws) {
            Ok(d) => out.from_second = Some(d),
            Err(reason) => out.failures.push(reason.into()),
        }
    }
    out
}

/// Runs the replicates `ks` in parallel, in the order of `ks`; `sink` sees each as it ends.
pub fn pair_replicates<T: Target>(
    ks: &[u64],
    ctx: &PairContext<'_, T>,
    sink: &(dyn Fn(u64, &PairReplicate) -> Control + Sync),
) -> Vec<PairReplicate> {
    run(
        ks,
        || (ctx.first.target.workspace(), ctx.second.target.workspace()),
        |k, ws| pair_replicate(k, ctx, ws),
        sink,
    )
}

/// Both P-values of a pair, and what follows.
///
/// # References
/// Cox (1962) J. R. Stat. Soc. B 24:406; Williams (1970) Biometrics 26:23 (simulation from each of two models).
pub fn summarise_pair<T: Target>(ctx: &PairContext<'_, T>, replicates: &[PairReplicate]) -> Pair {
    let statistic = ctx.observed();
    let first: Vec<f64> = replicates.iter().filter_map(|r| r.from_first).collect();
    let second: Vec<f64> = replicates.iter().filter_map(|r| r.from_second).collect();
    let share = |list: &[f64], extreme: &dyn Fn(f64) -> bool| {
        let count = list.iter().filter(|d| extreme(**d)).count() as f64;
        (!list.is_empty()).then(|| (count + 1.0) / (list.len() as f64 + 1.0))
    };
    let p_first = share(&first, &|d| d >= statistic);
    let p_second = if ctx.nested {
        None
    } else {
        share(&second, &|d| d <= statistic)
    };
    let (a, b) = (&ctx.first.id, &ctx.second.id);
    let rejects = |p: Option<f64>| p.is_some_and(|p| p < SIZE);
    let verdict = match (ctx.nested, rejects(p_first), rejects(p_second)) {
        (true, true, _) => format!("{a} is rejected: what {b} adds is needed"),
        (true, false, _) => format!("cannot be told apart: what {b} adds to {a} is not needed"),
        (false, true, true) => format!("both {a} and {b} are rejected by data like each other's"),
        (false, true, false) => format!("{a} is rejected against {b}"),
        (false, false, true) => format!("{b} is rejected against {a}"),
        (false, false, false) => format!("{a} and {b} cannot be told apart"),
    };
    Pair {
        first: a.clone(),
        second: b.clone(),
        nested: ctx.nested,
        statistic,
        p_first,
        p_second,
        samples: [first.len() as u64, second.len() as u64],
        verdict,
    }
}

impl<T: Target> PairContext<'_, T> {
    /// Scratch memory for one thread.
    pub fn workspaces(&self) -> (T::Workspace, T::Workspace) {
        (
            self.first.target.workspace(),
            self.second.target.workspace(),
        )
    }
    /// Whether the first model is nested in the second.
    pub fn is_nested(&self) -> bool {
        self.nested
    }
}
