//! Preparing a site: over SSH as root on its node, then over the API with the set-up token.
//!
//! Every step names its check and is read back by the same check. Nothing is formatted that is not blank, and a blank disk
//! only after its serial number was typed.

mod access;
mod backups;
mod disk;
mod storage;

pub use crate::domain::backup::names::LOCAL_STORAGE as BACKUP_STORAGE;

use serde::Serialize;

use super::journal::ActionLog;
use super::lease::InstanceLease;
use super::site::Token;
use super::under_way::UnderWay;
use super::{Engine, EngineError, Event};
use crate::domain::runs::RunOutcome;
use crate::inventory::model::{Instance, Inventory, Site};
use crate::pve::Client;
use crate::ssh::{Command, Route, Session, Stdin};
use crate::store::{NewRun, Scope};

/// The role that lets a token use a storage.
pub(super) const STORAGE_ROLE: &str = "AccoladesStorage";

/// The role that lets a token read the backups of a machine that stands elsewhere.
pub(super) const LOAN_ROLE: &str = "AccoladesLoan";

/// A step of the preparation, in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum PrepareStep {
    /// Proxmox VE 9 or later.
    Version,
    /// The backup disk, named by its serial number, has our file system.
    BackupDisk,
    /// It is mounted, now and after a restart.
    BackupMount,
    /// The users of our tokens exist.
    Users,
    /// Our roles have exactly the privileges they need.
    Roles,
    /// The everyday token and the set-up token exist, and we have their secrets.
    Tokens,
    /// Users and tokens are granted the roles where they need them.
    Rights,
    /// The pools for drills and for each instance.
    Pools,
    /// The backup directory, which refuses to be used while the disk is not mounted.
    BackupStorage,
    /// The image storage takes images and snippets.
    ImageStorage,
    /// Proxmox offers no id of our range to anybody else.
    VmIdRange,
    /// The snippet that installs the guest agent.
    Snippet,
    /// The Debian image, checked by its sum.
    Image,
}

/// All steps.
pub const STEPS: [PrepareStep; 13] = [
    PrepareStep::Version,
    PrepareStep::BackupDisk,
    PrepareStep::BackupMount,
    PrepareStep::Users,
    PrepareStep::Roles,
    PrepareStep::Tokens,
    PrepareStep::Rights,
    PrepareStep::Pools,
    PrepareStep::BackupStorage,
    PrepareStep::ImageStorage,
    PrepareStep::VmIdRange,
    PrepareStep::Snippet,
    PrepareStep::Image,
];

/// What a look found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Look {
    /// It is so.
    Done,
    /// It is not so yet.
    Needed,
    /// A blank disk would be formatted: only when a person typed its serial number.
    WouldFormat(String),
}

/// What a person agreed to beforehand.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Agreed {
    /// The serial number that was typed, of the disk that may be formatted if it is blank.
    pub format_serial: Option<String>,
}

/// The work on one site.
struct Preparation<'a> {
    engine: &'a Engine,
    inventory: &'a Inventory,
    site: &'a Site,
    route: Route,
    node: Session,
    agreed: &'a Agreed,
    /// The instances that stand here, or will.
    instances: Vec<&'a Instance>,
    /// Today, where the co-operative is.
    day: jiff::civil::Date,
}

impl PrepareStep {
    /// What a technician reads.
    pub fn title(self, site: &Site) -> String {
        let node = &site.node;
        match self {
            PrepareStep::Version => format!("`{}` runs Proxmox VE 9 or later", node.name),
            PrepareStep::BackupDisk => format!("backup disk {} has our file system", node.backup_disk_serial),
            PrepareStep::BackupMount => format!("backup disk is mounted at {}", disk::MOUNT_POINT),
            PrepareStep::Users => "users of our tokens".to_owned(),
            PrepareStep::Roles => "roles with the least privileges".to_owned(),
            PrepareStep::Tokens => "everyday token and set-up token".to_owned(),
            PrepareStep::Rights => "rights of user and tokens".to_owned(),
            PrepareStep::Pools => "pools for instances and drills".to_owned(),
            PrepareStep::BackupStorage => format!("storage `{BACKUP_STORAGE}` on the backup disk"),
            PrepareStep::ImageStorage => format!("storage `{}` takes images and snippets", node.image_storage),
            PrepareStep::VmIdRange => "VM ids of our range are reserved".to_owned(),
            PrepareStep::Snippet => "snippet that installs the guest agent".to_owned(),
            PrepareStep::Image => "Debian 12 image".to_owned(),
        }
    }

