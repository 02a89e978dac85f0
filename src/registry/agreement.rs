//! How institutions come to agree on a key: proposed, signed by those concerned, in force, superseded or rejected.
//!
//! A [`Key`] is all rows of one key. [`Key::sign`], [`Key::reject`] and [`superseded_by`] give keys as they become, and change
//! nothing themselves; [`Key::is_agreed_by_all`] says whether a proposed key takes effect. An agreed key is never edited.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::registry::{InstitutionKind, Registry, Validity};
use crate::model::weight::{DECIMALS, WEIGHT_LIMIT};
use crate::model::{AppliesTo, InstitutionId, KeyId, KeyMethod, KeyRow, KeyState, ProductId, Weight};

/// A key with all its institutions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    /// Its id.
    pub id: KeyId,
    /// What use it is for.
    pub applies_to: AppliesTo,
    /// Only for this product, if given.
    pub product: Option<ProductId>,
    /// How its weights come about.
    pub method: KeyMethod,
    /// When.
    pub valid: Validity,
    /// How far it has come.
    pub state: KeyState,
    /// Its institutions with weight and signature.
    pub parts: BTreeMap<InstitutionId, KeyPart>,
}

/// An institution's part in a key.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct KeyPart {
    /// With what weight, where the method is `fixed`.
    pub weight: Option<Weight>,
    /// Who has agreed for it; empty if nobody has yet.
    pub agreed_by: String,
}

/// Why a step cannot be taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AgreementError {
    /// It is not, or no more, a proposal.
    #[error("key {key} is {state}, and only a proposed key can be {what}; propose another under a new id")]
    NotProposed {
        /// Which.
        key: KeyId,
        /// What it is.
        state: KeyState,
        /// What was wanted of it.
        what: &'static str,
    },
    /// Somebody signs who has no part in it.
    #[error("{institution} has no part in key {key}; its institutions are {members}")]
    NotMember {
        /// Which key.
        key: KeyId,
        /// Who.
        institution: InstitutionId,
        /// Who has.
        members: String,
    },
    /// Somebody has signed already.
    #[error("{institution} has agreed to key {key} already, signed: {by}")]
    Signed {
        /// Which key.
        key: KeyId,
        /// For whom.
        institution: InstitutionId,
        /// By whom.
        by: String,
    },
}

impl Key {
    /// All keys of a registry, by id.
    #[must_use]
    pub fn all(registry: &Registry) -> BTreeMap<KeyId, Self> {
        let mut keys = BTreeMap::new();
        for rows in registry.keys.chunk_by(|a, b| a.key == b.key) {
            keys.extend(Self::of_rows(rows).map(|key| (key.id.clone(), key)));
        }
        keys
    }

