//! The command line.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, Parser, Subcommand};

use crate::commands;
use crate::config::{Faults, Source};

/// CCTV in one binary: cameras in, live views, recordings and a console out.
#[derive(Parser)]
#[command(name = "vedette", version, about, max_term_width = 100)]
struct Cli {
    /// The configuration file; else the only one of vedette.yaml, vedette.toml, config.yaml,
    /// config.toml here.
    #[arg(long, global = true, value_name = "PATH")]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run the server.
    Serve,
    /// Run the server with eight simulated cameras.
    Demo(DemoArgs),
    /// Be a camera, or many.
    Simulate(Box<SimulateArgs>),
    /// Check or show the configuration.
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Remove recordings by the rules of retention, now; works beside a running server.
    Cleanup(CleanupArgs),
    /// Show what retention does.
    #[command(subcommand)]
    Retention(RetentionCommand),
    /// Compare and test.
    #[command(subcommand)]
    Check(CheckCommand),
    /// Check this host: disk, clock, ports, limits, ffmpeg, database.
    Doctor {
        /// Also write a support bundle without secrets: a folder `doctor-<time>` in this one.
        #[arg(long, value_name = "FOLDER")]
        bundle: Option<PathBuf>,
    },
    /// People who may sign in; works beside a running server.
    #[command(subcommand)]
    User(UserCommand),
    /// The trail of who did what.
    #[command(subcommand)]
    Audit(AuditCommand),
    /// Secrets at rest.
    #[command(subcommand)]
    Secret(SecretCommand),
    /// Ask a running server how it is.
    Health {
        /// Its address.
        #[arg(default_value = "http://127.0.0.1:8080")]
        url: String,
        /// For https: the certificate to trust, <data_dir>/tls/cert.pem for a self-signed one.
        #[arg(long, value_name = "FILE")]
        ca: Option<PathBuf>,
    },
    /// Certificates.
    #[command(subcommand)]
    Tls(TlsCommand),
}

#[derive(Subcommand)]
enum TlsCommand {
    /// Make the self-signed certificate if it is missing; print its path and fingerprint.
    SelfSigned {
        /// Make a new one even so.
        #[arg(long)]
        force: bool,
    },
}

#[derive(Subcommand)]
enum UserCommand {
    /// Add one; prints a password for once, unless one is given.
    Add(UserAddArgs),
    /// List them: name, role, agencies, state, last sign-in.
    List,
    /// Give one another password and sign it out everywhere.
    ResetPassword {
        /// The name.
        name: String,
        /// Read the password from standard input instead of making one.
        #[arg(long)]
        password_stdin: bool,
    },
}

/// What `user add` is told.
#[derive(Args)]
pub struct UserAddArgs {
    /// The name to sign in by.
    pub name: String,
    /// viewer, operator, supervisor or admin.
    #[arg(long, default_value = "viewer", value_parser = ["viewer", "operator", "supervisor", "admin"])]
    pub role: String,
    /// Whose cameras; may be repeated, `*` is all. Administrators have all.
    #[arg(long = "agency", value_name = "NAME")]
    pub agencies: Vec<String>,
    /// Read the password from standard input instead of making one.
    #[arg(long)]
    pub password_stdin: bool,
}

#[derive(Subcommand)]
enum AuditCommand {
    /// Find what was edited, deleted, put elsewhere or cut off.
    Verify {
        /// Also compare with an end of the trail that was kept elsewhere.
        #[arg(long, value_name = "FILE")]
        head: Option<PathBuf>,
    },
    /// Write all rows to standard output, oldest first.
    Export {
        /// jsonl, by which others verify the chain, or csv.
        #[arg(long, default_value = "jsonl", value_parser = ["jsonl", "csv"])]
        format: String,
    },
    /// Print the end of the trail, signed, to be kept elsewhere.
    Head,
}

#[derive(Subcommand)]
enum SecretCommand {
    /// Make another master key and seal all secrets with it; the server must not run.
    Rotate,
}

