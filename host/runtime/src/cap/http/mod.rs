//! `wasi:http`: requests to origins that were granted, and nowhere else. Permissions `http` and `secrets`, rules HOST-40 to HOST-56.
//!
//! Resources and their types are those of wasmtime-wasi-http; sending is ours from the address to the last byte:
//!
//! - [`hooks`]: the tool's request against the grants (judged by `mpp-policy`), its headers, and the turn that it takes;
//! - [`resolve`] and [`connect`]: the name is looked up once, every address is judged, and only judged ones are connected to, with [`tls`];
//! - [`outgoing`]: what of the request the privacy filter lets go;
//! - [`exchange`]: one request and one response on a connection of their own; nothing is followed, nothing is kept for later;
//! - [`account`]: what the call has used of its limits, and what was refused to it;
//! - [`secrets`]: credentials, which the host puts into requests to the one origin that they are for.
//!
//! A limit of HTTP is told to the tool as an error of the interface, not as the end of the call: the server may be the one at fault.

mod account;
mod body;
pub(crate) mod connect;
mod exchange;
mod failure;
mod hooks;
mod outgoing;
pub(crate) mod resolve;
pub(crate) mod secrets;
pub(crate) mod tls;

use crate::outcome::Sent;
use crate::refusals::Refusals;
use crate::state::State;
use hooks::Hooks;
use std::sync::Arc;
use wasmtime::Result;
use wasmtime::component::{HasData, Linker};
use wasmtime_wasi_http::p2::bindings::{LinkOptions, http};
use wasmtime_wasi_http::{WasiHttpCtx, WasiHttpCtxView};

/// What a call has of HTTP; made when it first uses it.
pub(crate) struct Http {
    context: WasiHttpCtx,
    hooks: Hooks,
}

impl Http {
    /// Takes what was refused so far.
    pub(crate) fn take_refusals(&mut self) -> Refusals {
        self.hooks.take_refusals()
    }

    /// Takes what was sent so far.
    pub(crate) fn take_sent(&mut self) -> Sent {
        self.hooks.take_sent()
    }
}

struct HasHttp;

impl HasData for HasHttp {
    type Data<'a> = WasiHttpCtxView<'a>;
}

pub(crate) fn add_to_linker(linker: &mut Linker<State>) -> Result<()> {
    http::outgoing_handler::add_to_linker::<_, HasHttp>(linker, view)?;
    http::types::add_to_linker::<_, HasHttp>(linker, &LinkOptions::default().into(), view)
}

fn view(state: &mut State) -> WasiHttpCtxView<'_> {
    let State { http, table, terms, resident, http_limits, guard, .. } = state;
    let (providers, package) = (&resident.shared.providers, &resident.claim.package);
    let Http { context, hooks } = &mut **http.get_or_insert_with(|| {
        let mut context = WasiHttpCtx::new();
        // Counts what a map takes of memory, which is more than what travels; that is counted when it is sent.
        context.set_field_size_limit(http_limits.header_bytes.saturating_mul(2));
        let package = Arc::new(package.clone());
        Box::new(Http { context, hooks: Hooks::new(terms, providers, *http_limits, &package, guard) })
    });
    WasiHttpCtxView { hooks, table, ctx: context }
}
