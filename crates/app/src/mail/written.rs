//! What mails say, in each language.

use super::document::Links;
use super::samples;
use super::templates::Templates;
use crate::change_organization::LANGUAGES;

fn all(language: &str, with: &mut dyn FnMut(&str, &str, &str, &str)) {
    let templates = Templates::default();
    samples::each(&mut |name, content| {
        let unsubscribe = content.can_be_stopped().then_some(samples::STOP);
        let links = Links { place: samples::PLACE, unsubscribe };
        let written =
            templates.write(language, content, links).map_err(|error| format!("{name}: {error:?}"))?;
        with(name, &written.subject, &written.text, &written.html);
        Ok::<(), String>(())
    })
    .unwrap();
}

#[test]
fn every_mail_is_written_in_every_language() {
    for language in LANGUAGES {
        all(language, &mut |name, subject, text, html| {
            assert!(!subject.contains('\n') && subject.chars().count() <= 120, "{name}: {subject}");
            assert!(text.ends_with('\n') && !text.contains("\n\n\n"), "{name}: {text}");
            assert!(html.contains(&format!("<html lang=\"{language}\">")), "{name}: {html}");
            assert!(!text.contains(['\u{1}', '\u{2}', '{']), "{name}: {text}");
        });
    }
}
