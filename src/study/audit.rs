//! What an auditor needs to know of a run, beside its result: who ran what where, with which program and files.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::canonical::{file_hash, hash};
use super::clock::Clock;

/// The versions of all dependencies that this program was built from.
const LOCK: &[u8] = include_bytes!("../../Cargo.lock");
/// Variables of the environment that can change how a run goes (never what it computes).
const ENVIRONMENT: [&str; 4] = ["RAYON_NUM_THREADS", "NO_COLOR", "MECHFIT_SUITES", "TMPDIR"];

/// Everything that depends on the clock, the host or the number of threads. Results are the same without it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Provenance {
    /// The program.
    pub program: Program,
    /// Arguments as given.
    pub command: Vec<String>,
    /// Working directory.
    pub working_directory: Option<PathBuf>,
    /// Problem as given.
    pub problem: PathBuf,
    /// SHA-256 of every file read.
    pub files: BTreeMap<String, String>,
    /// Name of the machine.
    pub host: Option<String>,
    /// Its processor.
    pub processor: Option<String>,
    /// Widest vector instructions that were used; they change no number.
    pub vector_instructions: &'static str,
    /// Variables of the environment that matter.
    pub environment: BTreeMap<String, String>,
    /// Threads used.
    pub threads: usize,
    /// Start, universal time.
    pub started: String,
    /// End, universal time.
    pub finished: String,
    /// Seconds between.
    pub elapsed_s: f64,
    /// Units (starts, replicates) taken over from earlier runs.
    pub resumed_units: u64,
}

/// The program that ran.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Program {
    /// Name.
    pub name: &'static str,
    /// Version.
    pub version: &'static str,
    /// Processor and system that it was built for.
    pub target: String,
    /// Whether it was built with optimisation.
    pub profile: &'static str,
    /// Optional parts that it was built with.
    pub features: Vec<&'static str>,
    /// Commit that it was built from, if whoever built it set `MECHFIT_COMMIT`.
    pub commit: Option<&'static str>,
    /// SHA-256 of the executable; left out of answers that are printed at once, whose time it would double.
    pub executable_sha256: Option<String>,
    /// SHA-256 of the list of its dependencies.
    pub dependencies_sha256: String,
}

impl Program {
    /// This program with the hash of its executable.
    pub fn hashed() -> Self {
        let path = std::env::current_exe().ok();
        Self {
            executable_sha256: path.and_then(|p| file_hash(&p).ok()),
            ..Self::this()
        }
    }

    /// This program.
    pub fn this() -> Self {
        Self {
            name: env!("CARGO_PKG_NAME"),
            version: env!("CARGO_PKG_VERSION"),
            target: format!("{}-{}", std::env::consts::ARCH, std::env::consts::OS),
            profile: if cfg!(debug_assertions) {
                "debug"
            } else {
                "release"
            },
            features: if cfg!(feature = "jit") {
                vec!["jit"]
            } else {
                Vec::new()
            },
            commit: option_env!("MECHFIT_COMMIT"),
            executable_sha256: None,
            dependencies_sha256: hash(LOCK),
        }
    }
}

/// The record of a run that ends now.
pub fn provenance(
    program: Program,
    clock: &Clock,
    problem: &Path,
    files: &[PathBuf],
    resumed_units: u64,
) -> Provenance {
    let (started, finished) = clock.stamps();
    Provenance {
        program,
        command: std::env::args_os()
            .map(|a| a.to_string_lossy().into_owned())
            .collect(),
        working_directory: std::env::current_dir().ok(),
        problem: problem.to_path_buf(),
        files: hashes(files),
        host: first_line("/proc/sys/kernel/hostname"),
        processor: processor(),
        vector_instructions: vector_instructions(),
        environment: ENVIRONMENT
            .iter()
            .filter_map(|name| Some(((*name).to_string(), std::env::var(name).ok()?)))
            .collect(),
        threads: rayon::current_num_threads(),
        started,
        finished,
        elapsed_s: clock.elapsed_s(),
        resumed_units,
    }
}

/// SHA-256 of files by their path as given; a file that has gone is shown as such.
fn hashes(files: &[PathBuf]) -> BTreeMap<String, String> {
    files
        .iter()
        .map(|f| {
            let hash = file_hash(f).unwrap_or_else(|e| e.to_string());
            (f.display().to_string(), hash)
        })
        .collect()
}

/// One hash of the content of all files, whatever they are called.
pub fn files_hash(files: &[PathBuf]) -> String {
    let mut list: Vec<String> = hashes(files).into_values().collect();
    list.sort_unstable();
    list.dedup();
    hash(list.join("\n").as_bytes())
}

fn first_line(path: &str) -> Option<String> {
    let text = std::fs::read_to_string(path).ok()?;
    Some(text.lines().next()?.trim().to_string())
}

/// The widest instructions that the kernels choose from: they are compiled for these two.
fn vector_instructions() -> &'static str {
    #[cfg(target_arch = "x86_64")]
    if std::arch::is_x86_feature_detected!("avx2") && std::arch::is_x86_feature_detected!("fma") {
        return "x86-64-v3";
    }
    "baseline"
}

fn processor() -> Option<String> {
    let text = std::fs::read_to_string("/proc/cpuinfo").ok()?;
    let line = text.lines().find(|l| l.starts_with("model name"))?;
    Some(line.split_once(':')?.1.trim().to_string())
}
