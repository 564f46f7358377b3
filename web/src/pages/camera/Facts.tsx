import type { Camera } from "../../api/client";
import { useI18n } from "../../i18n";

/** What is known of a camera and its streams. */
export function Facts({ camera }: { camera: Camera }) {
  const { t, number } = useI18n();
  const rows: [string, string][] = [[t("camera.agency"), camera.source]];
  if (camera.location) {
    const { lat, lng } = camera.location;
    rows.push([t("camera.position"), `${number(lat, 5)}, ${number(lng, 5)}`]);
  }
  for (const stream of camera.streams.filter((stream) => stream.codec)) {
    const mega = stream.bitrate >= 1_000_000;
    const rate = mega ? number(stream.bitrate / 1_000_000, 1) : number(stream.bitrate / 1_000);
    rows.push(
      [t("camera.codec"), `${stream.codec.toUpperCase()} ${stream.profile}`],
      [t("camera.size"), `${stream.width}×${stream.height}`],
      [t("camera.rate"), number(stream.fps, 1)],
      [t("camera.bitrate"), t(mega ? "unit.mbits" : "unit.kbits", { value: rate })],
      [t("camera.keyInterval"), t("unit.seconds", { value: number(stream.key_frame_interval, 1) })],
      [t("camera.audio"), stream.audio ? stream.audio.toUpperCase() : t("camera.none")],
    );
  }
  return (
    <>
      <dl className="facts">
        {rows.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>
              <bdi>{value}</bdi>
            </dd>
          </div>
        ))}
      </dl>
      {camera.streams.some((stream) => stream.long_gop) && <p className="notice">{t("camera.longGop")}</p>}
    </>
  );
}
