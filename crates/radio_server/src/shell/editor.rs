//! A line of input being edited on somebody's terminal: bytes that the terminal sends go in, bytes that change what it shows come
//! out. It reads nothing, writes nothing and knows no command.
//!
//! Keys are those of Emacs and of every shell: arrows, Home, End, Ctrl-A E B F D H K U W Y L P N R T, Alt-B F D, Tab. The line
//! is one row that scrolls sideways when it is longer than the terminal is wide, so nothing depends on how terminals wrap.
//!
//! Cost: a key redraws the row, a few hundred bytes at most.

use unicode_width::UnicodeWidthChar;

use crate::limits::HISTORY_LINES_MAXIMUM;

/// The longest line, in bytes. What is typed beyond it is ignored.
pub(super) const LINE_BYTES_MAXIMUM: usize = 16 << 10;

/// The longest text that is searched for, in characters. What is typed beyond it is ignored.
const WANTED_CHARACTERS_MAXIMUM: usize = 256;

/// Columns that the line has at the least, however long the prompt.
const LINE_COLUMNS_MINIMUM: usize = 10;

/// The longest escape sequence that is looked at, in bytes.
const ESCAPE_BYTES_MAXIMUM: usize = 16;

/// What has to be done beyond showing what was typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Event {
    /// A line was entered.
    Line(String),
    /// Ctrl-C: the line is given up.
    Interrupt,
    /// Ctrl-D on an empty line.
    EndOfInput,
    /// Tab: complete what stands before the cursor, then call [`Editor::complete`].
    Complete {
        /// The line up to the cursor.
        before: String,
        /// Whether the key before was Tab as well: now all possibilities are wanted.
        again: bool,
    },
}

/// The line, and what is needed to decode the next byte.
#[derive(Debug, Default)]
pub(super) struct Editor {
    prompt: String,
    line: Vec<char>,
    cursor: usize,
    columns: usize,
    history: Vec<String>,
    /// Which entry of the history is shown; its length: none.
    shown: usize,
    /// What was typed before the history was looked at.
    draft: Vec<char>,
    killed: Vec<char>,
    search: Option<Search>,
    pending: Pending,
    last_was_tab: bool,
    last_was_return: bool,
}

/// Ctrl-R.
#[derive(Debug, Default)]
struct Search {
    wanted: String,
    /// The entry that was found.
    found: Option<usize>,
}

/// The beginning of something that takes more than one byte.
#[derive(Debug, Default)]
enum Pending {
    #[default]
    Nothing,
    Escape(Vec<u8>),
    Utf8(Vec<u8>),
}

/// A key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Key {
    Character(char),
    Control(u8),
    Alt(u8),
    Up,
    Down,
    Left,
    Right,
    WordLeft,
    WordRight,
    Home,
    End,
    Delete,
    Unknown,
}

impl Editor {
    /// An empty line after a prompt, on a terminal so many columns wide.
    #[must_use]
    pub(super) fn new(prompt: &str, columns: usize, history: Vec<String>) -> Self {
        let shown = history.len();
        Self { prompt: prompt.to_owned(), columns: columns.max(20), history, shown, ..Self::default() }
    }

    /// The terminal has another width now.
    pub(super) fn resize(&mut self, columns: usize) {
        self.columns = columns.max(20);
    }

    /// What was entered so far, oldest first.
    #[must_use]
    pub(super) fn history(&self) -> &[String] {
        &self.history
    }

    /// Takes one byte from the terminal. What the terminal is to show is appended to `out`.
    pub(super) fn feed(&mut self, byte: u8, out: &mut Vec<u8>) -> Option<Event> {
        let key = self.decode(byte)?;
        let after_return = std::mem::take(&mut self.last_was_return);
        if after_return && key == Key::Control(b'\n') {
            // The second half of a line end of two bytes.
            return None;
        }
        let again = std::mem::take(&mut self.last_was_tab);
        if self.search.is_some()
            && let Some(event) = self.search_key(key, out)
        {
            return event;
        }
        self.edit_key(key, again, out)
    }

    /// Shows prompt and line anew.
    pub(super) fn draw(&self, out: &mut Vec<u8>) {
        let Row { prompt, line, cursor } = self.row();
        let column = width(&prompt) + width(&line[..cursor]);
        out.extend_from_slice(b"\r");
        out.extend(prompt.iter().chain(&line).collect::<String>().into_bytes());
        out.extend_from_slice(b"\x1b[K\r");
        if column > 0 {
            out.extend_from_slice(format!("\x1b[{column}C").as_bytes());
        }
    }

