//! What workers say, line by line: pieces are put together, and each line has its worker before it. Characters that would do something to
//! a terminal are shown as what they are not.

use std::collections::HashMap;

/// Longest line that is kept together, in bytes.
const LINE_BYTES_MAX: usize = 64 << 10;

/// The highest level that lines are kept apart by: fio's is that of errors, 3.
const LEVEL_MAX: u32 = 4;

/// Lines that have begun.
#[derive(Debug, Default)]
pub(super) struct WorkerText {
    begun: HashMap<(usize, u32), Vec<u8>>,
}

impl WorkerText {
    /// Takes a piece of what a worker says on a level; returns the lines that are whole now, without those that are empty.
    pub(super) fn take(&mut self, worker: usize, level: u32, piece: &[u8]) -> Vec<String> {
        let begun = self.begun.entry((worker, level.min(LEVEL_MAX))).or_default();
        begun.extend_from_slice(piece);
        let mut lines = Vec::new();
        while let Some(end) = begun.iter().position(|&byte| byte == b'\n') {
            let line: Vec<u8> = begun.drain(..=end).collect();
            lines.push(shown(&line));
        }
        if begun.len() > LINE_BYTES_MAX {
            lines.push(shown(&std::mem::take(begun)));
        }
        lines.retain(|line| !line.is_empty());
        lines
    }

    /// What has begun and will not end, by level.
    pub(super) fn rest(&mut self, worker: usize) -> Vec<(u32, String)> {
        let mut of_worker: Vec<_> = self.begun.extract_if(|(of, _), _| *of == worker).collect();
        of_worker.sort_by_key(|((_, level), _)| *level);
        let lines = of_worker.into_iter().map(|((_, level), line)| (level, shown(&line)));
        lines.filter(|(_, line)| !line.is_empty()).collect()
    }
}

fn shown(line: &[u8]) -> String {
    let text = String::from_utf8_lossy(line);
    let text = text.trim_end();
    text.chars().map(|letter| if letter.is_control() && letter != '\t' { '\u{fffd}' } else { letter }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_become_lines_of_their_worker() {
        let mut text = WorkerText::default();
        assert!(text.take(0, 2, b"begin").is_empty());
        assert_eq!(text.take(1, 2, b"other\n\nthird\n"), ["other", "third"]);
        assert_eq!(text.take(0, 2, b"ning\nmore"), ["beginning"]);
        assert_eq!(text.take(0, 3, b"\x1b[2Jclear\n"), ["\u{fffd}[2Jclear"]);
        assert_eq!(text.rest(0), [(2, "more".to_owned())]);
        assert!(text.rest(0).is_empty() && text.rest(1).is_empty());
        let begun = [b'x'; LINE_BYTES_MAX / 2];
        let told = (10..100).flat_map(|level| text.take(0, level, &begun)).map(|line| line.len()).sum::<usize>();
        assert!(told + LINE_BYTES_MAX >= 90 * begun.len(), "levels that nobody knows are one");
        text.rest(0);
        assert_eq!(text.take(0, 2, &[b'x'; LINE_BYTES_MAX + 1])[0].len(), LINE_BYTES_MAX + 1);
    }
}
