import type { CameraStatus } from "../api/types";
import { useI18n } from "../i18n";
import type { PictureState } from "../player/picture-state";

/** A coloured dot and a word: colour never speaks alone. */
export function StatusBadge({ state }: { state: CameraStatus | PictureState }) {
  const { t } = useI18n();
  return (
    <span className={`status status-${state}`}>
      <span className="dot" aria-hidden="true" />
      <span className="status-word">{t(`state.${state}`)}</span>
    </span>
  );
}
