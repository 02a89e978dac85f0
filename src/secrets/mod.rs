//! Secrets of accounts: sealed before they are stored, opened only to be used.
//!
//! [`KeyLocation`] says where the key is. A [`Sealer`] turns a secret into a text that is safe to store
//! (`sealed:v1:…`), and what is stored (`sealed:v1:…`, `env:NAME`, `credential:NAME`, or nothing) back into the secret.
//! [`context`] names what a secret belongs to; sealed for one account, it does not open for another.
//!
//! The same secret sealed again for the same context gives the same text, so that importing a file twice changes
//! nothing: the nonce of XChaCha20-Poly1305 is not random but follows from context and secret under a key of its own
//! (a synthetic initialisation vector, as in RFC 5297). What this tells is only that a secret has not changed.

mod error;
pub(crate) mod hmac;
mod key;
mod location;
mod seal;

use std::ffi::OsString;
use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use secrecy::zeroize::Zeroize as _;
use secrecy::{ExposeSecret as _, SecretString};

pub use error::SecretError;
pub use location::KeyLocation;

use crate::model::AccountId;
use key::Keys;

/// What every sealed text begins with.
const SEALED: &str = "sealed:v1:";

/// Where environment variables come from.
type Environment = dyn Fn(&str) -> Option<OsString> + Send + Sync;

/// Seals and opens secrets. It looks for the key when it is first needed, and makes a key file only to seal.
/// Cheap to clone; clones share the key.
#[derive(Clone)]
pub struct Sealer {
    location: KeyLocation,
    environment: Arc<Environment>,
    keys: Arc<OnceLock<Keys>>,
}

impl fmt::Debug for Sealer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sealer").field("location", &self.location).finish_non_exhaustive()
    }
}

impl Sealer {
    /// With the key at `location`, in this process's environment. Nothing is read yet.
    #[must_use]
    pub fn new(location: KeyLocation) -> Self {
        Self::with_environment(location, |name| std::env::var_os(name))
    }

    /// Likewise, in another environment.
    #[must_use]
    pub fn with_environment(location: KeyLocation, environment: impl Fn(&str) -> Option<OsString> + Send + Sync + 'static) -> Self {
        Self { location, environment: Arc::new(environment), keys: Arc::default() }
    }

    /// Seals a secret for what `context` names. A key file that is not there is made.
    ///
    /// # Errors
    /// There is no key, or it cannot be read or made.
    pub fn seal(&self, context: &str, secret: &SecretString) -> Result<String, SecretError> {
        let sealed = self.keys(true)?.seal(context, secret.expose_secret())?;
        Ok(format!("{SEALED}{}", hex::encode(sealed)))
    }

    /// The secret that is stored as `stored`; nothing if nothing is stored.
    ///
    /// # Errors
    /// The variable, credential or key is not there; another key or context; a damaged text; or a secret in clear.
    pub fn reveal(&self, context: &str, stored: &str) -> Result<Option<SecretString>, SecretError> {
        if stored.is_empty() {
            return Ok(None);
        }
        if let Some(name) = stored.strip_prefix("env:").filter(|name| location::is_variable(name)) {
            return self.variable(name).map(Some);
        }
        if let Some(name) = stored.strip_prefix("credential:").filter(|name| location::is_credential(name)) {
            let path = self.credential_path(name)?;
            let bytes = std::fs::read(&path).map_err(|error| SecretError::Credential { name: name.to_owned(), path, error })?;
            return text(bytes).map(Some).ok_or_else(|| SecretError::NotText { place: stored.to_owned() });
        }
        let Some(hexadecimal) = stored.strip_prefix("sealed:") else { return Err(SecretError::InClear) };
        let Some(bytes) = hexadecimal.strip_prefix("v1:").and_then(|text| hex::decode(text).ok()) else { return Err(SecretError::Damaged) };
        self.keys(false)?.open(context, &bytes).map(Some)
    }

