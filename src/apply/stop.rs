//! The request to stop: work in progress is finished, nothing new begins.

use tokio::sync::watch;

#[derive(Debug)]
pub struct Stop(watch::Sender<bool>);

impl Default for Stop {
    fn default() -> Self {
        Self(watch::Sender::new(false))
    }
}

impl Stop {
    pub fn request_stop(&self) {
        self.0.send_replace(true);
    }

    pub fn is_asked(&self) -> bool {
        *self.0.borrow()
    }

    /// Waits until the stop is requested.
    pub async fn asked(&self) {
        // The sender is this object, so the channel stays open.
        drop(self.0.subscribe().wait_for(|asked| *asked).await);
    }
}
