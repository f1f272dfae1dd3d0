//! Playing: what begins, what is due, what ends.

use super::{
    Answer, Arc, CATCH_UP_NS_MAX, Effect, EndReason, Entry, EntryId, Event, Feed, Moment, Part, Piece, Place, Playing,
    Refusal, SentChunk, Station, Time, milliseconds, nanoseconds,
};

impl Station {
    pub(super) fn play(&mut self, now: Moment) -> Result<Answer, Refusal> {
        if !std::mem::replace(&mut self.playing, true)
            && let Some(current) = &mut self.current
        {
            current.not_before = now.time;
            current.is_seam = false;
        }
        self.no_more = false;
        Ok(Answer::Done)
    }

    pub(super) fn play_entry(&mut self, now: Moment, id: EntryId) -> Result<Answer, Refusal> {
        let is_current = self.current.as_ref().is_some_and(|current| current.feed.entry.id == id);
        if is_current {
            let _ = self.go_to(now, Place::Milliseconds(0));
        } else {
            if !self.queue.waiting().any(|entry| entry.id == id) {
                return Err(Refusal::NoSuchEntry { id });
            }
            self.end_current(now, EndReason::Skipped);
            self.queue.bring_forward(id);
        }
        self.play(now)
    }

    pub(super) fn pause(&mut self, _now: Moment) -> Result<Answer, Refusal> {
        self.playing = false;
        self.autoplay_at = None;
        self.seam = None;
        if let Some(current) = &mut self.current {
            // It goes on with the chunk that was not sent yet.
            current.base = None;
            current.base_sample = current.feed.start_of(current.feed.next_send());
        }
        Ok(Answer::Done)
    }

    pub(super) fn stop(&mut self, now: Moment) -> Result<Answer, Refusal> {
        self.playing = false;
        self.no_more = false;
        self.autoplay_at = None;
        self.end_current(now, EndReason::Stopped);
        Ok(Answer::Done)
    }

    pub(super) fn skip(&mut self, now: Moment) -> Result<Answer, Refusal> {
        if self.current.is_some() {
            self.end_current(now, EndReason::Skipped);
        } else {
            // Stopped: another one will be the first.
            self.queue.drop_next();
        }
        Ok(Answer::Done)
    }

    pub(super) fn remove(&mut self, now: Moment, ids: &[EntryId]) -> Answer {
        let current = self.current.as_ref().map(|current| current.feed.entry.id);
        let removes_current = current.is_some_and(|current| ids.contains(&current));
        if removes_current {
            self.end_current(now, EndReason::Skipped);
        }
        match self.queue.remove(ids) {
            Answer::Changed { count } => Answer::Changed { count: count + u32::from(removes_current) },
            other => other,
        }
    }

    pub(super) fn jump(&mut self, now: Moment, percent: u8) -> Result<Answer, Refusal> {
        if percent > 100 {
            return Err(Refusal::BadPercent { percent });
        }
        self.go_to(now, Place::Percent(percent))
    }

    /// Plays a part of an entry only. If it is prepared already, it is prepared anew.
    pub(super) fn cut(&mut self, id: EntryId, part: Option<Part>) -> Result<Answer, Refusal> {
        let answer = self.queue.cut(id, part)?;
        if let Some(next) = self.next.as_mut().filter(|next| next.entry.id == id) {
            next.cut(part);
        }
        Ok(answer)
    }

    /// Goes to a place of the current song; if its file is not open yet, as soon as it is.
    pub(super) fn go_to(&mut self, now: Moment, place: Place) -> Result<Answer, Refusal> {
        let Some(current) = &mut self.current else { return Err(Refusal::NothingCurrent) };
        if current.feed.song().is_none() {
            current.wanted = Some(place);
            return Ok(Answer::Done);
        }
        let played = current.feed.samples();
        let sample = place.sample(played.end - played.start, current.feed.sample_rate());
        self.reposition(now, played.start.saturating_add(sample))
    }

    pub(super) fn fast_forward(&mut self, now: Moment, delta_ms: i64) -> Result<Answer, Refusal> {
        let Some(current) = &self.current else { return Err(Refusal::NothingCurrent) };
        let sample = current.feed.start_of(current.feed.next_send()) - current.feed.samples().start;
        let position_ms = match current.wanted {
            Some(Place::Milliseconds(wanted_ms)) => wanted_ms,
            _ => milliseconds(sample, current.feed.sample_rate().into()),
        };
        self.go_to(now, Place::Milliseconds(position_ms.saturating_add_signed(delta_ms)))
    }

