import hashlib
import io
import threading
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from seqmine.data.sources.publication import Publication
from seqmine.structs import UserError

CONTENT = bytes(range(256)) * 400


class Handler(BaseHTTPRequestHandler):
    """Serves one body with ranges, and closes the connection early where it is told to."""

    def do_GET(self):
        server = self.server
        server.requests.append(dict(self.headers))
        body, start = server.body, 0
        if self.path != "/file.bin" and not self.path.endswith(server.name):
            self.send_error(404)
            return
        wanted = self.headers.get("Range")
        if wanted and self.headers.get("If-Range") == server.etag and server.ranges:
            start = int(wanted.removeprefix("bytes=").rstrip("-"))
        self.send_response(206 if start else 200)
        if server.etag:
            self.send_header("ETag", server.etag)
        self.send_header("Content-Length", str(len(body) - start))
        self.end_headers()
        stop = start + server.cuts.pop(0) if server.cuts else len(body)
        self.wfile.write(body[start:stop])

    def log_message(self, *arguments):
        pass


@pytest.fixture
def server():
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as httpd:
        httpd.body, httpd.etag, httpd.ranges, httpd.cuts, httpd.requests = CONTENT, '"v1"', True, [], []
        httpd.name = "file.bin"
        httpd.url = f"http://127.0.0.1:{httpd.server_port}/file.bin"
        thread = threading.Thread(target=httpd.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield httpd
        httpd.shutdown()
        thread.join()


def zip_of(files):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def publication(server, root, name="data.zip", **options):
    server.name, server.body = name, server.body
    url = server.url.replace("file.bin", name)
    return Publication(root=str(root), name="set", homepage="https://example.org", url=url, **options)


def test_archive_is_downloaded_unpacked_and_found_again(server, tmp_path):
    server.body = zip_of({"inner/log.csv": "a,b\n"})
    found = publication(server, tmp_path).require("log.csv")
    assert found.read_text() == "a,b\n"
    assert publication(server, tmp_path).require("log.csv") == found
    assert len(server.requests) == 1


@pytest.mark.parametrize("place", ["log.csv", "set/log.csv", "set/deep/down/log.csv", "set/log.csv.gz", "log.csv.gz"])
def test_files_that_are_there_are_not_downloaded(server, tmp_path, place):
    (tmp_path / place).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / place).write_text("here")
    assert publication(server, tmp_path).require("log.csv") == tmp_path / place
    assert server.requests == []


@pytest.mark.parametrize("place", ["data.zip", "set/data.zip"])
def test_archive_that_is_there_is_checked_and_unpacked(server, tmp_path, place):
    content = zip_of({"log.csv": "a"})
    (tmp_path / "set").mkdir()
    (tmp_path / place).write_bytes(content)
    checksum = "sha256:" + hashlib.sha256(content).hexdigest()
    assert publication(server, tmp_path, checksum=checksum).require("log.csv").read_text() == "a"
    (tmp_path / "set" / "log.csv").unlink()
    with pytest.raises(UserError, match=r"has sha256 .* where 00 is expected"):
        publication(server, tmp_path, checksum="sha256:00").require("log.csv")
    assert server.requests == []


def test_archive_without_the_file_says_so(server, tmp_path):
    server.body = zip_of({"other.csv": "a"})
    with pytest.raises(UserError, match=r"has no set/log.csv; get it from https://example.org"):
        publication(server, tmp_path).require("log.csv")
