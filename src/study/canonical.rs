//! Hashes of what was read: of the files as bytes, and of the problem and model as understood, which comments, the order
//! of rows and line ends do not change.

use std::fmt::Write as _;
use std::io::Read as _;
use std::path::Path;

use sha2::{Digest, Sha256};

use super::atomic::FileError;
use super::checkpoint::hex;
use crate::model::{Model, Rate};
use crate::problem::{Problem, RelationKind};

/// Bytes of a file that are read at a time: small enough to stay in the processor's nearest memory. The hash of the program
/// itself is part of every result, and to hold all of it would take longer than to simulate.
const CHUNK: usize = 1 << 16;

/// SHA-256 of a file.
///
/// # Errors
/// [`FileError`] if it cannot be read.
pub fn file_hash(path: &Path) -> Result<String, FileError> {
    let digest = || -> std::io::Result<String> {
        let mut file = std::fs::File::open(path)?;
        let mut hash = Sha256::new();
        let mut chunk = vec![0; CHUNK];
        loop {
            let n = match file.read(&mut chunk) {
                Ok(0) => return Ok(hex(&hash.finalize())),
                Ok(n) => n,
                Err(e) if e.kind() == std::io::ErrorKind::Interrupted => continue,
                Err(e) => return Err(e),
            };
            hash.update(chunk.get(..n).unwrap_or_default());
        }
    };
    digest().map_err(FileError::of("read", path))
}

/// SHA-256 as hexadecimal text.
pub fn hash(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

/// Lines that say the same whatever the order in which they were written.
#[derive(Default)]
struct Lines(Vec<String>);

impl Lines {
    fn add(&mut self, kind: &str, fields: &[&dyn std::fmt::Display]) {
        let mut line = kind.to_string();
        for field in fields {
            // Fields may hold anything but this separator, which no reader lets through.
            let _ = write!(line, "\u{1f}{field}");
        }
        self.0.push(line);
    }
    fn digest(mut self) -> String {
        self.0.sort_unstable();
        hash(self.0.join("\n").as_bytes())
    }
}

/// Shows an optional field; absence and emptiness differ.
struct Maybe<'a, T>(&'a Option<T>);

impl<T: std::fmt::Display> std::fmt::Display for Maybe<'_, T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0 {
            Some(v) => write!(f, "={v}"),
            None => f.write_str("-"),
        }
    }
}

/// Shows a value by its `Debug` form: names of variants and exact numbers.
struct Exact<'a, T>(&'a T);

impl<T: std::fmt::Debug> std::fmt::Display for Exact<'_, T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?}", self.0)
    }
}

/// Hash of a model as understood: names, values, units and equations; not descriptions, sources or the order of
/// declarations.
pub fn model_hash(model: &Model) -> String {
    let mut l = Lines::default();
    l.add("time", &[&Maybe(&model.time_unit)]);
    for u in &model.units {
        l.add("unit", &[&u.id, &Maybe(&u.definition)]);
    }
    for s in &model.substances {
        l.add("substance", &[&s.id, &Exact(&s.molar_mass), &s.unit]);
    }
    for p in &model.parameters {
        l.add(
            "param",
            &[&p.id, &p.value, &Maybe(&p.unit), &p.fixed, &p.compartment],
        );
    }
    for i in &model.inputs {
        l.add(
            "input",
            &[
                &i.id,
                &Exact(&i.value),
                &Maybe(&i.unit),
                &Maybe(&i.substance),
            ],
        );
    }
    for s in &model.states {
        let rate = match &s.rate {
            Rate::Differential(e) => format!("d {e}"),
            Rate::Discrete => "discrete".into(),
            Rate::Algebraic => "algebraic".into(),
        };
        l.add(
            "state",
            &[
                &s.id,
                &s.initial,
                &rate,
                &Maybe(&s.volume),
                &Maybe(&s.unit),
                &s.compartment,
            ],
        );
    }
    for a in &model.assignments {
        l.add("let", &[&a.id, &a.value, &Maybe(&a.unit)]);
    }
    for e in &model.algebraic {
        l.add("zero", &[e]);
    }
    for e in &model.events {
        let mut assignments: Vec<String> = e
            .assignments
            .iter()
            .map(|(id, v)| format!("{id}={v}"))
            .collect();
        assignments.sort_unstable();
        l.add(
            "event",
            &[
                &e.trigger,
                &e.initial_value,
                &e.persistent,
                &Maybe(&e.delay),
                &Maybe(&e.priority),
                &e.values_from_trigger_time,
                &assignments.join(","),
            ],
        );
    }
    for o in &model.outputs {
        l.add("output", &[&o.id, &o.value, &Maybe(&o.unit)]);
    }
    l.digest()
}

/// The parts of a problem, each with its own hash, so that a change can be named.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Canonical {
    /// Models, with the hashes of all in the order of their ids.
    pub model: String,
    /// Parameter table: which are estimated, scales, nominal values.
    pub parameters: String,
    /// Bounds of the estimated parameters.
    pub bounds: String,
    /// Priors.
    pub priors: String,
    /// Conditions and experiments.
    pub experiments: String,
    /// Observables, noise and mapping.
    pub observables: String,
    /// Measurements.
    pub data: String,
    /// Relations.
    pub relations: String,
    /// Units written in the tables.
    pub units: String,
}

