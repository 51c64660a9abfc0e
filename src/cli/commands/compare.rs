//! `compare`: fits and ranks variants.

use std::path::PathBuf;

use super::super::common::{Display, Integration, Run, Shard, shard};
use super::super::comparing::{Asked, Comparing};
use super::super::console::Console;
use super::super::{Exit, Failure};

/// Fit and rank variants of a model: AICc, bootstrap likelihood ratios, goodness of fit, facts, and what follows in words.
///
/// One problem with a variant table (its own, or `--variants`), several problems with the same data, or a PEtab Select
/// problem. Every variant is fitted from many starts; a larger one is refitted from those that it contains.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  mechfit compare fits/wang2020\n  mechfit compare fits/wang2020 --scenario similar --samples 4000\n  mechfit compare fits/wang2020 --every-scenario --samples 400\n  mechfit compare one/problem.yaml two/problem.yaml\n  mechfit compare fits/wang2020 --shard 2/8 --out shards/2\n  mechfit compare fits/wang2020 --size-of base:m3 --samples 4000\n\nWrites compare.json, compare.tsv, pairs.tsv, experiments.tsv, compare.md and compare.svg."
)]
pub struct Arguments {
    /// Problems (folders or YAML files), or one PEtab Select YAML
    #[arg(required = true)]
    pub problems: Vec<PathBuf>,
    /// Variant table instead of the problem's
    #[arg(long, value_name = "TABLE")]
    pub variants: Option<PathBuf>,
    /// Number of starting points of each variant [default: the plan's, else 50]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub starts: Option<u64>,
    /// Simulated data sets of each test; 0 leaves the tests out [default: the plan's, else 1000]
    #[arg(long, value_name = "N")]
    pub samples: Option<u64>,
    /// Measure instead how often the bootstrap likelihood ratio of a nested pair rejects the smaller variant where it is
    /// true, over --samples data sets
    #[arg(long, value_name = "SMALL:LARGE", conflicts_with_all = ["every_scenario", "shard"])]
    pub size_of: Option<String>,
    /// Compare in every scenario of the plan, each into its own folder
    #[arg(long, conflicts_with_all = ["scenario", "shard"])]
    pub every_scenario: bool,
    /// Do one piece I of N of the simulated data; `merge` joins them
    #[arg(long, value_name = "I/N", value_parser = shard)]
    pub shard: Option<Shard>,
    /// Go on with what an earlier run finished
    #[arg(long)]
    pub resume: bool,
    #[command(flatten)]
    pub integration: Integration,
    #[command(flatten)]
    pub run: Run,
    #[command(flatten)]
    pub display: Display,
}

impl Arguments {
    /// Compares.
    pub fn run(&self, console: &mut Console) -> Result<Exit, Failure> {
        let comparing = Comparing::open(
            Asked {
                problems: self.problems.clone(),
                variants: self.variants.clone(),
                starts: self.starts,
                samples: self.samples,
            },
            &self.run,
            &self.integration,
        )?;
        if self.every_scenario {
            return comparing.every_scenario(self.resume, console);
        }
        let scenario = self.run.scenario.as_deref();
        if let Some(pair) = &self.size_of {
            return comparing.size(pair, scenario, self.resume, console);
        }
        comparing.scenario(scenario, self.shard, self.resume, console)
    }
}
