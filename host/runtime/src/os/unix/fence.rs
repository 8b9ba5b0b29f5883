//! Landlock on Linux; other Unix systems have no fence that a process can raise around itself without help.

use crate::fence::{Fence, Fenced};
use std::io;

#[cfg(target_os = "linux")]
pub(crate) use linux::{fence_support, raise};

#[cfg(not(target_os = "linux"))]
pub(crate) fn raise(_: &Fence) -> io::Result<Fenced> {
    Ok(fence_support())
}

#[cfg(not(target_os = "linux"))]
pub(crate) fn fence_support() -> Fenced {
    Fenced::Off { why: "this system has no Landlock" }
}

#[cfg(target_os = "linux")]
mod linux {
    use super::{Fence, Fenced, io};
    use landlock::{
        ABI, Access as _, AccessFs, AccessNet, BitFlags, CompatLevel, Compatible as _, LandlockStatus,
        RestrictionStatus, Ruleset, RulesetAttr as _, RulesetCreatedAttr as _, RulesetError, RulesetStatus, Scope,
        path_beneath_rules,
    };

    /// The newest interface that is used; what an older kernel does not have of it is left out.
    const NEWEST: ABI = ABI::V6;

    /// The kernel is asked by a thread that fences itself in, and ends.
    pub(crate) fn fence_support() -> Fenced {
        let asked = std::thread::spawn(|| raise(&Fence::nothing())).join();
        asked.ok().and_then(Result::ok).unwrap_or(Fenced::Off { why: "Landlock does not answer" })
    }

    pub(crate) fn raise(fence: &Fence) -> io::Result<Fenced> {
        let status = restrict(fence).map_err(io::Error::other)?;
        match status.landlock {
            LandlockStatus::NotEnabled => Ok(Fenced::Off { why: "Landlock is switched off in this kernel" }),
            LandlockStatus::NotImplemented => Ok(Fenced::Off { why: "this kernel has no Landlock" }),
            LandlockStatus::Available { .. } if status.ruleset == RulesetStatus::NotEnforced => {
                Err(io::Error::other("the kernel did not take it"))
            }
            LandlockStatus::Available { effective_abi, kernel_abi } => {
                let newer = kernel_abi.and_then(|abi| u32::try_from(abi).ok());
                Ok(Fenced::On { abi: newer.unwrap_or(effective_abi as u32) })
            }
        }
    }

    fn restrict(fence: &Fence) -> Result<RestrictionStatus, RulesetError> {
        let mut rules = Ruleset::default()
            .set_compatibility(CompatLevel::BestEffort)
            .handle_access(AccessFs::from_all(NEWEST))?
            .handle_access(AccessNet::BindTcp)?
            .scope(Scope::from_all(NEWEST))?;
        if !fence.connect {
            rules = rules.handle_access(AccessNet::ConnectTcp)?;
        }
        let read = AccessFs::ReadFile | AccessFs::ReadDir;
        let device = AccessFs::ReadFile | AccessFs::WriteFile | AccessFs::IoctlDev;
        let created = rules
            .create()?
            .add_rules(path_beneath_rules(&fence.read, read))?
            .add_rules(path_beneath_rules(&fence.write, writing()))?
            .add_rules(path_beneath_rules(&fence.devices, device))?;
        created.restrict_self()
    }

    /// Everything that can be done to files and folders; nothing is run, and no device is made or talked to.
    fn writing() -> BitFlags<AccessFs> {
        AccessFs::from_all(NEWEST)
            & !(AccessFs::Execute | AccessFs::MakeChar | AccessFs::MakeBlock | AccessFs::IoctlDev)
    }
}
