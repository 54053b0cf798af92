"""A real browser without a window, spoken to through the Chrome DevTools Protocol over a pair of pipes."""

import json
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

PATIENCE_S = 60.0


class Page:
    """A tab: what it is told, and what it says: errors, console messages, requests."""

    def __init__(self, to_browser: int, from_browser: int) -> None:
        self._to, self._from = to_browser, from_browser
        self._buffer = b""
        self._number = 0
        self._session: dict[str, str] = {}
        self.events: list[dict[str, Any]] = []
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        self._session = {"sessionId": session}
        for domain in ("Runtime", "Log", "Network", "Page"):
            self.call(f"{domain}.enable")

    def call(self, method: str, **params: Any) -> dict[str, Any]:
        """Return the browser's answer to a command; events that come before it are kept."""
        self._number += 1
        message = {"id": self._number, "method": method, "params": params, **self._session}
        os.write(self._to, json.dumps(message).encode() + b"\0")
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            answer = self._next()
            if answer.get("id") == self._number:
                assert "error" not in answer, answer
                result: dict[str, Any] = answer["result"]
                return result
            self.events.append(answer)
        raise TimeoutError(method)

    def open(self, path: Path) -> None:
        """Open a file and wait until it is loaded with all its pictures."""
        self.call("Page.navigate", url=path.resolve().as_uri())
        loaded = "document.readyState === 'complete'"
        self.evaluate(f"new Promise(done => {loaded} ? done(1) : addEventListener('load', () => done(1)))")

    def evaluate(self, script: str) -> Any:
        """Return the value of an expression in the page; of a promise, what it promises."""
        found = self.call("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in found, found
        return found["result"].get("value")

    def press(self, key: str, code: int) -> None:
        """Press and let go of a key."""
        text = {"text": "\r"} if key == "Enter" else {}
        self.call("Input.dispatchKeyEvent", type="keyDown", key=key, windowsVirtualKeyCode=code, **text)
        self.call("Input.dispatchKeyEvent", type="keyUp", key=key, windowsVirtualKeyCode=code)

    def said(self, *methods: str) -> list[dict[str, Any]]:
        """Return the parameters of the events of these methods so far."""
        self.evaluate("0")  # what was said before has then arrived
        return [event["params"] for event in self.events if event.get("method") in methods]

    def follows_the_dark(self) -> None:
        """Have the person prefer dark pages, and see that the page is another colour then."""
        background = "getComputedStyle(document.body).backgroundColor"
        light = self.evaluate(background)
        self.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": "dark"}])
        assert self.evaluate(background) != light

    def fits_a_phone(self) -> None:
        """Make the window a phone's, and see that nothing is wider."""
        self.call("Emulation.setDeviceMetricsOverride", width=390, height=800, deviceScaleFactor=2, mobile=True)
        assert self.evaluate("document.documentElement.scrollWidth") <= 390

    def _next(self) -> dict[str, Any]:
        while b"\0" not in self._buffer:
            part = os.read(self._from, 1 << 20)
            assert part, "the browser ended"
            self._buffer += part
        message, _, self._buffer = self._buffer.partition(b"\0")
        answer: dict[str, Any] = json.loads(message)
        return answer


@contextmanager
def chromium(profile: Path) -> Iterator[Page]:
    """Yield a tab of Debian's Chromium; skip the test where it is not installed."""
    program = shutil.which("chromium")
    if not program:
        pytest.skip("chromium is not installed: apt-get install chromium")
    (read_commands, write_commands), (read_answers, write_answers) = os.pipe(), os.pipe()
    # The browser takes commands from descriptor 3 and answers on 4.
    switches = "--headless --no-sandbox --disable-gpu --disable-dev-shm-usage --no-first-run --remote-debugging-pipe"
    command = f'exec "$0" {switches} --user-data-dir="$1" 3<&{read_commands} 4>&{write_answers}'
    browser = subprocess.Popen(
        ["bash", "-c", command, program, str(profile)],
        pass_fds=(read_commands, write_answers),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    os.close(read_commands)
    os.close(write_answers)
    try:
        yield Page(write_commands, read_answers)
    finally:
        browser.terminate()
        browser.wait(PATIENCE_S)
        os.close(write_commands)
        os.close(read_answers)
