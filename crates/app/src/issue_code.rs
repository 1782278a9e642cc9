//! Issuing and listing activation codes: the operator's side (R1, R2).

use tenure_domain::{ActivationCode, CodeId, Date, Refusal, Term};
use tenure_store::audit::{self, Entry};
use tenure_store::codes::{self, Code, Tally};

use crate::{App, AppError, Ctx};

/// The most licenses of one code.
pub const MOST_LICENSES: u32 = 100_000;

/// An order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    /// How many licenses, 1 to [`MOST_LICENSES`].
    pub licenses: u32,
    /// How long each lasts.
    pub term: Term,
    /// The order's name, in the vendor's words.
    pub order: Option<String>,
    /// The last date, in the redeeming organization's zone, on which the code can be redeemed.
    pub redeem_by: Option<Date>,
}

/// A code that was issued.
#[derive(Clone, Debug)]
pub struct Issued {
    /// Its identifier.
    pub id: CodeId,
    /// The code. It is not stored and cannot be shown again (R2).
    pub code: ActivationCode,
}

impl App {
    /// Issues an activation code for an order.
    ///
    /// # Errors
    ///
    /// [`Refusal::Invalid`] when the number of licenses or the order's text is out of range.
    pub async fn issue_code(&self, ctx: &Ctx, order: Order) -> Result<Issued, AppError> {
        if !(1..=MOST_LICENSES).contains(&order.licenses) {
            return Err(Refusal::Invalid {
                field: "licenses",
                expected: format!("a number from 1 to {MOST_LICENSES}"),
            }
            .into());
        }
        // PostgreSQL has no text with a NUL in it; no control character is part of an order's name.
        let unfit = |text: &String| text.chars().count() > 200 || text.chars().any(char::is_control);
        if order.order.as_ref().is_some_and(unfit) {
            let expected = "at most 200 characters, on one line".to_owned();
            return Err(Refusal::Invalid { field: "order", expected }.into());
        }
        let code = ActivationCode::from_random(self.entropy.bits());
        let id = CodeId::new(ctx.now, self.entropy.bits());
        let Order { licenses, term, order, redeem_by } = order;
        let row = Code {
            id,
            licenses,
            term,
            order,
            redeem_by,
            issued_at: ctx.now,
            revoked_at: None,
            redemption: None,
            tally: Tally::default(),
        };
        let mut tx = self.db.begin().await?;
        codes::insert(&mut tx, &row, &self.secret.hash_code(&code)).await?;
        let after = serde_json::json!({ "licenses": licenses, "term": term, "order": row.order, "redeem_by": redeem_by });
        let entry = Entry {
            at: ctx.now,
            actor: ctx.actor.to_string(),
            action: "code_issued".to_owned(),
            subject: id.to_string(),
            before: None,
            after: Some(after.to_string()),
        };
        audit::add_to_service(&mut tx, entry).await?;
        self.commit(tx, ctx.mark.as_ref()).await?;
        Ok(Issued { id, code })
    }

    /// A page of all codes, newest first, from before `before`.
    ///
    /// # Errors
    ///
    /// Those of the store.
    pub async fn list_codes(&self, before: Option<CodeId>, limit: u32) -> Result<Vec<Code>, AppError> {
        let mut tx = self.db.read().await?;
        let page = codes::page(&mut tx, before, limit).await?;
        tx.roll_back().await?;
        Ok(page)
    }

    /// One code.
    ///
    /// # Errors
    ///
    /// [`Refusal::NotFound`] when there is no such code.
    pub async fn code(&self, id: CodeId) -> Result<Code, AppError> {
        let mut tx = self.db.read().await?;
        let code = codes::get(&mut tx, id).await?;
        tx.roll_back().await?;
        Ok(code.ok_or(Refusal::NotFound { what: "activation code" })?)
    }
}
