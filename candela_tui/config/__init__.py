"""The settings of config.toml: what there is, what it means, and how mistakes are told.

Every key can also be set as ``CANDELA_SECTION__KEY`` in the environment, which wins over the file.
"""

from candela_tui.config.change import change_setting, from_text, toml_key, toml_value
from candela_tui.config.check import known_keys, load, validated
from candela_tui.config.describe import Origin, Setting, known_settings, origin_of
from candela_tui.config.errors import ConfigError
from candela_tui.config.file import read_document
from candela_tui.config.places import aws_profile, aws_region, standing_in, vertex_project, vertex_region
from candela_tui.config.settings import (
    AnthropicSettings,
    AttentionSettings,
    AwsSettings,
    ModelNames,
    ModelPrice,
    PricingSettings,
    ProxySettings,
    Settings,
    UiSettings,
    VertexSettings,
)
from candela_tui.config.trust import config_access, data_access

__all__ = [
    "AnthropicSettings",
    "AttentionSettings",
    "AwsSettings",
    "ConfigError",
    "ModelNames",
    "ModelPrice",
    "Origin",
    "PricingSettings",
    "ProxySettings",
    "Setting",
    "Settings",
    "UiSettings",
    "VertexSettings",
    "aws_profile",
    "aws_region",
    "change_setting",
    "config_access",
    "data_access",
    "from_text",
    "known_keys",
    "known_settings",
    "load",
    "origin_of",
    "read_document",
    "standing_in",
    "toml_key",
    "toml_value",
    "validated",
    "vertex_project",
    "vertex_region",
]
