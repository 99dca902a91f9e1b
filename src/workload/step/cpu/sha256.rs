//! `sha256`: hashes one block; pure integer arithmetic in registers, the smallest iteration of all.

use sha2::Digest;

use crate::workload::step::cpu::iterate::Iterate;

/// The longest message that fills exactly one 64-byte block together with its padding.
const MESSAGE: [u8; 55] = *b"........How should this work be run concurrently, & why";

/// Hashes a message of one block that begins with the input.
#[derive(Debug)]
pub(super) struct Sha256;

impl Iterate for Sha256 {
    fn iterate(&self, input: u64) -> u64 {
        let mut message = MESSAGE;
        message[..8].copy_from_slice(&input.to_le_bytes());
        let hash = sha2::Sha256::digest(message);
        let (first, _) = hash.split_first_chunk().expect("a SHA-256 hash is 32 bytes long");
        u64::from_le_bytes(*first)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_the_hash_of_the_message() {
        let mut message = MESSAGE;
        message[..8].copy_from_slice(&7u64.to_le_bytes());
        let expected = sha2::Sha256::digest(message);
        assert_eq!(Sha256.iterate(7).to_le_bytes(), expected[..8]);
    }
}
