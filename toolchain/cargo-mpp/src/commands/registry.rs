//! `mpp registry`: making registries and getting to know them.

use super::{Output, table::table};
use crate::context;
use clap::Subcommand;
use mpp_ops::{
    Context, OpsError,
    verb::{
        registry, registry_carriers,
        registry_site::{self, SiteOptions},
        registry_upkeep,
        serve::Every,
    },
};
use mpp_schema::{Digest, Ident, text::escaped};
use serde_json::json;
use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
};

#[derive(Debug, Subcommand)]
#[command(
    after_help = "Examples:\n  mpp registry init registry.git\n  mpp registry add home registry.git\n  mpp registry list"
)]
pub enum Command {
    /// Make a registry: a bare git repository with a signed root, head and log
    Init {
        /// The folder to make
        path: PathBuf,
    },
    /// Use a registry from now on; its root is pinned
    Add {
        /// What to call it
        name: Ident,
        /// A path or an address that git understands
        url: String,
        /// The SHA-256 that the registry's first root must have
        #[arg(long, value_name = "FINGERPRINT")]
        root: Option<Digest>,
    },
    /// Forget a registry; what was installed from it stays, and what it blocked stays blocked
    #[command(after_help = "Example:\n  mpp registry remove home")]
    Remove {
        /// The registry
        name: Ident,
    },
    /// List the registries of this home
    List,
    /// Other locations of a registry, tried in their order where one cannot be reached or lags behind
    #[command(
        subcommand,
        after_help = "Example:\n  mpp registry mirror add home sparse+https://mirror.example.com/tools"
    )]
    Mirror(Mirror),
    /// Let a registry send you to an origin that is private or without TLS
    #[command(after_help = "Example:\n  mpp registry allow home http://127.0.0.1:5000")]
    Allow {
        /// The registry
        name: Ident,
        /// The origin: https://HOST or http://HOST:PORT
        origin: String,
        /// Take it back
        #[arg(long)]
        remove: bool,
    },
    /// Say that a namespace or package comes from one registry and from no other
    #[command(after_help = "Examples:\n  mpp registry assign acme home\n  mpp registry assign acme:notes --remove")]
    Assign {
        /// A namespace, or a package NS:NAME
        name: String,
        /// The registry
        #[arg(required_unless_present = "remove")]
        registry: Option<Ident>,
        /// Ask all registries again
        #[arg(long, conflicts_with = "registry")]
        remove: bool,
    },
    /// Put registries first: they are asked and shown in this order, which never decides where a package comes from
    #[command(after_help = "Example:\n  mpp registry order team public")]
    Order {
        /// The registries
        #[arg(required = true)]
        names: Vec<Ident>,
    },
    /// Show which other registries one follows, or use one of them
    #[command(after_help = "Examples:\n  mpp registry follow home\n  mpp registry follow home upstream")]
    Follow {
        /// The registry that names others
        registry: Ident,
        /// The one to use from now on, with the root that is named
        name: Option<Ident>,
        /// What to call it here
        #[arg(long = "as", value_name = "NAME", requires = "name")]
        called: Option<Ident>,
        /// Where it is, in place of what is named
        #[arg(long, value_name = "URL", requires = "name")]
        url: Option<String>,
    },
    /// Show or change where a registry keeps package files, and which registries it follows
    #[command(
        after_help = "Examples:\n  mpp registry config\n  mpp registry config --blobs https://files.example.com/{digest}.mpp\n  \
                            mpp registry config --blobs oci:https://oci.example.com/tools/{namespace}/{name}\n  \
                            mpp registry config --follow upstream"
    )]
    Config(ConfigArguments),
    /// Serve the pages and the API of a registry: search, packages, differences, publishers, the log and the guide
    #[command(
        after_help = "Examples:\n  mpp registry serve\n  mpp registry serve --listen 0.0.0.0:80 --host tools.example.com"
    )]
    Serve {
        /// The registry; may be left out where there is only one
        #[arg(long, value_name = "NAME")]
        registry: Option<String>,
        /// Where others reach the registry, for the commands that pages show
        #[arg(long, value_name = "URL")]
        url: Option<String>,
        /// Where to listen; port 0 takes a free one
        #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8620")]
        listen: SocketAddr,
        /// A name that the server goes by; may be given several times, and must be where others reach it
        #[arg(long = "host", value_name = "NAME")]
        hosts: Vec<String>,
        /// How many requests one address may send in a second; 0 for as many as it likes
        #[arg(long, value_name = "NUMBER", default_value_t = 50)]
        rate: u32,
        /// How often to look for what is new, such as 15m; or never
        #[arg(long, value_name = "TIME", default_value_t = Every::Seconds(3))]
        update_every: Every,
    },
    /// Write a registry as static files with its pages, for any web server; clients read them with `sparse+https://…`
    #[command(after_help = "Example:\n  mpp registry export /srv/www/tools --url sparse+https://tools.example.com")]
    Export {
        /// The folder; an older copy in it is brought up to date
        folder: PathBuf,
        /// The registry; may be left out where there is only one
        #[arg(long, value_name = "NAME")]
        registry: Option<String>,
        /// Where others reach the registry, for the commands that pages show
        #[arg(long, value_name = "URL")]
        url: Option<String>,
    },
    /// Take in the proposals that wait, and sign a new head, so that the registry stays fresh: for cron or CI
    #[command(after_help = "mpp registry sign-head\nmpp registry sign-head --head-key /run/secrets/head.key")]
    SignHead {
        /// Take in the proposals in the folder `incoming` of this one too, as pull requests bring them
        #[arg(long, value_name = "FOLDER")]
        proposals: Option<PathBuf>,
        #[command(flatten)]
        writing: super::writing::WritingArguments,
    },
    /// Show the head that this home believes, to be compared with what others were shown
    #[command(after_help = "mpp registry head --save my-head.json\nmpp registry head --compare their-head.json")]
    Head {
        /// The registry; may be left out where there is only one
        #[arg(long, value_name = "NAME")]
        registry: Option<String>,
        /// A head that somebody else was shown; a contradiction is kept as proof
        #[arg(long, value_name = "FILE", conflicts_with = "save")]
        compare: Option<PathBuf>,
        /// Write the signed head to a file
        #[arg(long, value_name = "FILE")]
        save: Option<PathBuf>,
    },
    /// Verify a registry from its first root to its newest record, as somebody who has never seen it
    #[command(after_help = "mpp registry check /srv/registry.git --files\n\n\
                            As a hook of a bare repository, hooks/pre-receive:\n  \
                            #!/bin/sh\n  \
                            MPP_HOME=\"$PWD/mpp-check/home\" exec mpp registry check --pre-receive .")]
    Check {
        /// A path or an address that git understands
        url: String,
        /// Check a push to the bare repository at this path, as git's pre-receive hook: reads its lines from standard input
        #[arg(long, conflicts_with_all = ["root", "files"])]
        pre_receive: bool,
        /// Check the proposals in the folder `incoming` of this one, as a pull request brings them
        #[arg(long, value_name = "FOLDER", conflicts_with_all = ["files", "pre_receive"])]
        proposals: Option<PathBuf>,
        /// The SHA-256 that the registry's first root must have
        #[arg(long, value_name = "FINGERPRINT")]
        root: Option<Digest>,
        /// Fetch and compare every package file too
        #[arg(long)]
        files: bool,
    },
    /// Change the root: who may sign roots and heads, and for how long they are good
    #[command(after_help = super::registry_root::ROTATE_EXAMPLES)]
    Rotate(super::registry_root::RotateArguments),
    /// Add your signature to a root that others sign too; shows what it changes, and asks no registry
    #[command(after_help = super::registry_root::SIGN_ROOT_EXAMPLES)]
    SignRoot(super::registry_root::SignRootArguments),
    /// Show the proofs that this home keeps of registries that contradicted themselves
    Evidence {
        /// Only this registry
        #[arg(long, value_name = "NAME")]
        registry: Option<String>,
    },
}

