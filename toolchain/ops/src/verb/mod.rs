//! One file per verb.

pub mod build;
pub mod call;
pub mod demo;
pub mod doctor;
pub mod grant;
pub mod grants;
pub mod inspect;
pub mod install;
pub mod key;
pub mod list;
pub mod new;
pub mod owner;
pub mod policy;
pub mod publish;
pub mod registry;
pub mod revoke;
pub mod run;
pub mod search;
pub mod sign;
pub mod trust;
pub mod uninstall;
pub mod verify;
