import hashlib
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from seqmine.data.sources.download import CHECKSUMS, download
from seqmine.structs import UserError

CONTENT = bytes(range(256)) * 400


MD5 = "md5:" + hashlib.md5(CONTENT).hexdigest()


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


def test_file_arrives_whole_and_is_not_fetched_twice(server, tmp_path):
    target = download(server.url, tmp_path / "sub" / "file.bin", MD5)
    assert target.read_bytes() == CONTENT
    download(server.url, target, MD5)
    assert len(server.requests) == 1
    assert [path.name for path in target.parent.iterdir()] == ["file.bin"]


def test_broken_connection_is_resumed_where_it_ended(server, tmp_path):
    server.cuts = [1000, 500]
    assert download(server.url, tmp_path / "file.bin", MD5).read_bytes() == CONTENT
    assert [request.get("Range") for request in server.requests] == [None, "bytes=1000-", "bytes=1500-"]


def test_next_run_resumes_and_starts_over_when_the_file_changed(server, tmp_path):
    server.cuts = [1000] * 4
    with pytest.raises(UserError, match=r"file.bin cannot be downloaded .* or put file.bin into .*, the folder under"):
        download(server.url, tmp_path / "file.bin", MD5)
    assert not (tmp_path / "file.bin").exists()
    server.etag = '"v2"'
    assert download(server.url, tmp_path / "file.bin", MD5).read_bytes() == CONTENT
    assert server.requests[-1]["Range"] == "bytes=4000-"


def test_server_without_versions_is_read_from_the_start(server, tmp_path):
    server.etag, server.cuts = None, [1000]
    assert download(server.url, tmp_path / "file.bin", MD5).read_bytes() == CONTENT
    assert "Range" not in server.requests[-1]


def test_wrong_content_is_refused_and_not_kept(server, tmp_path):
    server.body = CONTENT[::-1]
    with pytest.raises(UserError, match=r"file.bin from http://127.0.0.1.* has md5 .* is expected"):
        download(server.url, tmp_path / "file.bin", MD5)
    assert not [path for path in tmp_path.iterdir() if path.name in ("file.bin", ".file.bin.part")]


def test_without_published_checksum_the_first_download_is_recorded(server, tmp_path, caplog):
    target = download(server.url, tmp_path / "file.bin")
    record = json.loads((tmp_path / CHECKSUMS).read_text())["file.bin"]
    assert record == {"checksum": "sha256:" + hashlib.sha256(CONTENT).hexdigest(), "bytes": len(CONTENT)}
    assert "its publisher names no checksum" in caplog.text
    target.unlink()
    server.body, server.etag = CONTENT + b"changed", '"v2"'
    with pytest.raises(UserError, match="has sha256"):
        download(server.url, tmp_path / "file.bin")


def test_unreachable_missing_and_foreign_addresses(server, tmp_path):
    with pytest.raises(UserError, match="cannot be downloaded"):
        download("http://127.0.0.1:9/file.bin", tmp_path / "file.bin")
    with pytest.raises(UserError, match="cannot be downloaded"):
        download(server.url.replace("file.bin", "other"), tmp_path / "other")
    with pytest.raises(UserError, match="is not an http or https address"):
        download("file:///etc/hostname", tmp_path / "file.bin")


def test_full_disk_is_one_sentence(server, tmp_path, monkeypatch):
    def full(*arguments):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("seqmine.data.sources.download._fetch", full)
    with pytest.raises(UserError, match=r"cannot be written \(No space left on device\); free space or change root"):
        download(server.url, tmp_path / "file.bin")


def test_a_slow_file_is_told_of_in_the_log(server, tmp_path, monkeypatch, caplog):
    monkeypatch.setattr("seqmine.data.sources.download._SECONDS_BETWEEN_NEWS", 0.0)
    with caplog.at_level("INFO"):
        download(server.url, tmp_path / "file.bin", MD5)
    assert "file.bin: 0 of 0 (100%) MiB have arrived" in caplog.text
