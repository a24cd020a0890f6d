"""Bytes altered at random from a seed: a corpus of files in, files that nobody wrote out."""

import random
from collections.abc import Sequence
from typing import Final

LENGTH_MAX: Final = 1 << 20
# What the readers look for, and what breaks readers of the same formats elsewhere.
TOKENS: Final = (
    b"\x00", b"\x1b[31m", b"\xff\xfe", b"\xef\xbb\xbf", b"\xe2\x80\xa8", b"\xc2\x85", b"\xed\xa0\x80", b"\xf4\x90\x80\x80",
    b"\r", b"\r\n", b"\n\n", b"\t", b" ", b"'", b'"', b"\\", b"\\u0000", b"\\ud800", b"{", b"}", b"[", b"]", b",", b":", b": ",
    b"- ", b"? ", b"| \n", b"&a ", b"*a", b"!!python/object:os.system ", b"<<: ", b"---\n", b"%YAML 1.1\n", b"#", b"~", b"null",
    b"true", b"NaN", b"Infinity", b"-0", b"1e309", b"1E-999999", b"0.001", b"-1", b"9" * 40, b"9" * 5000, b"0x10", b"1_000",
    b"1,50", "١٢".encode(), "é".encode(), "e\u0301".encode(), "\u202e".encode(), "😀".encode(), b"../", b"/etc/passwd", b"~/x",
    b"amount", b"user_id", b"key", b"from: ", b"formerly: ", b"allow: ", b"vars: ", b"{x}", b"{{", b"[bonusctl:", b"::error::",
    b"=1+1", b"HTTP/1.1 200 OK\r\n", b"Content-Length: ", b"Transfer-Encoding: chunked\r\n", b"0\r\n\r\n", b"\x1f\x8b\x08",
)  # fmt: skip


def mutated(draw: random.Random, corpus: Sequence[bytes]) -> bytes:
    """One file of the corpus, altered between one and eight times; at most a MiB."""
    data = bytearray(draw.choice(corpus))
    for _ in range(draw.choice((1, 1, 1, 1, 2, 2, 3, 8))):
        _alter(draw, data, corpus)
    return bytes(data[:LENGTH_MAX])


def _alter(draw: random.Random, data: bytearray, corpus: Sequence[bytes]) -> None:
    at = draw.randint(0, len(data))
    end = min(len(data), at + draw.choice((1, 1, 1, 2, 4, 16, 64)))
    match draw.randint(0, 9):
        case 0 if data:
            data[min(at, len(data) - 1)] ^= 1 << draw.randint(0, 7)
        case 1 if data:
            data[min(at, len(data) - 1)] = draw.randint(0, 255)
        case 2:
            del data[at:end]
        case 3:
            data[at:at] = data[at:end]
        case 4:
            del data[at:]
        case 5:
            other = draw.choice(corpus)
            start = draw.randint(0, len(other))
            data[at:end] = other[start : start + draw.choice((8, 64, 512))]
        case 6:
            # Many times the same: what is quadratic or recursive shows here.
            piece = bytes(data[at:end]) or draw.choice(TOKENS)
            data[at:at] = piece * min(draw.choice((10, 100, 5_000)), LENGTH_MAX // len(piece))
        case 7:
            lines = data.split(b"\n")
            draw.shuffle(lines)
            data[:] = b"\n".join(lines)
        case _:
            token = draw.choice(TOKENS)
            data[at : at + draw.choice((0, 0, 1, len(token)))] = token
