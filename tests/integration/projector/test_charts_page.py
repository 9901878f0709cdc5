"""The page of charts is served whole, from this package alone; the library in it is the one that is written down."""

from hashlib import sha256
from pathlib import Path
from re import findall

from infra.query_client import query_api
from infra.running_projector import PARTITIONS, World
from projector import queries


async def test_the_page_and_all_that_it_names_is_served_and_nothing_from_elsewhere(world: World) -> None:
    async with query_api(world.database_url, PARTITIONS) as client:
        page = await client.get("/charts")
        assert "default-src 'none'" in page.headers["content-security-policy"]
        assert not findall(r'(?:src|href)="https?:', page.text)
        named = {*findall(r'(?:src|href)="([a-zA-Z_.]+)"', page.text), "chart_drawing.js", "report_texts.js"}
        assert len(named) == 6
        for name in named:
            answer = await client.get(f"/{name}")
            assert answer.status_code == 200
            again = await client.get(f"/{name}", headers={"If-None-Match": answer.headers["etag"]})
            assert again.status_code == 304
            if name.startswith("uPlot"):
                written = (Path(queries.__file__).parents[3] / "THIRD_PARTY.md").read_text()
                assert sha256(answer.content).hexdigest() in written