    fn key(self) -> String {
        format!("prepare/{self:?}").to_lowercase()
    }
}

impl Engine {
    /// Prepares a site. Run again it changes nothing; stopped anywhere it goes on.
    ///
    /// # Errors
    /// A conflict when the disk is not blank and not ours, or when formatting was not agreed to; otherwise what the node
    /// says.
    pub async fn prepare_site(
        &self,
        inventory: &Inventory,
        site: &Site,
        agreed: &Agreed,
    ) -> Result<usize, EngineError> {
        let subject = format!("site/{}", site.id);
        let lease = InstanceLease::take(self, &subject).await?;
        let result = self.prepare_under_lease(inventory, site, agreed, &subject).await;
        lease.give_back(self).await?;
        result
    }

    async fn prepare_under_lease(
        &self,
        inventory: &Inventory,
        site: &Site,
        agreed: &Agreed,
        subject: &str,
    ) -> Result<usize, EngineError> {
        let route = self.route(site)?;
        let node = self.node_session(site, &route).await?;
        let zone = inventory.cooperative_zone();
        let day = zone.to_datetime(self.clock.now().await?).date();
        let instances = inventory.instances_at(&site.id, day).collect();
        let preparation = Preparation { engine: self, inventory, site, route, node, agreed, instances, day };
        let run_id = self.randomness.hex(8);
        let at_us = self.now_us().await?;
        let run = NewRun { id: run_id.clone(), plan_id: None, scope: Scope::Staff, by: self.by.clone(), at_us };
        let under_way = UnderWay::begin(self, &run).await?;
        self.tell(Event::Begins { subject: site.id.to_string(), actions: STEPS.len() });
        let result = preparation.all(subject, &run_id).await;
        let outcome = RunOutcome::of_whole(result.is_ok());
        let summary = serde_json::json!({ "version": 1, "done": result.as_ref().ok() });
        under_way.end(self, outcome, &summary).await?;
        result
    }
}

