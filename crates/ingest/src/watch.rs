//! Changes that another process has made: another node on PostgreSQL, a command beside the server on SQLite.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use tenure_app::judge_alerts::Rules;
use tenure_app::{App, CoverChange};
use tenure_domain::OrganizationId;
use tenure_store::sensors::{self, GateRow};
use tenure_store::{CoverFeed, StoreError, alert_rules, organizations};
use tokio::sync::watch as stop;

use crate::gate::Gate;
use crate::{Control, Ingest};

/// How often SQLite is asked whether another connection has committed; how long a lost PostgreSQL is left alone.
const PERIOD: Duration = Duration::from_millis(250);

pub(crate) struct Watcher {
    app: Arc<App>,
    ingest: Ingest,
    /// Each organization's `rev` up to which the gate has heard of everything.
    known: HashMap<OrganizationId, i64>,
    /// What this process itself has told the gate beyond that.
    own: HashSet<(OrganizationId, i64)>,
}

impl Watcher {
    pub(crate) fn new(app: Arc<App>, ingest: Ingest) -> Self {
        Self { app, ingest, known: HashMap::new(), own: HashSet::new() }
    }

    /// The gate and the alert rules as the database has them.
    pub(crate) async fn load(&mut self) -> Result<(Gate, Rules), StoreError> {
        let mut tx = self.app.db.read().await?;
        let sensors = sensors::count_all(&mut tx).await?;
        let mut gate = Gate::with_capacity(usize::try_from(sensors).unwrap_or(0));
        let rules = Rules::of(alert_rules::in_force(&mut tx, None).await?);
        for organization in organizations::all(&mut tx).await? {
            gate.set_alert_rules(organization.id, organization.rev, rules.of_organization(organization.id));
            gate.set_organization(organization.id, organization.device_token);
            for row in sensors::gate_rows(&mut tx, organization.id, -1).await? {
                gate.set_cover(organization.id, organization.rev, &change(&row));
            }
            self.known.insert(organization.id, organization.rev);
        }
        tx.roll_back().await?;
        Ok((gate, rules))
    }

    /// Tells the gate what others change, until `stop` is told.
    pub(crate) async fn run(mut self, mut stop: stop::Receiver<bool>) {
        let stopped = async move {
            // An error is a sender that is gone: the service has stopped.
            let _ = stop.wait_for(|stop| *stop).await;
        };
        tokio::select! {
            () = stopped => {}
            () = self.watch() => {}
        }
    }

    async fn watch(&mut self) {
        loop {
            if let Err(error) = self.follow().await {
                tracing::warn!(%error, "lost the feed of covers; everything is read again when it is back");
            }
            tokio::time::sleep(PERIOD).await;
        }
    }

    /// Follows a feed until it breaks. What changed before it was opened is found by the first look.
    async fn follow(&mut self) -> Result<(), StoreError> {
        let mut feed = self.app.db.cover_feed().await?;
        self.catch_up().await?;
        loop {
            if feed.changed().await? {
                self.catch_up().await?;
            }
            if matches!(feed, CoverFeed::Sqlite { .. }) {
                tokio::time::sleep(PERIOD).await;
            }
        }
    }

    /// Reads what has changed beyond what this process told the gate itself.
    async fn catch_up(&mut self) -> Result<(), StoreError> {
        let published =
            std::mem::take(&mut *self.ingest.published.lock().unwrap_or_else(PoisonError::into_inner));
        self.own.extend(published);
        let mut tx = self.app.db.read().await?;
        for (id, rev) in organizations::revs(&mut tx).await? {
            let mut known = self.known.get(&id).copied().unwrap_or(-1);
            while known < rev && self.own.remove(&(id, known + 1)) {
                known += 1;
            }
            if known < rev {
                let organization = organizations::get(&mut tx, id).await?;
                let rows = sensors::gate_rows(&mut tx, id, known).await?;
                let changes = rows.iter().map(change).collect();
                let device_token = organization.and_then(|organization| organization.device_token);
                // The thread is gone when the service stops.
                let _ = self.ingest.control.send(Control::Organization { organization: id, device_token });
                let _ = self.ingest.control.send(Control::Covers { organization: id, rev, changes });
                let rules = alert_rules::in_force(&mut tx, Some(id)).await?;
                let _ = self.ingest.control.send(Control::AlertRules { organization: id, rev, rules });
                self.app.covers_moved(id);
            }
            self.known.insert(id, rev);
            self.own.retain(|(other, told)| *other != id || *told > rev);
        }
        tx.roll_back().await
    }
}

fn change(row: &GateRow) -> CoverChange {
    let GateRow { serial, number, chain_ends, running, gone, .. } = *row;
    CoverChange { serial, number: Some(number), chain_ends, running, gone }
}
