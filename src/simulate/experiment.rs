//! One experiment compiled: its system, where its slots get their values, and on which estimated parameters it depends.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use crate::bind::{BindError, Bound, BoundExperiment, Source};
use crate::ode::Pattern;
use crate::system::{
    self, Engine, Formula, FormulaSpec, SlotKind, SlotSpec, Spec, StateSlot, System,
};

/// A period with its sources resolved.
#[derive(Debug, Clone)]
pub(super) struct Period {
    pub start: f64,
    pub reset: bool,
    pub cycle: bool,
    pub slots: Vec<(usize, Source)>,
    /// `(integrated quantity, model state, source)`.
    pub states: Vec<(usize, usize, Source)>,
    pub chain: Chain,
}

/// How derivatives with respect to slots map to columns in one period.
#[derive(Debug, Clone, Default)]
pub(super) struct Chain {
    /// Pattern of ∂f/∂(column), `n × m`.
    pub pattern: Pattern,
    /// `(entry of the system's parameter pattern, entry of this pattern, slot·columns + column)`.
    pub scatter: Vec<(u32, u32, u32)>,
}

/// An experiment ready to run.
#[derive(Debug, Clone)]
pub struct Experiment {
    /// Id.
    pub id: String,
    /// Index of the model.
    pub model: usize,
    /// Its system; experiments of like structure share one.
    pub system: Arc<System>,
    /// Rows of the parameter table that it depends on and that are estimated; the first [`Experiment::ode_columns`] act on
    /// the states, the others on readouts only.
    pub columns: Vec<usize>,
    /// Number of columns that act on the states.
    pub ode_columns: usize,
    /// Ids of the slots.
    pub slot_ids: Vec<String>,
    pub(super) base: Vec<Source>,
    pub(super) periods: Vec<Period>,
    /// Indices of the slots that depend on estimated parameters.
    pub(super) active: Vec<usize>,
}

/// System and sizes of an experiment, which decide what memory a run needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Room {
    system: usize,
    columns: usize,
    ode_columns: usize,
    active: usize,
}

impl Experiment {
    /// Index of the slot of an input or parameter that was bound as free.
    pub fn slot(&self, id: &str) -> Option<usize> {
        self.slot_ids.iter().position(|s| s == id)
    }
    /// What a [`super::Workspace`] is made for. Experiments that have this in common can run in one, one after the other: a run
    /// depends on nothing that was there before.
    pub fn room(&self) -> Room {
        Room {
            system: Arc::as_ptr(&self.system) as usize,
            columns: self.columns.len(),
            ode_columns: self.ode_columns,
            active: self.active.len(),
        }
    }
    /// Start of the first period with a finite start (0 if all are pre-equilibrations).
    pub fn start(&self) -> f64 {
        self.periods
            .iter()
            .map(|p| p.start)
            .find(|s| s.is_finite())
            .unwrap_or(0.0)
    }
    /// A formula of the experiment.
    pub fn formula(&self, index: usize) -> &Formula {
        &self.system.formulas[index]
    }
}

/// Compiles all experiments of a bound problem; those with the same structure share a system.
///
/// # Errors
/// [`BindError::Formula`] for everything that cannot be compiled, with the experiment.
pub fn build(bound: &Bound, engine: Engine) -> Result<Vec<Experiment>, Vec<BindError>> {
    let mut systems: HashMap<String, Arc<System>> = HashMap::new();
    let mut experiments = Vec::with_capacity(bound.experiments.len());
    let mut errors = Vec::new();
    for e in &bound.experiments {
        match one(bound, e, engine, &mut systems) {
            Ok(x) => experiments.push(x),
            Err(error) => errors.push(error),
        }
    }
    if errors.is_empty() {
        Ok(experiments)
    } else {
        Err(errors)
    }
}

#[cfg(feature = "jit")]
fn with(mut system: System, engine: Engine) -> System {
    if engine == Engine::MachineCode {
        system.add_machine_code();
    }
    system
}

#[cfg(not(feature = "jit"))]
fn with(system: System, _: Engine) -> System {
    system
}

