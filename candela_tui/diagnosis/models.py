"""Which model Claude Code asks for, and whether the clouds have it under the name that candela gives it there."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Literal

from candela_tui.diagnosis.check import Check, Topic
from candela_tui.diagnosis.client_settings import ClientEnvironment, settings_files
from candela_tui.diagnosis.examine import in_thread
from candela_tui.diagnosis.in_use import bedrock_region, providers_in_use
from candela_tui.diagnosis.patient import Patient
from candela_tui.exchange import Exchange, utc_now
from candela_tui.protocol.model_ids import model_name
from candela_tui.protocol.provider_models import bedrock_id, bedrock_prefix, has_profile, vertex_id
from candela_tui.store.reader import StoreError, StoreReader

TOPIC = Topic("provider.models", "Region and model")
_LATELY = timedelta(days=7)
_MOST = 2000
_USUAL = "claude-sonnet-4-5"
"""Where nothing tells: it is there in most regions of both clouds."""


def recent_exchanges(patient: Patient) -> list[Exchange]:
    """What was recorded in the last week. Blocks. Raises StoreError."""
    reader = StoreReader(patient.paths.store)
    try:
        return reader.exchanges(since=utc_now() - _LATELY, limit=_MOST)
    finally:
        reader.close()


def asked_model(patient: Patient, provider: Literal["vertex", "bedrock"]) -> str:
    """The model that Claude Code would ask for: what it is set to, else what it last asked this provider for, else a
    usual one. Blocks."""
    if (configured := _configured(patient)) is not None:
        return configured
    try:
        seen = [one.model for one in recent_exchanges(patient) if one.provider == provider and one.model]
    except StoreError:
        seen = []
    return seen[-1] if seen else _USUAL


def _configured(patient: Patient) -> str | None:
    files = settings_files(patient)
    given = ClientEnvironment(patient.environ, files).get("ANTHROPIC_MODEL")
    named = [given.value if given is not None else None, *(file.document.get("model") for file in reversed(files))]
    # "opus" and "default" are the client's own to resolve.
    return next((str(name) for name in named if isinstance(name, str) and model_name(name).version is not None), None)


async def check_models(patient: Patient) -> Sequence[Check]:
    """What the model is called in each cloud in use."""
    used = await in_thread(lambda: providers_in_use(patient))
    checks = []
    if "gcp" in used:
        names = {name: own.vertex for name, own in patient.settings.models.items() if own.vertex}
        model = await in_thread(lambda: asked_model(patient, "vertex"))
        id = vertex_id(model, names)
        checks.append(TOPIC.ok(f"{model} is {id} on Vertex AI; only the region itself says whether it has it"))
    if "aws" in used:
        model = await in_thread(lambda: asked_model(patient, "bedrock"))
        checks.append(_on_bedrock(patient, model, await bedrock_region(patient)))
    return checks or [TOPIC.ok("no cloud is set up")]


def _on_bedrock(patient: Patient, model: str, region: str | None) -> Check:
    names = {name: own.bedrock for name, own in patient.settings.models.items() if own.bedrock}
    chosen = patient.settings.aws.inference_profile
    if region is None:
        fix = "Set it: `candela config set aws.region us-east-1`."
        return TOPIC.bad("no AWS region is known: not by [aws] region, AWS_REGION, nor a profile", fix)
    prefix = bedrock_prefix(region) if chosen == "auto" else None if chosen == "none" else chosen
    id = bedrock_id(model, prefix, names, widen=chosen == "auto")
    if id in names.values() or has_profile(id):
        return TOPIC.ok(f"{model} is {id} on Bedrock in {region}")
    return TOPIC.bad(
        f"{model} has no inference profile {id} that is known in {region}",
        "Set aws.region to one that has it, aws.inference_profile, or the whole id: "
        f"`candela config set 'models.\"{model}\".bedrock' ID`.",
    )
