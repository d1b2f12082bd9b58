//! nginx as the backend of every row, and as the peer that proxies to it.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::Context as _;

use super::load::Target;
use super::subject::Subject;

/// Where Debian puts the module.
pub(crate) const MODSECURITY: &str = "/usr/lib/nginx/modules/ngx_http_modsecurity_module.so";

/// A running nginx; ended when dropped.
#[derive(Debug)]
pub(crate) struct Nginx {
    child: Child,
    port: u16,
    folder: PathBuf,
}

impl Drop for Nginx {
    fn drop(&mut self) {
        // The child is ours, and its folder goes away with the run.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

impl Nginx {
    /// The peer as a target.
    pub(crate) fn target(&self) -> Target {
        Target {
            url: format!("https://localhost:{}/plain", self.port),
            headers: Vec::new(),
            pids: vec![self.child.id()],
            folder: self.folder.clone(),
            script: String::new(),
        }
    }
}

/// The backend: 1 KB from memory, on core 1. Below `/v1/` it is a text that begins differently each time.
pub(crate) fn backend(folder: &Path, port: u16) -> anyhow::Result<Nginx> {
    let body = "x".repeat(1000);
    let text = "An order was taken and will be sent this week. ".repeat(21);
    let server = format!(
        "server {{ listen 127.0.0.1:{port}; default_type text/plain; \
         location / {{ return 200 '\"{body}\"'; }} location /policy {{ default_type application/json; return 200 '\"{body}\"'; }} \
         location /v1/ {{ return 200 '$request_id {text}'; }} }}"
    );
    start(folder, "backend", "1", ("", &server), port)
}

/// The peer: TLS, keep-alive to the backend, request bodies buffered, on core 0. With a file of rules, ModSecurity obeys them.
pub(crate) fn proxy(
    folder: &Path,
    subject: &Subject,
    rules: Option<&Path>,
) -> anyhow::Result<Nginx> {
    let (module, inspection) = match rules {
        Some(file) => (
            format!("load_module {MODSECURITY};\n"),
            format!("modsecurity on; modsecurity_rules_file {};", file.display()),
        ),
        None => (String::new(), String::new()),
    };
    let port = free_port()?;
    let server = format!(
        "upstream backend {{ server 127.0.0.1:{}; keepalive 64; }}\n\
         server {{ listen 127.0.0.1:{port} ssl; ssl_certificate {}; ssl_certificate_key {}; ssl_protocols TLSv1.2 TLSv1.3;\n\
         add_header Strict-Transport-Security 'max-age=31536000; includeSubDomains' always; {inspection}\n\
         location / {{ proxy_pass http://backend; proxy_http_version 1.1; proxy_set_header Connection ''; }} }}",
        subject.backend_port,
        subject.certificate.display(),
        subject.key.display(),
    );
    start(folder, "proxy", "0", (&module, &server), port)
}

/// A port that the system gives and that is free again at once.
pub(crate) fn free_port() -> anyhow::Result<u16> {
    let socket = std::net::TcpListener::bind("127.0.0.1:0").context("port")?;
    Ok(socket.local_addr().context("port")?.port())
}

fn start(
    folder: &Path,
    name: &str,
    core: &str,
    (module, server): (&str, &str),
    port: u16,
) -> anyhow::Result<Nginx> {
    let own = folder.join(name);
    std::fs::create_dir_all(&own).context("folder of nginx")?;
    let path = own.display().to_string();
    // One process: what `/proc` counts for it is the whole of nginx.
    let text = format!(
        "{module}daemon off; master_process off; pid {path}/pid; error_log {path}/error.log;\n\
         events {{ worker_connections 1024; }}\n\
         http {{ access_log off; keepalive_requests 1000000000; keepalive_timeout 600s;\n\
         client_body_temp_path {path}/body; proxy_temp_path {path}/temp; fastcgi_temp_path {path}/f; uwsgi_temp_path {path}/u; \
         scgi_temp_path {path}/s;\n{server} }}\n"
    );
    let file = own.join("nginx.conf");
    std::fs::write(&file, text).context("configuration of nginx")?;
    let child = Command::new("taskset")
        .args(["-c", core, "nginx", "-e"])
        .arg(own.join("error.log"))
        .arg("-c")
        .arg(&file)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .spawn()
        .context("nginx could not be started")?;
    let nginx = Nginx {
        child,
        port,
        folder: own,
    };
    for _ in 0..1000 {
        if std::net::TcpStream::connect(("127.0.0.1", port)).is_ok() {
            return Ok(nginx);
        }
        std::thread::yield_now();
        std::thread::park_timeout(std::time::Duration::from_millis(5));
    }
    anyhow::bail!("nginx ({name}) does not listen; see {path}/error.log")
}
