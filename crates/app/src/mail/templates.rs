//! The templates of mails: those that are built in, and those of the operator that take their place.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::content::Content;
use super::document::{Links, Sources, Written, write};
use super::samples;
use crate::AppError;
use crate::change_organization::LANGUAGES;

/// The name of the layout of the HTML part.
const LAYOUT: &str = "layout.html";

macro_rules! built_in {
    ($($mail:literal)*) => {
        /// The built-in templates by name. A mail's is called after its kind in the outbox and its language.
        const BUILT_IN: &[(&str, &str)] = &[
            (LAYOUT, include_str!("templates/layout.html")),
            $(
                (concat!($mail, ".en.txt"), include_str!(concat!("templates/", $mail, ".en.txt"))),
                (concat!($mail, ".pl.txt"), include_str!(concat!("templates/", $mail, ".pl.txt"))),
                (concat!($mail, ".de.txt"), include_str!(concat!("templates/", $mail, ".de.txt"))),
            )*
        ];
    };
}

built_in!("password_reset" "invitation" "month_before" "expiration_day" "pool_low" "alerts" "code_revoked" "test");

/// The templates of mails: the built-in ones, some of which an operator's own may replace.
#[derive(Clone, Debug, Default)]
pub struct Templates {
    folder: PathBuf,
    own: Arc<BTreeMap<&'static str, String>>,
}

/// An operator's templates cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TemplateError {
    /// The folder or a file in it cannot be read.
    #[error("{0}: {1}")]
    Unreadable(PathBuf, std::io::Error),
    /// A file is named like a template, and no template is called so.
    #[error("{file}: no template is called so; did you mean {nearest}?")]
    Unknown {
        /// The file.
        file: PathBuf,
        /// The template whose name is most like it.
        nearest: &'static str,
    },
    /// A template is no template, or does not give a mail.
    #[error("{file}, line {line}: {what}")]
    Broken {
        /// The file.
        file: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What is wrong, with the text of the line.
        what: String,
    },
}

impl Templates {
    /// The built-in templates and those of a folder, which take the place of the built-in ones of the same name. Each
    /// is tried with samples of all mails.
    ///
    /// Files whose names end neither in `.txt` nor in `.html` are not looked at.
    ///
    /// # Errors
    ///
    /// [`TemplateError`] names the file, and the line where it is broken.
    pub fn read(folder: &Path) -> Result<Self, TemplateError> {
        let unreadable = |file: &Path| {
            let file = file.to_owned();
            move |error: std::io::Error| TemplateError::Unreadable(file, error)
        };
        let mut own = BTreeMap::new();
        let mut files = Vec::new();
        for entry in std::fs::read_dir(folder).map_err(unreadable(folder))? {
            files.push(entry.map_err(unreadable(folder))?.path());
        }
        files.sort();
        for file in files {
            let ending = file.extension().and_then(|ending| ending.to_str());
            if !matches!(ending, Some("txt" | "html")) {
                continue;
            }
            let name = file.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            let Some((known, _)) = BUILT_IN.iter().find(|(known, _)| *known == name) else {
                let nearest = nearest(name);
                return Err(TemplateError::Unknown { file, nearest });
            };
            own.insert(*known, std::fs::read_to_string(&file).map_err(unreadable(&file))?);
        }
        let templates = Self { folder: folder.to_owned(), own: Arc::new(own) };
        templates.try_all()?;
        Ok(templates)
    }

    /// Tries the operator's own templates with samples of all mails.
    fn try_all(&self) -> Result<(), TemplateError> {
        if self.own.is_empty() {
            return Ok(());
        }
        for language in LANGUAGES {
            samples::each(&mut |_, content| {
                let links = Links {
                    place: samples::PLACE,
                    unsubscribe: content.can_be_stopped().then_some(samples::STOP),
                };
                let name = words_of(content, language);
                let written = write(&self.sources(&name), language, content, links);
                written.map(drop).map_err(|error| self.broken(&error, &name))
            })?;
        }
        Ok(())
    }

    /// Writes a mail. Where an operator's template fails all the same, the built-in ones write it, and the log says
    /// so: a notice is not lost for a template.
    pub(super) fn write(
        &self,
        language: &str,
        content: &Content<'_>,
        links: Links<'_>,
    ) -> Result<Written, AppError> {
        let language = LANGUAGES.into_iter().find(|known| *known == language).unwrap_or("en");
        let name = words_of(content, language);
        match write(&self.sources(&name), language, content, links) {
            Err(error) if !self.own.is_empty() => {
                let error = self.broken(&error, &name);
                tracing::error!(%error, "a mail is written by the built-in template, as another is broken");
                Ok(write(&Self::default().sources(&name), language, content, links)?)
            }
            written => Ok(written?),
        }
    }

    fn sources<'a>(&'a self, words: &'a str) -> Sources<'a> {
        Sources { words: (words, self.source(words)), layout: (LAYOUT, self.source(LAYOUT)) }
    }

    fn source(&self, name: &str) -> &str {
        let built_in = BUILT_IN.iter().find(|(known, _)| *known == name).map(|(_, text)| *text);
        self.own.get(name).map(String::as_str).or(built_in).unwrap_or_default()
    }

    fn broken(&self, error: &minijinja::Error, words: &str) -> TemplateError {
        let name = error.name().unwrap_or(words);
        let line = error.line().unwrap_or(1);
        let mut what = match error.detail() {
            Some(detail) => format!("{}: {detail}", error.kind()),
            None => error.kind().to_string(),
        };
        let text = self.source(name).lines().nth(line.saturating_sub(1)).unwrap_or_default().trim();
        if !text.is_empty() {
            what = format!("{what}, in: {text}");
        }
        TemplateError::Broken { file: self.folder.join(name), line, what }
    }
}

/// The name of the template of a mail's words.
fn words_of(content: &Content<'_>, language: &str) -> String {
    format!("{}.{language}.txt", content.kind())
}

/// The template whose name begins, and then ends, most like this one.
fn nearest(name: &str) -> &'static str {
    let alike = |known: &str| {
        let start = known.bytes().zip(name.bytes()).take_while(|(a, b)| a == b).count();
        let end = known.bytes().rev().zip(name.bytes().rev()).take_while(|(a, b)| a == b).count();
        (start, end)
    };
    BUILT_IN.iter().map(|(known, _)| *known).max_by_key(|known| alike(known)).unwrap_or(LAYOUT)
}
