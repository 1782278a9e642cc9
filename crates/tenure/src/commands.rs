//! The commands that do one thing and end.

use std::sync::Arc;

use clap::CommandFactory;
use serde_json::json;
use tenure_app::create_user::NewUser;
use tenure_app::issue_code::Order;
use tenure_app::{Actor, App, OsEntropy, SystemClock};
use tenure_store::Db;

use crate::cli::{Cli, Code, Command, Mail, Sensor, Token, User};
use crate::config::Config;
use crate::{Failure, demo, doctor, kept, mail, output, sensor, serve};

/// Codes that `code list` reads at once.
const PAGE: u32 = 1_000;

/// Runs a command.
pub async fn run(cli: Cli) -> Result<(), Failure> {
    match cli.command {
        Command::Openapi => {
            let document =
                tenure_api::openapi().to_pretty_json().map_err(|error| Failure::Failed(error.to_string()))?;
            output::line(&document);
            return Ok(());
        }
        Command::Completions { shell } => {
            clap_complete::generate(shell, &mut Cli::command(), "tenure", &mut std::io::stdout());
            return Ok(());
        }
        Command::Sensor(Sensor::Send(send)) => return sensor::send(send).await,
        Command::Sensor(Sensor::Simulate(simulate)) => return sensor::simulate(simulate).await,
        _ => {}
    }
    let config = Config::load(cli.config.as_deref())?;
    match cli.command {
        Command::Serve(serve) => serve::serve(config, serve).await,
        Command::Demo(demo) => demo::run(config, demo).await,
        Command::Code(code) => self::code(&open(&config).await?, code).await,
        Command::User(user) => self::user(&open(&config).await?, user).await,
        Command::Token(token) => self::token(&open(&config).await?, token).await,
        Command::Mail(Mail::Preview { folder, language }) => {
            mail::preview(&config, &folder, language.as_deref())
        }
        Command::Migrate => migrate(&config).await,
        Command::Doctor => doctor::run(&config).await,
        Command::Backup { file } => {
            let file =
                file.to_str().ok_or_else(|| Failure::Usage("the file's name is not UTF-8".to_owned()))?;
            let db = Db::open(&config.database_url).await?;
            db.backup(file).await?;
            output::line(&format!("The database is copied to {file}."));
            Ok(())
        }
        Command::Sensor(Sensor::Kept(command)) => kept::run(&open(&config).await?, command).await,
        Command::Serial(command) => kept::serial(&open(&config).await?, command).await,
        Command::Openapi | Command::Completions { .. } | Command::Sensor(_) => Ok(()),
    }
}

/// The use cases over the configured database, brought up to date.
async fn open(config: &Config) -> Result<App, Failure> {
    let db = Db::open(&config.database_url).await?;
    db.migrate().await?;
    Ok(App::new(db, Arc::new(SystemClock), Arc::new(OsEntropy), config.secret()?))
}

async fn migrate(config: &Config) -> Result<(), Failure> {
    let done = Db::open(&config.database_url).await?.migrate().await?;
    let names = if done.is_empty() { "nothing to do".to_owned() } else { done.join(", ") };
    output::line(&format!("Migrations: {names}."));
    Ok(())
}

