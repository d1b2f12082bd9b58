//! Header or payload: members in their order, or any bytes at all.

use super::{MakeError, TokenProfile, expand};

pub(super) struct Part {
    members: Vec<(Vec<u8>, Vec<u8>)>,
    whole: Option<Vec<u8>>,
    before: Vec<u8>,
    pub(super) after: Vec<u8>,
}

impl Part {
    pub(super) fn of(members: &[(&'static str, String)]) -> Self {
        let members = members
            .iter()
            .map(|(name, value)| (name.as_bytes().to_vec(), value.clone().into_bytes()));
        Self {
            members: members.collect(),
            whole: None,
            before: Vec::new(),
            after: Vec::new(),
        }
    }

    /// The JSON text, or what takes its place.
    pub(super) fn text(&self) -> Vec<u8> {
        let mut text = self.before.clone();
        match &self.whole {
            Some(whole) => text.extend_from_slice(whole),
            None => self.object(&mut text),
        }
        text.extend_from_slice(&self.after);
        text
    }

    fn object(&self, text: &mut Vec<u8>) {
        text.push(b'{');
        for (at, (name, value)) in self.members.iter().enumerate() {
            if at > 0 {
                text.push(b',');
            }
            text.push(b'"');
            text.extend_from_slice(name);
            text.extend_from_slice(b"\":");
            text.extend_from_slice(value);
        }
        text.push(b'}');
    }

    /// Takes one step, which begins behind `header` or `payload`.
    pub(super) fn change(
        &mut self,
        step: &str,
        profile: &TokenProfile<'_>,
    ) -> Result<(), MakeError> {
        if let Some(name) = step.strip_prefix("- ") {
            let at = self.find(name)?;
            self.members.remove(at);
        } else if let Some(text) = step.strip_prefix(": ") {
            self.whole = Some(expand(text, profile)?);
        } else if let Some(text) = step.strip_prefix(">> ") {
            self.after = expand(text, profile)?;
        } else if let Some(text) = step.strip_prefix("<< ") {
            self.before = expand(text, profile)?;
        } else if let Some(member) = step.strip_prefix("+ ") {
            let member = read(member, profile)?;
            self.members.push(member);
        } else if let Some(member) = step.strip_prefix("< ") {
            let member = read(member, profile)?;
            self.members.insert(0, member);
        } else {
            let (name, value) = read(step, profile)?;
            let at = self.find(&String::from_utf8_lossy(&name))?;
            if let Some(member) = self.members.get_mut(at) {
                member.1 = value;
            }
        }
        Ok(())
    }

    fn find(&self, name: &str) -> Result<usize, MakeError> {
        let found = self
            .members
            .iter()
            .position(|(known, _)| known == name.as_bytes());
        found.ok_or_else(|| MakeError::Lacks(name.to_owned()))
    }
}

/// `name = value`
fn read(member: &str, profile: &TokenProfile<'_>) -> Result<(Vec<u8>, Vec<u8>), MakeError> {
    let (name, value) = member
        .split_once(" = ")
        .ok_or_else(|| MakeError::Row(format!("`{member}` is not `name = value`")))?;
    Ok((expand(name, profile)?, expand(value, profile)?))
}
