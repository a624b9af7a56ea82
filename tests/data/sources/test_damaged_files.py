"""Files damaged at random give events with valid keys and times, or one sentence: never another error."""

import gzip
import io
import random
from typing import get_args

import polars as pl
import pytest

from seqmine.data.sources.interactions import InteractionFiles
from seqmine.data.sources.sequences import Layout, SequenceFile
from seqmine.structs import UserError

PIECES = [
    b'"',
    b",",
    b"\n",
    b"\r",
    b"\t",
    b"\0",
    b"\xff",
    b" ",
    b"9" * 25,
    b"-",
    b":",
    b"nan",
    b"\x1f\x8b",
    b"\xef\xbb\xbf",
    b";",
]
CSV = "user_id,item_id,timestamp\n" + "".join(f'u{n % 7},"i{n % 5}",{1_500_000_000 + n}\n' for n in range(30))


def parquet(text):
    buffer = io.BytesIO()
    pl.read_csv(text.encode()).write_parquet(buffer)
    return buffer.getvalue()


WHOLE = {
    "log.csv": CSV.encode(),
    "log.tsv": CSV.replace(",", "\t").replace('"', "").encode(),
    "log.csv.gz": gzip.compress(CSV.encode()),
    "log.parquet": parquet(CSV),
    "log.txt": b"".join(b"u%d a b c\n" % n for n in range(20)),
}


def damage(data, generator):
    data = bytearray(data)
    for _ in range(generator.randrange(1, 6)):
        place = generator.randrange(len(data) + 1)
        match generator.randrange(4):
            case 0:
                data[place:place] = generator.choice(PIECES)
            case 1:
                del data[place : place + generator.randrange(1, 40)]
            case 2:
                data[place : place + 1] = bytes([generator.randrange(256)])
            case 3:
                data = data[:place]
    return bytes(data)


@pytest.mark.parametrize("name", WHOLE)
def test_damaged_files(name, tmp_path):
    generator = random.Random(name)
    sentences = []
    for _ in range(60):
        path = tmp_path / name
        path.write_bytes(damage(WHOLE[name], generator))
        layout = generator.choice(get_args(Layout))
        source = SequenceFile(path=str(path), layout=layout) if name == "log.txt" else InteractionFiles(path=str(path))
        try:
            events = source.read()
        except UserError as error:
            sentences.append(str(error))
        else:
            for key in ("user_id", "item_id"):
                assert events[key].null_count() == 0
                assert (events[key].str.strip_chars() != "").all()
            if "timestamp" in events.columns:
                assert (events["timestamp"] >= 0).all()
    assert sentences
    assert not [sentence for sentence in sentences if "\n" in sentence]
