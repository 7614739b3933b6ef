//! Webhooks: signed notifications of ended jobs, with retries; failed deliveries are kept.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use actix_web::web::{self, Data, Path, Query};
use actix_web::{HttpRequest, HttpResponse};
use hmac::{Hmac, Mac};
use serde::{Deserialize, Serialize};
use serde_json::json;
use sha2::Sha256;
use utoipa::{IntoParams, ToSchema};

use super::api::{only, own};
use super::job::{Job, JobView};
use super::office::Office;
use super::problem::Problem;
use super::state::{Server, caller};

/// Maximal number of delivery attempts.
const TRIES: u32 = 5;
/// Factor by which the delay grows after each attempt.
const LONGER: u32 = 5;
/// Upper bound on delays.
const LONGEST: Duration = Duration::from_secs(86_400);
/// Timeout of a delivery.
const PATIENCE: Duration = Duration::from_secs(10);
/// Minimal and maximal size of a secret in bytes.
const SECRET: (usize, usize) = (16, 512);
/// Maximal number of deliveries in a list.
const MOST: usize = 200;

/// Whom to notify when the job has ended.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Webhook {
    /// The URL; the operator restricts the hosts.
    pub(crate) url: String,
    /// Key of the signature: 16 to 512 bytes. Stored with the job and never shown.
    pub(crate) secret: String,
}

/// The status of a delivery.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Arrival {
    /// It will be attempted, or retried.
    Waiting,
    /// The receiver has accepted it.
    Delivered,
    /// All attempts failed.
    Dead,
}

/// The state of a delivery.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct Delivery {
    pub(crate) url: String,
    pub(crate) state: Arrival,
    /// Number of attempts.
    pub(crate) attempts: u32,
    /// Why the last attempt failed.
    pub(crate) error: Option<String>,
}

/// Allowed receivers, and the delay of retries.
#[derive(Clone, Debug)]
pub(crate) struct Receivers {
    /// Hosts, with a port unless it is the default.
    pub(crate) hosts: Vec<String>,
    /// Delay between the first and the second attempt.
    pub(crate) wait: Duration,
}

impl Receivers {
    /// Validates the webhook of a request.
    ///
    /// # Errors
    /// If the URL is malformed, its host is not allowed, or the secret is too short or too long.
    pub(crate) fn admit(&self, webhook: &Webhook) -> Result<(), Problem> {
        let wrong = |why: String| Problem::malformed(format!("`webhook`: {why}")).saying("field", "webhook");
        if !(SECRET.0..=SECRET.1).contains(&webhook.secret.len()) {
            return Err(wrong(format!("`secret` has {} to {} bytes", SECRET.0, SECRET.1)));
        }
        let url: actix_web::http::Uri =
            webhook.url.parse().map_err(|error| wrong(format!("`url` is no address: {error}")))?;
        let authority = url.authority().map(|authority| authority.as_str()).unwrap_or_default();
        if !matches!(url.scheme_str(), Some("http" | "https")) || authority.is_empty() || authority.contains('@') {
            return Err(wrong("`url` begins with http:// or https:// and a host".to_owned()));
        }
        if !self.hosts.iter().any(|host| host.eq_ignore_ascii_case(authority)) {
            return Err(wrong(format!(
                "this server calls no host {authority}; its operator names those that it may call: `serve --webhook-host`"
            )));
        }
        Ok(())
    }

    /// The delay after this many attempts.
    fn wait(&self, attempts: u32) -> Duration {
        self.wait.saturating_mul(LONGER.saturating_pow(attempts.saturating_sub(1)))
    }
}

/// Delivers notifications until the office closes.
pub(crate) fn send_all(office: &Office) {
    let mut next: HashMap<String, Instant> = HashMap::new();
    while !office.means.is_closing() {
        let now = Instant::now();
        let waiting = office.undelivered();
        next.retain(|id, _| waiting.iter().any(|job| job.id == *id));
        let due = waiting.iter().find(|job| next.get(&job.id).is_none_or(|due| *due <= now));
        let Some(job) = due else {
            let soon = next.values().map(|due| due.saturating_duration_since(now)).min();
            office.rest(soon.unwrap_or(Duration::from_secs(3600)), waiting.len());
            continue;
        };
        let Some(delivery) = &job.delivery else { continue };
        let sent = office.webhook(&job.id).and_then(|webhook| send(&webhook, job));
        let attempts = delivery.attempts + 1;
        let (state, error) = match sent {
            Ok(()) => (Arrival::Delivered, None),
            Err(error) if attempts >= TRIES => (Arrival::Dead, Some(error)),
            Err(error) => (Arrival::Waiting, Some(error)),
        };
        let wait = office.means.limits.receivers.wait(attempts).min(LONGEST);
        next.insert(job.id.clone(), Instant::now() + wait);
        let delivery = Delivery { url: delivery.url.clone(), state, attempts, error };
        // If the disk fails, the notification is repeated after a restart.
        let _ = office.told(&job.id, delivery);
    }
}

