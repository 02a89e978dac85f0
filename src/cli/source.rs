//! `avling source`: what is to be known of a vendor before its source is configured.

use super::arguments::SourceCommand;
use super::context::Context;
use super::{Done, Failure, discover};

/// Runs the command.
pub async fn run(context: &Context, command: &SourceCommand) -> Result<Done, Failure> {
    match command {
        SourceCommand::Discover(arguments) => discover::run(context, arguments).await,
    }
}
