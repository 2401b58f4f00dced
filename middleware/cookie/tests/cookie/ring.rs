//! The key ring: rotation, reloading, and files that are no keys.

use std::{fs, os::unix::fs::PermissionsExt as _, path::PathBuf};

use enfilade_cookie::{ConfigError, Jar, Key, KeyRing, Unopened};

use crate::{jar, lines, pair, request, set_by};

/// A folder for one test, removed with it.
struct Folder(PathBuf);

impl Folder {
    fn new(test: &str) -> Self {
        let path = std::env::temp_dir().join(format!("enfilade-cookie-{test}-{}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn file(&self, name: &str, content: impl AsRef<[u8]>, mode: u32) -> PathBuf {
        let path = self.0.join(name);
        fs::write(&path, content).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

const ONE: &str = "YWJjZGVmZ2hpamtsbW5vcHFyc3R1dnd4eXowMTIzNDU=\n";
const TWO: &str = "6162636465666768696a6b6c6d6e6f707172737475767778797a303132333436\n";

fn sealed(ring: &KeyRing) -> String {
    let lines = set_by(&[], |jar| jar.private(ring, "test").add("__Host-a", "value"));
    pair(&lines[0]).to_owned()
}

fn opens(ring: &KeyRing, cookie: &str) -> Result<(), Unopened> {
    jar(&[cookie])
        .private(ring, "test")
        .open("__Host-a")
        .map(|opened| assert_eq!(opened.text(), Some("value")))
}

#[test]
fn nobody_is_logged_out_by_a_rotation() {
    let ring = KeyRing::generate();
    let before = sealed(&ring);
    ring.rotate(Key::generate());

    let (jar, emit) = Jar::enter(&mut request(&[&before]));
    assert_eq!(jar.private(&ring, "test").get("__Host-a").unwrap().text(), Some("value"));
    let again = lines(emit.unwrap());
    assert_eq!(again.len(), 1, "sealed again under the first key");
    assert!(again[0].ends_with("; Path=/; Secure; HttpOnly; SameSite=Lax"));

    let (jar, emit) = Jar::enter(&mut request(&[pair(&again[0])]));
    assert!(jar.private(&ring, "test").get("__Host-a").is_some());
    assert!(lines(emit.unwrap()).is_empty(), "the first key's seal stays as it is");
}

#[test]
fn what_is_sealed_again_never_beats_what_the_app_says() {
    let ring = KeyRing::generate();
    let before = sealed(&ring);
    ring.rotate(Key::generate());
    let read = |jar: &Jar| assert!(jar.private(&ring, "test").get("__Host-a").is_some());
    let orders: [&dyn Fn(&Jar); 2] = [
        &|jar| {
            jar.private(&ring, "test").remove("__Host-a").unwrap();
            read(jar);
        },
        &|jar| {
            read(jar);
            jar.private(&ring, "test").remove("__Host-a").unwrap();
        },
    ];
    for order in orders {
        let set = set_by(&[&before], |jar| {
            order(jar);
            Ok(())
        });
        assert!(set.len() == 1 && set[0].contains("Max-Age=0"), "{set:?}");
    }
    let set = set_by(&[&before], |jar| {
        assert!(jar.private(&ring, "test").without_resealing().get("__Host-a").is_some());
        Ok(())
    });
    assert!(set.is_empty());
}

#[test]
fn a_retired_key_opens_nothing() {
    let ring = KeyRing::generate();
    let before = sealed(&ring);
    ring.replace([Key::generate()]).unwrap();
    assert_eq!(opens(&ring, &before), Err(Unopened::KeyUnknown));
}

#[test]
fn a_ring_keeps_its_newest_sixteen_keys() {
    let ring = KeyRing::generate();
    let first = sealed(&ring);
    for _ in 0..15 {
        ring.rotate(Key::generate());
    }
    assert_eq!((ring.len(), opens(&ring, &first)), (16, Ok(())));
    ring.rotate(Key::generate());
    assert_eq!((ring.len(), opens(&ring, &first)), (16, Err(Unopened::KeyUnknown)));
}

#[test]
fn rotating_to_a_key_that_is_there_moves_it_to_the_front() {
    let (old, new) = (Key::generate(), Key::generate());
    let ring = KeyRing::new([new.clone(), old.clone()]).unwrap();
    let by_new = sealed(&ring);
    ring.rotate(old);
    assert_eq!((ring.len(), opens(&ring, &by_new)), (2, Ok(())));
}

#[test]
fn every_clone_sees_a_reload_and_a_bad_file_changes_nothing() {
    let folder = Folder::new("reload");
    let (one, two) = (folder.file("one", ONE, 0o600), folder.file("two", TWO, 0o640));
    let ring = KeyRing::from_files([&one, &two]).unwrap();
    let clone = ring.clone();
    let before = sealed(&ring);

    folder.file("one", "not a key at all, but a pass phrase", 0o600);
    assert!(matches!(ring.reload(), Err(ConfigError::Key { .. })));
    assert_eq!(opens(&clone, &before), Ok(()));

    folder.file("one", TWO, 0o600);
    folder.file("two", ONE, 0o600);
    ring.reload().unwrap();
    assert_eq!(opens(&clone, &before), Ok(()));
    assert_ne!(sealed(&clone).get(..20), before.get(..20), "another key seals now");
    assert!(matches!(KeyRing::generate().reload(), Err(ConfigError::NotFromFiles)));
}

#[test]
fn a_file_that_others_can_read_or_change_is_refused() {
    let folder = Folder::new("modes");
    for mode in [0o600, 0o400, 0o640, 0o440] {
        KeyRing::from_files([folder.file("key", ONE, mode)]).unwrap();
    }
    for mode in [0o644, 0o604, 0o660, 0o602, 0o666, 0o620] {
        let path = folder.file("key", ONE, mode);
        let error = KeyRing::from_files([&path]).unwrap_err();
        assert!(matches!(error, ConfigError::KeyFileMode { .. }), "{mode:o}: {error}");
        assert!(error.to_string().contains("chmod 600"));
        KeyRing::insecure_from_files([&path]).unwrap();
    }
}

#[test]
fn what_is_no_key_file_stops_the_load() {
    let folder = Folder::new("faults");
    let missing = folder.0.join("missing");
    assert!(matches!(KeyRing::from_files([&missing]), Err(ConfigError::KeyFile { .. })));
    assert!(matches!(KeyRing::from_files([&folder.0]), Err(ConfigError::KeyFileKind { .. })));
    assert!(matches!(KeyRing::from_files([] as [&str; 0]), Err(ConfigError::NoKeys)));
    for content in ["", "c2hvcnQ=", "hunter2 hunter2 hunter2 hunter2 hunter2", &"00".repeat(32)] {
        let path = folder.file("bad", content, 0o600);
        let error = KeyRing::from_files([&path]).unwrap_err();
        let told = error.to_string();
        assert!(told.contains("bad") && told.contains("make one with"), "{told}");
        assert!(!told.contains("hunter2"));
    }
    let path = folder.file("huge", vec![7; 1 << 20], 0o600);
    assert!(matches!(KeyRing::from_files([&path]), Err(ConfigError::Key { .. })));
    let one = folder.file("one", ONE, 0o600);
    assert!(matches!(KeyRing::from_files([&one, &one]), Err(ConfigError::KeyRepeated)));
}

#[test]
fn a_ring_shows_no_secret() {
    let secret = b"abcdefghijklmnopqrstuvwxyz012345";
    let ring = KeyRing::new([Key::from_bytes(secret).unwrap()]).unwrap();
    let shown = format!("{ring:?} {:?}", jar(&[&sealed(&ring)]).private(&ring, "test").get("__Host-a"));
    assert!(!shown.contains("abcdef") && !shown.contains("97, 98") && !shown.contains("value"), "{shown}");
}
