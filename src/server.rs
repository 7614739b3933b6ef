//! The server: an API for jobs, and pages for people. It needs only a database. It contacts no other host, except those
//! that the operator allows for webhooks and tools. An upload can import its own files and the theories shipped with
//! the program, but no file of the server.
//!
//! From the outside in: [`guard`] admits a request, [`api`] and [`pages`] handle it, [`office`] queues jobs and runs
//! them through [`work`], which calls the prover; [`log`] and [`ledger`] persist events and jobs, [`sites`] renders the
//! pages of runs from the values and templates of the static site.

mod advised;
mod api;
mod derived;
mod events;
mod guard;
mod job;
pub(crate) mod keys;
mod ledger;
mod log;
pub(crate) mod means;
pub(crate) mod models;
mod nodes;
mod office;
mod openai;
mod openapi;
mod operations;
mod pages;
mod problem;
pub(crate) mod quota;
mod reason;
mod request;
mod result;
mod runs;
mod search;
pub(crate) mod shipped;
mod sites;
mod state;
mod upload;
pub(crate) mod webhook;
mod work;

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::time::Duration;

use actix_web::middleware::from_fn;
use actix_web::web::Data;
use actix_web::{App, HttpServer};
use governor::{Quota, RateLimiter};
use socket2::{Domain, Socket, Type};
use theoremata_actors::remote_tools::Hosts;
use theoremata_store::Store;
use tokio::sync::watch;

use crate::failure::Failure;
use keys::{Doors, KeyFile};
use means::{Limits, Means};
use models::{Models, Seat};
use office::Office;
use search::Index;
use sites::Sites;
use state::{Note, Readers, Server};

/// Backlog of connections that are not yet accepted.
const MOST_WAITING: i32 = 2048;
/// Grace period for open responses at shutdown.
const PATIENCE_SECONDS: u64 = 5;

/// Configuration of a server.
pub(crate) struct Settings {
    pub(crate) listen: SocketAddr,
    pub(crate) database: PathBuf,
    /// Host names under which the server may be called.
    pub(crate) hosts: Vec<String>,
    pub(crate) limits: Limits,
    /// Maximal number of open event streams.
    pub(crate) listeners: usize,
    /// Maximal requests per second of one caller.
    pub(crate) rate: NonZeroU32,
    /// The language model, if configured.
    pub(crate) model: Option<Seat>,
    /// Hosts that tools may call.
    pub(crate) tool_hosts: Hosts,
    /// Reports failures to the operator.
    pub(crate) note: Note,
}

/// Handle that stops a running server.
#[derive(Clone)]
pub(crate) struct Stop(Arc<watch::Sender<bool>>);

impl Stop {
    pub(crate) fn new() -> Stop {
        Stop(Arc::new(watch::Sender::new(false)))
    }

    /// Stops the server: event streams end, responses are completed, running jobs stop and are resumed at the next
    /// start.
    pub(crate) fn stop(&self) {
        // Effective even if nobody subscribes yet.
        self.0.send_replace(true);
    }
}

/// Serves until stopped. `ready` is called with the address once the server listens.
///
/// # Errors
/// If the address is unavailable, or not a loopback address although there are no keys, or the database cannot be
/// opened.
pub(crate) fn serve(settings: Settings, stop: &Stop, ready: impl FnOnce(SocketAddr)) -> Result<(), Failure> {
    let doors = Doors::new(KeyFile::of(&settings.database));
    if !settings.listen.ip().is_loopback() && !doors.are_locked() {
        return Err(Failure::Usage(format!(
            "{} can be reached from other machines, and there is no key: make one with `theoremata keys add NAME --db \
             {}`, or listen on 127.0.0.1",
            settings.listen,
            settings.database.display()
        )));
    }
    let store = Arc::new(Store::open(&settings.database)?);
    let hosts = settings.tool_hosts;
    let models = settings.model.map(|seat| Models::start(seat, &store, hosts)).transpose();
    let models = models.map_err(|error| Failure::World(format!("cannot start the workers: {error}")))?;
    let office = Arc::new(Office::open(Means::new(Arc::clone(&store), settings.limits.clone(), models.clone()))?);
    let failed = |act: &str, error: io::Error| Failure::World(format!("cannot {act} {}: {error}", settings.listen));
    let listener = listener(settings.listen).map_err(|error| failed("listen on", error))?;
    let address = listener.local_addr().map_err(|error| failed("listen on", error))?;
    let burst = settings.rate.saturating_mul(NonZeroU32::MIN.saturating_add(3));
    let server = Data::new(Server {
        office: Arc::clone(&office),
        sites: Sites::new(Arc::clone(&store)),
        doors,
        rates: RateLimiter::keyed(Quota::per_second(settings.rate).allow_burst(burst)),
        templates: pages::templates()?,
        address,
        hosts: settings.hosts.clone(),
        listeners: Arc::default(),
        most_listeners: settings.listeners,
        closing: stop.0.subscribe(),
        readers: Readers::default(),
        index: Arc::new(Index::new(Arc::clone(&store))),
        models,
        note: settings.note,
        answered: AtomicUsize::default(),
        refused: AtomicUsize::default(),
    });
    let staff = Office::staff(&office).map_err(|error| Failure::World(format!("cannot start a thread: {error}")))?;
    let served = actix_web::rt::System::new().block_on(until_stopped(server, listener, stop, || ready(address)));
    office.close();
    for thread in staff {
        // The panic message was already printed; the job is resumed at the next start.
        let _ = thread.join();
    }
    served.map_err(|error| failed("serve", error))
}

/// A listening socket with a large backlog: that of the standard library holds 128 connections, and drops the rest of a
/// burst.
fn listener(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, None)?;
    socket.set_reuse_address(cfg!(unix))?;
    socket.bind(&address.into())?;
    socket.listen(MOST_WAITING)?;
    Ok(socket.into())
}

async fn until_stopped(
    server: Data<Server>,
    listener: TcpListener,
    stop: &Stop,
    ready: impl FnOnce(),
) -> io::Result<()> {
    let office = Arc::clone(&server.office);
    let app = move || {
        App::new()
            .app_data(server.clone())
            .wrap(from_fn(guard::guard))
            .configure(api::routes)
            .configure(nodes::routes)
            .configure(runs::routes)
            .configure(webhook::routes)
            .configure(openai::routes)
            .configure(openai::responses::routes)
            .configure(openapi::routes)
            .configure(operations::routes)
            .configure(pages::routes)
    };
    let running = HttpServer::new(app)
        .workers(2)
        .max_connections(4096)
        .client_request_timeout(Duration::from_secs(10))
        .client_disconnect_timeout(Duration::from_secs(2))
        .shutdown_timeout(PATIENCE_SECONDS)
        .disable_signals()
        .listen(listener)?
        .run();
    let handle = running.handle();
    let mut told = stop.0.subscribe();
    actix_web::rt::spawn(async move {
        // Streams observe the flag themselves, so none of them delays the shutdown.
        let _ = told.wait_for(|stop| *stop).await;
        office.close();
        handle.stop(true).await;
    });
    ready();
    running.await
}