fn one(
    bound: &Bound,
    e: &BoundExperiment,
    engine: Engine,
    systems: &mut HashMap<String, Arc<System>>,
) -> Result<Experiment, BindError> {
    let slots: Vec<SlotSpec> = e
        .slots
        .iter()
        .map(|s| SlotSpec {
            id: s.id.clone(),
            kind: if s.initial_of {
                SlotKind::InitialOf
            } else {
                SlotKind::Entity
            },
            zero: s.zero,
            active: s.active,
        })
        .collect();
    let formulas: Vec<FormulaSpec> = e
        .formulas
        .iter()
        .map(|f| FormulaSpec {
            expr: f.expr.clone(),
            placeholders: f.placeholders.clone(),
            prefer_output: f.prefer_output.clone(),
        })
        .collect();
    let key = format!("{} {:?} {:?} {:?}", e.model, slots, formulas, e.reset);
    let system = match systems.get(&key) {
        Some(s) => s.clone(),
        None => {
            let spec = Spec {
                model: &bound.models[e.model],
                slots: &slots,
                formulas: &formulas,
                reset: &e.reset,
                reduce: bound.reduce,
            };
            let system = system::compile(&spec).map_err(|error| BindError::Formula {
                context: if e.id.is_empty() {
                    "model".to_string()
                } else {
                    format!("experiment `{}`", e.id)
                },
                message: error.to_string(),
            })?;
            let system = Arc::new(with(system, engine));
            systems.insert(key, system.clone());
            system
        }
    };

    // Estimated parameters behind each slot, in any period; a value taken from a state may depend on everything.
    let estimated = |j: usize| bound.table[j].estimate;
    let mut behind: Vec<BTreeSet<usize>> = vec![BTreeSet::new(); e.slots.len()];
    let mut all_sources: Vec<(usize, Source)> = e.base.iter().copied().enumerate().collect();
    all_sources.extend(e.periods.iter().flat_map(|p| p.slots.iter().copied()));
    let everything: BTreeSet<usize> = {
        let tables = all_sources.iter().filter_map(|(_, s)| match s {
            Source::Table(j) if estimated(*j) => Some(*j),
            _ => None,
        });
        tables.collect()
    };
    for _ in 0..2 {
        for &(slot, source) in &all_sources {
            let add: BTreeSet<usize> = match source {
                Source::Number(_) => BTreeSet::new(),
                Source::Table(j) => {
                    if estimated(j) {
                        BTreeSet::from([j])
                    } else {
                        BTreeSet::new()
                    }
                }
                Source::Formula(f) => formula_depends(&system.formulas[f], &behind, &everything),
            };
            behind[slot].extend(add);
        }
    }
    // Columns that act on states.
    let mut acting: BTreeSet<usize> = BTreeSet::new();
    for &(_, a) in &system.parameter.entries {
        acting.extend(&behind[system.active[a as usize]]);
    }
    let mut through =
        |f: &Formula| acting.extend(f.slots.iter().flat_map(|(s, _)| behind[*s].iter().copied()));
    system.initial.iter().for_each(&mut through);
    system.switches.iter().for_each(|s| through(&s.difference));
    for event in &system.events {
        for a in &event.assignments {
            through(&a.value);
            a.volume.iter().for_each(&mut through);
        }
        event.delay.iter().for_each(&mut through);
    }
    for p in &e.periods {
        for (_, source) in &p.states {
            match source {
                Source::Table(j) if estimated(*j) => {
                    acting.insert(*j);
                }
                Source::Formula(f) => {
                    acting.extend(formula_depends(&system.formulas[*f], &behind, &everything))
                }
                _ => {}
            }
        }
    }
    let mut columns: Vec<usize> = acting.iter().copied().collect();
    let ode_columns = columns.len();
    let others: BTreeSet<usize> = behind
        .iter()
        .flatten()
        .copied()
        .filter(|j| !acting.contains(j))
        .collect();
    columns.extend(others);

    // Slots' columns as they accumulate from period to period.
    let position: HashMap<usize, usize> =
        columns.iter().enumerate().map(|(k, &j)| (j, k)).collect();
    let column_set = |set: &BTreeSet<usize>| -> BTreeSet<usize> {
        set.iter()
            .filter_map(|j| position.get(j).copied())
            .collect()
    };
    let mut current: Vec<BTreeSet<usize>> = e
        .base
        .iter()
        .map(|s| match s {
            Source::Table(j) if estimated(*j) => column_set(&BTreeSet::from([*j])),
            _ => BTreeSet::new(),
        })
        .collect();
    let all = columns.len();
    let of_formula = |f: usize, current: &[BTreeSet<usize>]| -> BTreeSet<usize> {
        let formula = &system.formulas[f];
        if formula.states.is_empty() && formula.time.is_none() {
            let slots = formula.slots.iter();
            slots
                .flat_map(|(s, _)| current[*s].iter().copied())
                .collect()
        } else {
            (0..all).collect()
        }
    };
    let derived = derived(&e.base, None);
    settle(&derived, &mut current, of_formula);
    let mut periods = Vec::new();
    for (k, p) in e.periods.iter().enumerate() {
        let mut next = current.clone();
        for &(slot, source) in &p.slots {
            next[slot] = match source {
                Source::Number(_) => BTreeSet::new(),
                Source::Table(j) => {
                    if estimated(j) {
                        column_set(&BTreeSet::from([j]))
                    } else {
                        BTreeSet::new()
                    }
                }
                Source::Formula(f) => of_formula(f, &current),
            };
        }
        if k == 0 {
            settle(
                &self::derived(&e.base, Some(&p.slots)),
                &mut next,
                of_formula,
            );
        }
        current = next;
        let states = p
            .states
            .iter()
            .filter_map(|&(i, source)| match system.states[i] {
                StateSlot::Integrated(x) => Some((x, i, source)),
                StateSlot::Constant(_) => None,
            })
            .collect();
        periods.push(Period {
            start: p.start,
            reset: p.reset,
            cycle: p.cycle,
            slots: p.slots.clone(),
            states,
            chain: chain(&system, &current, columns.len(), ode_columns),
        });
    }
    Ok(Experiment {
        id: e.id.clone(),
        model: e.model,
        active: system.active.clone(),
        system,
        columns,
        ode_columns,
        slot_ids: e.slots.iter().map(|s| s.id.clone()).collect(),
        base: e.base.clone(),
        periods,
    })
}

