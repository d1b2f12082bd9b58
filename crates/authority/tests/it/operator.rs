use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::sync::Arc;

use tempfile::TempDir;
use vauban_authority::{
    KeyAccess, NewUser, Parts, Setting, Storage, add_user, change_roles, disable_user, enable_user,
    provision, reset_password, revoke_session,
};
use vauban_net::{Clock, ManualClock};
use vauban_secret::{Secret, StateDir};

use crate::world::{plan, user};

struct Ground {
    state: StateDir,
    storage: Storage,
    clock: Arc<dyn Clock>,
    _folder: TempDir,
}

async fn provisioned() -> Ground {
    let folder = tempfile::tempdir().unwrap();
    let state = StateDir::open(folder.path().join("state")).unwrap();
    let clock: Arc<dyn Clock> = Arc::new(ManualClock::new(1_800_000_000_000));
    let storage = Storage::embedded(state.clone());
    provision(&storage, &plan(), &KeyAccess::plain(), &clock)
        .await
        .unwrap();
    Ground {
        state,
        storage,
        clock,
        _folder: folder,
    }
}

#[tokio::test]
async fn provisioning_makes_private_files_once() {
    let ground = provisioned().await;
    let state = &ground.state;
    let files = [
        state.ca_certificate(),
        state.ca_key(),
        state.access_key(),
        state.internal_key(),
        state.authority_database(),
    ];
    let read = || {
        files
            .iter()
            .map(|path| fs::read(path).unwrap())
            .collect::<Vec<_>>()
    };
    for path in &files {
        assert_eq!(
            fs::metadata(path).unwrap().mode() & 0o777,
            0o600,
            "{}",
            path.display()
        );
    }
    let before = read();
    provision(&ground.storage, &plan(), &KeyAccess::plain(), &ground.clock)
        .await
        .unwrap();
    assert_eq!(read()[..4], before[..4], "what is there stays");
}

async fn refusal(ground: &Ground, change: impl FnOnce(&mut NewUser)) -> String {
    let mut user = user("2001", "frank", "north", "user");
    change(&mut user);
    add_user(&ground.storage, &plan(), user, &*ground.clock)
        .await
        .unwrap_err()
        .to_string()
}

#[tokio::test]
async fn users_have_names_of_their_own() {
    let ground = provisioned().await;
    add_user(
        &ground.storage,
        &plan(),
        user("2001", "frank", "north", "user"),
        &*ground.clock,
    )
    .await
    .unwrap();
    let taken = "subject `2001` or user name `frank` is taken";
    assert_eq!(refusal(&ground, |_| {}).await, taken);
    assert_eq!(
        refusal(&ground, |user| user.subject = "2002".into()).await,
        taken.replace("2001", "2002")
    );
    let (any, lower) = (
        "letters, digits and `._@+:-`",
        "lower-case letters, digits and `._@+:-`",
    );
    let narrow = "lower-case letters, digits and `-`";
    let name = |what, form, value| format!("`{value}` is not a {what}: 1 to 128 {form}");
    let long = "x".repeat(129);
    assert_eq!(
        refusal(&ground, |user| user.username = "Frank".into()).await,
        name("user name", lower, "Frank")
    );
    assert_eq!(
        refusal(&ground, |user| user.subject = String::new()).await,
        name("subject", any, "")
    );
    let cut = &"x".repeat(128);
    assert_eq!(
        refusal(&ground, |user| user.subject = long).await,
        name("subject", any, cut)
    );
    assert_eq!(
        refusal(&ground, |user| user.tenant = "North".into()).await,
        name("tenant", narrow, "North")
    );
    assert_eq!(
        refusal(&ground, |user| user.tenant = "a.b".into()).await,
        name("tenant", narrow, "a.b")
    );
    assert_eq!(
        refusal(&ground, |user| user.roles = vec!["user".into(); 17]).await,
        "a user has at most 16 roles"
    );
}

#[tokio::test]
async fn roles_are_those_of_the_plan() {
    let ground = provisioned().await;
    let hint = "hint: the plan knows `admin`, `user`";
    assert_eq!(
        refusal(&ground, |user| user.roles = vec!["users".into()]).await,
        format!("unknown role: `users`\n  {hint}")
    );
    assert_eq!(
        refusal(&ground, |user| user.roles =
            vec!["root".into(), "user".into(), String::new()])
        .await,
        format!("unknown roles: `root`, ``\n  {hint}")
    );
    let error = change_roles(
        &ground.storage,
        &plan(),
        "9",
        &["root".into()],
        &*ground.clock,
    )
    .await
    .unwrap_err();
    assert_eq!(error.to_string(), format!("unknown role: `root`\n  {hint}"));
}

#[tokio::test]
async fn passwords_are_long_and_not_the_name() {
    let ground = provisioned().await;
    let short = "a password has at least 15 characters";
    assert_eq!(
        refusal(&ground, |user| user.password =
            Secret::from("14 characters."))
        .await,
        short
    );
    assert_eq!(
        refusal(&ground, |user| user.password =
            Secret::from("ééééééé ééééé"))
        .await,
        short
    );
    let named = "a password may not contain the user's name";
    assert_eq!(
        refusal(&ground, |user| user.password =
            Secret::from("Frank Frank Frank"))
        .await,
        named
    );
    let mut fifteen = user("2003", "grace", "north", "user");
    fifteen.password = Secret::from("15 characters..");
    add_user(&ground.storage, &plan(), fifteen, &*ground.clock)
        .await
        .unwrap();
}

