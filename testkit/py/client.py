"""An HTTPS client for tests, made of nothing but Python's standard library.

One JSON object per line on standard input, one per line on standard output, until the input ends.

  {"url", "method", "headers": [[name, value]], "body": hex, "ca"?: path, "cert"?: path, "key"?: path,
   "connect"?: "address:port", "seconds": n}      -> {"status", "reason", "headers": [[name, value]], "body": hex}
  {"raw": hex, "address": "address:port", "server_name"?: name, "ca"?, "cert"?, "key"?, "half_close": bool, "seconds": n}
                                                  -> {"bytes": hex, "end": "closed" | "reset" | "timeout" | "full"}

Without "server_name", raw bytes go over plain TCP. Anything that goes wrong is {"error": text}.
"""

import http.client
import json
import socket
import ssl
import sys
import urllib.parse

ANSWER_BYTES_MAX = 16 * 1024 * 1024
kept = {}


def context(ask):
    made = ssl.create_default_context(cafile=ask.get("ca"))
    made.minimum_version = ssl.TLSVersion.TLSv1_2
    if ask.get("cert"):
        made.load_cert_chain(ask["cert"], ask["key"])
    return made


def place(text):
    host, _, port = text.rpartition(":")
    return host.strip("[]"), int(port)


def connection(ask):
    """A kept connection, or a new one: (connection, was it used before)."""
    parts = urllib.parse.urlsplit(ask["url"])
    port = parts.port or (443 if parts.scheme == "https" else 80)
    to = place(ask["connect"]) if ask.get("connect") else (parts.hostname, port)
    key = (parts.scheme, parts.hostname, to, ask.get("ca"), ask.get("cert"))
    if key in kept:
        return key, kept[key], True
    if parts.scheme == "https":
        made = http.client.HTTPSConnection(parts.hostname, port, timeout=ask["seconds"], context=context(ask))
    elif parts.scheme == "http":
        made = http.client.HTTPConnection(parts.hostname, port, timeout=ask["seconds"])
    else:
        raise ValueError("the scheme is neither http nor https")
    made._create_connection = lambda _, *rest, **named: socket.create_connection(to, *rest, **named)
    kept[key] = made
    return key, made, False


def send(ask):
    parts = urllib.parse.urlsplit(ask["url"])
    target = parts.path or "/"
    if parts.query:
        target += "?" + parts.query
    key, made, was_used = connection(ask)
    try:
        made.putrequest(ask["method"], target, skip_host=any(n.lower() == "host" for n, _ in ask["headers"]), skip_accept_encoding=True)
        names = {name.lower() for name, _ in ask["headers"]}
        body = bytes.fromhex(ask["body"])
        if (body or ask["method"] in ("POST", "PUT", "PATCH")) and not names & {"content-length", "transfer-encoding"}:
            made.putheader("Content-Length", str(len(body)))
        for name, value in ask["headers"]:
            made.putheader(name, value)
        made.endheaders(body or None)
        answer = made.getresponse()
        content = answer.read(ANSWER_BYTES_MAX + 1)
        if len(content) > ANSWER_BYTES_MAX:
            raise ValueError("the answer is too long")
    except Exception as error:
        made.close()
        kept.pop(key, None)
        # The other side may close an idle connection at any time; only then, once more on a new one.
        idle = isinstance(error, (http.client.RemoteDisconnected, BrokenPipeError, ConnectionResetError))
        if was_used and idle:
            return send(ask)
        raise
    if answer.will_close:
        made.close()
        kept.pop(key, None)
    return {"status": answer.status, "reason": answer.reason, "headers": answer.getheaders(), "body": content.hex()}


def raw(ask):
    stream = socket.create_connection(place(ask["address"]), timeout=ask["seconds"])
    with stream:
        if ask.get("server_name"):
            stream = context(ask).wrap_socket(stream, server_hostname=ask["server_name"])
        got, end = b"", "closed"
        try:
            stream.sendall(bytes.fromhex(ask["raw"]))
            if ask["half_close"] and not ask.get("server_name"):
                stream.shutdown(socket.SHUT_WR)
            while piece := stream.recv(65536):
                got += piece
                if len(got) > ANSWER_BYTES_MAX:
                    end = "full"
                    break
        except TimeoutError:
            end = "timeout"
        except (ConnectionError, ssl.SSLError):
            end = "reset"
        finally:
            stream.close()
    return {"bytes": got.hex(), "end": end}


for line in sys.stdin:
    try:
        ask = json.loads(line)
        answer = raw(ask) if "raw" in ask else send(ask)
    except Exception as error:
        answer = {"error": f"{type(error).__name__}: {error}"}
    print(json.dumps(answer), flush=True)