    /// What is shown: narrower than the terminal, so that it never wraps.
    fn row(&self) -> Row {
        let (prompt, line, cursor) = match &self.search {
            Some(search) => {
                let found = search.found.map_or("", |at| self.history[at].as_str());
                let line: Vec<char> = found.chars().collect();
                let at = found.find(&search.wanted).map_or(0, |byte| found[..byte].chars().count());
                (format!("(search) {:?}: ", search.wanted), line, at)
            }
            None => (self.prompt.clone(), self.line.clone(), self.cursor),
        };
        // Of a long prompt the end is shown.
        let prompt: Vec<char> = prompt.chars().collect();
        let (start, _) = visible(&prompt, prompt.len(), self.columns.saturating_sub(LINE_COLUMNS_MINIMUM + 1));
        let prompt = prompt[start..].to_vec();
        let (start, end) = visible(&line, cursor, self.columns.saturating_sub(width(&prompt) + 1));
        Row { prompt, line: line[start..end].to_vec(), cursor: cursor - start }
    }

    /// Puts `text` in the place of the last `replaced` characters before the cursor.
    pub(super) fn complete(&mut self, replaced: usize, text: &str, out: &mut Vec<u8>) {
        let from = self.cursor.saturating_sub(replaced);
        if (self.line.len() - (self.cursor - from) + text.chars().count()) * 4 > LINE_BYTES_MAXIMUM {
            return;
        }
        self.line.splice(from..self.cursor, text.chars());
        self.cursor = from + text.chars().count();
        self.draw(out);
    }

    fn decode(&mut self, byte: u8) -> Option<Key> {
        match std::mem::take(&mut self.pending) {
            Pending::Nothing => match byte {
                0x1b => {
                    self.pending = Pending::Escape(Vec::new());
                    None
                }
                0x00..=0x1f | 0x7f => Some(Key::Control(byte)),
                0x20..=0x7e => Some(Key::Character(char::from(byte))),
                _ => self.decode_utf8(Vec::new(), byte),
            },
            Pending::Utf8(begun) => self.decode_utf8(begun, byte),
            Pending::Escape(begun) => self.decode_escape(begun, byte),
        }
    }

    fn decode_utf8(&mut self, mut begun: Vec<u8>, byte: u8) -> Option<Key> {
        begun.push(byte);
        match std::str::from_utf8(&begun) {
            Ok(text) => text.chars().next().map(Key::Character),
            // Not wrong yet, only not all there.
            Err(error) if error.error_len().is_none() => {
                self.pending = Pending::Utf8(begun);
                None
            }
            Err(_) => Some(Key::Unknown),
        }
    }

    fn decode_escape(&mut self, mut begun: Vec<u8>, byte: u8) -> Option<Key> {
        begun.push(byte);
        let key = match begun.as_slice() {
            [b'[' | b'O'] => None,
            [b'[' | b'O', .., 0x40..=0x7e] => Some(match begun.as_slice() {
                [_, b'A'] => Key::Up,
                [_, b'B'] => Key::Down,
                [_, b'C'] => Key::Right,
                [_, b'D'] => Key::Left,
                [_, b'H'] | b"[1~" | b"[7~" => Key::Home,
                [_, b'F'] | b"[4~" | b"[8~" => Key::End,
                b"[3~" => Key::Delete,
                b"[1;5C" | b"[1;3C" => Key::WordRight,
                b"[1;5D" | b"[1;3D" => Key::WordLeft,
                _ => Key::Unknown,
            }),
            [b'[' | b'O', ..] => (begun.len() >= ESCAPE_BYTES_MAXIMUM).then_some(Key::Unknown),
            [letter, ..] => Some(Key::Alt(letter.to_ascii_lowercase())),
            [] => None,
        };
        if key.is_none() {
            self.pending = Pending::Escape(begun);
        }
        key
    }

    fn edit_key(&mut self, key: Key, again: bool, out: &mut Vec<u8>) -> Option<Event> {
        match key {
            Key::Control(b'\r' | b'\n') => return Some(self.enter(key, out)),
            Key::Control(3) => {
                out.extend_from_slice(b"^C\r\n");
                self.clear();
                return Some(Event::Interrupt);
            }
            Key::Control(4) if self.line.is_empty() => {
                out.extend_from_slice(b"\r\n");
                return Some(Event::EndOfInput);
            }
            Key::Control(9) => {
                self.last_was_tab = true;
                return Some(Event::Complete { before: self.line[..self.cursor].iter().collect(), again });
            }
            Key::Control(12) => out.extend_from_slice(b"\x1b[H\x1b[2J"),
            Key::Control(18) => self.search = Some(Search::default()),
            Key::Control(16) | Key::Up => self.show_history(self.shown.checked_sub(1)),
            Key::Control(14) | Key::Down => self.show_history(Some(self.shown + 1)),
            Key::Character(character) => self.insert(character),
            other => self.move_or_cut(other),
        }
        self.draw(out);
        None
    }

