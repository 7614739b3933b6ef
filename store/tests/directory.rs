//! What a store does with a directory that is not as it left it.

mod common;
#[path = "../../tests/common/skip.rs"]
mod skip;

use std::fs;
use std::path::Path;

use common::{Random, batch, copy, expect_run, inputs};
use theoremata_store::{Begin, RunId, Store, StoreError, StoreReader};

const SEED: u64 = 31;

fn fill(path: &Path) -> RunId {
    let store = Store::open(path).unwrap();
    let Begin::New(run) = store.begin(&inputs(), "{}", "").unwrap() else { panic!("new") };
    let (mut numbers, mut sequence) = (Vec::new(), 0);
    for cycle in 1..=3 {
        store.commit(&run, cycle, &batch(SEED, cycle, &mut numbers, &mut sequence)).unwrap();
    }
    run
}

/// The names and bytes of all files in a directory.
fn image(path: &Path) -> Vec<(String, Vec<u8>)> {
    let mut files = Vec::new();
    for entry in fs::read_dir(path).unwrap().flatten() {
        if entry.metadata().unwrap().is_dir() {
            files.extend(image(&entry.path()));
        } else {
            files.push((entry.path().display().to_string(), fs::read(entry.path()).unwrap()));
        }
    }
    files.sort();
    files
}

#[test]
fn an_unfinished_snapshot_is_removed_before_it_is_taken_for_one() {
    let home = tempfile::tempdir().unwrap();
    let run = fill(home.path());
    for content in ["", "half of a snapshot"] {
        let planted = home.path().join("sled/snap.00000000FFFFFFFF.generating");
        fs::write(&planted, content).unwrap();
        let bare = home.path().join("bare");
        // The engine by itself fails for ever: that is why we remove the file.
        copy(&home.path().join("sled"), &bare);
        assert!(sled::open(&bare).is_err());
        fs::remove_dir_all(&bare).unwrap();
        expect_run(&Store::open(home.path()).unwrap(), &run, SEED, 3);
        assert!(!planted.exists());
    }
}

#[test]
fn a_damaged_snapshot_is_set_aside() {
    let home = tempfile::tempdir().unwrap();
    let run = fill(home.path());
    fs::write(home.path().join("sled/snap.00000000FFFFFFFF"), "half of a snapshot").unwrap();
    expect_run(&Store::open(home.path()).unwrap(), &run, SEED, 3);
    assert!(home.path().join("sled/aside-snap.00000000FFFFFFFF").exists());
}

#[test]
fn a_directory_of_something_else_is_left_as_it_is() {
    let home = tempfile::tempdir().unwrap();
    fs::write(home.path().join("thesis.tex"), "x").unwrap();
    let before = image(home.path());
    let error = Store::open(home.path()).unwrap_err();
    assert!(matches!(error, StoreError::Foreign { .. }));
    assert!(error.to_string().contains("holds `thesis.tex`"), "{error}");
    assert_eq!(image(home.path()), before);

    let bare = home.path().join("bare");
    drop(sled::open(&bare).unwrap());
    let before = image(&bare);
    assert!(matches!(Store::open(&bare), Err(StoreError::Foreign { .. })));
    assert_eq!(image(&bare), before);

    let error = Store::open(&home.path().join("thesis.tex")).unwrap_err();
    assert!(error.to_string().contains("is a file, not a directory"), "{error}");
    let error = Store::open(&home.path().join("thesis.tex/store")).unwrap_err();
    assert!(error.to_string().contains("thesis.tex/store"), "{error}");
}

#[test]
fn a_directory_that_cannot_be_written_is_named() {
    // No user may create files there, root included.
    if !Path::new("/proc/self").exists() {
        skip::skipped("there is no /proc");
        return;
    }
    let error = Store::open(Path::new("/proc/theoremata")).unwrap_err();
    assert!(error.to_string().starts_with("cannot create the directory /proc/theoremata: "), "{error}");
}

