//! Telling changed covers to all who follow them in this process: each change is read once, however many listen.
//!
//! A command says after its commit that covers of its organization have moved; so does the watcher of what other
//! processes do. One task then reads what has changed, and puts it before the listeners. Who does not keep up is left
//! behind, and reads on from where it was by itself: nothing is kept for anybody.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use tenure_domain::OrganizationId;
use tenure_store::organizations;
use tokio::sync::{Notify, broadcast};
use tokio::task::JoinHandle;

use crate::cover_events::{CoverEvent, CoverPage, Place};
use crate::{Actor, App, AppError};

/// How many pages a listener may be behind before it is left to itself.
const MOST_BEHIND: usize = 32;
/// The least time between two looks: what moves in between is told at once.
const COALESCED: Duration = Duration::from_millis(50);
/// How long a database that is away is left alone.
const PATIENCE: Duration = Duration::from_secs(1);

/// Whose covers somebody follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Followed {
    /// One organization's.
    Organization(OrganizationId),
    /// All.
    Everybodys,
}

type Pages = broadcast::Sender<Arc<CoverPage>>;

/// Where listeners and what is to be told to them meet.
#[derive(Default)]
pub(crate) struct Hub {
    state: Mutex<State>,
    wake: Notify,
}

#[derive(Default)]
struct State {
    /// Whether there is a task that tells.
    telling: bool,
    moved: BTreeSet<OrganizationId>,
    /// Up to where each organization's listeners were told everything.
    told: HashMap<OrganizationId, Place>,
    of_one: HashMap<OrganizationId, Pages>,
    of_all: Option<Pages>,
}

impl State {
    fn listens(&self, organization: OrganizationId) -> bool {
        let listened = |pages: &Pages| pages.receiver_count() > 0;
        self.of_all.as_ref().is_some_and(listened) || self.of_one.get(&organization).is_some_and(listened)
    }
}

impl Hub {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Remembers that an organization's covers may have moved, if somebody listens.
    fn moved(&self, organization: OrganizationId) {
        let mut state = self.state();
        if state.listens(organization) {
            state.moved.insert(organization);
            self.wake.notify_one();
        }
    }

    /// An organization that has moved, and up to where it was told. Whoever has no listener is forgotten.
    fn next(&self) -> Option<(OrganizationId, Place)> {
        let mut state = self.state();
        while let Some(organization) = state.moved.pop_first() {
            if state.listens(organization) {
                // What was not known yet is one that was made since everybody's covers were followed.
                let told = state.told.get(&organization).copied().unwrap_or(Place::BEGINNING);
                return Some((organization, told));
            }
            state.told.remove(&organization);
            state.of_one.remove(&organization);
        }
        None
    }

    fn tell(&self, page: CoverPage) {
        let mut state = self.state();
        state.told.insert(page.organization, page.to);
        let page = Arc::new(page);
        for pages in [state.of_one.get(&page.organization), state.of_all.as_ref()].into_iter().flatten() {
            // An error is that nobody listens just now.
            let _ = pages.send(Arc::clone(&page));
        }
    }
}

impl App {
    /// Says that covers of an organization have changed: called after the commit, also of what another process did.
    pub fn covers_moved(&self, organization: OrganizationId) {
        self.hub.moved(organization);
    }

    /// Follows covers from these places on; what has no place here is followed from now on.
    ///
    /// # Errors
    ///
    /// Those of the store.
    pub async fn follow_covers(
        self: &Arc<Self>,
        followed: Followed,
        known: impl Fn(OrganizationId) -> Option<Place>,
    ) -> Result<CoverFollower, AppError> {
        let mut tx = self.db.read().await?;
        let revs = match followed {
            Followed::Everybodys => organizations::revs(&mut tx).await?,
            Followed::Organization(id) => {
                let organization = organizations::get(&mut tx, id).await?;
                organization.map(|organization| (id, organization.rev)).into_iter().collect()
            }
        };
        tx.roll_back().await?;
        let pages = {
            let mut state = self.hub.state();
            for (organization, rev) in &revs {
                // Who has no listener was not told what has moved since the last one left.
                let listened = state.listens(*organization);
                let told = state.told.entry(*organization).or_insert(Place::behind(*rev));
                if !listened {
                    *told = Place::behind(*rev);
                }
            }
            let new = || broadcast::channel(MOST_BEHIND).0;
            let pages = match followed {
                Followed::Organization(id) => state.of_one.entry(id).or_insert_with(new),
                Followed::Everybodys => state.of_all.get_or_insert_with(new),
            };
            let pages = pages.subscribe();
            if !std::mem::replace(&mut state.telling, true) {
                tokio::spawn(tell(Arc::downgrade(self), Arc::clone(&self.hub)));
            }
            pages
        };
        // What has moved between the look at the revs and the subscription is behind, and found by reading on.
        let places: BTreeMap<_, _> =
            revs.iter().map(|(id, rev)| (*id, known(*id).unwrap_or(Place::behind(*rev)))).collect();
        let behind = places.keys().copied().collect();
        Ok(CoverFollower {
            app: Arc::clone(self),
            followed,
            pages,
            places,
            behind,
            is_behind: true,
            reading: None,
        })
    }
}

