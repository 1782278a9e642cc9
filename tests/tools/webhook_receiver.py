"""A receiver of webhooks that answers by the path, and prints one JSON object for each request.

usage: webhook_receiver.py [HOST_NAME]

With a host name it speaks TLS with a certificate of that name. It prints {"port", "ca"} first; "ca" is the certificate
to trust, or null. A line of JSON on its input, {"secret", "headers", "body"}, is answered by {"verified": …}: what the
library of the standard says of that request.
"""

import http.server
import json
import ssl
import sys
import threading
import time

from standardwebhooks.webhooks import Webhook

lock = threading.Lock()
counts: dict[str, int] = {}


def say(what: object) -> None:
    with lock:
        print(json.dumps(what), flush=True)


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"])).decode()
        headers = {name.lower(): value for name, value in self.headers.items()}
        say({"path": self.path, "headers": headers, "body": body})
        word = self.path.split("?")[0].strip("/")
        counts[word] = counts.get(word, 0) + 1
        if word == "slow":
            time.sleep(60)
        elif word == "drop":
            self.close_connection = True
            self.connection.close()
        elif word == "redirect":
            self.answer(302, "elsewhere", {"location": "/200"})
        elif word == "big":
            self.answer(500, "x" * 1_000_000)
        elif word == "odd":
            self.answer(500, "one\x00two\nthree")
        elif word.startswith("without-"):
            refused = f'"id":"{word.removeprefix("without-")}"' in body
            self.answer(422 if refused else 200, "this one never" if refused else "done")
        elif word == "flaky":
            self.answer(200 if counts[word] > 1 else 503, "now" if counts[word] > 1 else "later")
        else:
            self.answer(int(word), "done")

    def answer(self, status: int, text: str, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("content-length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_: object) -> None:
        pass


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: object) -> None:
        pass


def verified(asked: dict) -> bool:
    try:
        Webhook(asked["secret"]).verify(asked["body"], asked["headers"])
    except Exception:  # whatever it is, it is not verified
        return False
    return True


server = Server(("127.0.0.1", 0), Handler)
authority = None
if len(sys.argv) > 1:
    import trustme

    ca = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ca.issue_cert(sys.argv[1]).configure_cert(context)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    authority = ca.cert_pem.bytes().decode()
threading.Thread(target=server.serve_forever, daemon=True).start()
say({"port": server.server_address[1], "ca": authority})
for line in sys.stdin:
    say({"verified": verified(json.loads(line))})