/// Slots whose value before any condition is a formula of others (an initial assignment), those left out that `set` sets.
pub(super) fn derived(base: &[Source], set: Option<&[(usize, Source)]>) -> Vec<(usize, usize)> {
    base.iter()
        .enumerate()
        .filter_map(|(slot, source)| match source {
            Source::Formula(f) => Some((slot, *f)),
            _ => None,
        })
        .filter(|(slot, _)| !set.is_some_and(|s| s.iter().any(|(i, _)| i == slot)))
        .collect()
}

/// Columns of derived slots; these may use one another.
fn settle(
    derived: &[(usize, usize)],
    current: &mut [BTreeSet<usize>],
    of_formula: impl Fn(usize, &[BTreeSet<usize>]) -> BTreeSet<usize>,
) {
    for _ in 0..derived.len() {
        for &(slot, f) in derived {
            current[slot] = of_formula(f, current);
        }
    }
}

fn formula_depends(
    f: &Formula,
    behind: &[BTreeSet<usize>],
    everything: &BTreeSet<usize>,
) -> BTreeSet<usize> {
    if f.states.is_empty() {
        f.slots
            .iter()
            .flat_map(|(s, _)| behind[*s].iter().copied())
            .collect()
    } else {
        everything.clone()
    }
}

fn chain(
    system: &System,
    current: &[BTreeSet<usize>],
    columns: usize,
    ode_columns: usize,
) -> Chain {
    let mut entries: Vec<(u32, u32)> = Vec::new();
    for &(row, a) in &system.parameter.entries {
        for &k in &current[system.active[a as usize]] {
            if k < ode_columns {
                entries.push((row, k as u32));
            }
        }
    }
    entries.sort_unstable();
    entries.dedup();
    let mut scatter = Vec::new();
    for (e, &(row, a)) in system.parameter.entries.iter().enumerate() {
        let slot = system.active[a as usize];
        for &k in &current[slot] {
            if let Ok(at) = entries.binary_search(&(row, k as u32)) {
                scatter.push((e as u32, at as u32, (slot * columns + k) as u32));
            }
        }
    }
    Chain {
        pattern: Pattern {
            rows: system.n,
            columns: ode_columns,
            entries,
        },
        scatter,
    }
}
