//! `mpp:host/device`: character devices that the user bound to slots, as two streams. Permission `devices`; rules HOST-30 and following.
//!
//! How a device is opened, read and written is the system's part (`os`); here are the grant, the streams and what the caller hears.

use crate::os::{Device, DeviceError, open_device};
use crate::state::State;
use bytes::{Buf, Bytes};
use mpp_schema::codes;
use std::io::ErrorKind;
use std::sync::Arc;
use wasmtime::Result;
use wasmtime::component::{ComponentType, Lift, Linker, Lower, Resource};
use wasmtime_wasi::async_trait;
use wasmtime_wasi::p2::{
    DynInputStream, DynOutputStream, InputStream, OutputStream, Pollable, StreamError, StreamResult,
};
use wasmtime_wasi::runtime::{spawn_blocking, with_ambient_tokio_runtime};

const INTERFACE: &str = "mpp:host/device@0.1.0";

/// `open-error` of the interface.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ComponentType, Lift, Lower)]
#[component(enum)]
#[repr(u8)]
enum OpenError {
    #[component(name = "denied")]
    Denied,
    #[component(name = "missing")]
    Missing,
    #[component(name = "unsuitable")]
    Unsuitable,
    #[component(name = "busy")]
    Busy,
}

type Streams = (Resource<DynInputStream>, Resource<DynOutputStream>);

pub(crate) fn add_to_linker(linker: &mut Linker<State>) -> Result<()> {
    linker
        .instance(INTERFACE)?
        .func_wrap("open", |mut store, (slot,): (String,)| Ok((store.data_mut().open_device(&slot)?,)))
}

impl State {
    fn open_device(&mut self, slot: &str) -> Result<Result<Streams, OpenError>> {
        let grants = Arc::clone(&self.terms.grants);
        let Some((_, grant)) = grants.devices().iter().find(|(name, _)| name.as_str() == slot) else {
            self.refusals.push(codes::CAP_DENIED, || format!("no device is granted for slot `{slot}`"));
            return Ok(Err(OpenError::Denied));
        };
        let path = grant.path.clone();
        // The system's registration of the device needs the runtime in which it will be waited for.
        let open = move || with_ambient_tokio_runtime(|| open_device(&path));
        let device = match self.deadline.wait(spawn_blocking(open))? {
            Ok(device) => Arc::new(device),
            Err(error) => {
                let shown = grant.path.display();
                self.refusals.push(codes::CAP_DEVICE, || format!("device `{shown}` of slot `{slot}`: {error}"));
                return Ok(Err(error.into()));
            }
        };
        let input: DynInputStream = Box::new(Input(Arc::clone(&device)));
        let output: DynOutputStream = Box::new(Output { device, unsent: Bytes::new() });
        Ok(Ok((self.table.push(input)?, self.table.push(output)?)))
    }
}

impl From<DeviceError> for OpenError {
    fn from(error: DeviceError) -> Self {
        match error {
            DeviceError::Missing(_) => Self::Missing,
            DeviceError::Unsuitable(_) => Self::Unsuitable,
            DeviceError::Busy => Self::Busy,
        }
    }
}

/// Bytes of one read, and of what may wait to be sent.
const CHUNK_BYTES: usize = 4096;

/// What comes from the device.
struct Input(Arc<Device>);

#[async_trait]
impl Pollable for Input {
    async fn ready(&mut self) {
        self.0.readable().await;
    }
}

#[async_trait]
impl InputStream for Input {
    fn read(&mut self, size: usize) -> StreamResult<Bytes> {
        let mut buffer = vec![0; size.min(CHUNK_BYTES)];
        if buffer.is_empty() {
            return Ok(Bytes::new());
        }
        match self.0.read(&mut buffer) {
            Ok(0) => Err(StreamError::Closed),
            Ok(len) => {
                buffer.truncate(len);
                Ok(buffer.into())
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(Bytes::new()),
            Err(error) => Err(StreamError::LastOperationFailed(error.into())),
        }
    }

    async fn blocking_read(&mut self, size: usize) -> StreamResult<Bytes> {
        loop {
            self.ready().await;
            let bytes = self.read(size)?;
            if size == 0 || !bytes.is_empty() {
                return Ok(bytes);
            }
        }
    }
}

/// What goes to the device.
struct Output {
    device: Arc<Device>,
    unsent: Bytes,
}

impl Output {
    /// Sends what the device takes now.
    fn send(&mut self) -> StreamResult<()> {
        while !self.unsent.is_empty() {
            match self.device.write(&self.unsent) {
                Ok(0) => return Err(StreamError::Closed),
                Ok(len) => self.unsent.advance(len),
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) => {
                    self.unsent.clear();
                    return Err(StreamError::LastOperationFailed(error.into()));
                }
            }
        }
        Ok(())
    }
}

#[async_trait]
impl Pollable for Output {
    async fn ready(&mut self) {
        // An error is told by the next call that can tell it.
        while self.send().is_ok() && !self.unsent.is_empty() {
            self.device.writable().await;
        }
    }
}

#[async_trait]
impl OutputStream for Output {
    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        if self.check_write()? < bytes.len() {
            return Err(StreamError::trap("more was written than `check-write` allowed"));
        }
        self.unsent = bytes;
        self.send()
    }

    fn flush(&mut self) -> StreamResult<()> {
        self.send()
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        self.send()?;
        Ok(if self.unsent.is_empty() { CHUNK_BYTES } else { 0 })
    }
}
