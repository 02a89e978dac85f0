//! The folder itself: which files are there, how one is taken over so that nobody else takes it, and how it is put away.
//!
//! ```text
//! report.json                        waits
//! ACCOUNT/report.json                waits, and belongs to that account
//! .avling-work/ab12…/report.json     is being read; .lock beside it is held by whoever reads it
//! done/20250120-033000-1a2b3c4d-report.json
//! rejected/20250120-033000-1a2b3c4d-report.json, and beside it ….why.txt
//! ```
//!
//! A file is moved by giving it its new name, never by copying, and never onto another file. Whatever moment the program ends at, each
//! file is in one of these places (for a moment in two); what is in the working folder and held by nobody is taken up again.

use std::collections::BTreeSet;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, ErrorKind, Write as _};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// Where files are that are being read.
const WORK: &str = ".avling-work";

/// Where files are that were taken.
pub const DONE: &str = "done";

/// Where files are that were not taken.
pub const REJECTED: &str = "rejected";

/// What the name of a reason ends with.
pub const WHY: &str = ".why.txt";

/// The file that is locked while a file is read.
const LOCK: &str = ".lock";

/// Names that somebody is still writing to, or that the system makes for itself.
const UNFINISHED: [&str; 8] = [".part", ".partial", ".tmp", ".temp", ".crdownload", ".filepart", ".download", ".swp"];

/// So many names are tried until one is free.
const NAMES: u32 = 10_000;

/// A file that waits.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Waiting {
    /// The account whose folder it is in, if it is in one.
    pub account: Option<String>,
    /// Its name.
    pub name: String,
    /// Its size in bytes.
    pub size: u64,
    /// When it was last written to.
    pub modified: Option<SystemTime>,
}

/// What there is in a folder.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Listing {
    /// Files that wait, in the order of their names.
    pub files: Vec<Waiting>,
    /// What is passed over, and why.
    pub passed_over: Vec<String>,
}

impl Listing {
    /// What did not change since an earlier look, and what did.
    #[must_use]
    pub fn settled_since(self, earlier: &Listing) -> (Vec<Waiting>, Vec<Waiting>) {
        let before: BTreeSet<&Waiting> = earlier.files.iter().collect();
        self.files.into_iter().partition(|file| before.contains(file))
    }
}

/// Whether a name is one that is not to be touched.
#[must_use]
pub fn is_unfinished(name: &str) -> bool {
    let lower = name.to_lowercase();
    lower.starts_with('.')
        || lower.starts_with('~')
        || lower.ends_with('~')
        || matches!(lower.as_str(), "thumbs.db" | "desktop.ini")
        || UNFINISHED.iter().any(|ending| lower.ends_with(ending))
}

/// Looks into a folder, and into folders in it that have the name of an account.
///
/// # Errors
/// The folder cannot be read.
pub fn look(folder: &Path, is_account: &dyn Fn(&str) -> bool) -> io::Result<Listing> {
    let mut listing = Listing::default();
    look_into(folder, None, is_account, &mut listing)?;
    listing.files.sort();
    listing.passed_over.sort();
    Ok(listing)
}

fn look_into(folder: &Path, account: Option<&str>, is_account: &dyn Fn(&str) -> bool, into: &mut Listing) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let file_name = entry.file_name();
        let Some(name) = file_name.to_str() else {
            into.passed_over.push(format!("{}: its name is not UTF-8; give it another", file_name.display()));
            continue;
        };
        // What a link leads to is not looked at.
        let Ok(data) = fs::symlink_metadata(entry.path()) else { continue };
        if data.is_dir() {
            if account.is_none() && is_account(name) {
                look_into(&entry.path(), Some(name), is_account, into)?;
            } else if account.is_some() || !(name.starts_with('.') || matches!(name, DONE | REJECTED)) {
                into.passed_over.push(format!("{name}: is a folder, and no account has its name"));
            }
        } else if is_unfinished(name) {
            // Somebody is still at it.
        } else if data.is_symlink() {
            into.passed_over.push(format!("{name}: is a link, which is not followed; put the file itself here"));
        } else if data.is_file() {
            let (size, modified) = (data.len(), data.modified().ok());
            into.files.push(Waiting { account: account.map(str::to_owned), name: name.to_owned(), size, modified });
        }
    }
    Ok(())
}

