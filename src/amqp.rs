//! A connection to RabbitMQ, over TLS where the address says so. The TLS is the one that everything here speaks; lapin takes a stream that is
//! ready, which is why there is a reactor of ours around Tokio's whose streams may be either. Called by `queue` and `gateway`.

use crate::standing::Fault;
use async_compat::{Compat, CompatExt};
use async_rs::Runtime;
use async_rs::traits::Reactor;
use async_rs::util::RuntimeParts;
use futures_util::{FutureExt, Stream};
use lapin::options::{BasicConsumeOptions, QueueDeclareOptions};
use lapin::types::{FieldTable, ShortString};
use lapin::uri::{AMQPScheme, AMQPUri};
use lapin::{AsyncTcpStream, Channel, Connection, ConnectionProperties, Consumer};
use std::io::{Read, Write};
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

/// Where the address does not say. A machine that vanished without a word is missed after two of them.
const HEARTBEAT_S: u16 = 15;

/// What the broker says of us, apart from what happens to it.
pub(crate) fn fault_of(fault: &lapin::Error) -> Fault {
    use lapin::ErrorKind;
    let (code, text) = if let ErrorKind::ProtocolError(said) = fault.kind() {
        (said.get_id(), said.get_message().to_string())
    } else if let ErrorKind::IOError(fault) = fault.kind() {
        (0, fault.to_string())
    } else {
        (0, fault.to_string())
    };
    match code {
        // No access, not found, in others' hands, declared otherwise; and not allowed, as for a virtual host that is not there.
        403..=406 | 530 => Fault::Refused(text),
        _ => Fault::Away(text),
    }
}

/// Names were checked with the configuration.
pub(crate) fn short(name: &str) -> ShortString {
    ShortString::try_new(name).unwrap_or_default()
}

/// A queue that is there as long as this connection.
pub(crate) async fn own_queue(channel: &Channel) -> lapin::Result<ShortString> {
    let options = QueueDeclareOptions { exclusive: true, auto_delete: true, ..QueueDeclareOptions::default() };
    Ok(channel.queue_declare(ShortString::default(), options, FieldTable::default()).await?.name().clone())
}

pub(crate) async fn consume(channel: &Channel, queue: &ShortString) -> lapin::Result<Consumer> {
    let options = BasicConsumeOptions { no_ack: true, exclusive: true, ..BasicConsumeOptions::default() };
    channel.basic_consume(queue.clone(), ShortString::default(), options, FieldTable::default()).await
}

pub(crate) struct Dial {
    uri: AMQPUri,
    tls: Option<TlsConnector>,
}

/// A stream of either sort.
trait Either: tokio::io::AsyncRead + tokio::io::AsyncWrite + Send + Unpin {}

impl<Stream: tokio::io::AsyncRead + tokio::io::AsyncWrite + Send + Unpin> Either for Stream {}

type Wire = Compat<Box<dyn Either>>;

impl Dial {
    /// `setting` is the one that `url` comes from.
    pub(crate) fn new(setting: &str, url: &str, ca: &str) -> Result<Self, Fault> {
        let mistake = |what: &str| Fault::Refused(format!("`{setting}`: {what}"));
        // Never what was given: it holds a password.
        let mut uri: AMQPUri = url.parse().map_err(|_| mistake("not an address such as amqp://user:password@host:5672/vhost"))?;
        if url.contains('[') {
            return Err(mistake("give the host's name, or its IPv4 address"));
        }
        if uri.vhost.is_empty() {
            "/".clone_into(&mut uri.vhost);
        }
        uri.query.heartbeat.get_or_insert(HEARTBEAT_S);
        let tls = match uri.scheme {
            AMQPScheme::AMQP => None,
            AMQPScheme::AMQPS => Some(connector(ca)?),
        };
        Ok(Self { uri, tls })
    }

    /// Without who we are.
    pub(crate) fn name(&self) -> String {
        let AMQPUri { scheme, authority, vhost, .. } = &self.uri;
        let vhost = if vhost == "/" { "" } else { vhost };
        format!("{scheme}://{}:{}/{vhost}", authority.host, authority.port)
    }

    /// `who` is what the broker's operators read.
    pub(crate) async fn connect(&self, who: &str) -> Result<Connection, Fault> {
        let tokio = async_rs::Tokio::current();
        let runtime = Runtime::new(RuntimeParts::new(tokio.clone(), Dialling(tokio)));
        let options = ConnectionProperties::default().with_connection_name(who.into());
        let wire = wire(&self.uri, self.tls.as_ref()).await.map_err(|fault| Fault::Away(fault.to_string()))?;
        // Once: what breaks is made anew from here, with everything on it.
        let wire = std::sync::Mutex::new(Some(wire));
        let given = async move |_: AMQPUri, _: Runtime<_>| match crate::lock::lock(&wire).take() {
            Some(wire) => Ok(AsyncTcpStream::Plain(wire)),
            None => Err(std::io::Error::other("the connection broke").into()),
        };
        Connection::connector(self.uri.clone(), runtime, given, options).await.map_err(|fault| fault_of(&fault))
    }
}

async fn wire(uri: &AMQPUri, tls: Option<&TlsConnector>) -> std::io::Result<Wire> {
    let (host, port) = (uri.authority.host.as_str(), uri.authority.port);
    let stream = TcpStream::connect((host, port)).await?;
    stream.set_nodelay(true)?;
    let stream: Box<dyn Either> = match tls {
        None => Box::new(stream),
        Some(tls) => {
            let name = ServerName::try_from(host.to_owned()).map_err(std::io::Error::other)?;
            Box::new(tls.connect(name, stream).await?)
        }
    };
    Ok(stream.compat())
}

/// Whom we believe: the system's certificates, and those of a file.
fn connector(ca: &str) -> Result<TlsConnector, Fault> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if !ca.is_empty() {
        let unread = |fault: &dyn std::fmt::Display| Fault::Refused(format!("the file `{ca}` holds no certificates: {fault}"));
        for certificate in CertificateDer::pem_file_iter(Path::new(ca)).map_err(|fault| unread(&fault))? {
            let added = roots.add(certificate.map_err(|fault| unread(&fault))?);
            added.map_err(|fault| unread(&fault))?;
        }
    }
    let config = ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
    Ok(Arc::new(config).into())
}

/// Tokio, with streams of either sort.
#[derive(Clone, Debug)]
struct Dialling(async_rs::Tokio);

impl Reactor for Dialling {
    type TcpStream = Wire;
    type Sleep = <async_rs::Tokio as Reactor>::Sleep;

    #[expect(refining_impl_trait, reason = "nothing is ever registered: there is one stream, and it is Tokio's")]
    fn register<Handle: Read + Write + Send + 'static>(&self, _handle: Handle) -> std::io::Result<Wire> {
        Err(std::io::Error::other("streams of others are not taken"))
    }

    fn sleep(&self, time: Duration) -> Self::Sleep {
        self.0.sleep(time)
    }

    fn interval(&self, time: Duration) -> impl Stream<Item = Instant> + Send + 'static {
        self.0.interval(time)
    }

    fn tcp_connect_addr(&self, address: SocketAddr) -> impl Future<Output = std::io::Result<Wire>> + Send + 'static {
        TcpStream::connect(address).map(|stream| stream.map(|stream| (Box::new(stream) as Box<dyn Either>).compat()))
    }
}