    /// Goes to a sample of the current song.
    fn reposition(&mut self, now: Moment, sample: u64) -> Result<Answer, Refusal> {
        if self.current.as_ref().is_none_or(|current| sample >= current.feed.samples().end) {
            self.end_current(now, EndReason::Skipped);
            return Ok(Answer::Done);
        }
        self.break_off();
        if let Some(current) = &mut self.current {
            let chunk = current.feed.song().map_or(0, |song| song.chunks.at_sample(sample));
            current.feed.reposition(chunk);
            current.base = None;
            current.base_sample = current.feed.start_of(chunk);
            current.not_before = now.time;
            current.is_seam = false;
            current.reposition = true;
        }
        if let Some(next) = &mut self.next {
            // Stream numbers are in the order of the streams.
            next.forget_stream();
        }
        Ok(Answer::Done)
    }

    /// Ends the stream of the current song for the senders, if it has begun.
    fn break_off(&mut self) {
        let Some(current) = self.current.as_mut().filter(|current| current.stream_begun) else { return };
        current.stream_begun = false;
        let bytes = current.feed.broken_off();
        if let Some(stream) = current.feed.stream_id() {
            self.effects.push_back(Effect::Piece(Piece::End { stream, bytes: bytes.into() }));
        }
    }

    /// Ends the current song, if there is one, and removes it from the queue.
    pub(super) fn end_current(&mut self, now: Moment, reason: EndReason) {
        self.break_off();
        self.seam = None;
        let Some(current) = self.current.take() else { return };
        self.effects.push_back(Effect::Close { file: current.feed.file });
        if current.began_wall_ms.is_some() {
            let played_ms = milliseconds(current.sent_samples, current.feed.sample_rate().into());
            let entry = current.feed.entry;
            self.effects.push_back(Effect::Event(Event::Ended {
                id: entry.id,
                song: entry.song,
                reason,
                played_ms,
                wall_ms: now.wall_ms,
            }));
        }
        self.queue.drop_current();
        self.status_changed = true;
    }

    /// Makes the first entry current when it is time for one, and prepares the one after it.
    pub(super) fn prepare(&mut self, now: Moment) {
        if self.playing && self.current.is_none() {
            self.follow();
            if let Some(entry) = self.queue.take_next() {
                let feed = self.next.take().unwrap_or_else(|| self.begin_feed(entry));
                let seam = self.seam.take();
                let delay_ns = if self.silent { self.settings.announce_ns } else { 0 };
                let not_before = seam.unwrap_or_else(|| now.time.after(delay_ns));
                self.current = Some(Playing {
                    feed,
                    base: None,
                    base_sample: 0,
                    not_before,
                    is_seam: seam.is_some(),
                    stream_begun: false,
                    began_wall_ms: None,
                    sent_samples: 0,
                    reposition: false,
                    wanted: None,
                });
                self.status_changed = true;
            }
        }
        self.follow();
        self.announce(now);
    }

    /// Sees to it that what is prepared is what comes next.
    fn follow(&mut self) {
        let wanted = self.queue.next().cloned();
        let wanted_id = wanted.as_ref().map(|entry| entry.id);
        if self.next.as_ref().map(|next| next.entry.id) == wanted_id {
            return;
        }
        if let Some(given_up) = self.next.take() {
            self.effects.push_back(Effect::Close { file: given_up.file });
        }
        self.next = wanted.map(|entry| self.begin_feed(entry));
    }

    fn begin_feed(&mut self, entry: Entry) -> Feed {
        self.last_file += 1;
        self.effects.push_back(Effect::Open { file: self.last_file, path: entry.song.path.clone() });
        Feed::new(entry, self.last_file)
    }

    /// Announces what will begin soon.
    fn announce(&mut self, now: Moment) {
        if !self.playing {
            return;
        }
        let last = &mut self.last_stream;
        let mut number = || {
            *last = last.wrapping_add(1).max(1);
            *last
        };
        let announced = match &mut self.current {
            Some(current) if !current.stream_begun => {
                (current.feed.is_ready() && !current.feed.announced).then_some(&mut current.feed)
            }
            Some(current) if !self.no_more => {
                let end = current.base.map(|base| {
                    let samples = current.feed.samples().end.saturating_sub(current.base_sample);
                    base.after(nanoseconds(samples, current.feed.sample_rate()))
                });
                let soon = end.is_some_and(|end| end.since(now.time) <= self.settings.announce_ns);
                self.next.as_mut().filter(|next| soon && next.is_ready() && !next.announced)
            }
            _ => None,
        };
        if let Some(feed) = announced
            && let Some(info) = feed.stream(&mut number)
        {
            feed.announced = true;
            self.effects.push_back(Effect::Piece(Piece::Announce(info)));
        }
    }

