// One WebSocket for all pictures of a page that come as parts: opened with the first, closed after the last.

import { type Frame, frameOf, type Note, noteOf } from "./socket-frame";

/** What a picture hears of its stream. */
export interface Listener {
  note(note: Note): void;
  frame(frame: Frame): void;
  /** The socket is gone; nothing more comes. */
  closed(): void;
}

/** A page that is turned opens the next pictures at once: the socket waits for them. */
const LINGER_MS = 3_000;

export class LiveSocket {
  private readonly url: string;
  private socket: WebSocket | null = null;
  private readonly listeners = new Map<number, Listener>();
  private nextId = 1;
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(url: string) {
    this.url = url;
  }

  /** Asks for a stream; returns how to stop. */
  subscribe(path: string, listener: Listener): () => void {
    clearTimeout(this.timer);
    const id = this.nextId;
    this.nextId += 1;
    this.listeners.set(id, listener);
    const socket = this.opened();
    const subscribe = () => send(socket, { subscribe: { id, path } });
    if (socket.readyState === WebSocket.OPEN) {
      subscribe();
    } else {
      socket.addEventListener("open", () => this.listeners.has(id) && subscribe(), { once: true });
    }
    return () => this.unsubscribe(id, socket);
  }

  private unsubscribe(id: number, socket: WebSocket): void {
    if (this.listeners.delete(id)) {
      send(socket, { unsubscribe: { id } });
      clearTimeout(this.timer);
      this.timer = setTimeout(() => this.listeners.size === 0 && this.socket?.close(), LINGER_MS);
    }
  }

  private opened(): WebSocket {
    if (this.socket !== null && this.socket.readyState <= WebSocket.OPEN) {
      return this.socket;
    }
    const socket = new WebSocket(this.url);
    socket.binaryType = "arraybuffer";
    socket.onmessage = ({ data }) => this.heard(data);
    socket.onclose = () => this.lost(socket);
    this.socket = socket;
    return socket;
  }

  private heard(data: unknown): void {
    if (data instanceof ArrayBuffer) {
      const frame = frameOf(data);
      if (frame !== null) {
        this.listeners.get(frame.id)?.frame(frame);
      }
    } else if (typeof data === "string") {
      const note = noteOf(data);
      if (note !== null) {
        this.listeners.get(note.id)?.note(note);
      }
    }
  }

  private lost(socket: WebSocket): void {
    if (this.socket !== socket) {
      return;
    }
    this.socket = null;
    const told = [...this.listeners.values()];
    this.listeners.clear();
    for (const listener of told) {
      listener.closed();
    }
  }
}

function send(socket: WebSocket, message: object): void {
  if (socket.readyState === WebSocket.OPEN) {
    socket.send(JSON.stringify(message));
  }
}

let shared: LiveSocket | null = null;

export function liveSocket(): LiveSocket {
  shared ??= new LiveSocket(`${location.origin.replace(/^http/, "ws")}/live/ws`);
  return shared;
}
