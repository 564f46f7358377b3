#![no_main]
//! Whatever a client of the RTSP server sends.
use base::Mono;
use libfuzzer_sys::fuzz_target;
use rtsp::{Conversation, Event, Status};

fuzz_target!(|data: &[u8]| {
    let mut conversation = Conversation::new(None, "n".into(), "s".into());
    let now = Mono::from_nanos(0);
    for chunk in data.chunks(97) {
        if conversation.input(now, chunk).is_err() {
            return;
        }
        while let Some(event) = conversation.poll_event() {
            let answered = match event {
                Event::Describe { .. } => conversation.describe(now, "v=0\r\n"),
                Event::Setup { .. } => conversation.accept_setup(now, Some((2, 3)), 1),
                Event::Play => conversation.accept_play(now, &[]),
                _ => conversation.refuse(now, Status::NotFound),
            };
            if answered.is_err() {
                return;
            }
        }
        while conversation.poll_output().is_some() {}
    }
});
