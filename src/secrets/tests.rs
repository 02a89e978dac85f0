//! Sealing and opening, and that nothing shows a secret.

use std::collections::HashMap;
use std::fs;

use proptest::prelude::*;

use super::*;

const KEY: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";

fn with(variables: &[(&str, &str)], location: &str) -> Sealer {
    let variables: HashMap<String, OsString> = variables.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
    Sealer::with_environment(location.parse().unwrap(), move |name| variables.get(name).cloned())
}

fn sealer() -> Sealer {
    with(&[("KEY", KEY)], "env:KEY")
}

fn in_file(path: &std::path::Path) -> Sealer {
    Sealer::with_environment(KeyLocation::File(path.to_owned()), |_| None)
}

fn secret(text: &str) -> SecretString {
    SecretString::from(text)
}

fn opened(sealer: &Sealer, context: &str, stored: &str) -> Option<String> {
    sealer.reveal(context, stored).unwrap().map(|secret| secret.expose_secret().to_owned())
}

#[test]
fn what_was_sealed_opens_and_does_not_show() {
    let sealed = sealer().seal("c", &secret("hunter2")).unwrap();
    assert!(sealed.starts_with("sealed:v1:") && is_safe_to_store(&sealed));
    assert!(!sealed.contains("hunter2") && !sealed.contains(&hex::encode("hunter2")));
    assert_eq!(opened(&sealer(), "c", &sealed).as_deref(), Some("hunter2"));
}

#[test]
fn the_same_secret_sealed_again_is_the_same_text() {
    let one = sealer().seal("c", &secret("hunter2")).unwrap();
    assert_eq!(sealer().seal("c", &secret("hunter2")).unwrap(), one);
    assert_ne!(sealer().seal("d", &secret("hunter2")).unwrap(), one);
    assert_ne!(sealer().seal("c", &secret("hunter3")).unwrap(), one);
    // Also in years to come: what was sealed with this version must still open.
    assert_eq!(opened(&sealer(), "account a api_key", FIXED).as_deref(), Some("hunter2"));
    assert_eq!(sealer().seal("account a api_key", &secret("hunter2")).unwrap(), FIXED);
}

const FIXED: &str = "sealed:v1:6e124045de19acc8e241ed043b93ef90a991a9dd182c22262554298f38c34e1580b7184eefc73c116fd6b0f0fd4c7aeff09421";

#[test]
fn a_sealed_secret_does_not_open_elsewhere_changed_or_with_another_key() {
    let sealed = sealer().seal("c", &secret("hunter2")).unwrap();
    assert!(matches!(sealer().reveal("d", &sealed), Err(SecretError::Damaged)));
    let other = with(&[("KEY", &KEY.replace("00", "ff"))], "env:KEY");
    assert!(matches!(other.reveal("c", &sealed), Err(SecretError::OtherKey)));
    let bytes = hex::decode(&sealed[SEALED.len()..]).unwrap();
    for at in 0..bytes.len() {
        let mut changed = bytes.clone();
        changed[at] ^= 1;
        assert!(sealer().reveal("c", &format!("{SEALED}{}", hex::encode(&changed))).is_err(), "{at}");
        assert!(sealer().reveal("c", &format!("{SEALED}{}", hex::encode(&bytes[..at]))).is_err(), "{at}");
    }
    for damaged in ["sealed:", "sealed:v1:", "sealed:v1:zz", "sealed:v2:00", &format!("{sealed}0"), &format!("{sealed}00")] {
        assert!(matches!(sealer().reveal("c", damaged), Err(SecretError::Damaged)), "{damaged}");
    }
}

#[test]
fn nothing_stored_is_no_secret_and_a_secret_in_clear_is_not_used() {
    assert_eq!(opened(&sealer(), "c", ""), None);
    for clear in ["hunter2", "env:two words", "env:", "credential:../key", "Sealed:v1:00"] {
        let error = sealer().reveal("c", clear).unwrap_err();
        assert!(matches!(error, SecretError::InClear), "{clear}");
        assert!(!error.to_string().contains(clear), "{error}");
    }
}

#[test]
fn references_are_followed() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("api"), "hunter2\r\n").unwrap();
    fs::write(folder.path().join("empty"), "\n").unwrap();
    fs::write(folder.path().join("latin"), b"\xe6").unwrap();
    let sealer =
        with(&[("API", "hunter3"), ("EMPTY", ""), ("CREDENTIALS_DIRECTORY", folder.path().to_str().unwrap())], "file:/nowhere/key");
    assert_eq!(opened(&sealer, "c", "env:API").as_deref(), Some("hunter3"));
    assert_eq!(opened(&sealer, "c", "credential:api").as_deref(), Some("hunter2"));
    let error = |stored: &str| sealer.reveal("c", stored).unwrap_err().to_string();
    assert!(error("env:NONE").contains("the environment variable NONE is not set"));
    assert!(error("env:EMPTY").contains("the environment variable EMPTY is not set"));
    assert!(error("credential:none").contains("credential:none cannot be read from"));
    assert!(error("credential:empty").contains("is empty"));
    assert!(error("credential:latin").contains("no UTF-8"));
    assert!(with(&[], "env:X").reveal("c", "credential:api").unwrap_err().to_string().contains("CREDENTIALS_DIRECTORY"));
}

