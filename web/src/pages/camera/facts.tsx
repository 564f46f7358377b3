import type { ReactNode } from "react";
import type { Camera, CameraLocation, Stream } from "../../api/types";
import { type I18n, useI18n } from "../../i18n";
import { hasMessage } from "../../i18n/messages";

/** What is known of a camera, as lists of terms. */
export function Facts({ camera }: { camera: Camera }) {
  const { t } = useI18n();
  return (
    <div className="facts">
      {camera.last_error && <LastErrorCard camera={camera} />}
      {camera.streams.map((stream) => (
        <StreamCard key={stream.name} stream={stream} />
      ))}
      {camera.streams.length === 0 && (
        <section className="card">
          <h2>{t("facts.streams")}</h2>
          <p className="muted">{t("facts.streams.none")}</p>
        </section>
      )}
      <CameraCard camera={camera} />
    </div>
  );
}

function Fact({ term, children }: { term: string; children: ReactNode }) {
  return (
    <div className="fact">
      <dt>{term}</dt>
      <dd>{children}</dd>
    </div>
  );
}

function StreamCard({ stream }: { stream: Stream }) {
  const i18n = useI18n();
  const { t, format } = i18n;
  return (
    <section className="card" data-stream={stream.name}>
      <h2>{streamName(stream.name, i18n)}</h2>
      <dl>
        <Fact term={t("facts.codec")}>
          <bdi dir="ltr">{codecName(stream) || t("facts.unknown")}</bdi>
        </Fact>
        <Fact term={t("facts.size")}>
          {stream.width > 0 ? (
            <bdi dir="ltr">{`${stream.width} × ${stream.height}`}</bdi>
          ) : (
            t("facts.unknown")
          )}
        </Fact>
        <Fact term={t("facts.fps")}>
          {stream.fps > 0 ? t("facts.fps.value", { fps: format.number(stream.fps, 1) }) : t("facts.unknown")}
        </Fact>
        <Fact term={t("facts.bitrate")}>
          {stream.bitrate > 0 ? format.bitrate(stream.bitrate) : t("facts.unknown")}
        </Fact>
        {stream.key_frame_interval > 0 && (
          <Fact term={t("facts.key-frames")}>
            {t("facts.key-frames.value", { seconds: format.number(stream.key_frame_interval, 1) })}
          </Fact>
        )}
        <Fact term={t("facts.audio")}>
          {stream.audio === "" ? t("facts.audio.none") : <bdi dir="ltr">{stream.audio.toUpperCase()}</bdi>}
        </Fact>
      </dl>
      {stream.codec === "h265" && <p className="small muted">{t("facts.hevc")}</p>}
      {stream.long_gop && <p className="small warn">{t("facts.long-gop")}</p>}
    </section>
  );
}

function streamName(name: string, { t }: I18n): ReactNode {
  const key = `stream.${name}`;
  return hasMessage(key) ? t(key) : <bdi dir="ltr">{name}</bdi>;
}

const CODECS: Record<string, string> = { h264: "H.264", h265: "H.265", mjpeg: "Motion JPEG" };

function codecName(stream: Stream): string {
  return [CODECS[stream.codec] ?? stream.codec, stream.profile].filter(Boolean).join(" ");
}

function LastErrorCard({ camera }: { camera: Camera }) {
  const { t, format, language } = useI18n();
  const last = camera.last_error;
  if (!last) {
    return null;
  }
  const isOver = camera.status === "online";
  return (
    <section className={isOver ? "card" : "card card-warn"} data-last-error={last.code}>
      <h2>{t(isOver ? "facts.error.past" : "facts.error")}</h2>
      <p>{language === "ar" ? last.message_ar : last.message_en}</p>
      <p className="muted small">
        <time dateTime={last.at}>{format.dateTime(Date.parse(last.at))}</time>
      </p>
    </section>
  );
}

function CameraCard({ camera }: { camera: Camera }) {
  const { t, format } = useI18n();
  const { location } = camera;
  return (
    <section className="card">
      <h2>{t("facts.camera")}</h2>
      <dl>
        <Fact term={t("facts.id")}>
          <bdi className="code">{camera.id}</bdi>
        </Fact>
        {camera.source !== "" && (
          <Fact term={t("facts.source")}>
            <bdi>{camera.source}</bdi>
          </Fact>
        )}
        {camera.role !== "" && (
          <Fact term={t("facts.role")}>
            <bdi>{camera.role}</bdi>
          </Fact>
        )}
        {camera.tags.length > 0 && (
          <Fact term={t("facts.tags")}>
            <span className="tags">
              {camera.tags.map((tag) => (
                <bdi key={tag} className="tag">
                  {tag}
                </bdi>
              ))}
            </span>
          </Fact>
        )}
        <Fact term={t("facts.location")}>
          {location ? <Place location={location} /> : t("facts.location.none")}
        </Fact>
        {location?.direction != null && (
          <Fact term={t("facts.direction")}>
            {t("facts.direction.value", {
              degrees: format.number(location.direction),
              towards: t(`compass.${compass(location.direction)}`),
            })}
          </Fact>
        )}
      </dl>
    </section>
  );
}

function Place({ location }: { location: CameraLocation }) {
  const { lat, lng } = location;
  const written = `${Math.abs(lat).toFixed(5)}° ${lat < 0 ? "S" : "N"}, ${Math.abs(lng).toFixed(5)}° ${lng < 0 ? "W" : "E"}`;
  return (
    <bdi className="digits" dir="ltr">
      {written}
    </bdi>
  );
}

const COMPASS = ["n", "ne", "e", "se", "s", "sw", "w", "nw"] as const;

/** The nearest of eight directions; degrees are clockwise from north. */
export function compass(degrees: number): (typeof COMPASS)[number] {
  const index = Math.round((((degrees % 360) + 360) % 360) / 45) % 8;
  return COMPASS[index] ?? "n";
}
