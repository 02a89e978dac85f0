//! Sealing itself: 4 bytes that tell the key, a nonce of 24 bytes, the secret under XChaCha20-Poly1305.

use chacha20poly1305::aead::{Aead as _, Payload};
use chacha20poly1305::{Key, KeyInit as _, XChaCha20Poly1305, XNonce};
use secrecy::zeroize::Zeroize as _;
use secrecy::{ExposeSecret as _, SecretString};

use super::SecretError;
use super::hmac::hmac;
use super::key::Keys;

const KEY_ID: usize = 4;
const NONCE: usize = 24;
const TAG: usize = 16;

/// How much longer than the secret the sealed bytes are.
pub const OVERHEAD: usize = KEY_ID + NONCE + TAG;

impl Keys {
    /// Seals; the same secret in the same context always gives the same bytes.
    ///
    /// # Errors
    /// [`SecretError::TooLong`].
    pub fn seal(&self, context: &str, secret: &str) -> Result<Vec<u8>, SecretError> {
        let nonce = self.nonce(context, secret);
        let payload = Payload { msg: secret.as_bytes(), aad: context.as_bytes() };
        let ciphertext = self.cipher().encrypt(&XNonce::from(nonce), payload).map_err(|_| SecretError::TooLong)?;
        let mut sealed = Vec::with_capacity(OVERHEAD + secret.len());
        sealed.extend_from_slice(&self.id());
        sealed.extend_from_slice(&nonce);
        sealed.extend_from_slice(&ciphertext);
        Ok(sealed)
    }

    /// Opens what was sealed in the same context.
    ///
    /// # Errors
    /// [`SecretError::OtherKey`], [`SecretError::Damaged`].
    pub fn open(&self, context: &str, sealed: &[u8]) -> Result<SecretString, SecretError> {
        let (id, rest) = sealed.split_first_chunk::<KEY_ID>().ok_or(SecretError::Damaged)?;
        let (nonce, ciphertext) = rest.split_first_chunk::<NONCE>().ok_or(SecretError::Damaged)?;
        if ciphertext.len() < TAG {
            return Err(SecretError::Damaged);
        }
        if *id != self.id() {
            return Err(SecretError::OtherKey);
        }
        let payload = Payload { msg: ciphertext, aad: context.as_bytes() };
        let bytes = self.cipher().decrypt(&XNonce::from(*nonce), payload).map_err(|_| SecretError::Damaged)?;
        String::from_utf8(bytes).map(SecretString::from).map_err(|error| {
            error.into_bytes().zeroize();
            SecretError::Damaged
        })
    }

    /// Follows from the secret and its context, so that no two secrets share one.
    fn nonce(&self, context: &str, secret: &str) -> [u8; NONCE] {
        let length = (context.len() as u64).to_be_bytes();
        let digest = hmac(self.nonces.expose_secret(), &[&length, context.as_bytes(), secret.as_bytes()]);
        let mut nonce = [0; NONCE];
        nonce.copy_from_slice(&digest[..NONCE]);
        nonce
    }

    fn cipher(&self) -> XChaCha20Poly1305 {
        let mut key = Key::from(*self.encryption.expose_secret());
        let cipher = XChaCha20Poly1305::new(&key);
        key.as_mut_slice().zeroize();
        cipher
    }

    /// Tells keys apart, and nothing of the key.
    fn id(&self) -> [u8; KEY_ID] {
        self.id
    }
}
