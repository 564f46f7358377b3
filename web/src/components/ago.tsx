import { useI18n } from "../i18n";
import { useNow } from "./use-now";

const EVERY_MS = 20_000;

/** How long ago, or when to come; the exact time on hover. */
export function Ago({ at }: { at: string }) {
  const { format } = useI18n();
  const now = useNow(EVERY_MS);
  const ms = Date.parse(at);
  if (Number.isNaN(ms)) {
    return <bdi>{at}</bdi>;
  }
  return (
    <time className="ago" dateTime={at} title={`${format.dateTime(ms)} ${format.zone()}`}>
      {format.ago(ms, now)}
    </time>
  );
}