/// Makes one delivery attempt.
fn send(webhook: &Webhook, job: &Job) -> Result<(), String> {
    let body = json!({ "event": "job.ended", "job": job.view() }).to_string();
    let config = ureq::Agent::config_builder()
        .timeout_global(Some(PATIENCE))
        .max_redirects(0)
        .http_status_as_error(false)
        .proxy(None)
        .build();
    let answer = ureq::Agent::new_with_config(config)
        .post(&webhook.url)
        .header("Content-Type", "application/json")
        .header("X-Theoremata-Job", &job.id)
        .header("X-Theoremata-Signature", signature(&webhook.secret, body.as_bytes()))
        .send(body);
    match answer {
        Ok(answer) if answer.status().is_success() => Ok(()),
        Ok(answer) => Err(format!("the receiver answered {}", answer.status())),
        Err(error) => Err(error.to_string()),
    }
}

/// `sha256=` and the hexadecimal HMAC-SHA256 of the body.
fn signature(secret: &str, body: &[u8]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("a key of any length");
    mac.update(body);
    let hexadecimal: String = mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
    format!("sha256={hexadecimal}")
}

/// Query of a list of deliveries.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct Filter {
    /// Only deliveries in this state; `dead` means that all attempts failed.
    state: Option<Arrival>,
}

/// Deliveries, those of the newest jobs first.
#[derive(Serialize, ToSchema)]
pub(crate) struct Deliveries {
    deliveries: Vec<Listed>,
}

#[derive(Serialize, ToSchema)]
struct Listed {
    job: String,
    #[serde(flatten)]
    delivery: Delivery,
}

/// Lists webhook deliveries: at most 200.
#[utoipa::path(get, path = "/v1/webhooks", tag = "jobs", params(Filter), responses(
    (status = 200, body = Deliveries), (status = 400, description = "The query is wrong."),
))]
pub(crate) async fn list(server: Data<Server>, request: HttpRequest, filter: Query<Filter>) -> HttpResponse {
    let owner = caller(&request);
    let wanted = |job: &Job| {
        let state = job.delivery.as_ref().filter(|_| job.state.is_ended()).map(|delivery| delivery.state);
        server.may_see(&owner, job) && state.is_some_and(|state| filter.state.is_none_or(|wanted| wanted == state))
    };
    let jobs = server.office.list(None, MOST, wanted);
    let listed = |job: Job| job.delivery.map(|delivery| Listed { job: job.id, delivery });
    HttpResponse::Ok().json(Deliveries { deliveries: jobs.into_iter().filter_map(listed).collect() })
}

/// Restarts the delivery of an ended job's notification.
#[utoipa::path(post, path = "/v1/jobs/{id}/webhook", tag = "jobs", params(("id" = String, Path)), responses(
    (status = 202, description = "It is sent again.", body = JobView),
    (status = 404, description = "There is no such job."),
    (status = 409, description = "The job has not ended, or tells nobody."),
))]
pub(crate) async fn again(
    server: Data<Server>,
    request: HttpRequest,
    id: Path<String>,
) -> Result<HttpResponse, Problem> {
    let job = own(&server, &request, &id)?;
    let Some(delivery) = job.delivery.filter(|_| job.state.is_ended()) else {
        return Err(Problem::new(409, "no-webhook", "the job has not ended, or was asked to tell nobody"));
    };
    let office = Arc::clone(&server.office);
    let id = job.id;
    let job = server.deep(move || {
        office.told(&id, Delivery { state: Arrival::Waiting, attempts: 0, error: None, ..delivery })?;
        office.find(&id).ok_or_else(|| Problem::not_found(format!("there is no job {id}")))
    });
    Ok(HttpResponse::Accepted().json(job.await?.view()))
}

pub(crate) fn routes(config: &mut web::ServiceConfig) {
    let at = |path: &str, allowed: &'static str| web::resource(path).default_service(only(allowed));
    config
        .service(at("/v1/webhooks", "GET").route(web::get().to(list)))
        .service(at("/v1/jobs/{id}/webhook", "POST").route(web::post().to(again)));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_signed_as_rfc_4231_says() {
        let signed = signature("Jefe", b"what do ya want for nothing?");
        assert_eq!(signed, "sha256=5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    }

    #[test]
    fn only_named_hosts_are_told() {
        let receivers = Receivers { hosts: vec!["example.org".to_owned()], wait: Duration::from_secs(2) };
        let admit =
            |url: &str, secret: &str| receivers.admit(&Webhook { url: url.to_owned(), secret: secret.to_owned() });
        let secret = "0123456789abcdef";
        assert!(admit("https://Example.org/hook?x=1", secret).is_ok());
        for url in [
            "https://example.org:81/",
            "ftp://example.org/",
            "https://example.org@evil.org/",
            "http://evil.org/",
            "/x",
            "http://example.org@/",
        ] {
            assert!(admit(url, secret).is_err(), "{url}");
        }
        assert!(admit("https://example.org/", "short").is_err());
        assert_eq!([1, 2, 4].map(|attempts| receivers.wait(attempts).as_secs()), [2, 10, 250]);
    }
}