#[derive(Debug, Subcommand)]
pub enum Mirror {
    /// Read it there too, after the locations that are known
    Add {
        /// The registry
        name: Ident,
        /// A path or an address
        url: String,
    },
    /// Do not read it there any more
    Remove {
        /// The registry
        name: Ident,
        /// A path or an address
        url: String,
    },
}

#[derive(Debug, clap::Args)]
pub struct ConfigArguments {
    /// Where package files are from now on: `git-refs`, an address with {digest}, or `oci:` and the address of a repository
    #[arg(long, value_name = "TEMPLATE")]
    blobs: Option<String>,
    /// A registry of this home that it follows; may be given several times
    #[arg(long, value_name = "NAME")]
    follow: Vec<Ident>,
    /// A registry that it follows no longer; may be given several times
    #[arg(long, value_name = "NAME")]
    unfollow: Vec<Ident>,
    #[command(flatten)]
    writing: super::writing::WritingArguments,
}

fn known(report: &registry_carriers::KnownReport) -> Output {
    let known = &report.registry;
    let mut text = format!("registry  {}\nurl       {}\n", known.name, known.url);
    known.mirrors.iter().for_each(|mirror| text += &format!("mirror    {mirror}\n"));
    known.allows.iter().for_each(|origin| text += &format!("allows    {origin}\n"));
    Output::new(report, text).with_talk(if report.changed { "" } else { "nothing to do: it is so already\n" })
}

