"""Makes tests/fixtures/torch/*.safetensors with PyTorch, and checks files that topograd wrote.

    python3 scripts/torch-fixture.py make    # writes the fixtures: state dicts, an input and the output of each network
    python3 scripts/torch-fixture.py check DIR    # loads what scripts/to-torch.mjs wrote there into the same networks

Needs torch and numpy only (Debian: apt install python3-torch); the format is written by hand.
"""

import json
import pathlib
import struct
import sys

import numpy as np
import torch
from torch import nn

FOLDER = pathlib.Path(__file__).parent.parent / "tests" / "fixtures" / "torch"


class Attention(nn.Module):
    """A pre-norm transformer block."""

    def __init__(self):
        super().__init__()
        self.norm = nn.LayerNorm(12)
        self.attention = nn.MultiheadAttention(12, 3, batch_first=True)
        self.head = nn.Linear(12, 5)

    def forward(self, x):
        y = self.norm(x)
        return self.head(x + self.attention(y, y, y)[0])


class Recurrent(nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm = nn.LSTM(4, 6, batch_first=True)
        self.gru = nn.GRU(6, 5, batch_first=True)

    def forward(self, x):
        return self.gru(self.lstm(x)[0])[0]


def lenet():
    return nn.Sequential(
        nn.Conv2d(1, 6, 5, padding=2), nn.BatchNorm2d(6), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(6, 16, 5), nn.BatchNorm2d(16), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(400, 32), nn.ReLU(), nn.Linear(32, 10),
    )


def vgg():
    return nn.Sequential(
        nn.Conv2d(3, 8, 3, padding=1), nn.ReLU(), nn.Conv2d(8, 8, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(8, 16, 3, padding=1), nn.ReLU(), nn.AvgPool2d(2),
        nn.Flatten(), nn.Linear(256, 24), nn.ReLU(), nn.Dropout(0.5), nn.Linear(24, 10),
    )


NETWORKS = {
    "mlp": (lambda: nn.Sequential(nn.Linear(20, 16), nn.LeakyReLU(0.01), nn.Linear(16, 8), nn.GELU(), nn.Linear(8, 3)), (7, 20)),
    "lenet": (lenet, (3, 1, 28, 28)),
    "vgg": (vgg, (2, 3, 16, 16)),
    "attention": (Attention, (2, 6, 12)),
    "recurrent": (Recurrent, (3, 7, 4)),
}

NAMES = {torch.float32: "F32", torch.int64: "I64"}


def save(path, tensors):
    header, blobs, at = {}, [], 0
    for name, tensor in tensors.items():
        data = tensor.detach().contiguous().numpy().tobytes()
        header[name] = {"dtype": NAMES[tensor.dtype], "shape": list(tensor.shape), "data_offsets": [at, at + len(data)]}
        blobs.append(data)
        at += len(data)
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(struct.pack("<Q", len(text)) + text + b"".join(blobs))


def load(path):
    data = path.read_bytes()
    (length,) = struct.unpack("<Q", data[:8])
    header = json.loads(data[8 : 8 + length])
    header.pop("__metadata__", None)
    out = {}
    for name, entry in header.items():
        begin, end = entry["data_offsets"]
        assert entry["dtype"] == "F32", entry
        values = np.frombuffer(data[8 + length + begin : 8 + length + end], dtype="<f4")
        out[name] = torch.from_numpy(values.copy().reshape(entry["shape"]))
    return out


def make():
    FOLDER.mkdir(parents=True, exist_ok=True)
    for seed, (name, (build, shape)) in enumerate(NETWORKS.items()):
        torch.manual_seed(seed)
        network = build()
        network.train()
        for _ in range(3):  # so that running statistics are not those of the start
            network(torch.randn(shape))
        network.eval()
        x = torch.randn(shape)
        with torch.no_grad():
            y = network(x)
        save(FOLDER / f"{name}.safetensors", {**network.state_dict(), "__input": x, "__output": y})
        print(name, sum(p.numel() for p in network.parameters()), "parameters")


def check(folder):
    for name, (build, _) in NETWORKS.items():
        tensors = load(pathlib.Path(folder) / f"{name}.safetensors")
        x, expected = tensors.pop("__input"), tensors.pop("__output")
        network = build()
        network.load_state_dict(tensors)
        network.eval()
        with torch.no_grad():
            off = (network(x) - expected).abs().max().item()
        print(f"{name}: outputs differ by at most {off:.1e}")
        assert off < 1e-5


if __name__ == "__main__":
    make() if sys.argv[1] == "make" else check(sys.argv[2])
