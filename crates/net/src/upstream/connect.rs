//! Connecting to an upstream.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use rustls::ClientConfig;
use rustls_pki_types::ServerName;
use tokio::net::{TcpStream, UnixStream};
use tokio_rustls::{TlsConnector, TlsStream};

use super::link::Link;
use super::{Mutual, Place, Upstream, UpstreamError};
use crate::stream::Stream;
use crate::workload::State;

impl Upstream {
    /// Connects anew.
    pub(super) async fn connect(&self) -> Result<Link, UpstreamError> {
        let (stream, state) = match &self.inner.place {
            Place::Plain(address) => (Stream::Tcp(tcp(*address).await?), None),
            Place::Unix(path) => (
                Stream::Unix(
                    UnixStream::connect(path)
                        .await
                        .map_err(UpstreamError::Connect)?,
                ),
                None,
            ),
            Place::Mutual(mutual) => {
                let (state, config) = mutual.config()?;
                (
                    tls(mutual.address, &mutual.expected, config).await?,
                    Some(state),
                )
            }
            Place::Anonymous(address, expected, config) => {
                (tls(*address, expected, Arc::clone(config)).await?, None)
            }
            Place::Named(host, port, config) => {
                (named(host, *port, Arc::clone(config)).await?, None)
            }
        };
        Link::open(stream, state).await
    }
}

impl Mutual {
    /// The configuration for the identity in use, made anew when the identity is another than last time.
    fn config(&self) -> Result<(Arc<State>, Arc<ClientConfig>), UpstreamError> {
        let state = self.workload.state();
        if let Some(made) = &*self.config.load()
            && Arc::ptr_eq(&made.0, &state)
        {
            return Ok((state, Arc::clone(&made.1)));
        }
        let config = state.client_config(&self.expected);
        let config = config.map_err(|error| UpstreamError::Connect(io::Error::other(error)))?;
        self.config
            .store(Some(Arc::new((Arc::clone(&state), Arc::clone(&config)))));
        Ok((state, config))
    }
}

async fn tcp(address: SocketAddr) -> Result<TcpStream, UpstreamError> {
    let stream = TcpStream::connect(address)
        .await
        .map_err(UpstreamError::Connect)?;
    stream.set_nodelay(true).map_err(UpstreamError::Connect)?;
    Ok(stream)
}

async fn tls(
    address: SocketAddr,
    expected: &str,
    config: Arc<ClientConfig>,
) -> Result<Stream, UpstreamError> {
    let name = ServerName::IpAddress(address.ip().into());
    shake(Stream::Tcp(tcp(address).await?), name, expected, config).await
}

async fn named(host: &str, port: u16, config: Arc<ClientConfig>) -> Result<Stream, UpstreamError> {
    let name = ServerName::try_from(host.to_owned())
        .map_err(|error| UpstreamError::Connect(io::Error::other(error)))?;
    let stream = TcpStream::connect((host, port))
        .await
        .map_err(UpstreamError::Connect)?;
    stream.set_nodelay(true).map_err(UpstreamError::Connect)?;
    shake(Stream::Tcp(stream), name, host, config).await
}

async fn shake(
    stream: Stream,
    name: ServerName<'static>,
    expected: &str,
    config: Arc<ClientConfig>,
) -> Result<Stream, UpstreamError> {
    match TlsConnector::from(config).connect(name, stream).await {
        Ok(stream) => Ok(Stream::Tls(Box::new(TlsStream::Client(stream)))),
        Err(error) if is_wrong_peer(&error) => Err(UpstreamError::WrongPeer(expected.to_owned())),
        Err(error) => Err(UpstreamError::Connect(error)),
    }
}

/// Whether the handshake failed because of the server's certificate.
fn is_wrong_peer(error: &io::Error) -> bool {
    let inner = error
        .get_ref()
        .and_then(|inner| inner.downcast_ref::<rustls::Error>());
    matches!(inner, Some(rustls::Error::InvalidCertificate(_)))
}
