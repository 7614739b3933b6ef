//! Request bodies, read completely, within limits of size and time.

use std::io::{Cursor, Read as _};
use std::time::Duration;

use actix_multipart::{Field, Multipart};
use actix_web::http::header::{self, HeaderMap};
use actix_web::web::{BytesMut, Payload};
use futures_util::StreamExt;
use serde_json::Value;

use super::problem::Problem;
use super::request::{FileText, JobRequest};

/// Maximal size of a body in bytes.
pub(crate) const MOST_BYTES: usize = 8 << 20;
/// Maximal number of entries in a zip file.
const MOST_ENTRIES: usize = 2_000;
/// Timeout for reading a body.
const PATIENCE: Duration = Duration::from_secs(30);

/// Reads the whole body.
///
/// # Errors
/// If it is too large, takes too long, or ends early.
pub(crate) async fn body(mut payload: Payload) -> Result<BytesMut, Problem> {
    in_time(async {
        let mut bytes = BytesMut::new();
        while let Some(chunk) = payload.next().await {
            let chunk = chunk.map_err(|error| Problem::malformed(format!("the body: {error}")))?;
            grow(&mut bytes, &chunk)?;
        }
        Ok(bytes)
    })
    .await
}

fn grow(bytes: &mut BytesMut, chunk: &[u8]) -> Result<(), Problem> {
    if bytes.len() + chunk.len() > MOST_BYTES {
        return Err(too_large());
    }
    bytes.extend_from_slice(chunk);
    Ok(())
}

fn too_large() -> Problem {
    Problem::new(413, "too-large", format!("a body may have {MOST_BYTES} bytes"))
}

async fn in_time<T>(work: impl Future<Output = Result<T, Problem>>) -> Result<T, Problem> {
    let late = || Problem::new(408, "too-slow", format!("a body may take {} s", PATIENCE.as_secs()));
    tokio::time::timeout(PATIENCE, work).await.map_err(|_| late())?
}

/// Parses a request, from JSON or a multipart form.
///
/// # Errors
/// If the body is neither, or malformed.
pub(crate) async fn job(headers: &HeaderMap, payload: Payload) -> Result<JobRequest, Problem> {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    match kind.split(';').next().unwrap_or_default().trim() {
        "application/json" => JobRequest::read(&body(payload).await?),
        "multipart/form-data" => in_time(parts(Multipart::new(headers, payload))).await,
        other => {
            let other = if other.is_empty() { "nothing" } else { other };
            let why =
                format!("a job is `application/json` or `multipart/form-data`, and the content type says {other}");
            Err(Problem::new(415, "unsupported-media-type", why))
        }
    }
}

/// A request from the parts of a form: files named `file`, the main one first, or a zip of a folder of definition
/// files; and fields as in JSON, with one `goal` per goal.
async fn parts(mut form: Multipart) -> Result<JobRequest, Problem> {
    let broken = |error: actix_multipart::MultipartError| Problem::malformed(format!("the form: {error}"));
    let mut request = serde_json::Map::new();
    let (mut files, mut goals, mut size) = (Vec::new(), Vec::new(), 0);
    while let Some(field) = form.next().await {
        let mut field = field.map_err(broken)?;
        let name = field.name().unwrap_or_default().to_owned();
        let file = field.content_disposition().and_then(|about| about.get_filename()).map(str::to_owned);
        let bytes = whole(&mut field, &mut size).await?;
        if let ("file", Some(name)) = (&*name, &file)
            && name.to_ascii_lowercase().ends_with(".zip")
        {
            files.extend(unpacked(name, bytes)?);
            continue;
        }
        let text = String::from_utf8(bytes).map_err(|_| Problem::malformed("a part of the form is not UTF-8"))?;
        match (&*name, file) {
            ("file", Some(name)) => files.push(FileText { name, text }),
            ("file", None) => return Err(Problem::malformed("the part `file` has no file name")),
            ("goal", _) => goals.push(Value::String(text)),
            ("kind" | "source" | "run", _) => drop(request.insert(name, Value::String(text))),
            ("options" | "budget" | "metadata" | "priority" | "webhook", _) => {
                let value = serde_json::from_str(&text)
                    .map_err(|error| Problem::malformed(format!("the part `{name}` is no JSON: {error}")))?;
                request.insert(name, value);
            }
            _ => {
                let known = "file, goal, kind, source, run, options, budget, metadata, priority and webhook";
                return Err(Problem::malformed(format!("the part `{name}` is not known; there are {known}")));
            }
        }
    }
    request.insert("goals".to_owned(), goals.into());
    request.insert("files".to_owned(), serde_json::to_value(files).expect("plain data"));
    JobRequest::read(Value::Object(request).to_string().as_bytes())
}