/// A file that is ours as long as this is.
#[derive(Debug)]
pub struct Taken {
    /// What it was.
    pub file: Waiting,
    /// Where it is now.
    pub path: PathBuf,
    work: PathBuf,
    lock: File,
}

/// Takes a file over; nothing if it is gone, or is not what it was: somebody else has it, or writes to it.
///
/// # Errors
/// The file system fails.
pub fn take_over(folder: &Path, file: &Waiting) -> io::Result<Option<Taken>> {
    let from = place_of(folder, file);
    let mut unique = [0; 8];
    getrandom::fill(&mut unique).map_err(io::Error::other)?;
    let work = folder.join(WORK).join(hex::encode(unique));
    let inner = file.account.as_ref().map_or_else(|| work.clone(), |account| work.join(account));
    fs::create_dir_all(&inner)?;
    let lock = OpenOptions::new().create(true).truncate(false).write(true).open(work.join(LOCK))?;
    let _ = lock.try_lock();
    let path = inner.join(&file.name);
    let taken = Taken { file: file.clone(), path, work, lock };
    match fs::rename(&from, &taken.path) {
        Ok(()) => {}
        Err(error) if error.kind() == ErrorKind::NotFound => {
            taken.clear();
            return Ok(None);
        }
        Err(error) => {
            taken.clear();
            return Err(error);
        }
    }
    if taken.is_as_it_was() {
        return Ok(Some(taken));
    }
    taken.put_back(folder)?;
    Ok(None)
}

fn place_of(folder: &Path, file: &Waiting) -> PathBuf {
    file.account.as_ref().map_or_else(|| folder.to_owned(), |account| folder.join(account)).join(&file.name)
}

/// Files that whoever took them over did not finish with: their process is gone.
///
/// # Errors
/// The file system fails.
pub fn left_behind(folder: &Path) -> io::Result<Vec<Taken>> {
    let mut found = Vec::new();
    let entries = match fs::read_dir(folder.join(WORK)) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(found),
        entries => entries?,
    };
    for entry in entries {
        let work = entry?.path();
        if !fs::symlink_metadata(&work).is_ok_and(|data| data.is_dir()) {
            continue;
        }
        let Ok(lock) = OpenOptions::new().write(true).open(work.join(LOCK)) else { continue };
        // Where locks are not known nobody but us can be here: one process writes the store.
        if matches!(lock.try_lock(), Err(TryLockError::WouldBlock)) {
            continue;
        }
        let mut inside = Vec::new();
        for entry in fs::read_dir(&work)?.flatten() {
            let Ok(name) = entry.file_name().into_string() else { continue };
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                for inner in fs::read_dir(entry.path())?.flatten() {
                    if let Ok(inner_name) = inner.file_name().into_string() {
                        inside.push((Some(name.clone()), inner_name, inner.path()));
                    }
                }
            } else if name != LOCK {
                inside.push((None, name, entry.path()));
            }
        }
        match inside.pop() {
            Some((account, name, path)) if inside.is_empty() => {
                let data = fs::symlink_metadata(&path)?;
                let file = Waiting { account, name, size: data.len(), modified: data.modified().ok() };
                found.push(Taken { file, path, work, lock });
            }
            // Nobody puts two files there.
            Some(_) => {}
            None => clear(&work, &lock),
        }
    }
    found.sort_by(|a, b| a.file.cmp(&b.file));
    Ok(found)
}

impl Taken {
    /// Whether it still is a plain file of the size and time that it had.
    #[must_use]
    pub fn is_as_it_was(&self) -> bool {
        fs::symlink_metadata(&self.path)
            .is_ok_and(|data| data.is_file() && data.len() == self.file.size && data.modified().ok() == self.file.modified)
    }

    /// Puts it back to wait, under another name if there is a new file of its own by now.
    ///
    /// # Errors
    /// The file system fails; it stays where it is, to be taken up again.
    pub fn put_back(self, folder: &Path) -> io::Result<()> {
        let place = place_of(folder, &self.file);
        let into = place.parent().unwrap_or(folder).to_owned();
        fs::create_dir_all(&into)?;
        move_to_free(&self.path, &into, "", &self.file.name, "")?;
        self.clear();
        Ok(())
    }

    /// Puts it away as done. `stamp` goes before its name.
    ///
    /// # Errors
    /// The file system fails; it stays where it is, to be taken up again.
    pub fn done(self, folder: &Path, stamp: &str) -> io::Result<String> {
        let into = folder.join(DONE);
        fs::create_dir_all(&into)?;
        let name = move_to_free(&self.path, &into, stamp, &self.file.name, "")?;
        self.clear();
        Ok(name)
    }

