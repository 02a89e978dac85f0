//! Tests of the archive, on real folders.

use super::*;
use std::io::Read as _;

fn record(account: &str) -> ReplyRecord {
    ReplyRecord {
        source: "idunn".parse().unwrap(),
        account: crate::model::AccountId::trusted(account),
        report: "TR".parse().unwrap(),
        release: "5.1".into(),
        begin: "2024-01".parse().ok(),
        end: "2024-03".parse().ok(),
        method: "GET".into(),
        url: "https://example.org/reports/tr?api_key=***".into(),
        request_headers: vec![],
        status: 200,
        headers: vec![("content-type".into(), "application/json".into())],
        fetched_at: "2025-01-20T03:30:00Z".parse().unwrap(),
        sha256: String::new(),
        bytes: 0,
        complete: true,
        problem: String::new(),
    }
}

fn archive() -> (tempfile::TempDir, Archive) {
    let folder = tempfile::tempdir().unwrap();
    let archive = Archive::open(&format!("file://{}/deep/archive", folder.path().display())).unwrap();
    (folder, archive)
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = vec![];
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { found.extend(files(&path)) } else { found.push(path) }
    }
    found.sort();
    found
}

async fn keep(archive: &Archive, body: &[u8], account: &str) -> Archived {
    let mut writer = archive.begin().await.unwrap();
    for part in body.chunks(100_000) {
        writer.write(part).await.unwrap();
    }
    assert_eq!(writer.size(), body.len() as u64);
    writer.finish(record(account)).await.unwrap()
}

fn noise(length: usize) -> Vec<u8> {
    let mut state = 1_u32;
    let next = |_| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    };
    (0..length).map(next).collect()
}

#[tokio::test]
async fn a_reply_comes_back_as_it_was_with_its_record() {
    let (_folder, archive) = archive();
    let body = noise(1_000_000);
    let kept = keep(&archive, &body, "bergen").await;
    assert_eq!(kept.sha256, hex::encode(<sha2::Sha256 as sha2::Digest>::digest(&body)));
    assert_eq!(kept.bytes, 1_000_000);
    assert_eq!(kept.record, format!("records/2025/01/20/20250120T033000Z-bergen-TR-{}.json", &kept.sha256[..8]));
    let mut back = vec![];
    archive.read(&kept.sha256).unwrap().read_to_end(&mut back).unwrap();
    assert!(back == body);
    let records: Vec<_> = archive.records().collect::<Result<_, _>>().unwrap();
    assert_eq!(records, [ReplyRecord { sha256: kept.sha256.clone(), bytes: 1_000_000, ..record("bergen") }]);
    assert!(archive.exists(&kept.sha256));
    assert!(files(&archive.root.join("tmp")).is_empty());
}