#[derive(Subcommand)]
enum ConfigCommand {
    /// Say all that is wrong, or nothing.
    Check,
    /// Print what is in force, secrets as ***.
    Show,
    /// Print every key with its default: yaml or toml.
    Example {
        /// The form.
        #[arg(default_value = "yaml")]
        form: String,
    },
    /// Print the reference of all keys.
    Reference,
    /// Print our keys for the configuration of MediaMTX, and what they cannot say.
    Import {
        /// Its file: mediamtx.yml.
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
}

/// What `cleanup` is told.
#[derive(Args)]
pub struct CleanupArgs {
    /// Only this camera.
    #[arg(long, value_name = "ID")]
    pub camera: Option<String>,
    /// What ended longer ago goes too: 7d, 12h.
    #[arg(long, value_name = "DURATION")]
    pub older_than: Option<String>,
    /// Only say what would go.
    #[arg(long)]
    pub dry_run: bool,
}

#[derive(Subcommand)]
enum RetentionCommand {
    /// List what goes next, and by which rule.
    Preview {
        /// As JSON.
        #[arg(long)]
        json: bool,
    },
}

#[derive(Subcommand)]
enum CheckCommand {
    /// Compare ledger, database and files, and say what differs.
    Recordings(CheckArgs),
    /// Try a camera, an address or the id of one in the configuration, and say what is wrong.
    Rtsp(CheckRtspArgs),
}

/// What `check recordings` is told.
#[derive(Args)]
pub struct CheckArgs {
    /// Mend what can be mended; footage is never deleted.
    #[arg(long)]
    pub repair: bool,
    /// Only this camera.
    #[arg(long, value_name = "ID")]
    pub camera: Option<String>,
}

/// What `check rtsp` is told.
#[derive(Args)]
pub struct CheckRtspArgs {
    /// rtsp://user:password@host:port/path, or a camera's id.
    #[arg(value_name = "URL|CAMERA")]
    pub target: String,
    /// How an address is pulled: tcp or udp.
    #[arg(long, default_value = "tcp", value_parser = ["tcp", "udp"])]
    pub transport: String,
    /// Seconds that each step may take.
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=300))]
    pub timeout: u64,
}

/// What `demo` is told.
#[derive(Args)]
pub struct DemoArgs {
    /// Where it keeps its recordings; default: a folder `vedette-demo` in the system's temporary one.
    #[arg(long)]
    pub data_dir: Option<PathBuf>,
    /// The console's port; 0 takes any free one.
    #[arg(long, default_value_t = 8080)]
    pub port: u16,
    /// How many cameras.
    #[arg(long, default_value_t = 8)]
    pub cameras: u16,
}

