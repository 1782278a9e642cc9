//! `tenure doctor`: whether everything that the service needs is there.

use std::net::{TcpListener, UdpSocket};

use tenure_store::Db;

use crate::config::Config;
use crate::{Failure, output};

/// Looks at each thing and says how it is; fails when one of them is missing.
pub async fn run(config: &Config) -> Result<(), Failure> {
    let mut missing = 0;
    let mut say = |what: &str, found: Result<String, String>| match found {
        Ok(how) => output::line(&format!("ok       {what}: {how}")),
        Err(why) => {
            missing += 1;
            output::line(&format!("missing  {what}: {why}"));
        }
    };
    say(
        "secret file",
        config.secret().map(|_| config.secret_file.display().to_string()).map_err(|e| e.to_string()),
    );
    let templates = match &config.mail_templates {
        None => "all built in".to_owned(),
        Some(folder) => format!("those of {} can be used", folder.display()),
    };
    say("mail templates", config.templates().map(|_| templates).map_err(|error| error.to_string()));
    let forwards = match config.forward_target()? {
        None => "no accepted message is handed on".to_owned(),
        Some(target) => format!("accepted messages are handed on to {}", target.shown()),
    };
    say("forwarding", Ok(forwards));
    let database = match Db::open(&config.database_url).await {
        Ok(db) => db.migrate().await.map(|_| "answers, and its schema is up to date".to_owned()),
        Err(error) => Err(error),
    };
    say("database", database.map_err(|error| Failure::from(error).to_string()));
    let free = |bound: std::io::Result<()>, address| match bound {
        Ok(()) => Ok(format!("{address} is free")),
        Err(error) => Err(format!("{address}: {error} (is the service running?)")),
    };
    say("HTTP address", free(TcpListener::bind(config.http_address).map(drop), config.http_address));
    say("CoAP address", free(UdpSocket::bind(config.coap_address).map(drop), config.coap_address));
    if missing == 0 { Ok(()) } else { Err(Failure::Failed(format!("{missing} missing"))) }
}
