//! Why a secret cannot be sealed or opened. None of these holds a secret.

use std::io;
use std::path::PathBuf;

/// Why a secret cannot be sealed or opened, and what to do.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// The key file is not there, and something sealed is to be opened.
    #[error(
        "the key file {} is not there, and without it nothing that was sealed with it can be opened; bring it back from a backup, \
         or say where it is (secrets.key); if it is lost, import the accounts again with their secrets", path.display()
    )]
    NoKey {
        /// Where it should be.
        path: PathBuf,
    },
    /// Others can read or change the key file.
    #[error("others can read or change the key file {} (mode {mode:04o}); run chmod 600 on it, and think of a new key if somebody may have read it", path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// Its mode.
        mode: u32,
    },
    /// The key file cannot be read or made.
    #[error("{doing} the key file {} failed: {error}; mend that, or say in secrets.key where the key is to be", path.display())]
    File {
        /// What was tried.
        doing: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        error: io::Error,
    },
    /// A file with a secret cannot be read.
    #[error("the file {} with a secret cannot be read: {error}", path.display())]
    SecretFile {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        error: io::Error,
    },
    /// Others can read or change a file with a secret.
    #[error("others can read or change the file {} with a secret (mode {mode:04o}); run chmod 600 on it", path.display())]
    OpenSecret {
        /// The file.
        path: PathBuf,
        /// Its mode.
        mode: u32,
    },
    /// No randomness for a new key.
    #[error("a new key cannot be made: the system gives no random bytes ({0})")]
    Random(String),
    /// What is there is no key.
    #[error("what is at {location} is no key: a key is 64 hexadecimal digits, as `openssl rand -hex 32` makes them")]
    BadKey {
        /// `file:PATH`, `env:NAME` or `credential:NAME`.
        location: String,
    },
    /// An environment variable is not set, or empty.
    #[error("the environment variable {name} is not set; set it where avling is started")]
    Variable {
        /// Its name.
        name: String,
    },
    /// No credentials directory.
    #[error(
        "credential:{name} needs the environment variable CREDENTIALS_DIRECTORY, which systemd sets for a unit with LoadCredential={name}:…"
    )]
    NoCredentials {
        /// The credential.
        name: String,
    },
    /// A credential cannot be read.
    #[error("credential:{name} cannot be read from {}: {error}; name it in the unit's LoadCredential=", path.display())]
    Credential {
        /// Its name.
        name: String,
        /// Where it should be.
        path: PathBuf,
        /// What the system said.
        #[source]
        error: io::Error,
    },
    /// What is referred to is empty or not UTF-8.
    #[error("what {place} refers to is empty, or no UTF-8 text")]
    NotText {
        /// `env:NAME` or `credential:NAME`.
        place: String,
    },
    /// Sealed with another key.
    #[error(
        "the secret was sealed with another key than the one that secrets.key names; bring that key back, or import the account again with its secret"
    )]
    OtherKey,
    /// More than can be sealed, 256 GiB.
    #[error("the secret is too long to be sealed")]
    TooLong,
    /// Not as it was sealed, or sealed for another context.
    #[error(
        "the sealed secret was changed since it was sealed, or belongs to another account or column; import the account again with its secret"
    )]
    Damaged,
    /// Not sealed at all.
    #[error(
        "the secret is stored in clear, and is not used; import the account again to seal it, and change the secret if somebody may have read it"
    )]
    InClear,
}
