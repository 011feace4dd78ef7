"""The checks of Vertex AI for ``candela doctor``."""

from difflib import get_close_matches

from candela_tui.config import origin_of, standing_in, vertex_region
from candela_tui.credentials.google.adc import adc_file
from candela_tui.credentials.sign_in.interface import CheckLine
from candela_tui.protocol.clouds.model_ids import vertex_id
from candela_tui.protocol.clouds.regions import vertex_places
from candela_tui.protocol.model_ids import model_name
from candela_tui.providers.identity import Provider
from candela_tui.providers.package import Checks, Client, Machine, sign_in_fix
from candela_tui.providers.vertex.model_region import not_served, region_of_model
from candela_tui.providers.vertex.sign_in.place import REGIONS
from candela_tui.providers.vertex.upstreams import destination


def _in_use(machine: Machine) -> bool:
    vertex, environ = machine.settings.vertex, machine.environ
    project = vertex.project or environ.get("ANTHROPIC_VERTEX_PROJECT_ID")
    return bool(project or vertex.base_url) or adc_file(environ) is not None


async def _endpoint(machine: Machine) -> str:
    return f"{destination(machine.settings, machine.environ).rstrip('/')}/v1/projects"


async def _access(machine: Machine, client: Client) -> CheckLine:
    """Check that the model can count the tokens of a word in the region."""
    model = await client.model()
    region = _region(machine, model)
    counted = await client.count(model)
    if counted.error:
        fix = sign_in_fix(Provider.VERTEX, counted)
        return CheckLine("bad", f"{model} in {region}: {counted.error.message}", fix)
    return CheckLine("ok", f"{model} counts tokens in {region}")


async def _model(machine: Machine, model: str) -> CheckLine:
    models, region = machine.settings.models, _region(machine, model)
    wrong = not_served(model, region, models)
    if wrong is not None:
        fix = (
            "Choose another: `candela config set vertex.region global`, or only for this model: "
            f"`candela config set 'models.\"{model_name(model).base}\".vertex_region' global`."
        )
        return CheckLine("bad", wrong, fix)
    names = {name: own.vertex for name, own in models.items() if own.vertex}
    id = vertex_id(model, names)
    if vertex_places(model).known and id not in names.values():
        return CheckLine("ok", f"{model} is {id} on Vertex AI in {region}")
    return CheckLine("ok", f"{model} is {id} on Vertex AI; only the region itself ({region}) says whether it has it")


def _region(machine: Machine, model: str) -> str:
    own = region_of_model(model, machine.settings.models, machine.environ)
    return own or vertex_region(machine.settings.vertex, machine.environ)


async def _misspelt(machine: Machine) -> CheckLine | None:
    vertex = machine.settings.vertex
    region = vertex_region(vertex, machine.environ)
    if vertex.base_url or region in REGIONS:
        return None
    near = next(iter(get_close_matches(region, REGIONS, 1)), None)
    words = f"{region} is not known to have Claude on Vertex AI" + (f"; did you mean {near}?" if near else "")
    if (variable := origin_of(("vertex", "region"), {}, machine.environ).variable) is not None:
        return CheckLine("bad", words, f"Correct {variable} in this shell.")
    if not vertex.region and (named := standing_in(("vertex", "region"), machine.environ)) is not None:
        return CheckLine("bad", words, f"Correct {named[0]} in this shell. Such are {', '.join(REGIONS)}.")
    return CheckLine("bad", words, f"Correct it: `candela config set vertex.region {near or 'global'}`.")


CHECKS = Checks(_in_use, _endpoint, _access, _model, _misspelt)