async fn code(app: &App, code: Code) -> Result<(), Failure> {
    let ctx = app.ctx(Actor::CommandLine);
    match code {
        Code::Issue { licenses, term, order, redeem_by, json } => {
            let issued = app.issue_code(&ctx, Order { licenses, term, order, redeem_by }).await?;
            let code = issued.code.to_string();
            let object = json!({ "id": issued.id, "code": code, "licenses": licenses, "term": term });
            let text = format!(
                "{code}\n{licenses} × {term}, {}. This is the only time the code is shown.",
                issued.id
            );
            output::result(json, &object, &text);
        }
        Code::List { json } => {
            let mut items = Vec::new();
            let mut before = None;
            loop {
                let page = app.list_codes(before, PAGE).await?;
                before = page.last().map(|code| code.id);
                if page.is_empty() {
                    break;
                }
                items.extend(page);
            }
            if json {
                let items: Vec<_> = items.iter().map(listed).collect();
                output::line(&json!({ "items": items }).to_string());
            } else {
                for code in &items {
                    let state = match (&code.redemption, code.revoked_at) {
                        (_, Some(at)) => format!("revoked {at}"),
                        (Some(redemption), None) => {
                            format!("redeemed {} by {}", redemption.at, redemption.by)
                        }
                        (None, None) => "not redeemed".to_owned(),
                    };
                    let order = code.order.as_deref().unwrap_or("-");
                    output::line(&format!(
                        "{}  {} × {}  {order}  {state}",
                        code.id, code.licenses, code.term
                    ));
                }
            }
        }
        Code::Revoke { code_id, end_active, dry_run: true, json } => {
            let preview = app.preview_revocation(&ctx, code_id, end_active).await?;
            let losing = &preview.losing_cover;
            let losing_json: Vec<_> = losing
                .iter()
                .map(|(id, serial, name)| json!({ "id": id, "serial": serial, "name": name }))
                .collect();
            let object = json!({
                "id": code_id, "available": preview.available, "queued": preview.queued, "active": preview.active,
                "released": preview.released, "losing_cover": losing_json,
                "organization_id": preview.organization.as_ref().map(|(id, _)| id),
                "organization": preview.organization.as_ref().map(|(_, name)| name),
            });
            let Some((_, name)) = &preview.organization else {
                let text = "Nobody has redeemed the code; nobody could any more. Nothing is changed.";
                output::result(json, &object, text);
                return Ok(());
            };
            let mut text = format!(
                "Of {name}, {} licenses in the pool and {} queued ones would be revoked.",
                preview.available, preview.queued
            );
            for (_, serial, name) in losing {
                text.push_str(&format!("\n{serial} would lose its cover: {name}."));
            }
            text.push_str("\nNothing is changed.");
            output::result(json, &object, &text);
        }
        Code::Revoke { code_id, end_active, dry_run: false, json } => {
            let revoked = app.revoke_code(&ctx, code_id, end_active).await?;
            let object = json!({
                "id": code_id, "was_revoked": revoked.was_revoked,
                "revoked": revoked.revoked, "still_active": revoked.still_active,
                "still_released": revoked.still_released,
            });
            let mut text = format!(
                "Revoked. {} of its licenses are revoked, {} stay active until they end.",
                revoked.revoked, revoked.still_active
            );
            if revoked.still_released > 0 {
                let released = revoked.still_released;
                text.push_str(&format!(" {released} that removed sensors have left behind run on as well."));
            }
            output::result(json, &object, &text);
        }
    }
    Ok(())
}

fn listed(code: &tenure_store::codes::Code) -> serde_json::Value {
    let redemption = code.redemption.as_ref();
    json!({
        "id": code.id, "licenses": code.licenses, "term": code.term, "order": code.order,
        "redeem_by": code.redeem_by, "issued_at": code.issued_at, "revoked_at": code.revoked_at,
        "organization_id": redemption.map(|redemption| redemption.organization),
        "redeemed_at": redemption.map(|redemption| redemption.at),
        "available": code.tally.available, "queued": code.tally.queued, "active": code.tally.active,
        "ended": code.tally.ended, "revoked": code.tally.revoked,
    })
}

async fn user(app: &App, user: User) -> Result<(), Failure> {
    let User::Create { email, organization, role, time_zone, password_stdin, json } = user;
    let password = if password_stdin {
        let text = std::io::read_to_string(std::io::stdin())?;
        Some(text.trim_end_matches(['\r', '\n']).to_owned())
    } else {
        None
    };
    let ctx = app.ctx(Actor::CommandLine);
    let new = NewUser { email: email.clone(), organization, zone: time_zone, role, password };
    let made = app.create_user(&ctx, new).await?;
    let object = json!({ "user_id": made.id, "organization_id": made.organization });
    let organization = made.organization.map(|id| format!(" of {id}")).unwrap_or_default();
    output::result(json, &object, &format!("{email} is {role}{organization}: {}.", made.id));
    Ok(())
}

async fn token(app: &App, token: Token) -> Result<(), Failure> {
    let Token::Create { email, organization, read_only, json } = token;
    let ctx = app.ctx(Actor::CommandLine);
    let made = app.create_token_by_name(&ctx, organization.as_deref(), &email, read_only).await?;
    let object =
        json!({ "token": made.secret, "id": made.token.id, "organization_id": made.token.organization });
    let text = format!("{}\nThis is the only time the token is shown.", made.secret);
    output::result(json, &object, &text);
    Ok(())
}
