//! Inside one guest: reading facts, carrying out the steps of the playbooks, reading back what they did.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::Value;

use super::door::{Account, Door, GuestAddress};
use super::journal::ActionLog;
use super::reading;
use super::run::ENTER_ATTEMPTS_MAX;
use super::script::{Script, script};
use super::unit::{Unit, UnitState, write_file};
use super::{Engine, EngineError};
use crate::plan::GuestState;
use crate::ssh::SshError;
use crate::util::limits;
use crate::util::remote::Retry;
use crate::yunohost::playbook::model::Condition;
use crate::yunohost::playbook::step::{self, ADMIN_LOGIN, REACHABLE, StepState, Work};
use crate::yunohost::playbook::template::{Scope, render_plain};
use crate::yunohost::playbook::unread::Unread;
use crate::yunohost::playbook::{Fact, Facts, Need, Playbook, ReadCommand, Step};

/// A guest that we are working in.
pub struct Guest<'a> {
    engine: &'a Engine,
    address: GuestAddress,
    variables: &'a Value,
    door: Door,
    /// Tells the ends of answers that come together; nobody in the guest can foresee it.
    mark: String,
}

/// What became of a step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StepOutcome {
    /// It was so already.
    Already,
    /// Done and read back.
    Done,
    /// It cannot be tried yet.
    Waits(String),
}