    fn move_or_cut(&mut self, key: Key) {
        match key {
            Key::Control(1) | Key::Home => self.cursor = 0,
            Key::Control(5) | Key::End => self.cursor = self.line.len(),
            Key::Control(2) | Key::Left => self.cursor = self.cursor.saturating_sub(1),
            Key::Control(6) | Key::Right => self.cursor = (self.cursor + 1).min(self.line.len()),
            Key::Alt(b'b') | Key::WordLeft => self.cursor = self.word_start(),
            Key::Alt(b'f') | Key::WordRight => self.cursor = self.word_end(),
            Key::Control(4) | Key::Delete if self.cursor < self.line.len() => {
                self.line.remove(self.cursor);
            }
            Key::Control(8 | 0x7f) if self.cursor > 0 => {
                self.cursor -= 1;
                self.line.remove(self.cursor);
            }
            Key::Control(11) => self.kill(self.cursor, self.line.len()),
            Key::Control(21) => self.kill(0, self.cursor),
            Key::Control(23) | Key::Alt(0x7f | 8) => self.kill(self.word_start(), self.cursor),
            Key::Alt(b'd') => self.kill(self.cursor, self.word_end()),
            Key::Control(25) => std::mem::take(&mut self.killed).into_iter().for_each(|character| {
                self.insert(character);
                self.killed.push(character);
            }),
            Key::Control(20) if self.cursor > 0 && self.line.len() > 1 => {
                self.cursor = self.cursor.min(self.line.len() - 1);
                self.line.swap(self.cursor - 1, self.cursor);
                self.cursor += 1;
            }
            _ => {}
        }
    }

    fn search_key(&mut self, key: Key, out: &mut Vec<u8>) -> Option<Option<Event>> {
        let search = self.search.as_mut()?;
        match key {
            Key::Character(character) => {
                if search.wanted.chars().count() < WANTED_CHARACTERS_MAXIMUM {
                    search.wanted.push(character);
                }
            }
            Key::Control(8 | 0x7f) => {
                search.wanted.pop();
            }
            Key::Control(18) => {
                let wanted = search.wanted.clone();
                let below = search.found.unwrap_or(self.history.len());
                let older = self.history[..below].iter().rposition(|entry| entry.contains(&wanted));
                search.found = older.or(search.found);
                self.draw(out);
                return Some(None);
            }
            Key::Control(3 | 7) => {
                self.search = None;
                self.draw(out);
                return Some(None);
            }
            _ => {
                // Whatever else: it is done to the line that was found.
                let found = self.search.take().and_then(|search| search.found);
                if let Some(entry) = found.map(|at| self.history[at].clone()) {
                    self.set_line(&entry);
                }
                return None;
            }
        }
        search.found = self.history.iter().rposition(|entry| entry.contains(&search.wanted));
        self.draw(out);
        Some(None)
    }

    fn enter(&mut self, key: Key, out: &mut Vec<u8>) -> Event {
        self.last_was_return = key == Key::Control(b'\r');
        self.draw(out);
        out.extend_from_slice(b"\r\n");
        let line: String = self.line.iter().collect();
        if !line.trim().is_empty() && self.history.last() != Some(&line) {
            self.history.push(line.clone());
            let surplus = self.history.len().saturating_sub(HISTORY_LINES_MAXIMUM);
            self.history.drain(..surplus);
        }
        self.clear();
        Event::Line(line)
    }

    fn clear(&mut self) {
        self.line.clear();
        self.cursor = 0;
        self.shown = self.history.len();
        self.draft.clear();
        self.search = None;
    }

    fn insert(&mut self, character: char) {
        if self.line.len() * 4 < LINE_BYTES_MAXIMUM {
            self.line.insert(self.cursor, character);
            self.cursor += 1;
        }
    }

    fn kill(&mut self, from: usize, to: usize) {
        self.killed = self.line.drain(from..to).collect();
        self.cursor = from;
    }

    fn set_line(&mut self, text: &str) {
        self.line = text.chars().collect();
        self.cursor = self.line.len();
    }

