// WHEP over HTTP: an offer is posted, what the browser finds out about its addresses follows, and at the end the
// session is deleted. Texts are made and read here; who holds the connection is the player.

import { readProblem } from "../api/problem";

/** How the server answered an offer. */
export interface Answered {
  sdp: string;
  /** Where the session is; empty: it cannot be told anything more. */
  location: string;
  etag: string | null;
  omitted: string[];
}

export class OfferRefused extends Error {
  readonly status: number;
  /** The server's word for it. */
  readonly code: string | null;

  constructor(status: number, code: string | null) {
    super(code ?? `${status}`);
    this.status = status;
    this.code = code;
  }
}

export function whepUrl(path: string): string {
  return `/live/${path.split("/").map(encodeURIComponent).join("/")}/whep`;
}

/** Posts an offer. */
export async function offer(url: string, sdp: string, signal: AbortSignal): Promise<Answered> {
  const headers = { "Content-Type": "application/sdp", Accept: "application/sdp" };
  const response = await fetch(url, { method: "POST", headers, body: sdp, signal });
  if (!response.ok) {
    const problem = await readProblem(response);
    throw new OfferRefused(response.status, problem.kind === "answered" ? problem.details.code : null);
  }
  noteServers(response.headers.get("link"));
  const location = response.headers.get("location");
  return {
    sdp: await response.text(),
    location: location === null ? "" : new URL(location, new URL(url, document.baseURI)).pathname,
    etag: response.headers.get("etag"),
    omitted: words(response.headers.get("x-vedette-omitted")),
  };
}

/** Tells the server of addresses that were found after the offer. It may have no use for them. */
export async function trickle(answered: Answered, fragment: string): Promise<void> {
  const headers = new Headers({ "Content-Type": "application/trickle-ice-sdpfrag" });
  if (answered.etag !== null) {
    headers.set("If-Match", answered.etag);
  }
  await fetch(answered.location, { method: "PATCH", headers, body: fragment });
}

/** Ends a session, also while the page is left. */
export function leave(location: string): void {
  fetch(location, { method: "DELETE", keepalive: true }).catch(() => undefined);
}

function words(header: string | null): string[] {
  return (header ?? "")
    .split(",")
    .map((word) => word.trim())
    .filter((word) => word !== "");
}

/** The part of a description that tells of addresses (RFC 8840). `isEnd`: there are no more. */
export function fragmentOf(sdp: string, candidates: readonly RTCIceCandidateInit[], isEnd: boolean): string {
  const line = (name: string) => new RegExp(`^a=${name}:.*$`, "m").exec(sdp)?.[0].trim();
  const media = /^m=.*$/m.exec(sdp)?.[0].trim();
  const lines = [line("ice-ufrag"), line("ice-pwd"), media, line("mid")].filter((one) => one !== undefined);
  const found = candidates.filter(({ candidate }) => candidate).map(({ candidate }) => `a=${candidate}`);
  return [...lines, ...found, ...(isEnd ? ["a=end-of-candidates"] : []), ""].join("\r\n");
}

/** ICE servers of a `Link` header: `<turn:host>; rel="ice-server"; username="u"; credential="p"`. */
export function iceServersOf(link: string | null): RTCIceServer[] {
  const servers: RTCIceServer[] = [];
  for (const [, url = "", rest = ""] of (link ?? "").matchAll(
    /<([^<>]*)>((?:;|"(?:[^"\\]|\\.)*"|[^<>",;])*)/g,
  )) {
    const of = new Map<string, string>();
    for (const [, name = "", quoted, bare] of rest.matchAll(
      /;\s*([\w-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^;,\s]*))/g,
    )) {
      of.set(name.toLowerCase(), quoted?.replace(/\\(.)/g, "$1") ?? bare ?? "");
    }
    const server = serverOf(url, of);
    if (of.get("rel") === "ice-server" && server !== null) {
      servers.push(server);
    }
  }
  return servers;
}

/** A server that a browser takes: a relay needs credentials. */
function serverOf(urls: string, of: Map<string, string>): RTCIceServer | null {
  if (/^stuns?:/.test(urls)) {
    return { urls };
  }
  const [username, credential] = [of.get("username"), of.get("credential")];
  const isRelay = /^turns?:/.test(urls) && username !== undefined && credential !== undefined;
  return isRelay ? { urls, username, credential } : null;
}

const SERVERS_KEPT_MS = 60_000;

let kept: { at: number; servers: Promise<RTCIceServer[]> } | null = null;

/** The servers by which this browser finds a way; asked once for all pictures of a page. None when it is not told. */
export function iceServers(url: string): Promise<RTCIceServer[]> {
  const now = performance.now();
  if (kept === null || now - kept.at > SERVERS_KEPT_MS) {
    kept = { at: now, servers: askServers(url) };
  }
  return kept.servers;
}

/** Answers to offers name servers too, with credentials that last longer. */
function noteServers(link: string | null): void {
  const servers = iceServersOf(link);
  if (servers.length > 0) {
    kept = { at: performance.now(), servers: Promise.resolve(servers) };
  }
}

async function askServers(url: string): Promise<RTCIceServer[]> {
  try {
    const response = await fetch(url, { method: "OPTIONS", signal: AbortSignal.timeout(3_000) });
    return iceServersOf(response.headers.get("link"));
  } catch {
    return [];
  }
}
