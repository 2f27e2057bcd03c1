"""A laboratory's FHIR server on the loopback: one page for each address, always the same."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from multiprocessing import get_context
from multiprocessing.connection import Connection

_spawning = get_context("spawn")  # its work is not ours: it counts in a process of its own


@contextmanager
def serving(pages: Mapping[str, bytes]) -> Iterator[str]:
    """The base URL of a server that answers ``/name/DiagnosticReport?…`` with a page.

    Args:
        pages: Bundles by name.
    """
    ours, theirs = _spawning.Pipe()
    server = _spawning.Process(target=_serve, args=(pages, theirs), daemon=True)
    server.start()
    try:
        yield ours.recv()
    finally:
        server.terminate()
        server.join()


def _serve(pages: Mapping[str, bytes], told: Connection) -> None:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            page = pages[self.path.split("/", 2)[1]]
            self.send_response(200)
            self.send_header("Content-Type", "application/fhir+json")
            self.send_header("Content-Length", str(len(page)))
            self.end_headers()
            self.wfile.write(page)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        request_queue_size = 128

    server = Server(("127.0.0.1", 0), Handler)
    told.send(f"http://127.0.0.1:{server.server_port}")
    server.serve_forever()
