//! Files by a pattern such as `sources/*.toml`.

use std::path::{Component, Path, PathBuf};

use super::Pattern;

/// The files that a pattern names, relative to a folder, in the order of their names. `*` stands for anything within
/// one name, but not for a dot at its beginning. A pattern without `*` names one file, if it is there.
///
/// # Errors
/// What is wrong with the pattern, or with a folder that cannot be read.
pub fn expand(base: &Path, pattern: &str) -> Result<Vec<PathBuf>, String> {
    if pattern.trim().is_empty() {
        return Err("an empty text names no file".into());
    }
    if pattern.contains("**") || pattern.contains(['?', '[', '{']) {
        return Err(format!("'{pattern}' has more than a * in it; only * is known here, for anything within one name"));
    }
    let mut found = vec![base.to_owned()];
    for component in Path::new(pattern).components() {
        match component {
            Component::Normal(name) if name.to_str().is_some_and(|name| name.contains('*')) => {
                let name = Pattern::new(name.to_str().unwrap_or_default());
                let mut next = Vec::new();
                for folder in &found {
                    next.extend(entries(folder, &name)?);
                }
                found = next;
            }
            other => found.iter_mut().for_each(|path| path.push(other)),
        }
    }
    found.retain(|path| path.is_file());
    Ok(found)
}

/// What a folder has whose name fits; nothing if it is no folder.
fn entries(folder: &Path, name: &Pattern) -> Result<Vec<PathBuf>, String> {
    // The file in the working directory has an empty folder.
    let folder_or_here = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    if !folder_or_here.is_dir() {
        return Ok(Vec::new());
    }
    let unreadable = |error: std::io::Error| format!("the folder {} cannot be read: {error}", folder_or_here.display());
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder_or_here).map_err(unreadable)? {
        let file = entry.map_err(unreadable)?.file_name();
        let fits = file.to_str().is_some_and(|file| name.matches(file) && (!file.starts_with('.') || name.as_str().starts_with('.')));
        if fits {
            found.push(folder.join(file));
        }
    }
    found.sort();
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_names_files_in_order_and_no_folders() {
        let folder = tempfile::tempdir().unwrap();
        for file in ["b.toml", "a.toml", ".hidden.toml", "c.txt", "x/1.toml", "y/1.toml", "y/2.toml"] {
            let path = folder.path().join(file);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, "").unwrap();
        }
        std::fs::create_dir(folder.path().join("d.toml")).unwrap();
        let names = |pattern: &str| {
            let found = expand(folder.path(), pattern).unwrap();
            found.iter().map(|path| path.strip_prefix(folder.path()).unwrap().display().to_string()).collect::<Vec<_>>()
        };
        assert_eq!(names("*.toml"), ["a.toml", "b.toml"]);
        assert_eq!(names("*/1.toml"), ["x/1.toml", "y/1.toml"]);
        assert_eq!(names("y/*"), ["y/1.toml", "y/2.toml"]);
        assert_eq!(names(".*.toml"), [".hidden.toml"]);
        assert_eq!(names("b.toml"), ["b.toml"]);
        assert_eq!(names("./b.toml"), ["b.toml"]);
        assert!(names("none.toml").is_empty() && names("nowhere/*.toml").is_empty());
        let absolute = folder.path().join("a*");
        assert_eq!(expand(Path::new("/elsewhere"), absolute.to_str().unwrap()).unwrap().len(), 1);
    }

    #[test]
    fn what_is_not_known_here_is_refused() {
        for pattern in ["", "**/*.toml", "a?.toml", "[ab].toml", "{a,b}.toml"] {
            assert!(expand(Path::new("."), pattern).is_err(), "{pattern}");
        }
    }
}
