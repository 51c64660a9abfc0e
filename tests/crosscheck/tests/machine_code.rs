//! Machine code and bytecode give the same bits, from the right-hand side to objective, gradient and curvature.

use std::path::{Path, PathBuf};

use mechfit::objective::{BuildOptions, Objective, Target};
use mechfit::search::Want;
use mechfit::stats::Stream;
use mechfit::study::open::Study;
use mechfit::system::Engine;

/// Points about the nominal one.
const POINTS: u64 = 8;
/// Width of the box about it that they are drawn from, on the estimation scale.
const SPREAD: f64 = 0.2;

/// The study of this repository, and what is there of the benchmark collection.
fn problems() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut problems = vec![root.join("fits/wang2020")];
    let suite = root.join("../shared/suites/benchmark");
    for name in [
        "Boehm_JProteomeRes2014",
        "Fiedler_BMCSystBiol2016",
        "Elowitz_Nature2000",
        "Bruno_JExpBot2016",
    ] {
        let folder = suite.join(name);
        if folder.is_dir() {
            problems.push(folder);
        } else {
            println!("{name}: skipped, it is not there");
        }
    }
    problems
}

fn build(folder: &Path, engine: Engine) -> Objective {
    let study = Study::open(folder).expect("the problem is read");
    let prepared = study.prepare(None).expect("the models are read");
    let options = BuildOptions {
        engine,
        ..BuildOptions::default()
    };
    let built = prepared.objective(&options);
    built.expect("the problem compiles")
}

#[test]
fn machine_code_gives_the_bits_of_bytecode() {
    for folder in problems() {
        let engines = [Engine::Bytecode, Engine::MachineCode].map(|e| build(&folder, e));
        assert!(
            engines[1].has_machine_code() && !engines[0].has_machine_code(),
            "{}: no machine code was made",
            folder.display()
        );
        let mut workspaces = [engines[0].workspace(), engines[1].workspace()];
        let nominal = engines[0].nominal_point();
        for k in 0..POINTS {
            let mut random = Stream::new(1, "machine code", k, 0);
            let theta: Vec<f64> = nominal
                .iter()
                .map(|x| {
                    let step = if k == 0 { 0.0 } else { SPREAD };
                    x + step * (random.uniform() - 0.5)
                })
                .collect();
            let [bytecode, native] = [0, 1].map(|e| {
                let ws = &mut workspaces[e];
                let found = engines[e].evaluate(&theta, engines[e].data(), Want::Derivatives, ws);
                found.map(|found| {
                    let numbers = std::iter::once(found.value)
                        .chain(found.gradient)
                        .chain(found.curvature);
                    numbers.map(f64::to_bits).collect::<Vec<u64>>()
                })
            });
            match (bytecode, native) {
                (Ok(bytecode), Ok(native)) => {
                    assert!(bytecode == native, "{}, point {k}", folder.display());
                }
                (Err(bytecode), Err(native)) => {
                    assert_eq!(bytecode.to_string(), native.to_string());
                }
                (bytecode, native) => panic!(
                    "{}, point {k}: bytecode {:?}, machine code {:?}",
                    folder.display(),
                    bytecode.err(),
                    native.err()
                ),
            }
        }
    }
}