#[test]
fn the_key_comes_from_where_it_is() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("avling.key"), format!("{}\n", KEY.to_uppercase())).unwrap();
    let by_credential = with(&[("CREDENTIALS_DIRECTORY", folder.path().to_str().unwrap())], "credential:avling.key");
    assert_eq!(by_credential.seal("c", &secret("x")).unwrap(), sealer().seal("c", &secret("x")).unwrap());
    for (sealer, says) in [
        (with(&[("KEY", "hunter2")], "env:KEY"), "what is at env:KEY is no key"),
        (with(&[], "env:KEY"), "the environment variable KEY is not set"),
        (with(&[], "credential:k"), "CREDENTIALS_DIRECTORY"),
    ] {
        let error = sealer.seal("c", &secret("x")).unwrap_err().to_string();
        assert!(error.contains(says) && !error.contains("hunter2"), "{error}");
    }
}

#[test]
fn a_key_file_is_made_when_something_is_to_be_sealed_and_not_before() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("new/folder/avling.key");
    let sealer = in_file(&path);
    let sealed = self::sealer().seal("c", &secret("x")).unwrap();
    let error = sealer.reveal("c", &sealed).unwrap_err();
    assert!(matches!(error, SecretError::NoKey { .. }) && error.to_string().contains("bring it back from a backup"), "{error}");
    assert!(sealer.check().is_err() && sealer.key_is_to_be_made() && !path.exists());
    assert_eq!(opened(&sealer, "c", ""), None);
    assert!(!path.exists());

    let sealed = sealer.seal("c", &secret("hunter2")).unwrap();
    assert!(!sealer.key_is_to_be_made() && in_file(&path).check().is_ok());
    assert_eq!(opened(&in_file(&path), "c", &sealed).as_deref(), Some("hunter2"));
    let key = fs::read_to_string(&path).unwrap();
    assert_eq!((key.len(), hex::decode(key.trim()).unwrap().len()), (65, 32));
    assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1, "nothing is left over");
}

#[cfg(unix)]
#[test]
fn the_key_file_is_for_its_owner_only() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("avling.key");
    let sealed = in_file(&path).seal("c", &secret("x")).unwrap();
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o7777, 0o600);
    for (mode, fine) in [(0o644, false), (0o660, false), (0o602, false), (0o640, true), (0o400, true)] {
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        let revealed = in_file(&path).reveal("c", &sealed);
        match revealed {
            Ok(_) => assert!(fine, "{mode:o}"),
            Err(error) => assert!(!fine && error.to_string().contains("chmod 600"), "{mode:o} {error}"),
        }
    }
}

#[test]
fn of_many_who_make_the_key_at_once_all_have_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("avling.key");
    let barrier = std::sync::Barrier::new(8);
    let sealed: Vec<String> = std::thread::scope(|scope| {
        let one = || {
            let sealer = in_file(&path);
            barrier.wait();
            sealer.seal("c", &secret("hunter2")).unwrap()
        };
        let threads: Vec<_> = (0..8).map(|_| scope.spawn(one)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert!(sealed.iter().all(|text| *text == sealed[0]));
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn a_damaged_key_file_is_told_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("avling.key");
    for text in ["", "hunter2", &KEY[1..], &format!("{KEY}00")] {
        // Written over a made key, for its mode.
        let _ = fs::remove_file(&path);
        in_file(&path).seal("c", &secret("x")).unwrap();
        fs::write(&path, text).unwrap();
        let error = in_file(&path).seal("c", &secret("x")).unwrap_err().to_string();
        assert!(error.contains("is no key") && !error.contains("hunter2"), "{error}");
        assert_eq!(fs::read_to_string(&path).unwrap(), text);
    }
}

#[test]
fn nothing_secret_is_shown() {
    let sealer = with(&[("KEY", KEY)], "env:KEY");
    sealer.seal("c", &secret("hunter2")).unwrap();
    assert_eq!(format!("{sealer:?}"), "Sealer { location: Env(\"KEY\"), .. }");
    assert!("0123456789abcdef".parse::<KeyLocation>().unwrap_err().to_string().find("0123").is_none());
}

#[test]
fn locations_are_read_and_written() {
    for text in ["file:/etc/avling/avling.key", "file:avling.key", "env:AVLING_KEY", "credential:avling.key"] {
        assert_eq!(text.parse::<KeyLocation>().unwrap().to_string(), text);
    }
    for text in ["", "file:", "env:", "env:1A", "env:A B", "credential:", "credential:a/b", "credential:..", "avling.key", "http://x"] {
        assert!(text.parse::<KeyLocation>().is_err(), "{text}");
    }
}

#[test]
fn only_references_and_sealed_texts_are_safe_to_store() {
    for safe in ["", "env:KEY", "credential:avling.key"] {
        assert!(is_safe_to_store(safe), "{safe}");
    }
    for unsafe_ in ["hunter2", "env:", "env:a-b", "credential:", "credential:a/b", "sealed:v1:", "sealed:v1:00", "sealed:hunter2", " "] {
        assert!(!is_safe_to_store(unsafe_), "{unsafe_}");
    }
}

#[test]
fn no_two_accounts_and_columns_have_one_context() {
    let account = |id: &str| id.parse::<AccountId>().unwrap();
    assert_eq!(context(&account("a"), "api_key"), "account a api_key");
    assert_ne!(context(&account("a"), "api_key"), context(&account("a"), "requestor_id"));
}

proptest! {
    #[test]
    fn every_secret_comes_back(text in "\\PC{0,60}", context in "\\PC{0,20}") {
        let sealed = sealer().seal(&context, &secret(&text)).unwrap();
        prop_assert!(is_safe_to_store(&sealed));
        let opened = opened(&sealer(), &context, &sealed);
        prop_assert_eq!(opened.as_deref(), Some(text.as_str()));
    }

    #[test]
    fn whatever_is_stored_it_never_falls_over(stored in "(sealed:(v1:)?|env:|credential:)?[0-9a-f]{0,120}") {
        let _ = (sealer().reveal("c", &stored), is_safe_to_store(&stored));
    }
}