    /// A key of its rows; nothing without any.
    #[must_use]
    pub fn of_rows<'r>(rows: impl IntoIterator<Item = &'r KeyRow>) -> Option<Self> {
        let mut rows = rows.into_iter().peekable();
        let KeyRow { key, applies_to, product, method, valid, state, .. } = (*rows.peek()?).clone();
        let part = |row: &KeyRow| (row.institution.clone(), KeyPart { weight: row.weight, agreed_by: row.agreed_by.clone() });
        Some(Self { id: key, applies_to, product, method, valid, state, parts: rows.map(part).collect() })
    }

    /// Its rows, in the order of institutions.
    #[must_use]
    pub fn rows(&self) -> Vec<KeyRow> {
        let row = |(institution, part): (&InstitutionId, &KeyPart)| KeyRow {
            key: self.id.clone(),
            applies_to: self.applies_to.clone(),
            product: self.product.clone(),
            method: self.method,
            institution: institution.clone(),
            weight: part.weight,
            valid: self.valid,
            state: self.state,
            agreed_by: part.agreed_by.clone(),
        };
        self.parts.iter().map(row).collect()
    }

    /// Whose agreement it needs: its institutions that subscribe, while it is valid, to its product, or to anything where it is for no
    /// product in particular; its libraries if none of them does.
    #[must_use]
    pub fn concerned(&self, registry: &Registry) -> BTreeSet<InstitutionId> {
        let subscribes = |id: &&InstitutionId| {
            let mut rows = registry.subscriptions.iter().filter(|row| row.institution == **id && row.valid.meets(self.valid));
            rows.any(|row| self.product.as_ref().is_none_or(|product| row.product == *product))
        };
        let concerned: BTreeSet<InstitutionId> = self.parts.keys().filter(subscribes).cloned().collect();
        if !concerned.is_empty() {
            return concerned;
        }
        let bodies: BTreeSet<&InstitutionId> =
            registry.institutions.iter().filter(|i| i.kind == InstitutionKind::OtherBody).map(|i| &i.id).collect();
        let libraries: BTreeSet<InstitutionId> = self.parts.keys().filter(|id| !bodies.contains(id)).cloned().collect();
        if libraries.is_empty() { self.parts.keys().cloned().collect() } else { libraries }
    }

    /// Those of the concerned who have not signed yet.
    #[must_use]
    pub fn waits_for(&self, registry: &Registry) -> BTreeSet<InstitutionId> {
        let unsigned = |id: &InstitutionId| self.parts.get(id).is_none_or(|part| part.agreed_by.is_empty());
        self.concerned(registry).into_iter().filter(unsigned).collect()
    }

    /// Whether everybody concerned has signed, so that a proposal takes effect.
    #[must_use]
    pub fn is_agreed_by_all(&self, registry: &Registry) -> bool {
        self.waits_for(registry).is_empty()
    }

    /// The key signed for these institutions; in force if that was all that it waited for.
    ///
    /// # Errors
    /// It is no proposal, or somebody has no part in it or has signed already.
    pub fn sign(&self, institutions: &[InstitutionId], by: &str, registry: &Registry) -> Result<Self, AgreementError> {
        let mut key = self.open("agreed to")?;
        for institution in institutions {
            let Some(part) = key.parts.get_mut(institution) else { return Err(self.not_member(institution)) };
            if !part.agreed_by.is_empty() {
                return Err(AgreementError::Signed { key: self.id.clone(), institution: institution.clone(), by: part.agreed_by.clone() });
            }
            by.clone_into(&mut part.agreed_by);
        }
        if key.parts.len() > 1 && key.is_agreed_by_all(registry) {
            key.state = KeyState::Agreed;
        }
        Ok(key)
    }

    /// The key rejected by one of its institutions.
    ///
    /// # Errors
    /// It is no proposal, or the institution has no part in it.
    pub fn reject(&self, institution: Option<&InstitutionId>) -> Result<Self, AgreementError> {
        let mut key = self.open("rejected")?;
        if let Some(institution) = institution.filter(|id| !self.parts.contains_key(*id)) {
            return Err(self.not_member(institution));
        }
        key.state = KeyState::Rejected;
        Ok(key)
    }

    fn open(&self, what: &'static str) -> Result<Self, AgreementError> {
        if self.state == KeyState::Proposed {
            Ok(self.clone())
        } else {
            Err(AgreementError::NotProposed { key: self.id.clone(), state: self.state, what })
        }
    }

    fn not_member(&self, institution: &InstitutionId) -> AgreementError {
        let members: Vec<&str> = self.parts.keys().map(InstitutionId::as_str).collect();
        AgreementError::NotMember { key: self.id.clone(), institution: institution.clone(), members: members.join(", ") }
    }

    /// Whether its weights can be divided by exactly: their sum, as whole numbers, stays below 2^60.
    #[must_use]
    pub fn weights_fit(&self) -> bool {
        let weights: Vec<u128> = self.parts.values().filter_map(|part| part.weight).map(Weight::billionths).collect();
        let fits = |decimals: u32| {
            let tens = 10_u128.pow(DECIMALS - decimals);
            weights.iter().all(|weight| weight % tens == 0)
                && weights.iter().map(|weight| weight / tens).sum::<u128>() < u128::from(WEIGHT_LIMIT)
        };
        (0..=DECIMALS).any(fits)
    }
}

/// Agreed keys that another takes the place of, as they become: those for the same use of the same institutions. One that begins no
/// earlier is superseded altogether; one that began before ends where the other begins, unless that has an end of its own.
#[must_use]
pub fn superseded_by(new: &Key, keys: &BTreeMap<KeyId, Key>) -> Vec<Key> {
    let same = |old: &&Key| {
        old.id != new.id
            && old.state == KeyState::Agreed
            && old.applies_to == new.applies_to
            && old.product == new.product
            && old.parts.keys().eq(new.parts.keys())
            && old.valid.meets(new.valid)
    };
    let displaced = |old: &Key| {
        let within = old.valid.from >= new.valid.from && new.valid.to.is_none_or(|end| old.valid.to.is_some_and(|to| to <= end));
        let mut old = old.clone();
        if within {
            old.state = KeyState::Superseded;
        } else if new.valid.to.is_none() {
            old.valid.to = new.valid.from;
        } else {
            // After the new one's end the old one divides again; while both are valid the newer goes first.
            return None;
        }
        Some(old)
    };
    keys.values().filter(same).filter_map(displaced).collect()
}
