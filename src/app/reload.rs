//! SIGHUP: the configuration is read anew, with the flags and the environment of the start. What may change while the server
//! runs holds for new connections and requests at once; what may not is named. With a single fault nothing changes.

use std::{future::pending, sync::Arc};

use tokio::{signal::unix::Signal, task::spawn_blocking};
use tracing::{error, info, warn};

use super::App;
use crate::{
    config::{self, Change, Command, Refusal, Settings},
    server::{
        descriptors, supervisor,
        tls::{self, Certificate, Fresh},
    },
    telemetry::logs::Logs,
};

/// What a running server goes by.
pub struct Reload<'a> {
    pub app: &'a App,
    pub logs: &'a Logs,
    pub certificate: Option<Arc<Certificate>>,
    /// As they hold: what needs a restart is as it was at the start.
    pub settings: Settings,
    /// What the service manager is told when it is done.
    pub status: String,
}

impl Reload<'_> {
    /// Reads everything anew whenever it is `asked` to. Without end.
    pub async fn whenever(mut self, mut asked: Signal) {
        while asked.recv().await.is_some() {
            supervisor::reloading();
            let certificate = self.certificate.clone();
            match spawn_blocking(move || read(certificate.as_deref())).await {
                Ok(Ok((settings, fresh))) => self.take(settings, fresh),
                Ok(Err(faults)) => {
                    faults.iter().for_each(Fault::tell);
                    warn!(faults = faults.len(), "the new configuration is refused, the old one stays");
                }
                Err(problem) => error!(%problem, "the configuration cannot be read"),
            }
            supervisor::ready(&self.status);
        }
        pending().await
    }

    fn take(&mut self, new: Settings, fresh: Option<Fresh>) {
        let changes = self.settings.take(new);
        self.app.apply(&self.settings);
        if let Err(problem) = self.logs.set_level(&self.settings.log.level) {
            error!(%problem, "the log level stays");
        }
        if let (Some(certificate), Some(fresh)) = (&self.certificate, fresh) {
            certificate.take(fresh);
        }
        let names = |live| {
            let names = changes.iter().filter(|change| change.live == live).map(|Change { variable, .. }| *variable);
            names.collect::<Vec<_>>().join(", ")
        };
        match names(true).as_str() {
            "" => info!("read the configuration again: nothing has changed"),
            changed => info!("read the configuration again: changed {changed}"),
        }
        let later = names(false);
        if !later.is_empty() {
            warn!("needs a restart: {later}");
        }
    }
}

enum Fault {
    Setting(String),
    Certificate(tls::Fault),
}

impl Fault {
    fn tell(&self) {
        match self {
            Self::Setting(problem) => warn!(problem, "cannot use the new configuration"),
            Self::Certificate(problem) => warn!(%problem, "cannot use the new certificate, the old one stays"),
        }
    }
}

/// The settings and, where there is one, the certificate; or everything that is wrong. Reads files.
fn read(certificate: Option<&Certificate>) -> Result<(Settings, Option<Fresh>), Vec<Fault>> {
    let settings = match config::load_process() {
        Ok(Command::Serve(settings)) => match descriptors::max_connections(settings.arrivals.max_connections) {
            Ok(_) => Ok(settings),
            Err(line) => Err(vec![Fault::Setting(line)]),
        },
        Err(Refusal::Faults { lines, .. }) => Err(lines.into_iter().map(Fault::Setting).collect()),
        // The arguments are those of the start.
        Ok(_) | Err(Refusal::Told(_)) => Err(Vec::new()),
    };
    let fresh = certificate.map(Certificate::read).transpose().map_err(Fault::Certificate);
    match (settings, fresh) {
        (Ok(settings), Ok(fresh)) => Ok((settings, fresh)),
        (settings, fresh) => Err(settings.err().into_iter().flatten().chain(fresh.err()).collect()),
    }
}
