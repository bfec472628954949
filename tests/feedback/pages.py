"""Reads a page as a browser does: its elements, its text, its policy."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser

VOID = {"meta", "img", "link", "br", "hr", "input", "use", "path", "rect", "line", "circle", "polyline"}


@dataclass
class Element:
    name: str
    attributes: dict[str, str | None]
    text: str = ""


@dataclass
class Page(HTMLParser):
    html: str
    elements: list[Element] = field(default_factory=list)
    open_elements: list[Element] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()
        self.feed(self.html)
        self.close()

    def handle_starttag(self, tag, attrs):
        element = Element(tag, dict(attrs))
        self.elements.append(element)
        if tag not in VOID:
            self.open_elements.append(element)

    def handle_startendtag(self, tag, attrs):
        self.elements.append(Element(tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open_elements.pop().name == tag, f"</{tag}> closes another element"

    def handle_data(self, data):
        for element in self.open_elements:
            element.text += data

    def named(self, name: str) -> list[Element]:
        return [element for element in self.elements if element.name == name]

    def classed(self, name: str) -> list[Element]:
        return [
            element for element in self.elements if name in (element.attributes.get("class") or "").split()
        ]

    def texts(self, name: str) -> list[str]:
        return [" ".join(element.text.split()) for element in self.named(name)]

    @property
    def text(self) -> str:
        return " ".join(self.named("body")[0].text.split())