    /// Puts it away as rejected, beside a text that says why.
    ///
    /// # Errors
    /// The file system fails; it stays where it is, to be taken up again.
    pub fn rejected(self, folder: &Path, stamp: &str, why: &str) -> io::Result<String> {
        let into = folder.join(REJECTED);
        fs::create_dir_all(&into)?;
        // The reason is there whole before the file is.
        let mut text = tempfile::Builder::new().prefix(".why-").tempfile_in(&into)?;
        text.write_all(why.as_bytes())?;
        text.as_file().sync_all()?;
        let name = move_to_free(&self.path, &into, stamp, &self.file.name, WHY)?;
        let text = text.into_temp_path();
        allow_reading(&text);
        text.persist(into.join(format!("{name}{WHY}"))).map_err(|error| error.error)?;
        self.clear();
        Ok(name)
    }

    /// Clears away the working folder, if nothing is in it any more.
    fn clear(&self) {
        if let Some(inner) = self.path.parent().filter(|inner| *inner != self.work && inner.starts_with(&self.work)) {
            let _ = fs::remove_dir(inner);
        }
        clear(&self.work, &self.lock);
    }
}

/// Removes a folder that has nothing but its lock in it, and the one around it if that is empty then.
fn clear(work: &Path, lock: &File) {
    let only_lock = fs::read_dir(work).is_ok_and(|entries| entries.flatten().all(|entry| entry.file_name() == LOCK));
    if only_lock {
        let _ = lock.unlock();
        let _ = fs::remove_file(work.join(LOCK));
        let _ = fs::remove_dir(work);
        let _ = work.parent().map(fs::remove_dir);
    }
}

/// Whoever may read the folder may read the reason; temporary files are for their owner alone.
fn allow_reading(path: &Path) {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let _ = fs::set_permissions(path, fs::Permissions::from_mode(0o644));
    }
    #[cfg(not(unix))]
    let _ = path;
}

/// Moves a file into a folder under the first free name of `stamp` and `name`; free is one for which there also is no file with `and`
/// behind it. Gives the name.
fn move_to_free(from: &Path, into: &Path, stamp: &str, name: &str, and: &str) -> io::Result<String> {
    for number in 1..NAMES {
        let name = match (number, name.rsplit_once('.')) {
            (1, _) => format!("{stamp}{name}"),
            (_, Some((stem, ending))) if !stem.is_empty() => format!("{stamp}{stem} ({number}).{ending}"),
            _ => format!("{stamp}{name} ({number})"),
        };
        if !and.is_empty() && fs::symlink_metadata(into.join(format!("{name}{and}"))).is_ok() {
            continue;
        }
        match move_new(from, &into.join(&name)) {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            moved => return moved.map(|()| name),
        }
    }
    Err(io::Error::new(ErrorKind::AlreadyExists, "too many files of this name"))
}

/// Gives a file another name, but never that of another file.
fn move_new(from: &Path, to: &Path) -> io::Result<()> {
    match fs::hard_link(from, to) {
        Ok(()) => fs::remove_file(from),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Err(error),
        // Many network shares have no links: the name is looked for, and taken at once.
        Err(_) if fs::symlink_metadata(to).is_ok() => Err(ErrorKind::AlreadyExists.into()),
        Err(_) => fs::rename(from, to),
    }
}

/// What was rejected, in the order of names: the file, and the first line of the reason.
///
/// # Errors
/// The folder cannot be read.
pub fn rejected(folder: &Path) -> io::Result<Vec<(String, String)>> {
    let entries = match fs::read_dir(folder.join(REJECTED)) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let names: BTreeSet<String> = entries.flatten().filter_map(|entry| entry.file_name().into_string().ok()).collect();
    let files = names.iter().filter(|name| !name.ends_with(WHY) && !name.starts_with('.'));
    let why = |name: &String| {
        let text = fs::read_to_string(folder.join(REJECTED).join(format!("{name}{WHY}"))).unwrap_or_default();
        text.lines().find_map(|line| line.strip_prefix("Why: ")).unwrap_or("nobody has written down why").to_owned()
    };
    Ok(files.map(|name| (name.clone(), why(name))).collect())
}
