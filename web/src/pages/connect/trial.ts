// Runs one trial of a WebRTC connection and tells what it sees. It keeps nothing open once it is over.

import { able } from "../../player/able";
import { reasonOf } from "../../player/player";
import { iceServers, OfferRefused, whepUrl } from "../../player/whep";
import { WhepSession } from "../../player/whep-session";
import { NOTHING_SEEN, type Observed, type Ways } from "./check";

const LOOK_EVERY_MS = 250;
/** A connection that is not there by then is not coming. */
const TRIAL_MS = 12_000;
/** Once pictures come, other ways are given this long to show that they work too. */
const AFTER_PICTURES_MS = 1_500;
const RELAY_MS = 5_000;

export class Trial {
  private seen = NOTHING_SEEN;
  private readonly listener: (seen: Observed) => void;
  private readonly video = document.createElement("video");
  private session: WhepSession | null = null;
  private isStopped = false;

  /** Starts at once; it ends by itself. */
  constructor(path: string, listener: (seen: Observed) => void) {
    this.listener = listener;
    this.video.muted = true;
    void this.run(path);
  }

  stop(): void {
    this.isStopped = true;
    this.end();
  }

  private async run(path: string): Promise<void> {
    if (!able().webrtc) {
      this.tell({ answer: "no_webrtc", isDone: true });
      return;
    }
    void this.tryRelays(path);
    try {
      await this.offer(path);
      await this.observe();
    } catch (error) {
      const refused = error instanceof OfferRefused ? error : null;
      const answer = refused === null ? "offer_refused" : reasonOf(refused.status, "offer_refused");
      this.tell({ answer, detail: refused?.code ?? null });
    }
    this.end();
    this.tell({ isDone: true });
  }

  private async offer(path: string): Promise<void> {
    const session = new WhepSession();
    this.session = session;
    this.video.srcObject = session.stream;
    const answered = await session.open(path);
    // Without somebody who looks, pictures would not be decoded.
    this.video.play().catch(() => undefined);
    const hasVideo = session.stream.getVideoTracks().length > 0;
    this.tell({ answer: "ok", hasVideo, omitted: answered.omitted, ...remoteOf(answered.sdp) });
  }

  private async observe(): Promise<void> {
    let deadline = performance.now() + TRIAL_MS;
    let hasPictures = false;
    while (!this.isStopped && this.session !== null && performance.now() < deadline) {
      const { pc } = this.session;
      this.tell(observed([...(await pc.getStats()).values()], this.seen));
      if (this.seen.framesDecoded > 0 && !hasPictures) {
        hasPictures = true;
        deadline = performance.now() + AFTER_PICTURES_MS;
      }
      if (pc.connectionState === "failed") {
        return;
      }
      await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
    }
  }

  /** Whether a relay gives this browser an address. */
  private async tryRelays(path: string): Promise<void> {
    const servers = (await iceServers(whepUrl(path))).filter(({ urls }) => `${urls}`.startsWith("turn"));
    this.tell({ turnServers: servers.length });
    if (servers.length > 0) {
      this.tell({ turn: await relays(servers) });
    }
  }

  private end(): void {
    this.session?.close();
    this.session = null;
    this.video.srcObject = null;
  }

  private tell(more: Partial<Observed>): void {
    this.seen = { ...this.seen, ...more };
    if (!this.isStopped) {
      this.listener(this.seen);
    }
  }
}

async function relays(servers: RTCIceServer[]): Promise<boolean> {
  const pc = new RTCPeerConnection({ iceServers: servers, iceTransportPolicy: "relay" });
  try {
    pc.createDataChannel("relay");
    const found = new Promise<boolean>((resolve) => {
      pc.onicecandidate = ({ candidate }) => resolve(candidate !== null);
      setTimeout(() => resolve(false), RELAY_MS);
    });
    await pc.setLocalDescription();
    return await found;
  } finally {
    pc.close();
  }
}

/** The addresses that an answer names. */
export function remoteOf(sdp: string): Pick<Observed, "remoteUdp" | "remoteTcp"> {
  const named = (protocol: string) =>
    new Set(sdp.match(new RegExp(`^a=candidate:\\S+ \\d+ ${protocol} .*$`, "gim")) ?? []).size;
  return { remoteUdp: named("udp"), remoteTcp: named("tcp") };
}

// biome-ignore lint/suspicious/noExplicitAny: statistics of every kind come in one list
type Stat = any;

/** What the statistics of a connection tell beside what was seen before. */
export function observed(stats: readonly Stat[], before: Observed): Partial<Observed> {
  const of = (type: string) => stats.filter((stat) => stat.type === type);
  const byId = new Map(stats.map((stat) => [stat.id, stat]));
  const pairs = of("candidate-pair");
  const [transport] = of("transport");
  const inbound = of("inbound-rtp").find(({ kind }) => kind === "video");
  const kept = (kind: "udp" | "tcp") => (before[kind] === "reached" ? "reached" : waysOf(pairs, byId, kind));
  const chosen =
    byId.get(transport?.selectedCandidatePairId) ?? pairs.find(({ nominated }) => nominated === true);
  return {
    localCount: Math.max(before.localCount, of("local-candidate").length),
    udp: kept("udp"),
    tcp: kept("tcp"),
    dtls: transport?.dtlsState ?? before.dtls,
    codec: byId.get(inbound?.codecId)?.mimeType ?? before.codec,
    packets: inbound?.packetsReceived ?? 0,
    framesReceived: inbound?.framesReceived ?? 0,
    framesDecoded: inbound?.framesDecoded ?? 0,
    way: chosen === undefined ? before.way : wayOf(chosen, byId),
  };
}

function waysOf(pairs: readonly Stat[], byId: Map<string, Stat>, kind: "udp" | "tcp"): Ways {
  const states = pairs
    .filter((pair) => byId.get(pair.remoteCandidateId)?.protocol === kind)
    .map(({ state, responsesReceived }) => (responsesReceived > 0 ? "succeeded" : state));
  if (states.length === 0) {
    return "none";
  }
  if (states.includes("succeeded")) {
    return "reached";
  }
  return states.every((state) => state === "failed") ? "failed" : "trying";
}

function wayOf(pair: Stat, byId: Map<string, Stat>): NonNullable<Observed["way"]> {
  const end = (candidate: Stat) =>
    [candidate?.candidateType, candidate?.address ?? candidate?.ip].filter(Boolean).join(" ");
  const [local, remote] = [byId.get(pair.localCandidateId), byId.get(pair.remoteCandidateId)];
  const roundTripMs =
    typeof pair.currentRoundTripTime === "number" ? Math.round(pair.currentRoundTripTime * 1_000) : null;
  return { protocol: remote?.protocol ?? "", local: end(local), remote: end(remote), roundTripMs };
}
