//! The seed's rows, as a table.

/// A person.
pub(super) struct ProfileRow {
    pub(super) id: i64,
    pub(super) username: &'static str,
    pub(super) tenant: &'static str,
    pub(super) role: &'static str,
    pub(super) display_name: &'static str,
    pub(super) email: &'static str,
    pub(super) address: &'static str,
}

/// An account; owner 0 is the house.
pub(super) struct AccountRow {
    pub(super) id: i64,
    pub(super) owner: i64,
    pub(super) tenant: &'static str,
    pub(super) name: &'static str,
}

/// A transfer that is booked before anybody asks.
#[derive(Clone, Copy)]
pub(super) struct Booking<'a> {
    pub(super) from: i64,
    pub(super) to: i64,
    pub(super) cents: i64,
    pub(super) memo: &'a str,
    pub(super) at_unix_ms: i64,
}

const HOUSE_NORTH: i64 = 100_001;
const HOUSE_SOUTH: i64 = 100_002;

/// 1 October 2026, 08:00 UTC.
const START_UNIX_MS: i64 = 1_790_841_600_000;
const DAY_MS: i64 = 86_400_000;

pub(super) const PROFILES: [ProfileRow; 5] = [
    person(
        1001,
        "alice",
        "north",
        "user",
        "Alice Archer",
        "alice@north.bank.example",
        "1 Harbour Lane",
    ),
    person(
        1002,
        "bob",
        "north",
        "user",
        "Bob Baker",
        "bob@north.bank.example",
        "2 Mill Street",
    ),
    person(
        1003,
        "carol",
        "north",
        "admin",
        "Carol Cooper",
        "carol@north.bank.example",
        "3 Station Road",
    ),
    person(
        1004,
        "dave",
        "south",
        "user",
        "Dave Dyer",
        "dave@south.bank.example",
        "4 Orchard Way",
    ),
    person(
        1005,
        "erin",
        "south",
        "admin",
        "Erin Elder",
        "erin@south.bank.example",
        "5 Chapel Hill",
    ),
];

pub(super) const ACCOUNTS: [AccountRow; 6] = [
    account(HOUSE_NORTH, 0, "north", "House account"),
    account(HOUSE_SOUTH, 0, "south", "House account"),
    account(500_101, 1001, "north", "Current account"),
    account(500_102, 1001, "north", "Savings"),
    account(500_201, 1002, "north", "Current account"),
    account(500_401, 1004, "south", "Current account"),
];

pub(super) const BOOKINGS: [Booking<'static>; 12] = [
    booking(HOUSE_NORTH, 500_101, 250_000, "Opening deposit", 0),
    booking(HOUSE_NORTH, 500_102, 1_000_000, "Opening deposit", 0),
    booking(HOUSE_NORTH, 500_201, 180_000, "Opening deposit", 0),
    booking(HOUSE_SOUTH, 500_401, 420_000, "Opening deposit", 0),
    booking(HOUSE_NORTH, 500_101, 310_000, "Salary October", 27),
    booking(HOUSE_NORTH, 500_201, 295_000, "Salary October", 27),
    booking(HOUSE_SOUTH, 500_401, 330_000, "Salary October", 27),
    booking(500_101, 500_201, 42_50, "Dinner, my half", 28),
    booking(500_201, 500_101, 17_80, "Tickets", 29),
    booking(500_101, HOUSE_NORTH, 85_000, "Rent November", 31),
    booking(500_201, HOUSE_NORTH, 79_000, "Rent November", 31),
    booking(500_401, HOUSE_SOUTH, 91_000, "Rent November", 31),
];

/// The house account of an account's tenant.
pub(super) const fn house_of(account: i64) -> i64 {
    if account == 500_401 {
        HOUSE_SOUTH
    } else {
        HOUSE_NORTH
    }
}

const fn account(id: i64, owner: i64, tenant: &'static str, name: &'static str) -> AccountRow {
    AccountRow {
        id,
        owner,
        tenant,
        name,
    }
}

const fn booking(from: i64, to: i64, cents: i64, memo: &'static str, day: i64) -> Booking<'static> {
    Booking {
        from,
        to,
        cents,
        memo,
        at_unix_ms: START_UNIX_MS + day * DAY_MS,
    }
}

#[expect(
    clippy::too_many_arguments,
    reason = "one row of a table, in the order of its columns"
)]
const fn person(
    id: i64,
    username: &'static str,
    tenant: &'static str,
    role: &'static str,
    display_name: &'static str,
    email: &'static str,
    address: &'static str,
) -> ProfileRow {
    ProfileRow {
        id,
        username,
        tenant,
        role,
        display_name,
        email,
        address,
    }
}
