//! The key: read, or made on first need.

use std::fs::{self, File};
use std::io::{ErrorKind, Read as _, Write as _};
use std::path::Path;

use secrecy::zeroize::Zeroize as _;
use secrecy::{ExposeSecret as _, SecretBox, SecretString};

use super::hmac::hmac;
use super::{KeyLocation, SecretError};

/// More than any key file has, in bytes.
const LONGEST_FILE: usize = 1024;
/// No secret is longer, in bytes.
const LONGEST_SECRET: usize = 16 * 1024;

/// What is derived from the key; zeroed when it is let go.
pub struct Keys {
    /// Tells keys apart.
    pub(super) id: [u8; 4],
    /// What encrypts.
    pub(super) encryption: SecretBox<[u8; 32]>,
    /// What nonces follow from.
    pub(super) nonces: SecretBox<[u8; 32]>,
}

impl Keys {
    fn derive(mut key: [u8; 32]) -> Self {
        let mut digest = hmac(&key, &[b"avling seal v1 id"]);
        let mut id = [0; 4];
        id.copy_from_slice(&digest[..4]);
        digest.zeroize();
        let derived = |what: &str| SecretBox::init_with(|| hmac(&key, &[what.as_bytes()]));
        let keys = Self { id, encryption: derived("avling seal v1 encryption"), nonces: derived("avling seal v1 nonces") };
        key.zeroize();
        keys
    }
}

/// Reads a key of 64 hexadecimal digits.
///
/// # Errors
/// [`SecretError::BadKey`].
pub fn parse(text: &str, location: &KeyLocation) -> Result<Keys, SecretError> {
    let mut key = [0; 32];
    let decoded = hex::decode_to_slice(text.trim(), &mut key);
    if decoded.is_err() {
        key.zeroize();
        return Err(SecretError::BadKey { location: location.to_string() });
    }
    Ok(Keys::derive(key))
}

/// Reads the key file, and makes it if it is not there and `make` says so.
///
/// # Errors
/// It is not there, others can read it, it is no key, or it cannot be read or made.
pub fn from_file(path: &Path, make: bool) -> Result<Keys, SecretError> {
    match read(path) {
        Err(SecretError::NoKey { .. }) if make => {
            create(path)?;
            // Whoever made it first, this is the key now.
            read(path)
        }
        read => read,
    }
}

/// What a file with a secret holds, which nobody else may read.
///
/// # Errors
/// It cannot be read, or others can read it.
pub fn secret_file(path: &Path) -> Result<Vec<u8>, SecretError> {
    let failed = |error: std::io::Error| SecretError::SecretFile { path: path.to_owned(), error };
    let mut file = File::open(path).map_err(failed)?;
    check_mode(&file, path).map_err(|error| match error {
        SecretError::Open { path, mode } => SecretError::OpenSecret { path, mode },
        other => other,
    })?;
    let mut bytes = Vec::with_capacity(LONGEST_SECRET);
    (&mut file).take(LONGEST_SECRET as u64).read_to_end(&mut bytes).map_err(failed)?;
    Ok(bytes)
}

fn read(path: &Path) -> Result<Keys, SecretError> {
    let failed = |error: std::io::Error| match error.kind() {
        ErrorKind::NotFound => SecretError::NoKey { path: path.to_owned() },
        _ => SecretError::File { doing: "reading", path: path.to_owned(), error },
    };
    let mut file = File::open(path).map_err(failed)?;
    check_mode(&file, path)?;
    // Room for a key and more, so that it is not copied about in memory while it grows.
    let mut bytes = Vec::with_capacity(LONGEST_FILE);
    (&mut file).take(LONGEST_FILE as u64).read_to_end(&mut bytes).map_err(failed)?;
    let location = KeyLocation::File(path.to_owned());
    let text = super::text(bytes).ok_or_else(|| SecretError::BadKey { location: location.to_string() })?;
    parse(text.expose_secret(), &location)
}

/// Others must not read the key; the file's group may, so that an administrator can give it to a service.
#[cfg(unix)]
fn check_mode(file: &File, path: &Path) -> Result<(), SecretError> {
    use std::os::unix::fs::PermissionsExt as _;
    let metadata = file.metadata().map_err(|error| SecretError::File { doing: "reading", path: path.to_owned(), error })?;
    let mode = metadata.permissions().mode() & 0o7777;
    if mode & 0o027 == 0 { Ok(()) } else { Err(SecretError::Open { path: path.to_owned(), mode }) }
}

#[cfg(not(unix))]
fn check_mode(_: &File, _: &Path) -> Result<(), SecretError> {
    Ok(())
}

/// Makes a key file, whole, readable for its owner only. If another process is faster, its key stays.
fn create(path: &Path) -> Result<(), SecretError> {
    let failed = |error: std::io::Error| SecretError::File { doing: "making", path: path.to_owned(), error };
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::create_dir_all(folder).map_err(failed)?;
    let mut key = [0_u8; 32];
    getrandom::fill(&mut key).map_err(|error| SecretError::Random(error.to_string()))?;
    let text = SecretString::from(hex::encode(key));
    key.zeroize();
    // A temporary file has mode 0600 from its beginning.
    let mut file = tempfile::Builder::new().prefix(".avling-key-").tempfile_in(folder).map_err(failed)?;
    file.write_all(text.expose_secret().as_bytes()).and_then(|()| file.write_all(b"\n")).map_err(failed)?;
    // On the disk before anything is sealed with it.
    file.as_file().sync_all().map_err(failed)?;
    match file.persist_noclobber(path) {
        Ok(_) => File::open(folder).and_then(|folder| folder.sync_all()).map_err(failed),
        Err(error) if error.error.kind() == ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(failed(error.error)),
    }
}
