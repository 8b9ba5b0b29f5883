//! The host of this program: compiles in a process of its own, and keeps compiled code in the home.

use crate::compile_process::{ChildCompiler, CompileLimits};
use crate::home::{Home, installed::InstalledRecord};
use crate::secrets::HomeSecrets;
use crate::verb::call::OtherTools;
use crate::{Context, Event, OpsError, filters, package_file, standing};
use mpp_host::{Allocation, Environment, FolderCache, FolderCacheError, Host, HostOptions, LoadedPackage, Providers};
use mpp_kv::SharedStore;
use mpp_package::verify::VerifiedPackage;
use mpp_policy::Grants;
use mpp_schema::codes;
use std::collections::BTreeMap;
use std::io::{Read, Seek};
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

/// A host, what stands behind its capabilities, and the cache that it uses.
pub(crate) struct OwnHost {
    pub(crate) host: Host,
    pub(crate) environment: Arc<Variables>,
    pub(crate) secrets: Arc<HomeSecrets>,
    pub(crate) kv: Arc<SharedStore>,
    pub(crate) tools: Arc<OtherTools>,
    cache: Option<Arc<FolderCache>>,
}

/// The variables that are granted, with their values of when the call was decided about. No other one is looked at.
#[derive(Debug, Default)]
pub(crate) struct Variables(OnceLock<BTreeMap<String, String>>);

impl Variables {
    /// Looks the granted variables up, once.
    pub(crate) fn know(&self, context: &Context<'_>, grants: &Grants) {
        let value = |name: &String| Some((name.clone(), context.surroundings.variable(name)?));
        self.0.get_or_init(|| grants.env().iter().filter_map(value).collect());
    }
}

impl Environment for Variables {
    fn variable(&self, name: &str) -> Option<String> {
        self.0.get()?.get(name).cloned()
    }
}

impl OwnHost {
    /// Starts one. Without a cache that can be used it works all the same, and says so.
    pub(crate) fn start(context: &Context<'_>) -> Result<Self, OpsError> {
        let environment = Arc::new(Variables::default());
        let secrets = Arc::new(HomeSecrets::of(context));
        let kv = Arc::new(context.home.kv());
        let tools = Arc::new(OtherTools::default());
        let providers = Providers {
            environment: environment.clone(),
            secrets: secrets.clone(),
            kv: kv.clone(),
            tools: tools.clone(),
            ..Providers::default()
        };
        let (host, cache) = start(context, providers, Allocation::OnDemand)?;
        let own = Self { host, environment, secrets, kv, tools, cache };
        own.tell_faults(context);
        Ok(own)
    }

    /// Loads a package by the first door, compiling it when it has to be.
    pub(crate) fn load<R: Read + Seek>(
        &self,
        context: &Context<'_>,
        package: &mut VerifiedPackage<R>,
    ) -> Result<LoadedPackage, OpsError> {
        load(context, &self.host, package)
    }

    /// Loads an installed package, by the second door if that is open to it. Nothing of it has run yet, and a blocked one is refused.
    pub(crate) fn load_installed(
        &self,
        context: &Context<'_>,
        record: &InstalledRecord,
    ) -> Result<LoadedPackage, OpsError> {
        load_installed(context, &self.host, record)
    }

    /// Says what was found in the cache that should not have been there.
    pub(crate) fn tell_faults(&self, context: &Context<'_>) {
        for fault in self.cache.iter().flat_map(|cache| cache.faults()) {
            (context.tell)(Event::Note(format!("{}: {fault}", codes::CACHE_INVALID)));
        }
    }
}

/// Starts a host in which a package is compiled by a process of its own, and its code kept.
pub(crate) fn start(
    context: &Context<'_>,
    providers: Providers,
    allocation: Allocation,
) -> Result<(Host, Option<Arc<FolderCache>>), OpsError> {
    let cache = match context.home.code_cache() {
        Ok(cache) => Some(Arc::new(cache)),
        Err(error) => {
            let error = OpsError::from(error);
            (context.tell)(Event::Note(format!("{}: {}", error.code(), error.message())));
            None
        }
    };
    let compiler = Arc::new(ChildCompiler::new(context.program.clone(), CompileLimits::default()));
    let kept = cache.clone().map(|cache| cache as _);
    let privacy = Arc::new(filters::privacy(context, &context.home.policy()?)?);
    let options = HostOptions { compiler, cache: kept, providers, allocation, privacy, ..HostOptions::default() };
    Ok((Host::new(options)?, cache))
}

fn load<R: Read + Seek>(
    context: &Context<'_>,
    host: &Host,
    package: &mut VerifiedPackage<R>,
) -> Result<LoadedPackage, OpsError> {
    (context.tell)(Event::Started { step: "loading", what: package.manifest().name.to_string() });
    let loaded = host.load(package);
    (context.tell)(Event::Finished);
    Ok(loaded?)
}

/// Loads an installed package into any host. Nothing of it has run yet, and a blocked one is refused.
pub(crate) fn load_installed(
    context: &Context<'_>,
    host: &Host,
    record: &InstalledRecord,
) -> Result<LoadedPackage, OpsError> {
    standing::refuse_blocked(context, record.digest)?;
    let trust = package_file::trust_for_installed(record)?;
    if let Some(kept) = host.load_cached(record.digest, &trust)? {
        return Ok(kept);
    }
    let mut package = package_file::open_verified(context, &context.home.package_path(record.file), &trust)?;
    standing::refuse_blocked(context, package.digest())?;
    load(context, host, &mut package)
}

impl Home {
    /// Where compiled code is kept.
    pub(crate) fn code_folder(&self) -> PathBuf {
        self.cache.join("code")
    }

    /// The cache of compiled code; its key lies with what must not be lost, away from the cache.
    pub(crate) fn code_cache(&self) -> Result<FolderCache, FolderCacheError> {
        FolderCache::open(&self.code_folder(), &self.data.join("code-cache.key"), FolderCache::BYTES_MAX)
    }
}
