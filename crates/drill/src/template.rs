//! The state that every configuration starts from: made once, copied for each, all of it synthetic and random per run.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context as _;
use tempfile::TempDir;
use vauban_authority::{KeyAccess, NewUser, Storage};
use vauban_bank::{Database, Seed};
use vauban_edge::Rules;
use vauban_net::{Clock, ManualClock};
use vauban_policy::{BudgetKey, Line, Plan};
use vauban_secret::{Secret, StateDir};

use crate::ground::{self, Canaries};

/// Requests that a flood sends beyond its budget, and a margin.
const FLOOD_MARGIN: u32 = 16;
/// A flood where nothing limits an address.
const FLOOD_UNLIMITED: u32 = 24;
/// More accounts than this are no crowd but a load test.
const CROWD_MAX: u32 = 32;

/// Somebody who can log in.
#[derive(Clone)]
pub(crate) struct User {
    pub(crate) subject: String,
    pub(crate) username: String,
    pub(crate) password: String,
    roles: &'static [&'static str],
}

/// The laid ground. Its folder goes away with it.
pub(crate) struct Template {
    folder: TempDir,
    /// The scaled plan.
    pub(crate) plan: Arc<Plan>,
    /// Its rules; every configuration runs the same.
    pub(crate) rules: Rules,
    pub(crate) canaries: Canaries,
    /// When every configuration begins.
    pub(crate) start_unix_ms: u64,
    pub(crate) attacker: User,
    pub(crate) victim: User,
    pub(crate) admin: User,
    pub(crate) crowd: Vec<User>,
    /// SPIFFE id → join token; each copy can use it once.
    pub(crate) join_tokens: BTreeMap<String, String>,
    /// The name of the public door.
    pub(crate) host: String,
    pub(crate) public_ca_pem: String,
    pub(crate) public_chain_pem: String,
    pub(crate) public_key_pem: String,
}

impl Template {
    /// Makes authority, users, bank and certificates.
    pub(crate) async fn lay(
        mut plan: Plan,
        rules: Rules,
        start_unix_ms: u64,
    ) -> anyhow::Result<Self> {
        ground::scale(&mut plan);
        let plan = Arc::new(plan);
        let folder = tempfile::Builder::new()
            .prefix("vauban-drill-")
            .tempdir()
            .context("no temporary folder")?;
        let host = host(&plan)?;
        let public = public_certificate(&host)?;
        let mut template = Self {
            folder,
            rules,
            canaries: Canaries {
                account: random_name("c")?,
                profile: random_name("c")?,
                run: random_name("r")?,
            },
            start_unix_ms,
            attacker: User::new(ground::ATTACKER, &["user"])?,
            victim: User::new(ground::VICTIM, &["user"])?,
            admin: User::new(ground::ADMIN, &["admin"])?,
            crowd: crowd(&plan)?,
            join_tokens: BTreeMap::new(),
            host,
            public_ca_pem: public.ca,
            public_chain_pem: public.chain,
            public_key_pem: public.key,
            plan,
        };
        template.provision().await?;
        Ok(template)
    }

    async fn provision(&mut self) -> anyhow::Result<()> {
        let state = StateDir::open(self.original())?;
        // Whatever the plan says: a drill keeps to its own folder.
        let storage = Storage::embedded(state.clone());
        let clock: Arc<dyn Clock> = Arc::new(ManualClock::new(self.start_unix_ms));
        vauban_authority::provision(&storage, &self.plan, &KeyAccess::plain(), &clock)
            .await
            .context("the authority's state")?;
        for user in [&self.attacker, &self.victim, &self.admin]
            .into_iter()
            .chain(&self.crowd)
        {
            vauban_authority::add_user(&storage, &self.plan, user.to_add(), &*clock)
                .await
                .context("a user of the drill")?;
        }
        let plan = &self.plan;
        for spiffe in plan.workloads() {
            let token =
                vauban_authority::issue_join_token(&storage, plan, &spiffe, &*clock).await?;
            let token = token
                .expose_text()
                .context("a join token is not text")?
                .to_owned();
            self.join_tokens.insert(spiffe, token);
        }
        private_folder(&state.data())?;
        private_folder(&state.run())?;
        let seed = Seed {
            account_canaries: BTreeMap::from([(
                ground::VICTIMS_ACCOUNT,
                self.canaries.account.clone(),
            )]),
            profile_canaries: BTreeMap::from([(
                ground::VICTIM.parse()?,
                self.canaries.profile.clone(),
            )]),
        };
        let bank = Database::Sqlite(state.bank_database());
        vauban_bank::seed(&bank, &seed)
            .await
            .context("the bank's rows")?;
        Ok(())
    }