fn removed(report: &registry::RemoveReport) -> Output {
    let known = &report.registry;
    let mut talk = format!("to use it again: mpp registry add {} URL --root {}\n", known.name, known.root);
    for name in &report.installed {
        talk += &format!("note: {name} stays installed, and nobody says any more whether it was blocked\n");
    }
    for name in &report.locked {
        talk += &format!("note: mpp.lock takes {name} from it\n");
    }
    Output::new(report, format!("forgot the registry {} ({})\n", known.name, known.id)).with_talk(talk)
}

fn listed(remove: bool) -> registry_carriers::Listed {
    if remove { registry_carriers::Listed::No } else { registry_carriers::Listed::Yes }
}

fn config(arguments: ConfigArguments, context: &Context<'_>) -> Result<Output, OpsError> {
    let ConfigArguments { blobs, follow, unfollow, writing } = arguments;
    let writing: mpp_ops::Writing = writing.into();
    let change = registry_carriers::ConfigChange { blobs, follow, unfollow };
    if change.blobs.is_some() || !change.follow.is_empty() || !change.unfollow.is_empty() {
        let report = registry_carriers::configure(context, &change, &writing)?;
        return Ok(super::writing::output(&report));
    }
    let report = registry_carriers::config(context, writing.registry.as_deref())?;
    let mut text = format!("registry  {}\nfiles     {}\n", report.registry, report.blobs());
    report.config.follows.iter().for_each(|other| text += &format!("follows   {} at {}\n", other.name, other.url));
    Ok(Output::new(&report, text))
}

fn follow(
    context: &Context<'_>,
    registry: &Ident,
    name: Option<&Ident>,
    called: Option<&Ident>,
    url: Option<&str>,
) -> Result<Output, OpsError> {
    if let Some(name) = name {
        let report = registry_carriers::follow(context, registry, name, called, url)?;
        let text = format!("registry  {} ({})\npinned    root {}\n", report.name, report.id, report.root);
        return Ok(Output::new(&report, text));
    }
    let follows = registry_carriers::followed(context, registry)?;
    let row = |report: &registry_carriers::FollowedReport| {
        let here = report.known_as.as_ref().map_or("not used here".to_owned(), |name| format!("used as {name}"));
        vec![report.followed.name.to_string(), report.followed.url.clone(), here, report.followed.root.to_string()]
    };
    let rows: Vec<_> = follows.iter().map(row).collect();
    let talk = if follows.is_empty() { "it follows no other registry\n" } else { "" };
    Ok(Output::new(json!({ "follows": follows }), table(&rows)).with_talk(talk))
}