#[test]
fn the_version_decides_before_anything_is_touched() {
    let home = tempfile::tempdir().unwrap();
    fill(home.path());
    let format = home.path().join("FORMAT");
    let good = fs::read_to_string(&format).unwrap();
    let refusal = |text: &str| {
        fs::write(&format, text).unwrap();
        let before = image(home.path());
        let error = Store::open(home.path()).unwrap_err();
        assert_eq!(image(home.path()), before);
        error
    };
    let newer = refusal(&good.replace("format 2", "format 3"));
    assert!(matches!(newer, StoreError::Version { found: 3, supported: 2, .. }));
    assert!(newer.to_string().contains("use a newer program"), "{newer}");
    assert!(matches!(refusal(&good.replace("format 2", "format 1")), StoreError::Version { found: 1, .. }));
    assert!(refusal(&good.replace("sled-0.34", "sled-1.0")).to_string().contains("another engine"));
    for nonsense in ["", "something\n", "theoremata-store\nformat x\n", "theoremata-store\n", "\u{0}\u{1}"] {
        assert!(matches!(refusal(nonsense), StoreError::Foreign { .. }), "{nonsense:?}");
    }
    fs::write(&format, [0xff, 0xfe]).unwrap();
    assert!(matches!(Store::open(home.path()), Err(StoreError::Foreign { .. })));
    fs::remove_file(&format).unwrap();
    assert!(matches!(Store::open(home.path()), Err(StoreError::Foreign { .. })));
    fs::write(&format, good).unwrap();
    Store::open(home.path()).unwrap();
}

#[test]
fn a_directory_is_open_once() {
    let home = tempfile::tempdir().unwrap();
    let store = Store::open(home.path()).unwrap();
    let error = Store::open(home.path()).unwrap_err();
    assert!(matches!(error, StoreError::InUse { .. }));
    assert!(error.to_string().contains(&format!("process {}", std::process::id())), "{error}");
    drop(store);
    Store::open(home.path()).unwrap();
}

#[test]
fn an_opening_that_was_cut_off_at_the_start_is_repeated() {
    let home = tempfile::tempdir().unwrap();
    fs::write(home.path().join("LOCK"), "process 1\n").unwrap();
    fs::write(home.path().join("FORMAT.new"), "theo").unwrap();
    fill(home.path());
}

#[test]
fn a_compaction_that_was_cut_off_leaves_the_old_or_the_new() {
    let home = tempfile::tempdir().unwrap();
    let run = fill(home.path());
    let path = |name: &str| home.path().join(name);
    // While copying.
    copy(&path("sled"), &path("sled.new"));
    fs::remove_file(path("sled.new/db")).unwrap();
    expect_run(&Store::open(home.path()).unwrap(), &run, SEED, 3);
    assert!(!path("sled.new").exists());
    // Between the two renames.
    copy(&path("sled"), &path("sled.new"));
    fs::rename(path("sled"), path("sled.old")).unwrap();
    expect_run(&Store::open(home.path()).unwrap(), &run, SEED, 3);
    // Before the old one was removed.
    copy(&path("sled"), &path("sled.old"));
    let store = Store::open(home.path()).unwrap().compact().unwrap();
    expect_run(&store, &run, SEED, 3);
    drop(store);
    expect_run(&Store::open(home.path()).unwrap(), &run, SEED, 3);
    assert!(!path("sled.old").exists() && !path("sled.new").exists());
}

#[test]
fn a_store_that_has_gone_back_is_refused_until_its_user_agrees() {
    let home = tempfile::tempdir().unwrap();
    let run = fill(home.path());
    let earlier = home.path().with_extension("earlier");
    copy(&home.path().join("sled"), &earlier);
    let store = Store::open(home.path()).unwrap();
    let (mut numbers, mut sequence) = common::state_after(SEED, 3);
    store.commit(&run, 4, &batch(SEED, 4, &mut numbers, &mut sequence)).unwrap();
    drop(store);
    fs::remove_dir_all(home.path().join("sled")).unwrap();
    fs::rename(&earlier, home.path().join("sled")).unwrap();
    let error = Store::open(home.path()).unwrap_err();
    assert!(error.to_string().contains("cycle 4 was committed, and now it stands at cycle 3"), "{error}");
    fs::remove_file(home.path().join("COMMITTED")).unwrap();
    let store = Store::open(home.path()).unwrap();
    let flaws = store.verify().unwrap().flaws;
    assert!(matches!(&flaws[..], [flaw] if flaw.what.contains("COMMITTED cannot be read")), "{flaws:?}");
    // Going back on purpose and removing are no loss.
    store.reopen(&run, 2).unwrap();
    drop(store);
    let store = Store::open(home.path()).unwrap();
    expect_run(&store, &run, SEED, 2);
    store.remove(&run).unwrap();
    drop(store);
    assert_eq!(Store::open(home.path()).unwrap().runs().unwrap(), []);
}

/// All files below a directory with their bytes and the time of their last change.
fn everything(path: &Path) -> Vec<(std::path::PathBuf, Vec<u8>, std::time::SystemTime)> {
    let mut files = Vec::new();
    for entry in fs::read_dir(path).unwrap().flatten() {
        match entry.file_type().unwrap().is_dir() {
            true => files.extend(everything(&entry.path())),
            false => {
                let changed = entry.metadata().unwrap().modified().unwrap();
                files.push((entry.path(), fs::read(entry.path()).unwrap(), changed));
            }
        }
    }
    files.sort();
    files
}

