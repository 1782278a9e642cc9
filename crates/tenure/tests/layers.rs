//! The rooms of `docs/architecture.md`, compared with what each crate declares in its `Cargo.toml`.
//!
//! The table there is the rule and this test reads it: what the document says is what holds.
#![allow(clippy::panic, clippy::unwrap_used, reason = "a test that cannot read the documents fails")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use cargo_metadata::{DependencyKind, Metadata, MetadataCommand};

/// One row of the table: what a crate may import.
struct Room {
    /// Crates of the workspace; any other is refused.
    inside: BTreeSet<String>,
    /// Crates from outside, where only these are allowed.
    only: Option<BTreeSet<String>>,
    /// Crates from outside that are refused by name.
    never: BTreeSet<String>,
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn read(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The names in backticks in a cell of the table.
fn names(cell: &str) -> BTreeSet<String> {
    cell.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

/// The rows `| crate | inside | outside | never |` of the architecture's table.
fn rooms(architecture: &str) -> BTreeMap<String, Room> {
    architecture
        .lines()
        .filter(|line| line.starts_with("| `tenure"))
        .map(|line| {
            let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
            let [name, inside, outside, never] = cells.as_slice() else { panic!("not four cells: {line}") };
            let only = match outside.strip_prefix("only ") {
                Some(allowed) => Some(names(allowed)),
                None if *outside == "any" => None,
                None => panic!("neither \"any\" nor \"only …\": {line}"),
            };
            let name = name.trim_matches('`').to_owned();
            (name, Room { inside: names(inside), only, never: names(never) })
        })
        .collect()
}

/// Each crate of the workspace, with the crates that it depends on outside of tests and build scripts.
fn imports(metadata: &Metadata) -> BTreeMap<String, BTreeSet<String>> {
    metadata
        .workspace_packages()
        .into_iter()
        .map(|package| {
            let imports = package
                .dependencies
                .iter()
                .filter(|dependency| dependency.kind == DependencyKind::Normal)
                .map(|dependency| dependency.name.clone());
            (package.name.to_string(), imports.collect())
        })
        .collect()
}

/// Every edge that breaks a row of the table, as a sentence.
fn broken(rooms: &BTreeMap<String, Room>, imports: &BTreeMap<String, BTreeSet<String>>) -> Vec<String> {
    let mut broken = Vec::new();
    for name in rooms.keys().filter(|name| !imports.contains_key(*name)) {
        broken.push(format!("{name}: the table has it, the workspace has not"));
    }
    for (name, imported) in imports {
        let Some(room) = rooms.get(name) else {
            broken.push(format!("{name}: the workspace has it, the table has not"));
            continue;
        };
        for import in imported {
            let edge = format!("{name} -> {import}");
            if imports.contains_key(import) {
                if !room.inside.contains(import) {
                    broken.push(format!("{edge}: of the workspace it may import {:?}", room.inside));
                }
            } else if room.never.contains(import) {
                broken.push(format!("{edge}: from outside it may never import {:?}", room.never));
            } else if let Some(only) = room.only.as_ref().filter(|only| !only.contains(import)) {
                broken.push(format!("{edge}: from outside it may import only {only:?}"));
            }
        }
    }
    broken
}

#[test]
fn every_crate_imports_what_the_architecture_allows() {
    let metadata = MetadataCommand::new()
        .manifest_path(root().join("Cargo.toml"))
        .no_deps()
        .other_options(["--locked".to_owned(), "--offline".to_owned()])
        .exec()
        .unwrap();
    let broken = broken(&rooms(&read("docs/architecture.md")), &imports(&metadata));
    assert!(broken.is_empty(), "docs/architecture.md, \"Who may import whom\":\n{}", broken.join("\n"));
}

#[test]
fn an_edge_that_breaks_the_table_is_named_with_its_rule() {
    let rooms = rooms(
        "| crate | of the workspace | from outside | never |\n\
         |---|---|---|---|\n\
         | `tenure-domain` | nothing | only `jiff` | |\n\
         | `tenure-api` | `tenure-domain` | any | `sqlx` |\n\
         | `tenure-gone` | nothing | any | |\n",
    );
    let set = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect::<BTreeSet<_>>();
    let imports = BTreeMap::from([
        ("tenure-domain".to_owned(), set(&["jiff", "tokio", "tenure-api"])),
        ("tenure-api".to_owned(), set(&["tenure-domain", "axum", "sqlx"])),
        ("tenure-new".to_owned(), set(&[])),
    ]);
    assert_eq!(
        broken(&rooms, &imports),
        [
            "tenure-gone: the table has it, the workspace has not",
            "tenure-api -> sqlx: from outside it may never import {\"sqlx\"}",
            "tenure-domain -> tenure-api: of the workspace it may import {}",
            "tenure-domain -> tokio: from outside it may import only {\"jiff\"}",
            "tenure-new: the workspace has it, the table has not",
        ]
    );
}

#[test]
fn the_rules_document_has_each_rule_once_and_in_order() {
    let rules = read("docs/rules.md");
    let found: Vec<&str> = rules
        .lines()
        .filter(|line| line.starts_with('#'))
        .filter_map(|line| line.trim_start_matches('#').split_whitespace().next())
        .filter(|word| word.strip_prefix('R').is_some_and(|number| number.parse::<u8>().is_ok()))
        .collect();
    let expected: Vec<String> = (1..=34).map(|number| format!("R{number}")).collect();
    assert_eq!(found, expected);
}
