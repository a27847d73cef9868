"""From a slider's release to the changed chart, in a real Chromium on olmo-ladder: eight tasks, 200 resamples.

`python benchmarks/serve_speed.py` starts the server beside this process, warms it, and moves the slider of the
parameters to a new place each time. The clock runs in the page: from the event of the release to the second frame
after the charts in sight were drawn with the new data. No target is asked for twice, so no answer comes from the cache.
"""

import argparse
import os
import socket
import subprocess
import sys
import time
import urllib.request
from urllib.parse import quote

import numpy as np

from foretell.report.pdf import find_chromium

TRAIN = "n_params <= 1.4e9 AND run NOT LIKE '%rerun' AND run NOT LIKE '%0.5xC'"
STATE = "#n_params=7e9&n_tokens=4e12&method={method}&train={train}"
RELEASE = """([name, place]) => new Promise((done) => {
    const slider = document.getElementById(name);
    const before = document.body.dataset.shown;
    const looked = new MutationObserver(() => {
        if (document.body.dataset.shown === before) return;
        looked.disconnect();
        requestAnimationFrame(() => requestAnimationFrame(() => done(performance.now() - started)));
    });
    looked.observe(document.body, { attributes: true });
    slider.value = place;
    slider.dispatchEvent(new Event("input", { bubbles: false }));
    const started = performance.now();
    slider.dispatchEvent(new Event("change", { bubbles: true }));
})"""


def main() -> None:
    """Print the median and the spread for each method."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--methods", nargs="+", default=["auto", "flp"])
    parser.add_argument("--moves", type=int, default=60)
    asked = parser.parse_args()
    port = free_port()
    command = [sys.executable, "-m", "foretell", "serve", "olmo-ladder", "--port", str(port), "--no-browser"]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as server:
        try:
            wait_for(f"http://127.0.0.1:{port}/api/table")
            for method in asked.methods:
                print(told(method, moves(f"http://127.0.0.1:{port}/", method, asked.moves)))
        finally:
            server.terminate()


def moves(page: str, method: str, n: int) -> np.ndarray:
    """Return the milliseconds of each move, once warm."""
    from playwright.sync_api import sync_playwright

    root = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as engine:
        browser = engine.chromium.launch(executable_path=find_chromium(), args=["--disable-gpu", *root])
        tab = browser.new_page(viewport={"width": 1280, "height": 900})
        tab.set_default_timeout(300_000)
        tab.goto(page + STATE.format(method=method, train=quote(TRAIN)))
        tab.wait_for_selector("body[data-shown]", state="attached")
        places = np.random.default_rng(0).permutation(np.arange(40, 360))[: n + 5]
        taken = [tab.evaluate(RELEASE, ["n_params-slider", int(place)]) for place in places]
        browser.close()
    return np.array(taken[5:])


def told(method: str, milliseconds: np.ndarray) -> str:
    """Return one line: the median, the middle half, the ninetieth percentile, and how busy the machine is."""
    low, median, high, late = np.quantile(milliseconds, [0.25, 0.5, 0.75, 0.9])
    load = f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"
    spread = f"middle half {low:.0f} to {high:.0f}, 90 % below {late:.0f}"
    return f"{method}: median {median:.0f} ms of {len(milliseconds)} releases ({spread}; {load})"


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def wait_for(address: str, patience: float = 120.0) -> None:
    """Wait until the server answers."""
    end = time.monotonic() + patience
    while time.monotonic() < end:
        try:
            urllib.request.urlopen(address, timeout=5)
        except OSError:
            time.sleep(0.3)
        else:
            return
    raise TimeoutError(address)


if __name__ == "__main__":
    main()
