// What every way to a picture has in common.

import type { Stage } from "./ladder";
import type { Reason } from "./steps";

export interface Player {
  readonly stage: Stage;
  /** Why it gave up; it does nothing more then. */
  readonly failure: Reason | null;
  /** The server's own word for it, where it said one. */
  readonly detail: string | null;
  /** Whether sound comes along. */
  readonly hasSound: boolean;
  /** Codecs of the stream that are left out on this way. */
  readonly omitted: readonly string[];
  /** How many pictures it has shown. */
  position(): number;
  /** How long ago the shown picture was taken, in milliseconds; null: not known. */
  latencyMs(): number | null;
  close(): void;
}

/** Counts the pictures that a video shows, whichever way they come, from now on. */
export class Shown {
  private video: HTMLVideoElement;
  private last: number;
  private sum = 0;

  constructor(video: HTMLVideoElement) {
    this.video = video;
    this.last = shownBy(video);
  }

  count(): number {
    const shown = shownBy(this.video);
    // The video counts from 0 when other media is put into it.
    this.sum += shown >= this.last ? shown - this.last : shown;
    this.last = shown;
    return this.sum;
  }

  /** Counts on in another video. */
  moveTo(video: HTMLVideoElement): void {
    this.video = video;
    this.last = shownBy(video);
  }
}

function shownBy(video: HTMLVideoElement): number {
  return video.getVideoPlaybackQuality().totalVideoFrames;
}

/** Starts a video. A power saver or a tab in the back may refuse; whoever watches notices that nothing moves. */
export function play(video: HTMLVideoElement): void {
  video.play().catch(() => undefined);
}

/** Why an answer means that this way does not go on: the stream is not there, is not for us, or the way is closed. */
export function reasonOf(status: number, otherwise: Reason): Reason {
  switch (status) {
    case 401:
    case 403:
      return "refused";
    case 404:
      return "not_offered";
    case 406:
      return "codec_not_carried";
    case 503:
      return "stream_down";
    default:
      return otherwise;
  }
}
