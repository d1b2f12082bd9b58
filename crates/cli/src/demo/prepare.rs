//! Fills the demo's state directory: the plan, a development certificate, the bank's database. What is there stays.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, bail};
use vauban_bank::{Database, DatabaseUrl, Install, Seed, files};
use vauban_net::{Clock as _, SystemClock};
use vauban_secret::{Sources, StateDir, write_private};
use zeroize::Zeroizing;

/// Life of the development certificate.
const CERTIFICATE_SECONDS: u64 = 30 * 24 * 3600;

/// Where the bank's rows are.
#[derive(Debug)]
pub(crate) enum Bank {
    /// A file in the state directory; the data line is absent.
    Sqlite,
    /// PostgreSQL with row-level security, by the administrator's URL.
    Postgres(vauban_secret::Secret),
}

impl Bank {
    /// From the command line's secret reference.
    pub(crate) async fn new(postgres: Option<&str>) -> anyhow::Result<Self> {
        let Some(reference) = postgres else {
            return Ok(Self::Sqlite);
        };
        let url = Sources::new(".", crate::line::environment)
            .resolve(reference)
            .await?;
        Ok(Self::Postgres(url))
    }

    /// File with the URL of a service's own database role, when there is a server.
    pub(crate) fn service_url(&self, state: &StateDir, service: &str) -> Option<PathBuf> {
        match self {
            Self::Sqlite => None,
            Self::Postgres(_) => Some(state.secrets().join(format!("service-{service}.url"))),
        }
    }
}

/// Writes the plan and the files beside it, and the edge's certificate.
pub(crate) fn files(state: &StateDir, folder: Option<&Path>, bank: &Bank) -> anyhow::Result<()> {
    let plan = match folder {
        None => {
            for (name, text) in files::BESIDE_PLAN {
                write(&state.root().join(name), text)?;
            }
            files::PLAN.to_owned()
        }
        Some(folder) => copy(folder, state.root())?,
    };
    let plan = match bank {
        Bank::Sqlite => plan,
        Bank::Postgres(_) => on_postgres(&plan)?,
    };
    write(&state.plan(), &plan)?;
    if !state.public_key().exists() {
        certificate(state)?;
    }
    Ok(())
}

/// The same plan with facts from PostgreSQL under each guard's own role, and with the key that signs the database context.
fn on_postgres(plan: &str) -> anyhow::Result<String> {
    let mut service = None;
    let mut lines = Vec::new();
    let mut replaced = 0;
    for line in plan.lines() {
        if let Some(name) = line.strip_prefix("  - name: ") {
            service = Some(name.trim().to_owned());
        }
        match (&service, line.trim()) {
            (Some(name), "database: { sqlite: data/bank.db }") => {
                lines.push(format!(
                    "        database: {{ postgres: \"file:secrets/facts-{name}.url\" }}"
                ));
                replaced += 1;
            }
            (Some(_), "facts:") => {
                lines.push("      context_key: \"file:secrets/context.key\"".to_owned());
                lines.push(line.to_owned());
            }
            _ => lines.push(line.to_owned()),
        }
    }
    if replaced == 0 {
        bail!("the plan names no SQLite facts that could be put on PostgreSQL");
    }
    Ok(lines.join("\n") + "\n")
}

/// Copies a plan folder (one level of folders) and returns the plan's text.
fn copy(from: &Path, to: &Path) -> anyhow::Result<String> {
    for kind in ["openapi", "cedar"] {
        let folder = from.join(kind);
        let entries = std::fs::read_dir(&folder).with_context(|| folder.display().to_string())?;
        for entry in entries {
            let entry = entry.context("plan folder")?;
            let text = std::fs::read_to_string(entry.path())
                .with_context(|| entry.path().display().to_string())?;
            write(&to.join(kind).join(entry.file_name()), &text)?;
        }
    }
    let plan = from.join("vauban.yaml");
    std::fs::read_to_string(&plan).with_context(|| plan.display().to_string())
}

