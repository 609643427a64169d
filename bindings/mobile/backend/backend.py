"""What a backend must accept so that apps can answer through it: the API's own call, with the app's own
login. It adds the account's token, and repeats nothing.

    PRELUDE_API_TOKEN=… python backend.py https://api.prelude.dev <session secret>
"""

import os
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.error import HTTPError
from urllib.request import Request, urlopen

PRELUDE, SESSION = sys.argv[1], sys.argv[2]


class Backend(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        if self.path != "/v2/notify/reply" or self.headers["authorization"] != f"Bearer {SESSION}":
            return self.answer(401, b'{"code": "unauthorized"}')
        token = f"Bearer {os.environ['PRELUDE_API_TOKEN']}"
        headers = {"authorization": token, "content-type": "application/json"}
        try:
            with urlopen(Request(PRELUDE + self.path, body, headers), timeout=7) as prelude:
                self.answer(prelude.status, prelude.read())
        except HTTPError as refused:
            self.answer(refused.code, refused.read())
        except OSError:
            self.answer(504, b"{}")  # nobody knows: the app is told `maybe_sent`

    def answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


if __name__ == "__main__":
    with ThreadingHTTPServer(("127.0.0.1", 0), Backend) as server:
        print(f"http://127.0.0.1:{server.server_port}", flush=True)
        server.serve_forever()
