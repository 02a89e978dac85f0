//! Where a key is: `file:PATH`, `env:NAME` or `credential:NAME`.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

/// Where the key is that seals secrets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeyLocation {
    /// In this file.
    File(PathBuf),
    /// In this environment variable.
    Env(String),
    /// In this systemd credential: the file of that name in `$CREDENTIALS_DIRECTORY`.
    Credential(String),
}

/// The text is no location of a key. It is not shown, since it may be the key itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum LocationError {
    /// None of the three forms.
    #[error(
        "does not say where the key is; write it as file:PATH, env:NAME or credential:NAME (what is written is not shown here, as it may be a key)"
    )]
    Form,
    /// No name of a variable.
    #[error("names no environment variable: a name is letters, digits and underscores, and does not begin with a digit")]
    Variable,
    /// No name of a credential.
    #[error("names no credential: a name has no slash and no space in it")]
    Credential,
}

impl FromStr for KeyLocation {
    type Err = LocationError;

    fn from_str(text: &str) -> Result<Self, LocationError> {
        match text.split_once(':') {
            Some(("file", path)) if !path.is_empty() => Ok(Self::File(path.into())),
            Some(("env", name)) if is_variable(name) => Ok(Self::Env(name.to_owned())),
            Some(("env", _)) => Err(LocationError::Variable),
            Some(("credential", name)) if is_credential(name) => Ok(Self::Credential(name.to_owned())),
            Some(("credential", _)) => Err(LocationError::Credential),
            _ => Err(LocationError::Form),
        }
    }
}

impl fmt::Display for KeyLocation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => write!(f, "file:{}", path.display()),
            Self::Env(name) => write!(f, "env:{name}"),
            Self::Credential(name) => write!(f, "credential:{name}"),
        }
    }
}

/// Whether it can be the name of an environment variable.
pub(super) fn is_variable(name: &str) -> bool {
    !name.starts_with(|c: char| c.is_ascii_digit())
        && !name.is_empty()
        && name.len() <= 200
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

/// Whether it can be the name of a credential: of a file, and nothing but that.
pub(super) fn is_credential(name: &str) -> bool {
    !matches!(name, "" | "." | "..")
        && name.len() <= 200
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.' | b'@' | b'+'))
}
