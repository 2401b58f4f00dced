//! What can be read from PEM files, and what stops the load.

use enfilade_server::tls::{Tls, TlsError};
use rcgen::{CertificateParams, KeyPair, PKCS_RSA_SHA256, RsaKeySize};

use crate::pki::{Client, Folder, issue, server, shown};

#[tokio::test(start_paused = true)]
async fn keys_in_each_of_the_three_usual_forms_are_read() {
    let folder = Folder::new();
    let elliptic = KeyPair::generate().unwrap();
    let rsa = KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_2048).unwrap();
    for (key, label, der) in [
        (&elliptic, "PRIVATE KEY", elliptic.serialized_der().to_vec()),
        (&elliptic, "EC PRIVATE KEY", inner(elliptic.serialized_der())),
        (&rsa, "PRIVATE KEY", rsa.serialized_der().to_vec()),
        (&rsa, "RSA PRIVATE KEY", inner(rsa.serialized_der())),
    ] {
        let params = CertificateParams::new(["shop.example".to_owned()]).unwrap();
        let certificate = folder.write("one.pem", params.self_signed(key).unwrap().pem());
        let key = folder.write("one.key", pem(label, &der));
        let tls = Tls::open(certificate, key).unwrap_or_else(|error| panic!("{label}: {error}"));
        let stream = Client::new(&[]).connect(&server(tls), Some("shop.example")).await.unwrap();
        assert_eq!(shown(&stream), ["shop.example"], "{label}");
    }
}

#[test]
fn what_cannot_be_shown_stops_the_load_and_names_the_file() {
    let folder = Folder::new();
    let (certificate, key) = issue(&["shop.example"]);
    let (_, other) = issue(&["shop.example"]);
    let encrypted = "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n";
    let garbled = certificate.replacen("MII", "MI*", 1);
    let cut = &certificate[..certificate.len() / 2];
    let noise = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    let (nameless, its) = issue(&[]);
    let twice = format!("{key}{other}");
    for (shown, held, says) in [
        ("", key.as_str(), "one.pem` is no certificate"),
        (&key, &key, "one.pem` is no certificate"),
        (&garbled, &key, "one.pem` is no certificate"),
        (cut, &key, "one.pem` is no certificate"),
        (noise, &key, "one.pem` is no certificate"),
        (&nameless, &its, "subjectAltName=DNS:localhost"),
        (&certificate, "", "one.key` is no key"),
        (&certificate, &certificate, "one.key` is no key"),
        (&certificate, encrypted, "encrypted"),
        (&certificate, &twice, "2 keys"),
        (&certificate, &other, "does not belong to"),
    ] {
        let (shown, held) = (folder.write("one.pem", shown), folder.write("one.key", held));
        let error = Tls::open(shown, held).unwrap_err().to_string();
        assert!(error.contains(says), "{says}: {error}");
        assert!(!error.contains("PRIVATE KEY-----") && !error.contains("AAAA"), "{error}");
    }
}

#[test]
fn what_cannot_be_read_stops_the_load() {
    let folder = Folder::new();
    let (certificate, key) = folder.issue("one", &["shop.example"]);
    for (certificate, key) in [
        (folder.at("none.pem"), key.clone()),
        (certificate.clone(), folder.at("none.key")),
        (folder.at(""), key),
    ] {
        assert!(matches!(Tls::open(certificate, key).unwrap_err(), TlsError::File { .. }));
    }
    assert!(matches!(Tls::builder().open().unwrap_err(), TlsError::NoCertificate));
    let huge = folder.write("huge.pem", vec![b'\n'; (2 << 20) + 1]);
    assert!(Tls::open(huge, folder.at("one.key")).unwrap_err().to_string().contains("longer than"));
}

#[test]
fn nothing_that_is_printed_holds_a_key() {
    let folder = Folder::new();
    let (certificate, key) = folder.issue("one", &["shop.example"]);
    let tls = Tls::open(certificate, key).unwrap();
    let text = format!("{tls:?} {:?}", server(tls.clone()));
    assert!(text.contains("one.key") && !text.contains("CertifiedKey") && text.len() < 4096, "{text}");
}

/// The key inside a PKCS#8 wrapping: the last octet string, SEC1 or PKCS#1.
fn inner(pkcs8: &[u8]) -> Vec<u8> {
    // SEQUENCE { version INTEGER 0, algorithm SEQUENCE, key OCTET STRING }
    let (_, all) = element(pkcs8);
    let (rest, _version) = element(all);
    let (rest, _algorithm) = element(rest);
    let (_, key) = element(rest);
    key.to_vec()
}

/// Splits off the first DER element: what follows it, and what is in it.
fn element(der: &[u8]) -> (&[u8], &[u8]) {
    let (from, length) = match der[1] {
        short @ 0..0x80 => (2, usize::from(short)),
        long => {
            let bytes = usize::from(long & 0x7f);
            (2 + bytes, der[2..2 + bytes].iter().fold(0, |sum, byte| sum << 8 | usize::from(*byte)))
        }
    };
    (&der[from + length..], &der[from..from + length])
}

fn pem(label: &str, der: &[u8]) -> String {
    use std::fmt::Write as _;

    use base64::{Engine as _, engine::general_purpose::STANDARD};

    let mut text = format!("-----BEGIN {label}-----\n");
    for line in STANDARD.encode(der).as_bytes().chunks(64) {
        writeln!(text, "{}", str::from_utf8(line).unwrap()).unwrap();
    }
    text + &format!("-----END {label}-----\n")
}
