//! Searching the trail: what is typed is looked up among the things that have names, which are few; the trail, which is
//! long, is then read by its indexes.

use std::collections::BTreeSet;

use tenure_domain::{CodeId, LicenseId, OrganizationId};

use super::{Conditions, OF_PEOPLE};
use crate::args::args;
use crate::sensors::lower_case;
use crate::table::containing;
use crate::{Args, Row, StoreError, Tx};

/// The most things that a search may find.
pub const MOST_FOUND: usize = 200;

/// How many things are read for in one statement.
const AT_ONCE: usize = 40;

/// What a search has found: of each the trail has an index.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Thing {
    /// Who has done something, as the trail writes it.
    Actor(String),
    /// What something was done to: a sensor with its licenses, or another subject.
    About(String),
    /// A code with its licenses.
    Code(CodeId),
    /// One license.
    License(CodeId, LicenseId),
}

/// The things of an organization that a text names: sensors, present and removed, whose names or serial numbers have it;
/// sensors that had such a serial number before; members, and whoever has done something, whose addresses have it; what
/// has this identifier; and these codes. At most one more than [`MOST_FOUND`], in no certain order.
///
/// # Errors
///
/// Those of the database.
pub async fn find(
    tx: &mut Tx,
    organization: OrganizationId,
    text: &str,
    codes: &[CodeId],
) -> Result<Vec<Thing>, StoreError> {
    let mut found: BTreeSet<Thing> = codes.iter().map(|code| Thing::Code(*code)).collect();
    let text = text.trim();
    if let Ok(license) = text.parse::<LicenseId>() {
        let sql = "SELECT code_id FROM licenses WHERE organization_id = $1 AND id = $2";
        if let Some(row) = tx.one_or_none(sql, args![organization, license]).await? {
            found.insert(Thing::License(row.parsed("code_id")?, license));
        }
    } else if let Ok(code) = text.parse::<CodeId>() {
        found.insert(Thing::Code(code));
    } else if looks_like_an_id(text) {
        found.insert(Thing::About(text.to_owned()));
    }
    let (pattern, most) = (containing(&lower_case(text)), i64::try_from(MOST_FOUND + 1).unwrap_or(i64::MAX));
    for sql in [
        "SELECT id FROM sensors WHERE organization_id = $1 AND removed_us IS NULL AND search LIKE $2 ESCAPE '\\' LIMIT $3",
        "SELECT id FROM sensors
            WHERE organization_id = $1 AND removed_us IS NOT NULL AND search LIKE $2 ESCAPE '\\' LIMIT $3",
        "SELECT DISTINCT sensor_id AS id FROM replacements
            WHERE organization_id = $1 AND serial LIKE $2 ESCAPE '\\' LIMIT $3",
        "SELECT u.id FROM memberships m JOIN users u ON u.id = m.user_id
            WHERE m.organization_id = $1 AND u.email_folded LIKE $2 ESCAPE '\\' LIMIT $3",
    ] {
        let rows = tx.all(sql, args![organization, pattern.as_str(), most]).await?;
        for row in &rows {
            found.insert(Thing::About(row.text("id")?));
        }
    }
    let searched = lower_case(text);
    for actor in actors(tx, organization).await? {
        // `user:usr_…:ana@harbor.example`: the address, or the whole of what has none.
        let mut parts = actor.splitn(3, ':');
        let (_, id, email) = (parts.next(), parts.next(), parts.next());
        if !lower_case(email.unwrap_or(&actor)).contains(&searched) {
            continue;
        }
        // What was done to somebody who is no member any more.
        if let (Some(id), Some(_)) = (id, email)
            && id.starts_with("usr_")
        {
            found.insert(Thing::About(id.to_owned()));
        }
        found.insert(Thing::Actor(actor));
    }
    Ok(found.into_iter().take(MOST_FOUND + 1).collect())
}

fn looks_like_an_id(text: &str) -> bool {
    let parts = text.split_once('_');
    parts.is_some_and(|(kind, rest)| kind.len() == 3 && rest.len() == 26)
}

