//! How a connection begins: by a TLS handshake where its listener asks for one, and by finding out its version.
//!
//! ```text
//! plain ─▶ the first bytes tell the version ───────────────┐
//! TLS ───▶ hello ─▶ certificate by name ─▶ ALPN tells it ──┴─▶ stream, version, facts
//! └──────────────── until the deadline; a drain ends what has not spoken ───────────┘
//! ```

use std::{io, pin::pin, sync::Arc};

use enfilade_core::{ClientAddr, TlsSession};
use http::uri::Scheme;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    time::{Instant, error::Elapsed, timeout_at},
};

use super::{
    drive::End,
    stream::Stream,
    version::{Begun, Version, detect},
};
#[cfg(feature = "tls")]
use crate::tls::{Certificate, Tls};
use crate::{Trust, drain::Drain};

/// What all connections of one listener have in common.
#[derive(Clone, Debug, Default)]
pub(crate) struct Door {
    pub(crate) trust: Option<Trust>,
    #[cfg(feature = "tls")]
    pub(crate) tls: Option<Tls>,
}

/// What is known of a connection before its first request.
#[derive(Clone, Debug)]
pub(crate) struct Facts {
    pub(crate) scheme: Scheme,
    pub(crate) client: Option<ClientAddr>,
    /// Who is believed when they speak for another.
    pub(crate) trust: Option<Trust>,
    /// Tells when the server ends.
    pub(crate) drain: Arc<Drain>,
    /// What the requests' hosts must stand on.
    #[cfg(feature = "tls")]
    pub(crate) certificate: Option<Arc<Certificate>>,
    pub(crate) tls: Option<TlsSession>,
}

/// A connection that HTTP can begin on.
pub(super) struct Opened<IO> {
    pub(super) stream: Stream<IO>,
    pub(super) begun: Begun,
    pub(super) version: Version,
    pub(super) facts: Facts,
}

/// Opens a connection; `Err` when it is over before HTTP begins.
pub(super) async fn open<IO: AsyncRead + AsyncWrite + Unpin>(
    io: IO,
    door: &Door,
    client: Option<ClientAddr>,
    first: Instant,
    drain: &Arc<Drain>,
) -> Result<Opened<IO>, End> {
    #[cfg(feature = "tls")]
    if let Some(given) = &door.tls {
        let tls::Secured { stream, version, certificate, session } =
            tls::open(io, given, first, drain).await?;
        let facts = Facts {
            scheme: Scheme::HTTPS,
            client,
            trust: door.trust.clone(),
            drain: drain.clone(),
            certificate,
            tls: session,
        };
        return Ok(Opened { stream, begun: Begun::default(), version, facts });
    }
    let (mut io, mut begun) = (io, Begun::default());
    let version = first_bytes(&mut io, &mut begun, first, drain).await?;
    let facts = Facts {
        scheme: Scheme::HTTP,
        client,
        trust: door.trust.clone(),
        drain: drain.clone(),
        #[cfg(feature = "tls")]
        certificate: None,
        tls: None,
    };
    Ok(Opened { stream: Stream::Plain(io), begun, version, facts })
}

/// Finds the version by the preface.
async fn first_bytes<IO: AsyncRead + Unpin>(
    io: &mut IO,
    begun: &mut Begun,
    first: Instant,
    drain: &Drain,
) -> Result<Version, End> {
    let detected = {
        let detect = pin!(timeout_at(first, detect(io, begun)));
        drain.unless_begun(detect).await
    };
    match detected {
        Some(detected) => in_time(detected, |error| End::Failed(error.into())),
        // What has begun to speak may finish its first request.
        None if begun.is_empty() => Err(End::Over),
        None => in_time(timeout_at(first, detect(io, begun)).await, |error| End::Failed(error.into())),
    }
}

fn in_time<T>(done: Result<io::Result<T>, Elapsed>, failed: impl FnOnce(io::Error) -> End) -> Result<T, End> {
    match done {
        Ok(done) => done.map_err(failed),
        Err(_elapsed) => Err(End::TooSlow("no request came in time")),
    }
}

#[cfg(feature = "tls")]
mod tls {
    //! The part of [`open`](super::open) that TLS adds.

    use std::{pin::pin, sync::Arc};

    use enfilade_core::TlsSession;
    use rustls::server::Acceptor;
    use tokio::{
        io::{AsyncRead, AsyncWrite},
        time::{Instant, timeout_at},
    };
    use tokio_rustls::LazyConfigAcceptor;

    use super::{Drain, End, Stream, Version, in_time};
    use crate::tls::{Certificate, Tls};

    /// What the handshake has come to.
    pub(super) struct Secured<IO> {
        pub(super) stream: Stream<IO>,
        pub(super) version: Version,
        pub(super) certificate: Option<Arc<Certificate>>,
        pub(super) session: Option<TlsSession>,
    }

    pub(super) async fn open<IO: AsyncRead + AsyncWrite + Unpin>(
        io: IO,
        tls: &Tls,
        first: Instant,
        drain: &Drain,
    ) -> Result<Secured<IO>, End> {
        let hello = pin!(timeout_at(first, LazyConfigAcceptor::new(Acceptor::default(), io)));
        let Some(hello) = drain.unless_begun(hello).await else { return Err(End::Over) };
        let hello = in_time(hello, End::NoHandshake)?;
        // Taken once for the whole handshake: a reload in between changes nothing for this connection.
        let current = tls.current();
        let handshake = timeout_at(first, hello.into_stream(current.config.clone())).await;
        let stream = in_time(handshake, End::NoHandshake)?;
        let session = stream.get_ref().1;
        let certificate = current.choice.of(session.server_name()).filter(|_| !current.any_host).cloned();
        let version = match session.alpn_protocol() {
            Some(b"h2") => Version::Http2,
            _ => Version::Http1,
        };
        let agreed = session.protocol_version().zip(session.negotiated_cipher_suite());
        let session = agreed.map(|(version, suite)| TlsSession::new(version.into(), suite.suite().into()));
        Ok(Secured { stream: Stream::Tls(Box::new(stream)), version, certificate, session })
    }
}