    /// The secret at a place: a variable, a credential, or a file that nobody else may read.
    ///
    /// # Errors
    /// It is not there, is no text, or others can read the file.
    pub fn read(&self, location: &KeyLocation) -> Result<SecretString, SecretError> {
        match location {
            KeyLocation::Env(name) => self.variable(name),
            KeyLocation::Credential(name) => {
                let path = self.credential_path(name)?;
                let bytes = std::fs::read(&path).map_err(|error| SecretError::Credential { name: name.clone(), path, error })?;
                text(bytes).ok_or_else(|| SecretError::NotText { place: location.to_string() })
            }
            KeyLocation::File(path) => text(key::secret_file(path)?).ok_or_else(|| SecretError::NotText { place: location.to_string() }),
        }
    }

    /// Reads the key without making one, to tell early whether what is sealed can be opened.
    ///
    /// # Errors
    /// There is no key, or it cannot be read.
    pub fn check(&self) -> Result<(), SecretError> {
        self.keys(false).map(|_| ())
    }

    /// Whether the key is a file that is not there yet; the first secret to be sealed makes it.
    #[must_use]
    pub fn key_is_to_be_made(&self) -> bool {
        matches!(&self.location, KeyLocation::File(path) if !path.exists())
    }

    fn variable(&self, name: &str) -> Result<SecretString, SecretError> {
        let value = (self.environment)(name).filter(|value| !value.is_empty());
        let value = value.ok_or_else(|| SecretError::Variable { name: name.to_owned() })?;
        value.into_string().map(SecretString::from).map_err(|_| SecretError::NotText { place: format!("env:{name}") })
    }

    fn credential_path(&self, name: &str) -> Result<PathBuf, SecretError> {
        let folder = (self.environment)("CREDENTIALS_DIRECTORY").filter(|folder| !folder.is_empty());
        let folder = folder.ok_or_else(|| SecretError::NoCredentials { name: name.to_owned() })?;
        Ok(PathBuf::from(folder).join(name))
    }

    /// The key, found or made.
    fn keys(&self, make: bool) -> Result<&Keys, SecretError> {
        if let Some(keys) = self.keys.get() {
            return Ok(keys);
        }
        let keys = match &self.location {
            KeyLocation::File(path) => key::from_file(path, make)?,
            KeyLocation::Env(name) => key::parse(self.variable(name)?.expose_secret(), &self.location)?,
            KeyLocation::Credential(name) => {
                let path = self.credential_path(name)?;
                let bytes = std::fs::read(&path).map_err(|error| SecretError::Credential { name: name.clone(), path, error })?;
                let text = text(bytes).ok_or_else(|| SecretError::BadKey { location: self.location.to_string() })?;
                key::parse(text.expose_secret(), &self.location)?
            }
        };
        // Where two threads come here at once, both have read the same key.
        Ok(self.keys.get_or_init(|| keys))
    }
}

/// What a file holds, without the line's end that editors leave.
fn text(bytes: Vec<u8>) -> Option<SecretString> {
    match String::from_utf8(bytes) {
        Ok(mut text) => {
            let secret = SecretString::from(text.trim_end_matches(['\r', '\n']));
            text.zeroize();
            Some(secret).filter(|secret| !secret.expose_secret().is_empty())
        }
        Err(error) => {
            error.into_bytes().zeroize();
            None
        }
    }
}

/// What a secret belongs to: this column of this account.
#[must_use]
pub fn context(account: &AccountId, column: &str) -> String {
    // An id has no space in it, so no two accounts and columns have one context.
    format!("account {account} {column}")
}

/// Whether a text may stand in the store: nothing, a reference, or a sealed secret.
#[must_use]
pub fn is_safe_to_store(stored: &str) -> bool {
    let sealed = |text: &str| hex::decode(text).is_ok_and(|bytes| bytes.len() >= seal::OVERHEAD);
    stored.is_empty()
        || stored.strip_prefix("env:").is_some_and(location::is_variable)
        || stored.strip_prefix("credential:").is_some_and(location::is_credential)
        || stored.strip_prefix(SEALED).is_some_and(sealed)
}

#[cfg(test)]
mod tests;
