import subprocess
import sys

import pytest

CODE = """
import ctypes, resource, torch
from seqmine.training.allocator import KeepFreedMemory
KeepFreedMemory().setup(None, None, "fit")
torch.empty(2**24).fill_(1)
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(20):
    torch.empty(2**24).fill_(1)
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="glibc alone")
def test_large_buffers_are_reused_without_page_faults():
    """Twenty buffers of 64 MiB would fault in 300,000 pages when each is mapped anew."""
    done = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, check=True)
    assert int(done.stdout) < 30_000
