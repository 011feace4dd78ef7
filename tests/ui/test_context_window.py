"""The window of the context gauge, where nothing was priced in this process before (as in an attached dashboard)."""

from candela_tui import price_data, pricing
from tests.ui.scene import Scene, until


async def test_the_window_of_the_model_is_told_as_soon_as_the_price_data_is_loaded(scene: Scene) -> None:
    made = scene.request(usage=(12, 96_000, 1_200, 0, 61))
    price_data.loaded.cache_clear()
    assert not pricing.price_data_loaded()
    loaded = scene.app.sources.loaded
    async with scene.opened() as pilot:
        await until(pilot, pricing.price_data_loaded)

        def window() -> int | None:
            context = loaded.session(made.session_id).context
            return context.window if context else None

        await until(pilot, lambda: window() == 1_000_000)