    /// When something of the current song is due.
    pub(super) fn due(&self, current: &Playing) -> Option<Time> {
        let feed = &current.feed;
        let Some(base) = current.base else {
            return (feed.is_ready() || feed.is_sent() || feed.failure.is_some()).then_some(current.not_before);
        };
        // Without the next chunk nothing can be done; its arrival is an event of its own.
        if !feed.is_ready() && !feed.is_sent() && feed.failure.is_none() {
            return None;
        }
        let samples = feed.start_of(feed.next_send()).saturating_sub(current.base_sample);
        Some(base.after(nanoseconds(samples, feed.sample_rate())))
    }

    /// Does the next thing that is due; false when nothing is.
    pub(super) fn step(&mut self, now: Moment) -> bool {
        let Some(current) = &self.current else { return false };
        let Some(due) = self.due(current).filter(|due| *due <= now.time) else { return false };
        let is_timed = current.base.is_some() || current.is_seam;
        let due = if is_timed { self.catch_up(due, now.time) } else { now.time };
        let Some(current) = &mut self.current else { return false };
        if current.feed.is_sent() {
            self.end_current(now, EndReason::Finished);
            self.seam = Some(due);
            if std::mem::take(&mut self.no_more) {
                self.playing = false;
                self.seam = None;
            }
            return true;
        }
        if !current.feed.is_ready() {
            self.fail_current(now, due);
            return true;
        }
        if current.base.is_none() {
            current.base = Some(due);
            current.base_sample = current.feed.start_of(current.feed.next_send());
        }
        self.send_chunk(now);
        true
    }

    /// How late it may be: what is due earlier than the limit is due at the limit, and all that follows is later by as much.
    fn catch_up(&mut self, due: Time, now: Time) -> Time {
        let behind = now.since(due);
        if behind <= CATCH_UP_NS_MAX {
            return due;
        }
        let slip = behind - CATCH_UP_NS_MAX;
        if let Some(base) = self.current.as_mut().and_then(|current| current.base.as_mut()) {
            *base = base.after(slip);
        }
        self.late_files += 1;
        self.status_changed = true;
        due.after(slip)
    }

    /// The next chunk could not be read.
    fn fail_current(&mut self, now: Moment, due: Time) {
        let failed =
            self.current.as_mut().and_then(|current| Some((current.feed.entry.clone(), current.feed.failure.take()?)));
        if let Some((entry, failure)) = failed {
            let (kind, message) = (failure.kind, failure.message);
            self.effects.push_back(Effect::Event(Event::Failed { id: entry.id, song: entry.song, kind, message }));
        }
        let is_timed = self.current.as_ref().is_some_and(|current| current.base.is_some() || current.is_seam);
        self.end_current(now, EndReason::Failed);
        self.seam = is_timed.then_some(due);
    }

    fn send_chunk(&mut self, now: Moment) {
        let Some(current) = &mut self.current else { return };
        let last = &mut self.last_stream;
        let Some(info) = current.feed.stream(|| {
            *last = last.wrapping_add(1).max(1);
            *last
        }) else {
            return;
        };
        if !current.stream_begun {
            current.stream_begun = true;
            current.reposition = false;
            self.silent = false;
            self.status_changed = true;
            self.effects.push_back(Effect::Piece(Piece::Begin(Arc::clone(&info))));
            if current.began_wall_ms.is_none() {
                current.began_wall_ms = Some(now.wall_ms);
                self.songs_begun += 1;
                let entry = current.feed.entry.clone();
                self.effects.push_back(Effect::Event(Event::Began {
                    id: entry.id,
                    song: entry.song,
                    wall_ms: now.wall_ms,
                }));
            }
        }
        let (rate, first) = (current.feed.sample_rate(), current.feed.first_sample());
        let Some((bytes, start, samples)) = current.feed.take() else { return };
        current.sent_samples += u64::from(samples);
        let start_ns = nanoseconds(start.saturating_sub(first), rate);
        let duration_ns = nanoseconds(samples.into(), rate);
        let chunk = SentChunk { stream: info.id, bytes, start_ns, duration_ns };
        self.effects.push_back(Effect::Piece(Piece::Chunk(Arc::new(chunk))));
        if current.feed.is_sent() {
            // The end of a whole song needs no words of its own, but senders may flush what they have gathered.
            self.break_off();
        }
    }

    /// Asks for what should be loaded.
    pub(super) fn load_ahead(&mut self) {
        let feeds = self.current.iter_mut().map(|current| &mut current.feed).chain(&mut self.next);
        for feed in feeds {
            if let Some(chunks) = feed.load_wanted() {
                self.last_ticket += 1;
                feed.load = Some(self.last_ticket);
                self.effects.push_back(Effect::Load { ticket: self.last_ticket, file: feed.file, chunks });
            }
        }
    }
}
