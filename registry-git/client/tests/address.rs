//! Registries at addresses, through git's programs.

mod support;

use mpp_schema::codes;
use support::{World, check, day, has_git, http::GitServer, name, package, publish, walk_the_road};

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
