//! `compress`: compresses text with DEFLATE; hash chains, table look-ups and bit twiddling.

use std::cell::RefCell;
use std::sync::LazyLock;

use flate2::{Compression, FlushCompress, Status};

use crate::workload::step::cpu::data::{Sequence, chain};
use crate::workload::step::cpu::iterate::Iterate;

/// Bytes compressed per iteration.
const PIECE: usize = 4096;

/// Bytes of text that pieces are cut from.
const TEXT: usize = 64 * 1024;

/// Room for a piece that does not compress at all.
const ROOM: usize = 2 * PIECE;

pub(super) static COMPRESS: LazyLock<Compress> = LazyLock::new(Compress::generate);

thread_local! {
    /// The compressor's tables are larger than its input by far, so each thread makes them once.
    static COMPRESSOR: RefCell<flate2::Compress> =
        RefCell::new(flate2::Compress::new(Compression::default(), false));
}

/// Text.
#[derive(Debug)]
pub(super) struct Compress {
    text: Vec<u8>,
}

impl Compress {
    fn generate() -> Self {
        let mut words = Sequence::new(3);
        let mut text = String::with_capacity(TEXT + 256);
        while text.len() < TEXT {
            text += &words.sentence();
            text.push(' ');
        }
        text.truncate(TEXT);
        Compress { text: text.into_bytes() }
    }

    fn piece(&self, input: u64) -> &[u8] {
        let start = (input % (TEXT - PIECE) as u64) as usize;
        &self.text[start..start + PIECE]
    }
}

/// Compresses `input` into `output` and returns what was written there.
fn deflate<'a>(input: &[u8], output: &'a mut [u8; ROOM]) -> &'a [u8] {
    let written = COMPRESSOR.with_borrow_mut(|compressor| {
        compressor.reset();
        let status = compressor.compress(input, output, FlushCompress::Finish);
        assert!(matches!(status, Ok(Status::StreamEnd)), "DEFLATE stopped early: {status:?}");
        compressor.total_out() as usize
    });
    &output[..written]
}

impl Iterate for Compress {
    fn iterate(&self, input: u64) -> u64 {
        let mut output = [0; ROOM];
        chain(input, xxhash_rust::xxh3::xxh3_64(deflate(self.piece(input), &mut output)))
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    #[test]
    fn what_is_compressed_can_be_read_again() {
        let piece = COMPRESS.piece(u64::MAX);
        let mut output = [0; ROOM];
        let compressed = deflate(piece, &mut output);
        assert!(compressed.len() < PIECE / 2, "{} bytes", compressed.len());

        let mut read = Vec::new();
        flate2::read::DeflateDecoder::new(compressed).read_to_end(&mut read).unwrap();
        assert_eq!(read, piece);
    }

    #[test]
    fn noise_fits_into_the_room_too() {
        let noise: Vec<u8> = Sequence::new(9).take(PIECE).map(|n| n as u8).collect();
        assert!(deflate(&noise, &mut [0; ROOM]).len() >= PIECE);
    }
}
