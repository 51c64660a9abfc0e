//! Reported P-values held against reported means, SDs and n by `check`.

use std::process::Output;

use crate::support::program::{Folder, said};

fn check(folder: &Folder) -> Output {
    folder.mechfit(&["check", "."])
}

/// Two groups of six, 10 and 12.1 with SDs 1.2 and 1.5, as the column `sd` holds them, and Welch's P of those SDs.
fn study(name: &str, scatter: [&str; 2], kind: &str, printed: &str, expect: &str) -> Folder {
    let folder = Folder::new(&format!("reported-{name}"));
    let write = |name: &str, text: &str| folder.write(name, text);
    write(
        "m.model",
        "model m \"two arms\"\ntime h\ninput arm = 0 [1] \"arm\"\nparam a = 10 [1] \"level\" source \"test\"\n\
         param b = 1 [1] \"slope\" source \"test\"\nstate Z = 1 [1] \"still\"\nd/dt(Z) = 0\n\
         output y = a + b*arm [1] \"reading\"\n",
    );
    write(
        "problem.yaml",
        "format_version: 2.0.0\nmodel_files: {m: {location: m.model, language: mechfit}}\nparameter_files: [p.tsv]\n\
         experiment_files: [e.tsv]\ncondition_files: [c.tsv]\nobservable_files: [o.tsv]\nmeasurement_files: [d.tsv]\n\
         extensions: {mechfit: {version: 1.0.0, required: true}}\n",
    );
    write(
        "p.tsv",
        "parameterId\tlowerBound\tupperBound\tnominalValue\testimate\tscale\na\t-99\t99\t1\ttrue\tlin\nb\t-99\t99\t0\ttrue\tlin\n",
    );
    write(
        "o.tsv",
        "observableId\tobservableFormula\tnoiseFormula\tunit\tnoise\nr\ty\t1\t1\tknown_sd\n",
    );
    write(
        "c.tsv",
        "conditionId\ttargetId\ttargetValue\nc0\tarm\t0\nc1\tarm\t1\n",
    );
    write(
        "e.tsv",
        "experimentId\ttime\tconditionId\nleft\t0\tc0\nright\t0\tc1\n",
    );
    write(
        "d.tsv",
        &format!(
            "observableId\texperimentId\ttime\tmeasurement\tsd\tsdKind\tn\nr\tleft\t1\t10\t{}\t{kind}\t6\nr\tright\t1\t12.1\t{}\t{kind}\t6\n",
            scatter[0], scatter[1]
        ),
    );
    write(
        "claims.tsv",
        &format!(
            "claimId\tkind\targuments\tprinted\texpect\tsource\nmain\twelch_p\tr@left;r@right\t{printed}\t{expect}\tResults\n"
        ),
    );
    folder
}

/// Welch's P of 10 ± 1.2 against 12.1 ± 1.5, six each: t = 2.1/√(1.44/6 + 2.25/6), 9.5 degrees of freedom.
const PRINTED: &str = "0.0241";
const SEM: [&str; 2] = ["0.4899", "0.6124"];
const SD: [&str; 2] = ["1.2", "1.5"];

#[test]
fn an_sem_typed_as_sd_is_caught_by_the_papers_own_p_value() {
    let folder = study("sem", SEM, "sd", PRINTED, "yes");
    let o = check(&folder);
    let text = said(&o);
    assert_eq!(o.status.code(), Some(3), "{text}");
    assert!(
        text.contains("error[sem-as-sd]") && text.contains("d.tsv:2:"),
        "{text}"
    );
    assert!(
        text.contains("set `sdKind` to `sem`") && text.contains("2.41e-2"),
        "{text}"
    );
}

#[test]
fn an_sd_typed_as_sem_is_caught_as_well() {
    let folder = study("sd", SD, "sem", PRINTED, "yes");
    let o = check(&folder);
    let text = said(&o);
    assert_eq!(o.status.code(), Some(3), "{text}");
    assert!(text.contains("error[sd-as-sem]"), "{text}");
}

#[test]
fn what_agrees_or_is_declared_passes_and_what_fits_neither_is_a_warning() {
    for (name, scatter, kind, printed, expect, warned) in [
        ("right", SD, "sd", PRINTED, "yes", false),
        ("right_sem", SEM, "sem", PRINTED, "yes", false),
        ("declared", SEM, "sd", PRINTED, "no", false),
        ("neither", SD, "sd", "0.2000", "yes", true),
    ] {
        let folder = study(name, scatter, kind, printed, expect);
        let o = check(&folder);
        let text = said(&o);
        assert_eq!(o.status.code(), Some(0), "{name}: {text}");
        assert_eq!(
            text.contains("p-value-not-reproduced"),
            warned,
            "{name}: {text}"
        );
    }
}
