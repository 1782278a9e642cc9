//! `tenure mail preview`: every mail as it would be sent.

use std::path::Path;

use tenure_app::change_organization::LANGUAGES;
use tenure_app::mail::preview as previews;

use crate::config::Config;
use crate::{Failure, output};

/// Writes every mail, made of samples, into a folder.
///
/// # Errors
///
/// [`Failure::Usage`] for a language that there is not, [`Failure::Failed`] for a template that is broken and a folder
/// that cannot be written.
pub fn preview(config: &Config, folder: &Path, language: Option<&str>) -> Result<(), Failure> {
    if let Some(language) = language.filter(|language| !LANGUAGES.contains(language)) {
        let sentence = format!("there are no mails in {language}: choose one of {}", LANGUAGES.join(", "));
        return Err(Failure::Usage(sentence));
    }
    let templates = config.templates()?;
    let sender = config.sender(config.public_url.as_deref())?;
    let said = |error: std::io::Error| Failure::Failed(format!("{}: {error}", folder.display()));
    std::fs::create_dir_all(folder).map_err(said)?;
    let mut count = 0;
    for chosen in LANGUAGES.into_iter().filter(|known| language.is_none_or(|wanted| wanted == *known)) {
        let mails =
            previews(&templates, &sender, chosen).map_err(|error| Failure::Failed(error.to_string()))?;
        for mail in mails {
            let write = |ending: &str, text: &[u8]| {
                std::fs::write(folder.join(format!("{}.{ending}", mail.name)), text).map_err(said)
            };
            write("eml", &mail.message)?;
            write("txt", format!("{}\n\n{}", mail.subject, mail.text).as_bytes())?;
            write("html", mail.html.as_bytes())?;
            count += 1;
        }
    }
    output::line(&format!("{count} mails are in {}, each as .eml, .txt and .html.", folder.display()));
    Ok(())
}
