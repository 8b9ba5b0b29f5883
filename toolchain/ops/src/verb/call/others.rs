//! The installed packages whose tools a tool may call: what each of their tools was granted is decided before the call, and a package is
//! opened and loaded when it is first called.

use crate::{
    Context, OpsError,
    grants::{Asker, decide_for},
    package_file, standing,
};
use mpp_host::{Host, LoadedPackage, NoCallee, NoTools, Tools};
use mpp_package::verify::{self, Trust};
use mpp_policy::{Decision, Grants};
use mpp_schema::{Code, Coded, PackageName, ToolName, codes};
use std::{
    collections::{BTreeMap, BTreeSet},
    fs::File,
    io::BufReader,
    path::PathBuf,
    sync::Arc,
};

/// The packages that `grants` lets a tool call. A called tool gets no other ones than its caller, so that these are all.
pub(super) fn others(context: &Context<'_>, grants: &Grants) -> Result<Arc<dyn Tools>, OpsError> {
    if grants.tools().is_empty() {
        return Ok(Arc::new(NoTools));
    }
    Ok(Arc::new(Others(installed(context, grants.tools())?)))
}

fn installed(context: &Context<'_>, names: &BTreeSet<PackageName>) -> Result<BTreeMap<PackageName, Other>, OpsError> {
    let there = context.home.all_installed()?.into_iter().filter(|record| names.contains(&record.name));
    let mut others = BTreeMap::new();
    for record in there {
        let trust = package_file::trust_for_installed(&record)?;
        let file = context.home.package_path(record.file);
        let mut package = package_file::open_verified(context, &file, &trust)?;
        // Whoever asks: what must not run does not run.
        standing::refuse_blocked(context, package.digest())?;
        let asker = Asker::of(context, &package, Some(&record))?;
        let mut granted = BTreeMap::new();
        for tool in package.tools()?.tools {
            let (decision, _) = decide_for(context, &asker, Some(&tool.name), None)?;
            let lent = lent(&record.name, &tool.name, decision);
            let network = lent.as_ref().is_ok_and(|grants| !grants.http().is_empty());
            standing::check_freshness(context, Some(&record), network)?;
            granted.insert(tool.name.clone(), lent);
        }
        others.insert(record.name, Other { file, trust, granted });
    }
    Ok(others)
}

/// What a tool may do when another one calls it. Grants for one call are for a call that the user makes.
fn lent(package: &PackageName, tool: &ToolName, decision: Decision) -> Result<Arc<Grants>, NoCallee> {
    if let Some(missing) = decision.missing {
        return Err(no_callee(&missing));
    }
    if !decision.consume.is_empty() {
        let message = format!("`{tool}` of `{package}` is granted for one call, which another tool cannot spend");
        return Err(NoCallee { code: codes::GRANT_MISSING, message });
    }
    Ok(Arc::new(decision.grants))
}

fn no_callee(error: &impl Coded) -> NoCallee {
    NoCallee { code: error.code(), message: error.to_string() }
}

/// One package.
struct Other {
    file: PathBuf,
    trust: Trust,
    granted: BTreeMap<ToolName, Result<Arc<Grants>, NoCallee>>,
}

struct Others(BTreeMap<PackageName, Other>);

impl Others {
    fn find(&self, package: &PackageName) -> Result<&Other, NoCallee> {
        self.0.get(package).ok_or_else(|| NoCallee::not_installed(package))
    }
}

impl Tools for Others {
    fn grants(&self, package: &PackageName, tool: &str) -> Result<Arc<Grants>, NoCallee> {
        let granted = self.find(package)?.granted.iter().find(|(name, _)| name.as_str() == tool);
        // A tool that is not there is told by the package itself.
        granted.map_or_else(|| Ok(Arc::default()), |(_, granted)| granted.clone())
    }

    fn load(&self, host: &Host, package: &PackageName) -> Result<Arc<LoadedPackage>, NoCallee> {
        let Other { file, trust, .. } = self.find(package)?;
        let failed = |code: Code, message: String| NoCallee { code, message };
        let opened = File::open(file)
            .map_err(|error| failed(codes::IO_FAILED, format!("the file of package `{package}`: {error}")))?;
        let mut verified = verify::open(BufReader::new(opened), trust).map_err(|error| no_callee(&error))?;
        let loaded = host.load(&mut verified).map_err(|error| no_callee(&error))?;
        Ok(Arc::new(loaded))
    }
}
