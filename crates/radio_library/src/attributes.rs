//! Attributes: words that songs have or have not, as many as somebody wants.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use crate::blobs::check_name;
use crate::catalogue::Catalogue;
use crate::change::{AttributeTable, Change, What};
use crate::error::{LibraryError, nearest};
use crate::library::{Library, Work};
use crate::pattern::Pattern;
use crate::song::{AttributeId, Song};
use crate::store;

/// An attribute that songs are given, or that is taken from them: `calm+`, `calm-`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttributeChange {
    /// Its name.
    pub name: String,
    /// True: they have it from now on.
    pub set: bool,
}

impl AttributeChange {
    /// Reads `NAME+` or `NAME-`; none for anything else.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (name, set) = match (text.strip_suffix('+'), text.strip_suffix('-')) {
            (Some(name), _) => (name, true),
            (None, Some(name)) => (name, false),
            (None, None) => return None,
        };
        (!name.is_empty()).then(|| Self { name: name.to_owned(), set })
    }
}

impl Library {
    /// Adds attributes. Those that are there already stay as they are; the others are returned.
    ///
    /// # Errors
    /// [`LibraryError::BadName`], or when the file cannot be written; then none is added.
    pub fn add_attributes(&self, names: &[&str]) -> Result<Vec<String>, LibraryError> {
        self.write(|work| {
            let mut added = Vec::new();
            for name in names {
                check_name(name)?;
                if store::attributes::insert_attribute(&work.transaction, name)? {
                    added.push((*name).to_owned());
                }
            }
            if !added.is_empty() {
                tell_table(work)?;
            }
            Ok(added)
        })
    }

    /// Removes the attributes that are like a pattern, from the songs that have them too. Returns their names.
    ///
    /// # Errors
    /// [`LibraryError::NothingMatches`], or when the file cannot be written.
    pub fn remove_attributes(&self, patterns: &[Pattern]) -> Result<Vec<String>, LibraryError> {
        self.write(|work| {
            let table = Arc::clone(work.catalogue.attributes());
            let mut gone = BTreeSet::new();
            for pattern in patterns {
                let like: Vec<_> = table.iter().filter(|(_, name)| pattern.matches(name)).map(|(id, _)| *id).collect();
                if like.is_empty() {
                    return Err(LibraryError::NothingMatches(pattern.to_string()));
                }
                gone.extend(like);
            }
            for id in &gone {
                store::attributes::delete_attribute(&work.transaction, *id)?;
            }
            for hash in recordings_with(&work.catalogue, &gone) {
                work.change_songs(&hash, What::Attributes, |song| song.attributes.retain(|id| !gone.contains(id)));
            }
            tell_table(work)?;
            Ok(gone.iter().filter_map(|id| table.get(id).cloned()).collect())
        })
    }

    /// Gives an attribute another name.
    ///
    /// # Errors
    /// [`LibraryError::NoSuchAttribute`], [`LibraryError::NameTaken`], [`LibraryError::BadName`], or when the file cannot be written.
    pub fn rename_attribute(&self, old: &str, new: &str) -> Result<(), LibraryError> {
        check_name(new)?;
        self.write(|work| {
            let id = known(&work.catalogue, old)?;
            if work.catalogue.attribute(new).is_some() {
                return Err(LibraryError::NameTaken { what: "an attribute".to_owned(), name: new.to_owned() });
            }
            store::attributes::rename_attribute(&work.transaction, id, new)?;
            tell_table(work)
        })
    }

    /// Gives attributes to the songs that are like a pattern and takes others from them. Returns the songs.
    ///
    /// # Errors
    /// [`LibraryError::NoSuchAttribute`], [`LibraryError::NothingMatches`], or when the file cannot be written.
    pub fn set_attributes(
        &self,
        changes: &[AttributeChange],
        patterns: &[Pattern],
    ) -> Result<Vec<Arc<Song>>, LibraryError> {
        self.write(|work| {
            let mut wanted = Vec::with_capacity(changes.len());
            for AttributeChange { name, set } in changes {
                wanted.push((known(&work.catalogue, name)?, *set));
            }
            for hash in work.recordings_like(patterns)? {
                for (id, set) in &wanted {
                    store::attributes::set_attribute(&work.transaction, &hash, *id, *set)?;
                }
                work.change_songs(&hash, What::Attributes, |song| {
                    for (id, set) in &wanted {
                        song.attributes.retain(|other| other != id);
                        song.attributes.extend(set.then_some(*id));
                    }
                    song.attributes.sort_unstable();
                });
            }
            work.songs_like(patterns)
        })
    }

    /// How many songs have each attribute.
    #[must_use]
    pub fn attribute_counts(&self) -> Vec<(AttributeId, String, usize)> {
        let catalogue = self.catalogue();
        let mut counts: HashMap<AttributeId, usize> = HashMap::new();
        for id in catalogue.songs().flat_map(|song| &song.attributes) {
            *counts.entry(*id).or_default() += 1;
        }
        let count = |(id, name): (&AttributeId, &String)| (*id, name.clone(), counts.get(id).copied().unwrap_or(0));
        catalogue.attributes().iter().map(count).collect()
    }
}

/// The attribute of a name, or what is most like it.
fn known(catalogue: &Catalogue, name: &str) -> Result<AttributeId, LibraryError> {
    catalogue.attribute(name).ok_or_else(|| LibraryError::NoSuchAttribute {
        name: name.to_owned(),
        nearest: nearest(name, catalogue.attributes().values().map(String::as_str)),
    })
}

fn recordings_with(catalogue: &Catalogue, attributes: &BTreeSet<AttributeId>) -> BTreeSet<[u8; 32]> {
    let has = |song: &&Arc<Song>| song.attributes.iter().any(|id| attributes.contains(id));
    catalogue.songs().filter(has).map(|song| song.content_hash).collect()
}

/// Tells what the table is now.
pub(crate) fn tell_table(work: &mut Work<'_>) -> Result<(), LibraryError> {
    let table: AttributeTable = store::attributes::attribute_table(&work.transaction)?;
    work.changes.push(Change::AttributeTable(Arc::new(table)));
    Ok(())
}