#[test]
fn readers_change_nothing_and_do_not_disturb_each_other() {
    let home = tempfile::tempdir().unwrap();
    let run = fill(home.path());
    let before = everything(home.path());
    let one = StoreReader::open(home.path()).unwrap();
    let other = StoreReader::open(home.path()).unwrap();
    for reader in [&one, &other] {
        assert_eq!(reader.verify().unwrap().flaws, []);
        assert_eq!(reader.run(&run).unwrap().unwrap().committed, 3);
        assert!(!reader.theorems(&run).unwrap().is_empty());
    }
    drop(one);
    assert!(everything(home.path()) == before, "a reader changed a file");
    // A writer does not wait for those who have their copy, and others have theirs of what it has written.
    let store = Store::open(home.path()).unwrap();
    let committed = || StoreReader::open(home.path()).unwrap().run(&run).unwrap().unwrap().committed;
    assert_eq!(committed(), 3);
    store.reopen(&run, 2).unwrap();
    assert_eq!(committed(), 2);
    drop(store);
    assert_eq!(other.run(&run).unwrap().unwrap().committed, 3);
    assert_eq!(StoreReader::open(home.path()).unwrap().run(&run).unwrap().unwrap().committed, 2);
    let nothing = tempfile::tempdir().unwrap();
    assert!(matches!(StoreReader::open(nothing.path()), Err(StoreError::Foreign { .. })));
    assert_eq!(everything(nothing.path()).len(), 0);
}

#[test]
fn a_damaged_or_missing_record_of_what_was_committed_is_told() {
    let home = tempfile::tempdir().unwrap();
    let run = fill(home.path());
    let file = home.path().join("COMMITTED");
    let good = fs::read(&file).unwrap();
    let flaws = || StoreReader::open(home.path()).unwrap().verify().unwrap().flaws;
    assert_eq!(flaws(), []);
    for at in 0..good.len() {
        let mut bytes = good.clone();
        bytes[at] ^= 4;
        fs::write(&file, bytes).unwrap();
        match StoreReader::open(home.path()).and_then(|reader| reader.verify()) {
            Ok(report) => assert!(report.flaws[0].what.contains("COMMITTED"), "byte {at}: {:?}", report.flaws),
            Err(error) => panic!("byte {at}: {error}"),
        }
    }
    fs::remove_file(&file).unwrap();
    assert!(flaws()[0].what.contains("COMMITTED"));
    // Whoever writes makes it anew, and a store that is empty has nothing to lose.
    let store = Store::open(home.path()).unwrap();
    assert_eq!(store.verify().unwrap().flaws.len(), 1);
    store.reopen(&run, 3).unwrap();
    drop(store);
    assert_eq!(flaws(), []);
    let empty = tempfile::tempdir().unwrap();
    drop(Store::open(empty.path()).unwrap());
    assert!(empty.path().join("COMMITTED").exists());
    assert_eq!(StoreReader::open(empty.path()).unwrap().verify().unwrap().flaws, []);
}

#[test]
fn damage_of_the_engine_s_files_is_an_error_or_a_flaw() {
    let home = tempfile::tempdir().unwrap();
    let run = fill(home.path());
    let good = home.path().with_extension("good");
    copy(home.path(), &good);
    let mut random = Random(5);
    let mut lost = 0;
    // The engine reports its own panics on the standard error output as well; they are expected.
    for _ in 0..30 {
        fs::remove_dir_all(home.path()).unwrap();
        copy(&good, home.path());
        let file = home.path().join("sled/db");
        let mut bytes = fs::read(&file).unwrap();
        let used = bytes.iter().rposition(|byte| *byte != 0).unwrap() as u64 + 1;
        for _ in 0..1 + random.below(4) {
            bytes[random.below(used) as usize] ^= 1 << random.below(8);
        }
        fs::write(&file, bytes).unwrap();
        match Store::open(home.path()) {
            // The damage lies where nothing is read any more, or in a record.
            Ok(store) => {
                if store.verify().is_ok_and(|report| report.flaws.is_empty()) {
                    expect_run(&store, &run, SEED, 3);
                }
            }
            Err(StoreError::Damaged { why, .. }) => {
                assert!(why.contains("cycle 3 was committed"), "{why}");
                lost += 1;
            }
            Err(error) => assert!(matches!(error, StoreError::Disk(_)), "{error}"),
        }
    }
    // The engine goes back without a word in most cases; were it otherwise, COMMITTED could go.
    assert!(lost > 0);
    fs::remove_dir_all(&good).unwrap();
}