    fn original(&self) -> PathBuf {
        self.folder.path().join("original")
    }

    /// A private copy of the state for one configuration.
    pub(crate) fn copy(&self, number: usize) -> anyhow::Result<StateDir> {
        let target = self.folder.path().join(number.to_string());
        copy_tree(&self.original(), &target).context("the drill's state could not be copied")?;
        Ok(StateDir::open(target)?)
    }
}

impl User {
    fn new(subject: &str, roles: &'static [&'static str]) -> anyhow::Result<Self> {
        Ok(Self {
            subject: subject.to_owned(),
            username: random_name("u")?,
            password: random_name("p")?,
            roles,
        })
    }

    fn to_add(&self) -> NewUser {
        NewUser {
            subject: self.subject.clone(),
            username: self.username.clone(),
            password: Secret::new(self.password.clone().into_bytes()),
            roles: self.roles.iter().map(|role| (*role).to_owned()).collect(),
            tenant: ground::TENANT.to_owned(),
        }
    }
}

/// So many accounts that their budgets together exceed the one of their common address.
fn crowd(plan: &Plan) -> anyhow::Result<Vec<User>> {
    let each = ground::burst(plan, "listAccounts", |at, key| match key {
        BudgetKey::User | BudgetKey::Endpoint => {
            *at == Line::Edge || *at == Line::Guard("accounts".to_owned())
        }
        BudgetKey::Ip | BudgetKey::Account | BudgetKey::DangerHeader(_) => false,
    });
    let requests =
        ground::burst(plan, "listAccounts", ground::is_address_budget).unwrap_or(FLOOD_UNLIMITED);
    let people = (requests + FLOOD_MARGIN)
        .div_ceil(each.unwrap_or(u32::MAX).max(1))
        .clamp(2, CROWD_MAX);
    (0..people)
        .map(|number| User::new(&format!("{}", 9001 + number), &["user"]))
        .collect()
}

/// The host by which the drill calls.
fn host(plan: &Plan) -> anyhow::Result<String> {
    let listener = plan
        .listener_of(&Line::Edge)
        .context("no listener has the line `edge`")?;
    let preferred = listener.hosts.iter().find(|host| *host == "localhost");
    preferred
        .or_else(|| listener.hosts.first())
        .cloned()
        .context("the edge's listener serves no host")
}

struct PublicCertificate {
    ca: String,
    chain: String,
    key: String,
}

fn public_certificate(host: &str) -> anyhow::Result<PublicCertificate> {
    let ca_key = rcgen::KeyPair::generate()?;
    let mut params = rcgen::CertificateParams::new(Vec::new())?;
    params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Constrained(0));
    params
        .distinguished_name
        .push(rcgen::DnType::CommonName, "vauban drill");
    let ca = params.self_signed(&ca_key)?.pem();
    let issuer = rcgen::Issuer::new(params, ca_key);
    let key = rcgen::KeyPair::generate()?;
    let leaf = rcgen::CertificateParams::new(vec![host.to_owned()])?.signed_by(&key, &issuer)?;
    Ok(PublicCertificate {
        ca,
        chain: leaf.pem(),
        key: key.serialize_pem(),
    })
}

/// A name nobody else has: a letter and 128 random bits.
fn random_name(letter: &str) -> anyhow::Result<String> {
    let mut bytes = [0_u8; 16];
    getrandom::fill(&mut bytes).map_err(|error| anyhow::anyhow!("no random bytes: {error}"))?;
    Ok(format!("{letter}{}", crate::hex(&bytes)))
}

fn private_folder(path: &Path) -> std::io::Result<()> {
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
}

/// Copies files with their modes, and folders as private ones. The lock stays behind.
fn copy_tree(from: &Path, to: &Path) -> std::io::Result<()> {
    private_folder(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy_tree(&entry.path(), &target)?;
        } else if entry.file_name() != "lock" {
            fs::copy(entry.path(), &target)?;
        }
    }
    Ok(())
}
