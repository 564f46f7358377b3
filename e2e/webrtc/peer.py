"""A peer of aiortc: `watch URL SECONDS` by WHEP, or `publish URL SECONDS` by WHIP; prints what came as JSON."""

import asyncio
import json
import sys
import time
from urllib.parse import urljoin

import aiohttp
from aiortc import RTCPeerConnection, RTCRtpSender, RTCSessionDescription
from aiortc.mediastreams import VideoStreamTrack

SDP = {"Content-Type": "application/sdp"}


async def count(track, frames, first, asked):
    """Counts a track's frames until it ends."""
    try:
        while True:
            await track.recv()
            first.setdefault(track.kind, round((time.monotonic() - asked) * 1000))
            frames[track.kind] = frames.get(track.kind, 0) + 1
    except Exception:  # The track's end has no name of its own.
        return


async def main(action, url, seconds):
    peer, frames, first = RTCPeerConnection(), {}, {}
    if action == "watch":
        peer.addTransceiver("video", direction="recvonly")
        peer.addTransceiver("audio", direction="recvonly")
    else:
        sender = peer.addTransceiver(VideoStreamTrack(), direction="sendonly")
        h264 = [codec for codec in RTCRtpSender.getCapabilities("video").codecs if codec.mimeType == "video/H264"]
        sender.setCodecPreferences(h264)
    await peer.setLocalDescription(await peer.createOffer())
    async with aiohttp.ClientSession() as client:
        asked = time.monotonic()
        peer.on("track", lambda track: asyncio.ensure_future(count(track, frames, first, asked)))
        async with client.post(url, data=peer.localDescription.sdp, headers=SDP) as answer:
            text = await answer.text()
            if answer.status != 201:
                print(json.dumps({"status": answer.status, "problem": text}))
                return
            place = urljoin(url, answer.headers["Location"])
        await peer.setRemoteDescription(RTCSessionDescription(text, "answer"))
        await asyncio.sleep(seconds)
        state = peer.connectionState
        async with client.delete(place) as answer:
            ended = answer.status
    await peer.close()
    print(json.dumps({"status": 201, "state": state, "frames": frames, "first_ms": first, "ended": ended}))


asyncio.run(main(sys.argv[1], sys.argv[2], float(sys.argv[3])))