impl Canonical {
    /// One hash of all parts.
    pub fn sha256(&self) -> String {
        hash(
            self.parts()
                .map(|(name, value)| format!("{name} {value}"))
                .join("\n")
                .as_bytes(),
        )
    }
    /// Names and hashes of the parts.
    pub fn parts(&self) -> [(&'static str, &str); 9] {
        [
            ("model", &self.model),
            ("parameters", &self.parameters),
            ("bounds", &self.bounds),
            ("priors", &self.priors),
            ("experiments", &self.experiments),
            ("observables", &self.observables),
            ("data", &self.data),
            ("relations", &self.relations),
            ("units", &self.units),
        ]
    }
}

/// Hashes of a problem and its models as understood.
pub fn canonical(problem: &Problem, models: &[Model]) -> Canonical {
    let mut model_hashes: Vec<String> = models
        .iter()
        .zip(&problem.models)
        .map(|(m, file)| format!("{} {}", file.id, model_hash(m)))
        .collect();
    model_hashes.sort_unstable();
    Canonical {
        model: hash(model_hashes.join("\n").as_bytes()),
        parameters: parameters(problem),
        bounds: bounds(problem),
        priors: priors(problem),
        experiments: experiments(problem),
        observables: observables(problem),
        data: data(problem),
        relations: relations(problem),
        units: units(problem),
    }
}

fn parameters(problem: &Problem) -> String {
    let mut l = Lines::default();
    for p in &problem.parameters {
        l.add(
            "parameter",
            &[
                &p.id,
                &Exact(&p.scale),
                &Exact(&p.nominal),
                &p.estimate,
                &p.parts.join(","),
            ],
        );
    }
    l.digest()
}

fn bounds(problem: &Problem) -> String {
    let mut l = Lines::default();
    for p in problem.parameters.iter().filter(|p| p.estimate) {
        l.add(
            "bounds",
            &[&p.id, &Exact(&p.lower), &Exact(&p.upper), &Exact(&p.start)],
        );
    }
    l.digest()
}

fn priors(problem: &Problem) -> String {
    let mut l = Lines::default();
    for p in problem.parameters.iter().filter(|p| p.estimate) {
        l.add("prior", &[&p.id, &Exact(&p.prior)]);
    }
    l.digest()
}

fn experiments(problem: &Problem) -> String {
    let mut l = Lines::default();
    for c in &problem.conditions {
        for change in &c.changes {
            l.add("condition", &[&c.id, &change.target, &Maybe(&change.value)]);
        }
    }
    for e in &problem.experiments {
        for p in &e.periods {
            let mut conditions = p.conditions.clone();
            conditions.sort_unstable();
            let mut set = conditions.join(",");
            for (flag, name) in [(p.reset, ";reset"), (p.cycle, ";cycle")] {
                if flag {
                    set.push_str(name);
                }
            }
            l.add("experiment", &[&e.id, &Exact(&p.start), &set]);
        }
    }
    l.digest()
}

fn observables(problem: &Problem) -> String {
    let mut l = Lines::default();
    for o in &problem.observables {
        l.add(
            "observable",
            &[
                &o.id,
                &o.formula,
                &o.noise_formula,
                &o.placeholders.join(","),
                &o.noise_placeholders.join(","),
                &Exact(&o.distribution),
                &Exact(&o.noise),
            ],
        );
    }
    for (petab, model) in &problem.mapping {
        l.add("mapping", &[petab, model]);
    }
    l.digest()
}

fn data(problem: &Problem) -> String {
    let list = |list: &[crate::math::Expr]| {
        list.iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
            .join(";")
    };
    let mut l = Lines::default();
    for m in &problem.measurements {
        l.add(
            "measurement",
            &[
                &m.observable,
                &m.experiment,
                &m.model,
                &Exact(&m.time),
                &Exact(&m.value),
                &list(&m.observable_parameters),
                &list(&m.noise_parameters),
                &Exact(&m.summary),
                &Exact(&m.censoring),
                &Maybe(&m.dataset),
            ],
        );
    }
    for (observable, correlation) in &problem.arm_correlation {
        l.add("donors", &[observable, &Exact(correlation)]);
    }
    l.digest()
}

fn relations(problem: &Problem) -> String {
    let mut l = Lines::default();
    for r in &problem.relations {
        let kind = match &r.kind {
            RelationKind::In { lower, upper } => format!("in {lower:?} {upper:?}"),
            other => format!("{other:?}"),
        };
        l.add(
            "relation",
            &[
                &r.id,
                &r.left,
                &kind,
                &r.right,
                &Exact(&r.margin),
                &Exact(&r.sd),
                &Exact(&r.with),
                &Exact(&r.usage),
            ],
        );
    }
    l.digest()
}

fn units(problem: &Problem) -> String {
    let mut l = Lines::default();
    for p in &problem.parameters {
        l.add("parameter", &[&p.id, &Maybe(&p.unit)]);
    }
    for o in &problem.observables {
        l.add("observable", &[&o.id, &Maybe(&o.unit)]);
    }
    for c in &problem.conditions {
        for change in &c.changes {
            l.add("condition", &[&c.id, &change.target, &Maybe(&change.unit)]);
        }
    }
    l.digest()
}
