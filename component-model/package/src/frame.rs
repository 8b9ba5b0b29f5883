//! The one accepted form of compressed content: a single plain zstd frame (PKG-20 to PKG-25; the layout is RFC 8878's, section 3.1).
//!
//! The frame's structure is walked before anything is decompressed, and decompression is given exactly the declared size. Refused: no
//! content size, a dictionary, a window over 8 MiB, a skippable or second frame, bytes after the frame.

use crate::limits::{UNPACKED_BYTES_FREE, UNPACKED_BYTES_MAX, UNPACKED_RATIO_MAX, WINDOW_BYTES_MAX};
use mpp_schema::{Code, Coded, codes};
use zstd::zstd_safe::DParameter;

mod walk;

pub use walk::FrameWalk;

/// What packages are compressed with: the best that keeps the window at 8 MiB.
pub const LEVEL: i32 = 19;

/// Why compressed content is refused.
#[derive(Debug, thiserror::Error)]
pub enum FrameError {
    /// Not one plain frame.
    #[error("read a zstd frame: expected {expected}, found {found}")]
    Form {
        /// What the accepted form has.
        expected: &'static str,
        /// What was found.
        found: String,
    },
    /// The content could not be compressed or decompressed.
    #[error("{action} a zstd frame")]
    Zstd {
        /// What was done.
        action: &'static str,
        /// What zstd said.
        #[source]
        source: std::io::Error,
    },
    /// More content than allowed.
    #[error("unpacked content of {stored} stored bytes: expected at most {limit} bytes, found {found}")]
    Limit {
        /// The stored size.
        stored: u64,
        /// The limit.
        limit: u64,
        /// The declared size.
        found: u64,
    },
}

impl Coded for FrameError {
    fn code(&self) -> Code {
        match self {
            Self::Form { .. } | Self::Zstd { .. } => codes::PKG_COMPRESSION,
            Self::Limit { .. } => codes::LIMIT_UNPACKED,
        }
    }

    fn hints(&self) -> Vec<String> {
        vec!["build the package again with `mpp build`".to_owned()]
    }
}

/// Compresses content into the accepted form, the same bytes each time.
///
/// # Errors
/// When the content is larger than a package may hold, or zstd fails.
pub fn compress(content: &[u8]) -> Result<Vec<u8>, FrameError> {
    let failed = |source| FrameError::Zstd { action: "wrote", source };
    let found = content.len() as u64;
    if found > UNPACKED_BYTES_MAX {
        return Err(FrameError::Limit { stored: 0, limit: UNPACKED_BYTES_MAX, found });
    }
    let frame = zstd::bulk::compress(content, LEVEL).map_err(failed)?;
    check_size(frame.len() as u64, found)?;
    check_frame(&frame, found)?;
    Ok(frame)
}

/// Decompresses one frame that declares `size` bytes of content; never more.
///
/// # Errors
/// When the bytes are not one plain frame with that content size, or are damaged.
pub fn unpack(frame: &[u8], size: u64) -> Result<Vec<u8>, FrameError> {
    check_size(frame.len() as u64, size)?;
    check_frame(frame, size)?;
    let failed = |source| FrameError::Zstd { action: "unpacked", source };
    let mut decompressor = zstd::bulk::Decompressor::new().map_err(failed)?;
    decompressor.set_parameter(DParameter::WindowLogMax(WINDOW_BYTES_MAX.ilog2())).map_err(failed)?;
    let content = decompressor.decompress(frame, size as usize).map_err(failed)?;
    if content.len() as u64 != size {
        return Err(FrameError::Form { expected: "the declared content size", found: content.len().to_string() });
    }
    Ok(content)
}

/// Whether the bytes are one plain frame with this content size.
///
/// # Errors
/// [`FrameError::Form`] when they are not.
pub fn check_frame(frame: &[u8], size: u64) -> Result<(), FrameError> {
    let mut walk = FrameWalk::new(size);
    walk.feed(frame);
    walk.finish()
}

/// Whether so many stored bytes may unpack to so many.
///
/// # Errors
/// [`FrameError::Limit`] when they may not.
pub fn check_size(stored: u64, unpacked: u64) -> Result<(), FrameError> {
    let limit = stored.saturating_mul(UNPACKED_RATIO_MAX).clamp(UNPACKED_BYTES_FREE, UNPACKED_BYTES_MAX);
    if unpacked > limit {
        return Err(FrameError::Limit { stored, limit, found: unpacked });
    }
    Ok(())
}

#[cfg(test)]
mod tests;