/// What `simulate` is told.
#[derive(Args)]
pub struct SimulateArgs {
    /// Be RTSP cameras at this address: `:8555`, `127.0.0.1:0`. With --viewers or --publish: the server's
    /// address.
    #[arg(long, value_name = "ADDRESS|URL")]
    pub rtsp: Option<String>,
    /// Push so many cameras to --rtsp with an address instead, which may hold {n}.
    #[arg(long, value_name = "N", conflicts_with = "viewers")]
    pub publish: Option<u32>,
    /// How viewers look.
    #[command(flatten)]
    pub viewing: ViewArgs,
    /// How many cameras: rtsp://.../cam1 and so on.
    #[arg(long, default_value_t = 1)]
    pub cameras: u16,
    /// Moving picture: gradient, sine, checkerboard, circle; all: in turn.
    #[arg(long, default_value = "all")]
    pub pattern: String,
    /// Play this clip in a loop instead.
    #[arg(long, value_name = "CLIP")]
    pub file: Option<PathBuf>,
    /// With --file: send its own H.264 or H.265 and its sound as they are, not encoded anew.
    #[arg(long)]
    pub copy: bool,
    /// Pictures: h264, h265.
    #[arg(long, default_value = "h264")]
    pub codec: sim::VideoCodec,
    /// Sound, a beep at each second of the clock or that of --file: none, aac, g711 (mu-law), g711a, opus.
    #[arg(long, default_value = "none")]
    pub audio: sim::Sound,
    /// Pictures decoded out of order between two that are not, 0 to 8.
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub b_frames: u8,
    /// Encode a few seconds once and repeat them: for hundreds of cameras.
    #[arg(long = "loop")]
    pub looped: bool,
    /// Picture width.
    #[arg(long, default_value_t = 640)]
    pub width: u32,
    /// Picture height.
    #[arg(long, default_value_t = 480)]
    pub height: u32,
    /// Frames a second.
    #[arg(long, default_value_t = 15)]
    pub fps: u32,
    /// kbit/s.
    #[arg(long, default_value_t = 512)]
    pub bitrate: u32,
    /// Seconds between key frames.
    #[arg(long, default_value_t = 2.0)]
    pub gop: f64,
    /// Ask for this user.
    #[arg(long, default_value = "")]
    pub user: String,
    /// And this password.
    #[arg(long, default_value = "")]
    pub password: String,
    /// How they are asked for: digest (with MD5, as most cameras do), digest-sha256, basic, any (all
    /// three, as the client likes).
    #[arg(long, value_name = "SCHEME", default_value = "digest")]
    pub auth: sim::rtsp::Scheme,
    /// Go wrong, each camera at its own times; may be repeated. drop, corrupt: a share of all packets
    /// (:rate=0.01). Every 20 seconds (:every=20): stall (sends nothing for 15 s), reset (closes the
    /// connection), auth (does so and answers 401 for 15 s), codec-change (to half the size and back),
    /// clock-jump (RTP times an hour ahead and back).
    #[arg(long = "fault", value_name = "KIND[:every=SECONDS]")]
    pub faults: Vec<sim::Fault>,
    /// The same seed gives the same faults.
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub seed: u64,
}

/// What `simulate --viewers` is told.
#[derive(Args)]
pub struct ViewArgs {
    /// Be so many viewers instead of cameras; count what is lost and how late it comes, by the clock in
    /// simulated pictures. Say where: --rtsp, --hls or --whep with an address, which may hold {n} (a
    /// stream for each) or {n:20} (twenty in turn).
    #[arg(long, value_name = "N")]
    pub viewers: Option<u32>,
    /// A playlist: http://127.0.0.1:8888/cam1/index.m3u8.
    #[arg(long, value_name = "URL", requires = "viewers")]
    pub hls: Option<String>,
    /// A WHEP endpoint: http://127.0.0.1:8889/cam1/whep.
    #[arg(long, value_name = "URL", requires = "viewers")]
    pub whep: Option<String>,
    /// Seconds to look; default: until stopped.
    #[arg(long, value_name = "SECONDS", requires = "viewers", value_parser = seconds)]
    pub duration: Option<Duration>,
    /// Seconds in which they come, one after the other.
    #[arg(long, value_name = "SECONDS", default_value = "0", value_parser = seconds)]
    pub spread: Duration,
    /// Seconds after the last has come until latency counts.
    #[arg(long, value_name = "SECONDS", default_value = "0", value_parser = seconds)]
    pub settle: Duration,
    /// Seconds that each stays; it does not come again. Default: to the end.
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    pub stay: Option<Duration>,
    /// good; stall (stops reading), slow (reads a tenth), vanish (goes without a word).
    #[arg(long, default_value = "good")]
    pub behave: sim::viewers::Behaviour,
    /// The result as JSON.
    #[arg(long)]
    pub json: bool,
    /// Say each second on stderr what was counted so far.
    #[arg(long)]
    pub verbose: bool,
}

/// `30`, `0.5`, `30s`.
fn seconds(text: &str) -> Result<Duration, String> {
    let number: f64 = text.trim_end_matches('s').parse().map_err(|_| "seconds")?;
    Duration::try_from_secs_f64(number).map_err(|_| "seconds, as 30 or 0.5".to_owned())
}

