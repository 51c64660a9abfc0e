//! Units cut, joined and gone on with.

use super::*;

fn job(units: u64, seed: &str) -> Job {
    Job {
        kind: "bootstrap".into(),
        called: "replicates",
        first: 1,
        units,
        common: false,
        parts: BTreeMap::from([("seed".to_string(), seed.to_string())]),
    }
}

fn folder(name: &str) -> PathBuf {
    let folder = std::env::temp_dir().join(format!("mechfit-job-{name}-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&folder);
    folder
}

fn run(
    job: &Job,
    folder: &Path,
    shard: Option<Shard>,
    stop: &Stop,
) -> Result<Done<f64>, StageError> {
    let origin = Origin::default();
    let manner = Manner {
        folder,
        shard,
        begin: Begin::Resume,
        origin: &origin,
        stop,
    };
    job.run(&manner, || (), |k, ()| 1.0 / k as f64, &|| ())
}

#[test]
fn pieces_join_to_the_records_of_one_process() {
    let stop = Stop::default();
    let whole = folder("whole");
    let one = run(&job(23, "1"), &whole, None, &stop).unwrap();
    assert!(one.whole && one.records.len() == 23);
    for n in [1, 2, 7] {
        let cut = folder(&format!("cut{n}"));
        for index in 1..=n {
            let piece = run(&job(23, "1"), &cut, Some(Shard { index, of: n }), &stop).unwrap();
            assert!(!piece.whole);
        }
        let joined = join(&pieces(std::slice::from_ref(&cut)).unwrap()).unwrap();
        let back: BTreeMap<u64, f64> = work::recall(&cut, &joined[0].records).unwrap();
        assert_eq!(back, one.records);
        std::fs::remove_dir_all(cut).unwrap();
    }
    std::fs::remove_dir_all(whole).unwrap();
}

#[test]
fn gaps_and_other_inputs_are_named() {
    let stop = Stop::default();
    let cut = folder("gaps");
    run(&job(10, "1"), &cut, Some(Shard { index: 1, of: 3 }), &stop).unwrap();
    run(&job(10, "1"), &cut, Some(Shard { index: 2, of: 3 }), &stop).unwrap();
    let gaps = join(&pieces(std::slice::from_ref(&cut)).unwrap()).unwrap_err();
    assert_eq!(
        gaps.to_string(),
        "3 of 10 units of the bootstrap are missing: 3, 6, 9"
    );
    run(&job(10, "2"), &cut, Some(Shard { index: 3, of: 3 }), &stop).unwrap();
    let mixed = join(&pieces(std::slice::from_ref(&cut)).unwrap()).unwrap_err();
    assert!(mixed.to_string().ends_with("seed differ"), "{mixed}");
    std::fs::remove_dir_all(cut).unwrap();
}

#[test]
fn a_longer_run_goes_on_with_a_shorter_one_and_the_other_way_round() {
    let stop = Stop::default();
    let place = folder("longer");
    run(&job(5, "1"), &place, None, &stop).unwrap();
    let longer = run(&job(9, "1"), &place, None, &stop).unwrap();
    assert_eq!((longer.taken_over, longer.records.len()), (5, 9));
    let shorter = run(&job(4, "1"), &place, None, &stop).unwrap();
    assert_eq!((shorter.taken_over, shorter.records.len()), (4, 4));
    std::fs::remove_dir_all(place).unwrap();
}

#[test]
fn a_work_that_another_process_runs_is_not_begun_twice() {
    let place = folder("twice");
    let origin = Origin::default();
    let stop = Stop::default();
    let manner = Manner {
        folder: &place,
        shard: None,
        begin: Begin::Resume,
        origin: &origin,
        stop: &stop,
    };
    let first = job(5, "1").open::<f64>(&manner).unwrap();
    let second = job(5, "1").open::<f64>(&manner).unwrap_err();
    assert!(matches!(second, CheckpointError::Busy(_)), "{second}");
    first.checkpoint.finish().unwrap();
    job(5, "1").open::<f64>(&manner).unwrap();
    std::fs::remove_dir_all(place).unwrap();
}
