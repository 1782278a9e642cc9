//! Roles and what they allow (R34).

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::Refusal;

/// What a person, or a token, is in an organization (R34).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Everything in its organization.
    Administrator,
    /// Licenses, sensors, rules, the notification manager, history.
    Manager,
    /// Reads dashboard, history and alerts.
    Analyst,
    /// Codes, organizations and the service; belongs to no organization and sees no measurement.
    Operator,
}

/// One thing that a request wants to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Permission {
    /// Read the organization's name, zone and language.
    ReadOrganization,
    /// Change them, or the device token.
    ChangeOrganization,
    /// Read measurements and alerts.
    ReadHistory,
    /// Read licenses, codes and the License Manager's table.
    ReadLicenses,
    /// Have a calendar feed of one's own, which tells when licenses end.
    KeepCalendarFeed,
    /// Redeem codes; assign, queue and take back licenses; switch auto renewal.
    ManageLicenses,
    /// Add, rename and remove sensors.
    ManageSensors,
    /// Read the rules by which alerts open.
    ReadRules,
    /// Make, change and remove those rules.
    ManageRules,
    /// Choose who is told of what.
    ManageNotifications,
    /// Read and make webhooks.
    ManageWebhooks,
    /// Read who is in the organization.
    ReadUsers,
    /// Invite users, change their roles, remove them.
    ManageUsers,
    /// Read and make API tokens.
    ManageTokens,
    /// Read the audit trail.
    ReadAudit,
    /// Issue and revoke activation codes, see organizations.
    Operate,
}

impl Permission {
    /// All of them, in the order of their declaration.
    pub const ALL: [Self; 16] = [
        Self::ReadOrganization,
        Self::ChangeOrganization,
        Self::ReadHistory,
        Self::ReadLicenses,
        Self::KeepCalendarFeed,
        Self::ManageLicenses,
        Self::ManageSensors,
        Self::ReadRules,
        Self::ManageRules,
        Self::ManageNotifications,
        Self::ManageWebhooks,
        Self::ReadUsers,
        Self::ManageUsers,
        Self::ManageTokens,
        Self::ReadAudit,
        Self::Operate,
    ];

    /// Whether a token that only reads may do it.
    #[must_use]
    pub const fn reads_only(self) -> bool {
        matches!(
            self,
            Self::ReadOrganization
                | Self::ReadHistory
                | Self::ReadLicenses
                | Self::ReadRules
                | Self::ReadUsers
                | Self::ReadAudit
        )
    }
}

impl Role {
    /// All of them, in the order of their declaration.
    pub const ALL: [Self; 4] = [Self::Administrator, Self::Manager, Self::Analyst, Self::Operator];

    /// The lesser of two roles in an organization: what a token may that was given no more than `most`.
    #[must_use]
    pub fn at_most(self, most: Self) -> Self {
        // They are declared from the one that may most to the one that may least.
        self.max(most)
    }

    /// Whether the role allows it (R34).
    #[must_use]
    pub const fn allows(self, permission: Permission) -> bool {
        use Permission::{
            ChangeOrganization, KeepCalendarFeed, ManageLicenses, ManageNotifications, ManageRules,
            ManageSensors, ManageTokens, ManageUsers, ManageWebhooks, Operate, ReadAudit, ReadHistory,
            ReadLicenses, ReadOrganization, ReadRules, ReadUsers,
        };
        match self {
            Self::Administrator => match permission {
                ReadOrganization | ChangeOrganization | ReadHistory | ReadLicenses | KeepCalendarFeed
                | ManageLicenses | ManageSensors | ReadRules | ManageRules | ManageNotifications
                | ManageWebhooks | ReadUsers | ManageUsers | ManageTokens | ReadAudit => true,
                Operate => false,
            },
            Self::Manager => match permission {
                ReadOrganization | ReadHistory | ReadLicenses | KeepCalendarFeed | ManageLicenses
                | ManageSensors | ReadRules | ManageRules | ManageNotifications | ReadUsers | ReadAudit => {
                    true
                }
                ChangeOrganization | ManageWebhooks | ManageUsers | ManageTokens | Operate => false,
            },
            Self::Analyst => match permission {
                ReadOrganization | ReadHistory | ReadRules => true,
                ChangeOrganization | ReadLicenses | KeepCalendarFeed | ManageLicenses | ManageSensors
                | ManageRules | ManageNotifications | ManageWebhooks | ReadUsers | ManageUsers
                | ManageTokens | ReadAudit | Operate => false,
            },
            Self::Operator => matches!(permission, Operate),
        }
    }

    /// The role's name, as the API, the database and the command line write it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Administrator => "administrator",
            Self::Manager => "manager",
            Self::Analyst => "analyst",
            Self::Operator => "operator",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Role {
    type Err = Refusal;

    fn from_str(text: &str) -> Result<Self, Refusal> {
        Self::ALL.into_iter().find(|role| role.name() == text).ok_or_else(|| Refusal::Invalid {
            field: "role",
            expected: "one of administrator, manager, analyst, operator".to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r34_each_role_and_what_it_allows() {
        let table: String = Role::ALL
            .iter()
            .map(|role| {
                let allowed: Vec<_> =
                    Permission::ALL.iter().filter(|permission| role.allows(**permission)).collect();
                format!("{role}: {allowed:?}\n")
            })
            .collect();
        insta::assert_snapshot!(table, @r"
        administrator: [ReadOrganization, ChangeOrganization, ReadHistory, ReadLicenses, KeepCalendarFeed, ManageLicenses, ManageSensors, ReadRules, ManageRules, ManageNotifications, ManageWebhooks, ReadUsers, ManageUsers, ManageTokens, ReadAudit]
        manager: [ReadOrganization, ReadHistory, ReadLicenses, KeepCalendarFeed, ManageLicenses, ManageSensors, ReadRules, ManageRules, ManageNotifications, ReadUsers, ReadAudit]
        analyst: [ReadOrganization, ReadHistory, ReadRules]
        operator: [Operate]
        ");
    }

    #[test]
    fn r34_a_token_that_only_reads_changes_nothing() {
        let reading: Vec<_> =
            Permission::ALL.into_iter().filter(|permission| permission.reads_only()).collect();
        assert_eq!(
            reading,
            [
                Permission::ReadOrganization,
                Permission::ReadHistory,
                Permission::ReadLicenses,
                Permission::ReadRules,
                Permission::ReadUsers,
                Permission::ReadAudit
            ]
        );
    }
}
