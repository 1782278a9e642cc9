//! A service with one organization, its people, and a stranger.

mod actors;
pub(crate) mod document;
mod door;
mod world;

pub(crate) use actors::{Actor, Administrator, Analyst, Manager, Nobody, Operator, ReadOnly, Stranger};
pub(crate) use door::Door;
pub(crate) use world::{Client, PASSWORD, Reply, World};
