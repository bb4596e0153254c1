"""A failing test with a real browser open leaves a picture of it, whoever drives the browser."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

import pytest_attach_evidence

from .conftest import RunAndRead
from .reading import Run


DEMO = Path(pytest_attach_evidence.__file__).with_name("demo_project")
PNG = b"\x89PNG\r\n\x1a\n"
SUITE = """
    import pytest

    @pytest.fixture
    def shop(selenium_driver, shop_url):
        selenium_driver.get(shop_url)
        return selenium_driver

    @pytest.fixture
    def bad_shop(shop): raise RuntimeError("no voucher")

    @pytest.fixture
    def bad_page(page): raise RuntimeError("no voucher")

    def test_selenium_call(shop): assert False
    def test_selenium_setup(bad_shop): pass
    def test_selenium_passes(shop, evidence): evidence.screenshot(shop, name="asked-for")
    def test_selenium_unused(): assert False
    def test_playwright_call(page): assert False
    def test_playwright_setup(bad_page): pass
    def test_playwright_passes(page, evidence): evidence.screenshot(page, name="asked-for.png")
"""
EXPECTED = {
    "test_selenium_call": ["selenium_driver-call-failure.png"],
    "test_selenium_setup": ["selenium_driver-setup-failure.png"],
    "test_selenium_passes": ["asked-for.png"],
    "test_selenium_unused": [],
    "test_playwright_call": ["page-call-failure.png"],
    "test_playwright_setup": ["page-setup-failure.png"],
    "test_playwright_passes": ["asked-for.png"],
}


@pytest.mark.parametrize("workers", [(), ("-n2", "--dist=loadfile")], ids=["alone", "-n2"])
def test_pictures(
    pytester: pytest.Pytester, run_and_read_spool: RunAndRead, workers: tuple[str, ...]
) -> None:
    """Setup and call failures are photographed, passing tests and closed browsers are not."""
    for name in ("conftest.py", "shop.html"):
        shutil.copy(DEMO / name, pytester.path / name)

    run = run_and_read_spool(SUITE, *workers, apart=True)
    pictures = {name: _pictures(run, name) for name in EXPECTED}

    run.result.assert_outcomes(passed=2, failed=3, errors=2)
    assert EXPECTED == pictures
    assert {PNG} == {run.content(test, name)[:8] for test in EXPECTED for name in pictures[test]}
    picture = run.piece("test_selenium_call", "selenium_driver-call-failure.png")
    assert "shop.html" in picture.remark
    assert "setup" == run.piece("test_playwright_setup", "page-setup-failure.png").phase


def _pictures(run: Run, test: str) -> list[str]:
    return [piece.name for piece in run.pieces(test) if piece.kind == "screenshot"]
