//! Requests with an `Idempotency-Key`, which are carried out once however often they are sent.
//!
//! A [`Mark`] travels in the [`Ctx`] of a command, or with the person who gives it, and is written in the transaction
//! that carries the command out: either both are there afterwards or neither is, whatever is killed when. Nothing is
//! written before, so nothing of a crash has to be tidied up, and a request that is refused leaves no trace. The
//! primary key decides between two that run at once.
//!
//! [`Ctx`]: crate::Ctx

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use serde::{Deserialize, Serialize};
use tenure_domain::{Instant, Refusal};
use tenure_store::idempotency::{self, Done};
use tenure_store::{StoreError, Tx};

use crate::{App, AppError};

/// How long what was carried out is remembered: 24 hours, in microseconds.
const KEPT_US: i64 = 24 * 3_600 * 1_000_000;

/// How long after the commit an answer may be on its way to being kept, by another node, in microseconds.
const ANSWERED_WITHIN_US: i64 = 30 * 1_000_000;

/// A request with a key.
#[derive(Clone, Copy)]
pub struct Keyed<'a> {
    /// Who sends it. Keys of different callers are different keys.
    pub caller: &'a str,
    /// `POST`, `PATCH`, `PUT` or `DELETE`.
    pub method: &'a str,
    /// Where to.
    pub path: &'a str,
    /// The key.
    pub key: &'a str,
    /// What is sent there besides: the query.
    pub query: &'a str,
    /// And the body.
    pub body: &'a [u8],
}

/// An answer as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// Names and values of headers.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

/// What stands before the body in what is sealed: one line of JSON.
#[derive(Serialize, Deserialize)]
struct Head {
    status: u16,
    headers: Vec<(String, String)>,
}

/// How a request with a key begins.
pub enum Begun {
    /// It has not been carried out: it is to be now.
    New(Mark),
    /// It has been carried out, and this was the answer.
    Known(Answer),
}

/// The keys that this process is at work on.
pub(crate) type AtWork = Arc<Mutex<HashSet<Vec<u8>>>>;

/// That a request is carried out: written in the transaction that does so.
///
/// While one is alive, the request is at work.
#[derive(Clone)]
pub struct Mark(Arc<Inner>);

struct Inner {
    id: Vec<u8>,
    fingerprint: Vec<u8>,
    /// The key that seals the answer: without the caller's own key nobody can make it.
    seal: Vec<u8>,
    written: AtomicBool,
    at_work: AtWork,
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.at_work.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.id);
    }
}

impl std::fmt::Debug for Mark {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Mark(…)")
    }
}

impl PartialEq for Mark {
    fn eq(&self, other: &Self) -> bool {
        self.0.id == other.0.id
    }
}

impl Eq for Mark {}

impl Mark {
    /// Whether the request has been carried out.
    #[must_use]
    pub fn is_written(&self) -> bool {
        self.0.written.load(Ordering::Acquire)
    }

    async fn write(&self, tx: &mut Tx, now: Instant) -> Result<(), AppError> {
        let Inner { id, fingerprint, .. } = &*self.0;
        if idempotency::mark(tx, id, fingerprint, now).await? {
            Ok(())
        } else {
            Err(Refusal::IdempotencyInProgress.into())
        }
    }
}

impl App {
    /// Commits what a command has done, with the mark of the request that gave it.
    pub(crate) async fn commit(&self, mut tx: Tx, mark: Option<&Mark>) -> Result<(), AppError> {
        // Of a command that commits twice the first one decides: a request is carried out once.
        let mark = mark.filter(|mark| !mark.is_written());
        if let Some(mark) = mark {
            mark.write(&mut tx, self.people_now()).await?;
        }
        tx.commit().await?;
        if let Some(mark) = mark {
            mark.0.written.store(true, Ordering::Release);
        }
        Ok(())
    }

    /// Begins with a request that has a key.
    ///
    /// # Errors
    ///
    /// [`Refusal::IdempotencyInProgress`], [`Refusal::IdempotencyKeyReused`], [`Refusal::IdempotencyAnswerLost`].
    pub async fn begin_keyed(&self, request: Keyed<'_>) -> Result<Begun, AppError> {
        let Keyed { caller, method, path, key, query, body } = request;
        let place = [caller, method, path, key].join("\0");
        let id = self.secret.hash_idempotency(b"idempotency-key", &[place.as_bytes()]);
        let fingerprint =
            self.secret.hash_idempotency(b"idempotent-request", &[query.as_bytes(), b"\0", body]);
        let seal = self.secret.hash_idempotency(b"idempotent-answer", &[place.as_bytes()]);
        if !self.at_work.lock().unwrap_or_else(PoisonError::into_inner).insert(id.clone()) {
            return Err(Refusal::IdempotencyInProgress.into());
        }
        let (written, at_work) = (AtomicBool::new(false), self.at_work.clone());
        let mark = Mark(Arc::new(Inner { id, fingerprint, seal, written, at_work }));
        match self.answer_of(&mark).await? {
            Some(answer) => Ok(Begun::Known(answer)),
            None => Ok(Begun::New(mark)),
        }
    }

    /// What a request was answered when it was carried out, here or by another node; none when it was not.
    ///
    /// # Errors
    ///
    /// As [`App::begin_keyed`].
    pub async fn answer_of(&self, mark: &Mark) -> Result<Option<Answer>, AppError> {
        let Inner { id, fingerprint, seal, .. } = &*mark.0;
        let mut tx = self.db.read().await?;
        let done = idempotency::find(&mut tx, id).await?;
        tx.roll_back().await?;
        let Some(Done { fingerprint: of_done, done_at, answer }) = done else { return Ok(None) };
        if of_done != *fingerprint {
            return Err(Refusal::IdempotencyKeyReused.into());
        }
        let Some(sealed) = answer else {
            let fresh = self.people_now().micros_since(done_at) < ANSWERED_WITHIN_US;
            // Of what this process has done itself nobody else keeps the answer.
            let on_its_way = fresh && !mark.is_written();
            return Err(if on_its_way {
                Refusal::IdempotencyInProgress.into()
            } else {
                Refusal::IdempotencyAnswerLost.into()
            });
        };
        let opened = self.secret.unseal_answer(seal, id, &sealed).ok_or(AppError::Unsealed)?;
        let mut parts = opened.splitn(2, |byte| *byte == b'\n');
        let (head, body) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
        let Head { status, headers } = serde_json::from_slice(head)?;
        Ok(Some(Answer { status, headers, body: body.to_vec() }))
    }

    /// Keeps the answer to a request that has been carried out.
    ///
    /// # Errors
    ///
    /// Those of the store.
    pub async fn keep_answer(&self, mark: &Mark, answer: Answer) -> Result<(), AppError> {
        let Inner { id, seal, .. } = &*mark.0;
        let Answer { status, headers, body } = answer;
        let mut text = serde_json::to_vec(&Head { status, headers })?;
        text.push(b'\n');
        text.extend(body);
        let nonce = [self.entropy.bits().to_be_bytes(), self.entropy.bits().to_be_bytes()].concat();
        let sealed = self.secret.seal_answer(seal, id, &nonce, &text).ok_or(AppError::Unsealed)?;
        let mut tx = self.db.begin().await?;
        idempotency::keep_answer(&mut tx, id, &sealed).await?;
        Ok(tx.commit().await?)
    }

    /// Forgets what was carried out more than a day ago.
    pub(crate) async fn forget_keys(&self, tx: &mut Tx) -> Result<u64, StoreError> {
        idempotency::forget(tx, self.people_now().plus_micros(-KEPT_US)).await
    }
}
