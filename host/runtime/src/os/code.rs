//! Machine code on its way from a record to the engine: written once, then sealed, so that what was checked is what runs.
//!
//! On Linux it lies in a file without a name that nobody can change once it is sealed, and the engine maps it as it is. Elsewhere, and where
//! the system gives no such file, it lies in memory of this process, and the engine copies it.

use std::fs::File;
use std::io::{self, Write};
use std::path::PathBuf;

/// Code that is being written.
#[derive(Debug)]
pub(crate) struct Code(Place);

#[derive(Debug)]
enum Place {
    #[cfg(target_os = "linux")]
    File(File),
    Memory(Vec<u8>),
}

/// Code that cannot change any more.
#[derive(Debug)]
#[cfg_attr(not(target_os = "linux"), expect(dead_code, reason = "only Linux has such files"))]
pub(crate) enum SealedCode {
    /// In a sealed file.
    File(File),
    /// In memory that is ours alone.
    Memory(Vec<u8>),
}

impl Code {
    /// A place for code.
    pub(crate) fn new() -> Self {
        #[cfg(target_os = "linux")]
        if let Ok(file) = linux::file() {
            return Self(Place::File(file));
        }
        Self(Place::Memory(Vec::new()))
    }

    /// Ends writing.
    ///
    /// # Errors
    /// When the system does not seal the file.
    pub(crate) fn seal(self) -> io::Result<SealedCode> {
        match self.0 {
            #[cfg(target_os = "linux")]
            Place::File(file) => linux::seal(&file).map(|()| SealedCode::File(file)),
            Place::Memory(bytes) => Ok(SealedCode::Memory(bytes)),
        }
    }
}

/// A path that opens the file anew, read only or not, on systems that have one.
pub(crate) fn path_of(file: &File) -> PathBuf {
    #[cfg(unix)]
    return PathBuf::from(format!("/proc/self/fd/{}", std::os::fd::AsRawFd::as_raw_fd(file)));
    #[cfg(not(unix))]
    return PathBuf::new();
}

impl Write for Code {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut self.0 {
            #[cfg(target_os = "linux")]
            Place::File(file) => file.write(bytes),
            Place::Memory(memory) => memory.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(target_os = "linux")]
mod linux {
    use rustix::fs::{MemfdFlags, SealFlags, fcntl_add_seals, memfd_create};
    use rustix::io::Errno;
    use std::fs::File;
    use std::io;

    const NAME: &str = "mpp-code";

    /// A file without a name that can be sealed. It is mapped as code, and never started as a program.
    pub(super) fn file() -> io::Result<File> {
        let flags = MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING;
        let made = match memfd_create(NAME, flags | MemfdFlags::NOEXEC_SEAL) {
            // Before Linux 6.3.
            Err(Errno::INVAL) => memfd_create(NAME, flags),
            made => made,
        };
        Ok(made?.into())
    }

    pub(super) fn seal(file: &File) -> io::Result<()> {
        Ok(fcntl_add_seals(file, SealFlags::SEAL | SealFlags::SHRINK | SealFlags::GROW | SealFlags::WRITE)?)
    }
}

#[cfg(test)]
mod tests {
    use super::{Code, SealedCode, path_of};
    use std::io::{Read as _, Seek as _, Write as _};

    fn sealed(bytes: &[u8]) -> SealedCode {
        let mut code = Code::new();
        code.write_all(bytes).unwrap();
        code.seal().unwrap()
    }

    #[test]
    fn what_was_written_is_there() {
        let bytes = match sealed(b"code") {
            SealedCode::Memory(bytes) => bytes,
            SealedCode::File(mut file) => {
                let mut bytes = Vec::new();
                file.rewind().unwrap();
                file.read_to_end(&mut bytes).unwrap();
                bytes
            }
        };
        assert_eq!(bytes, b"code");
    }

    /// HOST-86: not by whoever holds the file, and not by whoever opens it anew.
    #[test]
    #[cfg(target_os = "linux")]
    fn sealed_code_cannot_be_changed() {
        let SealedCode::File(mut file) = sealed(b"code") else { panic!("Linux has memory files") };
        let mut anew = std::fs::File::options().write(true).open(path_of(&file));
        for file in anew.iter_mut().chain([&mut file]) {
            file.rewind().unwrap();
            assert!(file.write_all(b"evil").is_err());
            assert!(file.set_len(2).is_err());
            assert!(file.set_len(9_000).is_err());
        }
    }
}