fn assign(context: &Context<'_>, name: &str, registry: Option<&Ident>) -> Result<Output, OpsError> {
    let report = registry_carriers::assign(context, name, registry)?;
    let text = match &report.registry {
        Some(registry) => format!("{} comes from `{registry}` and from no other registry\n", report.name),
        None => format!("all registries are asked for {}\n", report.name),
    };
    Ok(Output::new(&report, text))
}

fn signed_head(report: &registry_upkeep::SignHeadReport) -> Output {
    let mut text: String =
        report.taken.iter().map(|taken| format!("took in {}\n", taken.releases.join(", "))).collect();
    text += &super::writing::text(&report.head);
    let mut talk = String::new();
    for (one, why) in report.refused.iter().filter_map(|one| Some((one, one.refused.as_ref()?))) {
        talk += &format!("refused {}: [{}] {}\n", escaped(&one.waits_in), why.code, why.message);
    }
    Output::new(report, text).with_talk(talk)
}

fn head(
    context: &Context<'_>,
    registry: Option<&str>,
    compare: Option<&Path>,
    save: Option<&Path>,
) -> Result<Output, OpsError> {
    let report = registry_upkeep::head(context, registry, compare)?;
    if let Some(file) = save {
        registry_upkeep::write_head(context, &report, file)?;
    }
    let mut text = format!(
        "registry  {} ({})\nhead      {} under root {}\nlog       {} records, {}\nissued    {}\nexpires   {}\n",
        report.registry,
        report.id,
        report.seq,
        report.root,
        report.log_length,
        report.log_hash,
        report.issued,
        report.expires
    );
    if let Some(compared) = report.compared {
        text += &format!("the other {compared}\n");
    }
    Ok(Output::new(&report, text))
}

fn check(context: &Context<'_>, url: &str, root: Option<Digest>, files: bool) -> Result<Output, OpsError> {
    let depth = if files { registry_upkeep::Depth::Files } else { registry_upkeep::Depth::Index };
    let report = registry_upkeep::check(context, url, root, depth)?;
    let compared = report.files.map(|files| format!("files     {files}\n")).unwrap_or_default();
    let text = format!(
        "registry  {}\nroot      {}\nhead      {}\nrecords   {}\npackages  {}\n{compared}",
        report.id, report.root, report.seq, report.records, report.packages
    );
    Ok(Output::new(&report, text))
}

fn evidence(context: &Context<'_>, registry: Option<&str>) -> Result<Output, OpsError> {
    let kept = registry_upkeep::evidence(context, registry)?;
    let mut text = String::new();
    for proof in &kept {
        text += &format!("{}  {}\n", proof.registry, proof.file.display());
        for head in &proof.heads {
            text += &format!(
                "  head {} under root {}, {} records, {}, signed {}\n",
                head.seq, head.root, head.log_length, head.log_hash, head.issued
            );
        }
    }
    let talk = if kept.is_empty() { "no registry has contradicted itself, as far as this home has seen\n" } else { "" };
    Ok(Output::new(json!({ "evidence": kept }), text).with_talk(talk))
}

