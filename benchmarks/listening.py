"""What it costs a test that a page of Playwright is listened to, for each `evidence_listen`.

    python benchmarks/listening.py [--events 1500] [--rounds 5]

A page fetches an address and writes a line to its console, so many times each. Every round does so once for
each variant, in turn, each with a new context of the same browser. The table shows the CPU time of the
process that listens, user and system, and the wall time while the page does that, as medians; `us an
event` is the CPU time above that of the variant in which nothing is listened to, by the events that are
sent. Needs Chromium.
"""

from __future__ import annotations

import argparse
import resource
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_attach_evidence.capture import playwright_events


if TYPE_CHECKING:
    from playwright.sync_api import Browser

BROWSERS = Path(__file__).parents[1] / "tests" / "capture"
VARIANTS: tuple[tuple[str, ...], ...] = ((), ("console",), ("network",), ("console", "network"))
SERVER = """
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Length", "1")
        self.end_headers()
        self.wfile.write(b"x")

    def log_message(self, *_): pass

server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
print(server.server_port, flush=True)
server.serve_forever()
"""
WORK = """async (events) => {
    for (let n = 0; n < events; n++) {
        await (await fetch("/" + n)).text();
        console.log("line", n);
    }
}"""


def spent() -> tuple[float, float]:
    """Return seconds of CPU time of this process, and of the clock."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime, time.monotonic()


def measure(
    browser: Browser, address: str, asked: tuple[str, ...], events: int
) -> tuple[float, float]:
    """Let a page work while it is listened to; return seconds of CPU time and of wall time."""
    context = browser.new_context()
    end = playwright_events.listen(context, asked)
    page = context.new_page()
    page.goto(address)
    before = spent()
    page.evaluate(WORK, events)
    cpu_s, wall_s = (b - a for a, b in zip(before, spent(), strict=True))
    assert end is not None
    end()
    context.close()
    return cpu_s, wall_s


def measure_all(events: int, rounds: int) -> list[list[tuple[float, float]]]:
    """Return what each variant took, round by round."""
    sys.path.insert(0, str(BROWSERS))
    from real_browsers import playwright_context  # beside the tests

    server = subprocess.Popen([sys.executable, "-c", SERVER], stdout=subprocess.PIPE, text=True)
    try:
        assert server.stdout is not None
        address = f"http://127.0.0.1:{server.stdout.readline().strip()}/"
        with playwright_context() as context:
            browser = context.browser
            assert browser is not None
            measure(browser, address, (), events // 10)  # what is done only once is done now
            return [
                [measure(browser, address, asked, events) for asked in VARIANTS]
                for _ in range(rounds)
            ]
    finally:
        server.kill()
        server.wait()


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--events", type=int, default=1500)
    parser.add_argument("--rounds", type=int, default=5)
    chosen = parser.parse_args()
    rounds = measure_all(chosen.events, chosen.rounds)
    told = f"{chosen.events} fetches and as many lines, medians of {chosen.rounds} rounds"
    print(f"{time.strftime('%Y-%m-%d')}, {told}\n")
    print("| `evidence_listen` | CPU s | wall s | us an event |\n|---|---|---|---|")
    for index, asked in enumerate(VARIANTS):
        cpu_s, wall_s = (statistics.median(times[index][n] for times in rounds) for n in (0, 1))
        above = statistics.median(times[index][0] - times[0][0] for times in rounds)
        each = f"{above * 1e6 / chosen.events / len(asked):.0f}" if asked else ""
        print(f"| `{' '.join(asked) or 'off'}` | {cpu_s:.2f} | {wall_s:.2f} | {each} |")


if __name__ == "__main__":
    main()