    fn show_history(&mut self, entry: Option<usize>) {
        let Some(entry) = entry.filter(|entry| *entry <= self.history.len()) else { return };
        if self.shown == self.history.len() {
            self.draft.clone_from(&self.line);
        }
        self.shown = entry;
        let text = self.history.get(entry).cloned().unwrap_or_else(|| self.draft.iter().collect());
        self.set_line(&text);
    }

    fn word_start(&self) -> usize {
        let before = &self.line[..self.cursor];
        let end = before.iter().rposition(|character| character.is_alphanumeric()).map_or(0, |at| at + 1);
        before[..end].iter().rposition(|character| !character.is_alphanumeric()).map_or(0, |at| at + 1)
    }

    fn word_end(&self) -> usize {
        let after = &self.line[self.cursor..];
        let start = after.iter().position(|character| character.is_alphanumeric()).unwrap_or(after.len());
        let length = after[start..].iter().position(|character| !character.is_alphanumeric());
        self.cursor + length.map_or(after.len(), |length| start + length)
    }
}

/// What is shown of prompt and line, and where the cursor is in the line.
struct Row {
    prompt: Vec<char>,
    line: Vec<char>,
    cursor: usize,
}

/// The part of a line that fits into `room` columns: up to the cursor as much as does, and what is left behind it.
fn visible(line: &[char], cursor: usize, room: usize) -> (usize, usize) {
    let mut taken = 0;
    let mut fits = |character: &char| {
        taken += character.width().unwrap_or(0);
        taken <= room
    };
    let before = line[..cursor].iter().rev().take_while(|character| fits(character)).count();
    let behind = line[cursor..].iter().take_while(|character| fits(character)).count();
    (cursor - before, cursor + behind)
}

fn width(characters: &[char]) -> usize {
    characters.iter().map(|character| character.width().unwrap_or(0)).sum()
}

/// Types these keys on a terminal so many columns wide; for the fuzz target.
#[doc(hidden)]
pub fn fuzz(keys: &[u8], columns: usize) {
    let mut editor = Editor::new("anna@radio> ", columns, vec!["next".to_owned(), "ls -l=v".to_owned()]);
    let mut out = Vec::new();
    for key in keys {
        if let Some(Event::Complete { before, .. }) = editor.feed(*key, &mut out) {
            assert_eq!(before.chars().count(), editor.cursor);
            editor.complete(usize::from(before.ends_with('l')), "ls \u{4e16}", &mut out);
        }
        out.clear();
        let row = editor.row();
        assert!(row.cursor <= row.line.len() && width(&row.prompt) + width(&row.line) < editor.columns);
        assert!(editor.cursor <= editor.line.len() && editor.line.len() * 4 <= LINE_BYTES_MAXIMUM);
        assert!(editor.search.as_ref().is_none_or(|search| search.wanted.len() <= WANTED_CHARACTERS_MAXIMUM * 4));
        assert!(editor.history.len() <= HISTORY_LINES_MAXIMUM);
    }
}

#[cfg(test)]
mod tests {
    use unicode_width::UnicodeWidthStr;

    use super::*;

    fn editor(history: &[&str]) -> Editor {
        Editor::new("> ", 80, history.iter().map(|&entry| entry.to_owned()).collect())
    }

    fn type_into(editor: &mut Editor, keys: &str) -> Vec<Event> {
        let mut out = Vec::new();
        keys.bytes().filter_map(|byte| editor.feed(byte, &mut out)).collect()
    }

