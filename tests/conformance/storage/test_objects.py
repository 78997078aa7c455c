"""Buckets and objects through Google's own client."""

from __future__ import annotations

import gzip
import io
from pathlib import Path

import pytest
import requests
from google.api_core import exceptions
from google.auth.credentials import AnonymousCredentials
from google.cloud import storage

from replicator.local.server import Running, serve
from tests.conformance.server.clients import Control
from tests.conformance.server.serving import EXECUTOR
from tests.conformance.storage.conftest import PROJECT, Place

HOSTILE = ["a/../../b", "../x", "a//b", "a/", "nul\0nul", "~", "ä 😀", "%2e%2e", "a?b#c", "...", "x" * 1_024]


def test_a_bucket_lies_somewhere_and_is_there_once(place: Place) -> None:
    """Its location and type are told; its name is taken for everyone; one that holds objects stays."""
    bucket = place.storage.get_bucket(place.bucket.name)
    assert (bucket.location, bucket.location_type, bucket.storage_class) == ("EU", "multi-region", "STANDARD")
    with pytest.raises(exceptions.Conflict):
        place.storage.create_bucket(bucket.name, location="US")
    with pytest.raises(exceptions.BadRequest, match="location constraint"):
        place.storage.create_bucket("elsewhere", location="atlantis")
    with pytest.raises(exceptions.MethodNotImplemented, match="NAM4"):
        place.storage.create_bucket("elsewhere", location="nam4")

    place.put("a", b"1")
    with pytest.raises(exceptions.Conflict, match="not empty"):
        bucket.delete()
    bucket.delete(force=True)
    assert bucket.name not in [each.name for each in place.storage.list_buckets()]
    with pytest.raises(exceptions.NotFound):
        place.storage.get_bucket(bucket.name)


@pytest.mark.parametrize("name", ["..", ".", "a\nb", "x" * 1_025])
def test_what_can_be_no_name_is_refused(place: Place, name: str) -> None:
    """Names that Cloud Storage does not take make no object."""
    with pytest.raises((exceptions.BadRequest, exceptions.NotFound)):
        place.put(name, b"")
    assert place.names() == []


@pytest.mark.parametrize("name", ["Aa", "../x", "a", "x" * 64, "a/b", "google-x", "10.0.0.1"])
def test_what_can_be_no_bucket_is_refused(running: Running, name: str) -> None:
    """Nor do names of buckets, which stand in paths, leave their folder."""
    made = requests.post(
        f"{running.endpoints.http}/storage/v1/b", params={"project": PROJECT}, json={"name": name}, timeout=5
    )

    assert (made.status_code, made.json()["error"]["errors"][0]["reason"]) == (400, "invalid")


def test_objects_come_back_as_they_were_put(place: Place) -> None:
    """Every name that Cloud Storage takes, whatever a file system would make of it; nothing leaves the folder."""
    for name in HOSTILE:
        place.put(name, name.encode() * 3)

    assert place.names() == sorted(HOSTILE, key=str.encode)
    for name in HOSTILE:
        assert place.get(name) == name.encode() * 3


def test_an_object_tells_its_size_sums_and_what_was_said_of_it(place: Place) -> None:
    """Generation and metageneration grow as they should, and preconditions hold."""
    blob = place.bucket.blob("a")
    blob.metadata = {"k": "v"}
    blob.upload_from_string(b"123456789", content_type="text/plain")
    found = place.bucket.get_blob("a")
    told = (found.size, found.content_type, found.metadata, found.md5_hash, found.crc32c, found.metageneration)
    assert told == (9, "text/plain", {"k": "v"}, "JfnnlDI7RTiF9RgfG2JNCw==", "4waSgw==", 1)

    found.metadata = {"k": None, "other": "w"}
    found.cache_control = "no-store"
    found.patch()
    again = place.bucket.get_blob("a")
    assert (again.metageneration, again.cache_control, again.generation) == (2, "no-store", found.generation)
    blob.upload_from_string(b"6", if_generation_match=again.generation)
    assert place.bucket.get_blob("a").generation > again.generation
    for conditions in ({"if_generation_match": 0}, {"if_generation_match": again.generation}):
        with pytest.raises(exceptions.PreconditionFailed):
            blob.upload_from_string(b"7", **conditions)
    with pytest.raises(exceptions.PreconditionFailed):
        blob.delete(if_generation_match=1)
    assert place.get("a") == b"6"
    blob.delete()
    assert place.bucket.get_blob("a") is None
    with pytest.raises(exceptions.NotFound):
        blob.delete()


