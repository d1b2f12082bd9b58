//! Numbers, addresses, and the numbers with check digits.

use std::net::IpAddr;

use crate::seclang::syntax::Network;

/// A number as C's `atoll` reads it: white space, a sign, digits, and whatever follows. Without digits it is 0; what is too
/// large or too small is the largest or smallest number.
pub(crate) fn parse_number(text: &[u8]) -> i64 {
    let is_space = |byte: &&u8| matches!(byte, b' ' | b'\t' | b'\n' | 0x0b | 0x0c | b'\r');
    let spaces = text.iter().take_while(is_space).count();
    let text = text.get(spaces..).unwrap_or_default();
    let (negative, digits) = match text {
        [b'-', digits @ ..] => (true, digits),
        [b'+', digits @ ..] | digits => (false, digits),
    };
    let mut number = 0_i64;
    for digit in digits.iter().take_while(|byte| byte.is_ascii_digit()) {
        let digit = i64::from(digit.wrapping_sub(b'0'));
        let digit = if negative { -digit } else { digit };
        number = number.saturating_mul(10).saturating_add(digit);
    }
    number
}

/// `@ipMatch`: is the value an address, and in one of the networks? IPv6 forms of IPv4 addresses are IPv6 addresses.
pub(crate) fn ip_match(value: &[u8], networks: &[Network]) -> bool {
    // No address is longer; a long value is not even looked at.
    if value.len() > 45 {
        return false;
    }
    let address = std::str::from_utf8(value)
        .ok()
        .and_then(|text| text.parse().ok());
    address.is_some_and(|address| networks.iter().any(|network| holds(network, address)))
}

fn holds(network: &Network, address: IpAddr) -> bool {
    let other_bits = |width: u32| width.saturating_sub(u32::from(network.prefix));
    match (network.address, address) {
        (IpAddr::V4(base), IpAddr::V4(address)) => {
            let differing = base.to_bits() ^ address.to_bits();
            differing.checked_shr(other_bits(32)).unwrap_or(0) == 0
        }
        (IpAddr::V6(base), IpAddr::V6(address)) => {
            let differing = base.to_bits() ^ address.to_bits();
            differing.checked_shr(other_bits(128)).unwrap_or(0) == 0
        }
        (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => false,
    }
}

fn digits(text: &[u8]) -> impl DoubleEndedIterator<Item = u8> {
    let digits = text.iter().filter(|byte| byte.is_ascii_digit());
    digits.map(|digit| digit.wrapping_sub(b'0'))
}

/// `@verifyCC`: do the digits of what its pattern found end in the check digit that Luhn's sum asks for (ISO/IEC 7812-1)?
///
/// The operator asks this of the match that begins earliest behind each place of the value.
pub(crate) fn verify_cc(found: &[u8]) -> bool {
    let (mut sum, mut count) = (0_u8, 0_u8);
    for digit in digits(found).rev() {
        let weighted = match (count % 2, digit) {
            (0, digit) => digit,
            (_, digit) if digit > 4 => 2 * digit - 9,
            (_, digit) => 2 * digit,
        };
        sum = (sum + weighted) % 10;
        // Only whether there is one, and whether it is odd, matters.
        count = if count == 2 { 1 } else { count + 1 };
    }
    count > 0 && sum == 0
}

/// `@verifyCPF`: are the first eleven digits a Brazilian tax number? Such as repeat one digit are none, nor is `01234567890`.
pub(crate) fn verify_cpf(found: &[u8]) -> bool {
    let found = found.split(|byte| *byte == 0).next().unwrap_or_default();
    let mut number = [0_u8; 11];
    let mut count = 0;
    for (place, digit) in number.iter_mut().zip(digits(found)) {
        *place = digit;
        count += 1;
    }
    let all_same = number.iter().all(|digit| number.first() == Some(digit));
    if count < 11 || all_same || number == [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0] {
        return false;
    }
    let check = |digits: &[u8]| {
        let weights = (2..).take(digits.len());
        let products = digits.iter().rev().zip(weights);
        let sum: u32 = products
            .map(|(digit, weight): (_, u32)| u32::from(*digit) * weight)
            .sum();
        match sum % 11 {
            0 | 1 => 0,
            rest => 11 - rest,
        }
    };
    let [first @ .., a, b] = &number;
    let [first_ten @ .., _] = &number;
    check(first) == u32::from(*a) && check(first_ten) == u32::from(*b)
}

/// `@verifySSN`: are the digits a social security number of the United States, as the rules were before 2011?
pub(crate) fn verify_ssn(found: &[u8]) -> bool {
    let mut number = [0_u8; 9];
    let mut all = digits(found);
    for place in &mut number {
        let Some(digit) = all.next() else {
            return false;
        };
        *place = digit;
    }
    if all.next().is_some() {
        return false;
    }
    let pairs = || number.iter().zip(number.iter().skip(1));
    let rising = pairs().all(|(digit, next)| digit + 1 == *next);
    let repeated = pairs().all(|(digit, next)| digit == next);
    let [area @ .., _, _, _, _, _, _] = &number;
    let [_, _, _, group @ .., _, _, _, _] = &number;
    let [_, _, _, _, _, serial @ ..] = &number;
    let area = area
        .iter()
        .fold(0_u16, |area, digit| area * 10 + u16::from(*digit));
    let has_group = group.iter().any(|digit| *digit != 0);
    let has_serial = serial.iter().any(|digit| *digit != 0);
    !rising && !repeated && has_group && has_serial && !matches!(area, 0 | 666 | 740..)
}
