"""A peer of aiortc that goes on until it is ended: `watch URL` by WHEP, `publish URL` by WHIP.

Prints four times a second `frame=N`, the pictures decoded (or sent) so far, and `freeze_ms=N`, the longest time between
two of them once five seconds have passed. Says what it is told of a connection that is lost. Needs aiortc and aiohttp.
"""
import asyncio
import sys
import time

import aiohttp
from aiortc import RTCPeerConnection, RTCRtpSender, RTCSessionDescription
from aiortc.mediastreams import MediaStreamTrack, VideoStreamTrack

SETTLED = 5.0


class Tally:
    def __init__(self):
        self.frames, self.freeze, self.began, self.last = 0, 0.0, None, None

    def count(self):
        now = time.monotonic()
        self.began = self.began or now
        if self.last and now - self.began > SETTLED:
            self.freeze = max(self.freeze, now - self.last)
        self.frames, self.last = self.frames + 1, now

    def tell(self):
        if self.last and self.last - self.began > SETTLED:
            self.freeze = max(self.freeze, time.monotonic() - self.last)
        print(f"frame={self.frames}\nfreeze_ms={round(self.freeze * 1000)}", flush=True)


class Drawn(VideoStreamTrack):
    """Green pictures that are counted."""

    def __init__(self, tally):
        super().__init__()
        self.tally = tally

    async def recv(self):
        frame = await super().recv()
        self.tally.count()
        return frame


async def take(track: MediaStreamTrack, tally):
    try:
        while True:
            await track.recv()
            if track.kind == "video":
                tally.count()
    except Exception as end:  # The track's end has no name of its own.
        print(f"the {track.kind} track ended: {end!r}", flush=True)


async def main(action, url):
    peer, tally = RTCPeerConnection(), Tally()
    if action == "watch":
        peer.addTransceiver("video", direction="recvonly")
        peer.addTransceiver("audio", direction="recvonly")
    else:
        sender = peer.addTransceiver(Drawn(tally), direction="sendonly")
        capabilities = RTCRtpSender.getCapabilities("video").codecs
        sender.setCodecPreferences([codec for codec in capabilities if codec.mimeType == "video/H264"])
    peer.on("track", lambda track: asyncio.ensure_future(take(track, tally)))

    def change():
        if peer.connectionState not in ("connecting", "connected"):
            print(f"the connection is {peer.connectionState}", flush=True)

    peer.on("connectionstatechange", change)
    await peer.setLocalDescription(await peer.createOffer())
    async with aiohttp.ClientSession() as client:
        headers = {"Content-Type": "application/sdp"}
        async with client.post(url, data=peer.localDescription.sdp, headers=headers) as answer:
            text = await answer.text()
            if answer.status != 201:
                sys.exit(f"{answer.status}: {text}")
        await peer.setRemoteDescription(RTCSessionDescription(text, "answer"))
        while True:
            await asyncio.sleep(0.25)
            tally.tell()


asyncio.run(main(*sys.argv[1:3]))
