#![no_main]
//! Whatever a client of the RTSP server sends.
use base::Mono;
use libfuzzer_sys::fuzz_target;
use rtsp::{Conversation, DigestSecret, Event, Nonces, Offer, Status};

fuzz_target!(|data: &[u8]| {
    let mut conversation = Conversation::new(Offer::ALL, Nonces::new([1; 32]), "s".into()).with_publishing();
    let secret = DigestSecret { md5: [0; 16], sha256: [0; 32] };
    let now = Mono::from_nanos(0);
    for chunk in data.chunks(97) {
        if conversation.input(now, chunk).is_err() {
            return;
        }
        while let Some(event) = conversation.poll_event() {
            let answered = match event {
                // No password can be guessed here, so that those who say nothing are permitted.
                Event::Authorize { authorization, method, .. } => {
                    match authorization.is_none_or(|given| given.proves("u", &secret, method)) {
                        true => conversation.permit(now),
                        false => conversation.refuse(now, Status::Unauthorized),
                    }
                }
                Event::Describe { .. } => conversation.describe(now, "v=0\r\n"),
                Event::Setup { .. } => conversation.accept_setup(now, Some((2, 3)), 1),
                Event::Announce { .. } => conversation.accept_announce(now),
                Event::Record => conversation.accept_record(now),
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
