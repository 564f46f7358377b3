//! A command that pulls a stream with ffmpeg and publishes it, as the address that it pulls. Pure.

/// The address that the command pulls, when all it does is to copy it. `$G1` and `$MTX_PATH` stay for the
/// caller to replace.
pub(super) fn pulled(command: &str) -> Option<String> {
    let words = words(command)?;
    let (program, arguments) = words.split_first()?;
    if program.rsplit('/').next() != Some("ffmpeg") {
        return None;
    }
    let mut input = None;
    let mut copies = false;
    let mut arguments = arguments.iter().peekable();
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "-i" if input.is_some() => return None,
            "-i" => input = Some(arguments.next()?.clone()),
            "-c" | "-codec" | "-c:v" | "-codec:v" | "-vcodec" | "-c:a" | "-acodec" => {
                if arguments.next()? != "copy" {
                    return None;
                }
                copies = true;
            }
            "-vf" | "-af" | "-filter_complex" | "-ss" | "-t" => return None,
            _ => {}
        }
    }
    input.filter(|input| copies && input.contains("://"))
}

/// Words as a shell would split them, without its other powers: `None` where it would use them.
fn words(command: &str) -> Option<Vec<String>> {
    let (mut words, mut word, mut quote) = (Vec::new(), None::<String>, None);
    for c in command.chars() {
        match (quote, c) {
            (Some(open), c) if c == open => quote = None,
            (None, '"' | '\'') => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (None, c) if c.is_whitespace() => words.extend(word.take()),
            (None, '|' | ';' | '>' | '<' | '`' | '\\') => return None,
            (_, c) => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    quote.is_none().then_some(words)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_command_that_copies_is_the_address_that_it_pulls() {
        let copy = "/usr/bin/ffmpeg -rtsp_transport tcp -i \"rtsp://h/bus/$G1\" -c copy -f rtsp rtsp://localhost:$RTSP_PORT/$MTX_PATH";
        assert_eq!(pulled(copy).as_deref(), Some("rtsp://h/bus/$G1"));
        for other in [
            "gst-launch-1.0 rtspsrc",
            "ffmpeg -i rtsp://h/1 -c:v libx264 -f rtsp rtsp://localhost/x",
            "ffmpeg -i a.mp4 -c copy -f rtsp rtsp://localhost/x",
            "ffmpeg -i rtsp://h/1 -i rtsp://h/2 -c copy -f rtsp rtsp://localhost/x",
            "ffmpeg -i rtsp://h/1 -c copy - | cat",
            "ffmpeg -i",
            "",
        ] {
            assert_eq!(pulled(other), None, "{other}");
        }
    }

    proptest! {
        #[test]
        fn no_command_panics(command in ".{0,80}") {
            let _ = pulled(&command);
        }
    }
}