/// Parses the command line and runs the command.
pub fn run() -> ExitCode {
    let cli = Cli::parse();
    // For every library that speaks TLS; a second one would be an error, and there is none.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let source = source(cli.config.clone());
    let load = || source.load().result;
    let result = match &cli.command {
        Command::Simulate(args) => commands::simulate::run(args),
        Command::Check(CheckCommand::Rtsp(args)) => commands::check_rtsp::rtsp(args, load),
        Command::Doctor { bundle } => commands::doctor::run(bundle.as_deref(), load),
        Command::Health { url, ca } => commands::health::run(url, ca.as_deref()),
        Command::Demo(args) => commands::demo::run(args),
        Command::Serve => match load() {
            Ok(config) => commands::serve::run(config, Some(source), |_| {}),
            Err(faults) => return refuse(&faults),
        },
        Command::Config(ConfigCommand::Example { form }) => commands::config::example(form),
        Command::Config(ConfigCommand::Reference) => commands::config::reference(),
        Command::Config(ConfigCommand::Import { file }) => commands::import::run(file),
        Command::Cleanup(args) => match load() {
            Ok(config) => commands::cleanup::run(&config, args),
            Err(faults) => return refuse(&faults),
        },
        Command::Tls(TlsCommand::SelfSigned { force }) => match load() {
            Ok(config) => commands::tls::self_signed(&config, *force),
            Err(faults) => return refuse(&faults),
        },
        Command::Retention(RetentionCommand::Preview { json }) => match load() {
            Ok(config) => commands::retention::preview(&config, *json),
            Err(faults) => return refuse(&faults),
        },
        Command::Check(CheckCommand::Recordings(args)) => match load() {
            Ok(config) => commands::check::recordings(&config, args),
            Err(faults) => return refuse(&faults),
        },
        Command::User(command) => match load() {
            Ok(config) => match command {
                UserCommand::Add(args) => commands::user::add(&config, args),
                UserCommand::List => commands::user::list(&config),
                UserCommand::ResetPassword { name, password_stdin } => {
                    commands::user::reset_password(&config, name, *password_stdin)
                }
            },
            Err(faults) => return refuse(&faults),
        },
        Command::Audit(command) => match load() {
            Ok(config) => match command {
                AuditCommand::Verify { head } => commands::audit::check(&config, head.as_deref()),
                AuditCommand::Export { format } => commands::audit::export(&config, format),
                AuditCommand::Head => commands::audit::head(&config),
            },
            Err(faults) => return refuse(&faults),
        },
        Command::Secret(SecretCommand::Rotate) => match load() {
            Ok(config) => commands::secret::rotate(&config),
            Err(faults) => return refuse(&faults),
        },
        Command::Config(command) => match load() {
            Ok(config) => commands::config::run(&config, matches!(command, ConfigCommand::Show)),
            Err(faults) => return refuse(&faults),
        },
    };
    result.unwrap_or_else(|error| {
        complain(&format!("vedette: {error:#}"));
        ExitCode::FAILURE
    })
}

fn source(given: Option<PathBuf>) -> Source {
    let folder = std::env::current_dir().unwrap_or_default();
    let variables = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
    Source::new(given, &folder, variables.collect())
}

fn refuse(faults: &Faults) -> ExitCode {
    complain(&faults.to_string());
    complain(&format!("the configuration has {} fault(s)", faults.0.len()));
    ExitCode::FAILURE
}

/// Writes a line for people to stderr.
#[allow(clippy::print_stderr, reason = "before logging is up, stderr is where people look")]
pub fn complain(text: &str) {
    eprintln!("{text}");
}

/// Writes a line to stdout.
#[allow(clippy::print_stdout, reason = "what a command was asked to print")]
pub fn say(text: &str) {
    println!("{text}");
}