/// Tells what has moved until the service is gone.
async fn tell(app: Weak<App>, hub: Arc<Hub>) {
    loop {
        hub.wake.notified().await;
        let Some(app) = app.upgrade() else { return };
        while let Some((organization, told)) = hub.next() {
            if let Err(error) = tell_one(&app, &hub, organization, told).await {
                tracing::warn!(%error, "could not read what has changed of covers; trying again");
                hub.moved(organization);
                tokio::time::sleep(PATIENCE).await;
            }
        }
        drop(app);
        tokio::time::sleep(COALESCED).await;
    }
}

async fn tell_one(
    app: &App,
    hub: &Hub,
    organization: OrganizationId,
    mut told: Place,
) -> Result<(), AppError> {
    loop {
        let page = app.covers_after(&app.ctx(Actor::Service), organization, told).await?;
        let (to, is_last) = (page.to, page.is_last);
        // A command that has changed no cover is not told of; the next page begins where the last one ended.
        if !page.events.is_empty() {
            hub.tell(page);
        }
        told = to;
        if is_last {
            return Ok(());
        }
    }
}

/// Somebody who follows covers.
pub struct CoverFollower {
    app: Arc<App>,
    followed: Followed,
    pages: broadcast::Receiver<Arc<CoverPage>>,
    /// Up to where everything of each organization is known.
    places: BTreeMap<OrganizationId, Place>,
    /// The organizations of which more has to be read.
    behind: BTreeSet<OrganizationId>,
    is_behind: bool,
    /// It runs on its own: settling, once begun, tells the gate what it has done, whoever hangs up meanwhile (R25).
    reading: Option<JoinHandle<Result<CoverPage, AppError>>>,
}

/// What a follower hears.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Heard {
    /// These covers have changed.
    Changed(Vec<CoverEvent>),
    /// Nothing is missing at the moment; it is said after the beginning, and when a follower that was left behind has
    /// caught up.
    CaughtUp,
}

impl CoverFollower {
    /// Up to where everything is known, of each organization.
    #[must_use]
    pub const fn places(&self) -> &BTreeMap<OrganizationId, Place> {
        &self.places
    }

    /// What is heard next; nothing when the service ends. May be dropped and called again without loss.
    ///
    /// # Errors
    ///
    /// Those of the store: then nothing is known to have been heard.
    pub async fn next(&mut self) -> Result<Option<Heard>, AppError> {
        loop {
            if let Some(organization) = self.behind.first().copied() {
                let after = self.places.get(&organization).copied().unwrap_or(Place::BEGINNING);
                let events = self.read(organization, after).await?;
                if !events.is_empty() {
                    return Ok(Some(Heard::Changed(events)));
                }
                continue;
            }
            if std::mem::take(&mut self.is_behind) {
                return Ok(Some(Heard::CaughtUp));
            }
            match self.pages.recv().await {
                Ok(page) => {
                    let events = self.hear(&page);
                    if !events.is_empty() {
                        return Ok(Some(Heard::Changed(events)));
                    }
                }
                Err(broadcast::error::RecvError::Lagged(_)) => self.fall_behind().await?,
                Err(broadcast::error::RecvError::Closed) => return Ok(None),
            }
        }
    }

    async fn read(
        &mut self,
        organization: OrganizationId,
        after: Place,
    ) -> Result<Vec<CoverEvent>, AppError> {
        let reading = self.reading.get_or_insert_with(|| {
            let app = Arc::clone(&self.app);
            tokio::spawn(async move { app.covers_after(&app.ctx(Actor::Service), organization, after).await })
        });
        let read = reading.await;
        self.reading = None;
        let page = match read {
            Ok(page) => page?,
            Err(error) => std::panic::resume_unwind(Box::new(error)),
        };
        self.places.insert(organization, page.to);
        if page.is_last {
            self.behind.remove(&organization);
        }
        Ok(page.events)
    }

    /// What is new of a page to this follower.
    fn hear(&mut self, page: &CoverPage) -> Vec<CoverEvent> {
        let place = self.places.entry(page.organization).or_insert(Place::BEGINNING);
        if page.from > *place {
            self.behind.insert(page.organization);
            return Vec::new();
        }
        let known = *place;
        *place = page.to.max(known);
        page.events.iter().filter(|event| event.place > known).copied().collect()
    }

    async fn fall_behind(&mut self) -> Result<(), AppError> {
        match self.followed {
            Followed::Organization(id) => {
                self.behind.insert(id);
            }
            Followed::Everybodys => {
                let mut tx = self.app.db.read().await?;
                let revs = organizations::revs(&mut tx).await?;
                tx.roll_back().await?;
                for (id, rev) in revs {
                    let place = self.places.entry(id).or_insert(Place::BEGINNING);
                    if *place < Place::behind(rev) {
                        self.behind.insert(id);
                    }
                }
            }
        }
        self.is_behind = true;
        Ok(())
    }
}
