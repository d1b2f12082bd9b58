//! Objects in a token: finding a key and its public half, making a pair, destroying one.

use cryptoki::context::Function;
use cryptoki::error::{Error, RvError};
use cryptoki::mechanism::Mechanism;
use cryptoki::object::{Attribute, AttributeType, KeyType, ObjectClass, ObjectHandle};
use cryptoki::session::{Session, SessionState};

use super::worker::{Open, Trouble};
use super::{Algorithm, Found, HsmError, KeyName};

/// `secp256r1` as an object identifier in DER.
const P256: [u8; 10] = [0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07];
/// `id-Ed25519` (RFC 8410), and the name that PKCS#11 3.0 allows beside it.
const ED25519: [u8; 5] = [0x06, 0x03, 0x2b, 0x65, 0x70];
const ED25519_NAME: &[u8] = b"\x13\x0cedwards25519";
/// Bytes of a random id.
const ID_BYTES: usize = 16;

/// The key of this name with its public half.
pub(super) fn find(open: &mut Open, name: &KeyName) -> Result<Found, Trouble> {
    open.forget();
    let session = &open.session;
    let private = private(session, name)?;
    let mut whole = name.clone();
    for attribute in session.get_attributes(private, &[AttributeType::Id, AttributeType::Label])? {
        if let Attribute::Label(label) = attribute {
            whole.label = String::from_utf8(label).ok();
        } else if let Attribute::Id(id) = attribute
            && !id.is_empty()
        {
            whole.id = Some(id);
        }
    }
    let public = public(session, &whole)?;
    let Some((algorithm, bytes)) = public else {
        return Err(HsmError::Kind(name.clone()).into());
    };
    Ok((whole, algorithm, bytes))
}

/// The private half.
pub(super) fn private(session: &Session, name: &KeyName) -> Result<ObjectHandle, Trouble> {
    let mut found = session
        .find_objects(&named(ObjectClass::PRIVATE_KEY, name))?
        .into_iter();
    match (found.next(), found.next()) {
        (Some(key), None) => Ok(key),
        (None, _) if !is_logged_in(session)? => {
            let error = Error::Pkcs11(RvError::UserNotLoggedIn, Function::FindObjects);
            Err(error.into())
        }
        (None, _) => Err(HsmError::NoKey(name.clone()).into()),
        (Some(_), Some(_)) => Err(HsmError::TwoKeys(name.clone()).into()),
    }
}

/// Whether private keys are shown. A session that was logged out behind our back finds none, which is not to say that there are none.
fn is_logged_in(session: &Session) -> Result<bool, Trouble> {
    let state = session.get_session_info()?.session_state();
    Ok(matches!(state, SessionState::RoUser | SessionState::RwUser))
}

/// Makes a pair whose private half stays.
pub(super) fn generate(
    open: &mut Open,
    algorithm: Algorithm,
    label: &str,
) -> Result<Found, Trouble> {
    let mut id = vec![0; ID_BYTES];
    getrandom::fill(&mut id).map_err(|error| HsmError::Failed(error.to_string()))?;
    let (mechanism, curves): (_, &[&[u8]]) = match algorithm {
        Algorithm::Es256 => (Mechanism::EccKeyPairGen, &[&P256]),
        Algorithm::Ed25519 => (Mechanism::EccEdwardsKeyPairGen, &[&ED25519, ED25519_NAME]),
    };
    let session = open.writing()?;
    let named = [
        Attribute::Token(true),
        Attribute::Label(label.as_bytes().to_vec()),
        Attribute::Id(id.clone()),
    ];
    let mut private = named.to_vec();
    private.extend([
        Attribute::Private(true),
        Attribute::Sensitive(true),
        Attribute::Extractable(false),
        Attribute::Sign(true),
    ]);
    let mut failed = None;
    for curve in curves {
        let mut public = named.to_vec();
        public.extend([
            Attribute::Private(false),
            Attribute::Verify(true),
            Attribute::EcParams(curve.to_vec()),
        ]);
        match session.generate_key_pair(&mechanism, &public, &private) {
            Ok(_pair) => {
                let name = KeyName {
                    label: Some(label.to_owned()),
                    id: Some(id),
                };
                return find(open, &name);
            }
            Err(error) => failed = failed.or(Some(error)),
        }
    }
    match failed {
        Some(error) => Err(HsmError::Failed(error.to_string()).into()),
        None => Err(HsmError::Silent.into()),
    }
}

/// Destroys both halves.
pub(super) fn destroy(open: &mut Open, name: &KeyName) -> Result<(), Trouble> {
    open.forget();
    let session = open.writing()?;
    for class in [ObjectClass::PRIVATE_KEY, ObjectClass::PUBLIC_KEY] {
        for object in session.find_objects(&half(class, name))? {
            session.destroy_object(object)?;
        }
    }
    Ok(())
}

/// What has this name in all that the name says.
fn named(class: ObjectClass, name: &KeyName) -> Vec<Attribute> {
    let mut template = vec![Attribute::Class(class)];
    template.extend(name.id.clone().map(Attribute::Id));
    let label = name.label.as_ref();
    template.extend(label.map(|label| Attribute::Label(label.as_bytes().to_vec())));
    template
}

/// The halves of one pair have the same id; other tools give them different labels.
fn half(class: ObjectClass, name: &KeyName) -> Vec<Attribute> {
    match &name.id {
        Some(id) => vec![Attribute::Class(class), Attribute::Id(id.clone())],
        None => named(class, name),
    }
}

/// The algorithm and the bytes of a public half, if it is one of ours.
fn public(session: &Session, name: &KeyName) -> Result<Option<(Algorithm, Vec<u8>)>, Trouble> {
    let found = session.find_objects(&half(ObjectClass::PUBLIC_KEY, name))?;
    let [object] = found.as_slice() else {
        return Ok(None);
    };
    let wanted = [
        AttributeType::KeyType,
        AttributeType::EcParams,
        AttributeType::EcPoint,
    ];
    let (mut kind, mut curve, mut point) = (None, Vec::new(), Vec::new());
    for attribute in session.get_attributes(*object, &wanted)? {
        if let Attribute::KeyType(found) = attribute {
            kind = Some(found);
        } else if let Attribute::EcParams(found) = attribute {
            curve = found;
        } else if let Attribute::EcPoint(found) = attribute {
            point = found;
        }
    }
    let algorithm = if kind == Some(KeyType::EC) && curve == P256 {
        Algorithm::Es256
    } else if kind == Some(KeyType::EC_EDWARDS) && (curve == ED25519 || curve == ED25519_NAME) {
        Algorithm::Ed25519
    } else {
        return Ok(None);
    };
    let length = match algorithm {
        Algorithm::Es256 => 65,
        Algorithm::Ed25519 => 32,
    };
    Ok(unwrap_point(&point, length).map(|bytes| (algorithm, bytes)))
}

/// PKCS#11 puts the point into an octet string; some modules forget to.
fn unwrap_point(point: &[u8], length: usize) -> Option<Vec<u8>> {
    let bare = if point.len() == length {
        point
    } else {
        let rest = point.strip_prefix(&[0x04])?;
        let (stated, rest) = rest.split_first()?;
        (usize::from(*stated) == length && rest.len() == length).then_some(rest)?
    };
    Some(bare.to_vec())
}
