// A check's result as text to hand on: in English, since whoever mends a network may read nothing else, and without
// words that would need a translator.

import type { Finding, Observed } from "./check";
import type { ServerFinding } from "./server-findings";

interface Report {
  camera: string;
  at: Date;
  browser: string;
  findings: readonly Finding[];
  server: readonly ServerFinding[];
  seen: Observed;
  /** The step of the ladder by which pictures come now. */
  step: string;
}

export function reportOf({ camera, at, browser, findings, server, seen, step }: Report): string {
  const way = seen.way === null ? "-" : `${seen.way.protocol} ${seen.way.local} > ${seen.way.remote}`;
  const lines = [
    `vedette connect-check ${camera} ${at.toISOString()}`,
    `browser: ${browser}`,
    ...findings.map((one) => `${one.step}: ${one.state} ${one.code}`),
    ...server.map((one) => `server ${one.step}: ${one.state} ${one.code}`),
    `addresses: ${seen.localCount} here, ${seen.remoteUdp} udp and ${seen.remoteTcp} tcp of the server`,
    `refusal: ${seen.detail ?? "-"}`,
    `way: ${way}`,
    `round trip: ${seen.way?.roundTripMs ?? "-"} ms`,
    `codec: ${seen.codec || "-"}, left out: ${seen.omitted.join(", ") || "-"}`,
    `packets: ${seen.packets}, pictures: ${seen.framesReceived} received, ${seen.framesDecoded} decoded`,
    `shown by: ${step}`,
  ];
  return `${lines.join("\n")}\n`;
}