impl<'a> Guest<'a> {
    /// Comes into a guest.
    ///
    /// # Errors
    /// When nobody answers or we are not let in.
    pub async fn enter(
        engine: &'a Engine,
        address: GuestAddress,
        variables: &'a Value,
    ) -> Result<Guest<'a>, EngineError> {
        let door = engine.open_door(&address).await?;
        Ok(Guest { engine, address, variables, door, mark: engine.randomness.hex(16) })
    }

    /// Comes into a guest that may just be starting.
    ///
    /// # Errors
    /// When it does not answer for minutes, or does not let us in.
    pub async fn enter_patiently(
        engine: &'a Engine,
        address: GuestAddress,
        variables: &'a Value,
    ) -> Result<Guest<'a>, EngineError> {
        for _ in 0..ENTER_ATTEMPTS_MAX {
            match Guest::enter(engine, address.clone(), variables).await {
                Err(EngineError::Ssh(error)) if error.retry() != Retry::Never => {
                    engine.clock.sleep(limits::POLL_INTERVAL_MAX).await?;
                }
                result => return result,
            }
        }
        Guest::enter(engine, address, variables).await
    }

    /// The session in it.
    pub fn door(&self) -> &Door {
        &self.door
    }

    /// Reads everything that the playbooks look at.
    ///
    /// # Errors
    /// When the connection fails.
    pub async fn observe(&mut self) -> Result<GuestState, EngineError> {
        let engine = self.engine;
        let (mut unread, mut facts) = (Unread::of(&engine.playbooks, self.variables), Facts::default());
        loop {
            let wave = unread.next(&facts)?;
            if wave.is_empty() {
                return Ok(GuestState::Read(facts));
            }
            self.read_into(&mut facts, wave).await?;
        }
    }

    /// Reads commands that do not need one another's answers: those that are more than a command to the guest by themselves,
    /// the others together.
    async fn read_into(&mut self, facts: &mut Facts, unread: BTreeSet<ReadCommand>) -> Result<(), EngineError> {
        let (own, plain): (Vec<_>, Vec<_>) = unread
            .into_iter()
            .partition(|command| matches!(command.0.first().map(String::as_str), Some(ADMIN_LOGIN | REACHABLE)));
        for command in own {
            let fact = self.read(&command).await?;
            facts.put(command, fact);
        }
        for (command, fact) in reading::read_all(&self.door, plain, &self.mark).await? {
            facts.put(command, fact);
        }
        Ok(())
    }

    async fn read(&mut self, command: &ReadCommand) -> Result<Fact, EngineError> {
        let answer = |yes: bool| Fact { exit: i32::from(!yes), stdout: if yes { "yes\n" } else { "no\n" }.to_owned() };
        match command.0.as_slice() {
            [name] if name == ADMIN_LOGIN => Ok(answer(self.admin_comes_in().await?)),
            [name, domain] if name == REACHABLE => {
                let reached =
                    super::reach::answers_from_outside(&self.address, &self.door, self.engine, domain).await?;
                Ok(Fact { exit: 0, ..answer(reached) })
            }
            _ => Ok(self.door.read(command).await?),
        }
    }

    /// Tries the technicians' account for real, and from then on works through it.
    async fn admin_comes_in(&mut self) -> Result<bool, EngineError> {
        if self.door.account() == Account::Admin {
            return Ok(true);
        }
        let door = match self.engine.open_door_as(&self.address, Account::Admin).await {
            Ok(door) => door,
            Err(EngineError::Ssh(SshError::AuthenticationRefused { .. })) => return Ok(false),
            Err(other) => return Err(other),
        };
        let root = door.run(&["id", "-u"], None).await?;
        let comes_in = root.is_zero() && root.stdout.trim() == "0";
        if comes_in {
            self.door = door;
        }
        Ok(comes_in)
    }

    /// Carries out one piece of work: looks, acts, reads back.
    /// The journal hears of it just before the first change.
    ///
    /// # Errors
    /// When the work fails or cannot be verified; what was begun inside the guest goes on there.
    pub async fn perform(&mut self, key: &str, log: &ActionLog<'_>) -> Result<StepOutcome, EngineError> {
        let (playbook, step) = find_step(&self.engine.playbooks, key)
            .ok_or_else(|| EngineError::Unexpected(format!("no playbook has the step `{key}`")))?;
        let mut facts = Facts::default();
        let work = loop {
            let mut unread = BTreeSet::new();
            let states = step::evaluate(playbook, step, Some(key), self.variables, &facts, false, &mut unread)?;
            if unread.is_empty() {
                match states.into_iter().find(|(work, state)| work.key == key && *state != StepState::Done) {
                    None => return Ok(StepOutcome::Already),
                    Some((_, StepState::Needed(Need::Waiting(why)))) => return Ok(StepOutcome::Waits(why)),
                    Some((work, _)) => break work,
                }
            }
            self.read_into(&mut facts, unread).await?;
        };
        let scope = self.scope(&work).await?;
        let unit = Unit::of(key);
        let script = script(&work, &scope, &unit.file("file"))?;
        match self.carry_out(&work, &unit, &script, log).await {
            Err(EngineError::Failed { title, problem, next }) => {
                let advice = self.advice(step, &scope).await?;
                Err(EngineError::Failed { title, problem, next: advice.unwrap_or(next) })
            }
            other => other.map(|()| StepOutcome::Done),
        }
    }

    async fn carry_out(
        &mut self,
        work: &Work<'_>,
        unit: &Unit,
        script: &Script,
        log: &ActionLog<'_>,
    ) -> Result<(), EngineError> {
        if work.step.unit {
            self.run_as_unit(work, unit, script, log).await?;
        } else {
            log.started().await?;
            self.run_directly(work, unit, script).await?;
        }
        self.verify(work).await?;
        if work.step.unit || script.file.is_some() {
            unit.tidy(&self.door).await?;
        }
        Ok(())
    }

    async fn scope(&mut self, work: &Work<'_>) -> Result<Scope<'a>, EngineError> {
        let mut facts = Facts::default();
        loop {
            match step::scope_of(work, self.variables, &facts)? {
                Ok(Some(scope)) => return Ok(scope),
                Ok(None) => {
                    return Err(EngineError::Failed {
                        title: work.title.clone(),
                        problem: "what it needs is not there: the step before it was undone".to_owned(),
                        next: "run `accolades plan` to see what is missing".to_owned(),
                    });
                }
                Err(command) => {
                    let fact = self.read(&command).await?;
                    facts.put(command, fact);
                }
            }
        }
    }

    async fn run_directly(&mut self, work: &Work<'_>, unit: &Unit, script: &Script) -> Result<(), EngineError> {
        write_file(self.engine, &self.door, script, &unit.file("file")).await?;
        let mut values = Vec::with_capacity(script.secrets.len());
        for (name, filter) in &script.secrets {
            let value = self.engine.secret(name).await?;
            values.push(filter.encode(secrecy::ExposeSecret::expose_secret(&value)).into());
        }
        let finished = self.door.script(&script.commands, &values).await?;
        if finished.is_zero() {
            return Ok(());
        }
        // YunoHost fails after having done something too: what counts is what is read back.
        match self.holds(work).await? {
            true => Ok(()),
            false => {
                unit.forget_file(&self.door, script).await?;
                Err(self.failed(work, &format!("exit {}: {}", finished.exit, last_lines(&finished.stderr))))
            }
        }
    }

    async fn run_as_unit(
        &mut self,
        work: &Work<'_>,
        unit: &Unit,
        script: &Script,
        log: &ActionLog<'_>,
    ) -> Result<(), EngineError> {
        // A unit that still runs is this very work, begun by an earlier run: it is waited for, not begun again.
        if unit.state(&self.door).await? != UnitState::Running {
            log.started().await?;
            unit.start(self.engine, &self.door, script).await?;
        }
        let state = self.wait_for(unit).await?;
        if state == UnitState::Ended(0) || self.holds(work).await? {
            return Ok(());
        }
        unit.forget_file(&self.door, script).await?;
        let words = unit.last_words(self.engine, &self.door).await?;
        let problem = match state {
            UnitState::Ended(exit) => format!("exit {exit}: {words}"),
            _ => format!("it was cut off inside the guest (a restart?): {words}"),
        };
        Err(self.failed(work, &problem))
    }

    /// Waits for the end of a unit; a connection that is lost meanwhile is opened again.
    async fn wait_for(&mut self, unit: &Unit) -> Result<UnitState, EngineError> {
        let began_us = self.engine.now_us().await?;
        let mut reconnects = 0;
        loop {
            match unit.state(&self.door).await {
                Ok(UnitState::Running) => reconnects = 0,
                Ok(state) => return Ok(state),
                Err(EngineError::Ssh(_)) if reconnects < limits::GUEST_RECONNECTS_MAX => {
                    reconnects += 1;
                    self.come_back().await?;
                }
                Err(error) => return Err(error),
            }
            let waited = Duration::from_micros(self.engine.now_us().await?.saturating_sub(began_us).unsigned_abs());
            if waited > limits::GUEST_UNIT_TIMEOUT {
                return Err(EngineError::Failed {
                    title: format!("unit `{}`", unit.name),
                    problem: format!("it has been running for {} minutes", waited.as_secs() / 60),
                    next: "look into the guest; the same command goes on with it".to_owned(),
                });
            }
            self.engine.clock.sleep(limits::poll_interval(waited)).await?;
        }
    }

    async fn come_back(&mut self) -> Result<(), EngineError> {
        for _ in 0..limits::GUEST_RECONNECTS_MAX {
            match self.engine.open_door(&self.address).await {
                Ok(door) => {
                    self.door = door;
                    return Ok(());
                }
                Err(EngineError::Ssh(_)) => self.engine.clock.sleep(limits::POLL_INTERVAL_MAX).await?,
                Err(other) => return Err(other),
            }
        }
        self.door = self.engine.open_door(&self.address).await?;
        Ok(())
    }

    async fn verify(&mut self, work: &Work<'_>) -> Result<(), EngineError> {
        if self.holds(work).await? {
            return Ok(());
        }
        Err(self.failed(work, "the commands ended well, and what was read back is not as it should be"))
    }

    /// Whether what the work should bring about is so now, by reading afresh.
    async fn holds(&mut self, work: &Work<'_>) -> Result<bool, EngineError> {
        let conditions = if work.step.verify.is_empty() { &work.step.check } else { &work.step.verify };
        let scopes: Vec<Scope<'_>> = if work.items.len() > 1 || work.step.together {
            let each = |item: &Value| Scope::new(self.variables).with("item", item.clone());
            work.items.iter().map(each).collect()
        } else {
            vec![self.scope(work).await?]
        };
        let mut facts = Facts::default();
        for scope in scopes {
            if !self.all_hold(conditions, &scope, &mut facts).await? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    async fn all_hold(
        &mut self,
        conditions: &[Condition],
        scope: &Scope<'_>,
        facts: &mut Facts,
    ) -> Result<bool, EngineError> {
        loop {
            match step::verified(conditions, scope, facts)? {
                Ok(holds) => return Ok(holds),
                Err(command) => {
                    let fact = self.read(&command).await?;
                    facts.put(command, fact);
                }
            }
        }
    }

    /// What a technician reads when a step has failed. A guest that does not answer shows no other cause.
    async fn advice(&mut self, step: &Step, scope: &Scope<'_>) -> Result<Option<String>, EngineError> {
        let other = match &step.other_cause {
            Some(cause) if self.all_hold(&cause.check, scope, &mut Facts::default()).await.unwrap_or(false) => {
                Some(cause)
            }
            _ => None,
        };
        let advice = other.map(|cause| &cause.advice).or(step.advice.as_ref());
        Ok(advice.map(|advice| render_plain(advice, scope)).transpose()?)
    }

    fn failed(&self, work: &Work<'_>, problem: &str) -> EngineError {
        EngineError::Failed {
            title: work.title.clone(),
            problem: self.engine.redactor.clean(problem),
            next: "mend what it names, then run the same command again: it goes on from here".to_owned(),
        }
    }
}

fn find_step<'a>(playbooks: &'a [Playbook], key: &str) -> Option<(&'a Playbook, &'a Step)> {
    let (playbook, step) = key.split('@').next()?.split_once('/')?;
    let playbook = playbooks.iter().find(|one| one.name == playbook)?;
    playbook.steps.iter().find(|one| one.id == step).map(|step| (playbook, step))
}

fn last_lines(text: &str) -> String {
    let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
    lines[lines.len().saturating_sub(5)..].join("; ")
}
