//! HMAC-SHA-256 (RFC 2104), from which keys and nonces are derived.

use secrecy::zeroize::Zeroize as _;
use sha2::{Digest as _, Sha256};

const BLOCK: usize = 64;

/// The HMAC of `parts`, one after the other, under a key of 32 bytes.
pub fn hmac(key: &[u8; 32], parts: &[&[u8]]) -> [u8; 32] {
    let mut padded = [0_u8; BLOCK];
    padded[..32].copy_from_slice(key);
    let pad = |byte: u8| {
        let mut hash = Sha256::new();
        let mut block = padded.map(|k| k ^ byte);
        hash.update(block);
        block.zeroize();
        hash
    };
    let mut inner = pad(0x36);
    let mut outer = pad(0x5c);
    padded.zeroize();
    for part in parts {
        inner.update(part);
    }
    outer.update(inner.finalize());
    outer.finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(bytes: &[u8]) -> [u8; 32] {
        // A shorter key is padded with zeros by definition.
        let mut key = [0; 32];
        key[..bytes.len()].copy_from_slice(bytes);
        key
    }

    #[test]
    fn the_test_vectors_of_rfc_4231_come_out() {
        for (key_bytes, data, right) in [
            (&[0x0b_u8; 20][..], &b"Hi There"[..], "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"),
            (b"Jefe", b"what do ya want for nothing?", "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"),
            (&[0xaa; 20], &[0xdd; 50], "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"),
        ] {
            assert_eq!(hex::encode(hmac(&key(key_bytes), &[data])), right);
        }
    }

    #[test]
    fn parts_are_one_after_the_other() {
        assert_eq!(hmac(&key(b"k"), &[b"ab", b"", b"c"]), hmac(&key(b"k"), &[b"abc"]));
    }
}