#[tokio::test]
async fn what_does_not_exist_cannot_be_changed_or_ended() {
    let ground = provisioned().await;
    let (storage, clock) = (&ground.storage, &*ground.clock);
    let secret = Secret::from("x");
    for changed in [
        disable_user(storage, "9", clock).await,
        enable_user(storage, "9", clock).await,
        reset_password(storage, "9", &secret, clock).await,
        change_roles(storage, &plan(), "9", &["user".into()], clock).await,
    ] {
        assert_eq!(
            changed.unwrap_err().to_string(),
            "there is no user with subject `9`"
        );
    }
    let error = revoke_session(&ground.storage, "none", &*ground.clock)
        .await
        .unwrap_err();
    assert_eq!(error.to_string(), "there is no live session `none`");
}

async fn opening(ground: &Ground) -> String {
    disable_user(&ground.storage, "9", &*ground.clock)
        .await
        .unwrap_err()
        .to_string()
}

fn overwrite(path: &Path, at: usize, bytes: &[u8]) {
    let mut content = fs::read(path).unwrap();
    content[at..at + bytes.len()].copy_from_slice(bytes);
    fs::write(path, content).unwrap();
}

#[tokio::test]
async fn a_damaged_database_is_refused_and_left_as_it_is() {
    let ground = provisioned().await;
    let path = ground.state.authority_database();
    let good = fs::read(&path).unwrap();
    let name = path.display();
    let damages: [(&str, &dyn Fn()); 5] = [
        ("it does not begin like an SQLite database", &|| {
            overwrite(&path, 0, b"garbage");
        }),
        ("it does not begin like an SQLite database", &|| {
            fs::write(&path, b"").unwrap();
        }),
        ("it does not begin like an SQLite database", &|| {
            fs::write(&path, b"SQLite").unwrap();
        }),
        ("", &|| fs::write(&path, &good[..good.len() / 2]).unwrap()),
        ("", &|| overwrite(&path, 4096, &[0xff; 4096])),
    ];
    for (what, damage) in damages {
        fs::write(&path, &good).unwrap();
        damage();
        let before = fs::read(&path).unwrap();
        let text = opening(&ground).await;
        let begins = format!("the authority database `{name}` is damaged: {what}");
        assert!(text.starts_with(&begins), "{text}");
        assert!(
            text.ends_with("hint: nothing was changed; put a good copy in its place"),
            "{text}"
        );
        assert_eq!(fs::read(&path).unwrap(), before, "nothing is overwritten");
        // Provisioning again is not a repair either.
        let again = provision(&ground.storage, &plan(), &KeyAccess::plain(), &ground.clock)
            .await
            .unwrap_err()
            .to_string();
        assert!(again.starts_with(&begins), "{again}");
        assert_eq!(fs::read(&path).unwrap(), before, "nothing is overwritten");
    }
    fs::write(&path, &good).unwrap();
    assert_eq!(opening(&ground).await, "there is no user with subject `9`");
}

#[tokio::test]
async fn foreign_missing_and_newer_databases_are_refused() {
    let ground = provisioned().await;
    let path = ground.state.authority_database();
    let run = |statement: &'static str| {
        let path = path.clone();
        async move {
            let options = sqlx::sqlite::SqliteConnectOptions::new().filename(path);
            let pool = sqlx::sqlite::SqlitePool::connect_with(options)
                .await
                .unwrap();
            sqlx::query(statement).execute(&pool).await.unwrap();
            pool.close().await;
        }
    };
    run("INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) VALUES (9, 'later', 1, x'00', 0)").await;
    let text = opening(&ground).await;
    let expected = "was made by another build (migration 9 was previously applied but is missing in the resolved migrations)";
    assert!(text.contains(expected), "{text}");
    run("PRAGMA application_id = 1").await;
    assert_eq!(
        opening(&ground).await,
        format!(
            "`{}` is a database, but not the authority's",
            path.display()
        )
    );
    fs::remove_file(&path).unwrap();
    let missing = format!(
        "there is no authority database at `{}`\n  hint: provision the state directory first",
        path.display()
    );
    assert_eq!(opening(&ground).await, missing);
    assert!(!path.exists(), "opening does not create");
}

#[tokio::test]
async fn a_budget_that_nobody_would_spend_stops_the_start() {
    let ground = provisioned().await;
    let mut plan = plan();
    plan.limits.budgets[0].key = vauban_policy::BudgetKey::User;
    let (audit, _writer) = vauban_audit::Log::open(&ground.state.audit(), "authority").unwrap();
    let setting = Setting {
        storage: ground.storage.clone(),
        keys: KeyAccess::plain(),
        audit,
        clock: Arc::clone(&ground.clock),
    };
    let error = Parts::shipped(&Arc::new(plan), &setting).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "budget `login-account` is spent at the authority, which counts by `account` and `ip` only"
    );
}
