//! Files that appear whole or not at all.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};

/// A file or folder that could not be written or read.
#[derive(Debug, thiserror::Error)]
#[error("cannot {action} {}: {cause}", .path.display())]
pub struct FileError {
    /// What was tried (`write`, `read`, …).
    pub action: &'static str,
    /// File or folder.
    pub path: PathBuf,
    /// What the system said.
    pub cause: std::io::Error,
}

impl FileError {
    /// For `map_err`: names what was tried on which path.
    pub fn of<'a>(
        action: &'static str,
        path: &'a Path,
    ) -> impl FnOnce(std::io::Error) -> Self + use<'a> {
        move |cause| Self {
            action,
            path: path.to_path_buf(),
            cause,
        }
    }
}

/// Writes a file so that a reader sees the old content or the new one, never a part, whatever happens in between.
///
/// The text goes to a temporary file in the same folder, is synchronised, and then takes the name of the old file;
/// the folder is synchronised as well, so that the name survives a loss of power. Missing folders are made.
///
/// # Errors
/// [`FileError`]; the old file is then untouched and the temporary one removed.
pub fn write(path: &Path, content: &[u8]) -> Result<(), FileError> {
    let folder = match path.parent() {
        Some(p) if !p.as_os_str().is_empty() => p,
        _ => Path::new("."),
    };
    fs::create_dir_all(folder).map_err(FileError::of("make the folder", folder))?;
    let mut name = std::ffi::OsString::from(".");
    name.push(path.file_name().unwrap_or_default());
    name.push(format!(".{}.part", std::process::id()));
    let temporary = folder.join(name);
    let result = put(&temporary, content)
        .and_then(|()| fs::rename(&temporary, path))
        .map_err(FileError::of("write", path));
    if result.is_err() {
        // Nothing more can be done if this fails as well; the first error is the one to report.
        let _ = fs::remove_file(&temporary);
        return result;
    }
    synchronise_folder(folder);
    result
}

fn put(path: &Path, content: &[u8]) -> std::io::Result<()> {
    let mut file = File::create(path)?;
    file.write_all(content)?;
    file.sync_all()
}

/// Asks the system to keep the names in a folder. Some file systems refuse this for folders; then nothing is lost but
/// the guarantee against a loss of power.
pub(super) fn synchronise_folder(folder: &Path) {
    if let Ok(handle) = File::open(folder) {
        let _ = handle.sync_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_whole_and_nothing_else_is_left() {
        let folder = std::env::temp_dir().join(format!("mechfit-atomic-{}", std::process::id()));
        let path = folder.join("deep/result.json");
        write(&path, b"one").unwrap();
        write(&path, b"two").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"two");
        assert_eq!(fs::read_dir(folder.join("deep")).unwrap().count(), 1);
        fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn a_folder_that_is_a_file_is_an_error_with_its_path() {
        let folder = std::env::temp_dir().join(format!("mechfit-file-{}", std::process::id()));
        fs::write(&folder, b"").unwrap();
        let error = write(&folder.join("result.json"), b"x").unwrap_err();
        assert!(error.to_string().contains("mechfit-file"), "{error}");
        fs::remove_file(folder).unwrap();
    }
}
