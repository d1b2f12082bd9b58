//! The running line.

use std::sync::Arc;

use vauban_net::{Socket, Stop};
use vauban_policy::Plan;

use crate::admin::AdminError;
use crate::parts::{Parts, Setting};

/// The line ended by itself.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RunError {
    /// Something that was provisioned is missing or damaged.
    #[error(transparent)]
    State(#[from] AdminError),
}

/// Runs the line until the order to stop.
pub async fn run(plan: Arc<Plan>, setting: Setting, parts: Parts, socket: Socket, stop: Stop) -> Result<(), RunError> {
    drop((plan, setting, parts, socket));
    stop.stopped().await;
    Ok(())
}
