//! `tenure mail preview`, and templates of the operator's own.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test may panic")]

mod support;

use std::path::Path;
use std::process::Output;

use support::{Database, Engine, tenure};

fn run(database: &Database, templates: Option<&Path>, words: &[&str]) -> (Option<i32>, String, String) {
    let mut command = tenure(database);
    if let Some(folder) = templates {
        command.env("TENURE_MAIL_TEMPLATES", folder);
    }
    let Output { status, stdout, stderr } = command.args(words).output().unwrap();
    (status.code(), String::from_utf8(stdout).unwrap(), String::from_utf8(stderr).unwrap())
}

#[test]
fn every_mail_can_be_looked_at() {
    let database = Database::new(Engine::Sqlite, "preview");
    let folder = database.folder().join("shown");
    let path = folder.to_str().unwrap();
    let (status, said, _) = run(&database, None, &["mail", "preview", "--folder", path, "--language", "pl"]);
    assert_eq!(status, Some(0));
    let names: Vec<String> = std::fs::read_dir(&folder)
        .unwrap()
        .map(|file| file.unwrap().file_name().into_string().unwrap())
        .collect();
    assert!(said.starts_with(&format!("{} mails are in ", names.len() / 3)), "{said}");
    for ending in ["eml", "txt", "html"] {
        assert!(names.contains(&format!("month_before-51.pl.{ending}")), "{names:?}");
    }
    assert!(names.iter().all(|name| name.contains(".pl.")), "{names:?}");
    let text = std::fs::read_to_string(folder.join("month_before-5.pl.txt")).unwrap();
    assert!(text.starts_with("5 czujników przestanie wysyłać dane 21 grudnia 2028; "), "{text}");
    let (status, _, said) = run(&database, None, &["mail", "preview", "--folder", path, "--language", "fr"]);
    assert_eq!((status, said.contains("choose one of en, pl, de")), (Some(2), true), "{said}");
}

#[test]
fn an_operators_template_is_used_and_a_broken_one_stops_the_start() {
    let database = Database::new(Engine::Sqlite, "templates");
    let (own, folder) = (database.folder().join("own"), database.folder().join("shown"));
    std::fs::create_dir(&own).unwrap();
    let preview = ["mail", "preview", "--folder", folder.to_str().unwrap(), "--language", "en"];
    std::fs::write(own.join("test.en.txt"), "Hello from {{ organization }}\nIt works.\n").unwrap();
    assert_eq!(run(&database, Some(&own), &preview).0, Some(0));
    let text = std::fs::read_to_string(folder.join("test.en.txt")).unwrap();
    assert_eq!(text, "Hello from Harbor & Łódź Dairy\n\nIt works.\n");

    std::fs::write(own.join("test.en.txt"), "Hello\n\n{{ nobody }} is here.\n").unwrap();
    for words in [&preview[..], &["serve"]] {
        let (status, _, said) = run(&database, Some(&own), words);
        let place = format!("{}, line 3: undefined value", own.join("test.en.txt").display());
        assert_eq!((status, said.contains(&place)), (Some(1), true), "{said}");
    }
    let missing = own.join("missing");
    assert_eq!(run(&database, Some(&missing), &preview).0, Some(1));
}
