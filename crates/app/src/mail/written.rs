//! What mails say, in each language, and what mail programs read of it.

use std::collections::BTreeMap;
use std::path::Path;

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use serde_json::Value;
use tenure_domain::notice::Kind;
use tenure_domain::{AtEnd, MailId};
use tenure_store::outbox::Mail;

use super::content::{Content, Expirations, Expiring};
use super::document::{Links, Written};
use super::message;
use super::preview::{Preview, preview, shown};
use super::samples;
use super::templates::Templates;
use super::words::{one_line, shortened};
use crate::change_organization::LANGUAGES;

const LINKS: Links<'static> = Links { place: samples::PLACE, unsubscribe: Some(samples::STOP) };

fn all(language: &str) -> Vec<Preview> {
    preview(&Templates::default(), &sender(), language).unwrap()
}

fn sender() -> super::Mailbox {
    "Tenure <tenure@harbor.example>".parse().unwrap()
}

/// The samples of each mail in each language, in one snapshot for the text and one for the HTML of the plainest.
#[test]
fn every_mail_in_every_language() {
    for language in LANGUAGES {
        let mut snapshots: BTreeMap<String, String> = BTreeMap::new();
        for Preview { name, subject, text, html, .. } in all(language) {
            assert!(!subject.contains('\n') && subject.chars().count() <= 120, "{name}: {subject}");
            assert!(text.ends_with('\n') && !text.contains("\n\n\n"), "{name}: {text}");
            assert!(html.contains(&format!("<html lang=\"{language}\">")), "{name}: {html}");
            assert!(!text.contains(['\u{1}', '\u{2}', '{']), "{name}: {text}");
            let (sample, _) = name.split_once('.').unwrap();
            let parts: Vec<&str> = sample.split('-').collect();
            let texts = snapshots.entry(format!("{}.{language}.txt", parts[0])).or_default();
            texts.push_str(&format!("##### {sample}\n{subject}\n\n{text}\n"));
            if parts.len() < 3 {
                let htmls = snapshots.entry(format!("{}.{language}.html", parts[0])).or_default();
                htmls.push_str(&format!("<!-- {sample} -->\n{html}\n"));
            }
        }
        for (name, snapshot) in snapshots {
            insta::assert_snapshot!(name, snapshot);
        }
    }
}

/// What Python's library reads of the mails in a folder, by name.
fn read_by_python(folder: &Path) -> BTreeMap<String, Value> {
    let name = "TENURE_TEST_PYTHON";
    #[allow(clippy::disallowed_methods, reason = "a test has no other configuration")]
    let python =
        std::env::var(name).unwrap_or_else(|_| panic!("{name} is not set: run the tests with `make test`"));
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/tools/read_mails.py");
    let output = std::process::Command::new(python).arg(script).arg(folder).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let lines = String::from_utf8(output.stdout).unwrap();
    let mails = lines.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    mails.map(|mail| (mail["name"].as_str().unwrap().to_owned(), mail)).collect()
}

/// A text with the ends of lines that texts have here.
fn unwrapped(text: &Value) -> String {
    text.as_str().unwrap().replace("\r\n", "\n")
}

