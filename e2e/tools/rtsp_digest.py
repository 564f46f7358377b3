#!/usr/bin/python3
"""An RTSP client that speaks Digest with SHA-256 (RFC 7616) and little else, with Python's own library only.

usage: rtsp_digest.py rtsp://HOST:PORT/PATH USER PASSWORD
Prints each method with the status of its answer, and `packets` when it has some of the first track; when
its password is wrong it tries again until the server closes the connection, and prints `closed`.
"""
import hashlib
import re
import socket
import sys
from urllib.parse import urlsplit

URL, USER, PASSWORD = sys.argv[1:]
CNONCE = "0123456789abcdef"
PACKETS = 20


def sha256(text):
    return hashlib.sha256(text.encode()).hexdigest()


class Client:
    def __init__(self):
        address = urlsplit(URL)
        self.socket = socket.create_connection((address.hostname, address.port), timeout=20)
        self.stream = self.socket.makefile("rb")
        self.cseq = 0
        self.uses = 0
        self.challenge = None

    def authorization(self, method, url):
        if self.challenge is None:
            return ""
        self.uses += 1
        realm, nonce, nc = self.challenge["realm"], self.challenge["nonce"], f"{self.uses:08x}"
        a1, a2 = sha256(f"{USER}:{realm}:{PASSWORD}"), sha256(f"{method}:{url}")
        response = sha256(f"{a1}:{nonce}:{nc}:{CNONCE}:auth:{a2}")
        return (
            f'Authorization: Digest username="{USER}", realm="{realm}", nonce="{nonce}", uri="{url}", '
            f'algorithm=SHA-256, qop=auth, nc={nc}, cnonce="{CNONCE}", response="{response}"\r\n'
        )

    def ask(self, method, url, headers=""):
        """Status, headers and body of the answer; None when the connection is closed."""
        self.cseq += 1
        text = f"{method} {url} RTSP/1.0\r\nCSeq: {self.cseq}\r\n{headers}{self.authorization(method, url)}\r\n"
        try:
            self.socket.sendall(text.encode())
            first = self.stream.readline().decode()
        except ConnectionError:
            first = ""
        if not first:
            print("closed")
            return None
        lines = []
        while (line := self.stream.readline().decode().strip()):
            lines.append(line)
        found = re.search(r"(?im)^content-length: *(\d+)", "\n".join(lines))
        body = self.stream.read(int(found[1])).decode() if found else ""
        status = int(first.split()[1])
        print(method, status)
        if status == 401:
            self.take_challenge(lines)
        return status, "\n".join(lines), body

    def take_challenge(self, lines):
        """Keeps the first challenge that wants SHA-256."""
        for line in lines:
            if line.lower().startswith("www-authenticate: digest ") and "algorithm=SHA-256" in line:
                assert 'qop="auth"' in line, line
                self.challenge = dict(re.findall(r'(\w+)="([^"]*)"', line))
                self.uses = 0
                return
        sys.exit("no challenge with SHA-256")


def main():
    client = Client()
    while (answer := client.ask("DESCRIBE", URL)) is not None and answer[0] == 401:
        pass
    if answer is None:
        return
    base = re.search(r"(?im)^content-base: *(\S+)", answer[1])[1]
    control = re.findall(r"(?m)^a=control:(\S+)", answer[2])[-1]
    _, headers, _ = client.ask("SETUP", base + control, "Transport: RTP/AVP/TCP;unicast;interleaved=0-1\r\n")
    session = re.search(r"(?im)^session: *([^;\s]+)", headers)[1]
    client.ask("PLAY", base, f"Session: {session}\r\n")
    for _ in range(PACKETS):
        dollar, _, high, low = client.stream.read(4)
        assert dollar == ord("$"), dollar
        client.stream.read(high * 256 + low)
    print("packets")


main()
