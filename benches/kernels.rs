//! Right-hand side with Jacobian: the engine's against one that was written by hand for the same model.
//!
//! `cargo bench --bench kernels`. Before anything is timed, both must give the same numbers.

mod native;

use divan::{Bencher, black_box};
use mechfit::objective::{BuildOptions, Objective, Target, Workspace};
use mechfit::search::Want;
use mechfit::study::open::Study;
use mechfit::system::{Engine, Machine, System};

/// Largest relative difference between the engine's numbers and those of the code written by hand.
const SAME: f64 = 1e-12;

fn main() {
    native::NAMES.iter().for_each(|name| check(name));
    divan::main();
}

/// Panics if the model's code and its text do not agree.
fn check(name: &str) {
    let twin = native::twin(name);
    let system = twin.system();
    let (y, p) = (twin.point(), twin.values());
    let mut machine = Machine::new(&system);
    machine.set_parameters(&system, &p);
    let entries = system.jacobian.entries.len();
    let (mut f, mut jac) = (vec![0.0; y.len()], vec![0.0; entries]);
    machine.rhs_and_jacobian(&system, 0.0, &y, &mut f, &mut jac);
    let (mut f_native, mut jac_native) = (vec![0.0; y.len()], vec![0.0; entries]);
    (twin.native)(&y, &p, &mut f_native, &mut jac_native);
    for (ours, theirs) in f.iter().zip(&f_native).chain(jac.iter().zip(&jac_native)) {
        let scale = ours.abs().max(theirs.abs()).max(1.0);
        assert!(
            (ours - theirs).abs() <= SAME * scale,
            "{name}: {f:?} {jac:?} against {f_native:?} {jac_native:?}"
        );
    }
}

#[divan::bench(args = native::NAMES)]
fn by_hand(bencher: Bencher, name: &str) {
    let twin = native::twin(name);
    let entries = twin.system().jacobian.entries.len();
    let (y, p) = (twin.point(), twin.values());
    let (mut f, mut jac) = (vec![0.0; y.len()], vec![0.0; entries]);
    bencher.bench_local(|| {
        (twin.native)(black_box(&y), black_box(&p), &mut f, &mut jac);
        black_box((&f, &jac));
    });
}

/// The same as [`engine`], as machine code.
#[cfg(feature = "jit")]
#[divan::bench(args = native::NAMES)]
fn machine_code(bencher: Bencher, name: &str) {
    let twin = native::twin(name);
    let mut system = twin.system();
    system.add_machine_code();
    evaluate(bencher, &twin, &system);
}

/// Without the feature `jit` both are bytecode.
const ENGINES: [Engine; 2] = [Engine::Bytecode, Engine::MachineCode];

fn study(engine: Engine) -> (Objective, Vec<f64>, Workspace) {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/fits/wang2020");
    let study = Study::open(folder.as_ref()).expect("the study is read");
    let prepared = study.prepare(None).expect("the models are read");
    let options = BuildOptions {
        engine,
        ..BuildOptions::default()
    };
    let objective = prepared.objective(&options).expect("the study compiles");
    let theta = objective.nominal_point();
    let workspace = objective.workspace();
    (objective, theta, workspace)
}

/// Objective with gradient of the study: what refits of a bootstrap are made of.
#[divan::bench(args = ENGINES)]
fn gradient(bencher: Bencher, engine: Engine) {
    let (objective, theta, mut workspace) = study(engine);
    bencher.bench_local(|| {
        workspace.forget();
        let found = objective.evaluate(&theta, objective.data(), Want::Derivatives, &mut workspace);
        black_box(found.expect("a value"));
    });
}

/// Reading and compiling the study.
#[divan::bench(args = ENGINES)]
fn compile(bencher: Bencher, engine: Engine) {
    bencher.bench_local(|| black_box(study(engine)));
}

#[divan::bench(args = native::NAMES)]
fn engine(bencher: Bencher, name: &str) {
    let twin = native::twin(name);
    evaluate(bencher, &twin, &twin.system());
}

fn evaluate(bencher: Bencher, twin: &native::Twin, system: &System) {
    let mut machine = Machine::new(system);
    machine.set_parameters(system, &twin.values());
    let entries = system.jacobian.entries.len();
    let y = twin.point();
    let (mut f, mut jac) = (vec![0.0; y.len()], vec![0.0; entries]);
    bencher.bench_local(|| {
        machine.rhs_and_jacobian(system, 0.0, black_box(&y), &mut f, &mut jac);
        black_box((&f, &jac));
    });
}