/// What a browser shows of a text in HTML.
fn unescaped(html: &str) -> String {
    let signs =
        [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#x27;", "'"), ("&#x2f;", "/"), ("&amp;", "&")];
    signs.into_iter().fold(html.to_owned(), |text, (escaped, sign)| text.replace(escaped, sign))
}

#[test]
fn a_mail_program_reads_what_was_written() {
    let folder = tempfile::tempdir().unwrap();
    let mut written = BTreeMap::new();
    for mail in LANGUAGES.into_iter().flat_map(all) {
        std::fs::write(folder.path().join(format!("{}.eml", mail.name)), &mail.message).unwrap();
        written.insert(mail.name.clone(), mail);
    }
    let read = read_by_python(folder.path());
    assert_eq!(read.len(), written.len());
    for (name, mail) in read {
        let (written, headers) = (&written[&name], &mail["headers"]);
        assert_eq!(mail["defects"], serde_json::json!([]), "{name}");
        assert_eq!(
            (&mail["ascii"], mail["longest_line"].as_u64() <= Some(998)),
            (&Value::Bool(true), true),
            "{name}"
        );
        assert_eq!(headers["Subject"], written.subject.as_str(), "{name}");
        assert_eq!(headers["From"], "Tenure <tenure@harbor.example>");
        assert_eq!(mail["charsets"], serde_json::json!(["utf-8", "utf-8"]), "{name}");
        assert_eq!(unwrapped(&mail["text"]), written.text, "{name}");
        assert_eq!(unwrapped(&mail["html"]), written.html, "{name}");
        let kind = name.split(['-', '.']).next().unwrap();
        let can_be_stopped = ["month_before", "expiration_day", "pool_low", "alerts"].contains(&kind);
        let (one_click, stop) = (&headers["List-Unsubscribe-Post"], &headers["List-Unsubscribe"]);
        assert_eq!(one_click.as_str(), can_be_stopped.then_some("List-Unsubscribe=One-Click"), "{name}");
        let address = format!("<{}>", samples::STOP);
        assert_eq!(stop.as_str(), can_be_stopped.then_some(address.as_str()), "{name}");
        assert_eq!(written.text.contains("/unsubscribe#sample"), can_be_stopped, "{name}");
        let rows = written.html.matches("<tr style").count();
        let lists = mail["lists"].as_array().unwrap();
        assert_eq!(lists.len(), usize::from(rows > 0 && kind != "alerts"), "{name}");
        for list in lists {
            let listed = list["rows"].as_array().unwrap().len() - 1;
            assert!(listed == rows || (listed, rows) == (51, 50), "{name}: {listed} {rows}");
            assert_eq!(list["marked"], true, "spreadsheets know UTF-8 by its mark");
        }
    }
}

fn expiring(names: &[String], at_end: AtEnd) -> Expirations {
    let expires_on = "2028-12-21".parse().unwrap();
    let sensors = names.iter().map(|name| {
        let serial = "282c02424e00".parse().unwrap();
        Expiring { name: name.clone(), serial, expires_on, over: false, at_end }
    });
    Expirations {
        kind: Kind::MonthBefore,
        organization: "Harbor".to_owned(),
        today: "2028-11-21".parse().unwrap(),
        licenses_left: 1,
        sensors: sensors.collect(),
    }
}

/// Names as people type them, and as those do who want to do harm.
fn name() -> impl Strategy<Value = String> {
    let bad = prop::sample::select(vec![
        "\r\nBcc: all@harbor.example",
        "{{ organization }}",
        "{% raw %}",
        "<script>",
        "</td>",
        "=1+1",
        "-- ",
        "\n\n--\n\n",
        "\u{1}table",
        "&amp;",
        "\"",
        "'",
        "=?utf-8?q?x?=",
        "\u{202e}",
        "🧊👩‍🔬",
        "ź\u{301}",
        "%0d%0a",
        ",",
        ";",
        "\t",
    ]);
    prop::collection::vec(prop_oneof![bad.prop_map(str::to_owned), any::<String>(), "[a-zA-Z ]{1,40}"], 1..6)
        .prop_map(|parts| parts.concat())
}

/// One process reads all: a random name may stand anywhere and comes back whole.
#[test]
fn any_name_survives() {
    let folder = tempfile::tempdir().unwrap();
    let mut runner = TestRunner::deterministic();
    let mut names = BTreeMap::new();
    for number in 0..300 {
        let name = name().new_tree(&mut runner).unwrap().current();
        let expirations = expiring(std::slice::from_ref(&name), AtEnd::Stops);
        let content = Content::Expirations(&expirations);
        let language = LANGUAGES[number % 3];
        let mail =
            shown(&Templates::default(), &sender(), language, (&number.to_string(), 1), &content).unwrap();
        std::fs::write(folder.path().join(format!("{number}.eml")), &mail.message).unwrap();
        names.insert(number.to_string(), name);
    }
    let read = read_by_python(folder.path());
    assert_eq!(read.len(), names.len());
    for (number, mail) in read {
        let whole = one_line(&names[&number]);
        let context = format!("{:?}", names[&number]);
        assert_eq!(mail["defects"], serde_json::json!([]), "{context}");
        assert_eq!(mail["headers"]["Bcc"], Value::Null, "{context}");
        let subject = mail["headers"]["Subject"].as_str().unwrap();
        let short = shortened(&whole, 60);
        assert!(
            subject.starts_with(&short),
            "{} is not {}",
            subject.escape_unicode(),
            short.escape_unicode()
        );
        let (text, html) = (unwrapped(&mail["text"]), unwrapped(&mail["html"]));
        let line = text.lines().find(|line| line.contains("282c02424e00")).unwrap();
        assert!(line.starts_with(&whole), "{line:?} of {context}");
        assert_eq!(text.lines().filter(|line| *line == "--").count(), 1, "{context}");
        let (_, cell) = html.split_once("<th scope=\"row\"").unwrap();
        let (cell, _) = cell.split_once("<br>").unwrap();
        let (_, cell) = cell.split_once('>').unwrap();
        assert!(!cell.contains(['<', '>', '"', '\'']), "{cell}");
        assert_eq!(unescaped(cell), whole, "{context}");
        let listed = mail["lists"][0]["rows"][1][1].as_str().unwrap();
        assert_eq!(
            listed.strip_prefix('\'').filter(|rest| *rest == whole).unwrap_or(listed),
            whole,
            "{context}"
        );
    }
}

fn written(templates: &Templates, sensors: usize) -> Written {
    let names: Vec<String> = (0..sensors).map(|number| format!("Cold store {number}")).collect();
    let expirations = expiring(&names, AtEnd::Stops);
    templates.write("en", &Content::Expirations(&expirations), LINKS).unwrap()
}

#[test]
fn a_long_name_leaves_room_for_what_happens_in_the_subject() {
    let expirations = expiring(&["x".repeat(200)], AtEnd::NoLicense);
    let written = Templates::default().write("en", &Content::Expirations(&expirations), LINKS).unwrap();
    let expected = format!("{}… stops sending on 21 December 2028; 1 license is left", "x".repeat(59));
    assert_eq!(written.subject, expected);
    assert!(written.text.contains(&"x".repeat(200)), "whole it stands in the table");
}

#[test]
fn who_goes_without_is_named_first_and_the_list_is_in_the_order_of_r14() {
    let mut expirations = expiring(&["Renewed".to_owned(), "Left out".to_owned()], AtEnd::Renews);
    expirations.sensors[1].at_end = AtEnd::NoLicense;
    let content = Content::Expirations(&expirations);
    let text = Templates::default().write("en", &content, LINKS).unwrap().text;
    assert!(text.find("Left out ").unwrap() < text.find("Renewed ").unwrap(), "{text}");
    let list = String::from_utf8(content.list("en").unwrap().body).unwrap();
    let lines = [
        "\u{feff}Serial number,Sensor,Expires on,What happens",
        "282c02424e00,Renewed,2028-12-21,will be renewed automatically from the pool",
        "282c02424e00,Left out,2028-12-21,no license left for it",
        "",
    ];
    assert_eq!(list, lines.join("\r\n"));
}

#[test]
fn a_mail_that_cannot_be_stopped_says_nothing_of_it() {
    let expirations = expiring(&["Cold store".to_owned()], AtEnd::Stops);
    let links = Links { place: samples::PLACE, unsubscribe: None };
    let written = Templates::default().write("en", &Content::Expirations(&expirations), links).unwrap();
    assert!(!written.text.contains("Stop these") && !written.html.contains("Stop these"), "{}", written.text);
}

/// The operator's templates that are these files.
fn own(files: &[(&str, &str)]) -> Result<Templates, String> {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        std::fs::write(folder.path().join(name), text).unwrap();
    }
    let place = format!("{}/", folder.path().display());
    Templates::read(folder.path()).map_err(|error| error.to_string().replace(&place, ""))
}

