// One connection that receives a stream by WHEP: the order of what is asked and told. The player, and the page
// that checks a connection, each hold one.

import { type Answered, fragmentOf, iceServers, leave, offer, trickle, whepUrl } from "./whep";

/** Addresses that are found within this of each other are told together. */
const GATHER_MS = 150;

const ALL_IN_ONE: RTCConfiguration = { bundlePolicy: "max-bundle" };

export class WhepSession {
  readonly pc = new RTCPeerConnection(ALL_IN_ONE);
  readonly stream = new MediaStream();
  private readonly stopped = new AbortController();
  private answered: Answered | null = null;
  private candidates: RTCIceCandidate[] = [];
  private isGathered = false;
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor() {
    this.pc.addTransceiver("video", { direction: "recvonly" });
    this.pc.addTransceiver("audio", { direction: "recvonly" });
    this.pc.ontrack = ({ track }) => this.stream.addTrack(track);
    this.pc.onicecandidate = ({ candidate }) => this.found(candidate);
    // A page that is left tells the server, which would else wait for the connection to time out.
    addEventListener("pagehide", this.leavePage, { signal: this.stopped.signal });
  }

  /** Offers, and takes the answer. Throws what `offer` throws, or what the browser finds wrong with the answer. */
  async open(path: string): Promise<Answered> {
    this.pc.setConfiguration({ ...ALL_IN_ONE, iceServers: await iceServers(whepUrl(path)) });
    await this.pc.setLocalDescription();
    const answered = await offer(whepUrl(path), this.pc.localDescription?.sdp ?? "", this.stopped.signal);
    if (this.stopped.signal.aborted) {
      leave(answered.location);
      throw new DOMException("closed", "AbortError");
    }
    this.answered = answered;
    await this.pc.setRemoteDescription({ type: "answer", sdp: answered.sdp });
    this.tellSoon();
    return answered;
  }

  close(): void {
    clearTimeout(this.timer);
    this.stopped.abort();
    this.pc.close();
    if (this.answered?.location) {
      leave(this.answered.location);
    }
    this.answered = null;
  }

  private readonly leavePage = () => this.close();

  private found(candidate: RTCIceCandidate | null): void {
    if (candidate === null) {
      this.isGathered = true;
    } else {
      this.candidates.push(candidate);
    }
    this.tellSoon();
  }

  private tellSoon(): void {
    if (this.answered !== null && (this.isGathered || this.candidates.length > 0)) {
      clearTimeout(this.timer);
      this.timer = setTimeout(() => this.tell(), this.isGathered ? 0 : GATHER_MS);
    }
  }

  private tell(): void {
    if (!this.answered?.location) {
      return;
    }
    const sdp = this.pc.localDescription?.sdp ?? "";
    const candidates = this.candidates.splice(0).map((candidate) => candidate.toJSON());
    // A server that already sees where the browser is does not need them.
    trickle(this.answered, fragmentOf(sdp, candidates, this.isGathered)).catch(() => undefined);
  }
}
