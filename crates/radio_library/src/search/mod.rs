//! Finding songs: by words, by fields as MPD's clients ask for them, and lists of what there is.
//!
//! Start at [`Filter`]; [`crate::catalogue::Catalogue`] answers.

mod evaluation;
mod filter;
mod fold;
mod listing;
mod tag;
#[cfg(test)]
mod tests;
mod text;

pub(crate) use evaluation::find;
pub use filter::{Case, Field, Filter, How};
pub use listing::Count;
pub(crate) use listing::{count, list};
pub use tag::Tag;
pub(crate) use text::Text;
