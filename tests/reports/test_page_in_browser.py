"""The page in a real browser: it reaches nothing, folds, is searched, and can be read in any light and width."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from benchmarks.chromium import CHROMIUM, Tab, tab
from tests.reports.page_session import Session, call, debugging, result, said, text, user

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium (Debian: apt install chromium)")

_PATIENCE_S = 90.0
ATTACK = (
    "</div></details></script><script>window.attacked=1</script><img src=http://evil.example/x onerror=attacked=1>"
    "<iframe src=http://evil.example></iframe><link rel=stylesheet href=http://evil.example/s.css>"
)
CONTRAST = """(() => {
  const parsed = colour => colour.match(/[\\d.]+/g).map(Number);
  const light = ([r, g, b]) => [r, g, b].map(each => each / 255)
    .map(each => each <= .04045 ? each / 12.92 : ((each + .055) / 1.055) ** 2.4)
    .reduce((sum, each, place) => sum + each * [.2126, .7152, .0722][place], 0);
  const behind = element => {
    for (let each = element; each; each = each.parentElement) {
      const colour = parsed(getComputedStyle(each).backgroundColor);
      if (colour.length < 4 || colour[3] > 0) return colour;
    }
  };
  const weak = [];
  for (const element of document.querySelectorAll("body *")) {
    if (element.closest("script, .hidden") || !element.checkVisibility()) continue;
    if (![...element.childNodes].some(node => node.nodeType === 3 && node.data.trim())) continue;
    const style = getComputedStyle(element);
    const drawn = element instanceof SVGElement ? style.fill : style.color;
    const [one, other] = [light(parsed(drawn)), light(behind(element))].sort((a, b) => b - a);
    const contrast = (one + .05) / (other + .05);
    if (contrast < 4.5) weak.push(`${element.localName}.${element.className}: ${contrast.toFixed(2)}`);
  }
  return JSON.stringify([...new Set(weak)]);
})()"""


def session() -> Session:
    """The session of a debugging day, with an attack in every place and a long turn."""
    found = debugging()
    found.turn([user(ATTACK)], [text(ATTACK), call(ATTACK, command=ATTACK)], session_title="Flaky test")
    asked = [user("Read it"), said(call("Read")), user(result("\n".join(f"line {n}" for n in range(2000)) + " needle"))]
    found.turn(asked, [text("Done with `needle`.")], settings={"system": ATTACK})
    return found


@pytest.fixture
async def page(tmp_path: Path) -> AsyncIterator[Tab]:
    file = tmp_path / "page.html"
    file.write_bytes(session().page())
    async with asyncio.timeout(_PATIENCE_S), tab(tmp_path / "profile") as opened:
        await opened.resize(1200, 900)
        await opened.open(file.as_uri())
        await opened.until("location.protocol === 'file:' && document.readyState === 'complete'")
        yield opened


async def test_a_session_is_read_in_a_browser(page: Tab) -> None:
    # Nothing is loaded, nothing runs but the page's own script, and the browser has no complaint.
    assert await page.value("performance.getEntriesByType('resource').length") == 0
    assert await page.value("[window.attacked, document.querySelectorAll('img, iframe, link').length].join()") == ",0"
    assert page.complaints == []

    # A fold opens by a click on its line.
    fold = "document.querySelector('details.result')"
    assert await page.value(f"{fold}.querySelector('.t').checkVisibility()") is False
    await page.value(f"{fold}.querySelector('summary').click()")
    assert await page.until(f"{fold}.querySelector('.t').checkVisibility()")

    # Search by keys: the hit is unfolded, in view and highlighted.
    await page.press("/")
    for key in "NEEDLE":
        await page.press(key)
    assert await page.until("document.querySelector('output').value === '1 of 2' && 1")
    hit = "[...CSS.highlights.get('now')][0]"
    assert await page.value(f"{hit}.toString()") == "needle"
    in_view = f"(place => place.top > 0 && place.bottom < innerHeight)({hit}.getBoundingClientRect())"
    assert await page.until(in_view)
    assert await page.value(f"{hit}.startContainer.parentElement.closest('details').open")
    await page.value("document.querySelector('form').requestSubmit()")
    assert await page.until(f"document.querySelector('output').value === '2 of 2' && {in_view}")

    # The browser's own search finds what is folded, as it is text of the page.
    await page.value("document.querySelectorAll('details').forEach(each => each.open = false)")
    assert await page.value("find('It must be the clock')") is True

    # A link leads into a folded sub-agent, and the contents have the user's prompts.
    await page.value("document.querySelector('nav .agent a').click()")
    assert await page.until("document.querySelector('details.talk').open")
    assert await page.value("document.querySelector('.prompt').textContent") == "Why is `test_repeats` **flaky**?"


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_everything_can_be_read_in_light_and_dark_and_fits_a_phone(page: Tab, scheme: str) -> None:
    await page.prefer("dark" if scheme == "dark" else "light")
    await page.value("document.querySelectorAll('details').forEach(each => each.open = true)")
    paper = await page.value("getComputedStyle(document.documentElement).backgroundColor")
    assert (int(paper.split("(")[1].split(",")[0]) < 128) is (scheme == "dark")
    assert json.loads(await page.value(CONTRAST)) == []
    await page.resize(360, 740)
    assert await page.value("document.documentElement.scrollWidth") <= 360