#[tokio::test]
async fn an_empty_reply_is_a_reply() {
    let (_folder, archive) = archive();
    let kept = keep(&archive, b"", "a").await;
    assert_eq!(kept.sha256, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    assert_eq!(archive.read(&kept.sha256).unwrap().read(&mut [0; 8]).unwrap(), 0);
}

#[tokio::test]
async fn the_same_body_is_kept_once_and_every_reply_has_its_record() {
    let (_folder, archive) = archive();
    let first = keep(&archive, b"{}", "a").await;
    let path = archive.body_path(&first.sha256).unwrap();
    let written = fs::metadata(&path).unwrap().modified().unwrap();
    let second = keep(&archive, b"{}", "a").await;
    keep(&archive, b"{}", "b").await;
    assert_eq!(fs::metadata(&path).unwrap().modified().unwrap(), written);
    assert_ne!(first.record, second.record);
    assert_eq!(archive.records().count(), 3);
    assert_eq!(files(&archive.root.join("replies")), [path]);
    assert!(files(&archive.root.join("tmp")).is_empty());
}

#[tokio::test]
async fn a_writer_that_is_dropped_leaves_nothing() {
    let (_folder, archive) = archive();
    let mut writer = archive.begin().await.unwrap();
    writer.write(&noise(700_000)).await.unwrap();
    assert_eq!(files(&archive.root).len(), 1);
    drop(writer);
    assert!(files(&archive.root).is_empty());
}

#[tokio::test]
async fn of_a_reply_that_is_cut_short_the_beginning_is_kept() {
    let (_folder, archive) = archive();
    let body = noise(900_000);
    let mut writer = archive.begin().await.unwrap();
    writer.write(&body).await.unwrap();
    writer.write(b"more").await.unwrap();
    writer.truncate(123_456).await.unwrap();
    assert_eq!(writer.size(), 123_456);
    let kept = writer.finish(record("a")).await.unwrap();
    let mut back = vec![];
    archive.read(&kept.sha256).unwrap().read_to_end(&mut back).unwrap();
    assert!(back == body[..123_456]);
    assert_eq!(kept.bytes, 123_456);
    assert_eq!(files(&archive.root).len(), 2);
}

#[tokio::test]
async fn ids_cannot_leave_their_folder() {
    let (_folder, archive) = archive();
    for account in ["../../../etc/passwd", "a/b\\c:d*e?", "..", "æøå", &"x".repeat(200)] {
        let kept = keep(&archive, b"[]", account).await;
        let name = kept.record.strip_prefix("records/2025/01/20/").unwrap();
        assert!(!name.contains(['/', '\\', ':', '*', '\0']) && name.len() < 200, "{name}");
        assert!(archive.root.join(&kept.record).is_file());
    }
    let mut accounts: Vec<_> = archive.records().flat_map(|r| r.map(|r| r.account.to_string())).collect();
    accounts.sort();
    assert_eq!(accounts.len(), 5);
    assert!(accounts.contains(&"../../../etc/passwd".to_owned()));
}

#[tokio::test]
async fn damage_is_an_error_at_the_end() {
    let (_folder, archive) = archive();
    let kept = keep(&archive, &noise(300_000), "a").await;
    let path = archive.body_path(&kept.sha256).unwrap();
    let other = zstd::encode_all(&b"something else"[..], 3).unwrap();
    let whole = fs::read(&path).unwrap();
    for damaged in [&other[..], &whole[..whole.len() / 2], b"not zstd", b""] {
        fs::write(&path, damaged).unwrap();
        let mut reader = archive.read(&kept.sha256).unwrap();
        let error = reader.read_to_end(&mut vec![]).unwrap_err();
        assert!(error.to_string().contains(&kept.sha256), "{error}");
        assert!(reader.read(&mut [0; 1]).is_err(), "it stays an error");
    }
}

#[tokio::test]
async fn a_damaged_record_does_not_hide_the_others() {
    let (_folder, archive) = archive();
    let first = keep(&archive, b"1", "a").await;
    keep(&archive, b"2", "b").await;
    fs::write(archive.root.join(&first.record), "{").unwrap();
    let records: Vec<_> = archive.records().collect();
    assert!(matches!(records[..], [Err(ArchiveError::Record { .. }), Ok(_)]), "{records:?}");
}

#[test]
fn what_is_no_hash_is_not_looked_for() {
    let (_folder, archive) = archive();
    for text in ["", "abc", "../../etc/passwd", &"A".repeat(64), &"é".repeat(32)] {
        assert!(matches!(archive.read(text), Err(ArchiveError::NotHash(_))), "{text}");
        assert!(!archive.exists(text));
    }
    assert!(matches!(archive.read(&"0".repeat(64)), Err(ArchiveError::Missing { .. })));
}

#[tokio::test]
async fn taking_a_reply_removes_old_leftovers_only() {
    let (_folder, archive) = archive();
    drop(archive.begin().await.unwrap());
    let (old, new) = (archive.root.join("tmp/reply-old.tmp"), archive.root.join("tmp/reply-new.tmp"));
    fs::write(&old, "x").unwrap();
    fs::write(&new, "x").unwrap();
    let past = fs::metadata(&new).unwrap().modified().unwrap() - Duration::from_hours(25);
    File::options().write(true).open(&old).unwrap().set_modified(past).unwrap();
    drop(archive.begin().await.unwrap());
    assert!(!old.exists() && new.exists());
}

#[test]
fn addresses_of_archives_are_understood_or_refused() {
    assert_eq!(path_of("file:///var/lib/a%20b").unwrap(), Path::new("/var/lib/a b"));
    assert_eq!(path_of("./data/archive").unwrap(), Path::new("./data/archive"));
    for url in ["", "s3://bucket/prefix", "file://host/path", "https://user:secret@example.org/"] {
        let error = path_of(url).unwrap_err().to_string();
        assert!(error.contains("archive.url") && !error.contains("secret"), "{error}");
    }
}

#[test]
fn a_full_disk_is_named_as_such() {
    // ENOSPC and EDQUOT, as Linux numbers them.
    for number in [28, 122] {
        let error = ArchiveError::io("writing", Path::new("/a/tmp/x"), io::Error::from_raw_os_error(number));
        assert!(matches!(error, ArchiveError::Full { .. }) && error.to_string().contains("/a/tmp/x"), "{error}");
    }
}