impl Preparation<'_> {
    async fn all(&self, subject: &str, run_id: &str) -> Result<usize, EngineError> {
        let mut done = 0;
        for step in STEPS {
            let (key, title, site) = (step.key(), step.title(self.site), self.site.id.to_string());
            let log = ActionLog::new(self.engine, run_id, subject, &key);
            self.engine.tell(Event::Acts { subject: site.clone(), key: key.clone(), title: title.clone() });
            let already = match self.step(step, &log).await {
                Ok(already) => already,
                Err(error) => {
                    log.failed(&error).await?;
                    return Err(error);
                }
            };
            done += usize::from(!already);
            self.engine.tell(Event::Done { subject: site, key: key.clone(), title, already });
        }
        done += self.declare_backups(run_id).await?;
        Ok(done)
    }

    /// Looks, acts, and looks again. True when nothing was to be done.
    async fn step(&self, step: PrepareStep, log: &ActionLog<'_>) -> Result<bool, EngineError> {
        match self.look(step).await? {
            Look::Done => {
                log.skipped().await?;
                return Ok(true);
            }
            Look::WouldFormat(serial) if self.agreed.format_serial.as_deref() != Some(serial.as_str()) => {
                return Err(EngineError::Conflict(format!(
                    "disk {serial} is blank and would be formatted; nothing was done to it\n\n\
                     if it is the backup disk, agree with `--format {serial}`"
                )));
            }
            Look::Needed | Look::WouldFormat(_) => {}
        }
        log.started().await?;
        self.act(step, log).await?;
        if self.look(step).await? != Look::Done {
            return Err(EngineError::Failed {
                title: step.title(self.site),
                problem: "it was done, and what was read back is not as it should be".to_owned(),
                next: "run the same command again; if it says so twice, look at the node".to_owned(),
            });
        }
        log.done().await?;
        Ok(false)
    }

    async fn look(&self, step: PrepareStep) -> Result<Look, EngineError> {
        let done = match step {
            PrepareStep::Version => self.is_recent_enough().await?,
            PrepareStep::BackupDisk => return self.look_at_disk().await,
            PrepareStep::BackupMount => self.is_mounted().await?,
            PrepareStep::Users => self.has_users().await?,
            PrepareStep::Roles => self.has_roles().await?,
            PrepareStep::Tokens => self.has_tokens().await?,
            PrepareStep::Rights => self.has_rights().await?,
            PrepareStep::Pools => self.has_pools().await?,
            PrepareStep::BackupStorage => self.has_backup_storage().await?,
            PrepareStep::ImageStorage => self.image_storage_is_ready().await?,
            PrepareStep::VmIdRange => self.has_vm_id_range().await?,
            PrepareStep::Snippet => self.has_snippet().await?,
            PrepareStep::Image => self.has_image().await?,
        };
        Ok(if done { Look::Done } else { Look::Needed })
    }

    async fn act(&self, step: PrepareStep, log: &ActionLog<'_>) -> Result<(), EngineError> {
        match step {
            PrepareStep::Version => Err(self.failed(step, "it runs an older version", "upgrade the node first")),
            PrepareStep::BackupDisk => self.format_disk().await,
            PrepareStep::BackupMount => self.mount_disk().await,
            PrepareStep::Users => self.create_users().await,
            PrepareStep::Roles => self.set_roles().await,
            PrepareStep::Tokens => self.make_tokens().await,
            PrepareStep::Rights => self.grant_rights().await,
            PrepareStep::Pools => self.create_pools().await,
            PrepareStep::BackupStorage => self.create_backup_storage().await,
            PrepareStep::ImageStorage => self.extend_image_storage().await,
            PrepareStep::VmIdRange => self.set_vm_id_range().await,
            PrepareStep::Snippet => self.write_snippet().await,
            PrepareStep::Image => self.download_image(log).await,
        }
    }

    fn failed(&self, step: PrepareStep, problem: &str, next: &str) -> EngineError {
        EngineError::Failed { title: step.title(self.site), problem: problem.to_owned(), next: next.to_owned() }
    }

    async fn set_up(&self) -> Result<Client, EngineError> {
        Ok(self.engine.link(self.site, &self.route, Token::SetUp).await?.pve)
    }

    /// `pve-manager/9.2.11/…`: the first number decides.
    async fn is_recent_enough(&self) -> Result<bool, EngineError> {
        let text = self.on_node(&["pveversion"]).await?;
        let version = text.trim().strip_prefix("pve-manager/").and_then(|rest| rest.split(['.', '/']).next());
        Ok(version.and_then(|number| number.parse::<u32>().ok()).is_some_and(|number| number >= 9))
    }

    /// Runs a program on the node; anything but exit 0 is an error in its own words.
    async fn on_node(&self, argv: &[&str]) -> Result<String, EngineError> {
        self.on_node_with(argv, None).await
    }

    async fn on_node_with(&self, argv: &[&str], stdin: Option<Stdin>) -> Result<String, EngineError> {
        let mut words = argv.iter().map(|&word| word.to_owned());
        let mut command = Command::new(words.next().unwrap_or_default()).args(words);
        if let Some(stdin) = stdin {
            command = command.stdin(stdin);
        }
        let finished = self.node.run(&command).await?;
        if finished.is_zero() {
            return Ok(finished.stdout);
        }
        Err(EngineError::Failed {
            title: format!("`{}` on `{}`", argv.join(" "), self.site.node.name),
            problem: self.engine.redactor.clean(finished.stderr.trim()),
            next: "mend what it names, then run the same command again".to_owned(),
        })
    }
}
