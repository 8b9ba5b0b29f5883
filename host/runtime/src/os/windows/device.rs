//! Devices are not supported on Windows: opening one says so.

pub(crate) use crate::os::device_error::DeviceError;
use std::convert::Infallible;
use std::io;
use std::path::Path;

/// There is none.
pub(crate) struct Device(Infallible);

/// Always refused.
pub(crate) fn open_device(_: &Path) -> Result<Device, DeviceError> {
    Err(io::Error::new(io::ErrorKind::Unsupported, "devices are not supported on this system").into())
}

impl Device {
    pub(crate) fn read(&self, _: &mut [u8]) -> io::Result<usize> {
        match self.0 {}
    }
    pub(crate) fn write(&self, _: &[u8]) -> io::Result<usize> {
        match self.0 {}
    }
    pub(crate) async fn readable(&self) {
        match self.0 {}
    }
    pub(crate) async fn writable(&self) {
        match self.0 {}
    }
}
