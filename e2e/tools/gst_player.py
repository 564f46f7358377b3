#!/usr/bin/python3
"""A player made of GStreamer, for as long as it is left running.

usage: gst_player.py URL [tcp|udp]
Prints `frame=N`, the pictures decoded so far, four times a second, and a line for each warning and error of the
pipeline. An error ends it with 1.
"""
import sys

import gi

gi.require_version("Gst", "1.0")
from gi.repository import GLib, Gst

Gst.init(None)
URL, PROTOCOLS = sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else None
frames = 0
pipeline = Gst.Pipeline.new()
source = Gst.ElementFactory.make("uridecodebin3")
source.set_property("uri", URL)


def set_up(_, element):
    if PROTOCOLS:
        element.set_property("protocols", PROTOCOLS)
        element.set_property("latency", 200)


def count(*_):
    global frames
    frames += 1
    return Gst.PadProbeReturn.OK


def play(_, pad):
    sink = Gst.ElementFactory.make("fakesink")
    sink.set_property("sync", True)
    sink.set_property("async", False)
    pipeline.add(sink)
    sink.sync_state_with_parent()
    pad.link(sink.get_static_pad("sink"))
    if pad.get_name().startswith("video"):
        pad.add_probe(Gst.PadProbeType.BUFFER, count)


def forget(_, pad):
    peer = pad.get_peer()
    if peer:
        sink = peer.get_parent_element()
        pad.unlink(peer)
        sink.set_state(Gst.State.NULL)
        pipeline.remove(sink)


def hear(_, message):
    if message.type == Gst.MessageType.WARNING:
        print("WARNING", *message.parse_warning(), flush=True)
    elif message.type == Gst.MessageType.ERROR:
        print("ERROR", *message.parse_error(), flush=True)
        sys.exit(1)
    elif message.type == Gst.MessageType.EOS:
        print("ERROR the stream has ended", flush=True)
        sys.exit(1)


def tell():
    print(f"frame={frames}", flush=True)
    return True


source.connect("source-setup", set_up)
source.connect("pad-added", play)
source.connect("pad-removed", forget)
pipeline.add(source)
bus = pipeline.get_bus()
bus.add_signal_watch()
bus.connect("message", hear)
pipeline.set_state(Gst.State.PLAYING)
GLib.timeout_add(250, tell)
GLib.MainLoop().run()
