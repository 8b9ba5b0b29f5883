//! The host, asked with real guests.

#[path = "../support/mod.rs"]
mod support;

mod cache;
mod call;
mod device;
mod filters;
mod folders;
mod http;
mod kv;
mod limits;
mod load;
mod privacy;
mod probes;
mod small;
