//! A file's content out of its compressed bytes, in one go: the header says how long it will be, so it is made where it stays.

use flate2::{Decompress, FlushDecompress, Status};

use super::format;
use super::structure::DEFLATE_RATIO;

/// Unpacks a file: exactly the size and the CRC-32 that its headers say, or why not, in words that follow its name.
/// Never takes more memory than the compressed bytes can fill.
pub(super) fn unpack(packed: &[u8], method: u16, size: u64, crc32: u32) -> Result<Vec<u8>, String> {
    let unpacked = match method {
        format::STORED => packed.to_vec(),
        format::DEFLATED => inflate(packed, size)?,
        other => return Err(format!("is compressed by a method other than deflate: {other}")),
    };
    if unpacked.len() as u64 != size {
        return Err(other_size(size));
    }
    if crc32fast::hash(&unpacked) != crc32 {
        return Err("does not unpack to what was packed: its CRC-32 is another".to_owned());
    }
    Ok(unpacked)
}

fn other_size(size: u64) -> String {
    format!("does not unpack to the {size} bytes that its headers say")
}

/// Stops at one byte more than there should be.
fn inflate(packed: &[u8], size: u64) -> Result<Vec<u8>, String> {
    let possible = (packed.len() as u64).saturating_mul(DEFLATE_RATIO);
    let room = usize::try_from(size.min(possible).saturating_add(1)).map_err(|_| other_size(size))?;
    let mut out = Vec::with_capacity(room);
    let mut inflater = Decompress::new(false);
    loop {
        let (taken, made) = (inflater.total_in(), out.len());
        let rest = usize::try_from(taken).ok().and_then(|taken| packed.get(taken..));
        let status = inflater
            .decompress_vec(rest.unwrap_or_default(), &mut out, FlushDecompress::Finish)
            .map_err(|error| format!("cannot be unpacked: {error}"))?;
        if out.len() as u64 > size {
            return Err(other_size(size));
        }
        if status == Status::StreamEnd {
            break;
        }
        // One call does all that is shorter than 4 GiB.
        if (inflater.total_in(), out.len()) == (taken, made) {
            return Err("cannot be unpacked: its compressed bytes are not all there".to_owned());
        }
    }
    if inflater.total_in() == packed.len() as u64 || out.len() as u64 != size {
        Ok(out)
    } else {
        Err("has bytes behind its compressed content".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    const TEXT: &[u8] = b"some text, some text, some text, and no other text";

    fn deflated(content: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::best());
        encoder.write_all(content).unwrap();
        encoder.finish().unwrap()
    }

    fn unpacked(packed: &[u8], size: u64) -> Result<Vec<u8>, String> {
        unpack(packed, format::DEFLATED, size, crc32fast::hash(TEXT))
    }

    #[test]
    fn content_comes_back() {
        let packed = deflated(TEXT);
        assert_eq!(unpacked(&packed, TEXT.len() as u64), Ok(TEXT.to_vec()));
        assert_eq!(
            unpack(TEXT, format::STORED, TEXT.len() as u64, crc32fast::hash(TEXT)),
            Ok(TEXT.to_vec())
        );
        assert_eq!(unpack(&deflated(b""), format::DEFLATED, 0, 0), Ok(Vec::new()));
        let large: Vec<u8> = (0..3_000_000_u32).flat_map(u32::to_le_bytes).collect();
        let size = large.len() as u64;
        let crc32 = crc32fast::hash(&large);
        assert!(unpack(&deflated(&large), format::DEFLATED, size, crc32) == Ok(large));
    }

    #[test]
    fn each_lie_is_told() {
        let packed = deflated(TEXT);
        let size = TEXT.len() as u64;
        for lie in [0, 1, size - 1, size + 1, u64::MAX] {
            let words = format!("does not unpack to the {lie} bytes that its headers say");
            assert_eq!(unpacked(&packed, lie), Err(words));
        }
        assert_eq!(
            unpack(&packed, format::DEFLATED, size, 1),
            Err("does not unpack to what was packed: its CRC-32 is another".to_owned())
        );
        assert_eq!(
            unpacked(&[packed.as_slice(), b"x"].concat(), size),
            Err("has bytes behind its compressed content".to_owned())
        );
        for end in 0..packed.len() {
            let error = unpacked(&packed[..end], size).unwrap_err();
            assert_eq!(
                error, "cannot be unpacked: its compressed bytes are not all there",
                "{end}"
            );
        }
        assert!(
            unpack(TEXT, 12, size, 0)
                .unwrap_err()
                .ends_with("other than deflate: 12")
        );
    }
}