    fn entered(history: &[&str], keys: &str) -> String {
        match type_into(&mut editor(history), &format!("{keys}\r")).pop() {
            Some(Event::Line(line)) => line,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn keys_move_and_cut_as_in_every_shell() {
        for (keys, line) in [
            ("abc", "abc"),
            ("abc\x7f\x7fx", "ax"),
            ("bc\x01a\x05d", "abcd"),
            ("ac\x1b[Db", "abc"),
            ("ac\x02b\x06d", "abcd"),
            ("one two three\x17four", "one two four"),
            ("one two\x1bb\x0bx", "one x"),
            ("one two\x15three", "three"),
            ("one two\x17\x01\x19 ", "two one "),
            ("ab\x01\x04c\x1b[3~", "c"),
            ("one two\x01\x1bd1", "1 two"),
            ("ba\x14", "ab"),
            ("\u{e4}\u{4e16}\x7fo", "\u{e4}o"),
            ("one two\x1b[1;5D\x1b[1;5D\x1b[1;5Cx", "onex two"),
            ("a\x1b[200~b", "ab"),
        ] {
            assert_eq!(entered(&[], keys), line, "{keys:?}");
        }
    }

    #[test]
    fn history_is_walked_searched_and_keeps_the_draft() {
        let history = ["next", "ls -l=v", "stat"];
        assert_eq!(entered(&history, "\x1b[A"), "stat");
        assert_eq!(entered(&history, "\x10\x10\x10\x10\x10"), "next");
        assert_eq!(entered(&history, "draft\x1b[A\x1b[B"), "draft");
        assert_eq!(entered(&history, "\x12l=\x05x"), "ls -l=vx");
        assert_eq!(entered(&history, "\x12s\x12"), "ls -l=v");
        assert_eq!(entered(&history, "own\x12s\x07"), "own");
        let mut editor = editor(&[]);
        type_into(&mut editor, "a\ra\r \rb\r");
        assert_eq!(editor.history(), ["a", "b"], "no repetition, nothing blank");
    }

    #[test]
    fn what_is_more_than_typing_is_an_event() {
        let mut editor = editor(&[]);
        assert_eq!(type_into(&mut editor, "abc\x03"), [Event::Interrupt]);
        assert_eq!(type_into(&mut editor, "\x04"), [Event::EndOfInput]);
        let tab = |again| Event::Complete { before: "pl".to_owned(), again };
        assert_eq!(type_into(&mut editor, "pl\t\t"), [tab(false), tab(true)]);
        editor.complete(2, "play ", &mut Vec::new());
        assert_eq!(type_into(&mut editor, "\r\n"), [Event::Line("play ".to_owned())], "one line end, not two");
    }

    #[test]
    fn a_long_line_scrolls_and_never_wraps() {
        let mut editor = Editor::new("> ", 20, Vec::new());
        let mut out = Vec::new();
        for byte in "0123456789".repeat(5).bytes() {
            out.clear();
            editor.feed(byte, &mut out);
            let shown = String::from_utf8(out.clone()).unwrap();
            let row = shown.split("\x1b[K").next().unwrap().trim_start_matches('\r');
            assert!(row.width() < 20, "{row:?}");
            assert!(row.ends_with(char::from(byte)), "the cursor is in sight");
        }
    }

    #[test]
    fn a_line_has_a_limit() {
        let line = entered(&[], &"x".repeat(LINE_BYTES_MAXIMUM * 2));
        assert!(line.len() <= LINE_BYTES_MAXIMUM);
        let mut editor = editor(&[]);
        for _ in 0..LINE_BYTES_MAXIMUM {
            editor.complete(0, "word ", &mut Vec::new());
        }
        assert!(editor.line.len() <= LINE_BYTES_MAXIMUM / 4, "completions count, too");
    }

    #[test]
    fn a_long_search_and_a_long_name_never_wrap_either() {
        let long = "\u{4e16}x".repeat(WANTED_CHARACTERS_MAXIMUM);
        let mut named = Editor::new(&long, 20, Vec::new());
        let mut searching = Editor::new("> ", 20, vec![long.clone()]);
        type_into(&mut named, "abc");
        type_into(&mut searching, &format!("\x12{long}"));
        for editor in [&named, &searching] {
            let row = editor.row();
            assert!(width(&row.prompt) + width(&row.line) < 20);
        }
        assert_eq!(named.row().line, ['a', 'b', 'c']);
        assert!(searching.row().prompt.ends_with(&['"', ':', ' ']), "the end of what is searched for is in sight");
        assert_eq!(searching.search.unwrap().wanted.chars().count(), WANTED_CHARACTERS_MAXIMUM);
    }

    #[test]
    fn as_much_is_remembered_as_is_kept() {
        let mut editor = editor(&[]);
        for number in 0..HISTORY_LINES_MAXIMUM + 3 {
            type_into(&mut editor, &format!("{number}\r"));
        }
        assert_eq!((editor.history().len(), editor.history()[0].as_str()), (HISTORY_LINES_MAXIMUM, "3"));
        assert_eq!(type_into(&mut editor, "\x1b[A\r").len(), 1, "the newest is there");
    }

    #[test]
    fn any_bytes_at_all_are_taken() {
        let mut state = 0x9e37_79b9_7f4a_7c15_u64;
        let mut editor = editor(&["one", "two"]);
        let mut out = Vec::new();
        for _ in 0..50_000 {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            if let Some(Event::Complete { .. }) = editor.feed(state.to_le_bytes()[2], &mut out) {
                editor.complete(1, "\u{4e16}", &mut out);
            }
            out.clear();
        }
    }
}
