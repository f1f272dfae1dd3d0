//! A path a line.

use super::{Call, CommandError, Options, Row};

pub(super) fn write(call: &mut Call<'_>, row: &Row, options: &Options) -> Result<(), CommandError> {
    call.line(options.name(&row.song))
}
