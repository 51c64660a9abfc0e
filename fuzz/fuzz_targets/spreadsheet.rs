//! Any bytes as a spreadsheet: a study or findings, never a panic.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let _ = mechfit::problem::from_spreadsheet("study", "data.csv", data.to_vec());
});
