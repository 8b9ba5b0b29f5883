//! Windows: files like anywhere, and no devices yet.

mod device;
mod fence;
mod files;
mod private;

pub(crate) use device::{Device, DeviceError, open_device};
pub(crate) use fence::{fence_support, raise};
pub(crate) use files::{is_of_a_device, names, never_wait, open_folder, wait_again};
pub(crate) use private::PrivateFolder;
