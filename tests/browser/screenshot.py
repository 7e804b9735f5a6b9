"""The README's picture of the dashboard, on made-up data: `python -m tests.browser.screenshot`."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from tests.browser.documents import documents
from tests.browser.serving import chromium, serving

PICTURE = Path(__file__).parents[2] / "docs" / "images" / "dashboard.png"


def main() -> None:
    """Write docs/images/dashboard.png."""
    with serving() as site, chromium() as browser:
        site.publish(documents(at=datetime.now(UTC), days=365, source="synthetic"))
        page = browser.new_page(viewport={"width": 1080, "height": 1237}, color_scheme="light")
        page.goto(site.url)
        page.wait_for_selector("body[data-state=ready]")
        box = page.get_by_role("slider").bounding_box()
        assert box
        page.mouse.move(box["x"] + box["width"] * 0.655, box["y"] + box["height"] / 2)
        page.screenshot(path=PICTURE)


if __name__ == "__main__":
    main()
