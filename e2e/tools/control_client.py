"""A client of MediaMTX's control API, with nothing but Python's own library.

Usage: control_client.py http://127.0.0.1:9997 rtsp://camera/path [kick]
Adds, reads, changes, replaces and removes a path, and with `kick` ends the sessions that read it.
"""

import json
import sys
import time
import urllib.error
import urllib.request

base, camera = sys.argv[1:3]


def call(method, path, body=None):
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(base + "/v3" + path, data=data, method=method)
    if data is not None:
        request.add_header("Content-Type", "application/json")
    try:
        with urllib.request.urlopen(request, timeout=20) as response:
            return response.status, json.load(response)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


def expect(found, code, /, **fields):
    assert found[0] == code, found
    for name, value in fields.items():
        assert found[1].get(name) == value, (name, found)
    return found[1]


def all_items(path):
    items, page = [], 0
    while True:
        found = expect(call("GET", f"{path}?page={page}&itemsPerPage=2"), 200)
        items += found["items"]
        page += 1
        if page >= found["pageCount"]:
            assert len(items) == found["itemCount"], found
            return items


def wait(what, condition):
    for _ in range(200):
        found = condition()
        if found:
            return found
        time.sleep(0.1)
    raise AssertionError(what)


info = expect(call("GET", "/info"), 200)
assert info["version"] and info["started"], info
assert expect(call("GET", "/config/global/get"), 200)["logLevel"]
expect(call("PATCH", "/config/global/patch", {"logLevel": "debug"}), 200, status="ok")
assert expect(call("GET", "/config/global/get"), 200)["logLevel"] == "debug"
expect(call("PATCH", "/config/global/patch", {"nothing": 1}), 400, status="error")
expect(call("PATCH", "/config/pathdefaults/patch", {"sourceOnDemandCloseAfter": "5s"}), 200)
assert expect(call("GET", "/config/pathdefaults/get"), 200)["sourceOnDemandCloseAfter"] == "5s"

for name in ["east", "Upper/Case.1"]:
    before = {item["name"] for item in all_items("/config/paths/list")}
    assert name not in before
    expect(call("GET", f"/config/paths/get/{name}"), 404, error="path configuration not found")
    expect(call("POST", f"/config/paths/add/{name}", {"source": camera}), 200, status="ok")
    expect(call("POST", f"/config/paths/add/{name}", {}), 400, error="path already exists")
    assert {item["name"] for item in all_items("/config/paths/list")} == before | {name}

    # The answer was sent when the path was there.
    expect(call("GET", f"/paths/get/{name}"), 200, name=name, confName=name)
    live = wait("ready", lambda: (lambda p: p if p["ready"] else None)(call("GET", f"/paths/get/{name}")[1]))
    assert live["source"]["type"] == "rtspSource", live
    assert live["tracks"] == ["H264"] and live["tracks2"][0]["codecProps"]["width"] == 640, live
    assert live["readyTime"] == live["availableTime"] == live["onlineTime"], live
    wait("bytes", lambda: call("GET", f"/paths/get/{name}")[1]["bytesReceived"] > 0)
    assert name in {item["name"] for item in all_items("/paths/list")}

    if "kick" in sys.argv[3:]:
        readers = wait("a reader", lambda: call("GET", f"/paths/get/{name}")[1]["readers"])
        for reader in [reader for reader in readers if reader["type"] == "rtspSession"]:
            session = expect(call("GET", "/rtspsessions/get/" + reader["id"]), 200, state="read", path=name)
            assert session["conns"], session
            expect(call("POST", "/rtspsessions/kick/" + reader["id"]), 200, status="ok")
            wait("the kick", lambda: call("GET", "/rtspsessions/get/" + reader["id"])[0] == 404)

    expect(call("PATCH", f"/config/paths/patch/{name}", {"sourceOnDemand": True}), 200, status="ok")
    patched = expect(call("GET", f"/config/paths/get/{name}"), 200, sourceOnDemand=True)
    assert patched["source"] == camera and patched["sourceOnDemandCloseAfter"] == "5s", patched
    wait("idle", lambda: not call("GET", f"/paths/get/{name}")[1]["ready"])
    expect(call("POST", f"/config/paths/replace/{name}", {"source": camera, "maxReaders": 3}), 200)
    replaced = expect(call("GET", f"/config/paths/get/{name}"), 200, sourceOnDemand=False, maxReaders=3)
    hook = {"runOnReady": "touch /tmp/x"}
    hooks = "hooks are set in the configuration file"
    expect(call("PATCH", f"/config/paths/patch/{name}", hook), 400, error=hooks)
    expect(call("PATCH", f"/config/paths/patch/{name}", {"colour": 1}), 400, error='json: unknown field "colour"')
    expect(call("DELETE", f"/config/paths/delete/{name}"), 200, status="ok")
    expect(call("DELETE", f"/config/paths/delete/{name}"), 404, error="path configuration not found")
    expect(call("GET", f"/paths/get/{name}"), 404, error="path not found")

expect(call("PATCH", "/config/paths/patch/file", {}), 400, error="path is set by the configuration file")
for kind in ["rtspconns", "rtspsessions", "webrtcsessions", "hlsmuxers", "hlssessions", "recordings"]:
    all_items(f"/{kind}/list")
assert call("GET", "/rtspssessions/list")[0] == 404
assert call("GET", "/paths/list?itemsPerPage=0")[0] == 400
print("ok")
