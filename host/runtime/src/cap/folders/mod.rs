//! `wasi:filesystem` over the granted folders, each a preopened folder named `/<slot>`. Permission `folders`; rules HOST-20 and following.
//!
//! What a descriptor does is the work of wasmtime-wasi, which lets no path lead out of its folder. Ours is what surrounds it: which folders
//! there are, that nothing but files and folders is opened, that nothing is changed through a file with several names, that nothing
//! crosses from one grant into another, that no wait outlives the call, and that the caller hears of every refusal.

mod open;
mod paths;

use crate::deadline::Deadline;
use crate::os;
use crate::state::State;
use mpp_policy::FolderGrant;
use mpp_schema::codes;
use mpp_schema::permissions::Access;
use open::{Asked, OpenError, Opened};
use std::collections::HashMap;
use std::fs;
use std::sync::Arc;
use wasmtime::Result;
use wasmtime::component::{HasSelf, Linker, Resource};
use wasmtime_wasi::filesystem::{Descriptor, Dir, File, FsPerms, OpenMode, WasiFilesystemCtx, WasiFilesystemCtxView};
use wasmtime_wasi::p2::bindings::filesystem::preopens;
use wasmtime_wasi::p2::bindings::filesystem::types::{self as inner, ErrorCode, HostDescriptor as Inner};
use wasmtime_wasi::p2::bindings::sync::filesystem::types;
use wasmtime_wasi::p2::{DynInputStream, DynOutputStream, FsError, FsResult};
use wasmtime_wasi::runtime::spawn_blocking;

pub(crate) fn add_to_linker(linker: &mut Linker<State>) -> Result<()> {
    types::add_to_linker::<_, HasSelf<State>>(linker, |state| state)?;
    preopens::add_to_linker::<_, HasSelf<State>>(linker, |state| state)
}

/// Entries of all listings that a tool holds at one time.
const LISTED_MAX: usize = 65_536;

/// The granted folders of one call, opened when the tool first asks for them.
#[derive(Default)]
pub(crate) struct Folders {
    ctx: WasiFilesystemCtx,
    preopens: Option<Vec<(Arc<str>, Dir)>>,
    /// The slot of each descriptor.
    slots: HashMap<u32, Arc<str>>,
    /// Entries of each listing.
    listings: HashMap<u32, usize>,
}

/// A descriptor of the tool, and the slot that it belongs to.
struct Held {
    descriptor: Descriptor,
    slot: Arc<str>,
}

/// What the tool wants to do, for telling of a refusal.
#[derive(Clone, Copy)]
struct Deed<'a> {
    verb: &'static str,
    path: &'a str,
}

