import { type RefObject, useEffect, useState } from "react";
import { useI18n } from "../i18n";
import { SoundIcon, SoundOffIcon } from "./icons";

/** Pictures begin without sound; this lets one be heard. */
export function SoundSwitch({ video, name }: { video: RefObject<HTMLVideoElement | null>; name: string }) {
  const { t } = useI18n();
  const [isOn, setOn] = useState(false);
  useEffect(() => {
    if (video.current !== null) {
      video.current.muted = !isOn;
    }
  }, [video, isOn]);
  const label = t("picture.sound", { name });
  return (
    <button
      type="button"
      className="button quiet icon-only"
      aria-pressed={isOn}
      aria-label={label}
      title={label}
      onClick={() => setOn(!isOn)}
    >
      {isOn ? <SoundIcon /> : <SoundOffIcon />}
    </button>
  );
}
