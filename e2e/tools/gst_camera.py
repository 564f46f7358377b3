#!/usr/bin/python3
"""An RTSP camera made of GStreamer's server, on a free port of loopback, which it prints.

usage: gst_camera.py [--digest] [FILE.mp4 ...]
mounts: /live   H.264 640x480 at 15 frames a second
        /av     the same with AAC
        /file0  the first file given, passed through, and so on
--digest: user `admin`, password `secret`
"""
import sys

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstRtsp", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import GLib, Gst, GstRtsp, GstRtspServer

Gst.init(None)
DIGEST = "--digest" in sys.argv
FILES = [argument for argument in sys.argv[1:] if not argument.startswith("--")]

PICTURE = (
    "videotestsrc is-live=true pattern=ball ! video/x-raw,width=640,height=480,framerate=15/1 "
    "! x264enc tune=zerolatency speed-preset=ultrafast key-int-max=15 bitrate=600 "
    "! video/x-h264,profile=constrained-baseline ! rtph264pay name=pay0 pt=96 config-interval=1"
)
SOUND = "audiotestsrc is-live=true ! audio/x-raw,rate=48000,channels=2 ! avenc_aac bitrate=64000 ! aacparse ! rtpmp4gpay name=pay1 pt=97"


def add(mounts, path, pipeline, shared):
    factory = GstRtspServer.RTSPMediaFactory()
    factory.set_launch(f"( {pipeline} )")
    factory.set_shared(shared)
    if DIGEST:
        permissions = GstRtspServer.RTSPPermissions()
        permissions.add_permission_for_role("user", "media.factory.access", True)
        permissions.add_permission_for_role("user", "media.factory.construct", True)
        factory.set_permissions(permissions)
    mounts.add_factory(path, factory)


def protect(server):
    auth = GstRtspServer.RTSPAuth()
    auth.set_supported_methods(GstRtsp.RTSPAuthMethod.DIGEST)
    token = GstRtspServer.RTSPToken()
    token.set_string("media.factory.role", "user")
    auth.add_digest("admin", "secret", token)
    server.set_auth(auth)


server = GstRtspServer.RTSPServer()
server.set_address("127.0.0.1")
server.set_service("0")
mounts = server.get_mount_points()
add(mounts, "/live", PICTURE, True)
add(mounts, "/av", f"{PICTURE} {SOUND}", True)
for number, file in enumerate(FILES):
    passed = f'filesrc location="{file}" ! qtdemux ! h264parse ! rtph264pay name=pay0 pt=96 config-interval=-1'
    add(mounts, f"/file{number}", passed, False)
if DIGEST:
    protect(server)
server.attach(None)
print(f"port {server.get_bound_port()}", flush=True)
GLib.MainLoop().run()