pub fn run(command: Command, context: &Context<'_>) -> Result<Output, OpsError> {
    match command {
        Command::Init { path } => {
            let report = registry::init(context, &path)?;
            let text = format!(
                "made a registry in {}\nregistry  {}\nroot      {}\nkey       {} (signs roots and heads)\n",
                report.path.display(),
                report.id,
                report.root,
                report.key
            );
            Ok(Output::new(&report, text).with_talk(format!("next: mpp registry add NAME {}\n", path.display())))
        }
        Command::Add { name, url, root } => {
            let report = registry::add(context, &name, &url, root)?;
            let text = format!("registry  {} ({})\npinned    root {}\n", report.name, report.id, report.root);
            let talk = "compare the root with what the registry's owner says; `--root FINGERPRINT` checks it\n";
            Ok(Output::new(&report, text).with_talk(if root.is_none() { talk } else { "" }))
        }
        Command::SignHead { proposals, writing } => {
            registry_upkeep::sign_head(context, proposals.as_deref(), &writing.into())
                .map(|report| signed_head(&report))
        }
        Command::Head { registry, compare, save } => {
            head(context, registry.as_deref(), compare.as_deref(), save.as_deref())
        }
        Command::Check { url, pre_receive: true, .. } => {
            let report = registry_upkeep::check_push(context, Path::new(&url), std::io::stdin().lock())?;
            let text = format!(
                "accepted: {} references, {} records, {} package files\n",
                report.references, report.records, report.files
            );
            Ok(Output::new(&report, text))
        }
        Command::Check { url, root, proposals: Some(folder), .. } => {
            let looked = registry_upkeep::check_proposals(context, &url, root, &folder)?;
            let text: String = looked.iter().map(|one| format!("good: {}\n", one.releases.join(", "))).collect();
            let talk = if looked.is_empty() { "there is no proposal in this folder\n" } else { "" };
            Ok(Output::new(json!({ "proposals": looked }), text).with_talk(talk))
        }
        Command::Check { url, root, files, .. } => check(context, &url, root, files),
        Command::Rotate(arguments) => super::registry_root::rotate(arguments, context),
        Command::SignRoot(arguments) => super::registry_root::sign(&arguments, context),
        Command::Evidence { registry } => evidence(context, registry.as_deref()),
        Command::Mirror(Mirror::Add { name, url }) => {
            registry_carriers::mirror(context, &name, &url, listed(false)).map(|report| known(&report))
        }
        Command::Mirror(Mirror::Remove { name, url }) => {
            registry_carriers::mirror(context, &name, &url, listed(true)).map(|report| known(&report))
        }
        Command::Allow { name, origin, remove } => {
            registry_carriers::allow(context, &name, &origin, listed(remove)).map(|report| known(&report))
        }
        Command::Assign { name, registry, .. } => assign(context, &name, registry.as_ref()),
        Command::Order { names } => {
            let known = registry_carriers::order(context, &names)?;
            let text: String = known.iter().map(|known| format!("{}\n", known.name)).collect();
            Ok(Output::new(json!({ "registries": known }), text))
        }
        Command::Follow { registry, name, called, url } => {
            follow(context, &registry, name.as_ref(), called.as_ref(), url.as_deref())
        }
        Command::Config(arguments) => config(arguments, context),
        Command::Serve { registry, url, listen, hosts, rate, update_every } => {
            let options = SiteOptions { registry, url, listen, hosts, rate, update_every };
            match registry_site::serve(&context::outside(context), options)? {}
        }
        Command::Export { folder, registry, url } => {
            let report = registry_carriers::export(context, &folder, registry.as_deref(), url)?;
            let text = format!(
                "copy      {}\nindex     {} files\npackages  {} files\npages     {}\nwritten   {}, removed {}\n",
                report.path.display(),
                report.files,
                report.blobs,
                report.pages,
                report.written,
                report.removed
            );
            let talk = "serve the folder with any web server, then: mpp registry add NAME sparse+https://HOST/PATH\n";
            Ok(Output::new(&report, text).with_talk(talk))
        }
        Command::Remove { name } => registry::remove(context, &name).map(|report| removed(&report)),
        Command::List => {
            let known = registry::list(context)?;
            let rows: Vec<_> =
                known.iter().map(|r| vec![r.name.to_string(), r.url.clone(), r.root.to_string()]).collect();
            let talk = if known.is_empty() { "no registry yet: mpp registry add NAME URL\n" } else { "" };
            Ok(Output::new(json!({ "registries": known }), table(&rows)).with_talk(talk))
        }
    }
}
