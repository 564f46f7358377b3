import type { Camera } from "../api/client";
import { useI18n } from "../i18n";

/** A camera's state as a dot and a word. */
export function Status({ camera }: { camera: Camera }) {
  const { word } = useI18n();
  return (
    <span className={`status status-${camera.status}`}>
      <span className="dot" aria-hidden="true" />
      {word("status", camera.status)}
    </span>
  );
}

/** What went wrong last, in the reader's language. */
export function reason(camera: Camera, language: "en" | "ar"): string | undefined {
  const error = camera.last_error;
  return error ? (language === "ar" ? error.message_ar : error.message_en) : undefined;
}
