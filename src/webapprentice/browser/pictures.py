"""Pictures of a page with the node ids drawn at their elements: sets of marks (Yang et al. 2023, arXiv 2310.11441)."""

from __future__ import annotations

import io
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from webapprentice.core.faults import UnavailableError
from webapprentice.core.records import Element

if TYPE_CHECKING:
    from PIL import Image, ImageDraw

Box = tuple[int, int, int, int]
COLOURS = ("#c01f2e", "#1b6ac9", "#1d7a33", "#8a3ab9", "#b35900", "#00707a", "#a8005c", "#4d4d00")
"""Each dark enough for white figures on it (contrast of at least 4.5)."""
FONT = 11
"""Height of the figures, in pixels."""
LINE = 2
_MISSING = "pictures with marks need Pillow; install it with: pip install 'webapprentice[pictures]'"


def marks(elements: Iterable[Element]) -> list[Element]:
    """Which elements get a mark: those that can be pressed and are in view."""
    return [one for one in elements if one.clickable and one.visible and one.in_view and one.box[2] and one.box[3]]


def marked(png: bytes, elements: Iterable[Element], at: tuple[int, int] = (0, 0)) -> bytes:
    """A PNG of the page with a frame and the node id at each element that can be pressed.

    `at`: the point of the viewport that is the picture's upper left corner, in CSS pixels; a pixel of the picture is
    taken for a CSS pixel. Raises UnavailableError without Pillow.
    """
    image = decoded(png)
    from PIL import ImageDraw, ImageFont

    draw = ImageDraw.Draw(image)
    font = ImageFont.load_default(FONT)
    chosen = marks(elements)
    taken: list[Box] = []
    for number, element in enumerate(chosen):
        left, top = element.box[0] - at[0], element.box[1] - at[1]
        box = (left, top, left + element.box[2] - 1, top + element.box[3] - 1)
        draw.rectangle(box, outline=COLOURS[number % len(COLOURS)], width=LINE)
    # All the figures come after all the frames, so that no frame crosses them.
    for number, element in enumerate(chosen):
        left, top = element.box[0] - at[0], element.box[1] - at[1]
        spot = _spot(draw, font, str(element.id), (left, top, element.box[2], element.box[3]), image, taken)
        taken.append(spot)
        draw.rectangle(spot, fill=COLOURS[number % len(COLOURS)])
        draw.text((spot[0] + 2, spot[1] + 1), str(element.id), fill="white", font=font)
    return encoded(image)


def decoded(png: bytes) -> Image.Image:
    """The picture in RGB. Raises UnavailableError without Pillow."""
    try:
        from PIL import Image
    except ImportError as error:
        raise UnavailableError(_MISSING) from error
    with Image.open(io.BytesIO(png)) as image:
        return image.convert("RGB")


def encoded(image: Image.Image) -> bytes:
    """The picture as PNG."""
    written = io.BytesIO()
    image.save(written, "PNG", compress_level=1)
    return written.getvalue()


def _spot(draw: ImageDraw.ImageDraw, font: Any, text: str, box: Box, image: Image.Image, taken: list[Box]) -> Box:
    """Where the figures of a mark go: at a corner of its element that is free, or else in the first one."""
    x, y, wide, high = box
    width, height = int(draw.textlength(text, font=font)) + 4, FONT + 3
    right, down = image.width - width, image.height - height
    corners = [(x, y - height), (x, y), (x + wide - width, y - height), (x + wide, y), (x, y + high)]
    spots = [
        (left, top, left + width, top + height)
        for left, top in ((max(0, min(left, right)), max(0, min(top, down))) for left, top in corners)
    ]
    return next((spot for spot in spots if not any(_meet(spot, other) for other in taken)), spots[0])


def _meet(one: Box, other: Box) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]
