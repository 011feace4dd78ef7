"""Read, validate, describe and change the settings in config.toml.

Every key can also be set with an environment variable, ``CANDELA_SECTION__KEY``, which overrides the file.
"""

from candela_tui.config.change import change_setting
from candela_tui.config.check import load, misspelled_variables, validated
from candela_tui.config.describe import Origin, Setting, known_settings, origin_of, settings_document
from candela_tui.config.document import toml_document
from candela_tui.config.errors import ConfigError
from candela_tui.config.field_types import is_known, known_keys
from candela_tui.config.file import read_document
from candela_tui.config.places import (
    aws_profile,
    aws_region,
    environment_value,
    standing_in,
    vertex_project,
    vertex_region,
)
from candela_tui.config.rule_changes import WrittenRule, add_rule, edit_rule, remove_rule, rule_named, written_rules
from candela_tui.config.rule_kinds import RuleField, RuleKind, rule_kinds
from candela_tui.config.secret_values import without_secrets
from candela_tui.config.settings import (
    AnthropicSettings,
    AttentionSettings,
    AwsSettings,
    BelowBudget,
    BudgetRule,
    ClaudeAwsSettings,
    ClaudeGoogleCloudSettings,
    FallbackRule,
    FoundrySettings,
    KeySettings,
    MantleSettings,
    ModelNames,
    ModelPrice,
    ModelRules,
    OidcSettings,
    PricingSettings,
    ProxySettings,
    RouteRules,
    RulesSettings,
    Settings,
    SinkSettings,
    StoreSettings,
    TeamSettings,
    TelemetrySettings,
    ToolRule,
    UiSettings,
    VertexSettings,
)
from candela_tui.config.toml_text import dotted_key
from candela_tui.config.toml_value import from_text, to_text, toml_value
from candela_tui.config.trust import config_access, data_access

__all__ = [
    "AnthropicSettings",
    "AttentionSettings",
    "AwsSettings",
    "BelowBudget",
    "BudgetRule",
    "ClaudeAwsSettings",
    "ClaudeGoogleCloudSettings",
    "ConfigError",
    "FallbackRule",
    "FoundrySettings",
    "KeySettings",
    "MantleSettings",
    "ModelNames",
    "ModelPrice",
    "ModelRules",
    "OidcSettings",
    "Origin",
    "PricingSettings",
    "ProxySettings",
    "RouteRules",
    "RuleField",
    "RuleKind",
    "RulesSettings",
    "Setting",
    "Settings",
    "SinkSettings",
    "StoreSettings",
    "TeamSettings",
    "TelemetrySettings",
    "ToolRule",
    "UiSettings",
    "VertexSettings",
    "WrittenRule",
    "add_rule",
    "aws_profile",
    "aws_region",
    "change_setting",
    "config_access",
    "data_access",
    "dotted_key",
    "edit_rule",
    "environment_value",
    "from_text",
    "is_known",
    "known_keys",
    "known_settings",
    "load",
    "misspelled_variables",
    "origin_of",
    "read_document",
    "remove_rule",
    "rule_kinds",
    "rule_named",
    "settings_document",
    "standing_in",
    "to_text",
    "toml_document",
    "toml_value",
    "validated",
    "vertex_project",
    "vertex_region",
    "without_secrets",
    "written_rules",
]
