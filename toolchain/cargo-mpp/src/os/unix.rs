//! Unix: `/dev/tty`, and the session that `setsid` began.

use nix::unistd::{Pid, getppid, getsid};
use std::fs::{self, File, OpenOptions};
use std::io::{Stderr, Stdin, Stdout};
use std::os::fd::AsFd as _;
use std::time::Duration;

pub(super) fn controlling_terminal() -> Option<File> {
    OpenOptions::new().read(true).write(true).open("/dev/tty").ok()
}

/// Both streams by numbers of their own; the number of stdout becomes another one of stderr.
pub(super) fn pipes(input: &Stdin, output: &Stdout, errors: &Stderr) -> std::io::Result<(File, File)> {
    let input = input.as_fd().try_clone_to_owned()?;
    let output = output.as_fd().try_clone_to_owned()?;
    rustix::stdio::dup2_stdout(errors)?;
    Ok((input.into(), output.into()))
}

pub(super) fn forget_input(terminal: &File) {
    // A terminal that cannot forget is still asked; the answer is a line that was typed on it either way.
    let _ = rustix::termios::tcflush(terminal, rustix::termios::QueueSelector::IFlush);
}

pub(super) fn wait_for_input(terminal: &File, at_most: Duration) -> bool {
    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    let time = Timespec::try_from(at_most).ok();
    let mut look = [PollFd::new(terminal, PollFlags::IN)];
    // A terminal that cannot be waited for is read: then it is an answer that decides.
    poll(&mut look, time.as_ref()).map_or(true, |ready| ready > 0)
}

/// The number of the session, and, where the system tells, when its first process began, in which space of process numbers, and which start
/// of the machine this is: numbers come again, these do not.
///
/// In a container the session may have begun outside, where it has no number. Then everything that the same process starts, such as one
/// shell, is taken for a session: that is never more than the session really holds.
pub(super) fn session() -> String {
    let ours = getsid(None).map_or(0, Pid::as_raw);
    let parent = getppid().as_raw();
    let (kind, id) = match (ours, parent) {
        (1.., _) => ("session", ours),
        (_, 1..) => ("below", parent),
        _ => ("process", Pid::this().as_raw()),
    };
    let began = fs::read_to_string(format!("/proc/{id}/stat")).ok().and_then(|stat| began(&stat).map(str::to_owned));
    let space = fs::read_link("/proc/self/ns/pid").unwrap_or_default();
    let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
    format!("{kind} {id} began {} in {} boot {}", began.unwrap_or_default(), space.display(), boot.trim())
}

/// Field 22 of `/proc/<pid>/stat`. The second is a name in parentheses, which may hold anything.
fn began(stat: &str) -> Option<&str> {
    stat.rsplit_once(')')?.1.split_ascii_whitespace().nth(19)
}

#[cfg(test)]
mod tests {
    use super::{began, session};

    #[test]
    fn the_start_is_found_behind_any_name() {
        let rest = "S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 4242 20";
        assert_eq!(began(&format!("7 (a ) b (c) {rest}")), Some("4242"));
        assert_eq!(began("7"), None);
    }

    #[test]
    fn one_process_has_one_session() {
        assert_eq!(session(), session());
        let kind = if super::getsid(None).is_ok_and(|id| id.as_raw() > 0) { "session " } else { "below " };
        assert!(session().starts_with(kind), "{}", session());
    }
}
