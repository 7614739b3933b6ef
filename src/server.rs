//! The server: an API for jobs, and pages for people. It needs nothing but a database, and asks nothing of any other
//! host but those that the operator names for webhooks and tools; what is uploaded sees what was uploaded with it and the theories shipped with the program, and no file.
//!
//! From outside inwards: [`guard`] lets a request in, [`api`] and [`pages`] answer it, [`office`] takes jobs and has
//! them done by [`work`], which runs the prover; [`log`] and [`ledger`] keep what happened, [`sites`] makes the pages
//! of runs from the values and templates of the static site.

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

/// Connections that may wait to be taken.
const MOST_WAITING: i32 = 2048;
/// How long open answers may take once the server is to stop.
const PATIENCE_SECONDS: u64 = 5;

/// How a server is run.
pub(crate) struct Settings {
    pub(crate) listen: SocketAddr,
    pub(crate) database: PathBuf,
    /// Names by which others may call it.
    pub(crate) hosts: Vec<String>,
    pub(crate) limits: Limits,
    /// Streams of events that may be open.
    pub(crate) listeners: usize,
    /// Requests a second of one caller.
    pub(crate) rate: NonZeroU32,
    /// The language model, if there is one.
    pub(crate) model: Option<Seat>,
    /// Hosts that its tools may call.
    pub(crate) tool_hosts: Hosts,
    /// Tells the operator what failed.
    pub(crate) note: Note,
}

/// Tells a running server to stop.
#[derive(Clone)]
pub(crate) struct Stop(Arc<watch::Sender<bool>>);

impl Stop {
    pub(crate) fn new() -> Stop {
        Stop(Arc::new(watch::Sender::new(false)))
    }

    /// Streams end, answers are finished, jobs stop where they are and go on when a server is started again.
    pub(crate) fn stop(&self) {
        // Also before anybody listens.
        self.0.send_replace(true);
    }
}

/// Serves until it is told to stop. `ready` is called with the address once it listens.
///
/// # Errors
/// If the address cannot be had, is not of this machine alone though there is no key, or the database cannot be opened.
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
        // A panic has been told where it happened; the job is found unfinished next time.
        let _ = thread.join();
    }
    served.map_err(|error| failed("serve", error))
}

/// Listens at an address, with room for many that come at the same moment: what the standard library does has room for
/// 128, and the others lose their connection.
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
        // Streams hear of it themselves, so that none of them holds the end up.
        let _ = told.wait_for(|stop| *stop).await;
        office.close();
        handle.stop(true).await;
    });
    ready();
    running.await
}