#[test]
fn an_operators_template_takes_the_place_of_the_built_in_one() {
    let words = "{{ total|forms('# thing', '# things') }}\n\n{% if total %}\nGo to\n{{ organization }}.\n{% endif %}\n\n{{ table }}\n";
    let layout = "<b>{{ subject }}</b>{% for block in body %}<i>{{ block.text }}</i>{% endfor %}";
    let templates =
        own(&[("month_before.en.txt", words), ("layout.html", layout), ("notes.md", "mine")]).unwrap();
    let mail = written(&templates, 2);
    assert_eq!(
        (mail.subject.as_str(), mail.html.as_str()),
        ("2 things", "<b>2 things</b><i>Go to Harbor.</i><i></i>")
    );
    assert!(mail.text.starts_with("Go to Harbor.\n\nSensor"), "{}", mail.text);
}

#[test]
fn a_broken_template_is_named_with_its_line() {
    let refused = |name: &str, text: &str| own(&[(name, text)]).unwrap_err();
    let cases = [
        ("month_before.en.txt", "Subject\n\n{{ organisation }} has news.\n"),
        ("test.de.txt", "Subject\n{% if %}\nText\n"),
        ("layout.html", "<p>\n{{ subjekt }}\n"),
        ("alerts.pl.txt", "{{ total|forms('# alarm', '# alarmy') }}\n\nTekst.\n"),
        ("test.en.txt", "Only a subject\n"),
        ("month_befor.en.txt", "Subject\nText\n"),
    ];
    let refusals: Vec<String> = cases.into_iter().map(|(name, text)| refused(name, text)).collect();
    insta::assert_snapshot!(refusals.join("\n"), @r"
    month_before.en.txt, line 3: undefined value, in: {{ organisation }} has news.
    test.de.txt, line 2: syntax error: unexpected end of block, in: {% if %}
    layout.html, line 2: undefined value, in: {{ subjekt }}
    alerts.pl.txt, line 1: invalid operation: a word has 3 forms in the language pl, and 2 are given, in: {{ total|forms('# alarm', '# alarmy') }}
    test.en.txt, line 1: invalid operation: it gives no subject, or nothing below it, in: Only a subject
    month_befor.en.txt: no template is called so; did you mean month_before.en.txt?
    ");
}

#[test]
fn no_mail_is_lost_for_a_template_that_fails_in_the_end() {
    let words = "Subject\n\n{% if total == 7 %}\n{{ missing }}\n{% endif %}\nText.\n";
    let templates = own(&[("month_before.en.txt", words)]).unwrap();
    assert_eq!(written(&templates, 6).text, "Text.\n");
    assert_eq!(written(&templates, 7), written(&Templates::default(), 7));
}

#[test]
fn one_click_is_offered_only_where_nobody_listens_in_between() {
    let headers = |address: &str| {
        let mail = Mail {
            id: MailId::new(samples::NOW, 1),
            organization: None,
            kind: "alerts".to_owned(),
            recipient: "ana@harbor.example".to_owned(),
            language: "en".to_owned(),
            subject: "Subject".to_owned(),
            text: "Text".to_owned(),
            html: None,
            attachment: None,
            unsubscribe: Some(address.to_owned()),
            created_at: samples::NOW,
        };
        let formatted = message(&mail, None, &sender()).unwrap().formatted();
        let lines = String::from_utf8(formatted).unwrap();
        lines.lines().filter(|line| line.starts_with("List-")).map(str::to_owned).collect::<Vec<_>>()
    };
    // As long as real addresses are: it is not broken into lines.
    let token = "x".repeat(140);
    let secure = format!("https://tenure.harbor.example/api/v1/unsubscriptions/{token}");
    let stop = format!("List-Unsubscribe: <{secure}>");
    assert_eq!(headers(&secure), [stop.as_str(), "List-Unsubscribe-Post: List-Unsubscribe=One-Click"]);
    let plain = "http://127.0.0.1:8080/api/v1/unsubscriptions/x";
    assert_eq!(headers(plain), [format!("List-Unsubscribe: <{plain}>")]);
    assert_eq!(headers("https://x>\r\nBcc: all@harbor.example"), [""; 0]);
}