async fn whole(field: &mut Field, size: &mut usize) -> Result<Vec<u8>, Problem> {
    let mut bytes = Vec::new();
    while let Some(chunk) = field.next().await {
        let chunk = chunk.map_err(|error| Problem::malformed(format!("the form: {error}")))?;
        *size += chunk.len();
        if *size > MOST_BYTES {
            return Err(too_large());
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}

/// The definition files of a zipped folder, its configuration first. The unpacked size is limited like a body, whatever
/// the zip declares.
fn unpacked(name: &str, bytes: Vec<u8>) -> Result<Vec<FileText>, Problem> {
    let broken = |why: String| Problem::malformed(format!("the file {name}: {why}"));
    let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).map_err(|error| broken(error.to_string()))?;
    if archive.len() > MOST_ENTRIES {
        return Err(broken(format!("it has more than {MOST_ENTRIES} entries")));
    }
    let (mut files, mut left) = (Vec::new(), MOST_BYTES as u64);
    for place in 0..archive.len() {
        let mut entry = archive.by_index(place).map_err(|error| broken(error.to_string()))?;
        // Folders are ignored: definitions are identified by file names.
        let path = entry.name().map_err(|error| broken(error.to_string()))?.into_owned();
        let file = path.rsplit('/').next().unwrap_or_default().to_owned();
        let wanted = [".txt", ".mpl", ".json"].iter().any(|end| file.ends_with(end));
        if !wanted || file.starts_with('.') {
            continue;
        }
        let mut text = String::new();
        let read = entry.by_ref().take(left + 1).read_to_string(&mut text);
        let read = read.map_err(|error| broken(format!("{path}: {error}")))? as u64;
        left = left.checked_sub(read).ok_or_else(too_large)?;
        files.push(FileText { name: file, text });
    }
    files.sort_by_key(|file| (!file.name.ends_with(".json"), file.name.clone()));
    match files.iter().filter(|file| file.name.ends_with(".json")).count() {
        1 => Ok(files),
        count => Err(broken(format!("it has {count} JSON configurations, and one is needed"))),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    fn packed(files: &[(&str, &[u8])]) -> Vec<u8> {
        let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
        for (name, bytes) in files {
            writer.start_file(*name, zip::write::SimpleFileOptions::default()).expect("begun");
            writer.write_all(bytes).expect("written");
        }
        writer.finish().expect("finished").into_inner()
    }

    #[test]
    fn a_folder_is_unpacked_within_its_bounds() {
        let files: &[(&str, &[u8])] =
            &[("d/b.txt", b"b"), ("d/.hidden.txt", b"x"), ("../../c.json", b"{}"), ("d/read.me", b"x")];
        let unpacked = |files| super::unpacked("a.zip", packed(files));
        let names = |files: Vec<FileText>| files.into_iter().map(|file| file.name).collect::<Vec<_>>();
        assert_eq!(names(unpacked(files).expect("unpacked")), ["c.json", "b.txt"]);
        assert!(unpacked(&[("a.txt", b"a")]).expect_err("no configuration").detail().contains("0 JSON"));
        let zeros = vec![b'0'; MOST_BYTES];
        let bomb = packed(&[("a.json", &zeros), ("b.txt", &zeros)]);
        assert!(bomb.len() < MOST_BYTES / 100);
        assert_eq!(super::unpacked("a.zip", bomb).expect_err("too large").status(), 413);
        assert_eq!(super::unpacked("a.zip", b"PK no zip".to_vec()).expect_err("broken").status(), 400);
    }
}