def test_large_objects_come_in_chunks_and_go_in_ranges(place: Place) -> None:
    """A resumable upload of several chunks, with and without a known size; the client checks the sums itself."""
    data = bytes(range(256)) * 4_096
    blob = place.bucket.blob("large", chunk_size=256 * 1_024)
    blob.upload_from_file(io.BytesIO(data), size=len(data))
    assert place.get("large") == data
    with place.bucket.blob("streamed", chunk_size=256 * 1_024).open("wb") as stream:
        stream.write(data[:-5])
    assert place.get("streamed") == data[:-5]
    assert blob.download_as_bytes(start=10, end=300_000) == data[10:300_001]
    assert place.bucket.blob("large").download_as_bytes(start=-7) == data[-7:]
    empty = place.bucket.blob("empty")
    empty.upload_from_file(io.BytesIO(b""))
    assert place.get("empty") == b""
    wrong = requests.post(
        f"{place.address}/upload/storage/v1/b/{place.bucket.name}/o",
        params={"uploadType": "multipart", "name": "wrong"},
        data=b'--x\r\n\r\n{"crc32c": "AAAAAA=="}\r\n--x\r\n\r\nabc\r\n--x--',
        headers={"Content-Type": "multipart/related; boundary=x"},
        timeout=5,
    )
    assert (wrong.status_code, "doesn't match calculated" in wrong.text) == (400, True)


def test_objects_are_listed_by_prefix_and_folder(place: Place) -> None:
    """In the order of their names' bytes, in pages of any size, folders told apart by a delimiter."""
    names = ["a", "a/1", "a/2", "a/b/3", "b/4", "c"]
    for name in names:
        place.put(name, name)

    assert [blob.name for blob in place.bucket.list_blobs(page_size=2)] == names
    assert [blob.name for blob in place.bucket.list_blobs(prefix="a/")] == ["a/1", "a/2", "a/b/3"]
    assert [blob.name for blob in place.bucket.list_blobs(start_offset="a/2", end_offset="c")] == names[2:5]
    listed = place.bucket.list_blobs(delimiter="/", page_size=1)
    assert ([blob.name for blob in listed], sorted(listed.prefixes)) == (["a", "c"], ["a/", "b/"])
    listed = place.bucket.list_blobs(prefix="a/", delimiter="/")
    assert ([blob.name for blob in listed], listed.prefixes) == (["a/1", "a/2"], {"a/b/"})
    with pytest.raises(exceptions.MethodNotImplemented, match="matchGlob"):
        list(place.bucket.list_blobs(match_glob="a*"))


def test_objects_are_copied_and_renamed(place: Place) -> None:
    """With what is stated of them, as long as nothing else is said."""
    place.bucket.blob("a").upload_from_string(b"1", content_type="text/x")
    copied = place.bucket.copy_blob(place.bucket.blob("a"), place.bucket, "b/ä")
    assert (copied.content_type, place.get("b/ä")) == ("text/x", b"1")
    renamed = place.bucket.rename_blob(place.bucket.blob("a"), "c")
    token, done, size = place.bucket.blob("d").rewrite(renamed)
    assert (token, done, size, place.names()) == (None, 1, 1, ["b/ä", "c", "d"])


def test_what_was_compressed_comes_as_it_is_asked_for(place: Place) -> None:
    """An object that says it is gzip reaches who takes gzip as it is, and others plain."""
    blob = place.bucket.blob("z")
    blob.content_encoding = "gzip"
    blob.upload_from_string(gzip.compress(b"plain"))

    assert blob.download_as_bytes(raw_download=True)[:2] == b"\x1f\x8b"
    url = f"{place.address}/download/storage/v1/b/{place.bucket.name}/o/z?alt=media"
    assert requests.get(url, headers={"Accept-Encoding": "identity"}, timeout=5).content == b"plain"


def test_calls_are_recorded_and_meet_faults(place: Place, control: Control) -> None:
    """Under the service's name, below whichever path it is."""
    place.running.recorder.clear_calls()
    place.put("a", b"1")
    place.get("a")
    calls = [(call["service"], call["method"], call["path"]) for call in control.get("/calls")["calls"]]
    at = f"storage/v1/b/{place.bucket.name}/o"
    assert calls == [("storage", "POST", f"/upload/{at}"), ("storage", "GET", f"/download/{at}/a")]

    control.fault("503", {"service": "storage", "path": "^/download"})
    with pytest.raises(exceptions.ServiceUnavailable):
        place.bucket.blob("a").download_as_bytes(retry=None)
    control.fault("429", {"service": "storage"})
    assert [blob.name for blob in place.bucket.list_blobs()] == ["a"]
    assert control.fired() == [1, 1]


def test_buckets_survive_the_server(tmp_path: Path) -> None:
    """What was answered is there again; files that no object tells of are removed."""
    for step in ("write", "read"):
        with serve(tmp_path, executor=EXECUTOR) as running:
            client = storage.Client(
                project=PROJECT,
                credentials=AnonymousCredentials(),
                client_options={"api_endpoint": running.endpoints.http},
            )
            if step == "write":
                client.create_bucket("kept", location="europe-west1").blob("a/b").upload_from_string(b"1")
                (tmp_path / "buckets" / "kept" / "1.writing").write_bytes(b"half")
            else:
                assert client.get_bucket("kept").blob("a/b").download_as_bytes() == b"1"
    assert len(list((tmp_path / "buckets" / "kept").iterdir())) == 1
