// A live picture of last resort: the newest key frame, asked for once a second.

import type { Stage } from "./ladder";
import { type Player, reasonOf } from "./player";
import type { Reason } from "./steps";

const EVERY_MS = 1_000;
/** Pictures that are refused in a row until this way is given up too. */
const IN_VAIN_MAX = 3;
const TIMEOUT_MS = 12_000;

export class SnapshotPlayer implements Player {
  readonly stage: Stage = "asking";
  readonly hasSound = false;
  readonly omitted: readonly string[] = [];
  failure: Reason | null = null;
  detail: string | null = null;
  private readonly image: HTMLImageElement;
  private readonly url: string;
  private readonly changed: () => void;
  private readonly stopped = new AbortController();
  private timer: ReturnType<typeof setTimeout> | undefined;
  private shown = 0;
  private inVain = 0;

  /** Starts at once. `changed` is called when there is something new to see. */
  constructor(image: HTMLImageElement, camera: string, changed: () => void) {
    this.image = image;
    this.url = `/api/cameras/${encodeURIComponent(camera)}/snapshot.jpg`;
    this.changed = changed;
    void this.run();
  }

  position(): number {
    return this.shown;
  }

  /** A picture does not tell when it was taken. */
  latencyMs(): number | null {
    return null;
  }

  close(): void {
    this.stopped.abort();
    clearTimeout(this.timer);
    URL.revokeObjectURL(this.image.src);
    this.image.removeAttribute("src");
  }

  private async run(): Promise<void> {
    const begun = performance.now();
    const reason = await this.next();
    if (this.stopped.signal.aborted) {
      return;
    }
    this.inVain = reason === null ? 0 : this.inVain + 1;
    if (reason !== null && (reason === "refused" || this.inVain >= IN_VAIN_MAX)) {
      this.failure = reason;
      this.changed();
      return;
    }
    this.timer = setTimeout(() => void this.run(), Math.max(0, EVERY_MS - (performance.now() - begun)));
  }

  private async next(): Promise<Reason | null> {
    try {
      const signal = AbortSignal.any([this.stopped.signal, AbortSignal.timeout(TIMEOUT_MS)]);
      const response = await fetch(this.url, { signal, cache: "no-store" });
      if (!response.ok) {
        return reasonOf(response.status, "no_picture");
      }
      await this.show(await response.blob());
      return null;
    } catch {
      return "no_picture";
    }
  }

  private async show(picture: Blob): Promise<void> {
    const before = this.image.src;
    this.image.src = URL.createObjectURL(picture);
    await this.image.decode();
    URL.revokeObjectURL(before);
    this.shown += 1;
    if (this.shown === 1) {
      this.changed();
    }
  }
}
