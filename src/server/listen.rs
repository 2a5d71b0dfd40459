//! Connections from the network: accepts them within bounds, speaks TLS where there is a certificate, and hands each request to
//! the routes with the address that it came from. A client that says nothing for long is let go. Called by `server::run`.

use super::Server;
use crate::access::Seat;
use crate::lock::lock;
use axum::Router;
use axum::body::Body;
use axum::http::Request;
use hyper::body::Incoming;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// How long a client may take to say what it wants, each time, and to agree on keys.
const HEADERS: Duration = Duration::from_secs(20);
const HANDSHAKE: Duration = Duration::from_secs(10);
/// After a failed accept: mostly no descriptors are left, and some come back.
const PAUSE: Duration = Duration::from_millis(50);
/// For who is not let in. Nothing of what it sends is read.
const TOO_MANY: &[u8] = b"HTTP/1.1 429 Too Many Requests\r\nretry-after: 10\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";

/// Where a request came from.
#[derive(Clone, Copy, Debug)]
pub(super) struct Peer(pub(super) IpAddr);

/// The certificate, which a reload may replace.
pub(super) struct Tls(Mutex<Arc<ServerConfig>>);

impl Tls {
    pub(super) fn load(certificate: &Path, key: &Path) -> anyhow::Result<Self> {
        Ok(Self(Mutex::new(Arc::new(config(certificate, key)?))))
    }

    pub(super) fn reload(&self, certificate: &Path, key: &Path) -> anyhow::Result<()> {
        let config = Arc::new(config(certificate, key)?);
        *lock(&self.0) = config;
        Ok(())
    }

    fn acceptor(&self) -> TlsAcceptor {
        lock(&self.0).clone().into()
    }
}

fn config(certificate: &Path, key: &Path) -> anyhow::Result<ServerConfig> {
    use anyhow::Context;
    let chain = CertificateDer::pem_file_iter(certificate).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    let chain = chain.with_context(|| format!("`{}` holds no certificate", certificate.display()))?;
    let private = PrivateKeyDer::from_pem_file(key).with_context(|| format!("`{}` holds no private key", key.display()))?;
    let mut config = ServerConfig::builder().with_no_client_auth().with_single_cert(chain, private)?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}

/// Accepts until `shutdown`, then lets each connection end what it is doing.
pub(super) async fn serve(listener: TcpListener, router: Router, server: Arc<Server>, shutdown: CancellationToken) {
    let (tasks, room) = (TaskTracker::new(), Arc::new(Semaphore::new(server.settings.total)));
    loop {
        // Who comes when all places are taken waits in the kernel's own short line.
        let accepted = tokio::select! {
            () = shutdown.cancelled() => break,
            accepted = async {
                let place = room.clone().acquire_owned().await;
                listener.accept().await.map(|accepted| (accepted, place))
            } => accepted,
        };
        let ((stream, address), place) = match accepted {
            Ok(accepted) => accepted,
            Err(fault) => {
                tracing::warn!("a connection was not accepted: {fault}");
                tokio::time::sleep(PAUSE).await;
                continue;
            }
        };
        let (router, server, shutdown) = (router.clone(), server.clone(), shutdown.clone());
        tasks.spawn(async move {
            let _place = place;
            attend(stream, address, router, &server, shutdown).await;
        });
    }
    // Who comes now is refused by the kernel, and finds another server.
    drop(listener);
    tasks.close();
    tasks.wait().await;
}

async fn attend(mut stream: TcpStream, address: SocketAddr, router: Router, server: &Server, shutdown: CancellationToken) {
    // Frames are small and each is wanted at once.
    let _ = stream.set_nodelay(true);
    let address = address.ip().to_canonical();
    // A proxy brings everybody's connections.
    let seat = if server.access.trusts(address) { None } else { Some(server.access.sit(address)) };
    let seat: Option<Arc<Seat>> = match seat.transpose() {
        Ok(seat) => seat.map(Arc::new),
        Err(_) => return drop(tokio::time::timeout(HANDSHAKE, stream.write_all(TOO_MANY)).await),
    };
    match &server.tls {
        None => speak(stream, (address, seat), router, shutdown).await,
        Some(tls) => match tokio::time::timeout(HANDSHAKE, tls.acceptor().accept(stream)).await {
            Ok(Ok(stream)) => speak(stream, (address, seat), router, shutdown).await,
            Ok(Err(fault)) => tracing::debug!("no TLS: {fault}"),
            Err(_) => {}
        },
    }
}

async fn speak(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    (address, seat): (IpAddr, Option<Arc<Seat>>),
    router: Router,
    shutdown: CancellationToken,
) {
    let service = tower_service_fn(router, Peer(address), seat);
    let mut builder = hyper::server::conn::http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(HEADERS);
    let mut connection = std::pin::pin!(builder.serve_connection(TokioIo::new(stream), service).with_upgrades());
    tokio::select! {
        // Whatever went wrong was the client's, or is told by who was asked.
        _ = connection.as_mut() => return,
        () = shutdown.cancelled() => connection.as_mut().graceful_shutdown(),
    }
    let _ = connection.await;
}

/// The routes, which learn where each request comes from. The seat goes along: an upgraded connection outlives this one.
fn tower_service_fn(
    router: Router,
    peer: Peer,
    seat: Option<Arc<Seat>>,
) -> impl hyper::service::Service<Request<Incoming>, Response = axum::response::Response, Error = std::convert::Infallible, Future: Send> {
    hyper::service::service_fn(move |request: Request<Incoming>| {
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(peer);
        if let Some(seat) = &seat {
            request.extensions_mut().insert(seat.clone());
        }
        hyper::service::Service::call(&TowerToHyperService::new(router.clone()), request)
    })
}
