"""A page as a browser reads it."""

import re
from html.parser import HTMLParser


class Markup(HTMLParser):
    """What is written on a page that is whole, has each id once and asks the network for nothing."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []  # tags
        self.cells: list[str] = []  # what is written
        self.names: list[str] = []  # ids
        self.links: list[str] = []
        self.pictures: list[tuple[str, str]] = []  # alt text, address
        self.feed(text)
        assert self.open == []
        assert len(self.names) == len(set(self.names))
        assert all(address.startswith("data:image/webp;base64,") for _, address in self.pictures)
        assert all(link.startswith(("#", "data:", "../docs/", "explore.html")) for link in self.links)
        assert not re.search(r"https?://|@import|url\(|\{\{|\{%", text)
        self.text = "|".join(self.cells)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        self.names += [found["id"]] if "id" in found else []
        self.links += [found["href"]] if "href" in found else []
        if tag == "img":
            self.pictures.append((found["alt"], found["src"]))
        elif tag not in ("meta", "link", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.cells += [data.strip()] if data.strip() else []
