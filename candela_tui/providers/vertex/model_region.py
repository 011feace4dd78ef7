"""The location of Vertex AI for one model: a setting or variable for the model alone comes before those for all.

Claude Code has such variables, too: https://code.claude.com/docs/en/google-vertex-ai.
"""

import os
from collections.abc import Mapping

from candela_tui.config import ModelNames
from candela_tui.protocol.clouds.model_ids import for_model
from candela_tui.protocol.clouds.regions import on_vertex, vertex_places, vertex_region_variable
from candela_tui.protocol.model_ids import model_name


def region_of_model(
    model: str, models: Mapping[str, ModelNames], environ: Mapping[str, str] = os.environ
) -> str | None:
    """Return the location that is set for a model alone, or None if it has that of all models.

    ``[models."NAME"] vertex_region`` comes before VERTEX_REGION_CLAUDE_…. ``model`` is the name that the client
    requests."""
    set_here = for_model({name: own.vertex_region for name, own in models.items() if own.vertex_region}, model)
    variable = vertex_region_variable(model)
    return set_here or (environ.get(variable) if variable is not None else None) or None


def not_served(model: str, region: str, models: Mapping[str, ModelNames]) -> str | None:
    """Return what is wrong if a location does not serve a model, as far as is known. None if it does.

    A model that the user has given an id of Vertex AI is not checked."""
    ids = {name: own.vertex for name, own in models.items() if own.vertex}
    if on_vertex(model, region) or for_model(ids, model) is not None:
        return None
    *most, last = vertex_places(model).places
    return f"{model} is served on Vertex AI only by {', '.join(most)} and {last}, not by {region}"


def refusal(model: str, region: str, models: Mapping[str, ModelNames]) -> str | None:
    """Return the message for a request to a location that does not serve its model, or None if it does."""
    wrong = not_served(model, region, models)
    if wrong is None:
        return None
    return (
        f"{wrong}. Set [vertex] region in config.toml (or CLOUD_ML_REGION) to one of these, or only for this model"
        f' [models."{model_name(model).base}"] vertex_region or {vertex_region_variable(model)}'
    )
