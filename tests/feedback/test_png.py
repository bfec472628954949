"""PNG files of a few pixels."""

import struct
import zlib

from grader.feedback.png import data_uri, png


def test_the_pixels_come_back():
    rgb = bytes(range(2 * 3 * 3))
    image = png(rgb, width=2, height=3)
    chunks, at = {}, 8
    while at < len(image):
        (length,) = struct.unpack(">I", image[at : at + 4])
        name, data = image[at + 4 : at + 8], image[at + 8 : at + 8 + length]
        assert struct.unpack(">I", image[at + 8 + length : at + 12 + length])[0] == zlib.crc32(name + data)
        chunks[name], at = data, at + 12 + length
    assert struct.unpack(">IIBB", chunks[b"IHDR"][:10]) == (2, 3, 8, 2)
    rows = zlib.decompress(chunks[b"IDAT"])
    assert rows == b"\0" + rgb[:6] + b"\0" + rgb[6:12] + b"\0" + rgb[12:]
    assert data_uri(image).startswith("data:image/png;base64,iVBORw0KGgo")
