//! Registries at addresses: read in process, written by the git program.

mod support;

use mpp_registry::{
    Location,
    transport::{Address, Settings, Transport as _},
};
use mpp_schema::codes;
use support::{
    World, check, day, has_git,
    http::{GitServer, Speaks},
    name, package, publish,
    ssh::Ssh,
    tls, walk_the_road, walk_the_road_with,
};

#[test]
fn the_whole_road_at_a_file_address() {
    if !has_git() {
        return;
    }
    let world = World::new();
    walk_the_road(&world, &world.file_location());
}

#[test]
fn the_whole_road_over_http() {
    if !has_git() {
        return;
    }
    let world = World::new();
    let server = GitServer::start(world.folder.path());
    walk_the_road(&world, &server.location("registry.git"));
}

/// IDX-51.
#[test]
fn a_package_file_comes_without_the_versions_before_it() {
    if !has_git() {
        return;
    }
    let world = World::new();
    let mut home = world.home("home", &world.file_location());
    for version in ["1.0.0", "1.1.0"] {
        publish(&mut home, &package("acme:notes", version, "Finds notes.")).unwrap();
    }
    let entry = home.package(&name("acme:notes")).unwrap().unwrap();
    let commits: Vec<_> = entry.releases.iter().map(|signed| signed.release.commit.clone().unwrap()).collect();
    let [first, second] = [0, 1].map(|n| gix::ObjectId::from_hex(commits[n].as_bytes()).unwrap());
    let into = world.folder.path().join("into.git");
    let repository = gix::init_bare(&into).unwrap();
    let location = Location::parse(&world.file_location()).unwrap();
    let transport = Address::new(&location, Settings::default()).unwrap();
    transport.fetch_package(&into, second, "refs/mpp/packages/acme/notes").unwrap();
    let here = |id| repository.try_find_object(id).unwrap().is_some();
    assert_eq!((here(first), here(second)), (false, true));
}

#[test]
fn an_address_without_a_registry_is_not_reached() {
    if !has_git() {
        return;
    }
    let world = World::new();
    let nothing = format!("file://{}/nothing", world.folder.path().display());
    check(world.home("home", &nothing).update(None, day(0)), Err(codes::REGISTRY_UNREACHABLE));
}

#[test]
fn a_known_registry_is_read_while_it_cannot_be_reached() {
    if !has_git() {
        return;
    }
    let world = World::new();
    let mut home = world.home("home", &world.file_location());
    publish(&mut home, &package("acme:notes", "1.0.0", "Finds notes.")).unwrap();
    std::fs::rename(world.path(), world.folder.path().join("away")).unwrap();
    check(home.update(None, day(0)), Err(codes::REGISTRY_UNREACHABLE));
    assert!(home.package(&name("acme:notes")).unwrap().is_some());
}

#[test]
fn a_damaged_clone_is_made_anew() {
    if !has_git() {
        return;
    }
    let world = World::new();
    let mut home = world.home("home", &world.file_location());
    publish(&mut home, &package("acme:notes", "1.0.0", "Finds notes.")).unwrap();
    let objects = world.folder.path().join("home/index.git/objects");
    std::fs::remove_dir_all(&objects).unwrap();
    std::fs::create_dir(&objects).unwrap();
    check(home.package(&name("acme:notes")), Err(codes::INDEX_GIT));
    publish(&mut world.at_path("author"), &package("acme:notes", "1.1.0", "Finds notes.")).unwrap();
    check(home.update(None, day(0)), Ok(()));
    assert_eq!(home.package(&name("acme:notes")).unwrap().unwrap().releases.len(), 2);
}

/// Where [`reading_alone`] finds its registry.
const READ_FROM: &str = "MPP_TEST_READ_FROM";

#[test]
fn reading_over_http_starts_no_program() {
    if !has_git() {
        return;
    }
    let world = World::new();
    publish(&mut world.at_path("author"), &package("acme:notes", "1.0.0", "Finds notes.")).unwrap();
    let server = GitServer::start(world.folder.path());
    let test = std::env::current_exe().unwrap();
    let child = std::process::Command::new(test)
        .args(["--exact", "reading_alone", "--ignored", "--nocapture"])
        .env(READ_FROM, server.location("registry.git"))
        .env("PATH", world.folder.path())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&child.stdout).into_owned() + &String::from_utf8_lossy(&child.stderr);
    assert!(child.status.success() && said.contains("1 passed"), "{said}");
}

#[test]
#[ignore = "runs as a process of its own, started by another test"]
fn reading_alone() {
    let location = std::env::var(READ_FROM).expect("another test says where the registry is");
    assert!(!has_git(), "no program can be found here");
    let folder = tempfile::tempdir().unwrap();
    let mut home = mpp_registry::Registry::open(&location, folder.path()).unwrap();
    home.update(None, day(0)).unwrap();
    let entry = home.package(&name("acme:notes")).unwrap().unwrap();
    home.fetch_blob(&entry.name, &entry.releases[0].release).unwrap();
}

#[test]
fn servers_that_speak_only_the_first_protocol() {
    if !has_git() {
        return;
    }
    let world = World::new();
    let server = GitServer::speaking(world.folder.path(), Speaks::TheFirst);
    walk_the_road(&world, &server.location("registry.git"));
}

#[test]
fn a_server_that_moved_is_followed() {
    if !has_git() {
        return;
    }
    let world = World::new();
    publish(&mut world.at_path("author"), &package("acme:notes", "1.0.0", "Finds notes.")).unwrap();
    let server = GitServer::speaking(world.folder.path(), Speaks::RedirectsFrom("/old/"));
    let mut home = world.home("home", &server.location("old/registry.git"));
    check(home.update(None, day(0)), Ok(()));
    assert!(home.package(&name("acme:notes")).unwrap().is_some());
}