/// For what has no path.
fn handle(verb: &'static str) -> Deed<'static> {
    Deed { verb, path: "" }
}

impl State {
    fn folders(&mut self) -> &mut Folders {
        self.folders.get_or_insert_default()
    }

    fn inner(&mut self) -> WasiFilesystemCtxView<'_> {
        self.waiting_inner().1
    }

    fn waiting_inner(&mut self) -> (&Deadline, WasiFilesystemCtxView<'_>) {
        let folders = self.folders.get_or_insert_default();
        (&self.deadline, WasiFilesystemCtxView { ctx: &mut folders.ctx, table: &mut self.table })
    }

    /// Asks wasmtime-wasi, until the deadline.
    fn within<T>(&mut self, work: impl AsyncFnOnce(&mut WasiFilesystemCtxView<'_>) -> FsResult<T>) -> FsResult<T> {
        let (deadline, mut inner) = self.waiting_inner();
        deadline.wait(work(&mut inner)).map_err(FsError::trap)?
    }

    /// The same for what may lead out of the folder: being refused is told to the caller.
    fn judged<T>(
        &mut self,
        slot: &str,
        deed: Deed<'_>,
        work: impl AsyncFnOnce(&mut WasiFilesystemCtxView<'_>) -> FsResult<T>,
    ) -> FsResult<T> {
        let answer = self.within(work);
        if answer.as_ref().err().and_then(|error| error.downcast_ref()) == Some(&ErrorCode::NotPermitted) {
            self.tell(slot, deed, "it leads out of the folder");
        }
        answer
    }

    /// Works on files on a thread for blocking work, until the deadline.
    fn blocking<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> FsResult<T> {
        self.deadline.wait(spawn_blocking(work)).map_err(FsError::trap)
    }

    fn held(&mut self, fd: &Resource<Descriptor>) -> FsResult<Held> {
        let descriptor = self.table.get(fd)?.clone();
        let slot = self.folders().slots.get(&fd.rep()).cloned().unwrap_or_default();
        Ok(Held { descriptor, slot })
    }

    /// A folder of the tool, and the path below it, when the path is one that may be asked for at all.
    fn place(&mut self, fd: &Resource<Descriptor>, deed: Deed<'_>) -> FsResult<(Dir, Arc<str>)> {
        let Held { descriptor, slot } = self.held(fd)?;
        let Descriptor::Dir(dir) = descriptor else { return Err(ErrorCode::NotDirectory.into()) };
        match paths::check(deed.path) {
            Ok(()) => Ok((dir, slot)),
            Err(paths::BadPath::TooLong) => Err(ErrorCode::NameTooLong.into()),
            Err(paths::BadPath::Character(why)) => Err(self.refuse(&slot, deed, why, ErrorCode::Invalid)),
        }
    }

    /// The same for a change.
    fn place_to_change(&mut self, fd: &Resource<Descriptor>, deed: Deed<'_>) -> FsResult<(Dir, Arc<str>)> {
        let (dir, slot) = self.place(fd, deed)?;
        self.check_writable(dir.perms, &slot, deed)?;
        Ok((dir, slot))
    }

    fn check_writable(&mut self, perms: FsPerms, slot: &str, deed: Deed<'_>) -> FsResult<()> {
        if perms.write_not_permitted() {
            return Err(self.refuse(slot, deed, "the folder is granted for reading only", ErrorCode::ReadOnly));
        }
        Ok(())
    }

    /// An open file that is to be changed.
    fn check_handle_writable(&mut self, fd: &Resource<Descriptor>, deed: Deed<'_>) -> FsResult<Held> {
        let held = self.held(fd)?;
        let perms = match &held.descriptor {
            Descriptor::File(file) => file.perms,
            Descriptor::Dir(dir) => dir.perms,
        };
        self.check_writable(perms, &held.slot, deed)?;
        Ok(held)
    }

    fn check_same_slot(&mut self, from: &str, to: &str, deed: Deed<'_>) -> FsResult<()> {
        if from == to {
            return Ok(());
        }
        let why = format!("it would cross into `{to}`, which is another grant");
        Err(self.refuse(from, deed, &why, ErrorCode::CrossDevice))
    }

    fn refuse(&mut self, slot: &str, deed: Deed<'_>, why: &str, code: ErrorCode) -> FsError {
        self.tell(slot, deed, why);
        code.into()
    }

    fn tell(&mut self, slot: &str, Deed { verb, path }: Deed<'_>, why: &str) {
        self.refusals.push(codes::CAP_FS, || match path {
            "" => format!("`{verb}` in folder `{slot}`: {why}"),
            path => format!("`{verb}` of `{path}` in folder `{slot}`: {why}"),
        });
    }

    fn keep(&mut self, descriptor: Descriptor, slot: Arc<str>) -> Result<Resource<Descriptor>> {
        let fd = self.table.push(descriptor)?;
        self.folders().slots.insert(fd.rep(), slot);
        Ok(fd)
    }

    /// Opens the granted folders. One that is not there any more is left out, and the caller is told.
    fn open_granted(&mut self) -> Result<Vec<(Arc<str>, Dir)>> {
        let grants = Arc::clone(&self.terms.grants);
        if grants.folders().is_empty() {
            self.refusals.push(codes::CAP_DENIED, || "the tool asked for its folders, and none is granted".to_owned());
        }
        let mut opened = Vec::new();
        for (slot, FolderGrant { path, access }) in grants.folders() {
            let of_thread = path.clone();
            match self.deadline.wait(spawn_blocking(move || os::open_folder(&of_thread)))? {
                Ok(folder) => opened.push((slot.as_str().into(), preopened(folder, *access))),
                Err(error) => self.refusals.push(codes::CAP_FS, || {
                    format!("folder `{}` of slot `{slot}` cannot be opened: {error}", path.display())
                }),
            }
        }
        Ok(opened)
    }

    fn open_below(&mut self, dir: &Dir, path: &str, asked: Asked) -> FsResult<Result<Opened, OpenError>> {
        let (folder, path) = (Arc::clone(&dir.dir), path.to_owned());
        self.blocking(move || open::open(&folder, path.as_ref(), asked))
    }
}

fn preopened(folder: fs::File, access: Access) -> Dir {
    let (perms, mode) = match access {
        Access::ReadOnly => (FsPerms::ReadOnly, OpenMode::READ),
        Access::ReadWrite => (FsPerms::ReadWrite, OpenMode::READ | OpenMode::WRITE),
    };
    Dir::new(folder, perms, mode, false)
}

impl preopens::Host for State {
    fn get_directories(&mut self) -> Result<Vec<(Resource<Descriptor>, String)>> {
        if self.folders().preopens.is_none() {
            let opened = self.open_granted()?;
            self.folders().preopens = Some(opened);
        }
        let preopens = self.folders().preopens.clone().unwrap_or_default();
        let given = preopens.into_iter().map(|(slot, dir)| {
            let name = format!("/{slot}");
            Ok((self.keep(Descriptor::Dir(dir), slot)?, name))
        });
        given.collect()
    }
}

impl types::Host for State {
    fn convert_error_code(&mut self, error: FsError) -> Result<types::ErrorCode> {
        Ok(error.downcast()?.into())
    }

    fn filesystem_error_code(&mut self, error: Resource<wasmtime::Error>) -> Result<Option<types::ErrorCode>> {
        Ok(inner::Host::filesystem_error_code(&mut self.inner(), error)?.map(Into::into))
    }
}

impl types::HostDescriptor for State {
    fn advise(&mut self, fd: Resource<Descriptor>, offset: u64, len: u64, advice: types::Advice) -> FsResult<()> {
        self.within(async |fs| Inner::advise(fs, fd, offset, len, advice.into()).await)
    }

    fn sync_data(&mut self, fd: Resource<Descriptor>) -> FsResult<()> {
        self.within(async |fs| Inner::sync_data(fs, fd).await)
    }

    fn sync(&mut self, fd: Resource<Descriptor>) -> FsResult<()> {
        self.within(async |fs| Inner::sync(fs, fd).await)
    }

    fn get_flags(&mut self, fd: Resource<Descriptor>) -> FsResult<types::DescriptorFlags> {
        Ok(self.within(async |fs| Inner::get_flags(fs, fd).await)?.into())
    }

    fn get_type(&mut self, fd: Resource<Descriptor>) -> FsResult<types::DescriptorType> {
        Ok(self.within(async |fs| Inner::get_type(fs, fd).await)?.into())
    }

    fn set_size(&mut self, fd: Resource<Descriptor>, size: u64) -> FsResult<()> {
        self.check_handle_writable(&fd, handle("set-size"))?;
        self.within(async |fs| Inner::set_size(fs, fd, size).await)
    }

    fn set_times(
        &mut self,
        fd: Resource<Descriptor>,
        accessed: types::NewTimestamp,
        modified: types::NewTimestamp,
    ) -> FsResult<()> {
        let deed = handle("set-times");
        let held = self.check_handle_writable(&fd, deed)?;
        let borrowed = Resource::new_borrow(fd.rep());
        // Not opened for writing, perhaps, so that nobody asked yet how many names the file has.
        let stat = self.within(async |fs| Inner::stat(fs, borrowed).await)?;
        if matches!(held.descriptor, Descriptor::File(_)) && stat.link_count > 1 {
            return Err(self.refuse(&held.slot, deed, open::SEVERAL_NAMES, ErrorCode::NotPermitted));
        }
        self.within(async |fs| Inner::set_times(fs, fd, accessed.into(), modified.into()).await)
    }

    fn read(&mut self, fd: Resource<Descriptor>, len: u64, offset: u64) -> FsResult<(Vec<u8>, bool)> {
        self.within(async |fs| Inner::read(fs, fd, len, offset).await)
    }

    fn write(&mut self, fd: Resource<Descriptor>, bytes: Vec<u8>, offset: u64) -> FsResult<u64> {
        self.check_handle_writable(&fd, handle("write"))?;
        self.within(async |fs| Inner::write(fs, fd, bytes, offset).await)
    }

    fn read_directory(&mut self, fd: Resource<Descriptor>) -> FsResult<Resource<types::DirectoryEntryStream>> {
        let Held { descriptor, slot } = self.held(&fd)?;
        let Descriptor::Dir(dir) = descriptor else { return Err(ErrorCode::NotDirectory.into()) };
        let room = LISTED_MAX.saturating_sub(self.folders().listings.values().sum());
        let folder = dir.dir;
        let entries = self.blocking(move || open::count_entries(&folder, room))??;
        if entries > room {
            let why = || format!("a listing in folder `{slot}` has more entries than a tool may hold, {LISTED_MAX}");
            self.refusals.push(codes::LIMIT_HOST_DATA, why);
            return Err(ErrorCode::InsufficientMemory.into());
        }
        let listing = self.within(async |fs| Inner::read_directory(fs, fd).await)?;
        self.folders().listings.insert(listing.rep(), entries);
        Ok(listing)
    }

    fn create_directory_at(&mut self, fd: Resource<Descriptor>, path: String) -> FsResult<()> {
        let deed = Deed { verb: "create-directory-at", path: &path };
        let (_, slot) = self.place_to_change(&fd, deed)?;
        self.judged(&slot, deed, async |fs| Inner::create_directory_at(fs, fd, path.clone()).await)
    }

    fn stat(&mut self, fd: Resource<Descriptor>) -> FsResult<types::DescriptorStat> {
        Ok(self.within(async |fs| Inner::stat(fs, fd).await)?.into())
    }

    fn stat_at(
        &mut self,
        fd: Resource<Descriptor>,
        flags: types::PathFlags,
        path: String,
    ) -> FsResult<types::DescriptorStat> {
        let deed = Deed { verb: "stat-at", path: &path };
        let (_, slot) = self.place(&fd, deed)?;
        Ok(self.judged(&slot, deed, async |fs| Inner::stat_at(fs, fd, flags.into(), path.clone()).await)?.into())
    }

    fn set_times_at(
        &mut self,
        fd: Resource<Descriptor>,
        flags: types::PathFlags,
        path: String,
        accessed: types::NewTimestamp,
        modified: types::NewTimestamp,
    ) -> FsResult<()> {
        let deed = Deed { verb: "set-times-at", path: &path };
        let (dir, slot) = self.place_to_change(&fd, deed)?;
        let follow = flags.contains(types::PathFlags::SYMLINK_FOLLOW);
        let (folder, of_thread) = (dir.dir, path.clone());
        let stat = self.blocking(move || open::names(&folder, of_thread.as_ref(), follow))?;
        if stat.is_ok_and(|names| names > 1) {
            return Err(self.refuse(&slot, deed, open::SEVERAL_NAMES, ErrorCode::NotPermitted));
        }
        self.judged(&slot, deed, async |fs| {
            Inner::set_times_at(fs, fd, flags.into(), path.clone(), accessed.into(), modified.into()).await
        })
    }

    fn link_at(
        &mut self,
        fd: Resource<Descriptor>,
        flags: types::PathFlags,
        path: String,
        to: Resource<Descriptor>,
        to_path: String,
    ) -> FsResult<()> {
        let deed = Deed { verb: "link-at", path: &path };
        let (dir, slot) = self.place_to_change(&fd, deed)?;
        let (_, to_slot) = self.place_to_change(&to, Deed { path: &to_path, ..deed })?;
        self.check_same_slot(&slot, &to_slot, deed)?;
        let (folder, of_thread) = (dir.dir, path.clone());
        if self.blocking(move || open::names(&folder, of_thread.as_ref(), false))?.is_ok_and(|names| names > 1) {
            return Err(self.refuse(&slot, deed, open::SEVERAL_NAMES, ErrorCode::NotPermitted));
        }
        self.judged(&slot, deed, async |fs| {
            Inner::link_at(fs, fd, flags.into(), path.clone(), to, to_path.clone()).await
        })
    }

    fn open_at(
        &mut self,
        fd: Resource<Descriptor>,
        path_flags: types::PathFlags,
        path: String,
        open_flags: types::OpenFlags,
        flags: types::DescriptorFlags,
    ) -> FsResult<Resource<Descriptor>> {
        let deed = Deed { verb: "open-at", path: &path };
        let asked = Asked::new(path_flags, open_flags, flags)?;
        let (dir, slot) = self.place(&fd, deed)?;
        if asked.changes() {
            self.check_writable(dir.perms, &slot, deed)?;
        }
        let descriptor = match self.open_below(&dir, &path, asked)? {
            Ok(Opened::Folder(folder)) => Descriptor::Dir(Dir::new(folder, dir.perms, asked.mode(), false)),
            Ok(Opened::File(file)) => Descriptor::File(File::new(file, dir.perms, asked.mode(), false)),
            Err(OpenError::Refused(why)) => return Err(self.refuse(&slot, deed, why, ErrorCode::NotPermitted)),
            Err(OpenError::Code(code)) => return Err(code.into()),
            Err(OpenError::System(error)) => return Err(error.into()),
        };
        self.keep(descriptor, slot).map_err(FsError::trap)
    }

    fn drop(&mut self, fd: Resource<Descriptor>) -> Result<()> {
        self.folders().slots.remove(&fd.rep());
        self.table.delete(fd)?;
        Ok(())
    }

    fn readlink_at(&mut self, fd: Resource<Descriptor>, path: String) -> FsResult<String> {
        let deed = Deed { verb: "readlink-at", path: &path };
        let (_, slot) = self.place(&fd, deed)?;
        self.judged(&slot, deed, async |fs| Inner::readlink_at(fs, fd, path.clone()).await)
    }

    fn remove_directory_at(&mut self, fd: Resource<Descriptor>, path: String) -> FsResult<()> {
        let deed = Deed { verb: "remove-directory-at", path: &path };
        let (_, slot) = self.place_to_change(&fd, deed)?;
        self.judged(&slot, deed, async |fs| Inner::remove_directory_at(fs, fd, path.clone()).await)
    }

    fn rename_at(
        &mut self,
        fd: Resource<Descriptor>,
        path: String,
        to: Resource<Descriptor>,
        to_path: String,
    ) -> FsResult<()> {
        let deed = Deed { verb: "rename-at", path: &path };
        let (_, slot) = self.place_to_change(&fd, deed)?;
        let (_, to_slot) = self.place_to_change(&to, Deed { path: &to_path, ..deed })?;
        self.check_same_slot(&slot, &to_slot, deed)?;
        self.judged(&slot, deed, async |fs| Inner::rename_at(fs, fd, path.clone(), to, to_path.clone()).await)
    }

    fn symlink_at(&mut self, fd: Resource<Descriptor>, target: String, path: String) -> FsResult<()> {
        let deed = Deed { verb: "symlink-at", path: &path };
        let (_, slot) = self.place_to_change(&fd, deed)?;
        if !paths::stays_below(&target) {
            let why = "a link may only lead to what is below the folder that holds it";
            return Err(self.refuse(&slot, deed, why, ErrorCode::NotPermitted));
        }
        self.judged(&slot, deed, async |fs| Inner::symlink_at(fs, fd, target.clone(), path.clone()).await)
    }

    fn unlink_file_at(&mut self, fd: Resource<Descriptor>, path: String) -> FsResult<()> {
        let deed = Deed { verb: "unlink-file-at", path: &path };
        let (_, slot) = self.place_to_change(&fd, deed)?;
        self.judged(&slot, deed, async |fs| Inner::unlink_file_at(fs, fd, path.clone()).await)
    }

    fn read_via_stream(&mut self, fd: Resource<Descriptor>, offset: u64) -> FsResult<Resource<DynInputStream>> {
        Inner::read_via_stream(&mut self.inner(), fd, offset)
    }

    fn write_via_stream(&mut self, fd: Resource<Descriptor>, offset: u64) -> FsResult<Resource<DynOutputStream>> {
        self.check_handle_writable(&fd, handle("write-via-stream"))?;
        Inner::write_via_stream(&mut self.inner(), fd, offset)
    }

    fn append_via_stream(&mut self, fd: Resource<Descriptor>) -> FsResult<Resource<DynOutputStream>> {
        self.check_handle_writable(&fd, handle("append-via-stream"))?;
        Inner::append_via_stream(&mut self.inner(), fd)
    }

    fn is_same_object(&mut self, a: Resource<Descriptor>, b: Resource<Descriptor>) -> Result<bool> {
        let (deadline, mut inner) = self.waiting_inner();
        deadline.wait(Inner::is_same_object(&mut inner, a, b))?
    }

    fn metadata_hash(&mut self, fd: Resource<Descriptor>) -> FsResult<types::MetadataHashValue> {
        Ok(self.within(async |fs| Inner::metadata_hash(fs, fd).await)?.into())
    }

    fn metadata_hash_at(
        &mut self,
        fd: Resource<Descriptor>,
        flags: types::PathFlags,
        path: String,
    ) -> FsResult<types::MetadataHashValue> {
        let deed = Deed { verb: "metadata-hash-at", path: &path };
        let (_, slot) = self.place(&fd, deed)?;
        Ok(self
            .judged(&slot, deed, async |fs| Inner::metadata_hash_at(fs, fd, flags.into(), path.clone()).await)?
            .into())
    }
}

impl types::HostDirectoryEntryStream for State {
    fn read_directory_entry(
        &mut self,
        listing: Resource<types::DirectoryEntryStream>,
    ) -> FsResult<Option<types::DirectoryEntry>> {
        Ok(self
            .within(async |fs| inner::HostDirectoryEntryStream::read_directory_entry(fs, listing).await)?
            .map(Into::into))
    }

    fn drop(&mut self, listing: Resource<types::DirectoryEntryStream>) -> Result<()> {
        self.folders().listings.remove(&listing.rep());
        self.table.delete(listing)?;
        Ok(())
    }
}
