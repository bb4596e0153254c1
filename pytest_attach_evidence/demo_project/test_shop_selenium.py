"""The shop through Selenium: log in, fill the basket, use a voucher.

No test asks for a picture of its failure: where one fails with a browser open, the picture is taken.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_attach_evidence import Recorder


if TYPE_CHECKING:
    from selenium.webdriver.remote.webdriver import WebDriver

By = pytest.importorskip("selenium.webdriver.common.by", reason="selenium is not installed").By


@pytest.fixture
def shop(selenium_driver: WebDriver, shop_url: str) -> WebDriver:
    """The browser, showing an untouched shop."""
    selenium_driver.get(shop_url)
    return selenium_driver


@pytest.fixture
def voucher(shop: WebDriver) -> str:
    """A voucher typed into the basket. The shop has no such field yet, so this setup fails."""
    fields = shop.find_elements(By.ID, "voucher")
    assert fields, "the basket has no field for vouchers"
    fields[0].send_keys("TEA-10")
    return "TEA-10"


@pytest.mark.evidence(squash="TC-1", workiva="f1/p1")
def test_login(shop: WebDriver, evidence: Recorder) -> None:
    """Ada logs in. One picture of each step goes to a test case and to a control test."""
    with evidence.step("Fill in the form"):
        shop.find_element(By.ID, "user").send_keys("ada")
        shop.find_element(By.ID, "password").send_keys("tea-time")
        evidence.screenshot(shop, name="form-filled-in")
    with evidence.step("Log in"):
        shop.find_element(By.CSS_SELECTOR, "#login button").click()
        evidence.screenshot(shop, name="logged-in")

    assert shop.find_element(By.ID, "customer").text == "Welcome, Ada"


@pytest.mark.evidence(huawei="956239067176935400")
@pytest.mark.evidence(squash="TC-30[chrome]")
@pytest.mark.parametrize(
    "product",
    [
        "green-tea",
        # This one fails. Its own mark sends the evidence to the bug instead of to the story.
        pytest.param("teapot", marks=pytest.mark.evidence(huawei="Bug20261106000017")),
    ],
)
def test_basket_total(shop: WebDriver, evidence: Recorder, product: str) -> None:
    """One product in the basket costs what the shelf says."""
    price = shop.find_element(By.CSS_SELECTOR, f"#{product} strong").text
    shop.find_element(By.CSS_SELECTOR, f"#{product} button").click()
    evidence.text(shop.page_source, name="basket.html")

    assert shop.find_element(By.ID, "total").text == price


@pytest.mark.evidence(squash="TC-13", rillsoft="4711")
def test_voucher(shop: WebDriver, voucher: str) -> None:
    """A voucher takes 10 % off. Fails in setup, and still leaves a picture."""
    assert voucher in shop.find_element(By.ID, "basket").text