#[test]
fn over_tls_to_a_server_that_somebody_vouches_for() {
    if !has_git() {
        return;
    }
    let world = World::new();
    let server = GitServer::start(world.folder.path());
    let port = tls::in_front_of(server.address());
    let location = format!("https://127.0.0.1:{port}/registry.git");
    let settings = Settings { certificates: Some(tls::authority()), ..Settings::default() };
    walk_the_road_with(&world, |home| world.home_with(home, &location, &settings));
    let strict = Settings { certificates: Some(world.path().join("HEAD")), ..Settings::default() };
    check(world.home_with("strict", &location, &strict).update(None, day(0)), Err(codes::REGISTRY_UNREACHABLE));
    check(world.home("browser", &location).update(None, day(0)), Err(codes::REGISTRY_UNREACHABLE));
}

#[cfg(unix)]
#[test]
fn the_whole_road_over_ssh() {
    if !has_git() {
        return;
    }
    for form in ["ssh://git@example.com:2222", "git@example.com:"] {
        let world = World::new();
        let ssh = Ssh::new(world.folder.path());
        let settings = Settings { ssh: Some(ssh.program.clone()), ..Settings::default() };
        let location = format!("{form}{}", world.path().display());
        walk_the_road_with(&world, |home| world.home_with(home, &location, &settings));
        let runs = ssh.runs();
        assert!(runs.iter().all(|run| run.contains(&"git@example.com".to_owned())), "{runs:?}");
        assert!(runs.iter().all(|run| run.contains(&"-oBatchMode=yes".to_owned())), "{runs:?}");
        let with_port =
            |run: &Vec<String>| run.windows(2).any(|two| two.concat() == "-p2222") || run.contains(&"-p2222".into());
        assert!(runs.iter().all(|run| with_port(run) == form.contains("2222")), "{runs:?}");
        let pushed = runs.iter().filter(|run| run.last().unwrap().starts_with("git-receive-pack ")).count();
        let fetched = runs.iter().filter(|run| run.last().unwrap().starts_with("git-upload-pack ")).count();
        assert_eq!((pushed, fetched, pushed + fetched), (3, fetched, runs.len()), "{runs:?}");
    }
}

#[cfg(unix)]
#[test]
fn a_path_for_ssh_is_one_word_whatever_it_holds() {
    if !has_git() {
        return;
    }
    let world = World::new();
    let ssh = Ssh::new(world.folder.path());
    let settings = Settings { ssh: Some(ssh.program.clone()), ..Settings::default() };
    let nasty = world.folder.path().join("it's $(touch ran) `touch ran`; touch ran & \"x\" --upload-pack=x.git");
    std::fs::rename(world.path(), &nasty).unwrap();
    let location = format!("git@example.com:{}", nasty.display());
    let mut home = world.home_with("home", &location, &settings);
    publish(&mut home, &package("acme:notes", "1.0.0", "Finds notes.")).unwrap();
    let runs = ssh.runs();
    let services: Vec<_> = runs.iter().map(|run| run.last().unwrap().split(' ').next().unwrap()).collect();
    assert!(services.contains(&"git-receive-pack") && services.contains(&"git-upload-pack"), "{services:?}");
    assert!(!std::path::Path::new("ran").exists() && !world.folder.path().join("ran").exists());
}

#[cfg(unix)]
#[test]
fn what_ssh_says_reaches_people_escaped() {
    let world = World::new();
    let program = world.folder.path().join("ssh");
    std::fs::write(&program, "#!/bin/sh\nprintf 'Permission denied \\033[31m(publickey)\\n' >&2\nexit 255\n").unwrap();
    std::fs::set_permissions(&program, std::os::unix::fs::PermissionsExt::from_mode(0o700)).unwrap();
    let settings = Settings { ssh: Some(program), ..Settings::default() };
    let mut home = world.home_with("home", "ssh://example.com/registry.git", &settings);
    let error = home.update(None, day(0)).unwrap_err();
    let said = error.to_string();
    assert!(said.contains("Permission denied") && said.contains("(publickey)") && !said.contains('\x1b'), "{said}");
    check(Err::<(), _>(error), Err(codes::REGISTRY_UNREACHABLE));
    let settings = Settings { ssh: Some(world.folder.path().join("no-such-program")), ..Settings::default() };
    let mut home = world.home_with("home", "ssh://example.com/registry.git", &settings);
    let said = home.update(None, day(0)).unwrap_err().to_string();
    assert!(said.contains("no-such-program"), "{said}");
}

#[test]
fn packs_do_not_pile_up() {
    if !has_git() {
        return;
    }
    let world = World::new();
    let mut author = world.at_path("author");
    publish(&mut author, &package("acme:notes", "1.0.0", "Finds notes.")).unwrap();
    let mut home = world.home("home", &world.file_location());
    let packs = || {
        let files = std::fs::read_dir(world.folder.path().join("home/index.git/objects/pack")).unwrap();
        let mut names: Vec<_> = files.map(|file| file.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    };
    let mut most = 0;
    let mut falls = 0;
    let mut before = 0;
    for _ in 0..70 {
        author.sign_head(&[&support::KEYS.head], day(0)).unwrap();
        home.update(None, day(0)).unwrap();
        let found = packs();
        let whole = found.iter().filter(|name| name.ends_with(".pack")).count();
        assert_eq!(found.len(), 2 * whole, "each pack has its index, and nothing else is there: {found:?}");
        assert!(home.package(&name("acme:notes")).unwrap().is_some());
        falls += usize::from(whole < before);
        (most, before) = (most.max(whole), whole);
    }
    assert_eq!((most, falls), (32, 2));
}
