// Cameras in every state, and a history with every kind of gap.

const started = Date.now() - 3 * 3_600_000;
const iso = (ms) => new Date(ms).toISOString();

const stream = (name, id, extra = {}) => ({
  name,
  path: name === "main" ? id : `${id}/${name}`,
  codec: "h264",
  profile: "High",
  width: 2560,
  height: 1440,
  fps: 15,
  bitrate: 3_412_000,
  key_frame_interval: 2,
  b_frames: false,
  audio: "",
  browser: "ok",
  long_gop: false,
  ...extra,
});

const refused = {
  code: "refused",
  message_en:
    "192.168.1.104 answers, but nothing listens on port 554. Check the port and whether RTSP is switched on.",
  message_ar: "الجهاز 192.168.1.104 يستجيب، لكن لا شيء يستمع على المنفذ 554. تحقق من المنفذ ومن تفعيل RTSP.",
  at: iso(started + 60_000),
};

const unauthorized = {
  code: "unauthorized",
  message_en: "The camera refuses the user or the password.",
  message_ar: "رفضت الكاميرا اسم المستخدم أو كلمة المرور.",
  at: iso(started + 120_000),
};

const NAMES = [
  ["warehouse-east", "Warehouse, east door", {}],
  ["loading-bay", "Loading bay", {}],
  ["reception", "Reception", { last_error: refused }],
  ["car-park-n", "Car park, north", { status: "offline", last_error: refused }],
  ["server-room", "Server room", { status: "error", last_error: unauthorized }],
  ["arabic-gate", "البوابة الرئيسية", {}],
  ["corridor-2", "Corridor, second floor, between the laboratory and the archive", {}],
  ["roof", "Roof", { status: "disabled", live: { hls: null, whep: null, rtsp: null } }],
  ["yard", "Yard", { status: "connecting" }],
  ["h265", "Perimeter (H.265)", { h265: true }],
  ["no-stream", "Stream that never begins", {}],
];

const COUNT = Number(process.env.CAMERAS ?? NAMES.length);

export function cameras() {
  return Array.from({ length: COUNT }, (_, index) => {
    const [id, name, extra] = NAMES[index] ?? [`cam-${index + 1}`, `Camera ${index + 1}`, {}];
    const { h265, ...rest } = extra;
    const codec = h265 ? { codec: "h265", profile: "Main", browser: "codec_unsupported" } : {};
    return {
      id,
      name,
      source: index % 2 === 0 ? "OTHER" : "DUBAI_POLICE",
      role: "perimeter",
      location:
        index % 3 === 0
          ? { lng: 55.2708, lat: 25.2048, direction: 135, field_of_view: 90, range_m: 60 }
          : null,
      status: "online",
      status_since: iso(started),
      last_error: null,
      streams: [
        stream("main", id, { audio: index === 0 ? "aac" : "", ...codec }),
        stream("sub", id, { profile: "Main", width: 640, height: 480, bitrate: 512_000 }),
      ],
      ptz: false,
      tags: index % 2 === 0 ? ["indoor"] : [],
      created_at: iso(started),
      updated_at: iso(started),
      live: { hls: `/live/${id}/index.m3u8`, whep: null, rtsp: null },
      ...rest,
    };
  });
}

const QUARTER = 900_000;
const REASONS = [
  "camera_down",
  "network",
  "authentication",
  "disk",
  "node_failed",
  "schedule",
  "node_stopped",
];

/** Quarters of an hour, of which every fifth begins late: a gap. */
function quarters([from, to]) {
  const rows = [];
  const now = Date.now();
  for (let at = Math.floor(from / QUARTER) * QUARTER; at < Math.min(to, now); at += QUARTER) {
    const number = at / QUARTER;
    const gap = number % 5 === 0 ? 100_000 : 0;
    rows.push({
      number,
      gap,
      begin: at,
      start: at + gap,
      end: Math.min(at + QUARTER, now),
      open: at + QUARTER > now,
    });
  }
  return rows;
}

export function segments(camera, range) {
  const rows = camera.status === "disabled" ? [] : quarters(range);
  const list = rows.map(({ number, start, end, open }) => ({
    id: number,
    camera: camera.id,
    path: `${camera.id}/segment_${start / 1_000}.mp4`,
    start: iso(start),
    end: open ? null : iso(end),
    duration: open ? null : (end - start) / 1_000,
    bytes: open ? null : 57_600_000,
    sha256: null,
    format: "fmp4",
    codecs: "avc1.640028",
    state: open ? "RECORDING" : number % 7 === 0 ? "REMOVED" : "CREATED",
    place: number % 7 === 0 && !open ? "none" : "local",
  }));
  return { segments: list, next_cursor: null };
}

export function coverage(camera, range) {
  const rows = camera.status === "disabled" ? [] : quarters(range);
  const spans = rows.flatMap(({ number, gap, begin, start, end }) => [
    ...(gap
      ? [{ start: iso(begin), end: iso(start), state: "gap", reason: REASONS[(number / 5) % REASONS.length] }]
      : []),
    { start: iso(start), end: iso(end), state: "recorded" },
  ]);
  const [start, end] = range.map(iso);
  return { camera: camera.id, start, end, spans, unexplained_seconds: 0, next_cursor: null };
}
