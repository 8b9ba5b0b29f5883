//! What packages of this home keep: one folder of stores, shared by every process that runs on this home.

use super::Home;
use mpp_kv::SharedStore;

impl Home {
    /// The stores of this home. Nothing is opened, and no folder is made, before one of them is used.
    pub(crate) fn kv(&self) -> SharedStore {
        SharedStore::new(self.data.join("kv"))
    }
}