/// Who has done something in an organization: the index over people is asked for one after the other, so the work
/// follows how many they are and not how much they did.
async fn actors(tx: &mut Tx, organization: OrganizationId) -> Result<Vec<String>, StoreError> {
    let text = format!(
        "WITH RECURSIVE a (actor) AS (
            SELECT min(actor) FROM audit WHERE trail = $1 AND {OF_PEOPLE}
            UNION ALL
            SELECT (SELECT min(t.actor) FROM audit t WHERE t.trail = $1 AND t.actor > a.actor
                AND t.actor <> 'calendar' AND t.actor <> 'auto_renewal')
            FROM a WHERE a.actor IS NOT NULL)
         SELECT actor FROM a WHERE actor IS NOT NULL"
    );
    tx.all_text(text, args![organization]).await?.iter().map(|row| row.text("actor")).collect()
}

/// The places of the newest rows, as many as `limit`, that fit the conditions and are of one of these things.
///
/// Of each thing so many are read by its own index: what there is of others, and how long the trail is, does not matter.
pub(super) async fn places(
    tx: &mut Tx,
    conditions: &Conditions,
    things: &[Thing],
    limit: u32,
) -> Result<Vec<i64>, StoreError> {
    let mut places: BTreeSet<i64> = BTreeSet::new();
    for part in things.chunks(AT_ONCE) {
        let (text, args) = text(conditions, part, limit);
        let rows = tx.all_text(text, args).await?;
        let seq = |row: &Row| row.int("seq");
        places.extend(rows.iter().map(seq).collect::<Result<Vec<i64>, _>>()?);
    }
    Ok(places.into_iter().rev().take(usize::try_from(limit).unwrap_or(usize::MAX)).collect())
}

/// The statement that finds the newest places of each of a few things.
fn text(conditions: &Conditions, things: &[Thing], limit: u32) -> (String, Args) {
    let Conditions { text, mut args } = conditions.clone();
    args.push(limit.into());
    let limit = args.len();
    let mut parts = Vec::with_capacity(things.len());
    for (number, thing) in things.iter().enumerate() {
        let mut place = |value: String| {
            args.push(value.into());
            args.len()
        };
        let only = match thing {
            Thing::Actor(actor) => format!("actor = ${} AND {OF_PEOPLE}", place(actor.clone())),
            Thing::About(about) => format!("about = ${}", place(about.clone())),
            Thing::Code(code) => format!("code_id = ${}", place(code.to_string())),
            Thing::License(code, license) => {
                let code = place(code.to_string());
                format!("code_id = ${code} AND subject = ${}", place(license.to_string()))
            }
        };
        parts.push(format!(
            "SELECT seq FROM (SELECT seq FROM audit WHERE {text} AND {only} ORDER BY seq DESC LIMIT ${limit}) t{number}"
        ));
    }
    (parts.join(" UNION "), args)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::Filter;
    use crate::testing::TestDb;
    use crate::{Engine, on_both};

    /// Each kind of thing is read by the index that has it, newest first, so that neither the length of the trail nor
    /// what others did counts.
    async fn a_search_reads_the_trail_by_its_indexes(test: TestDb) {
        if test.db.engine() == Engine::Postgres {
            // Its planner looks at how much there is, and there is nothing.
            return;
        }
        let mut tx = test.db.read().await.unwrap();
        let (organization, code) = (OrganizationId::from_bits(1), CodeId::from_bits(2));
        let action = |action: Option<&str>| Filter {
            action: action.map(str::to_owned),
            found: Some(Vec::new()),
            ..Filter::default()
        };
        for filter in [action(None), action(Some("sensor_renamed"))] {
            let conditions = Conditions::of(&mut tx, organization, &filter).await.unwrap();
            for (thing, index) in [
                (Thing::Actor("user:usr_1:ana@harbor.example".to_owned()), "audit_by_actor"),
                (Thing::About("sen_1".to_owned()), "audit_about"),
                (Thing::Code(code), "audit_of_code"),
                (Thing::License(code, LicenseId::from_bits(3)), "audit_of_code"),
            ] {
                let (text, args) = text(&conditions, std::slice::from_ref(&thing), 50);
                let plan = tx.all_text(format!("EXPLAIN QUERY PLAN {text}"), args).await.unwrap();
                let plan: Vec<String> = plan.iter().map(|row| row.text("detail").unwrap()).collect();
                let plan = plan.join("\n");
                assert!(plan.contains(index), "{thing:?}:\n{plan}");
                assert!(!plan.contains("ORDER BY") && !plan.contains("SCAN audit"), "{thing:?}:\n{plan}");
            }
        }
    }

    on_both!(a_search_reads_the_trail_by_its_indexes);
}