fn write(file: &Path, text: &str) -> anyhow::Result<()> {
    if let Some(folder) = file.parent() {
        std::fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
    }
    write_private(file, text.as_bytes())?;
    Ok(())
}

/// A development CA and a certificate for localhost, valid for thirty days; the CA's key is not kept.
fn certificate(state: &StateDir) -> anyhow::Result<()> {
    use rcgen::{
        BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer,
        KeyPair, KeyUsagePurpose, date_time_ymd,
    };
    let now = SystemClock.unix_ms() / 1000;
    let at = |seconds: u64| date_time_ymd(1970, 1, 1) + Duration::from_secs(seconds);
    let (now, later) = (at(now.saturating_sub(300)), at(now + CERTIFICATE_SECONDS));
    let ca_key = KeyPair::generate().context("key")?;
    let mut ca = CertificateParams::default();
    ca.distinguished_name
        .push(DnType::CommonName, "Vauban demo, public CA");
    ca.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    ca.key_usages = vec![
        KeyUsagePurpose::KeyCertSign,
        KeyUsagePurpose::DigitalSignature,
    ];
    (ca.not_before, ca.not_after) = (now, later);
    let ca_certificate = ca.self_signed(&ca_key).context("certificate")?;
    let issuer = Issuer::new(ca, ca_key);

    let key = KeyPair::generate().context("key")?;
    let mut leaf = CertificateParams::new(vec!["localhost".to_owned(), "127.0.0.1".to_owned()])
        .context("certificate")?;
    leaf.distinguished_name
        .push(DnType::CommonName, "Vauban demo, edge");
    leaf.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    leaf.use_authority_key_identifier_extension = true;
    (leaf.not_before, leaf.not_after) = (now, later);
    let leaf = leaf.signed_by(&key, &issuer).context("certificate")?;

    write(&state.public_ca(), &ca_certificate.pem())?;
    write(&state.public_certificate(), &leaf.pem())?;
    write(&state.public_key(), &key.serialize_pem())
}

/// The bank's rows, once.
pub(crate) async fn seed(state: &StateDir, bank: &Bank) -> anyhow::Result<()> {
    let database = match bank {
        Bank::Sqlite => Database::Sqlite(state.bank_database()),
        Bank::Postgres(url) => {
            let url = DatabaseUrl::new(url.expose_text().context("database URL")?);
            install(state, &url).await?;
            Database::Postgres(url)
        }
    };
    vauban_bank::seed(&database, &Seed::default()).await?;
    Ok(())
}

/// Roles, tables and walls; a password and a URL for every role, key C for the guards.
async fn install(state: &StateDir, administrator: &DatabaseUrl) -> anyhow::Result<()> {
    let mut context_key = Zeroizing::new([0_u8; 32]);
    random(context_key.as_mut_slice())?;
    let mut passwords = BTreeMap::new();
    for role in Install::ROLES {
        let mut bytes = Zeroizing::new([0_u8; 24]);
        random(bytes.as_mut_slice())?;
        passwords.insert(role.to_owned(), Zeroizing::new(hex(bytes.as_slice())));
    }
    let urls = vauban_bank::install(
        administrator,
        &Install {
            context_kid: 1,
            context_key: context_key.clone(),
            passwords,
        },
    )
    .await?;
    let key = Zeroizing::new(hex(context_key.as_slice()));
    write(&state.secrets().join("context.key"), &key)?;
    for (role, url) in urls {
        let name = role.replace("svc_", "service-").replace("facts_", "facts-");
        write(&state.secrets().join(format!("{name}.url")), url.expose())?;
    }
    Ok(())
}

fn random(bytes: &mut [u8]) -> anyhow::Result<()> {
    getrandom::fill(bytes).map_err(|error| anyhow::anyhow!("randomness: {error}"))
}

fn hex(bytes: &[u8]) -> String {
    const DIGITS: [char; 16] = [
        '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f',
    ];
    bytes
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 15])
        .filter_map(|digit| DIGITS.get(usize::from(digit)))
        .collect()
}
