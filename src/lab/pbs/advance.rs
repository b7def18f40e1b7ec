//! What backup servers do by themselves as time passes: jobs start and tasks end, in the order of time over all servers.

use super::schedule::{self, Planned};
use super::state::{BackupServer, BackupServers};
use super::tasks;
use super::work::Run;
use crate::world::Moment;

/// Something that is due.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Due {
    at: Moment,
    address: String,
    what: What,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum What {
    /// The end of the task at this place in the list.
    End(usize),
    /// Something that is planned.
    Start(Planned),
}

impl BackupServers {
    /// Lets everything happen whose time has come.
    pub fn advance(&mut self, seed: u64, now: Moment) {
        while let Some(due) = self.next().filter(|due| due.at <= now) {
            match &due.what {
                What::End(task) => self.finish(seed, &due, *task),
                What::Start(planned) => schedule::start_planned(self, &due.address, seed, due.at, planned),
            }
        }
    }

    /// When something happens next; `None` when nothing is under way.
    pub fn next_moment(&self) -> Option<Moment> {
        self.next().map(|due| due.at)
    }

    fn next(&self) -> Option<Due> {
        let of = |(address, server): (&String, &BackupServer)| {
            let due = |at, what| Due { at, address: address.clone(), what };
            let end = tasks::next_due(server).map(|(at, task)| due(at, What::End(task)));
            // A server that is off makes up for what it missed once it is back.
            let start = schedule::next(server)
                .filter(|_| server.online)
                .map(|(at, planned)| (at.max(server.online_since), planned));
            end.into_iter().chain(start.map(|(at, planned)| due(at, What::Start(planned)))).min()
        };
        self.0.iter().filter_map(of).min()
    }

    fn finish(&mut self, seed: u64, due: &Due, at: usize) {
        let Some(server) = self.0.get_mut(&due.address) else { return };
        let Some(task) = server.tasks.get_mut(at) else { return };
        let (Some(work), doom) = (task.work.take(), task.doom.take()) else { return };
        let (upid, owner) = (task.upid.clone(), task.owner.clone());
        let mut run = Run {
            servers: self,
            address: &due.address,
            seed,
            now: due.at,
            upid: upid.clone(),
            owner,
            lines: Vec::new(),
            warnings: 0,
        };
        let ending = doom.map_or_else(|| work.run(&mut run), Err);
        let lines = std::mem::take(&mut run.lines);
        if let Some(server) = self.0.get_mut(&due.address) {
            for line in lines {
                tasks::say(server, &upid, due.at, line);
            }
            tasks::end(server, &upid, due.at, &ending);
        }
    }
}
