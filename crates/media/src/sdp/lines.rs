//! The lines of a session description (RFC 8866 section 5) as far as media and attributes go.
//!
//! Other lines are passed over, wrong ones too: cameras write `o=` and `b=` as they like.

/// A description, taken apart.
#[derive(Debug, Default)]
pub(super) struct Session<'a> {
    /// Of the whole.
    pub(super) attributes: Vec<(&'a str, &'a str)>,
    pub(super) media: Vec<Media<'a>>,
}

/// A medium's line, and its attributes.
#[derive(Debug)]
pub(super) struct Media<'a> {
    pub(super) kind: &'a str,
    pub(super) protocol: &'a str,
    pub(super) formats: &'a str,
    /// Names, and values that may be empty.
    pub(super) attributes: Vec<(&'a str, &'a str)>,
}

impl<'a> Session<'a> {
    /// Says what is wrong.
    pub(super) fn read(text: &'a str) -> Result<Self, &'static str> {
        let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
        if lines.next() != Some("v=0") {
            return Err("it does not begin with `v=0`");
        }
        let mut out = Self::default();
        for line in lines {
            match line.split_once('=').ok_or("a line without `=`")? {
                ("m", rest) => out.media.push(Media::read(rest).ok_or("a wrong `m=` line")?),
                ("a", rest) => {
                    let attributes =
                        out.media.last_mut().map_or(&mut out.attributes, |m| &mut m.attributes);
                    attributes.push(rest.split_once(':').unwrap_or((rest, "")));
                }
                _ => {}
            }
        }
        Ok(out)
    }
}

impl<'a> Media<'a> {
    fn read(line: &'a str) -> Option<Self> {
        let mut words = line.splitn(4, ' ');
        let (kind, _port, protocol) = (words.next()?, words.next()?, words.next()?);
        let formats = words.next().unwrap_or_default();
        Some(Self { kind, protocol, formats, attributes: Vec::new() })
    }

    /// The values of all attributes of a name.
    pub(super) fn values(&self, name: &str) -> impl Iterator<Item = &'a str> {
        self.attributes.iter().filter(move |(key, _)| *key == name).map(|(_, value)| *value)
    }
}
