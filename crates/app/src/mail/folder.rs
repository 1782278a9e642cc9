//! Mail into a folder, for a service that has no mail server yet.

use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use lettre::message::Mailbox;
use tenure_store::outbox::{Attachment, Mail};

use super::{Delivery, Handing, Mailer, message};

/// A folder that takes mail as files `*.eml`, which mail programs open.
pub struct FolderMailer {
    folder: PathBuf,
    sender: Mailbox,
}

impl FolderMailer {
    /// The mailer into this folder, which is made with the first mail, readable by its owner only: mails hold links
    /// that open something.
    #[must_use]
    pub const fn new(folder: PathBuf, sender: Mailbox) -> Self {
        Self { folder, sender }
    }
}

impl Mailer for FolderMailer {
    fn hand_over<'a>(&'a self, mail: &'a Mail, attachment: Option<&'a Attachment>) -> Handing<'a> {
        Box::pin(async move {
            let bytes = match message(mail, attachment, &self.sender) {
                Ok(message) => message.formatted(),
                Err(error) => return Delivery::Never(error.to_string()),
            };
            let (folder, name) = (self.folder.clone(), mail.id.to_string());
            let written = tokio::task::spawn_blocking(move || write(&folder, &name, &bytes)).await;
            match written {
                Ok(Ok(file)) => Delivery::Taken(format!("written to {}", file.display())),
                // No mail is to blame for a full disk.
                Ok(Err(error)) => Delivery::Unreachable(format!("{}: {error}", self.folder.display())),
                Err(error) => Delivery::Later(error.to_string()),
            }
        })
    }
}

/// Writes a file under another name first, so that nobody reads half of it.
fn write(folder: &Path, name: &str, bytes: &[u8]) -> std::io::Result<PathBuf> {
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    let (file, part) = (folder.join(format!("{name}.eml")), folder.join(format!(".{name}.part")));
    let mut options = std::fs::OpenOptions::new();
    let mut half = options.write(true).create(true).truncate(true).mode(0o600).open(&part)?;
    half.write_all(bytes)?;
    half.sync_all()?;
    std::fs::rename(&part, &file)?;
    Ok(file)
}
